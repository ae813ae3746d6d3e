//! Drift: recorded as a fix, recorded, or seen by this very plan; and the laws that hold for it.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::world::{World, change, drift, fix};
use crate::model::drift::KnownDrift;
use crate::model::word::Word as _;

fn x(x: &str) -> Json {
    json!({"id": "1", "x": x})
}

/// `t.a.x` in the good snapshot, in the state, in the real world, and after the plan.
fn world([good, now, real, after]: [&str; 4]) -> World {
    let mut world = World::of(&[("t.a", x(good))], &[("t.a", x(now))]);
    if now != real {
        world.drifted = vec![change(&["update"], "t.a", x(now), x(real))];
    }
    world.updating("t.a", x(real), x(after))
}

#[track_caller]
fn check(world: &World, expected: &str) {
    assert_eq!(world.reasons(), [expected]);
}

#[test]
fn what_somebody_changed_outside_terraform_is_older_drift() {
    let world = world(["a", "a", "by-hand", "a"]);
    check(&world, "older-drift(x)");
    assert_eq!(
        world.hazards(),
        ["older-drift: changed outside Terraform, and the plan would update it (x)"]
    );
}

#[test]
fn a_change_by_hand_after_the_failed_apply_is_both() {
    check(&world(["a", "failed", "by-hand", "a"]), "older-drift(x) undo(x)");
}

#[test]
fn a_hand_edit_is_told_although_the_next_value_is_known_only_after_apply() {
    let mut world = world(["a", "a", "by-hand", "a"]);
    world.changes[0]["change"]["after"] = json!({"id": "1"});
    world.changes[0]["change"]["after_unknown"] = json!({"x": true});
    world.configuration = json!({"resources": [{"address": "t.a", "expressions": {"x": {}}}]});
    check(&world, "collateral(x) older-drift(x)");
}

#[test]
fn attributes_have_reasons_of_their_own() {
    let two = |x: &str, y: &str| json!({"id": "1", "x": x, "y": y});
    let mut world = World::of(&[("t.a", two("a", "b"))], &[("t.a", two("failed", "b"))]);
    world.drifted = vec![change(&["update"], "t.a", two("failed", "b"), two("failed", "hand"))];
    let world = world.updating("t.a", two("failed", "hand"), two("a", "b"));
    check(&world, "older-drift(y) undo(x)");
}

#[test]
fn a_fix_that_would_be_overwritten_says_whose_it_is() {
    for now in ["a", "by-hand"] {
        let mut world = world(["a", now, "by-hand", "a"]);
        world.known = vec![fix(drift("t.a", &["x"], x("a"), x("by-hand")))];
        check(&world, "overwrites-fix(x)");
        assert_eq!(
            world.hazards(),
            ["overwrites-fix: fix r7 by on-call: x; the gate was stuck; OPS-12; until \
              1970-01-01T00:00:00Z"]
        );
    }
}

#[test]
fn drift_on_record_is_not_what_the_failed_apply_did_although_that_saved_it() {
    let mut saved = world(["a", "by-hand", "by-hand", "a"]);
    check(&saved, "undo(x)");
    saved.known = vec![drift("t.a", &["x"], x("a"), x("by-hand"))];
    check(&saved, "older-drift(x)");
}

#[test]
fn a_fix_that_is_there_no_more_or_stays_is_not_overwritten() {
    let mut gone = world(["a", "failed", "failed", "a"]);
    gone.known = vec![fix(drift("t.a", &["x"], x("a"), x("by-hand")))];
    check(&gone, "undo(x)");
    let mut elsewhere = world(["a", "by-hand", "by-hand", "a"]);
    elsewhere.known = vec![fix(drift("t.b", &["x"], x("a"), x("by-hand")))];
    check(&elsewhere, "undo(x)");
}

#[test]
fn ending_an_object_ends_its_fix() {
    for (action, expected) in [
        (&["delete"][..], "overwrites-fix(x) collateral()"),
        (&["delete", "create"], "overwrites-fix(x)"),
    ] {
        let mut world = World::of(&[("t.a", x("a"))], &[("t.a", x("failed"))]);
        let after = if action.len() == 1 { Json::Null } else { x("a") };
        world.changes = vec![change(action, "t.a", x("failed"), after)];
        world.known = vec![fix(drift("t.a", &["x"], x("a"), x("by-hand")))];
        check(&world, expected);
    }
}

#[test]
fn an_object_that_somebody_deleted_is_older_drift_when_it_is_made_anew() {
    let mut world = World::of(&[("t.a", x("a"))], &[("t.a", x("a"))]);
    world.changes = vec![change(&["create"], "t.a", Json::Null, x("a"))];
    check(&world, "collateral()");
    world.drifted = vec![change(&["delete"], "t.a", x("a"), Json::Null)];
    check(&world, "older-drift()");
    world.known = vec![fix(drift("t.a", &[], x("a"), Json::Null))];
    check(&world, "overwrites-fix()");
    world.now.clear();
    world.drifted.clear();
    check(&world, "overwrites-fix()");
    world.known.clear();
    check(&world, "undo()");
}

