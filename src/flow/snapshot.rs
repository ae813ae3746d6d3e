//! Takes a snapshot: a state with its exact bytes, and the configuration that belongs to it.
//!
//! Bytes are in the store before anything is said about them. Bytes that are no readable state, or
//! another stack's state, are kept as evidence and then refused. It marks nothing as good.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use super::Error;
use super::configuration::{
    self, AskedEngine, CapturedConfiguration, GitTracking, PlannedConfiguration,
};
use super::keeping::Keeper;
use super::live::{self, Live};
use super::ports::{Job, Ports, Stack};
use super::saved_plan;
use crate::codec::backend::Backend;
use crate::codec::state::beside::Beside;
use crate::codec::state::{ReadState, Unreadable};
use crate::codec::{bundle, json, plan, planfile};
use crate::engine::baseline::can_be_baseline;
use crate::engine::diff::{ChangeKind, diff_beside};
use crate::engine::good::snapshots;
use crate::engine::pin::{self, StateStanding};
use crate::engine::redact::Redactor;
use crate::knowledge::Knowledge;
use crate::model::address::Mode;
use crate::model::configuration::{ConfigurationRef, ConfigurationSource, SeenVariable};
use crate::model::digest::Digest;
use crate::model::entry::{
    Body, Cause, ChangeSince, Entry, Revision, Snapshot, StateRef, StateSource, UnreadableState,
};
use crate::model::secret::Secret;
use crate::model::stack::BackendIdentity;
use crate::model::state::StateBytes;
use crate::model::version::Serial;
use crate::port::progress::{Ended, Phase};
use crate::store::{After, Repository, StoredBlob};
use crate::terraform::git;

/// Which state is taken.
#[derive(Debug, Clone)]
pub enum StateSubject {
    /// The one of the working directory's backend.
    Live,
    /// Bytes that a pipeline gives.
    Given {
        /// The bytes.
        bytes: Vec<u8>,
        /// Their source, for a person.
        from: String,
    },
}

/// The source of its configuration.
#[derive(Debug, Clone)]
pub enum ConfigurationFrom {
    /// A directory, usually the stack's own.
    Directory(PathBuf),
    /// A saved plan, completed by the files that functions read in the stack's directory.
    Plan(PathBuf),
    /// It is known already: it is the one of another snapshot.
    Known(ConfigurationRef),
    /// The configuration is not known.
    Unknown,
}

/// The treatment of a request when neither state nor configuration changed since the newest
/// snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnchanged {
    /// Records nothing.
    Skip,
    /// Records it only if the newest one is a revert's own: a later revert has to know that the
    /// state was looked at just now, and a revert's snapshots do not say it
    /// ([`crate::engine::baseline`]).
    Witness,
    /// Records it all the same.
    Record,
}

/// The snapshot to take.
#[derive(Debug, Clone)]
pub struct SnapshotRequest {
    /// Which state.
    pub subject: StateSubject,
    /// Which configuration.
    pub configuration: ConfigurationFrom,
    /// Why.
    pub cause: Cause,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Whether an unchanged one is recorded.
    pub when_unchanged: WhenUnchanged,
}

impl SnapshotRequest {
    /// The live state with the stack's own configuration.
    pub fn of_stack(stack: &Stack, cause: Cause) -> Self {
        Self {
            subject: StateSubject::Live,
            configuration: ConfigurationFrom::Directory(stack.root.clone()),
            cause,
            tags: BTreeMap::new(),
            when_unchanged: WhenUnchanged::Skip,
        }
    }
}

/// A snapshot that is in the store.
#[derive(Debug)]
pub struct Captured {
    /// Its entry, or the one that says the same already.
    pub entry: Entry,
    /// Whether the entry is new.
    pub is_new: bool,
    /// The state, if there is one.
    pub state: Option<ReadState>,
    /// How the state stood to what was on record.
    pub standing: StateStanding,
    /// The backend, with what is not recorded of it.
    pub backend: Backend,
    /// Why the configuration could not be captured, if it could not.
    pub problem: Option<Error>,
}

impl Captured {
    /// The snapshot in the entry.
    pub fn snapshot(&self) -> Result<&Snapshot, Error> {
        self.entry
            .recorded
            .body
            .snapshot()
            .ok_or(Error::Unfit { revision: self.entry.revision, problem: "is no snapshot" })
    }
}

