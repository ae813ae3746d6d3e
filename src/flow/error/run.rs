//! Why a command was not run, or what it did could not be recorded.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::flow;
use crate::model::entry::Revision;

/// A reason for which a command works on another state than the stack's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Detour {
    /// `-chdir=`, with this directory.
    #[error("`-chdir={0}`")]
    ChangedDirectory(String),
    /// The directory in which an engine is started.
    #[error("the directory {0}")]
    Directory(String),
    /// A word that names the file of a state.
    #[error("`{0}`")]
    StateFile(String),
    /// The workspace that is selected for an engine.
    #[error("the selected workspace `{selected}`")]
    Workspace {
        /// Its name.
        selected: String,
        /// The engine's name, as typed.
        engine: String,
    },
    /// The same, by the environment.
    #[error("`TF_WORKSPACE={0}`")]
    WorkspaceVariable(String),
}

/// Why a command was not run, or what it did could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such program.
    #[error("there is no program `{name}`")]
    NoProgram {
        /// The program's name, as typed.
        name: String,
    },
    /// It would change another state than the stack's, which is watched.
    #[error("{by} sends the command to another state than that of {root}, workspace {workspace}")]
    AnotherPlace {
        /// The word, the directory or the workspace that does so.
        by: Detour,
        /// The stack's directory.
        root: String,
        /// The stack's workspace.
        workspace: String,
    },
    /// A hold forbids the configuration that would be applied.
    #[error("what would be applied is held since revision {hold}: {why}")]
    Held {
        /// The hold.
        hold: Revision,
        /// The holder's name, and the reason.
        why: String,
        /// Until when.
        until: Option<Timestamp>,
        /// The commit that is held.
        commit: Option<String>,
    },
    /// Something was left open that has to be resolved first.
    #[error("something is left to be resolved first")]
    Unsettled {
        /// The open matters, in clauses.
        matters: Vec<String>,
    },
    /// There is nowhere to keep what it would print.
    #[error("cannot keep a journal in `{place}`")]
    NoJournal {
        /// The last directory that was tried.
        place: String,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// The command has ended, and that could not be recorded.
    #[error("the command has ended, and what it did could not be recorded")]
    NotRecorded {
        /// The intent that has no outcome now.
        intent: Revision,
        /// Its exit code; none when a signal ended it.
        code: Option<i32>,
        /// The journal, which is kept.
        journal: PathBuf,
        /// Why not.
        #[source]
        source: Box<flow::Error>,
    },
}
