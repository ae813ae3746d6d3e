//! Each way in which a store can misbehave, and which error comes out of the repository.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Barrier};

use unapply::model::entry::Revision;
use unapply::port::object_store::{ObjectError, ObjectStore};
use unapply::store::{After, BlobProblem, Depth, EntryProblem, Error, Lie, Repository, nonce};

use crate::support::faulty::{
    ChecksThenWrites, FailEveryNth, FlipsBit, Hidden, HidesObject, IgnoresCondition,
    InvertsCondition, LoseAnswer, Lost,
};
use crate::support::memory::MemoryStore;
use crate::support::records::{initialised, remark, slot, stack};

fn open(objects: impl ObjectStore + 'static) -> Repository {
    Repository::open(Arc::new(objects)).unwrap()
}

fn losing(lost: Lost, answers: u64) -> (Arc<MemoryStore>, Repository) {
    let inner = initialised(1);
    let repository =
        open(LoseAnswer { inner: Arc::clone(&inner), lost, left: AtomicU64::new(answers) });
    (inner, repository)
}

#[test]
fn a_lost_answer_is_resolved_by_reading_back() {
    for lost in [Lost::AfterCommit, Lost::BeforeCommit] {
        let (_, repository) = losing(lost, 1);
        let stored = repository.put_blob(b"content").unwrap();
        assert_eq!(repository.get_blob(&stored.id).unwrap(), b"content");
        let (inner, repository) = losing(lost, 2);
        let entry = repository.append(&stack(), remark(2), After::Any).unwrap();
        assert_eq!(entry.revision, Revision(2));
        let reader = Repository::open(inner).unwrap();
        assert_eq!(reader.log(&stack()).unwrap().len(), 2);
        assert!(reader.check(Depth::Everything).unwrap().is_sound());
    }
}

#[test]
fn a_write_that_never_gets_an_answer_is_not_acknowledged() {
    let (inner, repository) = losing(Lost::BeforeCommit, u64::MAX);
    assert!(matches!(
        repository.append(&stack(), remark(2), After::Any),
        Err(Error::Object(ObjectError::Ambiguous { .. }))
    ));
    assert!(matches!(
        repository.put_blob(b"content"),
        Err(Error::Object(ObjectError::Ambiguous { .. }))
    ));
    let reader = Repository::open(inner).unwrap();
    assert_eq!(reader.log(&stack()).unwrap().len(), 1);
}

#[test]
fn what_may_not_last_is_not_acknowledged_although_it_can_be_read() {
    let (inner, repository) = losing(Lost::NotDurable, u64::MAX);
    assert!(matches!(
        repository.append(&stack(), remark(2), After::Any),
        Err(Error::Object(ObjectError::NotDurable { .. }))
    ));
    assert!(matches!(
        repository.put_blob(b"content"),
        Err(Error::Object(ObjectError::NotDurable { .. }))
    ));
    let reader = Repository::open(inner).unwrap();
    assert!(reader.check(Depth::Everything).unwrap().is_sound());
}

#[test]
fn a_store_that_fails_now_and_then_loses_nothing_acknowledged() {
    for nth in 2..9 {
        let inner = initialised(0);
        let faulty = FailEveryNth { inner: Arc::clone(&inner), nth, calls: AtomicU64::new(0) };
        let repository = open(faulty);
        let mut acknowledged = Vec::new();
        for number in 0..40 {
            let stored = repository.put_blob(format!("state {number}").as_bytes());
            let appended = repository.append(&stack(), remark(number), After::Any);
            acknowledged.extend(appended.ok());
            assert!(stored.is_ok() || matches!(stored, Err(Error::Object(_))));
        }
        let reader = Repository::open(inner).unwrap();
        let log = reader.log(&stack()).unwrap();
        for entry in acknowledged {
            assert!(log.contains(&entry), "every {nth}th call fails");
        }
        assert!(reader.check(Depth::Everything).unwrap().is_sound());
    }
}

#[test]
fn stores_that_break_their_word_about_conditions_are_refused() {
    let refused = |objects: Arc<dyn ObjectStore>| {
        let answer = Repository::initialise(objects);
        let Err(Error::Lies { lie, .. }) = answer else {
            panic!("{answer:?}");
        };
        lie
    };
    let memory = Arc::<MemoryStore>::default;
    assert_eq!(refused(Arc::new(IgnoresCondition(memory()))), Lie::Overwrites);
    assert_eq!(refused(Arc::new(InvertsCondition(memory()))), Lie::RefusesNew);
    let racy = ChecksThenWrites { inner: memory(), meeting: Barrier::new(8) };
    assert_eq!(refused(Arc::new(racy)), Lie::Winners(8));
}

#[test]
fn an_entry_overwritten_later_is_noticed_by_its_writer() {
    let inner = initialised(1);
    let ours = open(IgnoresCondition(Arc::clone(&inner)));
    let entry = ours.append(&stack(), remark(2), After::Any).unwrap();
    // Another writer that had seen one entry, through a store that overwrites.
    let theirs = initialised_as(&inner, 1);
    let bytes = theirs.get(&slot(2)).unwrap();
    inner.tamper(&slot(2), bytes);
    for seen in
        [ours.append(&stack(), remark(3), After::Any).unwrap_err(), ours.log(&stack()).unwrap_err()]
    {
        assert!(
            matches!(seen, Error::Rewound { revision, .. } if revision == entry.revision),
            "{seen:?}"
        );
    }
}