/// Takes a snapshot.
pub fn take(job: &Job<'_>, request: &SnapshotRequest) -> Result<Captured, Error> {
    job.ports.progress.begin(Phase::Snapshot);
    let taken = take_quietly(job, request);
    match &taken {
        Ok(taken) => {
            let serial = taken.state.as_ref().map_or("no state yet".to_owned(), |_| serial(taken));
            let word = if taken.is_new { "" } else { ", unchanged" };
            let detail = format!("{}  ({serial}{word})", taken.entry.revision);
            job.ports.progress.end(Ended::Well, &detail);
        }
        Err(_) => job.ports.progress.end(Ended::Badly, ""),
    }
    taken
}

fn serial(taken: &Captured) -> String {
    let state = taken.entry.recorded.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
    state.map_or_else(String::new, |state| format!("serial {}", state.version.serial))
}

fn take_quietly(job: &Job<'_>, request: &SnapshotRequest) -> Result<Captured, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    let log = job.log()?;
    let live = subject(job.ports, job.stack, request)?;
    let keeper = Keeper::of(job.ports, job.stack)?;
    if let Some(bytes) = &live.bytes {
        keeper.check(bytes.as_slice())?;
    }
    let (repository, knowledge) = (job.ports.repository, &job.stack.knowledge);
    let bytes = live.bytes.as_ref();
    let write = || bytes.map(|bytes| keeper.put(bytes.as_slice())).transpose();
    let compare = || bytes.and_then(|bytes| change_since(repository, &log, bytes, knowledge));
    // Storing and comparing need not wait until the bytes were read: what cannot be read is stored,
    // too. Nothing is stored of what is on record already.
    let newest = snapshots(&log).rev().find_map(|(_, snapshot)| snapshot.state.as_ref());
    let is_on_record = newest.map(|state| state.version.digest) == bytes.map(StateBytes::digest);
    std::thread::scope(|scope| {
        let begun = (!is_on_record).then(|| (scope.spawn(write), scope.spawn(compare)));
        let stored_and_compared = || match begun {
            Some((written, compared)) => Ok((joined(written)?, joined(compared))),
            None => Ok((write()?, compare())),
        };
        judged_and_recorded(job, request, &log, &live, stored_and_compared)
    })
}

/// The result of a thread, with its panic.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The stored bytes of a state, and how many objects changed.
type StoredAndCompared = (Option<StoredBlob>, Option<ChangeSince>);

fn judged_and_recorded(
    job: &Job<'_>,
    request: &SnapshotRequest,
    log: &[Entry],
    live: &Live,
    stored_and_compared: impl FnOnce() -> Result<StoredAndCompared, Error>,
) -> Result<Captured, Error> {
    let read = judged(job, log, live)?;
    let state = read.as_ref().map(ReadState::state);
    let author = &match state {
        Some(state) if job.author.has_words() => {
            job.author.safe(&Redactor::default().with_state(state))
        }
        Some(_) | None => job.author.clone(),
    };
    let job = &job.by(author);
    let standing = match state {
        Some(state) => pin::standing(log, &state.version),
        None => StateStanding::First,
    };
    let found = found_configuration(job.ports, job.stack, &request.configuration);
    let (configuration, problem) = match found {
        Ok(configuration) => (configuration, None),
        // Evidence first: a state without its configuration is worth keeping, and it is said.
        Err(problem @ (Error::Configuration(_) | Error::Unpackable(_))) => (None, Some(problem)),
        Err(other) => return Err(other),
    };
    let digest = configuration.as_ref().map(FoundConfiguration::digest);
    let backend = live.backend.clone();
    if let Some(entry) = unchanged(log, live, digest, request) {
        let entry = entry.clone();
        return Ok(Captured { entry, is_new: false, state: read, standing, backend, problem });
    }
    let configuration = configuration.map(|found| found.kept(job.ports)).transpose()?;
    let environment = job.ports.environment;
    let (git, done) = std::thread::scope(|scope| {
        let git = scope.spawn(|| git::facts(environment, &job.stack.root));
        let done = stored_and_compared();
        (joined(git), done)
    });
    let (blob, change) = done?;
    let snapshot = Snapshot {
        cause: request.cause,
        state: blob.zip(read.as_ref()).map(|(blob, read)| state_ref(blob, read, live.source)),
        configuration,
        engine: job.ports.terraform.version(&job.stack.root).ok(),
        workspace: job.stack.workspace.clone(),
        backend: live.backend.identity.clone(),
        git,
        tags: request.tags.clone(),
        change,
        past: None,
    };
    let body = Body::Snapshot(Box::new(snapshot));
    let entry = job.record(After::Any, body)?;
    Ok(Captured { entry, is_new: true, state: read, standing, backend, problem })
}

