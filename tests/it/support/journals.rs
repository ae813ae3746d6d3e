//! Wrapped applies, as their entries tell of them: said into the log of a stage directly, so that
//! what follows from a journal is tested apart from how one is written.

use std::sync::Arc;

use unapply::model::apply_report::{
    ApplyReport, ObjectOutcome, Presence, ReportSource, ReportedObject,
};
use unapply::model::entry::{Actor, ApplyOutcome, Body, Entry, NewEntry, Revision};
use unapply::model::run::{RunIntent, RunOutcome};
use unapply::store::{After, LocalStore, Repository};

use super::stage::Stage;

/// A line of a report of something that failed or succeeded.
pub(crate) fn reported(
    address: &str,
    action: &str,
    outcome: ObjectOutcome,
    id: Option<&str>,
) -> ReportedObject {
    ReportedObject {
        address: address.into(),
        action: action.into(),
        outcome,
        id: id.map(str::to_owned),
        presence: Presence::NotInState,
    }
}

impl Stage {
    /// The stage's own store.
    pub(crate) fn repository(&self) -> Repository {
        let store = LocalStore::open(&self.stack().join(".unapply")).unwrap();
        Repository::open(Arc::new(store)).unwrap()
    }

    /// Says something in the log, as a process of another machine.
    pub(crate) fn record(&self, body: Body) -> Entry {
        let draft = NewEntry {
            time: "2026-02-03T04:05:06Z".parse().unwrap(),
            actor: Actor {
                name: "ci".into(),
                host: "elsewhere".into(),
                process: 4711,
                started: None,
            },
            tool: "unapply 0.1.0".into(),
            reason: None,
            ticket: None,
            body,
        };
        self.repository().append(&"demo/app".parse().unwrap(), draft, After::Any).unwrap()
    }

    /// Says that a wrapped command is about to start, from the newest snapshot.
    pub(crate) fn say_run(&self) -> Revision {
        let log = self.repository().log(&"demo/app".parse().unwrap()).unwrap();
        let before =
            log.iter().rev().find(|entry| entry.recorded.body.snapshot().is_some()).unwrap();
        let intent = RunIntent {
            before: before.revision,
            command: vec!["terraform".into(), "apply".into()],
            configuration: None,
            commit: None,
            plan: None,
            plan_digest: None,
            journal: String::new(),
        };
        self.record(Body::RunIntent(Box::new(intent))).revision
    }

    /// Says how it ended, with what it printed.
    pub(crate) fn say_ended(&self, intent: Revision, objects: Vec<ReportedObject>, printed: &str) {
        let events = self.repository().put_blob(printed.as_bytes()).unwrap().id;
        let outcome = RunOutcome {
            intent,
            outcome: ApplyOutcome::Failed,
            code: Some(1),
            after: None,
            events: Some(events),
            errored: None,
            apply_report: ApplyReport { objects, ..ApplyReport::empty(ReportSource::Events) },
            errors: Vec::new(),
            elsewhere: false,
        };
        self.record(Body::RunOutcome(Box::new(outcome)));
    }

    /// Applies `configuration` under a journal, without a snapshot of its own, and heals the faults.
    pub(crate) fn apply_journalled(&self, configuration: &str, faults: &str) {
        self.configure(configuration);
        let intent = self.say_run();
        self.fault(faults);
        let ran = self.terraform(&["apply", "-auto-approve", "-json", "-input=false"]);
        self.fault("");
        self.say_ended(intent, Vec::new(), &ran.stdout);
    }
}
