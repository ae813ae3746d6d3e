//! An intent in the log, until its outcome is there too.
//!
//! Every step that cannot be taken back lies between the two. If the process dies in between, the
//! log has an intent alone, and the next command finds it. Nothing is decided here about what an
//! outcome is.

use std::time::Duration;

use super::Error;
use super::ports::Job;
use crate::model::entry::{Body, Entry, RevertIntent, RevertOutcome, Revision};
use crate::model::run::{RunIntent, RunOutcome};
use crate::store::{self, After};

/// A step that is about to be taken.
#[derive(Debug)]
pub enum Intent {
    /// A command is about to be started.
    Run(Box<RunIntent>),
    /// A plan is about to be applied.
    Revert(Box<RevertIntent>),
}

/// The end of a step, as it was seen or found.
#[derive(Debug)]
pub enum Outcome {
    /// Of a command.
    Run(Box<RunOutcome>),
    /// Of a revert.
    Revert(RevertOutcome),
}

/// An intent that is in the log and has no outcome there.
///
/// Only [`conclude`](Self::conclude) ends it. Dropping it unseen does not compile cleanly:
///
/// ```compile_fail
/// # #![deny(unused_must_use)]
/// # use unapply::flow::intent::OpenIntent;
/// # use unapply::model::entry::Entry;
/// fn forgetful(intent: fn() -> OpenIntent) {
///     intent();
/// }
/// ```
///
/// ```
/// # #![deny(unused_must_use)]
/// # use unapply::flow::intent::OpenIntent;
/// fn careful(intent: fn() -> OpenIntent) -> OpenIntent {
///     intent()
/// }
/// ```
#[derive(Debug)]
#[must_use = "an intent without an outcome stands in the way of what follows: conclude it"]
pub struct OpenIntent {
    entry: Entry,
}

impl OpenIntent {
    /// Records an intent directly after `after`; on return it is durable.
    pub fn record(job: &Job<'_>, after: After, intent: Intent) -> Result<Self, Error> {
        let body = match intent {
            Intent::Run(intent) => Body::RunIntent(intent),
            Intent::Revert(intent) => Body::RevertIntent(intent),
        };
        Ok(Self { entry: job.record(after, body)? })
    }

    /// An intent of a process that is gone, as the log has it; none if the entry is no intent.
    pub fn found(entry: &Entry) -> Option<Self> {
        let is_intent = matches!(entry.recorded.body, Body::RunIntent(_) | Body::RevertIntent(_));
        is_intent.then(|| Self { entry: entry.clone() })
    }

    /// Its entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its revision.
    pub fn revision(&self) -> Revision {
        self.entry.revision
    }

    /// Records the outcome, whichever intent it names: it is of this one. A store that fails is
    /// asked again after each of the `waits`. On an error the log has the intent still, and the next
    /// command finds it.
    pub fn conclude(
        self,
        job: &Job<'_>,
        outcome: Outcome,
        waits: &[Duration],
    ) -> Result<Entry, Error> {
        let intent = self.entry.revision;
        let body = match outcome {
            Outcome::Run(outcome) => Body::RunOutcome(Box::new(RunOutcome { intent, ..*outcome })),
            Outcome::Revert(outcome) => Body::RevertOutcome(RevertOutcome { intent, ..outcome }),
        };
        // An outcome that the store did not acknowledge is not recorded a second time.
        let nonce = store::nonce()?;
        let mut waits = waits.iter();
        loop {
            match (job.record_once(nonce, body.clone()), waits.next()) {
                (Err(Error::Store(_)), Some(wait)) => job.ports.clock.pause(*wait),
                (recorded, _) => return recorded,
            }
        }
    }
}
