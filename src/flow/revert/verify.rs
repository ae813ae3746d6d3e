//! Proves that a revert did what it should, and only then calls the result good.
//!
//! A second plan with every byte of the good configuration must be empty, or leave the residual
//! that was there before; objects, their attributes and what they refer to must be the good
//! snapshot's, and Terraform's own checks must say what they said. Either way the log says what was
//! found, which ids are other ones now, and what could not be undone. `engine::verify` decides what
//! counts as a difference.

use super::execute::ExecutedRevert;
use super::plan::CheckedRevert;
use super::plan::kept_inputs::due_to_kept;
use crate::codec::state::checks;
use crate::engine::redact::Redactor;
use crate::engine::verify::{Comparison, DoneRounds, Round, VerifyFacts, compare, residual};
use crate::flow::Error;
use crate::flow::mark::{problem, run_checks};
use crate::flow::ports::{Job, Stack};
use crate::flow::redaction::{safe_residual, with_plan};
use crate::model::entry::{Body, Mark, NotUndone, Revision, Verification};
use crate::model::good::{Evidence, Grade, Residual, Verdict};
use crate::model::plan::Plan;
use crate::model::state::State;
use crate::port::progress::{Ended, Phase};
use crate::store::After;
use crate::terraform::check::StackCheck;

/// A revert that has been looked at.
#[derive(Debug)]
pub struct VerifiedRevert {
    /// The revert.
    pub executed: ExecutedRevert,
    /// The comparison with the good state.
    pub comparison: Comparison,
    /// Changes that the second plan still proposes.
    pub residual: Vec<Residual>,
    /// The snapshot that was compared.
    pub snapshot: Revision,
    /// Why its configuration cannot be planned, if it is good and that is so.
    pub because: Option<String>,
    /// The entry that says what was found.
    pub entry: Revision,
}

impl VerifiedRevert {
    /// Whether the world is what the good snapshot says.
    pub fn is_verified(&self) -> bool {
        self.comparison.differences.is_empty()
    }
}

/// Plans once more with the pristine configuration, compares, runs the stack's checks if all is
/// equal, and records what was found.
pub fn verify(
    job: &Job<'_>,
    mut executed: ExecutedRevert,
    checks: &[StackCheck],
) -> Result<VerifiedRevert, Error> {
    let Ok(taken) = &executed.after else { return Err(not_proven(executed)) };
    let checked = &mut executed.checked;
    let revision = taken.entry.revision;
    job.ports.progress.begin(Phase::Verify);
    checked.prepared.make_pristine(&checked.draft.configuration)?;
    let redactor = &checked.draft.redactor;
    let (_, plan) = checked.prepared.plan(job.ports, "verify.tfplan", redactor)?;
    let author = &job.author.safe(redactor);
    let job = &job.by(author);
    let found = safe_residual(residual(&plan), redactor);
    let word = match found.len() {
        0 => "plan is empty".to_owned(),
        many => format!("plan proposes {many} changes"),
    };
    job.ports.progress.end(Ended::Well, &word);
    job.ports.progress.begin(Phase::Compare);
    let now = taken.state.as_ref().ok_or(Error::Moved { what: "the state" })?;
    let kept = due_to_kept(job.ports, checked, &found)?;
    let mut comparison = compared(job.stack, checked, now.state(), &plan, &found, &kept);
    comparison.differences.extend(executed.not_carried.iter().cloned());
    // A part of a good snapshot is not good.
    let is_whole = comparison.differences.is_empty() && checked.left.is_empty();
    let passed = if is_whole { run_checks(job.ports, &job.stack.root, checks) } else { Ok(vec![]) };
    let failed = passed.as_ref().err().map(ToString::to_string);
    comparison.differences.extend(failed.map(|failed| checked.draft.redactor.text(&failed)));
    let said = verification(executed.intent, revision, &comparison, &found);
    let entry = job.record(After::Any, Body::Verification(said))?.revision;
    let mut because = None;
    if is_whole && let Ok(checks) = passed {
        let grade = if checks.is_empty() { Grade::PlanEmpty } else { Grade::Checked };
        // Values that were given for the revert are no part of what it was captured with.
        because = problem(job.ports, &taken.entry, taken.snapshot()?)?;
        let residual = found.clone();
        mark_good(job, revision, Evidence { grade, residual, checks, because: because.clone() })?;
    }
    let target = executed.checked.target();
    let detail =
        format!("{} of {} resources equal {target}", comparison.equal, comparison.expected);
    let ended = if comparison.differences.is_empty() { Ended::Well } else { Ended::Badly };
    job.ports.progress.end(ended, &detail);
    let residual = found;
    Ok(VerifiedRevert { executed, comparison, residual, snapshot: revision, because, entry })
}

