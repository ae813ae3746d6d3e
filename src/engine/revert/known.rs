//! Recorded drift that an action would overwrite.
//!
//! Drift is overwritten when its value is still there and the action sets another one, or ends the
//! object. In a list or set elements change places: there it is overwritten unless it is certain
//! that it is not. Drift that was never recorded is judged in `reasons`.

use super::quiet::QuietDifferences;
use super::say::listed;
use crate::engine::compare::{is_equal, shadow_paths};
use crate::engine::judgement::{Reason, Why};
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
        .filter_map(|known| Some(reason(known, paths(known, change, quiet)?, quiet.redactor)))
        .collect()
}

/// Whether `known` lies at `path`, or so near that the two cannot be told apart.
pub(super) fn is_at(known: &Path, path: &Path) -> bool {
    let (known, path) = (known.outermost_list().unwrap_or_else(|| known.clone()), path);
    known.covers(path) || path.covers(&known)
}

fn is_of(known: &KnownDrift, change: &PlannedChange) -> bool {
    let is_there = known.object.address == change.address
        || change.previous_address.as_ref() == Some(&known.object.address);
    is_there && known.object.deposed == change.deposed
}

/// The paths at which the drift is overwritten; none when it is not.
fn paths(
    known: &KnownDrift,
    change: &PlannedChange,
    quiet: QuietDifferences<'_>,
) -> Option<Vec<Path>> {
    let said = said(known, quiet);
    if said.is_empty() && !known.item.paths.is_empty() {
        return None;
    }
    let ends = change.action.destroys() || change.action.replaces();
    match (known.item.kind, change.action) {
        (DriftKind::Gone, Action::Create) => Some(Vec::new()),
        (DriftKind::Changed, _) if ends => Some(said),
        (DriftKind::Changed, Action::Update) if known.item.paths.is_empty() => Some(Vec::new()),
        (DriftKind::Changed, Action::Update) => {
            let mut unknown = Vec::new();
            shadow_paths(&Path::default(), &change.after_unknown, &mut unknown);
            let is_lost = |path: &&Path| is_lost(known, change, &unknown, path);
            let paths: Vec<Path> = said.iter().filter(is_lost).cloned().collect();
            (!paths.is_empty()).then_some(paths)
        }
        (DriftKind::Gone | DriftKind::Changed, _) => None,
    }
}

/// The paths of an item without those that say nothing. Checks of earlier versions recorded these.
/// A person who called them a fix meant them.
fn said(known: &KnownDrift, quiet: QuietDifferences<'_>) -> Vec<Path> {
    let object = &known.object;
    let quiet = match known.fix {
        Some(_) => Vec::new(),
        None => quiet.places(&object.address, &object.provider, [&object.before, &object.after]),
    };
    let is_said = |path: &&Path| !quiet.iter().any(|quiet| quiet.covers(path));
    known.item.paths.iter().filter(is_said).cloned().collect()
}

fn is_lost(known: &KnownDrift, change: &PlannedChange, unknown: &[Path], path: &Path) -> bool {
    let stays = |path: &Path| {
        let is_open = unknown.iter().any(|open| open.covers(path) || path.covers(open));
        !is_open && is_equal(change.before.at(path), change.after.at(path))
    };
    let is_there = is_equal(change.before.at(path), known.object.after.at(path));
    if is_there && !stays(path) {
        return true;
    }
    let Some(list) = path.outermost_list() else { return false };
    if stays(&list) {
        return false;
    }
    let [then, drifted, now, after] =
        [&known.object.before, &known.object.after, &change.before, &change.after]
            .map(|whole| items(whole.at(&list)));
    let has =
        |items: &[Value], item: &Value| items.iter().any(|one| is_equal(Some(one), Some(item)));
    // Of the same length an element stands where it stood; else nobody knows which one it is.
    now.len() != drifted.len()
        || drifted.iter().any(|one| !has(then, one) && has(now, one) && !has(after, one))
        || then.iter().any(|one| !has(drifted, one) && !has(now, one) && has(after, one))
}

fn items(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::List(items)) => items,
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_))
        | None => &[],
    }
}

fn reason(known: &KnownDrift, paths: Vec<Path>, redactor: &Redactor) -> Reason {
    let what = match known.item.kind {
        DriftKind::Gone => "the object was deleted".to_owned(),
        DriftKind::Changed if paths.is_empty() => "the object was changed".to_owned(),
        DriftKind::Changed => {
            let shown: Vec<Path> = paths.iter().map(|path| redactor.path(path, &[])).collect();
            listed(&shown)
        }
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
    Reason { why, cause, paths }
}
