//! What Terraform says while it works.
//!
//! An [`Event`] is one line of the `-json` stream. A [`Diagnostic`] carries Terraform's own words,
//! which can quote values: they pass through `engine::redact` before anybody sees them.

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

/// What an apply does to one object.
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
    /// What is done to it.
    pub operation: Operation,
    /// Its real id, where the stream names one.
    pub id: Option<String>,
}

/// Numbers of a finished plan or apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
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
    /// An operation on an object begins.
    Started(Hook),
    /// An operation on an object has ended well.
    Completed(Hook),
    /// An operation on an object has failed.
    Errored(Hook),
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
