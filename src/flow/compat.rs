//! Whether a revert can be planned with the versions at hand, asked before anything is planned.
//!
//! The facts are gathered here and judged by [`crate::engine::compat`]. A private copy whose
//! provider has to be newer gets today's lock entry for it, and so does the configuration that is
//! recorded as applied: the next revert to it must find a provider that reads its state. Nothing of
//! the user's directory is changed.

use super::Error;
use super::configuration::{Captured, LOCK_FILE};
use super::ports::{Ports, Stack};
use super::recorded::load_bundle;
use super::revert::draft::RevertDraft;
use super::snapshot::keep_configuration;
use crate::codec::hcl::{lock, module_facts};
use crate::codec::state;
use crate::engine::compat::{Facts, Obstacle, Suitable, judge, selects_newer};
use crate::engine::good::snapshots;
use crate::model::address::ProviderSource;
use crate::model::configuration::{Bundle, BundlePath, LockedProvider};
use crate::model::entry::{Cause, EngineVersion, Entry, Revision, Snapshot};
use crate::model::hazard::Hazard;
use crate::model::state::StateBytes;
use crate::port::terraform;

/// A draft that can be planned, and what has to be accepted for it.
#[derive(Debug)]
pub struct Fitted {
    /// The draft, its private copy's lock file edited where need be.
    pub draft: RevertDraft,
    /// What stands against it.
    pub hazards: Vec<Hazard>,
}

/// Judges a draft and makes it fit.
pub fn fit(ports: &Ports<'_>, stack: &Stack, mut draft: RevertDraft) -> Result<Fitted, Error> {
    let log = ports.repository.log(&stack.name)?;
    let good = locked(lock_of(&draft.bundle).unwrap_or_default());
    let newer = newer_lock(ports, &log, draft.target.revision, &good);
    // One that does not say what it is still plans, or says by itself what is wrong with it.
    let running = ports.terraform.version().ok();
    let suitable = suitable(&Look {
        running: running.as_ref(),
        good_engine: draft.snapshot.engine.as_ref(),
        present_engine: writer_of_present(&log),
        bundle: &draft.bundle,
        newer: &newer,
        states: (&draft.good.bytes, &draft.current),
    })?;
    if !suitable.newer_entries.is_empty() {
        draft.bundle = with_newer_entries(draft.bundle, &newer, &suitable.newer_entries);
        draft.snapshot.configuration = Some(recorded(ports, &draft)?);
    }
    Ok(Fitted { draft, hazards: suitable.hazards })
}

/// The configuration with today's lock entries for these providers. One whose lock file cannot be
/// read stays as it is, and `init` says what is wrong.
pub(super) fn with_newer_entries(
    mut bundle: Bundle,
    newer: &[u8],
    entries: &[ProviderSource],
) -> Bundle {
    let known = lock_of(&bundle).unwrap_or_default();
    let edited = lock::with_entries_of(known, newer, entries);
    if let (Ok(path), Ok(edited), false) = (lock_path(&bundle), edited, entries.is_empty()) {
        bundle.files.insert(path, edited);
    }
    bundle
}

/// What is looked at, whoever looks.
pub(super) struct Look<'a> {
    /// The binary that would run, as far as it says what it is.
    pub running: Option<&'a EngineVersion>,
    /// The good snapshot's.
    pub good_engine: Option<&'a EngineVersion>,
    /// The one that wrote the present state, as far as the log tells.
    pub present_engine: Option<&'a EngineVersion>,
    /// The good configuration.
    pub bundle: &'a Bundle,
    /// Today's lock file.
    pub newer: &'a [u8],
    /// The good state and the present one.
    pub states: (&'a StateBytes, &'a StateBytes),
}

/// Judges what was found.
pub(super) fn suitable(look: &Look<'_>) -> Result<Suitable, Error> {
    let read = |bytes| {
        state::parse(bytes).map_err(|problem| Error::Unreadable {
            problem,
            found: "the store".to_owned(),
            evidence: None,
            last: None,
        })
    };
    let (good, present) = (read(look.states.0)?, read(look.states.1)?);
    let locked = locked(lock_of(look.bundle).unwrap_or_default());
    Ok(judge(&Facts {
        running: look.running,
        good_engine: look.good_engine,
        present_engine: look.present_engine,
        required: &required(look.bundle),
        good: &good,
        present: &present,
        locked: &locked,
        newer: &self::locked(look.newer),
    })?)
}

