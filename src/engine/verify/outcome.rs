//! Compares the outcome of a revert's plan with the good state, before anyone consents.
//!
//! The rules are those of the proof afterwards. A value that only the apply will know is taken for the
//! good one, and so is a value from an object that is made anew. If a plan of the good configuration
//! is on record as empty, values that it says count only if a function makes them: any other one can
//! be another spelling of the good one, which the provider will write its own way.

use std::collections::BTreeSet;

use super::attributes::AttributeRules;
use super::pair::{Managed, VerifiedPair, changes, managed};
use super::recreated::Carried;
use super::{VerifyFacts, made_anew};
use crate::engine::judgement::{JudgedAction, NotGood, Reason, Unlikeness, Why};
use crate::engine::revert::listed;
use crate::model::address::Address;
use crate::model::entry::Revision;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::{Action, PlannedChange};
use crate::model::value::{Path, Value};

/// The outcome of a plan, compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlannedOutcome {
    /// Objects that would not be the good ones, in the order of addresses.
    pub not_good: Vec<NotGood>,
    /// Addresses of objects that are as the good state says, while the present state says otherwise:
    /// an apply brings it up to date.
    pub outdated: Vec<String>,
    /// Objects that are not quite the good ones and stay as they are, in clauses.
    pub notes: Vec<String>,
}

/// Facts about a plan besides those of the proof.
#[derive(Clone, Copy)]
pub struct OutcomeFacts<'o, 'f> {
    /// The facts of the proof: the state is the one before the apply, and the plan is the revert's.
    pub proof: &'o VerifyFacts<'f>,
    /// Whether a plan of the good configuration is on record as empty for an address.
    pub is_proved: &'o dyn Fn(&str) -> bool,
    /// Whether an object is in the part that is wanted.
    pub is_wanted: &'o dyn Fn(&Address) -> bool,
}

impl std::fmt::Debug for OutcomeFacts<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutcomeFacts").finish_non_exhaustive()
    }
}

/// Compares the outcome of a plan with the good state.
pub fn outcome(facts: OutcomeFacts<'_, '_>) -> PlannedOutcome {
    let proof = facts.proof;
    let (wanted, there) = (managed(proof.good), managed(proof.now));
    let planned = changes(proof.plan);
    let is_meant =
        |address: &Address| (facts.is_wanted)(address) && !proof.done.is_left(&address.to_string());
    let mut found = PlannedOutcome::default();
    let mut say = |address: &Address, how| {
        found.not_good.push(NotGood { address: address.to_string(), how });
    };
    let drifted = proof.plan.drift.iter().filter(|drift| drift.deposed.is_none());
    let drifted: BTreeSet<&Address> = drifted.map(|drift| &drift.address).collect();
    let mut pairs = Vec::new();
    for (address, good) in wanted.iter().filter(|(address, _)| is_meant(address)) {
        let change = planned.get(*address).copied();
        let now = now(&there, address, change);
        match change {
            // What the refresh did not find, and what is destroyed, is told with its own words.
            None if now.is_some() => {}
            None => say(address, Unlikeness::Missing),
            Some(change) if change.after == Value::Null => {}
            Some(change) => {
                let pair = VerifiedPair::planned(proof, good, now, change);
                // Nearly all of a large state is as it was, and is not kept in memory.
                if !pair.is_as_it_was() || drifted.contains(*address) {
                    pairs.push(pair);
                }
            }
        }
    }
    let moved: BTreeSet<&Address> =
        planned.values().filter_map(|change| change.previous_address.as_ref()).collect();
    for address in there.keys().filter(|address| is_meant(address)) {
        let is_kept = planned.get(*address).is_some_and(|change| change.action == Action::NoOp);
        if is_kept && !wanted.contains_key(*address) && !moved.contains(*address) {
            say(address, Unlikeness::TooMany);
        }
    }
    compare_values(facts, &pairs, &drifted, &there, &mut found);
    found.not_good.sort();
    found
}

/// The object that a change is about, as the state has it; `moved` blocks may give it the address.
fn now<'f>(
    there: &Managed<'f, 'f>,
    address: &Address,
    change: Option<&PlannedChange>,
) -> Option<&'f crate::model::state::Instance<'f>> {
    let previous = change.and_then(|change| change.previous_address.as_ref());
    there.get(previous.unwrap_or(address)).copied()
}

/// Adds the attributes of objects that are there afterwards.
fn compare_values<'f>(
    facts: OutcomeFacts<'_, 'f>,
    pairs: &[VerifiedPair<'f>],
    drifted: &BTreeSet<&Address>,
    there: &Managed<'f, 'f>,
    found: &mut PlannedOutcome,
) {
    let proof = facts.proof;
    let carried = Carried::of(pairs);
    let rules = AttributeRules::new(proof, &carried, &[], there.values().copied());
    for pair in pairs {
        let address = pair.address.to_string();
        let is_proved = (facts.is_proved)(&address);
        let counts = |path: &Path| !is_proved || pair.block.is_some_and(|block| block.calls(path));
        let paths = rules.unlike(pair, counts);
        if !paths.is_empty() {
            found.not_good.push(NotGood { address, how: Unlikeness::Values(paths) });
        }
    }
    let is_still = |pair: &&VerifiedPair<'f>| pair.done.is_some_and(|c| !c.action.changes());
    for pair in pairs.iter().filter(is_still) {
        found.notes.extend(pair.is_anew.then(|| made_anew(proof, pair)));
        found.notes.extend(rules.said(pair).notes);
        if !drifted.contains(pair.address) {
            continue;
        }
        let is_good = rules.unlike(pair, |_| true).is_empty();
        if is_good && !rules.unlike(&pair.in_state(), |_| true).is_empty() {
            found.outdated.push(pair.address.to_string());
        }
    }
}

/// Says in the reasons of actions which attributes are no undo, since good never had their values;
/// gives the hazards of objects without an action.
pub fn mark(outcome: &PlannedOutcome, actions: &mut [JudgedAction], good: Revision) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    for one in &outcome.not_good {
        let action = actions.iter_mut().find(|action| action.address == one.address);
        match (action, &one.how) {
            (Some(action), Unlikeness::Values(paths)) => not_undo(action, paths, good),
            (Some(_) | None, _) => hazards.push(hazard(one, good)),
        }
    }
    hazards
}

fn not_undo(action: &mut JudgedAction, paths: &[Path], good: Revision) {
    let is_meant = |path: &Path| paths.iter().any(|one| one.covers(path) || path.covers(one));
    action.reasons.retain_mut(|reason| {
        let is_whole = reason.why != Why::Undo || reason.paths.is_empty();
        reason.paths.retain(|path| reason.why != Why::Undo || !is_meant(path));
        is_whole || !reason.paths.is_empty()
    });
    let cause = never_had(good);
    action.reasons.push(Reason { why: Why::NotGood, cause, paths: paths.to_vec() });
    action.reasons.sort_by_key(|reason| reason.why);
}

fn never_had(good: Revision) -> String {
    format!("{good} never had this value, though its configuration says it")
}

fn hazard(one: &NotGood, good: Revision) -> Hazard {
    let why = match &one.how {
        Unlikeness::Values(paths) => {
            format!("{} ({}), and the plan leaves it so", never_had(good), listed(paths))
        }
        Unlikeness::Missing => {
            format!("{good} has it, and its configuration does not: the plan does not make it")
        }
        Unlikeness::TooMany => {
            format!("{good} does not have it, and its configuration does: the plan keeps it")
        }
    };
    Hazard { kind: HazardKind::NotGood, subject: one.address.clone(), why }
}
