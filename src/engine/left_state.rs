//! How a state that Terraform left behind stands to the one that the backend has.
//!
//! Terraform leaves `errored.tfstate` when its backend does not take the state at the end. It may
//! be pushed only while the backend's was not written since: its lineage is the backend's and its
//! serial is newer. Nothing is pushed here, and nothing is ever a reason to force it.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::json;
use crate::engine::redact::Redactor;
use crate::model::state::{Instance, State};
use crate::model::value::RawJson;
use crate::model::version::{Lineage, Relation, Serial};

/// How the left state stands to the backend's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftStanding {
    /// It is newer, of the same lineage: it may be pushed.
    Newer,
    /// The backend has none, and never had one: it may be pushed.
    First,
    /// The backend has its content already.
    There,
    /// The backend's is newer, with other content: it was written since.
    Older {
        /// Its serial.
        left: Serial,
        /// The backend's.
        live: Serial,
    },
    /// The same serial with other content: two writers.
    Forked(Serial),
    /// Another lineage.
    Unrelated {
        /// Its lineage.
        left: Lineage,
        /// The backend's, or the one that the stack is pinned to.
        live: Lineage,
    },
    /// The backend has none, and the log says that there was one.
    Lost,
}

impl LeftStanding {
    /// Whether it may be pushed.
    pub fn may_be_pushed(&self) -> bool {
        matches!(self, Self::Newer | Self::First)
    }

    /// In a clause.
    pub fn what(&self) -> String {
        match self {
            Self::Newer => "newer than the backend's, of the same lineage".to_owned(),
            Self::First => "the backend has none yet".to_owned(),
            Self::There => "the backend has its content already".to_owned(),
            Self::Older { left, live } => {
                format!("its serial is {left}, and the backend's is {live} with other content")
            }
            Self::Forked(serial) => {
                format!("the backend has serial {serial} too, with other content")
            }
            Self::Unrelated { left, live } => {
                format!("its lineage is {}, and the stack's is {}", left.short(), live.short())
            }
            Self::Lost => "the backend has no state any more, and the log has one".to_owned(),
        }
    }
}

/// Judges a left state; `pinned` is the lineage that the log knows.
pub fn standing(
    left: &State<'_>,
    live: Option<&State<'_>>,
    pinned: Option<&Lineage>,
) -> LeftStanding {
    let unrelated = |live: &Lineage| LeftStanding::Unrelated {
        left: left.version.lineage.clone(),
        live: live.clone(),
    };
    let Some(live) = live else {
        return match pinned {
            None => LeftStanding::First,
            Some(pinned) if *pinned != left.version.lineage => unrelated(pinned),
            Some(_) => LeftStanding::Lost,
        };
    };
    if let Some(pinned) = pinned.filter(|pinned| **pinned != left.version.lineage) {
        return unrelated(pinned);
    }
    match left.version.relation(&live.version) {
        Relation::Unrelated => unrelated(&live.version.lineage),
        Relation::Same => LeftStanding::There,
        // Terraform counts one up when it takes a state.
        _ if is_same_content(left, live) => LeftStanding::There,
        Relation::Newer => LeftStanding::Newer,
        Relation::Older => {
            LeftStanding::Older { left: left.version.serial, live: live.version.serial }
        }
        Relation::Forked => LeftStanding::Forked(live.version.serial),
    }
}

/// The objects that differ between two states, by address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moves {
    /// Only the second has it.
    pub added: Vec<String>,
    /// Only the first has it.
    pub removed: Vec<String>,
    /// Both have it, and not as the same.
    pub changed: Vec<String>,
}

impl Moves {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// The numbers, in a clause.
    pub fn counts(&self) -> String {
        let Self { added, removed, changed } = self;
        format!("{} added, {} removed, {} changed", added.len(), removed.len(), changed.len())
    }
}

/// Lists the objects in which the second state differs; addresses have passed the redactor.
pub fn moves(first: Option<&State<'_>>, second: &State<'_>, redactor: &Redactor) -> Moves {
    let before = first.map(objects).unwrap_or_default();
    let after = objects(second);
    let slots: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut moves = Moves::default();
    for slot in slots {
        let list = match (before.get(slot), after.get(slot)) {
            (Some(a), Some(b)) if is_same_object(a, b) => continue,
            (Some(_), Some(_)) => &mut moves.changed,
            (Some(_), None) => &mut moves.removed,
            (None, _) => &mut moves.added,
        };
        list.push(redactor.text(slot));
    }
    moves
}

