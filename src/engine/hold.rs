//! Whether something must not be applied.
//!
//! A hold stands until it is released or its time is over. One on a configuration is against that
//! configuration wherever it comes from, and against its commits as they were committed; another
//! configuration passes. It enforces nothing: `run` and `guard` ask, and whoever applies without
//! asking is not stopped.

use jiff::Timestamp;

use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry};
use crate::model::hold::{Hold, HoldScope};

/// A hold with the entry that says it.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Who, when and why.
    pub entry: &'a Entry,
    /// What.
    pub hold: &'a Hold,
}

/// What somebody is about to apply.
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
        log.iter()
            .any(|entry| matches!(&entry.said.body, Body::Release(r) if r.hold == held.revision))
    };
    log.iter()
        .rev()
        .filter_map(|entry| {
            let Body::Hold(hold) = &entry.said.body else { return None };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::good::tests::log;
    use crate::model::entry::Revision;
    use crate::model::hold::Release;

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
    fn a_hold_ends_with_its_time_or_its_release() {
        let over = log(vec![held(Some("2026-05-31T23:59:59Z"))]);
        assert!(standing(&over, now()).is_empty());
        let still = log(vec![held(Some("2026-06-01T00:00:01Z"))]);
        assert_eq!(standing(&still, now()).len(), 1);
        let released = log(vec![held(None), Body::Release(Release { hold: Revision(1) })]);
        assert!(standing(&released, now()).is_empty());
    }
}
