//! The repository: logs and blobs over any object store.
//!
//! A [`Repository`] is a store that was initialised and is fit for this version. Appending and
//! reading logs is in `log`, blobs in `blob`, verification of everything in `check`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::error::Error;
use super::log::Tip;
use super::probe;
use super::write::WriteOutcome;
use super::{keys, random};
use crate::codec::record::StoreId;
use crate::codec::record::marker;
use crate::model::stack::StackName;
use crate::port::object_store::{Created, ObjectStore};

/// An initialised store.
#[derive(Debug)]
pub struct Repository {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) id: StoreId,
    /// The newest entry of each stack that this process has verified: a log that later shows less
    /// has been rewound, or is read through a stale cache.
    pub(super) seen: Mutex<BTreeMap<StackName, Tip>>,
}

impl Repository {
    /// Opens a store without writing anything.
    pub fn open(objects: Arc<dyn ObjectStore>) -> Result<Self, Error> {
        let Some(bytes) = objects.get(&keys::marker()?)? else {
            return Err(Error::NotInitialised { place: objects.place() });
        };
        let id = marker::decode(&bytes)
            .map_err(|source| Error::Unfit { place: objects.place(), source })?;
        Ok(Self { objects, id, seen: Mutex::new(BTreeMap::new()) })
    }

    /// Makes a store of the place, after finding out that it keeps its word, or opens the store
    /// that is already there. Two that initialise at once get the same store.
    pub fn initialise(objects: Arc<dyn ObjectStore>) -> Result<(Self, Created), Error> {
        match Self::open(Arc::clone(&objects)) {
            Ok(repository) => return Ok((repository, Created::Exists)),
            Err(Error::NotInitialised { .. }) => {}
            Err(other) => return Err(other),
        }
        probe::create_only_holds(&*objects)?;
        let store = random::store_id()?;
        let bytes = marker::encode(store)
            .map_err(|source| Error::Unfit { place: objects.place(), source })?;
        // Settling needs a repository, and the marker is what makes one.
        let founding =
            Self { objects: Arc::clone(&objects), id: store, seen: Mutex::new(BTreeMap::new()) };
        let created = match founding.resolve(&keys::marker()?, &bytes)? {
            WriteOutcome::Stored(_) => Created::New,
            WriteOutcome::Other(_) => Created::Exists,
        };
        Ok((Self::open(objects)?, created))
    }

    /// Finds out whether the place still keeps its word about create-only writes, by racing writers
    /// for a key of the probe's own. Its objects stay, for there is no delete.
    pub fn probe(&self) -> Result<(), Error> {
        probe::create_only_holds(&*self.objects)
    }

    /// Records that a person accepts states in the clear here, also of stacks that encrypt theirs.
    /// Said again, it changes nothing.
    pub fn accept_unencrypted(&self, by: &str, time: Timestamp) -> Result<(), Error> {
        let bytes = marker::accepted(by, time)
            .map_err(|source| Error::Unfit { place: self.place(), source })?;
        self.resolve(&keys::unencrypted()?, &bytes).map(drop)
    }

    /// Whether a person has accepted that.
    pub fn is_accepted_unencrypted(&self) -> Result<bool, Error> {
        Ok(self.objects.get(&keys::unencrypted()?)?.is_some())
    }

    /// The store's own name.
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// The place, for a person.
    pub fn place(&self) -> String {
        self.objects.place()
    }

    /// Every stack with a log, in byte order of their keys.
    ///
    /// Parts that no writer of ours gives are passed over; [`Self::check`] reports them.
    pub fn stacks(&self) -> Result<Vec<StackName>, Error> {
        let parts = self.objects.children(&keys::stacks()?)?;
        Ok(parts.iter().filter_map(|part| keys::stack_name(part)).collect())
    }
}
