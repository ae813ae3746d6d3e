//! Types that `--json` prints. Their schemas are generated, committed and compared by a test.
//!
//! Every object is an [`Envelope`] with its kind. Minor versions add fields. Values have passed the
//! redactor; a hidden one is said to be hidden and carries nothing.

use schemars::JsonSchema;
use serde::Serialize;

use crate::codec::json::to_serde;
use crate::engine::judgement::{JudgedAction, Reason};
use crate::engine::redact::Shown;
use crate::engine::revert::outputs::{JudgedOutput, OutputAfter};
use crate::model::entry as model;
use crate::model::good::{Evidence, Residual, Verdict};
use crate::model::hazard::Hazard;
use crate::model::word::Word as _;

mod demo;
mod diff;
mod doctor;
mod drift;
mod entry;
mod hold;
mod import;
mod invocation;
mod recover;
mod revert;
mod run;
mod show;
mod status;

pub use demo::{DemoFile, DemoOut};
pub use diff::{AttributeOut, ChangeOut, DiffOut, HiddenOut, OutputOut};
pub use doctor::{DoctorOut, ExaminedOut};
pub use drift::{
    DriftItemBody, DriftItemOut, DriftListOut, DriftOut, FixFacts, FixListOut, FixOut, ObjectOut,
    OverwrittenAttributeOut, OverwrittenOut, ShownHeld,
};
pub use entry::{BodyOut, DriftItemFact, EntryOut, PathOut, StepOut};
pub use hold::{GuardOut, HoldFacts, HoldOut};
pub use import::{ImportOut, ImportedOut, SkippedVersionOut};
pub use invocation::{InvocationOut, ReportedInvocationOut};
pub use recover::{OpenObjectOut, OpenOut, RecoverOut, ResolvedOut};
pub use revert::{
    DestroyedFirstOut, KeptInputOut, MovedBackOut, NotFoundOut, ReleasedOut, SkippedOut,
};
pub use run::{ApplyErrorOut, ApplyReportOut, ReportedObjectOut, RunOut};
pub use show::{FilesOut, KeptFileOut, KeptOut, LeftOutOut, ResourceOut, ShowOut};
pub use status::{FailedOnOut, LockOut, PassedOverOut, StackStatus, StatusOut, UnsettledOut};

/// The version of everything here.
pub const FORMAT_VERSION: &str = "1.0";

/// The fields that every object has.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Envelope<T> {
    /// The version of the format.
    pub format_version: String,
    /// The kind of this object, such as `unapply.diff`.
    pub kind: String,
    /// When it was made, RFC 3339 UTC.
    pub generated_at: String,
    /// The tool and its version.
    pub tool: String,
    /// The stack, where there is one.
    pub stack: Option<String>,
    /// The reach of fingerprints of hidden values. `store`: they can be compared with those of
    /// every output that was made with the same key; `output`: within this one only. Not there when
    /// none are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint_scope: Option<String>,
    /// The content.
    #[serde(flatten)]
    pub body: T,
}

/// A value, unless it is hidden or not there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShownValue {
    /// Whether it is hidden.
    pub sensitive: bool,
    /// The value; null when it is hidden or not there.
    pub value: serde_json::Value,
    /// Digits that are the same for the same hidden value at the same place, as far as the envelope's
    /// `fingerprint_scope` reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl From<&Shown> for ShownValue {
    fn from(shown: &Shown) -> Self {
        let (sensitive, value, fingerprint) = match shown {
            Shown::Absent => (false, serde_json::Value::Null, None),
            Shown::Sensitive(print) => (true, serde_json::Value::Null, print.as_ref()),
            Shown::Plain(value) => (false, to_serde(value), None),
        };
        Self { sensitive, value, fingerprint: fingerprint.map(ToString::to_string) }
    }
}

/// `unapply.history`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryOut {
    /// Entries, newest first.
    pub entries: Vec<EntryOut>,
    /// How many entries the log has.
    pub total: u64,
}

/// `unapply.snapshot`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SnapshotOut {
    /// The entry.
    pub entry: EntryOut,
    /// Whether it is new: an unchanged stack gets no new entry.
    pub recorded: bool,
    /// Why the configuration could not be captured, if it could not.
    pub configuration_problem: Option<String>,
}

/// `unapply.mark`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MarkOut {
    /// The entry.
    pub entry: EntryOut,
    /// A reason to doubt that state and configuration of the snapshot belong together.
    pub note: Option<String>,
}

/// `unapply.init`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InitOut {
    /// The place of the store: a directory or a URL.
    pub store: String,
    /// Whether it is new.
    pub store_created: bool,
    /// The settings file.
    pub settings: String,
    /// Whether it is new.
    pub settings_created: bool,
    /// The first snapshot.
    pub snapshot: Option<u64>,
}

