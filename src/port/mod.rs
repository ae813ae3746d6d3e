//! The ports that the outside must offer: an object store, a clock, Terraform, and word of an
//! interruption.
//!
//! Use cases take these as arguments and nothing else from the world. No implementation lives
//! here; `store`, `terraform` and `cli` bring them.

pub mod clock;
pub mod interrupt;
pub mod object_store;
pub mod progress;
pub mod state_history;
pub mod terraform;
