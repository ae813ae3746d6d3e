//! Members of a plan that say something and that nothing here reads.
//!
//! A newer Terraform can plan what unapply has never heard of. It is found by its name, so that a
//! person is asked about it instead of it being passed over. A member that is empty says nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::Error;
use crate::codec::json;

/// Members of a plan. Those that are not read do nothing by themselves: they repeat, explain or
/// describe what is read.
const OF_A_PLAN: [&str; 19] = [
    "action_invocations",
    "applyable",
    "checks",
    "complete",
    "configuration",
    "deferred_action_invocations",
    "deferred_changes",
    "errored",
    "format_version",
    "output_changes",
    "planned_values",
    "prior_state",
    "proposed_unknown",
    "relevant_attributes",
    "resource_changes",
    "resource_drift",
    "terraform_version",
    "timestamp",
    "variables",
];

/// Members of a resource change.
const OF_A_RESOURCE_CHANGE: [&str; 12] = [
    "action_reason",
    "address",
    "change",
    "deposed",
    "index",
    "index_unknown",
    "mode",
    "module_address",
    "name",
    "previous_address",
    "provider_name",
    "type",
];

/// Members of a change.
const OF_A_CHANGE: [&str; 11] = [
    "actions",
    "after",
    "after_identity",
    "after_sensitive",
    "after_unknown",
    "before",
    "before_identity",
    "before_sensitive",
    "generated_config",
    "importing",
    "replace_paths",
];

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The members that nobody reads, each as the path that leads to it.
pub(super) fn unknown(text: &str) -> Result<BTreeSet<String>, Error> {
    let shape = |error: serde_json::Error| Error::Shape { line: error.line() };
    let mut found = BTreeSet::new();
    let plan: Members<'_> = json::deserialize(text).map_err(shape)?;
    note(&plan, "", &OF_A_PLAN, &mut found);
    let Some(changes) = plan.get("resource_changes").filter(|changes| !is_empty(changes)) else {
        return Ok(found);
    };
    let changes: Vec<Members<'_>> = json::deserialize(changes.get()).map_err(shape)?;
    for change in &changes {
        note(change, "resource_changes.", &OF_A_RESOURCE_CHANGE, &mut found);
        if let Some(inside) = change.get("change").filter(|inside| !is_empty(inside)) {
            let inside: Members<'_> = json::deserialize(inside.get()).map_err(shape)?;
            note(&inside, "resource_changes.change.", &OF_A_CHANGE, &mut found);
        }
    }
    Ok(found)
}

fn note(members: &Members<'_>, place: &str, known: &[&str], found: &mut BTreeSet<String>) {
    let is_known = |name: &str| known.binary_search(&name).is_ok();
    let unknown = members.iter().filter(|(name, value)| !is_known(name) && !is_empty(value));
    found.extend(unknown.map(|(name, _)| format!("{place}{}", shortened(name))));
}

/// A name is text of whoever wrote the plan.
fn shortened(name: &str) -> String {
    name.chars().take(80).collect()
}

fn is_empty(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "false" | "[]" | "{}" | "\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        unknown(text).unwrap().into_iter().collect()
    }

    #[test]
    fn lists_of_known_members_are_sorted() {
        assert!(OF_A_PLAN.is_sorted() && OF_A_CHANGE.is_sorted());
        assert!(OF_A_RESOURCE_CHANGE.is_sorted());
    }

    #[test]
    fn a_member_that_nobody_knows_is_found_where_it_says_something() {
        let text = r#"{"format_version":"1.3","provider_calls":[{"a":1}],"other":[],"none":null,
            "resource_changes":[{"address":"demo_file.a","quarantine":true,"fine":false,
            "change":{"actions":["no-op"],"detach":["x"],"before":{"detach":1}}}]}"#;
        let expected =
            ["provider_calls", "resource_changes.change.detach", "resource_changes.quarantine"];
        assert_eq!(found(text), expected);
    }

    #[test]
    fn plans_of_the_engines_have_no_such_member() {
        for file in ["action.plan.json", "deferred-action.plan.json", "forget.plan.json"] {
            let path = format!("{}/testdata/engines/{file}", env!("CARGO_MANIFEST_DIR"));
            assert_eq!(found(&std::fs::read_to_string(path).unwrap()), [""; 0], "{file}");
        }
    }
}
