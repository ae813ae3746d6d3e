//! Plans the good configuration so that data sources which say something else today change nothing
//! that is still good.
//!
//! `engine::revert::keep` decides which values are kept, and when. Here the private copy gets an
//! override for the blocks concerned, and the plan is made again. The proof at the end is made with
//! the pristine configuration, which proposes to change the kept values: that is told, and is no
//! difference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{CheckedRevert, facts};
use crate::codec::hcl::{Configuration, Ignored, ignoring};
use crate::engine::revert::keep::{Ask, KeptBlock, KeptInput, keep};
use crate::engine::verify::residual;
use crate::flow::Error;
use crate::flow::compat::explained;
use crate::flow::ports::{Ports, Stack};
use crate::flow::private_copy::PrivateCopy;
use crate::flow::redaction::{safe_residual, with_plan};
use crate::flow::revert::adapt::Adaptation;
use crate::flow::revert::draft::RevertDraft;
use crate::model::address::Address;
use crate::model::configuration::BundlePath;
use crate::model::good::Residual;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::{Plan, PlanExtent};

/// The attributes that keep their good values, with the overrides that do it, by directory.
#[derive(Debug, Default)]
pub struct KeptInputs {
    /// The kept attributes; safe to show.
    pub kept: Vec<KeptInput>,
    overrides: BTreeMap<BundlePath, String>,
}

/// Plans, and once more if good values can be kept.
pub(in crate::flow::revert) fn plan(
    ports: &Ports<'_>,
    stack: &Stack,
    draft: &RevertDraft,
    adaptation: &Adaptation,
    prepared: &mut PrivateCopy,
) -> Result<(PathBuf, Plan, KeptInputs), Error> {
    let (file, plan) = prepared.plan(ports, "revert.tfplan", &draft.redactor).map_err(explained)?;
    if plan.extent != PlanExtent::Complete {
        return Ok((file, plan, KeptInputs::default()));
    }
    let inputs = decided(stack, draft, adaptation, &plan);
    if inputs.kept.is_empty() {
        return Ok((file, plan, inputs));
    }
    prepared.override_blocks(&inputs.overrides)?;
    let (file, plan) = prepared.plan(ports, "kept.tfplan", &draft.redactor).map_err(explained)?;
    Ok((file, plan, inputs))
}

/// The changes of `found`, a plan of the pristine configuration, that are proposed only because of
/// the kept values.
pub(in crate::flow::revert) fn due_to_kept(
    ports: &Ports<'_>,
    checked: &mut CheckedRevert,
    found: &[Residual],
) -> Result<Vec<Residual>, Error> {
    if checked.inputs.kept.is_empty() || found.is_empty() {
        return Ok(Vec::new());
    }
    let redactor = &checked.draft.redactor;
    checked.prepared.override_blocks(&checked.inputs.overrides)?;
    let (_, plan) = checked.prepared.plan(ports, "verify-kept.tfplan", redactor)?;
    let rest = safe_residual(residual(&plan), redactor);
    Ok(found.iter().filter(|action| !rest.contains(action)).cloned().collect())
}

fn decided(stack: &Stack, draft: &RevertDraft, adaptation: &Adaptation, plan: &Plan) -> KeptInputs {
    let redactor = with_plan(draft.redactor.clone(), &draft.configuration, plan);
    let directories = directories(&draft.configuration);
    let block = |address: &Address| {
        let steps = address.module.iter().map(|step| format!("module.{}.", step.name));
        let directory = directories.get(steps.collect::<String>().as_str())?;
        Some(((*directory).clone(), format!("{}.{}", address.kind, address.name)))
    };
    let is_let_in = |subject: &str| {
        let subject = redactor.text(subject);
        let hazard = Hazard { kind: HazardKind::MovedInput, subject, why: String::new() };
        draft.request.allowed.iter().any(|allowance| allowance.covers(&hazard))
    };
    let ask = Ask { block: &block, is_let_in: &is_let_in };
    let mut kept = keep(&facts(stack, draft, adaptation, plan), &redactor, ask);
    let mut attributes: BTreeMap<KeptBlock, BTreeSet<String>> = BTreeMap::new();
    for one in &kept {
        attributes.entry(one.block.clone()).or_default().extend(one.attributes.iter().cloned());
    }
    let mut overrides: BTreeMap<BundlePath, String> = BTreeMap::new();
    for (block, attributes) in attributes {
        match overriding(&draft.configuration, &block, attributes) {
            Some(text) => overrides.entry(block.0).or_default().push_str(&text),
            None => kept.retain(|one| one.block != block),
        }
    }
    for one in &mut kept {
        one.address = redactor.text(&one.address);
        one.why = redactor.text(&one.why);
    }
    KeptInputs { kept, overrides }
}

/// The override of a block, with what it ignores by itself; nothing where that cannot be told.
fn overriding(
    configuration: &Configuration,
    block: &KeptBlock,
    attributes: BTreeSet<String>,
) -> Option<String> {
    let (directory, resource) = block;
    let module = configuration.modules().iter().find(|module| module.directory == *directory)?;
    let own = match module.facts.ignored.get(resource) {
        None => Vec::new(),
        Some(Ignored::These(own)) => own.clone(),
        Some(Ignored::All | Ignored::Unknown) => return None,
    };
    let own = own.into_iter().filter(|item| !attributes.contains(item)).collect::<Vec<_>>();
    ignoring(resource, &attributes.into_iter().chain(own).collect::<Vec<_>>())
}

/// The directories of the modules, by the prefix of addresses in them.
fn directories(configuration: &Configuration) -> BTreeMap<&str, &BundlePath> {
    let modules = configuration.modules().iter();
    modules.map(|module| (module.prefix.as_str(), &module.directory)).collect()
}
