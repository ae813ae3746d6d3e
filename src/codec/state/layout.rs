//! Where resources and instances stand in a state that Terraform wrote itself, found without
//! reading it.
//!
//! Terraform indents by two spaces, and JSON has no raw line break inside of a string: a line that
//! begins with so many spaces and a bracket is structure and nothing else. So the pieces of a state
//! are found by searching for line beginnings, many times faster than by reading it. Whatever looks
//! different in any way (minified, indented otherwise, in another order, with unknown members in a
//! resource) has no [`Layout`] here, and its reader falls back to the parser. Nothing here looks
//! into an instance.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memmem;

use super::json;

const RESOURCES: &[u8] = b"\n  \"resources\": [";
const RESOURCES_END: &[u8] = b"\n  ]";
const BLOCK: &[u8] = b"\n    {\n";
const INSTANCES: &[u8] = b"      \"instances\": [";
const INSTANCES_END: &[u8] = b"\n      ]\n    }";
const NO_INSTANCES_END: &[u8] = b"]\n    }";
const INSTANCE_INDENT: &[u8] = b"\n        ";
const INSTANCE_END: &[u8] = b"\n        }";
const INDEX_KEY: &[u8] = b"          \"index_key\": ";
const DEPOSED: &[u8] = b"          \"deposed\": ";

/// A state in Terraform's own layout: what comes before its resources, the resources, the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    head: &'a [u8],
    resources: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Layout<'a> {
    /// Finds the three parts; `None` for any other layout.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let start = memmem::find(bytes, RESOURCES)? + RESOURCES.len();
        let (head, rest) = bytes.split_at_checked(start)?;
        if rest.starts_with(b"]") {
            return Some(Self { head, resources: &[], tail: rest });
        }
        let end = memmem::rfind(rest, RESOURCES_END)?;
        let (resources, tail) = rest.split_at_checked(end)?;
        resources.starts_with(BLOCK).then_some(Self { head, resources, tail })
    }

    /// The state without its resources: what is read of it as a whole.
    pub(super) fn frame(&self) -> Vec<u8> {
        [self.head, self.tail].concat()
    }

    /// Its resources, in order.
    pub(super) fn blocks(&self) -> Blocks<'a> {
        Blocks { rest: self.resources }
    }

    /// The resources in which `is_wanted` is true of a text that stands behind these words, each
    /// with what follows it.
    pub(super) fn blocks_with(
        &self,
        words: &[u8],
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Vec<Result<Blocks<'a>, OtherLayout>> {
        let mut found: Vec<Result<Blocks<'a>, OtherLayout>> = Vec::new();
        let mut last = None;
        for hit in memmem::find_iter(self.resources, words) {
            let text = self.resources.get(hit + words.len()..).unwrap_or_default();
            let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
            let text = text.get(..end).unwrap_or_default();
            let text = text.strip_suffix(b",").unwrap_or(text);
            if !text.strip_suffix(b"\"").is_none_or(&is_wanted) {
                continue;
            }
            let start = self.block_at(hit);
            if start.is_none() || start != last {
                let rest = start.and_then(|start| self.resources.get(start..));
                found.push(rest.map(|rest| Blocks { rest }).ok_or(OtherLayout));
            }
            last = start;
        }
        found
    }

    /// Where the resource begins that this place lies in.
    fn block_at(&self, place: usize) -> Option<usize> {
        let mut end = place + 1;
        loop {
            let start = memchr::memrchr(b'\n', self.resources.get(..end)?)?;
            if self.resources.get(start..)?.starts_with(BLOCK) {
                return Some(start);
            }
            end = start;
        }
    }

    /// The text of all resources in pieces of at least so many bytes, but for the last, each of
    /// which begins with a resource.
    pub(super) fn pieces(&self, bytes: usize) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        let mut rest = self.resources;
        let cut = |rest: &'a [u8]| {
            let end = bytes + memmem::find(rest.get(bytes..)?, BLOCK)?;
            rest.split_at_checked(end)
        };
        while let Some((piece, more)) = cut(rest) {
            pieces.push(piece);
            rest = more;
        }
        pieces.push(rest);
        pieces
    }
}

/// The resources that are left, each from its line break to its closing brace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks<'a> {
    rest: &'a [u8],
}

/// A layout that is not Terraform's after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OtherLayout;

