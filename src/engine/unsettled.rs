//! Matters that a crash or a failure has left open, as far as the log tells.
//!
//! Whether something of it has been resolved in the world since (an object imported, a process gone)
//! is looked at by `flow::recover`, which then says so in the log. It decides no next step.

use crate::model::apply_report::{ApplyReport, ReportedObject};
use crate::model::entry::{Body, Entry, Revision, UnreadableState};
use crate::model::run::Resolution;

/// One matter that is open.
#[derive(Debug, Clone)]
pub enum Unsettled<'a> {
    /// A command was started, and the log does not say how it ended.
    Run(&'a Entry),
    /// A revert was about to apply, and the log does not say how it ended.
    Revert(&'a Entry),
    /// Objects were made that no state knows.
    Lost {
        /// The outcome that says so.
        outcome: &'a Entry,
        /// The objects.
        objects: Vec<&'a ReportedObject>,
    },
    /// Objects may have been made that no state knows.
    MayExist {
        /// The outcome that says so.
        outcome: &'a Entry,
        /// The objects.
        objects: Vec<&'a ReportedObject>,
    },
    /// Terraform could not save its state and left it behind: the backend's is behind reality.
    LeftState(&'a Entry),
}

impl Unsettled<'_> {
    /// The entry that left it open.
    pub fn revision(&self) -> Revision {
        match self {
            Self::Run(entry) | Self::Revert(entry) | Self::LeftState(entry) => entry.revision,
            Self::Lost { outcome, .. } | Self::MayExist { outcome, .. } => outcome.revision,
        }
    }

    /// The matter in one clause.
    pub fn clause(&self) -> String {
        let revision = self.revision();
        match self {
            Self::Run(_) => format!("run {revision} has not been seen to end"),
            Self::Revert(_) => format!("revert {revision} has not been seen to end"),
            Self::Lost { objects, .. } => {
                format!("made and in no state ({revision}): {}", named(objects))
            }
            Self::MayExist { objects, .. } => {
                format!("may exist and is in no state ({revision}): {}", named(objects))
            }
            Self::LeftState(_) => {
                format!("an apply could not save its state; what it left is revision {revision}")
            }
        }
    }

    /// Whether nothing may be built on the state before it is resolved. Objects that merely may
    /// exist are named and stop no command: most failed creations leave nothing.
    pub fn stands_in_the_way(&self) -> bool {
        match self {
            Self::Run(_) | Self::Revert(_) | Self::Lost { .. } | Self::LeftState(_) => true,
            Self::MayExist { .. } => false,
        }
    }
}

/// Objects by address, with their ids.
fn named(objects: &[&ReportedObject]) -> String {
    let name = |reported: &&ReportedObject| match &reported.id {
        Some(id) => format!("{} (id {id})", reported.address),
        None => reported.address.clone(),
    };
    objects.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The file in which Terraform leaves a state. The `found` text of its evidence begins with this.
pub const ERRORED_STATE: &str = "errored.tfstate";

/// Every open matter, oldest first.
pub fn unsettled(log: &[Entry]) -> Vec<Unsettled<'_>> {
    log.iter().flat_map(|entry| matters(log, entry)).collect()
}

fn matters<'a>(log: &'a [Entry], entry: &'a Entry) -> Vec<Unsettled<'a>> {
    let resolved: Vec<&Resolution> = resolutions(log, entry.revision);
    if resolved.iter().any(|resolution| resolution.objects.is_empty()) {
        return Vec::new();
    }
    let body = &entry.recorded.body;
    if let Body::RunOutcome(ended) = body {
        return objects(entry, &ended.apply_report, &resolved);
    }
    let is_left = |kept: &UnreadableState| kept.found.starts_with(ERRORED_STATE);
    let is_open = || !is_concluded(log, entry.revision);
    let matter = if matches!(body, Body::RunIntent(_)) {
        is_open().then_some(Unsettled::Run(entry))
    } else if matches!(body, Body::RevertIntent(_)) {
        is_open().then_some(Unsettled::Revert(entry))
    } else {
        matches!(body, Body::Evidence(kept) if is_left(kept)).then_some(Unsettled::LeftState(entry))
    };
    matter.into_iter().collect()
}

/// The objects of a report that are not resolved.
fn objects<'a>(
    outcome: &'a Entry,
    report: &'a ApplyReport,
    resolved: &[&Resolution],
) -> Vec<Unsettled<'a>> {
    let is_open = |reported: &&ReportedObject| {
        !resolved.iter().any(|resolution| resolution.objects.contains(&reported.address))
    };
    let lost: Vec<&ReportedObject> = report.lost().filter(is_open).collect();
    let may_exist: Vec<&ReportedObject> = report.may_exist().filter(is_open).collect();
    let lost = (!lost.is_empty()).then_some(Unsettled::Lost { outcome, objects: lost });
    let may_exist =
        (!may_exist.is_empty()).then_some(Unsettled::MayExist { outcome, objects: may_exist });
    lost.into_iter().chain(may_exist).collect()
}

