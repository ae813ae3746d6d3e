//! A revert as it is asked for, before anything is read or decided.
//!
//! It holds nothing of the world. Changing a request means drafting or planning anew.

use crate::engine::hazard::Allowance;
use crate::engine::hazard::newer_applied::passes;
use crate::engine::redact::{FingerprintKey, Redactor};
use crate::engine::revert::scope::RevertScope;
use crate::flow::ports::Stack;
use crate::model::address::Address;
use crate::model::entry::Entry;
use crate::model::hazard::Hazard;
use crate::model::pattern::Pattern;

/// How the entry to go back to was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetChoice {
    /// It is the last known good snapshot.
    LastKnownGood,
    /// A person has named it.
    Named,
}

/// A wish to go back.
#[derive(Debug, Clone)]
pub struct RevertRequest {
    /// The entry to go back to.
    pub target: Entry,
    /// How it was chosen.
    pub choice: TargetChoice,
    /// Which part of the revert is wanted.
    pub scope: RevertScope,
    /// Objects that are to be destroyed although something says `destroy = false`.
    pub destroy_forgotten: Vec<Pattern>,
    /// Hazards that are accepted by name and place.
    pub allowed: Vec<Allowance>,
    /// The key of the fingerprints by which changes of secrets are told.
    pub fingerprints: Option<FingerprintKey>,
}

impl RevertRequest {
    /// Whether an object is to be destroyed although something says `destroy = false`.
    pub(super) fn is_to_be_destroyed(&self, address: &Address) -> bool {
        let address = address.to_string();
        self.destroy_forgotten.iter().any(|pattern| pattern.matches(&address))
    }

    /// The hazard of going past newer good snapshots: whoever names a target wants that.
    pub(super) fn newer_applied(&self, log: &[Entry]) -> Option<Hazard> {
        match self.choice {
            TargetChoice::LastKnownGood => passes(log, &self.target),
            TargetChoice::Named => None,
        }
    }

    /// Lets a redactor tell changes of secrets, if there is a key.
    pub(super) fn tell_changes(&self, redactor: Redactor, stack: &Stack) -> Redactor {
        match self.fingerprints.clone() {
            Some(key) => redactor.with_fingerprints(key, stack.name.as_str()),
            None => redactor,
        }
    }

    /// All of a revert to this entry, with nothing allowed.
    pub fn to(target: Entry) -> Self {
        Self {
            target,
            choice: TargetChoice::Named,
            scope: RevertScope::default(),
            destroy_forgotten: Vec::new(),
            allowed: Vec::new(),
            fingerprints: None,
        }
    }
}
