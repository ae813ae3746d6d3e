//! `unapply diff`: what changed between two states.

use super::overwritten::{Overwritten, overwritten};
use super::side::{Side, load_side, not_found, unreadable};
use super::{Opened, Session};
use crate::cli::args::{Diff as Arguments, Format, Part};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::DiffOut;
use crate::cli::output::inert;
use crate::cli::render::attributes::Extent;
use crate::cli::render::comment::{Amount, Frame, comment};
use crate::cli::render::diff::{Quiet, View, body, hidden, summary, verdict};
use crate::engine::diff::{Diff, Facts, diff};
use crate::engine::good::last_known_good;
use crate::engine::redact::Redactor;
use crate::engine::selector::{NotFound, Selector, parse_range};
use crate::flow::Stack;
use crate::model::entry::Entry;
use crate::model::pattern::Pattern;
use crate::model::state::State;

/// Compares and shows.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let range = arguments.range.as_deref().unwrap_or("good..@");
    let (from, to) = parse_range(range).map_err(|error| unreadable(&error))?;
    let are_files = [&from, &to].iter().all(|side| matches!(side, Selector::File(_)));
    let (context, before, after) = if are_files {
        (None, load_side(session, None, &from)?, load_side(session, None, &to)?)
    } else {
        let (settings, stack) = session.one()?;
        let opened = session.open(&settings)?;
        let log = session.ports(&opened).repository.log(&stack.name)?;
        let (before, after) = sides(session, (&opened, &stack, &log), (&from, &to))?;
        (Some((opened, stack, log)), before, after)
    };
    let knowledge = match &context {
        Some((_, stack, _)) => stack.knowledge.clone(),
        None => session.settings()?.knowledge,
    };
    let (old, new) = (before.state()?, after.state()?);
    let redactor = Redactor::default().with_state(&old).with_state(&new);
    let place = context.as_ref().map(|(opened, stack, _)| (opened, stack));
    let redactor = session.fingerprinted(redactor, place);
    let mut found = diff(&old, &new, &Facts::new(&redactor, &knowledge));
    let data = narrow(&mut found, arguments);
    let fixes = match &context {
        Some((opened, stack, log)) if to == Selector::Live => {
            fixes(session, arguments, (opened, stack), (log, &new))
        }
        Some(_) | None => Ok(Overwritten::default()),
    };
    let stack = context.as_ref().map(|(_, stack, _)| stack);
    let shown = Shown { stack, sides: (&before, &after), found: &found, data, fixes };
    match session.format() {
        Format::Table => session.data(&screen(session, arguments, shown))?,
        Format::Md => session.data(&markdown(arguments, shown))?,
        Format::Json | Format::Ndjson => json(session, arguments, shown)?,
    }
    let asked = arguments.detailed_exitcode && !found.is_empty();
    Ok(if asked { Exit::Differences } else { Exit::Done })
}

/// What is to be printed.
struct Shown<'a> {
    stack: Option<&'a Stack>,
    sides: (&'a Side, &'a Side),
    found: &'a Diff,
    /// How many data sources are only counted.
    data: usize,
    fixes: Result<Overwritten, String>,
}

fn json(session: &Session, arguments: &Arguments, shown: Shown<'_>) -> Result<(), Failure> {
    let (before, after) = shown.sides;
    let mut out = DiffOut::new(before.label.clone(), after.label.clone(), shown.found);
    if !arguments.show_hidden {
        out = out.counted(shown.data);
    }
    match shown.fixes {
        Ok(fixes) => out.overwritten_fixes = fixes.out,
        Err(problem) => out.fixes_problem = Some(problem),
    }
    session.json("unapply.diff", shown.stack, out)
}

