//! Objects that a refresh does not find and their future, in scenes of a few words.

use super::*;
use crate::engine::origin::{ApplyJournal, JournalKind};
use crate::engine::tests::{CANARY, Scene, scene};
use crate::model::event::{Event, Hook, Operation};

fn found(scene: &Scene) -> Vec<UnfoundObject> {
    scene.ask(|facts, redactor| not_found(facts, &unfound(facts), redactor))
}

/// Insists on what is told, and on the hazards.
#[track_caller]
fn check(text: &str, told: &[&str], asked: &[&str]) {
    let scene = scene(text);
    let found = found(&scene);
    let line = |one: &UnfoundObject| {
        let id = one.id.clone().unwrap_or_default();
        format!("{} {id} {} {:?}", one.address, one.history(Revision(2)), one.sequel)
    };
    assert_eq!(found.iter().map(line).collect::<Vec<_>>(), told, "{text}");
    let hazards: Vec<Hazard> = found.iter().filter_map(|one| one.hazard(Revision(2))).collect();
    let subjects: Vec<&str> = hazards.iter().map(|hazard| hazard.subject.as_str()).collect();
    assert_eq!(subjects, asked, "{text}");
    assert!(!format!("{found:?}{hazards:?}").contains(CANARY));
}

#[test]
fn what_was_made_since_and_is_not_found_is_told_and_asked_about() {
    let text = |before: &str| {
        format!(
            "good demo_file.a=1
             {before}
             now demo_file.a=1 demo_file.b=2
             plan no-op:demo_file.a"
        )
    };
    let told = ["demo_file.b 2 made after r3; not in r2 Forgotten"];
    check(&text("before demo_file.a=1"), &told, &["demo_file.b"]);
    let told = ["demo_file.b 2 not in r2; no record says who made it Forgotten"];
    check(&text(""), &told, &["demo_file.b"]);
    check(
        &text("imports demo_file.b"),
        &["demo_file.b 2 imported since r2 Forgotten"],
        &["demo_file.b"],
    );
}

#[test]
fn an_object_that_a_journal_destroyed_is_told_and_not_asked_about() {
    let mut scene = scene(
        "good demo_file.a=1
         now demo_file.a=1 demo_file.b=2
         plan no-op:demo_file.a",
    );
    let hook = |operation, id: Option<&str>| Hook {
        address: "demo_file.b".to_owned(),
        operation,
        id: id.map(str::to_owned),
    };
    let journal = |begun, events: Vec<Event>| {
        let time = "2026-01-01T00:00:00Z".parse().unwrap();
        ApplyJournal::new(JournalKind::Revert, Revision(begun), time)
            .with_events(events)
            .unwritten()
    };
    let began = || Event::Started(hook(Operation::Delete, Some("2")));
    let made = || Event::Completed(hook(Operation::Create, Some("2")));
    let ended = || Event::Completed(hook(Operation::Delete, None));
    let asked = |scene: &Scene| {
        let found = found(scene);
        assert_eq!(found.len(), 1, "{found:?}");
        found.iter().filter_map(|one| one.hazard(Revision(2))).count()
    };
    scene.journals = vec![journal(3, vec![made()]), journal(5, vec![began(), ended()])];
    assert_eq!(asked(&scene), 0);
    let told = found(&scene).remove(0).history(Revision(2));
    assert_eq!(told, "destroyed by what began as r5; the state was not written any more");
    // Nobody knows how it ended, or it was made again since.
    scene.journals = vec![journal(3, vec![made()]), journal(5, vec![began()])];
    assert_eq!(asked(&scene), 1);
    scene.journals = vec![journal(5, vec![began(), ended()]), journal(7, vec![made()])];
    assert_eq!(asked(&scene), 1);
    // An apply that nothing wrapped can have made it again, and written the state.
    let time = "2026-01-01T00:00:00Z".parse().unwrap();
    let written = ApplyJournal::new(JournalKind::Revert, Revision(5), time);
    scene.journals = vec![written.with_events([began(), ended()])];
    assert_eq!(asked(&scene), 1);
    // A replacement, where the id is a name.
    scene.journals = vec![journal(5, vec![began(), ended(), made()])];
    assert_eq!(asked(&scene), 1);
}

