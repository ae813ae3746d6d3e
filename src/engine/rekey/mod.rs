//! The place of each real object when the good configuration is to be applied again.
//!
//! The good state has an address for each of its objects; an apply that renamed, moved, re-counted
//! or forgot them has left the same objects elsewhere. Planned as it is, the current state would
//! have them destroyed and made anew. [`rekey`] recognises them by what they really are, and gives
//! each its placement in a state that fits the good configuration. Their addresses go back;
//! attributes, private data, schema versions and taints stay fresh.
//!
//! Objects that are not proved to be one are never matched; they stay where they are and are named.
//! Nothing here says what may be destroyed (`engine::hazard`), makes bytes of the result
//! (`codec::state::write`), or asks a person.

mod build;
mod dependents;
mod homes;
pub mod keep;
pub mod lift;
mod matching;
pub mod moved;
mod places;
pub mod two_steps;

use std::collections::BTreeSet;

use self::keep::ReleasedObject;
pub use self::places::Places;
use crate::knowledge::Knowledge;
use crate::model::address::{Address, ProviderAddress};
use crate::model::placement::{Placement, Slot};
use crate::model::state::{Instance, State};

/// Facts for re-keying a state.
#[derive(Clone, Copy)]
pub struct RekeyFacts<'f> {
    /// The state that was good.
    pub good: &'f State<'f>,
    /// The state as it is now.
    pub current: &'f State<'f>,
    /// Knowledge of providers.
    pub knowledge: &'f Knowledge,
    /// Whether an object of the good state that the current one does not have still exists, as a
    /// refresh of the good state says.
    pub alive: &'f dyn Fn(&Instance<'_>) -> Existence,
    /// Objects that the applies since then destroyed or imported.
    pub journal: &'f RekeyJournal,
    /// Which provider configurations lead to one place.
    pub places: &'f Places,
}

impl std::fmt::Debug for RekeyFacts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RekeyFacts").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// Whether an object exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// It was read.
    Alive,
    /// It was looked for and is not there.
    Gone,
    /// It was not looked for, or looking failed.
    Unknown,
}

/// An object as a journal names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedId {
    /// Its type.
    pub kind: String,
    /// Its `id`.
    pub id: String,
}

/// Objects that the applies since the good state destroyed or imported, from journals and plans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RekeyJournal {
    /// Objects that were destroyed.
    pub deleted: BTreeSet<NamedId>,
    /// Objects that were imported: they are older than Terraform's knowledge of them.
    pub imported: BTreeSet<NamedId>,
    /// Addresses, of instances or of blocks, into which something was imported.
    pub imported_at: BTreeSet<String>,
}

impl RekeyJournal {
    fn has_deleted(&self, instance: &Instance<'_>) -> bool {
        named(instance).is_some_and(|named| self.deleted.contains(&named))
    }

    fn has_imported(&self, instance: &Instance<'_>) -> bool {
        let is_there = || {
            let at = &self.imported_at;
            let address = &instance.address;
            at.contains(&address.to_string()) || at.contains(&address.block())
        };
        named(instance).is_some_and(|named| self.imported.contains(&named))
            || (instance.deposed.is_none() && !self.imported_at.is_empty() && is_there())
    }
}

fn named(instance: &Instance<'_>) -> Option<NamedId> {
    Some(NamedId { kind: instance.address.kind.clone(), id: instance.id.clone()? })
}

