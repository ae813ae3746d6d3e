//! The difference between two configurations as a person reads it: a line that says how much, and
//! the files as `diff -u` writes them.

use crate::cli::output::{Paint, inert};
use crate::engine::configuration::{
    ConfigurationChange, ConfigurationDiff, Content, FileChange, ToolChange,
};
use crate::model::word::Word as _;

/// Sums up the differences in a few words; none where nothing differs.
pub(in crate::cli) fn summary(diff: &ConfigurationDiff) -> Option<String> {
    let mut parts = Vec::new();
    let count =
        |many: usize, one: &str| format!("{many} {one}{}", if many == 1 { "" } else { "s" });
    if !diff.files.is_empty() {
        let lines = |of: fn(&FileChange) -> usize| diff.files.iter().map(of).sum::<usize>();
        let (added, removed) = (lines(|file| file.added), lines(|file| file.removed));
        parts.push(format!("{} (+{added} -{removed})", count(diff.files.len(), "file")));
    }
    if !diff.variables.is_empty() {
        parts.push(count(diff.variables.len(), "variable"));
    }
    parts.extend(diff.tools.iter().map(tool));
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// A tool with its versions.
fn tool(change: &ToolChange) -> String {
    let name = change.name.rsplit('/').next().unwrap_or(&change.name);
    let word = |version: &Option<String>| version.as_deref().map_or("none".to_owned(), inert);
    format!("{} {} → {}", inert(name), word(&change.before), word(&change.after))
}

/// All of it.
pub(in crate::cli) fn body(diff: &ConfigurationDiff, paint: Paint) -> String {
    let mut text = String::new();
    for change in &diff.tools {
        let sign = match (&change.before, &change.after) {
            (None, _) => "+",
            (_, None) => "-",
            _ => "~",
        };
        let word = |version: &Option<String>| version.as_deref().map_or("none".to_owned(), inert);
        let versions = format!("{} → {}", word(&change.before), word(&change.after));
        text.push_str(&paint.sign(sign, &format!("{sign} {}   {versions}\n", inert(&change.name))));
    }
    for (name, change) in &diff.variables {
        let sign = sign(*change);
        let line = format!("{sign} var.{}   {}\n", inert(name), change.name());
        text.push_str(&paint.sign(sign, &line));
    }
    for file in &diff.files {
        text.push_str(&format!("{} {}", sign(file.change), paint.bold(&inert(&file.path))));
        text.push_str(&format!("   +{} -{}\n", file.added, file.removed));
        for line in lines(file) {
            let sign = line.get(..1).unwrap_or_default();
            text.push_str(&format!("    {}\n", paint.sign(sign, &line)));
        }
    }
    text
}

/// The lines of a file's difference, or why there are none.
pub(in crate::cli) fn lines(file: &FileChange) -> Vec<String> {
    match &file.content {
        Content::Lines(lines) => lines.iter().map(|line| inert(line)).collect(),
        Content::Withheld(why) => vec![format!("({why})")],
    }
}

/// The sign of what happened to a file or a variable.
pub(in crate::cli) fn sign(change: ConfigurationChange) -> &'static str {
    match change {
        ConfigurationChange::Added => "+",
        ConfigurationChange::Removed => "-",
        ConfigurationChange::Changed => "~",
    }
}
