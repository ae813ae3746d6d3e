//! Values of variables, each in the form in which Terraform gives it the meaning and the rank it had.
//!
//! Terraform ranks, from below: environment, `terraform.tfvars`, `*.auto.tfvars`, then `-var` and
//! `-var-file` as given. `-var` itself would show the value in the list of processes, so a file
//! stands for it, which must say the same: for a primitive type the text is the value and goes into
//! JSON as a string, for any other it is an expression and goes into native syntax.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use crate::codec::hcl::{Configuration, DeclaredInput, ValueSyntax, assignment};
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;

/// Values by the way they travel.
pub(super) struct Written {
    /// `TF_VAR_…` for the child.
    pub(super) environment: Vec<(String, Secret<String>)>,
    /// Names and contents of files for `-var-file`.
    pub(super) files: Vec<ValueFile>,
    /// Whether a variable of the root module is ephemeral.
    pub(super) has_ephemeral: bool,
}

/// Sorts a configuration's values by the way they must travel.
pub(super) fn written(configuration: &Configuration) -> Result<Written, Error> {
    let facts = configuration.root();
    let variables = &configuration.bundle().variables;
    let environment = variables
        .iter()
        .filter(|(_, variable)| variable.origin == VariableOrigin::Environment)
        .map(|(name, variable)| (format!("TF_VAR_{name}"), variable.value.clone()))
        .collect();
    let files = value_files(variables, &facts.variables)?;
    let has_ephemeral = facts.variables.values().any(|declared| declared.marks.ephemeral);
    Ok(Written { environment, files, has_ephemeral })
}

/// A name and the content of a file for `-var-file`.
pub(super) type ValueFile = (&'static str, Secret<Vec<u8>>);

/// The files for `-var-file` that give these values, but for those of the
/// environment, to variables that are declared so.
pub fn value_files(
    variables: &BTreeMap<String, Variable>,
    declared: &BTreeMap<String, DeclaredInput>,
) -> Result<Vec<ValueFile>, Error> {
    let mut expressions = String::new();
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, Variable { value, origin }) in variables {
        let text = value.reveal_for_terraform();
        let syntax = declared.get(name).map(|declared| declared.value);
        match (origin, syntax) {
            (VariableOrigin::Environment, _) => {}
            (VariableOrigin::CommandLine, Some(ValueSyntax::Expression)) => {
                let line = assignment(name, text);
                let line = line.ok_or_else(|| Error::Variable { name: name.clone() })?;
                expressions.push_str(&line);
            }
            (VariableOrigin::CommandLine, Some(ValueSyntax::Literal) | None) => {
                values.insert(name, Value::String(text.clone()));
            }
            (VariableOrigin::Plan, _) => {
                let value = serde_json::from_str(text);
                let value = value.map_err(|_| Error::PlannedVariable { name: name.clone() })?;
                values.insert(name, value);
            }
        }
    }
    let mut files = Vec::new();
    if !expressions.is_empty() {
        let content = Secret::new(expressions.into_bytes());
        files.push(("expressions.tfvars", content));
    }
    if !values.is_empty() {
        let json = serde_json::json!(values).to_string();
        files.push(("values.tfvars.json", Secret::new(json.into_bytes())));
    }
    Ok(files)
}
