//! Values in a state that must not be shown, found without reading the rest of it.
//!
//! For Terraform's own layout: a member's name begins its line, so that a name that says "secret"
//! and a list of sensitive paths are found by searching the text, and the value is cut out from
//! where it stands. Which words say "secret" is the caller's to decide, and so is what it does with
//! the values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aho_corasick::packed;
use memchr::{memchr, memmem, memrchr};

use super::json;
use super::layout::Layout;
use super::narrow::Source;
use super::paths::sensitive_paths;
use crate::model::value::{Path, RawJson, Step};

/// What stands before a list of sensitive paths that is not empty, in an instance.
const SENSITIVE: &str = "\"sensitive_attributes\": [\n";
const SENSITIVE_NAME: &[u8] = b"sensitive_attributes";
const ATTRIBUTES: &[u8] = b"          \"attributes\": {";
/// How a member of an instance's attributes begins.
const MEMBER: &[u8] = b"            \"";

/// Finds names and lists of paths; prepared once.
#[derive(Debug)]
pub struct Search {
    searcher: packed::Searcher,
    is_secret: fn(&str) -> bool,
}

impl Search {
    /// Looks for members whose name holds one of `words`, as it is spelled, and for which
    /// `is_secret` is true; `None` when there are too many words to search for at once.
    pub fn new(words: &[&str], is_secret: fn(&str) -> bool) -> Option<Self> {
        let patterns = words.iter().chain(std::iter::once(&SENSITIVE));
        let searcher = packed::Searcher::new(patterns.map(|word| word.as_bytes()))?;
        Some(Self { searcher, is_secret })
    }
}

/// Something in a state that must not be shown, or of which a part must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marked<'a> {
    /// All of this value, because of its name.
    Named(RawJson<'a>),
    /// What these paths lead to, in the attribute of this name.
    Attribute {
        /// The attribute's name.
        name: String,
        /// Its value.
        value: RawJson<'a>,
        /// Paths that Terraform marks, beginning with the attribute.
        paths: Vec<Path>,
    },
}

/// Every marked value of a state's instances; `None` when it is not in Terraform's layout and has
/// to be read as a whole. Outputs are not looked at.
pub fn marked<'s>(source: &'s Source<'_>, search: &Search) -> Option<Vec<Marked<'s>>> {
    let text = Layout::of(source.bytes())?.resources();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(hit) = search.searcher.find_in(text, (at..text.len()).into()) {
        at = take(text, hit.start(), search, &mut found)?;
    }
    Some(found)
}

/// Takes what was found at `hit`, and says where to go on.
fn take<'a>(
    text: &'a [u8],
    hit: usize,
    search: &Search,
    found: &mut Vec<Marked<'a>>,
) -> Option<usize> {
    let (before, after) = text.split_at_checked(hit)?;
    let start = memrchr(b'\n', before)? + 1;
    let end = hit + memchr(b'\n', after)?;
    let Some(member) = Member::of(text.get(start..)?) else { return Some(end) };
    if member.name == SENSITIVE_NAME {
        let list = member.value()?;
        take_sensitive(text.get(..start)?, list, found)?;
        return Some(start + list.0.len());
    }
    let is_in_name = start + member.indent + 1 + member.name.len() > hit;
    if is_in_name && !member.is_empty() && (search.is_secret)(&plain(member.name)?) {
        found.push(Marked::Named(member.value()?));
    }
    Some(end)
}

/// Takes the attributes that a list of sensitive paths names from the lines `above` it.
fn take_sensitive<'a>(
    above: &'a [u8],
    list: RawJson<'_>,
    found: &mut Vec<Marked<'a>>,
) -> Option<()> {
    let mut wanted: BTreeMap<String, Vec<Path>> = BTreeMap::new();
    for path in sensitive_paths(list.0)? {
        if let Some(Step::Name(name)) = path.0.first() {
            wanted.entry(name.clone()).or_default().push(path);
        }
    }
    let mut rest = above.strip_suffix(b"\n")?;
    while !wanted.is_empty() {
        let start = memrchr(b'\n', rest)? + 1;
        let (before, line) = rest.split_at_checked(start)?;
        if line.starts_with(ATTRIBUTES) {
            break;
        }
        if line.get(..MEMBER.len()) == Some(MEMBER)
            && let Some(member) = Member::of(above.get(start..)?)
            && let Some(paths) = wanted.remove(plain(member.name)?.as_ref())
        {
            let name = plain(member.name)?.into_owned();
            found.push(Marked::Attribute { name, value: member.value()?, paths });
        }
        rest = before.strip_suffix(b"\n")?;
    }
    Some(())
}

/// A member of an object, on a line of its own.
struct Member<'a> {
    indent: usize,
    /// Its name, escapes kept.
    name: &'a [u8],
    /// What stands behind the colon, to the end of the text.
    rest: &'a [u8],
}

impl<'a> Member<'a> {
    /// Reads the line that `text` begins with.
    fn of(text: &'a [u8]) -> Option<Self> {
        let indent = text.iter().take_while(|byte| **byte == b' ').count();
        let inside = text.get(indent..)?.strip_prefix(b"\"")?;
        let mut end = memchr(b'"', inside)?;
        while inside.get(..end)?.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1 {
            end += 1 + memchr(b'"', inside.get(end + 1..)?)?;
        }
        let (name, rest) = inside.split_at_checked(end)?;
        Some(Self { indent, name, rest: rest.strip_prefix(b"\": ")? })
    }

    /// Whether its value has nothing in it that could be secret.
    fn is_empty(&self) -> bool {
        let empty: [&[u8]; 6] = [b"\"\"", b"null", b"false", b"true", b"[]", b"{}"];
        empty.iter().any(|value| {
            self.rest
                .strip_prefix(*value)
                .is_some_and(|rest| rest.starts_with(b",") || rest.starts_with(b"\n"))
        })
    }

    /// Its value: the rest of the line, or everything to the bracket that closes it.
    fn value(&self) -> Option<RawJson<'a>> {
        let line = self.rest.get(..memchr(b'\n', self.rest)?)?;
        let raw = match line {
            b"{" | b"[" => {
                let close: &[u8] = if line == b"{" { b"}" } else { b"]" };
                let end = ["\n", &" ".repeat(self.indent)].concat().into_bytes();
                let end = [&end, close].concat();
                self.rest.get(..memmem::find(self.rest, &end)? + end.len())?
            }
            line => line.strip_suffix(b",").unwrap_or(line),
        };
        Some(RawJson(json::text(raw).ok()?))
    }
}

fn plain(name: &[u8]) -> Option<Cow<'_, str>> {
    let text = json::text(name).ok()?;
    if text.contains('\\') {
        return json::deserialize(&format!("\"{text}\"")).map(Cow::Owned).ok();
    }
    Some(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests;