/// The recorded resolutions of a matter.
fn resolutions(log: &[Entry], matter: Revision) -> Vec<&Resolution> {
    log.iter()
        .filter_map(|entry| {
            let Body::Resolution(resolution) = &entry.recorded.body else { return None };
            (resolution.matter == matter).then_some(resolution)
        })
        .collect()
}

fn is_concluded(log: &[Entry], intent: Revision) -> bool {
    log.iter().any(|entry| {
        matches!(&entry.recorded.body, Body::RunOutcome(ended) if ended.intent == intent)
            || matches!(&entry.recorded.body, Body::RevertOutcome(ended) if ended.intent == intent)
    })
}

/// The newest revert that has no outcome.
pub fn open_revert(log: &[Entry]) -> Option<&Entry> {
    let concluded = |revision: Revision| {
        log.iter().any(
            |entry| matches!(&entry.recorded.body, Body::RevertOutcome(end) if end.intent == revision),
        )
    };
    log.iter().rev().find(|entry| {
        matches!(entry.recorded.body, Body::RevertIntent(_)) && !concluded(entry.revision)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::good::tests::log;
    use crate::model::apply_report::{ObjectOutcome, Presence, ReportSource};
    use crate::model::entry::ApplyOutcome;
    use crate::model::run::{ResolutionKind, RunIntent, RunOutcome};

    fn intent() -> Body {
        Body::RunIntent(Box::new(RunIntent {
            before: Revision(1),
            command: vec!["terraform".into()],
            configuration: None,
            commit: None,
            plan: None,
            plan_digest: None,
            journal: String::new(),
        }))
    }

    fn outcome(outcomes: &[(&str, ObjectOutcome)]) -> Body {
        let reported = |(address, outcome): &(&str, ObjectOutcome)| ReportedObject {
            address: (*address).to_owned(),
            action: "create".into(),
            outcome: *outcome,
            id: None,
            presence: Presence::NotInState,
        };
        Body::RunOutcome(Box::new(RunOutcome {
            intent: Revision(1),
            outcome: ApplyOutcome::Failed,
            code: Some(1),
            after: None,
            events: None,
            errored: None,
            apply_report: ApplyReport {
                source: ReportSource::Events,
                objects: outcomes.iter().map(reported).collect(),
                invocations: Vec::new(),
            },
            errors: Vec::new(),
            elsewhere: false,
        }))
    }

    fn resolved(matter: u64, objects: &[&str]) -> Body {
        let objects = objects.iter().map(|object| (*object).to_owned()).collect();
        Body::Resolution(Resolution {
            matter: Revision(matter),
            how: ResolutionKind::Adopted,
            objects,
        })
    }

    fn open(bodies: Vec<Body>) -> Vec<(u64, bool)> {
        let log = log(bodies);
        let matters = unsettled(&log);
        matters.iter().map(|matter| (matter.revision().0, matter.stands_in_the_way())).collect()
    }

    #[test]
    fn an_intent_is_open_until_somebody_says_how_it_ended() {
        assert_eq!(open(vec![intent()]), [(1, true)]);
        assert_eq!(open(vec![intent(), outcome(&[])]), []);
        assert_eq!(open(vec![intent(), resolved(1, &[])]), []);
    }

    #[test]
    fn what_was_made_and_is_lost_is_open_object_by_object() {
        let outcomes = [("a.lost", ObjectOutcome::Created), ("a.perhaps", ObjectOutcome::Unknown)];
        assert_eq!(open(vec![intent(), outcome(&outcomes)]), [(2, true), (2, false)]);
        let one = resolved(2, &["a.lost"]);
        assert_eq!(open(vec![intent(), outcome(&outcomes), one]), [(2, false)]);
        let all = resolved(2, &[]);
        assert_eq!(open(vec![intent(), outcome(&outcomes), all]), []);
    }

    #[test]
    fn a_state_that_was_left_behind_stands_in_the_way() {
        let kept = |found: &str| {
            Body::Evidence(UnreadableState {
                blob: crate::model::configuration::BlobId(crate::model::digest::Digest::of(b"x")),
                digest: crate::model::digest::Digest::of(b"x"),
                bytes: 1,
                found: found.into(),
                problem: String::new(),
            })
        };
        assert_eq!(open(vec![kept("errored.tfstate of run 3")]), [(1, true)]);
        assert_eq!(open(vec![kept("terraform.tfstate")]), []);
    }
}