/// The bytes to take, with where they live.
fn subject(ports: &Ports<'_>, stack: &Stack, request: &SnapshotRequest) -> Result<Live, Error> {
    match &request.subject {
        StateSubject::Live => live::read(ports, stack),
        StateSubject::Given { bytes, from } => {
            // A pipeline may stand in an initialised directory, and then we know where it lives.
            let identity = match live::backend(ports, stack) {
                Ok(backend) if backend.identity.kind != "local" => backend.identity,
                Ok(_) | Err(_) => {
                    BackendIdentity { kind: pin::GIVEN.to_owned(), settings: BTreeMap::new() }
                }
            };
            Ok(Live {
                bytes: Some(StateBytes::new(bytes.clone())),
                source: StateSource::Given,
                backend: Backend { identity, withheld: BTreeMap::new() },
                found: from.clone(),
            })
        }
    }
}

/// The newest snapshot that has a state.
pub(super) fn last_state(log: &[Entry]) -> Option<Revision> {
    let newest = snapshots(log).rev().find(|(_, snapshot)| snapshot.state.is_some());
    newest.map(|(entry, _)| entry.revision)
}

/// Reads and judges the bytes; what cannot be taken is kept as evidence and refused.
fn judged(job: &Job<'_>, log: &[Entry], live: &Live) -> Result<Option<ReadState>, Error> {
    let is_given = live.backend.identity.kind == pin::GIVEN;
    let backend = (!is_given).then_some(&live.backend.identity);
    let check = |lineage| pin::check(log, &job.stack.workspace, backend, lineage);
    let last = || last_state(log);
    let Some(bytes) = &live.bytes else {
        check(None).map_err(|mismatch| Error::Foreign { mismatch, evidence: None })?;
        return match last() {
            None => Ok(None),
            Some(last) => Err(Error::StateGone { found: live.found.clone(), last }),
        };
    };
    match ReadState::read(bytes.clone()) {
        Err(Unreadable { error: problem, .. }) => {
            let text = problem.to_string();
            let evidence = Some(keep(job, log, live, bytes, text)?);
            Err(Error::Unreadable { problem, found: live.found.clone(), evidence, last: last() })
        }
        Ok(read) => match check(Some(&read.state().version.lineage)) {
            Ok(()) => Ok(Some(read)),
            Err(mismatch) => {
                let text = mismatch.to_string();
                let evidence = Some(keep(job, log, live, bytes, text)?);
                Err(Error::Foreign { mismatch, evidence })
            }
        },
    }
}

/// Keeps bytes that are no state of this stack; the same bytes once.
fn keep(
    job: &Job<'_>,
    log: &[Entry],
    live: &Live,
    bytes: &StateBytes,
    problem: String,
) -> Result<Revision, Error> {
    let last = log.last();
    if let Some(entry) = last
        && matches!(&entry.recorded.body, Body::Evidence(kept) if kept.digest == bytes.digest())
    {
        return Ok(entry.revision);
    }
    let stored = Keeper::of(job.ports, job.stack)?.put(bytes.as_slice())?;
    let body = Body::Evidence(UnreadableState {
        blob: stored.id,
        digest: bytes.digest(),
        bytes: stored.bytes,
        found: live.found.clone(),
        problem,
    });
    Ok(job.record(After::Any, body)?.revision)
}

