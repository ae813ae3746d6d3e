//! Proves that a revert did what it should, and only then calls the result good.
//!
//! A second plan with every byte of the good configuration must be empty, or leave the residual
//! that was there before; the set of objects must be the good snapshot's. Either way the log says
//! what was found.

use super::check::parsed;
use super::execute::ExecutedRevert;
use super::inputs::due_to_kept;
use crate::engine::verify::{Comparison, compare, residual};
use crate::flow::secrets::safe_residual;
use crate::flow::{Error, Ports, Speaker, Stack};
use crate::model::entry::{Body, Mark, Revision, Verification};
use crate::model::good::{Evidence, Grade, Residual, Verdict};
use crate::port::progress::{Ended, Phase};
use crate::store::After;

/// A revert that has been looked at.
#[derive(Debug)]
pub struct VerifiedRevert {
    /// What was compared.
    pub comparison: Comparison,
    /// What the second plan still proposes.
    pub residual: Vec<Residual>,
    /// The snapshot that was compared.
    pub snapshot: Revision,
    /// The entry that says what was found.
    pub entry: Revision,
}

impl VerifiedRevert {
    /// Whether the world is what the good snapshot says.
    pub fn is_verified(&self) -> bool {
        self.comparison.differences.is_empty()
    }
}

/// Plans once more with the pristine configuration, compares, and records what was found.
pub fn verify(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    executed: &mut ExecutedRevert,
) -> Result<VerifiedRevert, Error> {
    let checked = &mut executed.checked;
    let Ok(taken) = &executed.after else {
        return Err(Error::Moved { what: "the state" });
    };
    let revision = taken.entry.revision;
    ports.progress.begin(Phase::Verify);
    checked.prepared.make_pristine(&checked.draft.bundle)?;
    let redactor = &checked.draft.redactor;
    let (_, plan) = checked.prepared.plan(ports, "verify.tfplan", redactor)?;
    let speaker = &speaker.safe(redactor);
    let found = safe_residual(residual(&plan), redactor);
    let word = match found.len() {
        0 => "plan is empty".to_owned(),
        many => format!("plan proposes {many} changes"),
    };
    ports.progress.end(Ended::Well, &word);
    ports.progress.begin(Phase::Compare);
    let bytes = taken.bytes.as_ref().ok_or(Error::Moved { what: "the state" })?;
    let kept = due_to_kept(ports, checked, &found)?;
    let redactor = &checked.draft.redactor;
    let now = parsed(bytes, revision)?;
    let good = parsed(&checked.draft.good.bytes, checked.draft.good.revision)?;
    let expected = [checked.draft.residual.as_slice(), &kept].concat();
    let mut comparison = compare(&good, &expected, &now, &found);
    comparison.notes.extend(kept.iter().map(|action| {
        format!("a plan wants to {} {}, which was kept as it is", action.action, action.address)
    }));
    for clause in comparison.notes.iter_mut().chain(&mut comparison.differences) {
        *clause = redactor.text(clause);
    }
    let entry = record(ports, stack, speaker, (executed.intent, revision), (&comparison, &found))?;
    let target = executed.checked.draft.target.revision;
    let detail =
        format!("{} of {} resources equal {target}", comparison.equal, comparison.expected);
    let ended = if comparison.differences.is_empty() { Ended::Well } else { Ended::Badly };
    ports.progress.end(ended, &detail);
    Ok(VerifiedRevert { comparison, residual: found, snapshot: revision, entry })
}

fn record(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    (intent, snapshot): (Revision, Revision),
    (comparison, residual): (&Comparison, &[Residual]),
) -> Result<Revision, Error> {
    let verification = Verification {
        intent,
        snapshot,
        residual: residual.to_vec(),
        expected: comparison.expected,
        equal: comparison.equal,
        differences: comparison.differences.clone(),
    };
    let is_verified = verification.is_verified();
    let body = Body::Verification(verification);
    let entry = ports.say(&stack.name, speaker, After::Any, body)?;
    if is_verified {
        let evidence =
            Evidence { grade: Grade::PlanEmpty, residual: residual.to_vec(), checks: Vec::new() };
        let mark = Mark { revision: snapshot, verdict: Verdict::Good(evidence) };
        ports.say(&stack.name, speaker, After::Any, Body::Mark(mark))?;
    }
    Ok(entry.revision)
}
