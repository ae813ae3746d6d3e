//! Terraform's values, and how they travel in msgpack.
//!
//! Numbers are whole here, because every number of this provider counts something: a fraction is
//! refused, and a number of more than 64 bits, which Terraform sends as a text, stays a text. Of an
//! unknown value, which is an extension of msgpack, only that it is unknown is kept. Start from
//! [`CtyValue`].

use std::collections::BTreeMap;

use rmpv::Value;
use rmpv::decode::read_value_with_max_depth;
use rmpv::encode::write_value;

use super::messages::Malformed;

/// Terraform's schemas are not deeper than this, and the reader recurses.
const DEPTH_MAX: usize = 32;

/// A value of Terraform's language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum CtyValue {
    /// Nothing: an argument not given, or an object that does not exist.
    #[default]
    Null,
    /// Known only after the apply.
    Unknown,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A string.
    Text(String),
    /// A list, a set or a tuple.
    List(Vec<Self>),
    /// A map or an object.
    Map(BTreeMap<String, Self>),
}

impl CtyValue {
    /// A string.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object with these attributes.
    pub(super) fn object<'a>(attributes: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let owned = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self::Map(owned.collect())
    }

    /// The attribute `name`; `Null` if there is none.
    pub(super) fn get(&self, name: &str) -> &Self {
        if let Self::Map(members) = self {
            members.get(name).unwrap_or(&Self::Null)
        } else {
            &Self::Null
        }
    }

    /// The same object with another value for `name`.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: Self) -> Self {
        if let Self::Map(members) = &mut self {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// The text of a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The value of a number.
    pub(super) fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// Neither known nor given: there is nothing to look at yet.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Null | Self::Unknown)
    }

    /// Reads one value.
    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self, Malformed> {
        let value = read_value_with_max_depth(&mut bytes, DEPTH_MAX)
            .map_err(|_| Malformed("a value that is no msgpack, or too deep"))?;
        if !bytes.is_empty() {
            return Err(Malformed("a value followed by something else"));
        }
        Self::try_from(value)
    }

    /// Writes the value.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Memory takes everything.
        drop(write_value(&mut bytes, &Value::from(self)));
        bytes
    }
}

impl TryFrom<Value> for CtyValue {
    type Error = Malformed;

    fn try_from(value: Value) -> Result<Self, Malformed> {
        Ok(match value {
            Value::Nil => Self::Null,
            Value::Ext(..) => Self::Unknown,
            Value::Boolean(is) => Self::Bool(is),
            Value::Integer(number) => {
                Self::Integer(number.as_i64().ok_or(Malformed("a number of more than 64 bits"))?)
            }
            Value::String(_) => Self::Text(text(value)?),
            Value::Array(items) => {
                Self::List(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Value::Map(members) => {
                let members = members.into_iter();
                let member = |(name, value)| Ok((text(name)?, Self::try_from(value)?));
                Self::Map(members.map(member).collect::<Result<_, _>>()?)
            }
            Value::F32(_) | Value::F64(_) | Value::Binary(_) => {
                return Err(Malformed("numbers of this provider are whole"));
            }
        })
    }
}

fn text(value: Value) -> Result<String, Malformed> {
    let Value::String(text) = value else {
        return Err(Malformed("a name that is not a text"));
    };
    text.into_str().ok_or(Malformed("a text that is not UTF-8"))
}

impl From<&CtyValue> for Value {
    fn from(value: &CtyValue) -> Self {
        match value {
            CtyValue::Null => Self::Nil,
            // The byte says nothing.
            CtyValue::Unknown => Self::Ext(0, vec![0]),
            CtyValue::Bool(is) => (*is).into(),
            CtyValue::Integer(number) => (*number).into(),
            CtyValue::Text(text) => text.as_str().into(),
            CtyValue::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            CtyValue::Map(members) => {
                let member =
                    |(name, value): (&String, _)| (name.as_str().into(), Self::from(value));
                Self::Map(members.iter().map(member).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = CtyValue> {
        let leaf = prop_oneof![
            Just(CtyValue::Null),
            Just(CtyValue::Unknown),
            any::<bool>().prop_map(CtyValue::Bool),
            any::<i64>().prop_map(CtyValue::Integer),
            any::<String>().prop_map(CtyValue::Text),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(CtyValue::List),
                btree_map(any::<String>(), inner, 0..6).prop_map(CtyValue::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_written_value_reads_back(value in any_value()) {
            prop_assert_eq!(CtyValue::decode(&value.encode()), Ok(value));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            drop(CtyValue::decode(&bytes));
        }
    }

    #[test]
    fn the_short_forms_that_terraform_sends_are_read() {
        let sent = b"\x83\xa4path\xa5a.txt\xa4size\x07\xa5lines\x92\xc0\xd9\x01x";
        let lines = CtyValue::List(vec![CtyValue::Null, CtyValue::text("x")]);
        let meant = CtyValue::object([
            ("path", CtyValue::text("a.txt")),
            ("size", CtyValue::Integer(7)),
            ("lines", lines),
        ]);
        assert_eq!(CtyValue::decode(sent), Ok(meant));
    }

    #[test]
    fn a_number_of_more_than_64_bits_stays_the_text_that_terraform_sends() {
        let sent = b"\xb418446744073709551616";
        assert_eq!(CtyValue::decode(sent), Ok(CtyValue::text("18446744073709551616")));
    }

    #[test]
    fn any_extension_is_an_unknown_value() {
        for bytes in [&b"\xd4\0\0"[..], b"\xd8\x0c0123456789abcdef", b"\xc7\x03\x0c\x81\x01\xc2"] {
            assert_eq!(CtyValue::decode(bytes), Ok(CtyValue::Unknown), "{bytes:?}");
        }
    }

    #[test]
    fn fractions_and_values_that_are_cut_off_or_endless_are_refused() {
        let deep = [0x91; 100];
        for bytes in [
            &b""[..],
            b"\xa5abc",
            b"\x92\xc0",
            b"\xca\0\0\0\0",
            b"\xc0\xc0",
            b"\x81\x01\x02",
            b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            &deep,
        ] {
            assert!(CtyValue::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
