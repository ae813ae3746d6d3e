//! The messages of Terraform's plugin protocol, version 6, as far as this provider needs them.
//!
//! The field numbers are the protocol's and appear nowhere else. Messages of one shape are one type,
//! and fields that only other providers need are left out: reading passes over them. The calls to
//! which the messages belong are in `rpc`. Start from [`read`].

use std::collections::BTreeMap;

use prost::Message;

use super::msgpack::CtyValue;

/// Bytes that break the protocol, in a message or in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// Reads a message.
pub(super) fn read<M: Message + Default>(bytes: &[u8]) -> Result<M, Malformed> {
    M::decode(bytes).map_err(|_| Malformed("not a message of the plugin protocol"))
}

/// A value as it travels: in msgpack, or as the JSON of a stored state.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DynamicValue {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) msgpack: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) json: Vec<u8>,
}

impl DynamicValue {
    /// Reads the value.
    pub(super) fn value(&self) -> Result<CtyValue, Malformed> {
        CtyValue::decode(&self.msgpack)
    }
}

impl From<&CtyValue> for DynamicValue {
    fn from(value: &CtyValue) -> Self {
        Self { msgpack: value.encode(), json: Vec::new() }
    }
}

/// An error as Terraform shows it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DiagnosticMessage {
    #[prost(int32, tag = "1")]
    severity: i32,
    #[prost(string, tag = "2")]
    summary: String,
    #[prost(string, tag = "3")]
    pub(super) detail: String,
}

impl DiagnosticMessage {
    /// The only error of an answer: `action` failed.
    pub(super) fn of(action: &str, detail: &str) -> Vec<Self> {
        vec![Self { severity: 1, summary: format!("cannot {action}"), detail: detail.to_owned() }]
    }
}

/// A value with its resource type: to configure, to validate, to read, or imported.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ObjectMessage {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, required, tag = "2")]
    pub(super) object: DynamicValue,
    /// Bytes that a read hands back.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) private: Vec<u8>,
}

/// Asks to plan or to apply the change of an object.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ChangeRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(message, required, tag = "2")]
    pub(super) prior: DynamicValue,
    #[prost(message, required, tag = "3")]
    pub(super) planned: DynamicValue,
    #[prost(message, required, tag = "4")]
    pub(super) config: DynamicValue,
}

/// Asks to bring a stored state to the present schema.
#[derive(Clone, PartialEq, Message)]
pub(super) struct UpgradeRequest {
    #[prost(int64, tag = "2")]
    pub(super) version: i64,
    #[prost(message, required, tag = "3")]
    pub(super) stored: StoredState,
}

/// The JSON of a stored state.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StoredState(#[prost(bytes = "vec", tag = "1")] pub(super) Vec<u8>);

/// Asks to find an object.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ImportRequest {
    #[prost(string, tag = "1")]
    pub(super) type_name: String,
    #[prost(string, tag = "2")]
    pub(super) id: String,
}

/// Answers whether there are errors.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CheckReply {
    #[prost(message, repeated, tag = "1")]
    pub(super) diagnostics: Vec<DiagnosticMessage>,
}

/// The last event of a running action: it has ended, well or with errors.
#[derive(Clone, PartialEq, Message)]
pub(super) struct EndOfAction {
    #[prost(message, required, tag = "2")]
    pub(super) completed: CheckReply,
}

/// Answers with the state of an object, read or upgraded.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StateReply {
    #[prost(message, required, tag = "1")]
    pub(super) state: DynamicValue,
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<DiagnosticMessage>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) private: Vec<u8>,
}

/// Answers with the planned state of an object.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PlanReply {
    #[prost(message, required, tag = "1")]
    pub(super) state: DynamicValue,
    /// The attributes whose change makes another object.
    #[prost(message, repeated, tag = "2")]
    pub(super) replacing: Vec<AttributePath>,
}

/// The steps to an attribute, from the outside.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributePath(
    #[prost(message, repeated, tag = "1")] pub(super) Vec<AttributeStep>,
);

/// The name of an attribute on the way to another one.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributeStep(#[prost(string, optional, tag = "1")] pub(super) Option<String>);

/// Answers with the state of an object after a change.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ApplyReply {
    #[prost(message, required, tag = "1")]
    pub(super) state: DynamicValue,
    #[prost(message, repeated, tag = "3")]
    pub(super) diagnostics: Vec<DiagnosticMessage>,
}

/// Answers with the objects that were found.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ImportReply {
    #[prost(message, repeated, tag = "1")]
    pub(super) imported: Vec<ObjectMessage>,
    #[prost(message, repeated, tag = "2")]
    pub(super) diagnostics: Vec<DiagnosticMessage>,
}

/// Announces everything that can be declared.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SchemaReply {
    #[prost(message, required, tag = "1")]
    pub(super) provider: SchemaMessage,
    #[prost(btree_map = "string, message", tag = "2")]
    pub(super) resources: BTreeMap<String, SchemaMessage>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(super) data_sources: BTreeMap<String, SchemaMessage>,
    #[prost(message, repeated, tag = "4")]
    pub(super) diagnostics: Vec<DiagnosticMessage>,
    #[prost(btree_map = "string, message", tag = "11")]
    pub(super) actions: BTreeMap<String, ActionMessage>,
}

/// Announces the arguments of an action.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ActionMessage {
    #[prost(message, required, tag = "1")]
    pub(super) schema: SchemaMessage,
}

/// Announces the attributes of the provider or of a resource type.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SchemaMessage {
    #[prost(int64, tag = "1")]
    pub(super) version: i64,
    #[prost(message, required, tag = "2")]
    pub(super) block: BlockMessage,
}

/// Announces the attributes of a block.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BlockMessage(
    #[prost(message, repeated, tag = "2")] pub(super) Vec<AttributeMessage>,
);

/// Announces an attribute.
#[derive(Clone, PartialEq, Message)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol has as many")]
pub(super) struct AttributeMessage {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    /// The type, as JSON.
    #[prost(string, tag = "2")]
    pub(super) kind: String,
    #[prost(bool, tag = "4")]
    pub(super) required: bool,
    #[prost(bool, tag = "5")]
    pub(super) optional: bool,
    #[prost(bool, tag = "6")]
    pub(super) computed: bool,
    #[prost(bool, tag = "7")]
    pub(super) sensitive: bool,
    #[prost(bool, tag = "11")]
    pub(super) write_only: bool,
}
