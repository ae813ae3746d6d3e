//! A state as a report asks about it: which managed objects there are, at which address and with
//! which id.
//!
//! Nothing is copied but addresses and ids; attributes are compared as text and not looked into.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::address::{Address, Mode};
use crate::model::apply_report::Presence;
use crate::model::state::{State, Status};
use crate::model::value::RawJson;

/// A state as far as it could be read.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'s, 'a> {
    /// It could not be read, or was not looked at.
    Unread,
    /// There is none yet.
    None,
    /// It was read.
    State(&'s State<'a>),
}

/// One object.
pub(super) struct TouchedObject<'a> {
    pub(super) id: Option<String>,
    pub(super) is_tainted: bool,
    pub(super) attributes: RawJson<'a>,
}

/// The objects of a state.
pub(super) struct TouchedObjects<'s, 'a> {
    seen: Seen<'s, 'a>,
    current: BTreeMap<String, TouchedObject<'a>>,
    left_over: BTreeMap<String, BTreeMap<String, TouchedObject<'a>>>,
    /// Types and ids, wherever they stand.
    ids: BTreeSet<(String, String)>,
}

impl<'s, 'a> TouchedObjects<'s, 'a> {
    pub(super) fn of(seen: Seen<'s, 'a>) -> Self {
        let mut objects = Self {
            seen,
            current: BTreeMap::new(),
            left_over: BTreeMap::new(),
            ids: BTreeSet::new(),
        };
        let Seen::State(state) = seen else { return objects };
        let managed = state.instances.iter().filter(|i| i.address.mode == Mode::Managed);
        for instance in managed {
            let address = instance.address.to_string();
            let object = TouchedObject {
                id: instance.id.clone(),
                is_tainted: instance.status == Status::Tainted,
                attributes: instance.attributes,
            };
            if let Some(id) = &instance.id {
                objects.ids.insert((instance.address.kind.clone(), id.clone()));
            }
            match &instance.deposed {
                None => drop(objects.current.insert(address, object)),
                Some(key) => {
                    let at = objects.left_over.entry(address).or_default();
                    at.insert(key.clone().into_owned(), object);
                }
            }
        }
        objects
    }

    pub(super) fn is_read(&self) -> bool {
        !matches!(self.seen, Seen::Unread)
    }

    /// The presence of an object that was not found here.
    pub(super) fn absence(&self) -> Presence {
        if self.is_read() { Presence::NotInState } else { Presence::Unread }
    }

    /// The current object at an address.
    pub(super) fn at(&self, address: &str) -> Option<&TouchedObject<'a>> {
        self.current.get(address)
    }

    /// Whether anything stands at an address.
    pub(super) fn knows(&self, address: &str) -> bool {
        self.current.contains_key(address)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.current.keys().map(String::as_str)
    }

    /// Whether an object of the type at `address` has this id, at whatever address.
    pub(super) fn has(&self, address: &str, id: &str) -> bool {
        match address.parse::<Address>() {
            Ok(address) => self.ids.contains(&(address.kind, id.to_owned())),
            Err(_) => self.ids.iter().any(|(_, known)| known == id),
        }
    }

    /// The deposed objects at an address.
    pub(super) fn left_over(&self, address: &str) -> impl Iterator<Item = &TouchedObject<'a>> {
        self.left_over.get(address).into_iter().flat_map(BTreeMap::values)
    }

    /// Everything that was left over, by address and key.
    pub(super) fn all_left_over(&self) -> impl Iterator<Item = ((&str, &str), &TouchedObject<'a>)> {
        self.left_over.iter().flat_map(|(address, at)| {
            at.iter().map(move |(key, object)| ((address.as_str(), key.as_str()), object))
        })
    }
}
