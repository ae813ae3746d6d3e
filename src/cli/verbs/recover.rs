//! `unapply recover`: what a crash or a failure has left open, and the one safe next step.
//!
//! It shows everything first. A step is taken after a yes, or with `--yes`; without a terminal the
//! refusal names that flag, and nothing is written. Then it looks again, until no safe step is left.

mod screen;

use std::io::Write as _;

use super::revert::silence;
use super::{Opened, Session};
use crate::cli::args::{Format, Recover as Arguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{RecoverOut, ResolvedOut};
use crate::cli::output::inert;
use crate::cli::prompt::{Answer, ask};
use crate::cli::settings::Settings;
use crate::flow::Error;
use crate::flow::error::recover::Refusal;
use crate::flow::ports::{Job, Stack};
use crate::flow::recover::conclude::conclude;
use crate::flow::recover::look::{Case, Look, LookRequest, RecoveryStep, Whereabouts, look};
use crate::flow::recover::push::push;
use crate::flow::recover::{abandon, resolve};
use crate::model::entry::{Entry, Revision};
use crate::model::run::ResolutionKind;

/// Recovers.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let by_hand = !arguments.abandon.is_empty() || !arguments.gone.is_empty();
    if by_hand {
        return resolve_by_hand(session, &settings, &opened, &stack, arguments);
    }
    let given = arguments.push_state.as_ref().map(|file| session.world.directory.join(file));
    let only = arguments.revision.map(Revision);
    let mut request = LookRequest { only, given };
    let mut done: Vec<StepDone> = Vec::new();
    loop {
        let ports = session.ports(&opened, &stack);
        let log = ports.repository.log(&stack.name)?;
        let here = &settings.author.actor;
        let found = match look(&ports, &stack, here, &log, &request) {
            // It was, before this command resolved it.
            Err(Error::Recover(Refusal::NothingOpen(_))) if !done.is_empty() => nothing(),
            other => other?,
        };
        if done.is_empty() {
            show(session, &stack, &found)?;
        }
        let Some(step) = found.next() else {
            return finish(session, &stack, &found, &done, arguments);
        };
        if let Err(refused) = confirm(session, &stack, &step) {
            print(session, &stack, &found, &done)?;
            return Err(refused);
        }
        let resolved = take(session, &settings, &opened, &stack, &step)?;
        session.output.talk(&format!("  {} {}\n", tick(session), inert(&resolved.what)));
        if matches!(step, RecoveryStep::Push(_)) {
            request.given = None;
        }
        done.push(resolved);
    }
}

/// A step that was taken.
pub(super) struct StepDone {
    entry: Revision,
    what: String,
}

fn nothing<'a>() -> Look<'a> {
    Look { cases: Vec::new(), unread: None }
}

fn tick(session: &Session) -> String {
    session.output.talk_paint.green("✓")
}

fn show(session: &Session, stack: &Stack, found: &Look<'_>) -> Result<(), Failure> {
    if session.format() != Format::Table {
        return Ok(());
    }
    session.data(&screen::look(stack, found, session.output.data_paint))
}

/// Prints what is open as JSON; a table was shown at the beginning.
fn print(
    session: &Session,
    stack: &Stack,
    found: &Look<'_>,
    done: &[StepDone],
) -> Result<(), Failure> {
    if session.format() == Format::Table {
        return Ok(());
    }
    let done = done.iter().map(|done| ResolvedOut { entry: done.entry.0, what: done.what.clone() });
    session.json("unapply.recover", Some(stack), RecoverOut::new(found, done.collect()))
}

/// Asks for a step, unless `--yes` has answered.
fn confirm(session: &Session, stack: &Stack, step: &RecoveryStep<'_, '_>) -> Result<(), Failure> {
    if session.global.yes {
        return Ok(());
    }
    let what = screen::proposal(step);
    if let Some(why) = silence(session) {
        let refused = format!("the next step needs a yes, and nobody can be asked: {why}");
        return Err(Failure::new(Exit::NeedsConfirmation, refused)
            .details([format!("the step is to {what}")])
            .now("nothing was written")
            .next("unapply recover --yes"));
    }
    let question = format!(
        "\nThe next step for {} is to {}.\n  Only 'yes' will be accepted.\n  Enter a value: ",
        stack.name,
        inert(&what)
    );
    let stopped = |exit| {
        Failure::new(exit, "stopped".to_owned())
            .not_done(format!("to {what}"))
            .now("what was resolved before is in the log; everything else is as it was")
            .next("unapply recover")
    };
    match ask(&session.output, &session.signals, &question) {
        Answer::Line(line) if line == "yes" => Ok(()),
        Answer::Interrupted(signal) => Err(stopped(Exit::of_signal(signal))),
        Answer::Line(_) | Answer::Closed => Err(stopped(Exit::Refused)),
    }
}

