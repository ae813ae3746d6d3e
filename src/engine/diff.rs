//! The difference between two states, object by object and attribute by attribute.
//!
//! Objects are matched by the real object behind them first, so that a renamed one is *moved* and
//! not removed and added; then by address. An id that occurs twice in a state matches nothing by
//! itself. [`readable`](super::readable) says what differs inside an object. Values in a [`Diff`]
//! have passed the redactor: nothing that a [`Diff`] holds is secret.

mod addresses;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use self::addresses::{Addresses, ids_in};
use super::identity::{Identity, Index, Sameness};
use super::noise::Noise;
use super::readable::{
    AttributeChange, Form, Found, Hidden, Insignificant, Reader, Side, noise_rules,
};
use super::redact::{Redactor, Shown};
use crate::codec::json;
use crate::codec::state::StatePart;
use crate::codec::state::beside::{Beside, Common, StatePair};
use crate::knowledge::Knowledge;
use crate::model::address::{Address, Mode};
use crate::model::state::{Instance, Output, State, Status};
use crate::model::value::{Path, Step, Value};

/// The kind of change of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Only the first state knows it.
    Removed,
    /// Another real object stands at its address.
    Replaced,
    /// Only the second state knows it.
    Added,
    /// The same real object at another address.
    Moved,
    /// Attributes differ.
    Changed,
    /// Nothing differs but that Terraform would replace it: its creation failed half-way.
    Tainted,
    /// Nothing differs but that Terraform would not replace it any more.
    Untainted,
    /// It became the left-over of an unfinished replacement.
    Deposed,
}

impl ChangeKind {
    /// The word for a screen and a script.
    pub fn name(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Added => "added",
            Self::Moved => "moved",
            Self::Changed => "changed",
            Self::Tainted => "tainted",
            Self::Untainted => "untainted",
            Self::Deposed => "deposed",
        }
    }
}

/// One object that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// Its address: the one in the second state, if it is there.
    pub address: Address,
    /// Its address in the first state, when that was another.
    pub previous_address: Option<Address>,
    /// The key of a left-over object.
    pub deposed: Option<String>,
    /// The kind of change.
    pub kind: ChangeKind,
    /// Whether Terraform would replace it.
    pub tainted: bool,
    /// Its real id: in the second state, else in the first. None when it is secret.
    pub id: Option<String>,
    /// The differences inside it.
    pub attributes: Vec<AttributeChange>,
    /// Differences inside it that say nothing.
    pub hidden: Vec<Hidden>,
}

/// One output that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// The value before.
    pub before: Shown,
    /// The value now.
    pub after: Shown,
    /// The differences inside it, where they say more.
    pub inside: Vec<AttributeChange>,
}

/// The differences between two states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Objects that Terraform manages, in the order of addresses.
    pub changes: Vec<ObjectChange>,
    /// Data sources that read something else.
    pub data: Vec<ObjectChange>,
    /// Outputs.
    pub outputs: Vec<OutputChange>,
    /// Differences in outputs that say nothing.
    pub outputs_hidden: Vec<Hidden>,
    /// Objects in which nothing differs but what says nothing; the managed ones count as unchanged.
    pub quiet: Vec<ObjectChange>,
    /// How many managed objects are equal.
    pub unchanged: u64,
}

impl Diff {
    /// Whether nothing differs that Terraform manages or puts out.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.outputs.is_empty()
    }

    /// How many objects changed in this way.
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }

    /// How many differences are hidden, by the kind of the rule.
    pub fn hidden(&self) -> BTreeMap<&str, usize> {
        let objects = self.changes.iter().chain(&self.quiet).flat_map(|change| &change.hidden);
        let mut counts = BTreeMap::new();
        for hidden in objects.chain(&self.outputs_hidden) {
            *counts.entry(hidden.by.kind()).or_insert(0) += 1;
        }
        counts
    }
}

/// The parts of a state that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'s, 'a> {
    outputs: &'s [Output<'a>],
    instances: &'s [Instance<'a>],
}

impl<'s, 'a> From<&'s State<'a>> for Objects<'s, 'a> {
    fn from(state: &'s State<'a>) -> Self {
        Self { outputs: &state.outputs, instances: &state.instances }
    }
}

