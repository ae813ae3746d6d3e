//! Applies an approved plan, between a durable intent and a durable outcome.
//!
//! Order: the saved plan is stored, the state is read again, what is taken back is held, the intent
//! is recorded, Terraform applies, what it made at relative places is carried back, the state is
//! captured, the outcome is recorded. After the intent nothing returns early
//! without an outcome, except our own death: then the next command finds the intent alone.

mod push;

use std::fs;
use std::path::PathBuf;

use self::push::{Final, push, use_recorded_backend};
use super::adapt::Adaptation;
use super::consent::{ApprovedRevert, Consent};
use super::draft::RevertDraft;
use super::plan::{CheckedRevert, digest_of};
use crate::engine::apply_report::{Ending, Invocations, planned_invocations};
use crate::engine::judgement::{JudgedAction, JudgedInvocation};
use crate::engine::revert::actions_digest;
use crate::engine::revert::besides::safe_invocation;
use crate::engine::revert::not_found::{Sequel, UnfoundObject};
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::intent::{Intent, OpenIntent, Outcome};
use crate::flow::keeping::{Keeper, KeptPlan, keep_errored_state};
use crate::flow::ports::{Author, Job, Ports, Stack};
use crate::flow::recorded::read_if_there;
use crate::flow::redaction::{safe_diagnostics, safe_error, safe_event};
use crate::flow::snapshot::{self, Captured, ConfigurationFrom, SnapshotRequest, WhenUnchanged};
use crate::flow::{Error, live};
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry::{
    ApplyOutcome, Body, Cause, ConsentedAction, Entry, RevertIntent, RevertOutcome, Revision,
};
use crate::model::event::{Counts, Diagnostic, Event, Severity};
use crate::model::hazard::HazardKind;
use crate::model::hold::{Hold, Release};
use crate::model::invocation::ReportedInvocation;
use crate::model::plan::Action;
use crate::model::word::Word as _;
use crate::port::progress::{Ended, Phase};
use crate::port::terraform::{self, AppliedPlan};
use crate::store::After;
use crate::terraform::workdir::CarriedBack;

/// A revert whose apply has ended, and of which the log says so.
#[derive(Debug)]
pub struct ExecutedRevert {
    pub(super) checked: CheckedRevert,
    /// The intent's entry.
    pub intent: Revision,
    /// How the apply ended.
    pub outcome: ApplyOutcome,
    /// The signal for which Terraform was asked to stop, if it was.
    pub interrupted: Option<i32>,
    /// The snapshot taken afterwards, when the state could be read.
    pub after: Result<Captured, Error>,
    /// Terraform's diagnostics, safe to show.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that could not be carried back, in sentences that are safe to show.
    pub not_carried: Vec<String>,
    /// An `errored.tfstate` that Terraform left, kept in this entry.
    pub errored_state: Option<Revision>,
    /// The hold on what was taken back.
    pub hold: Option<Entry>,
    /// Its final numbers, when it ended well.
    pub counts: Counts,
    /// Actions of providers that ran or were meant to; safe to show.
    pub invoked: Vec<ReportedInvocation>,
}

impl ExecutedRevert {
    /// The revert.
    pub fn checked(&self) -> &CheckedRevert {
        &self.checked
    }

    /// Leaves the private directory where it is: the files that Terraform left there may be needed.
    pub fn keep_directory(self) -> PathBuf {
        self.checked.prepared.keep()
    }

    /// Whether this was the first of two steps, and went well: the rest is still to be done.
    pub fn is_half(&self) -> bool {
        let is_first = matches!(self.checked.adaptation, Adaptation::TwoSteps { .. });
        is_first && self.outcome == ApplyOutcome::Succeeded
    }
}

