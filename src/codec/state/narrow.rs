//! Two states, narrowed to what differs between them.
//!
//! Nearly all of two versions of a state is the same, byte for byte. [`narrow`] goes over both at
//! once, resource by resource, and reads only the instances that are not; a state of 147 MB in
//! which one instance in a hundred differs costs little more than comparing the bytes. It does so
//! for Terraform's own layout (`layout`); two states in any other are read in full, with
//! the same result. What is equal on both sides is checked as far as its structure, its names, its
//! keys and its encoding go; attributes in it are compared and not read. Nothing is decided here.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::file::{InstanceFile, ResourceFile, Text};
use super::layout::{
    Block, Blocks, Head, InstanceEnds, InstanceText, Layout, OtherLayout, is_inside_of_string,
    plain,
};
use super::object::Block as Resource;
use super::{Error, json, parse_text, text};
use crate::model::state::{Instance, Output};
use crate::model::version::{Lineage, Serial};

/// How large a piece of a state is, at least, that is looked at by itself.
const PIECE_BYTES: usize = 2 * 1024 * 1024;

/// A state's bytes, with what is read of them as a whole.
#[derive(Debug)]
pub struct Source<'b> {
    bytes: &'b [u8],
    /// The state without its resources, where it has Terraform's layout.
    frame: Option<Vec<u8>>,
}

impl<'b> Source<'b> {
    /// Takes the bytes; nothing is read yet.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, frame: Layout::of(bytes).map(|layout| layout.frame()) }
    }

    /// Reads the whole state.
    pub fn parse(&self) -> Result<Part<'b>, Error> {
        text(self.bytes).and_then(parse_text)
    }

    /// The instances that have one of these ids, in the order of the state. What cannot be read has
    /// none.
    pub fn with_ids(&self, wanted: &BTreeSet<String>) -> Vec<Instance<'b>> {
        if let Some(layout) = Layout::of(self.bytes)
            && let Ok(found) = with_ids(layout, wanted)
        {
            return found;
        }
        let is_wanted =
            |instance: &Instance<'_>| instance.id.as_ref().is_some_and(|id| wanted.contains(id));
        let all = self.parse().map(|part| part.instances).unwrap_or_default();
        all.into_iter().filter(is_wanted).collect()
    }

    /// The text of its resources, cut between two of them into pieces that can be looked at each by
    /// itself; `None` when the state is not in Terraform's layout.
    pub fn pieces(&self) -> Option<Vec<&'b [u8]>> {
        Layout::of(self.bytes).map(|layout| layout.pieces(PIECE_BYTES))
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &'b [u8] {
        self.bytes
    }
}

/// What one state has that the other has not, and what is true of it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Which history the state belongs to.
    pub lineage: Lineage,
    /// Its place in that history.
    pub serial: Serial,
    /// The version of the tool that wrote it.
    pub writer: Cow<'a, str>,
    /// All of its outputs.
    pub outputs: Vec<Output<'a>>,
    /// Its instances, but for those that the other state has in the same bytes.
    pub instances: Vec<Instance<'a>>,
}

/// What two states have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Common {
    /// How many managed instances are the same on both sides, byte for byte.
    pub managed: u64,
    /// How many data sources are.
    pub data: u64,
}

/// Two states, as far as they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed<'a> {
    /// The first one.
    pub before: Part<'a>,
    /// The second one.
    pub after: Part<'a>,
    /// What both have.
    pub common: Common,
}

/// Which of two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The first one.
    Before,
    /// The second one.
    After,
}

/// One of two states that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Unreadable {
    /// Which one.
    pub which: Which,
    /// Why.
    pub error: Error,
}

/// Reads two states as far as they differ.
pub fn narrow<'s>(
    before: &'s Source<'_>,
    after: &'s Source<'_>,
) -> Result<Narrowed<'s>, Unreadable> {
    // What the quick way does not understand, or finds broken, the parser has the last word on.
    if let Ok(Some(narrowed)) = quick(before, after) {
        return Ok(narrowed);
    }
    let full =
        |which, source: &'s Source<'_>| source.parse().map_err(|error| Unreadable { which, error });
    let before = full(Which::Before, before)?;
    let after = full(Which::After, after)?;
    Ok(Narrowed { before, after, common: Common::default() })
}

/// The same for two states that are in Terraform's layout; `None` for any other.
fn quick<'s>(
    before: &'s Source<'_>,
    after: &'s Source<'_>,
) -> Result<Option<Narrowed<'s>>, OtherLayout> {
    let sides = [before, after].map(|source| {
        let layout = Layout::of(source.bytes)?;
        let frame = json::text(source.frame.as_deref()?).ok()?;
        Some((layout, parse_text(frame).ok()?))
    });
    let [Some((old, before)), Some((new, after))] = sides else { return Ok(None) };
    let mut walk = Walk {
        ends: InstanceEnds::default(),
        old: Lane::new(old),
        new: Lane::new(new),
        common: Common::default(),
        same: Same::default(),
        sound: Sound::default(),
    };
    walk.run()?;
    Ok(Some(Narrowed {
        before: Part { instances: walk.old.apart, ..before },
        after: Part { instances: walk.new.apart, ..after },
        common: walk.common,
    }))
}

