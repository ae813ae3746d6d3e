//! Whether a difference says nothing, by the rules of `crate::knowledge`.
//!
//! It is asked about one place of an object after the other, outermost first, and answers with the
//! rule, so that a caller that hides a difference can count it and name its reason. Each kind hides
//! only what it says: an order is no difference where the elements are the same, a mirror only
//! while the attribute that it repeats shows the very same difference. It shows nothing and hides
//! nothing itself.

use super::compare::{differences, present};
use crate::codec::json;
use crate::knowledge::noise::{NoiseKind, NoiseRule};
use crate::model::value::{Path, Step, Value};

/// The rules for one object, with its attributes on both sides.
#[derive(Debug, Clone)]
pub struct Noise<'r> {
    rules: Vec<&'r NoiseRule>,
    before: &'r Value,
    after: &'r Value,
}

impl<'r> Noise<'r> {
    /// The rules for an object's type, and all of its attributes.
    pub fn new(
        rules: impl IntoIterator<Item = &'r NoiseRule>,
        before: &'r Value,
        after: &'r Value,
    ) -> Self {
        Self { rules: rules.into_iter().collect(), before, after }
    }

    /// The rule by which the difference between `before` and `after` at `path` says nothing. They
    /// are what stands there, or nothing; a place with all that is below it is asked about before
    /// what is below it.
    pub fn hidden_by(
        &self,
        path: &Path,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Option<&'r NoiseRule> {
        let hides = |rule: &&&NoiseRule| {
            rule.may_hide(path)
                && match rule.kind {
                    NoiseKind::Derived => self.repeats(rule, path, before, after),
                    NoiseKind::Clock
                    | NoiseKind::Counter
                    | NoiseKind::Etag
                    | NoiseKind::Unordered
                    | NoiseKind::JsonText
                    | NoiseKind::Case
                    | NoiseKind::Empty => {
                        rule.path.matches(path) && says_nothing(rule.kind, before, after)
                    }
                }
        };
        self.rules.iter().find(hides).copied()
    }

    /// Whether every difference here is one of the attribute that is repeated, too.
    fn repeats(
        &self,
        rule: &NoiseRule,
        path: &Path,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> bool {
        let (Some(below), Some(of)) = (rule.path.below(path), &rule.of) else { return false };
        let source = std::iter::once(Step::Name(of.clone())).chain(below.iter().cloned());
        let source = Path(source.collect());
        let value = |side: Option<&Value>| side.cloned().unwrap_or(Value::Null);
        let mirrored = differences(&value(before), &value(after));
        mirrored.iter().all(|difference| {
            let steps = source.0.iter().chain(&difference.path.0).cloned();
            let there = Path(steps.collect());
            self.before.at(&there) == difference.before.as_ref()
                && self.after.at(&there) == difference.after.as_ref()
        })
    }
}

fn says_nothing(kind: NoiseKind, before: Option<&Value>, after: Option<&Value>) -> bool {
    match kind {
        NoiseKind::Clock | NoiseKind::Counter | NoiseKind::Etag => {
            is_leaf(before) && is_leaf(after)
        }
        NoiseKind::Unordered => match (before, after) {
            (Some(Value::List(a)), Some(Value::List(b))) => is_reordered(a, b),
            _ => false,
        },
        NoiseKind::JsonText => match (parsed(before), parsed(after)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
        NoiseKind::Case => match (before, after) {
            (Some(Value::Text(a)), Some(Value::Text(b))) => a.eq_ignore_ascii_case(b),
            _ => false,
        },
        NoiseKind::Empty => is_empty(before) && is_empty(after),
        // It needs the whole object.
        NoiseKind::Derived => false,
    }
}

/// Whether two texts hold the same JSON object or array.
pub(super) fn is_same_json(before: Option<&Value>, after: Option<&Value>) -> bool {
    says_nothing(NoiseKind::JsonText, before, after)
}

fn is_leaf(value: Option<&Value>) -> bool {
    !matches!(value, Some(Value::List(_) | Value::Map(_)))
}

/// Nothing, or a value with nothing in it.
fn is_empty(value: Option<&Value>) -> bool {
    present(value).is_none_or(Value::is_empty)
}

/// A text that holds a JSON object or array: `1.0` and `1` are two texts.
fn parsed(value: Option<&Value>) -> Option<Value> {
    let text = value?.as_text()?;
    let is_structure = text.trim_start().starts_with(['{', '[']);
    if is_structure { json::value(text).ok() } else { None }
}

/// More elements than this that are not texts are not looked at: each is compared with each.
const MOST_COMPARED: usize = 1_000;

/// Whether two lists have the same elements equally often.
pub(super) fn is_reordered(a: &[Value], b: &[Value]) -> bool {
    let texts = |items: &[Value]| {
        items.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    if a.len() != b.len() {
        return false;
    }
    if let (Some(mut a), Some(mut b)) = (texts(a), texts(b)) {
        a.sort_unstable();
        b.sort_unstable();
        return a == b;
    }
    if a.len() > MOST_COMPARED {
        return false;
    }
    let mut rest: Vec<&Value> = b.iter().collect();
    a.iter().all(|item| {
        let at = rest.iter().position(|other| *other == item);
        at.map(|at| rest.swap_remove(at)).is_some()
    })
}

#[cfg(test)]
mod tests;
