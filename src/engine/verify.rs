//! Whether the world after a revert is what the good snapshot says.
//!
//! The follow-up plan's proposals are compared with the residual that was there when the snapshot
//! was called good. Objects and their attributes are compared with the good state's (`attributes`).
//! References between objects (`references`) and Terraform's own checks are compared too. An object
//! that had to be made anew has another id: that is told, with both, and is no difference. Changes
//! that could not be undone are listed (`rest`). A person decides whether any of it is worth
//! another revert.

use std::collections::{BTreeMap, BTreeSet};

use self::attributes::{AttributeRules, Said};
use self::pair::{VerifiedPair, changes, done, managed};
use self::recreated::Carried;
use self::references::{GoneIds, unresolved};
use self::rest::not_undone;
use super::compare::{differences, shadow_paths};
use super::judgement::{JudgedAction, NotGood, Unlikeness};
use super::origin::ApplyJournal;
use super::redact::Redactor;
use super::revert::scope::Skipped;
use super::revert::{shown_address, shown_slot};
use super::variables::VariableStanding;
use crate::codec::hcl::ResourceBlock;
use crate::knowledge::Knowledge;
use crate::model::address::Address;
use crate::model::check::Check;
use crate::model::entry::{NotUndone, Recreated};
use crate::model::good::Residual;
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::state::{State, Status};
use crate::model::value::Path;
use crate::model::word::Word as _;

/// Proposals of a plan, without values: sorted by address.
pub fn residual(plan: &Plan) -> Vec<Residual> {
    let outputs =
        plan.outputs.iter().filter(|output| output.action != Action::NoOp).map(|output| Residual {
            address: format!("output.{}", output.name),
            action: output.action.name().to_owned(),
            paths: Vec::new(),
        });
    let mut residual: Vec<Residual> = plan.effective().map(of_change).chain(outputs).collect();
    residual.sort();
    residual
}

fn of_change(change: &PlannedChange) -> Residual {
    let mut unknown = Vec::new();
    shadow_paths(&Path::default(), &change.after_unknown, &mut unknown);
    let mut paths: Vec<String> = differences(&change.before, &change.after)
        .into_iter()
        .map(|difference| difference.path)
        .chain(unknown)
        .map(|path| path.to_string())
        .collect();
    paths.sort();
    paths.dedup();
    Residual { address: shown_address(change), action: change.action.name().to_owned(), paths }
}

/// Facts for verifying a revert.
#[derive(Debug, Clone, Copy)]
pub struct VerifyFacts<'a> {
    /// The good state.
    pub good: &'a State<'a>,
    /// Proposals that its configuration always makes.
    pub residual: &'a [Residual],
    /// The state afterwards.
    pub now: &'a State<'a>,
    /// A plan of the good configuration, every byte of it, on that state.
    pub plan: &'a Plan,
    /// Proposals of that plan, as they can be recorded.
    pub found: &'a [Residual],
    /// Plans that the revert applied, and what was agreed to.
    pub done: DoneRounds<'a>,
    /// Contents of configurations besides values.
    pub configuration: &'a Configurations,
    /// Checks in the good state, and in that plan.
    pub checks: [&'a [Check]; 2],
    /// Knowledge of providers.
    pub knowledge: &'a Knowledge,
    /// Secrets that must not be shown; the redactor must have learnt both states and the plan.
    pub redactor: &'a Redactor,
}

/// Plans that a revert applied, and what was agreed to.
#[derive(Debug, Clone, Copy)]
pub struct DoneRounds<'a> {
    /// Plans that were applied, first to last: an apply that fails half-way is gone on with.
    pub rounds: &'a [Round<'a>],
    /// Actions that were not wanted, whose objects are as they were; sorted.
    pub left: &'a [Skipped],
    /// Objects that are not the good ones, and were agreed to.
    pub agreed: &'a [NotGood],
    /// Variables that were not simply as they were.
    pub variables: &'a BTreeMap<String, VariableStanding>,
    /// Journals of wrapped applies and reverts since good, oldest first.
    pub journals: &'a [ApplyJournal],
}

impl DoneRounds<'_> {
    /// Whether this was not wanted, by its address as a screen has it.
    fn is_left(&self, address: &str) -> bool {
        self.left.binary_search_by(|left| left.address.as_str().cmp(address)).is_ok()
    }
}

/// One plan that was applied.
#[derive(Debug, Clone, Copy)]
pub struct Round<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its actions, judged.
    pub actions: &'a [JudgedAction],
}

/// Contents of resource blocks besides values, by address without keys.
#[derive(Debug, Clone, Default)]
pub struct Configurations {
    /// In the good configuration.
    pub good: BTreeMap<String, ResourceBlock>,
    /// In those that were applied, or tried, since.
    pub since: Vec<BTreeMap<String, ResourceBlock>>,
}

/// A comparison of the state after a revert with the good one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// How many objects the good state has.
    pub expected: u64,
    /// How many of them are the same now.
    pub equal: u64,
    /// Clauses on what is there and is not quite the good one, and on why that may be.
    pub notes: Vec<String>,
    /// Clauses without values on what is missing, too many, another one, or still proposed.
    pub differences: Vec<String>,
    /// Objects of the good state in whose place others stand.
    pub recreated: Vec<Recreated>,
    /// Changes that could not be undone.
    pub not_undone: Vec<NotUndone>,
}

