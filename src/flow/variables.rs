//! Gives a configuration of the past the values that its variables need.
//!
//! Values of ephemeral variables are always those of today: Terraform keeps them in no plan and no
//! state, and neither do we. A variable without any value is an error; nothing is made up.

use std::collections::BTreeMap;

use super::Error;
use super::ports::{Inputs, Stack};
use crate::codec::hcl::{self, root_facts};
use crate::engine::variables::{self, Declared, Standing};
use crate::model::configuration::{Bundle, Variable, VariableOrigin};
use crate::model::secret::Secret;

/// The bundle with every value it needs, and the variables that are not as they were.
pub(in crate::flow) fn with_variables(
    bundle: Bundle,
    stack: &Stack,
) -> Result<(Bundle, BTreeMap<String, Standing>), Error> {
    let mut bundle = with_today(bundle, &stack.inputs);
    let declared = root_facts(&bundle)
        .variables
        .iter()
        .map(|(name, declared)| (name.clone(), Declared { required: !declared.has_default }))
        .collect();
    let in_files: Vec<String> = bundle
        .files
        .iter()
        .filter(|(path, _)| {
            let is_beside = path.parent() == bundle.root;
            bundle.var_files.contains(path)
                || is_beside && hcl::is_loaded_by_itself(path.file_name())
        })
        .flat_map(|(path, content)| hcl::assigned(path.file_name(), content))
        .collect();
    let today = today(stack);
    let text = |value: &Secret<String>| value.reveal_for_terraform().clone();
    let comparable = today.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut standing = variables::compare(&declared, &in_files, &bundle.variables, &comparable);
    let missing: Vec<String> = standing
        .iter()
        .filter(|(_, standing)| **standing == Standing::Missing)
        .map(|(name, _)| name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Error::MissingVariables(missing));
    }
    // A plan holds values as JSON, the environment as text: they cannot be told apart by text.
    standing.retain(|name, standing| {
        *standing != Standing::Differs
            || bundle.variables.get(name).is_none_or(|v| v.origin != VariableOrigin::Plan)
    });
    for (name, standing) in &standing {
        if let (Standing::TakenFromToday, Some(value)) = (standing, today.get(name)) {
            let origin = VariableOrigin::CommandLine;
            bundle.variables.insert(name.clone(), Variable { value: value.clone(), origin });
        }
    }
    Ok((bundle, standing))
}

/// Today's values: the command line wins over the environment.
fn today(stack: &Stack) -> BTreeMap<String, Secret<String>> {
    let mut today = stack.inputs.environment.clone();
    today.extend(stack.inputs.command_line.iter().cloned());
    today
}

/// The configuration with today's values of its ephemeral variables, and no other ones of them.
pub(super) fn with_today(mut bundle: Bundle, inputs: &Inputs) -> Bundle {
    let declared = root_facts(&bundle).variables;
    let ephemeral = declared.into_iter().filter(|(_, declared)| declared.marks.ephemeral);
    for (name, _) in ephemeral {
        bundle.variables.remove(&name);
        let value = |value: &Secret<String>, origin| Variable { value: value.clone(), origin };
        let environment = inputs.environment.get(&name);
        let environment = environment.map(|text| value(text, VariableOrigin::Environment));
        let given = inputs.command_line.iter().rev().find(|(given, _)| *given == name);
        let given = given.map(|(_, text)| value(text, VariableOrigin::CommandLine));
        if let Some(today) = given.or(environment) {
            bundle.variables.insert(name, today);
        }
    }
    bundle
}
