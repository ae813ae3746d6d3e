//! The same re-keying as `moved` blocks of the good configuration, where those can say it.
//!
//! Blocks need no change of a state: Terraform itself moves the objects when the plan is applied.
//! But they can only move, and Terraform refuses one that moves from an address that is declared.
//! A whole module or resource is one block where all of it goes the same way.

use std::collections::{BTreeMap, BTreeSet};

use super::{Move, RekeyFacts, Rekeying};
use crate::model::address::{Address, Mode, ModuleStep};
use crate::model::placement::{Movable, MovedBlock, Placement};
use crate::model::state::State;

/// Declarations of the good configuration that stand against a block; addresses without keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeclaredBlocks {
    /// Its resources: `module.m.demo_file.a`.
    pub blocks: BTreeSet<String>,
    /// Resources and modules that its own `moved` blocks name: of two blocks about one address
    /// Terraform refuses both.
    pub moved: BTreeSet<String>,
}

/// The blocks that do what `rekeying` says; none when it does more than to move, or when Terraform
/// would refuse them.
pub fn moved_blocks(
    rekeying: &Rekeying,
    facts: &RekeyFacts<'_>,
    declared: &DeclaredBlocks,
) -> Option<Vec<MovedBlock>> {
    if !rekeying.is_moves_alone() || !rekeying.two_steps.is_empty() {
        return None;
    }
    let wholes = Wholes::of(rekeying, facts, declared);
    // What stays is told by the configuration what it was made from; what goes is not, and is ended
    // in the order that the state says.
    let loses_order = |placement: &Placement| {
        placement.dependencies.is_some() && !wholes.homes.contains(&placement.slot.address)
    };
    if rekeying.placements.iter().any(loses_order) {
        return None;
    }
    let mut blocks = BTreeSet::new();
    for step in &rekeying.moves {
        let block = wholes.block_of(step)?;
        let ends = [&block.from, &block.to].map(without_keys);
        let is_said = |end: &String| declared.moved.iter().any(|said| is_within(end, said));
        let says = |said: &String| ends.iter().any(|end| is_within(said, end));
        if ends.iter().any(is_said) || declared.moved.iter().any(says) {
            return None;
        }
        blocks.insert(block);
    }
    Some(blocks.into_iter().collect())
}

/// Whether an address is this one or lies in it.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn without_keys(movable: &Movable) -> String {
    match movable {
        Movable::Resource(address) => address.block(),
        Movable::Module(steps) => {
            let steps = steps.iter().map(|step| ModuleStep { key: None, ..step.clone() });
            Movable::Module(steps.collect()).to_string()
        }
    }
}

/// Modules and resources that could be moved as a whole: how many objects lie in each, and how many
/// of these go the same way.
#[derive(Default)]
struct Wholes<'d> {
    /// Resources that are declared and of which the good state has nothing.
    unknown: Vec<&'d String>,
    /// Number of managed objects that each holds in the current state.
    current: BTreeMap<Movable, usize>,
    /// Those in which the current state has anything. Terraform leaves off a move to there.
    occupied: BTreeSet<Movable>,
    /// Those in which the good state has anything managed.
    good: BTreeSet<Movable>,
    /// Number of moves that each block would make.
    moves: BTreeMap<MovedBlock, usize>,
    /// Addresses of the managed objects of the good state.
    homes: BTreeSet<&'d Address>,
}

impl<'d> Wholes<'d> {
    fn of(rekeying: &Rekeying, facts: &RekeyFacts<'d>, declared: &'d DeclaredBlocks) -> Self {
        let is_managed = |address: &&Address| address.mode == Mode::Managed;
        let mut wholes = Self::default();
        if rekeying.moves.is_empty() {
            return wholes;
        }
        let addresses =
            |state: &'d State<'d>| state.instances.iter().map(|instance| &instance.address);
        for address in addresses(facts.current) {
            wholes.occupied.extend(wholes_of(address));
            if is_managed(&address) {
                for whole in wholes_of(address) {
                    *wholes.current.entry(whole).or_default() += 1;
                }
            }
        }
        for address in addresses(facts.good).filter(is_managed) {
            wholes.good.extend(wholes_of(address));
            wholes.homes.insert(address);
        }
        let known: BTreeSet<String> = wholes.homes.iter().map(|address| address.block()).collect();
        wholes.unknown = declared.blocks.iter().filter(|block| !known.contains(*block)).collect();
        for step in &rekeying.moves {
            for block in candidates(step) {
                *wholes.moves.entry(block).or_default() += 1;
            }
        }
        wholes
    }

