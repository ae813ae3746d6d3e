//! Objects that one plan of the good configuration cannot end rightly: the failed configuration
//! ends them first.
//!
//! The good configuration lacks the provider configuration of such an object. Or it has that with
//! other arguments, and would look for the object in another place. Or it lacks the provisioner
//! that is to run when the object goes. Configurations are not read here. `engine::hazard` says
//! whether the objects may be destroyed.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::slot;
use super::{Places, RekeyObstacle, Rekeying};
use crate::model::address::{Address, ProviderAddress};
use crate::model::placement::{Placement, Slot, TakenFrom};
use crate::model::state::State;

/// Parts of the failed configuration that the good one does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lacking {
    /// Provider configurations, as the current state names them.
    pub providers: BTreeSet<ProviderAddress>,
    /// Blocks, by address without keys, that run something when an object of theirs is destroyed.
    pub provisioned: BTreeSet<String>,
}

/// An object that is destroyed with the failed configuration, before the rest is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestroyedFirst {
    /// Slot in the current state.
    pub from: Slot,
    /// Slot in the re-keyed state.
    pub slot: Slot,
    /// Why.
    pub why: WhyFirst,
}

/// Why an object goes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyFirst {
    /// The good configuration has no such provider configuration.
    ProviderGone(ProviderAddress),
    /// The good configuration has it with other arguments.
    ProviderChanged(ProviderAddress),
    /// The objects of its block go back to another one, and a state has one for each block.
    ProviderLeft(ProviderAddress),
    /// The failed configuration runs something when it is destroyed, and the good one does not.
    Provisioner,
}

impl WhyFirst {
    /// The provider configuration that it belongs to, where that is the reason.
    pub fn provider(&self) -> Option<&ProviderAddress> {
        match self {
            Self::ProviderGone(own) | Self::ProviderChanged(own) | Self::ProviderLeft(own) => {
                Some(own)
            }
            Self::Provisioner => None,
        }
    }

    /// Its meaning, in a clause.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::ProviderGone(_) => "the good configuration does not have its provider",
            Self::ProviderChanged(_) => {
                "the good configuration has other arguments for its provider"
            }
            Self::ProviderLeft(_) => "its block goes back to another provider",
            Self::Provisioner => "it runs a provisioner when it is destroyed",
        }
    }
}

/// The objects that have to go first, in the order of the result.
pub fn destroyed_first(
    rekeying: &Rekeying,
    current: &State<'_>,
    places: &Places,
    lacking: &Lacking,
) -> Vec<DestroyedFirst> {
    let judge = StepJudge::of(rekeying, places, lacking);
    let of = |placement: &Placement| {
        let TakenFrom::Current(position) = placement.taken else { return None };
        let object = current.instances.get(position)?;
        let from = slot(object);
        let why = judge.why(&placement.slot, &from, &object.provider)?;
        Some(DestroyedFirst { from, slot: placement.slot.clone(), why })
    };
    rekeying.placements.iter().filter_map(of).collect()
}

struct StepJudge<'r> {
    extras: BTreeSet<&'r Slot>,
    replaced: BTreeSet<&'r Address>,
    left: BTreeMap<&'r Slot, &'r ProviderAddress>,
    places: &'r Places,
    lacking: &'r Lacking,
}

impl<'r> StepJudge<'r> {
    fn of(rekeying: &'r Rekeying, places: &'r Places, lacking: &'r Lacking) -> Self {
        let left = rekeying.two_steps.iter().filter_map(|step| match &step.why {
            RekeyObstacle::Provider { own } => Some((&step.slot, own)),
            // Destroyed before what refers to it is changed: that is all that can be done.
            RekeyObstacle::Cycle { .. } => None,
        });
        Self {
            extras: rekeying.extras.iter().collect(),
            replaced: rekeying.replaced.iter().collect(),
            left: left.collect(),
            places,
            lacking,
        }
    }

    fn why(&self, slot: &Slot, from: &Slot, own: &ProviderAddress) -> Option<WhyFirst> {
        let is_extra = self.extras.contains(slot);
        let is_replaced = slot.deposed.is_none() && self.replaced.contains(&slot.address);
        if let Some(own) = self.left.get(slot) {
            Some(WhyFirst::ProviderLeft((*own).clone()))
        } else if is_extra && self.lacking.providers.contains(own) {
            Some(WhyFirst::ProviderGone(own.clone()))
        } else if (is_extra || is_replaced) && self.places.is_changed(own) {
            Some(WhyFirst::ProviderChanged(own.clone()))
        } else if is_extra
            && from.deposed.is_none()
            && self.lacking.provisioned.contains(&from.address.block())
        {
            Some(WhyFirst::Provisioner)
        } else {
            None
        }
    }
}
