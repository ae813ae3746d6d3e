//! The liveness of a process that began something. An intent with our own number is of a dead one:
//! in a container that was started again, unapply is process 1 again.

use std::sync::Arc;

use unapply::model::entry::Entry;

use super::drive::{Error, Process, RunError};
use super::stories::{Story, log, unconcluded};
use crate::support::script::{Fault, Script, Side};
use crate::support::scripted::{ScriptedInterrupt, Where};

/// A story in which a revert has died in its apply, as a process with this number.
fn died_as(number: u32) -> Story {
    let story = Story::half_applied(Where::File);
    let asked = {
        let story = story.copy();
        let process = Process::healthy(&story.scene);
        process.revert(story.target).unwrap();
        process.script.asked()
    };
    let apply = asked.iter().position(|call| call.starts_with("terraform apply ")).unwrap();
    let fault = Fault::Death(u64::try_from(apply + 1).unwrap(), Side::After);
    let script = Arc::new(Script::keeping(fault, &story.scene.temporary()));
    let died = script.live(|| {
        let interrupt = ScriptedInterrupt::default();
        let mut process = Process::start(&story.scene, Arc::clone(&script), interrupt).unwrap();
        process.author.actor.process = number;
        process.revert(story.target).unwrap();
    });
    assert!(died.is_none());
    assert_eq!(unconcluded(&log(&story.scene)).len(), 1);
    story
}

/// The next process, with this number.
fn next(story: &Story, number: u32) -> Process<'_> {
    let mut process = Process::healthy(&story.scene);
    process.author.actor.process = number;
    process
}

#[test]
fn an_intent_with_our_own_number_is_of_a_dead_process_for_every_command() {
    let ours = std::process::id();
    let story = died_as(ours);
    let process = next(&story, ours);
    assert!(!process.is_under_way().unwrap(), "recover");
    let refused = process.begin(&["/bin/sh"]).unwrap_err();
    assert!(
        matches!(&refused, Error::Run(RunError::Unsettled { .. })),
        "run: it is open, and not under way: {refused:?}"
    );
    process.draft(story.target).unwrap();
    drop(process);
    assert_eq!(unconcluded(&log(&story.scene)), [0; 0], "revert concludes it");
    story.goes_back();
    story.is_done_once();
}

#[test]
fn a_wrapped_command_whose_journal_is_gone_is_not_kept_alive_by_our_own_number() {
    let ours = std::process::id();
    let story = Story::about_to_run();
    let intent: Entry = {
        let process = next(&story, ours);
        let begun = process.begin(&["/bin/sh"]).unwrap();
        let intent = begun.intent.entry().clone();
        std::fs::remove_dir_all(super::drive::journal(&begun)).unwrap();
        intent
    };
    let process = next(&story, ours);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    assert_eq!(begun.concluded.len(), 1, "{}", intent.revision);
}

#[test]
fn an_intent_of_a_process_that_lives_is_under_way_for_every_command() {
    let living = std::process::id();
    let story = died_as(living);
    let process = Process::healthy(&story.scene);
    assert!(process.is_under_way().unwrap(), "recover");
    let error = process.begin(&["/bin/sh"]).unwrap_err();
    assert!(matches!(error, Error::UnderWay { .. }), "run: {error:?}");
    let error = process.draft(story.target).unwrap_err();
    assert!(matches!(error, Error::UnderWay { .. }), "revert: {error:?}");
    let error = process.abandon().unwrap_err();
    assert!(matches!(error, Error::UnderWay { .. }), "abandon: {error:?}");
}
