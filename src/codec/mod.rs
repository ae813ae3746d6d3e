//! Foreign JSON and our own records, read into the model and back.
//!
//! This is the only layer that knows field names. It does no I/O: text in, values out. Readers of
//! Terraform's formats start at [`state`], [`plan`] or [`events`].

pub mod backend;
pub mod bundle;
pub mod drift;
pub mod events;
pub mod hcl;
pub mod json;
pub mod lock_info;
pub mod plan;
pub mod planfile;
pub mod record;
pub mod state;
