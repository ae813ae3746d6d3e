//! Writing one object and believing only what reading back confirms.
//!
//! Blobs and log slots go through the same steps; they differ in what other bytes under their key
//! mean, which is left to them. Start with [`Repository::resolve`].

use super::Repository;
use super::error::{Error, Lie};
use crate::port::object_store::{Created, Key, ObjectError};

/// How often a write whose answer is lost is sent before giving up.
const SENT_MAX: u32 = 3;

/// The bytes that lie under the key now.
pub(super) enum WriteOutcome {
    /// The bytes that were to be written, durable.
    Stored(Created),
    /// The bytes of another writer.
    Other(Vec<u8>),
}

impl Repository {
    /// Creates an object and reads it back.
    ///
    /// ```text
    /// create ──> New ───────> read: own bytes ─> stored; anything else ─> the store lies
    ///        ──> Exists ────> read: own bytes ─> stored; other bytes ──> lost to another writer
    ///        ──> no answer ─> read: as for Exists; nothing there ─> send the same bytes again
    ///        ──> any other error: nothing is believed and nothing read
    /// ```
    pub(super) fn resolve(&self, key: &Key, bytes: &[u8]) -> Result<WriteOutcome, Error> {
        let mut sent = 1;
        loop {
            let answer = match self.objects.create(key, bytes) {
                Ok(created) => Ok(created),
                Err(lost @ ObjectError::Ambiguous { .. }) => Err(lost),
                Err(error) => return Err(error.into()),
            };
            match (self.objects.get(key)?, answer) {
                (Some(found), Ok(created)) if found == bytes => {
                    return Ok(WriteOutcome::Stored(created));
                }
                (Some(found), Err(_)) if found == bytes => {
                    return Ok(WriteOutcome::Stored(Created::New));
                }
                (Some(_), Ok(Created::New)) => return Err(self.lie(Lie::Changed(key.clone()))),
                (Some(found), Ok(Created::Exists) | Err(_)) => {
                    return Ok(WriteOutcome::Other(found));
                }
                (None, Ok(_)) => return Err(self.lie(Lie::Vanished(key.clone()))),
                (None, Err(error)) if sent == SENT_MAX => return Err(error.into()),
                (None, Err(_)) => sent += 1,
            }
        }
    }

    pub(super) fn lie(&self, lie: Lie) -> Error {
        Error::Lies { place: self.place(), lie }
    }
}
