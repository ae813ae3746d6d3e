//! Texts: JSON as JSON, many lines line by line.
//!
//! A text of which any part is secret is not looked into. Aligning lines is bounded by their number
//! and not by time.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Form, Found, Insignificant, Line, Place, Reader, built_in};
use crate::codec::json;
use crate::engine::redact::Shown;
use crate::model::value::Value;

/// Number of texts with JSON, one inside of the other, that are read.
const TEXTS_MAX: usize = 3;

/// Longer texts are not taken for JSON.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Number of equal lines that are kept on each side of a difference.
const CONTEXT: usize = 2;

/// More pairs of lines than this are not aligned: the middle was replaced as a whole.
const PAIRS_MAX: usize = 4_000_000;

/// The JSON object or array that a text holds, if it holds one.
pub(super) fn document(text: &str) -> Option<Value> {
    let is_one = text.trim_start().starts_with(['{', '[']) && text.len() <= DOCUMENT_BYTES_MAX;
    if is_one { json::value(text).ok() } else { None }
}

impl Reader<'_> {
    pub(super) fn texts(&self, place: &Place, a: &str, b: &str, found: &mut Found) {
        let values = (Value::Text(a.to_owned()), Value::Text(b.to_owned()));
        let both = (Some(&values.0), Some(&values.1));
        let is_plain = |path, value| {
            matches!(self.redactor.show(path, Some(value), self.marks), Shown::Plain(_))
        };
        if !is_plain(&place.before, &values.0) || !is_plain(&place.after, &values.1) {
            return self.leaf(place, both, found);
        }
        if place.texts < TEXTS_MAX
            && let (Some(before), Some(after)) = (document(a), document(b))
        {
            let inner = Place { texts: place.texts + 1, ..place.clone() };
            let counted = found.len();
            match (before == after, self.insignificant) {
                (true, Insignificant::Shown) => return self.leaf(place, both, found),
                (true, Insignificant::Hidden) => {
                    let by = built_in("json-text", "the same JSON, written differently");
                    return self.hide(place, both, by, found);
                }
                (false, _) => self.inside(&inner, &before, &after, found),
            }
            if found.len() == counted {
                self.leaf(place, both, found);
            }
            return;
        }
        if a.contains('\n') && b.contains('\n') && self.is_open(place, both) {
            let form = Form::Lines(lines(a, b));
            return found.changes.push(self.change(place, both, form));
        }
        self.leaf(place, both, found);
    }

    /// Adds the differences inside of two JSON texts. Rules and marks of the texts themselves have
    /// been asked already.
    fn inside(&self, place: &Place, before: &Value, after: &Value, found: &mut Found) {
        match (before, after) {
            (Value::Map(a), Value::Map(b)) => self.members(place, a, b, found),
            (Value::List(a), Value::List(b)) => self.lists(place, a, b, found),
            _ => {}
        }
    }

    /// Whether both sides may be shown, with what is inside of them.
    fn is_open(&self, place: &Place, both: super::BothValues<'_>) -> bool {
        matches!(self.show_both(place, both), (Shown::Plain(_), Shown::Plain(_)))
    }
}

/// Lines that differ, with a few equal ones around them.
pub(super) fn lines(before: &str, after: &str) -> Vec<Line> {
    let a: Vec<&str> = before.split('\n').collect();
    let b: Vec<&str> = after.split('\n').collect();
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a_rest, b_rest) = (a.get(head..).unwrap_or_default(), b.get(head..).unwrap_or_default());
    let ends = a_rest.iter().rev().zip(b_rest.iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    let a_middle = a_rest.get(..a_rest.len() - tail).unwrap_or_default();
    let b_middle = b_rest.get(..b_rest.len() - tail).unwrap_or_default();
    let mut all = Vec::new();
    keep(&mut all, a.get(..head).unwrap_or_default());
    if a_middle.len().saturating_mul(b_middle.len()) > PAIRS_MAX {
        change(&mut all, a_middle, b_middle);
    } else {
        for operation in capture_diff_slices(Algorithm::Myers, a_middle, b_middle) {
            let old = a_middle.get(operation.old_range()).unwrap_or_default();
            let new = b_middle.get(operation.new_range()).unwrap_or_default();
            match operation {
                DiffOp::Equal { .. } => keep(&mut all, old),
                DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                    change(&mut all, old, new);
                }
            }
        }
    }
    keep(&mut all, a_rest.get(a_rest.len() - tail..).unwrap_or_default());
    shortened(all)
}

fn keep(all: &mut Vec<Line>, lines: &[&str]) {
    all.extend(lines.iter().map(|line| Line::Kept((*line).to_owned())));
}

fn change(all: &mut Vec<Line>, old: &[&str], new: &[&str]) {
    all.extend(old.iter().map(|line| Line::Removed((*line).to_owned())));
    all.extend(new.iter().map(|line| Line::Added((*line).to_owned())));
}

/// Leaves out equal lines that are far from a difference.
fn shortened(all: Vec<Line>) -> Vec<Line> {
    let is_kept = |line: &Line| matches!(line, Line::Kept(_));
    let differs: Vec<usize> =
        all.iter().enumerate().filter(|(_, line)| !is_kept(line)).map(|(at, _)| at).collect();
    let is_near = |at: usize| {
        let next = differs.partition_point(|differs| *differs < at);
        let before = next.checked_sub(1).and_then(|last| differs.get(last));
        [before, differs.get(next)].into_iter().flatten().any(|other| other.abs_diff(at) <= CONTEXT)
    };
    let mut short: Vec<Line> = Vec::new();
    for (at, line) in all.into_iter().enumerate() {
        match short.last_mut() {
            _ if is_near(at) => short.push(line),
            Some(Line::Skipped(many)) => *many += 1,
            Some(_) | None => short.push(Line::Skipped(1)),
        }
    }
    short
}
