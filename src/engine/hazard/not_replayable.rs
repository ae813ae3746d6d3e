//! Hazards of what the good configuration cannot say a second time: the directory that it was
//! planned in, and values that nothing keeps.
//!
//! Each is a hazard only where the plan acts on it. `codec::hcl` finds them in the configuration's
//! text. Nothing here knows of values, since there is none to compare with.

use super::hazard;
use crate::codec::hcl::WriteOnly;
use crate::engine::compare::{differences, shadow_paths};
use crate::engine::judgement::NotReplayable;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::value::{Path, Step};

/// Hazards of one action.
pub(super) fn of_change(not_replayable: &NotReplayable, change: &PlannedChange) -> Vec<Hazard> {
    if !writes(change) {
        return Vec::new();
    }
    let action = change.action;
    let block = change.address.block();
    let directory = not_replayable.directory_in.contains(&block).then(|| {
        let why = format!(
            "its block uses the working directory's path, which is another one in the private \
             copy, and the plan would {action} it"
        );
        hazard(HazardKind::PathCwd, change, why)
    });
    let sent: Vec<String> = not_replayable
        .write_only
        .get(&block)
        .into_iter()
        .flatten()
        .filter(|argument| is_sent(argument, change))
        .map(|argument| format!("`{}`", argument.name))
        .collect();
    let write_only = (!sent.is_empty()).then(|| {
        let why = format!(
            "the plan would {action} it, and {} can only be sent as it is today: no state keeps it",
            sent.join(", ")
        );
        hazard(HazardKind::Ephemeral, change, why)
    });
    directory.into_iter().chain(write_only).collect()
}

/// The hazard of the plan as a whole, if there is one.
pub(super) fn of_plan(not_replayable: &NotReplayable, plan: &Plan) -> Option<Hazard> {
    let acts = plan.effective().any(writes)
        || plan.outputs.iter().any(|output| output.action != Action::NoOp);
    (not_replayable.directory_elsewhere && acts).then(|| Hazard {
        kind: HazardKind::PathCwd,
        subject: "path.cwd".to_owned(),
        why: "used outside of resources, so that anything may depend on it; it is another \
              directory in the private copy"
            .to_owned(),
    })
}

/// Whether an action sends anything of the configuration to the real object.
fn writes(change: &PlannedChange) -> bool {
    let is_made = matches!(change.action, Action::Create | Action::Update);
    is_made || change.action.replaces()
}

/// Whether the argument takes effect: always for a new object, otherwise when the version beside it
/// changes or there is none.
fn is_sent(argument: &WriteOnly, change: &PlannedChange) -> bool {
    if change.action != Action::Update || !argument.has_version {
        return true;
    }
    let version = Step::Name(format!("{}_version", argument.name));
    let mut changed = Vec::new();
    shadow_paths(&Path::default(), &change.after_unknown, &mut changed);
    changed.extend(differences(&change.before, &change.after).into_iter().map(|d| d.path));
    changed.iter().any(|path| path.0.contains(&version))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::codec::plan;

    /// Hazards of a plan with these changes of `demo_x.a`, as kind and subject.
    fn found(not_replayable: &NotReplayable, changes: &[(&[&str], &str, &str)]) -> Vec<String> {
        let changes: Vec<serde_json::Value> = changes
            .iter()
            .map(|(actions, before, after)| {
                let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
                json!({
                    "address": "module.m[0].demo_x.a[1]",
                    "provider_name": "registry.terraform.io/unapply/demo",
                    "change": {"actions": actions, "before": value(before), "after": value(after)},
                })
            })
            .collect();
        let whole = json!({"format_version": "1.2", "resource_changes": changes});
        let plan = plan::parse(whole.to_string().as_bytes()).unwrap();
        plan.effective()
            .flat_map(|change| of_change(not_replayable, change))
            .chain(of_plan(not_replayable, &plan))
            .map(|hazard| format!("{} {}", hazard.kind, hazard.subject))
            .collect()
    }

    const UPDATE: (&[&str], &str, &str) = (&["update"], r#"{"x": 1}"#, r#"{"x": 2}"#);
    const END: (&[&str], &str, &str) = (&["delete"], r#"{"x": 1}"#, "null");
    const NOTHING: (&[&str], &str, &str) = (&["no-op"], r#"{"x": 1}"#, r#"{"x": 1}"#);

    #[test]
    fn a_path_of_the_directory_matters_where_the_plan_writes_its_block() {
        let directory_in = BTreeSet::from(["module.m.demo_x.a".to_owned()]);
        let not_replayable = NotReplayable { directory_in, ..NotReplayable::default() };
        assert_eq!(found(&not_replayable, &[UPDATE]), ["path-cwd module.m[0].demo_x.a[1]"]);
        assert!(found(&not_replayable, &[END]).is_empty());
        assert!(found(&not_replayable, &[NOTHING]).is_empty());
        assert!(found(&NotReplayable::default(), &[UPDATE]).is_empty());
    }

    #[test]
    fn a_path_that_anything_may_depend_on_matters_as_soon_as_anything_is_written() {
        let not_replayable =
            NotReplayable { directory_elsewhere: true, ..NotReplayable::default() };
        assert_eq!(found(&not_replayable, &[NOTHING, UPDATE]), ["path-cwd path.cwd"]);
        assert!(found(&not_replayable, &[NOTHING, END]).is_empty());
    }

    #[test]
    fn a_write_only_argument_matters_when_it_would_be_sent() {
        let with = |has_version| {
            let argument = WriteOnly { name: "key_wo".to_owned(), has_version };
            let write_only = [("module.m.demo_x.a".to_owned(), BTreeSet::from([argument]))].into();
            NotReplayable { write_only, ..NotReplayable::default() }
        };
        let told = ["ephemeral module.m[0].demo_x.a[1]"];
        let rotated: (&[&str], &str, &str) =
            (&["update"], r#"{"key_wo_version": 2}"#, r#"{"key_wo_version": 1}"#);
        assert_eq!(found(&with(true), &[rotated]), told);
        assert!(found(&with(true), &[UPDATE]).is_empty());
        assert_eq!(found(&with(false), &[UPDATE]), told);
        assert_eq!(found(&with(true), &[(&["create"], "null", r#"{"x": 1}"#)]), told);
        let replaced: (&[&str], &str, &str) = (&["delete", "create"], r#"{"x": 1}"#, r#"{"x": 2}"#);
        assert_eq!(found(&with(true), &[replaced]), told);
        assert!(found(&with(true), &[END]).is_empty());
    }
}
