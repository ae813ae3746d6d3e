//! Builds snapshots of the past from the older versions of a state that a bucket has kept, each with
//! the commit that fits it.
//!
//! Most people arrive after the failure. Versions come in the order of their serials and keep their
//! times; a configuration that was found by guessing is called *inferred*, and a state that no commit
//! fits is kept without one. Nothing is marked good, and the bucket is only read. The present is
//! recorded last, so that it stays the newest snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use super::configuration::{self, AskedEngine, CapturedConfiguration, GitTracking};
use super::error::configuration::ConfigurationError;
use super::keeping::Keeper;
use super::ports::{Job, Ports, Stack};
use super::snapshot::{self, Captured, change_since, keep_configuration, state_ref};
use super::{Error, live};
use crate::codec::hcl::Configuration;
use crate::codec::hcl::configuration::ReadModule;
use crate::codec::state::{self, ReadState};
use crate::engine::good::snapshots;
use crate::engine::pairing::{Commit, Declares, Misfit, candidate, fits};
use crate::engine::variables::given::GivenValue;
use crate::model::configuration::{ConfigurationRef, ConfigurationSource};
use crate::model::digest::Digest;
use crate::model::entry::{
    Body, Cause, ChangeSince, Entry, GitFacts, Past, Revision, Snapshot, StateRef, StateSource,
};
use crate::model::stack::BackendIdentity;
use crate::model::state::{State, StateBytes};
use crate::model::version::{Lineage, Serial};
use crate::port::progress::{Ended, Phase};
use crate::port::state_history::{StateHistory, StateVersionAt};
use crate::store::After;
use crate::terraform::git::WorkTree;

/// An older version that is a snapshot now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedVersion {
    /// Its entry.
    pub revision: Revision,
    /// Its serial.
    pub serial: Serial,
    /// When it was written.
    pub written: Timestamp,
    /// How many managed objects it knows.
    pub resources: u64,
    /// The commit whose configuration it was given.
    pub commit: Option<String>,
    /// Why it has no configuration, if so.
    pub misfit: Option<String>,
}

/// An older version that was left where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedVersion {
    /// Its name in the bucket.
    pub version: String,
    /// When it was written.
    pub written: Timestamp,
    /// Why.
    pub why: String,
}

/// The result of an import.
#[derive(Debug)]
pub struct Report {
    /// The place of the versions.
    pub place: String,
    /// The snapshots, oldest first.
    pub imported: Vec<ImportedVersion>,
    /// How many versions were on record already.
    pub known: usize,
    /// The versions that were left out, oldest first.
    pub skipped: Vec<SkippedVersion>,
    /// The present, recorded last.
    pub present: Captured,
}

/// A version that is in the store and in no entry yet. Its bytes are read again when they are
/// needed: all versions at once could be more than there is memory.
struct KeptVersion {
    at: StateVersionAt,
    reference: StateRef,
    /// Whether the log has it already.
    is_known: bool,
}

/// Imports the newest `limit` older versions, or all of them.
pub fn import(
    job: &Job<'_>,
    history: &dyn StateHistory,
    limit: Option<usize>,
) -> Result<Report, Error> {
    job.ports.progress.begin(Phase::Import);
    let author = &job.safe_author();
    let job = &job.by(author);
    let imported = versions(job, history, limit);
    match &imported {
        Ok((new, known, skipped)) => {
            let (new, skipped) = (new.len(), skipped.len());
            let detail = format!("{new} new, {known} known, {skipped} skipped");
            job.ports.progress.end(Ended::Well, &detail);
        }
        Err(_) => job.ports.progress.end(Ended::Badly, ""),
    }
    let (imported, known, skipped) = imported?;
    let request = snapshot::SnapshotRequest::of_stack(job.stack, Cause::Manual);
    let present = snapshot::take(job, &request)?;
    Ok(Report { place: history.place(), imported, known, skipped, present })
}

type Imported = (Vec<ImportedVersion>, usize, Vec<SkippedVersion>);

