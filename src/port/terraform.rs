//! The commands that Terraform or OpenTofu must offer.
//!
//! Each method is one command that ends. Only [`Terraform::apply`] changes the world, and it takes
//! a saved plan and nothing else; [`Terraform::push`] changes what Terraform knows of it. There is
//! deliberately no way to force, to break a lock or to kill.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::model::entry::EngineVersion;
use crate::model::event::{Diagnostic, Event, Severity};
use crate::model::secret::Secret;

/// The place where a command works.
#[derive(Debug, Clone)]
pub struct Workplace {
    /// The root module's directory.
    pub root: PathBuf,
    /// Set for a private copy: its own `.terraform`.
    pub data_directory: Option<PathBuf>,
    /// The workspace, always named.
    pub workspace: String,
    /// How long to wait for Terraform's lock, in seconds; zero refuses at once.
    pub lock_timeout_seconds: u64,
    /// Variables for the child alone, such as `TF_VAR_…`.
    pub environment: Vec<(String, Secret<String>)>,
    /// `-var-file`s that the apply of a saved plan has to be given again, since values of ephemeral
    /// variables are in no plan. Terraform insists that every other value is the planned one.
    pub values_at_apply: Vec<PathBuf>,
    /// `-var-file`s for the commands that find modules, of which a variable can say the source, and
    /// for those that decrypt. Engines that cannot do that take them and pass over them.
    pub values_of_modules: Vec<PathBuf>,
}

/// The question that a plan is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlanMode {
    /// The changes that the configuration would make.
    #[default]
    Normal,
    /// The differences between the real world and the state, and nothing else.
    RefreshOnly,
    /// The destruction of everything, or of the targets.
    Destroy,
}

/// Whether a plan looks at the real world first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// It does.
    #[default]
    Now,
    /// It takes the state's word, because the real world has just been looked at.
    Skip,
}

/// A plan to be made.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// The question that it is to answer.
    pub mode: PlanMode,
    /// Whether it looks at the real world first.
    pub refresh: Refresh,
    /// The file that the plan is saved in.
    pub out: PathBuf,
    /// `-var-file`s in order.
    pub var_files: Vec<PathBuf>,
    /// `-target`s.
    pub targets: Vec<String>,
}

/// The variables that a child did not see, in a line.
pub fn not_handed_on(engine: &str, kept_back: &[String]) -> Option<String> {
    let names = kept_back.join(", ");
    (!names.is_empty()).then(|| format!("not handed on to {engine}: {names}"))
}

/// How an apply ended.
#[derive(Debug, Clone)]
pub struct AppliedPlan {
    /// Exit code 0.
    pub succeeded: bool,
    /// The signal for which it was asked to stop, if it was.
    pub interrupted: Option<i32>,
    /// Errors and warnings in Terraform's words: not safe to show before redaction.
    pub diagnostics: Vec<Diagnostic>,
    /// The file with the raw event stream.
    pub events: PathBuf,
}

