//! The command line: arguments, settings, wiring, rendering and exit codes.
//!
//! Arguments are read without looking at the world, then resolved once into settings; verbs take
//! those and call use cases. Nothing is decided here but what to ask and what to show. Start with
//! [`run`].

mod args;
mod config;
mod dashes;
mod dispatch;
mod engines;
mod environment;
mod exit;
mod failure;
mod fingerprints;
mod interrupt;
pub mod json;
mod mapped;
mod output;
mod place;
mod progress;
mod prompt;
mod render;
mod settings;
mod shell;
mod verbs;

use std::process::ExitCode;

use clap::CommandFactory as _;

pub use args::Arguments;
pub use exit::Exit;

/// Runs one command and says how it ended.
pub fn run() -> ExitCode {
    let arguments = dashes::translate(std::env::args_os());
    dispatch::main(arguments).into()
}

/// The command line as clap knows it, for completions and for the tests of the README.
pub fn command() -> clap::Command {
    Arguments::command()
}
