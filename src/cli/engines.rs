//! The engine of each stack: which program it is, and why. Found once a command.
//!
//! A program that a flag or the settings name is taken, then that of the wrapped command, then the
//! one that the stack's own files or its log tell of, and Terraform before OpenTofu where nothing
//! does. Of a named program and the wrapped one that are not the same engine the wrapped one counts:
//! it is what changes the world.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use elsa::FrozenMap;

use super::output::inert;
use super::settings::Settings;
use super::verbs::Session;
use crate::engine::good::snapshots;
use crate::engine::stack_engine::{EngineSign, told};
use crate::engine::variables::given::program_in;
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

/// The engines of a command's stacks.
pub(super) struct Engines {
    /// The program that a flag or the settings name.
    named: Option<String>,
    /// The words of the wrapped command, and the directory in which it runs.
    wrapped: Option<(Vec<String>, PathBuf)>,
    rules: EnvironmentRules,
    found: FrozenMap<PathBuf, Box<dyn Terraform>>,
}

impl Engines {
    /// Finds none yet.
    pub(super) fn new(settings: &Settings) -> Self {
        let named = settings.tf_bin.clone().filter(|name| name != "auto");
        let (wrapped, rules) = (None, settings.environment.clone());
        Self { named, wrapped, rules, found: FrozenMap::new() }
    }

    /// Looks at the words of the command that is wrapped, too.
    pub(super) fn of_command(&mut self, words: Vec<String>, directory: &Path) {
        self.wrapped = Some((words, directory.to_owned()));
    }

    /// Whether a flag or the settings name the program.
    pub(super) fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// The engine of a stack.
    pub(super) fn of<'a>(
        &'a self,
        session: &Session,
        repository: &Repository,
        stack: &Stack,
    ) -> &'a dyn Terraform {
        if let Some(found) = self.found.get(&stack.root) {
            session.output.set_engine(found.command());
            return found;
        }
        let chosen = self.choose(session, repository, stack);
        session.output.set_engine(chosen.command());
        if let Some(origin) = chosen.origin() {
            session.output.whisper(&format!("{}: {}\n", chosen.command(), inert(origin)));
        }
        self.found.insert(stack.root.clone(), chosen)
    }

    /// Takes another one from now on.
    pub(super) fn replace(&mut self, session: &Session, stack: &Stack, engine: Cli) {
        session.output.set_engine(engine.command());
        self.found.as_mut().insert(stack.root.clone(), Box::new(engine));
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
        repository: &Repository,
        stack: &Stack,
    ) -> Box<dyn Terraform> {
        let named = self.named.as_deref().map(|name| {
            let program = locate::named(&session.world.environment, name);
            program
                .map(|program| self.at(session, program).because("it is named"))
                .map_err(|searched| Absent::new(name, searched))
        });
        let wrapped = self.wrapped_program(session);
        let wrapped =
            wrapped.map(|program| self.at(session, program).because("the command runs it"));
        let kind = |engine: &Cli| engine.version(&stack.root).map(|version| version.kind);
        match (named, wrapped) {
            (Some(Err(absent)), _) => Box::new(absent),
            (Some(Ok(named)), Some(wrapped)) => match (kind(&named), kind(&wrapped)) {
                (Ok(ours), Ok(theirs)) if ours != theirs => Box::new(wrapped),
                _ => Box::new(named),
            },
            (Some(Ok(engine)), None) | (None, Some(engine)) => Box::new(engine),
            (None, None) => self.by_signs(session, repository, stack),
        }
    }

    /// The engine that the stack's files and its log tell of, as far as it is on this machine.
    fn by_signs(
        &self,
        session: &Session,
        repository: &Repository,
        stack: &Stack,
    ) -> Box<dyn Terraform> {
        let environment = &session.world.environment;
        let on_path = |kind: EngineKind| locate::on_path(environment, kind.command());
        let (terraform, tofu) = (on_path(EngineKind::Terraform), on_path(EngineKind::OpenTofu));
        let at = |program| self.at(session, program);
        let Some(terraform) = terraform else {
            return match tofu {
                Some(tofu) => Box::new(at(tofu).because("there is no terraform on PATH")),
                None => Box::new(Absent::new("terraform", "terraform, tofu on PATH".to_owned())),
            };
        };
        let recorded = || {
            let log = tofu.as_ref().and_then(|_| repository.log(&stack.name).ok())?;
            let engines = snapshots(&log).rev().find_map(|(_, snapshot)| snapshot.engine.clone());
            engines.map(|engine| engine.kind)
        };
        let told = told(&signs(&stack.root, &stack.workspace, environment), recorded);
        let terraform = at(terraform);
        match (told, tofu) {
            (Some((EngineKind::OpenTofu, sign)), Some(tofu)) => {
                Box::new(at(tofu).because(&says(sign)))
            }
            (Some((EngineKind::OpenTofu, sign)), None) if sign.is_binding() => {
                // It may be OpenTofu under the other's name.
                match terraform.version(&stack.root) {
                    Ok(version) if version.kind == EngineKind::Terraform => {
                        let why = format!("{}, and none is on PATH", says(sign));
                        Box::new(Absent::new("tofu", why))
                    }
                    _ => Box::new(terraform.because(&says(sign))),
                }
            }
            (Some((EngineKind::Terraform, sign)), _) => Box::new(terraform.because(&says(sign))),
            _ => Box::new(terraform),
        }
    }

    /// The program that the wrapped command names.
    fn wrapped_program(&self, session: &Session) -> Option<PathBuf> {
        let (words, directory) = self.wrapped.as_ref()?;
        let name = program_in(words)?;
        let name =
            if name.contains('/') { directory.join(name).display().to_string() } else { name };
        locate::named(&session.world.environment, &name).ok()
    }
}

fn says(sign: EngineSign) -> String {
    format!("{} says so", sign.name())
}
