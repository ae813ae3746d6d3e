//! The first of two steps: objects that the good configuration cannot end are destroyed with the
//! failed one.
//!
//! The plan is made on the stack's own backend, in a private copy of the failed configuration, and
//! it may do nothing but destroy these objects. It is applied under the same consent as the rest,
//! which is shown with it. Which objects those are is `engine::rekey::two_steps`'s to decide.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::draft::RevertDraft;
use super::history::configurations::makers;
use crate::codec::hcl::{Configuration, Needed};
use crate::engine::judgement::MissingFile;
use crate::engine::redact::Redactor;
use crate::engine::rekey::two_steps::DestroyedFirst;
use crate::flow::Error;
use crate::flow::configuration::missing_files;
use crate::flow::error::two_steps::NoFirstStep;
use crate::flow::ports::{Ports, Stack};
use crate::flow::private_copy::{CopyBackend, CopySource, PrivateCopy, private_copy};
use crate::flow::redaction::{with_configuration, with_plan};
use crate::flow::variables::with_variables;
use crate::model::plan::{Action, Plan, PlanExtent, PlannedChange};

/// The first step, planned.
#[derive(Debug)]
pub struct FirstStep {
    /// A private copy of the failed configuration.
    pub prepared: PrivateCopy,
    /// The saved plan.
    pub plan_file: PathBuf,
    /// The plan, with objects where the re-keyed state would have them.
    pub plan: Plan,
    /// The redactor, which knows the failed configuration and the plan too.
    pub redactor: Redactor,
    /// Files that provisioners of these objects name, and that are nowhere any more.
    pub missing_files: Vec<MissingFile>,
}

/// Plans the first step; refused if it would end more than these objects, or cannot find them.
pub(super) fn plan_first(
    ports: &Ports<'_>,
    stack: &Stack,
    draft: &RevertDraft,
    objects: &[DestroyedFirst],
) -> Result<FirstStep, Error> {
    let refused = |obstacle| Error::TwoSteps {
        objects: objects.iter().map(|one| draft.redactor.text(&one.from.to_string())).collect(),
        obstacle,
    };
    if objects.iter().any(|first| !draft.request.scope.includes(&first.from.address)) {
        return Err(refused(NoFirstStep::NotTargeted));
    }
    let mut obstacle = NoFirstStep::NotOnRecord;
    for maker in makers(&draft.since.attempted, objects) {
        let mut step = planned(ports, stack, draft, maker, objects)?;
        let others: Vec<String> = step
            .plan
            .effective()
            .filter(|change| !is_of(change, objects))
            .map(|change| step.redactor.text(&change.address.to_string()))
            .collect();
        if !others.is_empty() {
            return Err(refused(NoFirstStep::Dependents(others)));
        }
        if !finds_all(&step.plan, objects) {
            // It leads to another place: ending them there would only forget them.
            obstacle = NoFirstStep::NotFound;
            continue;
        }
        for change in &mut step.plan.changes {
            stand(change, objects);
        }
        return Ok(step);
    }
    Err(refused(obstacle))
}

/// Plans the end of these objects with one configuration.
fn planned(
    ports: &Ports<'_>,
    stack: &Stack,
    draft: &RevertDraft,
    maker: &Configuration,
    objects: &[DestroyedFirst],
) -> Result<FirstStep, Error> {
    let (configuration, _) = with_variables(maker.clone(), &stack.without_given(), &[])?;
    let redactor = with_configuration(draft.redactor.clone(), &configuration);
    let source = CopySource {
        configuration: &configuration,
        snapshot: &draft.snapshot,
        live: &draft.backend,
        home: CopyBackend::Recorded,
        present: Some(draft.current.state()),
        good: Some(draft.good.state.state()),
    };
    let prepared = private_copy(ports, stack, &source, &redactor)?;
    let targets: BTreeSet<String> =
        objects.iter().map(|first| first.from.address.to_string()).collect();
    let targets = targets.into_iter().collect();
    let (plan_file, plan) = prepared.plan_destroy(ports, "first.tfplan", &redactor, targets)?;
    if plan.extent == PlanExtent::Errored {
        let why = "planning the first step ended with an error";
        return Err(Error::IncompletePlan(why.to_owned()));
    }
    let redactor = with_plan(redactor, &configuration, &plan);
    let missing_files = missing(&configuration, stack, objects);
    Ok(FirstStep { prepared, plan_file, plan, redactor, missing_files })
}

/// Files that are needed to destroy these objects and are nowhere any more, under the blocks that
/// the rest is judged with.
fn missing(
    configuration: &Configuration,
    stack: &Stack,
    objects: &[DestroyedFirst],
) -> Vec<MissingFile> {
    let at_destroy = missing_files(configuration, &stack.root).into_iter();
    let at_destroy = at_destroy.filter(|file| file.needed == Needed::Destroyed);
    let of = |file: MissingFile| {
        let ends = objects.iter().filter(|one| one.from.address.block() == file.block);
        let blocks: BTreeSet<String> = ends.map(|one| one.slot.address.block()).collect();
        blocks.into_iter().map(|block| MissingFile { block, ..file.clone() }).collect::<Vec<_>>()
    };
    at_destroy.flat_map(of).collect()
}

/// Whether each object whose place is in doubt was found there.
fn finds_all(plan: &Plan, objects: &[DestroyedFirst]) -> bool {
    let mut in_doubt = objects.iter().filter(|first| first.why.provider().is_some());
    in_doubt.all(|first| plan.effective().any(|change| is_here(change, first)))
}

fn is_here(change: &PlannedChange, first: &DestroyedFirst) -> bool {
    change.address == first.from.address && change.deposed == first.from.deposed
}

fn is_of(change: &PlannedChange, objects: &[DestroyedFirst]) -> bool {
    change.action == Action::Delete && objects.iter().any(|first| is_here(change, first))
}

/// Names an object as the re-keyed state would have it: that is what the rest is judged with.
fn stand(change: &mut PlannedChange, objects: &[DestroyedFirst]) {
    if let Some(first) = objects.iter().find(|first| is_here(change, first)) {
        change.address = first.slot.address.clone();
        change.deposed.clone_from(&first.slot.deposed);
    }
}

/// Both steps as one plan, for judging and consenting: the rest, with what goes first before it.
pub(super) fn whole(first: &Plan, rest: &Plan) -> Plan {
    let goes = first.effective().cloned();
    let runs = first.invocations.iter().chain(&rest.invocations);
    Plan {
        changes: goes.chain(rest.changes.iter().cloned()).collect(),
        invocations: runs.cloned().collect(),
        unknown: first.unknown.union(&rest.unknown).cloned().collect(),
        ..rest.clone()
    }
}