impl<'s, 'a> From<&'s StatePart<'a>> for Objects<'s, 'a> {
    fn from(part: &'s StatePart<'a>) -> Self {
        Self { outputs: &part.outputs, instances: &part.instances }
    }
}

/// Facts besides the two states.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The redactor, which must have learnt both states.
    pub redactor: &'a Redactor,
    /// Knowledge of attributes that name objects of a type, and of those that move on their own.
    pub knowledge: &'a Knowledge,
    /// Numbers of objects that both states have in the same bytes and that are not compared.
    pub common: Common,
    /// Ids that several objects have: they match nothing.
    pub ambiguous: &'a BTreeSet<String>,
}

/// No id.
static NONE: BTreeSet<String> = BTreeSet::new();

impl<'a> Facts<'a> {
    /// Nothing but the states is known.
    pub fn new(redactor: &'a Redactor, knowledge: &'a Knowledge) -> Self {
        let common = Common::default();
        Self { redactor, knowledge, common, ambiguous: &NONE }
    }

    /// The differences inside one object.
    fn inside(&self, old: &Instance<'_>, new: &Instance<'_>) -> Found {
        let before = json::raw_value(old.attributes).unwrap_or(Value::Null);
        let after = json::raw_value(new.attributes).unwrap_or(Value::Null);
        let marks: Vec<Path> = old.sensitive.iter().chain(&new.sensitive).cloned().collect();
        let rules = self.knowledge.noise(&new.provider.source, &new.address.kind);
        let rules = noise_rules(Noise::new(rules, &before, &after));
        let owner = new.address.to_string();
        let reader = Reader { rules: &rules, ..self.reader(&owner, &marks) };
        reader.between(&Path::default(), Some(&before), Some(&after))
    }

    /// The attributes of an object that only one state has.
    fn whole(&self, side: Side, instance: &Instance<'_>) -> Found {
        let value = json::raw_value(instance.attributes).unwrap_or(Value::Null);
        let owner = instance.address.to_string();
        self.reader(&owner, &instance.sensitive).whole(side, &value)
    }

    fn reader<'r>(&'r self, owner: &'r str, marks: &'r [Path]) -> Reader<'r> {
        Reader {
            redactor: self.redactor,
            owner,
            marks,
            rules: &|_, _| None,
            insignificant: Insignificant::Hidden,
        }
    }
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("common", &self.common).finish_non_exhaustive()
    }
}

type InstanceSlot<'a> = (&'a Address, Option<&'a str>);

fn slot<'a>(instance: &'a Instance<'_>) -> InstanceSlot<'a> {
    (&instance.address, instance.deposed.as_deref())
}

/// Compares two states that were read side by side, with what both have in common taken from
/// `beside`.
pub fn diff_beside(
    pair: &StatePair<'_>,
    beside: &Beside<'_>,
    redactor: &Redactor,
    knowledge: &Knowledge,
) -> Diff {
    let facts = Facts { common: pair.common, ..Facts::new(redactor, knowledge) };
    let StatePair { before, after, .. } = pair;
    let mut found = diff(before, after, &facts);
    let moved: BTreeSet<String> = {
        let ids = found.changes.iter().filter(|change| change.kind == ChangeKind::Moved);
        ids.filter_map(|change| change.id.clone()).collect()
    };
    let mut wanted = ids_in(&mut found);
    wanted.extend(moved.iter().cloned());
    if wanted.is_empty() {
        return found;
    }
    // Whose ids these are, and whether they are anybody else's too, is only known from everything.
    let common = beside.common_with_ids(&wanted);
    let addresses = Addresses::of(common.iter().chain(&before.instances))
        .overridden_by(Addresses::of(common.iter().chain(&after.instances)));
    let ids = common.iter().filter_map(|instance| instance.id.clone());
    let ambiguous: BTreeSet<String> = ids.filter(|id| moved.contains(id)).collect();
    if !ambiguous.is_empty() {
        found = diff(before, after, &Facts { ambiguous: &ambiguous, ..facts });
    }
    addresses.name_ids(&mut found, redactor);
    found
}

