//! The integration tests, one binary.

mod configuration;
