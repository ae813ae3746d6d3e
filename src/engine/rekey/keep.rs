//! Objects made since and wanted all the same: left out of the state, and so not destroyed.
//!
//! Such an object exists on its own afterwards. No plan knows of it until it is imported, which is
//! why its id is told. Whether it is wanted is not decided here.

use std::collections::BTreeSet;

use super::Rekeying;
use super::matching::slot;
use crate::model::address::Address;
use crate::model::placement::{Slot, TakenFrom};
use crate::model::state::State;

/// An object that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedObject {
    /// Slot in the current state.
    pub from: Slot,
    /// Its `id`, if it has one.
    pub id: Option<String>,
}

impl Rekeying {
    /// The same, without those extras that are wanted.
    #[must_use]
    pub fn keeping(mut self, current: &State<'_>, is_wanted: impl Fn(&Address) -> bool) -> Self {
        let extras: BTreeSet<Slot> = self.extras.iter().cloned().collect();
        let mut kept = BTreeSet::new();
        for placement in &self.placements {
            let TakenFrom::Current(position) = placement.taken else { continue };
            let Some(object) = current.instances.get(position) else { continue };
            let from = slot(object);
            if extras.contains(&placement.slot) && is_wanted(&from.address) {
                kept.insert(placement.slot.clone());
                self.kept
                    .push(ReleasedObject { from, id: object.id.as_deref().map(str::to_owned) });
            }
        }
        let is_kept = |address: &Address, deposed: Option<&String>| {
            kept.contains(&Slot { address: address.clone(), deposed: deposed.cloned() })
        };
        self.placements.retain(|placement| !kept.contains(&placement.slot));
        self.extras.retain(|slot| !kept.contains(slot));
        self.two_steps.retain(|step| !kept.contains(&step.slot));
        self.marked.retain(|marked| !is_kept(&marked.address, None));
        self.displaced.retain(|one| !is_kept(&one.address, Some(&one.key)));
        self
    }
}
