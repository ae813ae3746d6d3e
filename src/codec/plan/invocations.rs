//! Actions of providers in a plan (Terraform from 1.14): those that the apply runs, and those that it
//! puts off.

use serde::Deserialize;

use super::Error;
use crate::codec::json;
use crate::model::digest::Digest;
use crate::model::invocation::InvocationTrigger;
use crate::model::plan::PlannedInvocation;

/// A deferred one, with Terraform's word for the reason.
#[derive(Deserialize)]
pub(super) struct DeferredFile {
    #[serde(default)]
    reason: String,
    action_invocation: serde_json::Value,
}

#[derive(Deserialize, Default)]
struct InvocationFile {
    address: String,
    #[serde(default)]
    config_values: serde_json::Value,
    #[serde(default)]
    config_sensitive: serde_json::Value,
    lifecycle_action_trigger: Option<LifecycleFile>,
    invoke_action_trigger: Option<InvokeFile>,
}

#[derive(Deserialize)]
struct LifecycleFile {
    triggering_resource_address: Option<String>,
    action_trigger_event: Option<String>,
}

#[derive(Deserialize)]
struct InvokeFile {
    calling_resource_address: Option<String>,
}

/// Every action of a plan, in its order.
pub(super) fn invocations(
    now: Vec<serde_json::Value>,
    deferred: Vec<DeferredFile>,
) -> Result<Vec<PlannedInvocation>, Error> {
    let now = now.into_iter().map(|whole| invocation(whole, None));
    let later = deferred.into_iter().map(|DeferredFile { reason, action_invocation }| {
        invocation(action_invocation, Some(reason))
    });
    now.chain(later).collect()
}

fn invocation(
    whole: serde_json::Value,
    deferred: Option<String>,
) -> Result<PlannedInvocation, Error> {
    let told = whole.get("address").and_then(serde_json::Value::as_str).unwrap_or("an action");
    let address = told.chars().take(200).collect();
    // All of it counts for a consent, also what is not understood of it.
    let digest = Digest::of(whole.to_string().as_bytes());
    let file: InvocationFile = serde_json::from_value(whole)
        .map_err(|_| Error::Change { address, problem: "is an action that cannot be read" })?;
    let trigger = match (file.lifecycle_action_trigger, file.invoke_action_trigger) {
        (Some(cause), _) => InvocationTrigger::of(
            cause.triggering_resource_address,
            cause.action_trigger_event.as_deref(),
        ),
        (None, cause) => {
            InvocationTrigger::of(cause.and_then(|cause| cause.calling_resource_address), None)
        }
    };
    Ok(PlannedInvocation {
        address: file.address,
        trigger,
        deferred,
        values: json::convert(file.config_values),
        sensitive: json::convert(file.config_sensitive),
        digest,
    })
}
