//! One use case a module: decide, record, do, verify.

pub mod configuration;