/// Applies the plan.
pub fn execute(job: &Job<'_>, approved: ApprovedRevert) -> Result<ExecutedRevert, Error> {
    let (mut checked, consent) = approved.into_parts();
    let redactor = checked.draft.redactor.clone();
    let author = &job.author.safe(&redactor);
    let job = &job.by(author);
    let plan = store_plan(job.ports, job.stack, &checked, &consent)?;
    use_recorded_backend(job.ports, job.stack, &mut checked)?;
    check_present(job.ports, job.stack, &consent)?;
    checked.prepared.note_what_is_laid_out()?;
    job.ports.check_interrupt("anything was applied")?;
    let hold = hold(job, &checked.draft)?;
    let seen = hold.as_ref().map_or(checked.draft.seen, |hold| hold.revision);
    let intent = Intent::Revert(Box::new(intent(&checked, &consent, plan)));
    let recorded = OpenIntent::record(job, After::Exactly(Some(seen)), intent);
    let intent = match recorded {
        Ok(intent) => intent,
        Err(error) => {
            release(job, hold.as_ref());
            return Err(error);
        }
    };
    let plan = match push(job.ports, job.stack, &checked, &consent) {
        Ok(plan) => plan,
        Err(error) => {
            release(job, hold.as_ref());
            return Err(not_pushed(job, intent, error));
        }
    };
    job.ports.progress.begin(Phase::Apply);
    let mut counts = Counts::default();
    let mut invocations = Invocations::default();
    planned_invocations(&checked.plan).for_each(|event| invocations.see(&event));
    let mut watch = |event: &Event| {
        invocations.see(event);
        if let Event::Summary(summary) = event {
            counts = *summary;
        }
        job.ports.progress.event(&safe_event(event, &redactor));
    };
    let applied = applied(job.ports, &checked, &plan, &mut watch);
    match applied {
        Err(refusal) => {
            let refused = format!("{} refused the plan", job.ports.terraform.command());
            job.ports.progress.end(Ended::Badly, &refused);
            let refusal = safe_error(refusal, &checked.draft.redactor);
            let result = not_begun(&refusal);
            let mut errors = vec![refusal.to_string()];
            if result == ApplyOutcome::Unknown {
                errors.extend(carry_back(&mut checked).not_carried);
            }
            let end = outcome(&intent, result, None, errors);
            let is_untouched = end.outcome == ApplyOutcome::NotStarted;
            intent.conclude(job, Outcome::Revert(end), &[])?;
            if is_untouched {
                release(job, hold.as_ref());
            }
            Err(Error::Terraform(refusal))
        }
        Ok(report) => {
            let carried = carry_back(&mut checked);
            let ending = if report.succeeded { Ending::Whole } else { Ending::Broken };
            let invoked = invocations.report(ending);
            let invoked = invoked.iter().map(|one| safe_invocation(one, &redactor)).collect();
            let told = Told { counts, invoked };
            concluded(job, checked, intent, hold, carried, told, &report)
        }
    }
}

/// Applies the plan, after looking that it is still the one that was gated.
fn applied(
    ports: &Ports<'_>,
    checked: &CheckedRevert,
    plan: &Final,
    watch: &mut terraform::Watch<'_>,
) -> Result<AppliedPlan, terraform::Error> {
    if digest_of(&plan.file).ok() != Some(plan.digest) {
        return Err(terraform::Error::StalePlan);
    }
    ports.terraform.apply(&checked.prepared.place, &plan.file, watch)
}

/// The files that were carried back to real places.
struct CarriedFiles {
    many: usize,
    not_carried: Vec<String>,
}

/// Carries back what the apply made, changed or removed at relative places. Says how many files that
/// were, and which could not be carried.
fn carry_back(checked: &mut CheckedRevert) -> CarriedFiles {
    let CarriedBack { places, failed } = checked.prepared.carry_back();
    let redactor = &checked.draft.redactor;
    CarriedFiles {
        many: places.iter().filter(|place| !place.is_dir()).count(),
        not_carried: failed.iter().map(|one| redactor.text(&one.to_string())).collect(),
    }
}

/// Says of a revert whose state was not pushed, or was taken back, that it was not begun.
fn not_pushed(job: &Job<'_>, intent: OpenIntent, error: Error) -> Error {
    let end = outcome(&intent, ApplyOutcome::NotStarted, None, vec![error.to_string()]);
    match intent.conclude(job, Outcome::Revert(end), &[]) {
        Ok(_) => error,
        Err(unsaid) => unsaid,
    }
}

/// Holds what is taken back, if there is anything to hold: from here on no pipeline that asks applies
/// it again.
fn hold(job: &Job<'_>, draft: &RevertDraft) -> Result<Option<Entry>, Error> {
    let Some(scope) = draft.hold.clone() else { return Ok(None) };
    let until = job.stack.hold.end(job.ports.clock.now());
    let body = Body::Hold(Hold { scope, until });
    job.record(After::Exactly(Some(draft.seen)), body).map(Some)
}

/// Lifts the hold of a revert that has changed nothing. An error here gives way to the one that
/// stopped the revert. A hold that could not be lifted is seen in `status` and has its end.
fn release(job: &Job<'_>, hold: Option<&Entry>) {
    let Some(hold) = hold else { return };
    let reason = Some("the revert has changed nothing".to_owned());
    let author = Author { reason, ..job.author.clone() };
    let body = Body::Release(Release { hold: hold.revision });
    let _still_held = job.by(&author).record(After::Any, body).is_err();
}

