//! The outputs that a revert's plan would change.
//!
//! No real object changes with an output, but other stacks read it. So each is shown before a
//! consent, with its new value. It stops no revert and is no hazard.

use std::collections::BTreeMap;

use super::RevertFacts;
use super::inputs::MovedSource;
use super::reasons::ReasonJudge;
use crate::codec::json;
use crate::engine::compare::{is_equal, shadow_paths};
use crate::engine::judgement::Why;
use crate::engine::redact::{Redactor, Shown};
use crate::model::plan::{Action, PlannedOutput};
use crate::model::value::{Path, Step, Value};

/// An output that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedOutput {
    /// Its name.
    pub name: String,
    /// Action that would be done to it.
    pub action: Action,
    /// Its value now.
    pub before: Shown,
    /// Its value afterwards.
    pub after: OutputAfter,
    /// Why: undo, moved input, or collateral when neither explains it.
    pub why: Why,
    /// The facts behind it in one clause; empty for an undo.
    pub cause: String,
}

/// Value of an output afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputAfter {
    /// This value.
    Value(Shown),
    /// Known only after apply, in part or as a whole.
    AfterApply,
}

/// Judges every output that the plan changes.
pub fn judge_outputs(facts: &RevertFacts<'_>, redactor: &Redactor) -> Vec<JudgedOutput> {
    let judge = ReasonJudge::new(facts, redactor);
    let good: BTreeMap<&str, Value> = facts
        .good
        .state
        .outputs
        .iter()
        .filter_map(|output| Some((output.name.as_ref(), json::raw_value(output.value).ok()?)))
        .collect();
    let outputs = facts.plan.outputs.iter().filter(|output| output.action != Action::NoOp);
    outputs
        .map(|output| {
            let (why, cause) = reason(facts, &judge, output, good.get(output.name.as_str()));
            shown(output, redactor, why, cause)
        })
        .collect()
}

fn reason(
    facts: &RevertFacts<'_>,
    judge: &ReasonJudge<'_>,
    output: &PlannedOutput,
    good: Option<&Value>,
) -> (Why, String) {
    let revision = facts.good.revision;
    let after = if is_open(output) { None } else { Some(&output.after) };
    if after.is_some() && is_equal(good, after) {
        return (Why::Undo, String::new());
    }
    match judge.inputs().source_of_output(&output.name, good, after) {
        MovedSource::Moved(what) => {
            (Why::MovedInput, format!("{what} says something else today than in {revision}"))
        }
        MovedSource::Unsure | MovedSource::Elsewhere if after.is_none() => {
            (Why::Collateral, "known only after apply".to_owned())
        }
        MovedSource::Unsure | MovedSource::Elsewhere => {
            (Why::Collateral, format!("not what it is in {revision}"))
        }
    }
}

fn is_open(output: &PlannedOutput) -> bool {
    let mut open = Vec::new();
    shadow_paths(&Path::default(), &output.after_unknown, &mut open);
    !open.is_empty()
}

fn shown(output: &PlannedOutput, redactor: &Redactor, why: Why, cause: String) -> JudgedOutput {
    let path = Path(vec![Step::Name(output.name.clone())]);
    let mut marks = Vec::new();
    // What one side marks is secret on the other side too.
    shadow_paths(&path, &output.before_sensitive, &mut marks);
    shadow_paths(&path, &output.after_sensitive, &mut marks);
    let owner = format!("output.{}", output.name);
    let (before, after) =
        redactor.pair(&owner, &path, [Some(&output.before), Some(&output.after)], &marks);
    JudgedOutput {
        before,
        after: if is_open(output) { OutputAfter::AfterApply } else { OutputAfter::Value(after) },
        name: redactor.text(&output.name),
        action: output.action,
        why,
        cause,
    }
}
