//! Executes an approved revert to its end: an apply that failed half-way, or was the first of two
//! steps, is gone on with under the same consent.
//!
//! Two objects that want one name cannot be made and destroyed in any order, and a plan does not
//! know that: the first apply destroys the one, and only then can the other be made. The rest is
//! planned anew, and done only if nothing is in it that was not consented to.
//! `engine::revert::rest` decides that.

use super::consent::{ApprovedRevert, approve};
use super::draft::draft;
use super::execute::{ExecutedRevert, execute};
use super::plan::check;
use crate::engine::hazard::Allowance;
use crate::engine::revert::rest::{is_part, is_rest};
use crate::flow::Error;
use crate::flow::ports::Job;
use crate::model::entry::ApplyOutcome;
use crate::model::hazard::Hazard;
use crate::model::invocation::ReportedInvocation;
use crate::model::pattern::Pattern;
use crate::model::plan::Plan;

/// How often a revert is gone on with at most.
const ROUNDS_MAX: usize = 3;

/// Executes a revert and what its apply leaves of it. `going_on` is told before each further round.
pub fn execute_to_the_end(
    job: &Job<'_>,
    approved: ApprovedRevert,
    going_on: &dyn Fn(&ExecutedRevert, &ApprovedRevert),
) -> Result<ExecutedRevert, Error> {
    let accepted = approved.consent().accepted().to_vec();
    let mut executed = execute(job, approved)?;
    for _ in 0..ROUNDS_MAX {
        let rest = match rest(job, &executed, &accepted) {
            Ok(Some(rest)) => rest,
            other if executed.is_half() => {
                let ExecutedRevert { intent, interrupted, after, .. } = executed;
                let source = other.err().or(after.err()).map(Box::new);
                return Err(Error::HalfDone { intent, interrupted, source });
            }
            // Whatever stands in the way now: what happened so far is what is to be told.
            Ok(None) | Err(_) => break,
        };
        going_on(&executed, &rest);
        let hold = executed.hold.take();
        let invoked = std::mem::take(&mut executed.invoked);
        executed = execute(job, rest)?;
        executed.invoked.splice(0..0, invoked);
        executed.hold = executed.hold.or(hold);
    }
    Ok(executed)
}

/// Drafts and plans the rest of `executed`; none unless it may be done without asking again.
fn rest(
    job: &Job<'_>,
    executed: &ExecutedRevert,
    accepted: &[Hazard],
) -> Result<Option<ApprovedRevert>, Error> {
    let is_stopped = executed.interrupted.is_some() || executed.errored_state.is_some();
    let is_open = executed.is_half() || executed.outcome == ApplyOutcome::Failed;
    if !is_open || executed.after.is_err() || is_stopped {
        return Ok(None);
    }
    let before = executed.checked();
    let mut next = draft(job, before.draft.request.clone())?;
    next.redactor = before.draft.redactor.clone();
    next.earlier.clone_from(&before.draft.earlier);
    next.earlier.push((before.plan.clone(), before.actions.clone()));
    // What is held is held already.
    next.hold = None;
    let checked = check(job.ports, job.stack, next)?;
    let is_agreed = if executed.is_half() {
        is_part(&before.plan, &checked.plan)
    } else {
        !checked.is_nothing() && is_rest(&before.plan, &checked.plan)
    };
    if !is_agreed || runs_again(executed, &checked.plan) {
        return Ok(None);
    }
    let allowed: Vec<Allowance> = accepted.iter().map(exactly).collect();
    match approve(checked, &allowed, job.author.actor.clone(), job.ports.clock.now()) {
        Ok(approved) => Ok(Some(approved)),
        Err(Error::Hazards(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Whether an action of a provider would run that has been started already: once was agreed to.
fn runs_again(executed: &ExecutedRevert, next: &Plan) -> bool {
    let begun = executed.invoked.iter().filter(|reported| reported.was_started());
    let is_planned = |reported: &ReportedInvocation| {
        next.invocations.iter().any(|planned| {
            planned.address == reported.address && planned.trigger == reported.trigger
        })
    };
    begun.into_iter().any(is_planned)
}

fn exactly(hazard: &Hazard) -> Allowance {
    Allowance { kind: hazard.kind, subject: Pattern::new(hazard.subject.clone()) }
}
