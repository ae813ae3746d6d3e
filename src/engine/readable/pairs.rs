//! Which element of a list became which.
//!
//! Equal elements are paired first, wherever they stand, and then those that are most alike; the
//! rest came or went. The cost is bounded: of many that differ, elements at one position are taken
//! for one. A list does not tell whether it is a set, so equal elements in another order are said
//! to be reordered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Side, is_scalar};
use crate::engine::compare::canonical;
use crate::model::value::Value;

/// More pairs of elements than this are not compared for likeness.
const LIKENESSES_MAX: usize = 10_000;

/// Number of leaves of an element that are looked at.
const LEAVES_MAX: usize = 200;

/// Elements that share less are two different ones, in hundredths.
const ALIKE_MIN: usize = 50;

/// Attributes that say which element of its list something is.
pub(super) const IDENTITIES: [&str; 9] =
    ["Sid", "sid", "Id", "ID", "id", "Name", "name", "Key", "key"];

/// One element on both sides, or on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ElementPair {
    /// Its position in the first list.
    pub before: Option<usize>,
    /// Its position in the second.
    pub after: Option<usize>,
}

impl ElementPair {
    fn both(before: usize, after: usize) -> Self {
        Self { before: Some(before), after: Some(after) }
    }

    /// An element that only one side has.
    pub(super) fn one(side: Side, index: usize) -> Self {
        match side {
            Side::Before => Self { before: Some(index), after: None },
            Side::After => Self { before: None, after: Some(index) },
        }
    }

    /// Its positions on both sides; the only position twice.
    pub(super) fn positions(self) -> (usize, usize) {
        let before = self.before.or(self.after).unwrap_or(0);
        (before, self.after.unwrap_or(before))
    }

    /// The position that is shown.
    pub(super) fn position(self) -> usize {
        self.positions().1
    }
}

/// Result of pairing the elements of two lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pairing {
    /// Elements that differ, came or went, in the order of positions.
    pub differing: Vec<ElementPair>,
    /// Whether equal elements stand in another order.
    pub is_reordered: bool,
    /// Equal elements: position before to position after.
    equal: BTreeMap<usize, usize>,
}

impl Pairing {
    /// Elements that both sides have: position before to position after.
    pub(super) fn both(self) -> BTreeMap<usize, usize> {
        let differing = self.differing.iter().filter_map(|pair| Some((pair.before?, pair.after?)));
        self.equal.iter().map(|(before, after)| (*before, *after)).chain(differing).collect()
    }
}

/// Pairs the elements of two lists.
pub(super) fn pairing(before: &[Value], after: &[Value]) -> Pairing {
    let equal = equal(before, after);
    let rest = |length: usize, is_paired: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..length).filter(|index| !is_paired(*index)).collect()
    };
    let taken: BTreeSet<usize> = equal.values().copied().collect();
    let old = rest(before.len(), &|index| equal.contains_key(&index));
    let new = rest(after.len(), &|index| taken.contains(&index));
    let order: Vec<usize> = equal.values().copied().collect();
    let is_reordered = !order.is_sorted();
    let is_plain = before.iter().chain(after).all(is_scalar);
    let mut differing: Vec<ElementPair> = if before.len() == 1 && after.len() == 1 {
        old.iter().zip(&new).map(|(old, new)| ElementPair::both(*old, *new)).collect()
    } else if is_plain {
        let (starts, ends): (Vec<usize>, Vec<usize>) = if is_reordered {
            (Vec::new(), Vec::new())
        } else {
            (equal.keys().copied().collect(), taken.iter().copied().collect())
        };
        by_gap(&old, &new, &starts, &ends)
    } else if old.len().saturating_mul(new.len()) <= LIKENESSES_MAX {
        by_likeness(before, &old, after, &new)
    } else {
        by_position(&old, &new)
    };
    let olds: BTreeSet<usize> = differing.iter().filter_map(|pair| pair.before).collect();
    let news: BTreeSet<usize> = differing.iter().filter_map(|pair| pair.after).collect();
    let gone = old.iter().filter(|index| !olds.contains(index));
    let come = new.iter().filter(|index| !news.contains(index));
    differing.extend(gone.map(|index| ElementPair::one(Side::Before, *index)));
    differing.extend(come.map(|index| ElementPair::one(Side::After, *index)));
    differing.sort_by_key(|pair| (pair.position(), pair.after));
    Pairing { differing, is_reordered, equal }
}

