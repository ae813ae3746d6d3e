//! A world to try unapply in: a Terraform provider whose objects are files in a directory.
//!
//! It deliberately shares nothing with the code that reverts: to unapply, the demo is one more
//! provider. Start from [`provider`].

pub mod provider;
