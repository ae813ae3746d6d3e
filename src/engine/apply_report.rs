//! The result of an apply, resource by resource. It is put together from Terraform's events, from
//! the plan, and from the states before and after.
//!
//! A [`Ledger`] takes events as they come and keeps little for each object; [`Ledger::report`]
//! closes it over the two states. An operation that was said to begin and not seen to end is
//! *unknown*: the states say whether an object is known, and never that nothing happened. Presence
//! is told by the real id where the stream names one, since at one address another object can
//! stand.
//!
//! It judges nothing: `engine::revert` decides who made an object and what may be undone.

mod courses;
mod invocations;
mod objects;

use std::collections::{BTreeMap, BTreeSet};

use self::courses::{Course, CourseStep};
pub use self::courses::{Ledger, LedgerSummary, intended};
pub use self::invocations::{Invocations, planned_invocations};
pub use self::objects::Seen;
use self::objects::{TouchedObject, TouchedObjects};
use super::redact::Redactor;
use super::revert::besides::safe_invocation;
use crate::model::apply_report::{
    ApplyReport, ObjectOutcome, Presence, ReportSource, ReportedObject,
};
use crate::model::event::{Intention, Operation};
use crate::model::word::Word as _;

/// Whether the command is known to have done all it meant to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Exit code 0: what was planned and not begun was not meant.
    Whole,
    /// Another exit code: an operation under way was said to have failed, or has.
    Broken,
    /// It was killed, or it was not seen to end.
    Cut,
}

/// The states and facts that a report is closed over.
#[derive(Debug, Clone, Copy)]
pub struct ApplyReportFacts<'s, 'a> {
    /// The state before.
    pub before: Seen<'s, 'a>,
    /// The state after.
    pub after: Seen<'s, 'a>,
    /// The best source that there was.
    pub source: ReportSource,
    /// How it ended.
    pub ending: Ending,
}

/// How an operation on an object went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ApplyEnd {
    Open,
    Well,
    Badly,
}

impl Ledger {
    /// Closes the ledger: one line for each object that was touched or meant to be, by address, and
    /// one more for what was left over of it.
    pub fn report(self, facts: &ApplyReportFacts<'_, '_>, redactor: &Redactor) -> ApplyReport {
        let closing = Closing {
            before: TouchedObjects::of(facts.before),
            after: TouchedObjects::of(facts.after),
            source: facts.source,
            ending: facts.ending,
        };
        let mut objects = Vec::new();
        for (address, course) in &self.courses {
            objects.extend(closing.import(address, course));
            objects.extend(closing.reported(address, course));
        }
        let left: Vec<ReportedObject> = closing.left_over(&self.courses);
        objects.extend(left);
        objects.extend(closing.untold(&self.courses));
        objects.sort_by(|a, b| a.address.cmp(&b.address));
        for reported in &mut objects {
            reported.address = redactor.text(&reported.address);
            reported.id = reported.id.take().filter(|id| redactor.text(id) == *id);
        }
        let invocations = self.invocations.report(facts.ending);
        let invocations =
            invocations.iter().map(|reported| safe_invocation(reported, redactor)).collect();
        ApplyReport { source: facts.source, objects, invocations }
    }
}

/// The states with what is asked of them.
struct Closing<'s, 'a> {
    before: TouchedObjects<'s, 'a>,
    after: TouchedObjects<'s, 'a>,
    source: ReportSource,
    ending: Ending,
}

impl Closing<'_, '_> {
    /// An object that was there already and is managed now, whatever else happened to it.
    fn import(&self, address: &str, course: &Course) -> Option<ReportedObject> {
        let is_meant = course.intended.as_ref().is_some_and(|intended| intended.importing);
        let only = course.intended.as_ref().is_some_and(|i| i.intention == Intention::Import);
        if !is_meant && !course.is_imported {
            return None;
        }
        let now = self.after.at(address);
        let is_done = course.is_imported || now.is_some() && !self.before.knows(address);
        let outcome = match (is_done, self.ending, only || course.is_imported) {
            (true, _, _) => ObjectOutcome::Imported,
            (false, Ending::Broken | Ending::Cut, true) => ObjectOutcome::NotAttempted,
            (false, _, _) => return None,
        };
        let id = course.imported_id.clone().or_else(|| now.and_then(|o| o.id.clone()));
        let presence = self.presence(address, id.as_deref());
        Some(ReportedObject {
            address: address.to_owned(),
            action: "import".to_owned(),
            outcome,
            id,
            presence,
        })
    }

