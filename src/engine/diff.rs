//! What changed between two states, object by object and attribute by attribute.
//!
//! Objects are matched by the real object behind them first, so that a renamed one is *moved* and
//! not removed and added; then by address. An id that occurs twice in a state matches nothing by
//! itself. Values in a [`Diff`] have passed the redactor: nothing that a [`Diff`] holds is secret.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::compare::differences;
pub use super::readable::{AttributeChange, Form};
use super::redact::{Redactor, Shown};
use crate::codec::json;
use crate::model::address::{Address, Mode};
use crate::model::state::{Identity, Instance, Output, State, Status};
use crate::model::value::{Path, Step, Value};

/// What happened to one object.
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
    /// What happened.
    pub kind: ChangeKind,
    /// Whether Terraform would replace it.
    pub tainted: bool,
    /// Its real id: in the second state, else in the first. None when it is secret.
    pub id: Option<String>,
    /// What differs inside it.
    pub attributes: Vec<AttributeChange>,
}

/// One output that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What it was.
    pub before: Shown,
    /// What it is now.
    pub after: Shown,
}

/// What differs between two states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Objects that Terraform manages, in the order of addresses.
    pub changes: Vec<ObjectChange>,
    /// Data sources that read something else.
    pub data: Vec<ObjectChange>,
    /// Outputs.
    pub outputs: Vec<OutputChange>,
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
}

type Slot<'a> = (&'a Address, Option<&'a str>);

fn slot<'a>(instance: &'a Instance<'_>) -> Slot<'a> {
    (&instance.address, instance.deposed.as_deref())
}

/// Compares two states; `redactor` must have learnt both.
pub fn diff(before: &State<'_>, after: &State<'_>, redactor: &Redactor) -> Diff {
    let mut result = Diff { outputs: outputs(before, after, redactor), ..Diff::default() };
    for (old, new) in pairs(before, after) {
        let (mode, change) = match (old, new) {
            (Some(old), Some(new)) => (new.address.mode, compared(old, new, redactor)),
            (None, Some(new)) => {
                (new.address.mode, Some(one_sided(new, ChangeKind::Added, redactor)))
            }
            (Some(old), None) => {
                (old.address.mode, Some(one_sided(old, ChangeKind::Removed, redactor)))
            }
            (None, None) => continue,
        };
        match (mode, change) {
            (Mode::Managed, Some(change)) => result.changes.push(change),
            (Mode::Data, Some(change)) => result.data.push(change),
            (Mode::Managed, None) => result.unchanged += 1,
            (Mode::Data, None) => {}
        }
    }
    result.changes.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    result
}

type Pair<'s, 'a> = (Option<&'s Instance<'a>>, Option<&'s Instance<'a>>);

