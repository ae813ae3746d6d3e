//! Refusals that are hazards which no flag can accept: they say their name, and why no flag helps.

use super::{Exit, Failure, plain};
use crate::flow::Error;

/// The hazard by its name, where the error is one.
pub(super) fn named(error: &Error, failure: Failure) -> Failure {
    let Some((kind, why)) = error.hazard().and_then(|kind| Some((kind, kind.why_never()?))) else {
        return failure;
    };
    let what = format!("{kind}: {}", failure.what());
    failure.renamed(what).details([format!("{kind} cannot be allowed: {why}")])
}

/// A plan that may not be applied, or that is not of what is there now.
pub(super) fn not_applied(error: &Error) -> Failure {
    plain(Exit::Refused, error)
        .not_done("nothing was applied")
        .now("the stack is as it was found; the snapshot taken before is kept")
        .next("unapply revert")
}
