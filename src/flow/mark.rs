//! Says of a snapshot that it is good, with evidence, or bad.
//!
//! A person's word gives the grade *applied*. With a follow-up plan of the snapshot's own
//! configuration it becomes *plan-empty*: that needs the live state to be the snapshot's still.
//! With the stack's checks passed as well, *checked*.

use std::path::Path;

use super::ports::{Job, Ports, Stack};
use super::private_copy::{CopyBackend, CopySource, prepare};
use super::recorded::{load, load_configuration};
use super::redaction::{safe_residual, secrets_of_environment, with_configuration, with_plan};
use super::variables::{with_variables, without_value};
use super::{Error, live};
use crate::engine::good::NOT_CAPTURED;
use crate::engine::redact::Redactor;
use crate::engine::verify::residual;
use crate::model::configuration::ConfigurationSource;
use crate::model::entry::{Body, Entry, Mark, Snapshot};
use crate::model::good::{Evidence, Grade, Residual, Verdict};
use crate::model::state::State;
use crate::port::progress::{Ended, Phase};
use crate::store::After;
use crate::terraform::check::{self, StackCheck, run_check};
use crate::terraform::workdir::CopyLayout;

/// How a snapshot is shown to be good.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A person vouches.
    Word,
    /// A follow-up plan, then the stack's checks.
    Verified {
        /// The treatment of a plan that is not empty.
        residual: WhenNotEmpty,
        /// The stack's checks, in order.
        checks: Vec<StackCheck>,
    },
}

/// The treatment of a follow-up plan that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenNotEmpty {
    /// It is a reason not to call the snapshot good.
    Refuse,
    /// It never is: what it proposes is kept as the residual.
    Keep,
}

/// Marks a snapshot as good.
pub fn good(job: &Job<'_>, entry: &Entry, proof: &Proof) -> Result<(Entry, Evidence), Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    let unfit = |problem| Error::Unfit { revision: entry.revision, problem };
    let snapshot = entry.recorded.body.snapshot().ok_or_else(|| Error::no_snapshot(entry))?;
    let state = snapshot.state.as_ref().ok_or(unfit("has no state to go back to"))?;
    // What cannot be read is never good.
    let recorded = load(job.ports, entry, state)?;
    let evidence = match proof {
        Proof::Word => {
            let because = problem(job.ports, entry, snapshot)?;
            Evidence { grade: Grade::Applied, residual: vec![], checks: vec![], because }
        }

        Proof::Verified { residual, checks } => {
            let known = Redactor::default().with_values(&secrets_of_environment(job.ports));
            let redactor = known.with_state(recorded.state.state());
            let residual = follow_up(
                job.ports,
                job.stack,
                entry,
                *residual,
                recorded.state.state(),
                &redactor,
            )?;
            let checks = run_checks(job.ports, &job.stack.root, checks)?;
            let is_guess = snapshot
                .configuration
                .as_ref()
                .is_some_and(|known| known.source == ConfigurationSource::Inferred);
            let grade = match checks.len() {
                // A plan proves that a guess is no bad one, and not what was applied at the time.
                _ if is_guess => Grade::Applied,
                0 => Grade::PlanEmpty,
                _ => Grade::Checked,
            };
            Evidence { grade, residual, checks, because: None }
        }
    };
    let mark = Mark { revision: entry.revision, verdict: Verdict::Good(evidence.clone()) };
    let entry = job.record(After::Any, Body::Mark(mark))?;
    Ok((entry, evidence))
}

/// Why nobody can plan the configuration of a snapshot, if that is so: it says itself.
pub(super) fn problem(
    ports: &Ports<'_>,
    entry: &Entry,
    snapshot: &Snapshot,
) -> Result<Option<String>, Error> {
    if snapshot.configuration.is_none() {
        return Ok(Some(NOT_CAPTURED.to_owned()));
    }
    let lacking = without_value(&load_configuration(ports, entry.revision, snapshot)?);
    let names: Vec<String> = lacking.iter().map(|name| format!("var.{name}")).collect();
    Ok((!names.is_empty()).then(|| format!("no value is kept of {}", names.join(", "))))
}

/// Marks a snapshot as bad.
pub fn bad(job: &Job<'_>, entry: &Entry) -> Result<Entry, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    entry.recorded.body.snapshot().ok_or_else(|| Error::no_snapshot(entry))?;
    let mark = Mark { revision: entry.revision, verdict: Verdict::Bad };
    job.record(After::Any, Body::Mark(mark))
}

/// Plans the snapshot's configuration on the live state and returns the changes that it proposes.
fn follow_up(
    ports: &Ports<'_>,
    stack: &Stack,
    entry: &Entry,
    when_not_empty: WhenNotEmpty,
    state: &State<'_>,
    redactor: &Redactor,
) -> Result<Vec<Residual>, Error> {
    let revision = entry.revision;
    let unfit = |problem| Error::Unfit { revision, problem };
    let snapshot = entry.recorded.body.snapshot().ok_or(unfit("is no snapshot"))?;
    if snapshot.backend.is_remote_execution() {
        return Err(Error::RemoteExecution { kind: snapshot.backend.kind.clone() });
    }
    let live = live::read(ports, stack)?;
    let recorded = snapshot.state_digest();
    if live.bytes.as_ref().map(crate::model::state::StateBytes::digest) != recorded {
        return Err(Error::NotPresent { revision });
    }
    let configuration = load_configuration(ports, revision, snapshot)?;
    // A value of today proves nothing of a snapshot that does not have it: a revert would miss it.
    let lacking = without_value(&configuration);
    if !lacking.is_empty() {
        return Err(Error::MissingVariables(lacking));
    }
    let (configuration, standing) = with_variables(configuration, &stack.without_given(), &[])?;
    if standing.keys().any(|name| stack.inputs.given.contains(name)) {
        return Err(unfit("has another value of a variable than the one that is given"));
    }
    let redactor =
        &with_configuration(redactor.clone(), &configuration).with_values(&live.backend.secrets());
    let source = CopySource {
        configuration: &configuration,
        snapshot,
        live: &live.backend,
        home: CopyBackend::Recorded,
        present: Some(state),
        good: None,
    };
    let prepared = prepare(ports, stack, &source, CopyLayout::Pristine, redactor)?;
    ports.progress.begin(Phase::Verify);
    let (_, plan) = prepared.plan(ports, "verify.tfplan", redactor)?;
    let redactor = with_plan(redactor.clone(), &configuration, &plan);
    let found = safe_residual(residual(&plan), &redactor);
    let proposes = || found.iter().map(|r| format!("{} {}", r.action, r.address)).collect();
    match (found.len(), when_not_empty) {
        (0, _) => ports.progress.end(Ended::Well, "plan is empty"),
        (many, WhenNotEmpty::Keep) => {
            ports.progress.end(Ended::Well, &format!("plan proposes {many}, kept as residual"));
        }
        (_, WhenNotEmpty::Refuse) => {
            ports.progress.end(Ended::Badly, "plan is not empty");
            return Err(Error::NotEmpty { revision, proposes: proposes() });
        }
    }
    Ok(found)
}

/// Runs the checks; the first that fails is an error.
pub(super) fn run_checks(
    ports: &Ports<'_>,
    root: &Path,
    checks: &[StackCheck],
) -> Result<Vec<String>, check::Failed> {
    for check in checks {
        run_check(check, root, ports.environment)?;
    }
    Ok(checks.iter().map(StackCheck::name).collect())
}
