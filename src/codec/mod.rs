//! Foreign formats and our own records, to and from [`crate::model`]; no I/O.

pub mod bundle;
pub mod hcl;
pub mod planfile;
