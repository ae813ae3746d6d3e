//! Two states read side by side: nearly all of two versions of a state is the same text.
//!
//! The first state is scanned, and its resources are told by their text. A resource of the second
//! one is the same if its text is: an object ends where it ends, so that no more has to be known of
//! it, whatever the layout. Of both sides a state is left that has only the resources that differ,
//! and these two are read like any other. Of the resources that both have, it is known that they
//! are JSON that can be read in one way, and no more: whatever they mean, they mean the same. The
//! parser has the last word on whatever is not understood here; then nothing is in common. Nothing
//! is decided about what differs.

#![expect(
    clippy::disallowed_types,
    reason = "resources are looked up and never put out in any order"
)]

mod elements;
mod outline;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use foldhash::fast::RandomState;
use serde_json::value::RawValue;

use self::elements::{Elements, with_list};
pub use self::outline::Suspicion;
use self::outline::{AttributeOutline, InstanceOutline, Outline, Outliner};
use super::file::{ResourceFile, Text};
use super::object::Block;
use super::paths::sensitive_paths;
use super::{Error, StatePart, parse_text, text};
use crate::codec::json;
use crate::model::address::Mode;
use crate::model::state::Instance;
use crate::model::value::{Path, RawJson};

/// Smaller states are read sooner than they are narrowed.
const NARROWED_BYTES_MIN: usize = 1024 * 1024;

/// Two states side by side.
#[derive(Debug)]
pub struct Beside<'b> {
    whole: [&'b [u8]; 2],
    narrowed: Option<Narrowed<'b>>,
}

/// Two states, taken apart into resources that differ and resources that both have.
#[derive(Debug)]
struct Narrowed<'b> {
    /// Both states, with only those of their resources that differ.
    apart: [String; 2],
    /// The resources that both have.
    shared: Vec<Outline<'b>>,
    common: Common,
}

/// Counts of the objects that two states have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Common {
    /// How many managed objects are in resources that are the same text on both sides.
    pub managed: u64,
    /// How many data sources are.
    pub data: u64,
}

/// Two states, as far as they were read.
#[derive(Debug)]
pub struct StatePair<'t> {
    /// The first one.
    pub before: StatePart<'t>,
    /// The second one.
    pub after: StatePart<'t>,
    /// Counts of the objects that neither of them shows.
    pub common: Common,
}

/// An object that both states have, in which something may be secret.
#[derive(Debug, Clone)]
pub struct Suspect<'s> {
    /// All of its attributes.
    pub attributes: RawJson<'s>,
    /// The paths that are marked in them.
    pub marks: Vec<Path>,
    /// Those that have a name that says "secret", or hold one.
    pub named: Vec<(Cow<'s, str>, RawJson<'s>)>,
    /// Whether one of them says that another one is secret.
    pub names_a_secret: bool,
}