/// Compares two states.
pub fn diff<'s, 'a: 's>(
    before: impl Into<Objects<'s, 'a>>,
    after: impl Into<Objects<'s, 'a>>,
    facts: &Facts<'_>,
) -> Diff {
    let (before, after) = (before.into(), after.into());
    let mut result = Diff { unchanged: facts.common.managed, ..Diff::default() };
    outputs(before, after, facts, &mut result);
    for (old, new) in pairs(before, after, facts) {
        let change = match (old, new) {
            (Some(old), Some(new)) => compared(old, new, facts),
            (None, Some(new)) => Some(one_sided(new, Side::After, facts)),
            (Some(old), None) => Some(one_sided(old, Side::Before, facts)),
            (None, None) => continue,
        };
        let mode = new.or(old).map(|instance| instance.address.mode);
        match (mode, change) {
            (Some(Mode::Data), Some(change)) if is_quiet(&change) => result.quiet.push(change),
            (Some(Mode::Data), Some(change)) => result.data.push(change),
            (Some(Mode::Data), None) => {}
            (_, None) => result.unchanged += 1,
            (_, Some(change)) if is_quiet(&change) => {
                result.unchanged += 1;
                result.quiet.push(change);
            }
            (_, Some(change)) => result.changes.push(change),
        }
    }
    for changes in [&mut result.changes, &mut result.data, &mut result.quiet] {
        changes.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    }
    result
}

/// Whether nothing differs but what says nothing.
fn is_quiet(change: &ObjectChange) -> bool {
    change.kind == ChangeKind::Changed && change.attributes.is_empty()
}

type InstancePair<'s, 'a> = (Option<&'s Instance<'a>>, Option<&'s Instance<'a>>);

/// Matches instances: by identity where it is unique on both sides, then by address.
fn pairs<'s, 'a>(
    before: Objects<'s, 'a>,
    after: Objects<'s, 'a>,
    facts: &Facts<'_>,
) -> Vec<InstancePair<'s, 'a>> {
    let knowledge = facts.knowledge;
    // Most diffs are of states in which nothing moved: then nobody asks for these.
    let old_index = LazyCell::new(|| Index::of(managed(before), knowledge));
    let new_index = LazyCell::new(|| Index::of(managed(after), knowledge));
    let is_ambiguous =
        |new: &Instance<'_>| new.id.as_ref().is_some_and(|id| facts.ambiguous.contains(id));
    let mut unmatched: BTreeMap<InstanceSlot<'s>, &'s Instance<'a>> =
        before.instances.iter().map(|instance| (slot(instance), instance)).collect();
    let mut pairs = Vec::with_capacity(after.instances.len());
    let mut rest = Vec::new();
    let mut left_over = BTreeSet::new();
    for new in after.instances {
        // The same slot with the same object needs no search.
        let same_place = unmatched.get(&slot(new)).copied();
        let same_place = same_place.filter(|old| !is_another(old, new, knowledge));
        let old = same_place.or_else(|| {
            let identity = (!is_ambiguous(new)).then(|| Identity::of(new, knowledge))?;
            new_index.only(&identity)?;
            old_index.only(&identity).filter(|old| unmatched.contains_key(&slot(old)))
        });
        match old {
            // Whatever stands at its address now has replaced it.
            Some(old) if is_deposed_there(old, new) => {
                left_over.insert(slot(old));
                pairs.push((Some(old), Some(new)));
            }
            Some(old) => {
                unmatched.remove(&slot(old));
                pairs.push((Some(old), Some(new)));
            }
            None => rest.push(new),
        }
    }
    for new in rest {
        pairs.push((unmatched.remove(&slot(new)), Some(new)));
    }
    let gone = unmatched.into_values().filter(|old| !left_over.contains(&slot(old)));
    pairs.extend(gone.map(|old| (Some(old), None)));
    pairs
}

/// Whether an object is now the left-over of its own address.
fn is_deposed_there(old: &Instance<'_>, new: &Instance<'_>) -> bool {
    old.address == new.address && old.deposed.is_none() && new.deposed.is_some()
}

fn managed<'s, 'a>(objects: Objects<'s, 'a>) -> impl Iterator<Item = &'s Instance<'a>> {
    objects.instances.iter().filter(|instance| instance.address.mode == Mode::Managed)
}

/// Whether two instances are known to stand for two real objects.
fn is_another(old: &Instance<'_>, new: &Instance<'_>, knowledge: &Knowledge) -> bool {
    let is_untouched = old.attributes == new.attributes && old.provider == new.provider;
    !is_untouched && {
        let old = Identity::of(old, knowledge);
        old.compare(&Identity::of(new, knowledge)) == Sameness::Other
    }
}

