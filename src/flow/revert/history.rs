//! Reads the history since a good snapshot: the journals of applies, the imports, and the open
//! matters.
//!
//! A stream or a configuration that cannot be read proves nothing, and what is not proven is asked
//! about: no error of that kind stops a revert. The consequences are decided in `engine`.

pub mod configurations;
mod provider_arguments;

use std::collections::BTreeSet;

use crate::codec::events::{EventReader, Stream};
use crate::codec::hcl::Configuration;
use crate::codec::state::ReadState;
use crate::engine::left_state::is_same_content;
use crate::engine::origin::{ApplyJournal, JournalKind, OutOfState, out_of_state};
use crate::engine::rekey::{self, NamedId};
use crate::engine::unsettled::{Unsettled, unsettled};
use crate::flow::ports::{Author, Job, Ports};
use crate::flow::recorded::readable_configuration;
use crate::flow::{Error, live};
use crate::model::apply_report::ReportSource;
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry, NotUndone, Revision, StateRef};
use crate::model::event::Event;
use crate::model::invocation::{InvocationOutcome, ReportedInvocation};
use crate::model::run::{Resolution, ResolutionKind};
use crate::model::state::{State, StateBytes};
use crate::store::After;
use crate::terraform::liveness::{Liveness, liveness};

/// The journals of wrapped applies and of reverts after `target`, oldest first; `present` is the
/// snapshot of the state as it is.
pub(super) fn journals(
    ports: &Ports<'_>,
    log: &[Entry],
    target: Revision,
    present: &Entry,
) -> Vec<ApplyJournal> {
    let present = state_of(present);
    let since = log.iter().filter(|entry| entry.revision > target);
    let journal = |entry: &Entry| {
        let begun = |intent: Revision| log.iter().find(|entry| entry.revision == intent);
        let new = |kind, intent, events| {
            let begun = begun(intent)?;
            let journal = ApplyJournal::new(kind, begun.revision, begun.recorded.time);
            let is_unwritten = present.is_some() && began_with(log, begun).contains(&present);
            let journal = if is_unwritten { journal.unwritten() } else { journal };
            Some(journal.with_events(stream(ports, events)))
        };
        // What led to the good snapshot was not done since: its outcome is recorded after it.
        if let Body::RunOutcome(ended) = &entry.recorded.body {
            if ended.after == Some(target) {
                return None;
            }
            let journal = new(JournalKind::Run, ended.intent, ended.events)?;
            return Some(journal.with_report(&ended.apply_report));
        }
        let Body::RevertOutcome(ended) = &entry.recorded.body else { return None };
        if ended.after == Some(target) {
            return None;
        }
        new(JournalKind::Revert, ended.intent, ended.events)
    };
    since.filter_map(journal).collect()
}

fn state_of(entry: &Entry) -> Option<Digest> {
    entry.recorded.body.snapshot()?.state_digest()
}

/// The states that a command began with: the one it found, and the one that was pushed for it.
fn began_with(log: &[Entry], begun: &Entry) -> Vec<Option<Digest>> {
    if let Body::RevertIntent(intent) = &begun.recorded.body {
        return vec![Some(intent.state.digest), intent.pushed];
    }
    let Body::RunIntent(intent) = &begun.recorded.body else { return Vec::new() };
    let before = log.iter().find(|entry| entry.revision == intent.before);
    before.map(state_of).into_iter().collect()
}

fn stream(ports: &Ports<'_>, events: Option<BlobId>) -> Vec<Event> {
    let bytes = events.and_then(|blob| ports.repository.get_blob(&blob).ok()).unwrap_or_default();
    let mut reader = EventReader::default();
    let lines = bytes.split(|byte| *byte == b'\n');
    let told = lines
        .map(|line| reader.line(Stream::Output, &String::from_utf8_lossy(line)))
        .filter(|event| matches!(event, Event::Started(_) | Event::Completed(_)));
    told.collect()
}

/// The same, as re-keying takes it: what was destroyed, what was imported, and where.
pub(super) fn told(journals: &[ApplyJournal], imports: &BTreeSet<String>) -> rekey::RekeyJournal {
    let named = |(kind, id): &(String, String)| NamedId { kind: kind.clone(), id: id.clone() };
    let imported = || journals.iter().flat_map(ApplyJournal::imported);
    rekey::RekeyJournal {
        deleted: journals.iter().flat_map(ApplyJournal::deleted).map(named).collect(),
        imported: imported()
            .filter_map(|(address, id)| {
                Some(NamedId { kind: address.kind.clone(), id: id.clone()? })
            })
            .collect(),
        imported_at: imported()
            .filter(|(_, id)| id.is_none())
            .map(|(address, _)| address.to_string())
            .chain(imports.iter().cloned())
            .collect(),
    }
}

