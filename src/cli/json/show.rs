//! The object that `show --json` prints: an entry, with the contents of its state.
//!
//! Values have passed the redactor. Of a state that is only kept there are no values at all.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{EntryOut, ShownValue};
use crate::codec::state::{Contents, KeptFormat, KeptObject};
use crate::model::configuration::LeftOut;
use crate::model::state::Status;

/// `unapply.show`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShowOut {
    /// The entry.
    pub entry: EntryOut,
    /// Its resources, for a snapshot, or for a state that is kept and can be listed.
    pub resources: Vec<ResourceOut>,
    /// Its outputs, for a snapshot; of a state that is only kept no value is shown.
    pub outputs: BTreeMap<String, ShownValue>,
    /// Facts about a state that is kept and not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptOut>,
}

/// `unapply.files`: what `show --files --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FilesOut {
    /// The snapshot.
    pub revision: u64,
    /// The files of its configuration, by path.
    pub files: Vec<KeptFileOut>,
    /// Files that were not captured.
    pub left_out: Vec<LeftOutOut>,
}

/// A captured file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeptFileOut {
    /// Its path in the configuration.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its permissions, such as `0755`; null in a snapshot of a version that did not keep them.
    pub mode: Option<String>,
    /// Why it was captured, for a person.
    pub why: String,
}

/// A file that was not captured.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftOutOut {
    /// Its path in the configuration, or as it was found.
    pub path: String,
    /// `too-large`, `no-room`, `missing`, `unreadable`, `no-file-here`, `refused` or `looks-secret`.
    pub why: String,
    /// Its size, where that is why.
    pub bytes: Option<u64>,
}

impl From<&LeftOut> for LeftOutOut {
    fn from(file: &LeftOut) -> Self {
        let why = <&str>::from(file.why).to_owned();
        Self { path: file.path.clone(), why, bytes: file.bytes }
    }
}

/// A state of an old format, or an encrypted one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeptOut {
    /// `version-1`, `version-2`, `version-3` or `encrypted`.
    pub format: String,
    /// Its lineage, where it has one.
    pub lineage: Option<String>,
    /// Its serial.
    pub serial: Option<u64>,
    /// The version that wrote it.
    pub writer: Option<String>,
}

/// One object of a snapshot.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResourceOut {
    /// Its address.
    pub address: String,
    /// The key of a left-over object.
    pub deposed: Option<String>,
    /// Its provider.
    pub provider: String,
    /// Its real id.
    pub id: Option<String>,
    /// Whether the next plan replaces it.
    pub tainted: bool,
    /// Its attributes by path; only with `--resource`.
    pub attributes: Option<BTreeMap<String, ShownValue>>,
}

impl From<&Contents> for KeptOut {
    fn from(contents: &Contents) -> Self {
        let format = match contents.format {
            KeptFormat::Old(version) => format!("version-{version}"),
            KeptFormat::Encrypted => "encrypted".to_owned(),
        };
        Self {
            format,
            lineage: contents.lineage.clone(),
            serial: contents.serial,
            writer: contents.writer.clone(),
        }
    }
}

impl From<&KeptObject> for ResourceOut {
    fn from(object: &KeptObject) -> Self {
        Self {
            address: object.address.clone(),
            deposed: object.deposed.clone(),
            provider: object.provider.clone(),
            id: object.id.clone(),
            tainted: object.status == Status::Tainted,
            attributes: None,
        }
    }
}
