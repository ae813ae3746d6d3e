//! Names of the elements of a list, made of what tells each from its siblings.
//!
//! A name is made of values that are the same on both sides, are in clear, and together fit no
//! other element. An element without such a name is called by its position. A network rule is
//! called by its protocol, ports and sources even if it is the only one: people know it by them.

use std::collections::BTreeMap;

use super::pairs::{ElementPair, IDENTITIES};
use super::{Place, Reader, Side, is_scalar};
use crate::engine::redact::Shown;
use crate::model::value::{Step, Value};

/// Attributes that say that an element is a network rule.
const PROTOCOLS: [&str; 2] = ["protocol", "ip_protocol"];

/// Attributes that a network rule is called by, in this order.
const RULE: [&str; 12] = [
    "protocol",
    "ip_protocol",
    "from_port",
    "to_port",
    "port",
    "ports",
    "cidr_blocks",
    "cidr_ipv4",
    "cidr_block",
    "ipv6_cidr_blocks",
    "cidr_ipv6",
    "security_groups",
];

/// A name is no longer than this many values.
const PARTS_MAX: usize = 4;

/// A value in a name is no longer than this.
const PART_CHARS_MAX: usize = 40;

/// Number of comparisons of elements beyond which positions have to do.
const COMPARISONS_MAX: usize = 200_000;

/// An element's values that can stand in a name, by attribute.
type Traits = BTreeMap<String, String>;

/// The names of the elements of two lists.
#[derive(Debug)]
pub(super) struct Names {
    before: Vec<Traits>,
    after: Vec<Traits>,
}

impl Names {
    /// Prepares to name the elements that differ in the lists at `place`.
    pub(super) fn new(
        reader: &Reader<'_>,
        place: &Place,
        before: &[Value],
        after: &[Value],
        differing: &[ElementPair],
    ) -> Self {
        let all = before.len() + after.len();
        if differing.len().saturating_mul(all) > COMPARISONS_MAX {
            return Self { before: Vec::new(), after: Vec::new() };
        }
        let traits = |side: Side, items: &[Value]| -> Vec<Traits> {
            let each = items.iter().enumerate();
            each.map(|(index, item)| {
                reader.traits(place, ElementPair::one(side, index), side, item)
            })
            .collect()
        };
        Self { before: traits(Side::Before, before), after: traits(Side::After, after) }
    }

    /// The step to an element: its name, else its position.
    pub(super) fn step(&self, pair: ElementPair) -> Step {
        let position = Step::Index(pair.position());
        let own = match (self.side(Side::Before, pair), self.side(Side::After, pair)) {
            (Some(a), Some(b)) => {
                let same = a.iter().filter(|(name, value)| b.get(*name) == Some(value));
                same.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => return position,
        };
        let siblings = self.siblings(pair);
        match chosen(&own, &siblings) {
            Some(names) => Step::Element(label(&own, &names)),
            None => position,
        }
    }

    fn side(&self, side: Side, pair: ElementPair) -> Option<&Traits> {
        match side {
            Side::Before => self.before.get(pair.before?),
            Side::After => self.after.get(pair.after?),
        }
    }

    /// Every other element, on either side.
    fn siblings(&self, pair: ElementPair) -> Vec<&Traits> {
        let but = |own: Option<usize>| move |at: &(usize, &Traits)| Some(at.0) != own;
        let before = self.before.iter().enumerate().filter(but(pair.before));
        let after = self.after.iter().enumerate().filter(but(pair.after));
        before.chain(after).map(|(_, traits)| traits).collect()
    }
}

/// The attributes that make the name, if there is one that fits no sibling.
fn chosen<'t>(own: &'t Traits, siblings: &[&Traits]) -> Option<Vec<&'t str>> {
    let key = |wanted: &str| own.get_key_value(wanted).map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = IDENTITIES.iter().copied().find_map(key).into_iter().collect();
    if names.is_empty() && PROTOCOLS.iter().any(|name| own.contains_key(*name)) {
        for name in RULE.iter().copied().filter_map(key) {
            let is_said = names.iter().any(|said| own.get(*said) == own.get(name));
            if !is_said && names.len() < PARTS_MAX {
                names.push(name);
            }
        }
    }
    let fits = |other: &Traits, name: &str| other.get(name) == own.get(name);
    let mut alike: Vec<&Traits> = siblings
        .iter()
        .copied()
        .filter(|other| names.iter().all(|name| fits(other, name)))
        .collect();
    while !alike.is_empty() && names.len() < PARTS_MAX {
        let left = |name: &str| alike.iter().filter(|other| fits(other, name)).count();
        let best = own.keys().map(|name| (left(name), name)).min()?;
        if best.0 == alike.len() {
            return None;
        }
        names.push(best.1);
        alike.retain(|other| fits(other, best.1));
    }
    (alike.is_empty() && !names.is_empty()).then_some(names)
}

/// Joins values to a name. A number alone could be a position: then its attribute is said.
fn label(own: &Traits, names: &[&str]) -> String {
    let values: Vec<&str> =
        names.iter().filter_map(|name| Some(own.get(*name)?.as_str())).collect();
    match (names, values.as_slice()) {
        ([name], [value]) if value.chars().all(|c| c.is_ascii_digit() || c == '.') => {
            format!("{name} {value}")
        }
        _ => values.join(" "),
    }
}

impl Reader<'_> {
    /// Values of an element that can stand in its name: plain ones, in clear, that say something.
    fn traits(&self, place: &Place, pair: ElementPair, side: Side, item: &Value) -> Traits {
        let element = place.element(Step::Index(pair.position()), pair);
        let mut traits = Traits::new();
        for (name, value) in item.as_members().into_iter().flatten() {
            let inner = element.member(name, name.clone());
            if self.is_marked(&inner) || self.name(name) != *name {
                continue;
            }
            if let Shown::Plain(value) = self.show(inner.on(side), Some(value))
                && let Some(text) = trait_of(&value)
            {
                traits.insert(name.clone(), text);
            }
        }
        traits
    }
}

/// A value as a part of a name.
fn trait_of(value: &Value) -> Option<String> {
    let short = |text: &str| {
        let is_short = text.chars().count() <= PART_CHARS_MAX && !text.contains('\n');
        is_short.then(|| text.to_owned())
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Map(_) => None,
        other if other.is_empty() => None,
        Value::Text(text) => short(text),
        Value::Number(number) => short(number.as_str()),
        Value::List(items) if items.len() == 1 || items.iter().all(is_scalar) => {
            let (first, rest) = items.split_first()?;
            let first = trait_of(first).filter(|_| is_scalar(first))?;
            let texts: Vec<String> = rest.iter().filter_map(trait_of).collect();
            let joined = std::iter::once(first).chain(texts).collect::<Vec<_>>().join(",");
            short(&joined)
        }
        Value::List(_) => None,
    }
}
