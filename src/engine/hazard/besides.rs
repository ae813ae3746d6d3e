//! Hazards of a plan besides making, changing and destroying objects: it runs actions of providers,
//! forgets objects, and may do what unapply does not know.
//!
//! None of it can be undone by a plan, so that each is asked about by name.

use std::collections::BTreeMap;

use super::hazard;
use crate::engine::revert::{RevertFacts, RevertSlot};
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::{Action, Plan, PlannedChange, PlannedInvocation};
use crate::model::state::Instance;
use crate::model::value::Value;

/// The object would live on, and nothing would manage it.
pub(super) fn forgets(
    facts: &RevertFacts<'_>,
    current: &BTreeMap<RevertSlot<'_>, &Instance<'_>>,
    change: &PlannedChange,
) -> Option<Hazard> {
    if !change.action.forgets() {
        return None;
    }
    let id = match change.before.get("id") {
        Some(Value::Text(id)) => format!(" with id {id}"),
        _ => String::new(),
    };
    let does = if change.action == Action::Forget {
        "forget it (`destroy = false`)"
    } else {
        "forget it and make another one in its place (`destroy = false`)"
    };
    let slot = (&change.address, change.deposed.as_deref());
    let is_marked = facts.destroy_false.contains(&change.address.block())
        || current.get(&slot).is_some_and(|object| object.skip_destroy);
    let way = if is_marked {
        format!("; to destroy it: --destroy-forgotten '{}'", change.address)
    } else {
        String::new()
    };
    let why = format!("would {does}: the object{id} lives on and is managed by nobody{way}");
    Some(hazard(HazardKind::Forgets, change, why))
}

/// Actions of providers, each once, with all that makes it run.
pub(super) fn invocations(plan: &Plan) -> Vec<Hazard> {
    let mut by_address: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for invocation in &plan.invocations {
        let clauses = by_address.entry(&invocation.address).or_default();
        let clause = clause(invocation);
        if !clauses.contains(&clause) {
            clauses.push(clause);
        }
    }
    let hazard = |(address, clauses): (&str, Vec<String>)| Hazard {
        kind: HazardKind::RunsAction,
        subject: address.to_owned(),
        why: format!(
            "{}; no state has what it does, and no plan takes it back",
            clauses.join(", and ")
        ),
    };
    by_address.into_iter().map(hazard).collect()
}

fn clause(PlannedInvocation { trigger, deferred, .. }: &PlannedInvocation) -> String {
    match deferred {
        None => format!("would run {trigger}"),
        Some(reason) => format!("is put off ({reason}) and would run later, {trigger}"),
    }
}

