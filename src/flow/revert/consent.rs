//! The one place where a revert becomes allowed.
//!
//! A [`Consent`] names the state, the actions and the hazards it is for, and only [`approve`] makes
//! one. `--yes` accepts a plan and never a hazard: every hazard needs an allowance of its own.

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::plan::CheckedRevert;
use crate::engine::hazard::Allowance;
use crate::flow::Error;
use crate::model::digest::Digest;
use crate::model::entry::Actor;
use crate::model::hazard::Hazard;
use crate::model::version::StateVersion;

/// A decision to apply exactly this plan, with exactly these actions, to exactly this state.
#[derive(Debug, Clone)]
pub struct Consent {
    state: StateVersion,
    plan: Digest,
    actions: Digest,
    accepted: Vec<Hazard>,
    by: Actor,
    at: Timestamp,
}

impl Consent {
    /// The state it is for.
    pub fn state(&self) -> &StateVersion {
        &self.state
    }

    /// SHA-256 of the saved plan it is for.
    pub fn plan(&self) -> Digest {
        self.plan
    }

    /// SHA-256 over the actions it is for.
    pub fn actions(&self) -> Digest {
        self.actions
    }

    /// The hazards it accepts.
    pub fn accepted(&self) -> &[Hazard] {
        &self.accepted
    }

    /// The person or job that consented, with its machine.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// A revert that may be executed. Only [`approve`] makes one.
#[derive(Debug)]
pub struct ApprovedRevert {
    checked: CheckedRevert,
    consent: Consent,
}

impl ApprovedRevert {
    /// The revert with its plan.
    pub fn checked(&self) -> &CheckedRevert {
        &self.checked
    }

    /// The decision.
    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// The revert and its consent, for the execution.
    pub(super) fn into_parts(self) -> (CheckedRevert, Consent) {
        (self.checked, self.consent)
    }
}

/// The hazards that no allowance covers.
pub fn open_hazards<'a>(hazards: &'a [Hazard], allowed: &[Allowance]) -> Vec<&'a Hazard> {
    let is_covered = |hazard: &Hazard| allowed.iter().any(|allowance| allowance.covers(hazard));
    hazards.iter().filter(|hazard| !is_covered(hazard)).collect()
}

/// Approves a revert whose plan has been accepted; refused while a hazard stands.
pub fn approve(
    checked: CheckedRevert,
    allowed: &[Allowance],
    by: Actor,
    at: Timestamp,
) -> Result<ApprovedRevert, Error> {
    let open: Vec<Hazard> = open_hazards(&checked.hazards, allowed).into_iter().cloned().collect();
    if !open.is_empty() {
        return Err(Error::Hazards(open));
    }
    let consent = Consent {
        state: checked.state.clone(),
        plan: checked.plan_digest,
        actions: checked.actions_digest,
        accepted: checked.hazards.clone(),
        by,
        at,
    };
    Ok(ApprovedRevert { checked, consent })
}
