//! The life of drift items, as the checks in a log tell it.
//!
//! An item is *new* at the first check that sees it, *open* at the next ones, and *resolved* as soon
//! as a check does not see it any more. Seen once more it is the same item, and new again. Nothing
//! but a check changes that: an error is no check.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::drift::{DriftItem, DriftObservation, Fix, ItemFingerprint};
use crate::model::entry::{Body, Entry};

/// The stage of an item's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Life {
    /// The last check is the first that saw it.
    New,
    /// The last check saw it, and so did the one before.
    Open,
    /// The last check did not see it.
    Resolved,
}

impl Life {
    /// Whether the last check saw it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Open)
    }
}

/// An item with what the log knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Tracked<'a> {
    /// The item, as it was last seen.
    pub item: &'a DriftItem,
    /// The stage of its life.
    pub life: Life,
    /// The check since which it has been seen without a break.
    pub first_seen: &'a Entry,
    /// The last check that saw it.
    pub last_seen: &'a Entry,
    /// That check.
    pub observation: &'a DriftObservation,
    /// Its place in that check, where its values are too.
    pub position: usize,
    /// The first check that did not see it any more.
    pub resolved: Option<&'a Entry>,
    /// The entry that calls it a fix.
    pub fix: Option<(&'a Entry, &'a Fix)>,
}

/// The checks of a log, oldest first.
fn observations(log: &[Entry]) -> impl DoubleEndedIterator<Item = (&Entry, &DriftObservation)> {
    log.iter().filter_map(|entry| {
        let Body::Drift(observation) = &entry.recorded.body else { return None };
        Some((entry, &**observation))
    })
}

/// The last check.
pub fn last_observation(log: &[Entry]) -> Option<(&Entry, &DriftObservation)> {
    observations(log).next_back()
}

/// The fixes of a log, oldest first.
fn fixes(log: &[Entry]) -> impl DoubleEndedIterator<Item = (&Entry, &Fix)> {
    log.iter().filter_map(|entry| {
        let Body::Fix(fix) = &entry.recorded.body else { return None };
        Some((entry, fix))
    })
}

/// Every item that any check saw, in the order of addresses.
pub fn tracked(log: &[Entry]) -> Vec<Tracked<'_>> {
    let mut tracked: BTreeMap<ItemFingerprint, Tracked<'_>> = BTreeMap::new();
    let mut open: BTreeSet<ItemFingerprint> = BTreeSet::new();
    for (entry, observation) in observations(log) {
        let mut seen = BTreeSet::new();
        for (position, item) in observation.items.iter().enumerate() {
            let mut now = first_seen(entry, observation, position, item);
            if let Some(known) = tracked.get(&item.fingerprint)
                && open.contains(&item.fingerprint)
            {
                now.life = Life::Open;
                now.first_seen = known.first_seen;
            }
            tracked.insert(item.fingerprint, now);
            seen.insert(item.fingerprint);
        }
        for gone in open.difference(&seen) {
            if let Some(known) = tracked.get_mut(gone) {
                known.life = Life::Resolved;
                known.resolved = Some(entry);
            }
        }
        open = seen;
    }
    // Should two have called the same item a fix at once, the first one did.
    for (entry, fix) in fixes(log).rev() {
        if let Some(known) = tracked.get_mut(&fix.item) {
            known.fix = Some((entry, fix));
        }
    }
    let mut tracked: Vec<Tracked<'_>> = tracked.into_values().collect();
    tracked.sort_by(|a, b| {
        (&a.item.address, &a.item.deposed).cmp(&(&b.item.address, &b.item.deposed))
    });
    tracked
}

fn first_seen<'a>(
    entry: &'a Entry,
    observation: &'a DriftObservation,
    position: usize,
    item: &'a DriftItem,
) -> Tracked<'a> {
    Tracked {
        item,
        life: Life::New,
        first_seen: entry,
        last_seen: entry,
        observation,
        position,
        resolved: None,
        fix: None,
    }
}
