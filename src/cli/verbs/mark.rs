//! `unapply mark`: calls a snapshot good or bad.

use super::{Session, side};
use crate::cli::args::{Format, MarkArguments as Arguments, MarkVerdict};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{EntryOut, MarkOut};
use crate::engine::good::{edited_sentence, edited_since};
use crate::flow::mark::{Proof, WhenNotEmpty, bad, good};
use crate::flow::ports::Job;
use crate::model::good::Grade;

/// Marks.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let ports = session.ports(&opened, &stack);
    let log = ports.repository.log(&stack.name)?;
    let job = Job::new(&ports, &stack, &settings.author);
    let (said, line, note) = match &arguments.verdict {
        MarkVerdict::Good { revision, verify, residual } => {
            let target = side::entry(session, &log, revision)?;
            let keep = if *residual { WhenNotEmpty::Keep } else { WhenNotEmpty::Refuse };
            let proof = if *verify {
                Proof::Verified { residual: keep, checks: settings.checks.clone() }
            } else {
                Proof::Word
            };
            let (said, evidence) = good(&job, &target, &proof)?;
            let word = match evidence.residual.len() {
                0 => String::new(),
                many => format!(", residual {many}"),
            };
            let since = edited_since(&log, &target).filter(|_| evidence.grade == Grade::Applied);
            let revision = target.revision;
            let problem = evidence.because.as_ref().map(|why| {
                format!("{revision} cannot be planned: {why}; it replaces no better good snapshot")
            });
            let note = problem.or(since.map(|since| edited_sentence(revision, since)));
            let line = format!("★ {} is good ({}{word})", target.revision, evidence.grade);
            (said, line, note)
        }
        MarkVerdict::Bad { revision } => {
            let target = side::entry(session, &log, revision)?;
            let said = bad(&job, &target)?;
            (said, format!("{} is bad: no revert goes back to it", target.revision), None)
        }
    };
    if session.format() == Format::Table {
        let more = note.map_or_else(String::new, |note| format!("  ! {note}\n"));
        session.data(&format!("{}: {line}\n{more}", stack.name))?;
    } else {
        session.json(
            "unapply.mark",
            Some(&stack),
            MarkOut { entry: EntryOut::new(&said, None), note },
        )?;
    }
    Ok(Exit::Done)
}
