//! Attributes in a state of which something must not be shown, found without reading the rest.
//!
//! In Terraform's own layout a member's name begins its line. So a name that says "secret" and a
//! list of sensitive paths are found by searching the text for words, and the attribute that they
//! belong to is cut out from where it stands. Which words those are, which names say "secret", and
//! what of the attribute is one, is the caller's to decide: here is only decided which attributes
//! are worth the look. Outputs are not looked at.

use std::collections::BTreeMap;

use aho_corasick::packed;
use memchr::{memchr, memmem, memrchr};

use super::json;
use super::layout::plain;
use super::paths::sensitive_paths;
use crate::model::value::{Path, RawJson, Step};

/// What stands before a list of sensitive paths that is not empty, in an instance.
const SENSITIVE: &str = "\"sensitive_attributes\": [\n";
const SENSITIVE_NAME: &[u8] = b"sensitive_attributes";
const ATTRIBUTES: &[u8] = b"          \"attributes\": {";
/// How far an attribute's line is indented.
const INDENT: usize = 12;
/// What an attribute's line begins with.
const ATTRIBUTE: &[u8] = b"            \"";
/// Members that say what the member `value` beside them is.
const NAMES: [&[u8]; 4] = [b"name", b"key", b"Name", b"Key"];

/// A word to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word as it is spelled.
    pub text: String,
    /// Letters in lower case of which one has to follow, at once or behind `_` or `-`; empty where
    /// anything may.
    pub then: &'static str,
}

/// The search for words, prepared once.
#[derive(Debug)]
pub struct Search {
    searcher: packed::Searcher,
    /// What has to follow each word; nothing behind the list, which is the last of them.
    thens: Vec<&'static str>,
    is_secret: fn(&str) -> bool,
}

impl Search {
    /// Looks for names that hold one of `words`, as it is spelled, and for which `is_secret` is
    /// true; `None` when there are too many words to search for at once.
    pub fn new(words: &[Word], is_secret: fn(&str) -> bool) -> Option<Self> {
        let patterns = words.iter().map(|word| word.text.as_bytes());
        let patterns = patterns.chain(std::iter::once(SENSITIVE.as_bytes()));
        let thens = words.iter().map(|word| word.then).collect();
        Some(Self { searcher: packed::Searcher::new(patterns)?, thens, is_secret })
    }

    /// Whether what has to follow a word does. Most words that are found end here.
    fn follows(&self, text: &[u8], hit: &aho_corasick::Match) -> bool {
        let then = self.thens.get(hit.pattern().as_usize()).copied().unwrap_or_default();
        let next = |at: usize| text.get(at).map(u8::to_ascii_lowercase);
        let is_one = |byte: Option<u8>| byte.is_some_and(|byte| then.as_bytes().contains(&byte));
        then.is_empty()
            || is_one(next(hit.end()))
            || (matches!(next(hit.end()), Some(b'_' | b'-')) && is_one(next(hit.end() + 1)))
    }
}

impl Search {
    /// Whether a name says so, given as it is written.
    fn is_secret(&self, name: &[u8]) -> bool {
        plain(name).is_none_or(|name| (self.is_secret)(&name))
    }
}

/// Names of members that were looked at: a state has many members and few names.
struct Names<'a, 'n> {
    search: &'n Search,
    known: BTreeMap<&'a [u8], bool>,
}

impl<'a> Names<'a, '_> {
    fn is_secret(&mut self, name: &'a [u8]) -> bool {
        let search = self.search;
        *self.known.entry(name).or_insert_with(|| search.is_secret(name))
    }
}

/// An attribute in which something is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked<'a> {
    /// The attribute's name.
    pub name: String,
    /// Its value.
    pub value: RawJson<'a>,
    /// What is marked in it, as paths that begin with its name; empty where only a name says so.
    pub paths: Vec<Path>,
}

/// Every attribute in a piece of a state in which something is secret; `None` when it is not in
/// Terraform's layout after all, and the state has to be read as a whole.
pub fn marked<'s>(text: &'s [u8], search: &Search) -> Option<Vec<Marked<'s>>> {
    let mut found = Vec::new();
    let mut names = Names { search, known: BTreeMap::new() };
    let mut at = 0;
    while let Some(hit) = search.searcher.find_in(text, (at..text.len()).into()) {
        if !search.follows(text, &hit) {
            at = hit.start() + 1;
            continue;
        }
        // It never goes back, whatever the text is.
        at = take(text, hit.start(), &mut names, &mut found)?.max(hit.start() + 1);
    }
    Some(found)
}

/// Takes what was found at `hit`, and says where to go on.
fn take<'a>(
    text: &'a [u8],
    hit: usize,
    names: &mut Names<'a, '_>,
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
    if member.indent < INDENT {
        // Of the resource or of the instance, and not of its attributes.
        return Some(hit + 1);
    }
    let in_line = hit - start;
    match member.says(in_line, names) {
        Says::Nothing => Some(end.max(hit + 1)),
        Says::NothingHere => Some(hit + 1),
        Says::ValueIsSecret => {
            let mut value = [&b"value"[..], b"Value"].into_iter();
            let value = value.find_map(|name| beside(text, start, member.indent, name));
            if let Some(value) = value.as_ref().filter(|_| member.indent == INDENT) {
                let name = plain(value.name)?.into_owned();
                let paths = vec![Path(vec![Step::Name(name.clone())])];
                found.push(Marked { name, value: value.value()?, paths });
            }
            // A name that is a document may have names of its own.
            if value.is_some() || member.rest.strip_prefix(b"\"").is_some_and(may_be_document) {
                take_attribute(text, start, found)
            } else {
                Some(end)
            }
        }
        Says::Secret => take_attribute(text, start, found),
    }
}