/// Whether two states say the same, whatever their serials and their layout are.
pub fn is_same_content(a: &State<'_>, b: &State<'_>) -> bool {
    let outputs = |state: &State<'_>| -> BTreeMap<String, bool> {
        state.outputs.iter().map(|o| (o.name.clone().into_owned(), o.sensitive)).collect()
    };
    let are_same_values = || {
        a.outputs.iter().all(|output| {
            b.outputs
                .iter()
                .find(|other| other.name == output.name)
                .is_some_and(|other| is_same_json(output.value, other.value))
        })
    };
    moves(Some(a), b, &Redactor::default()).is_empty()
        && outputs(a) == outputs(b)
        && are_same_values()
}

/// Every object by its address, a left-over with its key.
fn objects<'s, 'a>(state: &'s State<'a>) -> BTreeMap<String, &'s Instance<'a>> {
    let slot = |object: &Instance<'_>| match &object.deposed {
        None => object.address.to_string(),
        Some(key) => format!("{} (deposed {key})", object.address),
    };
    state.instances.iter().map(|object| (slot(object), object)).collect()
}

fn is_same_object(a: &Instance<'_>, b: &Instance<'_>) -> bool {
    a.status == b.status
        && a.schema_version == b.schema_version
        && a.provider == b.provider
        && is_same_json(a.attributes, b.attributes)
}

fn is_same_json(a: RawJson<'_>, b: RawJson<'_>) -> bool {
    a == b || matches!((json::raw_value(a), json::raw_value(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::state;
    use crate::model::state::StateBytes;

    fn bytes(lineage: &str, serial: u64, objects: &[(&str, &str)]) -> StateBytes {
        let resources: Vec<serde_json::Value> = objects
            .iter()
            .map(|(name, content)| {
                serde_json::json!({
                    "mode": "managed", "type": "demo_file", "name": name,
                    "provider": "provider[\"registry.terraform.io/unapply/demo\"]",
                    "instances": [{ "schema_version": 0, "attributes": { "content": content } }]
                })
            })
            .collect();
        let text = serde_json::json!({
            "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": lineage,
            "outputs": {}, "resources": resources
        });
        StateBytes::new(text.to_string().into_bytes())
    }

    fn lineage(text: &str) -> Lineage {
        Lineage::new(text).unwrap()
    }

    fn check(left: &StateBytes, live: Option<&StateBytes>, pinned: Option<&str>) -> LeftStanding {
        let pinned = pinned.map(lineage);
        let left = state::parse(left).unwrap();
        let live = live.map(|live| state::parse(live).unwrap());
        standing(&left, live.as_ref(), pinned.as_ref())
    }

    #[test]
    fn only_a_newer_one_of_the_same_lineage_may_be_pushed() {
        let live = bytes("l", 4, &[("a", "one")]);
        let one = [("a", "one"), ("b", "new")];
        for (left, pinned, expected) in [
            (bytes("l", 5, &one), Some("l"), LeftStanding::Newer),
            (bytes("l", 5, &[("a", "one")]), Some("l"), LeftStanding::There),
            (bytes("l", 3, &[("a", "one")]), Some("l"), LeftStanding::There),
            (bytes("l", 4, &one), Some("l"), LeftStanding::Forked(Serial(4))),
            (
                bytes("l", 3, &one),
                Some("l"),
                LeftStanding::Older { left: Serial(3), live: Serial(4) },
            ),
            (
                bytes("m", 9, &one),
                Some("l"),
                LeftStanding::Unrelated { left: lineage("m"), live: lineage("l") },
            ),
            (
                bytes("m", 9, &one),
                None,
                LeftStanding::Unrelated { left: lineage("m"), live: lineage("l") },
            ),
        ] {
            let found = check(&left, Some(&live), pinned);
            assert_eq!(found, expected);
            assert_eq!(found.may_be_pushed(), expected == LeftStanding::Newer);
        }
    }

    #[test]
    fn where_there_is_none_it_is_pushed_only_if_there_never_was_one() {
        let left = bytes("l", 2, &[("a", "one")]);
        assert_eq!(check(&left, None, None), LeftStanding::First);
        assert_eq!(check(&left, None, Some("l")), LeftStanding::Lost);
        assert!(matches!(check(&left, None, Some("m")), LeftStanding::Unrelated { .. }));
    }

    #[test]
    fn what_would_change_is_told_by_address() {
        let (before, after) = (
            bytes("l", 1, &[("a", "one"), ("b", "x")]),
            bytes("l", 2, &[("a", "two"), ("c", "y")]),
        );
        let (before, after) = (state::parse(&before).unwrap(), state::parse(&after).unwrap());
        let found = moves(Some(&before), &after, &Redactor::default());
        assert_eq!(found.counts(), "1 added, 1 removed, 1 changed");
        assert_eq!(found.added, ["demo_file.c"]);
        assert_eq!(found.removed, ["demo_file.b"]);
        assert_eq!(moves(None, &after, &Redactor::default()).added.len(), 2);
    }
}
