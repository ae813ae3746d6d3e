//! Hazards that no real plan is needed for: where objects came from, the stack's own limits, hand
//! edits, and states that are not the stack's.

use jiff::SignedDuration;
use unapply::engine::hazard::Limits;
use unapply::model::hazard::HazardKind;
use unapply::model::pattern::Pattern;

use super::drive::{Error, Process, Reverted};
use super::stories::{Story, file, kinds, prevented, volume};
use crate::support::script::put;
use crate::support::scripted::Where;

fn hazards(story: &Story) -> Vec<String> {
    Process::healthy(&story.scene).hazards(story.target).unwrap()
}

fn good() -> Story {
    Story::good(Where::File, &(file("a", "one") + &file("c", "same")))
}

/// The good objects, and one more.
fn with_b() -> String {
    file("a", "one") + &file("b", "new") + &file("c", "same")
}

#[test]
fn without_a_snapshot_before_it_everything_new_is_of_unknown_origin() {
    let story = good();
    assert!(story.scene.apply(&(with_b() + &file("d", "new"))).succeeded);
    assert_eq!(hazards(&story), ["unknown-origin=since-1"]);
    let story = good().then(&with_b());
    assert_eq!(hazards(&story), [""; 0]);
}

#[test]
fn what_an_earlier_apply_made_is_of_unknown_origin_and_what_the_failed_one_made_is_not() {
    let story = good();
    assert!(story.scene.apply(&with_b()).succeeded);
    let story = story.then(&(with_b() + &file("d", "late")));
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let [hazard] = checked.hazards() else { panic!("{:?}", checked.hazards()) };
    assert_eq!((hazard.kind, hazard.subject.as_str()), (HazardKind::UnknownOrigin, "since-1"));
    assert!(hazard.why.contains("demo_file.b") && !hazard.why.contains("demo_file.d"));
}

#[test]
fn a_snapshot_that_a_revert_took_for_itself_is_no_proof_and_one_by_hand_is() {
    for by_hand in [false, true] {
        let story = good();
        story.scene.configure(&with_b());
        let process = Process::healthy(&story.scene);
        assert!(matches!(process.revert(story.target), Ok(Reverted::Nothing)));
        let said = kinds(&story.scene).len();
        if by_hand {
            process.snapshot().unwrap();
            assert_eq!(kinds(&story.scene).len(), said + 1, "it says the same, and is recorded");
            process.snapshot().unwrap();
            assert_eq!(kinds(&story.scene).len(), said + 1, "once");
        }
        assert!(story.scene.apply(&with_b()).succeeded);
        let expected: &[&str] = if by_hand { &[] } else { &["unknown-origin=since-1"] };
        assert_eq!(hazards(&story), expected);
    }
}

#[test]
fn what_a_wrapped_apply_made_goes_without_asking() {
    let story = good();
    story.scene.configure(&with_b());
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let code = story.applies(&begun);
    process.conclude(begun, code).unwrap();
    drop(process);
    assert_eq!(hazards(&story), [""; 0]);
}

#[test]
fn a_volume_that_was_made_within_the_hour_goes_without_asking() {
    let story = good().then(&(file("a", "one") + &file("c", "same") + &volume("v")));
    assert_eq!(hazards(&story), [""; 0]);
    story.scene.clock.pass(SignedDuration::from_hours(1));
    assert_eq!(hazards(&story), ["destroys-data=demo_volume.v"]);
}

#[test]
fn by_a_clock_that_went_back_nothing_is_young() {
    let story = good().then(&(file("a", "one") + &file("c", "same") + &volume("v")));
    for back in [SignedDuration::from_mins(1), SignedDuration::from_hours(24 * 365)] {
        let story = story.copy();
        story.scene.clock.pass(-back);
        let process = Process::healthy(&story.scene);
        let checked = process.check(process.draft(story.target).unwrap()).unwrap();
        let [hazard] = checked.hazards() else { panic!("{:?}", checked.hazards()) };
        assert_eq!(hazard.kind, HazardKind::DestroysData);
        assert!(hazard.why.contains("the clock has gone back"), "{}", hazard.why);
    }
}

