//! A diff as a comment on a pull request: the verdict, then what is gone, then the rest.
//!
//! Objects are folded; of a diff that is too long the last ones are named only, or counted.

use super::attributes::{Signed, hidden_lines, lines};
use super::configuration;
use super::diff::{DiffView, Quiet, hidden, notes, output_line, sign, title};
use super::markdown::{
    LENGTH_MAX, MarkdownItem, Section, block, fit, html_code, length, outside, span,
};
use super::value::shortened;
use crate::cli::output::{Paint, inert};
use crate::engine::configuration::ConfigurationDiff;
use crate::engine::diff::{ChangeKind, Diff, ObjectChange};

/// The parts of a comment besides the objects of the diff.
#[derive(Debug)]
pub(in crate::cli) struct CommentFrame<'a> {
    /// The stack, where there is one.
    pub stack: Option<&'a str>,
    /// The verdict, in one sentence.
    pub verdict: &'a str,
    /// The numbers, fit for Markdown.
    pub summary: &'a str,
    /// The names of the two sides.
    pub sides: (&'a str, &'a str),
    /// How many data sources are counted and not shown.
    pub data: usize,
    /// Differences between the configurations.
    pub configuration: &'a ConfigurationDiff,
    /// Sentences about manual fixes.
    pub fixes: &'a [String],
    /// The command that shows all of it.
    pub command: &'a str,
}

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Amount {
    /// The numbers.
    Numbers,
    /// All of it.
    Everything,
}

/// Longer names are cut.
const NAME_MAX: usize = 200;

/// Room for what is said at the end.
const TAIL: usize = 1_500;

/// Kinds in the order in which they matter, with the titles of their sections.
const SECTIONS: [(&str, &[ChangeKind]); 6] = [
    ("Removed", &[ChangeKind::Removed]),
    ("Replaced", &[ChangeKind::Replaced]),
    ("Left half-done", &[ChangeKind::Tainted, ChangeKind::Deposed]),
    ("Changed", &[ChangeKind::Changed, ChangeKind::Untainted]),
    ("Moved", &[ChangeKind::Moved]),
    ("Added", &[ChangeKind::Added]),
];

/// The whole comment; no longer than a comment may be.
pub(in crate::cli) fn comment(
    diff: &Diff,
    view: DiffView,
    amount: Amount,
    frame: &CommentFrame<'_>,
) -> String {
    let mut text = head(frame);
    if amount == Amount::Numbers {
        return text;
    }
    let room = LENGTH_MAX.saturating_sub(length(&text) + TAIL);
    let fitted = fit(&sections(diff, view, frame), room);
    text.push_str(&fitted.text);
    if let Some(hidden) = hidden(diff, frame.data) {
        text.push_str(&format!("\nHidden: {}\n", span(&shortened(&hidden, NAME_MAX))));
    }
    let mut missing = Vec::new();
    if fitted.folded > 0 {
        missing.push(format!("{} without details", fitted.folded));
    }
    for (title, many) in &fitted.left_out {
        missing.push(format!("{many} of “{title}” left out"));
    }
    if !missing.is_empty() {
        text.push_str(&format!(
            "\nCut to {LENGTH_MAX} characters: {}. {} shows all of it.\n",
            missing.join(", "),
            span(&shortened(frame.command, NAME_MAX)),
        ));
    }
    text
}

fn head(frame: &CommentFrame<'_>) -> String {
    let name = |name: &str| outside(&shortened(name, NAME_MAX));
    let stack = frame.stack.map_or(String::new(), |stack| format!("{}: ", name(stack)));
    let (before, after) = frame.sides;
    format!(
        "## {stack}{}\n\n{} → {}\n\n{}\n",
        frame.verdict,
        name(before),
        name(after),
        frame.summary
    )
}

fn sections(diff: &Diff, view: DiffView, frame: &CommentFrame<'_>) -> Vec<Section> {
    let objects = |(title, kinds): (&'static str, &[ChangeKind])| {
        let fitting = diff.changes.iter().filter(|change| kinds.contains(&change.kind));
        Section { title, items: fitting.map(|change| object(change, view)).collect() }
    };
    let all = |title: &'static str, changes: &[ObjectChange]| Section {
        title,
        items: changes.iter().map(|change| object(change, view)).collect(),
    };
    let fix = |sentence: &String| {
        let line = format!("\n- {}\n", outside(&shortened(sentence, 2 * NAME_MAX)));
        MarkdownItem { brief: line.clone(), full: line }
    };
    let mut sections: Vec<Section> = SECTIONS.into_iter().map(objects).collect();
    let fixes = Section { title: "Manual fixes", items: frame.fixes.iter().map(fix).collect() };
    sections.insert(2, fixes);
    sections.push(Section { title: "Outputs", items: outputs(diff, view) });
    sections.push(all("Data sources", &diff.data));
    sections.push(Section { title: "Configuration", items: files(frame.configuration) });
    if view.hidden == Quiet::Named {
        sections.push(all("Nothing but what is hidden elsewhere", &diff.quiet));
    }
    sections.retain(|section| !section.items.is_empty());
    sections
}

fn object(change: &ObjectChange, view: DiffView) -> MarkdownItem {
    let notes = notes(change).into_iter().map(|note| (" ", format!("  {note}")));
    let mut inside: Vec<Signed> = notes.collect();
    inside.extend(lines(&change.attributes, view.extent));
    if view.hidden == Quiet::Named {
        inside.extend(hidden_lines(&change.hidden));
    }
    let name = shortened(&format!("{} {}", sign(change), title(change)), NAME_MAX);
    item(&name, inside)
}

fn outputs(diff: &Diff, view: DiffView) -> Vec<MarkdownItem> {
    let outputs = diff.outputs.iter().map(|output| {
        item(&shortened(&output_line(output), NAME_MAX), lines(&output.inside, view.extent))
    });
    let hidden = (view.hidden == Quiet::Named && !diff.outputs_hidden.is_empty())
        .then(|| item("· hidden elsewhere", hidden_lines(&diff.outputs_hidden)));
    outputs.chain(hidden).collect()
}

/// Tools, variables and files; what differs in a file unfolds.
fn files(diff: &ConfigurationDiff) -> Vec<MarkdownItem> {
    let mut items = Vec::new();
    if !(diff.tools.is_empty() && diff.variables.is_empty()) {
        let rest = ConfigurationDiff { files: Vec::new(), ..diff.clone() };
        let lines = configuration::body(&rest, Paint::Plain);
        items.extend(lines.lines().map(|line| item(&shortened(line, NAME_MAX), Vec::new())));
    }
    items.extend(diff.files.iter().map(|file| {
        let sign = configuration::sign(file.change);
        let name = format!("{sign} {}   +{} -{}", file.path, file.added, file.removed);
        let lines = configuration::lines(file).into_iter().map(|line| (" ", line));
        item(&shortened(&name, NAME_MAX), lines.collect())
    }));
    items
}

/// A line that unfolds, or just a line.
fn item(name: &str, inside: Vec<Signed>) -> MarkdownItem {
    let brief = format!("\n- {}\n", span(name));
    if inside.is_empty() {
        return MarkdownItem { full: brief.clone(), brief };
    }
    let inside: Vec<String> = inside.into_iter().map(|(_, line)| inert(&line)).collect();
    let block = block("diff", &inside);
    let full =
        format!("\n<details><summary>{}</summary>\n\n{block}\n</details>\n", html_code(name));
    MarkdownItem { brief, full }
}