/// `unapply.check`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckOut {
    /// Whether nothing is wrong.
    pub sound: bool,
    /// How many stacks have a log.
    pub stacks: u64,
    /// How many entries were read.
    pub entries: u64,
    /// How many blobs are referred to.
    pub blobs: u64,
    /// Of how many the content was read.
    pub blobs_read: u64,
    /// Blobs that no entry refers to; harmless.
    pub unreferenced: u64,
    /// Problems that were found.
    pub findings: Vec<FindingOut>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingOut {
    /// The key of the object in the store.
    pub key: String,
    /// The stack whose log is concerned.
    pub stack: Option<String>,
    /// The entry that is wrong, or that needs the blob.
    pub revision: Option<u64>,
    /// The problem.
    pub problem: String,
}

/// `unapply.revert`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RevertOut {
    /// The snapshot that was gone back to.
    pub target: u64,
    /// The snapshot of the state before.
    pub before: u64,
    /// `planned`, `nothing-to-do`, `reverted`, `not-verified`, `failed` or `interrupted`.
    pub result: String,
    /// Actions of the plan.
    pub actions: Vec<ActionOut>,
    /// Objects of the state that the refresh did not find: the state forgets them.
    pub not_found: Vec<NotFoundOut>,
    /// Objects that are as the good state says, while the present state says otherwise: an apply
    /// brings it up to date.
    pub outdated: Vec<String>,
    /// Other stacks of the store that were not looked into, each with the reason: they may manage an
    /// object that the plan makes or takes over.
    pub not_seen: Vec<String>,
    /// Outputs that the plan changes.
    pub outputs: Vec<RevertedOutputOut>,
    /// Actions of providers that it runs.
    pub action_invocations: Vec<InvocationOut>,
    /// Actions of providers that ran, once it was applied. No state has what they did.
    pub invoked: Vec<ReportedInvocationOut>,
    /// Hazards that stood against the revert.
    pub hazards: Vec<HazardOut>,
    /// Objects that are left as they are, since no plan can end them. After verification it also
    /// lists what could not be given back, such as the data of an object that was made anew.
    pub not_undone: Vec<NotUndoneOut>,
    /// Attributes that keep their good value though a data source says something else today.
    pub kept: Vec<KeptInputOut>,
    /// The hold on what is taken back, once there is one.
    pub hold: Option<u64>,
    /// The intent's entry, once there is one.
    pub intent: Option<u64>,
    /// The snapshot afterwards.
    pub after: Option<u64>,
    /// Differences that were found afterwards.
    pub differences: Vec<String>,
    /// Things that are not quite as they were and may be so, in sentences.
    pub notes: Vec<String>,
    /// Objects that are there again and are other ones, with the ids that they had and have.
    pub recreated: Vec<RecreatedOut>,
    /// How the state is made to fit: `as-it-is`, `moved` (blocks in the private copy), `pushed`
    /// or `two-steps`.
    pub adaptation: String,
    /// Objects that the state will have otherwise; nothing real is changed by it.
    pub moved_back: Vec<MovedBackOut>,
    /// Actions that are left undone, since only a part is wanted.
    pub skipped: Vec<SkippedOut>,
    /// Objects that live on and are not in the state any more: kept out of it, or forgotten by the
    /// plan.
    pub released: Vec<ReleasedOut>,
    /// Objects that are destroyed before the rest, with the configuration that made them.
    pub destroyed_first: Vec<DestroyedFirstOut>,
}

/// One action of a revert.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ActionOut {
    /// The address.
    pub address: String,
    /// `create`, `update`, `destroy`, `replace`…
    pub action: String,
    /// The strictest reason: `overwrites-fix`, `not-good`, `collateral`, `older-drift`,
    /// `moved-input` or `undo`.
    pub why: String,
    /// Every reason, strictest first.
    pub reasons: Vec<ReasonOut>,
    /// Attributes that would change.
    pub attributes: Vec<AttributeOut>,
}

impl From<&JudgedAction> for ActionOut {
    fn from(action: &JudgedAction) -> Self {
        Self {
            address: action.address.clone(),
            action: action.action.name().to_owned(),
            why: action.why().name().to_owned(),
            reasons: action.reasons.iter().map(|one| ReasonOut::of(action, one)).collect(),
            attributes: action.attributes.iter().map(Into::into).collect(),
        }
    }
}

/// One reason of an action.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReasonOut {
    /// `overwrites-fix`, `collateral`, `older-drift`, `moved-input` or `undo`.
    pub why: String,
    /// The facts behind it; empty for an undo.
    pub cause: String,
    /// The attributes that it is the reason for, as `diff` names them; empty when it is the whole
    /// object.
    pub paths: Vec<String>,
}

