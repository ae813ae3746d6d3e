//! The listener that is told how long work gets on.
//!
//! It is told and not asked: nothing that it does changes what a use case does next.

use crate::model::event::Event;

/// The parts of long work, in the order in which they can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Phase {
    /// The state as it is now is put into the store.
    Snapshot,
    /// Older versions of the state are read and kept.
    Import,
    /// The good configuration is laid out in a private directory.
    Workdir,
    /// `terraform init` there.
    Init,
    /// `terraform plan` there.
    Plan,
    /// A re-keyed state goes to the backend.
    Push,
    /// `terraform apply` of the plan that was consented to.
    Apply,
    /// A second plan.
    Verify,
    /// The objects are compared with the good snapshot's.
    Compare,
    /// The real world is compared with the state.
    Drift,
}

/// How a phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// As it should.
    Well,
    /// Not as it should; what follows says how.
    Badly,
}

/// A listener.
pub trait Progress {
    /// A phase begins.
    fn begin(&self, phase: Phase);
    /// Something happened in the phase under way.
    fn event(&self, event: &Event);
    /// The phase under way has ended; `detail` is one clause and safe to show.
    fn end(&self, ended: Ended, detail: &str);
}