/// The imports since `target`, as far as configurations tell: addresses of blocks, `*` for
/// anything. Those are the ones of every wrapped apply, of the snapshot that was taken just before
/// the failed one, and of the present. One that cannot be read may import anything, unless its
/// journal tells what it did. A present one that cannot be read was edited since, so it cannot have
/// been applied.
pub(super) fn imports(
    ports: &Ports<'_>,
    log: &[Entry],
    target: Revision,
    between: Option<(&Entry, &StateRef)>,
    present: &Entry,
) -> Result<BTreeSet<String>, Error> {
    let anything = || BTreeSet::from(["*".to_owned()]);
    let mut imports = declared(ports, present)?.unwrap_or_default();
    if let Some((entry, _)) = between {
        imports.extend(declared(ports, entry)?.unwrap_or_else(anything));
    }
    for entry in log.iter().filter(|entry| entry.revision > target) {
        let Body::RunIntent(intent) = &entry.recorded.body else { continue };
        let before = log.iter().find(|entry| entry.revision == intent.before);
        match before.map(|before| declared(ports, before)).transpose()?.flatten() {
            Some(declared) => imports.extend(declared),
            None if is_told(log, entry.revision) => {}
            None => imports.extend(anything()),
        }
    }
    Ok(imports)
}

/// The imports that the configuration of a snapshot declares; none when it cannot be read.
fn declared(ports: &Ports<'_>, entry: &Entry) -> Result<Option<BTreeSet<String>>, Error> {
    let configuration = readable_configuration(ports, entry)?;
    let facts = configuration.as_ref().map(Configuration::root);
    let readable = facts.filter(|facts| facts.unreadable.is_empty());
    Ok(readable.map(|facts| facts.imports.clone()))
}

/// Whether the events of a wrapped apply say what it did.
fn is_told(log: &[Entry], intent: Revision) -> bool {
    log.iter().any(|entry| {
        matches!(&entry.recorded.body, Body::RunOutcome(ended)
            if ended.intent == intent && ended.apply_report.source == ReportSource::Events)
    })
}

