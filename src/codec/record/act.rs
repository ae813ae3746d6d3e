//! The bodies of every entry that is not a snapshot: judgements, reverts, what could not be read.
//!
//! As in `snapshot`, a field added to the model and forgotten here does not compile.

use serde::{Deserialize, Serialize};

use super::Error;
use super::snapshot::Version;
use super::text::AsText;
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry as model;
use crate::model::entry::{ApplyOutcome, Revision};
use crate::model::good;
use crate::model::good::Grade;

#[derive(Serialize, Deserialize)]
#[serde(remote = "Grade", rename_all = "kebab-case")]
enum GradeWord {
    Applied,
    PlanEmpty,
    Checked,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApplyOutcome", rename_all = "kebab-case")]
pub(super) enum ApplyOutcomeWord {
    Succeeded,
    Failed,
    Interrupted,
    Unknown,
    NotStarted,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Evidence {
    blob: AsText<Digest>,
    sha256: AsText<Digest>,
    bytes: u64,
    found: String,
    problem: String,
}

impl From<&model::UnreadableState> for Evidence {
    fn from(evidence: &model::UnreadableState) -> Self {
        let model::UnreadableState { blob, digest, bytes, found, problem } = evidence;
        Self {
            blob: AsText(blob.0),
            sha256: AsText(*digest),
            bytes: *bytes,
            found: found.clone(),
            problem: problem.clone(),
        }
    }
}

impl From<Evidence> for model::UnreadableState {
    fn from(evidence: Evidence) -> Self {
        Self {
            blob: BlobId(evidence.blob.0),
            digest: evidence.sha256.0,
            bytes: evidence.bytes,
            found: evidence.found,
            problem: evidence.problem,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Good,
    Bad,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Mark {
    revision: u64,
    verdict: Verdict,
    evidence: Option<GoodEvidence>,
}

#[derive(Serialize, Deserialize)]
struct GoodEvidence {
    #[serde(with = "GradeWord")]
    grade: Grade,
    residual: Vec<Residual>,
    checks: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Residual {
    address: String,
    action: String,
    paths: Vec<String>,
}

impl From<&model::Mark> for Mark {
    fn from(mark: &model::Mark) -> Self {
        let model::Mark { revision, verdict } = mark;
        let (verdict, evidence) = match verdict {
            good::Verdict::Good(good::Evidence { grade, residual, checks }) => {
                let evidence = GoodEvidence {
                    grade: *grade,
                    residual: residual.iter().map(Residual::from).collect(),
                    checks: checks.clone(),
                };
                (Verdict::Good, Some(evidence))
            }
            good::Verdict::Bad => (Verdict::Bad, None),
        };
        Self { revision: revision.0, verdict, evidence }
    }
}

impl TryFrom<Mark> for model::Mark {
    type Error = Error;

    fn try_from(mark: Mark) -> Result<Self, Error> {
        let verdict = match (mark.verdict, mark.evidence) {
            (Verdict::Good, Some(evidence)) => good::Verdict::Good(good::Evidence {
                grade: evidence.grade,
                residual: evidence.residual.into_iter().map(Into::into).collect(),
                checks: evidence.checks,
            }),
            (Verdict::Bad, None) => good::Verdict::Bad,
            (Verdict::Good, None) => {
                let what = "good without evidence";
                return Err(Error::Inconsistent { what });
            }
            (Verdict::Bad, Some(_)) => {
                let what = "bad with evidence of being good";
                return Err(Error::Inconsistent { what });
            }
        };
        Ok(Self { revision: Revision(mark.revision), verdict })
    }
}

impl From<&good::Residual> for Residual {
    fn from(residual: &good::Residual) -> Self {
        let good::Residual { address, action, paths } = residual;
        Self { address: address.clone(), action: action.clone(), paths: paths.clone() }
    }
}

impl From<Residual> for good::Residual {
    fn from(residual: Residual) -> Self {
        Self { address: residual.address, action: residual.action, paths: residual.paths }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RevertIntent {
    target: u64,
    before: u64,
    state: Version,
    plan: AsText<Digest>,
    actions_sha256: AsText<Digest>,
    actions: Vec<Consented>,
    accepted: Vec<String>,
    directory: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pushed: Option<AsText<Digest>>,
}

#[derive(Serialize, Deserialize)]
struct Consented {
    address: String,
    action: String,
    why: String,
}

impl From<&model::RevertIntent> for RevertIntent {
    fn from(intent: &model::RevertIntent) -> Self {
        let model::RevertIntent {
            target,
            before,
            state,
            plan,
            actions_digest,
            actions,
            accepted,
            directory,
            pushed,
        } = intent;
        let action = |consented: &model::ConsentedAction| Consented {
            address: consented.address.clone(),
            action: consented.action.clone(),
            why: consented.why.clone(),
        };
        Self {
            target: target.0,
            before: before.0,
            state: state.into(),
            plan: AsText(plan.0),
            actions_sha256: AsText(*actions_digest),
            actions: actions.iter().map(action).collect(),
            accepted: accepted.clone(),
            directory: directory.clone(),
            pushed: pushed.map(AsText),
        }
    }
}

impl From<RevertIntent> for model::RevertIntent {
    fn from(intent: RevertIntent) -> Self {
        let action = |written: Consented| model::ConsentedAction {
            address: written.address,
            action: written.action,
            why: written.why,
        };
        Self {
            target: Revision(intent.target),
            before: Revision(intent.before),
            state: intent.state.into(),
            plan: BlobId(intent.plan.0),
            actions_digest: intent.actions_sha256.0,
            actions: intent.actions.into_iter().map(action).collect(),
            accepted: intent.accepted,
            directory: intent.directory,
            pushed: intent.pushed.map(|digest| digest.0),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RevertOutcome {
    intent: u64,
    #[serde(with = "ApplyOutcomeWord")]
    outcome: ApplyOutcome,
    after: Option<u64>,
    events: Option<AsText<Digest>>,
    errors: Vec<String>,
}

impl From<&model::RevertOutcome> for RevertOutcome {
    fn from(ended: &model::RevertOutcome) -> Self {
        let model::RevertOutcome { intent, outcome, after, events, errors } = ended;
        Self {
            intent: intent.0,
            outcome: *outcome,
            after: after.map(|revision| revision.0),
            events: events.map(|blob| AsText(blob.0)),
            errors: errors.clone(),
        }
    }
}

impl From<RevertOutcome> for model::RevertOutcome {
    fn from(ended: RevertOutcome) -> Self {
        Self {
            intent: Revision(ended.intent),
            outcome: ended.outcome,
            after: ended.after.map(Revision),
            events: ended.events.map(|blob| BlobId(blob.0)),
            errors: ended.errors,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Verification {
    intent: u64,
    snapshot: u64,
    residual: Vec<Residual>,
    expected: u64,
    equal: u64,
    differences: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    made_anew: Vec<Recreated>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_undone: Vec<NotUndone>,
}

#[derive(Serialize, Deserialize)]
struct Recreated {
    address: String,
    was: Option<String>,
    is: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NotUndone {
    address: String,
    why: String,
}

impl From<&model::Verification> for Verification {
    fn from(verification: &model::Verification) -> Self {
        let model::Verification {
            intent,
            snapshot,
            residual,
            expected,
            equal,
            differences,
            recreated: made_anew,
            not_undone,
        } = verification;
        let made_anew = made_anew.iter().map(|made| Recreated {
            address: made.address.clone(),
            was: made.was.clone(),
            is: made.is.clone(),
        });
        let not_undone = not_undone
            .iter()
            .map(|left| NotUndone { address: left.address.clone(), why: left.why.clone() });
        Self {
            intent: intent.0,
            snapshot: snapshot.0,
            residual: residual.iter().map(Residual::from).collect(),
            expected: *expected,
            equal: *equal,
            differences: differences.clone(),
            made_anew: made_anew.collect(),
            not_undone: not_undone.collect(),
        }
    }
}

impl From<Verification> for model::Verification {
    fn from(verification: Verification) -> Self {
        let residual = verification.residual.into_iter();
        let made_anew = verification.made_anew.into_iter().map(|made| model::Recreated {
            address: made.address,
            was: made.was,
            is: made.is,
        });
        let not_undone = verification
            .not_undone
            .into_iter()
            .map(|left| model::NotUndone { address: left.address, why: left.why });
        Self {
            intent: Revision(verification.intent),
            snapshot: Revision(verification.snapshot),
            residual: residual.map(Into::into).collect(),
            expected: verification.expected,
            equal: verification.equal,
            differences: verification.differences,
            recreated: made_anew.collect(),
            not_undone: not_undone.collect(),
        }
    }
}
