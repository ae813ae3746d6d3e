//! The crash sweep: a writer dies at every call it makes, before and after the call's effect.

use std::sync::Arc;

use unapply::codec::record::Nonce;
use unapply::model::entry::Entry;
use unapply::port::object_store::ObjectStore;
use unapply::store::{After, Depth, Error, Repository, nonce};

use crate::support::memory::MemoryStore;
use crate::support::records::{remark, remarked, snapshot, stack};
use crate::support::script::{Fault, ScriptedStore, Side};

const STATE: &[u8] = b"{\"version\":4}";

/// Captures a state: the blob first, then the entry that refers to it.
fn capture(objects: Arc<dyn ObjectStore>, nonce: Nonce) -> Result<Entry, Error> {
    let repository = Repository::open(objects)?;
    let stored = repository.put_blob(STATE)?;
    let draft = snapshot(STATE, &stored);
    repository.append_once(&stack(), draft, After::Any, nonce)
}

fn store_with_one_entry() -> Arc<MemoryStore> {
    let memory = Arc::new(MemoryStore::default());
    let (repository, _) = Repository::initialise(memory.shared()).unwrap();
    repository.append(&stack(), remark(1), After::Any).unwrap();
    memory
}

/// Lets the n-th call fail; tells whether the capture got through.
fn die_at(nth: u64, side: Side) -> bool {
    let memory = store_with_one_entry();
    let nonce = nonce().unwrap();
    let dying = Arc::new(ScriptedStore::new(&memory, Fault::From(nth, side)));
    let acknowledged = capture(dying, nonce);

    let survivor = Repository::open(memory.shared()).unwrap();
    let report = survivor.check(Depth::Everything).unwrap();
    assert!(report.is_sound(), "{nth} {side:?}: {:?}", report.findings);
    let log = survivor.log(&stack()).unwrap();
    assert_eq!(log.first().and_then(|entry| remarked(&entry.recorded)), Some(1));
    if let Ok(entry) = &acknowledged {
        assert!(log.contains(entry), "{nth} {side:?}");
    }

    let again = capture(memory, nonce).unwrap();
    let log = survivor.log(&stack()).unwrap();
    assert_eq!(log.len(), 2, "{nth} {side:?}: one entry a nonce");
    assert_eq!(log.last(), Some(&again));
    assert!(survivor.check(Depth::Everything).unwrap().is_sound());
    acknowledged.is_ok()
}

#[test]
fn a_writer_may_die_at_any_call() {
    for side in [Side::Before, Side::After] {
        let died = (1..1000).take_while(|nth| !die_at(*nth, side)).count();
        assert!((8..900).contains(&died), "the sweep has met {died} calls");
    }
}

#[test]
fn initialising_may_die_at_any_call() {
    for side in [Side::Before, Side::After] {
        let died = (1..1000)
            .take_while(|nth| {
                let memory = Arc::new(MemoryStore::default());
                let dying = ScriptedStore::new(&memory, Fault::From(*nth, side));
                let done = Repository::initialise(Arc::new(dying));
                let (again, _) = Repository::initialise(memory).unwrap();
                if let Ok((first, _)) = &done {
                    assert_eq!(first.id(), again.id());
                }
                done.is_err()
            })
            .count();
        assert!((8..900).contains(&died), "the sweep has met {died} calls");
    }
}
