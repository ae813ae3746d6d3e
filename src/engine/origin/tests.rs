//! Origins of objects, as journals tell them.

use super::*;
use crate::codec::{events, state};
use crate::engine::tests::world;
use crate::model::apply_report::{Presence, ReportSource, ReportedObject};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn journal(revision: u64) -> ApplyJournal {
    let second = i64::try_from(revision).unwrap();
    ApplyJournal::new(JournalKind::Run, Revision(revision), at(second))
}

fn complete(action: &str, address: &str, id: &str) -> Event {
    let line = serde_json::json!({
        "type": "apply_complete",
        "hook": {"resource": {"addr": address}, "action": action, "id_key": "id", "id_value": id},
    });
    events::parse_line(&line.to_string())
}

fn report(objects: &[(&str, &str, ObjectOutcome, Option<&str>)]) -> ApplyReport {
    let reported = |(address, action, outcome, id): &(&str, &str, ObjectOutcome, Option<&str>)| {
        ReportedObject {
            address: (*address).to_owned(),
            action: (*action).to_owned(),
            outcome: *outcome,
            id: id.map(str::to_owned),
            presence: Presence::InState,
        }
    };
    let objects = objects.iter().map(reported).collect();
    ApplyReport { objects, ..ApplyReport::empty(ReportSource::Events) }
}

/// The revision of the journal that made the only object of a state, `imported`, or `unknown`.
fn check(journals: &[ApplyJournal], object: &str, expected: &str) {
    let bytes = world(&[object]);
    let state = state::parse(&bytes).unwrap();
    let found = match origin(journals, &state.instances[0]) {
        None => "unknown".to_owned(),
        Some(Origin::Imported) => "imported".to_owned(),
        Some(Origin::MadeSince { revision, time }) => {
            assert_eq!(time, at(i64::try_from(revision.0).unwrap()));
            revision.0.to_string()
        }
        Some(other) => panic!("{other:?}"),
    };
    assert_eq!(found, expected, "{object}");
}

#[test]
fn an_object_is_known_by_type_and_id_wherever_it_stands_now() {
    let made = [journal(5).with_events([complete("create", "demo_file.a[0]", "f-1")])];
    check(&made, "demo_file.a[0]=f-1", "5");
    check(&made, "demo_file.a[0]^deadbeef=f-1", "5");
    check(&made, "demo_file.a[0]=f-2", "unknown");
    check(&made, "module.m.demo_file.b=f-1", "5");
    check(&made, "demo_volume.a[0]=f-1", "unknown");
    check(&[], "demo_file.a[0]=f-1", "unknown");
}

#[test]
fn only_a_creation_that_ended_well_is_one() {
    let updated = [journal(5).with_events([complete("update", "demo_file.a", "f-1")])];
    check(&updated, "demo_file.a=f-1", "unknown");
    let garbage = [journal(5).with_events([events::parse_line("panic: x")])];
    check(&garbage, "demo_file.a=f-1", "unknown");
}

#[test]
fn an_account_tells_of_what_was_created_and_tainted_and_not_of_replacements() {
    let told = [journal(5).with_report(&report(&[
        ("demo_file.a", "create", ObjectOutcome::Created, Some("1")),
        ("demo_file.b", "create", ObjectOutcome::Tainted, Some("2")),
        ("demo_file.c", "replace", ObjectOutcome::Replaced, Some("3")),
        ("demo_file.d", "create", ObjectOutcome::Created, None),
        ("not an address", "create", ObjectOutcome::Created, Some("5")),
    ]))];
    check(&told, "demo_file.a=1", "5");
    check(&told, "!demo_file.b=2", "5");
    check(&told, "demo_file.c=3", "unknown");
    check(&told, "demo_file.d=4", "unknown");
}

#[test]
fn the_first_of_several_journals_says_how_old_an_object_is() {
    let event = || [complete("create", "demo_file.a", "1")];
    check(
        &[journal(5).with_events(event()), journal(9).with_events(event())],
        "demo_file.a=1",
        "5",
    );
}

#[test]
fn what_any_journal_imported_was_there_before() {
    let made = journal(5).with_events([complete("create", "demo_file.a", "1")]);
    let imported = |id| {
        journal(9).with_report(&report(&[("demo_file.a", "import", ObjectOutcome::Imported, id)]))
    };
    check(&[made.clone(), imported(Some("1"))], "demo_file.a=1", "imported");
    check(&[made.clone(), imported(None)], "demo_file.a=1", "imported");
    check(&[made, imported(Some("2"))], "demo_file.a=1", "5");
}

#[test]
fn a_revert_alone_is_no_journal_of_applies() {
    assert!(!is_journalled(&[]));
    assert!(!is_journalled(&[ApplyJournal::new(JournalKind::Revert, Revision(1), at(1))]));
    assert!(is_journalled(&[journal(1)]));
}

#[test]
fn what_was_made_and_is_in_no_state_is_named_with_what_made_it() {
    let made = |revision: u64, id: &str| {
        journal(revision).with_events([complete("create", "demo_file.b", id)])
    };
    let names = |journals: &[ApplyJournal], objects: &[&str]| -> Vec<String> {
        let bytes = world(objects);
        let state = state::parse(&bytes).unwrap();
        let found = out_of_state(journals, &[&state]);
        found.iter().map(|one| format!("{} {} {}", one.address, one.id, one.begun)).collect()
    };
    assert_eq!(names(&[made(5, "f-1")], &["demo_file.a=f-9"]), ["demo_file.b f-1 r5"]);
    assert_eq!(names(&[made(5, "f-1")], &["demo_file.other=f-1"]), [""; 0]);
    let start = serde_json::json!({
        "type": "apply_start",
        "hook": {"resource": {"addr": "demo_file.b"}, "action": "delete", "id_key": "id",
            "id_value": "f-1"},
    });
    let ended = journal(6).with_events([
        events::parse_line(&start.to_string()),
        complete("delete", "demo_file.b", ""),
    ]);
    assert_eq!(names(&[made(5, "f-1"), ended.clone()], &[]), [""; 0]);
    // The same id once more: a path can be one.
    assert_eq!(names(&[made(5, "f-1"), ended, made(7, "f-1")], &[]), ["demo_file.b f-1 r7"]);
}
