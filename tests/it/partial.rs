//! A revert of a part: what is targeted, what is left as it is, and what is kept out of the state.

use serde_json::Value;

use crate::support::deeds::{file, good, volume};
use crate::support::running::end;
use crate::support::stage::{Ran, Stage};

/// Words of a list of the revert's JSON: `ADDRESS ACTION`.
fn pairs(ran: &Ran, list: &str, word: &str) -> Vec<String> {
    let json = ran.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let all = json[list].as_array().unwrap_or_else(|| panic!("{json:#}")).iter();
    all.map(|one| format!("{} {}", text(&one["address"]), text(&one[word]))).collect()
}

fn content(stage: &Stage, name: &str) -> String {
    let objects = stage.objects();
    objects.get(name).map_or("-".to_owned(), |(_, bytes)| String::from_utf8_lossy(bytes).into())
}

/// A stage with two files good, of which an apply has changed one and replaced the other, and made a
/// third.
fn changed() -> Stage {
    let (stage, _) = good(&(file("a", "one") + &file("b", "two")));
    stage.apply_next(&(file("a", "ONE") + &file("b", "TWO") + &file("c", "three")));
    stage
}

#[test]
fn what_was_made_and_is_excluded_is_kept_and_forgotten_with_its_id() {
    let stage = changed();
    let id = stage.id_of("demo_file", "c");
    let ran = stage.unapply(&["revert", "--yes", "--json", "--exclude", "demo_*.c"]).expect(0);
    assert_eq!(pairs(&ran, "released", "id"), [format!("demo_file.c {id}")]);
    let found = ["a.txt", "b.txt", "c.txt"].map(|name| content(&stage, name));
    assert_eq!(found, ["one", "two", "three"]);
    assert!(!stage.resources().iter().any(|address| address.contains(".c ")));
    stage.plans_nothing(&(file("a", "one") + &file("b", "two")));
    let adopt = format!("import {{\n  to = demo_file.c\n  id = \"{id}\"\n}}\n");
    stage.configure(&(file("a", "one") + &file("b", "two") + &file("c", "three") + &adopt));
    stage.apply().expect(0).says("1 imported");
}

#[test]
fn a_hint_for_adopting_is_shown() {
    let stage = changed();
    let id = stage.id_of("demo_file", "c");
    stage
        .unapply(&["revert", "--plan-only", "--exclude", "demo_file.c"])
        .expect(0)
        .says("is excluded: forgotten, and not destroyed")
        .says(&format!("import {{ to = demo_file.c, id = \"{id}\" }}"));
}

#[test]
fn a_refusal_names_both_ways_out_and_each_works() {
    let (stage, v1) = good(&(file("a", "one") + &volume(1)));
    stage.apply_next(&(file("a", "ONE") + &volume(2)));
    stage.unapply(&["snapshot"]).expect(0);
    drop(v1);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]);
    ran.expect(15)
        .says("unapply revert --yes --exclude 'demo_volume.data'")
        .says("--allow 'replaces-data=demo_volume.data'");
    assert_eq!(stage.everything(), before);
    stage.unapply(&["revert", "--yes", "--exclude", "demo_volume.data"]).expect(0);
    assert_eq!(content(&stage, "a.txt"), "one");
    stage.unapply(&["revert", "--yes", "--allow", "replaces-data=demo_volume.data"]).expect(0);
    stage.plans_nothing(&(file("a", "one") + &volume(1)));
}

#[test]
fn keep_on_a_terminal_excludes_the_object_and_shows_the_plan_anew() {
    let stage = changed();
    stage.settings("[revert]\nprotect = [\"demo_file.c\"]\n");
    let mut session = stage.on_terminal(&["revert"]);
    session.exp_regex("Type demo_file.c to accept it, keep to leave it as it is[^\n]*: ").unwrap();
    session.send_line("keep").unwrap();
    session.exp_string("is excluded: forgotten, and not destroyed").unwrap();
    session.exp_string("Enter a value: ").unwrap();
    session.send_line("yes").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 0, "{said}");
    let found = ["a.txt", "b.txt", "c.txt"].map(|name| content(&stage, name));
    assert_eq!(found, ["one", "two", "three"]);
}
