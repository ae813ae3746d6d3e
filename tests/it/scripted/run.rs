//! A wrapped command: the record around it, the ones that may not run beside it, and the end of one
//! whose watcher died.

use std::sync::Arc;

use unapply::model::entry::{ApplyOutcome, Body};
use unapply::model::word::Word as _;

use super::drive::{Error, Process, Reverted, RunError, journal};
use super::stories::{Story, kinds, log};
use crate::support::script::{Fault, Script, Side, put};
use crate::support::scripted::ScriptedInterrupt;

#[test]
fn a_command_is_recorded_between_an_intent_and_an_outcome_with_what_it_did() {
    let story = Story::about_to_run();
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    assert_eq!(story.applies(&begun), 1);
    let place = journal(&begun);
    let concluded = process.conclude(begun, 1).unwrap();
    assert_eq!(concluded.result, ApplyOutcome::Failed);
    assert!(!place.exists(), "the journal is in the store");
    let objects: Vec<String> = concluded
        .apply_report
        .objects
        .iter()
        .map(|reported| format!("{} {}", reported.address, reported.outcome.name()))
        .collect();
    let expected = [
        "demo_file.a updated",
        "demo_file.b created",
        "demo_file.d failed",
        "demo_file.gone destroyed",
    ];
    assert_eq!(objects, expected);
    let said = kinds(&story.scene);
    assert_eq!(said[said.len() - 4..], ["snapshot", "run-intent", "snapshot", "run-outcome"]);
    let ended = process.revert(story.target).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    let left: Vec<&str> =
        verified.comparison.not_undone.iter().map(|left| left.address.as_str()).collect();
    assert_eq!(left, ["demo_file.d"], "it may exist");
    story.is_back();
    story.is_done_once();
}

#[test]
fn a_real_child_writes_its_journal_and_its_exit_code_counts() {
    let story = Story::about_to_run();
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh", "-c", "echo told; exit 3"]).unwrap();
    let concluded = process.go_and_conclude(begun).unwrap();
    assert_eq!(concluded.result, ApplyOutcome::Failed);
    let Body::RunOutcome(end) = &concluded.outcome.recorded.body else { panic!("{concluded:?}") };
    assert_eq!(end.code, Some(3));
    assert!(end.events.is_some(), "what it printed is kept");
}

#[test]
fn a_command_whose_watcher_died_is_concluded_by_the_next_one() {
    let story = Story::about_to_run();
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let intent = begun.intent.revision();
    story.applies(&begun);
    // Its watcher is gone, and no process has the journal open any more.
    drop((begun, process));
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let [outcome] = begun.concluded.as_slice() else { panic!("{begun:?}") };
    let outcome = process.entry(*outcome).unwrap();
    let Body::RunOutcome(end) = &outcome.recorded.body else { panic!("{outcome:?}") };
    assert_eq!((end.intent, end.outcome), (intent, ApplyOutcome::Unknown));
    assert!(end.apply_report.objects.iter().any(|reported| reported.address == "demo_file.b"));
}

#[test]
fn while_one_command_runs_no_other_one_and_no_revert_begins() {
    let story = Story::about_to_run();
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let other = Process::healthy(&story.scene);
    let error = other.begin(&["/bin/sh"]).unwrap_err();
    assert!(matches!(error, Error::UnderWay { .. }), "{error:?}");
    let error = other.draft(story.target).unwrap_err();
    assert!(matches!(error, Error::UnderWay { .. }), "{error:?}");
    let said = log(&story.scene).len();
    process.conclude(begun, 0).unwrap();
    assert!(log(&story.scene).len() > said);
    other.draft(story.target).unwrap();
}

#[test]
fn what_a_revert_has_taken_back_is_held_and_something_else_is_not() {
    let story = Story::half_applied(crate::support::scripted::Where::File);
    story.goes_back();
    let process = Process::healthy(&story.scene);
    let error = process.begin(&["/bin/sh"]).unwrap_err();
    assert!(matches!(error, Error::Run(RunError::Held { .. })), "{error:?}");
    story.scene.configure(&super::stories::file("a", "mended"));
    let begun = process.begin(&["/bin/sh"]).unwrap();
    process.conclude(begun, 0).unwrap();
}

#[test]
fn a_state_that_a_command_could_not_save_is_kept_and_stands_in_the_way() {
    let story = Story::about_to_run();
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let mut left = story.scene.state();
    left.serial += 5;
    put(&story.scene.root().join("errored.tfstate"), &left.bytes());
    let concluded = process.conclude(begun, 1).unwrap();
    assert!(concluded.errored.is_some());
    let error = process.begin(&["/bin/sh"]).unwrap_err();
    assert!(matches!(error, Error::Run(RunError::Unsettled { .. })), "{error:?}");
    assert_eq!(process.recover().unwrap(), [""; 0]);
    assert_eq!(story.scene.state().objects, left.objects);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    process.conclude(begun, 0).unwrap();
}

#[test]
fn an_outcome_that_cannot_be_recorded_keeps_the_journal_for_the_next_command() {
    let story = Story::about_to_run();
    let calls = {
        let story = story.copy();
        let process = Process::healthy(&story.scene);
        process.begin(&["/bin/sh"]).unwrap();
        process.script.asked().len()
    };
    let fault = Fault::From(u64::try_from(calls + 1).unwrap(), Side::Before);
    let interrupt = ScriptedInterrupt::default();
    let process = Process::start(&story.scene, Arc::new(Script::new(fault)), interrupt).unwrap();
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let place = journal(&begun);
    let code = story.applies(&begun);
    let error = process.conclude(begun, code).unwrap_err();
    let Error::Run(RunError::NotRecorded { code: Some(1), journal, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*journal, place);
    assert!(place.join("stdout").exists());
    drop(process);
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    assert_eq!(begun.concluded.len(), 1);
    assert!(!place.exists());
    process.conclude(begun, 0).unwrap();
    drop(process);
    story.goes_back();
}
