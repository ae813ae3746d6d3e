//! Values of variables that no file of the configuration gives.

use std::collections::BTreeMap;
use std::path::Path;

use super::CaptureRequest;
use super::collect::{Collected, normalised};
use super::modules::SourceModule;
use crate::codec::hcl::{self, ModuleFacts, literals};
use crate::codec::json;
use crate::engine::redact::is_secret_name;
use crate::engine::variables::given::counting;
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;
use crate::model::value::Value;

/// The values, each from the place that wins: a plan's, then the command line's unless a later file
/// gives one, then the environment's.
pub(super) fn of(
    request: &CaptureRequest<'_>,
    root_directory: &Path,
    modules: &[SourceModule],
    collected: &Collected,
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
    // A file that comes later is kept itself.
    let in_file = |path: &Path| {
        let path = normalised(&root_directory.join(path));
        let content = collected.get(&path).map_or(&[][..], Vec::as_slice);
        let names = hcl::assigned(&path.to_string_lossy(), content);
        names.into_iter().map(|name| (name, None)).collect()
    };
    let command_line = counting(request.given, in_file)
        .into_iter()
        .map(|(name, value)| (name, Variable { value, origin: VariableOrigin::CommandLine }));
    let planned = request.plan.into_iter().flat_map(|planned| planned.variables);
    let planned =
        planned.map(|(name, value)| (name.clone(), variable(value, VariableOrigin::Plan)));
    // Today's value counts: see `flow::variables`.
    let is_kept = |name: &str| root.is_none_or(|root| !root.facts.is_kept_nowhere(name));
    environment.chain(command_line).chain(planned).filter(|(name, _)| is_kept(name)).collect()
}

/// The variables of the root that need a value and have none here. Those that are kept
/// nowhere have none anywhere.
pub(super) fn without_value<'f>(
    modules: &[SourceModule],
    variables: &BTreeMap<String, Variable>,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
) -> Vec<String> {
    let root = modules.iter().find(|module| module.key.is_empty());
    root.map_or_else(Vec::new, |root| hcl::without_value(&root.facts, variables, files))
}

/// The values of the root's variables that are texts and may stand in a path that is shown.
pub(super) fn texts<'f>(
    modules: &[SourceModule],
    variables: &BTreeMap<String, Variable>,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
) -> BTreeMap<String, String> {
    let root = modules.iter().find(|module| module.key.is_empty());
    root.map_or_else(BTreeMap::new, |root| shown_texts(&root.facts, variables, files))
}

/// The values of a root module's variables that are texts and may be shown: defaults, then the
/// environment, then `files` in their order, then the command line or a plan.
pub(in crate::flow) fn shown_texts<'f>(
    root: &ModuleFacts,
    variables: &BTreeMap<String, Variable>,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
) -> BTreeMap<String, String> {
    let in_files = files.flat_map(|(name, content)| literals(name, content));
    let in_files = in_files.filter_map(|(name, value)| match value {
        Value::Text(text) => Some((name, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    });
    let given = |is_environment: bool| {
        let of = move |(name, variable): (&String, &Variable)| {
            let text = variable.value.reveal_for_terraform();
            match variable.origin {
                VariableOrigin::Plan => match json::value(text) {
                    Ok(Value::Text(text)) => Some((name.clone(), text)),
                    Ok(_) | Err(_) => None,
                },
                VariableOrigin::Environment | VariableOrigin::CommandLine => {
                    Some((name.clone(), text.clone()))
                }
            }
        };
        let is_meant = move |(_, variable): &(&String, &Variable)| {
            (variable.origin == VariableOrigin::Environment) == is_environment
        };
        variables.iter().filter(is_meant).filter_map(of)
    };
    let defaults = root.defaults.iter().map(|(name, text)| (name.clone(), text.clone()));
    let all = defaults.chain(given(true)).chain(in_files).chain(given(false));
    let is_shown = |name: &str| {
        let marks = root.variables.get(name).map(|declared| declared.marks);
        marks.is_some_and(|marks| !marks.sensitive && !marks.ephemeral) && !is_secret_name(name)
    };
    all.filter(|(name, _)| is_shown(name)).collect()
}
