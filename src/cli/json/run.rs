//! Runs, holds, resolutions and diagnoses as `--json` prints them.

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::BodyOut;
use super::invocation::ReportedInvocationOut;
use crate::model::apply_report::{ApplyError, ApplyReport, ReportedObject};
use crate::model::hold::{Hold, HoldScope};
use crate::model::run::{Finding, RunIntent, RunOutcome};
use crate::model::word::Word as _;

/// `unapply.run`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct RunOut {
    /// The entry that says what was begun.
    pub intent: u64,
    /// The entry that says how it ended.
    pub outcome: u64,
    /// `succeeded`, `failed`, `interrupted` or `not-started`.
    pub result: String,
    /// The exit code of the command; null when a signal ended it.
    pub code: Option<i32>,
    /// The snapshot of the state before.
    pub before: u64,
    /// The snapshot of the state after; null when it could not be read.
    pub after: Option<u64>,
    /// Why the state afterwards could not be read.
    pub after_problem: Option<String>,
    /// The entry that keeps an `errored.tfstate`.
    pub errored: Option<u64>,
    /// The result of the apply.
    pub apply_report: ApplyReportOut,
    /// Its errors.
    pub errors: Vec<ApplyErrorOut>,
    /// Whether it told of changes while the state of the stack stood still: it worked on another
    /// one.
    pub elsewhere: bool,
    /// The grade of the state afterwards: `applied`, `plan-empty`, `checked`; null when it is not
    /// called good.
    pub grade: Option<String>,
    /// Why the grade is not higher.
    pub grade_problem: Option<String>,
    /// How long the follow-up plan and the checks took, in milliseconds.
    pub follow_up_milliseconds: Option<u64>,
    /// The exit code that a revert alone would have had, when there was one.
    pub revert_exit: Option<u8>,
}

/// The result of an apply.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct ApplyReportOut {
    /// The source of the result: `events`, `output` or `states`.
    pub source: String,
    /// One line for each object that was touched or meant to be.
    pub objects: Vec<ReportedObjectOut>,
    /// Actions of providers that ran or were meant to.
    pub invocations: Vec<ReportedInvocationOut>,
    /// Addresses of objects that were made and that no state knows.
    pub lost: Vec<String>,
    /// Addresses of objects that may exist and that no state knows.
    pub may_exist: Vec<String>,
}

/// The outcome for one object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReportedObjectOut {
    /// The address.
    pub address: String,
    /// The action that was planned or begun.
    pub action: String,
    /// The outcome: `created`, `failed`, `unknown`, `not-attempted`…
    pub outcome: String,
    /// The real id.
    pub id: Option<String>,
    /// `in-state`, `not-in-state` or `unread`.
    pub presence: String,
}

/// One error of Terraform.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ApplyErrorOut {
    /// `configuration`, `credentials`, `quota`, `network`, `lock`, `interrupted` or `provider`.
    pub class: String,
    /// The address it concerns.
    pub address: Option<String>,
    /// Terraform's summary.
    pub summary: String,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingFact {
    /// The subject: `store`, `terraform`…
    pub subject: String,
    /// `ok`, `warning` or `failing`.
    pub health: String,
    /// The finding, in a clause.
    pub what: String,
}

impl From<&ApplyReport> for ApplyReportOut {
    fn from(report: &ApplyReport) -> Self {
        let addresses = |objects: Vec<&ReportedObject>| {
            objects.iter().map(|reported| reported.address.clone()).collect()
        };
        Self {
            source: report.source.name().to_owned(),
            objects: report.objects.iter().map(Into::into).collect(),
            invocations: report.invocations.iter().map(Into::into).collect(),
            lost: addresses(report.lost().collect()),
            may_exist: addresses(report.may_exist().collect()),
        }
    }
}

impl From<&ReportedObject> for ReportedObjectOut {
    fn from(reported: &ReportedObject) -> Self {
        Self {
            address: reported.address.clone(),
            action: reported.action.clone(),
            outcome: reported.outcome.name().to_owned(),
            id: reported.id.clone(),
            presence: reported.presence.name().to_owned(),
        }
    }
}

impl From<&ApplyError> for ApplyErrorOut {
    fn from(error: &ApplyError) -> Self {
        Self {
            class: error.class.name().to_owned(),
            address: error.address.clone(),
            summary: error.summary.clone(),
        }
    }
}

impl From<&Finding> for FindingFact {
    fn from(finding: &Finding) -> Self {
        Self {
            subject: finding.subject.clone(),
            health: finding.health.name().to_owned(),
            what: finding.what.clone(),
        }
    }
}

pub(super) fn intent_body(intent: &RunIntent) -> BodyOut {
    BodyOut::RunIntent {
        before: intent.before.0,
        command: intent.command.clone(),
        configuration_digest: intent.configuration.map(|digest| digest.to_string()),
        commit: intent.commit.clone(),
        plan_digest: intent.plan_digest.map(|digest| digest.to_string()),
        plan_kept: intent.plan.is_some(),
    }
}

pub(super) fn outcome_body(ended: &RunOutcome) -> BodyOut {
    BodyOut::RunOutcome {
        intent: ended.intent.0,
        outcome: ended.outcome.name().to_owned(),
        code: ended.code,
        after: ended.after.map(|revision| revision.0),
        errored: ended.errored.map(|revision| revision.0),
        apply_report: (&ended.apply_report).into(),
        errors: ended.errors.iter().map(Into::into).collect(),
        elsewhere: ended.elsewhere,
    }
}

pub(super) fn hold_body(hold: &Hold) -> BodyOut {
    let (digests, commits, target) = match &hold.scope {
        HoldScope::Everything => (Vec::new(), Vec::new(), None),
        HoldScope::Configuration { digests, commits, target } => (
            digests.iter().map(ToString::to_string).collect(),
            commits.clone(),
            target.map(|revision| revision.0),
        ),
    };
    BodyOut::Hold {
        everything: hold.scope == HoldScope::Everything,
        configuration_digests: digests,
        commits,
        target,
        until: hold.until.map(|until| format!("{until:.0}")),
    }
}
