//! One pass over JSON text before anything reads it. It finds text that would overflow a reader or
//! be read in two ways, and whether the text is JSON at all.
//!
//! It does not recurse, copies nothing that has no escapes, and takes time in proportion to the
//! text. Eight bytes are looked at at once where nothing is expected: of a state of 147 MB it takes
//! half the time that `serde_json` takes to skip it. Why a text is no JSON is for the reader to say.
//! A [`ScanWatch`] sees names, texts, and the end of whatever has one, on the way.

use std::borrow::Cow;
use std::ops::Range;

use super::{DEPTH_MAX, Error};

/// By names that begin so, `serde_json` tells numbers with all digits and raw text from objects: an
/// object with one would be taken for a number.
const RESERVED: &str = "$serde_json::private::";

/// Findings of a pass that need not be refused at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codec) struct Scanned {
    /// Offset of the first name that its object has already.
    pub twice: Option<usize>,
    /// Whether the text is one JSON document.
    pub is_json: bool,
}

impl Scanned {
    /// Refuses what was found.
    pub(in crate::codec) fn refuse(self) -> Result<(), Error> {
        self.twice.map_or(Ok(()), |offset| Err(Error::Twice { offset }))
    }
}

/// A member of an object on the way.
#[derive(Debug)]
pub(in crate::codec) struct Member<'n, 't> {
    /// How many objects and lists it lies in.
    pub depth: usize,
    /// Its name; borrowed from the text where it has no escapes.
    pub name: &'n Cow<'t, str>,
    /// The text behind its colon begins here.
    pub value: usize,
}

/// Looks at what a scan passes.
pub(in crate::codec) trait ScanWatch<'t> {
    /// Looks at a member.
    fn member(&mut self, _: Member<'_, 't>) {}

    /// Looks at a text that is no name, escapes kept.
    fn text(&mut self, _: &'t str) {}

    /// Looks at an object or a list that has ended, in so many of them with itself.
    fn left(&mut self, _: usize, _: Range<usize>) {}
}

impl ScanWatch<'_> for () {}

/// Refuses text that is nested too deeply, holds half a character, a name twice in one object, or a
/// reserved name.
pub fn check(text: &str) -> Result<(), Error> {
    scan(text, &mut ())?.refuse()
}

/// The same, but a name that occurs twice is for the caller, who may know it by name.
pub(in crate::codec) fn scan<'t>(
    text: &'t str,
    watch: &mut impl ScanWatch<'t>,
) -> Result<Scanned, Error> {
    let bytes = text.as_bytes();
    let mut open = Open { is_json: true, ..Open::default() };
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let StringEnd { at: end, spelling } = string_end(bytes, at, &mut open.is_json)?;
                let written = text.get(at..end).unwrap_or_default();
                // Only a name is followed by a colon.
                if let Some(value) = after_colon(bytes, end + 1) {
                    open.name(written, spelling, at)?;
                    if let Some((name, _)) = open.names.last() {
                        watch.member(Member { depth: open.frames.len(), name, value });
                    }
                    at = value;
                } else {
                    open.value();
                    watch.text(written);
                    at = end + 1;
                }
            }
            b'\n' => at = after_spaces(bytes, at),
            b' ' | b'\t' | b'\r' => {}
            b',' => open.comma(),
            b'{' => open.enter(at - 1, Kind::Object)?,
            b'[' => open.enter(at - 1, Kind::List)?,
            b'}' | b']' => {
                let kind = if *byte == b'}' { Kind::Object } else { Kind::List };
                let depth = open.frames.len();
                if let Some(start) = open.leave(kind) {
                    watch.left(depth, start..at);
                }
            }
            _ => {
                open.value();
                at = literal_end(bytes, at - 1).unwrap_or_else(|| {
                    open.is_json = false;
                    at
                });
            }
        }
    }
    let is_json = open.is_json && open.frames.is_empty() && open.last == Last::Value;
    Ok(Scanned { twice: open.twice, is_json })
}

/// The end of the number or the word that begins here.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let words: [&[u8]; 3] = [b"true", b"false", b"null"];
    if let Some(word) = words.into_iter().find(|word| rest.starts_with(word)) {
        return Some(at + word.len());
    }
    let digits = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        let many = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (many > 0).then_some(from + many)
    };
    let begin = usize::from(rest.starts_with(b"-"));
    let mut end = if rest.get(begin) == Some(&b'0') { begin + 1 } else { digits(begin)? };
    if rest.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if matches!(rest.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
        end = digits(end + 1 + sign)?;
    }
    Some(at + end)
}

/// Each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The eight bytes from here on.
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// Has the highest bit of each byte set that is this one; bytes behind the first may be wrong.
fn places_of(word: u64, byte: u8) -> u64 {
    let zeros = word ^ (EACH * u64::from(byte));
    zeros.wrapping_sub(EACH) & !zeros & (EACH << 7)
}

/// The same for every byte that stands for no character.
fn controls(word: u64) -> u64 {
    word.wrapping_sub(EACH * u64::from(b' ')) & !word & (EACH << 7)
}

/// The first byte of a word in which a bit is set.
fn first(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() / 8).unwrap_or_default()
}

/// Offset behind the spaces that begin at `at`; a few may be left at the end of the text.
fn after_spaces(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word(bytes, at) {
        let others = word ^ (EACH * u64::from(b' '));
        if others != 0 {
            return at + first(others);
        }
        at += 8;
    }
    at
}

