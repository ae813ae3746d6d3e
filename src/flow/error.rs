//! Why a use case stopped.
//!
//! A variant per decision that a caller could take. Hints and exit codes are the command line's;
//! texts of Terraform have passed the redactor before they come here.

pub mod configuration;
pub mod drift;
pub mod recover;
pub mod run;
pub mod two_steps;

use std::path::PathBuf;

use self::configuration::ConfigurationError;
use self::drift::DriftError;
use self::recover::Refusal;
use self::run::RunError;
use self::two_steps::NoFirstStep;
use crate::codec::{bundle, plan, planfile, state};
use crate::engine::compat::VersionObstacle;
use crate::engine::pin::Mismatch;
use crate::model::entry::{ApplyOutcome, Body, EngineKind, Entry, Revision};
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::version::Serial;
use crate::model::word::Word as _;
use crate::port::terraform;
use crate::store;
use crate::terraform::{check, directory, workdir};

/// Why a use case stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Terraform refused or failed.
    #[error(transparent)]
    Terraform(#[from] terraform::Error),
    /// The working directory cannot be understood.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The configuration cannot be captured.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// A stored configuration cannot be read.
    #[error("the configuration of revision {revision} cannot be read")]
    Bundle {
        /// The snapshot.
        revision: Revision,
        /// Why.
        #[source]
        source: bundle::Error,
    },
    /// A state could not be re-keyed.
    #[error("the state cannot be re-keyed")]
    Rekey(#[source] state::Error),
    /// A re-keyed state is not what was decided: a defect of ours, found before anything was done.
    #[error("the re-keyed state is not what was decided")]
    Misplaced,
    /// Objects would have to be destroyed with the failed configuration first, and cannot be.
    #[error("cannot be taken back in two steps: {}: {obstacle}", .objects.join(", "))]
    TwoSteps {
        /// Which objects, safe to show.
        objects: Vec<String>,
        /// The obstacle to the first step.
        obstacle: NoFirstStep,
    },
    /// Excluded objects would change all the same: something else that is wanted is made from them.
    #[error("cannot be excluded, since something else that is to be done is made from it: {}", .0.join(", "))]
    Needed(Vec<String>),
    /// A configuration cannot be packed.
    #[error("the configuration cannot be stored")]
    Unpackable(#[source] bundle::Error),
    /// A saved plan cannot be read.
    #[error("cannot use the saved plan `{path}`")]
    PlanFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: planfile::Error,
    },
    /// Nothing tells whether a saved plan is what is held.
    #[error("cannot tell whether the saved plan `{path}` is held: it is encrypted")]
    HoldUntold {
        /// The file.
        path: String,
        /// The newest hold.
        hold: Revision,
    },
    /// The private directory cannot be used.
    #[error(transparent)]
    Workdir(#[from] workdir::Error),
    /// Terraform's JSON of a plan cannot be read.
    #[error(transparent)]
    Plan(#[from] plan::Error),
    /// A file cannot be read or written.
    #[error("cannot use `{path}`")]
    Io {
        /// The file.
        path: String,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// The present state cannot be read as one; its bytes are kept.
    #[error("{problem} ({found})")]
    Unreadable {
        /// The problem.
        problem: state::Error,
        /// The file or backend in which it was found.
        found: String,
        /// The entry that keeps the bytes.
        evidence: Option<Revision>,
        /// The newest snapshot whose state could be read.
        last: Option<Revision>,
    },
    /// A stack encrypts its state, and nothing in the store is encrypted.
    #[error("this stack's state is encrypted, and what is kept in `{place}` is not")]
    Unencrypted {
        /// The store.
        place: String,
    },
    /// The engine at hand was assumed, and the present state is the other one's.
    #[error(
        "the state has providers of {} alone, and nothing has named {running}",
        theirs.registry()
    )]
    OtherEngine {
        /// The engine whose state it is.
        theirs: EngineKind,
        /// The program that was assumed.
        running: String,
    },
    /// A stored state cannot be read as one.
    #[error("the state of revision {revision} cannot be read: {problem}")]
    StoredState {
        /// The snapshot.
        revision: Revision,
        /// The problem.
        problem: String,
    },
    /// There is no state now, and there was one.
    #[error("state lost: there is none at {found}, and revision {last} has one")]
    StateGone {
        /// The file or backend that was asked.
        found: String,
        /// The newest snapshot with a state.
        last: Revision,
    },
    /// The state belongs to another stack.
    #[error("{mismatch}")]
    Foreign {
        /// In what.
        mismatch: Mismatch,
        /// The entry that keeps the bytes.
        evidence: Option<Revision>,
    },
    /// The state went back, or two writers were at work.
    #[error("the state's serial is {found}, and revision {newest} has {recorded}{}", if found == recorded { " with other content" } else { "" })]
    Rewound {
        /// The serial now.
        found: Serial,
        /// The newest snapshot before.
        newest: Revision,
        /// Its serial.
        recorded: Serial,
    },
    /// The revision is no snapshot, or lacks what is needed.
    #[error("revision {revision} {problem}")]
    Unfit {
        /// The revision.
        revision: Revision,
        /// The reason, in a clause that begins with a verb.
        problem: &'static str,
    },
    /// The revision keeps bytes that are no state of this stack, or cannot be read as one.
    #[error("revision {revision} keeps what was found and is no snapshot: {problem}")]
    Kept {
        /// The revision.
        revision: Revision,
        /// Why it is none.
        problem: String,
    },
    /// Runs of this backend happen elsewhere.
    #[error("runs of the backend `{kind}` happen on another machine")]
    RemoteExecution {
        /// `cloud` or `remote`.
        kind: String,
    },
    /// A run or a revert that was begun before is at work still.
    #[error("{what} {intent} is under way ({who})")]
    UnderWay {
        /// `run` or `revert`.
        what: &'static str,
        /// Its intent.
        intent: Revision,
        /// Which process, and where.
        who: String,
    },
    /// Something is open from before, and nothing may be built on the state until it is resolved.
    #[error("{} open from before", if .0.len() == 1 { "a matter is" } else { "matters are" })]
    Unsettled(Vec<String>),
    /// Variables of the good configuration have no value.
    #[error("no value for {}", .0.iter().map(|name| format!("`var.{name}`")).collect::<Vec<_>>().join(", "))]
    MissingVariables(Vec<String>),
    /// The plan is not one that may be applied.
    #[error("the plan is incomplete: {0}")]
    IncompletePlan(String),
    /// The apply ran, and how it ended could not be recorded.
    #[error("the apply has ended ({}), and that could not be recorded", .outcome.name())]
    NotRecorded {
        /// The intent that has no outcome now.
        intent: Revision,
        /// How the apply ended.
        outcome: ApplyOutcome,
        /// The private directory, kept with what Terraform said.
        place: PathBuf,
        /// Why not.
        #[source]
        source: Box<Self>,
    },
    /// The first of two steps is done, and the second cannot follow under the same consent.
    #[error("the rest of the revert is not what was agreed to")]
    HalfDone {
        /// The intent of the first step.
        intent: Revision,
        /// The signal for which Terraform was asked to stop, if it was.
        interrupted: Option<i32>,
        /// The error that stands in the way of the second, if there is one.
        #[source]
        source: Option<Box<Self>>,
    },
    /// A revert was applied, and the state that it left could not be captured.
    #[error("the revert was applied, and its proof is missing: the state could not be captured")]
    NotProven(#[source] Box<Self>),
    /// Hazards stand that were not accepted.
    #[error("{} not accepted", if .0.len() == 1 { "a hazard is" } else { "hazards are" })]
    Hazards(Vec<Hazard>),
    /// The world moved between the plan and the consent.
    #[error("{what} changed after the plan was made")]
    Moved {
        /// The thing that changed.
        what: &'static str,
    },
    /// Files that an apply made in a private directory could not be carried back to their places.
    #[error("what a revert made could not be carried back to its place")]
    NotCarried(Vec<String>),
    /// A plan has written a real file: it is too large to be copied, so the private copy links to it.
    #[error("a plan has written the real file `{path}`")]
    WrittenByAPlan {
        /// The file.
        path: String,
    },
    /// The live state is not the snapshot's, so nothing can be said of the snapshot by planning.
    #[error("the live state is no longer that of revision {revision}")]
    NotPresent {
        /// The snapshot.
        revision: Revision,
    },
    /// A follow-up plan was not empty.
    #[error("a plan of revision {revision} is not empty")]
    NotEmpty {
        /// The snapshot.
        revision: Revision,
        /// The changes that it proposes, without values.
        proposes: Vec<String>,
    },
    /// Nothing can be told of drift, or a fix cannot be recorded.
    #[error(transparent)]
    Drift(#[from] DriftError),
    /// A command was not run, or what it did could not be recorded.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The revert cannot be planned with the versions at hand.
    #[error(transparent)]
    Unsuitable(#[from] VersionObstacle),
    /// A matter that is open cannot be resolved that way.
    #[error(transparent)]
    Recover(#[from] Refusal),
    /// A check of the stack did not pass.
    #[error(transparent)]
    Check(#[from] check::Failed),
    /// A signal asks unapply to stop.
    #[error("interrupted before {before}")]
    Interrupted {
        /// The step that was not done.
        before: &'static str,
        /// The signal that asked.
        signal: i32,
    },
}

impl Error {
    /// The first error of the engine's own, if one of its commands has failed.
    pub fn said(&self) -> Option<&str> {
        if let Self::Terraform(error) = self { error.said() } else { None }
    }

    /// The hazard that this is, if it is one: none of these can be accepted.
    pub fn hazard(&self) -> Option<HazardKind> {
        if matches!(self, Self::Moved { .. } | Self::Terraform(terraform::Error::StalePlan)) {
            Some(HazardKind::StateMoved)
        } else if matches!(self, Self::Foreign { mismatch: Mismatch::Lineage { .. }, .. }) {
            Some(HazardKind::Lineage)
        } else if matches!(self, Self::IncompletePlan(_)) {
            Some(HazardKind::IncompletePlan)
        } else {
            None
        }
    }

    /// For an intent whose process is at work.
    pub fn under_way(intent: &Entry, who: String) -> Self {
        let what =
            if matches!(intent.recorded.body, Body::RunIntent(_)) { "run" } else { "revert" };
        Self::UnderWay { what, intent: intent.revision, who }
    }

    /// For an entry that is asked for as a snapshot and is none.
    pub fn no_snapshot(entry: &Entry) -> Self {
        let revision = entry.revision;
        if let Body::Evidence(kept) = &entry.recorded.body {
            Self::Kept { revision, problem: kept.problem.clone() }
        } else {
            Self::Unfit { revision, problem: "is no snapshot" }
        }
    }
}
