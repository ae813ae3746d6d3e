//! Makes the plan of a revert in a private directory and judges it.
//!
//! Nothing real is changed. What comes out holds the saved plan itself: only that file can be
//! applied later.

use std::fs;
use std::path::PathBuf;

use super::draft::{RevertDraft, with_plan};
use super::inputs::{self, KeptInputs};
use super::way::{Paved, Way, pave};
use crate::codec::state;
use crate::engine::hazard::{believable, hazards};
use crate::engine::rekey::Rekeying;
use crate::engine::revert::homecoming::{Homecoming, homecomings};
use crate::engine::revert::outputs::{JudgedOutput, judge_outputs};
use crate::engine::revert::{Facts, JudgedAction, Recorded, actions_digest, judge};
use crate::flow::compat::{Fitted, fit};
use crate::flow::workplace::Prepared;
use crate::flow::{Error, Ports, Stack};
use crate::model::digest::Digest;
use crate::model::hazard::Hazard;
use crate::model::plan::{Plan, PlanExtent};
use crate::model::state::State;
use crate::model::version::StateVersion;
use crate::port::progress::{Ended, Phase};

/// A revert with its plan.
#[derive(Debug)]
pub struct CheckedRevert {
    /// What was drafted.
    pub draft: RevertDraft,
    /// The private directory.
    pub prepared: Prepared,
    /// How the state is made to fit.
    pub way: Way,
    /// Where each object belongs.
    pub rekeying: Rekeying,
    /// The same, as a person is told.
    pub homecomings: Vec<Homecoming>,
    /// What is kept though a data source says something else.
    pub inputs: KeptInputs,
    /// The saved plan; if a state is to be pushed first, only a preview of it.
    pub plan_file: PathBuf,
    /// SHA-256 of the saved plan.
    pub plan_digest: Digest,
    /// The plan.
    pub plan: Plan,
    /// SHA-256 over its actions.
    pub actions_digest: Digest,
    /// The state it was made for.
    pub state: StateVersion,
    /// Its actions, judged.
    pub actions: Vec<JudgedAction>,
    /// The outputs that would change.
    pub outputs: Vec<JudgedOutput>,
    /// What stands against it.
    pub hazards: Vec<Hazard>,
}

impl CheckedRevert {
    /// Whether there is nothing to do: no action, and no object to bring back to its address.
    pub fn is_nothing(&self) -> bool {
        self.plan.is_empty() && matches!(self.way, Way::AsItIs)
    }
}

/// Plans the revert.
pub fn check(ports: &Ports<'_>, stack: &Stack, draft: RevertDraft) -> Result<CheckedRevert, Error> {
    let Fitted { draft, hazards: mut versions } = fit(ports, stack, draft)?;
    let Paved { mut prepared, way, rekeying } = pave(ports, stack, &draft)?;
    ports.check_interrupt("the plan was made")?;
    ports.progress.begin(Phase::Plan);
    let (plan_file, plan, inputs) = inputs::plan(ports, stack, (&draft, &way), &mut prepared)?;
    ports.progress.end(Ended::Well, "");
    match plan.extent {
        PlanExtent::Complete => {}
        PlanExtent::Partial => return Err(Error::IncompletePlan("something is left over")),
        PlanExtent::Errored => return Err(Error::IncompletePlan("planning ended with an error")),
    }
    let redactor = with_plan(draft.redactor.clone(), &draft.bundle, &plan);
    let judged = judged(ports, stack, (&draft, &way), &plan, &redactor)?;
    let plan_digest = digest_of(&plan_file)?;
    let homecomings = homecomings(&rekeying, &redactor);
    versions.extend(judged.hazards);
    Ok(CheckedRevert {
        draft: RevertDraft { redactor, ..draft },
        actions_digest: actions_digest(&plan),
        prepared,
        way,
        homecomings,
        rekeying,
        inputs,
        plan_file,
        plan_digest,
        plan,
        state: judged.state,
        actions: judged.actions,
        outputs: judged.outputs,
        hazards: versions,
    })
}

/// SHA-256 of a file.
pub(super) fn digest_of(path: &std::path::Path) -> Result<Digest, Error> {
    fs::read(path)
        .map(|bytes| Digest::of(&bytes))
        .map_err(|source| Error::Io { path: path.display().to_string(), source })
}

/// What has been decided of a plan.
struct Judged {
    state: StateVersion,
    actions: Vec<JudgedAction>,
    outputs: Vec<JudgedOutput>,
    hazards: Vec<Hazard>,
}

fn judged(
    ports: &Ports<'_>,
    stack: &Stack,
    (draft, way): (&RevertDraft, &Way),
    plan: &Plan,
    redactor: &crate::engine::redact::Redactor,
) -> Result<Judged, Error> {
    let now = believable(ports.clock.now(), draft.latest_time);
    let (mut actions, mut hazards, outputs) = with_facts(stack, (draft, way), plan, |facts| {
        let actions = judge(facts, redactor);
        let hazards = hazards(facts, &actions, &stack.limits, &draft.variables, now);
        (actions, hazards, judge_outputs(facts, redactor))
    })?;
    // A secret can stand in the key of an instance; until here addresses are what they are.
    for action in &mut actions {
        action.address = redactor.text(&action.address);
    }
    for hazard in &mut hazards {
        hazard.subject = redactor.text(&hazard.subject);
        hazard.why = redactor.text(&hazard.why);
    }
    let state = parsed(&draft.current, draft.before.revision)?.version;
    Ok(Judged { state, actions, outputs, hazards })
}

/// Hands everything that is known of a plan to `ask`.
pub(super) fn with_facts<T>(
    stack: &Stack,
    (draft, way): (&RevertDraft, &Way),
    plan: &Plan,
    ask: impl FnOnce(&Facts<'_>) -> T,
) -> Result<T, Error> {
    let good = parsed(&draft.good.bytes, draft.good.revision)?;
    let current = match way {
        Way::AsItIs | Way::Moved(_) => parsed(&draft.current, draft.before.revision)?,
        Way::Pushed(bytes) => parsed(bytes, draft.before.revision)?,
    };
    let between = match &draft.between {
        Some(recorded) => Some((recorded, parsed(&recorded.bytes, recorded.revision)?)),
        None => None,
    };
    Ok(ask(&Facts {
        plan,
        good: Recorded { revision: draft.good.revision, time: draft.good.time, state: &good },
        current: &current,
        before: between.as_ref().map(|(recorded, state)| Recorded {
            revision: recorded.revision,
            time: recorded.time,
            state,
        }),
        journals: &draft.journals,
        imports: &draft.imports,
        prevented: &draft.prevented,
        passing: &draft.passing,
        drift: &draft.drift,
        knowledge: &stack.knowledge,
    }))
}

/// A state that was read before.
pub(super) fn parsed(
    bytes: &crate::model::state::StateBytes,
    revision: crate::model::entry::Revision,
) -> Result<State<'_>, Error> {
    state::parse(bytes)
        .map_err(|problem| Error::StoredState { revision, problem: problem.to_string() })
}
