//! Stores that misbehave in one way each. Everything else is passed on to the store inside.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use unapply::port::object_store::{Created, Key, ObjectError, ObjectStore};

use super::memory::MemoryStore;

fn no_answer(key: &Key) -> ObjectError {
    ObjectError::Ambiguous { key: key.to_string(), source: io::ErrorKind::ConnectionReset.into() }
}

fn failed(key: &Key) -> ObjectError {
    ObjectError::Failed { key: key.to_string(), source: io::ErrorKind::ConnectionRefused.into() }
}

/// When the answer to a write is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The write took effect.
    AfterCommit,
    /// It did not.
    BeforeCommit,
    /// It did, and the disk said that it may not last.
    NotDurable,
}

/// Loses the answers to the first `left` writes.
#[derive(Debug)]
pub(crate) struct LoseAnswer {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) lost: Lost,
    pub(crate) left: AtomicU64,
}

impl ObjectStore for LoseAnswer {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        let one_less = |left: u64| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if self.left.fetch_update(order, order, one_less).is_err() {
            return self.inner.create(key, bytes);
        }
        if self.lost != Lost::BeforeCommit {
            let (Created::New | Created::Exists) = self.inner.create(key, bytes)?;
        }
        Err(match self.lost {
            Lost::AfterCommit | Lost::BeforeCommit => no_answer(key),
            Lost::NotDurable => {
                ObjectError::NotDurable { key: key.to_string(), source: io::Error::other("fsync") }
            }
        })
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.inner.get(key)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        self.inner.list(prefix)
    }
}

/// Fails every n-th call before it does anything.
#[derive(Debug)]
pub(crate) struct FailEveryNth {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) nth: u64,
    pub(crate) calls: AtomicU64,
}

impl FailEveryNth {
    fn count(&self, key: &Key) -> Result<(), ObjectError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if call.is_multiple_of(self.nth) { Err(failed(key)) } else { Ok(()) }
    }
}

impl ObjectStore for FailEveryNth {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        self.count(key)?;
        self.inner.create(key, bytes)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.count(key)?;
        self.inner.get(key)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        self.count(prefix)?;
        self.inner.list(prefix)
    }
}

/// Overwrites an object that is there, and calls it new.
#[derive(Debug)]
pub(crate) struct IgnoresCondition(pub(crate) Arc<MemoryStore>);

impl ObjectStore for IgnoresCondition {
    fn place(&self) -> String {
        self.0.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        self.0.tamper(key, Some(bytes.to_vec()));
        Ok(Created::New)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.0.get(key)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        self.0.list(prefix)
    }
}

/// Looks, waits for the others, and writes: right one by one, wrong in a race.
#[derive(Debug)]
pub(crate) struct ChecksThenWrites {
    pub(crate) inner: Arc<MemoryStore>,
    /// Racers that have looked at a contested key.
    pub(crate) meeting: std::sync::Barrier,
}

impl ObjectStore for ChecksThenWrites {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        let taken = self.inner.get(key)?.is_some();
        if key.last() == "race" {
            self.meeting.wait();
        }
        if taken {
            return Ok(Created::Exists);
        }
        self.inner.tamper(key, Some(bytes.to_vec()));
        Ok(Created::New)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.inner.get(key)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        self.inner.list(prefix)
    }
}

/// Refuses to create what is not there.
#[derive(Debug)]
pub(crate) struct InvertsCondition(pub(crate) Arc<MemoryStore>);

impl ObjectStore for InvertsCondition {
    fn place(&self) -> String {
        self.0.place()
    }

    fn create(&self, _key: &Key, _bytes: &[u8]) -> Result<Created, ObjectError> {
        Ok(Created::Exists)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.0.get(key)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        self.0.list(prefix)
    }
}

/// Flips one bit of what is read below `prefix`.
#[derive(Debug)]
pub(crate) struct FlipsBit {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) prefix: &'static str,
    /// Whether it does so once, or always.
    pub(crate) once: bool,
    pub(crate) done: AtomicBool,
}

impl ObjectStore for FlipsBit {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        self.inner.create(key, bytes)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        let mut object = self.inner.get(key)?;
        if key.as_str().starts_with(self.prefix)
            && let Some(bytes) = &mut object
            && !(self.once && self.done.swap(true, Ordering::SeqCst))
        {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        Ok(object)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        self.inner.list(prefix)
    }
}

/// The part that a store that hides an object still shows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Nothing.
    Everywhere,
    /// It can be read, and is not listed: a list that lags behind.
    InLists,
}

/// Hides one object.
#[derive(Debug)]
pub(crate) struct HidesObject {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) key: Key,
    pub(crate) hidden: Hidden,
}

impl ObjectStore for HidesObject {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        self.inner.create(key, bytes)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        if *key == self.key && self.hidden == Hidden::Everywhere {
            return Ok(None);
        }
        self.inner.get(key)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        let mut keys = self.inner.list(prefix)?;
        keys.retain(|key| *key != self.key);
        Ok(keys)
    }
}
