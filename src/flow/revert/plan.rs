//! Makes the plan of a revert in a private directory and judges it.
//!
//! Nothing real is changed. The result holds the saved plan itself: only that file can be applied
//! later.

mod elsewhere;
mod judged;
pub mod kept_inputs;
mod versions;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::judged::{PlannedPart, judged, unwritable_places};
use self::kept_inputs::KeptInputs;
use self::versions::{FittedDraft, fit};
use super::adapt::{Adaptation, Adapted, adapt};
use super::draft::{RevertDraft, draft};
use super::two_steps::whole;
use crate::engine::hazard::{Allowance, allows_variable, in_order};
use crate::engine::judgement::{JudgedAction, JudgedInvocation, NotGood, Origin, Unlikeness};
use crate::engine::rekey::Rekeying;
use crate::engine::rekey::keep::ReleasedObject as KeptOut;
use crate::engine::rekey::two_steps::DestroyedFirst;
use crate::engine::revert::besides::{ForgottenObject, forgotten, invocations};
use crate::engine::revert::keep::KeptInput;
use crate::engine::revert::moved_back::{MovedBack, moved_back};
use crate::engine::revert::not_found::{Sequel, UnfoundObject, dropped_by, unfound};
use crate::engine::revert::outputs::JudgedOutput;
use crate::engine::revert::scope::{Skipped, left};
use crate::engine::revert::{RecordedState, RevertFacts, actions_digest};
use crate::engine::verify::outcome::PlannedOutcome;
use crate::engine::verify::residual;
use crate::flow::ports::{Job, Ports, Stack};
use crate::flow::private_copy::PrivateCopy;
use crate::flow::redaction::{safe_residual, with_plan};
use crate::flow::run::safe_words::safe_words;
use crate::flow::{Error, recorded};
use crate::model::digest::Digest;
use crate::model::entry::{Entry, NotUndone, Revision, Snapshot};
use crate::model::hazard::Hazard;
use crate::model::pattern::Pattern;
use crate::model::placement::Slot;
use crate::model::plan::{Plan, PlanExtent};
use crate::model::version::StateVersion;
use crate::port::progress::{Ended, Phase};

/// A revert with its plan. Only [`check`] makes one.
#[derive(Debug)]
pub struct CheckedRevert {
    /// The draft that was planned.
    pub(super) draft: RevertDraft,
    /// The private directory in which the plan is applied.
    pub(super) prepared: PrivateCopy,
    /// How the state is made to fit.
    pub(super) adaptation: Adaptation,
    /// The slot at which each object belongs.
    pub(super) rekeying: Rekeying,
    /// The saved plan; if a state is to be pushed first, only a preview of it, and in two steps that
    /// of the first one.
    pub(super) plan_file: PathBuf,
    /// SHA-256 of the saved plan.
    pub(super) plan_digest: Digest,
    /// The plan: of both steps, if there are two.
    pub(super) plan: Plan,
    /// The targets that are planned; none means all of the good configuration.
    pub(super) targets: Vec<String>,
    /// Actions that are skipped, since only a part is wanted: not safe to show.
    pub(super) left: Vec<Skipped>,
    /// SHA-256 over its actions.
    pub(super) actions_digest: Digest,
    /// The state it was made for.
    pub(super) state: StateVersion,
    moved_back: Vec<MovedBack>,
    inputs: KeptInputs,
    pub(super) actions: Vec<JudgedAction>,
    pub(super) not_found: Vec<UnfoundObject>,
    outcome: PlannedOutcome,
    not_seen: Vec<String>,
    outputs: Vec<JudgedOutput>,
    pub(super) hazards: Vec<Hazard>,
}

impl CheckedRevert {
    /// Whether there is nothing to do: no action, nothing that leaves the state, and no object to
    /// bring back to its address.
    pub fn is_nothing(&self) -> bool {
        let is_outdated = !self.outcome.outdated.is_empty() && self.left.is_empty();
        let is_still = self.plan.is_empty() && self.not_found.is_empty() && !is_outdated;
        is_still && (!self.left.is_empty() || matches!(self.adaptation, Adaptation::AsItIs))
    }

    /// Objects of the present state that the refresh did not find; safe to show.
    pub fn not_found(&self) -> &[UnfoundObject] {
        &self.not_found
    }

    /// Objects that are the good ones, while the present state says otherwise; safe to show.
    pub fn outdated(&self) -> Vec<String> {
        let safe = |address: &String| self.draft.redactor.text(address);
        self.outcome.outdated.iter().map(safe).collect()
    }

