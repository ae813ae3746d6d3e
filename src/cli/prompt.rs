//! Questions to a person, and what a person types.
//!
//! A question is asked only where a person can answer; otherwise the refusal names the flag that
//! would have answered. Ctrl-C at a question ends it at once, and the end of input is an answer
//! too: no. Reading a terminal cannot be interrupted. So one thread reads all of it, from the first
//! question on, and the caller that waits for a line gets the next one.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::output::Screens;
use crate::port::interrupt::Interrupt;
use crate::terraform::child::Typed;

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A line, trimmed.
    Line(String),
    /// The input ended.
    Closed,
    /// A signal came instead.
    Interrupted(i32),
}

/// Asks, and waits for one line.
pub(super) fn ask(output: &Screens, interrupt: &dyn Interrupt, question: &str) -> Answer {
    output.insist(question);
    loop {
        match typed(Duration::from_millis(50)) {
            Typed::Line(line) => return Answer::Line(line.trim().to_owned()),
            Typed::Closed => return Answer::Closed,
            Typed::Nothing => {}
        }
        if let Some(signal) = interrupt.requested() {
            output.insist("\n");
            return Answer::Interrupted(signal);
        }
    }
}

/// The next line of standard input, if one comes within this time.
pub(super) fn typed(patience: Duration) -> Typed {
    static LINES: OnceLock<Mutex<Receiver<Option<String>>>> = OnceLock::new();
    let lines = LINES.get_or_init(|| Mutex::new(read_all()));
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    match lines.recv_timeout(patience) {
        Ok(Some(line)) => Typed::Line(line),
        Ok(None) | Err(RecvTimeoutError::Disconnected) => Typed::Closed,
        Err(RecvTimeoutError::Timeout) => Typed::Nothing,
    }
}

/// Starts the reader. It is left behind when the process ends.
fn read_all() -> Receiver<Option<String>> {
    let (sender, receiver) = mpsc::channel();
    let _left_behind = std::thread::spawn(move || {
        let stdin = std::io::stdin();
        loop {
            let mut line = String::new();
            let read = stdin.lock().read_line(&mut line);
            let told = match read {
                Ok(1..) => sender.send(Some(line)),
                // On a terminal there can be more after an end.
                Ok(0) if stdin.is_terminal() => sender.send(None),
                Ok(0) | Err(_) => return,
            };
            if told.is_err() {
                return;
            }
        }
    });
    receiver
}
