//! A state that Terraform left behind: kept in the log, beside the configuration, or given.
//!
//! It is compared with the backend's here, and not pushed.

use std::path::PathBuf;

use super::{LookRequest, WorldSeen};
use crate::codec::state::{self, ReadState, is_encrypted};
use crate::engine::good::snapshots;
use crate::engine::left_state::{self, LeftStanding, Moves, moves};
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::Error;
use crate::flow::error::recover::Refusal;
use crate::flow::ports::{Ports, Stack};
use crate::flow::recorded::read_if_there;
use crate::flow::sealed::decrypted;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry, UnreadableState};
use crate::model::state::StateBytes;

/// A state that was left behind.
#[derive(Debug)]
pub struct Left<'a> {
    /// The evidence, when it is in the log.
    pub evidence: Option<&'a Entry>,
    /// The file that has it, when there is one.
    pub file: Option<PathBuf>,
    /// The place in which it was found.
    pub found: String,
    /// Its bytes.
    pub bytes: StateBytes,
    /// The state in them; none when they cannot be read.
    pub state: Option<ReadState>,
    /// How it stands to the backend's; none when one of the two could not be read.
    pub standing: Option<LeftStanding>,
    /// Objects that pushing it would change.
    pub moves: Moves,
    /// Why one of the two could not be read.
    pub problem: Option<String>,
}

/// A state that the log says was left behind.
pub(super) fn evidence<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &'a [Entry],
    entry: &'a Entry,
    seen: &WorldSeen<'_>,
) -> Result<Left<'a>, Error> {
    let Body::Evidence(kept) = &entry.recorded.body else {
        return Err(Refusal::NothingOpen(entry.revision).into());
    };
    let bytes = StateBytes::new(ports.repository.get_blob(&kept.blob)?);
    let file = stack.root.join(ERRORED_STATE);
    let is_here = read_if_there(&file)?.is_some_and(|found| Digest::of(&found) == kept.digest);
    let left = Left {
        evidence: Some(entry),
        file: is_here.then_some(file),
        found: kept.found.clone(),
        ..judged(ports, stack, bytes, log, seen)
    };
    Ok(left)
}

/// A state beside the configuration, or the given one, that the log does not speak of.
pub(super) fn beside<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &'a [Entry],
    request: &LookRequest,
    seen: &WorldSeen<'_>,
) -> Result<Option<Left<'a>>, Error> {
    let file = request.given.clone().unwrap_or_else(|| stack.root.join(ERRORED_STATE));
    let bytes = match (read_if_there(&file)?, &request.given) {
        (Some(bytes), _) => StateBytes::new(bytes),
        (None, None) => return Ok(None),
        (None, Some(given)) => {
            let problem = "there is no such file".to_owned();
            return Err(Refusal::NotAState { path: given.display().to_string(), problem }.into());
        }
    };
    let is_known = |kept: &UnreadableState| {
        kept.digest == bytes.digest() && kept.found.starts_with(ERRORED_STATE)
    };
    let known =
        log.iter().any(|entry| matches!(&entry.recorded.body, Body::Evidence(k) if is_known(k)));
    if known {
        return Ok(None);
    }
    let path = file.display().to_string();
    let judged = judged(ports, stack, bytes, log, seen);
    if let (Some(_), Some(problem), None) = (&request.given, &judged.problem, seen.unread) {
        return Err(Refusal::NotAState { path, problem: problem.clone() }.into());
    }
    let found = match &request.given {
        Some(_) => format!("{ERRORED_STATE} given as {path}"),
        None => format!("{ERRORED_STATE} beside the configuration"),
    };
    Ok(Some(Left { file: Some(file), found, ..judged }))
}

/// Reads a left state; one that is encrypted is decrypted for it.
fn read(ports: &Ports<'_>, stack: &Stack, bytes: &StateBytes) -> Result<ReadState, String> {
    let clear = if is_encrypted(bytes.as_slice()) {
        let encrypted = state::Error::Encrypted;
        let said = |error: Error| error.said().map_or_else(|| error.to_string(), str::to_owned);
        let clear = decrypted(ports, stack, bytes);
        let clear = clear.map_err(|error| format!("{encrypted}, and: {}", said(error)))?;
        clear.ok_or_else(|| encrypted.to_string())?
    } else {
        bytes.clone()
    };
    ReadState::read(clear).map_err(|unreadable| unreadable.to_string())
}

/// Compares a left state with the backend's.
fn judged<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    bytes: StateBytes,
    log: &[Entry],
    seen: &WorldSeen<'_>,
) -> Left<'a> {
    let pinned = snapshots(log).find_map(|(_, snapshot)| snapshot.state.as_ref());
    let pinned = pinned.map(|state| &state.version.lineage);
    let read = read(ports, stack, &bytes);
    let (standing, moves, problem) = match (&read, seen.unread) {
        (Err(unreadable), _) => (None, Moves::default(), Some(unreadable.clone())),
        (Ok(_), Some(unread)) => {
            let problem = format!("the live state could not be read: {unread}");
            (None, Moves::default(), Some(problem))
        }
        (Ok(read), None) => {
            let left = read.state();
            let redactor = seen.redactor.clone().with_state(left);
            let found = moves(seen.state, left, &redactor);
            (Some(left_state::standing(left, seen.state, pinned)), found, None)
        }
    };
    let (found, state) = (String::new(), read.ok());
    Left { evidence: None, file: None, found, bytes, state, standing, moves, problem }
}