/// Refuses while something is open that a revert would build upon.
pub(super) fn check_resolved(log: &[Entry], author: &Author) -> Result<(), Error> {
    let mut open = Vec::new();
    for matter in unsettled(log) {
        match &matter {
            // The draft refuses a revert that lives and concludes one that does not.
            Unsettled::Revert(_) | Unsettled::MayExist { .. } => {}
            Unsettled::Run(intent) => {
                if let Liveness::Alive(who) = liveness(intent, &author.actor) {
                    return Err(Error::under_way(intent, who));
                }
                open.push(matter.clause());
            }
            Unsettled::Lost { .. } | Unsettled::LeftState(_) => {
                open.push(matter.clause());
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Error::Unsettled(open)) }
}

/// Records a left state as pushed when the present state has its content. A person who follows
/// Terraform's own advice need not say so. One that cannot be read or compared stays open. Returns
/// the log with these entries.
pub(super) fn resolve_pushed(job: &Job<'_>) -> Result<Vec<Entry>, Error> {
    let mut log = job.log()?;
    let mut said = Vec::new();
    for matter in unsettled(&log) {
        let Unsettled::LeftState(entry) = matter else { continue };
        let Body::Evidence(kept) = &entry.recorded.body else { continue };
        let Some(live) = live::read(job.ports, job.stack)?.bytes else { continue };
        let left = StateBytes::new(job.ports.repository.get_blob(&kept.blob)?);
        let is_there = match (ReadState::read(left), ReadState::read(live)) {
            (Ok(left), Ok(live)) => is_same_content(left.state(), live.state()),
            _ => false,
        };
        if is_there {
            let reason = Some("the present state is the one that was left behind".to_owned());
            let author = Author { reason, ..job.author.clone() };
            let (matter, how) = (entry.revision, ResolutionKind::Pushed);
            let body = Body::Resolution(Resolution { matter, how, objects: Vec::new() });
            said.push(job.by(&author).record(After::Any, body)?);
        }
    }
    log.extend(said);
    Ok(log)
}

/// Objects that were made since `target`, or may have been, and are in no state: no plan can end
/// them. Actions of providers that ran are listed too. `states` are the good one and the present one.
pub(super) fn not_undone(
    log: &[Entry],
    target: Revision,
    journals: &[ApplyJournal],
    states: &[&State<'_>],
) -> Vec<NotUndone> {
    let since = log.iter().filter(|entry| entry.revision > target);
    let mut found: Vec<NotUndone> = since.flat_map(invoked).collect();
    for made in out_of_state(journals, states).into_iter().filter(|made| !is_resolved(log, made)) {
        found.push(NotUndone {
            address: made.address,
            why: format!(
                "made after {} (id {}) and in no state now: nothing ends it if it still exists; check \
                 by hand",
                made.begun, made.id
            ),
        });
    }
    for matter in unsettled(log) {
        let Unsettled::MayExist { outcome, objects } = matter else { continue };
        if outcome.revision <= target {
            continue;
        }
        found.extend(objects.iter().map(|reported| NotUndone {
            address: reported.address.clone(),
            why: format!(
                "a {} that did not end well may have left an object; check by hand",
                reported.action
            ),
        }));
    }
    found
}

/// Whether a person has said what became of an object.
fn is_resolved(log: &[Entry], made: &OutOfState) -> bool {
    let begun = |outcome: Revision| {
        let ended = log.iter().find(|entry| entry.revision == outcome).map(|e| &e.recorded.body);
        matches!(ended, Some(Body::RunOutcome(ended)) if ended.intent == made.begun)
    };
    log.iter().any(|entry| {
        matches!(&entry.recorded.body, Body::Resolution(said)
            if begun(said.matter)
                && (said.objects.is_empty() || said.objects.contains(&made.address)))
    })
}

/// The actions of providers that an apply ran.
fn invoked(entry: &Entry) -> Vec<NotUndone> {
    let (intent, invocations) = if let Body::RunOutcome(ended) = &entry.recorded.body {
        (ended.intent, &ended.apply_report.invocations)
    } else if let Body::RevertOutcome(ended) = &entry.recorded.body {
        (ended.intent, &ended.invocations)
    } else {
        return Vec::new();
    };
    let of = |reported: &ReportedInvocation| {
        let how = if reported.outcome == InvocationOutcome::Completed {
            "ran"
        } else {
            "was begun and did not end well"
        };
        let trigger = &reported.trigger;
        NotUndone {
            address: reported.address.clone(),
            why: format!("{how} in {intent}, {trigger}; what it did is in no state"),
        }
    };
    invocations.iter().filter(|reported| reported.was_started()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::{Actor, NewEntry};
    use crate::model::run::RunIntent;

    fn actor(host: &str, process: u32) -> Actor {
        Actor { name: "ci".into(), host: host.into(), process, started: None }
    }

    fn begun(actor: Actor) -> Entry {
        let intent = RunIntent {
            before: Revision(1),
            command: Vec::new(),
            configuration: None,
            commit: None,
            plan: None,
            plan_digest: None,
            journal: String::new(),
        };
        Entry {
            stack: "s".parse().unwrap(),
            revision: Revision(3),
            previous: None,
            digest: Digest::of(b""),
            recorded: NewEntry {
                time: jiff::Timestamp::UNIX_EPOCH,
                actor,
                tool: String::new(),
                reason: None,
                ticket: None,
                body: Body::RunIntent(Box::new(intent)),
            },
        }
    }

    #[test]
    fn a_run_that_lives_is_under_way_and_any_other_one_has_to_be_resolved() {
        let ours = std::process::id();
        let (actor_here, tool) = (actor("here", 1), String::new());
        let author = Author { actor: actor_here, tool, reason: None, ticket: None };
        let check = |actor| check_resolved(&[begun(actor)], &author);
        assert!(matches!(check(actor("here", ours)), Err(Error::UnderWay { .. })));
        assert!(
            matches!(check(actor("elsewhere", ours)), Err(Error::Unsettled(open)) if open.len() == 1)
        );
        assert!(matches!(check(actor("here", u32::MAX)), Err(Error::Unsettled(_))));
        assert!(check_resolved(&[], &author).is_ok());
    }
}
