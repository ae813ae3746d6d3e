//! Looks into the other stacks of the store, before a revert makes or takes over an object that one of
//! them manages by now.
//!
//! Nothing is read unless the plan makes or takes over something. Of each other stack only the newest
//! state is read, and only as much as a big store allows; whatever was not looked at is said.

use super::PlanSubject;
use crate::codec::state::ReadState;
use crate::engine::elsewhere::{OtherStack, managed_by, wanted};
use crate::engine::rekey::Rekeying;
use crate::flow::ports::Ports;
use crate::flow::recorded::load_bytes;
use crate::model::entry::{Entry, Snapshot, StateRef};
use crate::model::hazard::Hazard;
use crate::model::plan::Plan;
use crate::model::stack::StackName;

/// How many other stacks are looked into.
const STACKS_MAX: usize = 200;

/// How many bytes of their states are read.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The findings in other stacks.
#[derive(Debug, Default)]
pub(super) struct OtherStacks {
    /// Objects that others manage.
    pub(super) hazards: Vec<Hazard>,
    /// Stacks that were not looked into, each with the reason.
    pub(super) not_seen: Vec<String>,
}

/// Looks for the objects that a plan makes or takes over.
pub(super) fn look(
    ports: &Ports<'_>,
    of: PlanSubject<'_>,
    plan: &Plan,
    rekeying: &Rekeying,
) -> OtherStacks {
    let facts = of.facts(plan);
    let wanted = wanted(&facts, rekeying);
    let mut found = OtherStacks::default();
    if wanted.is_empty() {
        return found;
    }
    let stacks = match ports.repository.stacks() {
        Ok(stacks) => stacks,
        Err(error) => {
            found.not_seen.push(format!("the other stacks of the store: {error}"));
            return found;
        }
    };
    let others: Vec<&StackName> = stacks.iter().filter(|name| **name != of.stack.name).collect();
    let mut left = BYTES_MAX;
    for name in others.iter().take(STACKS_MAX) {
        match newest_state(ports, of, name, &mut left) {
            Ok(None) => {}
            Ok(Some((entry, read))) => {
                let (revision, state) = (entry.revision, read.state());
                found.hazards.extend(managed_by(
                    &facts,
                    &wanted,
                    OtherStack { name, revision, state },
                ));
            }
            Err(why) => found.not_seen.push(format!("stack {name}: {why}")),
        }
    }
    if others.len() > STACKS_MAX {
        let more = others.len() - STACKS_MAX;
        found.not_seen.push(format!("{more} more stacks of the store"));
    }
    found
}

/// The newest state of another stack; none where it has none, or where it is the very same state.
fn newest_state(
    ports: &Ports<'_>,
    of: PlanSubject<'_>,
    name: &StackName,
    left: &mut u64,
) -> Result<Option<(Entry, ReadState)>, String> {
    let recent = ports.repository.recent(name).map_err(|error| error.to_string())?;
    // An imported one tells of the past.
    let is_present = |snapshot: &Snapshot| snapshot.past.is_none();
    let newest = recent.iter().find_map(|entry| {
        Some((entry, entry.recorded.body.snapshot().filter(|snapshot| is_present(snapshot))?))
    });
    let Some((entry, snapshot)) = newest else {
        return if recent.last().is_none_or(|oldest| oldest.revision.0 == 1) {
            Ok(None)
        } else {
            Err("no snapshot among its newest entries".to_owned())
        };
    };
    let Some(state) = &snapshot.state else { return Ok(None) };
    if is_own(of, snapshot, state) {
        return Ok(None);
    }
    *left = left.checked_sub(state.bytes).ok_or("its state is too large to be read here")?;
    let bytes = load_bytes(ports.repository, entry, state).map_err(|error| error.to_string())?;
    let read = ReadState::read(bytes).map_err(|unreadable| unreadable.error.to_string())?;
    Ok(Some((entry.clone(), read)))
}

/// Whether a state is the one that is reverted, under another name of the stack.
fn is_own(of: PlanSubject<'_>, snapshot: &Snapshot, state: &StateRef) -> bool {
    let own = &of.draft.snapshot;
    let is_same_place = snapshot.backend == own.backend && snapshot.workspace == own.workspace;
    let lineage = &of.draft.good.state.state().version.lineage;
    is_same_place && state.version.lineage == *lineage
}