/// Matches instances: by identity where it is unique on both sides, then by address.
fn pairs<'s, 'a>(before: &'s State<'a>, after: &'s State<'a>) -> Vec<Pair<'s, 'a>> {
    // Most diffs are of states in which nothing moved: then nobody asks for these.
    let old_by_identity = LazyCell::new(|| unique_identities(before));
    let new_by_identity = LazyCell::new(|| unique_identities(after));
    let mut unmatched: BTreeMap<Slot<'s>, &'s Instance<'a>> =
        before.instances.iter().map(|instance| (slot(instance), instance)).collect();
    let mut pairs = Vec::with_capacity(after.instances.len());
    let mut rest = Vec::new();
    for new in &after.instances {
        // The same slot with the same id needs no search.
        let same_place = unmatched.get(&slot(new)).filter(|old| old.id == new.id).copied();
        let old = same_place.or_else(|| {
            let identity = new.identity()?;
            new_by_identity.get(&identity)?;
            let old = old_by_identity.get(&identity).copied()?;
            unmatched.contains_key(&slot(old)).then_some(old)
        });
        match old {
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
    pairs.extend(unmatched.into_values().map(|old| (Some(old), None)));
    pairs
}

fn unique_identities<'s, 'a>(state: &'s State<'a>) -> BTreeMap<Identity, &'s Instance<'a>> {
    let mut unique = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for instance in state.instances.iter().filter(|i| i.address.mode == Mode::Managed) {
        if let Some(identity) = instance.identity()
            && unique.insert(identity.clone(), instance).is_some()
        {
            twice.insert(identity);
        }
    }
    unique.retain(|identity, _| !twice.contains(identity));
    unique
}

fn compared(old: &Instance<'_>, new: &Instance<'_>, redactor: &Redactor) -> Option<ObjectChange> {
    let same_place = slot(old) == slot(new);
    if same_place && old.status == new.status && old.attributes == new.attributes {
        return None;
    }
    let attributes = attribute_changes(old, new, redactor);
    let kind = if !same_place {
        ChangeKind::Moved
    } else if old.id != new.id {
        ChangeKind::Replaced
    } else if !attributes.is_empty() {
        ChangeKind::Changed
    } else if old.status == new.status {
        return None;
    } else {
        ChangeKind::Tainted
    };
    Some(ObjectChange {
        address: new.address.clone(),
        previous_address: (!same_place).then(|| old.address.clone()),
        deposed: new.deposed.as_deref().map(str::to_owned),
        kind,
        tainted: new.status == Status::Tainted,
        id: shown_id(new, redactor),
        attributes,
    })
}

fn one_sided(instance: &Instance<'_>, kind: ChangeKind, redactor: &Redactor) -> ObjectChange {
    let value = json::raw_value(instance.attributes).unwrap_or(Value::Null);
    let (before, after) = match kind {
        ChangeKind::Removed => (&value, &Value::Null),
        ChangeKind::Added
        | ChangeKind::Replaced
        | ChangeKind::Moved
        | ChangeKind::Changed
        | ChangeKind::Tainted => (&Value::Null, &value),
    };
    ObjectChange {
        address: instance.address.clone(),
        previous_address: None,
        deposed: instance.deposed.as_deref().map(str::to_owned),
        kind,
        tainted: instance.status == Status::Tainted,
        id: shown_id(instance, redactor),
        attributes: shown(before, after, (&instance.sensitive, &instance.sensitive), redactor),
    }
}

/// An id is an attribute like any other: it can be marked, or hold what is marked elsewhere.
fn shown_id(instance: &Instance<'_>, redactor: &Redactor) -> Option<String> {
    let id = instance.id.clone()?;
    let path = Path(vec![Step::Name("id".to_owned())]);
    let shown = redactor.show(&path, Some(&Value::Text(id.clone())), &instance.sensitive);
    matches!(shown, Shown::Plain(_)).then_some(id)
}

fn attribute_changes(
    old: &Instance<'_>,
    new: &Instance<'_>,
    redactor: &Redactor,
) -> Vec<AttributeChange> {
    let before = json::raw_value(old.attributes).unwrap_or(Value::Null);
    let after = json::raw_value(new.attributes).unwrap_or(Value::Null);
    shown(&before, &after, (&old.sensitive, &new.sensitive), redactor)
}

fn shown(
    before: &Value,
    after: &Value,
    marks: (&[Path], &[Path]),
    redactor: &Redactor,
) -> Vec<AttributeChange> {
    // What one side marks is secret on the other side too: the mark may be what was added.
    let marks: Vec<Path> = marks.0.iter().chain(marks.1).cloned().collect();
    differences(before, after)
        .into_iter()
        .map(|difference| {
            let before = redactor.show(&difference.path, difference.before.as_ref(), &marks);
            let after = redactor.show(&difference.path, difference.after.as_ref(), &marks);
            AttributeChange::plain(difference.path, before, after)
        })
        .collect()
}

fn outputs(before: &State<'_>, after: &State<'_>, redactor: &Redactor) -> Vec<OutputChange> {
    let old = by_name(before);
    let new = by_name(after);
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    names
        .into_iter()
        .filter_map(|name| output(name, old.get(name), new.get(name), redactor))
        .collect()
}

fn by_name<'s, 'a>(state: &'s State<'a>) -> BTreeMap<&'s str, &'s Output<'a>> {
    state.outputs.iter().map(|output| (output.name.as_ref(), output)).collect()
}

fn output(
    name: &str,
    old: Option<&&Output<'_>>,
    new: Option<&&Output<'_>>,
    redactor: &Redactor,
) -> Option<OutputChange> {
    let value =
        |output: Option<&&Output<'_>>| output.and_then(|output| json::raw_value(output.value).ok());
    let (before, after) = (value(old), value(new));
    if before == after {
        return None;
    }
    let secret = old.is_some_and(|o| o.sensitive) || new.is_some_and(|o| o.sensitive);
    let path = Path(vec![Step::Name(name.to_owned())]);
    let marks = if secret { vec![path.clone()] } else { Vec::new() };
    Some(OutputChange {
        name: name.to_owned(),
        before: redactor.show(&path, before.as_ref(), &marks),
        after: redactor.show(&path, after.as_ref(), &marks),
    })
}

#[cfg(test)]
mod tests;
