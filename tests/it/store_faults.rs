//! Each way in which a store can misbehave, and which error comes out of the repository.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Barrier};

use unapply::model::entry::Revision;
use unapply::port::object_store::{ObjectError, ObjectStore};
use unapply::store::{
    After, BlobProblem, Depth, EntryProblem, Error, Finding, Lie, LocalStore, Problem, Repository,
    nonce,
};

use crate::support::faulty::{
    ChecksThenWrites, FailEveryNth, FlipsBit, Hidden, HidesObject, IgnoresCondition,
    InvertsCondition, LoseAnswer, Lost,
};
use crate::support::memory::MemoryStore;
use crate::support::records::{blob_key, key, remark, slot, snapshot, stack};

/// A store with `entries` remarks in the log of the stack.
fn initialised(entries: u64) -> Arc<MemoryStore> {
    let memory = Arc::new(MemoryStore::default());
    let (repository, _) = Repository::initialise(memory.shared()).unwrap();
    for number in 1..=entries {
        repository
            .append(&stack(), remark(number), After::Any)
            .unwrap();
    }
    memory
}

fn open(objects: impl ObjectStore + 'static) -> Repository {
    Repository::open(Arc::new(objects)).unwrap()
}

fn losing(lost: Lost, answers: u64) -> (Arc<MemoryStore>, Repository) {
    let inner = initialised(1);
    let repository = open(LoseAnswer {
        inner: Arc::clone(&inner),
        lost,
        left: AtomicU64::new(answers),
    });
    (inner, repository)
}

#[test]
fn a_lost_answer_is_settled_by_reading_back() {
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
        let faulty = FailEveryNth {
            inner: Arc::clone(&inner),
            nth,
            calls: AtomicU64::new(0),
        };
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
    assert_eq!(
        refused(Arc::new(IgnoresCondition(memory()))),
        Lie::Overwrites
    );
    assert_eq!(
        refused(Arc::new(InvertsCondition(memory()))),
        Lie::RefusesNew
    );
    let racy = ChecksThenWrites {
        inner: memory(),
        meeting: Barrier::new(8),
    };
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
    for seen in [
        ours.append(&stack(), remark(3), After::Any).unwrap_err(),
        ours.log(&stack()).unwrap_err(),
    ] {
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
            Err(Error::Rewound {
                revision: Revision(3),
                ..
            })
        ));
        assert!(matches!(
            repository.log(&stack()),
            Err(Error::Rewound {
                revision: Revision(3),
                ..
            })
        ));
    }
}

#[test]
fn a_bit_flipped_under_way_is_read_again_and_one_flipped_at_rest_is_an_error() {
    let inner = initialised(0);
    let stored = Repository::open(inner.shared())
        .unwrap()
        .put_blob(b"content")
        .unwrap();
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
        Err(Error::Blob {
            source: BlobProblem::Changed { .. },
            ..
        })
    ));
    // Deduplication must not rely on a damaged blob.
    assert!(matches!(
        flips(false).put_blob(b"content"),
        Err(Error::Blob {
            source: BlobProblem::Changed { .. },
            ..
        })
    ));
    assert!(matches!(
        flips(false).put_blob(b"new content"),
        Err(Error::Lies {
            lie: Lie::Changed(_),
            ..
        })
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
        Err(Error::Lies {
            lie: Lie::Changed(_),
            ..
        })
    ));
}

fn hiding(entries: u64, revision: u64, hidden: Hidden) -> Repository {
    open(HidesObject {
        inner: initialised(entries),
        key: slot(revision),
        hidden,
    })
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
        Err(Error::Entry {
            revision: Revision(2),
            source: EntryProblem::Gap,
            ..
        })
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
            Err(Error::Moved {
                now: Some(Revision(2)),
                ..
            })
        ));
    }
    let entry = append(After::Exactly(Some(Revision(2)))).unwrap();
    assert_eq!(entry.revision, Revision(3));
    assert_eq!(repository.entry(&stack(), Revision(3)).unwrap(), entry);
    assert!(matches!(
        repository.entry(&stack(), Revision(4)),
        Err(Error::NoSuchRevision { .. })
    ));
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

#[test]
fn equal_content_is_stored_once_and_content_of_any_size_comes_back() {
    let inner = initialised(0);
    let repository = Repository::open(inner.shared()).unwrap();
    for size in [0, 1, 300, 3_000_000] {
        let content = vec![b'x'; size];
        let first = repository.put_blob(&content).unwrap();
        let keys = inner.keys();
        let second = repository.put_blob(&content).unwrap();
        assert_eq!(second.id, first.id);
        assert_eq!(inner.keys(), keys);
        assert_eq!(repository.get_blob(&first.id).unwrap(), content);
    }
}

/// Stores bytes under the key of their digest, as somebody with the right to write could.
fn planted(inner: &MemoryStore, bytes: &[u8]) -> unapply::model::configuration::BlobId {
    let digest = unapply::model::digest::Digest::of(bytes);
    let text = digest.to_string();
    let place = key(&format!("blobs/{}/{text}", text.get(..2).unwrap()));
    inner.tamper(&place, Some(bytes.to_vec()));
    unapply::model::configuration::BlobId(digest)
}

