//! The elements of a list in JSON, one after the other, as text.
//!
//! An element that begins with the text of another one is that one: an object ends where it ends.
//! Nothing is said about what an element means, nor why a text cannot be gone over.

use serde::de::IgnoredAny;

use crate::codec::json;
use crate::codec::state::file::Text;

/// The elements of a list that is a member of an object, one after the other. `None` stands for a
/// text that the parser has to look at.
pub(super) struct Elements<'b> {
    text: &'b str,
    /// Offset where the first one may begin.
    start: usize,
    at: usize,
}

impl<'b> Elements<'b> {
    /// Goes over the members of an object to this one.
    pub(super) fn of(text: &'b str, member: &str) -> Option<Self> {
        let mut at = after(text, 0, '{')?;
        loop {
            let (Text(name), end) = json::value_at(text, after_spaces(text, at)?)?;
            at = after(text, end, ':')?;
            if name == member {
                let start = after(text, at, '[')?;
                return Some(Self { text, start, at: start });
            }
            let (IgnoredAny, end) = json::value_at(text, after_spaces(text, at)?)?;
            at = after(text, end, ',')?;
        }
    }

    pub(super) fn is_over(&self) -> Option<bool> {
        Some(self.text.get(after_spaces(self.text, self.at)?..)?.starts_with(']'))
    }

    /// The next one, and whether it is the expected one.
    pub(super) fn next(&mut self, expected: Option<&str>) -> Option<(&'b str, bool)> {
        let is_first = self.at == self.start;
        let begin = if is_first { self.at } else { after(self.text, self.at, ',')? };
        let begin = after_spaces(self.text, begin)?;
        let rest = self.text.get(begin..)?.as_bytes();
        let expected = expected.filter(|expected| rest.starts_with(expected.as_bytes()));
        let end = match expected {
            Some(expected) => begin + expected.len(),
            None => json::value_at::<IgnoredAny>(self.text, begin)?.1,
        };
        self.at = end;
        Some((self.text.get(begin..end)?, expected.is_some()))
    }

    /// The text before and behind the elements, once all have been gone over.
    pub(super) fn around(&self) -> Option<[&'b str; 2]> {
        Some([self.text.get(..self.start)?, self.text.get(after_spaces(self.text, self.at)?..)?])
    }
}

/// A text with these elements in its list.
pub(super) fn with_list([head, tail]: [&str; 2], elements: &[&str]) -> String {
    [head, &elements.join(","), tail].concat()
}

/// Offset of the first byte from `at` that is no space.
fn after_spaces(text: &str, at: usize) -> Option<usize> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    Some(at + text.as_bytes().get(at..)?.iter().position(|byte| !is_space(byte))?)
}

/// Offset behind this sign, which has to be the next one.
fn after(text: &str, at: usize, sign: char) -> Option<usize> {
    let at = after_spaces(text, at)?;
    text.get(at..)?.starts_with(sign).then(|| at + sign.len_utf8())
}
