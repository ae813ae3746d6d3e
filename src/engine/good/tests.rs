//! Logs in a few words, and which of their snapshots is the last known good one.

use std::collections::BTreeMap;

use super::*;
use crate::model::apply_report::{ApplyReport, ReportSource};
use crate::model::configuration::{BlobId, ConfigurationRef, ConfigurationSource};
use crate::model::digest::Digest;
use crate::model::entry::{Actor, Cause, GitFacts, Mark, NewEntry, StateRef, StateSource};
use crate::model::good::Grade;
use crate::model::run::{RunIntent, RunOutcome};
use crate::model::stack::BackendIdentity;
use crate::model::version::{Lineage, Serial, StateVersion};

/// A state version of lineage `l` whose content is `content`.
pub(in crate::engine) fn version(serial: u64, content: &str) -> StateVersion {
    StateVersion {
        lineage: Lineage::new("l").unwrap(),
        serial: Serial(serial),
        digest: Digest::of(content.as_bytes()),
    }
}

/// A snapshot of `version`.
pub(in crate::engine) fn snapshot(version: StateVersion) -> Snapshot {
    Snapshot {
        cause: Cause::Manual,
        state: Some(StateRef {
            blob: BlobId(version.digest),
            version,
            bytes: 1,
            source: StateSource::File,
            writer: "1.11.4".into(),
            resources: 0,
        }),
        configuration: None,
        engine: None,
        workspace: "default".into(),
        backend: BackendIdentity { kind: "local".into(), settings: BTreeMap::new() },
        git: Some(GitFacts { commit: "8f3c2ab0".into(), dirty: false }),
        tags: BTreeMap::from([("release".to_owned(), "1".to_owned())]),
        change: None,
        past: None,
    }
}

/// A log made of these bodies, an hour apart.
pub(in crate::engine) fn log(bodies: Vec<Body>) -> Vec<Entry> {
    let start: jiff::Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    bodies
        .into_iter()
        .zip(1_u64..)
        .map(|(body, number)| Entry {
            stack: "s".parse().unwrap(),
            revision: Revision(number),
            previous: None,
            digest: Digest::of(&number.to_be_bytes()),
            recorded: NewEntry {
                time: start + jiff::SignedDuration::from_hours(i64::try_from(number).unwrap()),
                actor: Actor { name: "a".into(), host: "h".into(), process: 1, started: None },
                tool: "unapply".into(),
                reason: None,
                ticket: None,
                body,
            },
        })
        .collect()
}

/// A snapshot's body.
pub(in crate::engine) fn taken(serial: u64, content: &str) -> Body {
    Body::Snapshot(Box::new(snapshot(version(serial, content))))
}

/// A good mark.
pub(in crate::engine) fn good(revision: u64) -> Body {
    graded(revision, Grade::Applied, None)
}

/// A good mark of this grade; `because` says why it cannot be planned.
pub(in crate::engine) fn graded(revision: u64, grade: Grade, because: Option<&str>) -> Body {
    let because = because.map(str::to_owned);
    let evidence = Evidence { grade, residual: vec![], checks: vec![], because };
    Body::Mark(Mark { revision: Revision(revision), verdict: Verdict::Good(evidence) })
}

fn bad(revision: u64) -> Body {
    Body::Mark(Mark { revision: Revision(revision), verdict: Verdict::Bad })
}

fn check(bodies: Vec<Body>, expected: Option<u64>) {
    let log = log(bodies);
    assert_eq!(last_known_good(&log).map(|good| good.entry.revision.0), expected);
}

#[test]
fn the_newest_snapshot_whose_newest_mark_is_good_is_the_last_known_good_one() {
    check(vec![], None);
    check(vec![taken(1, "a")], None);
    check(vec![taken(1, "a"), good(1)], Some(1));
    check(vec![taken(1, "a"), taken(2, "b"), good(1), good(2)], Some(2));
    check(vec![taken(1, "a"), taken(2, "b"), good(2), good(1)], Some(2));
    check(vec![taken(1, "a"), taken(2, "b"), good(1), good(2), bad(2)], Some(1));
    check(vec![taken(1, "a"), good(1), bad(1), good(1)], Some(1));
}

