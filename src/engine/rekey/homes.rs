//! The object at each address of the good state, and the roles of the others in the current state.
//!
//! An object's place follows from its [`Role`]; nothing is placed here.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Matched, slot};
use super::{Certainty, Existence, GoneObject, RekeyFacts};
use crate::engine::revert::is_same;
use crate::knowledge::StateOnly;
use crate::model::address::{Address, Mode};
use crate::model::placement::TakenFrom;
use crate::model::state::Instance;

/// Role of an object of the current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that the good state has at this position.
    Wanted(usize),
    /// Not wanted in the result: its good value takes its place.
    Outdated,
    /// Imported since, and not to be managed.
    Imported,
    /// A data source, a left-over that was one already, or of doubtful identity: it stays.
    Stays,
    /// Another object at an address of the good state.
    Successor,
    /// The same, where the good one comes back.
    Displaced,
    /// Not in the good state.
    Extra,
}

/// The addresses of the good state, and the object that stands at each in the result.
#[derive(Debug, Default)]
pub(super) struct Homes<'f> {
    /// Each address of the good state, with its position there and its object in the result.
    at: BTreeMap<&'f Address, (usize, Option<TakenFrom>)>,
    /// The left-overs that the good state has.
    left_over: BTreeSet<(&'f Address, &'f str)>,
    /// Positions in the current state of objects that are no left-overs.
    standing: BTreeMap<&'f Address, usize>,
    pub(super) spliced: Vec<usize>,
    pub(super) restored: Vec<usize>,
    pub(super) gone: Vec<GoneObject>,
}

impl<'f> Homes<'f> {
    /// Decides for each address of the good state which object stands there.
    pub(super) fn decide(facts: &RekeyFacts<'f>, matched: &Matched) -> Self {
        let standing = facts.current.instances.iter().enumerate();
        let standing = standing.filter(|(_, instance)| instance.deposed.is_none());
        let mut homes = Self {
            standing: standing.map(|(position, current)| (&current.address, position)).collect(),
            ..Self::default()
        };
        for (position, instance) in facts.good.instances.iter().enumerate() {
            if instance.address.mode != Mode::Managed {
                continue;
            }
            if let Some(key) = instance.deposed.as_deref() {
                homes.left_over.insert((&instance.address, key));
                continue;
            }
            let taken = homes.resident(facts, matched, position, instance);
            homes.at.insert(&instance.address, (position, taken));
        }
        homes
    }

    fn resident(
        &mut self,
        facts: &RekeyFacts<'f>,
        matched: &Matched,
        position: usize,
        good: &Instance<'f>,
    ) -> Option<TakenFrom> {
        let (source, kind) = (&good.provider.source, &good.address.kind);
        let state_only = facts.knowledge.state_only(source, kind);
        let partner = matched.current_of.get(&position).copied();
        match (partner, state_only) {
            (_, Some(StateOnly::Restore)) => Some(self.value(facts, matched, position, good)),
            (Some(at), Some(StateOnly::RunAgain) | None) => Some(TakenFrom::Current(at)),
            (None, _) if matched.doubtful_good.contains(&position) => None,
            (None, Some(StateOnly::RunAgain)) => self.is_gone(good, Certainty::Known),
            (None, None) if facts.journal.has_deleted(good) => self.is_gone(good, Certainty::Known),
            (None, None) => match (facts.alive)(good) {
                Existence::Alive => {
                    self.spliced.push(position);
                    Some(TakenFrom::Good(position))
                }
                Existence::Gone => self.is_gone(good, Certainty::Known),
                Existence::Unknown => self.is_gone(good, Certainty::Unknown),
            },
        }
    }

    /// A value of the state alone: the good one, unless the current state has the very same.
    fn value(
        &mut self,
        facts: &RekeyFacts<'f>,
        matched: &Matched,
        position: usize,
        good: &Instance<'f>,
    ) -> TakenFrom {
        let free = self.standing.get(&good.address).copied();
        let free = free.filter(|at| !matched.good_of.contains_key(at));
        let at = matched.current_of.get(&position).copied().or(free);
        let is_it = |at: &usize| facts.current.instances.get(*at).is_some_and(|c| is_same(good, c));
        if let Some(at) = at.filter(is_it) {
            return TakenFrom::Current(at);
        }
        self.restored.push(position);
        TakenFrom::Good(position)
    }

    fn is_gone(&mut self, good: &Instance<'_>, certainty: Certainty) -> Option<TakenFrom> {
        self.gone.push(GoneObject { address: good.address.clone(), certainty });
        None
    }

    /// The position in the good state of the object at this address.
    pub(super) fn position(&self, address: &Address) -> Option<usize> {
        self.at.get(address).map(|(position, _)| *position)
    }

    /// Role of the object at this position of the current state.
    pub(super) fn role(
        &self,
        facts: &RekeyFacts<'_>,
        matched: &Matched,
        position: usize,
        instance: &Instance<'_>,
    ) -> Role {
        if instance.address.mode == Mode::Data {
            return Role::Stays;
        }
        if let Some(good) = matched.good_of.get(&position) {
            let home = facts.good.instances.get(*good).map(|good| &good.address);
            let taken = home.and_then(|home| self.at.get(home)).and_then(|(_, taken)| *taken);
            let is_taken = taken == Some(TakenFrom::Current(position));
            return if is_taken { Role::Wanted(*good) } else { Role::Outdated };
        }
        let here = self.at.get(&instance.address).copied();
        let is_doubtful = matched.doubtful_current.contains(&position);
        if let Some(key) = instance.deposed.as_deref() {
            let is_known = self.left_over.contains(&(&instance.address, key));
            return match () {
                () if is_doubtful || is_known => Role::Stays,
                () if facts.journal.has_imported(instance) => Role::Imported,
                () => Role::Extra,
            };
        }
        match here {
            Some((good, Some(TakenFrom::Current(taken)))) if taken == position => {
                Role::Wanted(good)
            }
            Some((good, Some(TakenFrom::Good(taken))))
                if good == taken && is_value(facts, good) =>
            {
                Role::Outdated
            }
            _ if !is_doubtful && facts.journal.has_imported(instance) => Role::Imported,
            Some((_, Some(_))) => Role::Displaced,
            _ if is_doubtful => Role::Stays,
            Some((_, None)) => Role::Successor,
            None => Role::Extra,
        }
    }
}

/// Whether the good object at this position is a value that is put back.
fn is_value(facts: &RekeyFacts<'_>, position: usize) -> bool {
    let is_restored = |good: &Instance<'_>| {
        let (source, kind) = (&good.provider.source, &good.address.kind);
        facts.knowledge.state_only(source, kind) == Some(StateOnly::Restore)
    };
    facts.good.instances.get(position).is_some_and(is_restored)
}

/// Addresses and keys of the left-overs of both states, so that a new key differs from them all.
pub(super) fn keys(facts: &RekeyFacts<'_>) -> BTreeSet<(Address, String)> {
    let slots = facts.current.instances.iter().chain(&facts.good.instances).map(slot);
    slots.filter_map(|slot| Some((slot.address, slot.deposed?))).collect()
}
