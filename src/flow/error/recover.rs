//! Why an unsettled matter cannot be resolved that way.

use crate::model::entry::Revision;

/// Why a matter that is open cannot be resolved that way.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A state that was left behind is not pushed.
    #[error("the state that was left behind is not pushed: {why}")]
    NotPushable {
        /// The evidence of it, when it is in the log.
        matter: Option<Revision>,
        /// In a clause.
        why: String,
    },
    /// It was pushed, and the backend has something else.
    #[error("the state was pushed, and what the backend has now is not it")]
    NotReadBack {
        /// The entry that keeps it.
        evidence: Revision,
    },
    /// A file that was given is no state.
    #[error("`{path}` is no state that can be pushed: {problem}")]
    NotAState {
        /// The file.
        path: String,
        /// The problem with the file.
        problem: String,
    },
    /// The revision leaves nothing open.
    #[error("revision {0} leaves nothing open")]
    NothingOpen(Revision),
    /// More than one matter is open, and the command does not say which one is meant.
    #[error("{} matters are open: {}", .0.len(), listed(.0))]
    Which(Vec<Revision>),
    /// The matter has no such object.
    #[error("`{address}` is no open object of revision {matter}")]
    NoSuchObject {
        /// The matter.
        matter: Revision,
        /// The address that was asked for.
        address: String,
    },
}

impl Refusal {
    /// For a revert that was not seen to end and left a state behind: the backend's is behind
    /// reality.
    pub fn left_by(evidence: Revision) -> Self {
        let why = "nobody has decided about it yet".to_owned();
        Self::NotPushable { matter: Some(evidence), why }
    }
}

fn listed(revisions: &[Revision]) -> String {
    revisions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
