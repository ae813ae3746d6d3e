//! The environment, the working directory and the terminals of the process, read once.
//!
//! This is the only module that asks the system for them; everything below gets values.

use std::ffi::OsString;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::port::clock::Clock;
use crate::terraform::environment::Environment;

/// The world as found at the start.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// The environment; names that are not UTF-8 are passed over.
    pub environment: Environment,
    /// The working directory.
    pub directory: PathBuf,
    /// The kinds of standard input, output and error.
    pub terminals: Terminals,
}

#[cfg(test)]
impl World {
    /// One with these variables and without terminals.
    pub(super) fn of_test(variables: &[(&str, &str)]) -> Self {
        let (input, output, error) = (StreamKind::Other, StreamKind::Other, StreamKind::Other);
        let named = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).into());
        Self {
            environment: variables.iter().map(named).collect(),
            directory: PathBuf::from("/work"),
            terminals: Terminals { input, output, error },
        }
    }
}

/// Which standard streams are terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terminals {
    /// A person can answer.
    pub input: StreamKind,
    /// Data is read by a person.
    pub output: StreamKind,
    /// Talk is read by a person.
    pub error: StreamKind,
}

/// The target of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// A person at a terminal.
    Terminal,
    /// A file, a pipe, or nothing.
    Other,
}

impl StreamKind {
    fn of(stream: &impl std::io::IsTerminal) -> Self {
        if stream.is_terminal() { Self::Terminal } else { Self::Other }
    }
}

impl World {
    /// Looks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that looks")]
    pub(super) fn look() -> std::io::Result<Self> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        Ok(Self {
            environment,
            directory: std::env::current_dir()?,
            terminals: Terminals {
                input: StreamKind::of(&std::io::stdin()),
                output: StreamKind::of(&std::io::stdout()),
                error: StreamKind::of(&std::io::stderr()),
            },
        })
    }

    /// A variable's text, when it is set, not empty, and UTF-8.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.environment.get(name)?.to_str().filter(|text| !text.is_empty())
    }

    /// A variable as it is.
    pub(super) fn raw(&self, name: &str) -> Option<&OsString> {
        self.environment.get(name).filter(|value| !value.is_empty())
    }

    /// Our directory below the one that a variable names, or below this one of the user's home. None
    /// where the home is not there: it is not ours to make.
    pub(super) fn own_directory(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        let given = self.text(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.text("HOME").map(PathBuf::from).filter(|home| home.is_dir());
        let usual = || home().map(|home| home.join(usual));
        given.or_else(usual).map(|directory| directory.join("unapply"))
    }

    /// Whether a build server runs us: then nothing prompts.
    pub(super) fn is_ci(&self) -> bool {
        self.text("CI").is_some_and(|value| value != "false" && value != "0")
    }
}

/// The path of the program that this process runs.
pub(super) fn own_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