#[test]
fn a_good_object_that_is_made_anew_is_told_and_asked_about_as_older_drift_alone() {
    check(
        "good demo_file.a=1 demo_file.b=2
         now demo_file.a=1 demo_file.b=2
         plan no-op:demo_file.a create:demo_file.b",
        &["demo_file.b 2 in r2 MadeAnew"],
        &[],
    );
    // Another object than the good one: it may live elsewhere, and a second one is made.
    check(
        "good demo_file.a=1 demo_file.b=2
         before demo_file.a=1
         now demo_file.a=1 demo_file.b=3
         plan no-op:demo_file.a create:demo_file.b",
        &["demo_file.b 3 made after r3; not in r2 MadeAnew"],
        &["demo_file.b"],
    );
}

#[test]
fn a_good_object_that_was_renamed_is_known_by_its_id() {
    check(
        "good demo_file.a=1 demo_file.b=2
         before demo_file.a=1 demo_file.b=2
         now demo_file.a=1 demo_file.n=2
         plan no-op:demo_file.a create:demo_file.b",
        &["demo_file.n 2 in r2 MadeAnew"],
        &[],
    );
}

#[test]
fn a_good_object_that_nothing_puts_back_is_asked_about() {
    check(
        "good demo_file.a=1 demo_file.b=2
         now demo_file.a=1 demo_file.b=2
         plan no-op:demo_file.a",
        &["demo_file.b 2 in r2 Forgotten"],
        &["demo_file.b"],
    );
}

#[test]
fn what_the_plan_has_any_line_for_is_found() {
    check(
        "good demo_file.a=1,old demo_file.c=3
         now demo_file.a=1,new demo_file.b=2 demo_file.c=4 demo_file.c^0a1b2c3d=3
         plan update:demo_file.a destroy:demo_file.b replace:demo_file.c destroy:demo_file.c^0a1b2c3d",
        &[],
        &[],
    );
    check(
        "good demo_file.c=3
         now demo_file.c=4 demo_file.c^0a1b2c3d=5
         plan no-op:demo_file.c",
        &["demo_file.c (deposed 0a1b2c3d) 5 not in r2; no record says who made it Forgotten"],
        &["demo_file.c (deposed 0a1b2c3d)"],
    );
}

#[test]
fn a_provider_configuration_of_which_nothing_is_found_looks_like_the_wrong_place() {
    let place = |text: &str| -> Vec<Option<String>> {
        found(&scene(text)).into_iter().map(|one| one.place).collect()
    };
    let west = r#"provider["registry.terraform.io/unapply/demo"].west"#.to_owned();
    let objects = "now demo_file.a=1 demo_file.b=2@west demo_file.c=3@west";
    let all = format!("{objects}\nplan no-op:demo_file.a");
    assert_eq!(place(&all), [Some(west.clone()), Some(west.clone())]);
    let one = format!("{objects}\nplan no-op:demo_file.a no-op:demo_file.b");
    assert_eq!(place(&one), [None]);
    let scene = scene(&all);
    let why = found(&scene).remove(0).hazard(Revision(2)).unwrap().why;
    assert!(why.contains(&west) && why.contains("wrong place"), "{why}");
}

#[test]
fn a_plan_of_a_part_drops_only_what_it_looked_for() {
    let scene = scene("now demo_file.a=1 demo_file.b=2 demo_file.c^0a1b2c3d=3\nplan");
    let lost = scene.ask(|facts, _| unfound(facts));
    assert_eq!(lost.len(), 3);
    let gone = scene.plan_that_lost(&["demo_file.b"]);
    let dropped = dropped_by(&gone, &lost, |slot| slot.address.name == "c");
    let names: Vec<String> =
        dropped.iter().map(|slot| shown_slot(&slot.address, slot.deposed.as_deref())).collect();
    assert_eq!(names, ["demo_file.b", "demo_file.c (deposed 0a1b2c3d)"]);
    assert_eq!(dropped_by(&gone, &lost, |_| false).len(), 1);
}
