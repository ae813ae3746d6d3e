//! One change of one object, with the faults that were asked for.
//!
//! What is left in the state after a failure is decided here, because that is what the demo is
//! about; the world's own errors leave what was there before. It deliberately does not wait: the
//! caller has delayed already. Start from [`Change::carry_out`].

use super::faults::{Fault, Faults};
use super::msgpack::Value;
use super::objects::World;
use super::schema::ResourceType;

/// A change that Terraform asks for: `Null` on either side is the absence of the object.
#[derive(Debug)]
pub(super) struct Change {
    /// The type of the object.
    pub(super) kind: ResourceType,
    /// The state before.
    pub(super) prior: Value,
    /// The state that was planned.
    pub(super) planned: Value,
}

/// What became of a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is done.
    Done(Value),
    /// It failed, and this is what Terraform learns of the object.
    Failed {
        /// The state to keep; an object that was just made is tainted by the error.
        state: Value,
        /// What happened.
        why: String,
    },
    /// Nobody will tell.
    Crashed,
}

impl Change {
    /// What a person calls the object.
    pub(super) fn title(&self) -> &str {
        let gone = self.planned == Value::Null;
        self.kind.title(if gone { &self.prior } else { &self.planned })
    }

    /// The verb for a message.
    pub(super) fn verb(&self) -> &'static str {
        match (&self.prior, &self.planned) {
            (Value::Null, _) => "create",
            (_, Value::Null) => "delete",
            _ => "update",
        }
    }

    /// Changes the world.
    pub(super) fn carry_out(&self, world: &World, faults: &Faults) -> Outcome {
        match (&self.prior, &self.planned) {
            (Value::Null, planned) => self.create(planned, world, faults),
            (prior, Value::Null) => self.delete(prior, world, faults),
            (prior, planned) => self.update(prior, planned, world, faults),
        }
    }

    fn create(&self, planned: &Value, world: &World, faults: &Faults) -> Outcome {
        let wants = |fault| faults.want(fault, self.title());
        if wants(Fault::Create) {
            return injected("create", Value::Null);
        }
        match world.create(self.kind, planned) {
            Err(error) => failed(&error, Value::Null),
            Ok(_) if wants(Fault::Crash) => Outcome::Crashed,
            Ok(_) if wants(Fault::CreateLost) => injected("create-lost", Value::Null),
            Ok(state) if wants(Fault::CreateAfter) => injected("create-after", state),
            Ok(state) => Outcome::Done(state),
        }
    }

    fn update(&self, prior: &Value, planned: &Value, world: &World, faults: &Faults) -> Outcome {
        let wants = |fault| faults.want(fault, self.title());
        if wants(Fault::Update) {
            return injected("update", prior.clone());
        }
        match world.update(self.kind, prior, planned) {
            Err(error) => failed(&error, prior.clone()),
            Ok(state) if wants(Fault::UpdateAfter) => injected("update-after", state),
            Ok(state) => Outcome::Done(state),
        }
    }

    fn delete(&self, prior: &Value, world: &World, faults: &Faults) -> Outcome {
        if faults.want(Fault::Delete, self.title()) {
            return injected("delete", prior.clone());
        }
        match world.delete(self.kind, prior) {
            Err(error) => failed(&error, prior.clone()),
            Ok(()) => Outcome::Done(Value::Null),
        }
    }
}

fn failed(error: &super::objects::Error, state: Value) -> Outcome {
    Outcome::Failed { state, why: error.to_string() }
}

fn injected(fault: &str, state: Value) -> Outcome {
    Outcome::Failed { state, why: format!("InjectedFault: `{fault}` was asked for") }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
