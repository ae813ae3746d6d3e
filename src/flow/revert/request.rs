//! A revert as it is asked for, before anything is read or decided.
//!
//! It holds nothing of the world. Changing a request means drafting or planning anew.

use crate::engine::hazard::Allowance;
use crate::engine::redact::{FingerprintKey, Redactor};
use crate::engine::revert::scope::RevertScope;
use crate::flow::ports::Stack;
use crate::model::address::Address;
use crate::model::entry::Entry;
use crate::model::pattern::Pattern;

/// A wish to go back.
#[derive(Debug, Clone)]
pub struct RevertRequest {
    /// The entry to go back to.
    pub target: Entry,
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
            scope: RevertScope::default(),
            destroy_forgotten: Vec::new(),
            allowed: Vec::new(),
            fingerprints: None,
        }
    }
}
