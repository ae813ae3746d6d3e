//! Entries of the log: everything that is ever said about a stack.
//!
//! An [`Entry`] is read from the store; a [`NewEntry`] is what a use case wants to say. Bodies carry
//! facts as typed fields, never as prose to be parsed, and never a value that could be secret. How
//! an entry is written down is `codec::record`; bodies are written under the names that stand here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::configuration::{BlobId, ConfigurationRef};
use super::digest::Digest;
use super::drift::{DriftObservation, Fix};
use super::good::{Residual, Verdict};
use super::hold::{Hold, Release};
use super::invocation::ReportedInvocation;
use super::run::{Diagnosis, Resolution, RunIntent, RunOutcome};
use super::stack::{BackendIdentity, StackName};
use super::version::StateVersion;

/// An entry's number in the log of its stack, from 1: shown as `r7`, typed as `7` or `r7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("r{}", self.0))
    }
}

impl FromStr for Revision {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('r').unwrap_or(text).parse().map(Self)
    }
}

/// The person or job that wrote an entry, with its machine and process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// A person or a job, such as `oncall` or `ci gha/8812`.
    pub name: String,
    /// The machine it ran on.
    pub host: String,
    /// The number of its process, to tell a dead writer from a live one.
    pub process: u32,
    /// When that was started; not known on every system, nor in old records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<ProcessStart>,
}

/// When a process was started: its number alone is given out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStart {
    /// The id of the machine's boot.
    pub boot: String,
    /// The kernel's ticks since then.
    pub ticks: u64,
}

/// One entry of a log, as verified on reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The stack it belongs to.
    pub stack: StackName,
    /// Its place in the log.
    pub revision: Revision,
    /// SHA-256 of the previous entry's first line; none for the first.
    pub previous: Option<Digest>,
    /// SHA-256 of its own first line.
    pub digest: Digest,
    /// Its content, as the author gave it.
    pub recorded: NewEntry,
}

impl Entry {
    /// The time at which its content was true. For an imported snapshot it is the time of the
    /// state's version, for everything else the time of the entry.
    pub fn happened(&self) -> Timestamp {
        let past = self.recorded.body.snapshot().and_then(|snapshot| snapshot.past.as_ref());
        past.map_or(self.recorded.time, |past| past.written)
    }
}

/// An entry as a use case hands it to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The time of the entry.
    pub time: Timestamp,
    /// The author.
    pub actor: Actor,
    /// The tool and its version, such as `unapply 0.1.0`.
    pub tool: String,
    /// The reason, in the person's words.
    pub reason: Option<String>,
    /// The ticket it belongs to, as the person's tracker names it.
    pub ticket: Option<String>,
    /// The fact.
    pub body: Body,
}

/// The kinds of entries.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Body {
    /// A state was captured.
    Snapshot(Box<Snapshot>),
    /// Bytes were captured that cannot be read as a state.
    Evidence(UnreadableState),
    /// A snapshot was called good or bad.
    Mark(Mark),
    /// A revert is about to change the world.
    RevertIntent(Box<RevertIntent>),
    /// A revert's apply has ended, or was found to have ended.
    RevertOutcome(RevertOutcome),
    /// The objects after a revert were compared with those that were wanted.
    Verification(Verification),
    /// The real world was compared with the state.
    Drift(Box<DriftObservation>),
    /// A person declared that a drift item was made on purpose.
    Fix(Fix),
    /// A command that may change the world is about to start.
    RunIntent(Box<RunIntent>),
    /// Such a command has ended, or was found to have ended.
    RunOutcome(Box<RunOutcome>),
    /// Something must not be applied.
    Hold(Hold),
    /// A hold is lifted.
    Release(Release),
    /// A matter that was left open is resolved.
    Resolution(Resolution),
    /// The stack was examined: whether it could be reverted.
    Diagnosis(Diagnosis),
}

impl Snapshot {
    /// SHA-256 of its state, if it has one.
    pub fn state_digest(&self) -> Option<Digest> {
        self.state.as_ref().map(|state| state.version.digest)
    }
}

