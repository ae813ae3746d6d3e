//! Differences inside one object, as a person would say them.
//!
//! [`compare`](super::compare) says where two values differ, position by position; decisions are
//! made of that. Here the same difference is made readable. Elements of a list are paired by
//! likeness and named by what tells them apart. Text that is JSON is compared as JSON, text of many
//! lines line by line. Differences that say nothing are set aside with their reason. Everything
//! that differs is either in [`Found::changes`] or in [`Found::hidden`]. Every value, line and
//! label has passed the redactor. Nothing here decides what a difference means.

mod change;
mod counterparts;
mod lists;
mod names;
mod pairs;
mod text;
mod view;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::compare::present;
use super::noise::Noise;
use super::redact::{Redactor, Shown};
use crate::model::value::{Path, Step, Value};

pub use change::{AttributeChange, Form, Hidden, HiddenBy, Line, named};
pub use counterparts::{
    ChangeFate, ChangesAfter, Counterpart, Counterparts, FollowedChange, is_like,
};

/// Differences between two values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Differences that are shown, in the order of names and positions.
    pub changes: Vec<AttributeChange>,
    /// Differences that are counted.
    pub hidden: Vec<Hidden>,
}

impl Found {
    /// The places of what is hidden, with positions. A place that an element has left for another
    /// one is none.
    pub fn quiet_places(&self) -> Vec<Path> {
        let place = |hidden: &Hidden| match &hidden.change.at {
            (Some(before), Some(after)) => (before == after).then(|| after.clone()),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        self.hidden.iter().filter_map(place).collect()
    }

    fn len(&self) -> usize {
        self.changes.len() + self.hidden.len()
    }
}

/// Which of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first.
    Before,
    /// The second.
    After,
}

/// Finds the rule that hides a difference, by its places on both sides, with positions, and both
/// values.
pub type Rules<'a> = dyn Fn((&Path, &Path), BothValues<'_>) -> Option<HiddenBy> + 'a;

/// The rules that are known of an object's type.
pub fn noise_rules(
    noise: Noise<'_>,
) -> impl Fn((&Path, &Path), BothValues<'_>) -> Option<HiddenBy> {
    move |(old, now): (&Path, &Path), (before, after): BothValues<'_>| {
        let is_there = present(after).is_some();
        let rule = noise.hidden_by(if is_there { now } else { old }, before, after)?;
        Some(HiddenBy { rule: rule.name(), why: rule.why.clone() })
    }
}

/// Treatment of differences that say nothing by themselves: null against empty, and the layout of
/// JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insignificant {
    /// Set aside and counted.
    Hidden,
    /// Shown like any other, for a person who consents to exactly what is written.
    Shown,
}

/// Reads the differences of one object.
pub struct Reader<'a> {
    /// Secrets that must not be shown.
    pub redactor: &'a Redactor,
    /// Owner of the values, for fingerprints: an address, or the name of an output.
    pub owner: &'a str,
    /// Paths that Terraform marks on either side; one that is marked on one side is secret on both.
    pub marks: &'a [Path],
    /// Rules that hide differences, such as values that move on their own.
    pub rules: &'a Rules<'a>,
    /// Treatment of differences that say nothing by themselves.
    pub insignificant: Insignificant,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("redactor", self.redactor).finish_non_exhaustive()
    }
}

/// Deeper than this a difference is said as a whole.
const DEPTH_MAX: usize = 200;

/// A place in both sides, and how it is called.
#[derive(Debug, Clone, Default)]
struct Place {
    shown: Path,
    before: Path,
    after: Path,
    /// How many texts that hold JSON it lies in.
    texts: usize,
}

impl Place {
    fn at(path: &Path) -> Self {
        Self { shown: path.clone(), before: path.clone(), after: path.clone(), texts: 0 }
    }

    fn on(&self, side: Side) -> &Path {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    fn member(&self, name: &str, shown: String) -> Self {
        let step = || Step::Name(name.to_owned());
        Self {
            shown: self.shown.then(Step::Name(shown)),
            before: self.before.then(step()),
            after: self.after.then(step()),
            texts: self.texts,
        }
    }

    fn element(&self, label: Step, pair: pairs::ElementPair) -> Self {
        let (before, after) = pair.positions();
        Self {
            shown: self.shown.then(label),
            before: self.before.then(Step::Index(before)),
            after: self.after.then(Step::Index(after)),
            texts: self.texts,
        }
    }
}

/// The two sides of a place.
pub type BothValues<'v> = (Option<&'v Value>, Option<&'v Value>);

impl Reader<'_> {
    /// Differences between two values at `path`.
    pub fn between(&self, path: &Path, before: Option<&Value>, after: Option<&Value>) -> Found {
        let mut found = Found::default();
        self.walk(&Place::at(path), (before, after), &mut found);
        found
    }

    /// Reads an object that only one side has, attribute by attribute.
    pub fn whole(&self, side: Side, value: &Value) -> Found {
        let mut found = Found::default();
        for (name, member) in value.as_members().into_iter().flatten() {
            let place = Place::default().member(name, self.name(name));
            let both = match side {
                Side::Before => (Some(member), None),
                Side::After => (None, Some(member)),
            };
            match self.trifle(&place, both) {
                Some(by) => self.hide(&place, both, by, &mut found),
                None if *member == Value::Null => {}
                None => self.one_sided(&place, side, member, &mut found),
            }
        }
        found
    }

