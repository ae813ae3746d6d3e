//! A stack's own checks: commands that must end with exit code 0.
//!
//! They run through the shell in the root module's directory with the user's own environment, as
//! the user would run them. One that takes too long is asked to stop and has failed. What they print
//! is not kept: nobody knows what is in it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::environment::Environment;
use super::process::{Invocation, run};
use crate::port::interrupt::Interrupt;

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The command line.
    pub command: String,
    /// How long it may take.
    pub timeout_seconds: u64,
}

/// A check that did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It could not be started.
    #[error("cannot start the check `{command}`")]
    CannotStart {
        /// The command line.
        command: String,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// It ended with another exit code, or by a signal.
    #[error("the check `{command}` failed ({end})")]
    Ended {
        /// The command line.
        command: String,
        /// How it ended.
        end: String,
    },
    /// It took too long.
    #[error("the check `{command}` took longer than {timeout_seconds} s")]
    TooLong {
        /// The command line.
        command: String,
        /// How long it may take.
        timeout_seconds: u64,
    },
}

/// Asks to stop when the time is over.
struct Deadline(Instant);

impl Interrupt for Deadline {
    #[expect(clippy::disallowed_methods, reason = "a limit on a command is no time of a record")]
    fn requested(&self) -> Option<i32> {
        (Instant::now() >= self.0).then_some(2)
    }

    fn acknowledge(&self) {}
}

/// Runs one check.
#[expect(clippy::disallowed_methods, reason = "a limit on a command is no time of a record")]
pub fn run_check(check: &Check, root: &Path, environment: &Environment) -> Result<(), Failed> {
    let command = check.command.clone();
    let invocation = Invocation {
        program: Path::new("/bin/sh"),
        arguments: vec!["-c".to_owned(), command.clone()],
        directory: root,
        environment: environment.clone(),
        output: None,
    };
    let deadline = Deadline(Instant::now() + Duration::from_secs(check.timeout_seconds));
    let finished = run(&invocation, &deadline, &mut |_| {}).map_err(|broken| {
        Failed::CannotStart { command: command.clone(), source: broken.into() }
    })?;
    if finished.asked_to_stop.is_some() {
        return Err(Failed::TooLong { command, timeout_seconds: check.timeout_seconds });
    }
    match (finished.code, finished.signal) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(Failed::Ended { command, end: format!("exit code {code}") }),
        (None, signal) => {
            let end = format!("signal {}", signal.unwrap_or_default());
            Err(Failed::Ended { command, end })
        }
    }
}