impl<'a> Blocks<'a> {
    /// Reads the next resource, which stays where it is, and puts its instances into `instances`;
    /// `None` behind the last one.
    pub(super) fn read(
        &self,
        finder: &InstanceEnds,
        instances: &mut Vec<InstanceText<'a>>,
    ) -> Result<Option<Block<'a>>, OtherLayout> {
        instances.clear();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (head, body) = Head::read(self.rest).ok_or(OtherLayout)?;
        let after = take_instances(body, finder, instances).ok_or(OtherLayout)?;
        let length = self.rest.len().checked_sub(after.len()).ok_or(OtherLayout)?;
        let text = self.rest.get(..length).ok_or(OtherLayout)?;
        Ok(Some(Block { head, text }))
    }

    /// Everything that is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes on behind the next resource, which is as long as this one.
    pub(super) fn pass(&mut self, block: &Block<'_>) -> Result<(), OtherLayout> {
        let rest = self.rest.get(block.text.len()..).ok_or(OtherLayout)?;
        self.rest = match rest.strip_prefix(b",") {
            Some(more) if more.starts_with(BLOCK) => more,
            None if rest.is_empty() => rest,
            Some(_) | None => return Err(OtherLayout),
        };
        Ok(())
    }
}

/// The search for the end of an instance, prepared once.
#[derive(Debug)]
pub(super) struct InstanceEnds(memmem::Finder<'static>);

impl Default for InstanceEnds {
    fn default() -> Self {
        Self(memmem::Finder::new(INSTANCE_END))
    }
}

/// A resource: what stands above its instances, and the whole of it from its line break to its
/// closing brace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) head: Head<'a>,
    pub(super) text: &'a [u8],
}

/// What stands above the instances of a resource: the insides of JSON strings, escapes kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) module: &'a [u8],
    pub(super) mode: &'a [u8],
    pub(super) kind: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) provider: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads the lines above the instances; what is left begins behind the bracket.
    fn read(block: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let rest = block.strip_prefix(BLOCK)?;
        let (module, rest) = match line(rest, b"      \"module\": \"") {
            Some(found) => found,
            None => (&[][..], rest),
        };
        let (mode, rest) = line(rest, b"      \"mode\": \"")?;
        let (kind, rest) = line(rest, b"      \"type\": \"")?;
        let (name, rest) = line(rest, b"      \"name\": \"")?;
        let (provider, rest) = line(rest, b"      \"provider\": \"")?;
        Some((Self { module, mode, kind, name, provider }, rest.strip_prefix(INSTANCES)?))
    }

    /// How Terraform orders resources: by module, mode, type and name. `None` where escapes make
    /// the order of the text another than that of its meaning.
    pub(super) fn order(&self, other: &Head<'_>) -> Option<Ordering> {
        let parts = [
            (self.module, other.module),
            (self.mode, other.mode),
            (self.kind, other.kind),
            (self.name, other.name),
        ];
        for (a, b) in parts {
            match text_order(a, b)? {
                Ordering::Equal => {}
                unequal @ (Ordering::Less | Ordering::Greater) => return Some(unequal),
            }
        }
        Some(Ordering::Equal)
    }
}

/// Compares what two JSON strings mean, given as they are written. Only `\"` and `\\` are
/// understood; other escapes at the first difference give `None`.
fn text_order(a: &[u8], b: &[u8]) -> Option<Ordering> {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (common, rest_a) = a.split_at_checked(same)?;
    let rest_b = b.get(same..)?;
    let escapes = common.iter().rev().take_while(|byte| **byte == b'\\').count();
    if escapes % 2 == 1 {
        return None;
    }
    let first = |rest: &[u8]| match rest {
        [] => Some(None),
        [b'\\', escaped @ (b'"' | b'\\'), ..] => Some(Some(*escaped)),
        [b'\\', ..] => None,
        [plain, ..] => Some(Some(*plain)),
    };
    Some(first(rest_a)?.cmp(&first(rest_b)?))
}

/// The inside of the JSON string on a line that begins like this, and what follows the line.
fn line<'a>(text: &'a [u8], beginning: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let value = text.strip_prefix(beginning)?;
    let end = memchr::memchr(b'\n', value)?;
    Some((value.get(..end)?.strip_suffix(b"\",")?, value.get(end + 1..)?))
}

