//! One pass over JSON text before anything reads it: what would overflow a reader, or be read in
//! two ways.
//!
//! It does not recurse, copies nothing that has no escapes, and takes time in proportion to the
//! text. It does not tell whether the text is JSON; what reads it afterwards does.

use std::borrow::Cow;

use super::{DEPTH_MAX, Error};

/// By names that begin so, `serde_json` tells numbers with all digits and raw text from objects: an
/// object with one would be taken for a number.
const RESERVED: &str = "$serde_json::private::";

/// What a pass found that need not be refused at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::codec) struct Scanned {
    /// Where the first name stands that its object has already.
    pub twice: Option<usize>,
}

impl Scanned {
    /// Refuses what was found.
    pub(in crate::codec) fn refuse(self) -> Result<(), Error> {
        self.twice.map_or(Ok(()), |offset| Err(Error::Twice { offset }))
    }
}

/// Refuses text that is nested too deeply, holds half a character, a name twice in one object, or a
/// reserved name.
pub fn check(text: &str) -> Result<(), Error> {
    scan(text)?.refuse()
}

/// The same, but a name that occurs twice is for the caller, who may know it by name.
pub(in crate::codec) fn scan(text: &str) -> Result<Scanned, Error> {
    let mut open = Open::default();
    let mut at = 0;
    while let Some((found, byte)) = next_structural(text, at) {
        at = found + 1;
        match byte {
            b'"' => {
                let end = string_end(text, at)?;
                // Only a name is followed by a colon.
                if follows_colon(text, end + 1) {
                    open.name(text.get(at..end).unwrap_or_default(), at)?;
                }
                at = end + 1;
            }
            b'{' | b'[' => open.enter()?,
            _ => open.leave(),
        }
    }
    Ok(Scanned { twice: open.twice })
}

fn next_structural(text: &str, from: usize) -> Option<(usize, u8)> {
    let structural = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
    let rest = text.as_bytes().get(from..)?;
    let at = rest.iter().position(structural)?;
    Some((from + at, *rest.get(at)?))
}

fn follows_colon(text: &str, from: usize) -> bool {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) == Some(&b':')
}

/// Where the closing quote of the string stands that begins at `from`; the end of the text when
/// there is none.
fn string_end(text: &str, from: usize) -> Result<usize, Error> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\\'), Some(b'u')) => at = after_code(bytes, at)?,
            (Some(b'\\'), _) => at += 2,
            _ => return Ok(at),
        }
    }
    Ok(bytes.len())
}

/// What follows the `\uXXXX` at `at`, or the pair of them that is one character.
fn after_code(bytes: &[u8], at: usize) -> Result<usize, Error> {
    match code(bytes, at) {
        Some(0xd800..0xdc00) => match code(bytes, at + 6) {
            Some(0xdc00..0xe000) => Ok(at + 12),
            _ => Err(Error::HalfCharacter { offset: at }),
        },
        Some(0xdc00..0xe000) => Err(Error::HalfCharacter { offset: at }),
        Some(_) => Ok(at + 6),
        // No hexadecimal digits: the reader says so.
        None => Ok(at + 2),
    }
}

fn code(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    digits.chars().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

/// The objects and lists that are open, with the names that they have so far.
#[derive(Default)]
struct Open<'t> {
    frames: Vec<Frame>,
    names: Vec<(Cow<'t, str>, usize)>,
    twice: Option<usize>,
}

struct Frame {
    /// Where its names begin in `names`.
    names: usize,
    /// Whether each name was greater than the one before: Terraform sorts, and then none occurs
    /// twice.
    ascending: bool,
}

impl<'t> Open<'t> {
    fn enter(&mut self) -> Result<(), Error> {
        if self.frames.len() == DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        self.frames.push(Frame { names: self.names.len(), ascending: true });
        Ok(())
    }

    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let names = self.names.get_mut(frame.names..).unwrap_or_default();
        if !frame.ascending {
            names.sort_unstable();
            for pair in names.windows(2) {
                if let [(first, _), (second, at)] = pair
                    && first == second
                {
                    self.twice = Some(self.twice.map_or(*at, |found| found.min(*at)));
                }
            }
        }
        self.names.truncate(frame.names);
    }

    fn name(&mut self, written: &'t str, at: usize) -> Result<(), Error> {
        let name = if written.contains('\\') {
            // What cannot be unescaped is no JSON, and the reader says so.
            let quoted = format!("\"{written}\"");
            serde_json::from_str(&quoted).map_or(Cow::Borrowed(written), Cow::Owned)
        } else {
            Cow::Borrowed(written)
        };
        if name.starts_with(RESERVED) {
            return Err(Error::Reserved { offset: at });
        }
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let earlier = self.names.get(frame.names..).and_then(<[_]>::last);
        frame.ascending &= earlier.is_none_or(|(earlier, _)| *earlier < name);
        self.names.push((name, at));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_refused_by_name_and_never_overflows() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(check(&nested(DEPTH_MAX)).is_ok());
        assert!(matches!(check(&nested(DEPTH_MAX + 1)), Err(Error::TooDeep)));
        assert!(matches!(check(&nested(20_000)), Err(Error::TooDeep)));
        assert!(matches!(check(&"{\"a\":".repeat(20_000)), Err(Error::TooDeep)));
        assert!(check(&format!("\"{}\"", "[".repeat(5_000))).is_ok());
        assert!(check(&"[],".repeat(5_000)).is_ok());
    }

    #[test]
    fn a_name_that_occurs_twice_in_one_object_is_found_at_any_level() {
        for (text, at) in [
            (r#"{"a":1,"a":2}"#, 8),
            (r#"{"b":1,"a":2,"b":3}"#, 14),
            (r#"[{"x":{"a":1,"\u0061":2}}]"#, 14),
            (r#"{"z":[{"k" : 1, "k" : 2}],"z":1}"#, 17),
        ] {
            assert!(matches!(check(text), Err(Error::Twice { offset }) if offset == at), "{text}");
        }
        for text in [
            r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#,
            r#"{"c":1,"b":2,"a":3}"#,
            r#"["a","a"]"#,
            r#"{"a":"a","A":"a"}"#,
            r#"{"a":"\"a\":1, \"a\":2"}"#,
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn half_a_character_is_found_and_a_whole_one_is_not() {
        for text in [
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            r#""x\\\uD83Dx""#,
            r#"{"\uDFFF":1}"#,
            r#""\ud83d\ud83d\ude00""#,
        ] {
            assert!(matches!(check(text), Err(Error::HalfCharacter { .. })), "{text}");
        }
        for text in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\u0041\"""#, r#""\ud7ff\ue000""#] {
            assert!(check(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_object_cannot_pass_for_a_number() {
        for text in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"[{"\u0024serde_json::private::RawValue":"1"}]"#,
        ] {
            assert!(matches!(check(text), Err(Error::Reserved { .. })), "{text}");
        }
        assert!(check(r#"["$serde_json::private::Number"]"#).is_ok());
    }

    #[test]
    fn text_that_is_no_json_is_passed_over_without_a_panic() {
        for text in ["", "\"", "\"\\", "\"\\u", "\"\\ud8", "}}}}", "{\"a\":", "\"\\ué\"", "\\"] {
            assert!(check(text).is_ok(), "{text}");
        }
    }
}