/// A copy of the store as it was after `entries` entries, with another entry after them.
fn initialised_as(inner: &MemoryStore, entries: u64) -> Arc<MemoryStore> {
    let copy = Arc::new(MemoryStore::default());
    for found in inner.keys() {
        let bytes = inner.get(&found).unwrap();
        if !found.as_str().starts_with("stacks/") || found <= slot(entries) {
            copy.tamper(&found, bytes);
        }
    }
    let repository = Repository::open(copy.shared()).unwrap();
    repository.append(&stack(), remark(99), After::Any).unwrap();
    copy
}

#[test]
fn a_log_that_is_cut_off_is_noticed_by_whoever_has_seen_more() {
    let inner = initialised(3);
    let repository = Repository::open(inner.shared()).unwrap();
    assert_eq!(repository.log(&stack()).unwrap().len(), 3);
    for kept in [2, 0] {
        for revision in kept + 1..=3 {
            inner.tamper(&slot(revision), None);
        }
        assert!(matches!(
            repository.head(&stack()),
            Err(Error::Rewound { revision: Revision(3), .. })
        ));
        assert!(matches!(
            repository.log(&stack()),
            Err(Error::Rewound { revision: Revision(3), .. })
        ));
    }
}

#[test]
fn a_bit_flipped_under_way_is_read_again_and_one_flipped_at_rest_is_an_error() {
    let inner = initialised(0);
    let stored = Repository::open(inner.shared()).unwrap().put_blob(b"content").unwrap();
    let flips = |once| {
        open(FlipsBit {
            inner: Arc::clone(&inner),
            prefix: "blobs/",
            once,
            done: AtomicBool::new(false),
        })
    };
    assert_eq!(flips(true).get_blob(&stored.id).unwrap(), b"content");
    assert!(matches!(
        flips(false).get_blob(&stored.id),
        Err(Error::Blob { source: BlobProblem::Changed { .. }, .. })
    ));
    // Deduplication must not rely on a damaged blob.
    assert!(matches!(
        flips(false).put_blob(b"content"),
        Err(Error::Blob { source: BlobProblem::Changed { .. }, .. })
    ));
    assert!(matches!(
        flips(false).put_blob(b"new content"),
        Err(Error::Lies { lie: Lie::Changed(_), .. })
    ));
}

#[test]
fn an_entry_damaged_before_it_was_acknowledged_is_not_acknowledged() {
    let repository = open(FlipsBit {
        inner: initialised(0),
        prefix: "stacks/",
        once: false,
        done: AtomicBool::new(false),
    });
    assert!(matches!(
        repository.append(&stack(), remark(1), After::Any),
        Err(Error::Lies { lie: Lie::Changed(_), .. })
    ));
}

fn hiding(entries: u64, revision: u64, hidden: Hidden) -> Repository {
    open(HidesObject { inner: initialised(entries), key: slot(revision), hidden })
}

#[test]
fn a_list_that_lags_behind_hides_no_entry() {
    for revision in 1..=3 {
        let repository = hiding(3, revision, Hidden::InLists);
        assert_eq!(repository.log(&stack()).unwrap().len(), 3);
        let entry = repository.append(&stack(), remark(4), After::Any).unwrap();
        assert_eq!(entry.revision, Revision(4));
    }
}

#[test]
fn a_hidden_entry_is_a_gap_and_a_hidden_write_is_a_lie() {
    for revision in 1..3 {
        let repository = hiding(3, revision, Hidden::Everywhere);
        let missing = Revision(revision);
        for error in [
            repository.log(&stack()).unwrap_err(),
            repository.entry(&stack(), missing).unwrap_err(),
        ] {
            assert!(matches!(
                error,
                Error::Entry { revision, source: EntryProblem::Gap, .. } if revision == missing
            ));
        }
    }
    // The entry before the head is read before anything is appended.
    assert!(matches!(
        hiding(3, 2, Hidden::Everywhere).append(&stack(), remark(4), After::Any),
        Err(Error::Entry { revision: Revision(2), source: EntryProblem::Gap, .. })
    ));
    assert!(matches!(
        hiding(3, 4, Hidden::Everywhere).append(&stack(), remark(4), After::Any),
        Err(Error::Lies { lie: Lie::Vanished(gone), .. }) if gone == slot(4)
    ));
}

#[test]
fn an_entry_that_depends_on_what_was_read_is_refused_when_the_log_has_moved() {
    let repository = Repository::open(initialised(2)).unwrap();
    let append = |after| repository.append(&stack(), remark(9), after);
    for stale in [None, Some(Revision(1)), Some(Revision(7))] {
        assert!(matches!(
            append(After::Exactly(stale)),
            Err(Error::Moved { now: Some(Revision(2)), .. })
        ));
    }
    let entry = append(After::Exactly(Some(Revision(2)))).unwrap();
    assert_eq!(entry.revision, Revision(3));
    assert_eq!(repository.entry(&stack(), Revision(3)).unwrap(), entry);
    assert!(matches!(repository.entry(&stack(), Revision(4)), Err(Error::NoSuchRevision { .. })));
}

#[test]
fn the_same_nonce_twice_is_the_same_entry() {
    let repository = Repository::open(initialised(2)).unwrap();
    let nonce = nonce().unwrap();
    let once = |after| repository.append_once(&stack(), remark(7), after, nonce);
    let first = once(After::Exactly(Some(Revision(2)))).unwrap();
    repository.append(&stack(), remark(8), After::Any).unwrap();
    assert_eq!(once(After::Exactly(Some(Revision(2)))).unwrap(), first);
    assert_eq!(once(After::Any).unwrap(), first);
    assert_eq!(repository.log(&stack()).unwrap().len(), 4);
}
