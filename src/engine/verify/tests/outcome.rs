//! The outcome of a revert's plan, compared before anyone consents.

use serde_json::{Value as Json, json};

use super::super::outcome::mark;
use super::case::{Case, constant, from};
use crate::engine::judgement::{JudgedAction, NotGood, Origin, Reason, Unlikeness, Why};
use crate::model::entry::Revision;
use crate::model::plan::Action;
use crate::model::value::{Path, Step};

const A: &str = "aws_alb_listener_rule.a";

/// An object that was `one`, is `two` now, and would be `after`; its configuration says `size`.
fn update(after: &str, says: &Json) -> Case {
    let object = |size: &str| json!({"id": "i-1", "size": size, "etag": "x"});
    Case {
        good: vec![(A, object("one"), &[])],
        now: vec![(A, object("two"), &[])],
        says: vec![(A, json!({"size": says}))],
        done: vec![(&["update"], A, object("two"), object(after))],
        ..Case::default()
    }
}

/// Insists on the objects that are not good, in a word each.
#[track_caller]
fn check(case: &Case, expected: &[&str]) {
    check_with(case, &json!({}), &|_| false, expected);
}

#[track_caller]
fn check_with(case: &Case, open: &Json, is_proved: &dyn Fn(&str) -> bool, expected: &[&str]) {
    let found = case.planned(open, is_proved).not_good;
    let line = |one: &NotGood| match &one.how {
        Unlikeness::Values(paths) => {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            format!("{} {}", one.address, paths.join(","))
        }
        other @ (Unlikeness::Missing | Unlikeness::TooMany) => format!("{} {other:?}", one.address),
    };
    assert_eq!(found.iter().map(line).collect::<Vec<_>>(), expected);
}

#[test]
fn a_value_that_good_never_had_is_not_good_and_the_good_one_is() {
    check(&update("one", &constant()), &[]);
    check(&update("three", &constant()), &["aws_alb_listener_rule.a size"]);
    check_with(&update("three", &constant()), &json!({"size": true}), &|_| false, &[]);
}

#[test]
fn a_snapshot_that_a_plan_has_proved_is_believed_but_for_what_a_function_says() {
    let proved = |case: &Case, expected: &[&str]| {
        check_with(case, &json!({}), &|address| address == A, expected);
    };
    proved(&update("three", &constant()), &[]);
    proved(&update("three", &from("var.x")), &[]);
    proved(&update("three", &json!({})), &["aws_alb_listener_rule.a size"]);
}

