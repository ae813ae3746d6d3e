//! Could the stack be reverted now? Each thing that a revert relies on, taken away once.

use serde_json::Value;

use crate::support::deeds::{file, good};
use crate::support::stage::{Ran, Stage};

/// The health of each finding about a subject.
fn about<'a>(json: &'a Value, subject: &str) -> Vec<&'a str> {
    let findings = json["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["subject"] == subject).map(|f| f["health"].as_str().unwrap()).collect()
}

#[track_caller]
fn finds(stage: &Stage, code: i32, subject: &str, health: &str) -> Ran {
    let ran = stage.unapply(&["doctor", "--json", "--no-record"]).expect(code);
    let json = ran.json();
    assert!(about(&json, subject).contains(&health), "{subject}: {json:#}");
    ran
}

#[test]
fn a_good_stack_is_ok_and_the_result_is_an_entry() {
    let (stage, _) = good(&file("a", "one"));
    let before = stage.everything();
    insta::assert_snapshot!(stage.unapply(&["doctor"]).expect(0).screen());
    let said = &stage.entries("diagnosis")[0]["body"];
    assert_eq!(said["target"], 1);
    let json = stage.unapply(&["doctor", "--json", "--probe"]).expect(0).json();
    assert_eq!(json["health"], "ok", "{json:#}");
    assert_eq!(about(&json, "conditional writes"), ["ok"]);
    let count = stage.entries("diagnosis").len();
    stage.unapply(&["doctor", "--no-record"]).expect(0);
    assert_eq!(stage.entries("diagnosis").len(), count);
    assert_eq!(stage.everything(), before);
    stage.is_sound();
    assert_eq!(stage.left_over(), "");
}

#[test]
fn what_is_missing_is_named_with_the_exit_code_of_the_first() {
    let (stage, _) = good(&file("a", "one"));
    let state = stage.state();
    stage.put_state(b"");
    finds(&stage, 15, "state", "failing");
    stage.put_state(&state);
    stage
        .unapply(&["--tf-bin", "none", "doctor"])
        .expect(16)
        .says("✗ engine")
        .says("none not found");
    stage.unapply(&["mark", "bad", "1"]).expect(0);
    finds(&stage, 13, "good", "failing").says("unapply mark good --verify");
    stage.unapply(&["mark", "good", "1"]).expect(0);
    finds(&stage, 0, "good", "ok");
    stage.fault("read:a.txt");
    finds(&stage, 1, "plan", "failing");
    stage.fault("");
    let blobs = stage.stack().join(".unapply/blobs");
    let away = stage.path().join("blobs");
    std::fs::rename(&blobs, &away).unwrap();
    finds(&stage, 14, "good", "failing");
    std::fs::rename(&away, &blobs).unwrap();
    finds(&stage, 0, "plan", "ok");
    std::fs::remove_dir_all(stage.stack().join(".unapply")).unwrap();
    stage.unapply(&["doctor"]).expect(10);
}

#[test]
fn a_store_that_others_may_enter_is_doubtful() {
    use std::os::unix::fs::PermissionsExt as _;
    let (stage, _) = good(&file("a", "one"));
    let store = stage.stack().join(".unapply");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o755)).unwrap();
    finds(&stage, 0, "permissions", "warning").says("chmod 700");
}
