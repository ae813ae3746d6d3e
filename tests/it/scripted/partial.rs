//! A revert of a part: the rest stays, is told apart by the log, and can follow.

use super::drive::{Error, NoFirstStep, Process, Reverted};
use super::stories::{Story, file, kinds};
use crate::support::scripted::Where;

/// Two files that an apply has changed, and a third that it has made.
fn changed() -> Story {
    let story = Story::good(Where::File, &(file("a", "one") + &file("b", "two")));
    story.then(&(file("a", "ONE") + &file("b", "TWO") + &file("c", "three")))
}

fn contents(story: &Story) -> [String; 3] {
    ["a.txt", "b.txt", "c.txt"].map(|path| story.content(path).unwrap_or_default())
}

/// Reverts a part, which has to work.
fn revert(story: &Story, targets: &[&str], excludes: &[&str]) {
    let process = Process::healthy(&story.scene);
    let ended = process.revert_part(story.target, targets, excludes).unwrap();
    let Reverted::Verified(verified, _) = ended else { panic!("{ended:?}") };
    assert_eq!(verified.comparison.differences, [""; 0]);
}

#[test]
fn only_what_is_targeted_is_taken_back_and_a_part_is_not_good() {
    let story = changed();
    revert(&story, &["demo_file.a"], &[]);
    assert_eq!(contents(&story), ["one", "TWO", "three"]);
    assert_eq!(kinds(&story.scene).last(), Some(&"verification"), "no mark");
    story.goes_back();
    story.is_done_once();
}

#[test]
fn what_is_excluded_stays_as_it_is() {
    let story = changed();
    revert(&story, &[], &["demo_file.b"]);
    assert_eq!(contents(&story), ["one", "TWO", ""]);
    story.goes_back();
}

#[test]
fn what_was_made_and_is_excluded_lives_on_and_is_in_no_state() {
    let story = changed();
    revert(&story, &[], &["demo_*.c"]);
    assert_eq!(contents(&story), ["one", "two", "three"]);
    let state = story.scene.state();
    assert_eq!(state.objects.keys().collect::<Vec<_>>(), ["demo_file.a", "demo_file.b"]);
}

#[test]
fn what_something_wanted_is_made_from_cannot_be_excluded() {
    let made = |content: &str| {
        file("made", content).replacen("\n}", "\n  depends_on = [demo_file.base]\n}", 1)
    };
    let story = Story::good(Where::File, &(file("base", "one") + &made("one")));
    let story = story.then(&(file("base", "two") + &made("two")));
    let process = Process::healthy(&story.scene);
    let error = process.revert_part(story.target, &[], &["demo_file.base"]).unwrap_err();
    assert!(matches!(&error, Error::Needed(what) if what == &["demo_file.base"]), "{error:?}");
    assert_eq!(story.done_since(), [""; 0]);
}

#[test]
fn where_all_of_it_is_excluded_nothing_is_done() {
    let story = changed();
    let process = Process::healthy(&story.scene);
    let ended = process.revert_part(story.target, &["demo_file.z"], &[]).unwrap();
    assert!(matches!(ended, Reverted::Nothing), "{ended:?}");
    assert!(!kinds(&story.scene).contains(&"revert-intent"));
}

#[test]
fn the_first_of_two_steps_can_be_targeted_alone() {
    let story = Story::far_away();
    revert(&story, &["demo_file.w"], &[]);
    assert_eq!(story.content("w.txt"), None);
    assert_eq!(story.content("a.txt").as_deref(), Some("ONE"), "it was not targeted");
    story.goes_back();
    story.is_done_once();
}

#[test]
fn where_something_else_is_targeted_the_first_step_is_not_done_unasked() {
    let story = Story::far_away();
    let process = Process::healthy(&story.scene);
    let error = process.revert_part(story.target, &["demo_file.a"], &[]).unwrap_err();
    let is_refused =
        |error: &Error| matches!(error, Error::TwoSteps { obstacle: NoFirstStep::NotTargeted, .. });
    assert!(is_refused(&error), "{error:?}");
    assert_eq!(story.done_since(), [""; 0]);
}
