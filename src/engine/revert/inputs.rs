//! Data sources that say something else than in the good snapshot, and what takes values from them.
//!
//! The good state tells what a data source said, the plan what it says today. Whether an attribute
//! depends on it is followed through the configuration's references, across modules and through
//! other objects. If Terraform does not tell, for instance through a local, the answer is "unsure"
//! and never "no". Values are compared here and leave only as addresses and paths.

use std::collections::{BTreeMap, BTreeSet};

use super::RevertFacts;
use super::say::listed;
use crate::codec::json;
use crate::engine::compare::{Difference, differences, is_equal, without_types};
use crate::model::address::{Address, InstanceKey, Mode, ModuleStep};
use crate::model::plan::Action;
use crate::model::references::{Reference, ReferenceSubject, ReferencedBlock, ReferencedModule};
use crate::model::value::{Path, Step, Value};

/// The data sources of a plan, compared with the good snapshot.
pub(super) struct MovedInputs<'a> {
    references: &'a ReferencedModule,
    moved: Vec<MovedInput<'a>>,
    /// Those that cannot be compared: read during the apply only, or on one side only.
    unread: Vec<&'a Address>,
}

/// A data source that says something else today.
struct MovedInput<'a> {
    address: &'a Address,
    differences: Vec<Difference>,
}

/// Moved data sources that an expression can have taken its value from.
#[derive(Default)]
pub(super) struct Reach {
    moved: BTreeSet<usize>,
    is_unsure: bool,
}

/// Source of a value that is not the good one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MovedSource {
    /// From these data sources, in a clause without values.
    Moved(String),
    /// Perhaps from one that moved.
    Unsure,
    /// From none that moved.
    Elsewhere,
}

/// Whether an instance comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is made.
    Comes,
    /// It is ended.
    Goes,
}

impl<'a> MovedInputs<'a> {
    /// Compares what data sources said with what they say.
    pub(super) fn new(facts: &RevertFacts<'a>) -> Self {
        let mut good: BTreeMap<&Address, _> = facts
            .good
            .state
            .instances
            .iter()
            .filter(|instance| instance.address.mode == Mode::Data)
            .map(|instance| (&instance.address, instance.attributes))
            .collect();
        let (mut moved, mut unread) = (Vec::new(), Vec::new());
        for read in &facts.plan.reads {
            let then = good.remove(&read.address).and_then(|raw| json::raw_value(raw).ok());
            let Some(then) = then else {
                unread.push(&read.address);
                continue;
            };
            let differences = differences(&without_types(then, Some(&read.values)), &read.values);
            if !differences.is_empty() {
                moved.push(MovedInput { address: &read.address, differences });
            }
        }
        unread.extend(good.into_keys());
        let deferred = facts.plan.changes.iter().filter(|change| change.action == Action::Read);
        unread.extend(deferred.map(|change| &change.address));
        Self { references: &facts.plan.references, moved, unread }
    }

    /// Whether every data source says what it said.
    fn is_quiet(&self) -> bool {
        self.moved.is_empty() && self.unread.is_empty()
    }

