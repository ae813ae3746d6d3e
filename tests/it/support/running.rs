//! Commands that are still running, signals for them, and a terminal to talk to.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rexpect::process::WaitStatus;
use rexpect::session::PtySession;
use rustix::process::{Pid, Signal, kill_process};

use super::stage::{Ran, Stage, UNAPPLY};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for a condition, for a minute at most.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a limit on waiting is no time of a record")]
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A command in the background, with its output kept.
pub(crate) struct Running<'a> {
    child: Child,
    stage: &'a Stage,
}

impl Running<'_> {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, and to no other process.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Stops reading its output.
    pub(crate) fn stop_reading(&mut self) {
        drop((self.child.stdout.take(), self.child.stderr.take()));
    }

    /// Waits until it ends.
    pub(crate) fn end(self) -> Ran {
        self.stage.ran(self.child.wait_with_output())
    }
}

impl Stage {
    /// Starts a command and goes on.
    pub(crate) fn start(&self, program: &str, arguments: &[&str]) -> Running<'_> {
        let mut command = self.command(program, arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Running { child, stage: self }
    }

    /// Starts unapply on a terminal.
    pub(crate) fn on_terminal(&self, arguments: &[&str]) -> PtySession {
        let mut command = self.command(UNAPPLY, arguments);
        command.env("TERM", "dumb").stdin(Stdio::inherit());
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap();
        rexpect::session::spawn_command(command, Some(patience)).unwrap()
    }

    /// The private directories that are there now.
    pub(crate) fn private_directories(&self) -> Vec<PathBuf> {
        let found = std::fs::read_dir(self.path().join("tmp")).unwrap();
        let is_ours = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("unapply-"))
        };
        found.map(|entry| entry.unwrap().path()).filter(is_ours).collect()
    }

    /// Removes what commands were told to keep, or could not remove.
    pub(crate) fn sweep(&self) {
        for kept in self.private_directories() {
            std::fs::remove_dir_all(kept).unwrap();
        }
    }

    /// Whether Terraform has begun to change an object for a revert.
    pub(crate) fn is_applying(&self) -> bool {
        let stack = std::fs::canonicalize(self.stack()).unwrap();
        let below = stack.strip_prefix("/").unwrap();
        self.private_directories().iter().any(|directory| {
            let events = directory.join("tree").join(below).join(".terraform/revert.events.jsonl");
            std::fs::read_to_string(events).is_ok_and(|events| events.contains("apply_start"))
        })
    }

    /// Whether Terraform announces its lock, for an apply.
    pub(crate) fn is_locked_by_apply(&self) -> bool {
        let info = self.stack().join(".terraform.tfstate.lock.info");
        std::fs::read_to_string(info).is_ok_and(|info| info.contains("OperationTypeApply"))
    }
}

/// Waits until the command on a terminal ends, and gives its code and what it said since.
pub(crate) fn end(mut session: PtySession) -> (i32, String) {
    let said = session.exp_eof().unwrap();
    let status = session.process().wait().unwrap();
    let WaitStatus::Exited(_, code) = status else {
        panic!("{status:?}: {said}");
    };
    (code, said)
}
