//! The origin of an object is told by the journals of applies and reverts since good.

use unapply::model::apply_report::ObjectOutcome;

use crate::support::deeds::{file, good};
use crate::support::journals::reported;

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

/// The hazards of a revert, as `HAZARD SUBJECT`.
fn hazards(stage: &crate::support::stage::Stage) -> Vec<String> {
    let json = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let line = |h: &serde_json::Value| [&h["hazard"], &h["subject"]].map(word).join(" ");
    json["hazards"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn without_a_journal_everything_since_good_is_asked_about_once() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(a_and_b() + &file("c", "new") + &file("d", "new")));
    stage.apply().expect(0);
    assert_eq!(hazards(&stage), ["unknown-origin since-1"]);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("demo_file.c, demo_file.d").says("--allow 'unknown-origin=since-1'");
    assert_eq!(stage.everything(), before);
    stage.goes_back(&v1, &["--allow", "unknown-origin=since-1"]);
}

#[test]
fn what_was_made_besides_the_journals_is_asked_about_object_by_object() {
    let (stage, v1) = good(&a_and_b());
    let c = a_and_b() + &file("c", "journalled");
    stage.apply_journalled(&c, "");
    stage.configure(&(c + &file("d", "by hand") + &file("e", "by hand")));
    stage.apply().expect(0);
    let asked = ["unknown-origin demo_file.d", "unknown-origin demo_file.e"];
    assert_eq!(hazards(&stage), asked);
    stage.goes_back(&v1, &["--allow", "unknown-origin=demo_file.*"]);
}

#[test]
fn what_a_failed_revert_made_is_known_from_its_own_journal() {
    let (stage, v1) = good(&a_and_b());
    let c = a_and_b() + &file("c", "new");
    stage.apply_journalled(&c, "");
    stage.unapply(&["snapshot"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    let later = stage.good_revision().unwrap().to_string();
    // Back to v1, which ends c; then to the later one, which makes it again and fails.
    stage.goes_back(&v1, &["1"]);
    stage.configure(&c);
    stage.fault("update:a.txt");
    stage.edit("a.txt", "by hand");
    let allow = ["revert", &later, "--yes", "--allow", "older-drift=demo_file.a"];
    stage.unapply(&allow).expect(1).says("applied in part");
    stage.fault("");
    for kept in stage.left_over().lines() {
        std::fs::remove_dir_all(kept).unwrap();
    }
    assert!(stage.objects().contains_key("c.txt"));
    stage.goes_back(&v1, &["1", "--allow", "older-drift=demo_file.a"]);
}

#[test]
fn an_object_that_an_apply_imported_is_forgotten_and_never_destroyed() {
    let (stage, _) = good(&a_and_b());
    let c = file("c", "new");
    stage.apply_journalled(&(a_and_b() + &c), "");
    let state: serde_json::Value = serde_json::from_slice(&stage.state()).unwrap();
    let resources = state["resources"].as_array().unwrap();
    let of_c = resources.iter().find(|resource| resource["name"] == "c").unwrap();
    let id = of_c["instances"][0]["attributes"]["id"].as_str().unwrap();
    let again = stage.say_run();
    stage.say_ended(
        again,
        vec![reported("demo_file.c", "import", ObjectOutcome::Imported, Some(id))],
        "",
    );
    assert_eq!(hazards(&stage), [""; 0]);
    let objects = stage.objects();
    stage.unapply(&["revert", "--yes"]).expect(0).says("was imported, so it is older");
    // It is in the world still, as it was, and no longer in the state.
    assert_eq!(stage.objects(), objects);
    stage.plans_nothing(&a_and_b());
}