/// The outcome of an apply that gave no report.
fn not_begun(refusal: &terraform::Error) -> ApplyOutcome {
    match refusal {
        terraform::Error::Locked(_)
        | terraform::Error::StalePlan
        | terraform::Error::NotInitialised { .. }
        | terraform::Error::NoOutput { .. }
        | terraform::Error::NotPushed { .. }
        | terraform::Error::NoProvider { .. }
        | terraform::Error::NotFound { .. } => ApplyOutcome::NotStarted,
        // The child may have been there, and nobody saw it end.
        terraform::Error::CannotStart { .. }
        | terraform::Error::Interrupted { .. }
        | terraform::Error::Failed { .. }
        | terraform::Error::Unreadable { .. } => ApplyOutcome::Unknown,
    }
}

/// The counts and the actions of providers that an apply told of while it ran; safe to show.
struct Told {
    counts: Counts,
    invoked: Vec<ReportedInvocation>,
}

/// Records what an apply left behind. Nothing in here stops before the outcome is recorded.
fn concluded(
    job: &Job<'_>,
    checked: CheckedRevert,
    intent: OpenIntent,
    hold: Option<Entry>,
    carried: CarriedFiles,
    told: Told,
    report: &AppliedPlan,
) -> Result<ExecutedRevert, Error> {
    // Whoever wanted the apply to stop does not want its record to stop.
    job.ports.interrupt.acknowledge();
    let result = ended(job.ports, report, told.counts, carried.many);
    let errored_state = keep_left_state(job, &checked);
    let events = fs::read(&report.events)
        .ok()
        .and_then(|bytes| Keeper::of(job.ports, job.stack).ok()?.put(&bytes).ok())
        .map(|blob| blob.id);
    // The state that is there now belongs to the configuration that was applied.
    let known = match &checked.adaptation {
        Adaptation::AsItIs | Adaptation::Moved(_) | Adaptation::Pushed(_) => {
            Some(&checked.draft.snapshot)
        }
        Adaptation::TwoSteps { .. } => checked.draft.before.recorded.body.snapshot(),
    };
    let known = known.and_then(|snapshot| snapshot.configuration.clone());
    let request = SnapshotRequest {
        configuration: known.map_or(ConfigurationFrom::Unknown, ConfigurationFrom::Known),
        when_unchanged: WhenUnchanged::Record,
        ..SnapshotRequest::of_stack(job.stack, Cause::AfterRevert)
    };
    let after = snapshot::take(job, &request);
    let mut diagnostics = safe_diagnostics(&report.diagnostics, &checked.draft.redactor);
    diagnostics.extend(carried.not_carried.iter().map(|sentence| Diagnostic {
        severity: Severity::Error,
        summary: sentence.clone(),
        detail: String::new(),
        address: None,
    }));
    let mut end = outcome(&intent, result, events, error_lines(&diagnostics));
    end.invocations.clone_from(&told.invoked);
    end.after = after.as_ref().ok().map(|taken| taken.entry.revision);
    let revision = intent.revision();
    let recorded = intent.conclude(job, Outcome::Revert(end), &[]);
    let errored_state = match recorded.and(errored_state) {
        Ok(errored_state) => errored_state,
        // What Terraform said and left is in the directory and nowhere else now.
        Err(error) => {
            let place = checked.prepared.keep();
            return Err(Error::NotRecorded {
                intent: revision,
                outcome: result,
                place,
                source: Box::new(error),
            });
        }
    };
    Ok(ExecutedRevert {
        checked,
        intent: revision,
        outcome: result,
        interrupted: report.interrupted,
        after,
        diagnostics,
        not_carried: carried.not_carried,
        errored_state,
        hold,
        counts: told.counts,
        invoked: told.invoked,
    })
}

/// How the apply ended, as the report says; the phase is closed with it.
fn ended(ports: &Ports<'_>, report: &AppliedPlan, counts: Counts, carried: usize) -> ApplyOutcome {
    let Counts { add, change, remove, .. } = counts;
    match (report.succeeded, report.interrupted) {
        (true, _) => {
            let mut done = format!("{add} added, {change} changed, {remove} destroyed");
            if carried > 0 {
                done.push_str(&format!("; {carried} files carried back"));
            }
            ports.progress.end(Ended::Well, &done);
            ApplyOutcome::Succeeded
        }
        (false, interrupted) => {
            let outcome = match interrupted {
                Some(_) => ApplyOutcome::Interrupted,
                None => ApplyOutcome::Failed,
            };
            ports.progress.end(Ended::Badly, outcome.name());
            outcome
        }
    }
}

