//! The life of drift items, as the looks in a log tell it.
//!
//! An item is *new* at the first look that sees it, *open* at the next ones, and *resolved* as soon
//! as a look does not see it any more. Seen once more it is the same item, and new again. Nothing
//! but a look changes that: an error is no look.

use crate::model::drift::{DriftItem, DriftLook, Fingerprint, Fix};
use crate::model::entry::{Body, Entry};

/// Where an item stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// The last look is the first that saw it.
    New,
    /// The last look saw it, and so did the one before.
    Open,
    /// The last look did not see it.
    Resolved,
}

impl Life {
    /// The word for a screen and a script.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }

    /// Whether the last look saw it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Open)
    }
}

/// An item with what the log knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Tracked<'a> {
    /// The item, as it was last seen.
    pub item: &'a DriftItem,
    /// Where it stands.
    pub life: Life,
    /// The look since which it has been seen without a break.
    pub first_seen: &'a Entry,
    /// The last look that saw it.
    pub last_seen: &'a Entry,
    /// That look.
    pub look: &'a DriftLook,
    /// Its place in that look, where its values are too.
    pub position: usize,
    /// The first look that did not see it any more.
    pub resolved: Option<&'a Entry>,
    /// The entry that calls it a fix.
    pub fix: Option<(&'a Entry, &'a Fix)>,
}

/// The looks of a log, oldest first.
pub fn looks(log: &[Entry]) -> impl DoubleEndedIterator<Item = (&Entry, &DriftLook)> {
    log.iter().filter_map(|entry| {
        let Body::Drift(look) = &entry.said.body else { return None };
        Some((entry, &**look))
    })
}

/// The last look.
pub fn last_look(log: &[Entry]) -> Option<(&Entry, &DriftLook)> {
    looks(log).next_back()
}

/// The fixes of a log, oldest first.
pub fn fixes(log: &[Entry]) -> impl DoubleEndedIterator<Item = (&Entry, &Fix)> {
    log.iter().filter_map(|entry| {
        let Body::Fix(fix) = &entry.said.body else { return None };
        Some((entry, fix))
    })
}

/// The entry that calls an item a fix: the first one, should two have been written at once.
pub fn fix_on(log: &[Entry], item: Fingerprint) -> Option<(&Entry, &Fix)> {
    fixes(log).find(|(_, fix)| fix.item == item)
}

/// Every item that any look saw, in the order of addresses.
pub fn tracked(log: &[Entry]) -> Vec<Tracked<'_>> {
    let mut tracked: Vec<Tracked<'_>> = Vec::new();
    for (entry, look) in looks(log) {
        for known in &mut tracked {
            let is_here = look.items.iter().any(|item| item.fingerprint == known.item.fingerprint);
            if !is_here && known.resolved.is_none() {
                known.life = Life::Resolved;
                known.resolved = Some(entry);
            }
        }
        for (position, item) in look.items.iter().enumerate() {
            let mut seen = Tracked {
                item,
                life: Life::New,
                first_seen: entry,
                last_seen: entry,
                look,
                position,
                resolved: None,
                fix: None,
            };
            let known = tracked.iter_mut().find(|t| t.item.fingerprint == item.fingerprint);
            match known {
                None => tracked.push(seen),
                Some(known) => {
                    if known.life.is_open() {
                        seen.life = Life::Open;
                        seen.first_seen = known.first_seen;
                    }
                    *known = seen;
                }
            }
        }
    }
    for known in &mut tracked {
        known.fix = fix_on(log, known.item.fingerprint);
    }
    tracked.sort_by(|a, b| {
        (&a.item.address, &a.item.deposed).cmp(&(&b.item.address, &b.item.deposed))
    });
    tracked
}
