//! Events that Terraform reports while it works.
//!
//! An [`Event`] is one line of the `-json` stream. A [`Diagnostic`] carries Terraform's own words,
//! which can quote values: they pass through `engine::redact` before anything shows them.

use super::invocation::InvocationTrigger;

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The command fails.
    Error,
    /// It goes on.
    Warning,
}

/// An error or a warning in Terraform's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One line.
    pub summary: String,
    /// More lines; can be empty.
    pub detail: String,
    /// The address it concerns, as Terraform writes it.
    pub address: Option<String>,
}

/// The operation of an apply on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is being made.
    Create,
    /// It is being changed.
    Update,
    /// It is being destroyed.
    Delete,
    /// Anything newer than we know.
    Other,
}

/// One object in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its address, as Terraform writes it.
    pub address: String,
    /// The operation on it.
    pub operation: Operation,
    /// Its real id, where the stream names one.
    pub id: Option<String>,
}

/// How far an action of a provider came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationStep {
    /// The plan has it.
    Planned,
    /// It begins.
    Started,
    /// It has ended well.
    Completed,
    /// It has failed.
    Errored,
}

/// An action of a provider in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationHook {
    /// The action's address, as Terraform writes it.
    pub address: String,
    /// Its trigger.
    pub trigger: InvocationTrigger,
}

/// The intention of a plan for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Intention {
    /// Nothing that can be seen outside: it is read, or known under another address.
    #[strum(to_string = "no-op")]
    Nothing,
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// Another takes its place.
    Replace,
    /// It is destroyed.
    Destroy,
    /// It lives on, and Terraform no longer manages it.
    Forget,
    /// It is there already, and Terraform manages it from now on.
    Import,
}

/// One object of a plan, as a stream or a printed plan tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intended {
    /// Its address, as Terraform writes it.
    pub address: String,
    /// The address that the state has, when a `moved` block renames it.
    pub previous: Option<String>,
    /// The intention for it.
    pub intention: Intention,
    /// Whether it is taken over by an `import`, whatever else happens to it.
    pub importing: bool,
}

/// The command that a summary is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// It does not say.
    #[default]
    Unknown,
    /// A plan: nothing was done.
    Plan,
    /// An apply that has come to its end.
    Apply,
    /// An apply of a plan to destroy everything that has come to its end.
    Destroy,
}

/// Numbers of a finished plan or apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The command that is summed up.
    pub purpose: Purpose,
    /// Objects made.
    pub add: u64,
    /// Objects changed.
    pub change: u64,
    /// Objects destroyed.
    pub remove: u64,
}

/// One line of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An object is part of the plan.
    Planned(Intended),
    /// An operation on an object begins.
    Started(Hook),
    /// An operation on an object has ended well.
    Completed(Hook),
    /// An operation on an object has failed.
    Errored(Hook),
    /// An object that was there already is managed from now on.
    Imported(Hook),
    /// An action of a provider is planned, begins or ends.
    Invocation(InvocationStep, InvocationHook),
    /// An object has been read.
    Refreshed {
        /// Its address.
        address: String,
    },
    /// An error or a warning.
    Diagnostic(Diagnostic),
    /// The final numbers; absent when an apply failed.
    Summary(Counts),
    /// Not of the stream: the child has just been asked to stop, once.
    StopRequested,
    /// A line we have no use for.
    Other,
}
