//! Objects of the present state that a plan's refresh did not find.
//!
//! Terraform shows no action for such an object and drops it from the state when the plan is applied.
//! It can be gone, and it can live where this plan does not look. So each is told with its id and its
//! origin, and asked about unless the plan puts the good object back (then that is older drift).

use std::collections::BTreeSet;

use super::{RevertFacts, RevertSlot, by_slot, gone, origin_since, shown_slot};
use crate::engine::identity::{Identity, Index, Sameness};
use crate::engine::judgement::Origin;
use crate::engine::origin::destroyed;
use crate::engine::redact::Redactor;
use crate::model::address::{Address, ProviderAddress};
use crate::model::entry::Revision;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::placement::Slot;
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::value::Value;

/// An object that the refresh did not find; safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfoundObject {
    /// Its address; a left-over carries its key.
    pub address: String,
    /// Its real id, unless that is secret or there is none.
    pub id: Option<String>,
    /// The origin of it.
    pub origin: Origin,
    /// The beginning of the command whose journal says that it destroyed the object.
    pub destroyed: Option<Revision>,
    /// The object's successor at its address.
    pub sequel: Sequel,
    /// Its provider configuration, if no object of that was found.
    pub place: Option<String>,
}

/// The effect of an apply at the address of an object that was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequel {
    /// The state forgets it, and nothing else happens.
    Forgotten,
    /// Another object is made there.
    MadeAnew,
}

impl UnfoundObject {
    /// The origin of it, in a clause.
    pub fn history(&self, good: Revision) -> String {
        if let Some(begun) = self.destroyed {
            return format!(
                "destroyed by what began as {begun}; the state was not written any more"
            );
        }
        match self.origin {
            Origin::Good => format!("in {good}"),
            Origin::MadeSince { revision, .. } => format!("made after {revision}; not in {good}"),
            Origin::Imported => format!("imported since {good}"),
            Origin::Unknown => format!("not in {good}; no record says who made it"),
        }
    }

    /// The reason not to go on, if there is one.
    pub fn hazard(&self, good: Revision) -> Option<Hazard> {
        let is_known = match self.origin {
            // Made anew, it is older drift already.
            Origin::Good => self.sequel == Sequel::MadeAnew,
            Origin::MadeSince { .. } | Origin::Imported | Origin::Unknown => {
                self.destroyed.is_some() && self.place.is_none()
            }
        };
        if is_known {
            return None;
        }
        let id = self.id.as_ref().map_or_else(String::new, |id| format!(", id {id}"));
        let place = self
            .place
            .as_ref()
            .map_or_else(String::new, |provider| format!("; {}", looks_wrong(provider)));
        let why = format!(
            "{}{id}; the refresh did not find it: it is gone, or lives where this plan does not \
             look{place}. Allowed, it leaves the state and is not destroyed",
            self.history(good)
        );
        Some(Hazard { kind: HazardKind::NotFound, subject: self.address.clone(), why })
    }
}

/// The sentence for a provider configuration of which nothing was found.
pub fn looks_wrong(provider: &str) -> String {
    format!(
        "of all that the state has of {provider} nothing was found: this looks like the wrong place \
         (address, region, account)"
    )
}

/// The objects of the state that a plan of all of it found nowhere.
pub fn unfound(facts: &RevertFacts<'_>) -> Vec<Slot> {
    let found: BTreeSet<RevertSlot<'_>> = facts
        .plan
        .changes
        .iter()
        .filter(|change| change.before != Value::Null)
        .map(stood)
        .collect();
    let slot = |(address, deposed): RevertSlot<'_>| Slot {
        address: address.clone(),
        deposed: deposed.map(str::to_owned),
    };
    let current = by_slot(facts.current);
    current.into_keys().filter(|slot| !found.contains(slot)).map(slot).collect()
}

/// Those of `unfound` that a plan of a part drops too; it looks only for what it was told to.
pub fn dropped_by(part: &Plan, unfound: &[Slot], is_wanted: impl Fn(&Slot) -> bool) -> Vec<Slot> {
    let dropped: BTreeSet<RevertSlot<'_>> = gone(part).map(stood).collect();
    let is_dropped = |slot: &&Slot| match &slot.deposed {
        None => dropped.contains(&(&slot.address, None)),
        // Terraform tells no drift of a left-over.
        Some(_) => is_wanted(slot),
    };
    unfound.iter().filter(is_dropped).cloned().collect()
}

/// The place of a change's object in the state.
fn stood(change: &PlannedChange) -> RevertSlot<'_> {
    (change.previous_address.as_ref().unwrap_or(&change.address), change.deposed.as_deref())
}

/// Describes the objects that were not found.
pub fn not_found(
    facts: &RevertFacts<'_>,
    unfound: &[Slot],
    redactor: &Redactor,
) -> Vec<UnfoundObject> {
    let (good, current) = (by_slot(facts.good.state), by_slot(facts.current));
    let before = facts.before.map(|before| by_slot(before.state));
    let known = |slot: &Slot| current.get(&(&slot.address, slot.deposed.as_deref())).copied();
    let lost: BTreeSet<RevertSlot<'_>> =
        unfound.iter().map(|slot| (&slot.address, slot.deposed.as_deref())).collect();
    let found = current.iter().filter(|(slot, _)| !lost.contains(*slot));
    let providers: BTreeSet<&ProviderAddress> = found.map(|(_, object)| &object.provider).collect();
    let made = facts.plan.effective().filter(|change| change.action == Action::Create);
    let made: BTreeSet<&Address> = made.map(|change| &change.address).collect();
    // It may have another address by now than the good state has it at.
    let homes = Index::of(good.values().copied(), facts.knowledge);
    let of = |slot: &Slot| {
        let object = known(slot)?;
        let key = (&slot.address, slot.deposed.as_deref());
        let identity = Identity::of(object, facts.knowledge);
        let there = good.get(&key).copied().filter(|good| good.id == object.id);
        let home = homes.all(&identity, Sameness::Same).first().copied().or(there);
        let is_made_anew = home.is_some_and(|home| made.contains(&home.address))
            || slot.deposed.is_none() && made.contains(&slot.address);
        Some(UnfoundObject {
            address: redactor.text(&shown_slot(&slot.address, slot.deposed.as_deref())),
            id: redactor.id(object),
            origin: if home.is_some() {
                Origin::Good
            } else {
                origin_since(facts, before.as_ref(), key, Some(object))
            },
            destroyed: destroyed(facts.journals, object),
            sequel: if is_made_anew { Sequel::MadeAnew } else { Sequel::Forgotten },
            place: (!providers.contains(&object.provider)).then(|| object.provider.to_string()),
        })
    };
    unfound.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
