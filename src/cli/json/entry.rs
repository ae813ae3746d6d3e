//! Entries of the log as `--json` prints them.
//!
//! Close to the stored record and not the same thing: this may grow for readers, the record may
//! not change at all.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::run::{self, ApplyErrorOut, ApplyReportOut, FindingFact};
use super::{Evidence, NotUndoneOut, RecreatedOut, Residual, Verdict, model};
use crate::model::configuration::ConfigurationRef;
use crate::model::drift::DriftItem;
use crate::model::value::{Path, Step};
use crate::model::word::Word as _;

/// An entry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryOut {
    /// Its number.
    pub revision: u64,
    /// The kind of the entry: `snapshot`, `mark`…
    pub entry: String,
    /// When.
    pub time: String,
    /// By whom.
    pub actor: String,
    /// On which machine.
    pub host: String,
    /// With which tool.
    pub tool: String,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// SHA-256 of its first line.
    pub digest: String,
    /// The newest verdict on a snapshot: `good`, `bad`, or none.
    pub verdict: Option<String>,
    /// The grade of a good snapshot.
    pub grade: Option<String>,
    /// The fact.
    pub body: BodyOut,
}

/// The fact.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum BodyOut {
    /// A state was captured.
    Snapshot(Box<SnapshotBody>),
    /// Bytes were captured that are no state of this stack.
    Evidence {
        /// The place where they were found.
        found: String,
        /// The problem with them.
        problem: String,
        /// Their size.
        bytes: u64,
        /// Their SHA-256.
        digest: String,
    },
    /// A snapshot was called good or bad.
    Mark {
        /// The snapshot.
        revision: u64,
        /// `good` or `bad`.
        verdict: String,
        /// The grade, if good.
        grade: Option<String>,
        /// Changes that a plan always proposes.
        residual: Vec<ResidualOut>,
        /// The checks that passed.
        checks: Vec<String>,
        /// Why its configuration cannot be planned, if it cannot.
        because: Option<String>,
    },
    /// A revert was about to apply.
    RevertIntent {
        /// The snapshot to go back to.
        target: u64,
        /// The snapshot of the state before.
        before: u64,
        /// The actions as `ACTION ADDRESS (WHY)`.
        actions: Vec<String>,
        /// SHA-256 over the actions.
        actions_digest: String,
        /// SHA-256 of the saved plan.
        plan_digest: Option<String>,
        /// Whether the plan is in the store: one that may hold keys is not.
        plan_kept: bool,
        /// Hazards that were accepted.
        accepted: Vec<String>,
    },
    /// A revert's apply had ended.
    RevertOutcome {
        /// The intent.
        intent: u64,
        /// How it ended.
        outcome: String,
        /// The snapshot afterwards.
        after: Option<u64>,
        /// Errors.
        errors: Vec<String>,
    },
    /// A revert was verified.
    Verification {
        /// The intent.
        intent: u64,
        /// The snapshot that was compared.
        snapshot: u64,
        /// How many objects were expected.
        expected: u64,
        /// How many are equal.
        equal: u64,
        /// Differences from the good snapshot.
        differences: Vec<String>,
        /// Objects that are there again and are other ones.
        recreated: Vec<RecreatedOut>,
        /// Objects that could not be undone.
        not_undone: Vec<NotUndoneOut>,
    },
    /// The real world was compared with a state.
    Drift {
        /// The snapshot of that state.
        against: u64,
        /// Items that differed; one that a later check does not list is resolved.
        items: Vec<DriftItemFact>,
    },
    /// A drift item was called a manual fix.
    Fix {
        /// The item, as `d-…`.
        item: String,
        /// The check that saw it.
        seen: u64,
        /// Until when it is meant to stay.
        until: Option<String>,
    },
    /// A command that may change the world was about to start.
    RunIntent {
        /// The snapshot of the state before, with the configuration that was to be applied.
        before: u64,
        /// The command's words, values of variables left out.
        command: Vec<String>,
        /// SHA-256 of the archive of that configuration.
        configuration_digest: Option<String>,
        /// The commit.
        commit: Option<String>,
        /// SHA-256 of the saved plan.
        plan_digest: Option<String>,
        /// Whether a plan is in the store: one that may hold keys is not.
        plan_kept: bool,
    },
    /// Such a command had ended.
    RunOutcome {
        /// The intent.
        intent: u64,
        /// How it ended.
        outcome: String,
        /// Its exit code.
        code: Option<i32>,
        /// The snapshot afterwards.
        after: Option<u64>,
        /// The entry that keeps an `errored.tfstate`.
        errored: Option<u64>,
        /// The result of the apply.
        apply_report: ApplyReportOut,
        /// Its errors.
        errors: Vec<ApplyErrorOut>,
        /// Whether it told of changes while the state of the stack stood still.
        elsewhere: bool,
    },
    /// Something must not be applied.
    Hold {
        /// Whether nothing at all can be applied.
        everything: bool,
        /// SHA-256 of the archives of the configurations that cannot.
        configuration_digests: Vec<String>,
        /// The commits that cannot.
        commits: Vec<String>,
        /// The snapshot that the stack was taken back to.
        target: Option<u64>,
        /// Until when; for ever otherwise.
        until: Option<String>,
    },
    /// A hold was lifted.
    Release {
        /// The hold.
        hold: u64,
    },
    /// A matter that was left open was resolved.
    Resolution {
        /// The entry that left it open.
        matter: u64,
        /// `finished`, `abandoned`, `pushed` or `adopted`.
        how: String,
        /// The addresses it is about; all of the matter when there is none.
        objects: Vec<String>,
    },
    /// `doctor` had looked whether the stack could be reverted.
    Diagnosis {
        /// The snapshot that a revert would go back to.
        target: Option<u64>,
        /// `ok`, `warning` or `failing`: the worst of what was found.
        health: String,
        /// Findings, one for each thing that was looked at.
        findings: Vec<FindingFact>,
    },
}