    /// Reports the outcome of the object at an address.
    fn reported(&self, address: &str, course: &Course) -> Option<ReportedObject> {
        let (outcome, id) = match course.newest(Operation::Create) {
            Some(create) => self.made(address, course, create),
            None => match course.newest(Operation::Delete) {
                Some(delete) if self.is_of_a_left_over(address, delete) => return None,
                Some(delete) => {
                    (ended(course, delete, ObjectOutcome::Destroyed), delete.id.clone())
                }
                None => match course.newest(Operation::Update) {
                    Some(update) => {
                        (ended(course, update, ObjectOutcome::Updated), update.id.clone())
                    }
                    None => return self.not_begun(address, course),
                },
            },
        };
        let now = self.after.at(address);
        let is_made = course.newest(Operation::Create).is_some();
        let id = id.or_else(|| {
            let old = self.before.at(address).and_then(|before| before.id.clone());
            if is_made {
                now.and_then(|now| now.id.clone()).filter(|id| Some(id) != old.as_ref())
            } else {
                old
            }
        });
        let presence = match (is_made, &id) {
            // At the address the old object may stand, and that is not the one that was made.
            (true, None) => match (now, self.before.at(address)) {
                (Some(now), Some(old)) if now.id == old.id => self.after.absence(),
                _ => self.presence(address, None),
            },
            _ => self.presence(address, id.as_deref()),
        };
        let action = course.action().to_owned();
        Some(ReportedObject { address: address.to_owned(), action, outcome, id, presence })
    }

