//! Gives a configuration of the past the values that its variables need.
//!
//! Values of ephemeral variables are always those of today: Terraform keeps them in no plan and no
//! state, and neither do we. A variable without any value is an error; nothing is made up.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::Error;
use super::ports::{Inputs, Stack};
use crate::codec::hcl::{self, Configuration};
use crate::codec::json;
use crate::engine::variables::{self, CountingValue, DeclaredVariable, VariableStanding};
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;
use crate::model::value::Value;

/// The configuration with every value it needs, and the variables that are not as they were.
pub(in crate::flow) fn with_variables(
    configuration: Configuration,
    stack: &Stack,
) -> Result<(Configuration, BTreeMap<String, VariableStanding>), Error> {
    let mut configuration = with_today(configuration, &stack.inputs);
    let credentials = &configuration.root().credentials;
    let declared = configuration.root().variables.iter();
    let declared = declared.map(|(name, declared)| {
        let declared = DeclaredVariable {
            required: !declared.has_default,
            counts: if stack.inputs.given.contains(name) {
                CountingValue::Given
            } else if credentials.contains(name) {
                CountingValue::Todays
            } else {
                CountingValue::Captured
            },
        };
        (name.clone(), declared)
    });
    let declared = declared.collect();
    let in_files = in_files(&configuration);
    let known = &captured(&configuration);
    let mut today = today(stack);
    today.extend(rotated(&configuration, stack));
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
        if let (true, Some(value)) = (standing.is_todays(), today.get(name)) {
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
    let known = &configuration.bundle().variables;
    hcl::without_value(configuration.root(), known, configuration.value_files())
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

/// Today's values of credentials, also of those that stand in files of the stack: these rank above the
/// environment. A file with a value that cannot be told is left alone, and what was captured is used.
fn rotated(configuration: &Configuration, stack: &Stack) -> BTreeMap<String, Secret<String>> {
    let credentials = &configuration.root().credentials;
    if credentials.is_empty() {
        return BTreeMap::new();
    }
    let inputs = &stack.inputs;
    let entries = fs::read_dir(&stack.root).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let names: Vec<String> = names.filter(|name| hcl::is_loaded_by_itself(name)).collect();
    let read = |path: PathBuf| Some((path.display().to_string(), fs::read(&path).ok()?));
    let own: Vec<_> = names.iter().filter_map(|name| read(stack.root.join(name))).collect();
    let named = inputs.var_files.iter().filter_map(|path| read(stack.root.join(path)));
    let files = in_rank(own).into_iter().chain(named);
    let mut found: BTreeMap<_, _> =
        files.flat_map(|(name, content)| told(&name, &content)).collect();
    found.extend(inputs.in_given_files.iter().chain(&inputs.command_line).cloned());
    found.retain(|name, _| credentials.contains(name));
    found
}

/// The captured values, those of credentials as they would be written on a command line.
fn captured(configuration: &Configuration) -> BTreeMap<String, Variable> {
    let mut captured = configuration.bundle().variables.clone();
    let credentials = &configuration.root().credentials;
    for (_, variable) in captured.iter_mut().filter(|(name, _)| credentials.contains(*name)) {
        let text = variable.value.reveal_for_terraform();
        if let (VariableOrigin::Plan, Ok(Value::Text(text))) = (variable.origin, json::value(text))
        {
            variable.value = Secret::new(text);
        }
    }
    let files = configuration.value_files();
    let files = in_rank(files.map(|(name, content)| (name.to_owned(), content.to_vec())).collect());
    let values = files.iter().flat_map(|(name, content)| told(name, content));
    for (name, value) in values.filter(|(name, _)| credentials.contains(name)) {
        let is_above = |known: &Variable| known.origin != VariableOrigin::Environment;
        if !configuration.bundle().variables.get(&name).is_some_and(is_above) {
            captured.insert(name, Variable { value, origin: VariableOrigin::Environment });
        }
    }
    captured
}

/// Files of values in Terraform's order: the last one counts.
fn in_rank(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    files.sort_by_key(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        (!name.starts_with("terraform.tfvars"), path.clone())
    });
    files
}

/// The values of a file, if all of them can be told.
fn told(name: &str, content: &[u8]) -> Vec<(String, Secret<String>)> {
    let values = hcl::given(name, content).unwrap_or_default();
    values.into_iter().map(|(name, text)| (name, Secret::new(text))).collect()
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
