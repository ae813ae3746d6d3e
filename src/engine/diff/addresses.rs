//! Addresses of the objects that ids belong to: `subnet-0a1b2c3d` is `aws_subnet.a`.
//!
//! Only for reading. An id that several objects of a state have belongs to none, and a text that
//! could be anything, such as a name or a region, is not taken for an id.

use std::collections::{BTreeMap, BTreeSet};

use super::{AttributeChange, Diff};
use crate::engine::redact::{Redactor, Shown};
use crate::model::address::{Address, Mode};
use crate::model::state::Instance;
use crate::model::value::Value;

/// Shorter ids are not told from other texts.
const BYTES_MIN: usize = 8;

/// Ids with the addresses of the objects that have them; none for an id of several.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses(BTreeMap<String, Option<Address>>);

impl Addresses {
    /// The ids of these objects.
    pub(super) fn of<'i, 'a: 'i>(instances: impl IntoIterator<Item = &'i Instance<'a>>) -> Self {
        let mut addresses = Self::default();
        instances.into_iter().for_each(|instance| addresses.add(instance));
        addresses
    }

    /// These ids, and others; where both know one, what the others say.
    pub(super) fn overridden_by(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    fn add(&mut self, instance: &Instance<'_>) {
        let is_there = instance.address.mode == Mode::Managed && instance.deposed.is_none();
        let Some(id) = instance.id.as_deref().filter(|id| is_there && is_telling(id)) else {
            return;
        };
        let known = self.0.entry(id.to_owned()).or_insert_with(|| Some(instance.address.clone()));
        if known.as_ref().is_some_and(|address| *address != instance.address) {
            *known = None;
        }
    }

    /// Says whose ids the values are that differ; an object's own is not said to be itself.
    pub(super) fn name_ids(&self, found: &mut Diff, redactor: &Redactor) {
        each(found, &mut |change, own| {
            let other = |shown: &Shown| {
                let address = redactor.address(self.find(text_of(shown)?)?);
                (!own.contains(&&address)).then_some(address)
            };
            change.means = (other(&change.before), other(&change.after));
        });
    }

    /// The address of the object that has this id.
    fn find(&self, id: &str) -> Option<&Address> {
        self.0.get(id).and_then(Option::as_ref)
    }
}

/// The texts in it that may be ids.
pub(super) fn ids_in(found: &mut Diff) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    each(found, &mut |change, _| {
        let texts = [&change.before, &change.after].into_iter().filter_map(text_of);
        ids.extend(texts.filter(|text| is_telling(text)).map(str::to_owned));
    });
    ids
}

fn text_of(shown: &Shown) -> Option<&str> {
    match shown {
        Shown::Plain(Value::Text(text)) => Some(text),
        Shown::Plain(_) | Shown::Absent | Shown::Sensitive(_) => None,
    }
}

/// Goes over each attribute that differs, with the addresses of its object.
fn each(found: &mut Diff, look: &mut dyn FnMut(&mut AttributeChange, &[&Address])) {
    for object in found.changes.iter_mut().chain(&mut found.data).chain(&mut found.quiet) {
        let previous = object.previous_address.as_ref();
        let own: Vec<&Address> = std::iter::once(&object.address).chain(previous).collect();
        let hidden = object.hidden.iter_mut().map(|hidden| &mut hidden.change);
        object.attributes.iter_mut().chain(hidden).for_each(|change| look(change, &own));
    }
    let hidden = found.outputs_hidden.iter_mut().map(|hidden| &mut hidden.change);
    let inside = found.outputs.iter_mut().flat_map(|output| &mut output.inside);
    inside.chain(hidden).for_each(|change| look(change, &[]));
}

/// Whether a text looks like an id that a machine made.
pub(super) fn is_telling(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let has_letter = id.bytes().any(|byte| byte.is_ascii_alphabetic());
    id.len() >= BYTES_MIN && (id.contains(['/', ':']) || (digits >= 2 && has_letter))
}

#[cfg(test)]
mod tests {
    use super::is_telling;

    #[test]
    fn only_what_looks_made_by_a_machine_is_taken_for_an_id() {
        for id in ["subnet-0a1b2c3d", "arn:aws:iam::1:role/x", "default/settings", "f-5fd9a2e1"] {
            assert!(is_telling(id), "{id}");
        }
        for text in ["vpc-1", "default", "production", "us-east-1", "123456789012", "t3.micro"] {
            assert!(!is_telling(text), "{text}");
        }
    }
}
