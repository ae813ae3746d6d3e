//! The difference between two configurations: files line by line, variables by name, tools and
//! providers by version.
//!
//! A line is shown with what is secret in it blotted out: values that the redactor knows, and any
//! value that is set under a secret name. Files of values are never shown line by line, since
//! nothing in them says what is secret; nor are variables' values. Nothing is read or planned here.

use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::redact::{Redactor, is_secret_name};
use crate::model::address::ProviderSource;
use crate::model::configuration::{Bundle, BundlePath, LockedProvider};

/// Lines of unchanged text around a change.
const CONTEXT: usize = 3;

/// Files with more lines are counted and not compared line by line.
const LINES_MAX: usize = 20_000;

/// The mark that stands for a secret in a line.
const HIDDEN: &str = "(sensitive)";

/// A configuration with the tools that go with it.
#[derive(Debug, Clone, Copy)]
pub struct Configured<'a> {
    /// Its files and variables, when they are known.
    pub bundle: Option<&'a Bundle>,
    /// The tool, such as `terraform 1.11.4`, when it is known.
    pub tool: Option<&'a str>,
    /// The providers that its lock file selects.
    pub providers: &'a [LockedProvider],
}

/// Which of two configurations has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ConfigurationChange {
    /// Only the second one.
    Added,
    /// Only the first one.
    Removed,
    /// Both, and it differs.
    Changed,
}

/// The shown part of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The pieces that differ, as `diff -u` writes them.
    Lines(Vec<String>),
    /// Nothing, for this reason.
    Withheld(&'static str),
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path in the configuration.
    pub path: String,
    /// The kind of change.
    pub change: ConfigurationChange,
    /// How many lines only the second one has.
    pub added: usize,
    /// How many lines only the first one has.
    pub removed: usize,
    /// The lines.
    pub content: Content,
}

/// A tool or a provider with another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolChange {
    /// `terraform`, or the provider's full name.
    pub name: String,
    /// The version before.
    pub before: Option<String>,
    /// The version after.
    pub after: Option<String>,
}

/// The differences between two configurations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigurationDiff {
    /// Files, in the order of their paths.
    pub files: Vec<FileChange>,
    /// Variables that no file gives, by name.
    pub variables: Vec<(String, ConfigurationChange)>,
    /// The tool, and providers.
    pub tools: Vec<ToolChange>,
}

impl ConfigurationDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.variables.is_empty() && self.tools.is_empty()
    }
}

/// Compares two configurations. Facts that one of them lacks are not compared.
pub fn configuration_diff(
    before: &Configured<'_>,
    after: &Configured<'_>,
    redactor: &Redactor,
) -> ConfigurationDiff {
    let mut diff = ConfigurationDiff { tools: tools(before, after), ..Default::default() };
    if let (Some(old), Some(new)) = (before.bundle, after.bundle) {
        diff.files = files(old, new, redactor);
        diff.variables = pairs(&old.variables, &new.variables)
            .filter_map(|(name, old, new)| Some((name.clone(), change(old, new)?)))
            .collect();
    }
    diff
}

/// Every key of two maps, with what each has.
fn pairs<'m, K: Ord, V>(
    old: &'m BTreeMap<K, V>,
    new: &'m BTreeMap<K, V>,
) -> impl Iterator<Item = (&'m K, Option<&'m V>, Option<&'m V>)> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    keys.into_iter().map(|key| (key, old.get(key), new.get(key)))
}

