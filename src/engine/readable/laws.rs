//! Laws over generated values.

use proptest::prelude::*;

use super::*;
use crate::codec::json;
use crate::engine::compare::differences;

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ab]{0,2}",
        Just("x\ny\nz".to_owned()),
        Just("x\nq\nz".to_owned()),
        Just(r#"{"a":1,"b":[2]}"#.to_owned()),
        Just(r#"{"b":[2], "a":1}"#.to_owned()),
        Just(r#"[{"Sid":"s","Action":"a"},{"Sid":"t"}]"#.to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..4_u8).prop_map(|number| json::value(&number.to_string()).unwrap()),
        text.prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            proptest::collection::btree_map("name|[a-c]|port", inner, 0..4).prop_map(Value::Map),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[a-d]", any_value(), 0..4).prop_map(Value::Map)
}

fn read(before: &Value, after: &Value, insignificant: Insignificant) -> Found {
    let redactor = Redactor::default();
    let rules = |_: (&Path, &Path), _: BothValues<'_>| None;
    let reader =
        Reader { redactor: &redactor, owner: "", marks: &[], rules: &rules, insignificant };
    reader.between(&Path::default(), Some(before), Some(after))
}

/// Adds every leaf that says something, as path and value.
fn leaves(path: &Path, value: &Value, found: &mut Vec<(Path, String)>) {
    match value {
        Value::Null => {}
        Value::Map(members) => {
            for (name, member) in members {
                leaves(&path.then(Step::Name(name.clone())), member, found);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(&path.then(Step::Index(index)), item, found);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            found.push((path.clone(), json::to_serde(value).to_string()));
        }
    }
}

/// The leaves of one side that no difference is about, without positions.
fn unmentioned(value: &Value, mentioned: &[Path]) -> Vec<(Path, String)> {
    let mut all = Vec::new();
    leaves(&Path::default(), value, &mut all);
    let is_about = |path: &Path| mentioned.iter().any(|at| at.covers(path) || path.covers(at));
    let mut left: Vec<(Path, String)> = all
        .into_iter()
        .filter(|(path, _)| !is_about(path))
        .map(|(path, value)| {
            let named = path.0.into_iter().filter(|step| !matches!(step, Step::Index(_)));
            (Path(named.collect()), value)
        })
        .collect();
    left.sort();
    left
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_value_does_not_differ_from_itself(value in any_object()) {
        prop_assert_eq!(read(&value, &value, Insignificant::Hidden).len(), 0);
    }

    #[test]
    fn what_is_neither_shown_nor_counted_is_the_same_on_both_sides(
        before in any_object(),
        after in any_object(),
    ) {
        let found = read(&before, &after, Insignificant::Hidden);
        let hidden = found.hidden.iter().map(|hidden| &hidden.change);
        let all: Vec<&AttributeChange> = found.changes.iter().chain(hidden).collect();
        let at = |side: fn(&AttributeChange) -> Option<Path>| -> Vec<Path> {
            all.iter().filter_map(|change| side(change)).collect()
        };
        let (old, new) = (at(|change| change.at.0.clone()), at(|change| change.at.1.clone()));
        prop_assert_eq!(unmentioned(&before, &old), unmentioned(&after, &new));
    }

    #[test]
    fn values_that_differ_are_never_said_to_be_the_same(
        before in any_object(),
        after in any_object(),
    ) {
        let differs = !differences(&before, &after).is_empty();
        if differs {
            prop_assert!(read(&before, &after, Insignificant::Hidden).len() > 0);
            prop_assert!(!read(&before, &after, Insignificant::Shown).changes.is_empty());
        }
    }

    #[test]
    fn who_wants_to_see_everything_sees_everything(before in any_object(), after in any_object()) {
        prop_assert_eq!(read(&before, &after, Insignificant::Shown).hidden, vec![]);
    }

    #[test]
    fn the_same_two_values_read_the_same_every_time(before in any_object(), after in any_object()) {
        let once = read(&before, &after, Insignificant::Hidden);
        prop_assert_eq!(once, read(&before, &after, Insignificant::Hidden));
    }
}