#[test]
fn the_same_json_in_other_words_is_the_good_value() {
    let mut case = update(r#"{"a": [1, 2]}"#, &constant());
    case.good[0].1["size"] = json!(r#"{"a":[1,2]}"#);
    check(&case, &[]);
}

#[test]
fn a_value_that_the_provider_gives_is_told_only_if_an_apply_wrote_it_and_it_stays() {
    let mut case = update("one", &constant());
    case.done[0].3["etag"] = json!("y");
    check(&case, &[]);
    case.done[0].2["etag"] = json!("y");
    case.texts = ["", "resource \"aws_alb_listener_rule\" \"a\" {\n  etag = \"y\"\n}\n"];
    check(&case, &["aws_alb_listener_rule.a etag"]);
}

#[test]
fn what_is_agreed_to_by_another_hazard_is_not_asked_about_twice() {
    let mut case = update("three", &constant());
    let size = Path(vec![Step::Name("size".into())]);
    case.actions = vec![JudgedAction {
        address: A.into(),
        action: Action::Update,
        reasons: vec![Reason { why: Why::MovedInput, cause: String::new(), paths: vec![size] }],
        origin: Origin::Good,
        attributes: vec![],
    }];
    check(&case, &[]);
}

#[test]
fn a_new_object_is_compared_and_one_that_is_left_out_or_kept_is_named() {
    let object = |size: &str| json!({"id": "i-1", "size": size});
    let mut case = Case {
        good: vec![(A, object("one"), &[])],
        says: vec![(A, json!({"size": constant()}))],
        done: vec![(&["create"], A, json!(null), json!({"size": "one"}))],
        ..Case::default()
    };
    check_with(&case, &json!({"id": true}), &|_| false, &[]);
    case.done[0].3 = json!({"size": "three"});
    check_with(&case, &json!({"id": true}), &|_| false, &["aws_alb_listener_rule.a size"]);
    case.done.clear();
    check(&case, &["aws_alb_listener_rule.a Missing"]);
    case.now = std::mem::take(&mut case.good);
    case.done = vec![(&["no-op"], A, object("one"), object("one"))];
    check(&case, &["aws_alb_listener_rule.a TooMany"]);
}

#[test]
fn an_object_that_somebody_set_back_leaves_only_the_state_behind() {
    let object = |size: &str| json!({"id": "i-1", "size": size});
    let mut case = update("one", &constant());
    case.good[0].1 = object("one");
    case.now[0].1 = object("two");
    case.done = vec![(&["no-op"], A, object("one"), object("one"))];
    case.follow = vec![(&["update"], A, object("two"), object("one"))];
    let found = case.planned(&json!({}), &|_| false);
    assert_eq!((found.outdated, found.not_good), (vec![A.to_owned()], vec![]));
}

#[test]
fn an_object_that_stands_for_the_good_one_is_noted_with_both_ids() {
    let mut case = update("one", &constant());
    case.now[0].1 = json!({"id": "i-2", "size": "one", "etag": "x"});
    case.done = vec![(&["no-op"], A, case.now[0].1.clone(), case.now[0].1.clone())];
    let found = case.planned(&json!({}), &|_| false);
    assert_eq!(found.not_good, []);
    let [note] = found.notes.as_slice() else { panic!("{found:?}") };
    assert!(note.contains("i-1 → i-2"), "{note}");
}

#[test]
fn an_attribute_that_good_never_had_is_no_undo_and_the_others_are() {
    let path = |name: &str| Path(vec![Step::Name(name.to_owned())]);
    let outcome = update("three", &constant()).planned(&json!({}), &|_| false);
    let mut actions = [JudgedAction {
        address: A.into(),
        action: Action::Update,
        reasons: vec![Reason {
            why: Why::Undo,
            cause: String::new(),
            paths: vec![path("etag"), path("size")],
        }],
        origin: Origin::Good,
        attributes: vec![],
    }];
    assert_eq!(mark(&outcome, &mut actions, Revision(2)), []);
    let [action] = actions;
    let found: Vec<_> =
        action.reasons.iter().map(|reason| (reason.why, reason.paths.clone())).collect();
    assert_eq!(found, [(Why::NotGood, vec![path("size")]), (Why::Undo, vec![path("etag")])]);
    // Without an action it is a hazard by itself.
    let [hazard] = mark(&outcome, &mut [], Revision(2)).try_into().unwrap();
    assert_eq!(hazard.subject, A);
    assert!(hazard.why.contains("size") && !hazard.why.contains("three"), "{}", hazard.why);
}

#[test]
fn what_was_agreed_to_is_a_note_of_the_proof() {
    let mut case = update("three", &constant());
    case.now[0].1["size"] = json!("three");
    case.says(&["! aws_alb_listener_rule.a differs in size", "0 of 1"]);
    let size = Path(vec![Step::Name("size".into())]);
    case.agreed = vec![NotGood { address: A.into(), how: Unlikeness::Values(vec![size]) }];
    case.says(&["  aws_alb_listener_rule.a differs in size, as was agreed to", "0 of 1"]);
    case.now.clear();
    case.done.clear();
    case.agreed = vec![NotGood { address: A.into(), how: Unlikeness::Missing }];
    case.says(&["  aws_alb_listener_rule.a is missing, as was agreed to", "0 of 1"]);
}
