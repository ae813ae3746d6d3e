//! The user's own command, run under our eyes: `terraform apply`, a script, `make`.
//!
//! It has a process group of its own and writes into the files of a [`RunJournal`], so that it
//! lives on if our terminal, our standard output or we ourselves go away. Threads of their own read
//! the journal and show its output as it comes: a reader of ours that is slow, stopped or gone
//! holds up neither the command nor us. Its environment is the user's. It is asked to stop once,
//! with one SIGINT whatever signal came to us, and never again: a second one makes Terraform drop
//! state. It is never killed.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::journal::RunJournal;
use super::process::of_user;
use crate::codec::events::Stream;
use crate::engine::engine_call::takes_engine_words;
use crate::port::interrupt::Interrupt;

/// How often the wish to stop, typed lines and new output are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often what was written is made durable.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// How long it is waited for a slow reader of ours before what has to be recorded is recorded.
const CATCH_UP: Duration = Duration::from_secs(2);

/// The command to run.
#[derive(Debug)]
pub struct Wrapped<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// The directory to run it in.
    pub directory: &'a Path,
}

/// The input that a person has typed since it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Nothing.
    Nothing,
    /// A line, with its end.
    Line(String),
    /// The end of the input.
    Closed,
}

/// The source of the command's input.
pub enum Input<'a> {
    /// From where ours does.
    Inherited,
    /// From lines that are typed on our terminal, which a command in a group of its own may not
    /// read.
    Forwarded(&'a mut dyn FnMut() -> Typed),
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Inherited) { "Inherited" } else { "Forwarded" })
    }
}

/// A notice for the caller that watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It has been asked to stop.
    Asked,
    /// It had been asked already.
    AskedBefore,
}

/// The screen that shows the command's output.
pub type ChildScreen = Box<dyn Write + Send>;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildEnd {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The signal for which it was asked to stop, if it was.
    pub asked: Option<i32>,
}

/// Shows what a command prints, at the pace of its reader.
#[derive(Debug)]
pub struct Showing {
    has_ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Showing {
    fn start(journal: &RunJournal, screens: [ChildScreen; 2]) -> io::Result<Self> {
        let has_ended = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for (stream, screen) in [Stream::Output, Stream::Complaints].into_iter().zip(screens) {
            let file = journal.file(stream).try_clone()?;
            let is_over = Arc::clone(&has_ended);
            // Whoever does not look any more misses the rest; it is in the journal.
            threads.push(std::thread::spawn(move || drop(show(&file, screen, &is_over))));
        }
        Ok(Self { has_ended, threads })
    }

    /// The command has ended: waits a little until all of it is shown.
    fn catch_up(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
        let mut waited = Duration::ZERO;
        while waited < CATCH_UP && self.threads.iter().any(|thread| !thread.is_finished()) {
            std::thread::sleep(LOOK_EVERY / 10);
            waited += LOOK_EVERY / 10;
        }
    }

    /// Waits until all of it is shown, or its reader is gone.
    pub fn finish(self) {
        for thread in self.threads {
            let _has_panicked = thread.join().is_err();
        }
    }
}

fn show(file: &File, mut screen: ChildScreen, is_over: &AtomicBool) -> io::Result<()> {
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut offset = 0;
    loop {
        // Asked first: what was written before the end is there when the end is seen.
        let is_last = is_over.load(Ordering::SeqCst);
        let count = file.read_at(&mut buffer, offset)?;
        match buffer.get(..count).filter(|chunk| !chunk.is_empty()) {
            Some(chunk) => {
                screen.write_all(chunk)?;
                screen.flush()?;
                offset += u64::try_from(count).unwrap_or(0);
            }
            None if is_last => return Ok(()),
            None => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// Makes what was written durable, beside everything else.
struct Syncing(Sender<()>, JoinHandle<()>);

impl Syncing {
    fn start(journal: &RunJournal) -> io::Result<Self> {
        let streams = [Stream::Output, Stream::Complaints];
        let files = streams.map(|stream| journal.file(stream).try_clone());
        let [output, complaints] = files;
        let mut files = [(output?, 0), (complaints?, 0)];
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let mut is_over = false;
            while !is_over {
                is_over = stopped.recv_timeout(SYNC_EVERY) != Err(RecvTimeoutError::Timeout);
                for (file, synced) in &mut files {
                    let size = file.metadata().map_or(0, |facts| facts.len());
                    if size != *synced && file.sync_data().is_ok() {
                        *synced = size;
                    }
                }
            }
        });
        Ok(Self(stop, thread))
    }

    fn finish(self) {
        drop(self.0);
        let _has_panicked = self.1.join().is_err();
    }
}

/// Runs the command to its end.
pub fn run(
    wrapped: &Wrapped<'_>,
    journal: &RunJournal,
    screens: [ChildScreen; 2],
    input: Input<'_>,
    interrupt: &dyn Interrupt,
    tell: &mut dyn FnMut(Notice),
) -> io::Result<(ChildEnd, Showing)> {
    let mut command = of_user(wrapped.program, wrapped.arguments, wrapped.directory);
    command
        .stdin(match input {
            Input::Inherited => Stdio::inherit(),
            Input::Forwarded(_) => Stdio::piped(),
        })
        .stdout(journal.file(Stream::Output).try_clone()?)
        .stderr(journal.file(Stream::Complaints).try_clone()?);
    let showing = Showing::start(journal, screens)?;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            showing.catch_up();
            return Err(error);
        }
    };
    drop(command);
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // Whether it lives is known by the journal's lock too.
    let _is_unnoted = journal.note_child(child.id()).is_err();
    let syncing = Syncing::start(journal);
    let typing = child.stdin.take().map(Typing::start);
    let (ended, end) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let _gone = ended.send(child.wait());
    });
    let mut asking = Asking { group, is_alone: is_told_alone(wrapped.program), asked: None };
    let watched = watch(&end, &mut asking, input, typing, interrupt, tell);
    let _has_panicked = waiter.join().is_err();
    if let Ok(syncing) = syncing {
        syncing.finish();
    }
    showing.catch_up();
    let status = watched?;
    Ok((ChildEnd { code: status.code(), signal: status.signal(), asked: asking.asked }, showing))
}

