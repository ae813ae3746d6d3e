//! Differences inside an object: an attribute a line, a changed text line by line below it.
//!
//! The same lines for the screens of `diff`, `drift`, `fix` and `revert`, and for Markdown.

use super::value::{pair, shortened, shown};
use crate::cli::output::{Paint, inert};
use crate::engine::readable::{AttributeChange, Form, Hidden, Line};
use crate::engine::redact::Shown;
use crate::model::value::{Step, Value};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Extent {
    /// As much as fits a screen; the rest is counted.
    Brief,
    /// Everything.
    Full,
}

impl Extent {
    fn limit(self, brief: usize) -> usize {
        match self {
            Self::Brief => brief,
            Self::Full => usize::MAX,
        }
    }
}

/// More attributes of an object are counted, where it was there before and is there now.
const CHANGED_MAX: usize = 40;

/// The same of an object that only one side has.
const WHOLE_MAX: usize = 12;

/// More lines of a text are counted.
const LINES_MAX: usize = 24;

/// Names are aligned up to this width.
const NAME_WIDTH: usize = 40;

/// Longer names are cut.
const NAME_MAX: usize = 120;

/// A line with the sign that it begins with.
pub(in crate::cli) type Signed = (&'static str, String);

/// An object's attributes, indented.
pub(in crate::cli) fn attributes(changes: &[AttributeChange], paint: Paint) -> String {
    attributes_because(changes, paint, |_| String::new())
}

/// The same, with what is to be said of each attribute behind it.
pub(in crate::cli) fn attributes_because(
    changes: &[AttributeChange],
    paint: Paint,
    because: impl Fn(&AttributeChange) -> String,
) -> String {
    painted(&lines_because(changes, Extent::Full, because), paint)
}

/// Lines, indented and in the colours of their signs.
pub(in crate::cli) fn painted(lines: &[Signed], paint: Paint) -> String {
    let mut text = String::new();
    for (sign, line) in lines {
        text.push_str(&format!("    {}\n", paint.sign(sign, line)));
    }
    text
}

/// Lists what differs, line by line, each beginning with its sign.
pub(in crate::cli) fn lines(changes: &[AttributeChange], extent: Extent) -> Vec<Signed> {
    lines_because(changes, extent, |_| String::new())
}

fn lines_because(
    changes: &[AttributeChange],
    extent: Extent,
    because: impl Fn(&AttributeChange) -> String,
) -> Vec<Signed> {
    let changes: Vec<&AttributeChange> =
        changes.iter().filter(|change| change.path.to_string() != "id").collect();
    let is_whole = |side: fn(&AttributeChange) -> &Shown| {
        changes.iter().all(|change| *side(change) == Shown::Absent)
    };
    let limit = if is_whole(|change| &change.before) || is_whole(|change| &change.after) {
        WHOLE_MAX
    } else {
        CHANGED_MAX
    };
    let limit = extent.limit(limit);
    let names: Vec<String> = changes.iter().take(limit).map(|change| name(change)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(NAME_WIDTH);
    let mut all = Vec::new();
    for (change, name) in changes.iter().zip(&names) {
        let sign = sign_of(&change.before, &change.after);
        let line = format!("{sign} {name:<width$}   {}{}", said(change), because(change));
        all.push((sign, line.trim_end().to_owned()));
        if let Form::Lines(text) = &change.form {
            all.extend(text_lines(text, extent));
        }
    }
    let more = changes.len().saturating_sub(limit);
    if more > 0 {
        let word = if more == 1 { "attribute" } else { "attributes" };
        all.push((" ", format!("… and {more} more {word}; all of them with --resource")));
    }
    all
}

/// Differences that are hidden elsewhere, each with the rule that hides it.
pub(in crate::cli) fn hidden_lines(hidden: &[Hidden]) -> Vec<Signed> {
    let names: Vec<String> = hidden.iter().map(|hidden| name(&hidden.change)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(NAME_WIDTH);
    let line = |(hidden, name): (&Hidden, &String)| {
        let (rule, why) = (inert(&hidden.by.rule), inert(&hidden.by.why));
        ("·", format!("· {name:<width$}   {}   {rule}: {why}", said(&hidden.change)))
    };
    hidden.iter().zip(&names).map(line).collect()
}

fn name(change: &AttributeChange) -> String {
    shortened(&inert(&change.path.to_string()), NAME_MAX)
}

/// The sign of what was there and is there now.
pub(in crate::cli) fn sign_of(before: &Shown, after: &Shown) -> &'static str {
    match (before, after) {
        (Shown::Absent, _) => "+",
        (_, Shown::Absent) => "-",
        _ => "~",
    }
}

/// Describes the change of an attribute, in one line.
fn said(change: &AttributeChange) -> String {
    match &change.form {
        Form::Lines(lines) => {
            let count = |wanted: fn(&Line) -> bool| lines.iter().filter(|l| wanted(l)).count();
            let gone = count(|line| matches!(line, Line::Removed(_)));
            let come = count(|line| matches!(line, Line::Added(_)));
            let word = if gone + come == 1 { "line" } else { "lines" };
            format!("-{gone} +{come} {word}")
        }
        Form::Order => {
            let Shown::Plain(Value::List(items)) = &change.after else {
                return "order changed".to_owned();
            };
            format!("order changed ({} elements)", items.len())
        }
        Form::Value => one(change),
    }
}

fn one(change: &AttributeChange) -> String {
    let address = |means: &Option<crate::model::address::Address>| {
        means.as_ref().map(|address| inert(&address.to_string()))
    };
    let (old, new) = (address(&change.means.0), address(&change.means.1));
    match (&change.before, &change.after) {
        _ if old.is_none() && new.is_none() => {
            if is_its_own_name(change) {
                String::new()
            } else {
                values(&change.before, &change.after)
            }
        }
        (Shown::Absent, after) => new.unwrap_or_else(|| shown(after)),
        (before, Shown::Absent) => old.unwrap_or_else(|| shown(before)),
        (before, after) => {
            let (old, new) =
                (old.unwrap_or_else(|| shown(before)), new.unwrap_or_else(|| shown(after)));
            format!("{old} → {new}")
        }
    }
}

/// Whether an element that came or went is called what it is.
fn is_its_own_name(change: &AttributeChange) -> bool {
    let Some(Step::Element(label)) = change.path.0.last() else { return false };
    let is_it = |value: &Shown| matches!(value, Shown::Plain(Value::Text(text)) if text == label);
    match (&change.before, &change.after) {
        (Shown::Absent, value) | (value, Shown::Absent) => is_it(value),
        _ => false,
    }
}

/// A value and what becomes of it.
pub(in crate::cli) fn values(before: &Shown, after: &Shown) -> String {
    match (before, after) {
        (Shown::Absent, after) => shown(after),
        (before, Shown::Absent) => shown(before),
        (Shown::Sensitive(Some(before)), Shown::Sensitive(Some(after))) => {
            format!("(sensitive {before}→{after})")
        }
        (Shown::Sensitive(_), Shown::Sensitive(_)) => "(sensitive, changed)".to_owned(),
        (before, after) => pair(before, after),
    }
}

fn text_lines(lines: &[Line], extent: Extent) -> Vec<Signed> {
    let limit = extent.limit(LINES_MAX);
    let text = |text: &str| shortened(&inert(text), NAME_MAX);
    let line = |line: &Line| match line {
        Line::Kept(kept) => (" ", format!("      {}", text(kept))),
        Line::Removed(gone) => ("-", format!("    - {}", text(gone))),
        Line::Added(come) => ("+", format!("    + {}", text(come))),
        Line::Skipped(1) => (" ", "      … 1 equal line".to_owned()),
        Line::Skipped(many) => (" ", format!("      … {many} equal lines")),
    };
    let mut all: Vec<Signed> = lines.iter().take(limit).map(line).collect();
    let more = lines.len().saturating_sub(limit);
    if more > 0 {
        all.push((" ", format!("      … {more} more lines; all of them with --resource")));
    }
    all
}
