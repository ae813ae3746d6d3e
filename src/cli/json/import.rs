//! JSON of an import.

use schemars::JsonSchema;
use serde::Serialize;

use super::EntryOut;

/// `unapply.import`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImportOut {
    /// The place of the older versions.
    pub place: String,
    /// The snapshots, oldest first.
    pub imported: Vec<ImportedOut>,
    /// How many older versions were on record already.
    pub known: u64,
    /// Older versions that were left out, oldest first.
    pub skipped: Vec<SkippedVersionOut>,
    /// The present, recorded last.
    pub present: EntryOut,
}

/// An older version that is a snapshot now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImportedOut {
    /// Its entry.
    pub revision: u64,
    /// Its serial.
    pub serial: u64,
    /// When it was written.
    pub written_at: String,
    /// How many managed objects it knows.
    pub resources: u64,
    /// The commit whose configuration was inferred for it.
    pub commit: Option<String>,
    /// Why it has no configuration, if so.
    pub misfit: Option<String>,
}

/// An older version that was left where it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkippedVersionOut {
    /// Its name in the bucket.
    pub version_id: String,
    /// When it was written.
    pub written_at: String,
    /// Why.
    pub why: String,
}
