//! Diffs of small states, said in lines of text; laws over generated ones.

use proptest::prelude::*;

use super::*;
use crate::codec::state::parse;
use crate::model::state::StateBytes;

/// One object: (name with key, id, attributes as JSON members, status).
type Object<'a> = (&'a str, &'a str, &'a str);

fn state(objects: &[Object<'_>]) -> StateBytes {
    let resources: Vec<String> = objects
        .iter()
        .map(|(name, id, more)| {
            let (status, name) = match name.strip_prefix('!') {
                Some(name) => (r#""status":"tainted","#, name),
                None => ("", *name),
            };
            let (deposed, name) = match name.strip_prefix('%') {
                Some(name) => (r#""deposed":"0badcafe","#, name),
                None => ("", name),
            };
            let (module, name) = match name.rsplit_once('/') {
                Some((module, name)) => (format!(r#""module":"module.{module}","#), name),
                None => (String::new(), name),
            };
            format!(
                r#"{{{module}"mode":"managed","type":"demo_file","name":"{name}",
                "provider":"provider[\"registry.terraform.io/unapply/demo\"]",
                "instances":[{{{status}{deposed}"attributes":{{"id":"{id}"{more}}},
                "sensitive_attributes":[[{{"type":"get_attr","value":"hidden"}}]]}}]}}"#
            )
        })
        .collect();
    StateBytes::new(
        format!(
            r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l",
            "outputs":{{}},"resources":[{}]}}"#,
            resources.join(",")
        )
        .into_bytes(),
    )
}

fn between(before: &StateBytes, after: &StateBytes) -> Diff {
    let mut redactor = Redactor::default();
    let beside = redactor.beside_of_any_size(before.as_slice(), after.as_slice());
    let pair = redactor.read(&beside).unwrap();
    diff_beside(&pair, &beside, &redactor, &Knowledge::builtin())
}

fn check(before: &[Object<'_>], after: &[Object<'_>], expected: &[&str]) {
    let found: Vec<String> = between(&state(before), &state(after))
        .changes
        .iter()
        .map(|change| {
            let attributes: Vec<String> = change
                .attributes
                .iter()
                .filter(|attribute| attribute.path.to_string() != "id")
                .map(|a| format!(" {}:{}→{}", a.path, word(&a.before), word(&a.after)))
                .collect();
            let from =
                change.previous_address.as_ref().map_or(String::new(), |a| format!(" from {a}"));
            let tainted = if change.tainted { " (tainted)" } else { "" };
            format!(
                "{} {}{from}{tainted}{}",
                change.kind.name(),
                change.address,
                attributes.concat()
            )
        })
        .collect();
    assert_eq!(found, expected);
}

fn word(shown: &Shown) -> String {
    match shown {
        Shown::Absent => "-".to_owned(),
        Shown::Sensitive(_) => "(sensitive)".to_owned(),
        Shown::Plain(value) => json::to_serde(value).to_string(),
    }
}

#[test]
fn each_kind_of_change_has_its_word() {
    let a = ("a", "1", r#","x":1"#);
    check(&[a], &[a], &[]);
    check(&[a], &[("a", "1", r#","x":2"#)], &["changed demo_file.a x:1→2"]);
    check(&[a], &[("a", "2", r#","x":1"#)], &["replaced demo_file.a"]);
    check(&[a], &[("!a", "1", r#","x":1"#)], &["tainted demo_file.a (tainted)"]);
    check(&[("!a", "1", r#","x":1"#)], &[a], &["untainted demo_file.a"]);
    check(&[a], &[("b", "1", r#","x":1"#)], &["moved demo_file.b from demo_file.a"]);
    check(
        &[a],
        &[("m/a", "1", r#","x":2"#)],
        &["moved module.m.demo_file.a from demo_file.a x:1→2"],
    );
    check(&[a], &[], &["removed demo_file.a x:1→-"]);
    check(&[], &[("!a", "1", "")], &["added demo_file.a (tainted)"]);
}

#[test]
fn an_unfinished_replacement_is_a_replacement_and_a_left_over() {
    let (a, left_over) = (("a", "1", r#","x":1"#), ("%a", "1", r#","x":1"#));
    check(
        &[a],
        &[left_over, ("a", "2", r#","x":2"#)],
        &["replaced demo_file.a x:1→2", "deposed demo_file.a"],
    );
    check(&[a], &[left_over], &["deposed demo_file.a"]);
    check(&[], &[left_over], &["deposed demo_file.a x:-→1"]);
    check(&[left_over], &[], &["removed demo_file.a x:1→-"]);
    check(&[left_over], &[a], &["moved demo_file.a from demo_file.a"]);
}

#[test]
fn what_says_nothing_is_counted_and_the_object_is_unchanged() {
    let diff = between(&state(&[("a", "1", r#","x":null"#)]), &state(&[("a", "1", r#","x":"""#)]));
    assert!(diff.is_empty());
    assert_eq!((diff.unchanged, diff.quiet.len()), (1, 1));
    assert_eq!(diff.hidden(), [("empty", 1)].into());
}

#[test]
fn rules_are_asked_with_the_object_and_equal_objects_may_be_counted_elsewhere() {
    let states = [r#","x":1,"y":1"#, r#","x":2,"y":2"#].map(|more| state(&[("a", "1", more)]));
    let [before, after] = states.each_ref().map(|bytes| parse(bytes).unwrap());
    let redactor = Redactor::default();
    let rules = r#"source = "unapply/demo"
        [[noise]]
        types = "demo_file"
        path = "x"
        kind = "clock"
        why = "it ticks in our files""#;
    let knowledge = Knowledge::builtin().with_overrides([toml::from_str(rules).unwrap()]);
    let common = Common { managed: 41, data: 7 };
    let facts = Facts { common, ..Facts::new(&redactor, &knowledge) };
    let diff = diff(&before, &after, &facts);
    let paths: Vec<String> =
        diff.changes[0].attributes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!((paths, diff.hidden()), (vec!["y".to_owned()], [("clock", 1)].into()));
    assert_eq!(diff.unchanged, 41);
}

#[test]
fn an_id_is_said_as_the_address_that_has_it_unless_two_have_it() {
    let means = |objects: &[Object<'_>]| {
        let user = |target: &str| format!(r#","to":"{target}""#);
        let with = |target: &str| {
            let more = user(target);
            let all = [objects, &[("user", "user-0001", more.as_str())]].concat();
            state(&all)
        };
        let diff = between(&with("file-0001"), &with("file-0002"));
        let means = &diff.changes[0].attributes[0].means;
        [&means.0, &means.1].map(|address| address.as_ref().map(ToString::to_string))
    };
    let (one, two) = (("one", "file-0001", ""), ("two", "file-0002", ""));
    let address = |name: &str| Some(format!("demo_file.{name}"));
    assert_eq!(means(&[one, two]), [address("one"), address("two")]);
    assert_eq!(means(&[one, two, ("twin", "file-0002", "")]), [address("one"), None]);
    assert_eq!(means(&[]), [None, None]);
    let own = |target: &str| state(&[("one", "file-0001", &*format!(r#","to":"{target}""#))]);
    let diff = between(&own("file-0009"), &own("file-0001"));
    assert_eq!(diff.changes[0].attributes[0].means, (None, None), "its own id is not itself");
    let keyed = (r#"m[\"swordfish\"]/two"#, "file-0002", r#","hidden":"swordfish""#);
    let blotted = r#"module.m["(sensitive)"].demo_file.two"#.to_owned();
    assert_eq!(means(&[one, keyed]), [address("one"), Some(blotted)]);
}

#[test]
fn an_id_that_occurs_twice_matches_nothing_by_itself() {
    check(
        &[("a", "1", ""), ("b", "1", "")],
        &[("c", "1", "")],
        &["removed demo_file.a", "removed demo_file.b", "added demo_file.c"],
    );
}

#[test]
fn two_objects_that_swap_their_addresses_have_both_moved() {
    check(
        &[("a", "1", ""), ("b", "2", "")],
        &[("a", "2", ""), ("b", "1", "")],
        &["moved demo_file.a from demo_file.b", "moved demo_file.b from demo_file.a"],
    );
}

#[test]
fn an_object_that_moved_away_leaves_its_address_to_a_new_one() {
    check(
        &[("a", "1", "")],
        &[("a", "2", ""), ("b", "1", "")],
        &["added demo_file.a", "moved demo_file.b from demo_file.a"],
    );
}

#[test]
fn sensitive_values_show_that_they_changed_and_nothing_else() {
    check(
        &[("a", "1", r#","hidden":"hunter22","copy":"x hunter22""#)],
        &[("a", "1", r#","hidden":"hunter33","copy":"x hunter33""#)],
        &["changed demo_file.a copy:(sensitive)→(sensitive) hidden:(sensitive)→(sensitive)"],
    );
}

#[test]
fn an_id_that_is_secret_is_not_told() {
    let id = |diff: &Diff| diff.changes[0].id.clone();
    let plain = between(&state(&[]), &state(&[("a", "plain-id", "")]));
    assert_eq!(id(&plain), Some("plain-id".to_owned()));
    let secret = state(&[("a", "x-hunter22", r#","hidden":"hunter22""#)]);
    for diff in [between(&state(&[]), &secret), between(&secret, &state(&[]))] {
        assert_eq!(id(&diff), None);
        assert!(!format!("{diff:?}").contains("hunter22"));
    }
}

fn any_state() -> impl Strategy<Value = StateBytes> {
    proptest::collection::btree_map("[a-d]", (0..4_u8, 0..3_u8), 0..4).prop_map(|objects| {
        let objects: Vec<(String, String, String)> = objects
            .into_iter()
            .map(|(name, (id, x))| (name, id.to_string(), format!(r#","x":{x}"#)))
            .collect();
        let borrowed: Vec<Object<'_>> = objects
            .iter()
            .map(|(name, id, more)| (name.as_str(), id.as_str(), more.as_str()))
            .collect();
        state(&borrowed)
    })
}

proptest! {
    #[test]
    fn a_state_does_not_differ_from_itself(state in any_state()) {
        prop_assert!(between(&state, &state).is_empty());
    }

    #[test]
    fn swapping_the_sides_mirrors_the_diff(a in any_state(), b in any_state()) {
        let (forth, back) = (between(&a, &b), between(&b, &a));
        prop_assert_eq!(forth.count(ChangeKind::Added), back.count(ChangeKind::Removed));
        prop_assert_eq!(forth.count(ChangeKind::Removed), back.count(ChangeKind::Added));
        prop_assert_eq!(forth.count(ChangeKind::Moved), back.count(ChangeKind::Moved));
        prop_assert_eq!(forth.count(ChangeKind::Changed), back.count(ChangeKind::Changed));
        prop_assert_eq!(forth.unchanged, back.unchanged);
    }
}
