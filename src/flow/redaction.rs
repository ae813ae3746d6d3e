//! Collects what is secret, and lets texts pass the redactor before they are recorded or shown.
//!
//! A person's reason, a provider's error and a provisioner's output can repeat what only an earlier
//! state marks, what only the last drift check saw, or what only the environment has. A source that
//! cannot be read teaches nothing here and stops no use case: no decision rests on it.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::ports::{Author, Job, Ports, Stack};
use super::recorded::{Valued, drift_values, load};
use super::variables::todays;
use crate::codec::hcl::encryption::{TF_ENCRYPTION, with_encryption_variable};
use crate::codec::hcl::{self, Configuration};
use crate::codec::json;
use crate::engine::drift::last_observation;
use crate::engine::good::snapshots;
use crate::engine::redact::{Redactor, is_secret_name};
use crate::engine::revert::besides::safe_trigger;
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::entry::{Entry, Revision};
use crate::model::event::{Diagnostic, Event, Hook, Intended, InvocationHook};
use crate::model::good::Residual;
use crate::model::plan::Plan;
use crate::model::value::Value;
use crate::port::terraform;
use crate::terraform::directory::signs::facts_for_opentofu;

/// An error of Terraform with its texts redacted.
pub fn safe_error(error: terraform::Error, redactor: &Redactor) -> terraform::Error {
    match error {
        terraform::Error::Failed { engine, command, diagnostics, kept_back } => {
            terraform::Error::Failed {
                engine,
                command,
                diagnostics: safe_diagnostics(&diagnostics, redactor),
                kept_back,
            }
        }
        terraform::Error::NotInitialised { engine, summary, diagnostics } => {
            terraform::Error::NotInitialised {
                engine,
                summary: redactor.text(&summary),
                diagnostics: safe_diagnostics(&diagnostics, redactor),
            }
        }
        terraform::Error::NoProvider { diagnostics } => {
            terraform::Error::NoProvider { diagnostics: safe_diagnostics(&diagnostics, redactor) }
        }
        terraform::Error::NotPushed { summary } => {
            terraform::Error::NotPushed { summary: redactor.text(&summary) }
        }
        other @ (terraform::Error::NotFound { .. }
        | terraform::Error::CannotStart { .. }
        | terraform::Error::Locked(_)
        | terraform::Error::StalePlan
        | terraform::Error::Interrupted { .. }
        | terraform::Error::Unreadable { .. }
        | terraform::Error::NoOutput { .. }) => other,
    }
}

/// Diagnostics with their texts redacted.
pub fn safe_diagnostics(diagnostics: &[Diagnostic], redactor: &Redactor) -> Vec<Diagnostic> {
    diagnostics.iter().map(|diagnostic| safe_diagnostic(diagnostic, redactor)).collect()
}

/// Learns the values of secret variables, wherever the configuration has them from.
pub fn with_configuration(redactor: Redactor, configuration: &Configuration) -> Redactor {
    let given = configuration.bundle().variables.iter();
    let given = given.map(|(name, given)| (name.clone(), value_of(given)));
    let literals =
        configuration.value_files().flat_map(|(name, content)| hcl::literals(name, content));
    let secrets: Vec<Value> = given
        .chain(literals)
        .filter(|(name, _)| is_secret_variable(configuration.root(), name))
        .map(|(_, value)| value)
        .collect();
    redactor.with_values(&secrets).with_values(&keys(configuration.root()))
}

/// Learns what must not be shown of a plan of this configuration, its variables included.
pub(in crate::flow) fn with_plan(
    redactor: Redactor,
    configuration: &Configuration,
    plan: &Plan,
) -> Redactor {
    let secrets = plan
        .variables
        .iter()
        .filter(|(name, _)| is_secret_variable(configuration.root(), name))
        .map(|(_, value)| value.reveal_for_terraform());
    redactor.with_plan(plan).with_values(secrets)
}

/// A variable's value: a plan holds JSON, everything else text that may be an expression.
fn value_of(variable: &Variable) -> Value {
    let text = variable.value.reveal_for_terraform();
    match (variable.origin, json::value(text)) {
        (VariableOrigin::Plan, Ok(value)) => value,
        _ => Value::Text(text.clone()),
    }
}

/// Whether a variable's value is secret: declared so, or named so.
fn is_secret_variable(declared: &hcl::ModuleFacts, name: &str) -> bool {
    let marks = declared.variables.get(name).map(|declared| declared.marks);
    is_secret_name(name)
        || declared.key_variables.contains(name)
        || marks.is_some_and(|marks| marks.sensitive || marks.ephemeral)
}

