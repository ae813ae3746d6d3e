//! Goes on with a revert whose apply failed half-way, or was the first of two steps, under the same
//! consent.
//!
//! Two objects that want one name cannot be made and destroyed in any order, and a plan does not
//! know that: the first apply destroys the one, and only then can the other be made. What is left is
//! planned anew, and done only if nothing is in it that was not consented to. Whether that is so is
//! `engine::revert::rest`'s to decide.

use super::consent::{ApprovedRevert, approve};
use super::draft::draft;
use super::execute::ExecutedRevert;
use super::plan::check;
use crate::engine::hazard::Allowance;
use crate::engine::revert::rest::{is_part, is_rest};
use crate::flow::Error;
use crate::flow::ports::{Ports, Speaker, Stack};
use crate::model::entry::{Actor, ApplyOutcome};
use crate::model::hazard::Hazard;
use crate::model::pattern::Pattern;

/// How often a revert is gone on with at most.
pub const ROUNDS_MAX: usize = 3;

/// What is left of `executed`, if it may be done without asking again.
pub fn again(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    executed: &ExecutedRevert,
    accepted: &[Hazard],
) -> Result<Option<ApprovedRevert>, Error> {
    let is_stopped = executed.interrupted.is_some() || executed.errored_state.is_some();
    let is_open = executed.is_half() || executed.outcome == ApplyOutcome::Failed;
    if !is_open || executed.after.is_err() || is_stopped {
        return Ok(None);
    }
    let before = &executed.checked;
    let mut next = draft(ports, stack, speaker, &before.draft.target)?;
    next.scope = before.draft.scope.clone();
    next.redactor = before.draft.redactor.clone();
    next.earlier.clone_from(&before.draft.earlier);
    next.earlier.push((before.plan.clone(), before.actions.clone()));
    next.allowed.clone_from(&before.draft.allowed);
    // What is held is held already.
    next.hold = None;
    let checked = check(ports, stack, next)?;
    let is_agreed = if executed.is_half() {
        is_part(&before.plan, &checked.plan)
    } else {
        !checked.is_nothing() && is_rest(&before.plan, &checked.plan)
    };
    if !is_agreed {
        return Ok(None);
    }
    let allowed: Vec<Allowance> = accepted.iter().map(exactly).collect();
    let by: Actor = speaker.actor.clone();
    match approve(checked, &allowed, by, ports.clock.now()) {
        Ok(approved) => Ok(Some(approved)),
        Err(Error::Hazards(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

fn exactly(hazard: &Hazard) -> Allowance {
    Allowance { kind: hazard.kind, subject: Pattern::new(hazard.subject.clone()) }
}