fn compared(old: &Instance<'_>, new: &Instance<'_>, facts: &Facts<'_>) -> Option<ObjectChange> {
    let same_place = slot(old) == slot(new);
    if same_place && old.status == new.status && old.attributes == new.attributes {
        return None;
    }
    let found = facts.inside(old, new);
    let has_found = !(found.changes.is_empty() && found.hidden.is_empty());
    let kind = if new.deposed.is_some() && old.deposed.is_none() {
        ChangeKind::Deposed
    } else if !same_place {
        ChangeKind::Moved
    } else if is_another(old, new, facts.knowledge) {
        ChangeKind::Replaced
    } else if !found.changes.is_empty() || (old.status == new.status && has_found) {
        ChangeKind::Changed
    } else if old.status == new.status {
        return None;
    } else if new.status == Status::Tainted {
        ChangeKind::Tainted
    } else {
        ChangeKind::Untainted
    };
    Some(ObjectChange {
        address: facts.redactor.address(&new.address),
        previous_address: (!same_place && kind == ChangeKind::Moved || old.address != new.address)
            .then(|| facts.redactor.address(&old.address)),
        deposed: new.deposed.as_deref().map(str::to_owned),
        kind,
        tainted: new.status == Status::Tainted,
        id: facts.redactor.id(new),
        attributes: found.changes,
        hidden: found.hidden,
    })
}

fn one_sided(instance: &Instance<'_>, side: Side, facts: &Facts<'_>) -> ObjectChange {
    let found = facts.whole(side, instance);
    ObjectChange {
        address: facts.redactor.address(&instance.address),
        previous_address: None,
        deposed: instance.deposed.as_deref().map(str::to_owned),
        kind: match side {
            Side::Before => ChangeKind::Removed,
            Side::After if instance.deposed.is_some() => ChangeKind::Deposed,
            Side::After => ChangeKind::Added,
        },
        tainted: instance.status == Status::Tainted,
        id: facts.redactor.id(instance),
        attributes: found.changes,
        hidden: found.hidden,
    }
}

fn outputs(before: Objects<'_, '_>, after: Objects<'_, '_>, facts: &Facts<'_>, result: &mut Diff) {
    let old = by_name(before);
    let new = by_name(after);
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    for name in names {
        let (change, hidden) = output(name, old.get(name).copied(), new.get(name).copied(), facts);
        result.outputs.extend(change);
        result.outputs_hidden.extend(hidden);
    }
}

fn by_name<'s, 'a>(objects: Objects<'s, 'a>) -> BTreeMap<&'s str, &'s Output<'a>> {
    objects.outputs.iter().map(|output| (output.name.as_ref(), output)).collect()
}

fn output(
    name: &str,
    old: Option<&Output<'_>>,
    new: Option<&Output<'_>>,
    facts: &Facts<'_>,
) -> (Option<OutputChange>, Vec<Hidden>) {
    let value =
        |output: Option<&Output<'_>>| output.and_then(|output| json::raw_value(output.value).ok());
    let (before, after) = (value(old), value(new));
    if before == after {
        return (None, Vec::new());
    }
    let secret = old.is_some_and(|o| o.sensitive) || new.is_some_and(|o| o.sensitive);
    let path = Path(vec![Step::Name(name.to_owned())]);
    let marks = if secret { vec![path.clone()] } else { Vec::new() };
    let owner = format!("output.{name}");
    let reader = facts.reader(&owner, &marks);
    let found = match (&before, &after) {
        (Some(_), Some(_)) => reader.between(&path, before.as_ref(), after.as_ref()),
        // One that comes or goes is not insignificant, however empty it is.
        _ => Found::default(),
    };
    let is_quiet = found.changes.is_empty() && !found.hidden.is_empty();
    let is_whole = |change: &AttributeChange| change.path == path && change.form == Form::Value;
    let inside = if found.changes.iter().any(is_whole) { Vec::new() } else { found.changes };
    let (before, after) = reader.show_sides(&path, (before.as_ref(), after.as_ref()));
    let change = OutputChange { name: facts.redactor.text(name), before, after, inside };
    ((!is_quiet).then_some(change), found.hidden)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
