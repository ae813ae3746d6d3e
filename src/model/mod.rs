//! What the words of unapply mean, as plain values.
//!
//! Start with [`state::State`] (what Terraform knows), [`entry::Entry`] (what the log says) and
//! [`plan::Plan`] (what Terraform would do). Nothing here does I/O, reads a clock or knows how a
//! value is written down: field names of foreign formats and of our own records live in `codec`.

pub mod account;
pub mod address;
pub mod check;
pub mod configuration;
pub mod digest;
pub mod drift;
pub mod entry;
pub mod event;
pub mod good;
pub mod hazard;
pub mod hold;
pub mod pattern;
pub mod placement;
pub mod plan;
pub mod references;
pub mod run;
pub mod secret;
pub mod stack;
pub mod state;
pub mod value;
pub mod version;
pub mod word;
