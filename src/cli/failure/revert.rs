//! Hints for a revert that was refused, stopped half-way, or is not proven.

use super::{Failure, flow_failure, kept, never, plain, unrecorded};
use crate::cli::exit::Exit;
use crate::flow::Error;

/// The failure of a revert.
#[expect(clippy::wildcard_enum_match_arm, reason = "the caller lists the errors of a revert")]
pub(super) fn failure(error: &Error) -> Failure {
    match error {
        Error::HalfDone { intent, interrupted, source } => {
            let exit = interrupted.map_or(Exit::Refused, Exit::of_signal);
            let stopped = source.as_deref().map_or_else(|| plain(exit, error), flow_failure);
            stopped
                .not_done("the second of two steps; the objects that had to go first are destroyed")
                .now(format!("the record of the first step is revision {intent}"))
                .next("unapply revert   (goes on from the state as it is)")
        }
        Error::NotProven(source) => plain(Exit::NotVerified, error)
            .details([flow_failure(source).what().to_owned()])
            .now("the apply of the revert has succeeded, and is on record")
            .next("unapply snapshot   (once that is mended)")
            .next("unapply mark good --verify   (the proof)"),
        Error::NotRecorded { intent, place, source, .. } => plain(flow_failure(source).exit, error)
            .not_done("its outcome is not in the log, and nothing was verified")
            .now(format!(
                "revision {intent} says what was begun; what the engine said is kept in {}",
                place.display()
            ))
            .next(unrecorded::next(source)),
        Error::Needed(_) => plain(Exit::Refused, error)
            .now("the stack is as it was")
            .next("unapply revert --plan-only   (shows all of it)"),
        Error::TwoSteps { objects, obstacle } => kept::two_steps(error, objects, obstacle),
        _ => never::not_applied(error),
    }
}