/// What wrote the present state: a revert's own snapshot names the binary of the one who looks.
pub(super) fn writer_of_present(log: &[Entry]) -> Option<&EngineVersion> {
    let newest = snapshots(log).rev().find(|(_, snapshot)| snapshot.cause != Cause::BeforeRevert);
    newest.and_then(|(_, snapshot)| snapshot.engine.as_ref())
}

/// Every `required_version` of the configuration, its modules included.
fn required(bundle: &Bundle) -> Vec<String> {
    let directories = bundle.modules.iter().map(|module| &module.directory);
    std::iter::once(&bundle.root)
        .chain(directories)
        .flat_map(|directory| module_facts(bundle, directory).required_versions)
        .collect()
}

/// The newest lock file since the good snapshot that selects a newer provider than it does. The
/// newest snapshot has the working directory's; one that cannot be read selects nothing.
pub(super) fn newer_lock(
    ports: &Ports<'_>,
    log: &[Entry],
    target: Revision,
    good: &[LockedProvider],
) -> Vec<u8> {
    let since = snapshots(log).rev().take_while(|(entry, _)| entry.revision > target);
    let is_newer = |snapshot: &Snapshot| {
        let known = snapshot.configuration.as_ref();
        known.is_some_and(|known| selects_newer(good, &known.providers))
    };
    since
        .filter(|(_, snapshot)| is_newer(snapshot))
        .find_map(|(entry, snapshot)| {
            let bundle = load_bundle(ports, entry.revision, snapshot).ok()?;
            lock_of(&bundle).map(<[u8]>::to_vec)
        })
        .unwrap_or_else(|| {
            let newest = snapshots(log).next_back();
            let bundle = newest.and_then(|(e, s)| load_bundle(ports, e.revision, s).ok());
            bundle.as_ref().and_then(lock_of).map(<[u8]>::to_vec).unwrap_or_default()
        })
}

/// Terraform's refusal of an object that a newer provider wrote, as what it is.
pub(super) fn explained(error: Error) -> Error {
    const SUMMARY: &str = "Resource instance managed by newer provider version";
    if let Error::Terraform(terraform::Error::Failed { diagnostics, .. }) = &error
        && let Some(found) = diagnostics.iter().find(|found| found.summary == SUMMARY)
    {
        return Obstacle::WrittenByNewer { said: found.detail.clone() }.into();
    }
    error
}

fn lock_path(bundle: &Bundle) -> Result<BundlePath, crate::model::configuration::RefusedPath> {
    bundle.root.join(LOCK_FILE)
}

/// The lock file of a configuration.
pub(super) fn lock_of(bundle: &Bundle) -> Option<&[u8]> {
    bundle.files.get(&lock_path(bundle).ok()?).map(Vec::as_slice)
}

/// A lock file that cannot be read selects nothing; `init` says what is wrong with it.
fn locked(content: &[u8]) -> Vec<LockedProvider> {
    lock::providers(content).unwrap_or_default()
}

/// Stores the edited configuration: it is the one that would be applied.
fn recorded(
    ports: &Ports<'_>,
    draft: &RevertDraft,
) -> Result<crate::model::configuration::ConfigurationRef, Error> {
    let known = draft.snapshot.configuration.as_ref();
    let known = known
        .ok_or(Error::Unfit { revision: draft.target.revision, problem: "has no configuration" })?;
    let mut notes = known.notes.clone();
    notes.push(format!("the lock file of revision {} with newer entries", draft.target.revision));
    // As it was captured but for the lock file: values that only today gives are no part of it.
    let mut bundle = load_bundle(ports, draft.target.revision, &draft.snapshot)?;
    let edited = lock_path(&bundle).ok().zip(lock_of(&draft.bundle));
    if let Some((path, edited)) = edited {
        bundle.files.insert(path, edited.to_vec());
    }
    let providers = locked(lock_of(&bundle).unwrap_or_default());
    keep_configuration(ports, &Captured { bundle, notes, providers }, known.source)
}
