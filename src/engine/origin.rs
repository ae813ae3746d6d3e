//! The origin of an object, as the journals since the good snapshot tell.
//!
//! A journal tells what a wrapped apply or a revert did, a failed one too. It names objects by type
//! and real id: an object can have been moved since, and an address may have another object by now.
//! An object that an apply *imported* was there before it. An object that no journal names is
//! judged by snapshots, in [`super::revert`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::judgement::Origin;
use crate::model::address::Address;
use crate::model::apply_report::{ApplyReport, ObjectOutcome};
use crate::model::entry::Revision;
use crate::model::event::{Event, Hook, Operation};
use crate::model::state::{Instance, State};

/// The kind of command that wrote a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalKind {
    /// A wrapped apply's.
    Run,
    /// A revert's.
    Revert,
}

/// Objects that were made, destroyed and imported while something ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyJournal {
    /// The kind of command that wrote it.
    pub kind: JournalKind,
    /// The entry with which it began.
    pub begun: Revision,
    /// When that was: nothing in here is older, but what was imported.
    pub time: Timestamp,
    /// By type and id, since an object can have been moved; with the address at which it was made.
    made: BTreeMap<(String, String), String>,
    deleted: BTreeSet<(String, String)>,
    imported: BTreeSet<(Address, Option<String>)>,
    /// Whether the present state is the one that it began with.
    is_unwritten: bool,
}

impl ApplyJournal {
    /// An empty one.
    pub fn new(kind: JournalKind, begun: Revision, time: Timestamp) -> Self {
        Self {
            kind,
            begun,
            time,
            made: BTreeMap::new(),
            deleted: BTreeSet::new(),
            imported: BTreeSet::new(),
            is_unwritten: false,
        }
    }

    /// Says that the present state is the one that it began with: a killed engine writes none.
    #[must_use]
    pub fn unwritten(mut self) -> Self {
        self.is_unwritten = true;
        self
    }

    /// Adds what Terraform said while it ran.
    #[must_use]
    pub fn with_events(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        // The end of a deletion names no id, its beginning does.
        let mut going: BTreeMap<String, String> = BTreeMap::new();
        for event in events {
            let (Event::Started(hook) | Event::Completed(hook)) = &event else { continue };
            let Hook { address, operation, id } = hook.clone();
            match (operation, id, matches!(event, Event::Started(_))) {
                (Operation::Delete, Some(id), true) => {
                    going.insert(address, id);
                }
                (Operation::Delete, _, false) => {
                    let id = going.remove(&address);
                    self.deleted.extend(id.and_then(|id| named(&address, id)));
                }
                (Operation::Create, Some(id), false) => {
                    self.made.extend(named(&address, id).map(|name| (name, address)));
                }
                (
                    Operation::Create | Operation::Update | Operation::Delete | Operation::Other,
                    _,
                    _,
                ) => {}
            }
        }
        self
    }

    /// Adds what the recorded report says. An object that replaced another one is left to the
    /// events: a line of a report does not say which of the two its id is.
    #[must_use]
    pub fn with_report(mut self, report: &ApplyReport) -> Self {
        for reported in &report.objects {
            let Ok(address) = reported.address.parse::<Address>() else { continue };
            match (reported.outcome, &reported.id) {
                (ObjectOutcome::Imported, id) => {
                    self.imported.insert((address, id.clone()));
                }
                (ObjectOutcome::Created | ObjectOutcome::Tainted, Some(id))
                    if reported.action == "create" =>
                {
                    self.made.insert((address.kind, id.clone()), reported.address.clone());
                }
                _ => {}
            }
        }
        self
    }

    /// Objects that it destroyed, by type and id.
    pub fn deleted(&self) -> impl Iterator<Item = &(String, String)> {
        self.deleted.iter()
    }

    /// Objects that it imported, with the id where that is known.
    pub fn imported(&self) -> impl Iterator<Item = &(Address, Option<String>)> {
        self.imported.iter()
    }

    fn has_made(&self, object: &Instance<'_>) -> bool {
        let id = object.id.clone();
        id.is_some_and(|id| self.made.contains_key(&(object.address.kind.clone(), id)))
    }

    fn has_deleted(&self, object: &Instance<'_>) -> bool {
        let id = object.id.clone();
        id.is_some_and(|id| self.deleted.contains(&(object.address.kind.clone(), id)))
    }

    /// Whether it imported the object; without an id, what stands at the address is meant.
    fn has_imported(&self, object: &Instance<'_>) -> bool {
        let is_it = |id: Option<String>| self.imported.contains(&(object.address.clone(), id));
        is_it(object.id.clone()) || is_it(None)
    }
}

/// An object by type and id.
fn named(address: &str, id: String) -> Option<(String, String)> {
    let address: Address = address.parse().ok()?;
    Some((address.kind, id))
}

/// The origin of an object of the present state; none when no journal names it. An object that any
/// of them imported is imported, and of several that made it the first one counts.
pub fn origin(journals: &[ApplyJournal], object: &Instance<'_>) -> Option<Origin> {
    if journals.iter().any(|journal| journal.has_imported(object)) {
        return Some(Origin::Imported);
    }
    let first = journals.iter().find(|journal| journal.has_made(object))?;
    Some(Origin::MadeSince { revision: first.begun, time: first.time })
}

/// The beginning of the command that destroyed an object, if that is the last that journals, oldest
/// first, tell of it, and no state was written since: one that was may mean another object of that
/// name, which was made where no journal tells.
pub fn destroyed(journals: &[ApplyJournal], object: &Instance<'_>) -> Option<Revision> {
    let names = |journal: &&ApplyJournal| journal.has_deleted(object) || journal.has_made(object);
    let last = journals.iter().rev().find(names)?;
    // A replaced object whose id is a name is in both.
    (!last.has_made(object) && last.is_unwritten).then_some(last.begun)
}

/// An object that an apply since good made and that no state has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutOfState {
    /// The address at which it was made.
    pub address: String,
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The beginning of what made it.
    pub begun: Revision,
}

/// The objects that `journals` made, that none of them ended since, and that `states` do not have:
/// somebody took them out of the state, or deleted them and refreshed it.
pub fn out_of_state(journals: &[ApplyJournal], states: &[&State<'_>]) -> Vec<OutOfState> {
    let object =
        |instance: &Instance<'_>| Some((instance.address.kind.clone(), instance.id.clone()?));
    let known: BTreeSet<(String, String)> =
        states.iter().flat_map(|state| &state.instances).filter_map(object).collect();
    let mut open: BTreeMap<&(String, String), OutOfState> = BTreeMap::new();
    for journal in journals {
        for (name, address) in &journal.made {
            let (kind, id) = name.clone();
            let one = OutOfState { address: address.clone(), kind, id, begun: journal.begun };
            open.insert(name, one);
        }
        for name in &journal.deleted {
            open.remove(name);
        }
    }
    let mut found: Vec<OutOfState> =
        open.into_iter().filter(|(name, _)| !known.contains(*name)).map(|(_, one)| one).collect();
    found.sort();
    found
}

/// Whether any apply since good was wrapped. If none was, nothing tells one object that appeared
/// from another.
pub fn is_journalled(journals: &[ApplyJournal]) -> bool {
    journals.iter().any(|journal| journal.kind == JournalKind::Run)
}

#[cfg(test)]
mod tests;
