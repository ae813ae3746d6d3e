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
