//! Looks at the real world: where does it differ from the state?
//!
//! A snapshot is taken first, its configuration is laid out in a private directory, and a
//! refresh-only plan is made there and read. Nothing is applied: applying such a plan would write
//! the state. An error is never drift: whatever fails leaves every item as the last check saw it.

use super::error::drift::DriftError;
use super::keeping::Keeper;
use super::ports::{Job, Ports, Stack};
use super::private_copy::{CopyBackend, CopySource, prepare};
use super::recorded::{drift_values, load_configuration, unreadable_values};
use super::redaction::{secrets_of_environment, with_configuration, with_plan};
use super::snapshot::{self, Captured, SnapshotRequest, check_standing};
use super::variables::with_today;
use super::{Error, live};
use crate::codec::drift as codec;
use crate::engine::drift::{DriftPlace, found, last_observation, tracked};
use crate::engine::redact::Redactor;
use crate::model::drift::{DriftItem, DriftObservation, DriftedObject};
use crate::model::entry::{Body, Cause, Entry, Revision};
use crate::model::plan::{Plan, PlanExtent};
use crate::model::version::StateVersion;
use crate::port::progress::{Ended, Phase};
use crate::store::{self, After};
use crate::terraform::workdir::CopyLayout;

/// How often others may write to the log while a check is being recorded.
const MOVED_MAX: usize = 8;

/// A look at the real world that is in the log.
#[derive(Debug)]
pub struct ObservedDrift {
    /// Its entry, or the one that says the same already.
    pub entry: Entry,
    /// Whether the entry is new.
    pub is_new: bool,
}

/// Looks, and records what was seen.
pub fn observe(job: &Job<'_>) -> Result<ObservedDrift, Error> {
    let request = SnapshotRequest::of_stack(job.stack, Cause::Manual);
    let taken = snapshot::take(job, &request)?;
    let author = &job.safe_author();
    let job = &job.by(author);
    check_standing(&taken)?;
    let seen = see(job.ports, job.stack, taken)?;
    record(job, &seen)
}

/// The result of a check, not yet recorded.
struct Observation {
    against: Revision,
    state: StateVersion,
    items: Vec<DriftItem>,
    objects: Vec<DriftedObject>,
}

fn see(ports: &Ports<'_>, stack: &Stack, taken: Captured) -> Result<Observation, Error> {
    let revision = taken.entry.revision;
    let unfit = |problem| Error::Unfit { revision, problem };
    let snapshot = taken.snapshot()?;
    if snapshot.backend.is_remote_execution() {
        return Err(Error::RemoteExecution { kind: snapshot.backend.kind.clone() });
    }
    let state = snapshot.state.as_ref().ok_or(unfit("has no state to compare with"))?;
    let read = taken.state.as_ref().ok_or(unfit("has no state to compare with"))?;
    if let Some(problem) = taken.problem {
        return Err(problem);
    }
    let configuration = load_configuration(ports, revision, snapshot)?;
    let configuration = with_today(configuration, stack);
    let redactor = with_configuration(Redactor::default(), &configuration)
        .with_state(read.state())
        .with_values(&taken.backend.secrets())
        .with_values(&secrets_of_environment(ports));
    let source = CopySource {
        configuration: &configuration,
        snapshot,
        live: &taken.backend,
        home: CopyBackend::Recorded,
        present: Some(read.state()),
        good: None,
    };
    let plan = planned(ports, stack, &source, &redactor)?;
    // The lock was Terraform's only while it planned: what it compared with has to be this state.
    let now = live::read(ports, stack)?.bytes.map(|bytes| bytes.digest());
    if now != Some(state.version.digest) {
        return Err(DriftError::CheckFailed { problem: "the state changed in the meantime" }.into());
    }
    let redactor = with_plan(redactor, &configuration, &plan);
    let log = ports.repository.log(&stack.name)?;
    let recorded = tracked(&log).iter().map(|tracked| tracked.item.fingerprint).collect();
    let place =
        DriftPlace { store: ports.repository.id(), stack: &stack.name, recorded: &recorded };
    let found = found(&plan, place, &stack.knowledge, &redactor);
    let (items, objects) = found.into_iter().unzip();
    Ok(Observation { against: revision, state: state.version.clone(), items, objects })
}

/// A refresh-only plan that came to its end.
fn planned(
    ports: &Ports<'_>,
    stack: &Stack,
    source: &CopySource<'_>,
    redactor: &Redactor,
) -> Result<Plan, Error> {
    let prepared = prepare(ports, stack, source, CopyLayout::Pristine, redactor)?;
    ports.check_interrupt("the real world was looked at")?;
    ports.progress.begin(Phase::Drift);
    let plan = prepared.refresh_only(ports, "drift.tfplan", redactor)?;
    let problem = match plan.extent {
        PlanExtent::Complete => {
            ports.progress.end(Ended::Well, "");
            return Ok(plan);
        }
        PlanExtent::Partial => "the plan looked at a part of it only",
        PlanExtent::Errored => "planning ended with an error",
    };
    ports.progress.end(Ended::Badly, "");
    Err(DriftError::CheckFailed { problem }.into())
}

/// Says what was seen, unless the last check says it already.
fn record(job: &Job<'_>, seen: &Observation) -> Result<ObservedDrift, Error> {
    let mut moved = 0;
    loop {
        let log = job.log()?;
        if let Some((entry, last)) = last_observation(&log)
            && is_same(job.ports, entry.revision, last, seen)?
        {
            return Ok(ObservedDrift { entry: entry.clone(), is_new: false });
        }
        let values = if seen.objects.is_empty() {
            None
        } else {
            let document = codec::encode(&seen.objects)
                .map_err(|error| unreadable_values(seen.against, &error.to_string()))?;
            Some(Keeper::of(job.ports, job.stack)?.put(&document)?.id)
        };
        let body = Body::Drift(Box::new(DriftObservation {
            against: seen.against,
            state: seen.state.clone(),
            items: seen.items.clone(),
            values,
        }));
        let newest = log.last().map(|entry| entry.revision);
        match job.record(After::Exactly(newest), body) {
            Ok(entry) => return Ok(ObservedDrift { entry, is_new: true }),
            // Whatever it was may have been a check: read it before saying the same twice.
            Err(Error::Store(store::Error::Moved { .. })) if moved < MOVED_MAX => moved += 1,
            Err(other) => return Err(other),
        }
    }
}

fn is_same(
    ports: &Ports<'_>,
    revision: Revision,
    last: &DriftObservation,
    seen: &Observation,
) -> Result<bool, Error> {
    // A secret that has another value now is the same item, and its value is worth keeping.
    Ok(last.state == seen.state
        && last.items == seen.items
        && drift_values(ports, revision, last)? == seen.objects)
}
