//! Drift and manual fixes as `--json` prints them: what configuration management needs to act.
//!
//! An object's facts are flat beside its item, and a path is there twice: as a person reads it
//! and as an array of steps. Values have passed the redactor.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{PathOut, StepOut};
use super::{ShownValue, model};
use crate::engine::drift::{FixStanding, Tracked};
use crate::engine::readable::AttributeChange;
use crate::engine::redact::Shown;
use crate::model::drift::{DriftedObject, Fix};
use crate::model::value::Path;
use crate::model::word::Word as _;

/// `unapply.drift`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftOut {
    /// Whether the check is new in the log: one that saw what the last one saw is not recorded.
    pub recorded: bool,
    /// The items that are known now.
    #[serde(flatten)]
    pub list: DriftListOut,
}

/// `unapply.drift-list`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct DriftListOut {
    /// The last check; null when there was none yet.
    pub observation: Option<u64>,
    /// When that was recorded.
    pub looked_at: Option<String>,
    /// The snapshot that the real world was compared with.
    pub against: Option<u64>,
    /// Items that the last check saw, by address.
    pub items: Vec<DriftItemOut>,
    /// Items that the check before the last saw and the last did not.
    pub resolved: Vec<DriftItemOut>,
    /// How many items the last check saw.
    pub open: u64,
    /// How many of them no earlier check saw.
    pub new: u64,
    /// How many of them are manual fixes on record.
    pub fixes: u64,
    /// How many of these were to be gone by now.
    pub overdue: u64,
}

/// `unapply.drift-item`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftItemBody {
    /// The item.
    pub drift: DriftItemOut,
}

/// One object of which the real world and the state disagree.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftItemOut {
    /// Its name, as `d-…`.
    pub item: String,
    /// `new`, `open` or `resolved`.
    pub status: String,
    /// The check since which it has been seen without a break.
    pub first_seen: u64,
    /// When that was.
    pub first_seen_at: String,
    /// The last check that saw it.
    pub last_seen: u64,
    /// The check that did not see it any more.
    pub resolved_by: Option<u64>,
    /// The fix that it was declared to be.
    pub fix: Option<FixFacts>,
    /// The object and how it differs.
    #[serde(flatten)]
    pub object: ObjectOut,
}

/// A drifted object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ObjectOut {
    /// Its address.
    pub address: String,
    /// The module it is declared in; empty for the root.
    pub module: String,
    /// Its resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of its block.
    pub name: String,
    /// The key of a left-over object.
    pub deposed: Option<String>,
    /// Its provider.
    pub provider: String,
    /// Its real id.
    pub id: Option<String>,
    /// `changed` or `gone`.
    pub change: String,
    /// Attributes that differ; none for an object that is gone.
    pub attributes: Vec<DriftAttributeOut>,
}

/// One attribute that differs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftAttributeOut {
    /// The path, with elements of lists by name, as `diff` says it.
    pub path: String,
    /// The steps to it in the real world, or in the state if it is not there any more: names and
    /// positions.
    pub steps: Vec<StepOut>,
    /// The value in the state.
    pub before: ShownValue,
    /// The value in the real world.
    pub after: ShownValue,
}

/// The facts that were recorded with a fix.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixFacts {
    /// The entry that recorded it.
    pub fix: u64,
    /// When.
    pub recorded_at: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// Until when it is meant to stay.
    pub until: Option<String>,
    /// Whether that has passed.
    pub overdue: bool,
}

/// `unapply.fix` and one of `unapply.fix-list`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixOut {
    /// The facts that were recorded.
    #[serde(flatten)]
    pub facts: FixFacts,
    /// The standing of the fix: `open`, `in-state`, `overwritten`, `gone` or `adopted`; null
    /// without a stored state.
    pub status: Option<String>,
    /// The drift item.
    pub item: String,
    /// The object and what was changed by hand: `after` is what the fix wrote.
    #[serde(flatten)]
    pub object: ObjectOut,
    /// Values of the newest stored state at the same paths; empty when it does not have the object.
    pub in_state: Vec<HeldOut>,
}

/// The value that a state has where a fix changed something, safe to show.
#[derive(Debug)]
pub struct ShownHeld {
    /// The place, as a diff names it.
    pub path: Path,
    /// The place in the state, with positions.
    pub place: Path,
    /// The value.
    pub value: Shown,
}

