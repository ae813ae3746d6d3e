//! The values of drift items as the one JSON document that is stored beside a look.
//!
//! Values are written with every digit they came with. Reading is strict: an unknown format or
//! field is refused, since a value that is half understood could be shown though it is secret.
//! Which of the values may be shown is not decided here.

use serde::{Deserialize, Serialize};

use super::json;
use crate::model::address::{Address, ProviderSource};
use crate::model::drift::DriftedObject;
use crate::model::value::Value;

/// The format that the document names.
pub const FORMAT: &str = "unapply.drift-values/1";

/// Why the values of a drift check cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or too deep.
    #[error("the values of drift cannot be read: {0}")]
    Json(json::Error),
    /// Another format, older or newer.
    #[error("the format is `{0}`, and this version reads `{FORMAT}`")]
    Format(String),
    /// A field that is missing, unknown, or of another kind.
    #[error("the values of drift are malformed (line {line}, column {column})")]
    Shape {
        /// Line where reading stopped, from 1.
        line: usize,
        /// Column in that line, from 1.
        column: usize,
    },
}

/// Keeps the place and drops the message, which can quote content.
fn shape(error: &serde_json::Error) -> Error {
    Error::Shape { line: error.line(), column: error.column() }
}

/// All that can be relied on in another format.
#[derive(Deserialize)]
struct DriftVersion {
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    objects: Vec<DriftedRecord>,
}

#[derive(Serialize, Deserialize)]
struct DriftedRecord(#[serde(with = "ObjectFields")] DriftedObject);

#[derive(Serialize, Deserialize)]
#[serde(remote = "DriftedObject", deny_unknown_fields)]
struct ObjectFields {
    address: Address,
    deposed: Option<String>,
    provider: ProviderSource,
    #[serde(with = "digits")]
    before: Value,
    #[serde(with = "digits")]
    after: Value,
    #[serde(with = "digits")]
    before_sensitive: Value,
    #[serde(with = "digits")]
    after_sensitive: Value,
}

/// Values with every digit they came with.
mod digits {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::codec::json;
    use crate::model::value::Value;

    pub(super) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        json::to_serde(value).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        serde_json::Value::deserialize(from).map(json::convert)
    }
}

/// Writes the values of a look's items, in their order.
pub fn encode(objects: &[DriftedObject]) -> Result<Vec<u8>, Error> {
    let objects = objects.iter().cloned().map(DriftedRecord).collect();
    let document = Document { format: FORMAT.to_owned(), objects };
    let mut bytes = serde_json::to_vec(&document).map_err(|error| shape(&error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads them.
pub fn decode(bytes: &[u8]) -> Result<Vec<DriftedObject>, Error> {
    let text = json::text(bytes).map_err(Error::Json)?;
    json::check(text).map_err(Error::Json)?;
    let DriftVersion { format } = json::deserialize(text).map_err(|error| shape(&error))?;
    if format != FORMAT {
        return Err(Error::Format(format.chars().take(80).collect()));
    }
    let document: Document = json::deserialize(text).map_err(|error| shape(&error))?;
    Ok(document.objects.into_iter().map(|object| object.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects() -> Vec<DriftedObject> {
        let value = |text: &str| json::value(text).unwrap();
        vec![
            DriftedObject {
                address: r#"module.a["x"].aws_instance.web[0]"#.parse().unwrap(),
                deposed: None,
                provider: "registry.terraform.io/hashicorp/aws".parse().unwrap(),
                before: value(r#"{"id":"i-1","port":9007199254740993,"ratio":1.10,"big":1e400}"#),
                after: value(
                    r#"{"id":"i-1","port":9007199254740992,"ratio":-0,"tags":{"é":"\n"}}"#,
                ),
                before_sensitive: value(r#"{"password":true,"list":[false,true]}"#),
                after_sensitive: value("{}"),
            },
            DriftedObject {
                address: "aws_instance.old".parse().unwrap(),
                deposed: Some("0a1b2c3d".to_owned()),
                provider: "registry.opentofu.org/hashicorp/aws".parse().unwrap(),
                before: value(r#"{"id":"i-2"}"#),
                after: Value::Null,
                before_sensitive: value("{}"),
                after_sensitive: Value::Bool(false),
            },
        ]
    }

    #[test]
    fn values_read_back_with_every_digit() {
        let bytes = encode(&objects()).unwrap();
        assert_eq!(decode(&bytes).unwrap(), objects());
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.starts_with("{\"format\":\"unapply.drift-values/1\",\"objects\":[{"),
            "{text}"
        );
        assert!(text.contains("9007199254740993") && text.contains("\"ratio\":1.10"), "{text}");
    }

    #[test]
    fn what_is_not_exactly_this_is_refused_and_not_quoted() {
        let text = String::from_utf8(encode(&objects()).unwrap()).unwrap();
        let edit = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            decode(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
        };
        assert!(edit("values/1", "values/2").starts_with("the format is `unapply.drift-values/2`"));
        for (from, to) in [
            ("\"before\":", "\"later\":1,\"before\":"),
            ("\"objects\":", "\"items\":"),
            ("aws_instance.web[0]", "hunter2 22"),
            ("]}\n", "]}}\n"),
            (".io/hashicorp/aws", ".io/hunter2/a/b/c"),
        ] {
            let said = edit(from, to);
            assert!(said.starts_with("the values of drift are malformed"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
        assert!(matches!(decode(b"\xff"), Err(Error::Json(json::Error::NotUtf8 { .. }))));
    }
}