/// A drift item without its values.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DriftItemFact {
    /// The item, as `d-…`.
    pub item: String,
    /// The address.
    pub address: String,
    /// The key of a left-over object.
    pub deposed: Option<String>,
    /// `changed` or `gone`.
    pub change: String,
    /// Paths at which it differs.
    pub paths: Vec<PathOut>,
}

/// A place in an object's attributes, for people and for programs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PathOut {
    /// As Terraform writes it, such as `ingress[0].from_port`.
    pub text: String,
    /// Its steps: names and positions.
    pub steps: Vec<StepOut>,
}

/// One step of a path.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StepOut {
    /// A member of an object or a map.
    Name(String),
    /// An element of a list.
    Index(u64),
}

impl From<&Path> for PathOut {
    fn from(path: &Path) -> Self {
        let step = |step: &Step| match step {
            // What is recorded has positions; a label is a name to whoever reads it.
            Step::Name(name) | Step::Element(name) => StepOut::Name(name.clone()),
            Step::Index(index) => StepOut::Index(u64::try_from(*index).unwrap_or(u64::MAX)),
        };
        Self { text: path.to_string(), steps: path.0.iter().map(step).collect() }
    }
}

impl From<&DriftItem> for DriftItemFact {
    fn from(item: &DriftItem) -> Self {
        Self {
            item: item.fingerprint.to_string(),
            address: item.address.to_string(),
            deposed: item.deposed.clone(),
            change: item.kind.name().to_owned(),
            paths: item.paths.iter().map(Into::into).collect(),
        }
    }
}

