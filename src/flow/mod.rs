//! Use cases, one a file: decide, record, do, verify.
//!
//! They take what they need from the world as [`Ports`] and plain values, and know neither flags
//! nor screens. Deciding is `engine`'s; what is irreversible is recorded before it is done.

pub mod compat;
pub mod configuration;
pub mod doctor;
pub mod drift;
pub mod error;
pub mod fix;
pub mod hold;
mod home;
pub mod import;
pub mod intent;
mod keeping;
pub mod live;
pub mod mark;
pub mod ports;
pub mod private_copy;
pub mod recorded;
pub mod recover;
pub mod redaction;
pub mod revert;
pub mod run;
mod saved_plan;
mod sealed;
pub mod snapshot;
pub mod variables;

pub use self::error::Error;
pub use self::ports::{Author, Inputs, Ports, Stack};
