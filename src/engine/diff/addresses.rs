//! Whose id a text is: `subnet-0a1b2c3d` is `aws_subnet.a`.
//!
//! Only for reading. An id that several objects of a state have belongs to none, and a text that
//! could be anything, such as a name or a region, is not taken for an id.

use std::collections::BTreeMap;

use crate::model::address::{Address, Mode};
use crate::model::state::State;

/// Shorter ids are not told from other texts.
const BYTES_MIN: usize = 8;

/// The ids of some states.
#[derive(Debug, Clone, Default)]
pub struct Addresses<'s>(BTreeMap<&'s str, Option<&'s Address>>);

impl<'s> Addresses<'s> {
    /// The ids of two states; where they disagree, what the second says.
    pub fn of(before: &'s State<'_>, after: &'s State<'_>) -> Self {
        let mut all = ids(before);
        all.extend(ids(after));
        Self(all)
    }

    /// The address of the object that has this id.
    pub fn find(&self, id: &str) -> Option<Address> {
        self.0.get(id).copied().flatten().cloned()
    }
}

fn ids<'s>(state: &'s State<'_>) -> BTreeMap<&'s str, Option<&'s Address>> {
    let mut ids = BTreeMap::new();
    for instance in &state.instances {
        let is_there = instance.address.mode == Mode::Managed && instance.deposed.is_none();
        let id = instance.id.as_deref().filter(|id| is_there && is_telling(id));
        if let Some(id) = id {
            ids.entry(id).and_modify(|one| *one = None).or_insert(Some(&instance.address));
        }
    }
    ids
}

/// Whether a text looks like an id that somebody's machine made.
fn is_telling(id: &str) -> bool {
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
