//! A good object and what stands at its address now.
//!
//! The object's attributes now are those that the follow-up plan found in the real world, or else
//! those of the state. An object was made anew when its id is another one, or when the revert's own
//! plan made it. An id can be a name, so a journal since then that names the object counts as well.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{DoneRounds, Round, VerifyFacts};
use crate::codec::json;
use crate::engine::compare::{Difference, is_equal, shadow_paths, without_types};
use crate::engine::judgement::Origin;
use crate::engine::noise::is_same_json;
use crate::engine::origin::origin;
use crate::model::address::{Address, Mode};
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::references::ReferencedBlock;
use crate::model::state::{Instance, State};
use crate::model::value::{Path, Value};

/// The managed objects of a state, without those that are left over.
pub(super) type Managed<'s, 'a> = BTreeMap<&'s Address, &'s Instance<'a>>;

/// The changes of a plan by address, without those of left-over objects.
pub(super) type Changes<'p> = BTreeMap<&'p Address, &'p PlannedChange>;

/// A good object and what stands at its address now.
#[derive(Debug)]
pub(super) struct VerifiedPair<'f> {
    pub(super) address: &'f Address,
    pub(super) good: &'f Instance<'f>,
    pub(super) now: &'f Instance<'f>,
    /// The attributes of both, as far as they can be compared.
    pub(super) then: Value,
    pub(super) is: Cow<'f, Value>,
    /// Change that the revert made there; it tells what the revert found before.
    pub(super) done: Option<&'f PlannedChange>,
    pub(super) is_anew: bool,
    /// Its block in the configuration; none where that does not know the object.
    pub(super) block: Option<&'f ReferencedBlock>,
    /// Paths that only the apply will know, of a pair that is a plan's word.
    open: Option<Vec<Path>>,
}

impl<'f> VerifiedPair<'f> {
    pub(super) fn of(
        facts: &VerifyFacts<'f>,
        good: &'f Instance<'f>,
        now: &'f Instance<'f>,
        done: &Changes<'f>,
        follow: &Changes<'f>,
    ) -> Self {
        let address = &good.address;
        let was = attributes(good);
        let real = follow.get(address).map(|change| &change.before);
        let (then, is) = match real.filter(|real| **real != Value::Null) {
            Some(real) => (without_types(was, Some(real)), Cow::Borrowed(real)),
            None => (was, Cow::Owned(attributes(now))),
        };
        let change = done.get(address).copied();
        Self {
            address,
            good,
            now,
            then,
            is,
            done: change,
            is_anew: is_anew(&facts.done, good, now, change),
            block: facts.plan.references.block(address),
            open: None,
        }
    }

    /// The pair as it would be after a plan; `now` is the object that is there, if one is.
    pub(super) fn planned(
        facts: &VerifyFacts<'f>,
        good: &'f Instance<'f>,
        now: Option<&'f Instance<'f>>,
        change: &'f PlannedChange,
    ) -> Self {
        let mut open = Vec::new();
        shadow_paths(&Path::default(), &change.after_unknown, &mut open);
        // Before it is made, the good object stands for it.
        let now = now.unwrap_or(good);
        Self {
            address: &good.address,
            then: without_types(attributes(good), Some(&change.after)),
            is: Cow::Borrowed(&change.after),
            done: Some(change),
            is_anew: is_anew(&facts.done, good, now, Some(change)),
            block: facts.plan.references.block(&good.address),
            open: Some(open),
            good,
            now,
        }
    }

    /// The same pair as the state has it, without any refresh.
    pub(super) fn in_state(&self) -> Self {
        Self {
            then: attributes(self.good),
            is: Cow::Owned(attributes(self.now)),
            open: Some(Vec::new()),
            ..*self
        }
    }

    /// Whether a difference says nothing of a plan's outcome: only the apply will know the value, or
    /// the provider will write the same JSON in its own way.
    pub(super) fn is_open(&self, difference: &Difference) -> bool {
        let Some(open) = &self.open else { return false };
        let path = &difference.path;
        let is_unknown = open.iter().any(|open| open.covers(path) || path.covers(open));
        is_unknown || is_same_json(difference.before.as_ref(), difference.after.as_ref())
    }

    /// Whether it is untouched, and is what it was: then there is nothing to say.
    pub(super) fn is_as_it_was(&self) -> bool {
        !self.is_anew
            && self.good.status == self.now.status
            && !self.done.is_some_and(|change| change.action.changes())
            && is_equal(Some(&self.then), Some(&self.is))
    }

    /// Whether the configuration says the value at `path`, or a part of it.
    pub(super) fn writes(&self, path: &Path) -> bool {
        self.block.is_some_and(|block| block.writes(path))
    }
}

fn attributes(instance: &Instance<'_>) -> Value {
    json::raw_value(instance.attributes).unwrap_or(Value::Null)
}

fn is_anew(
    done: &DoneRounds<'_>,
    good: &Instance<'_>,
    now: &Instance<'_>,
    change: Option<&PlannedChange>,
) -> bool {
    let is_made = change.is_some_and(|c| c.action == Action::Create && !c.importing);
    good.id != now.id
        || is_made
        || change.is_some_and(|change| change.action.replaces())
        || matches!(origin(done.journals, now), Some(Origin::MadeSince { .. }))
}

pub(super) fn managed<'s, 'a>(state: &'s State<'a>) -> Managed<'s, 'a> {
    state
        .instances
        .iter()
        .filter(|object| object.address.mode == Mode::Managed && object.deposed.is_none())
        .map(|object| (&object.address, object))
        .collect()
}

/// Changes that were made, by address. Of several plans that were applied, the first one that
/// changes an object tells what it was before.
pub(super) fn done<'f>(rounds: &[Round<'f>]) -> Changes<'f> {
    let mut all = Changes::new();
    for (address, change) in rounds.iter().flat_map(|round| changes(round.plan)) {
        let known = all.entry(address).or_insert(change);
        if !known.action.changes() {
            *known = change;
        }
    }
    all
}

pub(super) fn changes(plan: &Plan) -> Changes<'_> {
    let current = plan.changes.iter().filter(|change| change.deposed.is_none());
    current.map(|change| (&change.address, change)).collect()
}
