//! The worth of an apply that went well: the mark, the follow-up plan, the stack's own checks.
//!
//! The mark is there before the follow-up plan begins, unless checks of the stack's own have to pass
//! first. A plan that is not empty leaves the lower grade; a check that fails leaves no mark.

use super::Concluded;
use crate::engine::apply_report::LedgerSummary;
use crate::flow::Error;
use crate::flow::mark::{Proof, WhenNotEmpty, good, run_checks};
use crate::flow::ports::Job;
use crate::model::entry::{Entry, Revision};
use crate::model::event::Purpose;
use crate::model::good::Grade;
use crate::terraform::check::StackCheck;

/// The snapshot after an apply, with the grade that it was given.
#[derive(Debug)]
pub struct Followed {
    /// The snapshot.
    pub snapshot: Revision,
    /// Its grade; none when it is not good.
    pub grade: Option<Grade>,
    /// Why it is worth no more.
    pub because: Option<Error>,
}

impl Followed {
    /// Whether a check of the stack's own has failed.
    pub fn has_failed(&self) -> bool {
        matches!(self.because, Some(Error::Check(_)))
    }
}

/// Marks what is there after an apply that went well, as far as it can be proved.
pub fn follow(
    job: &Job<'_>,
    concluded: &Concluded,
    after: &Entry,
    checks: &[StackCheck],
) -> Followed {
    let snapshot = after.revision;
    let LedgerSummary { purpose, is_targeted, tells_of_changes } = concluded.summary;
    if purpose == Purpose::Unknown && !tells_of_changes && concluded.stood_still {
        return Followed { snapshot, grade: None, because: None };
    }
    // A plan alone, or a destruction, does not make the state what the configuration says.
    let was_applied = purpose == Purpose::Apply;
    let word = || good(job, after, &Proof::Word).map(|(_, e)| e.grade);
    let early = if was_applied && checks.is_empty() { Some(word()) } else { None };
    let at_least = match early {
        Some(Ok(grade)) => Some(grade),
        Some(Err(because)) => return Followed { snapshot, grade: None, because: Some(because) },
        None => None,
    };
    // The rest was not wanted yet: a revert leaves it alone.
    let residual = if is_targeted { WhenNotEmpty::Keep } else { WhenNotEmpty::Refuse };
    let proof = Proof::Verified { residual, checks: checks.to_vec() };
    let because = match good(job, after, &proof) {
        Ok((_, evidence)) => {
            return Followed { snapshot, grade: Some(evidence.grade), because: None };
        }
        Err(because) => because,
    };
    let has_to_stop = matches!(because, Error::Check(_) | Error::Interrupted { .. });
    if !was_applied || at_least.is_some() || has_to_stop {
        return Followed { snapshot, grade: at_least, because: Some(because) };
    }
    // The plan says nothing good, and the checks have not been asked yet.
    let passed = run_checks(job.ports, &job.stack.root, checks);
    match passed.map_err(Error::from).and_then(|_| word()) {
        Ok(grade) => Followed { snapshot, grade: Some(grade), because: Some(because) },
        Err(failed) => Followed { snapshot, grade: None, because: Some(failed) },
    }
}