    fn block(&self, address: &Address) -> Option<&'a ReferencedBlock> {
        self.references.block(address)
    }

    /// Whether the configuration writes down the attribute at the top of `path`.
    pub(super) fn is_written(&self, address: &Address, path: &Path) -> bool {
        let block = self.block(address);
        block.is_some_and(|block| top(path).is_some_and(|top| block.attributes.contains_key(top)))
    }

    /// Sources of the attribute at `path`. One that is not written down is made of the others, or
    /// by a block that Terraform does not tell.
    pub(super) fn attribute(&self, address: &Address, path: &Path) -> Reach {
        let unsure = Reach { is_unsure: true, ..Reach::default() };
        let Some(block) = self.block(address) else { return unsure };
        match top(path).and_then(|top| block.attributes.get(top)) {
            Some(references) => self.trace(&address.module, references, Reach::default()),
            None => self.trace(&address.module, block.attributes.values().flatten(), unsure),
        }
    }

    /// Sources of the number and the keys of the instances, and of the modules around them.
    pub(super) fn instances(&self, address: &Address) -> Reach {
        let Some(block) = self.block(address) else {
            return Reach { is_unsure: true, ..Reach::default() };
        };
        let mut reach = self.trace(&address.module, &block.instances, Reach::default());
        let mut place = address.module.as_slice();
        while let Some((step, parent)) = place.split_last() {
            match self.at(parent).and_then(|module| module.calls.get(&step.name)) {
                Some(call) => reach = self.trace(parent, &call.instances, reach),
                None => reach.is_unsure = true,
            }
            place = parent;
        }
        reach
    }

    /// Source of an attribute's value that is not the `good` one.
    pub(super) fn source(
        &self,
        reach: &Reach,
        good: Option<&Value>,
        after: Option<&Value>,
    ) -> MovedSource {
        self.judged(reach, |moved| {
            moved.differences.iter().any(|difference| carries(difference, good, after))
        })
    }

    /// Source of the coming or going of an instance.
    pub(super) fn source_of_instance(
        &self,
        reach: &Reach,
        address: &Address,
        turn: Turn,
    ) -> MovedSource {
        let keys = address.module.iter().filter_map(|step| step.key.as_ref());
        let keys: Vec<&InstanceKey> = keys.chain(&address.key).collect();
        self.judged(reach, |moved| keys.iter().any(|key| brings(moved, key, turn)))
    }

    /// The source by a reach that is sure, or else a data source whose own values explain it.
    fn judged(&self, reach: &Reach, explains: impl Fn(&MovedInput<'_>) -> bool) -> MovedSource {
        let named = |moved: Vec<&MovedInput<'_>>| {
            let words: Vec<String> = moved.into_iter().map(MovedInput::word).collect();
            MovedSource::Moved(words.join(" and "))
        };
        if !reach.moved.is_empty() {
            let is_reached = |(index, _): &(usize, _)| reach.moved.contains(index);
            let moved = self.moved.iter().enumerate().filter(is_reached);
            return named(moved.map(|(_, moved)| moved).collect());
        }
        if !reach.is_unsure || self.is_quiet() {
            return MovedSource::Elsewhere;
        }
        match self.moved.iter().find(|moved| explains(moved)) {
            Some(moved) => named(vec![moved]),
            None => MovedSource::Unsure,
        }
    }

    /// Source of an output's value that is not the `good` one.
    pub(super) fn source_of_output(
        &self,
        name: &str,
        good: Option<&Value>,
        after: Option<&Value>,
    ) -> MovedSource {
        let unsure = Reach { is_unsure: true, ..Reach::default() };
        let reach = match self.references.outputs.get(name) {
            Some(references) => self.trace(&[], references, Reach::default()),
            None => unsure,
        };
        self.source(&reach, good, after)
    }

    fn at(&self, place: &[ModuleStep]) -> Option<&'a ReferencedModule> {
        self.references.find(place.iter().map(|step| step.name.as_str()))
    }

    /// Follows references to data sources. A list of work and not recursion: chains can be long.
    fn trace<'r>(
        &self,
        place: &[ModuleStep],
        references: impl IntoIterator<Item = &'r Reference>,
        mut reach: Reach,
    ) -> Reach
    where
        'a: 'r,
    {
        let mut work: Vec<(Vec<ModuleStep>, &Reference)> =
            references.into_iter().map(|reference| (place.to_vec(), reference)).collect();
        let mut seen = BTreeSet::new();
        while let Some((place, reference)) = work.pop() {
            if seen.insert((place.clone(), format!("{reference:?}"))) {
                work.extend(self.follow(place, reference, &mut reach));
            }
        }
        reach
    }

    /// References that follow from a reference, in its place.
    fn follow(
        &self,
        place: Vec<ModuleStep>,
        reference: &Reference,
        reach: &mut Reach,
    ) -> Vec<(Vec<ModuleStep>, &'a Reference)> {
        let (place, next): (Vec<ModuleStep>, Option<Vec<&'a Reference>>) = match &reference.subject
        {
            ReferenceSubject::Hidden => (place, None),
            ReferenceSubject::Data(block) => {
                self.arrive(&place, block, reference, reach);
                (place, Some(Vec::new()))
            }
            ReferenceSubject::Resource(block) => {
                let block = self.at(&place).and_then(|module| module.blocks.get(block));
                let next = block.map(|block| attributes(block, &reference.path));
                (place, next)
            }
            ReferenceSubject::Input(name) => match place.split_last() {
                // A variable of the root is a hazard of its own.
                None => (place, Some(Vec::new())),
                Some((step, parent)) => {
                    let call = self.at(parent).and_then(|module| module.calls.get(&step.name));
                    let given = call.map(|call| call.inputs.get(name).into_iter().flatten());
                    (parent.to_vec(), given.map(Iterator::collect))
                }
            },
            ReferenceSubject::Output { call, name } => {
                let mut inner = place;
                inner.push(ModuleStep { name: call.clone(), key: reference.key.clone() });
                let output = self.at(&inner).and_then(|module| module.outputs.get(name));
                let next = output.map(|references| references.iter().collect());
                (inner, next)
            }
        };
        reach.is_unsure |= next.is_none();
        next.into_iter().flatten().map(|reference| (place.clone(), reference)).collect()
    }

    /// Adds the data source that a reference has come to.
    fn arrive(&self, place: &[ModuleStep], block: &str, reference: &Reference, reach: &mut Reach) {
        let is_meant = |address: &Address| {
            local(address) == block
                && may_equal(reference.key.as_ref(), address.key.as_ref())
                && is_place(&address.module, place)
        };
        for (index, moved) in self.moved.iter().enumerate().filter(|(_, m)| is_meant(m.address)) {
            let meets = |path: &Path| path.covers(&reference.path) || reference.path.covers(path);
            if moved.differences.iter().any(|difference| meets(&difference.path)) {
                reach.moved.insert(index);
            } else {
                // The expression may use all of it as well, which the longer reference hides.
                reach.is_unsure = true;
            }
        }
        reach.is_unsure |= self.unread.iter().any(|address| is_meant(address));
    }
}