#[test]
fn what_cannot_be_planned_replaces_no_snapshot_that_a_plan_has_proved() {
    let of = |grade, because: Option<&str>| {
        // The snapshot of revision 1 has a configuration.
        let known = Some(configuration_of(b"v1"));
        let first = Snapshot { configuration: known.clone(), ..snapshot(version(1, "a")) };
        let second = Snapshot { configuration: known, ..snapshot(version(2, "b")) };
        let [first, second] = [first, second].map(|taken| Body::Snapshot(Box::new(taken)));
        vec![first, graded(1, grade, None), second, graded(3, Grade::Applied, because)]
    };
    let lacking = Some("no value is kept of var.x");
    let all = |bodies: Vec<Body>| {
        let log = log(bodies);
        let numbers = |good: Vec<KnownGood<'_>>| -> Vec<u64> {
            good.iter().map(|good| good.entry.revision.0).collect()
        };
        (numbers(good_snapshots(&log)), numbers(passed_over(&log)))
    };
    assert_eq!(all(of(Grade::PlanEmpty, lacking)), (vec![1], vec![3]));
    assert_eq!(all(of(Grade::Checked, lacking)), (vec![1], vec![3]));
    assert_eq!(all(of(Grade::Applied, lacking)), (vec![3, 1], vec![]));
    assert_eq!(all(of(Grade::Checked, None)), (vec![3, 1], vec![]));
    // A record without the reason, of a snapshot without a configuration.
    let older = [of(Grade::PlanEmpty, None), vec![taken(3, "c"), good(5)]].concat();
    assert_eq!(all(older), (vec![5, 3, 1], vec![]));
    let mut older = of(Grade::PlanEmpty, None);
    older.splice(2.., [taken(3, "c"), good(3)]);
    assert_eq!(all(older.clone()), (vec![1], vec![3]));
    // And one that can be planned replaces both.
    let third = of(Grade::Applied, None).remove(0);
    let newest = [older, vec![third, good(5)]].concat();
    assert_eq!(all(newest), (vec![5, 3, 1], vec![]));
}

/// A configuration whose archive is `content`.
pub(in crate::engine) fn configuration_of(content: &[u8]) -> ConfigurationRef {
    ConfigurationRef {
        blob: BlobId(Digest::of(content)),
        digest: Digest::of(content),
        source: ConfigurationSource::Directory,
        files: 1,
        modules: 0,
        variables: Vec::new(),
        providers: Vec::new(),
        left_out: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn a_configuration_that_changed_while_the_state_did_not_was_not_applied_as_far_as_is_known() {
    let of = |content: &str, configuration: &str| {
        let known = configuration_of(configuration.as_bytes());
        let taken = snapshot(version(1, content));
        Body::Snapshot(Box::new(Snapshot { configuration: Some(known), ..taken }))
    };
    let check = |bodies: Vec<Body>, at: usize, expected: Option<u64>| {
        let log = log(bodies);
        assert_eq!(edited_since(&log, &log[at]).map(|since| since.0), expected);
    };
    check(vec![of("a", "v1")], 0, None);
    check(vec![of("a", "v1"), of("a", "v2")], 1, Some(1));
    check(vec![of("a", "v1"), of("b", "v2")], 1, None);
    check(vec![of("a", "v1"), of("a", "v1")], 1, None);
    check(vec![of("a", "v1"), of("a", "v2"), of("a", "v2")], 2, Some(1));
    check(vec![of("a", "v1"), taken(1, "a"), of("b", "v1"), of("b", "v2")], 3, Some(3));
    check(vec![taken(1, "a"), of("a", "v2")], 1, None);
    // A command applied it, and there was nothing to do.
    let intent = RunIntent {
        before: Revision(2),
        command: Vec::new(),
        configuration: Some(Digest::of(b"v2")),
        commit: None,
        plan: None,
        plan_digest: None,
        journal: String::new(),
    };
    let ended = |outcome| {
        Body::RunOutcome(Box::new(RunOutcome {
            intent: Revision(3),
            outcome,
            code: Some(0),
            after: Some(Revision(2)),
            events: None,
            errored: None,
            apply_report: ApplyReport {
                source: ReportSource::Events,
                objects: Vec::new(),
                invocations: Vec::new(),
            },
            errors: Vec::new(),
            elsewhere: false,
        }))
    };
    let run = |outcome| {
        let begun = Body::RunIntent(Box::new(intent.clone()));
        vec![of("a", "v1"), of("a", "v2"), begun, ended(outcome)]
    };
    check(run(ApplyOutcome::Succeeded), 1, None);
    check(run(ApplyOutcome::Failed), 1, Some(1));
}

#[test]
fn a_mark_on_something_that_is_no_snapshot_makes_nothing_good() {
    check(vec![taken(1, "a"), good(2)], None);
    check(vec![good(7)], None);
}
