//! Things to say in a log.

use std::collections::BTreeMap;
use std::sync::Arc;

use unapply::model::digest::Digest;
use unapply::model::entry::{
    Actor, Body, Cause, Mark, NewEntry, Revision, Snapshot, StateRef, StateSource,
};
use unapply::model::good::Verdict;
use unapply::model::stack::{BackendIdentity, StackName};
use unapply::model::version::{Lineage, Serial, StateVersion};
use unapply::port::object_store::Key;
use unapply::store::{After, Repository, StoredBlob};

use super::memory::MemoryStore;

/// The stack of most tests.
pub(crate) fn stack() -> StackName {
    "prod/network".parse().unwrap()
}

/// A key from its text.
pub(crate) fn key(text: &str) -> Key {
    let parts: Vec<&str> = text.split('/').collect();
    Key::from_parts(&parts).unwrap()
}

/// The key of a slot of that stack.
pub(crate) fn slot(revision: u64) -> Key {
    key(&format!("stacks/prod%2Fnetwork/log/{revision:020}"))
}

/// The key of a blob.
pub(crate) fn blob_key(blob: &StoredBlob) -> Key {
    let id = blob.id.to_string();
    key(&format!("blobs/{}/{id}", id.get(..2).unwrap()))
}

/// A draft that says `body`.
pub(crate) fn draft(body: Body) -> NewEntry {
    NewEntry {
        time: "2026-02-03T04:05:06Z".parse().unwrap(),
        actor: Actor { name: "oncall".into(), host: "ops-1".into(), process: 4711, started: None },
        tool: "unapply 0.1.0".into(),
        reason: None,
        ticket: None,
        body,
    }
}

/// Something short to say, told apart by its number.
pub(crate) fn remark(number: u64) -> NewEntry {
    draft(Body::Mark(Mark { revision: Revision(number), verdict: Verdict::Bad }))
}

/// The number of a remark.
pub(crate) fn remarked(draft: &NewEntry) -> Option<u64> {
    match &draft.body {
        Body::Mark(mark) => Some(mark.revision.0),
        Body::Snapshot(_)
        | Body::Evidence(_)
        | Body::RevertIntent(_)
        | Body::RevertOutcome(_)
        | Body::Verification(_)
        | Body::Drift(_)
        | Body::Fix(_)
        | Body::RunIntent(_)
        | Body::RunOutcome(_)
        | Body::Hold(_)
        | Body::Release(_)
        | Body::Resolution(_)
        | Body::Diagnosis(_) => None,
    }
}

/// A snapshot of a stored state.
pub(crate) fn snapshot(content: &[u8], stored: &StoredBlob) -> NewEntry {
    draft(Body::Snapshot(Box::new(Snapshot {
        cause: Cause::Manual,
        state: Some(StateRef {
            version: StateVersion {
                lineage: Lineage::new("l").unwrap(),
                serial: Serial(1),
                digest: Digest::of(content),
            },
            blob: stored.id,
            bytes: stored.bytes,
            source: StateSource::File,
            writer: "1.11.4".into(),
            resources: 1,
        }),
        configuration: None,
        engine: None,
        workspace: "default".into(),
        backend: BackendIdentity { kind: "local".into(), settings: BTreeMap::new() },
        git: None,
        tags: BTreeMap::new(),
        change: None,
        past: None,
    })))
}

/// A store with `entries` remarks in the log of the stack.
pub(crate) fn initialised(entries: u64) -> Arc<MemoryStore> {
    let memory = Arc::new(MemoryStore::default());
    let (repository, _) = Repository::initialise(memory.shared()).unwrap();
    for number in 1..=entries {
        repository.append(&stack(), remark(number), After::Any).unwrap();
    }
    memory
}
