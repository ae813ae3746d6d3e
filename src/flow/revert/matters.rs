//! What is open from before, as far as it concerns a revert.
//!
//! A revert builds on the present state, so nothing may be open that says that the state is not the
//! truth. What merely may exist stops nobody and is named: the revert does not undo it. Settling is
//! `flow::recover`'s; a dead revert is concluded by [`super::draft`].

use crate::engine::unsettled::{Matter, unsettled};
use crate::flow::recover::alive::{self, Life};
use crate::flow::{Error, Speaker};
use crate::model::entry::{Entry, Revision};

/// Something that a revert leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUndone {
    /// The address.
    pub address: String,
    /// Why, in one clause.
    pub why: String,
}

/// Refuses while something is open that a revert would build upon.
pub(super) fn check_settled(log: &[Entry], speaker: &Speaker) -> Result<(), Error> {
    let mut open = Vec::new();
    for matter in unsettled(log) {
        match &matter {
            // The draft refuses a revert that lives and concludes one that does not.
            Matter::Revert(_) | Matter::MayExist { .. } => {}
            Matter::Run(intent) => {
                if let Life::Alive(who) = alive::of(intent, &speaker.actor) {
                    return Err(Error::RunUnderWay { intent: intent.revision, who });
                }
                open.push(matter.clause());
            }
            Matter::Lost { .. } | Matter::LeftState(_) => {
                open.push(matter.clause());
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Error::Unsettled(open)) }
}

/// What may have been made since `target` and is in no state: no plan can end it.
pub(super) fn not_undone(log: &[Entry], target: Revision) -> Vec<NotUndone> {
    let mut found = Vec::new();
    for matter in unsettled(log) {
        let Matter::MayExist { outcome, deeds } = matter else { continue };
        if outcome.revision <= target {
            continue;
        }
        found.extend(deeds.iter().map(|deed| NotUndone {
            address: deed.address.clone(),
            why: format!(
                "a {} that did not end well may have left an object; check by hand",
                deed.action
            ),
        }));
    }
    found
}
