//! Holds that stand, and a guard's answer, as `--json` prints them.

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::EntryOut;
use crate::engine::hold::Held;
use crate::model::hold::HoldScope;

/// `unapply.hold`: what `hold` and `release` have done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HoldOut {
    /// Entries that were recorded.
    pub entries: Vec<EntryOut>,
    /// The holds that stand now, newest first.
    pub standing: Vec<HoldFacts>,
}

/// `unapply.guard`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GuardOut {
    /// Whether it may be applied.
    pub allowed: bool,
    /// The hold that forbids it.
    pub hold: Option<HoldFacts>,
    /// SHA-256 of the configuration that was asked about; null when that did not matter.
    pub configuration_digest: Option<String>,
    /// The commit that is checked out, when the work tree is as committed and that mattered.
    pub commit: Option<String>,
}

/// One hold that stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HoldFacts {
    /// Its entry.
    pub revision: u64,
    /// Whether nothing at all can be applied.
    pub everything: bool,
    /// The commits that cannot be applied.
    pub commits: Vec<String>,
    /// The snapshot that the stack was taken back to, for a hold of a revert.
    pub target: Option<u64>,
    /// By whom.
    pub by: String,
    /// Since when.
    pub since: String,
    /// Until when; for ever otherwise.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
}

impl From<&Held<'_>> for HoldFacts {
    fn from(held: &Held<'_>) -> Self {
        let (commits, target) = match &held.hold.scope {
            HoldScope::Everything => (Vec::new(), None),
            HoldScope::Configuration { commits, target, .. } => (commits.clone(), *target),
        };
        let said = &held.entry.recorded;
        Self {
            revision: held.entry.revision.0,
            everything: held.hold.scope == HoldScope::Everything,
            commits,
            target: target.map(|target| target.0),
            by: said.actor.name.clone(),
            since: format!("{:.0}", said.time),
            until: held.hold.until.map(|until| format!("{until:.0}")),
            reason: said.reason.clone(),
            ticket: said.ticket.clone(),
        }
    }
}