/// A snapshot's facts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SnapshotBody {
    /// Why it was taken.
    pub cause: String,
    /// The lineage of its state.
    pub lineage: Option<String>,
    /// The serial of its state.
    pub serial: Option<u64>,
    /// SHA-256 of the exact bytes of its state.
    pub state_digest: Option<String>,
    /// The size of its state.
    pub state_bytes: Option<u64>,
    /// How the state was got: `file`, `pull`, `given` or `version`.
    pub state_source: Option<String>,
    /// How many managed objects it knows.
    pub resources: Option<u64>,
    /// SHA-256 of its configuration's archive.
    pub configuration_digest: Option<String>,
    /// How the configuration was got: `directory`, `plan` or `inferred`.
    pub configuration_source: Option<String>,
    /// How many files its configuration has.
    pub configuration_files: Option<u64>,
    /// Notes on what could not be captured exactly.
    pub configuration_notes: Vec<String>,
    /// Names of variables whose values were captured.
    pub variables: Vec<String>,
    /// Providers and their versions.
    pub providers: BTreeMap<String, String>,
    /// The binary and its version.
    pub terraform: Option<String>,
    /// The workspace.
    pub workspace: String,
    /// The kind of backend.
    pub backend: String,
    /// The commit.
    pub commit: Option<String>,
    /// Whether the work tree differed from it.
    pub dirty: Option<bool>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// When an imported state was written.
    pub written_at: Option<String>,
    /// The version in the bucket that it was imported from.
    pub version_id: Option<String>,
}

/// One change that a plan always proposes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResidualOut {
    /// The address.
    pub address: String,
    /// The action.
    pub action: String,
    /// The attributes.
    pub paths: Vec<String>,
}

impl From<&Residual> for ResidualOut {
    fn from(residual: &Residual) -> Self {
        Self {
            address: residual.address.clone(),
            action: residual.action.clone(),
            paths: residual.paths.clone(),
        }
    }
}

impl EntryOut {
    /// An entry with the newest verdict on it.
    pub fn new(entry: &model::Entry, verdict: Option<&Verdict>) -> Self {
        Self {
            revision: entry.revision.0,
            entry: entry.recorded.body.kind().to_owned(),
            time: format!("{:.0}", entry.recorded.time),
            actor: entry.recorded.actor.name.clone(),
            host: entry.recorded.actor.host.clone(),
            tool: entry.recorded.tool.clone(),
            reason: entry.recorded.reason.clone(),
            ticket: entry.recorded.ticket.clone(),
            digest: entry.digest.to_string(),
            verdict: verdict.map(|verdict| word(verdict).to_owned()),
            grade: verdict.and_then(grade),
            body: (&entry.recorded.body).into(),
        }
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Good(_) => "good",
        Verdict::Bad => "bad",
    }
}

fn grade(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Good(Evidence { grade, .. }) => Some(grade.name().to_owned()),
        Verdict::Bad => None,
    }
}