/// Members of the plan that nobody reads.
pub(super) fn unknown(plan: &Plan) -> impl Iterator<Item = Hazard> + '_ {
    plan.unknown.iter().map(|member| Hazard {
        kind: HazardKind::UnknownPart,
        subject: member.clone(),
        why: "the plan says something here that unapply does not know: look at the plan, and use a newer unapply if there is one"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::scene;

    fn check(text: &str, expected: &[&str]) {
        let found = scene(text).hazards();
        let lines: Vec<String> =
            found.iter().map(|hazard| format!("{} {}", hazard.kind, hazard.subject)).collect();
        assert_eq!(lines, expected, "{text}");
    }

    #[test]
    fn what_bears_data_or_is_protected_is_asked_about_for_that_too() {
        for action in ["create-forget", "forget-create"] {
            check(
                &format!(
                    "good demo_volume.a=1,old demo_file.c=3,old\n\
                     now demo_volume.a=1,new demo_file.c=3,new\n\
                     plan {action}:demo_volume.a {action}:demo_file.c\nprotect demo_file.*"
                ),
                &[
                    "replaces-data demo_volume.a",
                    "forgets demo_file.c",
                    "forgets demo_volume.a",
                    "protected demo_file.c",
                ],
            );
        }
        let text = "good demo_file.z=9\nbefore demo_file.z=9\nnow demo_file.z=9 demo_file.b=2\n\
                    plan forget:demo_file.b\nprotect demo_file.*";
        check(text, &["forgets demo_file.b", "protected demo_file.b"]);
    }

    #[test]
    fn what_a_plan_only_forgets_is_asked_about_with_its_id() {
        let forgets = |more: &str, action: &str| {
            scene(&format!(
                "good demo_file.a=1\nbefore demo_file.a=1\nnow demo_file.a=2 demo_file.b=3\n{more}\nplan {action}"
            ))
            .hazards()
        };
        let found = forgets("", "forget:demo_file.b");
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((only.kind, only.subject.as_str()), (HazardKind::Forgets, "demo_file.b"));
        assert!(only.why.contains("with id 3") && !only.why.contains("--destroy"), "{}", only.why);
        // With the word in a configuration there is another way.
        let found = forgets("destroy-false demo_file.b", "forget:demo_file.b");
        assert!(found[0].why.ends_with("--destroy-forgotten 'demo_file.b'"), "{found:?}");
        for action in ["forget-create", "create-forget"] {
            let found = forgets("", &format!("{action}:demo_file.a"));
            assert!(found.iter().any(|hazard| hazard.kind == HazardKind::Forgets), "{found:?}");
        }
    }

    #[test]
    fn destroy_false_is_asked_about_where_the_plan_destroys_unless_that_is_meant() {
        let of = |more: &str, action: &str| {
            format!(
                "good demo_file.a=1\nbefore demo_file.a=1\nnow demo_file.a=1 demo_file.b=3\n{more}\nplan {action}"
            )
        };
        let says = "destroy-false demo_file.b demo_file.a";
        check(&of(says, "destroy:demo_file.b"), &["prevent-destroy demo_file.b"]);
        check(&of(&format!("{says}\ndestroy demo_file.*"), "destroy:demo_file.b"), &[]);
        check(&of(says, "forget:demo_file.b"), &["forgets demo_file.b"]);
        check(&of("destroy-false demo_file.c", "destroy:demo_file.b"), &[]);
        let both = format!("{says}\nprevent demo_file.b\ndestroy demo_file.b");
        check(&of(&both, "destroy:demo_file.b"), &["prevent-destroy demo_file.b"]);
    }

    /// A scene with a plan that an engine printed.
    fn with_plan(file: &str) -> crate::engine::tests::Scene {
        let path = format!("{}/testdata/engines/{file}", env!("CARGO_MANIFEST_DIR"));
        let mut scene =
            scene("good demo_file.a=world/a\nnow demo_file.a=world/a demo_file.b=world/b");
        scene.plan = crate::codec::plan::parse(&std::fs::read(path).unwrap()).unwrap();
        scene
    }

    #[test]
    fn an_action_of_a_provider_is_asked_about_once_with_all_that_makes_it_run() {
        for (file, moments) in [
            (
                "action.plan.json",
                "would run before update of demo_file.a, and would run after update of demo_file.a; ",
            ),
            (
                "deferred-action.plan.json",
                "would run before update of demo_file.a, and is put off (deferred_prereq) and would run \
                 later, after update of demo_file.a; ",
            ),
        ] {
            let found = with_plan(file).hazards();
            let of = |hazard: &&Hazard| hazard.kind == HazardKind::RunsAction;
            let runs: Vec<&Hazard> = found.iter().filter(of).collect();
            let [only] = runs.as_slice() else { panic!("{found:?}") };
            assert_eq!(only.subject, "action.demo_note.tell");
            assert!(only.why.starts_with(moments), "{}", only.why);
        }
    }

    #[test]
    fn plans_that_forget_are_read_as_opentofu_prints_them() {
        let found = with_plan("forget.plan.json").hazards();
        assert!(
            found.iter().any(|h| h.kind == HazardKind::Forgets && h.subject == "demo_file.b"),
            "{found:?}"
        );
        let found = with_plan("forget-replace.plan.json").hazards();
        assert!(found.iter().any(|h| h.kind == HazardKind::Forgets && h.why.contains("world/b")));
        assert!(!found.iter().any(|hazard| hazard.kind == HazardKind::DestroysData));
    }

    #[test]
    fn what_nobody_knows_of_a_plan_is_asked_about_by_its_name() {
        let mut scene = scene("");
        let plan = r#"{"format_version":"1.9","provider_calls":[{"address":"demo_file.a"}]}"#;
        scene.plan = crate::codec::plan::parse(plan.as_bytes()).unwrap();
        assert!(!scene.plan.is_empty());
        let found = scene.hazards();
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((only.kind, only.subject.as_str()), (HazardKind::UnknownPart, "provider_calls"));
    }
}
