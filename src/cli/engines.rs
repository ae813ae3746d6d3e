//! The engine of each stack: which program it is, and why. Found once a command.
//!
//! A program that a flag or the settings name is taken, then that of the wrapped command, then the
//! one that the stack's own files or its log tell of, and Terraform before OpenTofu where nothing
//! does. Of a named program and the wrapped one that are not the same engine the wrapped one counts:
//! it is what changes the world. The session keeps the wrapped command, so that a verb that follows
//! it chooses the same engine.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use elsa::FrozenMap;

use super::output::inert;
use super::settings::Settings;
use super::verbs::Session;
use crate::engine::engine_call::engine_called;
use crate::engine::good::snapshots;
use crate::engine::stack_engine::{EngineSign, EngineSigns, is_settled, told};
use crate::flow::ports::Stack;
use crate::model::entry::EngineKind;
use crate::model::word::Word as _;
use crate::port::terraform::Terraform;
use crate::store::Repository;
use crate::terraform::absent::Absent;
use crate::terraform::command::Cli;
use crate::terraform::directory::signs::signs;
use crate::terraform::environment::{EnvironmentRules, handed_on};
use crate::terraform::locate;

/// The command that is wrapped.
#[derive(Debug, Clone)]
pub(super) struct WrappedCommand {
    /// Its words.
    pub words: Vec<String>,
    /// The directory in which it runs.
    pub directory: PathBuf,
}

/// The engines of a command's stacks.
pub(super) struct Engines {
    /// The program that a flag or the settings name.
    named: Option<String>,
    rules: EnvironmentRules,
    /// How often the stacks have been looked at anew.
    looks: Cell<u32>,
    found: FrozenMap<(u32, PathBuf), Box<dyn Terraform>>,
}

impl Engines {
    /// Finds none yet.
    pub(super) fn new(settings: &Settings) -> Self {
        let named = settings.tf_bin.clone().filter(|name| name != "auto");
        let rules = settings.environment.clone();
        Self { named, rules, looks: Cell::new(0), found: FrozenMap::new() }
    }

    /// Looks again from now on: a command may have left signs that were not there.
    pub(super) fn look_again(&self) {
        self.looks.update(|looks| looks + 1);
    }

    /// Whether a flag or the settings name the program.
    pub(super) fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// The engine of a stack. Its log is asked, if there is one.
    pub(super) fn of<'a>(
        &'a self,
        session: &Session,
        repository: Option<&Repository>,
        stack: &Stack,
    ) -> &'a dyn Terraform {
        let key = (self.looks.get(), stack.root.clone());
        if let Some(found) = self.found.get(&key) {
            session.output.set_engine(found.command());
            return found;
        }
        let chosen = self.choose(session, repository, stack);
        session.output.set_engine(chosen.command());
        if let Some(origin) = chosen.origin() {
            session.output.whisper(&format!("{}: {}\n", chosen.command(), inert(origin)));
        }
        self.found.insert(key, chosen)
    }

    /// Takes another one from now on.
    pub(super) fn replace(&mut self, session: &Session, stack: &Stack, engine: Cli) {
        session.output.set_engine(engine.command());
        let key = (self.looks.get(), stack.root.clone());
        self.found.as_mut().insert(key, Box::new(engine));
    }

    /// An engine that was found somewhere.
    pub(super) fn at(&self, session: &Session, program: PathBuf) -> Cli {
        let world = &session.world;
        let handed_on = handed_on(&world.environment, &self.rules, &world.directory);
        Cli::new(program, handed_on, Rc::new(session.signals.clone()))
            .with_cache(world.own_directory("XDG_CACHE_HOME", ".cache"))
    }

    /// The engine, or something that says that there is none when it is needed.
    fn choose(
        &self,
        session: &Session,
        repository: Option<&Repository>,
        stack: &Stack,
    ) -> Box<dyn Terraform> {
        let named = self.named.as_deref().map(|name| {
            let program = locate::named(&session.world.environment, name);
            program
                .map(|program| self.at(session, program).because("it is named"))
                .map_err(|searched| Absent::new(name, searched))
        });
        let called = session.wrapped().and_then(|command| self.called(session, command));
        let kind = |engine: &Cli| engine.version(&stack.root).map(|version| version.kind);
        let (certain, guessed) = match called {
            Some((engine, true)) => (Some(engine.because("the command runs it")), None),
            Some((engine, false)) => (None, kind(&engine).ok()),
            None => (None, None),
        };
        match (named, certain) {
            (Some(Err(absent)), _) => Box::new(absent),
            (Some(Ok(named)), Some(certain)) => match (kind(&named), kind(&certain)) {
                (Ok(ours), Ok(theirs)) if ours != theirs => Box::new(certain),
                _ => Box::new(named),
            },
            (Some(Ok(engine)), None) | (None, Some(engine)) => Box::new(engine),
            (None, None) => self.by_signs(session, repository, stack, guessed),
        }
    }

    /// The engine that the stack's files and its log tell of, as far as it is on this machine.
    fn by_signs(
        &self,
        session: &Session,
        repository: Option<&Repository>,
        stack: &Stack,
        guessed: Option<EngineKind>,
    ) -> Box<dyn Terraform> {
        let environment = &session.world.environment;
        let program = |kind: EngineKind| locate::on_path(environment, kind.command());
        let has_both = EngineKind::ALL.into_iter().all(|kind| program(kind).is_some());
        let recorded = || {
            let log = repository.filter(|_| has_both)?.log(&stack.name).ok()?;
            let engines = snapshots(&log).rev().find_map(|(_, snapshot)| snapshot.engine.clone());
            engines.map(|engine| engine.kind)
        };
        let found = signs(&stack.root, &stack.workspace, environment);
        let told = told(&EngineSigns { guessed, ..found }, recorded);
        let (kind, sign) = match told {
            Some((kind, sign)) => (kind, Some(sign)),
            None => (EngineKind::Terraform, None),
        };
        let is_settled = sign.is_some_and(|sign| is_settled(kind, sign));
        let at = |program| {
            let engine = self.at(session, program);
            if is_settled { engine } else { engine.assumed() }
        };
        if let Some(program) = program(kind) {
            return Box::new(sign.into_iter().fold(at(program), |e, sign| e.because(&says(sign))));
        }
        let Some(other) = EngineKind::ALL.into_iter().find_map(program) else {
            return Box::new(Absent::new(kind.command(), "terraform, tofu on PATH".to_owned()));
        };
        let other = at(other);
        // It may be the one that is meant, under the other's name.
        let is_it = || other.version(&stack.root).is_ok_and(|version| version.kind == kind);
        match sign {
            Some(sign) if sign.is_binding() && !is_it() => {
                let why = format!("{}, and none is on PATH", says(sign));
                Box::new(Absent::new(kind.command(), why).beside(other.command()))
            }
            _ => Box::new(other.because(&format!("there is no {} on PATH", kind.command()))),
        }
    }

    /// The engine that a command calls, and whether that is certain.
    fn called(&self, session: &Session, command: &WrappedCommand) -> Option<(Cli, bool)> {
        let call = engine_called(&command.words)?;
        let environment = &session.world.environment;
        let directory = call.starts_in(&command.directory);
        let program = locate::started_in(environment, &directory, &call.program)?;
        Some((self.at(session, program), call.is_certain))
    }
}

fn says(sign: EngineSign) -> String {
    format!("{} says so", sign.name())
}
