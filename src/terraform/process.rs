//! One child process: started, watched, waited for.
//!
//! The child's output goes to files and not through pipes: it can always write, we can read as
//! slowly as we like, and it lives on if we die (a broken pipe would kill a Go program). It has its
//! own process group, so that a terminal's Ctrl-C reaches it through us, once: a second interrupt
//! makes Terraform drop state (measured: a 0-byte state in 3 of 8 runs). It is never killed.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::environment::Environment;
use crate::port::interrupt::Interrupt;

/// How often a running child's output and the wish to stop are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The child to start.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The binary.
    pub program: &'a Path,
    /// Its arguments; never a secret, for they show in the process list.
    pub arguments: Vec<String>,
    /// The working directory.
    pub directory: &'a Path,
    /// The whole environment of the child.
    pub environment: Environment,
    /// The file that keeps standard output; an unnamed temporary file otherwise.
    pub output: Option<PathBuf>,
}

/// A child that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// The signal that made us ask it to stop, if we did.
    pub asked_to_stop: Option<i32>,
}

impl Finished {
    /// Exit code 0.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }
}

/// A moment of a running child, as told to a watcher.
#[derive(Debug)]
pub enum Moment<'a> {
    /// It wrote a line to standard output.
    Line(&'a str),
    /// It was asked to stop.
    StopRequested,
}

/// Why nothing is known of a child.
#[derive(Debug)]
pub enum Broken {
    /// There is no file for what it would say: it was not started.
    NoOutput(io::Error),
    /// It could not be started, or not be watched to its end.
    Child(io::Error),
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        let (Broken::NoOutput(source) | Broken::Child(source)) = broken;
        source
    }
}

/// Starts a child, tells `watch` each line of its standard output, and waits until it ends.
pub fn run(
    invocation: &Invocation<'_>,
    interrupt: &dyn Interrupt,
    watch: &mut dyn FnMut(Moment<'_>),
) -> Result<Finished, Broken> {
    let stdout = output_file(invocation.output.as_deref()).map_err(Broken::NoOutput)?;
    let stderr = tempfile::tempfile().map_err(Broken::NoOutput)?;
    watch_to_the_end(invocation, &stdout, &stderr, interrupt, watch).map_err(Broken::Child)
}

fn watch_to_the_end(
    invocation: &Invocation<'_>,
    stdout: &File,
    stderr: &File,
    interrupt: &dyn Interrupt,
    watch: &mut dyn FnMut(Moment<'_>),
) -> io::Result<Finished> {
    let mut child = spawn(invocation, stdout, stderr)?;
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    let (ended, end) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        // The receiver is gone only if we are.
        let _gone = ended.send(child.wait());
    });
    let mut lines = Lines::new(stdout);
    let mut asked_to_stop = None;
    let status = loop {
        match end.recv_timeout(LOOK_EVERY) {
            Ok(status) => break status?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the child's waiter is gone"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        lines.read(watch)?;
        if asked_to_stop.is_none() {
            asked_to_stop = interrupt.requested();
            if let (Some(_), Some(pid)) = (asked_to_stop, pid) {
                ask_to_stop(pid);
                watch(Moment::StopRequested);
            }
        }
    };
    if waiter.join().is_err() {
        return Err(io::Error::other("the child's waiter failed"));
    }
    lines.read(watch)?;
    lines.finish(watch);
    Ok(finished(status, read_whole(stdout)?, read_whole(stderr)?, asked_to_stop))
}

fn finished(
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    asked_to_stop: Option<i32>,
) -> Finished {
    Finished { code: status.code(), signal: status.signal(), stdout, stderr, asked_to_stop }
}

fn output_file(path: Option<&Path>) -> io::Result<File> {
    match path {
        None => tempfile::tempfile(),
        Some(path) => {
            File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that starts a process")]
fn spawn(
    invocation: &Invocation<'_>,
    stdout: &File,
    stderr: &File,
) -> io::Result<std::process::Child> {
    Command::new(invocation.program)
        .args(&invocation.arguments)
        .current_dir(invocation.directory)
        .env_clear()
        .envs(&invocation.environment)
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .process_group(0)
        .spawn()
}

/// A command of the user's: with the user's own environment, in a process group of its own.
#[expect(clippy::disallowed_methods, reason = "this is the one place that starts a process")]
pub(super) fn of_user(program: &Path, arguments: &[OsString], directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).process_group(0);
    command
}

/// Sends one SIGINT. That the child has just ended by itself is no failure.
fn ask_to_stop(pid: rustix::process::Pid) {
    let _ended_already = rustix::process::kill_process(pid, rustix::process::Signal::INT).is_err();
}

/// Lines of a file that is still being written.
struct Lines<'a> {
    file: &'a File,
    offset: u64,
    partial: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a File) -> Self {
        Self { file, offset: 0, partial: Vec::new() }
    }

    fn read(&mut self, watch: &mut dyn FnMut(Moment<'_>)) -> io::Result<()> {
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            let count = self.file.read_at(&mut buffer, self.offset)?;
            let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else {
                return Ok(());
            };
            self.offset += u64::try_from(count).unwrap_or(0);
            for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
                self.partial.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    self.finish(watch);
                }
            }
        }
    }

    /// Tells the line that has been gathered, if there is one.
    fn finish(&mut self, watch: &mut dyn FnMut(Moment<'_>)) {
        if !self.partial.is_empty() {
            watch(Moment::Line(String::from_utf8_lossy(&self.partial).trim_end()));
            self.partial.clear();
        }
    }
}

fn read_whole(file: &File) -> io::Result<Vec<u8>> {
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut bytes = vec![0_u8; size];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