impl Body {
    /// The snapshot, if it is one.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        if let Self::Snapshot(snapshot) = self { Some(snapshot) } else { None }
    }

    /// The word for `--kind`, a screen and a record.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

/// Why a state was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The user asked for it.
    Manual,
    /// `init` took the first one.
    Init,
    /// A revert was about to begin.
    BeforeRevert,
    /// A revert's apply had ended.
    AfterRevert,
    /// It is an older version that a bucket had kept.
    Imported,
    /// A command was about to run.
    BeforeRun,
    /// A command had ended.
    AfterRun,
}

/// How the bytes of a state were got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum StateSource {
    /// The local backend's file itself: exact.
    File,
    /// `terraform state pull`: Terraform's rendering of what the backend holds.
    Pull,
    /// Given by a person or a pipeline (`--state`).
    Given,
    /// An older version of the object in a versioned bucket: exact.
    Version,
}

/// A stored state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRef {
    /// Lineage, serial and digest of the exact bytes.
    pub version: StateVersion,
    /// The stored blob.
    pub blob: BlobId,
    /// Size of the exact bytes.
    pub bytes: u64,
    /// How they were got.
    pub source: StateSource,
    /// The tool version that wrote it, as the state says.
    pub writer: String,
    /// How many managed objects it knows.
    pub resources: u64,
}

/// Terraform or OpenTofu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// HashiCorp Terraform.
    Terraform,
    /// OpenTofu.
    OpenTofu,
}

impl EngineKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Terraform, Self::OpenTofu];

    /// The host of its public registry, from which it takes a provider whose source names none.
    pub fn registry(self) -> &'static str {
        match self {
            Self::Terraform => "registry.terraform.io",
            Self::OpenTofu => "registry.opentofu.org",
        }
    }

    /// The engine whose public registry this is; any other host is neither's.
    pub fn of_registry(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.registry() == host)
    }

    /// The program's usual name.
    pub fn command(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::OpenTofu => "tofu",
        }
    }
}

impl EngineVersion {
    /// Its version as it stands in states and counts for `required_version`: a release candidate
    /// and a development build say there that they are released (measured with 1.16.0-rc2).
    pub fn released(&self) -> &str {
        self.version.split('-').next().unwrap_or(&self.version)
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind: &str = self.kind.into();
        write!(f, "{kind} {}", self.version)
    }
}

/// The binary that would run, and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineVersion {
    /// Which of the two.
    pub kind: EngineKind,
    /// Its version, such as `1.11.4`.
    pub version: String,
}

/// Facts that git tells of the configuration's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitFacts {
    /// The commit checked out.
    pub commit: String,
    /// Whether the work tree differs from it.
    pub dirty: bool,
}

/// A captured state with what is known of where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Why it was taken.
    pub cause: Cause,
    /// The workspace.
    pub workspace: String,
    /// The backend that the state lives in.
    pub backend: BackendIdentity,
    /// The state; none when the backend had none yet.
    pub state: Option<StateRef>,
    /// The configuration, when known.
    pub configuration: Option<ConfigurationRef>,
    /// The binary found at the time.
    pub engine: Option<EngineVersion>,
    /// Git facts, inside a repository.
    pub git: Option<GitFacts>,
    /// Labels given by the user.
    pub tags: BTreeMap<String, String>,
    /// The change since the snapshot before it, when both states could be read.
    pub change: Option<ChangeSince>,
    /// Set when it was imported: it was so before it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<Past>,
}

/// The origin of an imported state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The time when Terraform wrote it, by the clock of the place that kept it.
    #[serde(with = "super::text")]
    pub written: Timestamp,
    /// The name of the version there.
    pub version: String,
}

/// How many objects changed between two snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSince {
    /// The earlier snapshot.
    pub against: Revision,
    /// Objects that were not there.
    pub added: u64,
    /// Objects with other attributes, another address, or another real object behind them.
    pub changed: u64,
    /// Objects that are there no more.
    pub removed: u64,
    /// Objects whose creation had failed half-way.
    pub tainted: u64,
}