/// Equal elements: position before to position after.
fn equal(before: &[Value], after: &[Value]) -> BTreeMap<usize, usize> {
    let mut places: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
    for (index, value) in after.iter().enumerate() {
        places.entry(text_of(value)).or_default().push_back(index);
    }
    let found = before.iter().enumerate().filter_map(|(index, value)| {
        let other = places.get_mut(&text_of(value))?.pop_front()?;
        Some((index, other))
    });
    found.collect()
}

/// One text for equal elements, however their numbers are written.
fn text_of(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    text
}

/// Pairs plain values. As many that came as went between the same neighbours have become each
/// other. `starts` and `ends` are the positions of the neighbours, in rising order on both sides.
fn by_gap(old: &[usize], new: &[usize], starts: &[usize], ends: &[usize]) -> Vec<ElementPair> {
    let mut gaps: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for index in old {
        let gap = starts.partition_point(|start| start < index);
        gaps.entry(gap).or_default().0.push(*index);
    }
    for index in new {
        let gap = ends.partition_point(|end| end < index);
        gaps.entry(gap).or_default().1.push(*index);
    }
    let even = gaps.into_values().filter(|(old, new)| old.len() == new.len());
    even.flat_map(|(old, new)| old.into_iter().zip(new))
        .map(|(a, b)| ElementPair::both(a, b))
        .collect()
}

fn by_position(old: &[usize], new: &[usize]) -> Vec<ElementPair> {
    let other = |index: &&usize| new.binary_search(index).is_ok();
    old.iter().filter(other).map(|index| ElementPair::both(*index, *index)).collect()
}

fn by_likeness(
    before: &[Value],
    old: &[usize],
    after: &[Value],
    new: &[usize],
) -> Vec<ElementPair> {
    let leaves = |values: &[Value], rest: &[usize]| -> Vec<(usize, Leaves)> {
        let known = rest.iter().filter_map(|index| Some((*index, Leaves::of(values.get(*index)?))));
        known.collect()
    };
    let (old, new) = (leaves(before, old), leaves(after, new));
    let mut likely: Vec<(usize, usize, ElementPair)> = Vec::new();
    for (i, a) in &old {
        for (j, b) in &new {
            let alike = a.alike(b);
            if alike >= ALIKE_MIN {
                likely.push((usize::MAX - alike, i.abs_diff(*j), ElementPair::both(*i, *j)));
            }
        }
    }
    likely.sort_unstable();
    let mut pairs: Vec<ElementPair> = Vec::new();
    let (mut olds, mut news) = (BTreeSet::new(), BTreeSet::new());
    for (_, _, pair) in likely {
        if !olds.contains(&pair.before) && !news.contains(&pair.after) {
            olds.insert(pair.before);
            news.insert(pair.after);
            pairs.push(pair);
        }
    }
    pairs
}

/// Leaves of an element: names without positions, and the values there.
#[derive(Debug, Default)]
struct Leaves {
    found: BTreeMap<(String, String), usize>,
    total: usize,
    identities: BTreeMap<&'static str, String>,
}

impl Leaves {
    fn of(value: &Value) -> Self {
        let mut leaves = Self::default();
        for name in IDENTITIES {
            if let Some(Value::Text(text)) = value.get(name) {
                leaves.identities.insert(name, text.clone());
            }
        }
        leaves.add("", value);
        leaves
    }

    fn add(&mut self, name: &str, value: &Value) {
        match value {
            _ if self.total >= LEAVES_MAX => {}
            Value::Map(members) => {
                for (member, value) in members {
                    self.add(&format!("{name}.{member}"), value);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.add(name, item)),
            // What nobody has set says nothing.
            Value::Null | Value::Bool(false) => {}
            Value::Text(text) if text.is_empty() => {}
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                let text = text_of(value);
                *self.found.entry((name.to_owned(), text)).or_insert(0) += 1;
                self.total += 1;
            }
        }
    }

    /// How alike two are, in hundredths. The same name counts more than anything else.
    fn alike(&self, other: &Self) -> usize {
        let shared: usize = self
            .found
            .iter()
            .map(|(leaf, many)| other.found.get(leaf).copied().unwrap_or(0).min(*many))
            .sum();
        let share = (200 * shared).checked_div(self.total + other.total).unwrap_or(100);
        let named = IDENTITIES
            .iter()
            .find_map(|name| Some(self.identities.get(name)? == other.identities.get(name)?));
        match named {
            Some(true) => share + 100,
            Some(false) => share * 6 / 10,
            None => share,
        }
    }
}
