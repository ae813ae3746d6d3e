//! Objects of the present state that the refresh of a revert's plan does not find: told, asked about,
//! and out of the state by an apply.

use std::sync::Arc;

use unapply::model::entry::Body;
use unapply::model::hazard::HazardKind;

use super::drive::{Error, Process, Reverted};
use super::stories::{Story, file, in_west, kinds, log};
use crate::support::scripted::{Scene, Where};

fn good() -> Story {
    Story::good(Where::File, &(file("a", "one") + &file("c", "same")))
}

/// The good objects and one more, which somebody deletes by hand.
fn deleted_by_hand() -> Story {
    let story = good().then(&(file("a", "one") + &file("b", "new") + &file("c", "same")));
    story.scene.world.delete(&story.scene.id_of("demo_file.b"));
    story
}

#[test]
fn what_was_made_since_and_is_not_found_is_asked_about_and_leaves_the_state_by_an_apply() {
    let story = deleted_by_hand();
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert!(!checked.is_nothing());
    let [told] = checked.not_found() else { panic!("{:?}", checked.not_found()) };
    assert_eq!(told.id.as_ref(), Some(&story.scene.id_of("demo_file.b")));
    assert_eq!(told.place, None, "others of its provider are there");
    let Err(Error::Hazards(open)) = process.approve(checked, &[]) else { panic!("not asked") };
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].kind, open[0].subject.as_str()), (HazardKind::NotFound, "demo_file.b"));
    let ended = process.revert_allowing(story.target, &["not-found=demo_file.b"]).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    assert!(verified.is_verified());
    assert!(verified.executed.hold.is_some(), "what was tried is held");
    story.is_back();
    story.is_done_once();
    assert_eq!(kinds(&story.scene).last(), Some(&"mark"), "the result is good");
    let log = log(&story.scene);
    let intent = log.iter().find(|entry| entry.revision == verified.executed.intent).unwrap();
    let Body::RevertIntent(intent) = &intent.recorded.body else { panic!("{intent:?}") };
    let [action] = intent.actions.as_slice() else { panic!("{:?}", intent.actions) };
    assert_eq!(
        [action.address.as_str(), &action.action, &action.why],
        ["demo_file.b", "forget", "not-found"]
    );
    drop(process);
    let again = Process::healthy(&story.scene).revert(story.target);
    assert!(matches!(again, Ok(Reverted::Nothing)), "{again:?}");
}

#[test]
fn where_nothing_of_a_provider_configuration_is_found_the_hazard_says_so() {
    let v1 = file("a", "one") + &in_west("w");
    let story = Story::good(Where::File, &v1).then(&(v1 + &file("b", "new")));
    for name in ["a", "b"] {
        story.scene.world.delete(&story.scene.id_of(&format!("demo_file.{name}")));
    }
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let places: Vec<bool> = checked.not_found().iter().map(|one| one.place.is_some()).collect();
    assert_eq!(places, [true, true]);
    let kinds: Vec<HazardKind> = checked.hazards().iter().map(|hazard| hazard.kind).collect();
    assert_eq!(kinds, [HazardKind::NotFound, HazardKind::OlderDrift]);
    assert!(checked.hazards()[0].why.contains("wrong place"), "{:?}", checked.hazards());
}

#[test]
fn a_part_leaves_what_it_does_not_name_in_the_state_and_takes_out_what_it_does() {
    let story = deleted_by_hand();
    let part = story.copy();
    let process = Process::healthy(&part.scene);
    let ended = process.revert_part(part.target, &["demo_file.a"], &[]).unwrap();
    assert!(matches!(ended, Reverted::Nothing), "{ended:?}");
    assert!(part.scene.state().objects.contains_key("demo_file.b"));
    let named = process.revert_part(part.target, &["demo_file.b"], &[]);
    assert!(matches!(named, Err(Error::Hazards(_))), "{named:?}");
    drop(process);
    // Excluded is released: it leaves the state and nothing looks for it.
    let process = Process::healthy(&story.scene);
    let ended = process.revert_part(story.target, &[], &["demo_file.b"]).unwrap();
    assert!(matches!(ended, Reverted::Verified(..)), "{ended:?}");
    assert!(!story.scene.state().objects.contains_key("demo_file.b"));
}

#[test]
fn what_a_run_made_and_somebody_took_out_of_the_state_is_told_as_not_undone() {
    let story = good();
    story.scene.configure(&(file("a", "ONE") + &file("b", "new") + &file("c", "same")));
    let process = Process::healthy(&story.scene);
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let code = story.applies(&begun);
    process.conclude(begun, code).unwrap();
    let id = story.scene.id_of("demo_file.b");
    story.scene.edit_state(|objects| drop(objects.remove("demo_file.b")));
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let [told] = checked.not_undone() else { panic!("{:?}", checked.not_undone()) };
    assert_eq!(told.address, "demo_file.b");
    assert!(told.why.contains(&id) && told.why.contains("in no state now"), "{told:?}");
}