/// The record of a state whose bytes are stored.
pub(super) fn state_ref(blob: StoredBlob, read: &ReadState, source: StateSource) -> StateRef {
    let state = read.state();
    let managed = state.instances.iter().filter(|object| object.address.mode == Mode::Managed);
    StateRef {
        version: state.version.clone(),
        blob: blob.id,
        bytes: blob.bytes,
        source,
        writer: state.writer.clone().into_owned(),
        resources: u64::try_from(managed.count()).unwrap_or(u64::MAX),
    }
}

/// Objects of a diff that are there as before, and are not as before.
const CHANGED: [ChangeKind; 5] = [
    ChangeKind::Changed,
    ChangeKind::Replaced,
    ChangeKind::Moved,
    ChangeKind::Untainted,
    ChangeKind::Deposed,
];

/// Counts the objects that changed since the newest snapshot with a state. It is a convenience of
/// the log: states that cannot be compared give none.
pub(super) fn change_since(
    repository: &Repository,
    log: &[Entry],
    now: &StateBytes,
    knowledge: &Knowledge,
) -> Option<ChangeSince> {
    let (entry, earlier) = snapshots(log)
        .rev()
        .find_map(|(entry, snapshot)| Some((entry, snapshot.state.as_ref()?)))?;
    if earlier.version.digest == now.digest() {
        let against = entry.revision;
        return Some(ChangeSince { against, added: 0, changed: 0, removed: 0, tainted: 0 });
    }
    let before = repository.get_blob(&earlier.blob).ok()?;
    let beside = Beside::without_secrets(&before, now.as_slice());
    let diff = diff_beside(&beside.read().ok()?, &beside, &Redactor::default(), knowledge);
    let count = |kinds: &[ChangeKind]| {
        kinds.iter().map(|kind| u64::try_from(diff.count(*kind)).unwrap_or(u64::MAX)).sum()
    };
    let tainted = diff.changes.iter().filter(|change| change.tainted).count();
    Some(ChangeSince {
        against: entry.revision,
        added: count(&[ChangeKind::Added]),
        changed: count(&CHANGED),
        removed: count(&[ChangeKind::Removed]),
        tainted: u64::try_from(tainted).unwrap_or(u64::MAX),
    })
}

/// The newest snapshot, if it says the same and the request does not ask for it again.
fn unchanged<'a>(
    log: &'a [Entry],
    live: &Live,
    configuration: Option<Digest>,
    request: &SnapshotRequest,
) -> Option<&'a Entry> {
    if request.when_unchanged == WhenUnchanged::Record || !request.tags.is_empty() {
        return None;
    }
    let (entry, newest) = snapshots(log).next_back()?;
    if request.when_unchanged == WhenUnchanged::Witness && !can_be_baseline(newest.cause) {
        return None;
    }
    let same_state = newest.state_digest() == live.bytes.as_ref().map(StateBytes::digest);
    let same_configuration =
        newest.configuration.as_ref().map(|known| known.digest) == configuration;
    (same_state && same_configuration).then_some(entry)
}

/// A configuration that is known, or was captured and is not stored yet.
enum FoundConfiguration {
    Known(Box<ConfigurationRef>),
    Fresh { captured: Box<CapturedConfiguration>, digest: Digest, source: ConfigurationSource },
}

impl FoundConfiguration {
    fn digest(&self) -> Digest {
        match self {
            Self::Known(known) => known.digest,
            Self::Fresh { digest, .. } => *digest,
        }
    }

    /// Stores it, and returns what the log says of it.
    fn kept(self, ports: &Ports<'_>) -> Result<ConfigurationRef, Error> {
        match self {
            Self::Known(known) => Ok(*known),
            Self::Fresh { captured, source, .. } => keep_configuration(ports, &captured, source),
        }
    }
}

/// Finds the configuration, and stores nothing.
fn found_configuration(
    ports: &Ports<'_>,
    stack: &Stack,
    from: &ConfigurationFrom,
) -> Result<Option<FoundConfiguration>, Error> {
    let (captured, source) = match from {
        ConfigurationFrom::Unknown => return Ok(None),
        ConfigurationFrom::Known(known) => {
            return Ok(Some(FoundConfiguration::Known(Box::new(known.clone()))));
        }
        ConfigurationFrom::Directory(root) => {
            (capture(ports, stack, root, None)?, ConfigurationSource::Directory)
        }
        ConfigurationFrom::Plan(file) => planned(ports, stack, file)?,
    };
    let digest = bundle::digest(&captured.bundle).map_err(Error::Unpackable)?;
    Ok(Some(FoundConfiguration::Fresh { captured: Box::new(captured), digest, source }))
}

