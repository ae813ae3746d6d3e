//! Gives a configuration of the past the values that its variables need.
//!
//! Values of ephemeral variables are always those of today: Terraform keeps them in no plan and no
//! state, and neither do we. A variable without any value is an error; nothing is made up.

use std::collections::BTreeMap;

use super::Error;
use super::ports::{Inputs, Stack};
use crate::codec::hcl::{self, Configuration};
use crate::engine::variables::{self, DeclaredVariable, VariableStanding};
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;

/// The configuration with every value it needs, and the variables that are not as they were.
pub(in crate::flow) fn with_variables(
    configuration: Configuration,
    stack: &Stack,
) -> Result<(Configuration, BTreeMap<String, VariableStanding>), Error> {
    let mut configuration = with_today(configuration, &stack.inputs);
    let declared = configuration.root().variables.iter();
    let declared = declared
        .map(|(name, declared)| {
            (name.clone(), DeclaredVariable { required: !declared.has_default })
        })
        .collect();
    let in_files = in_files(&configuration);
    let known = &configuration.bundle().variables;
    let today = today(stack);
    let text = |value: &Secret<String>| value.reveal_for_terraform().clone();
    let comparable = today.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut standing = variables::compare(&declared, &in_files, known, &comparable);
    let missing: Vec<String> = standing
        .iter()
        .filter(|(_, standing)| **standing == VariableStanding::Missing)
        .map(|(name, _)| name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Error::MissingVariables(missing));
    }
    // A plan holds values as JSON, the environment as text: they cannot be told apart by text.
    standing.retain(|name, standing| {
        *standing != VariableStanding::Differs
            || known.get(name).is_none_or(|v| v.origin != VariableOrigin::Plan)
    });
    for (name, standing) in &standing {
        if let (VariableStanding::TakenFromToday, Some(value)) = (standing, today.get(name)) {
            let origin = VariableOrigin::CommandLine;
            let value = Variable { value: value.clone(), origin };
            configuration.set_variable(name, Some(value));
        }
    }
    Ok((configuration, standing))
}

/// Variables that need a value and have none in the configuration itself. Those that are ephemeral
/// never have.
pub(super) fn without_value(configuration: &Configuration) -> Vec<String> {
    let in_files = in_files(configuration);
    let known = &configuration.bundle().variables;
    let declared = configuration.root().variables.iter();
    let required =
        declared.filter(|(_, declared)| !declared.has_default && !declared.marks.ephemeral);
    let is_lacking = |name: &&String| !known.contains_key(*name) && !in_files.contains(name);
    required.map(|(name, _)| name).filter(is_lacking).cloned().collect()
}

/// Variables to which a file of the configuration gives a value.
fn in_files(configuration: &Configuration) -> Vec<String> {
    let files = configuration.value_files();
    files.flat_map(|(name, content)| hcl::assigned(name, content)).collect()
}

/// Today's values: the command line wins over its files, and these over the environment.
fn today(stack: &Stack) -> BTreeMap<String, Secret<String>> {
    let mut today = stack.inputs.environment.clone();
    today.extend(stack.inputs.in_given_files.iter().cloned());
    today.extend(stack.inputs.command_line.iter().cloned());
    today
}

/// The configuration with today's values of its ephemeral variables, and no other ones of them.
pub(super) fn with_today(mut configuration: Configuration, inputs: &Inputs) -> Configuration {
    let declared = configuration.root().variables.iter();
    let ephemeral = declared.filter(|(_, declared)| declared.marks.ephemeral);
    let ephemeral: Vec<String> = ephemeral.map(|(name, _)| name.clone()).collect();
    for name in ephemeral {
        let value = |value: &Secret<String>, origin| Variable { value: value.clone(), origin };
        let environment = inputs.environment.get(&name);
        let environment = environment.map(|text| value(text, VariableOrigin::Environment));
        let given = inputs.in_given_files.iter().chain(&inputs.command_line).rev();
        let given = given.into_iter().find(|(given, _)| *given == name);
        let given = given.map(|(_, text)| value(text, VariableOrigin::CommandLine));
        configuration.set_variable(&name, given.or(environment));
    }
    configuration
}
