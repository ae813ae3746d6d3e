//! Whether something must not be applied, and what a revert holds.
//!
//! A hold stands until it is released or its time is over. One on a configuration is against that
//! configuration wherever it comes from, and against its commits as they were committed; another
//! configuration passes. It enforces nothing: `run` and `guard` ask, and a person who applies
//! without asking is not stopped.

use jiff::{SignedDuration, Timestamp};

use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry};
use crate::model::hold::{Hold, HoldScope};

/// A hold with the entry that says it.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The entry: author, time and reason.
    pub entry: &'a Entry,
    /// The hold: its scope and its end.
    pub hold: &'a Hold,
}

/// A configuration that is about to be applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidate {
    /// SHA-256 of the archive of its configuration, when it could be captured.
    pub digest: Option<Digest>,
    /// The commit that is checked out, when the work tree is as committed.
    pub commit: Option<String>,
}

/// The holds that stand, newest first.
pub fn standing(log: &[Entry], now: Timestamp) -> Vec<Held<'_>> {
    let is_released = |held: &Entry| {
        log.iter().any(
            |entry| matches!(&entry.recorded.body, Body::Release(r) if r.hold == held.revision),
        )
    };
    log.iter()
        .rev()
        .filter_map(|entry| {
            let Body::Hold(hold) = &entry.recorded.body else { return None };
            Some(Held { entry, hold })
        })
        .filter(|held| held.hold.until.is_none_or(|until| now < until))
        .filter(|held| !is_released(held.entry))
        .collect()
}

/// The newest hold that forbids to apply `candidate`.
pub fn forbids<'a>(log: &'a [Entry], now: Timestamp, candidate: &Candidate) -> Option<Held<'a>> {
    standing(log, now).into_iter().find(|held| is_against(held.hold, candidate))
}

fn is_against(hold: &Hold, candidate: &Candidate) -> bool {
    match &hold.scope {
        HoldScope::Everything => true,
        HoldScope::Configuration { digests, commits, .. } => {
            candidate.digest.is_some_and(|digest| digests.contains(&digest))
                || candidate.commit.as_ref().is_some_and(|commit| commits.contains(commit))
        }
    }
}

/// The extent of a revert's hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Nothing.
    Nothing,
    /// The configurations that were attempted since good, for so many seconds.
    Reverted {
        /// How long.
        seconds: u64,
    },
    /// Everything, until it is released.
    Everything,
}

impl Default for Holding {
    fn default() -> Self {
        Self::Reverted { seconds: 24 * 60 * 60 }
    }
}

impl Holding {
    /// When the hold of a revert that begins now ends; never when no time was set.
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        let Self::Reverted { seconds } = self else { return None };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        now.checked_add(SignedDuration::from_secs(seconds)).ok()
    }
}

/// The scope of the hold of a revert to `target` from `before`: the configurations that were
/// attempted since, and their commits, but never the good one. None when that is nothing.
pub fn of_revert(
    log: &[Entry],
    target: &Entry,
    before: &Entry,
    holding: Holding,
) -> Option<HoldScope> {
    match holding {
        Holding::Nothing | Holding::Reverted { seconds: 0 } => return None,
        Holding::Everything => return Some(HoldScope::Everything),
        Holding::Reverted { .. } => {}
    }
    let (good_digest, good_commit) = attempted(target);
    let since = log.iter().filter(|entry| entry.revision > target.revision);
    let tried = since.filter(|entry| matches!(entry.recorded.body, Body::RunIntent(_)));
    let (mut digests, mut commits) = (Vec::new(), Vec::new());
    for entry in tried.chain(std::iter::once(before)) {
        let (digest, commit) = attempted(entry);
        if digest.is_some() && digest == good_digest {
            continue;
        }
        digests.extend(digest.filter(|digest| !digests.contains(digest)));
        let commit = commit.filter(|commit| Some(commit) != good_commit.as_ref());
        commits.extend(commit.filter(|commit| !commits.contains(commit)));
    }
    let is_nothing = digests.is_empty() && commits.is_empty();
    let target = Some(target.revision);
    (!is_nothing).then_some(HoldScope::Configuration { digests, commits, target })
}

