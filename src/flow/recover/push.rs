//! Pushes a state that Terraform left behind, and never by force.
//!
//! Order: the backend's state is captured and must be the one that was compared; the left state is
//! kept; Terraform pushes it, and refuses unless it is newer; the backend is read again and must
//! have its content; only then it is resolved, and the local file is moved aside under another name.

use std::path::PathBuf;

use super::look::Left;
use super::resolve;
use crate::codec::state::ReadState;
use crate::engine::good::snapshots;
use crate::engine::left_state::{LeftStanding, is_same_content, standing};
use crate::engine::redact::Redactor;
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::error::recover::Refusal;
use crate::flow::home::at_home;
use crate::flow::keeping::keep_errored_state;
use crate::flow::ports::{Job, Ports, Stack};
use crate::flow::redaction::{known_secrets, safe_error};
use crate::flow::snapshot::{self, SnapshotRequest, check_standing};
use crate::flow::{Error, live};
use crate::model::entry::{Cause, Entry, Revision};
use crate::model::run::ResolutionKind;
use crate::model::version::Serial;
use crate::terraform::workdir::PrivateDirectory;

/// A state that was pushed.
#[derive(Debug)]
pub struct Pushed {
    /// The entry that keeps it.
    pub evidence: Revision,
    /// The entry that says so.
    pub resolution: Entry,
    /// The snapshot of the backend's state before.
    pub before: Revision,
    /// The backend's serial now.
    pub serial: Serial,
    /// The path of the local file after the move; none when it was not moved.
    pub moved_to: Option<PathBuf>,
}

/// Pushes it.
pub fn push(job: &Job<'_>, left: &Left<'_>) -> Result<Pushed, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    let request = SnapshotRequest::of_stack(job.stack, Cause::Manual);
    let taken = snapshot::take(job, &request)?;
    check_standing(&taken)?;
    still_fits(job.ports, job.stack, left, taken.state.as_ref())?;
    let evidence = if let Some(entry) = left.evidence {
        entry.revision
    } else {
        let what = left.found.strip_prefix(ERRORED_STATE).unwrap_or(&left.found).trim();
        keep_errored_state(job, left.bytes.as_slice(), what)?
    };
    job.ports.check_interrupt("the state was pushed")?;
    let log = job.log()?;
    let redactor = known_secrets(job.ports, &log).with_values(&taken.backend.secrets());
    push_file(job.ports, job.stack, left, &redactor)?;
    let serial = read_back(job.ports, job.stack, left, evidence)?;
    let resolution = resolve(job, evidence, ResolutionKind::Pushed, Vec::new())?;
    let moved_to = move_aside(left, evidence);
    let before = taken.entry.revision;
    Ok(Pushed { evidence, resolution, before, serial, moved_to })
}

/// The state that was captured just now is the last one that it is compared with.
fn still_fits(
    ports: &Ports<'_>,
    stack: &Stack,
    left: &Left<'_>,
    present: Option<&ReadState>,
) -> Result<(), Error> {
    let log = ports.repository.log(&stack.name)?;
    let matter = left.evidence.map(|entry| entry.revision);
    let unfit = |why: String| Error::from(Refusal::NotPushable { matter, why });
    let found = left.state.as_ref();
    let found = found.ok_or_else(|| unfit(left.problem.clone().unwrap_or_default()))?;
    let pinned = snapshots(&log).find_map(|(_, snapshot)| snapshot.state.as_ref());
    let pinned = pinned.map(|state| &state.version.lineage);
    let standing: LeftStanding = standing(found.state(), present.map(ReadState::state), pinned);
    if standing.may_be_pushed() { Ok(()) } else { Err(unfit(standing.what())) }
}

/// Hands it over in a file that only we may read, removed afterwards.
fn push_file(
    ports: &Ports<'_>,
    stack: &Stack,
    left: &Left<'_>,
    redactor: &Redactor,
) -> Result<(), Error> {
    // What was encrypted goes to OpenTofu in the clear: `state push` takes nothing else.
    let bytes = left.state.as_ref().map_or(&left.bytes, ReadState::bytes);
    let directory = PrivateDirectory::create(&stack.temporary)?;
    let file = directory.write_beside("left.json", bytes.as_slice())?;
    at_home(ports, stack, |place| ports.terraform.push(place, &file))?
        .map_err(|error| Error::Terraform(safe_error(error, redactor)))
}

/// The backend has its content now; Terraform may have counted one up.
fn read_back(
    ports: &Ports<'_>,
    stack: &Stack,
    left: &Left<'_>,
    evidence: Revision,
) -> Result<Serial, Error> {
    let refused = || Error::from(Refusal::NotReadBack { evidence });
    let live = live::read(ports, stack)?;
    let bytes = live.bytes.ok_or_else(refused)?;
    let now = ReadState::read(bytes).map_err(|_| refused())?;
    let pushed = left.state.as_ref().ok_or_else(refused)?.state();
    let now = now.state();
    if is_same_content(pushed, now) { Ok(now.version.serial) } else { Err(refused()) }
}

/// Gives the local file another name, so that it is not taken for one that is still to be pushed.
/// It is never deleted, and nothing is overwritten.
fn move_aside(left: &Left<'_>, evidence: Revision) -> Option<PathBuf> {
    let file = left.file.as_ref().filter(|file| file.ends_with(ERRORED_STATE))?;
    let name = file.file_name()?.to_string_lossy().into_owned();
    let aside = file.with_file_name(format!("{name}.{}", evidence.0));
    let is_free = !aside.try_exists().unwrap_or(true);
    (is_free && std::fs::rename(file, &aside).is_ok()).then_some(aside)
}
