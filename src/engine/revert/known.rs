//! Recorded drift that an action would overwrite.
//!
//! Drift is overwritten when its value is still there and the action sets another one, or ends the
//! object. In a list or set elements change places: each is followed as a diff pairs them, and where
//! it is not certain which one it is, it is overwritten. Drift that was never recorded is judged in
//! `reasons`.

use super::quiet::QuietDifferences;
use super::say::listed;
use crate::engine::compare::{is_equal, shadow_paths};
use crate::engine::judgement::{Reason, Why};
use crate::engine::readable::{
    AttributeChange, ChangeFate, ChangesAfter, Counterparts, FollowedChange, is_like,
};
use crate::engine::redact::Redactor;
use crate::model::drift::{DriftKind, KnownDrift};
use crate::model::plan::{Action, PlannedChange};
use crate::model::value::{Path, Value};

/// The recorded drift that `change` would overwrite, as reasons.
pub(super) fn overwritten(
    drift: &[KnownDrift],
    change: &PlannedChange,
    quiet: QuietDifferences<'_>,
) -> Vec<Reason> {
    drift
        .iter()
        .filter(|known| is_of(known, change))
        .filter_map(|known| Some(reason(known, lost(known, change, quiet)?, quiet.redactor)))
        .collect()
}

/// Whether `known` lies at `path`, or so near that the two cannot be told apart.
pub(super) fn is_at(known: &Path, path: &Path) -> bool {
    let known = known.whole_list();
    known.covers(path) || path.covers(&known)
}

fn is_of(known: &KnownDrift, change: &PlannedChange) -> bool {
    let is_there = known.object.address == change.address
        || change.previous_address.as_ref() == Some(&known.object.address);
    is_there && known.object.deposed == change.deposed
}

/// A place at which drift is overwritten.
struct LostPlace {
    /// Its name, safe to show.
    name: Path,
    /// The place in the action, with positions.
    place: Path,
}

/// The places at which the drift is overwritten; none when it is not.
fn lost(
    known: &KnownDrift,
    change: &PlannedChange,
    quiet: QuietDifferences<'_>,
) -> Option<Vec<LostPlace>> {
    let ends = change.action.destroys() || change.action.replaces();
    match (known.item.kind, change.action) {
        (DriftKind::Gone, Action::Create) => return Some(Vec::new()),
        (DriftKind::Changed, Action::Update) => {}
        (DriftKind::Changed, _) if ends => {}
        (DriftKind::Gone | DriftKind::Changed, _) => return None,
    }
    if known.item.paths.is_empty() {
        return Some(Vec::new());
    }
    let sides = [&known.object.before, &known.object.after];
    let mut present = ChangesAfter::new(sides, &change.before);
    let mut planned = PlannedValues {
        drifted: ChangesAfter::new(sides, &change.after),
        present: Counterparts::new(&change.before, &change.after),
        unknown: Vec::new(),
        change,
    };
    shadow_paths(&Path::default(), &change.after_unknown, &mut planned.unknown);
    let found = quiet.changes(known);
    let lost = found.into_iter().filter_map(|drifted| {
        let now = present.of(&drifted);
        let place = if ends { Some(now.place) } else { planned.lost(known, &drifted, now) };
        Some(LostPlace { name: drifted.path, place: place? })
    });
    let lost: Vec<LostPlace> = lost.collect();
    (!lost.is_empty()).then_some(lost)
}

/// The values that an action leaves.
struct PlannedValues<'a> {
    change: &'a PlannedChange,
    /// Drift on record, followed into them.
    drifted: ChangesAfter<'a>,
    /// The present values, followed into them.
    present: Counterparts<'a>,
    unknown: Vec<Path>,
}

impl PlannedValues<'_> {
    /// The place at which drift is overwritten that is `now` in the present values.
    fn lost(
        &mut self,
        known: &KnownDrift,
        drifted: &AttributeChange,
        now: FollowedChange,
    ) -> Option<Path> {
        let list = now.place.whole_list();
        match now.fate {
            ChangeFate::Other => None,
            ChangeFate::Nowhere => {
                // Of the same length an element stands where it stood; else nobody knows which one
                // it is.
                let length = |whole: &Value| whole.at(&list).map_or(0, length);
                let is_unsure = length(&self.change.before) != length(&known.object.after);
                (is_unsure && !self.stays(&list)).then_some(now.place)
            }
            ChangeFate::Kept if drifted.at.1.is_none() => {
                let after = self.drifted.of(drifted);
                let is_lost = after.fate != ChangeFate::Kept || self.is_open(&list);
                is_lost.then_some(after.place)
            }
            ChangeFate::Kept => {
                let is_lost = match self.present.of(&now.place) {
                    None => true,
                    Some(after) => {
                        let (value, path) = (after.value.as_ref(), &after.path);
                        self.is_open(path) || !is_like(drifted, now.value.as_ref(), value)
                    }
                };
                is_lost.then_some(now.place)
            }
        }
    }

    /// Whether the value is known only after the apply, or a part of it.
    fn is_open(&self, path: &Path) -> bool {
        self.unknown.iter().any(|open| open.covers(path) || path.covers(open))
    }

    fn stays(&self, path: &Path) -> bool {
        !self.is_open(path) && is_equal(self.change.before.at(path), self.change.after.at(path))
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::List(items) => items.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => 0,
    }
}

fn reason(known: &KnownDrift, lost: Vec<LostPlace>, redactor: &Redactor) -> Reason {
    let what = match known.item.kind {
        DriftKind::Gone => "the object was deleted".to_owned(),
        DriftKind::Changed if lost.is_empty() => "the object was changed".to_owned(),
        DriftKind::Changed => listed(lost.iter().map(|one| &one.name)),
    };
    let (why, cause) = match &known.fix {
        None => (Why::OlderDrift, format!("drift {} is on record", known.item.fingerprint)),
        Some(fix) => {
            let mut cause = format!("fix {} by {}: {what}", fix.revision, redactor.text(&fix.by));
            if let Some(reason) = &fix.reason {
                cause.push_str(&format!("; {}", redactor.text(reason)));
            }
            if let Some(ticket) = &fix.ticket {
                cause.push_str(&format!("; {}", redactor.text(ticket)));
            }
            if let Some(until) = fix.until {
                cause.push_str(&format!("; until {until}"));
            }
            (Why::OverwritesFix, cause)
        }
    };
    Reason { why, cause, paths: lost.into_iter().map(|one| one.place).collect() }
}
