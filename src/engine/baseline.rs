//! Which snapshot tells what was there before the failed apply: the baseline.
//!
//! Objects that the baseline does not know were made since, and are undone without asking. Objects
//! that it knows and the good snapshot does not have are asked about. It judges no object: that is
//! `engine::revert`.
//!
//! # Why the snapshots that reverts take never count
//!
//! None of them was taken because an apply was about to begin, and that is all a baseline has to
//! say. Each could be counted in two ways, and both are wrong:
//!
//! - *As what was there.* The one from before a revert usually has what the failed apply made, and
//!   the one from after a revert that failed has it still. Trying again would ask about the very
//!   objects that were to be undone.
//! - *As what was not there yet.* A person looked with `--plan-only` three weeks ago, or a revert
//!   succeeded then. Objects that an unrecorded, successful apply has made since would go without
//!   asking, together with yesterday's.
//!
//! The one of the revert that is being drafted is the present itself and proves nothing of the
//! past. So a person who takes a snapshot when the newest one is a revert's own gets an entry,
//! though it says the same. It adds that a person looked just then. See `flow::snapshot`.

use super::good::snapshots;
use crate::model::entry::{Cause, Entry, Snapshot, StateRef};
use crate::model::version::Relation;

/// Whether a snapshot can be a baseline, by why it was taken.
pub fn can_be_baseline(cause: Cause) -> bool {
    match cause {
        Cause::Manual | Cause::Init | Cause::Imported | Cause::BeforeRun | Cause::AfterRun => true,
        Cause::BeforeRevert | Cause::AfterRevert => false,
    }
}

/// The newest snapshot after `target` whose state lies between the two: strictly older than the
/// present, and not older than the good one, as an imported one can be. An object that neither a
/// state from before good nor the good one has may have been made at any time.
pub fn baseline<'a>(
    log: &'a [Entry],
    target: &Entry,
    present: &Snapshot,
) -> Option<(&'a Entry, &'a StateRef)> {
    let present = present.state.as_ref()?;
    let good = target.recorded.body.snapshot()?.state.as_ref()?;
    snapshots(log)
        .rev()
        .take_while(|(entry, _)| entry.revision > target.revision)
        .filter(|(_, snapshot)| can_be_baseline(snapshot.cause))
        .filter_map(|(entry, snapshot)| Some((entry, snapshot.state.as_ref()?)))
        .filter(|(_, state)| state.version.relation(&good.version) != Relation::Older)
        .find(|(_, state)| state.version.relation(&present.version) == Relation::Older)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::good::tests::{log, snapshot, version};
    use crate::model::entry::Body;

    /// The baseline of a log of snapshots, whose first one is good, for a present of this serial.
    fn check(later: &[(Cause, u64)], present: u64, expected: Option<u64>) {
        let body = |&(cause, serial): &(Cause, u64)| {
            let taken = snapshot(version(serial, &serial.to_string()));
            Body::Snapshot(Box::new(Snapshot { cause, ..taken }))
        };
        let log = log([(Cause::Manual, 5)].iter().chain(later).map(body).collect());
        let present = snapshot(version(present, &present.to_string()));
        let found = baseline(&log, &log[0], &present);
        assert_eq!(found.map(|(entry, _)| entry.revision.0), expected, "{later:?}");
    }

    #[test]
    fn the_newest_snapshot_from_before_the_failed_apply_is_the_baseline() {
        check(&[], 9, None);
        check(&[(Cause::Manual, 5)], 9, Some(2));
        check(&[(Cause::Manual, 5), (Cause::Manual, 7)], 9, Some(3));
        check(&[(Cause::Manual, 5), (Cause::Manual, 9)], 9, Some(2));
        check(&[(Cause::Manual, 9)], 9, None);
        check(&[(Cause::Manual, 10)], 9, None);
        check(&[(Cause::Init, 5)], 9, Some(2));
    }

    #[test]
    fn what_a_revert_took_for_itself_is_none_and_hides_none() {
        for own in [Cause::BeforeRevert, Cause::AfterRevert] {
            check(&[(own, 5)], 9, None);
            check(&[(own, 9)], 9, None);
            check(&[(Cause::Manual, 5), (own, 7)], 9, Some(2));
            check(&[(own, 5), (Cause::Manual, 5)], 9, Some(3));
        }
    }

    #[test]
    fn what_is_older_than_good_tells_nothing_of_what_was_made_since() {
        check(&[(Cause::Imported, 3), (Cause::Imported, 4)], 9, None);
        check(&[(Cause::Imported, 4), (Cause::Imported, 5)], 9, Some(3));
        check(&[(Cause::Imported, 4), (Cause::Imported, 7)], 9, Some(3));
        check(&[(Cause::Manual, 7), (Cause::Imported, 4)], 9, Some(2));
    }
}
