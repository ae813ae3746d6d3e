//! Whether the world after a revert is what the good snapshot says.
//!
//! Two things are compared: what a follow-up plan still proposes, with the residual that was there
//! when the snapshot was called good; and the set of objects, with the good state's. An object that
//! had to be made anew has another id: that is told, and is no difference.

use std::collections::BTreeMap;

use super::compare::differences;
use super::revert::{is_same, shadow_paths, shown_address};
use crate::model::address::{Address, Mode};
use crate::model::good::Residual;
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::state::{Instance, State};
use crate::model::value::Path;

/// What a plan proposes, without values: sorted by address.
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

/// A comparison of the state after a revert with the good one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// How many objects the good state has.
    pub expected: u64,
    /// How many of them are the same now.
    pub equal: u64,
    /// Objects that are there with another id or other attributes, in clauses.
    pub notes: Vec<String>,
    /// What is missing, too many, or still proposed, in clauses without values.
    pub differences: Vec<String>,
}

/// Compares objects and what a follow-up plan proposes with what was good.
pub fn compare(
    good: &State<'_>,
    expected_residual: &[Residual],
    now: &State<'_>,
    found_residual: &[Residual],
) -> Comparison {
    let mut comparison = Comparison::default();
    let (wanted, there) = (managed(good), managed(now));
    for (address, object) in &wanted {
        comparison.expected += 1;
        match there.get(address) {
            None => comparison.differences.push(format!("{address} is missing")),
            Some(found) if is_same(object, found) => comparison.equal += 1,
            Some(found) if object.id != found.id => {
                comparison.notes.push(format!("{address} was made anew and has another id"));
            }
            Some(found) => comparison.notes.push(note(address, object, found)),
        }
    }
    for address in there.keys().filter(|address| !wanted.contains_key(*address)) {
        comparison.differences.push(format!("{address} is there and was not"));
    }
    for left_over in now.instances.iter().filter(|object| object.deposed.is_some()) {
        comparison.differences.push(format!("{} has a left-over object", left_over.address));
    }
    for action in found_residual.iter().filter(|action| !expected_residual.contains(action)) {
        comparison.differences.push(format!(
            "a plan still wants to {} {}{}",
            action.action,
            action.address,
            if action.paths.is_empty() {
                String::new()
            } else {
                format!(" ({})", action.paths.join(", "))
            }
        ));
    }
    comparison
}

fn managed<'s, 'a>(state: &'s State<'a>) -> BTreeMap<&'s Address, &'s Instance<'a>> {
    state
        .instances
        .iter()
        .filter(|object| object.address.mode == Mode::Managed && object.deposed.is_none())
        .map(|object| (&object.address, object))
        .collect()
}

fn note(address: &Address, wanted: &Instance<'_>, found: &Instance<'_>) -> String {
    let value = |object: &Instance<'_>| crate::codec::json::raw_value(object.attributes);
    let paths: Vec<String> = match (value(wanted), value(found)) {
        (Ok(wanted), Ok(found)) => {
            differences(&wanted, &found).iter().map(|d| d.path.to_string()).collect()
        }
        _ => Vec::new(),
    };
    if paths.is_empty() {
        format!("{address} differs")
    } else {
        format!("{address} differs in {}", paths.join(", "))
    }
}

#[cfg(test)]
mod tests;