/// The value of a state at a path.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HeldOut {
    /// The path, with elements of lists by name, as `diff` says it.
    pub path: String,
    /// The steps to it in the state, or in the item's values if the state does not have it: names
    /// and positions.
    pub steps: Vec<StepOut>,
    /// The value.
    pub value: ShownValue,
}

/// `unapply.fix-list`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixListOut {
    /// Every fix, oldest first.
    pub fixes: Vec<FixOut>,
}

/// A manual fix that an apply has overwritten.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OverwrittenOut {
    /// The entry that recorded it.
    pub fix: u64,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// The object.
    pub address: String,
    /// Attributes that are not what the fix wrote; empty for an object that was deleted by hand.
    pub attributes: Vec<OverwrittenAttributeOut>,
}

/// One attribute that is not what a fix wrote.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OverwrittenAttributeOut {
    /// The path, with elements of lists by name, as `diff` says it.
    pub path: String,
    /// The steps to it in the state, or in the item's values if the state does not have it: names
    /// and positions.
    pub steps: Vec<StepOut>,
    /// The value that the fix wrote.
    pub fixed: ShownValue,
    /// The value now.
    pub now: ShownValue,
    /// Whether that is the value from before the fix.
    pub again: bool,
}

fn rfc(time: Timestamp) -> String {
    format!("{time:.0}")
}

impl FixFacts {
    /// Takes the facts of a fix, as of `now`.
    pub fn new(entry: &model::Entry, fix: &Fix, now: Timestamp) -> Self {
        Self {
            fix: entry.revision.0,
            recorded_at: rfc(entry.recorded.time),
            by: entry.recorded.actor.name.clone(),
            reason: entry.recorded.reason.clone(),
            ticket: entry.recorded.ticket.clone(),
            until: fix.until.map(rfc),
            overdue: fix.until.is_some_and(|until| until < now),
        }
    }
}

impl ObjectOut {
    /// An object with what may be shown of it.
    pub fn new(
        tracked: &Tracked<'_>,
        object: &DriftedObject,
        id: Option<&str>,
        attributes: &[AttributeChange],
    ) -> Self {
        let address = &tracked.item.address;
        let attribute = |change: &AttributeChange| {
            let (old, now) = &change.at;
            let PathOut { steps, .. } =
                now.as_ref().or(old.as_ref()).unwrap_or(&change.path).into();
            let (before, after) = ((&change.before).into(), (&change.after).into());
            DriftAttributeOut { path: change.path.to_string(), steps, before, after }
        };
        Self {
            address: address.to_string(),
            module: address.module_path(),
            kind: address.kind.clone(),
            name: address.name.clone(),
            deposed: object.deposed.clone(),
            provider: object.provider.to_string(),
            id: id.map(str::to_owned),
            change: tracked.item.kind.name().to_owned(),
            attributes: attributes.iter().map(attribute).collect(),
        }
    }
}

impl DriftItemOut {
    /// An item, as of `now`.
    pub fn new(tracked: &Tracked<'_>, object: ObjectOut, now: Timestamp) -> Self {
        Self {
            item: tracked.item.fingerprint.to_string(),
            status: tracked.life.name().to_owned(),
            first_seen: tracked.first_seen.revision.0,
            first_seen_at: rfc(tracked.first_seen.recorded.time),
            last_seen: tracked.last_seen.revision.0,
            resolved_by: tracked.resolved.map(|entry| entry.revision.0),
            fix: tracked.fix.map(|(entry, fix)| FixFacts::new(entry, fix, now)),
            object,
        }
    }
}

impl FixOut {
    /// A fix with what became of it.
    pub fn new(
        facts: FixFacts,
        tracked: &Tracked<'_>,
        object: ObjectOut,
        standing: Option<FixStanding>,
        held: &[ShownHeld],
    ) -> Self {
        let at = |held: &ShownHeld| {
            let PathOut { steps, .. } = (&held.place).into();
            HeldOut { path: held.path.to_string(), steps, value: (&held.value).into() }
        };
        Self {
            facts,
            status: standing.map(|standing| standing.name().to_owned()),
            item: tracked.item.fingerprint.to_string(),
            object,
            in_state: held.iter().map(at).collect(),
        }
    }
}