    /// Finds the outcome of a creation, with the id that the stream names.
    fn made(
        &self,
        address: &str,
        course: &Course,
        create: &CourseStep,
    ) -> (ObjectOutcome, Option<String>) {
        let (old, now) = (self.before.at(address), self.after.at(address));
        let is_new = match (old, now) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(now)) => old.id != now.id,
        };
        let is_tainted = is_new && now.is_some_and(|now| now.is_tainted);
        let replaces = course.newest(Operation::Delete).is_some()
            || course.intends(Intention::Replace)
            || old.is_some();
        let outcome = match (course.end_of(create), is_tainted) {
            (_, true) => ObjectOutcome::Tainted,
            (ApplyEnd::Well, false) if replaces => ObjectOutcome::Replaced,
            (ApplyEnd::Well, false) => ObjectOutcome::Created,
            (ApplyEnd::Badly, false) => ObjectOutcome::Failed,
            (ApplyEnd::Open, false) => ObjectOutcome::Unknown,
        };
        (outcome, create.id.clone())
    }

    /// Whether a deletion was that of something left over, since the object itself stands still.
    fn is_of_a_left_over(&self, address: &str, delete: &CourseStep) -> bool {
        let now = self.after.at(address).and_then(|now| now.id.as_ref());
        delete.end == ApplyEnd::Well
            && self.before.left_over(address).next().is_some()
            && now.is_some_and(|now| delete.id.as_ref().is_none_or(|id| id != now))
    }

    /// Reports an object that was planned and not said to have begun.
    fn not_begun(&self, address: &str, course: &Course) -> Option<ReportedObject> {
        let intention = course.intended.as_ref()?.intention;
        let (old, now) = (self.before.at(address), self.after.at(address));
        let is_read = self.before.is_read() && self.after.is_read();
        let done = match (intention, old, now) {
            (Intention::Nothing | Intention::Import, _, _) => return None,
            (Intention::Forget, Some(_), None) => Some(ObjectOutcome::Forgotten),
            (Intention::Create, None, Some(now)) if now.is_tainted => Some(ObjectOutcome::Tainted),
            (Intention::Create, None, Some(_)) => Some(ObjectOutcome::Created),
            (Intention::Destroy, Some(_), None) => Some(ObjectOutcome::Destroyed),
            (Intention::Replace, Some(old), Some(now)) if old.id != now.id => {
                Some(ObjectOutcome::Replaced)
            }
            (Intention::Update, Some(old), Some(now))
                if self.source == ReportSource::States && old.attributes != now.attributes =>
            {
                Some(ObjectOutcome::Updated)
            }
            _ => None,
        };
        let outcome = match (done.filter(|_| is_read), self.ending) {
            (Some(outcome), _) => outcome,
            // Nobody told what was done, and nobody can look: not even that it was not begun.
            (None, _) if self.source == ReportSource::States && !is_read => ObjectOutcome::Unknown,
            (None, Ending::Broken | Ending::Cut) => ObjectOutcome::NotAttempted,
            (None, Ending::Whole) => return None,
        };
        let id = now.or(old).and_then(|object| object.id.clone());
        let presence = self.presence(address, id.as_deref());
        let action = intention.name().to_owned();
        Some(ReportedObject { address: address.to_owned(), action, outcome, id, presence })
    }

    /// Old objects whose replacement stands and that were not destroyed.
    fn left_over(&self, courses: &BTreeMap<String, Course>) -> Vec<ReportedObject> {
        let known: BTreeSet<(&str, &str)> = self.before.all_left_over().map(|(k, _)| k).collect();
        let reported = |((address, key), object): ((&str, &str), &TouchedObject<'_>)| {
            let course = courses.get(address);
            let delete = course.and_then(|course| course.newest(Operation::Delete));
            let outcome = match (delete, known.contains(&(address, key)), self.ending) {
                (Some(_), _, Ending::Cut) => ObjectOutcome::Unknown,
                (Some(_), _, Ending::Broken | Ending::Whole) => ObjectOutcome::Failed,
                (None, true, _) => return None,
                (None, false, _) => ObjectOutcome::NotAttempted,
            };
            Some(ReportedObject {
                address: format!("{address} (deposed object {key})"),
                action: Intention::Destroy.name().to_owned(),
                outcome,
                id: object.id.clone(),
                presence: Presence::InState,
            })
        };
        self.after.all_left_over().filter_map(reported).collect()
    }

    /// Reports changes that only the states tell.
    fn untold(&self, courses: &BTreeMap<String, Course>) -> Vec<ReportedObject> {
        if !self.before.is_read() || !self.after.is_read() {
            return Vec::new();
        }
        let moved: BTreeSet<&str> = courses
            .values()
            .filter_map(|course| course.intended.as_ref()?.previous.as_deref())
            .collect();
        let is_told = |address: &str| {
            moved.contains(address) || courses.get(address).is_some_and(|course| !course.is_empty())
        };
        let addresses: BTreeSet<&str> =
            self.before.addresses().chain(self.after.addresses()).collect();
        let untold = addresses.into_iter().filter(|address| !is_told(address));
        untold.filter_map(|address| self.by_states(address)).collect()
    }

    fn by_states(&self, address: &str) -> Option<ReportedObject> {
        let is_alone = self.source == ReportSource::States;
        let (old, now) = (self.before.at(address), self.after.at(address));
        let elsewhere = |objects: &TouchedObjects<'_, '_>, object: &TouchedObject<'_>| {
            object.id.as_deref().is_some_and(|id| objects.has(address, id))
        };
        let (outcome, action, object) = match (old, now) {
            (None, Some(now)) if elsewhere(&self.before, now) => return None,
            (None, Some(now)) if now.is_tainted => (ObjectOutcome::Tainted, "create", now),
            // Without a plan nobody can tell an object that was made from one that was taken over.
            (None, Some(now)) if is_alone => (ObjectOutcome::Created, "create or import", now),
            (None, Some(now)) => (ObjectOutcome::Created, "create", now),
            (Some(old), Some(now)) if old.id != now.id => (ObjectOutcome::Replaced, "replace", now),
            (Some(old), Some(now)) if now.is_tainted && !old.is_tainted => {
                (ObjectOutcome::Tainted, "update", now)
            }
            (Some(old), Some(now)) if is_alone && old.attributes != now.attributes => {
                (ObjectOutcome::Updated, "update", now)
            }
            (Some(old), None) if is_alone && !elsewhere(&self.after, old) => {
                (ObjectOutcome::Destroyed, "destroy or forget", old)
            }
            _ => return None,
        };
        let id = object.id.clone();
        let presence = self.presence(address, id.as_deref());
        Some(ReportedObject {
            address: address.to_owned(),
            action: action.to_owned(),
            outcome,
            id,
            presence,
        })
    }

    /// Whether the state afterwards has this object: by its id if that is known.
    fn presence(&self, address: &str, id: Option<&str>) -> Presence {
        let is_there = match id {
            Some(id) => self.after.has(address, id),
            None => self.after.knows(address),
        };
        if is_there { Presence::InState } else { self.after.absence() }
    }
}

/// The outcome of an operation, by how it ended.
fn ended(course: &Course, step: &CourseStep, well: ObjectOutcome) -> ObjectOutcome {
    match course.end_of(step) {
        ApplyEnd::Well => well,
        ApplyEnd::Badly => ObjectOutcome::Failed,
        ApplyEnd::Open => ObjectOutcome::Unknown,
    }
}

#[cfg(test)]
mod tests;
