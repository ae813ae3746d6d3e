//! The object and the state that each fault leaves. (See `lifecycle`.)

use super::*;

fn planned(content: &str) -> CtyValue {
    CtyValue::object([("path", CtyValue::text("a")), ("content", CtyValue::text(content))])
}

/// Carries a change of the object `a` out under `faults`, below `root`.
fn change(
    root: &tempfile::TempDir,
    faults: &str,
    prior: &CtyValue,
    planned: &CtyValue,
) -> ChangeResult {
    let change = RequestedChange {
        kind: ResourceType::File,
        prior: prior.clone(),
        planned: planned.clone(),
    };
    let faults = Faults::parse(faults).unwrap();
    change.carry_out(&ObjectDirectory::under(root.path()), &faults)
}

fn state(outcome: ChangeResult) -> CtyValue {
    match outcome {
        ChangeResult::Done(state) | ChangeResult::Failed { state, .. } => state,
        ChangeResult::Crashed => panic!("no state"),
    }
}

fn content(root: &tempfile::TempDir) -> Option<String> {
    std::fs::read_to_string(root.path().join("a")).ok()
}

#[test]
fn a_failed_creation_makes_the_object_or_not_and_reports_it_or_not() {
    for (fault, made, reported) in
        [("create:a", false, false), ("create-after:a", true, true), ("create-lost:a", true, false)]
    {
        let root = tempfile::tempdir().unwrap();
        let outcome = change(&root, fault, &CtyValue::Null, &planned("new"));
        assert!(matches!(outcome, ChangeResult::Failed { .. }), "{fault}");
        assert_eq!(content(&root).is_some(), made, "{fault}");
        assert_eq!(state(outcome) != CtyValue::Null, reported, "{fault}");
    }
}

#[test]
fn a_crash_leaves_an_object_that_is_not_reported() {
    let root = tempfile::tempdir().unwrap();
    let outcome = change(&root, "crash:a", &CtyValue::Null, &planned("new"));
    assert_eq!(outcome, ChangeResult::Crashed);
    assert!(content(&root).is_some());
}

#[test]
fn a_failed_update_reports_the_object_as_it_is_now() {
    for (fault, now) in [("update:a", "old"), ("update-after:a", "new")] {
        let root = tempfile::tempdir().unwrap();
        let prior = state(change(&root, "", &CtyValue::Null, &planned("old")));
        let next = prior.clone().with("content", CtyValue::text("new"));
        let outcome = change(&root, fault, &prior, &next);
        assert!(matches!(outcome, ChangeResult::Failed { .. }), "{fault}");
        assert_eq!(content(&root).as_deref(), Some(now));
        assert_eq!(state(outcome).get("content"), &CtyValue::text(now));
    }
}

#[test]
fn a_failed_deletion_keeps_the_object_and_its_state() {
    let root = tempfile::tempdir().unwrap();
    let prior = state(change(&root, "", &CtyValue::Null, &planned("old")));
    assert_eq!(state(change(&root, "delete:*", &prior, &CtyValue::Null)), prior);
    assert!(content(&root).is_some());
    assert_eq!(change(&root, "", &prior, &CtyValue::Null), ChangeResult::Done(CtyValue::Null));
    assert_eq!(content(&root), None);
}

#[test]
fn faults_of_others_do_no_harm() {
    let root = tempfile::tempdir().unwrap();
    let outcome = change(&root, "create:b,crash:b,delete:a", &CtyValue::Null, &planned("new"));
    assert!(matches!(outcome, ChangeResult::Done(_)));
}
