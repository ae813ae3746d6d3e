//! Foreign formats and our own records, to and from [`crate::model`]; no I/O.

pub mod hcl;