fn after_colon(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let at = rest.iter().position(|byte| !is_space(byte))?;
    (rest.get(at) == Some(&b':')).then_some(from + at + 1)
}

/// The closing quote of a string by its offset, and how the string is written.
struct StringEnd {
    at: usize,
    spelling: Spelling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Plain,
    Escaped,
}

/// The end of the string that begins at `from`; the end of the text when there is none.
fn string_end(bytes: &[u8], from: usize, is_json: &mut bool) -> Result<StringEnd, Error> {
    let mut at = from;
    let mut spelling = Spelling::Plain;
    loop {
        while let Some(word) = word(bytes, at) {
            let places = places_of(word, b'"') | places_of(word, b'\\') | controls(word);
            if places != 0 {
                at += first(places);
                break;
            }
            at += 8;
        }
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), _) => return Ok(StringEnd { at, spelling }),
            (Some(b'\\'), next) => {
                spelling = Spelling::Escaped;
                *is_json &= next.is_some_and(|next| b"\"\\/bfnrtu".contains(next));
                let is_code = next == Some(&b'u');
                at = if is_code { after_code(bytes, at, is_json)? } else { at + 2 };
            }
            (Some(byte), _) => {
                *is_json &= *byte >= b' ';
                at += 1;
            }
            (None, _) => {
                *is_json = false;
                return Ok(StringEnd { at: bytes.len(), spelling });
            }
        }
    }
}

/// Offset behind the `\uXXXX` at `at`, or behind the pair of them that is one character.
fn after_code(bytes: &[u8], at: usize, is_json: &mut bool) -> Result<usize, Error> {
    match code(bytes, at) {
        Some(0xd800..0xdc00) => match code(bytes, at + 6) {
            Some(0xdc00..0xe000) => Ok(at + 12),
            _ => Err(Error::HalfCharacter { offset: at }),
        },
        Some(0xdc00..0xe000) => Err(Error::HalfCharacter { offset: at }),
        Some(_) => Ok(at + 6),
        None => {
            // No hexadecimal digits.
            *is_json = false;
            Ok(at + 2)
        }
    }
}

fn code(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    digits.chars().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether a name is less than another one. Most are told apart by their first bytes.
fn is_before(earlier: &str, name: &str) -> bool {
    match (earlier.as_bytes().first_chunk::<8>(), name.as_bytes().first_chunk::<8>()) {
        (Some(a), Some(b)) if a != b => u64::from_be_bytes(*a) < u64::from_be_bytes(*b),
        _ => earlier < name,
    }
}

/// The objects and lists that are open, with the names that they have so far.
#[derive(Default)]
struct Open<'t> {
    frames: Vec<Frame>,
    names: Vec<(Cow<'t, str>, usize)>,
    twice: Option<usize>,
    last: Last,
    /// Whether nothing stands where it must not.
    is_json: bool,
}

struct Frame {
    kind: Kind,
    /// Offset in the text where it begins.
    start: usize,
    /// Index in `names` of its first name.
    names: usize,
    /// Whether each name was greater than the one before: Terraform sorts, and then none occurs
    /// twice.
    ascending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    List,
}

/// The last token in the object or list that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    /// Nothing.
    #[default]
    Nothing,
    Comma,
    Name,
    Value,
}

impl<'t> Open<'t> {
    /// Notes that a value begins.
    fn value(&mut self) {
        self.is_json &= match self.frames.last().map(|frame| frame.kind) {
            Some(Kind::Object) => self.last == Last::Name,
            Some(Kind::List) => matches!(self.last, Last::Nothing | Last::Comma),
            None => self.last == Last::Nothing,
        };
        self.last = Last::Value;
    }

    fn comma(&mut self) {
        self.is_json &= self.last == Last::Value && !self.frames.is_empty();
        self.last = Last::Comma;
    }

    fn enter(&mut self, start: usize, kind: Kind) -> Result<(), Error> {
        if self.frames.len() == DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        self.value();
        self.last = Last::Nothing;
        self.frames.push(Frame { kind, start, names: self.names.len(), ascending: true });
        Ok(())
    }

    /// Leaves an object or a list, and says where it began.
    fn leave(&mut self, kind: Kind) -> Option<usize> {
        self.is_json &= matches!(self.last, Last::Nothing | Last::Value);
        self.last = Last::Value;
        let Some(frame) = self.frames.pop() else {
            self.is_json = false;
            return None;
        };
        self.is_json &= frame.kind == kind;
        if !frame.ascending {
            let names = self.names.get_mut(frame.names..).unwrap_or_default();
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
        Some(frame.start)
    }

    fn name(&mut self, written: &'t str, spelling: Spelling, at: usize) -> Result<(), Error> {
        let name = if spelling == Spelling::Escaped {
            // What cannot be unescaped is no JSON, and the reader says so.
            let quoted = format!("\"{written}\"");
            serde_json::from_str(&quoted).map_or(Cow::Borrowed(written), Cow::Owned)
        } else {
            Cow::Borrowed(written)
        };
        if name.starts_with(RESERVED) {
            return Err(Error::Reserved { offset: at });
        }
        self.is_json &= matches!(self.last, Last::Nothing | Last::Comma);
        self.last = Last::Name;
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        self.is_json &= frame.kind == Kind::Object;
        let earlier = self.names.get(frame.names..).and_then(<[_]>::last);
        frame.ascending &= earlier.is_none_or(|(earlier, _)| is_before(earlier, &name));
        self.names.push((name, at));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
