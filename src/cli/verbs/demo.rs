//! `unapply demo`: the whole story in a scratch directory.

use super::Session;
use crate::cli::args::Demo as Arguments;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// Plays it.
pub(in crate::cli) fn run(_session: &Session, _arguments: &Arguments) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
