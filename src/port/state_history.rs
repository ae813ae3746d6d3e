//! The older versions of a state, with their bytes, as a place must offer them.
//!
//! It reads and nothing else: no version is ever restored, overwritten or deleted through it.

use std::fmt;

use jiff::Timestamp;

use super::object_store::ObjectError;

/// An older version of a state, as the place lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateVersionAt {
    /// Its name there.
    pub id: String,
    /// When it was written, by the place's clock.
    pub written: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A place that keeps older versions of one state.
pub trait StateHistory: fmt::Debug {
    /// The place, for a person: without credentials.
    fn place(&self) -> String;

    /// Every older version, oldest first: not the present one, and no mark of a deletion.
    fn versions(&self) -> Result<Vec<StateVersionAt>, ObjectError>;

    /// The exact bytes of one; `None` when it is there no more.
    fn bytes(&self, version: &StateVersionAt) -> Result<Option<Vec<u8>>, ObjectError>;
}
