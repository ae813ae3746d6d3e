//! `unapply diff`: what changed between two states, and between the configurations behind them.

mod configured;
mod show;

use std::thread;

use self::configured::Both;
use self::show::Shown;
use super::overwritten::{Overwritten, overwritten};
use super::side::{Side, load_side, not_found, unreadable};
use super::{Opened, Session};
use crate::cli::args::{DiffArguments as Arguments, DiffPart};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::codec::state::narrow::{Narrowed, Source, Unreadable, Which, narrow};
use crate::engine::diff::{Diff, diff_narrowed};
use crate::engine::good::last_known_good;
use crate::engine::redact::{Lessons, Redactor};
use crate::engine::selector::{NotFound, Selector, parse_range};
use crate::flow::ports::Stack;
use crate::model::entry::{Body, Entry};
use crate::model::pattern::Pattern;

/// Where a stack's entries come from.
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
    let (before, after) = sides(session, context.as_ref(), (&from, &to))?;
    let knowledge = match &context {
        Some(context) => context.stack.knowledge.clone(),
        None => session.settings()?.knowledge,
    };
    let (old, new) = (before.source(), after.source());
    let (narrowed, redactor) = read(&old, &new).map_err(|Unreadable { which, error }| {
        let side = if which == Which::Before { &before } else { &after };
        side.unreadable(error)
    })?;
    let place = context.as_ref().map(|context| (&context.opened, &context.stack));
    let configurations = Both::load(session, context.as_ref(), arguments, [&before, &after]);
    let redactor = configurations.teach(session.fingerprinted(redactor, place));
    let mut found = diff_narrowed(&narrowed, &old, &redactor, &knowledge);
    let parts = [&narrowed.before, &narrowed.after];
    let configuration = configurations.compare(arguments, parts, &redactor)?;
    for side in [&before, &after] {
        side.check_unchanged()?;
    }
    let data = narrow_down(&mut found, arguments);
    let fixes = fixes(session, arguments, context.as_ref(), &after);
    let labels = (before.label(narrowed.before.serial), after.label(narrowed.after.serial));
    let is_empty = found.is_empty() && configuration.is_empty_for(arguments.only);
    let stack = context.as_ref().map(|context| &context.stack);
    show::print(session, arguments, Shown { stack, labels, found, data, fixes, configuration })?;
    let asked = arguments.detailed_exitcode && !is_empty;
    Ok(if asked { Exit::Differences } else { Exit::Done })
}

fn context(session: &Session) -> Result<Context, Failure> {
    let (settings, stack) = session.one()?;
    let opened = session.open(&settings)?;
    let log = session.ports(&opened).repository.log(&stack.name)?;
    Ok(Context { opened, stack, log })
}

/// Smaller states are read sooner than a thread is started.
const APART_BYTES_MIN: usize = 1024 * 1024;

/// Both states as far as they differ, and what is secret in them. The second needs the whole of the
/// first state and takes longer: they go on side by side, and who is ready first helps.
fn read<'s>(
    old: &'s Source<'_>,
    new: &'s Source<'_>,
) -> Result<(Narrowed<'s>, Redactor), Unreadable> {
    let lessons = Lessons::of(old);
    let learn = || {
        let mut redactor = Redactor::default();
        redactor.learn_lessons(&lessons).map(|()| redactor)
    };
    let (narrowed, redactor) = if old.bytes().len() < APART_BYTES_MIN {
        (narrow(old, new), learn())
    } else {
        thread::scope(|scope| {
            let learning = scope.spawn(learn);
            let narrowed = narrow(old, new);
            let mine = learn();
            let other = learning.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (narrowed, mine.and_then(|mine| Ok(mine.and(other?))))
        })
    };
    let narrowed = narrowed?;
    let mut redactor = redactor.map_err(|error| Unreadable { which: Which::Before, error })?;
    narrowed.after.instances.iter().for_each(|instance| redactor.learn_instance(instance));
    for part in [&narrowed.before, &narrowed.after] {
        part.outputs.iter().for_each(|output| redactor.learn_output(output));
    }
    Ok((narrowed, redactor))
}

/// The fixes that the live state does not hold any more. What cannot be told of them is said, and
/// does not keep anybody from the diff.
fn fixes(
    session: &Session,
    arguments: &Arguments,
    context: Option<&Context>,
    after: &Side,
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
    (from, to): (&Selector, &Selector),
) -> Result<(Side, Side), Failure> {
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
