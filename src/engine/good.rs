//! Which snapshots are good, and which of them is the last known good one.
//!
//! A snapshot is what its newest mark says. Nothing is good without a mark: an entry that merely
//! looks healthy is not evidence.

use std::collections::BTreeMap;

use crate::model::entry::{ApplyOutcome, Body, Entry, Revision, Snapshot};
use crate::model::good::{Evidence, Grade, Verdict};

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

impl KnownGood<'_> {
    /// Why its configuration cannot be planned, if it cannot. Older marks do not say it themselves.
    pub fn problem(&self) -> Option<&str> {
        let is_unknown =
            self.evidence.grade == Grade::Applied && self.snapshot.configuration.is_none();
        self.evidence.because.as_deref().or(is_unknown.then_some(NOT_CAPTURED))
    }
}

impl KnownGood<'_> {
    /// The sentence for one that is passed over: the last known good snapshot is older.
    pub fn passed_over_by(&self, older: Revision) -> String {
        let problem = self.problem().unwrap_or("unknown");
        let revision = self.entry.revision;
        format!("{revision} is newer than {older} and cannot be planned: {problem}")
    }
}

/// The reason why a snapshot without a configuration cannot be planned.
pub const NOT_CAPTURED: &str = "its configuration was not captured";

/// Good snapshots, newest first, from the last known good one on.
pub fn good_snapshots(log: &[Entry]) -> Vec<KnownGood<'_>> {
    let all = all_good(log);
    let best = best(&all);
    all.into_iter().skip_while(|good| Some(good.entry.revision) != best).collect()
}

/// Good snapshots that are newer than the last known good one, newest first. None of them can be
/// planned.
pub fn passed_over(log: &[Entry]) -> Vec<KnownGood<'_>> {
    let all = all_good(log);
    let best = best(&all);
    all.into_iter().take_while(|good| Some(good.entry.revision) != best).collect()
}

/// The newest good snapshot; but one that cannot be planned replaces none that a plan has proved.
fn best(newest_first: &[KnownGood<'_>]) -> Option<Revision> {
    let better = |best: Option<&KnownGood<'_>>| {
        best.is_some_and(|best| best.evidence.grade >= Grade::PlanEmpty)
    };
    let best = newest_first.iter().rev().fold(None, |best, good| {
        if good.problem().is_some() && better(best) { best } else { Some(good) }
    });
    best.map(|good| good.entry.revision)
}

fn all_good(log: &[Entry]) -> Vec<KnownGood<'_>> {
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

/// The last known good snapshot: the first of [`good_snapshots`].
pub fn last_known_good(log: &[Entry]) -> Option<KnownGood<'_>> {
    good_snapshots(log).into_iter().next()
}

/// The snapshot since which the configuration of `entry` has changed while its state has not: they
/// do not belong together, unless a command applied it and found nothing to do.
pub fn edited_since(log: &[Entry], entry: &Entry) -> Option<Revision> {
    let facts = |snapshot: &Snapshot| {
        let configuration = snapshot.configuration.as_ref()?.digest;
        Some((snapshot.state.as_ref()?.version.digest, configuration))
    };
    let (state, configuration) = facts(entry.recorded.body.snapshot()?)?;
    let applied = |intent: Revision| {
        let begun = log.iter().find(|entry| entry.revision == intent);
        matches!(begun.map(|begun| &begun.recorded.body), Some(Body::RunIntent(intent))
            if intent.configuration == Some(configuration))
    };
    let is_applied = log.iter().any(|ended| {
        matches!(&ended.recorded.body, Body::RunOutcome(ended)
            if ended.after == Some(entry.revision)
                && ended.outcome == ApplyOutcome::Succeeded
                && applied(ended.intent))
    });
    if is_applied {
        return None;
    }
    let earlier = snapshots(log).rev().filter(|(earlier, _)| earlier.revision < entry.revision);
    let mut earlier = earlier.filter_map(|(earlier, snapshot)| Some((earlier, facts(snapshot)?)));
    let same = earlier.by_ref().take_while(|(_, facts)| facts.0 == state);
    same.filter(|(_, facts)| facts.1 != configuration).map(|(earlier, _)| earlier.revision).next()
}

/// The sentence for such a snapshot.
pub fn edited_sentence(revision: Revision, since: Revision) -> String {
    format!(
        "the configuration of {revision} has changed since {since} and its state has not: nothing \
         shows that it was ever applied"
    )
}

/// The snapshots of a log, oldest first.
pub fn snapshots(log: &[Entry]) -> impl DoubleEndedIterator<Item = (&Entry, &Snapshot)> {
    log.iter().filter_map(|entry| entry.recorded.body.snapshot().map(|snapshot| (entry, snapshot)))
}

#[cfg(test)]
pub(super) mod tests;
