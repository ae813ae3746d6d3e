//! Attributes that are kept of an object that a data source would change, and those that are not.

use serde_json::{Value as Json, json};

use super::super::keep::{Ask, keep};
use super::world::World;
use crate::model::address::Address;
use crate::model::configuration::BundlePath;

const V: [&str; 3] = ["data.remote.up.outputs.v", "data.remote.up.outputs", "data.remote.up"];

/// Objects whose `x` follows a data source that went from `one` to `two`, and whose `y` is written
/// out: for each its attributes then, now (as the plan found them) and afterwards.
fn world(objects: &[(&str, [Json; 3])]) -> World {
    let side = |at: usize| -> Vec<(&str, Json)> {
        objects.iter().map(|(address, sides)| (*address, sides[at].clone())).collect()
    };
    let mut world = World::of(&side(0), &side(1));
    for (address, [_, now, after]) in objects {
        world = world.updating(address, now.clone(), after.clone());
    }
    let said = |value: &str| json!({"outputs": {"v": value}});
    let typed = json!({"outputs": {"value": {"v": "one"}, "type": ["object", {}]}});
    world.good.push(("data.remote.up".to_owned(), typed));
    world.reads.push(("data.remote.up".to_owned(), said("two")));
    let expressions = json!({
        "x": {"references": V}, "m": {"references": V}, "y": {"constant_value": "is not read"},
    });
    world.configuration = json!({
        "resources": [{"address": "t.a", "expressions": expressions}],
        "module_calls": {"n": {"module": {
            "resources": [{"address": "t.a", "expressions": expressions}],
        }}},
    });
    world
}

/// Kept attributes, as `ADDRESS(ATTRIBUTES)`, when `let_in` is let in. Every module lies in one
/// place.
fn kept(world: &World, let_in: &str) -> Vec<String> {
    let block = |address: &Address| {
        let directory: BundlePath = "d".parse().unwrap();
        (address.name != "unplaced").then(|| (directory, format!("t.{}", address.name)))
    };
    let ask = Ask { block: &block, is_let_in: &|address| address == let_in };
    world
        .ask(|facts, redactor| keep(facts, redactor, ask))
        .into_iter()
        .map(|one| {
            assert!(one.why.starts_with("data.remote.up (outputs.v) says something else"));
            let names: Vec<String> = one.attributes.into_iter().collect();
            format!("{}({})", one.address, names.join(","))
        })
        .collect()
}

fn xy(x: &str, y: &str) -> Json {
    json!({"id": "1", "x": x, "y": y})
}

#[test]
fn a_good_value_is_kept_and_an_undo_beside_it_is_done() {
    let sides = [xy("one", "1"), xy("one", "2"), xy("two", "1")];
    let world = world(&[("t.a", sides)]);
    assert_eq!(kept(&world, ""), ["t.a(x)"]);
    assert!(kept(&world, "t.a").is_empty(), "it is let in");
}

#[test]
fn a_value_that_is_not_the_good_one_is_not_kept() {
    let failed = [xy("one", "1"), xy("failed", "1"), xy("two", "1")];
    assert!(kept(&world(&[("t.a", failed)]), "").is_empty());
}

#[test]
fn a_map_is_kept_as_a_whole_or_not_at_all() {
    let m = |k: &str, l: &str| json!({"id": "1", "m": {"k": k, "l": l}});
    let alone = [m("one", "1"), m("one", "1"), m("two", "1")];
    assert_eq!(kept(&world(&[("t.a", alone)]), ""), ["t.a(m)"]);
    let beside = [m("one", "1"), m("one", "2"), m("two", "1")];
    assert!(kept(&world(&[("t.a", beside)]), "").is_empty());
}

#[test]
fn one_instance_that_needs_the_attribute_spoils_it_for_all_of_its_block() {
    let fine = || [xy("one", "1"), xy("one", "1"), xy("two", "1")];
    let failed = || [xy("one", "1"), xy("failed", "1"), xy("two", "1")];
    let both = world(&[("t.a[0]", fine()), ("t.a[1]", fine())]);
    assert_eq!(kept(&both, ""), ["t.a[0](x)", "t.a[1](x)"]);
    assert!(kept(&both, "t.a[1]").is_empty());
    assert!(kept(&world(&[("t.a[0]", fine()), ("t.a[1]", failed())]), "").is_empty());
    // Another call of the same module counts too: it is the same text.
    assert!(kept(&world(&[("t.a", fine()), ("module.n.t.a", failed())]), "").is_empty());
}

#[test]
fn what_has_no_place_or_was_not_there_is_not_kept() {
    let fine = || [xy("one", "1"), xy("one", "1"), xy("two", "1")];
    assert!(kept(&world(&[("t.unplaced", fine())]), "").is_empty());
    let mut new = world(&[("t.a", fine())]);
    new.good.retain(|(address, _)| address != "t.a");
    assert!(kept(&new, "").is_empty());
}
