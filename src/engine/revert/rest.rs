//! Whether a plan is what is left over of another one.
//!
//! An apply that failed half-way can be gone on with under the same consent only if nothing is in
//! the new plan that was not in the old: the same objects, and the same end for each. That is what
//! happens when two objects want one name and the old one had to go first.

use std::collections::BTreeMap;

use crate::engine::compare::{differences, shadow_paths};
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::value::{Path, Value};

/// Whether every action of `now` is one of `before`, or what is left of one, and there are fewer.
pub fn is_rest(before: &Plan, now: &Plan) -> bool {
    now.effective().count() < before.effective().count() && is_part(before, now)
}

/// Whether every action of a plan was in another one, which it comes after.
pub fn is_part(before: &Plan, now: &Plan) -> bool {
    let mut earlier = BTreeMap::new();
    for old in before.effective() {
        earlier.entry(&old.address).or_insert(old);
    }
    let is_left = |change: &PlannedChange| {
        earlier.get(&change.address).is_some_and(|old| is_left(old, change))
    };
    now.effective().all(is_left)
        && now.invocations.iter().all(|invocation| before.invocations.contains(invocation))
        && now.unknown.is_subset(&before.unknown)
}

fn is_left(old: &PlannedChange, now: &PlannedChange) -> bool {
    let is_end = now.action == Action::Delete && now.deposed.is_some();
    // A replacement that came half-way leaves a left-over, or nothing.
    let is_step = match old.action {
        Action::DeleteThenCreate | Action::CreateThenDelete => {
            is_end || now.action == Action::Create || now.action == old.action
        }
        // What was made and is tainted is made once more.
        Action::Create => matches!(now.action, Action::Create | Action::DeleteThenCreate),
        Action::NoOp
        | Action::Read
        | Action::Update
        | Action::Delete
        | Action::Forget
        | Action::CreateThenForget
        | Action::ForgetThenCreate => now.action == old.action && now.deposed == old.deposed,
    };
    is_step && (now.action == Action::Delete || is_same_end(old, now))
}

/// Whether both end alike, as far as both know.
fn is_same_end(old: &PlannedChange, now: &PlannedChange) -> bool {
    let mut unknown = Vec::new();
    shadow_paths(&Path::default(), &old.after_unknown, &mut unknown);
    shadow_paths(&Path::default(), &now.after_unknown, &mut unknown);
    let is_open = |path: &Path| unknown.iter().any(|open| open.covers(path));
    old.after != Value::Null
        && differences(&old.after, &now.after).iter().all(|found| is_open(&found.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::scene;

    fn of(text: &str) -> Plan {
        scene(text).plan
    }

    #[test]
    fn what_is_left_of_a_plan_is_its_rest() {
        let all = of(
            "good demo_file.a=1\nnow demo_file.b=2\nplan create:demo_file.a destroy:demo_file.b",
        );
        assert!(is_rest(&all, &of("good demo_file.a=1\nplan create:demo_file.a")));
        assert!(is_rest(&all, &of("now demo_file.b=2\nplan destroy:demo_file.b")));
        assert!(is_rest(&all, &of("plan")));
        assert!(!is_rest(&all, &all), "nothing has been done");
    }

    #[test]
    fn anything_else_is_no_rest() {
        let all = of(
            "good demo_file.a=1\nnow demo_file.b=2\nplan create:demo_file.a destroy:demo_file.b",
        );
        let others = [
            "good demo_file.a=1,5\nplan create:demo_file.a",
            "now demo_file.c=2\nplan destroy:demo_file.c",
            "good demo_file.b=2\nplan create:demo_file.b",
            "now demo_file.a=1\nplan destroy:demo_file.a",
        ];
        for other in others {
            assert!(!is_rest(&all, &of(other)), "{other}");
        }
    }

    #[test]
    fn a_replacement_may_have_come_half_way() {
        let objects = "good demo_file.a=1 demo_file.b=1\nnow demo_file.a=2 demo_file.a^0a1b2c3d=1 demo_file.b=9\n";
        let all = of(&format!("{objects}plan replace:demo_file.a update:demo_file.b"));
        for left in ["create:demo_file.a", "destroy:demo_file.a^0a1b2c3d"] {
            assert!(is_rest(&all, &of(&format!("{objects}plan {left}"))), "{left}");
        }
        assert!(!is_rest(&all, &of(&format!("{objects}plan replace:demo_file.b"))));
    }
}