/// The place of each object, and the changes that a person is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rekeying {
    /// Every object of the result, data sources too, in Terraform's order.
    pub placements: Vec<Placement>,
    /// Objects that go back to the address at which the good state has them.
    pub moves: Vec<Move>,
    /// Left-overs of replacements that are the objects that the good state wants.
    pub swapped: Vec<Move>,
    /// Objects that stand where another one belongs and stay as left-overs. Any plan destroys these
    /// whatever `prevent_destroy` says.
    pub displaced: Vec<Displaced>,
    /// Objects that exist and that the current state has forgotten: put back as the good one has
    /// them.
    pub spliced: Vec<Address>,
    /// Values that exist in the state alone: put back as the good one has them.
    pub restored: Vec<Address>,
    /// Imported objects that the good state does not have: left out, and not destroyed.
    pub forgotten: Vec<Slot>,
    /// Objects that the good state does not have and that one which stays still refers to. They are
    /// marked, so that Terraform destroys them after it has changed that one.
    pub marked: Vec<Marked>,
    /// Objects that the good state does not have and that are wanted: left out, and not destroyed.
    pub kept: Vec<ReleasedObject>,
    /// Objects that the good state does not have and that a plan would only forget: they can be
    /// destroyed now.
    pub lifted: Vec<Slot>,
    /// Objects that the good state does not have, left-overs too.
    pub extras: Vec<Slot>,
    /// Other objects than the good ones at addresses of the good state.
    pub replaced: Vec<Address>,
    /// Objects of the good state that are not there any more.
    pub gone: Vec<GoneObject>,
    /// Objects that stay and are tainted now, and were not in the good state.
    pub tainted: Vec<Address>,
    /// Objects that may be the same and are not proved to be: left where they are.
    pub ambiguous: Vec<Ambiguous>,
    /// Objects that have to be destroyed with the failed configuration before the rest is done.
    pub two_steps: Vec<TwoSteps>,
}

impl Rekeying {
    /// Whether the current state fits as it is.
    pub fn is_identity(&self) -> bool {
        self.is_moves_alone() && self.moves.is_empty()
    }

    /// Whether nothing is done but to give objects another address.
    pub fn is_moves_alone(&self) -> bool {
        self.swapped.is_empty()
            && self.displaced.is_empty()
            && self.spliced.is_empty()
            && self.restored.is_empty()
            && self.forgotten.is_empty()
            && self.kept.is_empty()
            && self.lifted.is_empty()
            && self.marked.is_empty()
    }
}

/// An object that goes to where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Slot in the current state.
    pub from: Slot,
    /// Address in the good state.
    pub to: Address,
}

/// An object that makes room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    /// Its address.
    pub address: Address,
    /// The key that it gets there as a left-over.
    pub key: String,
}

/// An extra that is destroyed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Its address.
    pub address: Address,
    /// The first of those that refer to it.
    pub referred_by: Address,
}

/// A good object without a successor in the current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneObject {
    /// Its address in the good state.
    pub address: Address,
    /// How that is known.
    pub certainty: Certainty,
}

/// How it is known that an object is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// A journal or a refresh says so, or there never was anything behind it.
    Known,
    /// The current state does not have it, and nothing tells whether it exists.
    Unknown,
}

/// Objects of which it cannot be told which is which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// Why.
    pub why: Doubt,
    /// Their addresses in the good state.
    pub good: Vec<Address>,
    /// Their slots in the current state.
    pub current: Vec<Slot>,
}

/// Why objects are not matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The name of an object occurs more than once.
    Twice,
    /// The names are the same, and nothing proves that they are of one place.
    Place,
}

/// An object that one plan cannot end in the right order, or in the right place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoSteps {
    /// Its slot in the result.
    pub slot: Slot,
    /// Why.
    pub why: RekeyObstacle,
}

/// Why one plan cannot do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RekeyObstacle {
    /// It has to be destroyed after the objects that refer to it are changed. That change would
    /// wait for the replacement of an object that it refers to, which waits for its end. It is not
    /// marked.
    Cycle {
        /// The replaced object.
        through: Address,
    },
    /// The objects of its block go back to another provider configuration, which leads elsewhere,
    /// and a state has only one for each block. Such a result must not be stored: it would say that
    /// this object belongs there.
    Provider {
        /// The one that it belongs to.
        own: ProviderAddress,
    },
}

/// Decides where each object belongs.
pub fn rekey(facts: &RekeyFacts<'_>) -> Rekeying {
    let matched = matching::matched(facts);
    let homes = homes::Homes::decide(facts, &matched);
    build::built(facts, &matched, &homes)
}

#[cfg(test)]
mod tests;