/// One state on its way through.
struct Lane<'a> {
    blocks: Blocks<'a>,
    /// The instances of the resource that was read last.
    instances: Vec<InstanceText<'a>>,
    last: Option<Head<'a>>,
    apart: Vec<Instance<'a>>,
}

impl<'a> Lane<'a> {
    fn new(layout: Layout<'a>) -> Self {
        Self { blocks: layout.blocks(), instances: Vec::new(), last: None, apart: Vec::new() }
    }

    /// The next resource, which has to stand in Terraform's order: then no two are the same, and
    /// both sides can be gone through together.
    fn next(&mut self, ends: &InstanceEnds) -> Result<Option<Block<'a>>, OtherLayout> {
        let block = self.blocks.read(ends, &mut self.instances)?;
        match (self.last, block) {
            (Some(last), Some(block)) if last.order(&block.head) != Some(Ordering::Less) => {
                Err(OtherLayout)
            }
            _ => Ok(block),
        }
    }

    fn pass(&mut self, block: &Block<'a>) -> Result<(), OtherLayout> {
        self.last = Some(block.head);
        self.blocks.pass(block)
    }

    /// Reads the instances of a resource that the other state does not have, or not like this.
    fn keep(&mut self, block: &Block<'a>) -> Result<(), OtherLayout> {
        let resource = resource(&block.head)?;
        for instance in &self.instances {
            let text = json::text(instance.text).map_err(|_| OtherLayout)?;
            json::check(text).map_err(|_| OtherLayout)?;
            let file: InstanceFile<'a> = json::deserialize(text).map_err(|_| OtherLayout)?;
            self.apart.push(resource.instance(file).map_err(|_| OtherLayout)?);
        }
        self.pass(block)
    }
}

/// Both states on their way through.
struct Walk<'a> {
    ends: InstanceEnds,
    old: Lane<'a>,
    new: Lane<'a>,
    common: Common,
    same: Same,
    sound: Sound<'a>,
}

impl<'a> Walk<'a> {
    fn run(&mut self) -> Result<(), OtherLayout> {
        let mut old = self.old.next(&self.ends)?;
        let mut new = None;
        while let Some(block) = old {
            let rests = (self.old.blocks.rest(), self.new.blocks.rest());
            if self.same.reaches(block.text.len(), rests) {
                self.count(&block)?;
                self.old.pass(&block)?;
                self.new.pass(&block)?;
                self.same.pass(rests.0.len() - self.old.blocks.rest().len());
                new = None;
                old = self.old.next(&self.ends)?;
                continue;
            }
            if new.is_none() {
                new = self.new.next(&self.ends)?;
            }
            let Some(other) = new else { break };
            self.same = Same::default();
            let order = block.head.order(&other.head).ok_or(OtherLayout)?;
            if order == Ordering::Equal {
                self.pair(&block, &other)?;
            }
            if order != Ordering::Greater {
                self.old.keep(&block)?;
                old = self.old.next(&self.ends)?;
            }
            if order != Ordering::Less {
                self.new.keep(&other)?;
                new = None;
            }
        }
        while let Some(block) = old {
            self.old.keep(&block)?;
            old = self.old.next(&self.ends)?;
        }
        while let Some(block) = self.new.next(&self.ends)? {
            self.new.keep(&block)?;
        }
        Ok(())
    }

    /// A resource that is the same on both sides.
    fn count(&mut self, block: &Block<'a>) -> Result<(), OtherLayout> {
        encoded(block.text)?;
        self.sound.check(&block.head)?;
        self.add(block, self.old.instances.len());
        Ok(())
    }

    fn add(&mut self, block: &Block<'_>, instances: usize) {
        let count = u64::try_from(instances).unwrap_or(u64::MAX);
        match block.head.mode {
            b"data" => self.common.data += count,
            _ => self.common.managed += count,
        }
    }

    /// Two versions of one resource: the instances that both have go.
    fn pair(&mut self, old: &Block<'a>, new: &Block<'a>) -> Result<(), OtherLayout> {
        encoded(old.text)?;
        encoded(new.text)?;
        if old.head == new.head {
            let both = drop_common(&mut self.old.instances, &mut self.new.instances);
            self.add(old, both);
        }
        Ok(())
    }
}

/// Takes out what two lists, each in order, have in common; says how much that was.
fn drop_common(old: &mut Vec<InstanceText<'_>>, new: &mut Vec<InstanceText<'_>>) -> usize {
    let before = old.len();
    let mut others = new.iter().peekable();
    let mut both = Vec::new();
    old.retain(|instance| {
        while others.next_if(|other| other.key.is_before(&instance.key)).is_some() {}
        let is_common = others.next_if(|other| other == &instance).is_some();
        if is_common {
            both.push(instance.key);
        }
        !is_common
    });
    let mut both = both.into_iter().peekable();
    new.retain(|instance| both.next_if(|key| *key == instance.key).is_none());
    before - old.len()
}

