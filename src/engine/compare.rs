//! What differs between two values, leaf by leaf.
//!
//! `null` and "not there" are the same, since Terraform writes either for an attribute without a
//! value. Lists are compared by position. Nothing is hidden here; whoever shows a difference asks
//! `engine::redact` first.

use crate::model::value::{Path, Step, Value};

/// One place where two values differ. `None` means null or not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub path: Path,
    /// What was there.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
}

/// Every leaf that differs, in the order of names and positions.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&Path::default(), Some(before), Some(after), &mut found);
    found
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| **value != Value::Null)
}

fn walk(path: &Path, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (present(before), present(after)) {
        (None, None) => {}
        (Some(Value::Map(a)), Some(Value::Map(b))) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                walk(&path.then(Step::Name(name.clone())), a.get(name), b.get(name), found);
            }
        }
        (Some(Value::List(a)), Some(Value::List(b))) => {
            for index in 0..a.len().max(b.len()) {
                walk(&path.then(Step::Index(index)), a.get(index), b.get(index), found);
            }
        }
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Map(members)), None) if !members.is_empty() => {
            for (name, value) in members {
                walk(&path.then(Step::Name(name.clone())), Some(value), None, found);
            }
        }
        (None, Some(Value::Map(members))) if !members.is_empty() => {
            for (name, value) in members {
                walk(&path.then(Step::Name(name.clone())), None, Some(value), found);
            }
        }
        (Some(Value::List(items)), None) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                walk(&path.then(Step::Index(index)), Some(value), None, found);
            }
        }
        (None, Some(Value::List(items))) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                walk(&path.then(Step::Index(index)), None, Some(value), found);
            }
        }
        (a, b) => {
            found.push(Difference { path: path.clone(), before: a.cloned(), after: b.cloned() });
        }
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
        check(r#"{"a":"x"}"#, r#"{"a":{"b":1}}"#, &[r#"a "x" {"b":1}"#]);
    }

    #[test]
    fn escapes_and_key_order_do_not_matter() {
        check(r#"{"a":"\u003c","b":1}"#, r#"{"b":1,"a":"<"}"#, &[]);
    }
}