    /// Objects that the plan leaves as they are and that are not quite the good ones, in clauses; safe
    /// to show.
    pub fn notes(&self) -> Vec<String> {
        let variables = self.draft.variables.iter();
        let variables = variables.filter_map(|(name, standing)| standing.note(name));
        let notes = self.outcome.notes.iter().map(|note| self.draft.redactor.text(note));
        variables.chain(notes).collect()
    }

    /// Other stacks that were not looked into for objects that the plan makes or takes over, each with
    /// the reason; safe to show.
    pub fn not_seen(&self) -> &[String] {
        &self.not_seen
    }

    /// Whether the present state is the good one, of a plan with nothing to do.
    pub fn is_equal(&self) -> bool {
        self.outcome.not_good.is_empty() && self.outcome.notes.is_empty() && self.left.is_empty()
    }

    /// Objects that are not the good ones afterwards, as whoever consents to the plan agrees to.
    pub(super) fn agreed(&self) -> Vec<NotGood> {
        let is_lost =
            |one: &&UnfoundObject| one.origin == Origin::Good && one.sequel == Sequel::Forgotten;
        let lost = self
            .not_found
            .iter()
            .filter(is_lost)
            .map(|one| NotGood { address: one.address.clone(), how: Unlikeness::Missing });
        self.outcome.not_good.iter().cloned().chain(lost).collect()
    }

    /// The entry to go back to.
    pub fn target(&self) -> Revision {
        self.draft.request.target.revision
    }

    /// The good snapshot.
    pub fn good(&self) -> &Snapshot {
        &self.draft.snapshot
    }

    /// The snapshot of the present.
    pub fn before(&self) -> &Entry {
        &self.draft.before
    }

    /// The saved plan.
    pub fn plan_file(&self) -> &Path {
        &self.plan_file
    }

    /// How the state is made to fit.
    pub fn adaptation(&self) -> &Adaptation {
        &self.adaptation
    }

    /// Its actions, judged; safe to show.
    pub fn actions(&self) -> &[JudgedAction] {
        &self.actions
    }

    /// The outputs that would change; safe to show.
    pub fn outputs(&self) -> &[JudgedOutput] {
        &self.outputs
    }

    /// The actions of providers that it runs; safe to show.
    pub fn invocations(&self) -> Vec<JudgedInvocation> {
        invocations(&self.plan, &self.draft.redactor)
    }

    /// The first of the flags that say what to destroy, and that no object answers to.
    pub fn names_nothing(&self) -> Option<&Pattern> {
        let lifted = self.rekeying.lifted.iter().map(|slot| slot.address.to_string());
        let says_so = &self.draft.since.destroy_false;
        let changes = self.plan.effective();
        let changes = changes.filter(|change| says_so.contains(&change.address.block()));
        let mut answers: Vec<String> = lifted.collect();
        answers.extend(changes.map(|change| change.address.to_string()));
        let flags = &mut self.draft.request.destroy_forgotten.iter();
        flags.find(|flag| !answers.iter().any(|address| flag.matches(address)))
    }

    /// Objects that the plan forgets; safe to show.
    pub fn forgotten(&self) -> Vec<ForgottenObject> {
        forgotten(&self.plan, &self.draft.redactor)
    }

    /// Objects that live on outside the state, kept out of it or forgotten by the plan, with their
    /// ids: both safe to show.
    pub fn living_on(&self) -> Vec<(String, Option<String>)> {
        let forgotten = self.forgotten().into_iter();
        let forgotten = forgotten.map(|ForgottenObject { address, id }| (address, id));
        self.released().into_iter().chain(forgotten).collect()
    }

    /// The hazards that stand against it; safe to show.
    pub fn hazards(&self) -> &[Hazard] {
        &self.hazards
    }

    /// Objects that only the state will have otherwise; safe to show.
    pub fn moved_back(&self) -> &[MovedBack] {
        &self.moved_back
    }

    /// Attributes that are kept though a data source says something else; safe to show.
    pub fn kept_inputs(&self) -> &[KeptInput] {
        &self.inputs.kept
    }

    /// Objects that no plan can end.
    pub fn not_undone(&self) -> &[NotUndone] {
        &self.draft.not_undone
    }

    /// Actions that are skipped, safe to show.
    pub fn skipped(&self) -> Vec<Skipped> {
        let safe = |left: &Skipped| self.draft.redactor.text(&left.address);
        self.left.iter().map(|left| Skipped { address: safe(left), ..left.clone() }).collect()
    }

    /// Objects that are kept out of the state, with their ids: both safe to show.
    pub fn released(&self) -> Vec<(String, Option<String>)> {
        let redactor = &self.draft.redactor;
        let id = |kept: &KeptOut| kept.id.as_ref().map(|id| redactor.text(id));
        let of = |kept: &KeptOut| (redactor.text(&kept.from.to_string()), id(kept));
        self.rekeying.kept.iter().map(of).collect()
    }

