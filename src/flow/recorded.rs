//! Reads back what the log and the store have: states, configurations, values of drift, states that
//! Terraform left behind.
//!
//! Each is checked against the entry that speaks of it. Nothing is decided here.

use std::collections::{BTreeMap, btree_map};
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::Error;
use super::error::drift::DriftError;
use super::ports::Ports;
use crate::codec::hcl::Configuration;
use crate::codec::state::{ReadState, Unreadable};
use crate::codec::{bundle, drift as codec};
use crate::engine::drift::{Tracked, tracked};
use crate::engine::good::snapshots;
use crate::model::configuration::Bundle;
use crate::model::drift::{DriftItem, DriftObservation, DriftedObject, KnownDrift, RecordedFix};
use crate::model::entry::{Entry, Revision, Snapshot, StateRef};
use crate::model::state::StateBytes;
use crate::store::{self, Repository};

/// A state on record, with its bytes.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The entry.
    pub revision: Revision,
    /// When it was taken.
    pub time: Timestamp,
    /// The state, read.
    pub state: ReadState,
}

/// A stored state, checked against the entry that speaks of it, and read.
pub fn load(ports: &Ports<'_>, entry: &Entry, state: &StateRef) -> Result<Recorded, Error> {
    let bytes = load_bytes(ports.repository, entry, state)?;
    let revision = entry.revision;
    let unreadable =
        |problem: Unreadable| Error::StoredState { revision, problem: problem.error.to_string() };
    let state = ReadState::read(bytes).map_err(unreadable)?;
    Ok(Recorded { revision, time: entry.happened(), state })
}

/// The exact bytes of a stored state, checked against the entry that speaks of it.
pub fn load_bytes(
    repository: &Repository,
    entry: &Entry,
    state: &StateRef,
) -> Result<StateBytes, Error> {
    let bytes = StateBytes::new(repository.get_blob(&state.blob)?);
    if bytes.digest() != state.version.digest {
        return Err(Error::StoredState {
            revision: entry.revision,
            problem: "its content is not what the entry says".to_owned(),
        });
    }
    Ok(bytes)
}

/// The configuration of a snapshot.
pub fn load_bundle(
    ports: &Ports<'_>,
    revision: Revision,
    snapshot: &Snapshot,
) -> Result<Bundle, Error> {
    let configuration = snapshot
        .configuration
        .as_ref()
        .ok_or(Error::Unfit { revision, problem: "has no configuration" })?;
    let archive = ports.repository.get_blob(&configuration.blob)?;
    bundle::unpack(&archive).map_err(|source| Error::Bundle { revision, source })
}

/// The configuration of an entry, if it has one that can be read. That the store cannot be reached
/// is an error: the configuration may be the one that forbids something.
pub(super) fn readable_configuration(
    ports: &Ports<'_>,
    entry: &Entry,
) -> Result<Option<Configuration>, Error> {
    let Some(snapshot) = entry.recorded.body.snapshot() else { return Ok(None) };
    match load_configuration(ports, entry.revision, snapshot) {
        Ok(configuration) => Ok(Some(configuration)),
        Err(unreached @ Error::Store(store::Error::Object(_))) => Err(unreached),
        Err(_) => Ok(None),
    }
}

/// The configuration of a snapshot, read.
pub fn load_configuration(
    ports: &Ports<'_>,
    revision: Revision,
    snapshot: &Snapshot,
) -> Result<Configuration, Error> {
    let engine = snapshot.engine.as_ref().map(|engine| engine.kind);
    load_bundle(ports, revision, snapshot).map(|bundle| Configuration::read(bundle, engine))
}

/// A file's content; nothing when there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path: path.display().to_string(), source }),
    }
}

/// The values of a look, one for each item and in the same order.
pub fn drift_values(
    ports: &Ports<'_>,
    revision: Revision,
    observation: &DriftObservation,
) -> Result<Vec<DriftedObject>, Error> {
    let Some(blob) = &observation.values else { return Ok(Vec::new()) };
    let objects = codec::decode(&ports.repository.get_blob(blob)?)
        .map_err(|error| unreadable_values(revision, &error.to_string()))?;
    let is_pair = |(item, object): (&DriftItem, &DriftedObject)| {
        // A key in which a secret stands is in the values and not in the item.
        item.address.block() == object.address.block() && item.deposed == object.deposed
    };
    if objects.len() != observation.items.len()
        || !observation.items.iter().zip(&objects).all(is_pair)
    {
        return Err(unreadable_values(revision, "they are not those of its items"));
    }
    Ok(objects)
}

pub(super) fn unreadable_values(revision: Revision, problem: &str) -> Error {
    DriftError::Values { revision, problem: problem.to_owned() }.into()
}

/// An item with its life and its values.
#[derive(Debug)]
pub struct Valued<'a> {
    /// The item.
    pub tracked: Tracked<'a>,
    /// Its values.
    pub object: DriftedObject,
}

/// Every item for which `wanted` holds, with its values.
pub fn valued_items<'a>(
    ports: &Ports<'_>,
    log: &'a [Entry],
    wanted: impl Fn(&Tracked<'a>) -> bool,
) -> Result<Vec<Valued<'a>>, Error> {
    let mut read: BTreeMap<Revision, Vec<DriftedObject>> = BTreeMap::new();
    let mut valued = Vec::new();
    for tracked in tracked(log).into_iter().filter(wanted) {
        let revision = tracked.last_seen.revision;
        let objects = match read.entry(revision) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(place) => {
                place.insert(drift_values(ports, revision, tracked.observation)?)
            }
        };
        let missing = || unreadable_values(revision, "they are not those of its items");
        let object = objects.get(tracked.position).ok_or_else(missing)?.clone();
        valued.push(Valued { tracked, object });
    }
    Ok(valued)
}

/// The drift that is on record: items that the last check saw, and every fix, whatever became of
/// it.
pub fn known_drift(ports: &Ports<'_>, log: &[Entry]) -> Result<Vec<KnownDrift>, Error> {
    let wanted = |tracked: &Tracked<'_>| tracked.life.is_open() || tracked.fix.is_some();
    let known = |valued: Valued<'_>| KnownDrift {
        item: valued.tracked.item.clone(),
        object: valued.object,
        fix: valued.tracked.fix.map(|(entry, fix)| RecordedFix {
            revision: entry.revision,
            by: entry.recorded.actor.name.clone(),
            reason: entry.recorded.reason.clone(),
            ticket: entry.recorded.ticket.clone(),
            until: fix.until,
        }),
    };
    Ok(valued_items(ports, log, wanted)?.into_iter().map(known).collect())
}

/// The newest stored state.
pub fn stored_state(ports: &Ports<'_>, log: &[Entry]) -> Result<Option<ReadState>, Error> {
    let newest = snapshots(log).rev().find_map(|(entry, s)| Some((entry, s.state.as_ref()?)));
    newest.map(|(entry, state)| Ok(load(ports, entry, state)?.state)).transpose()
}
