//! Terraform's state files, version 4, read without copying what is large.
//!
//! [`parse`] borrows from the bytes: attributes stay slices. It is stricter than Terraform where
//! Terraform does harm (an empty file is a lost state, `SERIAL` is not `serial`), and what it
//! cannot read is refused by name, never guessed. Of older formats and of what is encrypted,
//! [`contents`] tells what can be listed. Only [`mod@write`] makes one, and of what was read.

pub mod beside;
pub mod checks;
mod fields;
mod file;
mod legacy;
pub mod members;
mod object;
mod paths;
mod read;
pub mod write;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use self::fields::{field, fields, is_envelope, optional, raw_fields, required};
use self::file::{OutputFile, Text};
use super::events::boxes::without_colours;
use super::json;
use crate::model::address::{ProviderAddress, ProviderSource};
use crate::model::state::{Instance, Output, State, StateBytes};
use crate::model::value::Value;
use crate::model::version::{Lineage, Serial, StateVersion};

pub use legacy::{Contents, KeptFormat, KeptObject, contents};
pub use read::{ReadState, Unreadable};

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
        /// The problem, in words that follow the field's name.
        problem: &'static str,
    },
    /// A resource that cannot be read.
    #[error("resource `{address}` {problem}")]
    Resource {
        /// As much of its address as is known.
        address: String,
        /// The problem, in words that follow the address.
        problem: &'static str,
    },
}

/// The contents of a state, or of the part of one that was left to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePart<'a> {
    /// Which history the state belongs to.
    pub lineage: Lineage,
    /// Its place in that history.
    pub serial: Serial,
    /// The version of the tool that wrote it.
    pub writer: Cow<'a, str>,
    /// Its outputs.
    pub outputs: Vec<Output<'a>>,
    /// Its instances.
    pub instances: Vec<Instance<'a>>,
}

/// Reads a state from its exact bytes.
pub fn parse(bytes: &StateBytes) -> Result<State<'_>, Error> {
    let part = parse_text(text(bytes.as_slice())?)?;
    let version =
        StateVersion { lineage: part.lineage, serial: part.serial, digest: bytes.digest() };
    Ok(State { version, writer: part.writer, outputs: part.outputs, instances: part.instances })
}

/// Reads a state from its text.
fn parse_text(text: &str) -> Result<StatePart<'_>, Error> {
    let scanned = json::scan(text, &mut ()).map_err(Error::NotJson)?;
    let (fields, resources) = fields(text, scanned)?;
    let serial: u64 = required(&fields, "serial")?;
    if serial == u64::MAX {
        return Err(field("serial", "cannot grow any further"));
    }
    let lineage: Cow<'_, str> = required::<Text<'_>>(&fields, "lineage")?.0;
    let lineage = Lineage::new(&lineage).ok_or_else(|| field("lineage", "is empty"))?;
    let writer = required::<Text<'_>>(&fields, "terraform_version")?.0;
    if !is_version(&writer) {
        return Err(field("terraform_version", "is not a version"));
    }
    optional::<Vec<IgnoredAny>>(&fields, "check_results")?;
    let outputs = optional::<BTreeMap<Text<'_>, OutputFile<'_>>>(&fields, "outputs")?;
    let outputs = outputs.unwrap_or_default().into_iter().map(|(name, file)| output(name, &file));
    let part = StatePart {
        lineage,
        serial: Serial(serial),
        writer,
        outputs: outputs.collect::<Result<_, Error>>()?,
        instances: object::instances(resources)?,
    };
    // Last, for what is doubled where we know its name has been said by name.
    scanned.refuse().map_err(Error::NotJson)?;
    Ok(part)
}

/// The bytes as text, and what they are instead where that can be told.
fn text(bytes: &[u8]) -> Result<&str, Error> {
    let is_something_else = [
        (&b"\x1f\x8b"[..], "it is compressed with gzip"),
        (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
        (b"PK\x03\x04", "it is an archive, as a saved plan is"),
        (b"\xef\xbb\xbf", "it begins with a byte order mark"),
        (b"\xff\xfe", "it is UTF-16"),
        (b"\xfe\xff", "it is UTF-16"),
        (b"<", "it is a page of HTML or XML"),
        (b"\0", "it begins with zero bytes"),
    ];
    if let Some((_, what)) = is_something_else.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(Error::NotAState(what));
    }
    let text = json::text(bytes).map_err(Error::NotJson)?;
    if text.trim().is_empty() { Err(Error::Lost) } else { Ok(text) }
}

