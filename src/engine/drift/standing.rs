//! The standing of a manual fix.
//!
//! As long as the state is the one that the last check was taken against, the check decides: an item
//! that it sees is open, one that it does not see was undone by hand. Once the state has moved on,
//! the state decides: Terraform has been there, and either took the fix's values over or wrote
//! others. A state that moved on without refreshing the object (`-target`, `-refresh=false`) is
//! told apart only by the next check.

use super::life::{Tracked, last_observation};
use super::shown;
use crate::codec::json;
use crate::engine::compare::without_types;
use crate::engine::good::verdicts;
use crate::engine::identity::{Identity, Index, Sameness};
use crate::engine::readable::{AttributeChange, ChangeFate, ChangesAfter, FollowedChange};
use crate::engine::redact::Redactor;
use crate::knowledge::Knowledge;
use crate::model::drift::{DriftKind, DriftedObject};
use crate::model::entry::Entry;
use crate::model::good::{Grade, Verdict};
use crate::model::state::{Instance, State};
use crate::model::value::{Path, Value};
use crate::model::word::Word as _;

/// The standing of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum FixStanding {
    /// The real world still differs from the state in this way.
    Open,
    /// The state has the fix's values: the configuration decides now.
    InState,
    /// The state has other values there.
    Overwritten,
    /// The object is no longer in the state, or the fix was undone by hand.
    Gone,
    /// The state has the fix's values and is good by a plan that was empty: configuration holds it.
    Adopted,
}

impl FixStanding {
    /// The words for a screen.
    pub fn shown(self) -> &'static str {
        match self {
            Self::InState => "in state",
            Self::Open | Self::Overwritten | Self::Gone | Self::Adopted => self.name(),
        }
    }
}

/// A fix with its item and its values.
#[derive(Debug, Clone, Copy)]
pub struct FixSubject<'a> {
    /// The item that was called a fix.
    pub tracked: &'a Tracked<'a>,
    /// Its values.
    pub object: &'a DriftedObject,
    /// Knowledge of its type: attributes that name and place objects, and what says nothing.
    pub knowledge: &'a Knowledge,
    /// The redactor of names of places.
    pub redactor: &'a Redactor,
}

/// The value that a state has where a fix changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixHeld {
    /// The place that it changed, as a diff names it and safe to show.
    pub path: Path,
    /// The place in the item's values, with positions: their marks lie there.
    pub at: Path,
    /// The place in the state; the one in the item's values, if the state does not have it.
    pub place: Path,
    /// The value before the fix.
    pub before: Option<Value>,
    /// The value that the fix wrote.
    pub fixed: Option<Value>,
    /// The value that the state has.
    pub now: Option<Value>,
    /// Whether that is what the fix wrote.
    pub is_kept: bool,
}

/// Finds the standing of a fix, from the log and the state as it is now.
pub fn standing(log: &[Entry], subject: FixSubject<'_>, now: &State<'_>) -> FixStanding {
    let tracked = subject.tracked;
    let has_moved =
        last_observation(log).is_none_or(|(_, observation)| observation.state != now.version);
    if tracked.life.is_open() && !has_moved {
        return FixStanding::Open;
    }
    if tracked.observation.state == now.version {
        return FixStanding::Gone;
    }
    let kept = match tracked.item.kind {
        DriftKind::Gone => match object_in(now, subject) {
            None => true,
            // Terraform has not looked at it yet: the real object is still the one that is gone.
            Some(object) if is_same_object(object, subject) && tracked.life.is_open() => {
                return FixStanding::Open;
            }
            Some(_) => false,
        },
        DriftKind::Changed => match held(subject, now) {
            None => return FixStanding::Gone,
            Some(held) => held.iter().all(|held| held.is_kept),
        },
    };
    match (kept, is_known_good(log, now)) {
        (true, true) => FixStanding::Adopted,
        (true, false) => FixStanding::InState,
        (false, _) => FixStanding::Overwritten,
    }
}

/// The values that the state has where a fix changed something; none when it does not have the
/// object.
pub fn held(subject: FixSubject<'_>, now: &State<'_>) -> Option<Vec<FixHeld>> {
    let FixSubject { tracked, object, knowledge, redactor } = subject;
    let instance = object_in(now, subject)?;
    let attributes = json::raw_value(instance.attributes).unwrap_or(Value::Null);
    let attributes = without_types(attributes, Some(&object.after));
    let mut since = ChangesAfter::new([&object.before, &object.after], &attributes);
    let held = |change: AttributeChange| {
        let FollowedChange { place, value, fate } = since.of(&change);
        let (before, fixed) = since.values(&change);
        let (was, is) = change.places();
        FixHeld {
            at: is.or(was).unwrap_or_default(),
            path: change.path,
            place,
            before,
            fixed,
            now: value,
            is_kept: fate == ChangeFate::Kept,
        }
    };
    Some(shown(tracked.item, object, knowledge, redactor).into_iter().map(held).collect())
}

/// The object of the state that a drifted one is: the same real object, or else the one at its
/// address.
fn object_in<'s, 'a>(state: &'s State<'a>, subject: FixSubject<'_>) -> Option<&'s Instance<'a>> {
    let object = subject.object;
    let like =
        state.instances.iter().filter(|instance| instance.address.kind == object.address.kind);
    let identity = Identity::of_drifted(object, subject.knowledge);
    Index::of(like, subject.knowledge).only(&identity).or_else(|| {
        state.instances.iter().find(|instance| {
            instance.address == object.address
                && instance.deposed.as_deref() == object.deposed.as_deref()
        })
    })
}

fn is_same_object(instance: &Instance<'_>, subject: FixSubject<'_>) -> bool {
    let identity = Identity::of_drifted(subject.object, subject.knowledge);
    identity.compare(&Identity::of(instance, subject.knowledge)) == Sameness::Same
}

/// Whether this very state is good by more than a person's word.
fn is_known_good(log: &[Entry], now: &State<'_>) -> bool {
    let verdicts = verdicts(log);
    log.iter().any(|entry| {
        let state = entry.recorded.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
        let is_this = state.is_some_and(|state| state.version.digest == now.version.digest);
        let verdict = verdicts.get(&entry.revision);
        is_this
            && matches!(verdict, Some(Verdict::Good(evidence)) if evidence.grade >= Grade::PlanEmpty)
    })
}