/// Looks at what may be secret.
type SuspectLook<'l> = &'l mut dyn FnMut(Suspect<'_>);

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
pub struct UnreadableSide {
    /// Which one.
    pub which: Which,
    /// Why.
    pub error: Error,
}

impl<'b> Beside<'b> {
    /// Goes through two states; nothing is refused yet. Of the objects that both have, those are
    /// looked at in which something may be secret.
    pub fn new(
        before: &'b [u8],
        after: &'b [u8],
        suspicion: Suspicion,
        look: SuspectLook<'_>,
    ) -> Self {
        if before.len() >= NARROWED_BYTES_MIN {
            Self::of_any_size(before, after, suspicion, look)
        } else {
            Self { whole: [before, after], narrowed: None }
        }
    }

    /// The same for a caller that shows nothing of them.
    pub fn without_secrets(before: &'b [u8], after: &'b [u8]) -> Self {
        Self::new(before, after, Suspicion::NONE, &mut |_| {})
    }

    /// The same, however small the states are.
    pub(crate) fn of_any_size(
        before: &'b [u8],
        after: &'b [u8],
        suspicion: Suspicion,
        look: SuspectLook<'_>,
    ) -> Self {
        let narrowed = narrowed([before, after], suspicion, look);
        Self { whole: [before, after], narrowed }
    }

    /// Reads what differs.
    pub fn read(&self) -> Result<StatePair<'_>, UnreadableSide> {
        if let Some(Narrowed { apart: [before, after], common, .. }) = &self.narrowed
            && let (Ok(before), Ok(after)) = both([&|| parse_text(before), &|| parse_text(after)])
        {
            return Ok(StatePair { before, after, common: *common });
        }
        let side = |which, bytes| {
            text(bytes).and_then(parse_text).map_err(|error| UnreadableSide { which, error })
        };
        let before = side(Which::Before, self.whole[0])?;
        let after = side(Which::After, self.whole[1])?;
        Ok(StatePair { before, after, common: Common::default() })
    }

    /// The instances with one of these ids, of those that both states have in common.
    pub fn common_with_ids(&self, wanted: &BTreeSet<String>) -> Vec<Instance<'b>> {
        let is_wanted = |outline: &&Outline<'b>| {
            let ids = outline.instances.iter().filter_map(|instance| instance.id);
            let mut ids = ids.filter_map(|at| json::value_at::<Text<'b>>(outline.whole, at));
            ids.any(|(Text(id), _)| wanted.contains(id.as_ref()))
        };
        let shared = self.narrowed.iter().flat_map(|narrowed| &narrowed.shared);
        let instances = shared.filter(is_wanted).filter_map(|outline| {
            let resource: ResourceFile<'b> = json::deserialize(outline.text).ok()?;
            let block = Block::read(&resource).ok()?;
            let files = resource.instances.unwrap_or_default();
            Some(files.into_iter().filter_map(move |file| block.instance(file).ok()))
        });
        let has_id =
            |instance: &Instance<'_>| instance.id.as_ref().is_some_and(|id| wanted.contains(id));
        instances.flatten().filter(has_id).collect()
    }
}

/// The match that the second state has for a resource of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundIn {
    Nothing,
    Same,
    Other,
}

/// The resources of the first state, which come while its scan goes on.
struct Resources<'b> {
    outlines: Receiver<Vec<Outline<'b>>>,
    all: Vec<(Outline<'b>, FoundIn)>,
    /// Index of each of them, by its head: only where the order is another one.
    heads: Option<HashMap<&'b str, usize, RandomState>>,
}

/// Does two things at once.
fn both<T: Send>([first, second]: [&(dyn Fn() -> T + Sync); 2]) -> (T, T) {
    thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        (first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), second)
    })
}

fn narrowed<'b>(
    [before, after]: [&'b [u8]; 2],
    suspicion: Suspicion,
    look: SuspectLook<'_>,
) -> Option<Narrowed<'b>> {
    let (sender, outlines) = mpsc::channel();
    let scan = move || {
        let before = json::text(before).ok()?;
        let mut outliner = Outliner::new(before, suspicion, sender);
        let scanned = json::scan(before, &mut outliner).ok()?;
        (scanned.is_json && scanned.twice.is_none()).then(|| outliner.finish())?
    };
    thread::scope(|scope| {
        let scanning = scope.spawn(scan);
        let mut resources = Resources { outlines, all: Vec::new(), heads: None };
        let compared = json::text(after).ok().and_then(|after| {
            let mut new = Elements::of(after, "resources")?;
            let apart = resources.compare(&mut new, look)?;
            Some(with_list(new.around()?, &apart))
        });
        resources.take_all();
        let around = scanning.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        resources.narrowed(around?, compared?)
    })
}

/// The text of a resource up to its instances: what tells it from the others of its state.
fn head(text: &str) -> &str {
    text.split_once("\"instances\"").map_or(text, |(head, _)| head)
}

