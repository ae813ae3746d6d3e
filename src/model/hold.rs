//! Holds on what must not be applied, and their release.
//!
//! A revert holds the configuration it takes back, so that the next pipeline does not apply it
//! again; a person can hold the whole stack. Whether a hold stands, and against what, is
//! `engine::hold`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::entry::Revision;

/// The scope of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldScope {
    /// Nothing can be applied.
    Everything,
    /// These configurations cannot be applied.
    Configuration {
        /// Digests of their archives.
        digests: Vec<Digest>,
        /// The commits they came from.
        commits: Vec<String>,
        /// The snapshot that the stack was taken back to.
        target: Option<Revision>,
    },
}

/// Something is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its scope.
    pub scope: HoldScope,
    /// The end of the hold; without one it is for ever.
    pub until: Option<Timestamp>,
}

/// A hold is lifted; why stands with the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The entry of the hold.
    pub hold: Revision,
}
