//! Objects that are missing, too many or made anew after a revert, in lines; which residual is
//! accepted.

mod case;
mod outcome;
mod rules;

use super::*;
use crate::codec::state::parse;
use crate::engine::tests::{CANARY, scene, value, world};

fn compared(good: &str, now: &str, residuals: [&[Residual]; 2]) -> Comparison {
    let [good, now] = [good, now].map(|text| world(&text.split_whitespace().collect::<Vec<_>>()));
    let (good, now) = (parse(&good).unwrap(), parse(&now).unwrap());
    let nothing = scene("").plan;
    compare(&VerifyFacts {
        good: &good,
        residual: residuals[0],
        now: &now,
        plan: &nothing,
        found: residuals[1],
        done: DoneRounds {
            rounds: &[],
            left: &[],
            agreed: &[],
            variables: &BTreeMap::new(),
            journals: &[],
        },
        configuration: &Configurations::default(),
        checks: [&[], &[]],
        knowledge: &Knowledge::builtin(),
        redactor: &Redactor::default().with_state(&good).with_state(&now),
    })
}

fn check(good: &str, now: &str, expected: &[&str]) {
    let found = compared(good, now, [&[], &[]]);
    let lines: Vec<String> = found
        .differences
        .iter()
        .map(|text| format!("! {text}"))
        .chain(found.notes.iter().map(|text| format!("  {text}")))
        .chain([format!("{} of {}", found.equal, found.expected)])
        .collect();
    assert_eq!(lines, expected);
    assert!(!format!("{found:?}").contains(CANARY));
}

#[test]
fn a_set_of_objects_that_is_the_good_one_has_no_difference() {
    check("", "", &["0 of 0"]);
    check("demo_file.a=1 demo_file.b[0]=2", "demo_file.b[0]=2 demo_file.a=1", &["2 of 2"]);
}

#[test]
fn what_is_missing_too_many_or_left_over_is_a_difference() {
    check(
        "demo_file.a=1 demo_file.b=2",
        "demo_file.b=2 demo_file.c=3 demo_file.b^0badcafe=4",
        &[
            "! demo_file.a is missing",
            "! demo_file.c is there and was not",
            "! demo_file.b has a left-over object",
            "1 of 2",
        ],
    );
}

#[test]
fn what_was_made_anew_or_says_something_else_is_told_and_a_new_taint_is_a_difference() {
    check(
        "demo_file.a=1 demo_file.b=2,old demo_file.c=3 !demo_file.d=4",
        "demo_file.a=9 demo_file.b=2,new !demo_file.c=3 demo_file.d=4",
        &[
            "! demo_file.c is tainted, and was not",
            "  demo_file.a was made anew and has another id: 1 → 9",
            "  demo_file.b differs in hidden, x, which the configuration does not say",
            "  demo_file.d is not tainted any more",
            "0 of 4",
        ],
    );
}

#[test]
fn data_sources_are_not_compared() {
    check("data.demo_file.a=1", "data.demo_file.b=2,new", &["0 of 0"]);
}

fn proposes(words: &str) -> Vec<Residual> {
    let objects = "demo_file.a=1,old demo_file.b=2";
    let changed = "demo_file.a=1,new demo_file.b=2";
    residual(&scene(&format!("good {objects}\n now {changed}\n plan {words}")).plan)
}

#[test]
fn a_residual_holds_actions_and_paths_and_no_values() {
    let found = proposes("destroy:demo_file.b update:demo_file.a no-op:demo_file.b");
    let lines: Vec<String> = found
        .iter()
        .map(|one| format!("{} {} {}", one.action, one.address, one.paths.join(",")))
        .collect();
    assert_eq!(lines, ["update demo_file.a hidden,x", "destroy demo_file.b hidden,id,x"]);
    assert!(!format!("{found:?}").contains(CANARY));
}

#[test]
fn what_is_known_only_after_apply_and_outputs_are_part_of_a_residual() {
    let mut plan = scene("good demo_file.a=1\n now demo_file.a=1\n plan update:demo_file.a").plan;
    plan.changes[0].after_unknown = value(r#"{"stamp":true,"tags":{"at":true}}"#);
    for (name, action) in [("changes", Action::Update), ("stays", Action::NoOp)] {
        plan.outputs.push(crate::model::plan::PlannedOutput {
            name: name.to_owned(),
            action,
            before: value("1"),
            after: value("2"),
            after_unknown: value("false"),
            before_sensitive: value("false"),
            after_sensitive: value("false"),
        });
    }
    let found: Vec<(String, String)> =
        residual(&plan).into_iter().map(|one| (one.address, one.paths.join(","))).collect();
    let expected = [("demo_file.a", "stamp,tags.at"), ("output.changes", "")];
    assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn the_same_residual_is_accepted_and_any_other_is_a_difference() {
    let usual = proposes("update:demo_file.a");
    let differences =
        |before: &[Residual], now: &[Residual]| compared("", "", [before, now]).differences;
    assert!(differences(&usual, &usual).is_empty());
    assert!(differences(&usual, &[]).is_empty(), "less than usual is well");
    for other in ["replace:demo_file.a", "destroy:demo_file.b"] {
        assert_eq!(differences(&usual, &proposes(other)).len(), 1, "{other}");
    }
    let mut elsewhere = usual.clone();
    elsewhere[0].paths.push("y".to_owned());
    assert_eq!(
        differences(&usual, &elsewhere),
        ["a plan still wants to update demo_file.a (hidden, x, y)"]
    );
}
