//! Says of an intent whose process is gone how things are, since nobody saw it end.
//!
//! What the journal or the private directory still holds goes into the store first, then the state
//! as it is, then the outcome `unknown`. It waits for nobody: whether the process lives is asked
//! before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::alive;
use crate::codec::events::parse_line;
use crate::codec::state;
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::secrets::{recorded, safe_speaker};
use crate::flow::snapshot::{self, ConfigurationFrom, Request, Taken, WhenUnchanged};
use crate::flow::{Error, Ports, Speaker, Stack};
use crate::model::account::{Account, Deed, Fate, Presence, Witness};
use crate::model::configuration::{BlobId, ConfigurationRef};
use crate::model::digest::Digest;
use crate::model::entry::{
    ApplyOutcome, Body, Cause, Entry, RevertIntent, RevertOutcome, Revision, UnreadableState,
};
use crate::model::event::{Event, Hook, Operation};
use crate::model::run::{RunIntent, RunOutcome};
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
        // The one place to join: how a run is concluded from its journal and the states is the
        // run's to say.
        Body::RunIntent(run) => run_ended(ports, stack, speaker, (intent, run)),
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

fn run_ended(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    (intent, run): (&Entry, &RunIntent),
) -> Result<Entry, Error> {
    let log = ports.repository.log(&stack.name)?;
    let printed = read(&Path::new(&run.journal).join("stdout"))?;
    let known = configuration(&log, run.before);
    let taken = present(ports, stack, speaker, (Cause::AfterRun, known))?;
    let errored = match left_since(stack, intent)? {
        Some((_, bytes)) => {
            let what = format!("of run {}, beside the configuration", intent.revision);
            Some(keep(ports, stack, speaker, (&bytes, &what))?)
        }
        None => None,
    };
    let account = account(ports, &log, printed.as_deref(), &taken);
    let events = printed.map(|bytes| ports.repository.put_blob(&bytes)).transpose()?;
    let body = Body::RunOutcome(Box::new(RunOutcome {
        intent: intent.revision,
        outcome: ApplyOutcome::Unknown,
        code: None,
        after: Some(taken.entry.revision),
        events: events.map(|blob| blob.id),
        errored,
        account,
        errors: Vec::new(),
    }));
    ports.say(&stack.name, speaker, After::Any, body)
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

/// A left state beside the configuration that is not older than an intent.
fn left_since(stack: &Stack, intent: &Entry) -> Result<Option<(PathBuf, Vec<u8>)>, Error> {
    let path = stack.root.join(LEFT_FILE);
    let Some(bytes) = read(&path)? else { return Ok(None) };
    let written = path.metadata().and_then(|facts| facts.modified());
    let written = written.ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
    let is_newer = written.is_none_or(|written| written >= intent.said.time);
    Ok(is_newer.then_some((path, bytes)))
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

/// What the event stream alone tells, against the state that was found.
fn account(ports: &Ports<'_>, log: &[Entry], printed: Option<&[u8]>, taken: &Taken) -> Account {
    let text = String::from_utf8_lossy(printed.unwrap_or_default());
    let mut deeds: BTreeMap<String, Deed> = BTreeMap::new();
    for line in text.lines() {
        match parse_line(line) {
            Event::Started(hook) => note(&mut deeds, &hook, Fate::Unknown),
            Event::Completed(hook) => note(&mut deeds, &hook, ended_well(hook.operation)),
            Event::Errored(hook) => note(&mut deeds, &hook, Fate::Failed),
            Event::Refreshed { .. }
            | Event::Diagnostic(_)
            | Event::Summary(_)
            | Event::StopRequested
            | Event::Other => {}
        }
    }
    if deeds.is_empty() {
        return Account::empty(Witness::States);
    }
    let state = taken.bytes.as_ref().map(state::parse);
    let mut redactor = recorded(ports, log);
    if let Some(Ok(state)) = &state {
        redactor = redactor.with_state(state);
    }
    let presence = |deed: &Deed| match &state {
        Some(Err(_)) => Presence::Unread,
        Some(Ok(state))
            if state.instances.iter().any(|object| {
                let is_there = object.address.to_string() == deed.address;
                is_there && deed.id.as_ref().is_none_or(|id| object.id.as_ref() == Some(id))
            }) =>
        {
            Presence::InState
        }
        Some(Ok(_)) | None => Presence::NotInState,
    };
    let deeds = deeds.into_values().map(|deed| {
        let presence = presence(&deed);
        let address = redactor.text(&deed.address);
        let id = deed.id.as_ref().map(|id| redactor.text(id));
        Deed { address, id, presence, ..deed }
    });
    Account { witness: Witness::Events, deeds: deeds.collect() }
}

fn ended_well(operation: Operation) -> Fate {
    match operation {
        Operation::Create => Fate::Created,
        Operation::Delete => Fate::Destroyed,
        Operation::Update | Operation::Other => Fate::Updated,
    }
}

fn note(deeds: &mut BTreeMap<String, Deed>, hook: &Hook, fate: Fate) {
    let action = match hook.operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Other => "other",
    };
    let deed = deeds.entry(hook.address.clone()).or_insert_with(|| Deed {
        address: hook.address.clone(),
        action: action.to_owned(),
        fate,
        id: None,
        presence: Presence::NotInState,
    });
    action.clone_into(&mut deed.action);
    deed.fate = fate;
    if hook.operation == Operation::Create || hook.id.is_some() {
        deed.id.clone_from(&hook.id);
    }
}