    /// The block that moves most besides this object; none when Terraform would refuse any.
    fn block_of(&self, step: &Move) -> Option<MovedBlock> {
        let whole = candidates(step).into_iter().find(|block| self.is_complete(block));
        whole.or_else(|| self.single(step))
    }

    /// Whether everything in it goes this way, and nothing there is declared.
    fn is_complete(&self, block: &MovedBlock) -> bool {
        let from = without_keys(&block.from);
        self.moves.get(block) == self.current.get(&block.from)
            && !self.good.contains(&block.from)
            && !self.occupied.contains(&block.to)
            && !self.unknown.iter().any(|declared| is_within(declared, &from))
    }

    /// The one object alone. Without keys on both sides it would be the whole resource.
    fn single(&self, step: &Move) -> Option<MovedBlock> {
        let (from, to) = (&step.from.address, &step.to);
        let is_whole = from.key.is_none() && to.key.is_none();
        let block = from.block();
        let is_declared = self.homes.contains(from) || self.unknown.contains(&&block);
        let stands_against = is_whole || is_declared;
        (!stands_against).then(|| MovedBlock {
            from: Movable::Resource(from.clone()),
            to: Movable::Resource(to.clone()),
        })
    }
}

fn without_key(address: &Address) -> Address {
    Address { key: None, ..address.clone() }
}

/// Modules and resource that an object lies in; each module with and without its key.
fn wholes_of(address: &Address) -> Vec<Movable> {
    let mut wholes = Vec::with_capacity(address.module.len() * 2 + 1);
    for end in 1..=address.module.len() {
        let steps = address.module.get(..end).unwrap_or_default().to_vec();
        if let Some(call) = call(&steps) {
            wholes.push(Movable::Module(call));
        }
        wholes.push(Movable::Module(steps));
    }
    wholes.push(Movable::Resource(without_key(address)));
    wholes
}

/// A module without the key at its end, if it has one.
fn call(steps: &[ModuleStep]) -> Option<Vec<ModuleStep>> {
    let (last, before) = steps.split_last()?;
    last.key.as_ref()?;
    let last = ModuleStep { key: None, ..last.clone() };
    Some(before.iter().cloned().chain([last]).collect())
}

/// The blocks that would move this object with others, those that move most first. The rest of the
/// address behind each is the same on both sides.
fn candidates(step: &Move) -> Vec<MovedBlock> {
    let (from, to) = (&step.from.address, &step.to);
    let mut blocks = Vec::new();
    let rest =
        |address: &Address| (address.kind.clone(), address.name.clone(), address.key.clone());
    if rest(from) == rest(to) && from.mode == to.mode {
        modules(&from.module, &to.module, &mut blocks);
    }
    if from.key == to.key {
        blocks.push(MovedBlock {
            from: Movable::Resource(without_key(from)),
            to: Movable::Resource(without_key(to)),
        });
    }
    blocks
}

fn modules(from: &[ModuleStep], to: &[ModuleStep], blocks: &mut Vec<MovedBlock>) {
    let mut same = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
    loop {
        let head = |steps: &[ModuleStep]| -> Option<Vec<ModuleStep>> {
            steps.get(..steps.len().checked_sub(same)?).map(<[_]>::to_vec)
        };
        // One side may end: into a module from the root, which no block can say for a whole.
        if let (Some(from), Some(to)) = (head(from), head(to))
            && let (Some(from_last), Some(to_last)) = (from.last(), to.last())
        {
            if from_last.key.is_some()
                && from_last.key == to_last.key
                && let (Some(from), Some(to)) = (call(&from), call(&to))
            {
                let [from, to] = [from, to].map(Movable::Module);
                blocks.push(MovedBlock { from, to });
            }
            let [from, to] = [from, to].map(Movable::Module);
            blocks.push(MovedBlock { from, to });
        }
        match same.checked_sub(1) {
            Some(fewer) => same = fewer,
            None => return,
        }
    }
}
