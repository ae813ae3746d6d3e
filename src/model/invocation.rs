//! Actions of providers, which an apply runs besides changing objects (Terraform from 1.14).
//!
//! No state knows what an action did, and no plan takes it back: it can only be told that it ran. An
//! action is named by its address and by what made it run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The change that makes an action run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct InvocationTrigger {
    /// The address of the object whose change triggers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// When that is, such as `after update`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

impl InvocationTrigger {
    /// Reads Terraform's word for an event: `AfterUpdate` is *after update*.
    pub fn of(resource: Option<String>, event: Option<&str>) -> Self {
        let words = |event: &str| {
            let mut text = String::new();
            for character in event.chars() {
                if character.is_uppercase() && !text.is_empty() {
                    text.push(' ');
                }
                text.extend(character.to_lowercase());
            }
            text
        };
        Self { resource, event: event.map(words) }
    }
}

impl fmt::Display for InvocationTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.event, &self.resource) {
            (Some(event), Some(resource)) => write!(f, "{event} of {resource}"),
            (None, Some(resource)) => write!(f, "with {resource}"),
            (Some(event), None) => f.write_str(event),
            (None, None) => f.write_str("by itself"),
        }
    }
}

/// How far an action came. Those that want looking at come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum InvocationOutcome {
    /// It was started, and nobody saw it end.
    Unknown,
    /// It was started, and failed: it may have done a part.
    Failed,
    /// It ran to its end.
    Completed,
    /// It was planned, and never started.
    NotAttempted,
}

/// One run of an action, as an apply told of it; safe to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportedInvocation {
    /// The action's address.
    pub address: String,
    /// Its trigger.
    #[serde(flatten)]
    pub trigger: InvocationTrigger,
    /// How far it came.
    pub outcome: InvocationOutcome,
}

impl ReportedInvocation {
    /// Whether it may have done anything.
    pub fn was_started(&self) -> bool {
        self.outcome != InvocationOutcome::NotAttempted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_said_in_words() {
        let of = |resource: Option<&str>, event| {
            InvocationTrigger::of(resource.map(str::to_owned), event).to_string()
        };
        assert_eq!(of(Some("demo_file.a"), Some("AfterUpdate")), "after update of demo_file.a");
        assert_eq!(of(Some("demo_file.a"), None), "with demo_file.a");
        assert_eq!(of(None, None), "by itself");
    }
}
