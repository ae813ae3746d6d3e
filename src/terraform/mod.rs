//! Terraform itself: its private directories.

pub mod workdir;
