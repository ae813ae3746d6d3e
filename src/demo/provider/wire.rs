//! The part of protobuf that the plugin protocol uses: varints, byte strings and messages.
//!
//! Reading keeps field numbers and leaves their meaning to the caller; fields of fixed width and
//! negative numbers are deliberately not offered, because no message of ours has them. Start from
//! [`Message`] to write and [`Fields`] to read.

use std::fmt;

/// Bytes that are not what the protocol says, in protobuf or in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A message being written, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds a number or an enumeration; zero is what an absent field means, so it is left out.
    #[must_use]
    pub(super) fn number(mut self, field: u32, value: u64) -> Self {
        if value != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(value);
        }
        self
    }

    /// Adds bytes or a text, even when there are none: an empty element of a list counts.
    #[must_use]
    pub(super) fn bytes(mut self, field: u32, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.varint(u64::from(field) << 3 | 2);
        self.varint(u64::try_from(value.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(value);
        self
    }

    /// Adds a message within this one.
    #[must_use]
    pub(super) fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// The message as it is sent.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn varint(&mut self, mut value: u64) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                self.0.push(low & 0x7f);
                return;
            }
            self.0.push(low | 0x80);
        }
    }
}

/// The fields of a message that was received.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields<'a>(Vec<(u64, Payload<'a>)>);

#[derive(Debug, PartialEq, Eq)]
enum Payload<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    /// Splits `message` into its fields.
    pub(super) fn read(mut message: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Vec::new();
        while !message.is_empty() {
            let key = varint(&mut message)?;
            let payload = match key & 7 {
                0 => Some(Payload::Number(varint(&mut message)?)),
                2 => {
                    let length = varint(&mut message)?;
                    Some(Payload::Bytes(take(&mut message, length)?))
                }
                // A newer protocol may send fixed widths in fields that we do not know.
                1 => take(&mut message, 8).map(|_| None)?,
                5 => take(&mut message, 4).map(|_| None)?,
                _ => return Err(Malformed("a protobuf field of unknown kind")),
            };
            fields.extend(payload.map(|payload| (key >> 3, payload)));
        }
        Ok(Self(fields))
    }

    /// A number or an enumeration; zero if absent.
    pub(super) fn number(&self, field: u32) -> u64 {
        self.last(field, |payload| match payload {
            Payload::Number(number) => Some(*number),
            Payload::Bytes(_) => None,
        })
        .unwrap_or(0)
    }

    /// Bytes; empty if absent.
    pub(super) fn bytes(&self, field: u32) -> &'a [u8] {
        self.last(field, |payload| match payload {
            Payload::Bytes(bytes) => Some(*bytes),
            Payload::Number(_) => None,
        })
        .unwrap_or_default()
    }

    /// A text; empty if absent.
    pub(super) fn text(&self, field: u32) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes(field)).map_err(|_| Malformed("a text that is not UTF-8"))
    }

    /// A message within this one; without fields if absent.
    pub(super) fn message(&self, field: u32) -> Result<Self, Malformed> {
        Self::read(self.bytes(field))
    }

    /// Of a field that comes twice, the last counts.
    fn last<T>(&self, field: u32, pick: impl Fn(&Payload<'a>) -> Option<T>) -> Option<T> {
        self.0
            .iter()
            .rev()
            .filter(|(number, _)| *number == u64::from(field))
            .find_map(|(_, payload)| pick(payload))
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or(Malformed("a number that is cut off"))?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed("a number of more than 64 bits"))
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let (bytes, tail) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or(Malformed("a field that is cut off"))?;
    *rest = tail;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_is_what_the_protobuf_documents_show() {
        // The encoding guide's own examples: field 1 = 150, field 2 = "testing".
        let message = Message::default().number(1, 150).bytes(2, "testing");
        assert_eq!(message.as_bytes(), b"\x08\x96\x01\x12\x07testing");
    }

    #[test]
    fn what_is_absent_reads_as_empty_and_the_last_of_two_counts() {
        let message = Message::default().number(1, 0).bytes(2, "a").bytes(2, "b");
        let fields = Fields::read(message.as_bytes()).unwrap();
        assert_eq!(fields.number(1), 0);
        assert_eq!(fields.text(2), Ok("b"));
        assert_eq!(fields.bytes(9), b"");
        assert!(fields.message(9).unwrap().0.is_empty());
    }

    #[test]
    fn unknown_fields_of_fixed_width_are_passed_over() {
        let fields = Fields::read(b"\x09aaaaaaaa\x0daaaa\x10\x07").unwrap();
        assert_eq!(fields.number(2), 7);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for bytes in [&b"\x08"[..], b"\x08\x80", b"\x12\x05abc", b"\x09abc", b"\x0b", &[0x80; 11]] {
            assert!(Fields::read(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number: u64, text: String, flag: bool) {
            let inner = Message::default().number(3, number).bytes(4, &text);
            let outer = Message::default().message(2_000, &inner).number(7, u64::from(flag));
            let fields = Fields::read(outer.as_bytes()).unwrap();
            prop_assert_eq!(fields.number(7), u64::from(flag));
            let nested = fields.message(2_000).unwrap();
            prop_assert_eq!(nested.number(3), number);
            prop_assert_eq!(nested.text(4), Ok(text.as_str()));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            drop(Fields::read(&bytes));
        }
    }
}
