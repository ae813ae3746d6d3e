//! Why each action is there and where its object came from, in lines; what a digest depends on.

use super::*;
use crate::engine::redact::Shown;
use crate::engine::tests::{CANARY, Scene, scene, value};
use crate::model::plan::PlannedInvocation;

fn judged(scene: &Scene) -> Vec<JudgedAction> {
    scene.ask(judge)
}

fn word(shown: &Shown) -> String {
    match shown {
        Shown::Absent => "-".to_owned(),
        Shown::Sensitive(_) => "(sensitive)".to_owned(),
        Shown::Plain(value) => value.as_text().unwrap_or("?").to_owned(),
    }
}

fn line(action: &JudgedAction) -> String {
    let origin = match action.origin {
        Origin::Good => "good".to_owned(),
        Origin::MadeSince { revision, .. } => format!("since {revision}"),
        Origin::Imported => "imported".to_owned(),
        Origin::Unknown => "unknown".to_owned(),
    };
    let inside: Vec<String> = action
        .attributes
        .iter()
        .map(|a| format!(" {}:{}→{}", a.path, word(&a.before), word(&a.after)))
        .collect();
    let whys: Vec<&str> = action.reasons.iter().map(|reason| reason.why.name()).collect();
    let (why, address) = (whys.join("+"), &action.address);
    format!("{why} {} {address} {origin}{}", action.action, inside.concat())
}

fn check(text: &str, expected: &[&str]) {
    let found = judged(&scene(text));
    let lines: Vec<String> = found.iter().map(line).collect();
    assert_eq!(lines, expected, "{text}");
    assert!(!format!("{found:?}").contains(CANARY));
}

#[test]
fn taking_back_what_changed_is_undo_and_anything_else_is_collateral() {
    check(
        "good demo_file.a=1,old demo_file.b=2 demo_file.gone=3
         before demo_file.a=1,old demo_file.b=2 demo_file.gone=3
         now demo_file.a=1,new demo_file.b=2 demo_file.c=4
         plan update:demo_file.a update:demo_file.b create:demo_file.gone destroy:demo_file.c",
        &[
            "undo update demo_file.a good hidden:(sensitive)→(sensitive) x:new→old",
            "collateral update demo_file.b good",
            "undo create demo_file.gone good hidden:-→(sensitive) id:-→3 x:-→0",
            "undo destroy demo_file.c since r3 hidden:(sensitive)→- id:4→- x:0→-",
        ],
    );
}

#[test]
fn tainting_is_a_change_and_a_left_over_is_an_object_of_its_own() {
    check(
        "good demo_file.a=1
         before demo_file.a=1
         now !demo_file.a=1 demo_file.a^0badcafe=2
         plan replace:demo_file.a destroy:demo_file.a^0badcafe",
        &[
            "undo replace demo_file.a good",
            "undo destroy demo_file.a (deposed 0badcafe) since r3 \
             hidden:(sensitive)→- id:2→- x:0→-",
        ],
    );
}

#[test]
fn an_origin_needs_a_snapshot_that_does_not_have_the_object_yet() {
    let plan = "plan destroy:demo_file.b";
    let gone = "hidden:(sensitive)→- id:2→- x:0→-";
    check(
        &format!("now demo_file.b=2\n {plan}"),
        &[&format!("undo destroy demo_file.b unknown {gone}")],
    );
    check(
        &format!("before demo_file.b=2\n now demo_file.b=2\n {plan}"),
        &[&format!("undo destroy demo_file.b unknown {gone}")],
    );
    check(
        &format!("before demo_file.b^0badcafe=3\n now demo_file.b=2\n {plan}"),
        &[&format!("undo destroy demo_file.b since r3 {gone}")],
    );
}

#[test]
fn what_does_nothing_is_not_judged() {
    check("good demo_file.a=1\n now demo_file.a=1\n plan no-op:demo_file.a", &[]);
}

#[test]
fn a_value_that_is_known_only_after_apply_does_not_read_as_removed() {
    let mut scene = scene(
        "good demo_file.a=1,old
         now demo_file.a=1,new
         plan replace:demo_file.a",
    );
    let change = &mut scene.plan.changes[0];
    change.after = value(r#"{"x":"old"}"#);
    change.after_unknown = value(r#"{"id":true,"hidden":true}"#);
    let paths: Vec<String> =
        judged(&scene)[0].attributes.iter().map(|attribute| attribute.path.to_string()).collect();
    assert_eq!(paths, ["x"]);
}

fn invocations(file: &str) -> Vec<PlannedInvocation> {
    let path = format!("{}/testdata/engines/{file}", env!("CARGO_MANIFEST_DIR"));
    crate::codec::plan::parse(&std::fs::read(path).unwrap()).unwrap().invocations
}

fn digest(edit: impl FnOnce(&mut Plan)) -> Digest {
    let mut plan = scene(
        "good demo_file.a=1,old
         now demo_file.a=1,new demo_file.b=2
         plan update:demo_file.a destroy:demo_file.b",
    )
    .plan;
    edit(&mut plan);
    actions_digest(&plan)
}

#[test]
fn a_digest_changes_with_whatever_is_consented_to() {
    let same = digest(|_| {});
    let differing = [
        digest(|plan| plan.changes[0].address = "demo_file.c".parse().unwrap()),
        digest(|plan| plan.changes[1].deposed = Some("0badcafe".to_owned())),
        digest(|plan| plan.changes[0].action = Action::DeleteThenCreate),
        digest(|plan| plan.changes[0].action = Action::CreateThenDelete),
        digest(|plan| plan.changes[0].before = value(r#"{"x":1}"#)),
        digest(|plan| plan.changes[0].after = value(r#"{"x":1}"#)),
        digest(|plan| plan.changes[0].after_unknown = value(r#"{"x":true}"#)),
        digest(|plan| plan.changes[0].importing = true),
        digest(|plan| drop(plan.changes.pop())),
        digest(|plan| plan.invocations = invocations("action.plan.json")),
        digest(|plan| plan.invocations = invocations("deferred-action.plan.json")),
        digest(|plan| plan.unknown.extend(["provider_calls".to_owned()])),
    ];
    for (position, one) in differing.iter().enumerate() {
        assert_ne!(*one, same, "{position}");
        for other in differing.iter().skip(position + 1) {
            assert_ne!(one, other, "{position}");
        }
    }
}

#[test]
fn a_digest_does_not_depend_on_the_order_of_keys_or_on_what_does_nothing() {
    let with = |text: &'static str| digest(|plan| plan.changes[0].after = value(text));
    assert_eq!(with(r#"{"a":{"c":1,"d":[2]},"b":3}"#), with(r#"{"b":3,"a":{"d":[2],"c":1}}"#));
    let with_nothing = digest(|plan| {
        let mut nothing = plan.changes[0].clone();
        nothing.action = Action::NoOp;
        plan.changes.push(nothing);
    });
    assert_eq!(with_nothing, digest(|_| {}));
}

mod inputs;
mod keep;
mod recorded;
mod world;
