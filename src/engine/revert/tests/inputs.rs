//! Data sources that say something else today: what is due to them, and what cannot be told.

use serde_json::{Value as Json, json};

use super::super::Redactor;
use super::super::outputs::OutputAfter;
use super::world::{World, change};
use crate::model::word::Word as _;

/// A data source in a state: what may be of any type has its type beside it.
fn said(value: &str) -> (String, Json) {
    let outputs = json!({"value": {"v": value, "same": "s"}, "type": ["object", {}]});
    ("data.remote.up".to_owned(), json!({"outputs": outputs}))
}

/// The same in a plan.
fn says(value: &str) -> (String, Json) {
    ("data.remote.up".to_owned(), json!({"outputs": {"v": value, "same": "s"}}))
}

fn references(texts: &[&str]) -> Json {
    json!({"references": texts})
}

const V: [&str; 3] = ["data.remote.up.outputs.v", "data.remote.up.outputs", "data.remote.up"];

/// An object whose attribute `x` refers to these.
fn block(texts: &[&str]) -> Json {
    json!({"resources": [{"address": "t.a", "expressions": {"x": references(texts)}}]})
}

/// `t.a.x` was `then`, is `now`, and would be `after`; the data source went from `one` to `two`.
fn moved(configuration: Json, [then, now, after]: [&str; 3]) -> World {
    let x = |x: &str| json!({"id": "1", "x": x});
    let mut world = World::of(&[("t.a", x(then))], &[("t.a", x(now))]);
    world = world.updating("t.a", x(now), x(after));
    world.good.push(said("one"));
    world.reads.push(says("two"));
    world.configuration = configuration;
    world
}

#[track_caller]
fn check(world: &World, expected: &str) {
    assert_eq!(world.reasons(), [expected]);
}

#[test]
fn what_only_moves_with_a_data_source_is_a_moved_input_and_names_it() {
    let world = moved(block(&V), ["one", "one", "two"]);
    check(&world, "moved-input(x)");
    assert_eq!(
        world.hazards(),
        ["moved-input: data.remote.up (outputs.v) says something else today than in r2, and the \
             plan would update it (x)"]
    );
}

#[test]
fn a_data_source_that_says_what_it_said_explains_nothing() {
    let mut world = moved(block(&V), ["one", "one", "two"]);
    world.reads = vec![says("one")];
    check(&world, "collateral(x)");
    let mut world = moved(block(&V), ["one", "bad", "one"]);
    world.reads = vec![says("one")];
    check(&world, "undo(x)");
}

#[test]
fn what_changed_since_and_would_not_be_what_it_was_is_named_although_it_is_an_undo() {
    check(&moved(block(&V), ["one", "bad", "two"]), "moved-input(x) undo(x)");
    // It comes back, whatever the data source says.
    check(&moved(block(&V), ["one", "bad", "one"]), "undo(x)");
}

#[test]
fn an_attribute_that_reads_another_part_of_a_data_source_does_not_move_with_it() {
    let same = ["data.remote.up.outputs.same", "data.remote.up.outputs", "data.remote.up"];
    check(&moved(block(&same), ["s", "s", "t"]), "collateral(x)");
    check(&moved(block(&["data.remote.other"]), ["s", "s", "t"]), "collateral(x)");
    check(&moved(block(&["var.x"]), ["s", "bad", "t"]), "undo(x)");
}

#[test]
fn a_reference_is_followed_through_modules_and_other_objects() {
    let configuration = json!({
        "resources": [
            {"address": "t.a", "expressions": {"x": references(&["module.m.out", "module.m"])}},
        ],
        "module_calls": {"m": {
            "expressions": {"given": references(&V)},
            "module": {
                "resources": [{"address": "t.b", "expressions": {"y": references(&["var.given"])}}],
                "outputs": {"out": {"expression": references(&["t.b.y", "t.b"])}},
            },
        }},
    });
    check(&moved(configuration, ["one", "one", "two"]), "moved-input(x)");
}

#[test]
fn behind_a_local_only_the_value_itself_can_show_where_it_comes_from() {
    let local = || block(&["local.x"]);
    check(&moved(local(), ["a one b", "a one b", "a two b"]), "moved-input(x)");
    check(&moved(local(), ["a one b", "a one b", "a three b"]), "collateral(x)");
    // It might have moved: what would be an undo otherwise is asked about.
    check(&moved(local(), ["one", "bad", "three"]), "collateral(x) undo(x)");
    check(&moved(local(), ["one", "bad", "one"]), "undo(x)");
    let mut quiet = moved(local(), ["one", "bad", "three"]);
    quiet.reads = vec![says("one")];
    check(&quiet, "undo(x)");
}

#[test]
fn a_data_source_that_cannot_be_compared_makes_nothing_laxer() {
    let mut new = moved(block(&V), ["one", "bad", "two"]);
    new.good.pop();
    check(&new, "collateral(x) undo(x)");
    let mut late = moved(block(&V), ["one", "bad", "two"]);
    late.reads.clear();
    late.changes.push(change(&["read"], "data.remote.up", Json::Null, json!({})));
    check(&late, "collateral(x) undo(x)");
    late.good.pop();
    check(&late, "collateral(x) undo(x)");
}