#[test]
fn the_settings_protect_addresses_and_limit_what_is_destroyed_beyond_what_is_undone() {
    let story = Story::good(Where::File, &(file("a", "one") + &volume("v")));
    let many: String = ["b", "c", "d", "e", "f"].map(|name| file(name, "x")).concat();
    let story = story.then(&(file("a", "one") + &volume("v") + &many));
    let mut process = Process::healthy(&story.scene);
    process.stack.limits = Limits { max_destroy: 0, protect: vec![Pattern::new("demo_file.c*")] };
    assert_eq!(process.hazards(story.target).unwrap(), ["protected=demo_file.c"]);
    // A hand edit that only a replacement takes back is no undo.
    let id = story.scene.id_of("demo_volume.v");
    let mut object = story.scene.world.objects().remove(&id).unwrap();
    object.attributes.insert("path".to_owned(), "elsewhere".into());
    story.scene.world.update(&id, object.attributes).unwrap();
    let expected = [
        "replaces-data=demo_volume.v",
        "protected=demo_file.c",
        "too-many-destroys=stack",
        "older-drift=demo_volume.v",
    ];
    let mut found = process.hazards(story.target).unwrap();
    found.sort();
    let mut expected = expected.map(str::to_owned);
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_was_changed_or_deleted_by_hand_is_older_drift() {
    let story = good().then(&(file("a", "ONE") + &file("c", "same")));
    let deleted = story.copy();
    story.scene.edit("demo_file.c", "by hand");
    assert_eq!(hazards(&story), ["older-drift=demo_file.c"]);
    deleted.scene.world.delete(&deleted.scene.id_of("demo_file.c"));
    assert_eq!(hazards(&deleted), ["older-drift=demo_file.c"]);
}

#[test]
fn what_either_configuration_says_must_not_be_destroyed_is_asked_about() {
    let elsewhere = file("a", "one").replace("a.txt", "z.txt");
    let story = Story::good(Where::File, &prevented(&file("a", "one"))).then(&elsewhere);
    assert_eq!(hazards(&story), ["prevent-destroy=demo_file.a"]);
    let story = Story::good(Where::File, &file("a", "one"));
    let story = story.then(&(file("a", "one") + &prevented(&file("b", "new"))));
    assert_eq!(hazards(&story), ["prevent-destroy=demo_file.b"]);
}

#[test]
fn a_state_that_is_lost_foreign_or_older_than_the_last_one_is_no_ground_for_a_revert() {
    let story = good().then(&with_b());
    let path = story.scene.root().join("terraform.tfstate");
    let revert = |story: &Story| Process::healthy(&story.scene).revert(story.target).unwrap_err();
    let bytes = story.scene.state().bytes();
    let mut foreign = story.scene.state();
    foreign.lineage = "another".to_owned();
    put(&path, &foreign.bytes());
    let error = revert(&story);
    assert!(matches!(error, Error::Foreign { evidence: Some(_), .. }), "{error:?}");
    assert_eq!(error.hazard(), Some(HazardKind::Lineage));
    put(&path, b"");
    assert!(matches!(revert(&story), Error::Unreadable { evidence: Some(_), .. }));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(revert(&story), Error::StateGone { .. }));
    put(&path, &bytes);
    Process::healthy(&story.scene).snapshot().unwrap();
    let mut older = story.scene.state();
    older.serial -= 1;
    put(&path, &older.bytes());
    assert!(matches!(revert(&story), Error::Rewound { .. }));
    assert!(!kinds(&story.scene).contains(&"revert-intent"));
    // It is on record now, and what only it knows is asked about.
    assert_eq!(hazards(&story), ["unknown-origin=since-1"]);
}
