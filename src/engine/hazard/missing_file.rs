//! Files that an object needs when the plan is applied, and that are nowhere any more.
//!
//! Terraform finds out when the object is already half made, or when others are destroyed. A file
//! that is needed to plan is none of them: without it there is no plan. Files are looked for by
//! `flow`.

use super::hazard;
use crate::codec::hcl::Needed;
use crate::engine::judgement::MissingFile;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::{Action, PlannedChange};

/// One hazard for all files that the change needs.
pub fn of_change(missing: &[MissingFile], change: &PlannedChange) -> Option<Hazard> {
    let block = change.address.block();
    let is_meant = |file: &&MissingFile| file.block == block && is_needed(file.needed, change);
    let mut files: Vec<String> = missing
        .iter()
        .filter(is_meant)
        .map(|file| format!("`{}` ({} names it)", file.path, file.at))
        .collect();
    files.sort();
    files.dedup();
    (!files.is_empty()).then(|| {
        let why = format!(
            "to {} it takes {}, which neither the snapshot nor the stack's directory has",
            change.action,
            files.join(", ")
        );
        hazard(HazardKind::MissingFile, change, why)
    })
}

fn is_needed(needed: Needed, change: &PlannedChange) -> bool {
    let action = change.action;
    // A left-over is only destroyed.
    let is_created = change.deposed.is_none() && (action == Action::Create || action.replaces());
    match needed {
        Needed::Planned => false,
        Needed::Written => is_created || action == Action::Update,
        Needed::Created => is_created,
        Needed::Destroyed => action.destroys() || action.replaces(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codec::plan;

    /// The hazards of a plan that does this to `demo_x.a[1]`.
    fn found(needed: Needed, actions: &[&str]) -> Vec<String> {
        let missing = [MissingFile {
            path: "build/fn.zip".to_owned(),
            at: "main.tf:3".to_owned(),
            block: "module.m.demo_x.a".to_owned(),
            needed,
        }];
        let whole = json!({"format_version": "1.2", "resource_changes": [{
            "address": "module.m[0].demo_x.a[1]",
            "provider_name": "registry.terraform.io/unapply/demo",
            "change": {"actions": actions, "before": {"x": 1}, "after": {"x": 2}},
        }]});
        let plan = plan::parse(whole.to_string().as_bytes()).unwrap();
        let hazards = plan.effective().filter_map(|change| of_change(&missing, change));
        hazards
            .map(|hazard| format!("{} {}: {}", hazard.kind, hazard.subject, hazard.why))
            .collect()
    }

    #[test]
    fn a_missing_file_matters_where_the_plan_needs_it() {
        let matters = |needed, actions: &[&str]| !found(needed, actions).is_empty();
        for (actions, written, created, destroyed) in [
            (&["create"][..], true, true, false),
            (&["update"], true, false, false),
            (&["delete", "create"], true, true, true),
            (&["delete"], false, false, true),
            (&["no-op"], false, false, false),
        ] {
            assert_eq!(matters(Needed::Written, actions), written, "{actions:?}");
            assert_eq!(matters(Needed::Created, actions), created, "{actions:?}");
            assert_eq!(matters(Needed::Destroyed, actions), destroyed, "{actions:?}");
            assert!(!matters(Needed::Planned, actions));
        }
        assert_eq!(
            found(Needed::Written, &["create"]),
            ["missing-file module.m[0].demo_x.a[1]: to create it takes `build/fn.zip` (main.tf:3 \
              names it), which neither the snapshot nor the stack's directory has"]
        );
    }
}
