//! Actions of providers and forgotten objects of a revert's plan, as a person is shown them.
//!
//! `engine::hazard` says what stands against them.

use crate::engine::judgement::JudgedInvocation;
use crate::engine::redact::Redactor;
use crate::model::invocation::{InvocationTrigger, ReportedInvocation};
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::value::Value;

/// The actions of providers, in the plan's order.
pub fn invocations(plan: &Plan, redactor: &Redactor) -> Vec<JudgedInvocation> {
    plan.invocations
        .iter()
        .map(|invocation| JudgedInvocation {
            address: redactor.text(&invocation.address),
            trigger: safe_trigger(&invocation.trigger, redactor),
            deferred: invocation.deferred.as_ref().map(|reason| redactor.text(reason)),
        })
        .collect()
}

/// A trigger that can be shown: an address can hold a secret in its key.
pub fn safe_trigger(trigger: &InvocationTrigger, redactor: &Redactor) -> InvocationTrigger {
    let resource = trigger.resource.as_ref().map(|address| redactor.text(address));
    InvocationTrigger { resource, event: trigger.event.clone() }
}

/// A report that can be shown.
pub fn safe_invocation(reported: &ReportedInvocation, redactor: &Redactor) -> ReportedInvocation {
    ReportedInvocation {
        address: redactor.text(&reported.address),
        trigger: safe_trigger(&reported.trigger, redactor),
        outcome: reported.outcome,
    }
}

/// An object that the plan forgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgottenObject {
    /// An address under which it could be imported.
    pub address: String,
    /// Its id.
    pub id: Option<String>,
}

/// The objects that live on and that nothing manages afterwards; safe to show.
pub fn forgotten(plan: &Plan, redactor: &Redactor) -> Vec<ForgottenObject> {
    let of = |change: &PlannedChange| {
        let id = match change.before.get("id") {
            Some(Value::Text(id)) => Some(redactor.text(id)),
            _ => None,
        };
        let mut address = change.address.clone();
        // In its place another one stands then, or stands already.
        if change.action != Action::Forget || change.deposed.is_some() {
            address.name.push_str("_forgotten");
        }
        ForgottenObject { address: redactor.text(&address.to_string()), id }
    };
    plan.effective().filter(|change| change.action.forgets()).map(of).collect()
}
