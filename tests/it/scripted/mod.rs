//! Use cases with a scripted Terraform, a scripted clock and a store in memory: what they do when a
//! call fails, when their process dies, and where no real plan is needed.

#![expect(clippy::result_large_err, reason = "errors are handed on as the use cases give them")]

mod apply;
mod besides;
mod consent;
mod disappeared;
mod drive;
mod engines;
mod hazards;
mod liveness;
mod partial;
mod recover;
mod rounds;
mod run;
mod stories;
mod sweep;
mod verify;
