//! The wanted part of a revert: objects that are targeted, and objects that are left as they are.
//!
//! A pattern names an object, a block with all its objects, or a module with all that is in it.
//! Actions left undone are listed, so that a part is not taken for the whole. Objects that
//! Terraform adds to targets, because they are made from them, are found by comparing the plans.

use std::collections::BTreeSet;

use super::{shown_address, shown_slot};
use crate::model::address::{Address, ModuleStep};
use crate::model::pattern::Pattern;
use crate::model::placement::Slot;
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::word::Word as _;

/// The wanted part; without patterns, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevertScope {
    /// Nothing but these, if there are any.
    pub targets: Vec<Pattern>,
    /// Not these.
    pub excludes: Vec<Pattern>,
}

impl RevertScope {
    /// Whether all of it is wanted.
    pub fn is_whole(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }

    /// Whether this is to be left as it is, by name.
    pub fn excludes(&self, address: &Address) -> bool {
        self.excludes.iter().any(|pattern| covers(pattern, address))
    }

    /// Whether an action on this is wanted.
    pub fn includes(&self, address: &Address) -> bool {
        let is_target = |pattern: &Pattern| covers(pattern, address);
        let is_targeted = self.targets.is_empty() || self.targets.iter().any(is_target);
        is_targeted && !self.excludes(address)
    }

    /// Targets for Terraform that are the wanted part of a plan, each once; `None` when that is all
    /// of it. Objects that were not found (`unfound`) leave the state, though no change says so.
    /// Actions at the `usual` addresses, as screens have them, are not wanted: a plan of the good
    /// snapshot proposed them then, and they were not done.
    pub fn wanted(
        &self,
        plan: &Plan,
        unfound: &[Slot],
        usual: &BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let changes = plan.effective();
        let changes =
            changes.map(|change| (&change.address, !usual.contains(&shown_address(change))));
        let lost = unfound.iter().map(|slot| (&slot.address, true));
        let (wanted, others): (Vec<_>, Vec<_>) = changes
            .chain(lost)
            .partition(|(address, is_wanted)| *is_wanted && self.includes(address));
        if others.is_empty() {
            return None;
        }
        let mut wanted: Vec<String> =
            wanted.iter().map(|(address, _)| address.to_string()).collect();
        wanted.sort();
        wanted.dedup();
        Some(wanted)
    }
}

/// An action that is left undone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The address, with its key if it is a left-over of a replacement.
    pub address: String,
    /// Action that is not done to it.
    pub action: &'static str,
}

/// Actions of `whole` that are not in `part`, sorted. `stays` are objects that only `whole` would
/// drop from the state.
pub fn left(whole: &Plan, part: &Plan, stays: impl Iterator<Item = Slot>) -> Vec<Skipped> {
    let name = |change: &PlannedChange| Skipped {
        address: shown_address(change),
        action: change.action.name(),
    };
    let mut done: Vec<String> = part.effective().map(shown_address).collect();
    done.sort();
    let is_left = |left: &Skipped| done.binary_search(&left.address).is_err();
    let mut found: Vec<Skipped> = whole.effective().map(name).filter(is_left).collect();
    found.extend(stays.map(|slot| Skipped {
        address: shown_slot(&slot.address, slot.deposed.as_deref()),
        action: Action::Forget.name(),
    }));
    found.sort();
    found
}

/// Whether a pattern names this object, its block, or a module that it is in.
fn covers(pattern: &Pattern, address: &Address) -> bool {
    let bare = |steps: &[ModuleStep]| -> Vec<ModuleStep> {
        steps.iter().map(|step| ModuleStep { key: None, ..step.clone() }).collect()
    };
    let path = |steps: Vec<ModuleStep>| -> String {
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        steps.join(".")
    };
    let of_block = Address { key: None, ..address.clone() };
    let modules = (1..=address.module.len()).filter_map(|depth| address.module.get(..depth));
    let modules = modules.flat_map(|steps| [path(steps.to_vec()), path(bare(steps))]);
    [address.to_string(), of_block.to_string(), address.block()]
        .into_iter()
        .chain(modules)
        .any(|name| pattern.matches(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::scene;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::new(*text)).collect()
    }

    fn scope(targets: &[&str], excludes: &[&str]) -> RevertScope {
        RevertScope { targets: patterns(targets), excludes: patterns(excludes) }
    }

    #[test]
    fn a_pattern_names_an_object_a_block_or_a_module() {
        let address: Address = "module.a[\"x\"].module.b.demo_file.f[1]".parse().unwrap();
        for name in [
            "module.a[\"x\"].module.b.demo_file.f[1]",
            "module.a[\"x\"].module.b.demo_file.f",
            "module.a.module.b.demo_file.f",
            "module.a[\"x\"].module.b",
            "module.a.module.b",
            "module.a",
            "*demo_file*",
        ] {
            assert!(!scope(&[], &[name]).includes(&address), "{name}");
            assert!(scope(&[name], &[]).includes(&address), "{name}");
        }
        for name in ["module.b", "demo_file.f", "module.a[\"y\"]", "module", ""] {
            assert!(scope(&[], &[name]).includes(&address), "{name}");
            assert!(!scope(&[name], &[]).includes(&address), "{name}");
        }
        assert!(!scope(&["module.a"], &["*.f[1]"]).includes(&address), "excluding wins");
    }

    #[test]
    fn what_is_wanted_is_targeted_and_the_rest_is_told() {
        let objects = "good demo_file.a=1,old demo_file.c=3\nnow demo_file.a=1,new demo_file.b=2\n";
        let of = |plan: &str| scene(&format!("{objects}plan {plan}")).plan;
        let whole = of("update:demo_file.a destroy:demo_file.b create:demo_file.c");
        let none = BTreeSet::new();
        assert_eq!(RevertScope::default().wanted(&whole, &[], &none), None);
        assert_eq!(scope(&[], &["demo_file.z"]).wanted(&whole, &[], &none), None);
        let wanted = scope(&[], &["demo_file.b"]).wanted(&whole, &[], &none).unwrap();
        assert_eq!(wanted, ["demo_file.a", "demo_file.c"]);
        assert_eq!(scope(&["demo_file.z"], &[]).wanted(&whole, &[], &none), Some(Vec::new()));
        let usual = BTreeSet::from(["demo_file.c".to_owned()]);
        let wanted = RevertScope::default().wanted(&whole, &[], &usual).unwrap();
        assert_eq!(wanted, ["demo_file.a", "demo_file.b"], "what was never wanted");
        let part = of("update:demo_file.a create:demo_file.c");
        let told: Vec<String> = left(&whole, &part, std::iter::empty())
            .iter()
            .map(|left| format!("{} {}", left.action, left.address))
            .collect();
        assert_eq!(told, ["destroy demo_file.b"]);
        assert_eq!(left(&whole, &whole, std::iter::empty()), []);
    }
}
