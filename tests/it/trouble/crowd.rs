//! Several at once, and long logs.

use std::sync::Arc;

use unapply::store::{After, LocalStore, Repository};

use super::table::Scene;
use crate::support::records::remark;
use crate::support::running::until;
use crate::support::stage::{Ran, UNAPPLY};

#[test]
fn eight_snapshots_at_once_are_eight_entries_in_one_order() {
    let scene = Scene::changed();
    let before = scene.see();
    let stage = &scene.stage;
    let all: Vec<_> =
        (0..8).map(|_| stage.start(UNAPPLY, &["snapshot", "--force", "--json"])).collect();
    let told: Vec<Ran> = all.into_iter().map(|one| one.end().expect(0)).collect();
    let mut told: Vec<u64> =
        told.iter().map(|ran| ran.json()["entry"]["revision"].as_u64().unwrap()).collect();
    told.sort_unstable();
    let after = scene.see();
    let first = u64::try_from(before.log.len()).unwrap() + 1;
    assert_eq!(told, (first..first + 8).collect::<Vec<_>>(), "each was told its own entry");
    assert_eq!(after.log.len(), before.log.len() + 8);
    assert_eq!(after.log[..before.log.len()], before.log);
    assert_eq!((after.world, after.state), (before.world, before.state));
    stage.is_sound();
    scene.goes_back();
}

#[test]
fn snapshots_marks_and_reads_during_a_revert_neither_stop_it_nor_are_lost() {
    let scene = Scene::changed();
    let stage = &scene.stage;
    let before = scene.see().log;
    stage.fault("delay-ms:a.txt:1500");
    let revert = stage.start(UNAPPLY, &["revert", "--yes"]);
    until("terraform changes something", || stage.is_applying());
    let snapshot = stage.unapply(&["snapshot", "--force", "--json"]).expect(0).json();
    stage.unapply(&["mark", "bad", "@-"]).expect(0);
    for verb in [&["status"][..], &["history"], &["diff"], &["check", "--read-data"]] {
        stage.unapply(verb).expect(0);
    }
    revert.end().expect(0);
    stage.fault("");
    scene.is_back();
    let log = scene.see().log;
    assert_eq!(log[..before.len()], before);
    assert!(log.iter().any(|entry| entry["revision"] == snapshot["entry"]["revision"]));
    assert_eq!(stage.entries("revert-outcome").len(), 1);
}

#[test]
fn a_log_of_hundreds_of_entries_is_read_and_reverted_as_any_other() {
    let scene = Scene::changed();
    let store = scene.stage.stack().join(".unapply");
    let repository = Repository::open(Arc::new(LocalStore::open(&store).unwrap())).unwrap();
    let stack = "demo/app".parse().unwrap();
    for _ in 0..400 {
        // The second snapshot is bad, again and again.
        repository.append(&stack, remark(3), After::Any).unwrap();
    }
    assert!(scene.see().log.len() > 400);
    scene.stage.unapply(&["status"]).expect(0);
    scene.stage.unapply(&["snapshot", "--force"]).expect(0);
    scene.goes_back();
}
