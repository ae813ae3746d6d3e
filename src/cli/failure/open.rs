//! Hints where something is under way, or was left open and has to be resolved first.

use super::Failure;
use crate::cli::exit::Exit;
use crate::flow::Error;

/// The failure of a command that cannot go on before earlier work has ended or is resolved.
pub(super) fn failure(error: &Error) -> Failure {
    let plain = |exit| Failure::new(exit, error.to_string());
    if let Error::Unsettled(matters) = error {
        return plain(Exit::Refused)
            .details(matters.iter().cloned())
            .now("the stack is as it was; what is open would be built upon")
            .next(super::unsettled::RECOVER);
    }
    plain(Exit::Locked)
        .now("it was left alone; there is nothing to do but wait until it has ended")
        .next("wait for it, then the same command again")
        .next("unapply status   (how things stand)")
}