/// Compares the state after a revert with the good one.
pub fn compare(facts: &VerifyFacts<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    let (wanted, there) = (managed(facts.good), managed(facts.now));
    let (done, follow) = (done(facts.done.rounds), changes(facts.plan));
    let both = wanted.iter().filter_map(|(address, good)| Some((*good, *there.get(address)?)));
    let both: Vec<_> = both.collect();
    let gone = GoneIds::of(facts, &both, &done);
    let mut pairs = Vec::new();
    for (good, now) in both {
        let pair = VerifiedPair::of(facts, good, now, &done, &follow);
        // Nearly all of a large state is as it was, and is not kept in memory.
        if pair.is_as_it_was() && !gone.may_be_in(now) {
            comparison.equal += 1;
        } else {
            pairs.push(pair);
        }
    }
    let carried = Carried::of(&pairs);
    let proposed = residual(facts.plan);
    let rules = AttributeRules::new(facts, &carried, &proposed, there.values().copied());
    comparison.expected = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    let left = |address: &str| facts.done.is_left(address);
    let is_missing =
        |address: &&&Address| !there.contains_key(**address) && !left(&address.to_string());
    for address in wanted.keys().filter(is_missing) {
        let clause = format!("{address} is missing");
        say_unless_agreed(facts, address, &Unlikeness::Missing, clause, &mut comparison);
    }
    for pair in pairs.iter().filter(|pair| !left(&pair.address.to_string())) {
        compare_pair(facts, pair, rules.said(pair), &mut comparison);
        comparison.differences.extend(gone.said(facts, pair));
    }
    let is_new =
        |address: &&&Address| !wanted.contains_key(**address) && !left(&address.to_string());
    for address in there.keys().filter(is_new) {
        let clause = format!("{address} is there and was not");
        say_unless_agreed(facts, address, &Unlikeness::TooMany, clause, &mut comparison);
    }
    let deposed = |state: &State<'_>| {
        let objects = state.instances.iter().filter(|object| object.deposed.is_some());
        objects.map(|o| (o.address.clone(), o.deposed.clone().map(String::from))).collect()
    };
    let known: BTreeSet<(Address, Option<String>)> = deposed(facts.good);
    let now: BTreeSet<_> = deposed(facts.now);
    let is_new = |slot: &&(Address, Option<String>)| !left(&shown_slot(&slot.0, slot.1.as_deref()));
    for (address, _) in now.difference(&known).filter(is_new) {
        comparison.differences.push(format!("{address} has a left-over object"));
    }
    comparison.differences.extend(unresolved(facts));
    comparison.differences.extend(still_proposed(facts));
    let [good, now] = facts.checks;
    let (notes, differences) = checks::compared(good, now);
    comparison.notes.extend(notes);
    comparison.differences.extend(differences);
    comparison.not_undone = not_undone(facts, &pairs, &done);
    comparison
}

/// Adds a difference, or a note where it was agreed to.
fn say_unless_agreed(
    facts: &VerifyFacts<'_>,
    address: &Address,
    how: &Unlikeness,
    clause: String,
    comparison: &mut Comparison,
) {
    let address = address.to_string();
    if facts.done.agreed.iter().any(|one| one.address == address && one.how == *how) {
        comparison.notes.push(format!("{clause}, as was agreed to"));
    } else {
        comparison.differences.push(clause);
    }
}

/// Says of an object that it was made anew, with both ids.
fn made_anew(facts: &VerifyFacts<'_>, pair: &VerifiedPair<'_>) -> String {
    let address = pair.address;
    match [pair.good, pair.now].map(|object| facts.redactor.id(object)) {
        _ if pair.good.id == pair.now.id => format!("{address} was made anew"),
        [Some(was), Some(is)] => {
            format!("{address} was made anew and has another id: {was} → {is}")
        }
        _ => format!("{address} was made anew and has another id"),
    }
}

/// Adds the notes and differences of one object.
fn compare_pair(
    facts: &VerifyFacts<'_>,
    pair: &VerifiedPair<'_>,
    said: Said,
    comparison: &mut Comparison,
) {
    let address = pair.address;
    let is_same = pair.good.id == pair.now.id;
    comparison.equal += u64::from(is_same && said.is_equal && pair.good.status == pair.now.status);
    if pair.is_anew {
        let [was, is] = [pair.good, pair.now].map(|object| facts.redactor.id(object));
        comparison.notes.push(made_anew(facts, pair));
        comparison.recreated.push(Recreated { address: address.to_string(), was, is });
    }
    match (pair.good.status, pair.now.status) {
        (Status::Ready, Status::Tainted) => {
            comparison.differences.push(format!("{address} is tainted, and was not"));
        }
        (Status::Tainted, Status::Ready) => {
            comparison.notes.push(format!("{address} is not tainted any more"));
        }
        (Status::Ready, Status::Ready) | (Status::Tainted, Status::Tainted) => {}
    }
    comparison.notes.extend(said.notes);
    comparison.differences.extend(said.differences);
}

/// Clauses on proposals of a plan that it did not make when all was good.
fn still_proposed(facts: &VerifyFacts<'_>) -> Vec<String> {
    let is_new = |action: &&Residual| {
        !facts.residual.contains(action) && !facts.done.is_left(&action.address)
    };
    let clause = |action: &Residual| {
        let paths = match action.paths.as_slice() {
            [] => String::new(),
            paths => format!(" ({})", paths.join(", ")),
        };
        format!("a plan still wants to {} {}{paths}", action.action, action.address)
    };
    facts.found.iter().filter(is_new).map(clause).collect()
}

mod attributes;
mod checks;
pub mod outcome;
mod pair;
mod recreated;
mod references;
mod rest;

#[cfg(test)]
mod tests;
