//! Gives a configuration of the past the values that its variables need.
//!
//! Values of ephemeral variables are always those of today: Terraform keeps them in no plan and no
//! state, and neither do we. So are keys of the encryption, since today's encryption is put over that
//! of the past. A variable without any value is an error; nothing is made up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::Error;
use super::ports::Stack;
use crate::codec::hcl::{self, Configuration};
use crate::codec::json;
use crate::engine::hazard::{Allowance, allows_variable};
use crate::engine::variables::given::counting;
use crate::engine::variables::{self, CountingValue, DeclaredVariable, VariableStanding};
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;
use crate::model::value::Value;

/// The configuration with every value it needs, and the variables that are not as they were. A value of
/// today whose hazard is allowed is used.
pub(in crate::flow) fn with_variables(
    configuration: Configuration,
    stack: &Stack,
    allowed: &[Allowance],
) -> Result<(Configuration, BTreeMap<String, VariableStanding>), Error> {
    let mut configuration = with_today(configuration, stack);
    let credentials = &configuration.root().credentials;
    let declared = configuration.root().variables.iter();
    let declared = declared.map(|(name, declared)| {
        let declared = DeclaredVariable {
            required: !declared.has_default,
            counts: if stack.inputs.given.contains(name) {
                CountingValue::Given
            } else if credentials.contains(name) {
                CountingValue::Todays
            } else if allows_variable(allowed, name) {
                CountingValue::Allowed
            } else {
                CountingValue::Captured
            },
        };
        (name.clone(), declared)
    });
    let declared = declared.collect();
    let in_files = in_files(&configuration);
    let known = &captured(&configuration);
    let today = today(stack, credentials);
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

/// Variables that need a value and have none in the configuration itself. Those that are kept nowhere
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

/// Today's values in Terraform's order: the environment, then files, then words. A file of the stack
/// gives those of credentials alone, since it is part of what a revert takes back.
fn today(stack: &Stack, credentials: &BTreeSet<String>) -> BTreeMap<String, Secret<String>> {
    let mut today = stack.inputs.environment.clone();
    if !credentials.is_empty() {
        let entries = fs::read_dir(&stack.root).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| hcl::rank(name).is_some()).collect();
        names.sort_by(|a, b| hcl::rank(a).cmp(&hcl::rank(b)));
        let values = names.iter().flat_map(|name| in_file(&stack.root.join(name)));
        let values = values.filter(|(name, _)| credentials.contains(name));
        today.extend(values.filter_map(|(name, value)| Some((name, value?))));
    }
    today.extend(in_words(stack, credentials));
    if !stack.inputs.of_command.0.is_empty() {
        // They count last, as for Terraform.
        let of_command = in_words(&stack.with_command(), credentials).into_iter();
        today.extend(of_command.filter(|(name, _)| credentials.contains(name)));
    }
    today
}

/// Today's values of these variables, wherever they come from.
pub(super) fn todays(stack: &Stack, names: &BTreeSet<String>) -> BTreeMap<String, Secret<String>> {
    let mut values = today(stack, names);
    values.retain(|name, _| names.contains(name));
    values
}

/// The values that words give, and those of `wanted` variables that files among them give.
pub(super) fn in_words(
    stack: &Stack,
    wanted: &BTreeSet<String>,
) -> BTreeMap<String, Secret<String>> {
    counting(&stack.inputs.words.0, |path| {
        if let Some(given) = stack.inputs.in_given_files.get(path) {
            return given.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        }
        let values = in_file(&stack.root.join(path)).into_iter();
        let known = |(name, value)| {
            let value = if wanted.contains(&name) { value } else { None };
            (name, value)
        };
        values.map(known).collect()
    })
}

/// The variables that a file gives a value, and the values if all of them can be told.
fn in_file(path: &Path) -> Vec<(String, Option<Secret<String>>)> {
    let name = path.to_string_lossy();
    let content = fs::read(path).unwrap_or_default();
    let told: BTreeMap<_, _> = told(&name, &content).into_iter().collect();
    let names = hcl::assigned(&name, &content).into_iter();
    names.map(|name| (name.clone(), told.get(&name).cloned())).collect()
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
    let values = files.flat_map(|(name, content)| told(name, content));
    for (name, value) in values.filter(|(name, _)| credentials.contains(name)) {
        let is_above = |known: &Variable| known.origin != VariableOrigin::Environment;
        if !configuration.bundle().variables.get(&name).is_some_and(is_above) {
            captured.insert(name, Variable { value, origin: VariableOrigin::Environment });
        }
    }
    captured
}

/// The values of a file, if all of them can be told.
fn told(name: &str, content: &[u8]) -> Vec<(String, Secret<String>)> {
    let values = hcl::given(name, content).unwrap_or_default();
    values.into_iter().map(|(name, text)| (name, Secret::new(text))).collect()
}

/// The configuration with today's values of its ephemeral variables, and no other ones of them.
pub(super) fn with_today(configuration: Configuration, stack: &Stack) -> Configuration {
    let mut configuration = with_keys(configuration, stack);
    let declared = configuration.root().variables.iter();
    let ephemeral = declared.filter(|(_, declared)| declared.marks.ephemeral);
    let ephemeral: Vec<String> = ephemeral.map(|(name, _)| name.clone()).collect();
    let names = ephemeral.iter().cloned().collect();
    let mut given = in_words(&stack.with_command(), &names);
    for name in ephemeral {
        let environment = stack.inputs.environment.get(&name).cloned();
        let environment =
            environment.map(|value| Variable { value, origin: VariableOrigin::Environment });
        let given = given.remove(&name);
        let given = given.map(|value| Variable { value, origin: VariableOrigin::CommandLine });
        configuration.set_variable(&name, given.or(environment));
    }
    configuration
}

/// The configuration with today's keys of the encryption. One that has no value today is null: what it
/// was the key of is no more, and today's encryption stands over it.
fn with_keys(mut configuration: Configuration, stack: &Stack) -> Configuration {
    let root = configuration.root();
    let needed = root.variables.iter().filter(|(_, declared)| !declared.has_default);
    let needed: BTreeSet<&String> = needed.map(|(name, _)| name).collect();
    let in_files = in_files(&configuration);
    let known = &configuration.bundle().variables;
    let is_null = |name: &String| {
        needed.contains(name) && !in_files.contains(name) && !known.contains_key(name)
    };
    // What nothing uses can be a key for `TF_ENCRYPTION`.
    let is_key = |name: &&String| root.is_key(name) || root.unused.contains(*name) && is_null(name);
    let keys: BTreeSet<String> = root.variables.keys().filter(is_key).cloned().collect();
    let mut todays = todays(stack, &keys);
    let value = |name: String| {
        let value = match todays.remove(&name) {
            Some(value) => Variable { value, origin: VariableOrigin::CommandLine },
            None if is_null(&name) => {
                Variable { value: Secret::new("null".to_owned()), origin: VariableOrigin::Plan }
            }
            None => return None,
        };
        Some((name, value))
    };
    let values: Vec<_> = keys.into_iter().filter_map(value).collect();
    for (name, value) in values {
        configuration.set_variable(&name, Some(value));
    }
    configuration
}
