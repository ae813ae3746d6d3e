//! Judges the plan of a revert: its actions, the objects that it lost, its outcome and its hazards.
//!
//! Everything is decided in `engine`; here it is asked in order, and made safe to show.

use std::path::Path;

use super::PlanSubject;
use crate::engine::hazard::places::{WrittenPlace, unwritable, written_places};
use crate::engine::hazard::{believable, hazards, in_order};
use crate::engine::judgement::JudgedAction;
use crate::engine::redact::Redactor;
use crate::engine::revert::not_found::{UnfoundObject, not_found};
use crate::engine::revert::outputs::{JudgedOutput, judge_outputs};
use crate::engine::revert::scope::Skipped;
use crate::engine::revert::{RevertFacts, judge};
use crate::engine::verify::outcome::{OutcomeFacts, PlannedOutcome, mark, outcome};
use crate::engine::verify::{DoneRounds, Round, VerifyFacts};
use crate::flow::ports::{Ports, Stack};
use crate::flow::private_copy::PrivateCopy;
use crate::model::address::Address;
use crate::model::good::Grade;
use crate::model::hazard::Hazard;
use crate::model::placement::Slot;
use crate::model::plan::Plan;

/// The judged actions and outputs of a plan, and the hazards.
pub(super) struct Judged {
    pub(super) actions: Vec<JudgedAction>,
    pub(super) not_found: Vec<UnfoundObject>,
    pub(super) outcome: PlannedOutcome,
    pub(super) outputs: Vec<JudgedOutput>,
    pub(super) hazards: Vec<Hazard>,
}

/// Facts about a plan besides itself: objects that it lost, actions that it leaves out, and places
/// that cannot be written.
#[derive(Clone, Copy)]
pub(super) struct PlannedPart<'p> {
    pub(super) unfound: &'p [Slot],
    pub(super) left: &'p [Skipped],
    pub(super) unwritable: &'p [Hazard],
}

/// Judges a plan.
pub(super) fn judged(
    ports: &Ports<'_>,
    of: PlanSubject<'_>,
    plan: &Plan,
    part: PlannedPart<'_>,
    redactor: &Redactor,
) -> Judged {
    let now = believable(ports.clock.now(), of.draft.latest_time);
    let facts = of.facts(plan);
    let mut actions = judge(&facts, redactor);
    let not_found = not_found(&facts, part.unfound, redactor);
    let outcome = planned_outcome(of, &facts, &actions, part.left, redactor);
    let unlike = mark(&outcome, &mut actions, facts.good.revision);
    let mut found = hazards(&facts, &actions, &of.stack.limits, &of.draft.variables, now);
    found.extend(unlike);
    found.extend(part.unwritable.iter().cloned());
    found.extend(of.draft.newer_applied.clone());
    found.extend(not_found.iter().filter_map(|one| one.hazard(facts.good.revision)));
    let outputs = judge_outputs(&facts, redactor);
    // A secret can stand in the key of an instance; until here addresses are what they are.
    for action in &mut actions {
        action.address = redactor.text(&action.address);
    }
    for hazard in &mut found {
        hazard.subject = redactor.text(&hazard.subject);
        hazard.why = redactor.text(&hazard.why);
    }
    Judged { actions, not_found, outcome, outputs, hazards: in_order(found) }
}

/// The hazards of places at which a plan has written or will write, and where nothing can be written.
pub(super) fn unwritable_places(stack: &Stack, plan: &Plan, prepared: &PrivateCopy) -> Vec<Hazard> {
    let planned = prepared.changed().into_iter().map(|path| {
        let path = path.display().to_string();
        WrittenPlace { subject: path.clone(), path }
    });
    let places = written_places(plan, &stack.knowledge).into_iter().chain(planned);
    let hazard = |place: WrittenPlace| {
        let reason = prepared.obstacle_at(Path::new(&place.path))?;
        Some(unwritable(place, &reason))
    };
    places.filter_map(hazard).collect()
}

/// Compares the outcome of a plan with the good state.
fn planned_outcome(
    of: PlanSubject<'_>,
    facts: &RevertFacts<'_>,
    actions: &[JudgedAction],
    left: &[Skipped],
    redactor: &Redactor,
) -> PlannedOutcome {
    let draft = of.draft;
    let configuration = draft.resources();
    let rounds = [Round { plan: facts.plan, actions }];
    let (variables, journals) = (&draft.variables, draft.journals.as_slice());
    let proof = VerifyFacts {
        good: facts.good.state,
        residual: &[],
        now: facts.current,
        plan: facts.plan,
        found: &[],
        done: DoneRounds { rounds: &rounds, left, agreed: &[], variables, journals },
        configuration: &configuration,
        checks: [&[], &[]],
        knowledge: facts.knowledge,
        redactor,
    };
    let is_usual =
        |address: &str| draft.residual.iter().any(|residual| residual.address == address);
    let is_empty = draft.grade.is_some_and(|grade| grade >= Grade::PlanEmpty);
    let is_proved = |address: &str| is_empty && !is_usual(address);
    let is_wanted = |address: &Address| draft.request.scope.includes(address);
    outcome(OutcomeFacts { proof: &proof, is_proved: &is_proved, is_wanted: &is_wanted })
}
