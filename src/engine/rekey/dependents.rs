//! Dependencies of objects under their new addresses, and the order of destroying that follows.
//!
//! Terraform destroys an object that is not declared before it changes those that refer to it, and
//! clouds refuse that. An object marked `create_before_destroy` in the state is destroyed
//! afterwards. Which objects are marked is decided here, and where the mark would make a cycle.
//!
//! Dependencies name blocks, never instances, so that a mark may be set in vain. That is harmless.

use std::collections::{BTreeMap, BTreeSet};

use super::homes::Role;
use super::{Marked, RekeyFacts, RekeyObstacle, TwoSteps, matching};
use crate::model::address::Address;
use crate::model::state::{Instance, Status};

/// An object of the current state with its role.
pub(super) type KnownObjects<'f> = (&'f Instance<'f>, Role);

/// The same with its dependencies, as the result names them; none where they are as they were.
pub(super) type Placed<'f> = (&'f Instance<'f>, Role, Option<Vec<String>>);

/// Dependencies of an object in the result.
fn needed<'p>((instance, _, changed): &'p Placed<'_>) -> Vec<&'p str> {
    match changed {
        Some(changed) => changed.iter().map(String::as_str).collect(),
        None => instance.dependencies.iter().map(AsRef::as_ref).collect(),
    }
}

/// Blocks to which each block's objects have gone, for blocks that have lost any.
#[derive(Debug, Default)]
pub(super) struct Renames(BTreeMap<String, BTreeSet<String>>);

impl Renames {
    /// Gathers them from each object's role and its good address.
    pub(super) fn of<'f>(facts: &RekeyFacts<'f>, known: &[KnownObjects<'f>]) -> Self {
        let mut renames: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let homes = |role: Role| match role {
            Role::Wanted(good) => facts.good.instances.get(good).map(|good| &good.address),
            Role::Outdated
            | Role::Imported
            | Role::Stays
            | Role::Successor
            | Role::Displaced
            | Role::Extra => None,
        };
        for (instance, role) in known {
            let Some(home) = homes(*role).filter(|home| !is_one_block(home, &instance.address))
            else {
                continue;
            };
            renames.entry(instance.address.block()).or_default().insert(home.block());
        }
        if renames.is_empty() {
            return Self::default();
        }
        for (instance, role) in known {
            let is_there = match role {
                Role::Wanted(_) => {
                    homes(*role).is_some_and(|home| is_one_block(home, &instance.address))
                }
                Role::Stays | Role::Successor | Role::Displaced | Role::Extra => true,
                Role::Outdated | Role::Imported => false,
            };
            if is_there && let Some(blocks) = renames.get_mut(&instance.address.block()) {
                blocks.insert(instance.address.block());
            }
        }
        Self(renames)
    }

    /// Dependencies of `instance`, as the result names them; none when they are as they were.
    /// `more` adds the good ones when the object moves or any of them is renamed.
    pub(super) fn dependencies(
        &self,
        instance: &Instance<'_>,
        more: Option<More<'_>>,
    ) -> Option<Vec<String>> {
        let before: BTreeSet<&str> = instance.dependencies.iter().map(AsRef::as_ref).collect();
        let mut after: BTreeSet<&str> = before
            .iter()
            .flat_map(|block| match self.0.get(*block) {
                Some(blocks) => blocks.iter().map(String::as_str).collect(),
                None => vec![*block],
            })
            .collect();
        if let Some(more) =
            more.filter(|more| more.is_moved == MovedAddresses::Yes || after != before)
        {
            after.extend(more.good.dependencies.iter().map(AsRef::as_ref));
        }
        (after != before).then(|| after.into_iter().map(str::to_owned).collect())
    }
}

/// The object as the good state has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct More<'s> {
    pub(super) good: &'s Instance<'s>,
    pub(super) is_moved: MovedAddresses,
}

/// Whether an object gets another slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MovedAddresses {
    Yes,
    No,
}

/// Whether two addresses are of one block, whatever their keys.
fn is_one_block(a: &Address, b: &Address) -> bool {
    let names = |address: &Address| -> Vec<String> {
        address.module.iter().map(|step| step.name.clone()).collect()
    };
    (a.mode, &a.kind, &a.name) == (b.mode, &b.kind, &b.name)
        && (a.module == b.module || names(a) == names(b))
}

/// Objects that are destroyed last, and those that cannot be.
#[derive(Debug, Default)]
pub(super) struct DependencyMarks {
    pub(super) marked: Vec<Marked>,
    pub(super) two_steps: Vec<TwoSteps>,
}