impl ReasonOut {
    fn of(action: &JudgedAction, reason: &Reason) -> Self {
        Self {
            why: reason.why.name().to_owned(),
            cause: reason.cause.clone(),
            paths: action.named(&reason.paths).iter().map(ToString::to_string).collect(),
        }
    }
}

/// Something that a revert leaves as it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotUndoneOut {
    /// The address.
    pub address: String,
    /// Why.
    pub why: String,
}

impl From<&model::NotUndone> for NotUndoneOut {
    fn from(left: &model::NotUndone) -> Self {
        Self { address: left.address.clone(), why: left.why.clone() }
    }
}

/// An object in whose place another one stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecreatedOut {
    /// The address.
    pub address: String,
    /// The id that it had; null when it is secret, or there was none.
    pub was: Option<String>,
    /// The id that it has.
    pub is: Option<String>,
}

impl From<&model::Recreated> for RecreatedOut {
    fn from(made: &model::Recreated) -> Self {
        Self { address: made.address.clone(), was: made.was.clone(), is: made.is.clone() }
    }
}

/// One output that a revert changes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RevertedOutputOut {
    /// Its name.
    pub name: String,
    /// `create`, `update` or `destroy`.
    pub action: String,
    /// The present value.
    pub before: ShownValue,
    /// The value that it would have; `null` when it is known only after apply.
    pub after: Option<ShownValue>,
    /// `undo`, `moved-input`, or `collateral` when the reason cannot be told.
    pub why: String,
    /// The facts behind it; empty for an undo.
    pub cause: String,
}

impl From<&JudgedOutput> for RevertedOutputOut {
    fn from(output: &JudgedOutput) -> Self {
        Self {
            name: output.name.clone(),
            action: output.action.name().to_owned(),
            before: (&output.before).into(),
            after: match &output.after {
                OutputAfter::Value(value) => Some(value.into()),
                OutputAfter::AfterApply => None,
            },
            why: output.why.name().to_owned(),
            cause: output.cause.clone(),
        }
    }
}

/// One hazard.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HazardOut {
    /// Its name, as `--allow` takes it.
    pub hazard: String,
    /// The subject that it concerns.
    pub subject: String,
    /// The facts.
    pub why: String,
}

impl From<&Hazard> for HazardOut {
    fn from(hazard: &Hazard) -> Self {
        Self {
            hazard: hazard.kind.name().to_owned(),
            subject: hazard.subject.clone(),
            why: hazard.why.clone(),
        }
    }
}

/// Every kind with the schema of its envelope, for the test that compares them.
pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
    vec![
        ("unapply.check", schemars::schema_for!(Envelope<CheckOut>)),
        ("unapply.demo", schemars::schema_for!(Envelope<DemoOut>)),
        ("unapply.diff", schemars::schema_for!(Envelope<DiffOut>)),
        ("unapply.doctor", schemars::schema_for!(Envelope<DoctorOut>)),
        ("unapply.drift", schemars::schema_for!(Envelope<DriftOut>)),
        ("unapply.drift-item", schemars::schema_for!(Envelope<DriftItemBody>)),
        ("unapply.drift-list", schemars::schema_for!(Envelope<DriftListOut>)),
        ("unapply.fix", schemars::schema_for!(Envelope<FixOut>)),
        ("unapply.fix-list", schemars::schema_for!(Envelope<FixListOut>)),
        ("unapply.guard", schemars::schema_for!(Envelope<GuardOut>)),
        ("unapply.history", schemars::schema_for!(Envelope<HistoryOut>)),
        ("unapply.hold", schemars::schema_for!(Envelope<HoldOut>)),
        ("unapply.import", schemars::schema_for!(Envelope<ImportOut>)),
        ("unapply.init", schemars::schema_for!(Envelope<InitOut>)),
        ("unapply.mark", schemars::schema_for!(Envelope<MarkOut>)),
        ("unapply.recover", schemars::schema_for!(Envelope<RecoverOut>)),
        ("unapply.revert", schemars::schema_for!(Envelope<RevertOut>)),
        ("unapply.run", schemars::schema_for!(Envelope<RunOut>)),
        ("unapply.show", schemars::schema_for!(Envelope<ShowOut>)),
        ("unapply.files", schemars::schema_for!(Envelope<FilesOut>)),
        ("unapply.snapshot", schemars::schema_for!(Envelope<SnapshotOut>)),
        ("unapply.status", schemars::schema_for!(Envelope<StatusOut>)),
    ]
}