fn markdown(arguments: &Arguments, shown: Shown<'_>) -> String {
    let fixes = match shown.fixes {
        Ok(fixes) => fixes.sentences,
        Err(problem) => vec![format!("they cannot be told: {problem}")],
    };
    let range = arguments.range.as_deref().map_or(String::new(), |range| format!(" {range}"));
    let stack = shown.stack.map(|stack| stack.name.to_string());
    let frame = Frame {
        stack: stack.as_deref(),
        sides: (&shown.sides.0.label, &shown.sides.1.label),
        data: shown.data,
        fixes: &fixes,
        command: &inert(&format!("unapply diff{range}")),
    };
    let extent = if arguments.stat { Amount::Numbers } else { Amount::Everything };
    comment(shown.found, view(arguments), extent, &frame)
}

/// The fixes that the live state does not hold any more. What cannot be told of them is said, and
/// does not keep anybody from the diff.
fn fixes(
    session: &Session,
    arguments: &Arguments,
    place: (&Opened, &Stack),
    (log, now): (&[Entry], &State<'_>),
) -> Result<Overwritten, String> {
    if arguments.only == Some(Part::Outputs) {
        return Ok(Overwritten::default());
    }
    let pattern = arguments.resource.as_deref().map(Pattern::new);
    let fits = |address: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(address));
    overwritten(session, place, (log, now), fits).map_err(|failure| failure.what().to_owned())
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

fn sides(
    session: &Session,
    (opened, stack, log): (&Opened, &Stack, &[Entry]),
    (from, to): (&Selector, &Selector),
) -> Result<(Side, Side), Failure> {
    if *from == Selector::Good(0) && last_known_good(log).is_none() {
        return Err(not_found(&NotFound::NoGood));
    }
    let context = Some((opened, stack, log));
    Ok((load_side(session, context, from)?, load_side(session, context, to)?))
}

fn clear_outputs(found: &mut Diff) {
    found.outputs.clear();
    found.outputs_hidden.clear();
}

/// Keeps what was asked for; returns how many data sources are hidden.
fn narrow(found: &mut Diff, arguments: &Arguments) -> usize {
    if let Some(pattern) = arguments.resource.as_deref().map(Pattern::new) {
        let fits = |address: &str| pattern.matches(address);
        found.changes.retain(|change| fits(&change.address.to_string()));
        found.data.retain(|change| fits(&change.address.to_string()));
        found.quiet.retain(|change| fits(&change.address.to_string()));
        clear_outputs(found);
    }
    match arguments.only {
        Some(Part::State) => clear_outputs(found),
        Some(Part::Outputs) => {
            found.changes.clear();
            found.data.clear();
            found.quiet.clear();
        }
        None => {}
    }
    if arguments.show_hidden { 0 } else { std::mem::take(&mut found.data).len() }
}

/// Whoever asks for one object sees all of it.
fn view(arguments: &Arguments) -> View {
    View {
        extent: if arguments.resource.is_some() { Extent::Full } else { Extent::Brief },
        hidden: if arguments.show_hidden { Quiet::Named } else { Quiet::Counted },
    }
}

fn screen(session: &Session, arguments: &Arguments, shown: Shown<'_>) -> String {
    let Shown { stack, sides: (before, after), found, data, fixes } = shown;
    let paint = session.output.data_paint;
    let name = stack.map_or(String::new(), |stack| format!("{}   ", stack.name));
    let heading = format!("{name}{}  →  {}", inert(&before.label), inert(&after.label));
    let mut text = format!("{}\n{}\n\n", paint.bold(&heading), verdict(found));
    if !arguments.stat {
        let body = body(found, view(arguments), paint);
        if !body.is_empty() {
            text.push_str(&body);
            text.push('\n');
        }
    }
    text.push_str(&format!("Summary: {}\n", summary(found)));
    if let Some(hidden) = hidden(found, data) {
        let flag = if arguments.show_hidden { "" } else { " · --show-hidden" };
        text.push_str(&format!("hidden: {hidden}{flag}\n"));
    }
    text.push_str(&fixes_section(session, arguments, fixes));
    text.push_str(next(arguments, found));
    text
}