/// An object that stays, as the good configuration sees it.
struct Survivor<'p, 'f> {
    placed: &'p Placed<'f>,
    good: &'f Instance<'f>,
}

impl Survivor<'_, '_> {
    /// Whether the plan most likely ends it before it makes it anew.
    fn is_replaced(&self) -> bool {
        let (now, role, _) = self.placed;
        let is_other = *role == Role::Successor || now.status == Status::Tainted;
        is_other && !self.good.create_before_destroy
    }
}

/// Finds the extras to be marked: those that an object which stays, or is put back, refers to.
pub(super) fn marks<'f>(
    facts: &RekeyFacts<'f>,
    placed: &[Placed<'f>],
    put_back: &[Placed<'f>],
    position: impl Fn(&Address) -> Option<usize>,
) -> DependencyMarks {
    let mut extras: BTreeMap<String, Vec<&Placed<'f>>> = BTreeMap::new();
    for object in placed {
        if object.1 == Role::Extra && object.0.deposed.is_none() {
            extras.entry(object.0.address.block()).or_default().push(object);
        }
    }
    if extras.is_empty() {
        return DependencyMarks::default();
    }
    let survivors: Vec<Survivor<'_, 'f>> = placed
        .iter()
        .chain(put_back)
        .filter_map(|placed| {
            let (now, role, _) = placed;
            let at = match role {
                Role::Wanted(good) => Some(*good),
                Role::Successor => position(&now.address),
                Role::Outdated | Role::Imported | Role::Stays | Role::Displaced | Role::Extra => {
                    None
                }
            };
            Some(Survivor { placed, good: facts.good.instances.get(at?)? })
        })
        .collect();
    let mut referring: BTreeMap<&str, Vec<&Survivor<'_, 'f>>> = BTreeMap::new();
    for survivor in &survivors {
        for block in needed(survivor.placed) {
            if let Some((block, _)) = extras.get_key_value(block) {
                referring.entry(block).or_default().push(survivor);
            }
        }
    }
    let mut replaced: BTreeMap<String, Vec<&Address>> = BTreeMap::new();
    for survivor in survivors.iter().filter(|survivor| survivor.is_replaced()) {
        replaced.entry(survivor.good.address.block()).or_default().push(&survivor.good.address);
    }
    let mut marks = DependencyMarks::default();
    for (block, referring) in &referring {
        let mut referring = Referring::of(referring);
        for extra in extras.get(*block).into_iter().flatten() {
            marks.add(extra, &mut referring, &replaced);
        }
    }
    marks
}

/// The objects that refer to a block. Most refer to the same, so that each answer is kept.
struct Referring<'f> {
    first: Option<&'f Address>,
    addresses: BTreeSet<&'f Address>,
    needed: BTreeSet<&'f str>,
    through: BTreeMap<String, Option<Address>>,
}

impl<'f> Referring<'f> {
    fn of(survivors: &[&Survivor<'_, 'f>]) -> Self {
        let goods = || survivors.iter().map(|survivor| survivor.good);
        Self {
            first: goods().next().map(|good| &good.address),
            addresses: goods().map(|good| &good.address).collect(),
            needed: goods().flat_map(|good| &good.dependencies).map(AsRef::as_ref).collect(),
            through: BTreeMap::new(),
        }
    }

    /// The first of a block's replaced objects that is among these, or that one of these needs.
    fn through(&mut self, block: &str, replaced: &[&Address]) -> Option<Address> {
        if let Some(known) = self.through.get(block) {
            return known.clone();
        }
        let is_needed = self.needed.contains(block);
        let found = replaced.iter().find(|ended| is_needed || self.addresses.contains(*ended));
        let found = found.map(|ended| (*ended).clone());
        self.through.entry(block.to_owned()).or_insert(found).clone()
    }
}

impl DependencyMarks {
    fn add(
        &mut self,
        extra: &Placed<'_>,
        referring: &mut Referring<'_>,
        replaced: &BTreeMap<String, Vec<&Address>>,
    ) {
        // What refers to it waits for a replacement that waits for its end.
        let through = needed(extra)
            .into_iter()
            .find_map(|block| referring.through(block, replaced.get(block)?));
        let (extra, ..) = extra;
        if let Some(through) = through {
            let why = RekeyObstacle::Cycle { through };
            self.two_steps.push(TwoSteps { slot: matching::slot(extra), why });
        } else if !extra.create_before_destroy
            && let Some(first) = referring.first
        {
            let referred_by = first.clone();
            self.marked.push(Marked { address: extra.address.clone(), referred_by });
        }
    }
}
