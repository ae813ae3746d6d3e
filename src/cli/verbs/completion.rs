//! `unapply completion`: completions for a shell, generated.

use super::Session;
use crate::cli::args::Completion as Arguments;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// Prints them.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::cli::command(), "unapply", &mut text);
    session.data(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}
