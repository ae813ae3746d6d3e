//! Terraform and OpenTofu as child processes; also git, for facts about a commit.
//!
//! This is the only place that starts a process. Children get an allow-listed environment and no
//! standard input (but for the user's own command, which gets the user's: [`child`]). They write
//! into files, so that nothing we do can block or break them; they are asked to stop once and never
//! killed. Start with [`command::Cli`].

pub mod absent;
pub mod check;
pub mod child;
pub mod command;
pub mod directory;
pub mod environment;
pub mod failure;
pub mod git;
pub mod journal;
pub mod liveness;
pub mod locate;
pub mod process;
mod version;
pub mod workdir;
