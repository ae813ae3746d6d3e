//! A revert as it is asked for, before anything is read or decided.
//!
//! It holds nothing of the world. Changing a request means drafting or planning anew.

use crate::engine::hazard::Allowance;
use crate::engine::redact::{FingerprintKey, Redactor};
use crate::engine::revert::scope::RevertScope;
use crate::flow::ports::Stack;
use crate::model::entry::Entry;

/// A wish to go back.
#[derive(Debug, Clone)]
pub struct RevertRequest {
    /// The entry to go back to.
    pub target: Entry,
    /// Which part of the revert is wanted.
    pub scope: RevertScope,
    /// Hazards that are accepted by name and place.
    pub allowed: Vec<Allowance>,
    /// The key of the fingerprints by which changes of secrets are told.
    pub fingerprints: Option<FingerprintKey>,
}

impl RevertRequest {
    /// Lets a redactor tell changes of secrets, if there is a key.
    pub(super) fn tell_changes(&self, redactor: Redactor, stack: &Stack) -> Redactor {
        match self.fingerprints.clone() {
            Some(key) => redactor.with_fingerprints(key, stack.name.as_str()),
            None => redactor,
        }
    }

    /// All of a revert to this entry, with nothing allowed.
    pub fn to(target: Entry) -> Self {
        Self { target, scope: RevertScope::default(), allowed: Vec::new(), fingerprints: None }
    }
}
