//! The words of unapply, as plain values.
//!
//! Start with [`state::State`] (what Terraform knows), [`entry::Entry`] (what the log says) and
//! [`plan::Plan`] (what Terraform would do). Nothing here does I/O, reads a clock or knows a foreign
//! format: those live in `codec`. The bodies of entries are recorded under the names that their
//! fields have here; a field that a record calls otherwise says so.

pub mod address;
pub mod apply_report;
pub mod check;
pub mod configuration;
pub mod digest;
pub mod drift;
pub mod entry;
pub mod event;
pub mod good;
pub mod hazard;
pub mod hold;
pub mod invocation;
pub mod pattern;
pub mod placement;
pub mod plan;
pub mod references;
pub mod run;
pub mod secret;
pub mod stack;
pub mod state;
pub mod text;
pub mod value;
pub mod version;
pub mod word;