fn versions(
    job: &Job<'_>,
    history: &dyn StateHistory,
    limit: Option<usize>,
) -> Result<Imported, Error> {
    let log = job.log()?;
    let live = live::read(job.ports, job.stack)?;
    let lineage = lineage(&log, &live)?;
    let mut listed = history.versions().map_err(crate::store::Error::from)?;
    if let Some(limit) = limit {
        listed.drain(..listed.len().saturating_sub(limit));
    }
    let (mut kept, mut skipped, mut known) = (Vec::new(), Vec::new(), 0);
    let on_record = digests(&log);
    let keeper = Keeper::of(job.ports, job.stack)?;
    for at in listed {
        job.ports.check_interrupt("the next version was read")?;
        match keep(&keeper, history, &at, lineage.as_ref(), &on_record)? {
            Ok(version) if version.is_known => known += 1,
            Ok(version) => kept.push(version),
            Err(why) => skipped.push(SkippedVersion { version: at.id, written: at.written, why }),
        }
    }
    if lineage.is_none() {
        skipped.extend(others(&mut kept));
    }
    kept.sort_by_key(|version| (version.reference.version.serial, version.at.written));
    // The same bytes twice, written again and again: one snapshot.
    kept.dedup_by_key(|version| version.reference.version.digest);
    let mut guesses = Guesses::new(job.ports, job.stack);
    let (mut imported, mut previous): (Vec<ImportedVersion>, Option<Entry>) = (Vec::new(), None);
    for version in kept {
        job.ports.check_interrupt("the next version was recorded")?;
        let said = record(job, &live.backend.identity, &mut guesses, &version, previous.as_ref())?;
        imported.push(said.0);
        previous = Some(said.1);
    }
    Ok((imported, known, skipped))
}

/// Takes away what is not of the newest version's lineage: nothing else says which is the stack's
/// when the state is gone and nothing is on record.
fn others(kept: &mut Vec<KeptVersion>) -> Vec<SkippedVersion> {
    let newest = kept.iter().max_by_key(|version| version.at.written);
    let Some(lineage) = newest.map(|version| version.reference.version.lineage.clone()) else {
        return Vec::new();
    };
    let is_other = |version: &mut KeptVersion| version.reference.version.lineage != lineage;
    let skipped = |version: KeptVersion| SkippedVersion {
        why: foreign(&version.reference.version.lineage),
        version: version.at.id,
        written: version.at.written,
    };
    kept.extract_if(.., is_other).map(skipped).collect()
}

fn foreign(lineage: &Lineage) -> String {
    format!("its lineage is {lineage}")
}

/// The stack's lineage: the one on record, otherwise the present one.
fn lineage(log: &[Entry], live: &live::Live) -> Result<Option<Lineage>, Error> {
    let pinned = snapshots(log).find_map(|(_, snapshot)| snapshot.state.as_ref());
    if let Some(pinned) = pinned {
        return Ok(Some(pinned.version.lineage.clone()));
    }
    Ok(live.state()?.map(|read| read.state().version.lineage.clone()))
}

/// The digests of the states on record.
fn digests(log: &[Entry]) -> BTreeSet<Digest> {
    let states = snapshots(log).filter_map(|(_, snapshot)| snapshot.state.as_ref());
    states.map(|state| state.version.digest).collect()
}

/// Whether these bytes are on record: as they are, or as `terraform state pull` prints them, which
/// is with a line end more (measured with 1.11.4).
fn is_known(on_record: &BTreeSet<Digest>, bytes: &StateBytes) -> bool {
    let pulled = [bytes.as_slice(), b"\n"].concat();
    on_record.contains(&bytes.digest()) || on_record.contains(&Digest::of(&pulled))
}

/// Reads a version and puts its bytes into the store; the reason when it is no state of this stack.
fn keep(
    keeper: &Keeper<'_>,
    history: &dyn StateHistory,
    at: &StateVersionAt,
    lineage: Option<&Lineage>,
    on_record: &BTreeSet<Digest>,
) -> Result<Result<KeptVersion, String>, Error> {
    let Some(bytes) = history.bytes(at).map_err(crate::store::Error::from)? else {
        return Ok(Err("it is there no more".to_owned()));
    };
    let bytes = StateBytes::new(bytes);
    let read = match ReadState::read(bytes) {
        Ok(read) => read,
        Err(unreadable) => return Ok(Err(unreadable.to_string())),
    };
    let found = &read.state().version.lineage;
    if lineage.is_some_and(|lineage| lineage != found) {
        return Ok(Err(foreign(found)));
    }
    let blob = keeper.put(read.bytes().as_slice())?;
    let reference = state_ref(blob, &read, StateSource::Version);
    let is_known = is_known(on_record, read.bytes());
    Ok(Ok(KeptVersion { at: at.clone(), reference, is_known }))
}

