//! Carries out one change of one object, with the faults that were asked for.
//!
//! The state after a failure is decided here, because that is what the demo is about; an error of
//! the objects themselves leaves the state as it was. Nothing waits here: the caller has delayed
//! already. Start from [`RequestedChange::carry_out`].

use super::faults::{Fault, Faults};
use super::msgpack::CtyValue;
use super::objects::ObjectDirectory;
use super::schema::ResourceType;

/// A change that Terraform asks for: `Null` on either side is the absence of the object.
#[derive(Debug)]
pub(super) struct RequestedChange {
    /// The type of the object.
    pub(super) kind: ResourceType,
    /// The state before.
    pub(super) prior: CtyValue,
    /// The state that was planned.
    pub(super) planned: CtyValue,
}

/// The result of a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ChangeResult {
    /// It is done.
    Done(CtyValue),
    /// It failed.
    Failed {
        /// The state that Terraform keeps; an object that was just made is tainted by the error.
        state: CtyValue,
        /// The reason.
        why: String,
    },
    /// The provider ends without an answer.
    Crashed,
}

impl RequestedChange {
    /// The name of the object in messages.
    pub(super) fn title(&self) -> &str {
        let gone = self.planned == CtyValue::Null;
        self.kind.title(if gone { &self.prior } else { &self.planned })
    }

    /// The verb for a message.
    pub(super) fn verb(&self) -> &'static str {
        match (&self.prior, &self.planned) {
            (CtyValue::Null, _) => "create",
            (_, CtyValue::Null) => "delete",
            _ => "update",
        }
    }

    /// Changes the objects.
    pub(super) fn carry_out(&self, objects: &ObjectDirectory, faults: &Faults) -> ChangeResult {
        match (&self.prior, &self.planned) {
            (CtyValue::Null, planned) => self.create(planned, objects, faults),
            (prior, CtyValue::Null) => self.delete(prior, objects, faults),
            (prior, planned) => self.update(prior, planned, objects, faults),
        }
    }

    fn create(
        &self,
        planned: &CtyValue,
        objects: &ObjectDirectory,
        faults: &Faults,
    ) -> ChangeResult {
        let wants = |fault| faults.want(fault, self.title());
        if wants(Fault::Create) {
            return injected("create", CtyValue::Null);
        }
        match objects.create(self.kind, planned) {
            Err(error) => failed(&error, CtyValue::Null),
            Ok(_) if wants(Fault::Crash) => ChangeResult::Crashed,
            Ok(_) if wants(Fault::CreateLost) => injected("create-lost", CtyValue::Null),
            Ok(state) if wants(Fault::CreateAfter) => injected("create-after", state),
            Ok(state) => ChangeResult::Done(state),
        }
    }

    fn update(
        &self,
        prior: &CtyValue,
        planned: &CtyValue,
        objects: &ObjectDirectory,
        faults: &Faults,
    ) -> ChangeResult {
        let wants = |fault| faults.want(fault, self.title());
        if wants(Fault::Update) {
            return injected("update", prior.clone());
        }
        match objects.update(self.kind, prior, planned) {
            Err(error) => failed(&error, prior.clone()),
            Ok(state) if wants(Fault::UpdateAfter) => injected("update-after", state),
            Ok(state) => ChangeResult::Done(state),
        }
    }

    fn delete(&self, prior: &CtyValue, objects: &ObjectDirectory, faults: &Faults) -> ChangeResult {
        if faults.want(Fault::Delete, self.title()) {
            return injected("delete", prior.clone());
        }
        match objects.delete(self.kind, prior) {
            Err(error) => failed(&error, prior.clone()),
            Ok(()) => ChangeResult::Done(CtyValue::Null),
        }
    }
}

fn failed(error: &super::objects::Error, state: CtyValue) -> ChangeResult {
    ChangeResult::Failed { state, why: error.to_string() }
}

fn injected(fault: &str, state: CtyValue) -> ChangeResult {
    ChangeResult::Failed { state, why: format!("InjectedFault: `{fault}` was asked for") }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
