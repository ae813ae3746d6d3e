//! Plans that do more than make, change and destroy objects: they run actions of providers, and only
//! forget objects.

use unapply::engine::hazard::Allowance;
use unapply::flow::revert::request::RevertRequest;
use unapply::model::entry::Body;
use unapply::model::invocation::InvocationOutcome;
use unapply::model::pattern::Pattern;

use super::drive::{CheckedRevert, Error, Process, VerifiedRevert};
use super::stories::{Story, file};
use crate::support::scripted::Where;

const TELL: &str = "action.demo_note.tell";

/// The same block, with this in its `lifecycle`.
fn with(block: &str, lifecycle: &str) -> String {
    block.replacen("\n}", &format!("\n  lifecycle {{\n    {lifecycle}\n  }}\n}}"), 1)
}

/// A file whose updates trigger an action.
fn telling(content: &str) -> String {
    let trigger = format!(
        "action_trigger {{\n      events = [after_update]\n      actions = [{TELL}]\n    }}"
    );
    with(&file("a", content), &trigger)
}

fn allowed(words: &[&str]) -> Vec<Allowance> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn hazards(checked: &CheckedRevert) -> Vec<String> {
    let named =
        checked.hazards().iter().map(|hazard| format!("{}={}", hazard.kind, hazard.subject));
    named.collect()
}

fn finished(process: &Process<'_>, checked: CheckedRevert, allow: &[&str]) -> VerifiedRevert {
    let approved = process.approve(checked, &allowed(allow)).unwrap();
    let (executed, _) = process.to_the_end(approved).unwrap();
    process.verify(executed).unwrap()
}

/// How often the action has run.
fn runs(story: &Story) -> usize {
    story.scene.world.done().iter().filter(|done| **done == format!("run {TELL}")).count()
}

/// A good state, and a wrapped apply that has run the action once.
fn told_once() -> Story {
    let story = Story::good(Where::File, &(telling("one") + &file("c", "same")));
    story.scene.configure(&(telling("two") + &file("c", "same")));
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let code = story.applies(&begun);
    let concluded = process.conclude(begun, code).unwrap();
    let [told] = concluded.apply_report.invocations.as_slice() else { panic!("{concluded:?}") };
    assert_eq!((told.address.as_str(), told.outcome), (TELL, InvocationOutcome::Completed));
    drop(process);
    story
}

#[test]
fn an_action_that_a_run_told_of_is_not_undone_and_is_asked_about_before_it_runs_again() {
    let story = told_once();
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert_eq!(hazards(&checked), [format!("runs-action={TELL}")]);
    assert_eq!(checked.invocations()[0].trigger.to_string(), "after update of demo_file.a");
    let not_undone = &checked.not_undone()[0];
    assert_eq!(not_undone.address, TELL);
    assert!(not_undone.why.contains("after update of demo_file.a"), "{}", not_undone.why);
    assert!(matches!(process.approve(checked, &[]), Err(Error::Hazards(open)) if open.len() == 1));
    assert_eq!(runs(&story), 1, "nothing runs before it is allowed");
}

#[test]
fn an_action_that_is_allowed_runs_and_is_recorded_and_told() {
    let story = told_once();
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let verified = finished(&process, checked, &[&format!("runs-action={TELL}")]);
    assert!(verified.is_verified(), "{:?}", verified.comparison);
    assert_eq!(runs(&story), 2);
    assert_eq!(verified.executed.invoked[0].outcome, InvocationOutcome::Completed);
    let intent = process.entry(verified.executed.intent).unwrap();
    let Body::RevertIntent(intent) = &intent.recorded.body else { panic!("{intent:?}") };
    assert!(intent.actions.iter().any(|action| action.address == TELL && action.action == "run"));
    // A later revert past this one says of both that nothing takes them back.
    let later = process.check(process.draft(story.target).unwrap()).unwrap();
    assert_eq!(later.not_undone().iter().filter(|left| left.address == TELL).count(), 2);
}

