//! The placements: each object with its slot, its provider configuration and what it was made from.
//!
//! `homes` has decided the place of each object. An object that is to be left as it is gets a
//! placement that changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::dependents::{KnownObjects, More, MovedAddresses, Placed, Renames, marks};
use super::homes::{Homes, Role, keys};
use super::matching::{Matched, slot};
use super::places::is_named_alike;
use super::{Displaced, Move, RekeyFacts, RekeyObstacle, Rekeying, TwoSteps};
use crate::engine::identity::Leads;
use crate::model::address::{Address, Mode, ProviderAddress};
use crate::model::digest::Digest;
use crate::model::placement::{Lifted, Placement, Slot, TakenFrom};
use crate::model::state::{Instance, Status};

/// Puts the placements together.
pub(super) fn built(facts: &RekeyFacts<'_>, matched: &Matched, homes: &Homes<'_>) -> Rekeying {
    let instances = facts.current.instances.iter().enumerate();
    let known: Vec<KnownObjects<'_>> = instances
        .map(|(position, instance)| (instance, homes.role(facts, matched, position, instance)))
        .collect();
    let renames = Renames::of(facts, &known);
    let placed: Vec<Placed<'_>> = known
        .into_iter()
        .map(|(instance, role)| {
            let more = more(facts, instance, role);
            (instance, role, renames.dependencies(instance, more))
        })
        .collect();
    let put_back = homes.spliced.iter().chain(&homes.restored);
    let put_back: Vec<Placed<'_>> = put_back
        .filter_map(|at| Some((facts.good.instances.get(*at)?, Role::Wanted(*at), None)))
        .collect();
    let marks = marks(facts, &placed, &put_back, |address| homes.position(address));
    let address = |position: &usize| {
        facts.good.instances.get(*position).map(|instance| instance.address.clone())
    };
    let mut builder = Builder {
        facts,
        marked: marks.marked.iter().map(|marked| marked.address.clone()).collect(),
        keys: None,
        decided: Vec::with_capacity(placed.len()),
        result: Rekeying {
            spliced: homes.spliced.iter().filter_map(address).collect(),
            restored: homes.restored.iter().filter_map(address).collect(),
            gone: homes.gone.clone(),
            ambiguous: matched.ambiguous.clone(),
            two_steps: marks.two_steps,
            marked: marks.marked,
            ..Rekeying::default()
        },
    };
    for (position, (instance, role, dependencies)) in placed.into_iter().enumerate() {
        builder.place((position, dependencies), instance, role);
    }
    for position in homes.spliced.iter().chain(&homes.restored) {
        builder.put_back(*position);
    }
    builder.finish()
}

/// The good state's version of an object that it wants.
fn more<'f>(facts: &RekeyFacts<'f>, instance: &Instance<'_>, role: Role) -> Option<More<'f>> {
    let Role::Wanted(good) = role else {
        return None;
    };
    let good = facts.good.instances.get(good)?;
    let stays = instance.deposed.is_none() && instance.address == good.address;
    Some(More { good, is_moved: if stays { MovedAddresses::No } else { MovedAddresses::Yes } })
}

/// An object's position in the current state, and its dependencies where these change.
type Taking = (usize, Option<Vec<String>>);

/// Origin of the provider configuration of a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlacementOrigin {
    /// The object went back to its good address: the good configuration counts for its block.
    Returned,
    /// It stays where it is, and is the object that the good state has there.
    AtHome,
    /// Nothing is known that would give it another one than its own.
    Foreign,
}

struct Builder<'b, 'f> {
    facts: &'b RekeyFacts<'f>,
    marked: BTreeSet<Address>,
    keys: Option<BTreeSet<(Address, String)>>,
    decided: Vec<(Placement, PlacementOrigin)>,
    result: Rekeying,
}

impl Builder<'_, '_> {
    fn place(&mut self, taking: Taking, instance: &Instance<'_>, role: Role) {
        let slot = slot(instance);
        match role {
            Role::Outdated => {}
            Role::Imported => self.result.forgotten.push(slot),
            Role::Wanted(good) => self.bring_home(taking, instance, good),
            Role::Stays => self.keep(taking, instance, slot),
            Role::Successor => {
                self.result.replaced.push(slot.address.clone());
                self.keep(taking, instance, slot);
            }
            Role::Extra => {
                self.result.extras.push(slot.clone());
                self.keep(taking, instance, slot);
            }
            Role::Displaced => {
                let address = slot.address;
                let key = self.fresh_key(&address);
                self.result
                    .displaced
                    .push(Displaced { address: address.clone(), key: key.clone() });
                let slot = Slot { address, deposed: Some(key) };
                self.result.extras.push(slot.clone());
                self.keep(taking, instance, slot);
            }
        }
    }

    /// Leaves an object at `slot`, marked if it is to be destroyed last.
    fn keep(&mut self, (position, dependencies): Taking, instance: &Instance<'_>, slot: Slot) {
        let is_marked = slot.deposed.is_none() && self.marked.contains(&slot.address);
        let placement = Placement {
            taken: TakenFrom::Current(position),
            slot,
            provider: instance.provider.clone(),
            dependencies,
            create_before_destroy: is_marked.then_some(true),
            lifted: Lifted::No,
        };
        self.decided.push((placement, PlacementOrigin::Foreign));
    }

