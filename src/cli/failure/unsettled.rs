//! Hints for a matter that a crash or a failure has left open, and for versions that do not fit.

use super::{Exit, Failure, plain};
use crate::engine::compat::VersionObstacle;
use crate::flow::Error;
use crate::flow::error::recover::Refusal;

/// The command that looks at everything that is open.
pub(in crate::cli) const RECOVER: &str = "unapply recover   (says what is open, and the next step)";

/// One of either kind.
pub(super) fn failure(error: &Error) -> Failure {
    if let Error::Recover(found) = error {
        return refusal(found);
    }
    if let Error::Unsuitable(found) = error {
        return obstacle(found);
    }
    plain(Exit::Failure, error)
}

/// A matter that cannot be resolved that way.
fn refusal(error: &Refusal) -> Failure {
    match error {
        Refusal::NotPushable { matter, .. } => {
            let failure = plain(Exit::Refused, error)
                .now("the backend's state is as it was; nothing is ever forced")
                .next(RECOVER);
            match matter {
                None => failure,
                Some(matter) => failure.next(format!(
                    "unapply recover {matter} --abandon --reason TEXT   (when it is of no use)"
                )),
            }
        }
        Refusal::NotReadBack { evidence } => plain(Exit::Refused, error)
            .now(format!("revision {evidence} keeps what was pushed, and nothing is resolved"))
            .next("unapply snapshot   (keeps what the backend has now)")
            .next(RECOVER),
        Refusal::NotAState { .. } => {
            plain(Exit::Refused, error).now("the backend's state is as it was").next(
                "name the errored.tfstate that the apply left: unapply recover --push-state FILE",
            )
        }
        Refusal::Which(_) => {
            plain(Exit::Usage, error).next("name one: unapply recover REV …").next(RECOVER)
        }
        Refusal::NothingOpen(_) | Refusal::NoSuchObject { .. } => {
            plain(Exit::NoRevision, error).next(RECOVER)
        }
    }
}

/// Versions that do not fit.
fn obstacle(error: &VersionObstacle) -> Failure {
    let failure = plain(Exit::Terraform, error).now("nothing was planned; the snapshots are kept");
    match error {
        VersionObstacle::Required { .. } => {
            failure.next("name one that fits: unapply --tf-bin PATH revert").next("unapply doctor")
        }
        VersionObstacle::TooOld { .. } => failure
            .next("name a newer one that this stack can be run with: unapply --tf-bin PATH init"),
        VersionObstacle::AnotherByDirectory { .. } => failure
            .next(
                "name the version for the stack, in .terraform-version, .opentofu-version or \
                 .tool-versions beside it or above it",
            )
            .next("name the program itself: unapply --tf-bin PATH …"),
        VersionObstacle::WrittenByNewer { .. } => failure
            .next_engine(
                "init -upgrade   (so that today's lock file has the provider that wrote \
                 the state), then: unapply revert",
            )
            .next("unapply doctor"),
        VersionObstacle::ProviderBehind { provider, .. } => failure
            .next_engine(format!(
                "init -upgrade   (so that today's lock file has the {provider} that \
                 wrote the state), then: unapply revert"
            ))
            .next("unapply doctor"),
    }
}
