//! Actions of providers as `--json` prints them: planned ones, and those that ran.
//!
//! Arguments of an action are left out: they can be secret.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::judgement::JudgedInvocation;
use crate::model::invocation::ReportedInvocation;
use crate::model::word::Word as _;

/// An action of a provider that a plan runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvocationOut {
    /// The action's address.
    pub address: String,
    /// The object whose change triggers it.
    pub resource: Option<String>,
    /// The moment, such as `after update`.
    pub event: Option<String>,
    /// The reason for which it is put off to a later apply, if it is.
    pub deferred: Option<String>,
}

impl From<&JudgedInvocation> for InvocationOut {
    fn from(invocation: &JudgedInvocation) -> Self {
        Self {
            address: invocation.address.clone(),
            resource: invocation.trigger.resource.clone(),
            event: invocation.trigger.event.clone(),
            deferred: invocation.deferred.clone(),
        }
    }
}

/// An action of a provider, as an apply told of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReportedInvocationOut {
    /// The action's address.
    pub address: String,
    /// The object whose change triggered it.
    pub resource: Option<String>,
    /// The moment, such as `after update`.
    pub event: Option<String>,
    /// `unknown`, `failed`, `completed` or `not-attempted`.
    pub outcome: String,
}

impl From<&ReportedInvocation> for ReportedInvocationOut {
    fn from(reported: &ReportedInvocation) -> Self {
        Self {
            address: reported.address.clone(),
            resource: reported.trigger.resource.clone(),
            event: reported.trigger.event.clone(),
            outcome: reported.outcome.name().to_owned(),
        }
    }
}
