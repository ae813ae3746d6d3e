//! The object that `doctor` prints as JSON.

use schemars::JsonSchema;
use serde::Serialize;

/// `unapply.doctor`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoctorOut {
    /// The snapshot that a revert would go back to.
    pub target: Option<u64>,
    /// The worst of what was found: `ok`, `warning` or `failing`.
    pub health: String,
    /// The things that were looked at, in the order of a revert.
    pub findings: Vec<ExaminedOut>,
    /// The entry that records it.
    pub entry: Option<u64>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExaminedOut {
    /// The subject: `store`, `terraform`, `plan`…
    pub subject: String,
    /// `ok`, `warning` or `failing`.
    pub health: String,
    /// The finding, in a clause.
    pub what: String,
    /// The step to take next, when a revert would not work.
    pub next: Option<String>,
}
