//! Looks at the real world: where does it differ from the state?
//!
//! A snapshot is taken first, its configuration is laid out in a private directory, and a
//! refresh-only plan is made there and read. Nothing is applied: applying such a plan would write
//! the state. An error is never drift: whatever fails leaves every item as the last look saw it.

use super::secrets::{of_environment, safe_speaker};
use std::collections::{BTreeMap, btree_map};

use super::ephemeral::with_today;
use super::error::DriftError;
use super::revert::draft::{check_standing, load, load_bundle, redactor, with_plan};
use super::snapshot::{self, Request, Taken};
use super::workplace::{Home, Source, prepare};
use super::{Error, Ports, Speaker, Stack, live};
use crate::codec::{drift as codec, state};
use crate::engine::drift::{Place, Tracked, found, last_look, tracked};
use crate::engine::good::snapshots;
use crate::engine::redact::Redactor;
use crate::model::drift::{DriftItem, DriftLook, DriftedObject, KnownDrift, RecordedFix};
use crate::model::entry::{Body, Cause, Entry, Revision};
use crate::model::plan::{Plan, PlanExtent};
use crate::model::state::StateBytes;
use crate::model::version::StateVersion;
use crate::port::progress::{Ended, Phase};
use crate::store::{self, After};
use crate::terraform::workdir::Layout;

/// How often others may write to the log while a look is being recorded.
const MOVED_MAX: usize = 8;

/// A look at the real world that is in the log.
#[derive(Debug)]
pub struct Looked {
    /// Its entry, or the one that says the same already.
    pub entry: Entry,
    /// Whether the entry is new.
    pub is_new: bool,
}

/// Looks, and records what was seen.
pub fn look(ports: &Ports<'_>, stack: &Stack, speaker: &Speaker) -> Result<Looked, Error> {
    let request = Request::of_stack(stack, Cause::Manual);
    let taken = snapshot::take(ports, stack, speaker, &request)?;
    let speaker = &safe_speaker(ports, &stack.name, speaker);
    check_standing(&taken)?;
    let seen = see(ports, stack, taken)?;
    record(ports, stack, speaker, &seen)
}

/// What a look saw, not yet recorded.
struct Seen {
    against: Revision,
    state: StateVersion,
    items: Vec<DriftItem>,
    objects: Vec<DriftedObject>,
}

fn see(ports: &Ports<'_>, stack: &Stack, taken: Taken) -> Result<Seen, Error> {
    let revision = taken.entry.revision;
    let unfit = |problem| Error::Unfit { revision, problem };
    let snapshot = taken.snapshot()?;
    if snapshot.backend.is_remote_execution() {
        return Err(Error::RemoteExecution { kind: snapshot.backend.kind.clone() });
    }
    let state = snapshot.state.as_ref().ok_or(unfit("has no state to compare with"))?;
    let bytes = taken.bytes.as_ref().ok_or(unfit("has no state to compare with"))?;
    if let Some(problem) = taken.problem {
        return Err(problem);
    }
    let bundle = with_today(load_bundle(ports, revision, snapshot)?, &stack.inputs);
    let redactor = redactor(&bundle, [bytes])?
        .with_values(&taken.backend.secrets())
        .with_values(&of_environment(ports));
    let source = Source { bundle: &bundle, snapshot, live: &taken.backend, home: Home::Recorded };
    let plan = planned(ports, stack, &source, &redactor)?;
    // The lock was Terraform's only while it planned: what it compared with has to be this state.
    let now = live::read(ports, stack)?.bytes.map(|bytes| bytes.digest());
    if now != Some(state.version.digest) {
        return Err(DriftError::LookFailed { problem: "the state changed in the meantime" }.into());
    }
    let redactor = with_plan(redactor, &bundle, &plan);
    let place = Place { store: ports.repository.id(), stack: &stack.name };
    let (items, objects) = found(&plan, place, &redactor).into_iter().unzip();
    Ok(Seen { against: revision, state: state.version.clone(), items, objects })
}

/// A refresh-only plan that came to its end.
fn planned(
    ports: &Ports<'_>,
    stack: &Stack,
    source: &Source<'_>,
    redactor: &Redactor,
) -> Result<Plan, Error> {
    let prepared = prepare(ports, stack, source, Layout::Pristine, redactor)?;
    ports.check_interrupt("the real world was looked at")?;
    ports.progress.begin(Phase::Drift);
    let plan = prepared.refresh_only(ports, "drift.tfplan", redactor)?;
    let problem = match plan.extent {
        PlanExtent::Complete => {
            ports.progress.end(Ended::Well, "");
            return Ok(plan);
        }
        PlanExtent::Partial => "Terraform looked at a part of it only",
        PlanExtent::Errored => "planning ended with an error",
    };
    ports.progress.end(Ended::Badly, "");
    Err(DriftError::LookFailed { problem }.into())
}

