//! Values of ephemeral variables: from today, always.
//!
//! Terraform keeps them in no plan and no state, and neither do we: a token of last week opens
//! nothing, and a configuration that held one would be another one after each login. Whoever plans a
//! configuration of the past gives the value that there is today; where there is none, nothing is
//! made up.

use super::Inputs;
use super::revert::draft::root_facts;
use crate::model::configuration::{Bundle, Variable, VariableOrigin};
use crate::model::secret::Secret;

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