    fn bring_home(
        &mut self,
        (position, dependencies): Taking,
        instance: &Instance<'_>,
        good: usize,
    ) {
        let Some(home) = self.facts.good.instances.get(good) else {
            return;
        };
        let from = slot(instance);
        let to = Slot { address: home.address.clone(), deposed: None };
        if instance.status == Status::Tainted && home.status == Status::Ready {
            self.result.tainted.push(to.address.clone());
        }
        let mut placement = Placement {
            taken: TakenFrom::Current(position),
            slot: to.clone(),
            provider: instance.provider.clone(),
            dependencies,
            create_before_destroy: None,
            lifted: Lifted::No,
        };
        if from == to {
            self.decided.push((placement, PlacementOrigin::AtHome));
            return;
        }
        placement.provider = of_good(&home.provider, &instance.provider);
        let is_other = home.create_before_destroy != instance.create_before_destroy;
        placement.create_before_destroy = is_other.then_some(home.create_before_destroy);
        let is_left_over = from.deposed.is_some();
        let steps = if is_left_over { &mut self.result.swapped } else { &mut self.result.moves };
        steps.push(Move { from, to: to.address });
        self.decided.push((placement, PlacementOrigin::Returned));
    }

    fn put_back(&mut self, position: usize) {
        let Some(good) = self.facts.good.instances.get(position) else {
            return;
        };
        let placement = Placement {
            taken: TakenFrom::Good(position),
            slot: slot(good),
            provider: good.provider.clone(),
            dependencies: None,
            create_before_destroy: None,
            lifted: Lifted::No,
        };
        self.decided.push((placement, PlacementOrigin::Returned));
    }

    /// A key that no left-over has there. The same question has the same answer, so that a preview
    /// shows what is done.
    fn fresh_key(&mut self, address: &Address) -> String {
        let facts = self.facts;
        let keys = self.keys.get_or_insert_with(|| keys(facts));
        let shown = address.to_string();
        let mut number = 0_u64;
        loop {
            let digest = Digest::of(format!("{shown} {number}").as_bytes()).to_string();
            let key: String = digest.chars().take(8).collect();
            if keys.insert((address.clone(), key.clone())) {
                return key;
            }
            number += 1;
        }
    }

    fn finish(mut self) -> Rekeying {
        let mut decided: Vec<((String, Address), (Placement, PlacementOrigin))> = self
            .decided
            .into_iter()
            .map(|placed| {
                let address = &placed.0.slot.address;
                ((address.module_path(), address.clone()), placed)
            })
            .collect();
        decided.sort_by(|((a_module, a), (a_placed, _)), ((b_module, b), (b_placed, _))| {
            // Terraform orders by the text of modes: `data` comes first.
            let is_managed = |address: &Address| address.mode == Mode::Managed;
            (a_module, is_managed(a), &a.kind, &a.name, &a.key, &a_placed.slot.deposed).cmp(&(
                b_module,
                is_managed(b),
                &b.kind,
                &b.name,
                &b.key,
                &b_placed.slot.deposed,
            ))
        });
        let mut decided: Vec<(Placement, PlacementOrigin)> =
            decided.into_iter().map(|(_, placed)| placed).collect();
        for block in decided.chunk_by_mut(|(a, _), (b, _)| is_one_resource(a, b)) {
            self.result.two_steps.extend(one_provider(self.facts, block));
        }
        self.result.placements = decided.into_iter().map(|(placement, _)| placement).collect();
        self.result
    }
}

/// The good provider configuration, in the words of the registry that the current state uses.
fn of_good(good: &ProviderAddress, current: &ProviderAddress) -> ProviderAddress {
    if is_named_alike(good, current) {
        return current.clone();
    }
    let is_one_source = good.source.canonical() == current.source.canonical();
    let source = if is_one_source { current.source.clone() } else { good.source.clone() };
    ProviderAddress { source, ..good.clone() }
}

fn is_one_resource(a: &Placement, b: &Placement) -> bool {
    let (a, b) = (&a.slot.address, &b.slot.address);
    a.kind == b.kind && a.name == b.name && a.mode == b.mode && a.module == b.module
}

/// Gives all objects of a resource the provider configuration of those that came back, since a
/// state has one for each resource. Returns the others whose own may lead elsewhere: they cannot be
/// ended there.
fn one_provider(
    facts: &RekeyFacts<'_>,
    block: &mut [(Placement, PlacementOrigin)],
) -> Vec<TwoSteps> {
    let returned = block.iter().find(|(_, origin)| *origin == PlacementOrigin::Returned);
    let Some(wanted) = returned.map(|(placement, _)| placement.provider.clone()) else {
        return Vec::new();
    };
    let mut elsewhere = BTreeMap::new();
    for (placement, origin) in block {
        // One with a key is an instance's own.
        let has_own = placement.provider.key.is_some() || wanted.key.is_some();
        if has_own || placement.provider == wanted {
            continue;
        }
        let own = std::mem::replace(&mut placement.provider, wanted.clone());
        let leads = facts.places.leads(&wanted, &own);
        if *origin == PlacementOrigin::Foreign && leads == Leads::Perhaps {
            elsewhere.insert(placement.slot.clone(), own);
        }
    }
    elsewhere
        .into_iter()
        .map(|(slot, own)| TwoSteps { slot, why: RekeyObstacle::Provider { own } })
        .collect()
}