/// Takes the attribute that the line at `start` belongs to; says where it ends.
fn take_attribute<'a>(text: &'a [u8], start: usize, found: &mut Vec<Marked<'a>>) -> Option<usize> {
    let mut line = start;
    while !text.get(line..)?.starts_with(ATTRIBUTE) {
        line = memrchr(b'\n', text.get(..line.checked_sub(1)?)?)? + 1;
    }
    let member = Member::of(text.get(line..)?)?;
    let value = member.value()?;
    found.push(Marked { name: plain(member.name)?.into_owned(), value, paths: Vec::new() });
    Some(line + member.value_start + value.0.len())
}

/// The member `name` of the object that the member at `start` belongs to, which is indented so far.
fn beside<'a>(text: &'a [u8], start: usize, indent: usize, name: &[u8]) -> Option<Member<'a>> {
    let above = |line: usize| Some(memrchr(b'\n', text.get(..line.checked_sub(1)?)?)? + 1);
    let deeper = b" ".repeat(indent);
    let mut first = start;
    while let Some(line) =
        above(first).filter(|line| text.get(*line..).is_some_and(|t| t.starts_with(&deeper)))
    {
        first = line;
    }
    let mut rest = text.get(first..)?;
    while rest.starts_with(&deeper) {
        if let Some(member) = Member::of(rest)
            && member.indent == indent
            && member.name == name
        {
            return Some(member);
        }
        rest = rest.get(memchr(b'\n', rest)? + 1..)?;
    }
    None
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
        if line.starts_with(ATTRIBUTE)
            && let Some(member) = Member::of(above.get(start..)?)
            && let Some((name, paths)) = wanted.remove_entry(plain(member.name)?.as_ref())
        {
            found.push(Marked { name, value: member.value()?, paths });
        }
        rest = before.strip_suffix(b"\n")?;
    }
    Some(())
}

/// What a word in a line means.
enum Says {
    /// Nothing, and neither does another word in this line.
    Nothing,
    /// Nothing.
    NothingHere,
    /// The member, or something in it, is secret.
    Secret,
    /// The member `value` beside this one is.
    ValueIsSecret,
}

/// A member of an object, or an element of a list, on a line of its own.
struct Member<'a> {
    indent: usize,
    /// Its name, escapes kept; empty for an element.
    name: &'a [u8],
    /// Where its value begins in the line.
    value_start: usize,
    /// What begins there, to the end of the text.
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
        Some(match rest.strip_prefix(b"\": ") {
            Some(rest) => Self { indent, name, value_start: indent + end + b"\"\": ".len(), rest },
            None => Self { indent, name: b"", value_start: indent, rest: text.get(indent..)? },
        })
    }

    /// What the word at this place of the line means.
    fn says(&self, at: usize, names: &mut Names<'a, '_>) -> Says {
        if at < self.value_start {
            let nothing = [&b"null"[..], b"\"\"", b"[]", b"{}", b"true", b"false"];
            let is_nothing = nothing.iter().any(|nothing| self.rest.starts_with(nothing));
            return if !is_nothing && names.is_secret(self.name) {
                Says::Secret
            } else {
                Says::NothingHere
            };
        }
        let Some(value) = self.value() else { return Says::Nothing };
        let value = value.0.as_bytes();
        let text = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        let Some(text) = text else { return Says::Nothing };
        if NAMES.contains(&self.name) && names.search.is_secret(text) {
            return Says::ValueIsSecret;
        }
        if may_be_document(text) {
            says_inside(value, at - self.value_start, names.search)
        } else {
            Says::Nothing
        }
    }

    /// Its value: the rest of the line, or everything to the bracket that closes it.
    fn value(&self) -> Option<RawJson<'a>> {
        let line = self.rest.get(..memchr(b'\n', self.rest)?)?;
        let raw = match line {
            b"{" | b"[" => {
                let close = if line == b"{" { "}" } else { "]" };
                let end = ["\n", &" ".repeat(self.indent), close].concat();
                self.rest.get(..memmem::find(self.rest, end.as_bytes())? + end.len())?
            }
            line => line.strip_suffix(b",").unwrap_or(line),
        };
        Some(RawJson(json::text(raw).ok()?))
    }
}

/// Whether a string may hold a JSON document, given from its first character on.
fn may_be_document(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start(), [b'{' | b'[' | b'\\', ..])
}

/// What a word means in a string that holds a JSON document, of which `at` is a place.
fn says_inside(value: &[u8], at: usize, search: &Search) -> Says {
    let quote: &[u8] = b"\\\"";
    let around = value.split_at_checked(at).and_then(|(before, after)| {
        let start = memmem::rfind(before, quote)? + quote.len();
        let end = at + memmem::find(after, quote)?;
        Some((value.get(..start)?, value.get(start..end)?, value.get(end..)?))
    });
    let Some((before, name, after)) = around else { return Says::NothingHere };
    // A quote that is escaped twice is a document in the document: too deep to tell from here.
    if name.contains(&b'\\') || before.ends_with(b"\\\\\"") || after.starts_with(b"\\\\") {
        return Says::Secret;
    }
    let after = after.strip_prefix(quote).unwrap_or(after).trim_ascii_start();
    let is_name = after.starts_with(b":");
    let is_named = || {
        let before = before.strip_suffix(quote).unwrap_or(before).trim_ascii_end();
        before.strip_suffix(b":").map(<[u8]>::trim_ascii_end).is_some_and(|before| {
            NAMES.iter().any(|name| before.ends_with(&[quote, name, quote].concat()))
        })
    };
    if (is_name || is_named()) && search.is_secret(name) { Says::Secret } else { Says::NothingHere }
}

#[cfg(test)]
mod tests;
