//! The bodies of runs and of what follows them: intents, outcomes with their account, holds,
//! settlements, diagnoses.
//!
//! As in `snapshot`, a field added to the model and forgotten here does not compile.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::act::ApplyOutcomeWord;
use super::text::AsText;
use crate::model::account as account_model;
use crate::model::account::{ErrorClass, Fate, Presence, Witness};
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry::{ApplyOutcome, Revision};
use crate::model::hold as hold_model;
use crate::model::run as model;
use crate::model::run::{Health, Settled};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Fate", rename_all = "kebab-case")]
enum FateWord {
    Unknown,
    Failed,
    Tainted,
    Created,
    Updated,
    Replaced,
    Destroyed,
    Imported,
    Forgotten,
    NotAttempted,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Presence", rename_all = "kebab-case")]
enum PresenceWord {
    InState,
    NotInState,
    Unread,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Witness", rename_all = "kebab-case")]
enum WitnessWord {
    Events,
    Output,
    States,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ErrorClass", rename_all = "kebab-case")]
enum ErrorClassWord {
    Configuration,
    Credentials,
    Quota,
    Network,
    Lock,
    Interrupted,
    Provider,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Settled", rename_all = "kebab-case")]
enum SettledWord {
    Finished,
    Abandoned,
    Pushed,
    Adopted,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Health", rename_all = "kebab-case")]
enum HealthWord {
    Well,
    Doubtful,
    Ill,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RunIntent {
    before: u64,
    command: Vec<String>,
    configuration: Option<AsText<Digest>>,
    commit: Option<String>,
    plan: Option<AsText<Digest>>,
    journal: String,
}

impl From<&model::RunIntent> for RunIntent {
    fn from(intent: &model::RunIntent) -> Self {
        let model::RunIntent { before, command, configuration, commit, plan, journal } = intent;
        Self {
            before: before.0,
            command: command.clone(),
            configuration: configuration.map(AsText),
            commit: commit.clone(),
            plan: plan.map(|blob| AsText(blob.0)),
            journal: journal.clone(),
        }
    }
}

impl From<RunIntent> for model::RunIntent {
    fn from(intent: RunIntent) -> Self {
        Self {
            before: Revision(intent.before),
            command: intent.command,
            configuration: intent.configuration.map(|digest| digest.0),
            commit: intent.commit,
            plan: intent.plan.map(|blob| BlobId(blob.0)),
            journal: intent.journal,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RunOutcome {
    intent: u64,
    #[serde(with = "ApplyOutcomeWord")]
    outcome: ApplyOutcome,
    code: Option<i32>,
    after: Option<u64>,
    events: Option<AsText<Digest>>,
    errored: Option<u64>,
    #[serde(with = "WitnessWord")]
    witness: Witness,
    account: Vec<Deed>,
    errors: Vec<Mishap>,
}

#[derive(Serialize, Deserialize)]
struct Deed {
    address: String,
    action: String,
    #[serde(with = "FateWord")]
    fate: Fate,
    id: Option<String>,
    #[serde(with = "PresenceWord")]
    presence: Presence,
}

#[derive(Serialize, Deserialize)]
struct Mishap {
    #[serde(with = "ErrorClassWord")]
    class: ErrorClass,
    address: Option<String>,
    summary: String,
}

impl From<&model::RunOutcome> for RunOutcome {
    fn from(ended: &model::RunOutcome) -> Self {
        let model::RunOutcome { intent, outcome, code, after, events, errored, account, errors } =
            ended;
        let account_model::Account { witness, deeds } = account;
        let deed = |deed: &account_model::Deed| {
            let account_model::Deed { address, action, fate, id, presence } = deed;
            Deed {
                address: address.clone(),
                action: action.clone(),
                fate: *fate,
                id: id.clone(),
                presence: *presence,
            }
        };
        let mishap = |error: &account_model::Mishap| {
            let account_model::Mishap { class, address, summary } = error;
            Mishap { class: *class, address: address.clone(), summary: summary.clone() }
        };
        Self {
            intent: intent.0,
            outcome: *outcome,
            code: *code,
            after: after.map(|revision| revision.0),
            events: events.map(|blob| AsText(blob.0)),
            errored: errored.map(|revision| revision.0),
            witness: *witness,
            account: deeds.iter().map(deed).collect(),
            errors: errors.iter().map(mishap).collect(),
        }
    }
}

impl From<RunOutcome> for model::RunOutcome {
    fn from(ended: RunOutcome) -> Self {
        let deed = |deed: Deed| account_model::Deed {
            address: deed.address,
            action: deed.action,
            fate: deed.fate,
            id: deed.id,
            presence: deed.presence,
        };
        let mishap = |error: Mishap| account_model::Mishap {
            class: error.class,
            address: error.address,
            summary: error.summary,
        };
        Self {
            intent: Revision(ended.intent),
            outcome: ended.outcome,
            code: ended.code,
            after: ended.after.map(Revision),
            events: ended.events.map(|blob| BlobId(blob.0)),
            errored: ended.errored.map(Revision),
            account: account_model::Account {
                witness: ended.witness,
                deeds: ended.account.into_iter().map(deed).collect(),
            },
            errors: ended.errors.into_iter().map(mishap).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    Everything,
    Configuration,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Hold {
    scope: Scope,
    digests: Vec<AsText<Digest>>,
    commits: Vec<String>,
    target: Option<u64>,
    until: Option<AsText<Timestamp>>,
}

impl From<&hold_model::Hold> for Hold {
    fn from(hold: &hold_model::Hold) -> Self {
        let hold_model::Hold { scope, until } = hold;
        let until = until.map(AsText);
        match scope {
            hold_model::HoldScope::Everything => Self {
                scope: Scope::Everything,
                digests: Vec::new(),
                commits: Vec::new(),
                target: None,
                until,
            },
            hold_model::HoldScope::Configuration { digests, commits, target } => Self {
                scope: Scope::Configuration,
                digests: digests.iter().copied().map(AsText).collect(),
                commits: commits.clone(),
                target: target.map(|revision| revision.0),
                until,
            },
        }
    }
}

impl From<Hold> for hold_model::Hold {
    fn from(hold: Hold) -> Self {
        let scope = match hold.scope {
            Scope::Everything => hold_model::HoldScope::Everything,
            Scope::Configuration => hold_model::HoldScope::Configuration {
                digests: hold.digests.into_iter().map(|digest| digest.0).collect(),
                commits: hold.commits,
                target: hold.target.map(Revision),
            },
        };
        Self { scope, until: hold.until.map(|until| until.0) }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Release {
    hold: u64,
}

impl From<&hold_model::Release> for Release {
    fn from(release: &hold_model::Release) -> Self {
        let hold_model::Release { hold } = release;
        Self { hold: hold.0 }
    }
}

impl From<Release> for hold_model::Release {
    fn from(release: Release) -> Self {
        Self { hold: Revision(release.hold) }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Settlement {
    matter: u64,
    #[serde(with = "SettledWord")]
    how: Settled,
    objects: Vec<String>,
}

impl From<&model::Settlement> for Settlement {
    fn from(settlement: &model::Settlement) -> Self {
        let model::Settlement { matter, how, objects } = settlement;
        Self { matter: matter.0, how: *how, objects: objects.clone() }
    }
}

impl From<Settlement> for model::Settlement {
    fn from(settlement: Settlement) -> Self {
        let Settlement { matter, how, objects } = settlement;
        Self { matter: Revision(matter), how, objects }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Diagnosis {
    target: Option<u64>,
    findings: Vec<Finding>,
}

#[derive(Serialize, Deserialize)]
struct Finding {
    subject: String,
    #[serde(with = "HealthWord")]
    health: Health,
    what: String,
}

impl From<&model::Diagnosis> for Diagnosis {
    fn from(diagnosis: &model::Diagnosis) -> Self {
        let model::Diagnosis { target, findings } = diagnosis;
        let finding = |found: &model::Finding| {
            let model::Finding { subject, health, what } = found;
            Finding { subject: subject.clone(), health: *health, what: what.clone() }
        };
        Self {
            target: target.map(|revision| revision.0),
            findings: findings.iter().map(finding).collect(),
        }
    }
}

impl From<Diagnosis> for model::Diagnosis {
    fn from(diagnosis: Diagnosis) -> Self {
        let finding = |found: Finding| model::Finding {
            subject: found.subject,
            health: found.health,
            what: found.what,
        };
        Self {
            target: diagnosis.target.map(Revision),
            findings: diagnosis.findings.into_iter().map(finding).collect(),
        }
    }
}
