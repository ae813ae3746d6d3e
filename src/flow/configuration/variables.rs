//! Values of variables that no file of the configuration gives.

use std::collections::BTreeMap;

use super::CaptureRequest;
use super::modules::SourceModule;
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;

/// The values, each from the place that wins: a plan's, then the command line's last, then the
/// environment's.
pub(super) fn of(
    request: &CaptureRequest<'_>,
    modules: &[SourceModule],
) -> BTreeMap<String, Variable> {
    let root = modules.iter().find(|module| module.key.is_empty());
    // What a broken file declares is not known; Terraform ignores a value too many.
    let is_declared = |name: &str| {
        root.is_none_or(|root| {
            root.facts.variables.contains_key(name) || !root.facts.unreadable.is_empty()
        })
    };
    let variable = |value: &Secret<String>, origin| Variable { value: value.clone(), origin };
    let environment = request
        .environment
        .iter()
        .filter(|(name, _)| is_declared(name))
        .map(|(name, value)| (name.clone(), variable(value, VariableOrigin::Environment)));
    let command_line = request
        .command_line
        .iter()
        .map(|(name, value)| (name.clone(), variable(value, VariableOrigin::CommandLine)));
    let planned = request.plan.into_iter().flat_map(|planned| planned.variables);
    let planned =
        planned.map(|(name, value)| (name.clone(), variable(value, VariableOrigin::Plan)));
    // What is ephemeral is kept nowhere: see `flow::variables`.
    let is_kept = |name: &str| {
        let declared = root.and_then(|root| root.facts.variables.get(name));
        declared.is_none_or(|declared| !declared.marks.ephemeral)
    };
    environment.chain(command_line).chain(planned).filter(|(name, _)| is_kept(name)).collect()
}