fn change<V: PartialEq>(old: Option<&V>, new: Option<&V>) -> Option<ConfigurationChange> {
    match (old, new) {
        (None, Some(_)) => Some(ConfigurationChange::Added),
        (Some(_), None) => Some(ConfigurationChange::Removed),
        (Some(old), Some(new)) if old != new => Some(ConfigurationChange::Changed),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

fn tools(before: &Configured<'_>, after: &Configured<'_>) -> Vec<ToolChange> {
    let mut changes = Vec::new();
    if let (Some(old), Some(new)) = (before.tool, after.tool)
        && old != new
    {
        let [(old_name, old_version), (new_name, new_version)] =
            [old, new].map(|tool| tool.split_once(' ').unwrap_or((tool, "")));
        let is_same = old_name == new_name;
        changes.push(ToolChange {
            name: if is_same { new_name.to_owned() } else { "tool".to_owned() },
            before: Some(if is_same { old_version } else { old }.to_owned()),
            after: Some(if is_same { new_version } else { new }.to_owned()),
        });
    }
    let is_known = |side: &Configured<'_>| side.bundle.is_some() || !side.providers.is_empty();
    if is_known(before) && is_known(after) {
        changes.extend(providers(before.providers, after.providers));
    }
    changes
}

/// The providers that differ. One that is taken from another registry than before is one provider.
fn providers(before: &[LockedProvider], after: &[LockedProvider]) -> Vec<ToolChange> {
    let by_name = |side: &[LockedProvider]| -> BTreeMap<ProviderSource, String> {
        side.iter().map(|one| (one.source.clone(), one.version.clone())).collect()
    };
    let (old, new) = (by_name(before), by_name(after));
    let gone = old.iter().filter(|(source, _)| !new.contains_key(source));
    let came = |source: &ProviderSource| {
        let mut same = new.iter().filter(|(other, _)| {
            !old.contains_key(other)
                && (&other.namespace, &other.name) == (&source.namespace, &source.name)
        });
        same.next().filter(|_| same.next().is_none())
    };
    let moved = gone.filter_map(|before| Some((before, came(before.0)?)));
    let moved: Vec<_> = moved.collect();
    let from =
        |(source, version): (&ProviderSource, &String)| format!("{version} from {}", source.host);
    let change = |(was, is): &(_, (&ProviderSource, &String))| ToolChange {
        name: format!("{}/{}", is.0.namespace, is.0.name),
        before: Some(from(*was)),
        after: Some(from(*is)),
    };
    let is_moved =
        |source: &ProviderSource| moved.iter().any(|(was, is)| was.0 == source || is.0 == source);
    let differing = pairs(&old, &new).filter(|(source, old, new)| old != new && !is_moved(source));
    let differing = differing.map(|(source, before, after)| ToolChange {
        name: source.to_string(),
        before: before.cloned(),
        after: after.cloned(),
    });
    differing.chain(moved.iter().map(change)).collect()
}

fn files(old: &Bundle, new: &Bundle, redactor: &Redactor) -> Vec<FileChange> {
    let holds_values = |path: &BundlePath| {
        path.file_name().contains(".tfvars")
            || old.var_files.contains(path)
            || new.var_files.contains(path)
    };
    pairs(&old.files, &new.files)
        .filter_map(|(path, before, after)| {
            let change = change(before, after)?;
            let empty = Vec::new();
            let contents = (before.unwrap_or(&empty), after.unwrap_or(&empty));
            let mut change = FileChange {
                path: path.to_string(),
                change,
                added: 0,
                removed: 0,
                content: Content::Withheld("not a text"),
            };
            let (Ok(a), Ok(b)) = (std::str::from_utf8(contents.0), std::str::from_utf8(contents.1))
            else {
                return Some(change);
            };
            compare(&mut change, a, b, redactor);
            if holds_values(path) {
                change.content = Content::Withheld("a file of values may hold secrets");
            }
            Some(change)
        })
        .collect()
}

/// Puts what differs between two texts into a file's change.
fn compare(change: &mut FileChange, before: &str, after: &str, redactor: &Redactor) {
    let [a, b] = [before, after].map(|text| text.split_inclusive('\n').collect::<Vec<&str>>());
    if a.len().max(b.len()) > LINES_MAX {
        change.content = Content::Withheld("too long to be compared line by line");
        return;
    }
    let operations = capture_diff_slices(Algorithm::Patience, &a, &b);
    for operation in &operations {
        match operation {
            DiffOp::Equal { .. } => {}
            DiffOp::Delete { old_len, .. } => change.removed += old_len,
            DiffOp::Insert { new_len, .. } => change.added += new_len,
            DiffOp::Replace { old_len, new_len, .. } => {
                change.removed += old_len;
                change.added += new_len;
            }
        }
    }
    let (a, b) = (shown(&a, redactor), shown(&b, redactor));
    let mut lines = Vec::new();
    for group in group_diff_ops(operations, CONTEXT) {
        lines.push(heading(&group));
        for operation in &group {
            let (old, new) = (operation.old_range(), operation.new_range());
            let [old, new] = [a.get(old), b.get(new)].map(Option::unwrap_or_default);
            if matches!(operation, DiffOp::Equal { .. }) {
                lines.extend(old.iter().map(|line| format!(" {line}")));
            } else {
                lines.extend(old.iter().map(|line| format!("-{line}")));
                lines.extend(new.iter().map(|line| format!("+{line}")));
            }
        }
    }
    change.content = Content::Lines(lines);
}

/// `@@ -10,7 +10,8 @@`: where a piece stands on both sides, lines counted from one.
fn heading(group: &[DiffOp]) -> String {
    let place = |ranges: Vec<std::ops::Range<usize>>| {
        let start = ranges.first().map_or(0, |range| range.start);
        let end = ranges.last().map_or(start, |range| range.end);
        match end - start {
            0 => format!("{start},0"),
            1 => (start + 1).to_string(),
            lines => format!("{},{lines}", start + 1),
        }
    };
    let old = place(group.iter().map(DiffOp::old_range).collect());
    let new = place(group.iter().map(DiffOp::new_range).collect());
    format!("@@ -{old} +{new} @@")
}

/// Lines as they may be shown, each without its line break.
fn shown(lines: &[&str], redactor: &Redactor) -> Vec<String> {
    let mut until = None;
    lines
        .iter()
        .map(|line| {
            let line = line.trim_end_matches(['\n', '\r']);
            if let Some(end) = &until {
                if line.trim() == *end {
                    until = None;
                    return line.to_owned();
                }
                return HIDDEN.to_owned();
            }
            let Some((name, value)) = assignment(line) else { return redactor.text(line) };
            if !is_secret_name(name) {
                return redactor.text(line);
            }
            until = heredoc(value);
            if until.is_some() || is_reference(value) {
                return redactor.text(line);
            }
            let before = line.len() - value.len();
            format!("{}{HIDDEN}", line.get(..before).unwrap_or_default())
        })
        .collect()
}

/// The name that a line sets, and what to: `name = value`, `"name": value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(['=', ':'])?;
    let name = name.trim().trim_matches('"');
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then(|| (name, value.trim_start_matches(['=', '>']).trim_start()))
}

/// The word that ends the text that begins here.
fn heredoc(value: &str) -> Option<String> {
    let word = value.strip_prefix("<<")?.trim_start_matches('-').trim();
    (!word.is_empty()).then(|| word.to_owned())
}

/// Whether a value says where a secret comes from, and not what it is: `var.password`, `true`, `[`.
fn is_reference(value: &str) -> bool {
    let value = value.trim().trim_end_matches(',');
    !value.contains('"') && !value.chars().all(|c| c.is_ascii_digit() || c == '.')
        || value.is_empty()
}

#[cfg(test)]
mod tests;
