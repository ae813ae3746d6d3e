//! A stack's own checks: commands that must end with exit code 0, addresses that must answer.
//!
//! Commands run through the shell in the root module's directory with the user's own environment,
//! as the user would run them. One that takes too long is asked to stop and has failed. The output
//! of a command and the answer of a server are not kept: their content is unknown.

use std::path::Path;
use std::time::{Duration, Instant};

use super::environment::Environment;
use super::process::{Invocation, run};
use crate::port::interrupt::Interrupt;

mod http;

/// The command or address that a check tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A command line.
    Command(String),
    /// An address, and the status that it has to answer with.
    Http {
        /// `http://…` or `https://…`.
        url: String,
        /// The status.
        expect: u16,
    },
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackCheck {
    /// The command or address that it tries.
    pub probe: Probe,
    /// How long it may take.
    pub timeout_seconds: u64,
}

impl StackCheck {
    /// The name in records and on screens. The query of an address stays out: it can be a secret.
    pub fn name(&self) -> String {
        match &self.probe {
            Probe::Command(command) => command.clone(),
            Probe::Http { url, .. } => {
                let end = url.find(['?', '#']).unwrap_or(url.len());
                format!("GET {}", url.get(..end).unwrap_or(url))
            }
        }
    }
}

/// A check that did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It could not be started.
    #[error("cannot start the check `{check}`")]
    CannotStart {
        /// Its name.
        check: String,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// It ended with another exit code or status, or by a signal.
    #[error("the check `{check}` failed ({end})")]
    Ended {
        /// Its name.
        check: String,
        /// How it ended.
        end: String,
    },
    /// It took too long.
    #[error("the check `{check}` took longer than {timeout_seconds} s")]
    TooLong {
        /// Its name.
        check: String,
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
pub fn run_check(check: &StackCheck, root: &Path, environment: &Environment) -> Result<(), Failed> {
    match &check.probe {
        Probe::Command(command) => run_command(check, command, root, environment),
        Probe::Http { url, expect } => http::ask(check, url, *expect),
    }
}

#[expect(clippy::disallowed_methods, reason = "a limit on a command is no time of a record")]
fn run_command(
    check: &StackCheck,
    command: &str,
    root: &Path,
    environment: &Environment,
) -> Result<(), Failed> {
    let invocation = Invocation {
        program: Path::new("/bin/sh"),
        arguments: vec!["-c".to_owned(), command.to_owned()],
        directory: root,
        environment: environment.clone(),
        output: None,
    };
    let deadline = Deadline(Instant::now() + Duration::from_secs(check.timeout_seconds));
    let finished = run(&invocation, &deadline, &mut |_| {})
        .map_err(|broken| Failed::CannotStart { check: check.name(), source: broken.into() })?;
    if finished.asked_to_stop.is_some() {
        let timeout_seconds = check.timeout_seconds;
        return Err(Failed::TooLong { check: check.name(), timeout_seconds });
    }
    let end = match (finished.code, finished.signal) {
        (Some(0), _) => return Ok(()),
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    Err(Failed::Ended { check: check.name(), end })
}
