//! Changes to a log by a person with the right to write to the store, and the readers that notice.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use unapply::model::entry::Revision;
use unapply::port::object_store::{Key, ObjectStore as _};
use unapply::store::{After, Depth, EntryProblem, Error, LocalStore, Repository, StoreProblem};

use crate::support::memory::MemoryStore;
use crate::support::records::{key, remark, slot, stack};

const ENTRIES: u64 = 6;

fn filled() -> Arc<MemoryStore> {
    let memory = Arc::new(MemoryStore::default());
    let (repository, _) = Repository::initialise(memory.shared()).unwrap();
    for number in 1..=ENTRIES {
        repository.append(&stack(), remark(number), After::Any).unwrap();
    }
    memory
}

fn bytes(memory: &MemoryStore, key: &Key) -> Vec<u8> {
    memory.get(key).unwrap().unwrap()
}

/// Both readers notice, and nothing can be said after it where the end is concerned.
fn noticed(memory: &Arc<MemoryStore>, case: &str) -> (Error, Vec<StoreProblem>) {
    let reader = Repository::open(memory.shared()).unwrap();
    let Err(error) = reader.log(&stack()) else {
        panic!("{case}: the log reads");
    };
    let report = reader.check(Depth::Structure).unwrap();
    assert!(!report.is_sound(), "{case}");
    let problems = report.findings.into_iter().map(|finding| finding.problem);
    (error, problems.collect())
}

/// Changes the fact, and nothing of the form.
fn falsified(entry: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(entry).unwrap();
    assert!(text.contains("oncall"));
    text.replace("oncall", "nobody").into_bytes()
}

#[test]
fn a_modified_entry_breaks_the_chain_behind_it() {
    for revision in 1..ENTRIES {
        let memory = filled();
        let false_entry = falsified(bytes(&memory, &slot(revision)));
        memory.tamper(&slot(revision), Some(false_entry));
        let (error, problems) = noticed(&memory, "modified");
        assert!(matches!(
            error,
            Error::Entry { revision: behind, source: EntryProblem::BrokenChain { .. }, .. }
                if behind == Revision(revision + 1)
        ));
        assert!(matches!(
            problems.as_slice(),
            [StoreProblem::Entry(EntryProblem::BrokenChain { .. })]
        ));
        let reader = Repository::open(memory).unwrap();
        let one = reader.entry(&stack(), Revision(revision));
        assert!(matches!(one, Err(Error::Entry { .. })));
    }
}

#[test]
fn nothing_is_appended_behind_an_entry_that_does_not_verify() {
    for (revision, damaged) in [(ENTRIES, b"torn".to_vec()), (ENTRIES - 1, Vec::new())] {
        let memory = filled();
        memory.tamper(&slot(revision), Some(damaged));
        let repository = Repository::open(memory.shared()).unwrap();
        assert!(matches!(
            repository.append(&stack(), remark(7), After::Any),
            Err(Error::Entry { source: EntryProblem::Unreadable { .. }, .. })
        ));
        assert_eq!(memory.get(&slot(ENTRIES + 1)).unwrap(), None);
    }
}

#[test]
fn a_deleted_entry_is_a_gap() {
    for revision in 1..ENTRIES {
        let memory = filled();
        memory.tamper(&slot(revision), None);
        let (error, problems) = noticed(&memory, "deleted");
        assert!(matches!(
            error,
            Error::Entry { revision: gap, source: EntryProblem::Gap, .. }
                if gap == Revision(revision)
        ));
        assert!(matches!(problems.as_slice(), [StoreProblem::Entry(EntryProblem::Gap)]));
    }
}

#[test]
fn swapped_entries_say_that_they_belong_elsewhere() {
    let memory = filled();
    let (second, third) = (bytes(&memory, &slot(2)), bytes(&memory, &slot(3)));
    memory.tamper(&slot(2), Some(third));
    memory.tamper(&slot(3), Some(second));
    let (error, problems) = noticed(&memory, "swapped");
    assert!(matches!(
        error,
        Error::Entry { source: EntryProblem::Misplaced { what: "revision" }, .. }
    ));
    assert!(problems.len() >= 2);
}

