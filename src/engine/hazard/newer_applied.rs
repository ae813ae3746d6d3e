//! The hazard of going back past an apply that went well.
//!
//! A snapshot that cannot be planned replaces no better one as the last known good snapshot, so that
//! a newer good one can stand beside it. A target that a person names is what that person wants.

use crate::engine::good::passed_over;
use crate::model::entry::{Entry, Snapshot};
use crate::model::hazard::{Hazard, HazardKind};

/// The hazard of a revert to the last known good snapshot, `target`, past newer good ones.
pub fn passes(log: &[Entry], target: &Entry) -> Option<Hazard> {
    let good = target.recorded.body.snapshot().and_then(Snapshot::state_digest);
    let mut newer = passed_over(log);
    newer.retain(|newer| {
        newer.entry.revision > target.revision && newer.snapshot.state_digest() != good
    });
    let newest = newer.first()?;
    let more = match newer.len() - 1 {
        0 => String::new(),
        many => format!(", and {many} more since {}", target.revision),
    };
    let problem = newest.problem().unwrap_or("unknown");
    let why = format!(
        "good as well: applied {} by {}{more}; it would be undone, since it cannot be planned: \
         {problem}",
        newest.entry.happened().strftime("%Y-%m-%d %H:%M UTC"),
        newest.entry.recorded.actor.name,
    );
    let subject = newest.entry.revision.to_string();
    Some(Hazard { kind: HazardKind::NewerApplied, subject, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::good::tests::{good, graded, log, taken};
    use crate::model::good::Grade;

    #[test]
    fn the_newest_good_snapshot_that_is_passed_over_is_asked_about() {
        let plan_empty = || vec![taken(1, "a"), graded(1, Grade::PlanEmpty, None)];
        let check = |more, expected: Option<&str>| {
            let log = log([plan_empty(), more].concat());
            let found =
                passes(&log, &log[0]).map(|found| format!("{}: {}", found.subject, found.why));
            assert_eq!(found.as_deref(), expected);
        };
        check(vec![], None);
        check(vec![taken(2, "b")], None);
        check(vec![taken(2, "b"), graded(3, Grade::PlanEmpty, None)], None);
        let one = "r3: good as well: applied 2026-11-20 15:00 UTC by a; it would be undone, since it \
                   cannot be planned: its configuration was not captured";
        check(vec![taken(2, "b"), good(3)], Some(one));
        // It has the very state that is gone back to.
        check(vec![taken(1, "a"), good(3)], None);
        let two = "r4: good as well: applied 2026-11-20 16:00 UTC by a, and 1 more since r1; it would \
                   be undone, since it cannot be planned: no value is kept of var.x";
        let because = Some("no value is kept of var.x");
        let more = vec![taken(2, "b"), taken(3, "c"), good(3)];
        check([more, vec![graded(4, Grade::Applied, because)]].concat(), Some(two));
    }
}