/// The holder of Terraform's lock, in Terraform's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockHolder {
    /// The lock's id.
    pub id: String,
    /// `user@host`.
    pub who: String,
    /// Such as `OperationTypeApply`.
    pub operation: String,
    /// When it was taken.
    pub created: String,
    /// Which state it is for, as the backend names it.
    pub path: String,
}

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no binary.
    #[error("{name} not found: {searched}")]
    NotFound {
        /// The engine that is needed.
        name: String,
        /// The names that were looked for, and the places.
        searched: String,
        /// The other engine, where that is there.
        instead: Option<String>,
    },
    /// The binary could not be started.
    #[error("cannot start `{program}`")]
    CannotStart {
        /// The binary.
        program: String,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// The directory is not initialised, or for another backend or provider.
    #[error("{engine} is not initialised here: {summary}")]
    NotInitialised {
        /// The engine's program.
        engine: String,
        /// Terraform's own word.
        summary: String,
        /// More of it: not safe to show before redaction.
        diagnostics: Vec<Diagnostic>,
    },
    /// A provider's package is not to be had: no registry or mirror has the version that the lock
    /// file selects, or its checksum is another one.
    #[error("a provider that the configuration needs cannot be had")]
    NoProvider {
        /// Terraform's messages: not safe to show before redaction.
        diagnostics: Vec<Diagnostic>,
    },
    /// Another process holds the lock.
    #[error("the state is locked by {}", .0.who)]
    Locked(LockHolder),
    /// The plan is for a state that is no longer the present one.
    #[error("the saved plan is stale")]
    StalePlan,
    /// It was asked to stop and did.
    #[error("interrupted during `{engine} {command}`")]
    Interrupted {
        /// The engine's program.
        engine: String,
        /// The subcommand.
        command: &'static str,
        /// The signal that asked.
        signal: i32,
    },
    /// It ended with an error.
    #[error("{engine} {command} failed")]
    Failed {
        /// The engine's program.
        engine: String,
        /// The subcommand.
        command: &'static str,
        /// Terraform's messages: not safe to show before redaction.
        diagnostics: Vec<Diagnostic>,
        /// The variables of the environment that are set and that it did not see.
        kept_back: Vec<String>,
    },
    /// It ended well and said something that cannot be read.
    #[error("{engine} {command} said something that cannot be read")]
    Unreadable {
        /// The engine's program.
        engine: String,
        /// The subcommand.
        command: &'static str,
    },
    /// The backend does not take a state: it has another one by now, or cannot be written.
    #[error("the state was not pushed: {summary}")]
    NotPushed {
        /// Terraform's own word: not safe to show before redaction.
        summary: String,
    },
    /// There was nowhere to keep what it would say, and it was not started.
    #[error("cannot make temporary files in `{place}`")]
    NoOutput {
        /// The directory.
        place: String,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The first of the engine's own errors, where a command has ended with some: not safe to show
    /// before redaction.
    pub fn said(&self) -> Option<&str> {
        let (Self::Failed { diagnostics, .. } | Self::NoProvider { diagnostics }) = self else {
            return None;
        };
        let first = diagnostics.iter().find(|said| said.severity == Severity::Error)?;
        Some(&first.summary)
    }
}

/// A watcher of events as they come.
pub type Watch<'a> = dyn FnMut(&Event) + 'a;

/// Terraform or OpenTofu.
pub trait Terraform: fmt::Debug {
    /// The word by which a person starts it.
    fn command(&self) -> &str;

    /// The place in which it was found, and why it is this one.
    fn origin(&self) -> Option<&str> {
        None
    }

    /// Whether the state can still show that another one is meant.
    fn is_assumed(&self) -> bool {
        false
    }

    /// The variables of the environment that are set and that its commands do not see.
    fn kept_back(&self) -> &[String] {
        &[]
    }

    /// Those variables, in a line.
    fn not_handed_on(&self) -> Option<String> {
        not_handed_on(self.command(), self.kept_back())
    }

    /// Which of the two, and its version. A version manager decides by files above the directory.
    fn version(&self, directory: &Path) -> Result<EngineVersion, Error>;

    /// The state as the backend holds it; nothing when there is none yet. Takes no lock.
    fn pull(&self, place: &Workplace) -> Result<Option<Vec<u8>>, Error>;

    /// Writes a state to the backend, never by force: it is refused unless its serial is newer than
    /// that of the state there, of the same lineage. A backend without a state takes any.
    fn push(&self, place: &Workplace, state: &Path) -> Result<(), Error>;

    /// Prepares a private copy; the lock file is read-only. `backend_config` gives credentials.
    fn init(&self, place: &Workplace, backend_config: Option<&Path>) -> Result<(), Error>;

    /// Plans and saves the plan; an errored plan is an error.
    fn plan(
        &self,
        place: &Workplace,
        request: &PlanRequest,
        watch: &mut Watch<'_>,
    ) -> Result<(), Error>;

    /// A saved plan as JSON.
    fn show_plan(&self, place: &Workplace, plan: &Path) -> Result<Vec<u8>, Error>;

    /// Applies a saved plan. A failed apply is a report; an error means that it never began.
    fn apply(
        &self,
        place: &Workplace,
        plan: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<AppliedPlan, Error>;
}
