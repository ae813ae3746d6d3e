//! The same for several stacks: which are meant, and how it ends when some fail.
//!
//! A stack that fails does not stop the others. Each verb hands in what is done for a stack.

use super::Session;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::settings::{Everything, Selection, Settings};
use crate::flow::ports::Stack;

/// The stacks that are meant; several only with `--all` or `--stack`.
pub(super) fn meant(session: &Session, settings: &Settings) -> Result<Vec<Stack>, Failure> {
    let selection = Selection::of(&session.global);
    let stacks = settings.select(&selection)?;
    if stacks.len() > 1 && selection.everything == Everything::One && selection.patterns.is_empty()
    {
        settings.select_one(&selection)?;
    }
    Ok(stacks)
}

/// Acts on each; what a lone stack fails with is the failure itself.
pub(super) fn each(
    session: &Session,
    stacks: &[Stack],
    mut act: impl FnMut(&Stack) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let (mut failures, mut last) = (0_usize, None);
    for stack in stacks {
        match act(stack) {
            Ok(()) => {}
            Err(failure) if stacks.len() > 1 => {
                failure.clone().now(format!("stack {}", stack.name)).show(&session.output);
                failures += 1;
                last = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(match last {
        Some(failure) if failures == stacks.len() => failure.exit,
        Some(_) => Exit::SomeFailed,
        None => Exit::Done,
    })
}
