//! Records how things are after an intent whose process is gone and was not seen to end.
//!
//! The remains in the journal or in the private directory go into the store first, then the state
//! as it is, then the outcome `unknown`. It waits for no process: whether the process lives is
//! asked before.

use std::path::Path;

use crate::codec::events::{EventReader, Stream};
use crate::engine::apply_report::{Ending, Invocations};
use crate::engine::revert::besides::safe_invocation;
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::Error;
use crate::flow::error::recover::Refusal;
use crate::flow::intent::{OpenIntent, Outcome};
use crate::flow::keeping::{Keeper, keep_errored_state, kept_if_allowed};
use crate::flow::ports::Job;
use crate::flow::recorded::read_if_there;
use crate::flow::redaction::known_secrets;
use crate::flow::run::conclude_open;
use crate::flow::snapshot::{self, Captured, ConfigurationFrom, SnapshotRequest, WhenUnchanged};
use crate::model::configuration::{BlobId, ConfigurationRef};
use crate::model::entry::{
    ApplyOutcome, Body, Cause, Entry, RevertIntent, RevertOutcome, Revision,
};
use crate::model::invocation::ReportedInvocation;
use crate::terraform::workdir::{carry_back_left, events_left};

/// Concludes an open run or revert; refused while its process lives.
pub fn conclude(job: &Job<'_>, intent: &Entry) -> Result<Entry, Error> {
    super::refuse_living(intent, &job.author.actor)?;
    let author = &job.safe_author();
    let job = &job.by(author);
    if let Body::RunIntent(_) = &intent.recorded.body {
        return conclude_open(job, intent);
    }
    let Body::RevertIntent(revert) = &intent.recorded.body else {
        return Err(Refusal::NothingOpen(intent.revision).into());
    };
    let log = job.log()?;
    let known = configuration(&log, revert.target);
    let taken = present(job, Cause::AfterRevert, known)?;
    let found = found_in(job, revert)?;
    revert_ended(job, intent, found.events, &taken)
}

/// Records that an abandoned revert was not seen to end, with the state that was found.
pub fn revert_ended(
    job: &Job<'_>,
    intent: &Entry,
    events: Option<BlobId>,
    taken: &Captured,
) -> Result<Entry, Error> {
    let open = OpenIntent::found(intent).ok_or(Refusal::NothingOpen(intent.revision))?;
    let outcome = Outcome::Revert(RevertOutcome {
        intent: intent.revision,
        outcome: ApplyOutcome::Unknown,
        after: Some(taken.entry.revision),
        events,
        errors: Vec::new(),
        invocations: invoked(job, events)?,
    });
    open.conclude(job, outcome, &[])
}

/// Actions of providers that ran, as far as the events tell.
fn invoked(job: &Job<'_>, events: Option<BlobId>) -> Result<Vec<ReportedInvocation>, Error> {
    let Some(events) = events else { return Ok(Vec::new()) };
    let bytes = job.ports.repository.get_blob(&events)?;
    let (mut reader, mut told) = (EventReader::default(), Invocations::default());
    for line in String::from_utf8_lossy(&bytes).lines() {
        told.see(&reader.line(Stream::Output, line));
    }
    let redactor = known_secrets(job.ports, &job.log()?);
    Ok(told.report(Ending::Cut).iter().map(|one| safe_invocation(one, &redactor)).collect())
}

/// The remains of a revert's directory, kept in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remains {
    /// Terraform's events.
    pub events: Option<BlobId>,
    /// The evidence of a state that was left behind.
    pub left: Option<Revision>,
}

/// Keeps the events and the left state that the directory of a revert still holds.
pub fn found_in(job: &Job<'_>, revert: &RevertIntent) -> Result<Remains, Error> {
    let root = Path::new(&revert.directory);
    let events = events_left(root);
    // Before its apply began, all that is in there was made by plans.
    if events.is_some() {
        carry_back(job, root)?;
    }
    let left = read_if_there(&root.join(ERRORED_STATE))?
        .map(|bytes| keep_errored_state(job, &bytes, "of a revert that nobody saw end"))
        .transpose()?;
    let events = events.map_or(Ok(None), |events| read_if_there(&events))?;
    let keeper = Keeper::of(job.ports, job.stack)?;
    let events = events.map(|bytes| kept_if_allowed(keeper.put(&bytes))).transpose()?.flatten();
    Ok(Remains { events: events.map(|blob| blob.id), left })
}

/// Carries back what the apply made at relative places and nobody has carried.
fn carry_back(job: &Job<'_>, root: &Path) -> Result<(), Error> {
    let carried = carry_back_left(root, &job.stack.root)
        .map_err(|source| Error::Io { path: root.display().to_string(), source })?;
    if carried.failed.is_empty() {
        return Ok(());
    }
    let redactor = known_secrets(job.ports, &job.log()?);
    let failed = carried.failed.iter().map(|one| redactor.text(&one.to_string()));
    Err(Error::NotCarried(failed.collect()))
}

/// The configuration of a snapshot: the state that is there now belongs to it.
fn configuration(log: &[Entry], revision: Revision) -> Option<ConfigurationRef> {
    let entry = log.iter().find(|entry| entry.revision == revision)?;
    entry.recorded.body.snapshot()?.configuration.clone()
}

/// The state as it is now.
fn present(
    job: &Job<'_>,
    cause: Cause,
    known: Option<ConfigurationRef>,
) -> Result<Captured, Error> {
    let request = SnapshotRequest {
        configuration: known.map_or(ConfigurationFrom::Unknown, ConfigurationFrom::Known),
        when_unchanged: WhenUnchanged::Record,
        ..SnapshotRequest::of_stack(job.stack, cause)
    };
    snapshot::take(job, &request)
}
