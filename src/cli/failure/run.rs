//! Hints for a command that was not run, or whose result could not be recorded.

use super::{Failure, flow_failure, plain};
use crate::cli::exit::Exit;
use crate::flow::Error;
use crate::flow::error::run::{Detour, RunError};

pub(super) fn failure(error: &RunError) -> Failure {
    match error {
        RunError::NoProgram { .. } => {
            plain(Exit::Terraform, error).next_with_engine("unapply run -- ", "apply")
        }
        RunError::AnotherPlace { by, root, workspace } => {
            plain(Exit::Usage, error).not_done("the command was not started").next(match by {
                Detour::ChangedDirectory(place) => {
                    format!("unapply -C {place} run -- …   (without -chdir={place})")
                }
                Detour::Directory(_) => format!("unapply -C {root} run -- …"),
                Detour::StateFile(_) => {
                    "name the state in the backend's configuration, then again".to_owned()
                }
                Detour::Workspace { engine, .. } => {
                    format!("{engine} workspace select {workspace}")
                }
                Detour::WorkspaceVariable(_) => {
                    format!("TF_WORKSPACE={workspace} unapply run -- …")
                }
            })
        }
        RunError::Held { hold, until, commit, .. } => {
            let until =
                until.map_or("until it is released".to_owned(), |t| format!("until {t:.0}"));
            let commit = commit.as_ref().map_or_else(String::new, |c| format!(", commit {c}"));
            plain(Exit::Refused, error)
                .now(format!("held {until}{commit}"))
                .next(format!("unapply release {hold} --reason TEXT"))
                .next(format!("unapply show {hold}   (who held it, and why)"))
        }
        RunError::Unsettled { matters } => plain(Exit::Refused, error)
            .details(matters.iter().cloned())
            .now("the stack is as it was")
            .next(super::unsettled::RECOVER),
        RunError::NoJournal { .. } => plain(Exit::Failure, error).next(
            "name a directory with room that can be written to: XDG_STATE_HOME=DIR unapply …",
        ),
        RunError::NotRecorded { intent, code, journal, source } => {
            let ended = code.map_or("by a signal".to_owned(), |code| format!("with code {code}"));
            plain(flow_failure(source).exit, error)
                .not_done("its outcome is not in the log, and nothing was called good")
                .now(format!(
                    "it has ended {ended}; revision {intent} says what was begun, and what it \
                     printed is kept in {}",
                    journal.display()
                ))
                .next("mend the store, then: unapply run -- …   (concludes it first)")
        }
    }
}

/// Hints for a saved plan that cannot be read, or may be what is held.
pub(super) fn saved_plan(error: &Error) -> Failure {
    let Error::HoldUntold { hold, .. } = error else { return plain(Exit::Refused, error) };
    plain(Exit::Refused, error)
        .now(format!("{hold} holds a configuration, and it may be the plan's"))
        .next_with_engine("unapply run -- ", "apply   (judges the directory, and plans anew)")
        .next(format!("unapply release {hold} --reason TEXT"))
}