fn record(
    job: &Job<'_>,
    backend: &BackendIdentity,
    guesses: &mut Guesses<'_>,
    version: &KeptVersion,
    previous: Option<&Entry>,
) -> Result<(ImportedVersion, Entry), Error> {
    let bytes = StateBytes::new(job.ports.repository.get_blob(&version.reference.blob)?);
    let parsed = state::parse(&bytes).map_err(|problem| Error::Unreadable {
        problem,
        found: version.at.id.clone(),
        evidence: None,
        last: None,
    })?;
    let guess = guesses.of(&parsed, version.at.written)?;
    let (commit, configuration, misfit) = match guess {
        Ok((commit, configuration)) => (Some(commit), Some(configuration), None),
        Err(why) => (None, None, Some(why)),
    };
    let previous = previous.map_or(&[][..], std::slice::from_ref);
    let change: Option<ChangeSince> =
        change_since(job.ports.repository, previous, &bytes, &job.stack.knowledge);
    let body = Body::Snapshot(Box::new(Snapshot {
        cause: Cause::Imported,
        state: Some(version.reference.clone()),
        configuration,
        engine: None,
        workspace: job.stack.workspace.clone(),
        backend: backend.clone(),
        git: commit.clone().map(|commit| GitFacts { commit, dirty: false }),
        tags: BTreeMap::new(),
        change,
        past: Some(Past { written: version.at.written, version: version.at.id.clone() }),
    }));
    let entry = job.record(After::Any, body)?;
    let imported = ImportedVersion {
        revision: entry.revision,
        serial: version.reference.version.serial,
        written: version.at.written,
        resources: version.reference.resources,
        commit,
        misfit,
    };
    Ok((imported, entry))
}

/// A commit's configuration, looked at once.
struct CommitConfiguration {
    captured: CapturedConfiguration,
    declares: Declares,
    kept: Option<ConfigurationRef>,
}

/// The configurations of commits, as they are asked for.
struct Guesses<'a> {
    ports: &'a Ports<'a>,
    stack: &'a Stack,
    tree: Option<WorkTree>,
    commits: Vec<Commit>,
    looked: BTreeMap<String, Result<CommitConfiguration, String>>,
}

impl<'a> Guesses<'a> {
    fn new(ports: &'a Ports<'a>, stack: &'a Stack) -> Self {
        let tree = WorkTree::of(ports.environment, &stack.root);
        let commits = tree.as_ref().map_or_else(Vec::new, |tree| tree.commits(ports.environment));
        let commits = commits
            .into_iter()
            .filter_map(|(id, time)| Some(Commit { id, time: Timestamp::from_second(time).ok()? }))
            .collect();
        Self { ports, stack, tree, commits, looked: BTreeMap::new() }
    }

    /// The commit and the configuration for a state, or why there is none.
    fn of(
        &mut self,
        state: &State<'_>,
        written: Timestamp,
    ) -> Result<Result<(String, ConfigurationRef), String>, Error> {
        let Some(tree) = &self.tree else {
            return Ok(Err("the directory is in no git repository".to_owned()));
        };
        let commit = match candidate(&self.commits, written) {
            Ok(commit) => commit,
            Err(misfit) => return Ok(Err(misfit.to_string())),
        };
        let (ports, stack) = (self.ports, self.stack);
        let looked = self
            .looked
            .entry(commit.id.clone())
            .or_insert_with(|| look(ports, stack, tree, &commit.id));
        let looked = match looked {
            Ok(looked) => looked,
            Err(what) => {
                let commit = commit.id.chars().take(7).collect();
                return Ok(Err(Misfit::Unreadable { commit, what: what.clone() }.to_string()));
            }
        };
        if let Err(misfit) = fits(commit, &looked.declares, state) {
            return Ok(Err(misfit.to_string()));
        }
        let kept = if let Some(kept) = &looked.kept {
            kept.clone()
        } else {
            let source = ConfigurationSource::Inferred;
            let kept = keep_configuration(ports, &looked.captured, source)?;
            looked.kept.insert(kept).clone()
        };
        Ok(Ok((commit.id.clone(), kept)))
    }
}