    fn walk(&self, place: &Place, (before, after): BothValues<'_>, found: &mut Found) {
        if before == after || (present(before), present(after)) == (None, None) && place.texts == 0
        {
            return;
        }
        if let Some(by) = self.hidden_by(place, (before, after)) {
            return self.hide(place, (before, after), by, found);
        }
        let counted = found.len();
        match (present(before), present(after)) {
            (a, b) if place.shown.0.len() >= DEPTH_MAX || self.is_marked(place) => {
                self.leaf(place, (a, b), found);
            }
            (Some(Value::Map(a)), Some(Value::Map(b))) => self.members(place, a, b, found),
            (Some(Value::Map(a)), None) if is_flat(a) => {
                self.members(place, a, &BTreeMap::new(), found);
            }
            (None, Some(Value::Map(b))) if is_flat(b) => {
                self.members(place, &BTreeMap::new(), b, found);
            }
            (Some(Value::List(a)), Some(Value::List(b))) => self.lists(place, a, b, found),
            (Some(Value::List(a)), None) if !a.is_empty() => self.lists(place, a, &[], found),
            (None, Some(Value::List(b))) if !b.is_empty() => self.lists(place, &[], b, found),
            (Some(Value::Text(a)), Some(Value::Text(b))) => self.texts(place, a, b, found),
            (Some(value), None) => self.one_sided(place, Side::Before, value, found),
            (None, Some(value)) => self.one_sided(place, Side::After, value, found),
            (a, b) => self.leaf(place, (a, b), found),
        }
        // Numbers that are written differently are equal, and so may be what holds them.
        if found.len() == counted && before != after && place.texts > 0 {
            let by = built_in("json-text", "the same JSON, written differently");
            self.hide(place, (before, after), by, found);
        }
    }

    fn members(
        &self,
        place: &Place,
        a: &BTreeMap<String, Value>,
        b: &BTreeMap<String, Value>,
        found: &mut Found,
    ) {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let both = (a.get(name), b.get(name));
            if both.0 != both.1 {
                self.walk(&place.member(name, self.name(name)), both, found);
            }
        }
    }

    /// Adds a value that only one side has: in one piece, or piece by piece where a piece is
    /// secret.
    fn one_sided(&self, place: &Place, side: Side, value: &Value, found: &mut Found) {
        let is_hidden = || !matches!(self.show(place.on(side), Some(value)), Shown::Plain(_));
        let is_apart = || place.shown.0.len() < DEPTH_MAX && is_hidden() && !self.is_marked(place);
        match value {
            Value::Map(members) if is_apart() => {
                for (name, member) in members {
                    let place = place.member(name, self.name(name));
                    self.one_sided(&place, side, member, found);
                }
            }
            Value::List(items) if is_apart() => {
                for (index, item) in items.iter().enumerate() {
                    let pair = pairs::ElementPair::one(side, index);
                    let place = place.element(Step::Index(index), pair);
                    self.one_sided(&place, side, item, found);
                }
            }
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                let both = match side {
                    Side::Before => (Some(value), None),
                    Side::After => (None, Some(value)),
                };
                self.leaf(place, both, found);
            }
        }
    }

    fn leaf(&self, place: &Place, both: BothValues<'_>, found: &mut Found) {
        found.changes.push(self.change(place, both, Form::Value));
    }

    fn hide(&self, place: &Place, both: BothValues<'_>, by: HiddenBy, found: &mut Found) {
        found.hidden.push(Hidden { change: self.change(place, both, Form::Value), by });
    }

    fn change(&self, place: &Place, both: BothValues<'_>, form: Form) -> AttributeChange {
        let at =
            (both.0.map(|_| self.named(&place.before)), both.1.map(|_| self.named(&place.after)));
        let (before, after) = self.show_both(place, both);
        AttributeChange { means: (None, None), path: place.shown.clone(), at, before, after, form }
    }

    fn hidden_by(&self, place: &Place, (before, after): BothValues<'_>) -> Option<HiddenBy> {
        if place.shown.0.is_empty() {
            return None;
        }
        (self.rules)((&place.before, &place.after), (before, after))
            .or_else(|| self.trifle(place, (before, after)))
    }

    /// The rule that hides null against empty. A member that comes or goes below the top level is
    /// significant even if it is empty: the map may be the user's own. In JSON only null and
    /// nothing are one.
    fn trifle(&self, place: &Place, (before, after): BothValues<'_>) -> Option<HiddenBy> {
        if self.insignificant == Insignificant::Shown {
            return None;
        }
        let is_null = |value: Option<&Value>| present(value).is_none();
        let is_attribute = place.shown.0.len() == 1;
        let is_one = match (before, after) {
            _ if place.texts > 0 => is_null(before) && is_null(after),
            (None, Some(value)) | (Some(value), None) => is_attribute && value.is_empty(),
            (Some(Value::Null), Some(value)) | (Some(value), Some(Value::Null)) => value.is_empty(),
            _ => false,
        };
        is_one.then(|| built_in("empty", "nothing, and a value that is empty"))
    }
}

fn built_in(rule: &str, why: &str) -> HiddenBy {
    HiddenBy { rule: rule.to_owned(), why: why.to_owned() }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_))
}

/// Whether a map is best said member by member, as tags are.
fn is_flat(members: &BTreeMap<String, Value>) -> bool {
    !members.is_empty() && members.values().all(is_scalar)
}
