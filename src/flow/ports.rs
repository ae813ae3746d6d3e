//! The world as a use case sees it: the ports, the stack, and the author of its entries.
//!
//! An entry is appended here and nowhere else in `flow`. Deciding is left to the use cases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Error;
use super::configuration::CaptureBounds;
use crate::codec::hcl::encryption::TF_ENCRYPTION;
use crate::codec::record::Nonce;
use crate::engine::hazard::Limits;
use crate::engine::hold::Holding;
use crate::engine::variables::given::GivenValues;
use crate::knowledge::Knowledge;
use crate::model::entry::{Actor, Body, EngineKind, Entry, NewEntry};
use crate::model::secret::Secret;
use crate::model::stack::StackName;
use crate::port::clock::Clock;
use crate::port::interrupt::Interrupt;
use crate::port::progress::Progress;
use crate::port::terraform::Terraform;
use crate::store::{After, Repository};
use crate::terraform::environment::Environment;

/// The outside world that a use case needs.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The store.
    pub repository: &'a Repository,
    /// Terraform or OpenTofu.
    pub terraform: &'a dyn Terraform,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The wish to stop.
    pub interrupt: &'a dyn Interrupt,
    /// The display that is told how far things are.
    pub progress: &'a dyn Progress,
    /// The environment, for git's sake.
    pub environment: &'a Environment,
}

impl std::fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").field("repository", &self.repository).finish_non_exhaustive()
    }
}

impl Ports<'_> {
    /// The engine that would run in a stack's directory, if it says what it is.
    pub(super) fn engine(&self, stack: &Stack) -> Option<EngineKind> {
        self.terraform.version(&stack.root).ok().map(|engine| engine.kind)
    }

    /// The text of `TF_ENCRYPTION` for the engine of a stack: Terraform does not hear it.
    pub(super) fn encryption(&self, stack: &Stack) -> String {
        let said = self.environment.get(TF_ENCRYPTION).map(|value| value.to_string_lossy());
        let said = said.filter(|said| !said.trim().is_empty()).unwrap_or_default();
        if said.is_empty() || self.engine(stack) == Some(EngineKind::Terraform) {
            return String::new();
        }
        said.into_owned()
    }
}

/// Values of variables from outside of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `-var`s and `-var-file`s in Terraform's order.
    pub words: GivenValues,
    /// The values in files that a person gives for what is done now, by the path among the words.
    pub in_given_files: BTreeMap<PathBuf, Vec<(String, Secret<String>)>>,
    /// `TF_VAR_…` by the variable's name.
    pub environment: BTreeMap<String, Secret<String>>,
    /// Variables that a person gives a value for what is done now.
    pub given: BTreeSet<String>,
    /// The values among the words of the wrapped command. They are the configuration's that it
    /// applies; of what is done afterwards they are only today's keys and credentials.
    pub of_command: GivenValues,
}

impl Inputs {
    /// The same with the values of the wrapped command among the words.
    #[must_use]
    pub fn with_command(&self) -> Self {
        Self { words: self.words.clone().chain(self.of_command.clone()), ..self.clone() }
    }

    /// The same with values that rank below the ones that are here.
    #[must_use]
    pub fn above(self, given: GivenValues) -> Self {
        Self { words: given.chain(self.words), ..self }
    }
}

/// One stack, resolved.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name.
    pub name: StackName,
    /// The root module's directory, absolute.
    pub root: PathBuf,
    /// The workspace.
    pub workspace: String,
    /// Values of variables.
    pub inputs: Inputs,
    /// Its limits for reverts, from its settings.
    pub limits: Limits,
    /// How much of its files is captured.
    pub bounds: CaptureBounds,
    /// Its setting for the hold of a revert.
    pub hold: Holding,
    /// The facts about its providers.
    pub knowledge: Knowledge,
    /// How long to wait for Terraform's lock, in seconds.
    pub lock_timeout_seconds: u64,
    /// The directory in which private directories are made.
    pub temporary: PathBuf,
}

impl Stack {
    /// The same, with values that are today's and not meant for what is done now.
    #[must_use]
    pub fn without_given(&self) -> Self {
        let inputs = Inputs { given: BTreeSet::new(), ..self.inputs.clone() };
        Self { inputs, ..self.clone() }
    }

    /// The same, as the wrapped command sees it.
    #[must_use]
    pub fn with_command(&self) -> Self {
        Self { inputs: self.inputs.with_command(), ..self.clone() }
    }

    /// The directory with its providers and modules: a stack with another one is refused.
    pub fn data_directory(&self) -> PathBuf {
        self.root.join(".terraform")
    }
}

/// The author of entries, with the reason for them.
#[derive(Debug, Clone)]
pub struct Author {
    /// The person or job, its machine and its process.
    pub actor: Actor,
    /// The tool and its version.
    pub tool: String,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// The ticket it belongs to.
    pub ticket: Option<String>,
}

/// One author's work on one stack.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The world.
    pub ports: &'a Ports<'a>,
    /// The stack.
    pub stack: &'a Stack,
    /// The author, with the reason.
    pub author: &'a Author,
}

impl<'a> Job<'a> {
    /// Puts the three together.
    pub fn new(ports: &'a Ports<'a>, stack: &'a Stack, author: &'a Author) -> Self {
        Self { ports, stack, author }
    }

    /// The same work, with other words of its author.
    pub(crate) fn by<'b>(&self, author: &'b Author) -> Job<'b>
    where
        'a: 'b,
    {
        Job { author, ..*self }
    }

    /// The log of the stack.
    pub(crate) fn log(&self) -> Result<Vec<Entry>, Error> {
        Ok(self.ports.repository.log(&self.stack.name)?)
    }

    /// Records a fact of the stack; on return it is durable.
    pub(crate) fn record(&self, after: After, body: Body) -> Result<Entry, Error> {
        Ok(self.ports.repository.append(&self.stack.name, self.entry(body), after)?)
    }

    /// Records a fact that may have been recorded before under the same nonce, and was not
    /// acknowledged.
    pub(crate) fn record_once(&self, nonce: Nonce, body: Body) -> Result<Entry, Error> {
        let entry = self.entry(body);
        Ok(self.ports.repository.append_once(&self.stack.name, entry, After::Any, nonce)?)
    }

    fn entry(&self, body: Body) -> NewEntry {
        NewEntry {
            time: self.ports.clock.now(),
            actor: self.author.actor.clone(),
            tool: self.author.tool.clone(),
            reason: self.author.reason.clone(),
            ticket: self.author.ticket.clone(),
            body,
        }
    }
}

impl Ports<'_> {
    /// Stops before the next step if a signal has asked for it.
    pub(crate) fn check_interrupt(&self, before: &'static str) -> Result<(), Error> {
        match self.interrupt.requested() {
            None => Ok(()),
            Some(signal) => Err(Error::Interrupted { before, signal }),
        }
    }
}
