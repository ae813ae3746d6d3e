//! A diff as a person reads it: an object a paragraph, an attribute a line.

use super::value::shown;
use crate::cli::output::{Paint, inert};
use crate::engine::diff::{AttributeChange, ChangeKind, Diff, ObjectChange};
use crate::engine::redact::Shown;
use crate::model::value::Path;

/// The objects, then the outputs.
pub(in crate::cli) fn body(diff: &Diff, paint: Paint) -> String {
    let mut text = String::new();
    for change in diff.changes.iter().chain(&diff.data) {
        text.push_str(&object(change, paint));
    }
    for output in &diff.outputs {
        let sign = sign_of(&output.before, &output.after);
        let values = values(&output.before, &output.after);
        let line = format!("{sign} output.{}   {values}\n", inert(&output.name));
        text.push_str(&paint.sign(sign, &line));
    }
    text
}

/// The sign of a change.
pub(in crate::cli) fn sign(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "+",
        ChangeKind::Removed => "-",
        ChangeKind::Changed => "~",
        ChangeKind::Replaced => "±",
        ChangeKind::Moved => "→",
        ChangeKind::Tainted | ChangeKind::Deposed => "!",
        ChangeKind::Untainted => "~",
    }
}

fn object(change: &ObjectChange, paint: Paint) -> String {
    let sign = sign(change.kind);
    let mut text = paint.sign(sign, sign);
    text.push(' ');
    text.push_str(&paint.bold(&inert(&change.address.to_string())));
    if let Some(key) = &change.deposed {
        text.push_str(&format!(" (deposed {})", inert(key)));
    }
    text.push('\n');
    for note in notes(change) {
        text.push_str(&format!("    {}\n", paint.dim(&note)));
    }
    text.push_str(&attributes(&change.attributes, paint));
    text
}

/// What an object's sign alone does not say.
fn notes(change: &ObjectChange) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(previous) = &change.previous_address {
        notes.push(format!("the same object, formerly {}", inert(&previous.to_string())));
    }
    match (change.kind, &change.id) {
        (ChangeKind::Added | ChangeKind::Removed, Some(id)) => {
            notes.push(format!("id {}", inert(id)));
        }
        (ChangeKind::Replaced, Some(id)) => notes.push(format!("another object: id {}", inert(id))),
        _ => {}
    }
    if change.tainted {
        notes.push("tainted: its creation failed half-way, the next plan replaces it".to_owned());
    }
    notes
}

/// One line an attribute; names aligned.
pub(in crate::cli) fn attributes(changes: &[AttributeChange], paint: Paint) -> String {
    attributes_because(changes, paint, |_| String::new())
}

/// The same, with what is to be said of each attribute behind it.
pub(in crate::cli) fn attributes_because(
    changes: &[AttributeChange],
    paint: Paint,
    because: impl Fn(&Path) -> String,
) -> String {
    let changes: Vec<&AttributeChange> =
        changes.iter().filter(|change| change.path.to_string() != "id").collect();
    let names: Vec<String> = changes.iter().map(|c| inert(&c.path.to_string())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(40);
    let mut text = String::new();
    for (change, name) in changes.iter().zip(&names) {
        let sign = sign_of(&change.before, &change.after);
        let line = format!("{sign} {name:<width$}   {}", values(&change.before, &change.after));
        text.push_str(&format!("    {}{}\n", paint.sign(sign, &line), because(&change.path)));
    }
    text
}

fn sign_of(before: &Shown, after: &Shown) -> &'static str {
    match (before, after) {
        (Shown::Absent, _) => "+",
        (_, Shown::Absent) => "-",
        _ => "~",
    }
}

/// A value and what becomes of it.
pub(in crate::cli) fn values(before: &Shown, after: &Shown) -> String {
    match (before, after) {
        (Shown::Absent, after) => shown(after),
        (before, Shown::Absent) => shown(before),
        (Shown::Sensitive, Shown::Sensitive) => "(sensitive, changed)".to_owned(),
        (before, after) => format!("{} → {}", shown(before), shown(after)),
    }
}

/// The numbers of a diff, in one line.
pub(in crate::cli) fn summary(diff: &Diff) -> String {
    let words = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Changed, "changed"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Replaced, "replaced"),
        (ChangeKind::Moved, "moved"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .map(|(kind, word)| (diff.count(kind), word))
        .filter(|(count, word)| *count > 0 || matches!(*word, "added" | "changed" | "removed"))
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let tainted = match diff.changes.iter().filter(|change| change.tainted).count() {
        0 => String::new(),
        many => format!(" ({many} tainted)"),
    };
    let outputs = match diff.outputs.len() {
        0 => String::new(),
        1 => " · 1 output".to_owned(),
        many => format!(" · {many} outputs"),
    };
    format!("Summary: {}{tainted}{outputs} · {} unchanged", parts.join(", "), diff.unchanged)
}