#[test]
fn in_a_list_a_fix_is_found_where_it_has_moved_to() {
    let rules = |ports: &[&str]| {
        let rules: Vec<Json> = ports.iter().map(|port| json!({"port": port})).collect();
        json!({"id": "1", "rules": rules})
    };
    let known = || fix(drift("t.a", &["rules.1.port"], rules(&["1"]), rules(&["1", "fix"])));
    let with = |good: &[&str], now: &[&str], after: &[&str]| {
        let mut world = World::of(&[("t.a", rules(good))], &[("t.a", rules(now))]);
        world = world.updating("t.a", rules(now), rules(after));
        world.known = vec![known()];
        world.reasons().concat()
    };
    let is_named = |reasons: String| reasons.starts_with("overwrites-fix");
    assert!(is_named(with(&["1"], &["1", "fix"], &["1"])));
    assert!(is_named(with(&["1"], &["new", "1", "fix"], &["1"])));
    assert!(is_named(with(&["1"], &["fix", "1"], &["1", "2"])));
    assert!(!is_named(with(&["1", "2"], &["1", "bad"], &["1", "2"])));
    // Nobody can say which of them it was.
    assert!(is_named(with(&["1"], &["new", "1", "changed"], &["1"])));
}

/// A rule as a security group has it.
fn rule(port: u16, note: &str) -> Json {
    json!({"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["10.0.0.0/8"],
           "description": note, "self": false})
}

#[test]
fn in_a_set_of_blocks_a_fix_is_followed_as_a_diff_pairs_them() {
    let rules = |rules: &[&Json]| json!({"id": "1", "ingress": rules});
    let (web, ssh, by_hand) = (rule(443, "web"), rule(22, "ssh"), rule(22, "by hand"));
    let (new, other) = (rule(8080, "new"), rule(9090, "other"));
    let good = rules(&[&ssh, &web]);
    let fixed =
        |fixed: &[&Json], paths: &[&str]| fix(drift("t.a", paths, good.clone(), rules(fixed)));
    let check = |known: &KnownDrift, now: &[&Json], after: &[&Json], expected: Option<&str>| {
        let mut world = World::of(&[("t.a", good.clone())], &[("t.a", rules(now))]);
        world = world.updating("t.a", rules(now), rules(after));
        world.known = vec![known.clone()];
        let named = world.hazards().into_iter().find(|hazard| hazard.starts_with("overwrites-fix"));
        let named = named.map(|hazard| hazard.split(';').next().unwrap_or_default().to_owned());
        let expected = expected.map(|place| format!("overwrites-fix: fix r7 by on-call: {place}"));
        assert_eq!(named, expected, "{now:?} to {after:?}");
    };
    // By position nearly all of it differs, and so it was recorded.
    let paths = ["ingress.0.description", "ingress.0.from_port", "ingress.1.to_port"];
    let changed = fixed(&[&web, &by_hand], &paths);
    let note = Some("ingress[tcp 22 10.0.0.0/8].description");
    check(&changed, &[&web, &by_hand], &[&ssh, &web], note);
    check(&changed, &[&by_hand, &web], &[&web, &ssh], note);
    check(&changed, &[&new, &web, &by_hand], &[&ssh, &web], note);
    check(&changed, &[&web, &by_hand], &[&web], note);
    // An apply wrote another attribute of the element: the fix is still there.
    let mut opened = by_hand.clone();
    opened["self"] = json!(true);
    check(&changed, &[&opened, &web], &[&ssh, &web], note);
    check(&changed, &[&opened, &web], &[&by_hand, &web], None);
    check(&changed, &[&new, &by_hand, &web], &[&by_hand, &web], None);
    check(&changed, &[&by_hand, &web], &[&web, &other, &by_hand], None);
    check(&changed, &[&web, &rule(22, "again")], &[&ssh, &web], None);
    let closed = fixed(&[&web], &["ingress.0.description", "ingress.1"]);
    let open = Some("ingress[tcp 22 10.0.0.0/8]");
    check(&closed, &[&web], &[&web, &ssh], open);
    check(&closed, &[&web], &[&ssh, &web], open);
    check(&closed, &[&new, &web], &[&web], None);
    check(&closed, &[&ssh, &web], &[&web, &ssh, &new], None);
}

fn tagged(x: &str, tags: &Json) -> Json {
    json!({"id": "1", "x": x, "tags": tags})
}