/// Takes one step.
fn take(
    session: &Session,
    settings: &Settings,
    opened: &Opened,
    stack: &Stack,
    step: &RecoveryStep<'_, '_>,
) -> Result<StepDone, Failure> {
    let ports = session.ports(opened, stack);
    let job = Job::new(&ports, stack, &settings.author);
    let of_entry = |entry: &Entry, what: String| StepDone { entry: entry.revision, what };
    Ok(match step {
        RecoveryStep::Conclude(intent) => {
            let entry = conclude(&job, intent)?;
            let what = format!("revision {} is concluded by {}", intent.revision, entry.revision);
            of_entry(&entry, what)
        }
        RecoveryStep::Push(left) => {
            let pushed = push(&job, left)?;
            let aside = pushed.moved_to.as_ref().map_or_else(String::new, |path| {
                format!("; the file is {} now", session.short(path))
            });
            let what = format!(
                "pushed and read back: the backend has serial {}; kept as {}{aside}",
                pushed.serial, pushed.evidence
            );
            of_entry(&pushed.resolution, what)
        }
        RecoveryStep::IsThere(evidence) => {
            let (matter, how) = (evidence.revision, ResolutionKind::Finished);
            let entry = resolve(&job, matter, how, Vec::new())?;
            of_entry(&entry, format!("{} is in the backend already", evidence.revision))
        }
        RecoveryStep::Adopt(outcome, objects) => {
            let entry = resolve(&job, outcome.revision, ResolutionKind::Adopted, objects.clone())?;
            of_entry(&entry, format!("in the state now: {}", objects.join(", ")))
        }
    })
}

/// Records what a person says of a matter or of objects.
fn resolve_by_hand(
    session: &Session,
    settings: &Settings,
    opened: &Opened,
    stack: &Stack,
    arguments: &Arguments,
) -> Result<Exit, Failure> {
    let (how, objects) = if arguments.gone.is_empty() {
        if settings.author.reason.is_none() {
            return Err(Failure::new(
                Exit::Usage,
                "to give something up needs a reason".to_owned(),
            )
            .next("unapply recover REV --abandon --reason TEXT"));
        }
        let named = arguments.abandon.iter().filter(|address| !address.is_empty());
        (ResolutionKind::Abandoned, named.cloned().collect::<Vec<_>>())
    } else {
        (ResolutionKind::Adopted, arguments.gone.clone())
    };
    let ports = session.ports(opened, stack);
    let wanted = arguments.revision.map(Revision);
    let entry = abandon(&Job::new(&ports, stack, &settings.author), wanted, how, objects.clone())?;
    let what = match (how, objects.as_slice()) {
        (ResolutionKind::Adopted, objects) => format!("known not to exist: {}", objects.join(", ")),
        (_, []) => "abandoned".to_owned(),
        (_, objects) => format!("abandoned: {}", objects.join(", ")),
    };
    let done = StepDone { entry: entry.revision, what };
    if session.format() == Format::Table {
        let line = format!("{}: {} (revision {})\n", stack.name, inert(&done.what), done.entry);
        session.data(&line)?;
        return Ok(Exit::Done);
    }
    let log = ports.repository.log(&stack.name)?;
    let found = look(&ports, stack, &settings.author.actor, &log, &LookRequest::default())?;
    print(session, stack, &found, &[done])?;
    Ok(Exit::Done)
}

/// Ends where no safe step is left: shows what is open, and fails if it stands in the way.
fn finish(
    session: &Session,
    stack: &Stack,
    found: &Look<'_>,
    done: &[StepDone],
    arguments: &Arguments,
) -> Result<Exit, Failure> {
    if !done.is_empty() {
        show(session, stack, found)?;
    }
    print(session, stack, found, done)?;
    if let Some(file) = &arguments.write {
        write_blocks(session, found, &session.world.directory.join(file))?;
    }
    if let Some((intent, who)) = found.living() {
        return Err(Failure::from(Error::under_way(intent, who.to_owned())));
    }
    let in_the_way: Vec<&Case<'_>> =
        found.cases.iter().filter(|case| case.stands_in_the_way()).collect();
    if in_the_way.is_empty() {
        return Ok(Exit::Done);
    }
    let word = if in_the_way.len() == 1 { "matter stands" } else { "matters stand" };
    let what = format!("{} {word} in the way of a revert", in_the_way.len());
    let failure = Failure::new(Exit::Refused, what)
        .not_done("no step is left that is safe to take without a person")
        .now("what was resolved is in the log; everything else is as it was");
    Err(in_the_way.into_iter().flat_map(screen::ways_out).fold(failure, Failure::next))
}

/// Writes the blocks that give lost objects to a configuration; nothing is overwritten.
fn write_blocks(
    session: &Session,
    found: &Look<'_>,
    path: &std::path::Path,
) -> Result<(), Failure> {
    let blocks: Vec<String> = found
        .cases
        .iter()
        .filter_map(|case| match case {
            Case::Lost { objects, .. } => Some(objects),
            Case::UnderWay { .. } | Case::Ended { .. } | Case::Left(_) | Case::MayExist { .. } => {
                None
            }
        })
        .flatten()
        .filter(|object| object.whereabouts == Whereabouts::Nowhere)
        .filter_map(crate::flow::recover::look::OpenObject::import_block)
        .collect();
    let mut options = std::fs::File::options();
    let opened = options.write(true).create_new(true).open(path);
    opened.and_then(|mut file| file.write_all(blocks.join("\n").as_bytes())).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot write `{}`", path.display()))
            .caused_by(&error)
            .now("nothing that is there is overwritten")
            .next("unapply recover --write ANOTHER.tf")
    })?;
    session.output.talk(&format!("  {} {}\n", tick(session), inert(&session.short(path))));
    Ok(())
}