/// Bytes that should have been a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableState {
    /// The stored bytes.
    pub blob: BlobId,
    /// Their digest.
    #[serde(rename = "sha256")]
    pub digest: Digest,
    /// Their size.
    pub bytes: u64,
    /// The place where they were found, without credentials.
    pub found: String,
    /// The problem with them; no content.
    pub problem: String,
}

/// A judgement on a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The snapshot.
    pub revision: Revision,
    /// Good with evidence, or bad.
    pub verdict: Verdict,
}

/// One action that was consented to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentedAction {
    /// The address.
    pub address: String,
    /// The action that would happen.
    pub action: String,
    /// Why it is part of the revert, such as `undo`.
    pub why: String,
}

/// A revert that is about to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertIntent {
    /// The snapshot to go back to.
    pub target: Revision,
    /// The snapshot of the state as it was, taken first.
    pub before: Revision,
    /// The state the plan was made for.
    pub state: StateVersion,
    /// The saved plan, stored; nothing where it may hold keys of an encryption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<BlobId>,
    /// SHA-256 of the saved plan; older records do not say.
    #[serde(default, rename = "plan_sha256", skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<Digest>,
    /// SHA-256 over address, action, before and after of each action.
    #[serde(rename = "actions_sha256")]
    pub actions_digest: Digest,
    /// The actions themselves.
    pub actions: Vec<ConsentedAction>,
    /// Hazards that were accepted, as `KIND=SUBJECT`.
    pub accepted: Vec<String>,
    /// The directory in which the child works: plan, events and a left-over `errored.tfstate` would
    /// lie there.
    pub directory: String,
    /// SHA-256 of the re-keyed state that is pushed first, if one is; older records do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<Digest>,
}

/// How an apply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ApplyOutcome {
    /// Exit code 0.
    Succeeded,
    /// Another exit code.
    Failed,
    /// It was asked to stop and did.
    Interrupted,
    /// Its end was not seen.
    Unknown,
    /// It was never started.
    NotStarted,
}

/// The end of a revert's apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertOutcome {
    /// The intent it concludes.
    pub intent: Revision,
    /// How the apply ended.
    pub outcome: ApplyOutcome,
    /// The snapshot taken afterwards.
    pub after: Option<Revision>,
    /// Terraform's event stream, stored.
    pub events: Option<BlobId>,
    /// Summaries of Terraform's errors, redacted.
    pub errors: Vec<String>,
    /// Actions of providers that ran or were meant to, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<ReportedInvocation>,
}

/// A comparison of the world after a revert with the good snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The intent of the revert.
    pub intent: Revision,
    /// The snapshot that was compared.
    pub snapshot: Revision,
    /// The actions that the follow-up plan still proposes.
    pub residual: Vec<Residual>,
    /// How many objects the good snapshot has.
    pub expected: u64,
    /// How many of them are equal now.
    pub equal: u64,
    /// The differences, in clauses that name addresses and no values.
    pub differences: Vec<String>,
    /// Objects that are there again and are other ones; older records do not say.
    #[serde(default, rename = "made_anew", skip_serializing_if = "Vec::is_empty")]
    pub recreated: Vec<Recreated>,
    /// The objects that could not be undone; older records do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_undone: Vec<NotUndone>,
}

/// An object of the good snapshot in whose place another one stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recreated {
    /// Its address.
    pub address: String,
    /// The id that it had, unless it is secret or there was none.
    pub was: Option<String>,
    /// The id that it has.
    pub is: Option<String>,
}

/// Something that a revert leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotUndone {
    /// The address.
    pub address: String,
    /// Why, in one clause.
    pub why: String,
}

impl Verification {
    /// Whether the world is what the good snapshot says.
    pub fn is_verified(&self) -> bool {
        self.differences.is_empty()
    }
}
