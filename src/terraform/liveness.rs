//! Tells whether the process that recorded an intent, or the command that it started, is at work
//! still.
//!
//! The lock on a run's journal has the first word. Otherwise a process counts by its number, the
//! time of its start and the boot of the machine, and never by our own number: a container that is
//! started again gives the same numbers out anew. Nothing can be told here of another machine. No
//! process is sent a signal, and what follows is decided in `flow`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::journal::{self, Journaled};
use crate::model::entry::{Actor, Body, Entry, ProcessStart};

/// Whether a process is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Liveness {
    /// A process is at work: which one, for a person.
    Alive(String),
    /// No process is.
    Over,
    /// It was started on this other machine, and nothing can be told of it from here.
    Elsewhere(String),
}

/// A dead process holds its files until the kernel is done with it, which can be writing to a slow
/// disk: so often is it looked again, and so long is it waited between.
const DYING_LOOKS: u32 = 20;
const DYING_EVERY: Duration = Duration::from_millis(100);

/// Whether the process that recorded this intent, or its child, is at work. An entry that is no
/// intent is over.
pub fn liveness(intent: &Entry, here: &Actor) -> Liveness {
    let actor = &intent.recorded.actor;
    let child = |number: u32| {
        let Actor { name, host, .. } = actor;
        Liveness::Alive(format!("{name}, the command it started, process {number} on {host}"))
    };
    if let Body::RunIntent(run) = &intent.recorded.body {
        match resolved(Path::new(&run.journal)) {
            Journaled::Held(Some((number, _))) => return child(number),
            Journaled::Held(None) => return Liveness::Alive(recorded_by(intent)),
            Journaled::Free(Some((number, ticks))) | Journaled::Absent(Some((number, ticks)))
                if start_ticks(number) == Some(ticks) =>
            {
                return child(number);
            }
            Journaled::Free(_) => return Liveness::Over,
            Journaled::Absent(_) => {}
        }
    }
    if actor.host != here.host {
        return Liveness::Elsewhere(actor.host.clone());
    }
    if is_author_at_work(actor, here) {
        return Liveness::Alive(recorded_by(intent));
    }
    let Body::RevertIntent(revert) = &intent.recorded.body else { return Liveness::Over };
    worker_in(Path::new(&revert.directory)).map_or(Liveness::Over, child)
}

/// The author, process and host of an intent, for a person.
pub fn recorded_by(intent: &Entry) -> String {
    let actor = &intent.recorded.actor;
    format!("{}, process {} on {}", actor.name, actor.process, actor.host)
}

/// When this process was started; none where the system does not tell.
pub fn own_start() -> Option<ProcessStart> {
    Some(ProcessStart { boot: boot()?, ticks: start_ticks(std::process::id())? })
}

/// The journal of a command, once a dead process has let go of it or its time is over.
fn resolved(directory: &Path) -> Journaled {
    let is_dying = |journaled: &Journaled| matches!(journaled, Journaled::Held(Some((number, _))) if start_ticks(*number).is_none());
    let mut journaled = journal::look(directory);
    for _ in 0..DYING_LOOKS {
        if !is_dying(&journaled) {
            break;
        }
        std::thread::sleep(DYING_EVERY);
        journaled = journal::look(directory);
    }
    journaled
}

/// Whether a process of this machine is the one that recorded an entry. Records of before 0.1.0 do
/// not say when it was started: there any process counts that has the number and our name.
fn is_author_at_work(actor: &Actor, here: &Actor) -> bool {
    if actor.process == here.process {
        return false;
    }
    if let Some(started) = &actor.started {
        let is_this_boot = boot().as_ref() == Some(&started.boot);
        return is_this_boot && start_ticks(actor.process) == Some(started.ticks);
    }
    let name = |process: &str| fs::read_to_string(format!("/proc/{process}/comm"));
    match (name(&actor.process.to_string()), name("self")) {
        (Ok(theirs), Ok(ours)) => theirs == ours,
        _ => is_there(actor.process),
    }
}

/// Whether a process of this number is there, where `/proc` does not tell.
fn is_there(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| {
        !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    })
}

/// The id of the machine's present boot.
fn boot() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// When a process was started, in the kernel's ticks since the boot: its number alone may have gone
/// to another since. None when it is not there, or is dead and merely not waited for.
pub(super) fn start_ticks(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, can hold anything.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let ticks = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(ticks)
}

/// A Terraform that works in this directory. The plugins it has started may outlive it by a moment.
fn worker_in(directory: &Path) -> Option<u32> {
    let directory = fs::canonicalize(directory).ok()?;
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let is_there = fs::read_link(entry.path().join("cwd")).ok()? == directory;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        let is_it = is_there && !name.starts_with("terraform-provi");
        (is_it && start_ticks(process).is_some()).then_some(process)
    })
}

#[cfg(test)]
mod tests;
