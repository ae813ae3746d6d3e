//! Whether whoever spoke an intent lives still, or the Terraform that it started.
//!
//! Told from this machine's processes alone: a process is known by its number and the time at which
//! it started, or the directory in which it works. Of another machine nothing can be told from
//! here. Nobody is sent a signal.

use std::fs;
use std::path::Path;

use crate::flow::Error;
use crate::flow::error::recover::Refusal;
use crate::model::entry::{Actor, Body, Entry};

/// What is known of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// It is there.
    Alive(String),
    /// It is gone.
    Gone,
    /// It was on another machine.
    Elsewhere(String),
}

/// Whether whoever spoke this intent, or its child, is at work still.
pub fn of(intent: &Entry, here: &Actor) -> Life {
    let actor = &intent.said.actor;
    if actor.host != here.host {
        return Life::Elsewhere(actor.host.clone());
    }
    // The number can have come to us ourselves.
    if actor.process != here.process && is_alive(actor.process) {
        return Life::Alive(who(intent));
    }
    let child = if let Body::RunIntent(run) = &intent.said.body {
        child_of_journal(Path::new(&run.journal))
    } else if let Body::RevertIntent(revert) = &intent.said.body {
        worker_in(Path::new(&revert.directory))
    } else {
        None
    };
    match child {
        Some(process) => {
            Life::Alive(format!("the command it started, process {process} on {}", actor.host))
        }
        None => Life::Gone,
    }
}

/// Who spoke, for a person.
pub fn who(intent: &Entry) -> String {
    let actor = &intent.said.actor;
    format!("{}, process {} on {}", actor.name, actor.process, actor.host)
}

/// Refuses what must not be done to an intent whose process lives.
pub fn refuse_living(entry: &Entry, here: &Actor) -> Result<(), Error> {
    let is_run = matches!(entry.said.body, Body::RunIntent(_));
    if !is_run && !matches!(entry.said.body, Body::RevertIntent(_)) {
        return Ok(());
    }
    let what = if is_run { "run" } else { "revert" };
    match of(entry, here) {
        Life::Alive(who) => Err(Refusal::UnderWay { matter: entry.revision, what, who }.into()),
        Life::Gone | Life::Elsewhere(_) => Ok(()),
    }
}

/// Whether a process of this machine is there and is one of ours: its number may have gone to
/// another program since. Where nobody can tell, it is taken to be there.
pub fn is_alive(process: u32) -> bool {
    let name = |process: &str| fs::read_to_string(format!("/proc/{process}/comm"));
    if let (Ok(theirs), Ok(ours)) = (name(&process.to_string()), name("self")) {
        return theirs == ours;
    }
    is_there(process)
}

fn is_there(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| {
        !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    })
}

/// The command of a run, if it is at work: its number and the time of its start are in the journal.
fn child_of_journal(journal: &Path) -> Option<u32> {
    let text = fs::read_to_string(journal.join("child")).ok()?;
    let mut words = text.split_whitespace();
    let process: u32 = words.next()?.parse().ok()?;
    let started = words.next();
    let is_it = match (started, stat(process)) {
        (Some(started), Some(found)) => found.started == started && found.is_at_work,
        // Nobody tells when it started: whoever has its number is taken to be it.
        (None, Some(found)) => found.is_at_work,
        (_, None) => !Path::new("/proc/self/stat").exists() && is_there(process),
    };
    is_it.then_some(process)
}

/// What the system says of a process.
struct Stat {
    started: String,
    is_at_work: bool,
}

/// Reads `/proc/PID/stat`: after the name in parentheses come the state, and as the twentieth from
/// there the time of the start.
fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?.to_owned();
    // A zombie has ended, and somebody has yet to ask how.
    Some(Stat { started, is_at_work: !matches!(state, "Z" | "X") })
}

/// A Terraform that works in this directory. The plugins it has started may outlive it by a moment.
fn worker_in(directory: &Path) -> Option<u32> {
    let directory = fs::canonicalize(directory).ok()?;
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let is_there = fs::read_link(entry.path().join("cwd")).ok()? == directory;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        let is_it = is_there && !name.starts_with("terraform-provi") && stat(process)?.is_at_work;
        is_it.then_some(process)
    })
}

pub(in crate::flow) fn under_way(intent: &Entry) -> Error {
    Error::RevertUnderWay { intent: intent.revision, who: who(intent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_known_by_its_number_and_the_time_of_its_start() {
        let journal = tempfile::tempdir().unwrap();
        let us = std::process::id();
        let write = |text: String| {
            let mut file = fs::File::create(journal.path().join("child")).unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        };
        assert_eq!(child_of_journal(journal.path()), None, "there is no journal");
        write(format!("{us} {}\n", stat(us).unwrap().started));
        assert_eq!(child_of_journal(journal.path()), Some(us));
        write(format!("{us} 1\n"));
        assert_eq!(child_of_journal(journal.path()), None, "the number has gone to another");
        write("4194999 1\n".to_owned());
        assert_eq!(child_of_journal(journal.path()), None);
        write("rubbish".to_owned());
        assert_eq!(child_of_journal(journal.path()), None);
    }
}
