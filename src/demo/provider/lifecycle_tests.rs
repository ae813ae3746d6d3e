//! What each fault leaves behind. (See `lifecycle`.)

use super::*;

fn planned(content: &str) -> Value {
    Value::object([("path", Value::text("a")), ("content", Value::text(content))])
}

/// Carries a change of the object `a` out under `faults`, in the world under `root`.
fn change(root: &tempfile::TempDir, faults: &str, prior: &Value, planned: &Value) -> Outcome {
    let change =
        Change { kind: ResourceType::File, prior: prior.clone(), planned: planned.clone() };
    let faults = Faults::parse(faults).unwrap();
    change.carry_out(&World::under(root.path()), &faults)
}

fn state(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Done(state) | Outcome::Failed { state, .. } => state,
        Outcome::Crashed => panic!("nobody told"),
    }
}

fn content(root: &tempfile::TempDir) -> Option<String> {
    std::fs::read_to_string(root.path().join("a")).ok()
}

#[test]
fn a_failed_creation_makes_the_object_or_not_and_tells_or_not() {
    for (fault, made, told) in
        [("create:a", false, false), ("create-after:a", true, true), ("create-lost:a", true, false)]
    {
        let root = tempfile::tempdir().unwrap();
        let outcome = change(&root, fault, &Value::Null, &planned("new"));
        assert!(matches!(outcome, Outcome::Failed { .. }), "{fault}");
        assert_eq!(content(&root).is_some(), made, "{fault}");
        assert_eq!(state(outcome) != Value::Null, told, "{fault}");
    }
}

#[test]
fn a_crash_leaves_an_object_that_nobody_tells_of() {
    let root = tempfile::tempdir().unwrap();
    let outcome = change(&root, "crash:a", &Value::Null, &planned("new"));
    assert_eq!(outcome, Outcome::Crashed);
    assert!(content(&root).is_some());
}

#[test]
fn a_failed_update_tells_what_the_object_is_now() {
    for (fault, now) in [("update:a", "old"), ("update-after:a", "new")] {
        let root = tempfile::tempdir().unwrap();
        let prior = state(change(&root, "", &Value::Null, &planned("old")));
        let next = prior.clone().with("content", Value::text("new"));
        let outcome = change(&root, fault, &prior, &next);
        assert!(matches!(outcome, Outcome::Failed { .. }), "{fault}");
        assert_eq!(content(&root).as_deref(), Some(now));
        assert_eq!(state(outcome).get("content"), &Value::text(now));
    }
}

#[test]
fn a_failed_deletion_keeps_the_object_and_its_state() {
    let root = tempfile::tempdir().unwrap();
    let prior = state(change(&root, "", &Value::Null, &planned("old")));
    assert_eq!(state(change(&root, "delete:*", &prior, &Value::Null)), prior);
    assert!(content(&root).is_some());
    assert_eq!(change(&root, "", &prior, &Value::Null), Outcome::Done(Value::Null));
    assert_eq!(content(&root), None);
}

#[test]
fn faults_of_others_do_no_harm() {
    let root = tempfile::tempdir().unwrap();
    let outcome = change(&root, "create:b,crash:b,delete:a", &Value::Null, &planned("new"));
    assert!(matches!(outcome, Outcome::Done(_)));
}