impl<'b> Resources<'b> {
    /// A resource, once the scan has come to it.
    fn get(&mut self, index: usize) -> Option<&'b str> {
        while self.all.len() <= index && self.take() {}
        self.all.get(index).map(|(outline, _)| outline.text)
    }

    /// Takes what comes next; false at the end.
    fn take(&mut self) -> bool {
        let outlines = self.outlines.recv().unwrap_or_default();
        let has_come = !outlines.is_empty();
        self.all.extend(outlines.into_iter().map(|outline| (outline, FoundIn::Nothing)));
        has_come
    }

    fn take_all(&mut self) {
        while self.take() {}
    }

    /// Index of the first state's resource with the head of this one, probably `likely`.
    fn find(&mut self, text: &str, likely: usize) -> Option<usize> {
        let head_here = self.get(likely).map(head);
        if head_here == Some(head(text)) {
            return Some(likely);
        }
        self.take_all();
        self.heads().get(head(text)).copied()
    }

    /// Index of each of them by its head, once all have come.
    fn heads(&mut self) -> &HashMap<&'b str, usize, RandomState> {
        let all = self.all.iter().enumerate();
        self.heads
            .get_or_insert_with(|| all.map(|(index, (one, _))| (head(one.text), index)).collect())
    }

    /// Finds those that the second state has; returns what it has besides.
    fn compare(&mut self, new: &mut Elements<'b>, look: SuspectLook<'_>) -> Option<Vec<&'b str>> {
        let mut apart = Vec::new();
        let mut expected = 0;
        while !new.is_over()? {
            let (text, is_expected) = new.next(self.get(expected))?;
            let place = if is_expected { Some(expected) } else { self.find(text, expected) };
            let old = place.and_then(|place| self.all.get_mut(place));
            let is_same = old.as_ref().is_some_and(|(old, _)| old.text == text);
            if let Some((_, old)) = old {
                let found = if is_same { FoundIn::Same } else { FoundIn::Other };
                // Two of one head are for the parser.
                (std::mem::replace(old, found) == FoundIn::Nothing).then_some(())?;
                expected = place? + 1;
            }
            if is_same {
                self.show(place?, look)?;
            } else {
                apart.push(text);
            }
        }
        Some(apart)
    }

    /// Shows what may be secret in a resource.
    fn show(&self, place: usize, look: SuspectLook<'_>) -> Option<()> {
        let (outline, _) = self.all.get(place)?;
        for InstanceOutline { attributes, sensitive, names_a_secret, suspects, .. } in
            &outline.instances
        {
            let marks = sensitive_paths(sensitive.unwrap_or("null"))?;
            let value = |(name, at): &AttributeOutline<'b>| {
                let (value, _) = json::value_at::<&RawValue>(outline.whole, *at)?;
                Some((name.clone(), json::raw(value)))
            };
            let named = suspects.iter().map(value).collect::<Option<Vec<_>>>()?;
            if let Some(attributes) = attributes
                && !(marks.is_empty() && named.is_empty() && !names_a_secret)
            {
                let attributes = RawJson(attributes);
                look(Suspect { attributes, marks, named, names_a_secret: *names_a_secret });
            }
        }
        Some(())
    }

    /// Separates the resources that differ from those that both states have.
    fn narrowed(mut self, around: [&'b str; 2], after: String) -> Option<Narrowed<'b>> {
        // One that is gone may stand twice in the first state: of one head, both are for the parser.
        let is_any_gone = self.all.iter().any(|(_, found)| *found == FoundIn::Nothing);
        (!is_any_gone || self.heads().len() == self.all.len()).then_some(())?;
        let mut common = Common::default();
        let (mut shared, mut apart) = (Vec::new(), Vec::new());
        for (outline, found) in self.all {
            if found == FoundIn::Same {
                let instances = u64::try_from(outline.instances.len()).ok()?;
                match outline.mode? {
                    Mode::Managed => common.managed += instances,
                    Mode::Data => common.data += instances,
                }
                shared.push(outline);
            } else {
                apart.push(outline.text);
            }
        }
        Some(Narrowed { apart: [with_list(around, &apart), after], shared, common })
    }
}

#[cfg(test)]
mod tests;