/// Whether a text is a version: numbers with dots between, and what may follow them.
fn is_version(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | '~');
    numbers.split('.').all(|number| !number.is_empty()) && rest.chars().all(allowed)
}

/// Whether JSON is a type as Terraform writes one: `"string"`, `["list", "number"]`,
/// `["object", {"a": "bool"}]`.
fn is_type(value: &Value) -> bool {
    match value {
        Value::Text(name) => matches!(name.as_str(), "string" | "number" | "bool" | "dynamic"),
        Value::List(parts) => match parts.as_slice() {
            [Value::Text(name), Value::Map(members), ..] if name == "object" => {
                members.values().all(is_type)
            }
            [Value::Text(name), Value::List(items)] if name == "tuple" => items.iter().all(is_type),
            [Value::Text(name), element] => {
                matches!(name.as_str(), "list" | "set" | "map") && is_type(element)
            }
            _ => false,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => false,
    }
}

fn output<'a>(Text(name): Text<'a>, file: &OutputFile<'a>) -> Result<Output<'a>, Error> {
    let refuse = |problem| field(&format!("outputs.{name}"), problem);
    if let Some(problem) = file.problem {
        return Err(refuse(problem.text()));
    }
    let value = file.value.ok_or_else(|| refuse("has no value"))?;
    let kind = file.kind.and_then(|kind| json::value(kind.get()).ok());
    if !kind.is_some_and(|kind| is_type(&kind)) {
        return Err(refuse("has no type that is known"));
    }
    let sensitive = file.sensitive.unwrap_or(false);
    Ok(Output { value: json::raw(value), sensitive, name })
}

/// Whether bytes are what `terraform state pull` prints when there is no state: no serial, no
/// lineage and nothing in it (measured with 1.11.4 on an S3 backend; other backends print nothing).
pub fn is_no_state(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Nothing {
        serial: u64,
        lineage: String,
        outputs: BTreeMap<String, serde_json::Value>,
        resources: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Nothing>(bytes).is_ok_and(|state| {
        state.serial == 0
            && state.lineage.is_empty()
            && state.outputs.is_empty()
            && state.resources.is_empty()
    })
}

/// The state or plan that an engine has printed, without its own warnings before it, such as one of its
/// settings file. Any other text stays where it is, and what was printed is refused by name.
pub fn without_warnings(mut printed: Vec<u8>) -> Vec<u8> {
    if printed.trim_ascii_start().starts_with(b"{") {
        return printed;
    }
    let begin = printed.windows(2).position(|pair| pair == b"\n{").map(|at| at + 1);
    let is_warning = |before: &[u8]| {
        let text = without_colours(&String::from_utf8_lossy(before));
        text.contains("Warning: ") && !text.contains("Error: ")
    };
    match begin {
        Some(begin) if printed.get(..begin).is_some_and(is_warning) => printed.split_off(begin),
        Some(_) | None => printed,
    }
}

/// The providers that a state names, or that it is encrypted; nothing of what cannot be read.
/// Nothing else is looked at.
pub fn providers_named(bytes: &[u8]) -> NamedProviders {
    #[derive(Deserialize, Default)]
    struct StateProviders<'a> {
        #[serde(default, borrow)]
        resources: Vec<ProviderOnly<'a>>,
    }
    #[derive(Deserialize)]
    struct ProviderOnly<'a> {
        #[serde(default, borrow)]
        provider: Option<Cow<'a, str>>,
    }
    let named: StateProviders<'_> = serde_json::from_slice(bytes).unwrap_or_default();
    let named = named.resources.iter().filter_map(|resource| resource.provider.as_deref());
    let configured = named.filter_map(|name| name.parse::<ProviderAddress>().ok());
    let sources = configured.map(|found| found.source).collect();
    NamedProviders { is_encrypted: is_encrypted(bytes), sources }
}

/// Whether OpenTofu has encrypted a state.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    // Nothing more is read of one that begins in the clear.
    let fields = || raw_fields(std::str::from_utf8(bytes).ok()?).ok();
    !begins_in_the_clear(bytes) && fields().is_some_and(|fields| is_envelope(&fields))
}

/// Whether bytes begin as a state in the clear does, with its format.
pub fn begins_in_the_clear(bytes: &[u8]) -> bool {
    let begin = bytes.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    begin.is_some_and(|begin| begin.starts_with(b"\"version\""))
}

/// The result of [`providers_named`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamedProviders {
    /// Whether OpenTofu has encrypted it.
    pub is_encrypted: bool,
    /// The providers of its objects.
    pub sources: BTreeSet<ProviderSource>,
}

#[cfg(test)]
mod tests;
