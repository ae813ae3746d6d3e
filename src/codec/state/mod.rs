//! Terraform's state files, version 4, read without copying what is large.
//!
//! [`parse`] borrows from the bytes: attributes stay slices. It is stricter than Terraform where
//! Terraform does harm (an empty file is a lost state, `SERIAL` is not `serial`), and what it
//! cannot read is refused by name, never guessed. It never writes a state.

pub mod members;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json;
use crate::model::address::{
    Address, InstanceKey, Mode, ModuleStep, ProviderAddress, parse_module_path,
};
use crate::model::state::{Instance, Output, State, StateBytes, Status};
use crate::model::value::{Path, RawJson, Step};
use crate::model::version::{Lineage, Serial, StateVersion};

/// Why bytes cannot be read as a state. Messages name fields and addresses, never values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing there: Terraform would take it for "no state" and create everything anew.
    #[error("state lost: the file is empty")]
    Lost,
    /// Not JSON.
    #[error("not a state: {0}")]
    NotJson(json::Error),
    /// JSON, but not what Terraform writes.
    #[error("not a state: {0}")]
    NotAState(&'static str),
    /// OpenTofu's encrypted envelope: opaque to us.
    #[error("the state is encrypted by OpenTofu")]
    Encrypted,
    /// Another format version.
    #[error("state format version {0} is not 4")]
    FormatVersion(u64),
    /// A field that is missing, doubled or not what it should be.
    #[error("state field `{field}` {problem}")]
    Field {
        /// The field's name.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A resource that cannot be read.
    #[error("resource `{address}` {problem}")]
    Resource {
        /// As much of its address as is known.
        address: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

const KNOWN_FIELDS: [&str; 7] =
    ["version", "terraform_version", "serial", "lineage", "outputs", "resources", "check_results"];

/// Reads a state from its exact bytes.
pub fn parse(bytes: &StateBytes) -> Result<State<'_>, Error> {
    let text = json::text(bytes.as_slice()).map_err(Error::NotJson)?;
    if text.trim().is_empty() {
        return Err(Error::Lost);
    }
    json::check_depth(text).map_err(Error::NotJson)?;
    let (fields, resources) = fields(text)?;
    check_format(&fields)?;
    let serial: u64 = required(&fields, "serial")?;
    if serial == u64::MAX {
        return Err(field("serial", "cannot grow any further"));
    }
    let lineage: Cow<'_, str> = required::<Text<'_>>(&fields, "lineage")?.0;
    let version = StateVersion {
        lineage: Lineage::new(&lineage).ok_or_else(|| field("lineage", "is empty"))?,
        serial: Serial(serial),
        digest: bytes.digest(),
    };
    let writer = required::<Text<'_>>(&fields, "terraform_version")?.0;
    if !writer.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(field("terraform_version", "is not a version"));
    }
    let outputs = optional::<BTreeMap<Text<'_>, OutputFile<'_>>>(&fields, "outputs")?;
    Ok(State {
        version,
        writer,
        outputs: outputs.unwrap_or_default().into_iter().map(output).collect(),
        instances: instances(resources)?,
    })
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The top-level members, `resources` apart; a doubled one, or one that differs from a known one
/// only by case, is refused: Terraform takes the last of them.
fn fields(text: &str) -> Result<(Fields<'_>, Vec<ResourceFile<'_>>), Error> {
    let members: Members<'_> = match json::deserialize(text) {
        Ok(members) => members,
        Err(error) if error.is_data() && text.trim_start().starts_with('{') => {
            return Err(unreadable(text, error));
        }
        Err(error) if text.trim_start().starts_with('{') => {
            return Err(Error::NotJson(error.into()));
        }
        Err(_) => return Err(Error::NotAState("it does not start with an object")),
    };
    let mut fields = BTreeMap::new();
    for (Text(name), value) in members.fields {
        let clash = KNOWN_FIELDS
            .iter()
            .any(|known| *known != name.as_ref() && known.eq_ignore_ascii_case(&name));
        if clash {
            return Err(field(&name, "differs from a known one only by case"));
        }
        if fields.insert(name.clone(), value).is_some() {
            return Err(field(&name, "occurs twice"));
        }
    }
    match (members.resources.len(), members.resources.into_iter().next()) {
        (0, _) | (_, None) => Ok((fields, Vec::new())),
        (1, Some(resources)) => Ok((fields, resources.unwrap_or_default())),
        _ => Err(field("resources", "occurs twice")),
    }
}

/// JSON in which `resources` is not what Terraform writes. Another format version is the better
/// reason, and an encrypted envelope too: they are looked for first.
fn unreadable(text: &str, error: serde_json::Error) -> Error {
    match json::deserialize::<BTreeMap<Text<'_>, &RawValue>>(text) {
        Err(_) => Error::NotJson(error.into()),
        Ok(members) => {
            let fields = members.into_iter().map(|(Text(name), value)| (name, value)).collect();
            match check_format(&fields) {
                Err(reason) => reason,
                Ok(()) => field("resources", "is not what Terraform writes"),
            }
        }
    }
}