/// Lays a commit out and captures its configuration; the reason when that cannot be done.
fn look(
    ports: &Ports<'_>,
    stack: &Stack,
    tree: &WorkTree,
    commit: &str,
) -> Result<CommitConfiguration, String> {
    let private = tempfile::Builder::new()
        .prefix("unapply-")
        .tempdir_in(&stack.temporary)
        .map_err(|error| format!("no private directory: {error}"))?;
    let place = |name: &str| private.path().join(name);
    let lay_out = |besides: &[PathBuf], into: PathBuf| {
        std::fs::create_dir_all(&into).map_err(|error| error.to_string())?;
        let root = tree.extract(ports.environment, commit, besides, &into);
        let root = root.map_err(|error| error.to_string())?;
        let top = into.join("tree");
        let captured = capture(ports, stack, &root, &top).map_err(|error| error.to_string())?;
        Ok::<_, String>((top, root, captured))
    };
    let (top, root, captured) = lay_out(&[], place("first"))?;
    let outside = outside(&captured, &root, &top);
    let captured = if outside.is_empty() {
        captured
    } else {
        // The files that functions read in them are needed too.
        lay_out(&outside, place("second"))?.2
    };
    let declares = declares(&captured);
    Ok(CommitConfiguration { captured, declares, kept: None })
}

/// The configuration as files say it: values of today's environment were not there then.
fn capture(
    ports: &Ports<'_>,
    stack: &Stack,
    root: &std::path::Path,
    top: &std::path::Path,
) -> Result<CapturedConfiguration, ConfigurationError> {
    let is_there =
        |given: &&GivenValue| matches!(given, GivenValue::File(path) if path.is_relative());
    let given: Vec<GivenValue> = stack.inputs.words.0.iter().filter(is_there).cloned().collect();
    configuration::capture(&configuration::CaptureRequest {
        root,
        data_directory: None,
        given: &given,
        environment: &BTreeMap::new(),
        engine: AskedEngine(&|| ports.engine(stack)),
        encryption: &ports.encryption(stack),
        plan: None,
        tracking: GitTracking::Everything(top),
        bounds: stack.bounds,
    })
}

/// Directories of modules outside of the root module, below the repository's top.
fn outside(
    captured: &CapturedConfiguration,
    root: &std::path::Path,
    top: &std::path::Path,
) -> Vec<PathBuf> {
    let bundle = &captured.bundle;
    // The bundle's top is as far above the root module as the path of that is deep.
    let depth = match bundle.root.as_str() {
        "." => 0,
        path => path.split('/').count(),
    };
    let Some(above) = root.ancestors().nth(depth) else { return Vec::new() };
    let directories = bundle.modules.iter().map(|module| above.join(module.directory.as_str()));
    directories
        .filter(|directory| !directory.starts_with(root))
        .filter_map(|directory| directory.strip_prefix(top).ok().map(PathBuf::from))
        .collect()
}

/// The blocks and providers that a captured configuration declares.
fn declares(captured: &CapturedConfiguration) -> Declares {
    let configuration = Configuration::read(captured.bundle.clone(), captured.engine);
    let mut declares = Declares {
        providers: captured.providers.iter().map(|locked| locked.source.clone()).collect(),
        blocks: configuration.names(|facts| facts.resources.iter().collect()),
        ..Declares::default()
    };
    let modules = &captured.bundle.modules;
    let keys = std::iter::once("").chain(modules.iter().map(|module| module.key.as_str()));
    for (key, ReadModule { facts, .. }) in keys.zip(configuration.modules()) {
        declares.unreadable.extend(facts.unreadable.iter().map(ToString::to_string));
        for name in facts.modules.keys() {
            let called = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            if !modules.iter().any(|module| module.key == called) {
                declares.unreadable.push(format!("module {called} is not in the repository"));
            }
        }
    }
    declares
}
