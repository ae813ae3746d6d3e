//! How stacks stand, as `--json` prints it.

use schemars::JsonSchema;
use serde::Serialize;

use super::hold::HoldFacts;
use crate::codec::lock_info::LockInfo;

/// `unapply.status`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusOut {
    /// One for each stack.
    pub stacks: Vec<StackStatus>,
    /// Conditions of `--fail-on` that were found.
    pub failed_on: Vec<FailedOnOut>,
}

/// One thing that `--fail-on` has found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FailedOnOut {
    /// The stack.
    pub stack: String,
    /// The condition that was asked for: `drift`, `overdue`, `held`, `unfinished`, `no-good`,
    /// `changed`, `stale`.
    pub what: String,
    /// The finding.
    pub why: String,
}

/// A good snapshot that a revert to `good` goes past.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PassedOverOut {
    /// Its revision.
    pub revision: u64,
    /// Why it cannot be planned, in a sentence.
    pub why: String,
}

/// Something that is open.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnsettledOut {
    /// The entry that left it open.
    pub revision: u64,
    /// The matter, in a clause.
    pub what: String,
    /// Whether no revert builds on the state before it is resolved.
    pub stands_in_the_way: bool,
}

/// Terraform's lock, as its holder describes it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LockOut {
    /// `held`; or `announced`, when no process that can be seen has it: it may be left over.
    pub standing: String,
    /// The lock's id.
    pub id: String,
    /// `user@host`.
    pub who: String,
    /// Such as `OperationTypeApply`.
    pub operation: String,
    /// When it was taken, in Terraform's words.
    pub since: String,
}

impl LockOut {
    /// A lock that stands in this way.
    pub fn new(standing: &str, info: LockInfo) -> Self {
        let LockInfo { id, operation, who, created } = info;
        Self { standing: standing.to_owned(), id, who, operation, since: created }
    }
}

/// One stack's state of affairs.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct StackStatus {
    /// Its name.
    pub stack: String,
    /// The last known good revision.
    pub good: Option<u64>,
    /// Its grade.
    pub grade: Option<String>,
    /// When it was taken.
    pub good_taken_at: Option<String>,
    /// Newer good snapshots that cannot be planned, so that the older one is gone back to; newest first.
    pub passed_over: Vec<PassedOverOut>,
    /// The live serial; null when there is no state or it could not be read.
    pub live_serial: Option<u64>,
    /// How the live state stands: `good`, `recorded`, `grown`, `rewound`, `forked`, `none`, `unknown`.
    pub live: String,
    /// The newest snapshot.
    pub newest: Option<u64>,
    /// When it was taken.
    pub newest_taken_at: Option<String>,
    /// How many seconds ago that was.
    pub newest_age_seconds: Option<u64>,
    /// A revert that is not concluded.
    pub unfinished: Option<u64>,
    /// Matters that are open, oldest first.
    pub unsettled: Vec<UnsettledOut>,
    /// The holds that stand, newest first.
    pub holds: Vec<HoldFacts>,
    /// Terraform's lock and its holder; null when it is free, or when that cannot be seen.
    pub lock: Option<LockOut>,
    /// Whether it can be seen at all: only a local backend's lock can.
    pub lock_visible: bool,
    /// How many drift items the last check saw; null when there was none yet.
    pub drift: Option<u64>,
    /// When that check was recorded.
    pub drift_looked_at: Option<String>,
    /// How many of these items are manual fixes on record.
    pub fixes: u64,
    /// How many of these fixes were to be gone by now.
    pub fixes_overdue: u64,
    /// Why something could not be told.
    pub problem: Option<String>,
}