#[test]
fn an_instance_that_comes_or_goes_with_a_data_source_is_a_moved_input() {
    let each = |texts: &[&str]| json!({"resources": [{"address": "t.a", "for_each_expression": references(texts)}]});
    for (texts, expected) in [
        (&V[..], ["moved-input()", "moved-input()"]),
        (&["local.x"], ["moved-input()", "moved-input()"]),
        (&["var.x"], ["collateral()", "collateral()"]),
    ] {
        let old = json!({"id": "1"});
        let objects = [("t.a[\"one\"]", old.clone())];
        let mut world = World::of(&objects, &objects);
        world.good.push(said("one"));
        world.reads.push(says("two"));
        world.changes = vec![
            change(&["delete"], "t.a[\"one\"]", old.clone(), Json::Null),
            change(&["create"], "t.a[\"two\"]", Json::Null, json!({})),
        ];
        world.configuration = each(texts);
        assert_eq!(world.reasons(), expected, "{texts:?}");
    }
}

#[test]
fn an_object_that_good_has_is_never_ended_as_an_undo() {
    let mut world =
        World::of(&[("t.a", json!({"id": "1"}))], &[("t.a", json!({"id": "1", "x": "new"}))]);
    world.changes = vec![change(&["delete"], "t.a", json!({"id": "1"}), Json::Null)];
    check(&world, "collateral()");
}

#[test]
fn an_object_made_anew_with_a_moved_value_says_so() {
    let made = |after: &str| {
        let mut world = moved(block(&V), ["one", "one", "two"]);
        world.now.clear();
        world.changes = vec![change(&["create"], "t.a", Json::Null, json!({"x": after}))];
        world.changes[0]["change"]["after_unknown"] = json!({"id": true});
        world
    };
    check(&made("two"), "moved-input(x) undo()");
    check(&made("one"), "undo()");
}

#[test]
fn a_written_value_that_is_known_only_after_apply_is_not_taken_for_the_good_one() {
    let unknown = |configuration: Json, now: &str| {
        let mut world = moved(configuration, ["one", now, "two"]);
        world.changes[0]["change"]["after"] = json!({"id": "1"});
        world.changes[0]["change"]["after_unknown"] = json!({"x": true});
        world
    };
    check(&unknown(block(&V), "bad"), "moved-input(x) undo(x)");
    check(&unknown(block(&["t.b.id", "t.b"]), "one"), "collateral(x)");
    check(&unknown(block(&["local.x"]), "bad"), "collateral(x) undo(x)");
    // Not written down: the provider's own.
    check(&unknown(json!({"resources": [{"address": "t.a"}]}), "bad"), "undo()");
}

#[test]
fn outputs_say_what_they_would_be_and_hide_what_is_secret() {
    let mut world = moved(block(&V), ["one", "one", "one"]);
    let output = |before: &str, after: &str| json!({"actions": ["update"], "before": before, "after": after});
    world.outputs = json!({
        "back": output("bad", "good"),
        "moved": output("one", "two"),
        "odd": output("x", "y"),
        "late": {"actions": ["update"], "before": "x", "after_unknown": true},
        "secret": {"actions": ["update"], "before": "hunter22", "after": "hunter33",
            "before_sensitive": true, "after_sensitive": true},
        "same": {"actions": ["no-op"], "before": 1, "after": 1},
    });
    world.good_outputs = json!({
        "back": {"value": "good", "type": "string"}, "moved": {"value": "one", "type": "string"},
        "odd": {"value": "x", "type": "string"}, "late": {"value": "x", "type": "string"},
        "secret": {"value": "hunter33", "type": "string", "sensitive": true},
    });
    world.configuration["outputs"] = json!({
        "moved": {"expression": references(&V)}, "odd": {"expression": references(&["var.x"])},
    });
    let found = world.outputs();
    let lines: Vec<String> = found
        .iter()
        .map(|output| {
            let after = match &output.after {
                OutputAfter::Value(value) => super::word(value),
                OutputAfter::AfterApply => "?".to_owned(),
            };
            format!("{} {} {}→{after}", output.why.name(), output.name, super::word(&output.before))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "undo back bad→good",
            "collateral late x→?",
            "moved-input moved one→two",
            "collateral odd x→y",
            "undo secret (sensitive)→(sensitive)",
        ]
    );
    assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
}

#[test]
fn what_a_data_source_or_an_output_hides_is_hidden_everywhere() {
    let mut plan = crate::engine::tests::scene("").plan;
    let secret = || crate::engine::tests::value("\"hunter22\"");
    plan.reads.push(crate::model::plan::DataRead {
        address: "data.remote.up".parse().unwrap(),
        values: secret(),
        sensitive: crate::engine::tests::value("true"),
    });
    let text = crate::engine::tests::value;
    plan.outputs.push(crate::model::plan::PlannedOutput {
        name: "o".to_owned(),
        action: crate::model::plan::Action::Update,
        before: text("\"hunter33\""),
        after: text("\"hunter44\""),
        after_unknown: text("false"),
        before_sensitive: text("true"),
        after_sensitive: text("true"),
    });
    let redactor = Redactor::default().with_plan(&plan);
    assert!(!redactor.text("hunter22, hunter33, hunter44").contains("hunter"));
}