/// Puts a captured configuration into the store.
pub(super) fn keep_configuration(
    ports: &Ports<'_>,
    captured: &CapturedConfiguration,
    source: ConfigurationSource,
) -> Result<ConfigurationRef, Error> {
    let archive = bundle::pack(&captured.bundle).map_err(Error::Unpackable)?;
    let stored = ports.repository.put_blob(&archive)?;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(ConfigurationRef {
        blob: stored.id,
        digest: bundle::digest(&captured.bundle).map_err(Error::Unpackable)?,
        source,
        files: count(captured.bundle.files.len()),
        modules: count(captured.bundle.modules.len()),
        variables: captured
            .bundle
            .variables
            .iter()
            .map(|(name, variable)| SeenVariable { name: name.clone(), origin: variable.origin })
            .collect(),
        providers: captured.providers.clone(),
        notes: captured.notes.clone(),
        left_out: captured.left_out.clone(),
    })
}

/// The configuration as it is in the working directory now; nothing is stored.
pub fn present_configuration(
    ports: &Ports<'_>,
    stack: &Stack,
) -> Result<CapturedConfiguration, Error> {
    capture(ports, stack, &stack.root, None)
}

fn capture(
    ports: &Ports<'_>,
    stack: &Stack,
    root: &Path,
    planned: Option<PlannedConfiguration<'_>>,
) -> Result<CapturedConfiguration, Error> {
    Ok(configuration::capture(&configuration::CaptureRequest {
        root,
        data_directory: None,
        given: &stack.inputs.words.0,
        environment: &stack.inputs.environment,
        engine: AskedEngine(&|| ports.engine(stack)),
        encryption: &ports.encryption(stack),
        plan: planned,
        tracking: GitTracking::Asked(ports.environment),
        bounds: stack.bounds,
    })?)
}

/// The configuration of a saved plan, and whether it is the plan's own; nothing is stored.
pub(super) fn planned(
    ports: &Ports<'_>,
    stack: &Stack,
    file: &Path,
) -> Result<(CapturedConfiguration, ConfigurationSource), Error> {
    let path = file.display().to_string();
    let bytes = fs::read(file).map_err(|source| Error::Io { path: path.clone(), source })?;
    let archive = match planfile::read(&bytes) {
        Ok(archive) => Some(archive),
        // Its files are in it, and only OpenTofu has the key: what it shows of a plan has none.
        Err(planfile::Error::Encrypted) => None,
        Err(source) => return Err(Error::PlanFile { path, source }),
    };
    let shown = plan::parse(&saved_plan::shown(ports, stack, file, archive.as_ref())?)?;
    let variables = shown
        .variables
        .iter()
        .map(|(name, value)| {
            let value = json::to_serde(value.reveal_for_terraform()).to_string();
            (name.clone(), Secret::new(value))
        })
        .collect();
    let planned = PlannedConfiguration { archive: archive.as_ref(), variables: &variables };
    let mut captured = capture(ports, stack, &stack.root, Some(planned))?;
    if archive.is_some() {
        return Ok((captured, ConfigurationSource::Plan));
    }
    let note = "the saved plan is encrypted: the configuration is the directory's";
    captured.notes.push(note.to_owned());
    Ok((captured, ConfigurationSource::Directory))
}

/// A state that went back or forked is recorded, and a person has to look before a revert.
pub(in crate::flow) fn check_standing(taken: &Captured) -> Result<(), Error> {
    let found = taken
        .entry
        .recorded
        .body
        .snapshot()
        .and_then(|snapshot| snapshot.state.as_ref())
        .map_or(Serial(0), |state| state.version.serial);
    match taken.standing {
        StateStanding::First | StateStanding::Recorded(_) | StateStanding::Grown => Ok(()),
        StateStanding::Rewound { newest, serial } => {
            Err(Error::Rewound { found, newest, recorded: serial })
        }
        StateStanding::Forked { newest } => Err(Error::Rewound { found, newest, recorded: found }),
    }
}
