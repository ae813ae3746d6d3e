//! Places of one version of an object, looked up in another version.
//!
//! Elements of lists change places: the one that a diff pairs with an element is its counterpart.
//! So a difference between two versions is followed into a third one. The meaning of a place, and
//! whether its value may be shown, is not judged here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::pairs::pairing;
use super::text::document;
use super::{AttributeChange, Form, is_scalar};
use crate::engine::compare::{is_equal, present};
use crate::model::value::{Path, Step, Value};

/// A place in another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// The path there, with positions.
    pub path: Path,
    /// The value there; nothing for null.
    pub value: Option<Value>,
}

/// Finds places of one version of an object in another one.
#[derive(Debug)]
pub struct Counterparts<'v> {
    from: &'v Value,
    to: &'v Value,
    /// Positions by list, paired once.
    lists: BTreeMap<Path, BTreeMap<usize, usize>>,
}

impl<'v> Counterparts<'v> {
    /// From one version to another.
    pub fn new(from: &'v Value, to: &'v Value) -> Self {
        Self { from, to, lists: BTreeMap::new() }
    }

    /// The place that `path` of the first version is in the second; none if an element on the way
    /// has no counterpart there.
    pub fn of(&mut self, path: &Path) -> Option<Counterpart> {
        let (mut from, mut to) = (Some(Cow::Borrowed(self.from)), Some(Cow::Borrowed(self.to)));
        let mut there = Path::default();
        for (depth, step) in path.0.iter().enumerate() {
            (from, to) = (opened(from), opened(to));
            match step {
                Step::Name(name) => {
                    let inner = |value| member(value, name);
                    (from, to) = (from.and_then(inner), to.and_then(inner));
                    there.0.push(step.clone());
                }
                Step::Index(index) => {
                    let other = {
                        let (Value::List(a), Value::List(b)) = (&**from.as_ref()?, &**to.as_ref()?)
                        else {
                            return None;
                        };
                        let list = Path(path.0.iter().take(depth).cloned().collect());
                        let pairs = self.lists.entry(list);
                        *pairs.or_insert_with(|| pairing(a, b).both()).get(index)?
                    };
                    let inner = |value, index| element(value, index);
                    from = from.and_then(|value| inner(value, *index));
                    to = to.and_then(|value| inner(value, other));
                    there.0.push(Step::Index(other));
                }
                Step::Element(_) => return None,
            }
        }
        let value = to.filter(|value| present(Some(value)).is_some()).map(Cow::into_owned);
        Some(Counterpart { path: there, value })
    }
}

/// A difference between two versions of an object, in a third one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedChange {
    /// The place in the third version; where the element is not there, the place that it had.
    pub place: Path,
    /// The value there.
    pub value: Option<Value>,
    /// Its fate there.
    pub fate: ChangeFate,
}

/// The fate of a difference in a third version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeFate {
    /// It has the second value, or lacks what the second version had lost.
    Kept,
    /// It has another value.
    Other,
    /// The element that differed has no counterpart.
    Nowhere,
}

/// Follows differences between two versions of an object into a third one.
#[derive(Debug)]
pub struct ChangesAfter<'v> {
    before: &'v Value,
    after: &'v Value,
    from_before: Counterparts<'v>,
    from_after: Counterparts<'v>,
}