/// An object's members in order, doubled ones included. The resources are read on the way: they
/// are nearly all of the text, and it is gone through once.
struct Members<'a> {
    fields: Vec<(Text<'a>, &'a RawValue)>,
    resources: Vec<Option<Vec<ResourceFile<'a>>>>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut members = Members { fields: Vec::new(), resources: Vec::new() };
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    if name.0 == "resources" {
                        members.resources.push(map.next_value()?);
                    } else {
                        members.fields.push((name, map.next_value()?));
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A string that borrows where it can: most have no escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn check_format(fields: &Fields<'_>) -> Result<(), Error> {
    if fields.contains_key("encryption_version") || fields.contains_key("encrypted_data") {
        return Err(Error::Encrypted);
    }
    if !fields.contains_key("version") {
        return Err(Error::NotAState("it has no format version"));
    }
    match required(fields, "version")? {
        4 => Ok(()),
        other => Err(Error::FormatVersion(other)),
    }
}

fn field(name: &str, problem: &'static str) -> Error {
    Error::Field { field: name.chars().take(100).collect(), problem }
}

fn required<'a, T: Deserialize<'a>>(
    fields: &BTreeMap<Cow<'a, str>, &'a RawValue>,
    name: &str,
) -> Result<T, Error> {
    let raw = fields.get(name).ok_or_else(|| field(name, "is missing"))?;
    json::deserialize(raw.get()).map_err(|_| field(name, "is not what Terraform writes"))
}

fn optional<'a, T: Deserialize<'a>>(
    fields: &BTreeMap<Cow<'a, str>, &'a RawValue>,
    name: &str,
) -> Result<Option<T>, Error> {
    match fields.get(name) {
        None => Ok(None),
        Some(raw) => {
            json::deserialize(raw.get()).map_err(|_| field(name, "is not what Terraform writes"))
        }
    }
}

#[derive(Deserialize)]
struct OutputFile<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(default)]
    sensitive: bool,
}

fn output<'a>((Text(name), file): (Text<'a>, OutputFile<'a>)) -> Output<'a> {
    Output { name, value: json::raw(file.value), sensitive: file.sensitive }
}

#[derive(Deserialize)]
struct ResourceFile<'a> {
    #[serde(borrow)]
    module: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    provider: Cow<'a, str>,
    #[serde(borrow)]
    instances: Vec<InstanceFile<'a>>,
}

#[derive(Deserialize)]
struct InstanceFile<'a> {
    #[serde(borrow)]
    index_key: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    deposed: Option<Cow<'a, str>>,
    schema_version: Option<u64>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes_flat: Option<&'a RawValue>,
    #[serde(borrow)]
    identity: Option<&'a RawValue>,
    #[serde(borrow)]
    sensitive_attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    dependencies: Option<Vec<Text<'a>>>,
}

