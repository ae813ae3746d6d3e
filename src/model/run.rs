//! An apply that ran under our eyes, what was resolved after one that failed, and what a look at the
//! surroundings found.

use serde::{Deserialize, Serialize};

use super::apply_report::{ApplyError, ApplyReport};
use super::configuration::BlobId;
use super::digest::Digest;
use super::entry::{ApplyOutcome, Revision};

/// A command that may change the world is about to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIntent {
    /// The snapshot of the state before, with the configuration that is about to be applied.
    pub before: Revision,
    /// The command's words, values of variables left out.
    pub command: Vec<String>,
    /// SHA-256 of the archive of the configuration that is about to be applied, when it could be
    /// captured.
    pub configuration: Option<Digest>,
    /// The commit it came from.
    pub commit: Option<String>,
    /// The saved plan that is about to be applied, stored; nothing where it may hold keys of an
    /// encryption.
    pub plan: Option<BlobId>,
    /// SHA-256 of the saved plan; older records do not say.
    #[serde(default, rename = "plan_sha256", skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<Digest>,
    /// The directory of the journal: what the command printed, and which process it is.
    pub journal: String,
}

/// A command has ended, or was found to have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// The intent it concludes.
    pub intent: Revision,
    /// How it ended.
    pub outcome: ApplyOutcome,
    /// Its exit code, if it had one.
    pub code: Option<i32>,
    /// The snapshot taken afterwards.
    pub after: Option<Revision>,
    /// The text that it printed, stored.
    pub events: Option<BlobId>,
    /// An `errored.tfstate` that was left, kept in this entry.
    pub errored: Option<Revision>,
    /// The result of the apply.
    #[serde(flatten)]
    pub apply_report: ApplyReport,
    /// Its errors.
    pub errors: Vec<ApplyError>,
    /// Whether it told of changes while the state of the stack stood still: it worked on another
    /// one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// How a matter was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ResolutionKind {
    /// It was looked at to its end.
    Finished,
    /// A person says that nothing is to be done, and why.
    Abandoned,
    /// The state that was left behind was pushed.
    Pushed,
    /// The objects are in the state now, or are known not to exist.
    Adopted,
}

/// A matter that a crash or a failure had left open is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The entry that left it open: an intent, an outcome, or evidence of a left-over state.
    pub matter: Revision,
    /// How.
    pub how: ResolutionKind,
    /// The addresses it is about; all of the matter when there is none.
    pub objects: Vec<String>,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    #[serde(rename = "well")]
    Ok,
    /// A revert would work, and something wants attention.
    #[serde(rename = "doubtful")]
    Warning,
    /// A revert would not work.
    #[serde(rename = "ill")]
    Failing,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The subject: `store`, `terraform`…
    pub subject: String,
    /// Its health.
    pub health: Health,
    /// The finding, in a clause that is safe to show.
    pub what: String,
}

/// Findings on whether the stack could be reverted at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The snapshot that a revert would go back to.
    pub target: Option<Revision>,
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// The worst of what was found.
    pub fn health(&self) -> Health {
        self.findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Ok)
    }
}
