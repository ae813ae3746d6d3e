//! Hints for a state that cannot be read or compared: where its bytes are, and how to get one that
//! can be.
//!
//! Terraform and OpenTofu print any state that they can read as version 4 and in the clear. A
//! snapshot can be taken of that.

use super::{Exit, Failure, NextLine, plain};
use crate::codec::state::{self, KeptFormat};
use crate::engine::pin::Mismatch;
use crate::flow::Error;
use crate::flow::error::two_steps::NoFirstStep;
use crate::model::entry::Revision;

/// The commands that make what is there a snapshot that can be planned, and a good one.
pub(in crate::cli) const PLANNABLE: &str = "unapply snapshot   (in its configuration's directory, \
     with missing values by --var or `var_files`), then: unapply mark good --verify";

/// The command that makes a snapshot of a state that we only keep.
pub(in crate::cli) fn way_out(format: KeptFormat) -> NextLine {
    match format {
        KeptFormat::Old(_) => NextLine::of_engine(
            "state pull | unapply snapshot --state -   (what it prints is version 4)",
        ),
        KeptFormat::Encrypted => NextLine::Line(
            "give OpenTofu its keys (the encryption block, TF_ENCRYPTION, what its key providers \
             need), then the same again"
                .to_owned(),
        ),
    }
}

/// A state of the engine that is not at hand, or one that its stack encrypts.
pub(super) fn of_the_engine(error: &Error) -> Failure {
    let Error::OtherEngine { theirs, running } = error else {
        return plain(Exit::Refused, error)
            .not_done("nothing of it was kept")
            .next("unapply init --no-encryption   (if it may lie there in the clear)");
    };
    let command = theirs.command();
    plain(Exit::Terraform, error)
        .not_done("nothing was planned")
        .now("the state is as it was")
        .next(format!("unapply --tf-bin {command} …   (for good: [terraform] bin = \"{command}\")"))
        .next(taken_over_by(running))
}

/// The command by which an engine goes on with a stack of the other's.
pub(super) fn taken_over_by(engine: &str) -> String {
    format!("unapply --tf-bin {engine} …   (if {engine} is to go on with this stack)")
}

/// A state that cannot be read.
pub(super) fn unreadable(
    failure: Failure,
    problem: &state::Error,
    evidence: Option<Revision>,
    last: Option<Revision>,
) -> Failure {
    let failure = failure.now(match evidence {
        Some(revision) => are_kept(revision),
        None => "it was left as it is".to_owned(),
    });
    let failure = failure.next(look_at(evidence));
    let way_out = KeptFormat::of(problem).map(way_out).or_else(|| give_lineage(problem));
    let failure = way_out.into_iter().fold(failure, Failure::next_line);
    let readable = last.map(|last| {
        format!("unapply show {last} --raw-state > FILE   (the last state that could be read)")
    });
    readable.into_iter().fold(failure, Failure::next)
}

/// A state of before 0.7 has no lineage and gets none when Terraform writes it again; `state push`
/// takes one (measured with 1.11.4).
fn give_lineage(problem: &state::Error) -> Option<NextLine> {
    matches!(problem, state::Error::Field { field, .. } if field == "lineage").then(|| {
        NextLine::of_engine(
            "state pull > FILE, in it set lineage to a new UUID and serial one higher, then push it \
             with: state push FILE",
        )
    })
}

/// A revision that keeps one, where a snapshot is needed.
pub(super) fn no_snapshot(failure: Failure, revision: Revision, problem: &str) -> Failure {
    let failure = failure.now(are_kept(revision)).next(look_at(Some(revision)));
    let way_out = KeptFormat::of_refusal(problem).map(way_out);
    way_out.into_iter().fold(failure, Failure::next_line)
}

/// A state that does not belong to the stack.
pub(super) fn foreign(
    failure: Failure,
    mismatch: &Mismatch,
    evidence: Option<Revision>,
) -> Failure {
    let now = match evidence {
        Some(revision) => are_kept(revision),
        None => "nothing was kept, for there is nothing".to_owned(),
    };
    let failure = match mismatch {
        Mismatch::Workspace { pinned, .. } => {
            failure.next(format!("unapply --workspace {pinned} …   (for the stack's own)"))
        }
        Mismatch::Lineage { .. } | Mismatch::Backend { .. } => failure,
    };
    failure.now(now).next(look_at(evidence))
}

fn are_kept(revision: Revision) -> String {
    format!("the bytes are kept as revision {revision}")
}

/// The command that shows what was kept.
fn look_at(kept: Option<Revision>) -> String {
    kept.map_or("unapply history".to_owned(), |revision| format!("unapply show {revision}"))
}

/// A follow-up plan that proposes something.
pub(super) fn not_empty(error: &Error, revision: Revision, proposes: &[String]) -> Failure {
    plain(Exit::Refused, error)
        .details(proposes.iter().map(|line| format!("it would {line}")))
        .next(format!("unapply mark good {revision} --verify --residual   (if it never is empty)"))
}

/// Objects that cannot be ended before the rest.
pub(super) fn two_steps(error: &Error, objects: &[String], obstacle: &NoFirstStep) -> Failure {
    let first = objects.first().map_or("ADDRESS", String::as_str);
    let failure = plain(Exit::Refused, error)
        .now("the stack is as it was; one plan of the good configuration cannot end them rightly");
    let failure = match obstacle {
        NoFirstStep::NotOnRecord => failure
            .next_engine(format!("destroy -target='{first}'   (with the failed configuration)")),
        NoFirstStep::NotFound => failure.next_engine(
            "apply -refresh-only   (if they are gone; with the configuration that made them)",
        ),
        NoFirstStep::NotTargeted => failure.next("unapply revert   (without --target)"),
        NoFirstStep::Dependents(_) => failure.next_engine(format!(
            "apply   (with the failed configuration, after taking out what refers to {first})"
        )),
    };
    failure.next("unapply revert   (afterwards)")
}

/// Variables without a value.
pub(super) fn missing(error: &Error, names: &[String]) -> Failure {
    let name = names.first().map_or("NAME", String::as_str);
    plain(Exit::Refused, error)
        .now("the snapshot did not capture it")
        .next(format!("unapply snapshot --var {name}=…   (keeps the value)"))
        .next(format!("unapply revert --var {name}=…   (gives it this time)"))
}