    /// Objects that are destroyed before the rest, safe to show, and why they go first.
    pub fn destroyed_first(&self) -> Vec<(String, &'static str)> {
        let Adaptation::TwoSteps { objects, .. } = &self.adaptation else { return Vec::new() };
        let shown = |first: &DestroyedFirst| self.draft.redactor.text(&first.from.to_string());
        objects.iter().map(|first| (shown(first), first.why.meaning())).collect()
    }

    /// Variables that have another value today than the one that is planned.
    pub fn unlike_today(&self) -> Vec<&str> {
        let asks = self.draft.variables.iter().filter(|(_, standing)| standing.asks());
        asks.map(|(name, _)| name.as_str()).collect()
    }

    /// The words of a command as they may be shown.
    pub fn safe_words(&self, words: &[String]) -> Vec<String> {
        safe_words(words, &self.draft.redactor)
    }

    /// Whether these allowances let a variable have today's value, and the plan has another one.
    pub fn lacks_todays(&self, allowed: &[Allowance]) -> bool {
        self.unlike_today().into_iter().any(|name| allows_variable(allowed, name))
    }

    /// The draft, to be planned anew without these objects and with these hazards allowed.
    pub fn without(
        self,
        job: &Job<'_>,
        kept: Vec<Pattern>,
        allowed: &[Allowance],
    ) -> Result<RevertDraft, Error> {
        let lacks_todays = self.lacks_todays(allowed);
        let mut request = self.draft.request.clone();
        request.scope.excludes.extend(kept);
        request.allowed = allowed.to_vec();
        if lacks_todays { draft(job, request) } else { Ok(RevertDraft { request, ..self.draft }) }
    }
}

/// Plans the revert.
pub fn check(ports: &Ports<'_>, stack: &Stack, draft: RevertDraft) -> Result<CheckedRevert, Error> {
    let FittedDraft { mut draft, hazards: mut versions } = fit(ports, stack, draft)?;
    let Adapted { mut prepared, adaptation, rekeying, first } = adapt(ports, stack, &draft)?;
    draft.missing_files.extend(first.iter().flat_map(|first| first.missing_files.clone()));
    ports.check_interrupt("the plan was made")?;
    ports.progress.begin(Phase::Plan);
    let of = PlanSubject { stack, draft: &draft, adaptation: &adaptation };
    let before = first.as_ref().map(|first| &first.plan);
    let PlannedRevert { plan_file, plan, targets, left, unfound, inputs } =
        planned(ports, of, before, &mut prepared)?;
    ports.progress.end(Ended::Well, "");
    // What is applied is the first step, and what is agreed to is both.
    let learnt = first.as_ref().map_or(&draft.redactor, |first| &first.redactor).clone();
    let redactor = with_plan(learnt, &draft.configuration, &plan);
    let (prepared, plan_file, plan) = match first {
        Some(first) => (first.prepared, first.plan_file, whole(&first.plan, &plan)),
        None => (prepared, plan_file, plan),
    };
    let unwritable = unwritable_places(stack, &plan, &prepared);
    let part = PlannedPart { unfound: &unfound, left: &left, unwritable: &unwritable };
    let judged = judged(ports, of, &plan, part, &redactor);
    let others = elsewhere::look(ports, of, &plan, &rekeying);
    let plan_digest = digest_of(&plan_file)?;
    let present = draft.version()?;
    let moved_back = moved_back(&rekeying, &redactor);
    let safe = |hazard: Hazard| Hazard { subject: redactor.text(&hazard.subject), ..hazard };
    versions
        .extend(in_order(judged.hazards.into_iter().chain(others.hazards.into_iter().map(safe))));
    let not_seen = others.not_seen.iter().map(|stack| redactor.text(stack)).collect();
    Ok(CheckedRevert {
        not_found: judged.not_found,
        not_seen,
        outcome: judged.outcome,
        draft: RevertDraft { redactor, ..draft },
        actions_digest: actions_digest(&plan),
        targets,
        left,
        prepared,
        adaptation,
        moved_back,
        rekeying,
        inputs,
        plan_file,
        plan_digest,
        plan,
        state: present,
        actions: judged.actions,
        outputs: judged.outputs,
        hazards: versions,
    })
}

/// A target that no configuration has: what is planned with it alone does nothing.
const NOTHING: &str = "terraform_data.unapply_wants_nothing";

/// The plan of what is wanted.
struct PlannedRevert {
    plan_file: PathBuf,
    plan: Plan,
    targets: Vec<String>,
    left: Vec<Skipped>,
    /// Objects that the refresh did not find and this plan drops.
    unfound: Vec<Slot>,
    inputs: KeptInputs,
}