/// Errors as the log keeps them: where and what, without detail.
fn error_lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| match &diagnostic.address {
            Some(address) => format!("{address}: {}", diagnostic.summary),
            None => diagnostic.summary.clone(),
        })
        .collect()
}

fn outcome(
    intent: &OpenIntent,
    outcome: ApplyOutcome,
    events: Option<BlobId>,
    errors: Vec<String>,
) -> RevertOutcome {
    let intent = intent.revision();
    RevertOutcome { intent, outcome, after: None, events, errors, invocations: Vec::new() }
}

/// Stores the plan, after checking that it is the one that was consented to, file and actions.
fn store_plan(
    ports: &Ports<'_>,
    stack: &Stack,
    checked: &CheckedRevert,
    consent: &Consent,
) -> Result<KeptPlan, Error> {
    let path = checked.plan_file.display().to_string();
    let bytes = fs::read(&checked.plan_file).map_err(|source| Error::Io { path, source })?;
    let is_agreed = Digest::of(&bytes) == consent.plan();
    if !is_agreed || actions_digest(&checked.plan) != consent.actions() {
        return Err(Error::Moved { what: "the saved plan" });
    }
    Keeper::of(ports, stack)?.put_plan(ports, stack, &bytes)
}

/// Refuses when the state is no longer the one that the consent names.
fn check_present(ports: &Ports<'_>, stack: &Stack, consent: &Consent) -> Result<(), Error> {
    let live = live::read(ports, stack)?;
    let digest: Option<Digest> = live.bytes.map(|bytes| bytes.digest());
    if digest == Some(consent.state().digest) {
        Ok(())
    } else {
        Err(Error::Moved { what: "the state" })
    }
}

fn intent(checked: &CheckedRevert, consent: &Consent, plan: KeptPlan) -> RevertIntent {
    RevertIntent {
        target: checked.draft.request.target.revision,
        before: checked.draft.before.revision,
        state: consent.state().clone(),
        plan: plan.blob,
        plan_digest: Some(plan.digest),
        actions_digest: consent.actions(),
        actions: consented(checked),
        accepted: consent
            .accepted()
            .iter()
            .map(|hazard| format!("{}={}", hazard.kind, hazard.subject))
            .collect(),
        directory: checked.prepared.place.root.display().to_string(),
        pushed: match &checked.adaptation {
            Adaptation::Pushed(state) => Some(state.bytes().digest()),
            Adaptation::AsItIs | Adaptation::Moved(_) | Adaptation::TwoSteps { .. } => None,
        },
    }
}

/// The actions that are consented to, and what leaves the state since the refresh did not find it.
fn consented(checked: &CheckedRevert) -> Vec<ConsentedAction> {
    let action = |action: &JudgedAction| ConsentedAction {
        address: action.address.clone(),
        action: action.action.name().to_owned(),
        why: words(action),
    };
    let forgotten = |one: &UnfoundObject| ConsentedAction {
        address: one.address.clone(),
        action: Action::Forget.name().to_owned(),
        why: HazardKind::NotFound.name().to_owned(),
    };
    let not_found = checked.not_found.iter().filter(|one| one.sequel == Sequel::Forgotten);
    let run = |invocation: JudgedInvocation| ConsentedAction {
        address: invocation.address,
        action: "run".to_owned(),
        why: invocation.trigger.to_string(),
    };
    let actions = checked.actions.iter().map(action).chain(not_found.map(forgotten));
    actions.chain(checked.invocations().into_iter().map(run)).collect()
}

/// Every reason of an action, strictest first, each once.
fn words(action: &JudgedAction) -> String {
    let mut words: Vec<&str> = action.reasons.iter().map(|reason| reason.why.name()).collect();
    words.dedup();
    words.join(", ")
}

/// Terraform leaves the state here when its backend is gone at the end: it goes into the store.
fn keep_left_state(job: &Job<'_>, checked: &CheckedRevert) -> Result<Option<Revision>, Error> {
    let left = read_if_there(&checked.prepared.place.root.join(ERRORED_STATE))?;
    left.map(|bytes| keep_errored_state(job, &bytes, "of this revert's apply")).transpose()
}
