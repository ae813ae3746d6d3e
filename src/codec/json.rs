//! JSON text into [`Value`]s, with every digit kept and a limit on depth.
//!
//! Numbers stay text (`serde_json`'s arbitrary precision), and what a reader could overflow on or
//! read wrongly is found by `scan` before anything recurses. It does not judge what the JSON means.

mod read;
mod scan;

use serde_json::value::RawValue;

use crate::model::value::{Number, RawJson, Value};

pub use scan::check;
pub(super) use scan::{Member, ScanWatch, Scanned, scan};

/// Deepest nesting that is read: more than Terraform writes, less than a stack can bear.
pub const DEPTH_MAX: usize = 1_000;

/// Why a text could not be read as JSON.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or more than one document.
    #[error("not JSON (line {line}, column {column})")]
    Syntax {
        /// Line where reading stopped, from 1.
        line: usize,
        /// Column in that line, from 1.
        column: usize,
    },
    /// Deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 (byte {offset})")]
    NotUtf8 {
        /// The first offending byte, from 0.
        offset: usize,
    },
    /// `\ud800` without its other half: there is no such character.
    #[error("half a character (byte {offset})")]
    HalfCharacter {
        /// Offset in bytes, from 0.
        offset: usize,
    },
    /// Two members of one object have one name: readers take either.
    #[error("a name that occurs twice in one object (byte {offset})")]
    Twice {
        /// Offset in bytes of the second one, from 0.
        offset: usize,
    },
    /// A name by which `serde_json` tells raw text and numbers from objects.
    #[error("a name that is reserved (byte {offset})")]
    Reserved {
        /// Offset in bytes, from 0.
        offset: usize,
    },
}

impl From<serde_json::Error> for Error {
    /// Keeps the place and drops the message, which can quote content.
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax { line: error.line(), column: error.column() }
    }
}

/// The bytes as text, refused with the place when they are not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Error> {
    simdutf8::compat::from_utf8(bytes)
        .map_err(|error| Error::NotUtf8 { offset: error.valid_up_to() })
}

/// Reads one JSON document into a value.
pub fn value(text: &str) -> Result<Value, Error> {
    check(text)?;
    Ok(deserialize::<read::Read>(text)?.0)
}

/// Reads a slice that was kept raw. It was valid JSON when it was cut out, and what `check` refuses
/// was refused with the whole text, so that it is not looked at again, and this fails for nothing that
/// a codec has handed out.
pub fn raw_value(raw: RawJson<'_>) -> Result<Value, Error> {
    Ok(deserialize::<read::Read>(raw.0)?.0)
}

/// Deserialises a document whose depth has been checked, without `serde_json`'s own lower limit.
pub(super) fn deserialize<'a, T: serde::Deserialize<'a>>(
    text: &'a str,
) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let read = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(read)
}

/// Reads the value that stands at `at` in a longer text, and says where it ends.
pub(super) fn value_at<'a, T: serde::Deserialize<'a>>(
    text: &'a str,
    at: usize,
) -> Option<(T, usize)> {
    let mut deserializer = serde_json::Deserializer::from_str(text.get(at..)?);
    deserializer.disable_recursion_limit();
    let mut values = deserializer.into_iter();
    let value = values.next()?.ok()?;
    Some((value, at + values.byte_offset()))
}

/// Whether a value, or a text of which it is told without its quotes, may have names in it: an object,
/// a list, or a document in a text. That may begin with spaces, and a line break is escaped.
pub fn may_be_composed(written: &str) -> bool {
    written.starts_with(|letter: char| matches!(letter, '{' | '[' | '\\') || letter.is_whitespace())
}

/// A raw slice of the document.
pub(super) fn raw(value: &RawValue) -> RawJson<'_> {
    RawJson(value.get())
}

/// `serde_json`'s value as ours.
pub(super) fn convert(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => {
            Value::Number(Number::from_json_text(number.to_string()))
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(convert).collect()),
        serde_json::Value::Object(members) => {
            Value::Map(members.into_iter().map(|(name, value)| (name, convert(value))).collect())
        }
    }
}

/// A value as `serde_json` holds it, for our own JSON output.
pub fn to_serde(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => serde_json::Value::Bool(*truth),
        Value::Number(number) => serde_json::from_str(number.as_str())
            .map_or_else(|_| number.as_str().into(), serde_json::Value::Number),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(to_serde).collect(),
        Value::Map(members) => serde_json::Value::Object(
            members.iter().map(|(name, value)| (name.clone(), to_serde(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_of_a_number_is_kept() {
        for text in ["9007199254740993", "123456789012345678901234567890", "1e400", "-0", "1.10"] {
            let Value::Number(number) = value(text).unwrap() else { panic!("{text}") };
            let same = Number::from_json_text(text);
            assert_eq!(number, same, "{text}");
        }
    }

    #[test]
    fn a_value_is_what_serde_json_reads() {
        let text = r#"{"a":[0,-0,-0.0,-7,18446744073709551616,1E5,1.50,true,null,"x\n\u00e9"],"b":{"":{}}}"#;
        assert_eq!(value(text).unwrap(), convert(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn depth_is_refused_by_name_and_never_overflows() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(value(&nested(407)).is_ok());
        assert!(value(&nested(DEPTH_MAX)).is_ok());
        assert!(matches!(value(&nested(20_000)), Err(Error::TooDeep)));
        let brackets_in_text = format!("\"{}\"", "[".repeat(5_000));
        assert!(value(&brackets_in_text).is_ok());
    }

    #[test]
    fn trailing_text_and_what_is_no_json_is_refused() {
        for text in ["", "1 2", "{}x", "NaN", "Infinity", "-", "01", "1.", "{\"a\":1,}"] {
            assert!(matches!(value(text), Err(Error::Syntax { .. })), "{text}");
        }
    }
}
