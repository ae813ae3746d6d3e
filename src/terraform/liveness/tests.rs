//! Processes that are there, gone, or other ones under the same number.

use std::io::Write as _;

use super::*;
use crate::codec::events::Stream;
use crate::model::digest::Digest;
use crate::model::entry::{NewEntry, Revision};
use crate::model::run::RunIntent;
use crate::terraform::journal::RunJournal;

fn us() -> Actor {
    let process = std::process::id();
    Actor { name: "ci".into(), host: "here".into(), process, started: own_start() }
}

/// Another process than this one on the same machine, which sees the actor `us`.
fn other() -> Actor {
    Actor { process: u32::MAX, ..us() }
}

fn intent(actor: Actor, body: Body) -> Entry {
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
            body,
        },
    }
}

fn run(actor: Actor, journal: &Path) -> Entry {
    let run = RunIntent {
        before: Revision(1),
        command: Vec::new(),
        configuration: None,
        commit: None,
        plan: None,
        plan_digest: None,
        journal: journal.display().to_string(),
    };
    intent(actor, Body::RunIntent(Box::new(run)))
}

#[test]
fn a_process_is_known_by_its_number_its_start_and_the_boot() {
    let nowhere = Path::new("not/there");
    let seen = |actor: Actor| liveness(&run(actor, nowhere), &other());
    assert!(matches!(seen(us()), Liveness::Alive(who) if who.starts_with("ci, process ")));
    let start = own_start().unwrap();
    let later = ProcessStart { ticks: start.ticks + 1, ..start.clone() };
    assert_eq!(seen(Actor { started: Some(later), ..us() }), Liveness::Over);
    let rebooted = ProcessStart { boot: "another".into(), ..start };
    assert_eq!(seen(Actor { started: Some(rebooted), ..us() }), Liveness::Over);
    assert!(matches!(seen(Actor { started: None, ..us() }), Liveness::Alive(_)));
    assert_eq!(seen(Actor { process: 4_194_999, ..us() }), Liveness::Over);
    let elsewhere = Actor { host: "there".into(), ..us() };
    assert_eq!(seen(elsewhere), Liveness::Elsewhere("there".into()));
}

#[test]
fn our_own_number_is_a_dead_one_from_before_a_container_was_started_again() {
    let before = Actor { started: None, ..us() };
    assert_eq!(liveness(&run(before, Path::new("not/there")), &us()), Liveness::Over);
    assert_eq!(liveness(&run(us(), Path::new("not/there")), &us()), Liveness::Over);
}

#[test]
fn the_lock_on_a_journal_has_the_first_word() {
    let base = tempfile::tempdir().unwrap();
    let journal = RunJournal::create(&[base.path().to_owned()]).unwrap();
    let directory = journal.directory().to_owned();
    let elsewhere = || Actor { host: "there".into(), ..us() };
    assert!(matches!(liveness(&run(elsewhere(), &directory), &us()), Liveness::Alive(_)));
    journal.file(Stream::Output).write_all(b"one\n").unwrap();
    journal.note_child(std::process::id()).unwrap();
    drop(journal);
    // The note still names a process that is at work.
    let seen = liveness(&run(us(), &directory), &other());
    assert!(matches!(seen, Liveness::Alive(who) if who.starts_with("ci, the command it started")));
    let mut note = fs::File::create(directory.join("child")).unwrap();
    note.write_all(format!("{} 1\n", std::process::id()).as_bytes()).unwrap();
    assert_eq!(liveness(&run(us(), &directory), &other()), Liveness::Over);
}
