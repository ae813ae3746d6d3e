//! The top level of a state file: its fields by name, and its format.
//!
//! The resources are read on the way, since they are nearly all of the text and it is gone through
//! once. `object` knows what they mean.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use super::file::{ResourceFile, Text, is_almost};
use crate::codec::json::{self, Scanned};

const KNOWN: [&str; 7] =
    ["version", "terraform_version", "serial", "lineage", "outputs", "resources", "check_results"];

/// The fields but `resources`, as raw text.
pub(super) type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The fields of a state of version 4; a doubled one, or one that differs from a known one only by
/// case, is refused: Terraform takes the last of them.
pub(super) fn fields(
    text: &str,
    scanned: Scanned,
) -> Result<(Fields<'_>, Vec<ResourceFile<'_>>), Error> {
    let members: TopMembers<'_> = match json::deserialize(text) {
        Ok(members) => members,
        Err(error) if error.is_data() && text.trim_start().starts_with('{') => {
            return Err(unreadable(text, scanned, error));
        }
        Err(error) if text.trim_start().starts_with('{') => {
            return Err(Error::NotJson(error.into()));
        }
        Err(_) => return Err(Error::NotAState("it does not start with an object")),
    };
    let mut fields = BTreeMap::new();
    for (Text(name), value) in members.fields {
        if KNOWN.iter().any(|known| is_almost(&name, known)) {
            return Err(field(&name, "differs from a known one only by case"));
        }
        if fields.insert(name.clone(), value).is_some() {
            return Err(field(&name, "occurs twice"));
        }
    }
    check_format(&fields)?;
    match (members.resources.len(), members.resources.into_iter().next()) {
        (0, _) | (_, None) => Ok((fields, Vec::new())),
        (1, Some(resources)) => Ok((fields, resources.unwrap_or_default())),
        _ => Err(field("resources", "occurs twice")),
    }
}

/// JSON in which `resources` is not what Terraform writes. Another format version is the better
/// reason, and an encrypted envelope too: they are looked for first.
fn unreadable(text: &str, scanned: Scanned, error: serde_json::Error) -> Error {
    let Ok(fields) = raw_fields(text) else {
        return Error::NotJson(error.into());
    };
    match (check_format(&fields), scanned.refuse()) {
        (Err(reason), _) => reason,
        (Ok(()), Err(twice)) => Error::NotJson(twice),
        (Ok(()), Ok(())) => field("resources", "is not what Terraform writes"),
    }
}

/// The fields of any object, whatever it is; of two with one name the last.
pub(super) fn raw_fields(text: &str) -> Result<Fields<'_>, serde_json::Error> {
    let members: BTreeMap<Text<'_>, &RawValue> = json::deserialize(text)?;
    Ok(members.into_iter().map(|(Text(name), value)| (name, value)).collect())
}

/// Whether this is OpenTofu's envelope around an encrypted state.
pub(super) fn is_envelope(fields: &Fields<'_>) -> bool {
    fields.contains_key("encryption_version") || fields.contains_key("encrypted_data")
}

fn check_format(fields: &Fields<'_>) -> Result<(), Error> {
    if is_envelope(fields) {
        return Err(Error::Encrypted);
    }
    if !fields.contains_key("version") {
        let is_shown = fields.contains_key("format_version");
        return Err(Error::NotAState(if is_shown {
            "it is what `show -json` prints of one, or of a plan"
        } else {
            "it has no format version"
        }));
    }
    match required(fields, "version")? {
        4 => Ok(()),
        other => Err(Error::FormatVersion(other)),
    }
}

/// An object's members in order, doubled ones included.
struct TopMembers<'a> {
    fields: Vec<(Text<'a>, &'a RawValue)>,
    resources: Vec<Option<Vec<ResourceFile<'a>>>>,
}

impl<'de> Deserialize<'de> for TopMembers<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = TopMembers<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut members = TopMembers { fields: Vec::new(), resources: Vec::new() };
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

/// A field that cannot be read.
pub(super) fn field(name: &str, problem: &'static str) -> Error {
    Error::Field { field: name.chars().take(100).collect(), problem }
}

/// A field that has to be there.
pub(super) fn required<'a, T: Deserialize<'a>>(
    fields: &Fields<'a>,
    name: &str,
) -> Result<T, Error> {
    optional(fields, name)?.ok_or_else(|| field(name, "is missing"))
}

/// A field that may be missing, or null.
pub(super) fn optional<'a, T: Deserialize<'a>>(
    fields: &Fields<'a>,
    name: &str,
) -> Result<Option<T>, Error> {
    match fields.get(name) {
        None => Ok(None),
        Some(raw) => {
            json::deserialize(raw.get()).map_err(|_| field(name, "is not what Terraform writes"))
        }
    }
}
