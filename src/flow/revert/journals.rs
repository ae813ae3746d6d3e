//! The journals since a good snapshot, from the log and the stored event streams.
//!
//! What cannot be read proves nothing, and what is not proven is asked about: no error of a stored
//! stream stops a revert. What follows from a journal is `engine::origin`'s.

use std::collections::BTreeSet;

use super::draft::{load_bundle, root_facts};
use crate::codec::events::{Reader, Stream};
use crate::engine::origin::{Journal, JournalKind};
use crate::engine::rekey::{self, Named};
use crate::flow::Ports;
use crate::model::account::Witness;
use crate::model::configuration::BlobId;
use crate::model::entry::{Body, Entry, Revision};
use crate::model::event::Event;

/// The journals of wrapped applies and of reverts after `target`, oldest first.
pub(super) fn journals(ports: &Ports<'_>, log: &[Entry], target: Revision) -> Vec<Journal> {
    let since = log.iter().filter(|entry| entry.revision > target);
    let journal = |entry: &Entry| {
        let begun = |intent: Revision| log.iter().find(|entry| entry.revision == intent);
        let new = |kind, intent, events| {
            let begun = begun(intent)?;
            let journal = Journal::new(kind, begun.revision, begun.said.time);
            Some(journal.with_events(stream(ports, events)))
        };
        if let Body::RunOutcome(ended) = &entry.said.body {
            let journal = new(JournalKind::Run, ended.intent, ended.events)?;
            return Some(journal.with_account(&ended.account));
        }
        let Body::RevertOutcome(ended) = &entry.said.body else { return None };
        new(JournalKind::Revert, ended.intent, ended.events)
    };
    since.filter_map(journal).collect()
}

fn stream(ports: &Ports<'_>, events: Option<BlobId>) -> Vec<Event> {
    let bytes = events.and_then(|blob| ports.repository.get_blob(&blob).ok()).unwrap_or_default();
    let mut reader = Reader::default();
    let lines = bytes.split(|byte| *byte == b'\n');
    let told = lines
        .map(|line| reader.line(Stream::Output, &String::from_utf8_lossy(line)))
        .filter(|event| matches!(event, Event::Started(_) | Event::Completed(_)));
    told.collect()
}

/// The same, as re-keying takes it: what was destroyed, what was imported, and where.
pub(super) fn told(journals: &[Journal], imports: &BTreeSet<String>) -> rekey::Journal {
    let named = |(kind, id): &(String, String)| Named { kind: kind.clone(), id: id.clone() };
    let imported = || journals.iter().flat_map(Journal::imported);
    rekey::Journal {
        deleted: journals.iter().flat_map(Journal::deleted).map(named).collect(),
        imported: imported()
            .filter_map(|(address, id)| Some(Named { kind: address.kind.clone(), id: id.clone()? }))
            .collect(),
        imported_at: imported()
            .filter(|(_, id)| id.is_none())
            .map(|(address, _)| address.to_string())
            .chain(imports.iter().cloned())
            .collect(),
    }
}

/// What was imported since `target`, as far as configurations tell: addresses of blocks, `*` for
/// anything. Those are the ones of every wrapped apply, of the snapshot that was taken just before
/// the failed one, and of the present. One that cannot be read may import anything, unless its
/// journal tells what it did; a present one that cannot be read was edited since: nobody can have
/// applied it.
pub(super) fn imports(
    ports: &Ports<'_>,
    log: &[Entry],
    target: Revision,
    (between, present): (Option<&Entry>, &Entry),
) -> BTreeSet<String> {
    let anything = || BTreeSet::from(["*".to_owned()]);
    let mut imports = declared(ports, present).unwrap_or_default();
    if let Some(entry) = between {
        imports.extend(declared(ports, entry).unwrap_or_else(anything));
    }
    for entry in log.iter().filter(|entry| entry.revision > target) {
        let Body::RunIntent(intent) = &entry.said.body else { continue };
        let before = log.iter().find(|entry| entry.revision == intent.before);
        match before.and_then(|before| declared(ports, before)) {
            Some(declared) => imports.extend(declared),
            None if is_told(log, entry.revision) => {}
            None => imports.extend(anything()),
        }
    }
    imports
}

/// What the configuration of a snapshot imports; nothing when it cannot be read.
fn declared(ports: &Ports<'_>, entry: &Entry) -> Option<BTreeSet<String>> {
    let snapshot = entry.said.body.snapshot()?;
    let bundle = load_bundle(ports, entry.revision, snapshot).ok()?;
    let facts = root_facts(&bundle);
    facts.unreadable.is_empty().then_some(facts.imports)
}

/// Whether the events of a wrapped apply say what it did.
fn is_told(log: &[Entry], intent: Revision) -> bool {
    log.iter().any(|entry| {
        matches!(&entry.said.body, Body::RunOutcome(ended)
            if ended.intent == intent && ended.account.witness == Witness::Events)
    })
}
