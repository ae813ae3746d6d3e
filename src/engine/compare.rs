//! The differences between two values, leaf by leaf.
//!
//! `null` and "not there" are the same, since Terraform writes either for an attribute without a
//! value. Lists are compared by position. Nothing is hidden here; a caller that shows a difference
//! asks `engine::redact` first.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::value::{Path, Step, Value};

/// One place where two values differ. `None` means null or not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path of the place.
    pub path: Path,
    /// The value before.
    pub before: Option<Value>,
    /// The value now.
    pub after: Option<Value>,
}

/// Every leaf that differs, in the order of names and positions.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&mut Path::default(), Some(before), Some(after), &mut found);
    found
}

/// Whether two values are the same; nothing is the same as null.
pub fn is_equal(a: Option<&Value>, b: Option<&Value>) -> bool {
    let value = |side: Option<&Value>| side.cloned().unwrap_or(Value::Null);
    match (present(a), present(b)) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => true,
        _ => differences(&value(a), &value(b)).is_empty(),
    }
}

/// Appends one text for all that [`is_equal`].
pub(super) fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.canonical_text()),
        Value::Text(content) => {
            text.push_str(&serde_json::Value::from(content.as_str()).to_string());
        }
        Value::List(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Map(members) => {
            text.push('{');
            for (name, member) in members.iter().filter(|(_, member)| **member != Value::Null) {
                text.push_str(&serde_json::Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(member, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

/// A value of a state as a plan has it. For an attribute that may have any type, a state writes
/// `{"type": …, "value": …}` and a plan only the value. If the plan's value, `like`, has both names
/// too, they are the value's own.
pub fn without_types(value: Value, like: Option<&Value>) -> Value {
    match value {
        Value::Map(mut members) => {
            let is_own = like.and_then(Value::as_members).and_then(type_of).is_some();
            if !is_own && type_of(&members).is_some_and(is_type) {
                return members.remove("value").unwrap_or(Value::Null);
            }
            let inner = members.into_iter().map(|(name, member)| {
                let like = like.and_then(|like| like.get(&name));
                let member = without_types(member, like);
                (name, member)
            });
            Value::Map(inner.collect())
        }
        Value::List(items) => {
            let step = |(index, item)| {
                let like = like.and_then(|like| like.at(&Path(vec![Step::Index(index)])));
                without_types(item, like)
            };
            Value::List(items.into_iter().enumerate().map(step).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)) => other,
    }
}

/// The `type` of what has a `value` and a `type` and nothing else.
fn type_of(members: &BTreeMap<String, Value>) -> Option<&Value> {
    members.get("type").filter(|_| members.len() == 2 && members.contains_key("value"))
}

/// Whether this is how a type is written: `"string"`, `["object", …]`.
fn is_type(value: &Value) -> bool {
    let name = match value {
        Value::List(parts) => parts.first().and_then(Value::as_text),
        Value::Text(name) => Some(name.as_str()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => None,
    };
    let names = ["string", "number", "bool", "dynamic", "list", "set", "map", "object", "tuple"];
    name.is_some_and(|name| names.contains(&name))
}

/// The value, unless it is null: null counts as nothing.
pub(super) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| **value != Value::Null)
}

/// The paths at which a shadow says `true`.
pub(in crate::engine) fn shadow_paths(path: &Path, shadow: &Value, found: &mut Vec<Path>) {
    match shadow {
        Value::Bool(true) => found.push(path.clone()),
        Value::Map(members) => {
            for (name, member) in members {
                shadow_paths(&path.then(Step::Name(name.clone())), member, found);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                shadow_paths(&path.then(Step::Index(index)), item, found);
            }
        }
        Value::Null | Value::Bool(false) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// `path` is where the two stand; it comes back as it was.
fn walk(
    path: &mut Path,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (present(before), present(after)) {
        (None, None) => {}
        (Some(Value::Map(a)), Some(Value::Map(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            members(path, names, |name| (a.get(name), b.get(name)), found);
        }
        (Some(Value::Map(a)), None) if !a.is_empty() => {
            members(path, a.keys(), |name| (a.get(name), None), found);
        }
        (None, Some(Value::Map(b))) if !b.is_empty() => {
            members(path, b.keys(), |name| (None, b.get(name)), found);
        }
        (Some(Value::List(a)), Some(Value::List(b))) => items(path, a, b, found),
        (Some(Value::List(a)), None) if !a.is_empty() => items(path, a, &[], found),
        (None, Some(Value::List(b))) if !b.is_empty() => items(path, &[], b, found),
        (Some(a), Some(b)) if a == b => {}
        (a, b) => {
            found.push(Difference { path: path.clone(), before: a.cloned(), after: b.cloned() });
        }
    }
}

fn members<'a, 'n>(
    path: &mut Path,
    names: impl IntoIterator<Item = &'n String>,
    sides: impl Fn(&str) -> (Option<&'a Value>, Option<&'a Value>),
    found: &mut Vec<Difference>,
) {
    for name in names {
        let (before, after) = sides(name);
        path.0.push(Step::Name(name.clone()));
        walk(path, before, after, found);
        path.0.pop();
    }
}

fn items(path: &mut Path, before: &[Value], after: &[Value], found: &mut Vec<Difference>) {
    for index in 0..before.len().max(after.len()) {
        let (before, after) = (before.get(index), after.get(index));
        let known = found.len();
        path.0.push(Step::Index(index));
        walk(path, before, after, found);
        // An element with nothing in it is one all the same: an empty block can mean something.
        if before.is_some() != after.is_some() && found.len() == known {
            let (before, after) = (before.cloned(), after.cloned());
            found.push(Difference { path: path.clone(), before, after });
        }
        path.0.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::json;

    fn check(before: &str, after: &str, expected: &[&str]) {
        let show = |value: &Option<Value>| {
            value.as_ref().map_or("-".to_owned(), |value| json::to_serde(value).to_string())
        };
        let (before, after) = (json::value(before).unwrap(), json::value(after).unwrap());
        let found: Vec<String> = differences(&before, &after)
            .iter()
            .map(|d| format!("{} {} {}", d.path, show(&d.before), show(&d.after)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_leaves_that_differ_are_named() {
        check(r#"{"a":1,"b":[1,2]}"#, r#"{"a":1.0,"b":[1,3,4]}"#, &["b[1] 2 3", "b[2] - 4"]);
        check(r#"{"tags":{"x":"1"}}"#, r#"{"tags":{"x":"1","y":"2"}}"#, &[r#"tags.y - "2""#]);
        check(r#"{"a":{"b":{"c":true}}}"#, r#"{"a":null}"#, &["a.b.c true -"]);
        check(r#"{"a":null}"#, "{}", &[]);
        check(r#"{"a":[]}"#, "{}", &["a [] -"]);
        check(r#"{"a":[]}"#, r#"{"a":[null]}"#, &["a[0] - null"]);
        check(r#"{"a":[{"b":null}]}"#, r#"{"a":null}"#, &[r#"a[0] {"b":null} -"#]);
        check(r#"{"a":"x"}"#, r#"{"a":{"b":1}}"#, &[r#"a "x" {"b":1}"#]);
    }

    #[test]
    fn a_type_beside_a_value_is_left_out_where_the_plan_does_not_have_it() {
        let check = |state: &str, plan: &str, expected: &str| {
            let [state, plan, expected] =
                [state, plan, expected].map(|text| json::value(text).unwrap());
            assert_eq!(without_types(state, Some(&plan)), expected);
        };
        check(r#"{"a":{"value":"x","type":"string"}}"#, r#"{"a":"y"}"#, r#"{"a":"x"}"#);
        check(
            r#"{"a":{"value":{"b":1},"type":["object",{"b":"number"}]}}"#,
            r#"{"a":null}"#,
            r#"{"a":{"b":1}}"#,
        );
        let own = r#"{"a":{"value":"x","type":"string"}}"#;
        check(own, own, own);
        let other = r#"{"a":{"value":"x","type":"A"}}"#;
        check(other, "{}", other);
        check(
            r#"[{"value":1,"type":"number"}]"#,
            r#"[{"value":1,"type":"number"}]"#,
            r#"[{"value":1,"type":"number"}]"#,
        );
    }

    #[test]
    fn equal_values_have_one_text_and_others_have_not() {
        let text = |json: &str| {
            let mut text = String::new();
            canonical(&json::value(json).unwrap(), &mut text);
            text
        };
        for (one, other) in [
            (r#"{"a":1,"b":null}"#, r#"{"a":1.0}"#),
            ("[1e3,null]", "[1000,null]"),
            (r#"{"a":{"b":null}}"#, r#"{"a":{}}"#),
        ] {
            assert_eq!(text(one), text(other));
        }
        for (one, other) in
            [("[1,null]", "[1]"), ("[]", "{}"), (r#"{"a":{}}"#, "{}"), (r#""1""#, "1")]
        {
            assert_ne!(text(one), text(other));
        }
    }

    #[test]
    fn escapes_and_key_order_do_not_matter() {
        check(r#"{"a":"\u003c","b":1}"#, r#"{"b":1,"a":"<"}"#, &[]);
    }
}