fn watch(
    end: &Receiver<io::Result<ExitStatus>>,
    asking: &mut Asking,
    mut input: Input<'_>,
    mut typing: Option<Typing>,
    interrupt: &dyn Interrupt,
    tell: &mut dyn FnMut(Notice),
) -> io::Result<ExitStatus> {
    loop {
        match end.recv_timeout(LOOK_EVERY) {
            Ok(status) => return status,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the command's waiter is gone"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(signal) = interrupt.requested() {
            interrupt.acknowledge();
            tell(asking.ask(signal));
        }
        if let Input::Forwarded(typed) = &mut input {
            match typed() {
                Typed::Nothing => {}
                Typed::Line(line) => {
                    if let Some(typing) = &typing {
                        let _nobody_reads = typing.0.send(line).is_err();
                    }
                }
                Typed::Closed => typing = None,
            }
        }
    }
}

/// Asks once.
struct Asking {
    group: Option<Pid>,
    is_alone: bool,
    asked: Option<i32>,
}

impl Asking {
    fn ask(&mut self, signal: i32) -> Notice {
        if self.asked.is_some() {
            return Notice::AskedBefore;
        }
        self.asked = Some(signal);
        if let Some(group) = self.group {
            let asked = if self.is_alone {
                kill_process(group, Signal::INT)
            } else {
                kill_process_group(group, Signal::INT)
            };
            let _ended_already = asked.is_err();
        }
        Notice::Asked
    }
}

/// Whether a program passes an interrupt on to what it started, or has nothing to pass it to. Others
/// expect it to reach their whole group, as from a terminal.
fn is_told_alone(program: &Path) -> bool {
    takes_engine_words(program)
}

/// Passes lines on. A pipe that is not read fills up, and must not hold us up.
struct Typing(Sender<String>);

impl Typing {
    fn start(mut stdin: ChildStdin) -> Self {
        let (sender, lines) = mpsc::channel::<String>();
        // It ends with the command, which closes the pipe, or with us.
        let _left_alone = std::thread::spawn(move || {
            for line in lines {
                if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        });
        Self(sender)
    }
}

#[cfg(test)]
mod tests;