/// Collects the secrets of items: those that they mark, and those that the states that they were
/// compared with mark.
pub fn redactor_of_items(
    ports: &Ports<'_>,
    log: &[Entry],
    items: &[Valued<'_>],
) -> Result<Redactor, Error> {
    let mut redactor = Redactor::default().with_drift(items.iter().map(|item| &item.object));
    let mut against: Vec<Revision> =
        items.iter().map(|item| item.tracked.observation.against).collect();
    against.sort_unstable();
    against.dedup();
    for entry in log.iter().filter(|entry| against.contains(&entry.revision)) {
        let state = entry.recorded.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
        if let Some(stored) = state {
            redactor = redactor.with_state(load(ports, entry, stored)?.state.state());
        }
    }
    Ok(redactor)
}

/// Of how many recorded states the secrets are remembered.
const STATES_MAX: usize = 4;

/// The texts that are keys of the encryption.
fn keys(facts: &hcl::ModuleFacts) -> Vec<Value> {
    let texts = facts.key_texts.iter();
    texts.map(|text| Value::Text(text.reveal_for_terraform().clone())).collect()
}

/// The keys of a stack's encryption today, wherever they come from.
pub(super) fn keys_of_today(ports: &Ports<'_>, stack: &Stack) -> Vec<Value> {
    let facts = facts_for_opentofu(&stack.root, ports.environment);
    let values = todays(stack, &facts.key_variables).into_values();
    let values = values.map(|value| Value::Text(value.reveal_for_terraform().clone()));
    keys(&facts).into_iter().chain(values).collect()
}

/// Values of the environment whose names say that they are secret, such as
/// `AWS_SECRET_ACCESS_KEY`, and keys in `TF_ENCRYPTION`. A path to a file of credentials is none.
pub(super) fn secrets_of_environment(ports: &Ports<'_>) -> Vec<Value> {
    let said = ports.environment.get(TF_ENCRYPTION).map(|value| value.to_string_lossy());
    let files = with_encryption_variable(BTreeMap::new(), &said.unwrap_or_default());
    let keys = keys(&hcl::scan(&files)).into_iter();
    let secret = ports.environment.iter().filter(|(name, _)| is_secret_name(name));
    let values = secret.filter_map(|(_, value)| value.to_str());
    values
        .filter(|value| !value.starts_with(['/', '.', '~']))
        .map(|value| Value::Text(value.to_owned()))
        .chain(keys)
        .collect()
}

/// Collects the secrets of the newest recorded states, the last drift check and the environment.
pub(super) fn known_secrets(ports: &Ports<'_>, log: &[Entry]) -> Redactor {
    let mut redactor = Redactor::default().with_values(&secrets_of_environment(ports));
    if let Some((entry, observation)) = last_observation(log)
        && let Ok(objects) = drift_values(ports, entry.revision, observation)
    {
        redactor = redactor.with_drift(&objects);
    }
    let mut seen = BTreeSet::new();
    let states = snapshots(log)
        .rev()
        .filter_map(|(entry, snapshot)| Some((entry, snapshot.state.as_ref()?)))
        .filter(|(_, state)| seen.insert(state.version.digest))
        .take(STATES_MAX);
    for (entry, stored) in states {
        if let Ok(recorded) = load(ports, entry, stored) {
            redactor = redactor.with_state(recorded.state.state());
        }
    }
    redactor
}

impl Job<'_> {
    /// The author, with words that can be recorded.
    pub(super) fn safe_author(&self) -> Author {
        if !self.author.has_words() {
            return self.author.clone();
        }
        self.author.safe(&known_secrets(self.ports, &self.log().unwrap_or_default()))
    }
}

impl Author {
    /// Whether a person has said anything in words.
    pub(super) fn has_words(&self) -> bool {
        self.reason.is_some() || self.ticket.is_some()
    }

    /// With words in which nothing stands that `redactor` hides.
    pub(super) fn safe(&self, redactor: &Redactor) -> Self {
        let safe = |text: &Option<String>| text.as_ref().map(|text| redactor.text(text));
        Self { reason: safe(&self.reason), ticket: safe(&self.ticket), ..self.clone() }
    }
}

/// An event with addresses and texts that can be shown.
pub(super) fn safe_event(event: &Event, redactor: &Redactor) -> Event {
    let hook = |hook: &Hook| Hook {
        address: redactor.text(&hook.address),
        operation: hook.operation,
        id: hook.id.as_ref().map(|id| redactor.text(id)),
    };
    match event {
        Event::Planned(found) => Event::Planned(Intended {
            address: redactor.text(&found.address),
            previous: found.previous.as_ref().map(|address| redactor.text(address)),
            ..*found
        }),
        Event::Invocation(step, found) => {
            let trigger = safe_trigger(&found.trigger, redactor);
            let address = redactor.text(&found.address);
            Event::Invocation(*step, InvocationHook { address, trigger })
        }
        Event::Imported(found) => Event::Imported(hook(found)),
        Event::Started(found) => Event::Started(hook(found)),
        Event::Completed(found) => Event::Completed(hook(found)),
        Event::Errored(found) => Event::Errored(hook(found)),
        Event::Refreshed { address } => Event::Refreshed { address: redactor.text(address) },
        Event::Diagnostic(found) => Event::Diagnostic(safe_diagnostic(found, redactor)),
        Event::Summary(_) | Event::StopRequested | Event::Other => event.clone(),
    }
}

/// A diagnostic with texts that can be shown.
pub(super) fn safe_diagnostic(diagnostic: &Diagnostic, redactor: &Redactor) -> Diagnostic {
    Diagnostic {
        severity: diagnostic.severity,
        summary: redactor.text(&diagnostic.summary),
        detail: redactor.text(&diagnostic.detail),
        address: diagnostic.address.as_ref().map(|address| redactor.text(address)),
    }
}

/// The changes that a plan proposes, redacted so that they can be recorded.
pub(super) fn safe_residual(residual: Vec<Residual>, redactor: &Redactor) -> Vec<Residual> {
    let safe = |proposed: Residual| Residual {
        address: redactor.text(&proposed.address),
        paths: proposed.paths.iter().map(|path| redactor.text(path)).collect(),
        ..proposed
    };
    residual.into_iter().map(safe).collect()
}
