//! Sweeps: for every call of the store and of Terraform, the process dies in it, or it fails once.
//!
//! A process that died is followed by a healthy one, which has to bring the stack back without
//! losing, repeating or destroying anything. A call that fails once has to be told by its name,
//! unless the use case could do without it.

use std::sync::Arc;

use super::drive::{Error, Process, Reverted};
use super::stories::{Story, kinds, log, unconcluded};
use crate::support::script::{Fault, Script, Side};
use crate::support::scripted::{ScriptedInterrupt, Where};

/// The acts of a process in a sweep.
type Act = fn(&Process<'_>, &Story) -> Result<(), Error>;

fn revert(process: &Process<'_>, story: &Story) -> Result<(), Error> {
    match process.revert(story.target)? {
        Reverted::Nothing | Reverted::Failed(..) | Reverted::Verified(..) => Ok(()),
    }
}

/// How a process with a fault has ended: none when it died.
fn lives(story: &Story, fault: Fault, act: Act) -> (Option<Result<(), Error>>, Vec<String>) {
    let script = Arc::new(Script::keeping(fault, &story.scene.temporary()));
    let ended = script.live(|| {
        let process =
            Process::start(&story.scene, Arc::clone(&script), ScriptedInterrupt::default())?;
        act(&process, story)
    });
    (ended, script.asked())
}

/// Whether a call changes anything. One that only reads may as well not have been made.
fn has_effect(call: &str) -> bool {
    let reads = ["get ", "list ", "terraform version", "terraform pull", "terraform show "];
    !reads.iter().any(|read| call.starts_with(read))
}

/// The calls of a process that nothing happens to, by their numbers.
fn calls(story: &Story, act: Act) -> Vec<(u64, String)> {
    let story = story.copy();
    let (ended, asked) = lives(&story, Fault::Never, act);
    assert!(matches!(ended, Some(Ok(()))), "{ended:?}");
    story.is_back();
    story.is_done_once();
    assert_eq!(story.left_over(), [""; 0]);
    (1..).zip(asked).collect()
}

/// Lets the process die in every call that changes something, on both sides of the change.
fn dies_everywhere(story: &Story, act: Act) {
    for (number, call) in calls(story, act) {
        for side in [Side::Before, Side::After].into_iter().filter(|_| has_effect(&call)) {
            let told = format!("dead in call {number}, {side:?} `{call}`");
            let story = story.copy();
            let (ended, _) = lives(&story, Fault::Death(number, side), act);
            assert!(ended.is_none(), "{told}: {ended:?}");
            comes_back(&story, number, &told);
        }
    }
}

/// Lets a healthy process go on after a dead one.
fn comes_back(story: &Story, number: u64, told: &str) {
    eprintln!("{told}");
    let found = log(&story.scene);
    let next = Process::healthy(&story.scene);
    assert!(!next.is_under_way().unwrap(), "{told}");
    assert_eq!(log(&story.scene), found, "{told}: a look writes nothing");
    // Half of them ask what is open before they revert again.
    if number.is_multiple_of(2) {
        assert_eq!(next.recover().unwrap(), [""; 0], "{told}");
        assert_eq!(unconcluded(&log(&story.scene)), [0; 0], "{told}");
    }
    drop(next);
    story.goes_back();
    story.is_done_once();
    assert!(log(&story.scene).starts_with(&found), "{told}: what was said stays");
}

/// Lets every call fail once, on both sides of its effect.
fn fails_everywhere(story: &Story, act: Act) {
    for (number, call) in calls(story, act) {
        let sides =
            if has_effect(&call) { &[Side::Before, Side::After][..] } else { &[Side::Before] };
        for side in sides {
            let told = format!("call {number} fails, {side:?} `{call}`");
            eprintln!("{told}");
            let story = story.copy();
            let (ended, _) = lives(&story, Fault::Once(number, *side), act);
            let error = ended.unwrap().err();
            is_told(&story, error.as_ref(), (number, &call), &told);
            story.goes_back();
        }
    }
}

/// Insists that a call that failed is told, and that no intent is left open by it.
fn is_told(story: &Story, error: Option<&Error>, (number, call): (u64, &str), told: &str) {
    let is_unrecorded = matches!(error, Some(Error::NotRecorded { .. }));
    // An intent of which the store did not say whether it has it was not acted upon.
    let is_of_call = |intent: &u64| call.ends_with(&format!("/log/{intent:020}"));
    let open = unconcluded(&log(&story.scene));
    assert!(is_unrecorded || open.iter().all(is_of_call), "{told}: {open:?} {error:?}");
    if !is_unrecorded {
        assert_eq!(story.left_over(), [""; 0], "{told}");
    }
    // A record that could not be read proves nothing, and an unproved thing is asked about.
    if let Some(error) = error
        && !matches!(error, Error::Hazards(_))
    {
        assert!(format!("{error:?}").contains(&Script::word(number)), "{told}: {error:?}");
    }
}

#[test]
fn a_revert_may_die_in_any_call() {
    dies_everywhere(&Story::half_applied(Where::File), revert);
}

#[test]
fn a_revert_that_pushes_a_state_may_die_in_any_call() {
    dies_everywhere(&Story::forgotten(Where::Remote), revert);
}

#[test]
fn a_revert_in_two_steps_may_die_in_any_call() {
    dies_everywhere(&Story::far_away(), revert);
}

#[test]
fn a_revert_that_goes_on_in_rounds_may_die_in_any_call() {
    dies_everywhere(&Story::name_taken(), revert);
}

#[test]
fn a_call_of_a_revert_that_fails_once_is_told_and_leaves_nothing_open() {
    fails_everywhere(&Story::half_applied(Where::File), revert);
}

#[test]
fn a_call_of_a_revert_that_pushes_and_fails_once_is_told_and_leaves_nothing_open() {
    fails_everywhere(&Story::forgotten(Where::Remote), revert);
}

/// A command whose apply fails half-way, and then the revert.
fn run_and_revert(process: &Process<'_>, story: &Story) -> Result<(), Error> {
    let begun = process.begin(&["/bin/sh"])?;
    let code = story.applies(&begun);
    process.conclude(begun, code)?;
    revert(process, story)
}

#[test]
fn a_wrapped_apply_and_its_revert_may_die_in_any_call() {
    dies_everywhere(&Story::about_to_run(), run_and_revert);
}

#[test]
fn a_call_of_a_wrapped_apply_that_fails_once_is_told_and_leaves_nothing_open() {
    fails_everywhere(&Story::about_to_run(), run_and_revert);
}

/// The hazards of a revert, and the objects that it would destroy.
fn danger(process: &Process<'_>, story: &Story) -> Result<(Vec<String>, Vec<String>), Error> {
    let checked = process.check(process.draft(story.target)?)?;
    let hazards = checked.hazards().iter();
    let ends = checked.actions().iter().filter(|action| action.action.destroys());
    Ok((
        hazards.map(|hazard| format!("{}={}", hazard.kind, hazard.subject)).collect(),
        ends.map(|action| action.address.clone()).collect(),
    ))
}

#[test]
fn a_record_that_cannot_be_read_once_hides_no_hazard_and_ends_nothing_more() {
    let story = Story::with_hazards();
    let whole = story.copy();
    let process = Process::healthy(&whole.scene);
    let (hazards, ends) = danger(&process, &whole).unwrap();
    assert_eq!(hazards, ["prevent-destroy=demo_file.b"]);
    assert_eq!(ends, ["demo_file.b"], "what was imported is left to exist");
    for (number, call) in (1..).zip(process.script.asked()) {
        let story = story.copy();
        let script = Arc::new(Script::new(Fault::Once(number, Side::Before)));
        let start = Process::start(&story.scene, script, ScriptedInterrupt::default());
        if let Ok((found, more)) = start.and_then(|process| danger(&process, &story)) {
            let hidden: Vec<&String> = hazards.iter().filter(|one| !found.contains(one)).collect();
            assert!(hidden.is_empty(), "call {number} `{call}` hides {hidden:?}");
            assert!(more.iter().all(|one| ends.contains(one)), "call {number} `{call}`: {more:?}");
        }
    }
}

#[test]
fn a_signal_at_any_look_before_the_apply_stops_a_revert_with_nothing_done() {
    let story = Story::half_applied(Where::File);
    let whole = story.copy();
    let process = Process::healthy(&whole.scene);
    process.revert(whole.target).unwrap();
    let looks = process.interrupt.looks();
    assert!(looks > 4, "{looks}");
    for look in 1..=looks {
        let story = story.copy();
        let (before, said) = (story.done(), kinds(&story.scene));
        let script = Arc::new(Script::new(Fault::Never));
        let interrupt = ScriptedInterrupt::at(look);
        let process = Process::start(&story.scene, script, interrupt).unwrap();
        match process.revert(story.target) {
            Err(Error::Interrupted { signal: 2, .. }) => {
                assert_eq!(story.done(), before, "look {look}");
                assert!(!kinds(&story.scene)[said.len()..].contains(&"revert-intent"));
            }
            // During the apply it is Terraform that is asked to stop.
            Ok(Reverted::Failed(executed, 1)) => assert_eq!(executed.interrupted, Some(2)),
            other => panic!("look {look}: {other:?}"),
        }
        drop(process);
        story.goes_back();
    }
}