/// Says why nothing can be proven of a revert whose state could not be captured.
fn not_proven(executed: ExecutedRevert) -> Error {
    match executed.after {
        Err(cause) => Error::NotProven(Box::new(cause)),
        Ok(_) => Error::Moved { what: "the state" },
    }
}

/// Compares everything, in words that can be shown.
fn compared(
    stack: &Stack,
    checked: &CheckedRevert,
    now: &State<'_>,
    plan: &Plan,
    found: &[Residual],
    kept: &[Residual],
) -> Comparison {
    let draft = &checked.draft;
    let good = draft.good.state.state();
    let redactor = with_plan(draft.redactor.clone(), &draft.configuration, plan).with_state(now);
    let configuration = draft.resources();
    let agreed = checked.agreed();
    let last = (&checked.plan, &checked.actions);
    let earlier = draft.earlier.iter().map(|(plan, actions)| (plan, actions));
    let rounds: Vec<Round<'_>> =
        earlier.chain([last]).map(|(plan, actions)| Round { plan, actions }).collect();
    let expected = [draft.residual.as_slice(), kept].concat();
    let mut comparison = compare(&VerifyFacts {
        good,
        residual: &expected,
        now,
        plan,
        found,
        done: DoneRounds {
            rounds: &rounds,
            left: &checked.left,
            agreed: &agreed,
            variables: &draft.variables,
            journals: &draft.journals,
        },
        configuration: &configuration,
        checks: [&checks::checks(draft.good.state.bytes()), &plan.checks],
        knowledge: &stack.knowledge,
        redactor: &redactor,
    });
    comparison.notes.extend(kept.iter().map(|action| {
        format!("a plan wants to {} {}, which was kept as it is", action.action, action.address)
    }));
    let listed = draft.not_undone.iter().cloned().chain(unwanted(checked));
    comparison.not_undone = listed.chain(std::mem::take(&mut comparison.not_undone)).collect();
    make_safe(&mut comparison, &redactor);
    comparison
}

/// Objects that the request left out: not undone, or no longer managed. The log says so too.
fn unwanted(checked: &CheckedRevert) -> impl Iterator<Item = NotUndone> {
    let left = checked.skipped().into_iter().map(|left| NotUndone {
        address: left.address,
        why: format!("left as it is ({}): only a part was wanted", left.action),
    });
    let kept = checked.released().into_iter().map(|(address, id)| NotUndone {
        address,
        why: format!("excluded, and not in the state any more: id {}", id.unwrap_or_default()),
    });
    let forgotten = checked.forgotten().into_iter().map(|object| NotUndone {
        address: object.address,
        why: format!(
            "only forgotten, and not in the state any more: id {}",
            object.id.unwrap_or_default()
        ),
    });
    left.chain(kept).chain(forgotten)
}

/// Lets every text pass the redactor. An id has been looked at already, as the attribute that it is.
fn make_safe(comparison: &mut Comparison, redactor: &Redactor) {
    for clause in comparison.notes.iter_mut().chain(&mut comparison.differences) {
        *clause = redactor.text(clause);
    }
    for made in &mut comparison.recreated {
        made.address = redactor.text(&made.address);
    }
    for left in &mut comparison.not_undone {
        left.address = redactor.text(&left.address);
        left.why = redactor.text(&left.why);
    }
}

fn verification(
    intent: Revision,
    snapshot: Revision,
    comparison: &Comparison,
    residual: &[Residual],
) -> Verification {
    Verification {
        intent,
        snapshot,
        residual: residual.to_vec(),
        expected: comparison.expected,
        equal: comparison.equal,
        differences: comparison.differences.clone(),
        recreated: comparison.recreated.clone(),
        not_undone: comparison.not_undone.clone(),
    }
}

fn mark_good(job: &Job<'_>, revision: Revision, evidence: Evidence) -> Result<(), Error> {
    let mark = Mark { revision, verdict: Verdict::Good(evidence) };
    job.record(After::Any, Body::Mark(mark))?;
    Ok(())
}