impl From<&model::Body> for BodyOut {
    fn from(body: &model::Body) -> Self {
        match body {
            model::Body::Snapshot(snapshot) => Self::Snapshot(Box::new((&**snapshot).into())),
            model::Body::Evidence(kept) => Self::Evidence {
                found: kept.found.clone(),
                problem: kept.problem.clone(),
                bytes: kept.bytes,
                digest: kept.digest.to_string(),
            },
            model::Body::Mark(mark) => {
                let (residual, checks, because) = match &mark.verdict {
                    Verdict::Good(evidence) => {
                        let residual = evidence.residual.iter().map(Into::into).collect();
                        (residual, evidence.checks.clone(), evidence.because.clone())
                    }
                    Verdict::Bad => (Vec::new(), Vec::new(), None),
                };
                Self::Mark {
                    revision: mark.revision.0,
                    verdict: word(&mark.verdict).to_owned(),
                    grade: grade(&mark.verdict),
                    residual,
                    checks,
                    because,
                }
            }
            model::Body::RevertIntent(intent) => intent_body(intent),
            model::Body::RevertOutcome(outcome) => Self::RevertOutcome {
                intent: outcome.intent.0,
                outcome: outcome.outcome.name().to_owned(),
                after: outcome.after.map(|revision| revision.0),
                errors: outcome.errors.clone(),
            },
            model::Body::Verification(found) => Self::Verification {
                intent: found.intent.0,
                snapshot: found.snapshot.0,
                expected: found.expected,
                equal: found.equal,
                differences: found.differences.clone(),
                recreated: found.recreated.iter().map(Into::into).collect(),
                not_undone: found.not_undone.iter().map(Into::into).collect(),
            },
            model::Body::Drift(look) => Self::Drift {
                against: look.against.0,
                items: look.items.iter().map(Into::into).collect(),
            },
            model::Body::Fix(fix) => Self::Fix {
                item: fix.item.to_string(),
                seen: fix.seen.0,
                until: fix.until.map(|until| format!("{until:.0}")),
            },
            model::Body::RunIntent(intent) => run::intent_body(intent),
            model::Body::RunOutcome(ended) => run::outcome_body(ended),
            model::Body::Hold(hold) => run::hold_body(hold),
            model::Body::Release(release) => Self::Release { hold: release.hold.0 },
            model::Body::Resolution(resolution) => Self::Resolution {
                matter: resolution.matter.0,
                how: resolution.how.name().to_owned(),
                objects: resolution.objects.clone(),
            },
            model::Body::Diagnosis(diagnosis) => Self::Diagnosis {
                target: diagnosis.target.map(|revision| revision.0),
                health: diagnosis.health().name().to_owned(),
                findings: diagnosis.findings.iter().map(Into::into).collect(),
            },
        }
    }
}

fn intent_body(intent: &model::RevertIntent) -> BodyOut {
    let line = |action: &model::ConsentedAction| {
        format!("{} {} ({})", action.action, action.address, action.why)
    };
    BodyOut::RevertIntent {
        target: intent.target.0,
        before: intent.before.0,
        actions: intent.actions.iter().map(line).collect(),
        actions_digest: intent.actions_digest.to_string(),
        plan_digest: intent.plan_digest.map(|digest| digest.to_string()),
        plan_kept: intent.plan.is_some(),
        accepted: intent.accepted.clone(),
    }
}

impl From<&model::Snapshot> for SnapshotBody {
    fn from(snapshot: &model::Snapshot) -> Self {
        let state = snapshot.state.as_ref();
        let configuration = snapshot.configuration.as_ref();
        Self {
            cause: snapshot.cause.name().to_owned(),
            lineage: state.map(|state| state.version.lineage.to_string()),
            serial: state.map(|state| state.version.serial.0),
            state_digest: state.map(|state| state.version.digest.to_string()),
            state_bytes: state.map(|state| state.bytes),
            state_source: state.map(|state| state.source.name().to_owned()),
            resources: state.map(|state| state.resources),
            configuration_digest: configuration.map(|found| found.digest.to_string()),
            configuration_source: configuration.map(|found| found.source.name().to_owned()),
            configuration_files: configuration.map(|found| found.files),
            configuration_notes: configuration
                .map_or_else(Vec::new, ConfigurationRef::shortcomings),
            variables: configuration.map_or_else(Vec::new, |found| {
                found.variables.iter().map(|seen| seen.name.clone()).collect()
            }),
            providers: configuration.map_or_else(BTreeMap::new, |found| {
                let pair = |p: &crate::model::configuration::LockedProvider| {
                    (p.source.to_string(), p.version.clone())
                };
                found.providers.iter().map(pair).collect()
            }),
            terraform: snapshot.engine.as_ref().map(ToString::to_string),
            workspace: snapshot.workspace.clone(),
            backend: snapshot.backend.to_string(),
            commit: snapshot.git.as_ref().map(|git| git.commit.clone()),
            dirty: snapshot.git.as_ref().map(|git| git.dirty),
            tags: snapshot.tags.clone(),
            written_at: snapshot.past.as_ref().map(|past| format!("{:.0}", past.written)),
            version_id: snapshot.past.as_ref().map(|past| past.version.clone()),
        }
    }
}
