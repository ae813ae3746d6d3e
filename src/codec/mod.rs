//! Written shapes ↔ model: the only module that knows field names.
//!
//! Each submodule owns one format and turns bytes into values of `model` and back. Nothing here
//! reads a file or decides what a value means for a stack. Start with [`record`] for the log.

pub mod record;