#[test]
fn entries_of_another_stack_or_store_are_refused() {
    let memory = filled();
    let entry = bytes(&memory, &slot(1));
    let elsewhere = key("stacks/other/log/00000000000000000001");
    memory.tamper(&elsewhere, Some(entry));
    let reader = Repository::open(memory.shared()).unwrap();
    assert!(matches!(
        reader.log(&"other".parse().unwrap()),
        Err(Error::Entry { source: EntryProblem::Misplaced { what: "stack" }, .. })
    ));
    memory.tamper(&elsewhere, None);

    let foreign = bytes(&filled(), &slot(3));
    memory.tamper(&slot(3), Some(foreign));
    let (error, _) = noticed(&memory, "from another store");
    assert!(matches!(
        error,
        Error::Entry { source: EntryProblem::Misplaced { what: "store" }, .. }
    ));
}

#[test]
fn an_inserted_entry_leaves_its_neighbours_behind() {
    let memory = filled();
    // Everything from 3 on moves up by one, and a made-up entry takes its place.
    for revision in (3..=ENTRIES).rev() {
        let moved = bytes(&memory, &slot(revision));
        memory.tamper(&slot(revision + 1), Some(moved));
    }
    let made_up = falsified(bytes(&memory, &slot(3)));
    memory.tamper(&slot(3), Some(made_up));
    noticed(&memory, "inserted");
}

#[test]
fn a_slot_made_up_at_the_end_of_all_numbers_stops_nobody_for_long() {
    let memory = filled();
    let last = bytes(&memory, &slot(ENTRIES));
    memory.tamper(&slot(u64::MAX), Some(last));
    let (error, _) = noticed(&memory, "far away");
    assert!(matches!(error, Error::Entry { source: EntryProblem::Gap, .. }));
    let repository = Repository::open(memory).unwrap();
    assert!(repository.append(&stack(), remark(1), After::Any).is_err());
}

#[test]
fn names_that_are_none_of_ours_are_findings_and_disturb_no_reader() {
    let memory = filled();
    for name in [
        "stacks/prod%2Fnetwork/log/notes.txt",
        "stacks/prod%2Fnetwork/log/1",
        "stacks/prod%2fnetwork/log/00000000000000000001",
        "blobs/aa/readme",
    ] {
        memory.tamper(&key(name), Some(b"x".to_vec()));
    }
    let reader = Repository::open(memory).unwrap();
    assert_eq!(reader.stacks().unwrap(), [stack()]);
    assert_eq!(reader.log(&stack()).unwrap().len(), 6);
    let report = reader.check(Depth::Everything).unwrap();
    let foreign =
        |finding: &&unapply::store::StoreFinding| matches!(finding.problem, StoreProblem::Foreign);
    assert_eq!(report.findings.iter().filter(foreign).count(), 4);
    assert_eq!(report.findings.len(), 4);
}

#[test]
fn check_goes_on_after_what_it_cannot_read() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    for name in ["a", "c"] {
        let name = name.parse().unwrap();
        repository.append(&name, remark(1), After::Any).unwrap();
    }
    // Links lead out of the store, whatever they lead to.
    symlink(root.join("stacks/a"), root.join("stacks/b")).unwrap();
    let entry = root.join("stacks/c/log/00000000000000000001");
    std::fs::rename(&entry, place.path().join("entry")).unwrap();
    symlink(place.path().join("entry"), &entry).unwrap();
    let report = repository.check(Depth::Everything).unwrap();
    assert_eq!((report.stacks, report.entries), (3, 1));
    let unreachable = |finding: &unapply::store::StoreFinding| {
        let stack = finding.stack.as_ref().map(ToString::to_string);
        (stack, matches!(finding.problem, StoreProblem::Unreachable(_)))
    };
    let found: Vec<_> = report.findings.iter().map(unreachable).collect();
    assert_eq!(found, [(Some("b".into()), true), (Some("c".into()), true)]);
}
