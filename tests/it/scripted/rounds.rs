//! An apply that fails half-way is gone on with under the same consent, and so is the second of two
//! steps.

use std::error::Error as _;

use unapply::model::entry::ApplyOutcome;

use super::drive::{Error, Process, ROUNDS, Reverted};
use super::stories::{Story, file, intents, kinds, log};
use crate::support::script::put;
use crate::support::scripted::Where;

#[test]
fn a_name_that_is_free_only_after_the_first_round_is_taken_in_the_second() {
    let story = Story::name_taken();
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    let Reverted::Verified(verified, 2) = ended else { panic!("{ended:?}") };
    assert!(verified.is_verified(), "{:?}", verified.comparison);
    assert_eq!(intents(&log(&story.scene)).len(), 2, "each round is on record");
    assert_eq!(kinds(&story.scene).iter().filter(|kind| **kind == "hold").count(), 1);
    story.is_back();
    story.is_done_once();
}

/// Objects of which the n-th fails n times when it is changed back.
fn stubborn(many: usize) -> Story {
    let all =
        |content: &str| (0..many).map(|n| file(&format!("f{n}"), content)).collect::<String>();
    let story = Story::good(Where::File, &all("one")).then(&all("two"));
    for number in 0..many {
        for _ in 0..number {
            story.scene.world.fails(&format!("update demo_file.f{number}"));
        }
    }
    story
}

#[test]
fn as_long_as_each_round_does_something_it_goes_on() {
    let story = stubborn(ROUNDS + 1);
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    assert!(matches!(ended, Reverted::Verified(_, rounds) if rounds == ROUNDS + 1), "{ended:?}");
    story.is_back();
    story.is_done_once();
}

#[test]
fn after_so_many_rounds_it_stops_and_the_next_revert_goes_on() {
    let story = stubborn(ROUNDS + 3);
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    let Reverted::Failed(executed, rounds) = ended else { panic!("{ended:?}") };
    assert_eq!((executed.outcome, rounds), (ApplyOutcome::Failed, ROUNDS + 1));
    assert_eq!(story.done_since().len(), ROUNDS + 1);
    drop(executed);
    story.goes_back();
    story.is_done_once();
}

#[test]
fn a_round_that_has_done_nothing_is_the_last_one() {
    let story = Story::good(Where::File, &file("a", "one")).then(&file("a", "two"));
    story.scene.world.fails("update demo_file.a");
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    assert!(matches!(ended, Reverted::Failed(_, 1)), "{ended:?}");
    assert_eq!(story.done_since(), [""; 0]);
    let said = kinds(&story.scene);
    assert!(said.contains(&"hold") && !said.contains(&"release"), "it is held still: {said:?}");
    story.goes_back();
}

#[test]
fn what_is_new_in_the_next_round_was_not_consented_to() {
    let story = Story::good(Where::File, &(file("a", "one") + &file("c", "same")));
    let story = story.then(&(file("a", "two") + &file("b", "new") + &file("c", "same")));
    story.scene.world.fails("update demo_file.a");
    let id = story.scene.id_of("demo_file.c");
    story.scene.world.before("delete demo_file.b", move |world| {
        let mut object = world.objects().remove(&id).unwrap();
        object.attributes.insert("content".to_owned(), "by hand".into());
        world.update(&id, object.attributes).unwrap();
    });
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    assert!(matches!(ended, Reverted::Failed(_, 1)), "{ended:?}");
    assert_eq!(intents(&log(&story.scene)).len(), 1);
}

#[test]
fn what_the_good_configuration_cannot_end_goes_first_under_an_intent_of_its_own() {
    let story = Story::far_away();
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    assert!(matches!(ended, Reverted::Verified(_, 2)), "{ended:?}");
    let done = story.done_since();
    assert!(done[0].starts_with("delete ") && done[0].ends_with(" w.txt"), "{done:?}");
    assert_eq!(intents(&log(&story.scene)).len(), 2);
    story.is_back();
    story.is_done_once();
}

#[test]
fn a_first_step_that_fails_leaves_the_second_undone() {
    let story = Story::far_away();
    story.scene.world.fails("delete demo_file.w");
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    assert!(matches!(ended, Reverted::Failed(_, 1)), "{ended:?}");
    assert_eq!(story.done_since(), [""; 0]);
    story.goes_back();
}

#[test]
fn a_second_step_that_is_not_what_was_agreed_to_is_not_begun() {
    let story = Story::far_away();
    let id = story.scene.id_of("demo_file.a");
    // The file is removed by hand while the first step is done.
    story.scene.world.before("delete demo_file.w", move |world| world.delete(&id));
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    let ended = process.to_the_end(approved);
    assert!(matches!(ended, Err(Error::HalfDone { source: None, .. })), "{ended:?}");
    assert_eq!(intents(&log(&story.scene)).len(), 1);
}

#[test]
fn a_second_step_is_not_begun_on_a_state_that_could_not_be_captured() {
    let story = Story::far_away();
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    let record = story.scene.root().join(".terraform/terraform.tfstate");
    let broken = record.clone();
    story.scene.world.before("delete demo_file.w", move |_| put(&broken, b"{"));
    let half = process.to_the_end(approved).unwrap_err();
    assert!(matches!(half, Error::HalfDone { .. }), "{half:?}");
    let cause = half.source().unwrap().to_string();
    assert!(cause.contains("terraform.tfstate"), "{cause}");
    assert_eq!(intents(&log(&story.scene)).len(), 1);
    drop(process);
    std::fs::remove_file(record).unwrap();
    story.goes_back();
    story.is_done_once();
}