impl<'v> ChangesAfter<'v> {
    /// From `before` and `after`, in which the differences were found, to `later`.
    pub fn new([before, after]: [&'v Value; 2], later: &'v Value) -> Self {
        let [from_before, from_after] = [before, after].map(|from| Counterparts::new(from, later));
        Self { before, after, from_before, from_after }
    }

    /// The values of a difference on both sides.
    pub fn values(&self, change: &AttributeChange) -> (Option<Value>, Option<Value>) {
        let (before, after) = change.places();
        let at = |value, path: Option<Path>| value_at(value, &path?);
        (at(self.before, before), at(self.after, after))
    }

    /// The difference in the later version.
    pub fn of(&mut self, change: &AttributeChange) -> FollowedChange {
        let (had, wrote) = self.values(change);
        let is_after = change.at.1.is_some();
        let (before, after) = change.places();
        let place = after.or(before).unwrap_or_default();
        let counterparts = if is_after { &mut self.from_after } else { &mut self.from_before };
        let Some(Counterpart { path, value }) = counterparts.of(&place) else {
            let fate = if is_after { ChangeFate::Nowhere } else { ChangeFate::Kept };
            return FollowedChange { place, value: None, fate };
        };
        // Plain elements between the same neighbours are paired whatever they are.
        let is_plain =
            matches!(place.0.last(), Some(Step::Index(_))) && value.as_ref().is_some_and(is_scalar);
        let is_other = is_plain && !is_equal(had.as_ref(), value.as_ref());
        if !is_after && (value.is_none() || is_other) {
            return FollowedChange { place, value: None, fate: ChangeFate::Kept };
        }
        let is_kept = is_after && is_like(change, wrote.as_ref(), value.as_ref());
        let fate = if is_kept { ChangeFate::Kept } else { ChangeFate::Other };
        FollowedChange { place: path, value, fate }
    }
}

/// Whether two values are alike as far as a difference goes: one of order is of nothing else.
pub fn is_like(change: &AttributeChange, a: Option<&Value>, b: Option<&Value>) -> bool {
    match (&change.form, a, b) {
        (Form::Order, Some(Value::List(a)), Some(Value::List(b))) => !pairing(a, b).is_reordered,
        _ => is_equal(a, b),
    }
}

/// The value at a path, which may lead into JSON in a text; nothing for null.
fn value_at(value: &Value, path: &Path) -> Option<Value> {
    Counterparts::new(value, value).of(path)?.value
}

/// The document in a text that holds JSON, since a path leads into it; any other value as it is.
fn opened(value: Option<Cow<'_, Value>>) -> Option<Cow<'_, Value>> {
    let value = value?;
    match value.as_text().and_then(document) {
        Some(document) => Some(Cow::Owned(document)),
        None => Some(value),
    }
}

fn member<'v>(value: Cow<'v, Value>, name: &str) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(Value::Map(mut members)) => members.remove(name).map(Cow::Owned),
        Cow::Owned(_) => None,
    }
}

fn element(value: Cow<'_, Value>, index: usize) -> Option<Cow<'_, Value>> {
    match value {
        Cow::Borrowed(Value::List(items)) => items.get(index).map(Cow::Borrowed),
        Cow::Owned(Value::List(mut items)) => {
            (index < items.len()).then(|| Cow::Owned(items.swap_remove(index)))
        }
        Cow::Borrowed(_) | Cow::Owned(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::json;
    use crate::engine::readable::tests::path;

    #[test]
    fn a_place_is_found_where_its_element_went() {
        let from = json::value(
            r#"{"tags":{"a":"1"},"plain":["x","y"],
            "rule":[{"name":"ssh","port":22},{"name":"web","port":80,"more":[{"id":"m","v":1}]}],
            "policy":"{\"Statement\":[{\"Sid\":\"a\",\"E\":\"x\"},{\"Sid\":\"b\",\"E\":\"y\"}]}"}"#,
        );
        let to = json::value(
            r#"{"plain":["y","z"],
            "rule":[{"name":"new"},{"name":"web","port":8080,"more":[{"id":"l"},{"id":"m","v":2}]}],
            "policy":"{\"Statement\":[{\"Sid\":\"b\",\"E\":\"z\"}]}"}"#,
        );
        let (from, to) = (from.unwrap(), to.unwrap());
        let mut counterparts = Counterparts::new(&from, &to);
        for (wanted, expected) in [
            ("tags.a", Some("tags.a -")),
            ("nowhere", Some("nowhere -")),
            ("plain.0", None),
            ("plain.1", Some(r#"plain[0] "y""#)),
            ("rule.0.port", None),
            ("rule.1.port", Some("rule[1].port 8080")),
            ("rule.1.more.0.v", Some("rule[1].more[1].v 2")),
            ("policy.Statement.0.E", None),
            ("policy.Statement.1.E", Some(r#"policy.Statement[0].E "z""#)),
        ] {
            let found = counterparts.of(&path(wanted)).map(|found| {
                let value = found.value.as_ref().map(|value| json::to_serde(value).to_string());
                format!("{} {}", found.path, value.unwrap_or_else(|| "-".to_owned()))
            });
            assert_eq!(found.as_deref(), expected, "{wanted}");
        }
    }
}