/// The configuration that an entry attempted, and its commit when it was as committed.
fn attempted(entry: &Entry) -> (Option<Digest>, Option<String>) {
    if let Body::RunIntent(intent) = &entry.recorded.body {
        return (intent.configuration, intent.commit.clone());
    }
    let Some(snapshot) = entry.recorded.body.snapshot() else { return (None, None) };
    let commit = snapshot.git.as_ref().filter(|git| !git.dirty).map(|git| git.commit.clone());
    (snapshot.configuration.as_ref().map(|known| known.digest), commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::good::tests::{configuration_of, log, snapshot, version};
    use crate::model::entry::{GitFacts, Revision};
    use crate::model::hold::Release;
    use crate::model::run::RunIntent;

    fn held(until: Option<&str>) -> Body {
        let scope = HoldScope::Configuration {
            digests: vec![Digest::of(b"bad")],
            commits: vec!["8f3c2ab".into()],
            target: None,
        };
        Body::Hold(Hold { scope, until: until.map(|until| until.parse().unwrap()) })
    }

    fn candidate(digest: &[u8], commit: &str) -> Candidate {
        Candidate { digest: Some(Digest::of(digest)), commit: Some(commit.into()) }
    }

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_was_reverted_is_forbidden_by_content_and_by_commit_and_nothing_else_is() {
        let log = log(vec![held(None)]);
        let is_forbidden =
            |digest: &[u8], commit| forbids(&log, now(), &candidate(digest, commit)).is_some();
        assert!(is_forbidden(b"bad", "another"));
        assert!(is_forbidden(b"other", "8f3c2ab"));
        assert!(!is_forbidden(b"other", "another"));
        assert!(forbids(&log, now(), &Candidate::default()).is_none());
    }

    #[test]
    fn a_hold_on_everything_forbids_even_what_cannot_be_read() {
        let log = log(vec![Body::Hold(Hold { scope: HoldScope::Everything, until: None })]);
        assert!(forbids(&log, now(), &Candidate::default()).is_some());
    }

    #[test]
    fn a_revert_holds_what_was_attempted_and_never_what_is_good() {
        let taken = |content: &[u8], commit: &str, dirty| {
            let mut snapshot = snapshot(version(1, "1"));
            snapshot.configuration = Some(configuration_of(content));
            snapshot.git = Some(GitFacts { commit: commit.into(), dirty });
            Body::Snapshot(Box::new(snapshot))
        };
        let run = |content: &[u8], commit: &str| {
            Body::RunIntent(Box::new(RunIntent {
                before: Revision(1),
                command: Vec::new(),
                configuration: Some(Digest::of(content)),
                commit: Some(commit.into()),
                plan: None,
                plan_digest: None,
                journal: String::new(),
            }))
        };
        let held = |bodies: Vec<Body>, holding| {
            let log = log(bodies);
            of_revert(&log, &log[0], log.last().unwrap(), holding)
        };
        let scope = |contents: &[&[u8]], commits: &[&str]| {
            Some(HoldScope::Configuration {
                digests: contents.iter().map(|content| Digest::of(content)).collect(),
                commits: commits.iter().map(|commit| (*commit).to_owned()).collect(),
                target: Some(Revision(1)),
            })
        };
        let good = || taken(b"good", "c1", false);
        let day = Holding::default();
        let bad = || taken(b"bad", "c2", false);
        assert_eq!(held(vec![good(), bad()], day), scope(&[b"bad"], &["c2"]));
        assert_eq!(
            held(vec![good(), run(b"worse", "c3"), bad()], day),
            scope(&[b"worse", b"bad"], &["c3", "c2"])
        );
        assert_eq!(held(vec![good(), run(b"bad", "c2"), bad()], day), scope(&[b"bad"], &["c2"]));
        let edited = || taken(b"bad", "c1", true);
        assert_eq!(held(vec![good(), edited()], day), scope(&[b"bad"], &[]));
        assert_eq!(held(vec![good(), taken(b"good", "c9", false)], day), None);
        assert_eq!(held(vec![good(), bad()], Holding::Nothing), None);
        assert_eq!(held(vec![good(), bad()], Holding::Everything), Some(HoldScope::Everything));
    }

    #[test]
    fn a_hold_ends_with_its_time_or_its_release() {
        let over = log(vec![held(Some("2026-05-31T23:59:59Z"))]);
        assert!(standing(&over, now()).is_empty());
        let still = log(vec![held(Some("2026-06-01T00:00:01Z"))]);
        assert_eq!(standing(&still, now()).len(), 1);
        let released = log(vec![held(None), Body::Release(Release { hold: Revision(1) })]);
        assert!(standing(&released, now()).is_empty());
    }
}