fn instances(resources: Vec<ResourceFile<'_>>) -> Result<Vec<Instance<'_>>, Error> {
    let mut instances = Vec::with_capacity(resources.len());
    let mut seen = std::collections::BTreeSet::new();
    for resource in resources {
        let block = Block::read(&resource)?;
        for file in resource.instances {
            let instance = block.instance(file)?;
            let key = (instance.address.clone(), instance.deposed.clone());
            if !seen.insert(key) {
                return Err(resource_error(&instance.address.to_string(), "occurs twice"));
            }
            instances.push(instance);
        }
    }
    Ok(instances)
}

fn resource_error(address: &str, problem: &'static str) -> Error {
    Error::Resource { address: address.chars().take(200).collect(), problem }
}

/// What all instances of one `resources` element share.
struct Block {
    module: Vec<ModuleStep>,
    mode: Mode,
    kind: String,
    name: String,
    provider: ProviderAddress,
}

impl Block {
    fn read(resource: &ResourceFile<'_>) -> Result<Self, Error> {
        let shown = format!("{}.{}", resource.kind, resource.name);
        let module = parse_module_path(resource.module.as_deref().unwrap_or_default())
            .map_err(|_| resource_error(&shown, "has a module path that cannot be read"))?;
        let mode = match resource.mode.as_ref() {
            "managed" => Mode::Managed,
            "data" => Mode::Data,
            _ => return Err(resource_error(&shown, "is neither managed nor data")),
        };
        let provider = resource
            .provider
            .parse()
            .map_err(|_| resource_error(&shown, "has a provider that cannot be read"))?;
        Ok(Self {
            module,
            mode,
            kind: resource.kind.clone().into_owned(),
            name: resource.name.clone().into_owned(),
            provider,
        })
    }

    fn instance<'a>(&self, file: InstanceFile<'a>) -> Result<Instance<'a>, Error> {
        let mut address = Address {
            module: self.module.clone(),
            mode: self.mode,
            kind: self.kind.clone(),
            name: self.name.clone(),
            key: None,
        };
        let refuse = |address: &Address, problem| resource_error(&address.to_string(), problem);
        address.key = instance_key(file.index_key).map_err(|()| {
            refuse(&address, "has an instance key that is neither text nor number")
        })?;
        let status = match file.status.as_deref() {
            None | Some("") => Status::Ready,
            Some("tainted") => Status::Tainted,
            Some(_) => return Err(refuse(&address, "has an unknown status")),
        };
        let attributes = file.attributes.filter(|raw| raw.get() != "null").or(file.attributes_flat);
        let attributes = attributes.map_or(RawJson("null"), json::raw);
        let sensitive = sensitive_paths(file.sensitive_attributes)
            .ok_or_else(|| refuse(&address, "has sensitive paths that cannot be read"))?;
        Ok(Instance {
            id: id(attributes),
            identity: file.identity.filter(|raw| raw.get() != "null").map(json::raw),
            address,
            deposed: file.deposed.filter(|key| !key.is_empty()),
            provider: self.provider.clone(),
            status,
            schema_version: file.schema_version.unwrap_or(0),
            attributes,
            sensitive,
            dependencies: file
                .dependencies
                .unwrap_or_default()
                .into_iter()
                .map(|Text(text)| text)
                .collect(),
        })
    }
}

fn instance_key(raw: Option<&RawValue>) -> Result<Option<InstanceKey>, ()> {
    let Some(raw) = raw.map(RawValue::get).filter(|text| *text != "null") else {
        return Ok(None);
    };
    if raw.starts_with('"') {
        return json::deserialize::<String>(raw)
            .map(|name| Some(InstanceKey::Name(name)))
            .map_err(|_| ());
    }
    raw.parse().map(|index| Some(InstanceKey::Index(index))).map_err(|_| ())
}

/// The attribute `id`, when it is a text with something in it.
///
/// Reading stops there: attributes are sorted, so that about half of them is passed over.
fn id(attributes: RawJson<'_>) -> Option<String> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(attributes.0);
    deserializer.disable_recursion_limit();
    // Stopping in the middle is an error to the reader, and not to us.
    let _stopped =
        serde::de::DeserializeSeed::deserialize(FindId(&mut found), &mut deserializer).is_err();
    let raw: &str = found?.get();
    if raw.starts_with('"') {
        json::deserialize::<String>(raw).ok().filter(|id| !id.is_empty())
    } else {
        None
    }
}

/// Looks for the member `id` and no further.
struct FindId<'f, 'de>(&'f mut Option<&'de RawValue>);

impl<'de> serde::de::DeserializeSeed<'de> for FindId<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> serde::de::Visitor<'de> for FindId<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if name.0 == "id" {
                *self.0 = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<serde::de::IgnoredAny>()?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct PathStep<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
}

#[derive(Deserialize)]
struct IndexValue<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
}

/// Reads cty paths; `None` when one has a shape we do not know (a secret could hide behind it).
fn sensitive_paths(raw: Option<&RawValue>) -> Option<Vec<Path>> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Some(Vec::new());
    };
    let paths: Vec<Vec<PathStep<'_>>> = json::deserialize(raw.get()).ok()?;
    paths.iter().map(|steps| steps.iter().map(path_step).collect::<Option<_>>().map(Path)).collect()
}

fn path_step(step: &PathStep<'_>) -> Option<Step> {
    match step.kind.as_ref() {
        "get_attr" => json::deserialize(step.value.get()).ok().map(Step::Name),
        "index" => {
            let index: IndexValue<'_> = json::deserialize(step.value.get()).ok()?;
            let raw = index.value.get();
            if raw.starts_with('"') {
                json::deserialize(raw).ok().map(Step::Name)
            } else {
                raw.parse().ok().map(Step::Index)
            }
        }
        _ => None,
    }
}

/// Whether bytes are what `terraform state pull` prints when there is no state: no serial, no
/// lineage and nothing in it (measured with 1.11.4 on an S3 backend; other backends print nothing).
pub fn is_no_state(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Nothing {
        serial: u64,
        lineage: String,
        outputs: BTreeMap<String, serde_json::Value>,
        resources: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Nothing>(bytes).is_ok_and(|state| {
        state.serial == 0
            && state.lineage.is_empty()
            && state.outputs.is_empty()
            && state.resources.is_empty()
    })
}

#[cfg(test)]
mod tests;
