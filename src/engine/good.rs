//! Which snapshots are good, and which of them is the last known good one.
//!
//! A snapshot is what its newest mark says. Nothing is good without a mark: an entry that merely
//! looks healthy is not evidence.

use std::collections::BTreeMap;

use crate::model::entry::{Body, Entry, Revision, Snapshot};
use crate::model::good::{Evidence, Verdict};

/// A snapshot that is good, with the reason to believe it.
#[derive(Debug, Clone, Copy)]
pub struct KnownGood<'a> {
    /// The entry of the snapshot.
    pub entry: &'a Entry,
    /// The snapshot in it.
    pub snapshot: &'a Snapshot,
    /// Its newest mark.
    pub evidence: &'a Evidence,
}

/// The newest verdict on each snapshot that has one.
pub fn verdicts(log: &[Entry]) -> BTreeMap<Revision, &Verdict> {
    let mut verdicts = BTreeMap::new();
    for entry in log {
        if let Body::Mark(mark) = &entry.recorded.body {
            verdicts.insert(mark.revision, &mark.verdict);
        }
    }
    verdicts
}

/// Good snapshots, newest first.
pub fn good_snapshots(log: &[Entry]) -> Vec<KnownGood<'_>> {
    let verdicts = verdicts(log);
    log.iter()
        .rev()
        .filter_map(|entry| match (&entry.recorded.body, verdicts.get(&entry.revision)) {
            (Body::Snapshot(snapshot), Some(Verdict::Good(evidence))) => {
                Some(KnownGood { entry, snapshot, evidence })
            }
            _ => None,
        })
        .collect()
}

/// The last known good snapshot: the newest one whose newest mark says good.
pub fn last_known_good(log: &[Entry]) -> Option<KnownGood<'_>> {
    good_snapshots(log).into_iter().next()
}

/// The snapshots of a log, oldest first.
pub fn snapshots(log: &[Entry]) -> impl DoubleEndedIterator<Item = (&Entry, &Snapshot)> {
    log.iter().filter_map(|entry| entry.recorded.body.snapshot().map(|snapshot| (entry, snapshot)))
}

#[cfg(test)]
pub(super) mod tests;
