//! Questions to a person.
//!
//! A question is asked only where somebody can answer; otherwise the refusal names the flag that
//! would have answered. Ctrl-C at a question ends it at once, and the end of input is an answer too:
//! no.

use std::io::BufRead as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::output::Output;
use crate::port::interrupt::Interrupt;

/// What came back.
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
pub(super) fn ask(output: &Output, interrupt: &dyn Interrupt, question: &str) -> Answer {
    output.insist(question);
    let (sender, receiver) = mpsc::channel();
    // Reading cannot be interrupted, so it is left behind when a signal comes: the process ends.
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let answer = match read {
            Ok(1..) => Answer::Line(line.trim().to_owned()),
            Ok(0) | Err(_) => Answer::Closed,
        };
        let _nobody_waits = sender.send(answer).is_err();
    });
    loop {
        match receiver.recv_timeout(Duration::from_millis(50)) {
            Ok(answer) => {
                let _has_ended = reader.join().is_err();
                return answer;
            }
            Err(RecvTimeoutError::Disconnected) => return Answer::Closed,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(signal) = interrupt.requested() {
            output.insist("\n");
            return Answer::Interrupted(signal);
        }
    }
}
