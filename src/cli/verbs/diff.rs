//! `unapply diff`: what changed between two states, and between the configurations behind them.

mod configured;
mod show;

use self::configured::{BothConfigurations, Compared};
use self::show::ShownDiff;
use super::overwritten::{Overwritten, overwritten};
use super::side::{StateSide, load_side, not_found, unreadable};
use super::{Opened, Session};
use crate::cli::args::{DiffArguments as Arguments, DiffPart};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::codec::state::beside::{UnreadableSide, Which};
use crate::engine::diff::{Diff, diff_beside};
use crate::engine::good::last_known_good;
use crate::engine::redact::Redactor;
use crate::engine::selector::{NotFound, Selector, parse_range};
use crate::flow::ports::Stack;
use crate::model::entry::{Body, Entry, StateRef};
use crate::model::pattern::Pattern;
use crate::model::version::Serial;

/// A stack with its open store and its log.
struct Context {
    opened: Opened,
    stack: Stack,
    log: Vec<Entry>,
}

/// Compares and shows.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let range = arguments.range.as_deref().unwrap_or("good..@");
    let (from, to) = parse_range(range).map_err(|error| unreadable(&error))?;
    let are_files = [&from, &to].iter().all(|side| matches!(side, Selector::File(_)));
    let context = if are_files { None } else { Some(context(session)?) };
    let (before, after) = sides(session, context.as_ref(), &from, &to)?;
    let ComparedSides { states: mut found, serials, configuration } =
        compare(session, context.as_ref(), arguments, [&before, &after])?;
    for side in [&before, &after] {
        side.check_unchanged()?;
    }
    let data = narrow_down(&mut found, arguments);
    let fixes = fixes(session, arguments, context.as_ref(), &after);
    let labels = (before.label(serials[0]), after.label(serials[1]));
    let is_empty = found.is_empty() && configuration.is_empty_for(arguments.only);
    let stack = context.as_ref().map(|context| &context.stack);
    show::print(
        session,
        arguments,
        ShownDiff { stack, labels, found, data, fixes, configuration },
    )?;
    let asked = arguments.detailed_exitcode && !is_empty;
    Ok(if asked { Exit::Differences } else { Exit::Done })
}

/// The differences between two sides.
struct ComparedSides {
    states: Diff,
    serials: [Serial; 2],
    configuration: Compared,
}

fn compare(
    session: &Session,
    context: Option<&Context>,
    arguments: &Arguments,
    sides: [&StateSide; 2],
) -> Result<ComparedSides, Failure> {
    let place = context.map(|context| (&context.opened, &context.stack));
    let configurations = BothConfigurations::load(session, context, arguments, sides);
    let redactor = configurations.teach(session.fingerprinted(Redactor::default(), place));
    if let Some(state) = same(sides) {
        let states = Diff { unchanged: state.resources, ..Diff::default() };
        let configuration =
            configurations.compare(arguments, [&state.writer, &state.writer], &redactor)?;
        return Ok(ComparedSides { states, serials: [state.version.serial; 2], configuration });
    }
    let knowledge = match context {
        Some(context) => context.stack.knowledge.clone(),
        None => session.settings()?.knowledge,
    };
    let [before, after] = sides;
    let mut redactor = redactor;
    let beside = redactor.beside(before.bytes(), after.bytes());
    let pair = redactor.read(&beside).map_err(|UnreadableSide { which, error }| {
        let side = if which == Which::Before { before } else { after };
        side.unreadable(error)
    })?;
    let writers = [pair.before.writer.as_ref(), pair.after.writer.as_ref()];
    let configuration = configurations.compare(arguments, writers, &redactor)?;
    let states = diff_beside(&pair, &beside, &redactor, &knowledge);
    let serials = [pair.before.serial, pair.after.serial];
    Ok(ComparedSides { states, serials, configuration })
}

/// The state of both sides, if they have one and it was read when it was recorded: then nothing has
/// to be read again to know that nothing differs.
fn same<'s>(sides: [&'s StateSide; 2]) -> Option<&'s StateRef> {
    let [before, after] = sides.map(StateSide::digest);
    let recorded = |side: &'s StateSide| side.snapshot.as_ref()?.1.state.as_ref();
    sides.into_iter().find_map(recorded).filter(|_| before.is_some() && before == after)
}

fn context(session: &Session) -> Result<Context, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let log = opened.log(&stack)?;
    Ok(Context { opened, stack, log })
}

/// Finds the fixes that the live state does not hold any more. An error is a sentence to be shown,
/// and does not stop the diff.
fn fixes(
    session: &Session,
    arguments: &Arguments,
    context: Option<&Context>,
    after: &StateSide,
) -> Result<Overwritten, String> {
    let is_asked = matches!(arguments.only, None | Some(DiffPart::State));
    let Some(Context { opened, stack, log }) = context.filter(|_| is_asked && after.is_live())
    else {
        return Ok(Overwritten::default());
    };
    if !log.iter().any(|entry| matches!(entry.recorded.body, Body::Fix(_))) {
        return Ok(Overwritten::default());
    }
    let pattern = arguments.resource.as_deref().map(Pattern::new);
    let fits = |address: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(address));
    let found = after.state().and_then(|now| overwritten(session, opened, stack, log, &now, fits));
    found.map_err(|failure| failure.what().to_owned())
}

fn sides(
    session: &Session,
    context: Option<&Context>,
    from: &Selector,
    to: &Selector,
) -> Result<(StateSide, StateSide), Failure> {
    let context = context.map(|Context { opened, stack, log }| (opened, stack, log.as_slice()));
    if let Some((_, _, log)) = context
        && *from == Selector::Good(0)
        && last_known_good(log).is_none()
    {
        return Err(not_found(&NotFound::NoGood));
    }
    Ok((load_side(session, context, from)?, load_side(session, context, to)?))
}

/// Keeps what was asked for; returns how many data sources are hidden.
fn narrow_down(found: &mut Diff, arguments: &Arguments) -> usize {
    if let Some(pattern) = arguments.resource.as_deref().map(Pattern::new) {
        let fits = |address: &str| pattern.matches(address);
        found.changes.retain(|change| fits(&change.address.to_string()));
        found.data.retain(|change| fits(&change.address.to_string()));
        found.quiet.retain(|change| fits(&change.address.to_string()));
        clear_outputs(found);
    }
    match arguments.only {
        Some(DiffPart::State) => clear_outputs(found),
        Some(DiffPart::Outputs) => clear_objects(found),
        Some(DiffPart::Config | DiffPart::Providers) => {
            clear_objects(found);
            clear_outputs(found);
        }
        None => {}
    }
    if arguments.show_hidden { 0 } else { std::mem::take(&mut found.data).len() }
}

fn clear_objects(found: &mut Diff) {
    found.changes.clear();
    found.data.clear();
    found.quiet.clear();
}

fn clear_outputs(found: &mut Diff) {
    found.outputs.clear();
    found.outputs_hidden.clear();
}