#[test]
fn what_the_good_run_itself_made_is_not_called_made_anew() {
    let story = good();
    let run = |story: &Story, configuration: &str| {
        story.scene.configure(configuration);
        let process = Process::healthy(&story.scene);
        let begun = process.begin(&["/bin/sh"]).unwrap();
        let code = story.applies(&begun);
        process.conclude(begun, code).unwrap()
    };
    let with_b = |content: &str| file("a", "one") + &file("b", content) + &file("c", "same");
    let after = run(&story, &with_b("one")).after.unwrap().entry;
    Process::healthy(&story.scene).mark_good(&after).unwrap();
    run(&story, &with_b("two"));
    let ended = Process::healthy(&story.scene).revert(after.revision).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    assert!(verified.is_verified());
    assert_eq!(verified.comparison.recreated.len(), 0, "{:?}", verified.comparison);
}

/// A snapshot that was taken with a configuration that nobody had applied, and called good.
fn edited_before(edited: &str) -> Story {
    let mut story = good();
    story.scene.configure(edited);
    let process = Process::healthy(&story.scene);
    let taken = process.snapshot().unwrap();
    process.mark_good(&taken).unwrap();
    drop(process);
    story.target = taken.revision;
    story
}

#[test]
fn a_value_that_never_was_is_asked_about_before_anything_is_applied() {
    let never = file("a", "never") + &file("c", "same");
    let story = edited_before(&never).then(&(file("a", "two") + &file("c", "same")));
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let [hazard] = checked.hazards() else { panic!("{:?}", checked.hazards()) };
    assert_eq!((hazard.kind, hazard.subject.as_str()), (HazardKind::NotGood, "demo_file.a"));
    assert!(hazard.why.contains("content"), "{}", hazard.why);
    assert_eq!(checked.actions()[0].reasons.len(), 1, "it is no undo");
    // Whoever agrees to it gets it, and the proof says so.
    let ended = process.revert_allowing(story.target, &["not-good=demo_file.a"]).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    assert!(verified.is_verified(), "{:?}", verified.comparison);
    assert!(verified.comparison.notes[0].contains("as was agreed to"));
    assert_eq!(story.content("a.txt").as_deref(), Some("never"));
}

#[test]
fn a_plan_that_proposes_nothing_says_so_only_where_the_state_is_the_good_one() {
    let never = file("a", "never") + &file("b", "new");
    let story = edited_before(&never).then(&never);
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert!(checked.is_nothing() && !checked.is_equal());
    let expected = ["not-good=demo_file.a", "not-good=demo_file.b", "not-good=demo_file.c"];
    assert_eq!(process.hazards(story.target).unwrap(), expected);
}

#[test]
fn what_somebody_set_back_by_hand_is_brought_up_to_date_in_the_state() {
    let story = good().then(&(file("a", "two") + &file("c", "same")));
    story.scene.edit("demo_file.a", "one");
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert_eq!(checked.outdated(), ["demo_file.a"]);
    assert!(!checked.is_nothing());
    assert_eq!(checked.hazards(), []);
    let ended = process.revert(story.target).unwrap();
    assert!(matches!(ended, Reverted::Verified(..)), "{ended:?}");
    story.is_back();
    drop(process);
    let again = Process::healthy(&story.scene).revert(story.target);
    assert!(matches!(again, Ok(Reverted::Nothing)), "{again:?}");
}

#[test]
fn an_object_that_another_stack_manages_by_now_is_not_taken_over_unasked() {
    let story = Story::forgotten(Where::File);
    // The other one knows an object by the very id of `c`.
    let mut other = Scene::new(Where::Remote);
    other.store = Arc::clone(&story.scene.store);
    assert!(other.apply(&(file("x", "one") + &file("y", "two"))).succeeded);
    assert_eq!(other.id_of("demo_file.y"), story.past.id_of("demo_file.c"));
    let mut process = Process::healthy(&other);
    process.stack.name = "demo/other".parse().unwrap();
    process.snapshot().unwrap();
    drop(process);
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let [hazard] = checked.hazards() else { panic!("{:?}", checked.hazards()) };
    assert_eq!(
        (hazard.kind, hazard.subject.as_str()),
        (HazardKind::ManagedElsewhere, "demo_file.c")
    );
    assert!(hazard.why.contains("demo_file.y of stack demo/other (r1 there)"), "{}", hazard.why);
    assert_eq!(checked.not_seen(), [""; 0]);
    // A stack that cannot be read is said, and a plan that takes nothing over reads none.
    let keys = story.scene.store.keys().into_iter();
    let slot = keys.into_iter().find(|key| key.as_str().contains("other/log")).unwrap();
    story.scene.store.tamper(&slot, Some(b"{}".to_vec()));
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    assert_eq!(checked.hazards(), []);
    let [not_seen] = checked.not_seen() else { panic!("{:?}", checked.not_seen()) };
    assert!(not_seen.starts_with("stack demo/other: "), "{not_seen}");
    drop(process);
    let story = good().then(&(file("a", "two") + &file("c", "same")));
    let asked = Process::healthy(&story.scene);
    asked.check(asked.draft(story.target).unwrap()).unwrap();
    assert!(!asked.script.asked().iter().any(|call| call == "list stacks"));
}