/// How many bytes from here on are known to be the same on both sides.
///
/// They are compared far ahead of where the resources are told apart: comparing is as fast as
/// memory then, and what follows finds its bytes in the processor's cache.
#[derive(Default)]
struct Same(usize);

impl Same {
    const STRIDES: [usize; 3] = [64 * 1024, 4 * 1024, 256];

    /// Whether at least so many are.
    fn reaches(&mut self, length: usize, (old, new): (&[u8], &[u8])) -> bool {
        if self.0 < length {
            for stride in Self::STRIDES {
                let is_same = |end| matches!((old.get(self.0..end), new.get(self.0..end)), (Some(a), Some(b)) if a == b);
                if is_same(self.0 + stride) {
                    self.0 += stride;
                    break;
                }
            }
        }
        if self.0 < length
            && matches!((old.get(..length), new.get(..length)), (Some(a), Some(b)) if a == b)
        {
            self.0 = length;
        }
        self.0 >= length
    }

    fn pass(&mut self, length: usize) {
        self.0 = self.0.saturating_sub(length);
    }
}

/// Modules and providers that were found to be readable: most resources share them.
#[derive(Default)]
struct Sound<'a> {
    last: Option<Head<'a>>,
    providers: BTreeSet<&'a [u8]>,
}

impl<'a> Sound<'a> {
    fn check(&mut self, head: &Head<'a>) -> Result<(), OtherLayout> {
        if !matches!(head.mode, b"managed" | b"data") {
            return Err(OtherLayout);
        }
        let is_known = self
            .last
            .is_some_and(|last| last.module == head.module && last.provider == head.provider);
        let is_named = is_inside_of_string(head.kind) && is_inside_of_string(head.name);
        let is_sound =
            is_known || (is_plain_path(head.module) && self.providers.contains(head.provider));
        if !(is_named && is_sound) {
            resource(head)?;
            self.providers.insert(head.provider);
        }
        self.last = Some(*head);
        Ok(())
    }
}

/// Checks that a text is UTF-8. Most are ASCII, which is quicker to see.
fn encoded(text: &[u8]) -> Result<(), OtherLayout> {
    if text.is_ascii() || json::text(text).is_ok() { Ok(()) } else { Err(OtherLayout) }
}

/// Finds instances by their ids: only the resources are read that may have one.
fn with_ids<'a>(
    layout: Layout<'a>,
    wanted: &BTreeSet<String>,
) -> Result<Vec<Instance<'a>>, OtherLayout> {
    let is_wanted = |id: &[u8]| match std::str::from_utf8(id) {
        Ok(id) if !id.contains('\\') => wanted.contains(id),
        Ok(_) | Err(_) => true,
    };
    let mut found = Vec::new();
    for block in layout.blocks_with(b"\n            \"id\": \"", is_wanted) {
        let ends = InstanceEnds::default();
        let mut lane =
            Lane { blocks: block?, instances: Vec::new(), last: None, apart: Vec::new() };
        if let Some(block) = lane.next(&ends)? {
            lane.keep(&block)?;
        }
        found.append(&mut lane.apart);
    }
    found.retain(|instance| instance.id.as_ref().is_some_and(|id| wanted.contains(id)));
    Ok(found)
}

/// Whether this is without doubt a module path: only letters, digits and what joins them, as in
/// `module.a[\"x\"].module.b`. The parser decides about any other.
fn is_plain_path(module: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(module) else { return false };
    let mut rest = text;
    while !rest.is_empty() {
        let Some(step) = rest.strip_prefix("module.") else { return false };
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name_end = step.find(|c| !is_word(c)).unwrap_or(step.len());
        let (name, after) = step.split_at(name_end);
        let digits =
            after.strip_prefix('[').map(|key| key.trim_start_matches(|c: char| c.is_ascii_digit()));
        let after = match after.strip_prefix("[\\\"") {
            Some(key) => {
                let key_end = key.find(|c| !is_word(c)).unwrap_or(key.len());
                let Some(after) = key.get(key_end..).and_then(|rest| rest.strip_prefix("\\\"]"))
                else {
                    return false;
                };
                after
            }
            None => match digits.and_then(|rest| rest.strip_prefix(']')) {
                Some(rest) if !after.starts_with("[]") => rest,
                Some(_) | None => after,
            },
        };
        rest = match after.strip_prefix('.') {
            Some(more) if !more.is_empty() => more,
            None if after.is_empty() => after,
            Some(_) | None => return false,
        };
        if name.is_empty() {
            return false;
        }
    }
    true
}

/// What all instances of a resource share, read as the parser reads it.
fn resource(head: &Head<'_>) -> Result<Resource, OtherLayout> {
    let text = |raw| plain(raw).map(|text| Some(Text(text))).ok_or(OtherLayout);
    let file = ResourceFile {
        module: text(head.module)?,
        mode: text(head.mode)?,
        kind: text(head.kind)?,
        name: text(head.name)?,
        provider: text(head.provider)?,
        ..ResourceFile::default()
    };
    Resource::read(&file).map_err(|_| OtherLayout)
}

#[cfg(test)]
mod tests;
