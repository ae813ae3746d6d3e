//! Terraform's values and the part of msgpack in which they travel.
//!
//! Fractions are deliberately refused, because every number of this provider counts something; of
//! an unknown value only that it is unknown is kept. Start from [`Value`].

use std::collections::BTreeMap;

use super::wire::Malformed;

/// Terraform's schemas are not deeper than this, and the reader recurses.
const DEPTH_MAX: usize = 32;

/// A value of Terraform's language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Value {
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

impl Value {
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
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        let value = reader.value(DEPTH_MAX)?;
        if reader.0.is_empty() {
            Ok(value)
        } else {
            Err(Malformed("a value followed by something else"))
        }
    }

    /// Writes the value.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// Always in the widest form, which every reader takes: bytes are not what is scarce here.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0xc0),
            // An extension of one byte and of kind 0; the byte says nothing.
            Self::Unknown => out.extend([0xd4, 0, 0]),
            Self::Bool(false) => out.push(0xc2),
            Self::Bool(true) => out.push(0xc3),
            Self::Integer(number) => {
                out.push(0xd3);
                out.extend(number.to_be_bytes());
            }
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                write_head(0xdd, items.len(), out);
                for item in items {
                    item.write(out);
                }
            }
            Self::Map(members) => {
                write_head(0xdf, members.len(), out);
                for (name, value) in members {
                    write_text(name, out);
                    value.write(out);
                }
            }
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_head(0xdb, text.len(), out);
    out.extend(text.as_bytes());
}

fn write_head(kind: u8, length: usize, out: &mut Vec<u8>) {
    out.push(kind);
    // Terraform takes no message of more than 256 MiB, so four bytes always suffice.
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed("a value that is too deep"))?;
        let kind = self.byte()?;
        match kind {
            0xc0 => Ok(Value::Null),
            0xc2 => Ok(Value::Bool(false)),
            0xc3 => Ok(Value::Bool(true)),
            0x00..=0x7f | 0xcc..=0xd3 | 0xe0..=0xff => self.integer(kind),
            0xca | 0xcb => Err(Malformed("numbers of this provider are whole")),
            0xc1 => Err(Malformed("a value of no known kind")),
            0xa0..=0xbf | 0xd9..=0xdb | 0xc4..=0xc6 => {
                let length = self.length(kind, 0x1f)?;
                self.text(length).map(Value::Text)
            }
            0x90..=0x9f | 0xdc | 0xdd => {
                let length = self.length(kind, 0x0f)?;
                self.list(length, depth)
            }
            0x80..=0x8f | 0xde | 0xdf => {
                let length = self.length(kind, 0x0f)?;
                self.map(length, depth)
            }
            0xc7..=0xc9 | 0xd4..=0xd8 => {
                // One byte more than the length: the extension's own kind, then its content, both
                // of which only refine how unknown the value is.
                let length = self.length(kind, 0)?;
                self.take(length.saturating_add(1)).map(|_| Value::Unknown)
            }
        }
    }

    /// How many bytes or elements follow `kind`: in the `short` bits of the kind, or after it.
    fn length(&mut self, kind: u8, short: u8) -> Result<u64, Malformed> {
        match kind {
            0xc4 | 0xc7 | 0xd9 => self.number(1),
            0xc5 | 0xc8 | 0xda | 0xdc | 0xde => self.number(2),
            0xc6 | 0xc9 | 0xdb | 0xdd | 0xdf => self.number(4),
            0xd4..=0xd8 => Ok(1 << (kind - 0xd4)),
            _ => Ok(u64::from(kind & short)),
        }
    }

    fn integer(&mut self, kind: u8) -> Result<Value, Malformed> {
        let too_large = Malformed("a number of more than 64 bits");
        let number = match kind {
            0xcc => self.number(1)?,
            0xcd => self.number(2)?,
            0xce => self.number(4)?,
            0xcf => self.number(8)?,
            0xd0..=0xd3 => {
                let width = 1 << (kind - 0xd0);
                return Ok(Value::Integer(signed(self.number(width)?, width)));
            }
            0xe0..=0xff => return Ok(Value::Integer(signed(u64::from(kind), 1))),
            _ => u64::from(kind),
        };
        let number = i64::try_from(number).map_err(|_| too_large)?;
        Ok(Value::Integer(number))
    }

    fn list(&mut self, length: u64, depth: usize) -> Result<Value, Malformed> {
        let items = (0..length).map(|_| self.value(depth));
        items.collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&mut self, length: u64, depth: usize) -> Result<Value, Malformed> {
        let members = (0..length).map(|_| {
            let Value::Text(name) = self.value(depth)? else {
                return Err(Malformed("a name that is not a text"));
            };
            Ok((name, self.value(depth)?))
        });
        members.collect::<Result<_, _>>().map(Value::Map)
    }

    fn text(&mut self, length: u64) -> Result<String, Malformed> {
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| Malformed("a text that is not UTF-8"))
    }

    fn number(&mut self, width: u64) -> Result<u64, Malformed> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(CUT_OFF)
    }

    fn take(&mut self, length: u64) -> Result<&[u8], Malformed> {
        let (bytes, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| self.0.split_at_checked(length))
            .ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(bytes)
    }
}

const CUT_OFF: Malformed = Malformed("a value that is cut off");

/// Carries the sign of a number of `width` bytes over to 64 bits.
fn signed(number: u64, width: u64) -> i64 {
    let unused = 64 - 8 * width;
    (number << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(Value::Unknown),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Integer),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(Value::List),
                btree_map(any::<String>(), inner, 0..6).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any_value()) {
            prop_assert_eq!(Value::decode(&value.encode()), Ok(value));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            drop(Value::decode(&bytes));
        }
    }

    #[test]
    fn the_short_forms_that_terraform_sends_are_read() {
        let sent = b"\x83\xa4path\xa5a.txt\xa4size\x07\xa5lines\x92\xc0\xd9\x01x";
        let lines = Value::List(vec![Value::Null, Value::text("x")]);
        let meant = Value::object([
            ("path", Value::text("a.txt")),
            ("size", Value::Integer(7)),
            ("lines", lines),
        ]);
        assert_eq!(Value::decode(sent), Ok(meant));
    }

    #[test]
    fn numbers_keep_their_sign_in_every_width() {
        for (bytes, number) in [
            (&b"\x7f"[..], 127),
            (b"\xff", -1),
            (b"\xe0", -32),
            (b"\xcc\xff", 255),
            (b"\xcd\xff\xff", 65_535),
            (b"\xce\xff\xff\xff\xff", 4_294_967_295),
            (b"\xd0\xff", -1),
            (b"\xd1\xff\x00", -256),
            (b"\xd3\x80\0\0\0\0\0\0\0", i64::MIN),
        ] {
            assert_eq!(Value::decode(bytes), Ok(Value::Integer(number)), "{bytes:?}");
        }
    }

    #[test]
    fn any_extension_is_an_unknown_value() {
        for bytes in [&b"\xd4\0\0"[..], b"\xd8\x0c0123456789abcdef", b"\xc7\x03\x0c\x81\x01\xc2"] {
            assert_eq!(Value::decode(bytes), Ok(Value::Unknown), "{bytes:?}");
        }
    }

    #[test]
    fn fractions_and_what_is_cut_off_or_endless_are_refused() {
        let deep = [0x91; 100];
        for bytes in [
            &b""[..],
            b"\xa5abc",
            b"\x92\xc0",
            b"\xca\0\0\0\0",
            b"\xc1",
            b"\xc0\xc0",
            b"\x81\x01\x02",
            b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            &deep,
        ] {
            assert!(Value::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