/// A draft with the way in which its state is made to fit.
#[derive(Clone, Copy)]
struct PlanSubject<'f> {
    stack: &'f Stack,
    draft: &'f RevertDraft,
    adaptation: &'f Adaptation,
}

impl<'f> PlanSubject<'f> {
    fn facts(self, plan: &'f Plan) -> RevertFacts<'f> {
        facts(self.stack, self.draft, self.adaptation, plan)
    }
}

/// Plans all of it, and if only a part is wanted, that part.
fn planned(
    ports: &Ports<'_>,
    of: PlanSubject<'_>,
    first: Option<&Plan>,
    prepared: &mut PrivateCopy,
) -> Result<PlannedRevert, Error> {
    let PlanSubject { stack, draft, adaptation } = of;
    let (redactor, scope) = (&draft.redactor, &draft.request.scope);
    let (plan_file, plan, inputs) = kept_inputs::plan(ports, stack, draft, adaptation, prepared)?;
    match plan.extent {
        PlanExtent::Complete => {}
        PlanExtent::Partial => {
            return Err(Error::IncompletePlan(redactor.text(&plan.left_over())));
        }
        PlanExtent::Errored => {
            return Err(Error::IncompletePlan("planning ended with an error".to_owned()));
        }
    }
    let usual = usual(&plan, draft);
    let both = first.map(|first| whole(first, &plan));
    let unfound = unfound(&of.facts(both.as_ref().unwrap_or(&plan)));
    let Some(mut targets) = scope.wanted(&plan, &unfound, &usual) else {
        let (targets, left) = (Vec::new(), Vec::new());
        return Ok(PlannedRevert { plan_file, plan, targets, left, unfound, inputs });
    };
    if targets.is_empty() {
        targets.push(NOTHING.to_owned());
    }
    let (plan_file, part) = prepared.plan_part(ports, "part.tfplan", redactor, &targets)?;
    if part.extent == PlanExtent::Errored {
        return Err(Error::IncompletePlan("planning ended with an error".to_owned()));
    }
    let needed = part.effective().filter(|change| scope.excludes(&change.address));
    let needed: Vec<String> =
        needed.map(|change| redactor.text(&change.address.to_string())).collect();
    if !needed.is_empty() {
        return Err(Error::Needed(needed));
    }
    let dropped = dropped_by(&part, &unfound, |slot| scope.includes(&slot.address));
    let stays = unfound.into_iter().filter(|slot| !dropped.contains(slot));
    let mut left = left(&plan, &part, stays);
    left.retain(|left| !usual.contains(&left.address));
    Ok(PlannedRevert { plan_file, plan: part, targets, left, unfound: dropped, inputs })
}

/// Addresses of the actions that a plan of the good snapshot proposed too when it was called good.
fn usual(plan: &Plan, draft: &RevertDraft) -> BTreeSet<String> {
    if draft.residual.is_empty() {
        return BTreeSet::new();
    }
    let redactor = with_plan(draft.redactor.clone(), &draft.configuration, plan);
    let proposed = residual(plan);
    let recorded = safe_residual(proposed.clone(), &redactor);
    let both = proposed.into_iter().zip(recorded);
    let usual = both.filter(|(_, recorded)| draft.residual.contains(recorded));
    usual.map(|(action, _)| action.address).collect()
}

/// SHA-256 of a file.
pub(super) fn digest_of(path: &Path) -> Result<Digest, Error> {
    fs::read(path)
        .map(|bytes| Digest::of(&bytes))
        .map_err(|source| Error::Io { path: path.display().to_string(), source })
}

/// Everything that is known of a plan.
pub(super) fn facts<'f>(
    stack: &'f Stack,
    draft: &'f RevertDraft,
    adaptation: &'f Adaptation,
    plan: &'f Plan,
) -> RevertFacts<'f> {
    let of = |recorded: &'f recorded::Recorded| RecordedState {
        revision: recorded.revision,
        time: recorded.time,
        state: recorded.state.state(),
    };
    let current = match adaptation {
        Adaptation::AsItIs | Adaptation::Moved(_) => &draft.current,
        Adaptation::Pushed(state) | Adaptation::TwoSteps { whole: state, .. } => state,
    };
    RevertFacts {
        plan,
        good: of(&draft.good),
        current: current.state(),
        before: draft.between.as_ref().map(of),
        journals: &draft.journals,
        imports: &draft.imports,
        prevented: &draft.since.prevented,
        destroy_false: &draft.since.destroy_false,
        destroy_forgotten: &draft.request.destroy_forgotten,
        not_replayable: &draft.since.not_replayable,
        missing_files: &draft.missing_files,
        drift: &draft.drift,
        knowledge: &stack.knowledge,
    }
}
