//! Undoes a Terraform or OpenTofu apply: snapshots of states and configurations in a log, a last
//! known good one, and a revert that plans it on the present state, asks before it does harm and
//! proves that it ended equal. The library is the program's own and promises no interface; its
//! layers, from the model to the command line, are described below.
#![doc = ""]
#![doc = include_str!("ARCHITECTURE.md")]

pub mod cli;
pub mod codec;
#[doc = include_str!("DECISIONS.md")]
pub mod decisions {}
pub mod demo;
pub mod engine;
pub mod flow;
pub mod knowledge;
pub mod model;
pub mod port;
pub mod store;
pub mod terraform;
