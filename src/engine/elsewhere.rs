//! Whether an object that a revert would make or take over is one that another stack manages by now.
//!
//! Two stacks that manage one object destroy it for each other. Objects are compared by type, name and
//! place as everywhere ([`super::identity`]); an object whose place is not known counts too, since a
//! person can tell. Which states are read, and which are not, is the caller's to say.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Identity, Index, Sameness};
use super::rekey::Rekeying;
use super::revert::RevertFacts;
use crate::model::address::{Address, Mode};
use crate::model::entry::Revision;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::Action;
use crate::model::stack::StackName;
use crate::model::state::{Instance, State};

/// The newest recorded state of another stack.
#[derive(Debug, Clone, Copy)]
pub struct OtherStack<'a> {
    /// The name of the stack.
    pub name: &'a StackName,
    /// The snapshot.
    pub revision: Revision,
    /// Its state.
    pub state: &'a State<'a>,
}

/// The good objects that a plan makes or takes over. Values that live in states alone are none.
pub fn wanted<'f>(facts: &RevertFacts<'f>, rekeying: &Rekeying) -> Vec<&'f Instance<'f>> {
    let made = facts.plan.effective();
    let made = made.filter(|change| change.action == Action::Create || change.importing);
    let made = made.filter(|change| change.deposed.is_none()).map(|change| &change.address);
    let addresses: BTreeSet<&Address> = made.chain(&rekeying.spliced).collect();
    let is_wanted = |object: &&Instance<'_>| {
        let (source, kind) = (&object.provider.source, &object.address.kind);
        object.deposed.is_none()
            && addresses.contains(&object.address)
            && facts.knowledge.state_only(source, kind).is_none()
    };
    facts.good.state.instances.iter().filter(is_wanted).collect()
}

/// The hazards of objects that `other` manages.
pub fn managed_by(
    facts: &RevertFacts<'_>,
    wanted: &[&Instance<'_>],
    other: OtherStack<'_>,
) -> Vec<Hazard> {
    let kinds: BTreeSet<&str> = wanted.iter().map(|object| object.address.kind.as_str()).collect();
    let may_be_it = |object: &&Instance<'_>| {
        object.address.mode == Mode::Managed && kinds.contains(object.address.kind.as_str())
    };
    let index = Index::of(other.state.instances.iter().filter(may_be_it), facts.knowledge);
    let hazard = |object: &&Instance<'_>| {
        let identity = Identity::of(object, facts.knowledge);
        let found = index.all(&identity, Sameness::Same).into_iter();
        let perhaps = || index.all(&identity, Sameness::Perhaps).into_iter();
        let there = found.map(|it| (it, "is")).chain(perhaps().map(|it| (it, "may be"))).next()?;
        // Keys of instances can hold what is secret there.
        let (address, how) = (there.0.address.block(), there.1);
        let (name, revision) = (other.name, other.revision);
        let why = format!(
            "it {how} {address} of stack {name} ({revision} there): two stacks would manage one object"
        );
        let subject = object.address.to_string();
        Some(Hazard { kind: HazardKind::ManagedElsewhere, subject, why })
    };
    let found: BTreeMap<String, Hazard> =
        wanted.iter().filter_map(hazard).map(|one| (one.subject.clone(), one)).collect();
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::state::parse;
    use crate::engine::tests::{scene, world};

    #[track_caller]
    fn check(text: &str, spliced: &[&str], other: &[&str], expected: &[&str]) {
        let bytes = world(other);
        let state = parse(&bytes).unwrap();
        let name = "prod/db".parse().unwrap();
        let rekeying = Rekeying {
            spliced: spliced.iter().map(|address| address.parse().unwrap()).collect(),
            ..Rekeying::default()
        };
        let found = scene(text).ask(|facts, _| {
            let other = OtherStack { name: &name, revision: Revision(9), state: &state };
            managed_by(facts, &wanted(facts, &rekeying), other)
        });
        let lines: Vec<String> =
            found.iter().map(|hazard| format!("{} {}", hazard.subject, hazard.why)).collect();
        assert_eq!(lines.len(), expected.len(), "{lines:?}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.contains(expected), "{line}");
        }
    }

    #[test]
    fn an_object_that_is_made_or_taken_over_and_that_another_stack_has_is_named_with_it() {
        let made = "good demo_file.a=1 demo_file.b=2\nnow demo_file.b=2\nplan create:demo_file.a";
        check(
            made,
            &[],
            &["demo_file.x[\"k\"]=1", "demo_file.y=2"],
            &["demo_file.a it is demo_file.x of stack prod/db (r9 there)"],
        );
        let taken = "good demo_file.a=1\nnow demo_file.a=1\nplan no-op:demo_file.a";
        check(taken, &["demo_file.a"], &["demo_file.x=1"], &["demo_file.a it is"]);
        check(taken, &[], &["demo_file.x=1"], &[]);
    }

    #[test]
    fn another_object_is_none_and_one_whose_place_is_not_known_may_be_it() {
        let made = "good demo_file.a=1\nplan create:demo_file.a";
        check(made, &[], &["demo_file.x=2", "demo_volume.a=1", "data.demo_file.a=1"], &[]);
        check(made, &[], &["demo_file.x=1@west"], &["demo_file.a it may be demo_file.x"]);
    }

    #[test]
    fn a_value_that_lives_in_states_alone_is_no_object() {
        let made = "good random_id.a=1\nplan create:random_id.a";
        check(made, &[], &["random_id.x=1"], &[]);
    }
}
