//! The end of an apply that Terraform refuses, that is stopped, or whose state is not taken.

use std::rc::Rc;

use unapply::model::entry::{ApplyOutcome, Body, Entry};
use unapply::port::terraform::{self, LockHolder};

use super::drive::{Error, Process, Reverted};
use super::stories::{Story, kinds, log};
use crate::support::scripted::{Where, World};

/// The last outcome of a revert: how it ended, and the errors that it lists.
fn outcome(story: &Story) -> (ApplyOutcome, Vec<String>) {
    let end = |entry: Entry| {
        let Body::RevertOutcome(end) = entry.recorded.body else { return None };
        Some((end.outcome, end.errors))
    };
    log(&story.scene).into_iter().rev().find_map(end).unwrap()
}

/// Executes a revert that something happens to just before a call.
fn with(story: &Story, call: &str, act: impl FnOnce(&World) + 'static) -> Error {
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    story.scene.world.before(call, act);
    process.execute(approved).unwrap_err()
}

/// Insists that the last revert was not begun, and that nothing is held on its account.
fn is_not_begun(story: &Story) {
    assert_eq!(outcome(story).0, ApplyOutcome::NotStarted);
    assert_eq!(story.done_since(), [""; 0]);
    let said = kinds(&story.scene);
    assert!(said[said.len() - 2..].contains(&"release"), "{said:?}");
}

#[test]
fn an_apply_that_is_refused_as_stale_was_not_begun() {
    let story = Rc::new(Story::half_applied(Where::File));
    let other = Rc::clone(&story);
    let edit = move |_: &World| other.scene.edit_state(|_| {});
    let error = with(&story, "apply revert.tfplan", edit);
    assert!(matches!(error, Error::Terraform(terraform::Error::StalePlan)), "{error:?}");
    is_not_begun(&story);
    assert_eq!(outcome(&story).1, ["the saved plan is stale"]);
    story.goes_back();
}

#[test]
fn an_apply_that_finds_the_state_locked_was_not_begun() {
    let story = Story::half_applied(Where::File);
    let holder = LockHolder { who: "jo@ops-2".to_owned(), ..LockHolder::default() };
    let lock = |world: &World| world.set_lock(Some(holder));
    let error = with(&story, "apply revert.tfplan", lock);
    assert!(matches!(error, Error::Terraform(terraform::Error::Locked(_))), "{error:?}");
    is_not_begun(&story);
    story.scene.world.set_lock(None);
    story.goes_back();
}

#[test]
fn a_push_that_is_refused_changes_nothing_and_is_told() {
    let story = Rc::new(Story::forgotten(Where::Remote));
    let other = Rc::clone(&story);
    let edit = move |_: &World| other.scene.edit_state(|_| {});
    let error = with(&story, "push", edit);
    assert!(matches!(error, Error::Terraform(terraform::Error::NotPushed { .. })), "{error:?}");
    is_not_begun(&story);
    assert_eq!(
        outcome(&story).1,
        ["the state was not pushed: cannot import state with an older serial"]
    );
    story.goes_back();
}

#[test]
fn a_second_plan_that_would_do_something_else_is_not_applied_and_its_state_is_taken_back() {
    let story = Rc::new(Story::forgotten(Where::Remote));
    let other = Rc::clone(&story);
    let before = story.scene.state();
    let edit = move |_: &World| other.scene.edit("demo_file.a", "by hand");
    let error = with(&story, "plan apply.tfplan", edit);
    assert!(matches!(error, Error::Moved { what: "what the plan would do" }), "{error:?}");
    assert_eq!(outcome(&story), (ApplyOutcome::NotStarted, vec![error.to_string()]));
    let after = story.scene.state();
    assert_eq!(after.objects, before.objects, "addresses are as they were");
    assert!(after.serial > before.serial);
}

#[test]
fn a_second_plan_that_fails_has_its_state_taken_back_too() {
    let story = Story::forgotten(Where::Remote);
    let before = story.scene.state();
    let holder = LockHolder::default();
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    let world = &story.scene.world;
    world.before("plan apply.tfplan", |world| world.set_lock(Some(holder)));
    // It is let go before the state is pushed back, for which it is read a second time.
    world.before("pull", |_| ());
    world.before("pull", |world| world.set_lock(None));
    let error = process.execute(approved).unwrap_err();
    assert!(matches!(error, Error::Terraform(terraform::Error::Locked(_))), "{error:?}");
    assert_eq!(story.scene.state().objects, before.objects);
    assert_eq!(outcome(&story).0, ApplyOutcome::NotStarted);
    drop(process);
    story.goes_back();
}

#[test]
fn an_apply_that_is_interrupted_is_recorded_and_not_gone_on_with() {
    let story = Story::half_applied(Where::File);
    let process = Process::healthy(&story.scene);
    let interrupt = Rc::clone(&process.interrupt);
    story.scene.world.before("update demo_file.a", move |_| interrupt.wish(2));
    let ended = process.revert(story.target).unwrap();
    let Reverted::Failed(executed, 1) = ended else { panic!("{ended:?}") };
    assert_eq!((executed.outcome, executed.interrupted), (ApplyOutcome::Interrupted, Some(2)));
    assert_eq!(outcome(&story).0, ApplyOutcome::Interrupted);
    drop(process);
    story.goes_back();
    story.is_done_once();
}

#[test]
fn a_state_that_the_backend_does_not_take_stands_in_the_way_until_it_is_pushed() {
    let story = Story::half_applied(Where::Remote);
    let process = Process::healthy(&story.scene);
    story.scene.world.before("update demo_file.a", World::backend_goes);
    let ended = process.revert(story.target).unwrap();
    let Reverted::Failed(executed, 1) = ended else { panic!("{ended:?}") };
    let kept = executed.errored_state.unwrap();
    assert!(matches!(process.entry(kept).unwrap().recorded.body, Body::Evidence(_)));
    story.scene.world.backend_comes();
    let refused = process.revert(story.target).unwrap_err();
    assert!(matches!(refused, Error::Unsettled(_)), "{refused:?}");
    assert_eq!(process.recover().unwrap(), [""; 0]);
    drop((process, executed));
    story.goes_back();
    story.is_done_once();
}
