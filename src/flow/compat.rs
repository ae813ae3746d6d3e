//! Gathers what decides whether a configuration of the past can be planned with the versions at hand.
//!
//! The facts are judged by [`crate::engine::compat`]. A private copy whose provider has to be newer
//! gets the lock entry of today for it. Nothing of the user's directory is changed.

use super::Error;
use super::configuration::LOCK_FILE;
use super::ports::Ports;
use super::recorded::load_bundle;
use crate::codec::hcl::{Configuration, lock};
use crate::engine::compat::{CompatibilityFacts, Suitable, VersionObstacle, judge, selects_newer};
use crate::engine::good::snapshots;
use crate::model::address::ProviderSource;
use crate::model::configuration::{Bundle, BundlePath, LockedProvider, RefusedPath};
use crate::model::entry::{Cause, EngineVersion, Entry, Revision, Snapshot};
use crate::model::state::State;
use crate::port::terraform;

/// The configuration with today's lock entries for these providers. One whose lock file cannot be
/// read stays as it is, and `init` says what is wrong.
pub(super) fn with_newer_entries(
    mut configuration: Configuration,
    newer: &[u8],
    entries: &[ProviderSource],
) -> Configuration {
    let known = lock_of(configuration.bundle()).unwrap_or_default();
    let edited = lock::with_entries_of(known, newer, entries);
    let path = lock_path(configuration.bundle());
    if let (Ok(path), Ok(edited), false) = (path, edited, entries.is_empty()) {
        configuration.set_lock_file(path, edited);
    }
    configuration
}

/// The versions, states and lock files that are judged.
pub(super) struct VersionFacts<'a> {
    /// The binary that would run, as far as it says what it is.
    pub running: Option<&'a EngineVersion>,
    /// The good snapshot's.
    pub good_engine: Option<&'a EngineVersion>,
    /// The one that wrote the present state, as far as the log tells.
    pub present_engine: Option<&'a EngineVersion>,
    /// The good configuration.
    pub configuration: &'a Configuration,
    /// Today's lock file.
    pub newer: &'a [u8],
    /// The good state.
    pub good: &'a State<'a>,
    /// The present one.
    pub present: &'a State<'a>,
}

/// Judges what was found.
pub(super) fn suitable(look: &VersionFacts<'_>) -> Result<Suitable, Error> {
    let locked = locked(lock_of(look.configuration.bundle()).unwrap_or_default());
    Ok(judge(&CompatibilityFacts {
        running: look.running,
        good_engine: look.good_engine,
        present_engine: look.present_engine,
        required: &required(look.configuration),
        good: look.good,
        present: look.present,
        locked: &locked,
        newer: &self::locked(look.newer),
    })?)
}

/// The engine that wrote the present state: that of the newest snapshot not taken before a revert.
/// A snapshot before a revert names only the binary at hand.
pub(super) fn writer_of_present(log: &[Entry]) -> Option<&EngineVersion> {
    let newest = snapshots(log).rev().find(|(_, snapshot)| snapshot.cause != Cause::BeforeRevert);
    newest.and_then(|(_, snapshot)| snapshot.engine.as_ref())
}

/// Every `required_version` of the configuration, its modules included.
fn required(configuration: &Configuration) -> Vec<String> {
    let modules = configuration.modules().iter();
    modules.flat_map(|module| module.facts.required_versions.iter().cloned()).collect()
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
        return VersionObstacle::WrittenByNewer { said: found.detail.clone() }.into();
    }
    error
}

pub(super) fn lock_path(bundle: &Bundle) -> Result<BundlePath, RefusedPath> {
    bundle.root.join(LOCK_FILE)
}

/// The lock file of a configuration.
pub(super) fn lock_of(bundle: &Bundle) -> Option<&[u8]> {
    bundle.files.get(&lock_path(bundle).ok()?).map(Vec::as_slice)
}

/// A lock file that cannot be read selects nothing; `init` says what is wrong with it.
pub(super) fn locked(content: &[u8]) -> Vec<LockedProvider> {
    lock::providers(content).unwrap_or_default()
}
