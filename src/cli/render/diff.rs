//! A diff as a person reads it: an object a paragraph, an attribute a line.

use super::attributes::{Extent, hidden_lines, lines, painted, sign_of, values};
use crate::cli::output::{Paint, inert};
use crate::engine::diff::{ChangeKind, Diff, ObjectChange, OutputChange};
use crate::engine::redact::Shown;
use crate::model::value::Value;

/// The part of a diff that is shown.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct DiffView {
    /// How much of each object.
    pub extent: Extent,
    /// How differences that say nothing are shown.
    pub hidden: Quiet,
}

/// How differences that say nothing are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Quiet {
    /// They are counted.
    Counted,
    /// They are shown with the rule that hides them.
    Named,
}

/// The objects, then the outputs.
pub(in crate::cli) fn body(diff: &Diff, view: DiffView, paint: Paint) -> String {
    let mut text = String::new();
    let quiet = if view.hidden == Quiet::Named { diff.quiet.as_slice() } else { &[] };
    for change in diff.changes.iter().chain(&diff.data).chain(quiet) {
        text.push_str(&object(change, view, paint));
    }
    for output in &diff.outputs {
        let line = format!("{}\n", output_line(output));
        text.push_str(&paint.sign(sign_of(&output.before, &output.after), &line));
        text.push_str(&painted(&lines(&output.inside, view.extent), paint));
    }
    if view.hidden == Quiet::Named && !diff.outputs_hidden.is_empty() {
        text.push_str("· outputs\n");
        text.push_str(&painted(&hidden_lines(&diff.outputs_hidden), paint));
    }
    text
}

/// An output in one line.
pub(in crate::cli) fn output_line(output: &OutputChange) -> String {
    let sign = sign_of(&output.before, &output.after);
    let values = if output.inside.is_empty() {
        format!("   {}", values(&output.before, &output.after))
    } else {
        String::new()
    };
    format!("{sign} output.{}{values}", inert(&output.name))
}

/// The sign of a change.
pub(in crate::cli) fn sign(change: &ObjectChange) -> &'static str {
    match change.kind {
        ChangeKind::Added => "+",
        ChangeKind::Removed => "-",
        ChangeKind::Changed if change.attributes.is_empty() => "·",
        ChangeKind::Changed | ChangeKind::Untainted => "~",
        ChangeKind::Replaced => "±",
        ChangeKind::Moved => "→",
        ChangeKind::Tainted | ChangeKind::Deposed => "!",
    }
}

/// An object's address, with the key of a left-over.
pub(in crate::cli) fn title(change: &ObjectChange) -> String {
    let address = inert(&change.address.to_string());
    match &change.deposed {
        Some(key) => format!("{address} (deposed {})", inert(key)),
        None => address,
    }
}

fn object(change: &ObjectChange, view: DiffView, paint: Paint) -> String {
    let sign = sign(change);
    let mut text = format!("{} {}\n", paint.sign(sign, sign), paint.bold(&title(change)));
    for note in notes(change) {
        text.push_str(&format!("    {}\n", paint.dim(&note)));
    }
    text.push_str(&painted(&lines(&change.attributes, view.extent), paint));
    if view.hidden == Quiet::Named {
        text.push_str(&paint.dim(&painted(&hidden_lines(&change.hidden), Paint::Plain)));
    }
    text
}

/// Lists what an object's sign alone does not say.
pub(in crate::cli) fn notes(change: &ObjectChange) -> Vec<String> {
    let mut notes = Vec::new();
    match &change.previous_address {
        Some(previous) if *previous == change.address => {
            notes.push("the same object, which was a left-over here".to_owned());
        }
        Some(previous) => {
            notes.push(format!("the same object, formerly {}", inert(&previous.to_string())));
        }
        None => {}
    }
    match (change.kind, &change.id) {
        (ChangeKind::Added | ChangeKind::Removed | ChangeKind::Deposed, Some(id)) => {
            notes.push(format!("id {}", inert(id)));
        }
        (ChangeKind::Replaced, Some(id)) => notes.push(match former_id(change) {
            Some(former) => format!("another object: id {} → {}", inert(former), inert(id)),
            None => format!("another object: id {}", inert(id)),
        }),
        (ChangeKind::Replaced, None) => notes.push("another object".to_owned()),
        _ => {}
    }
    if change.kind == ChangeKind::Deposed {
        let note = "left over from an unfinished replacement: the next apply destroys it";
        notes.push(note.to_owned());
    }
    if change.kind == ChangeKind::Removed && change.deposed.is_some() {
        notes.push("a left-over that is gone".to_owned());
    }
    if change.kind == ChangeKind::Untainted {
        notes.push("no longer tainted: the next plan leaves it alone".to_owned());
    }
    if change.tainted && change.kind != ChangeKind::Removed {
        notes.push("tainted: its creation failed half-way, the next plan replaces it".to_owned());
    }
    notes
}

/// The id of the object that was replaced.
fn former_id(change: &ObjectChange) -> Option<&str> {
    let id = change.attributes.iter().find(|attribute| attribute.path.to_string() == "id")?;
    let Shown::Plain(Value::Text(former)) = &id.before else { return None };
    Some(former)
}

/// Sums up a diff in one sentence.
pub(in crate::cli) fn verdict(diff: &Diff) -> String {
    let hidden = if diff.hidden().is_empty() { "" } else { " but what says nothing" };
    let outputs = diff.outputs.len();
    let objects = diff.changes.len();
    let output = |many: usize| if many == 1 { "1 output" } else { "outputs" };
    if objects == 0 {
        return match outputs {
            0 => format!("Nothing differs{hidden}."),
            1 => "No object differs, and 1 output does.".to_owned(),
            many => format!("No object differs, and {many} {} do.", output(many)),
        };
    }
    let lost = diff.count(ChangeKind::Removed) + diff.count(ChangeKind::Replaced);
    let broken = diff
        .changes
        .iter()
        .filter(|change| change.tainted || change.kind == ChangeKind::Deposed)
        .count();
    let differ = if objects == 1 {
        "1 object differs".to_owned()
    } else {
        format!("{objects} objects differ")
    };
    let lost = match lost {
        0 => "none is gone or replaced".to_owned(),
        1 => "1 is gone or replaced".to_owned(),
        many => format!("{many} are gone or replaced"),
    };
    let broken = match broken {
        0 => String::new(),
        1 => ", 1 was left half-done".to_owned(),
        many => format!(", {many} were left half-done"),
    };
    format!("{differ}: {lost}{broken}.")
}

/// The numbers of a diff, in one line.
pub(in crate::cli) fn summary(diff: &Diff) -> String {
    let words = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Changed, "changed"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Replaced, "replaced"),
        (ChangeKind::Moved, "moved"),
        (ChangeKind::Untainted, "untainted"),
        (ChangeKind::Deposed, "left over"),
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
    format!("{}{tainted}{outputs} · {} unchanged", parts.join(", "), diff.unchanged)
}

/// Counts what is not shown, by the rule that hides it; none where nothing is hidden.
pub(in crate::cli) fn hidden(diff: &Diff, data: usize) -> Option<String> {
    let word = |rule: &str| match rule {
        "empty" => "null or empty".to_owned(),
        "json-text" => "layout of JSON".to_owned(),
        "unordered" => "order of a set".to_owned(),
        other => inert(other),
    };
    let mut parts: Vec<String> =
        diff.hidden().iter().map(|(rule, many)| format!("{many} {}", word(rule))).collect();
    match data {
        0 => {}
        1 => parts.push("1 data source".to_owned()),
        many => parts.push(format!("{many} data sources")),
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}