/// Says what was seen, unless the last look says it already.
fn record(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    seen: &Seen,
) -> Result<Looked, Error> {
    let mut moved = 0;
    loop {
        let log = ports.repository.log(&stack.name)?;
        if let Some((entry, last)) = last_look(&log)
            && is_same(ports, entry.revision, last, seen)?
        {
            return Ok(Looked { entry: entry.clone(), is_new: false });
        }
        let values = if seen.objects.is_empty() {
            None
        } else {
            let document = codec::encode(&seen.objects)
                .map_err(|error| unreadable(seen.against, &error.to_string()))?;
            Some(ports.repository.put_blob(&document)?.id)
        };
        let body = Body::Drift(Box::new(DriftLook {
            against: seen.against,
            state: seen.state.clone(),
            items: seen.items.clone(),
            values,
        }));
        let newest = log.last().map(|entry| entry.revision);
        match ports.say(&stack.name, speaker, After::Exactly(newest), body) {
            Ok(entry) => return Ok(Looked { entry, is_new: true }),
            // Whatever it was may have been a look: read it before saying the same twice.
            Err(Error::Store(store::Error::Moved { .. })) if moved < MOVED_MAX => moved += 1,
            Err(other) => return Err(other),
        }
    }
}

fn is_same(
    ports: &Ports<'_>,
    revision: Revision,
    last: &DriftLook,
    seen: &Seen,
) -> Result<bool, Error> {
    // A secret that has another value now is the same item, and its value is worth keeping.
    Ok(last.state == seen.state
        && last.items == seen.items
        && values(ports, revision, last)? == seen.objects)
}

/// The values of a look, one for each item and in the same order.
pub fn values(
    ports: &Ports<'_>,
    revision: Revision,
    look: &DriftLook,
) -> Result<Vec<DriftedObject>, Error> {
    let Some(blob) = &look.values else { return Ok(Vec::new()) };
    let objects = codec::decode(&ports.repository.get_blob(blob)?)
        .map_err(|error| unreadable(revision, &error.to_string()))?;
    let is_pair = |(item, object): (&DriftItem, &DriftedObject)| {
        // A key in which a secret stands is in the values and not in the item.
        item.address.block() == object.address.block() && item.deposed == object.deposed
    };
    if objects.len() != look.items.len() || !look.items.iter().zip(&objects).all(is_pair) {
        return Err(unreadable(revision, "they are not those of its items"));
    }
    Ok(objects)
}

fn unreadable(revision: Revision, problem: &str) -> Error {
    DriftError::Values { revision, problem: problem.to_owned() }.into()
}

/// An item with its life and its values.
#[derive(Debug)]
pub struct Valued<'a> {
    /// The item.
    pub tracked: Tracked<'a>,
    /// Its values.
    pub object: DriftedObject,
}

/// Every item for which `wanted` holds, with its values.
pub fn valued<'a>(
    ports: &Ports<'_>,
    log: &'a [Entry],
    wanted: impl Fn(&Tracked<'a>) -> bool,
) -> Result<Vec<Valued<'a>>, Error> {
    let mut read: BTreeMap<Revision, Vec<DriftedObject>> = BTreeMap::new();
    let mut valued = Vec::new();
    for tracked in tracked(log).into_iter().filter(wanted) {
        let revision = tracked.last_seen.revision;
        let objects = match read.entry(revision) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(place) => place.insert(values(ports, revision, tracked.look)?),
        };
        let missing = || unreadable(revision, "they are not those of its items");
        let object = objects.get(tracked.position).ok_or_else(missing)?.clone();
        valued.push(Valued { tracked, object });
    }
    Ok(valued)
}

/// The drift that is on record: what the last look saw, and every fix whatever became of it.
pub fn known(ports: &Ports<'_>, log: &[Entry]) -> Result<Vec<KnownDrift>, Error> {
    let wanted = |tracked: &Tracked<'_>| tracked.life.is_open() || tracked.fix.is_some();
    let known = |valued: Valued<'_>| KnownDrift {
        item: valued.tracked.item.clone(),
        object: valued.object,
        fix: valued.tracked.fix.map(|(entry, fix)| RecordedFix {
            revision: entry.revision,
            by: entry.said.actor.name.clone(),
            reason: entry.said.reason.clone(),
            ticket: entry.said.ticket.clone(),
            until: fix.until,
        }),
    };
    Ok(valued(ports, log, wanted)?.into_iter().map(known).collect())
}

/// The newest stored state.
pub fn stored_state(ports: &Ports<'_>, log: &[Entry]) -> Result<Option<StateBytes>, Error> {
    let newest = snapshots(log).rev().find_map(|(entry, s)| Some((entry, s.state.as_ref()?)));
    newest.map(|(entry, state)| Ok(load(ports, entry, state)?.bytes)).transpose()
}

/// What must not be shown of items: what they mark, and what the states that they were compared
/// with mark.
pub fn redactor_of(
    ports: &Ports<'_>,
    log: &[Entry],
    items: &[Valued<'_>],
) -> Result<Redactor, Error> {
    let mut redactor = Redactor::default().with_drift(items.iter().map(|item| &item.object));
    let mut against: Vec<Revision> = items.iter().map(|item| item.tracked.look.against).collect();
    against.sort_unstable();
    against.dedup();
    for entry in log.iter().filter(|entry| against.contains(&entry.revision)) {
        let state = entry.said.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
        if let Some(stored) = state {
            let bytes = load(ports, entry, stored)?.bytes;
            let parsed = state::parse(&bytes).map_err(|problem| Error::StoredState {
                revision: entry.revision,
                problem: problem.to_string(),
            })?;
            redactor = redactor.with_state(&parsed);
        }
    }
    Ok(redactor)
}
