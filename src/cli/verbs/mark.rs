//! `unapply mark`: calls a snapshot good or bad.

use super::{Session, side};
use crate::cli::args::{Format, MarkArguments as Arguments, MarkVerdict};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{EntryOut, MarkOut};
use crate::flow::mark::{Proof, WhenNotEmpty, bad, good};
use crate::flow::ports::Job;

/// Marks.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = session.open(&settings)?;
    let ports = session.ports(&opened);
    let log = ports.repository.log(&stack.name)?;
    let job = Job::new(&ports, &stack, &settings.author);
    let (said, line) = match &arguments.verdict {
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
            let line = format!("★ {} is good ({}{word})", target.revision, evidence.grade);
            (said, line)
        }
        MarkVerdict::Bad { revision } => {
            let target = side::entry(session, &log, revision)?;
            let said = bad(&job, &target)?;
            (said, format!("{} is bad: no revert goes back to it", target.revision))
        }
    };
    if session.format() == Format::Table {
        session.data(&format!("{}: {line}\n", stack.name))?;
    } else {
        session.json(
            "unapply.mark",
            Some(&stack),
            MarkOut { entry: EntryOut::new(&said, None) },
        )?;
    }
    Ok(Exit::Done)
}
