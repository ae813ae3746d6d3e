//! What is known to be secret besides what a use case has at hand.
//!
//! A person's reason, a provider's error and a provisioner's output can repeat what only an earlier
//! state marks, what only the last look saw, or what only the environment has. What cannot be read
//! teaches nothing here, and stops nobody: it is no ground of any decision.

use std::collections::BTreeSet;

use super::revert::draft::load;
use super::{Ports, Speaker, drift};
use crate::codec::state;
use crate::engine::drift::last_look;
use crate::engine::good::snapshots;
use crate::engine::redact::{Redactor, is_secret_name};
use crate::model::entry::Entry;
use crate::model::event::{Diagnostic, Event, Hook, Intended};
use crate::model::good::Residual;
use crate::model::stack::StackName;
use crate::model::value::Value;

/// Of how many recorded states the secrets are remembered.
const STATES_MAX: usize = 4;

/// Values of the environment whose names say that they are secret, such as
/// `AWS_SECRET_ACCESS_KEY`. A path to a file of credentials is none.
pub(super) fn of_environment(ports: &Ports<'_>) -> Vec<Value> {
    let secret = ports.environment.iter().filter(|(name, _)| is_secret_name(name));
    let values = secret.filter_map(|(_, value)| value.to_str());
    values
        .filter(|value| !value.starts_with(['/', '.', '~']))
        .map(|value| Value::Text(value.to_owned()))
        .collect()
}

/// What the newest recorded states, the last look and the environment say.
pub(super) fn recorded(ports: &Ports<'_>, log: &[Entry]) -> Redactor {
    let mut redactor = Redactor::default().with_values(&of_environment(ports));
    if let Some((entry, look)) = last_look(log)
        && let Ok(objects) = drift::values(ports, entry.revision, look)
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
        if let Ok(recorded) = load(ports, entry, stored)
            && let Ok(parsed) = state::parse(&recorded.bytes)
        {
            redactor = redactor.with_state(&parsed);
        }
    }
    redactor
}

/// The speaker with words that can be recorded.
pub(super) fn safe_speaker(ports: &Ports<'_>, stack: &StackName, speaker: &Speaker) -> Speaker {
    if !speaker.has_words() {
        return speaker.clone();
    }
    let log = ports.repository.log(stack).unwrap_or_default();
    speaker.safe(&recorded(ports, &log))
}

impl Speaker {
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

/// What a plan proposes, as it can be recorded.
pub(super) fn safe_residual(residual: Vec<Residual>, redactor: &Redactor) -> Vec<Residual> {
    let safe = |proposed: Residual| Residual {
        address: redactor.text(&proposed.address),
        paths: proposed.paths.iter().map(|path| redactor.text(path)).collect(),
        ..proposed
    };
    residual.into_iter().map(safe).collect()
}