#[test]
fn a_revert_whose_action_fails_is_not_gone_on_with_by_itself() {
    let story = Story::good(Where::File, &telling("one")).then(&telling("two"));
    let process = Process::healthy(&story.scene);
    story.scene.world.fails(&format!("run {TELL}"));
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let approved = process.approve(checked, &allowed(&["runs-action=*"])).unwrap();
    let (executed, rounds) = process.to_the_end(approved).unwrap();
    assert_eq!(rounds, 1);
    assert_eq!(executed.invoked[0].outcome, InvocationOutcome::Failed);
}

/// A failed apply that made `b`, which a plan only forgets.
fn left_by_destroy_false(home: Where) -> Story {
    let b = with(&file("b", "new"), "destroy = false");
    Story::good(home, &file("a", "one")).then(&(file("a", "two") + &b))
}

#[test]
fn what_a_plan_only_forgets_can_be_left_to_live_with_its_id() {
    let story = left_by_destroy_false(Where::File);
    let process = Process::healthy(&story.scene);
    let id = story.scene.id_of("demo_file.b");
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert_eq!(hazards(&checked), ["forgets=demo_file.b"]);
    assert!(checked.hazards()[0].why.contains(&id), "{:?}", checked.hazards());
    assert_eq!(checked.living_on(), [("demo_file.b".to_owned(), Some(id.clone()))]);
    let verified = finished(&process, checked, &["forgets=demo_file.b"]);
    assert!(verified.is_verified(), "{:?}", verified.comparison);
    assert!(story.scene.world.objects().contains_key(&id), "it lives on");
    let left = &verified.comparison.not_undone[0];
    assert!(left.address == "demo_file.b" && left.why.contains(&id), "{left:?}");
}

#[test]
fn what_a_plan_only_forgets_can_be_destroyed_by_a_push_that_was_agreed_to() {
    for home in [Where::File, Where::Remote] {
        let story = left_by_destroy_false(home);
        let process = Process::healthy(&story.scene);
        let id = story.scene.id_of("demo_file.b");
        let draft = |pattern: &str| {
            let mut request = RevertRequest::to(process.entry(story.target).unwrap());
            request.destroy_forgotten = vec![Pattern::new(pattern)];
            process.draft_of(request).unwrap()
        };
        let checked = process.check(draft("demo_file.nowhere")).unwrap();
        assert_eq!(checked.names_nothing().unwrap().as_str(), "demo_file.nowhere");
        let checked = process.check(draft("demo_file.b")).unwrap();
        assert!(checked.names_nothing().is_none());
        assert_eq!(hazards(&checked), [""; 0]);
        assert_eq!(checked.adaptation().name(), "pushed");
        let before = story.scene.state().serial;
        assert_eq!(before, story.scene.state().serial, "nothing is pushed before consent");
        let verified = finished(&process, checked, &[]);
        assert!(verified.is_verified(), "{:?}", verified.comparison);
        assert!(!story.scene.world.objects().contains_key(&id), "it is gone");
    }
}

#[test]
fn destroy_false_of_the_good_configuration_is_lifted_in_the_private_copy() {
    let kept = |name: &str| with(&file(name, "one"), "destroy = false");
    let story = Story::good(Where::File, &kept("a"));
    // The failed one destroyed the old object: only the good one says `destroy = false`.
    let story = story.then(&file("a", "one").replace("a.txt", "z.txt"));
    let process = Process::healthy(&story.scene);
    let old = story.scene.id_of("demo_file.a");
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert!(hazards(&checked).contains(&"forgets=demo_file.a".to_owned()));
    assert_eq!(checked.living_on(), [("demo_file.a_forgotten".to_owned(), Some(old.clone()))]);
    let mut request = RevertRequest::to(process.entry(story.target).unwrap());
    request.destroy_forgotten = vec![Pattern::new("demo_file.a")];
    let checked = process.check(process.draft_of(request).unwrap()).unwrap();
    assert_eq!(hazards(&checked), [""; 0]);
    finished(&process, checked, &[]);
    assert!(!story.scene.world.objects().contains_key(&old), "the replacement destroyed it");
}