impl MovedInput<'_> {
    fn word(&self) -> String {
        format!("{} ({})", self.address, listed(self.differences.iter().map(|d| &d.path)))
    }
}

/// References of the attribute at the top of `path`; of all attributes if it is not written down.
fn attributes<'a>(block: &'a ReferencedBlock, path: &Path) -> Vec<&'a Reference> {
    match top(path).and_then(|top| block.attributes.get(top)) {
        Some(references) => references.iter().collect(),
        None => block.attributes.values().flatten().collect(),
    }
}

/// The address of a block inside its module.
fn local(address: &Address) -> String {
    Address { module: Vec::new(), key: None, ..address.clone() }.to_string()
}

fn top(path: &Path) -> Option<&str> {
    match path.0.first() {
        Some(Step::Name(name)) => Some(name),
        Some(Step::Index(_) | Step::Element(_)) | None => None,
    }
}

fn may_equal(a: Option<&InstanceKey>, b: Option<&InstanceKey>) -> bool {
    matches!((a, b), (None, _) | (_, None)) || a == b
}

fn is_place(module: &[ModuleStep], place: &[ModuleStep]) -> bool {
    module.len() == place.len()
        && module
            .iter()
            .zip(place)
            .all(|(a, b)| a.name == b.name && may_equal(a.key.as_ref(), b.key.as_ref()))
}

/// Whether a value is the good one with what a data source said replaced by what it says.
fn carries(difference: &Difference, good: Option<&Value>, after: Option<&Value>) -> bool {
    let (Some(old), Some(new)) = (&difference.before, &difference.after) else { return false };
    match (old, new, good, after) {
        (Value::Text(old), Value::Text(new), Some(Value::Text(good)), Some(Value::Text(after))) => {
            !old.is_empty() && good.contains(old.as_str()) && good.replace(old, new) == *after
        }
        _ => is_equal(Some(old), good) && is_equal(Some(new), after),
    }
}

/// Whether a data source has begun, or ceased, to name the key of an instance.
fn brings(moved: &MovedInput<'_>, key: &InstanceKey, turn: Turn) -> bool {
    let InstanceKey::Name(key) = key else { return false };
    let is_key = |value: &Option<Value>| value.as_ref().and_then(Value::as_text) == Some(key);
    let is_member = |path: &Path| path.0.contains(&Step::Name(key.clone()));
    let named = |side: fn(&Difference) -> &Option<Value>| {
        moved.differences.iter().any(|difference| {
            is_key(side(difference)) || (side(difference).is_some() && is_member(&difference.path))
        })
    };
    let (then, today) = (named(|d| &d.before), named(|d| &d.after));
    match turn {
        Turn::Comes => today && !then,
        Turn::Goes => then && !today,
    }
}
