//! Matters that a crash has left open: lost objects, machines that cannot be looked at, states that
//! were pushed by hand.

use unapply::model::entry::Body;
use unapply::model::run::ResolutionKind;

use super::drive::{Error, Process, Reverted, RunError, journal};
use super::stories::{Story, log};
use crate::support::scripted::{Where, World};

#[test]
fn a_lost_object_stands_in_the_way_until_the_state_has_it() {
    let story = Story::about_to_run();
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    story.applies(&begun);
    // A killed Terraform has not saved what it made.
    let made = story.scene.state().objects["demo_file.b"].clone();
    story.scene.edit_state(|objects| drop(objects.remove("demo_file.b")));
    let concluded = process.conclude(begun, 1).unwrap();
    let lost: Vec<&str> = concluded.apply_report.lost().map(|deed| deed.address.as_str()).collect();
    assert_eq!(lost, ["demo_file.b"]);
    let refused = process.revert(story.target).unwrap_err();
    assert!(matches!(refused, Error::Unsettled(_)), "{refused:?}");
    let refused = process.begin(&["/bin/sh"]).unwrap_err();
    assert!(matches!(refused, Error::Run(RunError::Unsettled { .. })), "{refused:?}");
    assert_eq!(process.recover().unwrap().len(), 1, "no step is safe");
    story.scene.edit_state(|objects| drop(objects.insert("demo_file.b".to_owned(), made)));
    assert_eq!(process.recover().unwrap(), [""; 0]);
    let log = log(&story.scene);
    let Some(Body::Resolution(resolved)) = log.last().map(|entry| &entry.recorded.body) else {
        panic!("{log:#?}")
    };
    assert_eq!(
        (resolved.how, resolved.objects.as_slice()),
        (ResolutionKind::Adopted, &["demo_file.b".to_owned()][..])
    );
    drop(process);
    story.goes_back();
    story.is_done_once();
}

#[test]
fn a_command_on_another_machine_is_left_alone_by_the_next_and_concluded_by_a_person() {
    let story = Story::about_to_run();
    let mut process = Process::healthy(&story.scene);
    process.author.actor.host = "ci-runner-7".to_owned();
    let begun = process.begin(&["/bin/sh"]).unwrap();
    // Its journal lies on that machine.
    std::fs::remove_dir_all(journal(&begun)).unwrap();
    drop((begun, process));
    let process = Process::healthy(&story.scene);
    let error = process.begin(&["/bin/sh"]).unwrap_err();
    let Error::UnderWay { who, .. } = &error else { panic!("{error:?}") };
    assert!(who.contains("ci-runner-7"), "{who}");
    assert!(!process.is_under_way().unwrap());
    assert_eq!(process.recover().unwrap(), [""; 0]);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    process.conclude(begun, 0).unwrap();
}

#[test]
fn a_state_that_was_pushed_by_hand_needs_no_word_before_the_next_revert() {
    let story = Story::half_applied(Where::Remote);
    let process = Process::healthy(&story.scene);
    story.scene.world.before("update demo_file.a", World::backend_goes);
    let ended = process.revert(story.target).unwrap();
    let Reverted::Failed(executed, 1) = ended else { panic!("{ended:?}") };
    story.scene.world.backend_comes();
    let kept = executed.errored_state.unwrap();
    let left = process.kept(kept);
    drop((executed, process));
    story.scene.push_by_hand(&left);
    story.goes_back();
    story.is_done_once();
    let log = log(&story.scene);
    let resolved = log.iter().find_map(|entry| {
        let Body::Resolution(resolved) = &entry.recorded.body else { return None };
        Some((resolved.matter, resolved.how))
    });
    assert_eq!(resolved, Some((kept, ResolutionKind::Pushed)));
}

#[test]
fn a_command_whose_state_was_not_saved_leaves_it_and_names_what_only_that_knows() {
    let story = Story::about_to_run_on(Where::Remote);
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    story.scene.world.backend_goes();
    story.applies(&begun);
    story.scene.world.backend_comes();
    let concluded = process.conclude(begun, 1).unwrap();
    assert!(concluded.errored.is_some());
    let lost: Vec<&str> = concluded.apply_report.lost().map(|deed| deed.address.as_str()).collect();
    assert_eq!(lost, ["demo_file.b"]);
    let refused = process.begin(&["/bin/sh"]).unwrap_err();
    assert!(matches!(refused, Error::Run(RunError::Unsettled { .. })), "{refused:?}");
    assert_eq!(process.recover().unwrap(), [""; 0], "pushed, and what was lost is in it");
    drop(process);
    story.goes_back();
    story.is_done_once();
}