/// An object of which an apply wrote `x`, and a refresh reads `tags` as this.
fn read_as(real: &Json, action: &[&str]) -> World {
    let now = tagged("failed", &Json::Null);
    let mut world = World::of(&[("t.a", tagged("a", &Json::Null))], &[("t.a", now.clone())]);
    let real = tagged("failed", real);
    world.drifted = vec![change(&["update"], "t.a", now, real.clone())];
    world.changes = vec![change(action, "t.a", real, tagged("a", &Json::Null))];
    world
}

#[test]
fn nothing_said_in_two_ways_is_no_drift_and_no_hazard() {
    for real in [json!({}), json!([]), json!("")] {
        let mut world = read_as(&real, &["update"]);
        check(&world, "undo(x)");
        // As a check of an earlier version recorded it.
        let item = || drift("t.a", &["tags"], tagged("a", &Json::Null), tagged("a", &real));
        world.known = vec![item()];
        check(&world, "undo(x)");
        assert_eq!(world.hazards(), Vec::<String>::new());
        world.known = vec![fix(item())];
        check(&world, "overwrites-fix(tags) undo(x)");
    }
    check(&read_as(&json!({"k": "1"}), &["update"]), "older-drift(tags.k) undo(x)");
}

#[test]
fn an_update_of_nothing_else_is_not_asked_about_and_a_replacement_is() {
    for (action, expected) in [(&["update"][..], "undo()"), (&["delete", "create"], "collateral()")]
    {
        let [good, real] = [Json::Null, json!([])].map(|tags| tagged("a", &tags));
        let mut world = World::of(&[("t.a", good.clone())], &[("t.a", good.clone())]);
        world.drifted = vec![change(&["update"], "t.a", good.clone(), real.clone())];
        world.changes = vec![change(action, "t.a", real, good)];
        check(&world, expected);
    }
}

#[test]
fn a_hazard_names_the_elements_of_a_list_as_a_diff_does() {
    let rule = |name: &str, port: u16| json!({"name": name, "port": port});
    let rules = |rules: &[Json]| json!({"id": "1", "rules": rules});
    let good = rules(&[rule("web", 443), rule("ssh", 22)]);
    let real = rules(&[rule("by-hand", 1), rule("web", 443), rule("ssh", 2222)]);
    let mut world = World::of(&[("t.a", good.clone())], &[("t.a", good.clone())]);
    world.drifted = vec![change(&["update"], "t.a", good.clone(), real.clone())];
    let world = world.updating("t.a", real, good);
    assert_eq!(
        world.hazards(),
        ["older-drift: changed outside Terraform, and the plan would update it \
          (rules[by-hand], rules[ssh].port)"]
    );
}

fn word() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c")]
}

fn objects() -> impl Strategy<Value = World> {
    let object = (word(), word()).prop_map(|(x, y)| json!({"id": "1", "x": x, "y": y}));
    let objects = prop::array::uniform6(object);
    (objects, 0..4_usize, any::<[bool; 3]>()).prop_map(
        |([good, now, real, after, was, fixed], action, [is_fix, is_gone, in_good])| {
            let all = [("t.a", good.clone())];
            let mut world = World::of(if in_good { &all } else { &[] }, &[("t.a", now.clone())]);
            world.drifted = vec![change(&["update"], "t.a", now, real.clone())];
            let one = match action {
                0 => change(&["update"], "t.a", real, after),
                1 => change(&["delete"], "t.a", real, Json::Null),
                2 => change(&["delete", "create"], "t.a", real, after),
                _ => change(&["create"], "t.a", Json::Null, after),
            };
            world.changes = vec![one];
            let known = drift("t.a", &["x"], was, if is_gone { Json::Null } else { fixed });
            world.known = vec![if is_fix { fix(known) } else { known }];
            world
        },
    )
}

/// The kinds of reasons, without those that come from a record.
fn kinds(world: &World) -> Vec<&'static str> {
    let actions = world.judged();
    actions.iter().flat_map(|action| &action.reasons).map(|reason| reason.why.name()).collect()
}

proptest! {
    #[test]
    fn an_action_has_a_reason_and_what_is_on_record_makes_none_go_unasked(
        mut world in objects()
    ) {
        let with = kinds(&world);
        world.known.clear();
        let without = kinds(&world);
        prop_assert!(!with.is_empty() && !without.is_empty());
        let asks = |kinds: &[&str]| kinds.iter().any(|kind| *kind != "undo");
        prop_assert!(!asks(&without) || asks(&with), "{:?} {:?}", without, with);
        // Forgetting a record ends no other question.
        let of_records = ["overwrites-fix", "older-drift", "undo"];
        for kind in with.iter().filter(|kind| !of_records.contains(kind)) {
            prop_assert!(without.contains(kind), "{:?} {:?}", without, with);
        }
    }
}