/// Tells instances apart, each from `{` to `}`, in Terraform's order and without a twin; `None` when
/// they are not. What is left begins behind the resource's closing brace.
fn take_instances<'a>(
    body: &'a [u8],
    finder: &InstanceEnds,
    instances: &mut Vec<InstanceText<'a>>,
) -> Option<&'a [u8]> {
    if let Some(rest) = body.strip_prefix(NO_INSTANCES_END) {
        return Some(rest);
    }
    let mut rest = body;
    let mut last: Option<Key<'a>> = None;
    loop {
        let inside = rest.strip_prefix(INSTANCE_INDENT)?;
        let end = finder.0.find(inside)? + INSTANCE_END.len();
        let (instance, after) = inside.split_at_checked(end)?;
        let key = Key::read(instance)?;
        if last.is_some_and(|last| !last.is_before(&key)) {
            return None;
        }
        last = Some(key);
        instances.push(InstanceText { key, text: instance });
        match after.strip_prefix(b",") {
            Some(more) => rest = more,
            None => return after.strip_prefix(INSTANCES_END),
        }
    }
}

/// An instance from `{` to `}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InstanceText<'a> {
    pub(super) key: Key<'a>,
    pub(super) text: &'a [u8],
}

/// What tells the instances of one resource apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// `index_key` as it is written.
    index: Option<&'a [u8]>,
    /// `deposed` as it is written.
    deposed: Option<&'a [u8]>,
}

impl<'a> Key<'a> {
    fn read(instance: &'a [u8]) -> Option<Self> {
        let (index, rest) = after_value(instance.strip_prefix(b"{\n")?, INDEX_KEY);
        // `status` may stand in between.
        let rest = match rest.strip_prefix(b"          \"status\": \"tainted\",\n") {
            Some(rest) => rest,
            None => rest,
        };
        let (deposed, _) = after_value(rest, DEPOSED);
        let is_key = |raw: &[u8]| is_string(raw) || number(raw).is_some();
        (index.is_none_or(is_key) && deposed.is_none_or(is_string))
            .then_some(Self { index, deposed })
    }

    /// Whether `self` stands before `other` without doubt: no key, then numbers, then texts; what
    /// is deposed after what is not.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        let order = match (self.index, other.index) {
            (None, None) => Some(Ordering::Equal),
            (None, Some(_)) => Some(Ordering::Less),
            (Some(_), None) => Some(Ordering::Greater),
            (Some(a), Some(b)) => index_order(a, b),
        };
        match order {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => match (self.deposed, other.deposed) {
                (None, Some(_)) => true,
                (Some(a), Some(b)) => a < b,
                (Some(_) | None, None) => false,
            },
            Some(Ordering::Greater) | None => false,
        }
    }
}

fn index_order(a: &[u8], b: &[u8]) -> Option<Ordering> {
    let text = |raw: &'_ [u8]| raw.first() == Some(&b'"');
    match (text(a), text(b)) {
        (false, true) => Some(Ordering::Less),
        (true, false) => Some(Ordering::Greater),
        // The closing quotes go: they would take part in the order.
        (true, true) => {
            text_order(a.strip_suffix(b"\"").unwrap_or(a), b.strip_suffix(b"\"").unwrap_or(b))
        }
        (false, false) => Some(number(a)?.cmp(&number(b)?)),
    }
}

fn number(raw: &[u8]) -> Option<u64> {
    let is_json = !raw.starts_with(b"+") && (raw == b"0" || !raw.starts_with(b"0"));
    std::str::from_utf8(raw).ok().filter(|_| is_json)?.parse().ok()
}

/// Whether this is a JSON string, as far as can be said without doubt.
fn is_string(raw: &[u8]) -> bool {
    let inside = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
    inside.is_some_and(is_inside_of_string)
}

/// What the inside of a JSON string means, whose escapes were kept; `None` where it is none.
pub(super) fn plain(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text = json::text(raw).ok()?;
    if is_inside_of_string(raw) && !raw.contains(&b'\\') {
        return Some(Cow::Borrowed(text));
    }
    json::deserialize(&format!("\"{text}\"")).map(Cow::Owned).ok()
}

/// Whether this can stand between the quotes of a JSON string; of escapes only the simple ones.
pub(super) fn is_inside_of_string(raw: &[u8]) -> bool {
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        let is_sound = match byte {
            b'\\' => bytes.next().is_some_and(|escaped| matches!(escaped, b'"' | b'\\')),
            b'"' | 0..0x20 => false,
            _ => true,
        };
        if !is_sound {
            return false;
        }
    }
    true
}

/// The value on the first line, if it is the member that begins like this, and what follows.
fn after_value<'a>(text: &'a [u8], beginning: &[u8]) -> (Option<&'a [u8]>, &'a [u8]) {
    let found = text.strip_prefix(beginning).and_then(|value| {
        let end = memchr::memchr(b'\n', value)?;
        Some((value.get(..end)?.strip_suffix(b",")?, value.get(end + 1..)?))
    });
    match found {
        Some((value, rest)) => (Some(value), rest),
        None => (None, text),
    }
}
