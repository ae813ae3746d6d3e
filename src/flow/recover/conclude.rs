//! Says of an intent whose process is gone how things are, since nobody saw it end.
//!
//! What the journal or the private directory still holds goes into the store first, then the state
//! as it is, then the outcome `unknown`. It waits for nobody: whether the process lives is asked
//! before.

use std::fs;
use std::path::Path;

use super::alive;
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::run::conclude_open;
use crate::flow::secrets::safe_speaker;
use crate::flow::snapshot::{self, ConfigurationFrom, Request, Taken, WhenUnchanged};
use crate::flow::{Error, Ports, Speaker, Stack};
use crate::model::configuration::{BlobId, ConfigurationRef};
use crate::model::digest::Digest;
use crate::model::entry::{
    ApplyOutcome, Body, Cause, Entry, RevertIntent, RevertOutcome, Revision, UnreadableState,
};
use crate::store::After;

/// The file that Terraform leaves when its backend does not take the state.
pub const LEFT_FILE: &str = "errored.tfstate";

/// Concludes an open run or revert; refused while its process lives.
pub fn conclude(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    intent: &Entry,
) -> Result<Entry, Error> {
    alive::refuse_living(intent, &speaker.actor)?;
    let speaker = &safe_speaker(ports, &stack.name, speaker);
    match &intent.said.body {
        Body::RevertIntent(revert) => {
            let log = ports.repository.log(&stack.name)?;
            let known = configuration(&log, revert.target);
            let taken = present(ports, stack, speaker, (Cause::AfterRevert, known))?;
            let found = found_in(ports, stack, speaker, revert)?;
            revert_ended(ports, stack, speaker, (intent.revision, found.events), &taken)
        }
        Body::RunIntent(_) => conclude_open(ports, stack, speaker, intent),
        Body::Snapshot(_)
        | Body::Evidence(_)
        | Body::Mark(_)
        | Body::RevertOutcome(_)
        | Body::Verification(_)
        | Body::Drift(_)
        | Body::Fix(_)
        | Body::RunOutcome(_)
        | Body::Hold(_)
        | Body::Release(_)
        | Body::Settlement(_)
        | Body::Diagnosis(_) => Err(super::Refusal::NothingOpen(intent.revision).into()),
    }
}

/// Says of an abandoned revert that nobody saw it end, with the state that was found.
pub fn revert_ended(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    (intent, events): (Revision, Option<BlobId>),
    taken: &Taken,
) -> Result<Entry, Error> {
    let body = Body::RevertOutcome(RevertOutcome {
        intent,
        outcome: ApplyOutcome::Unknown,
        after: Some(taken.entry.revision),
        events,
        errors: Vec::new(),
    });
    ports.say(&stack.name, speaker, After::Any, body)
}

/// What the directory of a revert still held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remains {
    /// Terraform's events.
    pub events: Option<BlobId>,
    /// The evidence of a state that was left behind.
    pub left: Option<Revision>,
}

/// Keeps what the directory of a revert still holds.
pub fn found_in(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    revert: &RevertIntent,
) -> Result<Remains, Error> {
    let root = Path::new(&revert.directory);
    let left = read(&root.join(LEFT_FILE))?
        .map(|bytes| keep(ports, stack, speaker, (&bytes, "of a revert that nobody saw end")))
        .transpose()?;
    let events = read(&root.join(".terraform/revert.events.jsonl"))?
        .map(|bytes| ports.repository.put_blob(&bytes))
        .transpose()?;
    Ok(Remains { events: events.map(|blob| blob.id), left })
}

/// The configuration of a snapshot: the state that is there now belongs to it.
fn configuration(log: &[Entry], revision: Revision) -> Option<ConfigurationRef> {
    let entry = log.iter().find(|entry| entry.revision == revision)?;
    entry.said.body.snapshot()?.configuration.clone()
}

/// The state as it is now.
fn present(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    (cause, known): (Cause, Option<ConfigurationRef>),
) -> Result<Taken, Error> {
    let request = Request {
        configuration: known.map_or(ConfigurationFrom::Unknown, ConfigurationFrom::Known),
        when_unchanged: WhenUnchanged::Record,
        ..Request::of_stack(stack, cause)
    };
    snapshot::take(ports, stack, speaker, &request)
}

/// Keeps a left state as evidence.
pub(super) fn keep(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    (bytes, what): (&[u8], &str),
) -> Result<Revision, Error> {
    let stored = ports.repository.put_blob(bytes)?;
    let body = Body::Evidence(UnreadableState {
        blob: stored.id,
        digest: Digest::of(bytes),
        bytes: stored.bytes,
        found: format!("{ERRORED_STATE} {what}"),
        problem: "Terraform could not save the state to its backend".to_owned(),
    });
    Ok(ports.say(&stack.name, speaker, After::Any, body)?.revision)
}

/// A file's content; nothing when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path: path.display().to_string(), source }),
    }
}
