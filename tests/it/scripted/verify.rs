//! The proof after a revert: its findings, and the words for one that cannot be made.

use std::error::Error as _;

use unapply::model::entry::{ApplyOutcome, Body};
use unapply::model::good::{Grade, Verdict};
use unapply::terraform::check::{Probe, StackCheck};

use super::drive::{Process, Reverted};
use super::stories::{Story, kinds, log, unconcluded};
use crate::support::script::put;
use crate::support::scripted::Where;

#[test]
fn what_verify_finds_is_a_difference_on_record_and_no_good_mark() {
    let story = Story::half_applied(Where::File);
    let id = story.scene.id_of("demo_file.c");
    story.scene.world.before("plan verify.tfplan", move |world| {
        let mut object = world.objects().remove(&id).unwrap();
        object.attributes.insert("content".to_owned(), "by hand".into());
        world.update(&id, object.attributes).unwrap();
    });
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    let expected = ["a plan still wants to update demo_file.c (content)"];
    assert_eq!(verified.comparison.differences, expected);
    let log = log(&story.scene);
    let said = log.iter().find(|entry| entry.revision == verified.entry).unwrap();
    let Body::Verification(said) = &said.recorded.body else { panic!("{said:?}") };
    assert_eq!(said.differences, expected);
    assert_eq!(kinds(&story.scene).last(), Some(&"verification"), "nothing is called good");
}

#[test]
fn what_was_proved_is_called_good() {
    let story = Story::half_applied(Where::Remote);
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    assert!(verified.is_verified());
    let said = kinds(&story.scene);
    assert_eq!(said[said.len() - 2..], ["verification", "mark"]);
    assert_eq!(verified.comparison.recreated.len(), 1, "the one that was gone");
    story.is_back();
}

#[test]
fn the_checks_of_the_stack_judge_what_a_revert_made() {
    let check = |command: &str| StackCheck {
        probe: Probe::Command(command.to_owned()),
        timeout_seconds: 5,
    };
    for (commands, is_good) in [(["true", "exit 3"], false), (["true", "test 1 = 1"], true)] {
        let story = Story::half_applied(Where::File);
        let mut process = Process::healthy(&story.scene);
        process.checks = commands.map(check).to_vec();
        let ended = process.revert(story.target).unwrap();
        let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
        assert_eq!(verified.is_verified(), is_good);
        let log = log(&story.scene);
        let Body::Mark(mark) = &log.last().unwrap().recorded.body else {
            let expected = ["the check `exit 3` failed (exit code 3)"];
            assert_eq!(verified.comparison.differences, expected);
            assert!(!is_good, "no good mark is made");
            continue;
        };
        let Verdict::Good(evidence) = &mark.verdict else { panic!("{mark:?}") };
        assert_eq!((evidence.grade, evidence.checks.len()), (Grade::Checked, 2));
        assert!(is_good);
    }
}

/// The apply has ended well, and the state could not be captured afterwards. Nothing has moved, and
/// only the proof is missing.
#[test]
fn a_snapshot_after_the_apply_that_fails_is_told_with_its_cause() {
    let story = Story::half_applied(Where::File);
    let root = story.scene.root();
    story.scene.world.before("update demo_file.a", move |_| {
        put(&root.join(".terraform/terraform.tfstate"), b"{");
    });
    let process = Process::healthy(&story.scene);
    let executed = process.execute(process.approved(story.target).unwrap()).unwrap();
    assert_eq!(executed.outcome, ApplyOutcome::Succeeded);
    let cause = executed.after.as_ref().unwrap_err().to_string();
    let error = process.verify(executed).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), cause);
    assert!(cause.contains("terraform.tfstate"), "{cause}");
    assert_eq!(error.hazard(), None, "{error:?}");
    let told = error.to_string();
    assert!(told.contains("applied") && told.contains("proof"), "{told}");
    assert_eq!(unconcluded(&log(&story.scene)), [0; 0], "its outcome is on record");
    drop(process);
    std::fs::remove_file(story.scene.root().join(".terraform/terraform.tfstate")).unwrap();
    story.goes_back();
    story.is_done_once();
}
