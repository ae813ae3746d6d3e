//! The report of an apply: the outcome for each object.
//!
//! An [`ApplyReport`] is for the person whose apply has just failed and for the one who has to undo
//! it: what was done, what was not, and what is not known yet. It holds addresses and ids that have
//! passed the redactor, and no attribute. `engine::apply_report` puts it together.

use serde::{Deserialize, Serialize};

use super::invocation::ReportedInvocation;

/// The outcome for one object of a plan, or for one that was in no plan. Those that want looking at
/// come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ObjectOutcome {
    /// Started, and its end was not seen: the object may exist, or may have changed.
    Unknown,
    /// Attempted, and it failed; of a creation something may be left.
    Failed,
    /// Made, but not to the end: the next plan replaces it.
    Tainted,
    /// Made.
    Created,
    /// Changed.
    Updated,
    /// Another object stands in its place now.
    Replaced,
    /// Ended.
    Destroyed,
    /// It was there before, and the state knows it now.
    Imported,
    /// It is there still, and the state no longer knows it.
    Forgotten,
    /// Planned, and never begun.
    NotAttempted,
}

/// Whether the state that was found afterwards has the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It has.
    InState,
    /// It has not.
    NotInState,
    /// The state could not be read.
    Unread,
}

/// One object of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedObject {
    /// The address, as Terraform writes it.
    pub address: String,
    /// The action that was planned or begun, in the words of a plan: `create`, `replace`…
    pub action: String,
    /// Its outcome.
    #[serde(rename = "fate")]
    pub outcome: ObjectOutcome,
    /// The real id, as far as the stream or the state names one.
    pub id: Option<String>,
    /// Whether the state knows the object afterwards.
    pub presence: Presence,
}

impl ReportedObject {
    /// Whether an object was made that no state knows.
    pub fn is_lost(&self) -> bool {
        let is_made = matches!(
            self.outcome,
            ObjectOutcome::Created | ObjectOutcome::Replaced | ObjectOutcome::Tainted
        );
        is_made && self.presence != Presence::InState
    }

    /// Whether an object may be there that no state knows: its creation was begun, and was not seen
    /// to end well.
    pub fn may_exist(&self) -> bool {
        let makes = self.action.contains("create") || self.action.contains("replace");
        let is_open = matches!(self.outcome, ObjectOutcome::Unknown | ObjectOutcome::Failed);
        makes && is_open && self.presence != Presence::InState
    }
}

/// The source that the report was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ReportSource {
    /// Terraform's `-json` event stream.
    Events,
    /// The text that Terraform prints for people, and the states before and after.
    Output,
    /// The two states alone.
    States,
}

/// The result of an apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyReport {
    /// The source that it was read from.
    #[serde(rename = "witness")]
    pub source: ReportSource,
    /// One line for each object that was touched or meant to be, by address.
    #[serde(rename = "account")]
    pub objects: Vec<ReportedObject>,
    /// Actions of providers that ran or were meant to, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<ReportedInvocation>,
}

impl ApplyReport {
    /// A report of nothing.
    pub fn empty(source: ReportSource) -> Self {
        Self { source, objects: Vec::new(), invocations: Vec::new() }
    }

    /// How many objects had this outcome.
    pub fn count(&self, outcome: ObjectOutcome) -> u64 {
        let count = self.objects.iter().filter(|reported| reported.outcome == outcome).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Objects that were made and that no state knows. They have to be resolved before anything is
    /// built on the state.
    pub fn lost(&self) -> impl Iterator<Item = &ReportedObject> {
        self.objects.iter().filter(|reported| reported.is_lost())
    }

    /// Objects that may be there and that no state knows.
    pub fn may_exist(&self) -> impl Iterator<Item = &ReportedObject> {
        self.objects.iter().filter(|reported| reported.may_exist())
    }
}

/// The class of an error of Terraform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// The configuration is wrong.
    Configuration,
    /// The credentials are missing, were not accepted, or do not permit it.
    Credentials,
    /// A limit of the service.
    Quota,
    /// The service could not be reached, or did not answer in time.
    Network,
    /// Another process holds a lock.
    Lock,
    /// It was stopped.
    Interrupted,
    /// The provider refused or failed, for a reason of its own.
    Provider,
}

/// One error, safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyError {
    /// Its class.
    pub class: ErrorClass,
    /// The address it concerns.
    pub address: Option<String>,
    /// Terraform's summary.
    pub summary: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(action: &str, outcome: ObjectOutcome, presence: Presence) -> ReportedObject {
        ReportedObject { address: "a.b".into(), action: action.into(), outcome, id: None, presence }
    }

    #[test]
    fn what_was_made_and_is_in_no_state_is_lost() {
        assert!(reported("create", ObjectOutcome::Created, Presence::NotInState).is_lost());
        assert!(reported("create", ObjectOutcome::Created, Presence::Unread).is_lost());
        assert!(!reported("create", ObjectOutcome::Created, Presence::InState).is_lost());
        assert!(!reported("delete", ObjectOutcome::Destroyed, Presence::NotInState).is_lost());
    }

    #[test]
    fn what_was_begun_and_not_seen_to_end_may_exist() {
        assert!(reported("create", ObjectOutcome::Unknown, Presence::NotInState).may_exist());
        assert!(reported("replace", ObjectOutcome::Failed, Presence::NotInState).may_exist());
        assert!(!reported("create", ObjectOutcome::Failed, Presence::InState).may_exist());
        assert!(!reported("update", ObjectOutcome::Unknown, Presence::NotInState).may_exist());
        assert!(!reported("create", ObjectOutcome::NotAttempted, Presence::NotInState).may_exist());
    }
}
