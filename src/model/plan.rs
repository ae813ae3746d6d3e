//! The changes that Terraform would make: the saved plan as `show -json` tells it.
//!
//! Values are in clear, as Terraform prints them; nothing here may reach a screen except through
//! `engine::redact`. Start with [`Plan`].

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, ProviderSource};
use super::check::Check;
use super::digest::Digest;
use super::invocation::InvocationTrigger;
use super::references::ReferencedModule;
use super::secret::Secret;
use super::value::{Path, Value};

/// The action of a plan on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// A new object is made.
    Create,
    /// A data source is read during apply.
    Read,
    /// The object is changed in place.
    Update,
    /// The object is destroyed.
    #[strum(to_string = "destroy")]
    Delete,
    /// Destroyed, then made anew.
    #[strum(to_string = "replace")]
    DeleteThenCreate,
    /// Made anew, then the old one is destroyed.
    #[strum(to_string = "replace")]
    CreateThenDelete,
    /// Terraform stops managing it; the object lives on.
    Forget,
    /// A new object is made and the old one forgotten.
    #[strum(to_string = "create-and-forget")]
    CreateThenForget,
    /// The object is forgotten, and a new one is made in its place (OpenTofu, `destroy = false`).
    #[strum(to_string = "forget-and-create")]
    ForgetThenCreate,
}

impl Action {
    /// Whether an existing object ends.
    pub fn destroys(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteThenCreate | Self::CreateThenDelete)
    }

    /// Whether an object ends and another takes its place.
    pub fn replaces(self) -> bool {
        matches!(
            self,
            Self::DeleteThenCreate
                | Self::CreateThenDelete
                | Self::CreateThenForget
                | Self::ForgetThenCreate
        )
    }

    /// Whether an existing object lives on and Terraform no longer manages it.
    pub fn forgets(self) -> bool {
        matches!(self, Self::Forget | Self::CreateThenForget | Self::ForgetThenCreate)
    }

    /// Whether anything happens to the real world or to what Terraform manages.
    pub fn changes(self) -> bool {
        !matches!(self, Self::NoOp | Self::Read)
    }
}

/// One object of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The address at which it is declared.
    pub address: Address,
    /// Set for a left-over of an unfinished replacement.
    pub deposed: Option<String>,
    /// The address that the state has, when a `moved` block renames it.
    pub previous_address: Option<Address>,
    /// Its provider.
    pub provider: ProviderSource,
    /// The action that would happen.
    pub action: Action,
    /// Terraform's own reason, such as `delete_because_no_resource_config`.
    pub reason: Option<String>,
    /// Its attributes now, refreshed.
    pub before: Value,
    /// Its attributes afterwards, as far as they are known.
    pub after: Value,
    /// A shadow of `after`: `true` where a value is known only after apply.
    pub after_unknown: Value,
    /// A shadow of `before`: `true` where it is sensitive.
    pub before_sensitive: Value,
    /// A shadow of `after`: `true` where it is sensitive.
    pub after_sensitive: Value,
    /// Which paths force a replacement.
    pub replace_paths: Vec<Path>,
    /// Whether the object is taken over by an `import`.
    pub importing: bool,
}

/// A change of an output of the root module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOutput {
    /// Its name.
    pub name: String,
    /// The action that would happen to it.
    pub action: Action,
    /// Its value now.
    pub before: Value,
    /// Its value afterwards, as far as it is known.
    pub after: Value,
    /// A shadow of `after`: `true` where a value is known only after apply.
    pub after_unknown: Value,
    /// A shadow of `before`: `true` where it is sensitive.
    pub before_sensitive: Value,
    /// A shadow of `after`: `true` where it is sensitive.
    pub after_sensitive: Value,
}

/// A data source as it was read while the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRead {
    /// Its address.
    pub address: Address,
    /// The values that it has today.
    pub values: Value,
    /// A shadow of `values`: `true` where it is sensitive.
    pub sensitive: Value,
}

/// An action of a provider that the apply runs (Terraform from 1.14). No state has what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedInvocation {
    /// The action's address.
    pub address: String,
    /// Its trigger.
    pub trigger: InvocationTrigger,
    /// Why it is put off to a later apply, if it is.
    pub deferred: Option<String>,
    /// Its arguments, as far as they are known.
    pub values: Value,
    /// A shadow of `values`: `true` where it is sensitive.
    pub sensitive: Value,
    /// SHA-256 over all that the plan says of it.
    pub digest: Digest,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Every object of the configuration and the state, also those with nothing to do.
    pub changes: Vec<PlannedChange>,
    /// The differences from the state that the refresh found.
    pub drift: Vec<PlannedChange>,
    /// Changes of outputs.
    pub outputs: Vec<PlannedOutput>,
    /// Actions of providers that the apply runs.
    pub invocations: Vec<PlannedInvocation>,
    /// Members of the plan that say something and that unapply does not know.
    pub unknown: BTreeSet<String>,
    /// The data sources that were read; one whose reading has to wait for the apply is a change.
    pub reads: Vec<DataRead>,
    /// The references of the planned configuration: its root module.
    pub references: ReferencedModule,
    /// The results of its checks and conditions.
    pub checks: Vec<Check>,
    /// Values of the root module's variables.
    pub variables: BTreeMap<String, Secret<Value>>,
    /// How far planning came.
    pub extent: PlanExtent,
    /// Addresses of changes that are put off to a later apply, each with Terraform's word for why.
    pub put_off: Vec<(String, String)>,
    /// There is something to apply.
    pub applyable: bool,
}

/// How far planning came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanExtent {
    /// Applying it brings everything to what configuration says.
    Complete,
    /// Targets were given, or changes deferred: something is left over.
    Partial,
    /// Planning ended with an error: the plan cannot be applied.
    Errored,
}

impl Plan {
    /// The changes that would really happen, deposed objects included.
    pub fn effective(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|change| change.action.changes() || change.importing)
    }

    /// The rest that applying it would leave, in one clause.
    pub fn left_over(&self) -> String {
        let clause = |address: &str, why: &str| format!("{address} ({why})");
        let changes = self.put_off.iter().map(|(address, why)| clause(address, why));
        let action =
            |action: &PlannedInvocation| Some(clause(&action.address, action.deferred.as_deref()?));
        let named: Vec<String> =
            changes.chain(self.invocations.iter().filter_map(action)).collect();
        match named.as_slice() {
            [] => "something is left over".to_owned(),
            named => format!("put off to a later apply: {}", named.join(", ")),
        }
    }

    /// Whether applying it would do nothing, outputs included.
    pub fn is_empty(&self) -> bool {
        self.effective().next().is_none()
            && self.invocations.is_empty()
            && self.unknown.is_empty()
            && self.outputs.iter().all(|output| output.action == Action::NoOp)
    }
}