#[test]
fn what_is_no_frame_or_claims_too_much_is_never_unpacked() {
    let inner = initialised(0);
    let repository = Repository::open(inner.shared()).unwrap();
    let problem = |bytes: &[u8]| match repository.get_blob(&planted(&inner, bytes)) {
        Err(Error::Blob { source, .. }) => source,
        other => panic!("{other:?}"),
    };
    assert!(matches!(problem(b""), BlobProblem::NotAFrame));
    assert!(matches!(problem(b"not zstd"), BlobProblem::NotAFrame));
    // A frame of one segment that claims 2^62 bytes, then an empty last block.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    bomb.extend_from_slice(&(1_u64 << 62).to_le_bytes());
    bomb.extend_from_slice(&[1, 0, 0]);
    assert!(matches!(
        problem(&bomb),
        BlobProblem::Bomb { bytes } if bytes == 1 << 62
    ));
    // One that claims 255 bytes and has none.
    let short = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0xff, 1, 0, 0];
    assert!(matches!(problem(&short), BlobProblem::Unpack { .. }));
}

#[test]
fn check_tells_missing_damaged_and_mistaken_blobs_and_counts_the_rest() {
    let inner = initialised(0);
    let repository = Repository::open(inner.shared()).unwrap();
    let stored: Vec<_> = ["one", "two", "three", "four"]
        .map(|content| repository.put_blob(content.as_bytes()).unwrap())
        .into();
    for (content, blob) in ["one", "two", "other than three"].iter().zip(&stored) {
        let draft = snapshot(content.as_bytes(), blob);
        repository.append(&stack(), draft, After::Any).unwrap();
    }
    inner.tamper(&blob_key(&stored[0]), None);
    inner.tamper(&blob_key(&stored[1]), Some(b"damaged".to_vec()));
    let shallow = repository.check(Depth::Structure).unwrap();
    assert_eq!((shallow.findings.len(), shallow.blobs_read), (1, 0));
    let deep = repository.check(Depth::Everything).unwrap();
    assert_eq!((deep.stacks, deep.entries, deep.blobs), (1, 3, 3));
    assert_eq!(deep.unreferenced, 1);
    let told = |finding: &Finding| {
        let Problem::Blob(problem) = &finding.problem else {
            panic!("{finding:?}");
        };
        let word = match problem {
            BlobProblem::Missing => "missing",
            BlobProblem::Changed { .. } => "changed",
            BlobProblem::WrongContent { .. } => "wrong",
            BlobProblem::NotAFrame | BlobProblem::Bomb { .. } | BlobProblem::Unpack { .. } => "?",
        };
        (finding.revision, word)
    };
    let mut found: Vec<_> = deep.findings.iter().map(told).collect();
    found.sort();
    assert_eq!(
        found,
        [
            (Some(Revision(1)), "missing"),
            (Some(Revision(2)), "changed"),
            (Some(Revision(3)), "wrong"),
        ]
    );
    assert!(matches!(
        repository.get_blob(&stored[0].id),
        Err(Error::Blob {
            source: BlobProblem::Missing,
            ..
        })
    ));
}

#[test]
fn a_sample_reads_its_share_of_the_blobs() {
    let repository = Repository::open(initialised(0)).unwrap();
    for number in 0..20 {
        let content = format!("state {number}");
        let stored = repository.put_blob(content.as_bytes()).unwrap();
        let draft = snapshot(content.as_bytes(), &stored);
        repository.append(&stack(), draft, After::Any).unwrap();
    }
    for (percent, expected) in [(0, 0), (25, 5), (100, 20), (255, 20)] {
        let report = repository.check(Depth::Sample(percent)).unwrap();
        assert!(report.is_sound());
        assert_eq!(report.blobs_read, expected, "{percent}");
    }
}

/// A tmpfs of 256 KiB that goes away with the value; none where mounting is not allowed.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mut mount = assert_cmd::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k", "unapply-test"]);
        let output = mount.arg(place.path()).output().ok()?;
        output.status.success().then_some(Self(place))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn make_read_only(&self) {
        let mut mount = assert_cmd::Command::new("mount");
        mount.args(["-o", "remount,ro"]).arg(self.path());
        mount.assert().success();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut umount = assert_cmd::Command::new("umount");
        umount.arg(self.path()).ok().map(drop).unwrap_or_default();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_object() {
    let Some(disk) = SmallDisk::mount() else {
        println!("not checked: a small tmpfs cannot be mounted here");
        return;
    };
    let root = disk.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    let mut acknowledged = 0;
    let error = loop {
        match repository.append(&stack(), remark(acknowledged), After::Any) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, Error::Object(ObjectError::Full { .. })),
        "{error:?}"
    );
    let mut random = vec![0_u8; 300_000];
    for (position, byte) in random.iter_mut().enumerate() {
        *byte = unapply::model::digest::Digest::of(&position.to_le_bytes())
            .to_string()
            .as_bytes()[0];
    }
    assert!(matches!(
        repository.put_blob(&random),
        Err(Error::Object(ObjectError::Full { .. }))
    ));
    let reader = Repository::open(Arc::new(LocalStore::open(&root).unwrap())).unwrap();
    let log = reader.log(&stack()).unwrap();
    assert_eq!(u64::try_from(log.len()).unwrap(), acknowledged);
    assert!(reader.check(Depth::Everything).unwrap().is_sound());
}

#[test]
fn a_read_only_disk_can_be_read_and_says_no_to_writers() {
    let Some(disk) = SmallDisk::mount() else {
        println!("not checked: a small tmpfs cannot be mounted here");
        return;
    };
    let root = disk.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    repository.append(&stack(), remark(1), After::Any).unwrap();
    disk.make_read_only();
    let reader = Repository::open(Arc::new(LocalStore::open(&root).unwrap())).unwrap();
    assert_eq!(reader.log(&stack()).unwrap().len(), 1);
    assert!(reader.check(Depth::Everything).unwrap().is_sound());
    for error in [
        reader.append(&stack(), remark(2), After::Any).unwrap_err(),
        reader.put_blob(b"content").unwrap_err(),
    ] {
        assert!(
            matches!(error, Error::Object(ObjectError::Denied { .. })),
            "{error:?}"
        );
    }
}
