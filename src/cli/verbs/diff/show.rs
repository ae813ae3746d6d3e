//! A diff on a screen, as JSON and as Markdown.

use super::configured::Compared;
use super::{Overwritten, Session};
use crate::cli::args::{DiffArguments as Arguments, DiffPart, Format};
use crate::cli::failure::Failure;
use crate::cli::json::DiffOut;
use crate::cli::output::inert;
use crate::cli::render::attributes::Extent;
use crate::cli::render::comment::{Amount, CommentFrame, comment};
use crate::cli::render::configuration;
use crate::cli::render::diff::{DiffView, Quiet, body, hidden, summary, verdict};
use crate::cli::render::markdown::outside;
use crate::engine::diff::Diff;
use crate::flow::ports::Stack;

/// A diff that is to be printed.
pub(super) struct ShownDiff<'a> {
    /// The stack that it is of.
    pub stack: Option<&'a Stack>,
    /// The names of the two sides.
    pub labels: (String, String),
    /// Differences between the states.
    pub found: Diff,
    /// How many data sources are only counted.
    pub data: usize,
    /// Manual fixes that are not there any more.
    pub fixes: Result<Overwritten, String>,
    /// Differences between the configurations.
    pub configuration: Compared,
}

/// Prints it in the format that was asked for.
pub(super) fn print(
    session: &Session,
    arguments: &Arguments,
    shown: ShownDiff<'_>,
) -> Result<(), Failure> {
    match session.format() {
        Format::Table => session.data(&screen(session, arguments, shown)),
        Format::Md => session.data(&markdown(arguments, shown)),
        Format::Json | Format::Ndjson => json(session, arguments, shown),
    }
}

fn json(session: &Session, arguments: &Arguments, shown: ShownDiff<'_>) -> Result<(), Failure> {
    let (before, after) = shown.labels;
    let mut out = DiffOut::new(before, after, &shown.found);
    let Compared { diff, problem } = &shown.configuration;
    out.configuration = (arguments.only != Some(DiffPart::State)).then(|| diff.into());
    out.configuration_problem.clone_from(problem);
    if !arguments.show_hidden {
        out = out.counted(shown.data);
    }
    match shown.fixes {
        Ok(fixes) => out.overwritten_fixes = fixes.out,
        Err(problem) => out.fixes_problem = Some(problem),
    }
    session.json("unapply.diff", shown.stack, out)
}

fn markdown(arguments: &Arguments, shown: ShownDiff<'_>) -> String {
    let (verdict, summary) = sentences(arguments, &shown);
    let summary = if is_of_configurations(arguments) { outside(&summary) } else { summary };
    let fixes = match shown.fixes {
        Ok(fixes) => fixes.sentences,
        Err(problem) => vec![format!("they cannot be told: {problem}")],
    };
    let range = arguments.range.as_deref().map_or(String::new(), |range| format!(" {range}"));
    let stack = shown.stack.map(|stack| stack.name.to_string());
    let frame = CommentFrame {
        stack: stack.as_deref(),
        verdict: &verdict,
        summary: &summary,
        sides: (&shown.labels.0, &shown.labels.1),
        configuration: &shown.configuration.diff,
        data: shown.data,
        fixes: &fixes,
        command: &inert(&format!("unapply diff{range}")),
    };
    let extent = if arguments.stat { Amount::Numbers } else { Amount::Everything };
    comment(&shown.found, view(arguments), extent, &frame)
}

fn fixes_section(
    session: &Session,
    arguments: &Arguments,
    fixes: Result<Overwritten, String>,
) -> String {
    let paint = session.output.data_paint;
    match fixes {
        Err(problem) => {
            format!("{} manual fixes cannot be told: {}\n", paint.yellow("!"), inert(&problem))
        }
        Ok(fixes) if fixes.out.is_empty() => String::new(),
        Ok(fixes) => {
            let word = if fixes.out.len() == 1 { "fix" } else { "fixes" };
            let mut text =
                format!("{} {} manual {word} overwritten\n", paint.yellow("!"), fixes.out.len());
            if !arguments.stat {
                for sentence in &fixes.sentences {
                    text.push_str(&format!("    {sentence}\n"));
                }
            }
            text
        }
    }
}

/// The next command, where there is something to do.
fn next(arguments: &Arguments, found: &Diff) -> &'static str {
    if arguments.range.is_none() && !found.is_empty() {
        "next: unapply revert --plan-only · unapply revert\n"
    } else {
        ""
    }
}

/// Chooses how much is shown: with `--resource`, all of each object.
fn view(arguments: &Arguments) -> DiffView {
    DiffView {
        extent: if arguments.resource.is_some() { Extent::Full } else { Extent::Brief },
        hidden: if arguments.show_hidden { Quiet::Named } else { Quiet::Counted },
    }
}

/// Whether only the configurations are asked for.
fn is_of_configurations(arguments: &Arguments) -> bool {
    matches!(arguments.only, Some(DiffPart::Config | DiffPart::Providers))
}

/// Returns the verdict, and the numbers.
fn sentences(arguments: &Arguments, shown: &ShownDiff<'_>) -> (String, String) {
    if !is_of_configurations(arguments) {
        return (verdict(&shown.found), summary(&shown.found));
    }
    match configuration::summary(&shown.configuration.diff) {
        Some(summary) => ("The configurations differ.".to_owned(), summary),
        None => ("The configurations do not differ.".to_owned(), "nothing".to_owned()),
    }
}

fn screen(session: &Session, arguments: &Arguments, shown: ShownDiff<'_>) -> String {
    let paint = session.output.data_paint;
    let (verdict, summary) = sentences(arguments, &shown);
    let ShownDiff { stack, labels: (before, after), found, data, fixes, configuration } = shown;
    let name = stack.map_or(String::new(), |stack| format!("{}   ", stack.name));
    let heading = format!("{name}{}  →  {}", inert(&before), inert(&after));
    let mut text = format!("{}\n{verdict}\n\n", paint.bold(&heading));
    if !arguments.stat {
        let mut body = body(&found, view(arguments), paint);
        if is_of_configurations(arguments) {
            body.push_str(&configuration::body(&configuration.diff, paint));
        }
        if !body.is_empty() {
            text.push_str(&body);
            text.push('\n');
        }
    }
    text.push_str(&format!("Summary: {summary}\n"));
    if let Some(hidden) = hidden(&found, data) {
        let flag = if arguments.show_hidden { "" } else { " · --show-hidden" };
        text.push_str(&format!("hidden: {hidden}{flag}\n"));
    }
    if arguments.only.is_none() {
        text.push_str(&configuration_section(arguments, &configuration));
    }
    text.push_str(&fixes_section(session, arguments, fixes));
    text.push_str(next(arguments, &found));
    text
}

/// How much the configurations differ, and what shows it.
fn configuration_section(arguments: &Arguments, compared: &Compared) -> String {
    let mut text = String::new();
    if let Some(summary) = configuration::summary(&compared.diff) {
        let range = arguments.range.as_deref().map_or(String::new(), |range| format!(" {range}"));
        let has_files = !(compared.diff.files.is_empty() && compared.diff.variables.is_empty());
        let more = if has_files {
            inert(&format!(" · unapply diff{range} --only config"))
        } else {
            String::new()
        };
        text.push_str(&format!("configuration: {summary}{more}\n"));
    }
    if let Some(problem) = &compared.problem {
        text.push_str(&format!("configuration: {}\n", inert(problem)));
    }
    text
}
