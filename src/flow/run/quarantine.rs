//! Holds what has just run and failed, because a person says so.

use super::Concluded;
use crate::flow::Error;
use crate::flow::ports::{Author, Job};
use crate::model::entry::{Body, Entry};
use crate::model::hold::{Hold, HoldScope};
use crate::store::After;

/// Holds the configuration and the commit of a run: they cannot be applied again through `run`.
pub fn hold_what_ran(job: &Job<'_>, concluded: &Concluded) -> Result<Entry, Error> {
    let intent = concluded.intent();
    let intent =
        intent.map(|revision| job.ports.repository.entry(&job.stack.name, revision)).transpose()?;
    let scope = match intent.as_ref().map(|intent| &intent.recorded.body) {
        Some(Body::RunIntent(run)) if run.configuration.is_some() || run.commit.is_some() => {
            HoldScope::Configuration {
                digests: run.configuration.into_iter().collect(),
                commits: run.commit.iter().cloned().collect(),
                target: None,
            }
        }
        // What ran is not known: nothing runs.
        _ => HoldScope::Everything,
    };
    let until = job.stack.hold.end(job.ports.clock.now());
    let reason =
        job.author.reason.clone().or_else(|| Some("a run failed, and was kept".to_owned()));
    let author = Author { reason, ..job.author.clone() };
    job.by(&author).record(After::Any, Body::Hold(Hold { scope, until }))
}
