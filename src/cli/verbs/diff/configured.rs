//! The configurations behind two states: what is known of each, and what differs.
//!
//! A configuration that is not known is reported, and does not stop the diff of the states. With
//! `--only config` it does.

use super::{Context, Session};
use crate::cli::args::{DiffArguments as Arguments, DiffPart};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::verbs::side::StateSide;
use crate::codec::hcl::Configuration;
use crate::engine::configuration::{ConfigurationDiff, Configured, configuration_diff};
use crate::engine::redact::Redactor;
use crate::flow::recorded::load_configuration;
use crate::flow::redaction::with_configuration;
use crate::flow::{Error, snapshot};
use crate::model::configuration::LockedProvider;
use crate::model::entry::EngineKind;
use crate::model::word::Word as _;

/// The comparison of two configurations.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// The differences.
    pub diff: ConfigurationDiff,
    /// Why they could not be compared as a whole, if they could not.
    pub problem: Option<String>,
}

impl Compared {
    /// Whether nothing differs of what was asked for. Without a question a configuration is shown,
    /// and does not count.
    pub(super) fn is_empty_for(&self, only: Option<DiffPart>) -> bool {
        match only {
            Some(DiffPart::Config) => self.diff.files.is_empty() && self.diff.variables.is_empty(),
            Some(DiffPart::Providers) => self.diff.tools.is_empty(),
            Some(DiffPart::State | DiffPart::Outputs) | None => true,
        }
    }
}

/// One configuration.
struct KnownConfiguration {
    configuration: Option<Configuration>,
    providers: Vec<LockedProvider>,
    /// The engine that it was applied or captured with.
    engine: Option<EngineKind>,
    problem: Option<ConfigurationProblem>,
}

/// Why a configuration is not known.
enum ConfigurationProblem {
    /// It is a state file, which is said only to a person who asked for the configurations.
    IsFile,
    /// Another reason.
    Said(String),
}

/// The configurations of two sides, as far as they are known; none where they are not asked for.
#[derive(Default)]
pub(super) struct BothConfigurations(Option<[KnownConfiguration; 2]>);

impl BothConfigurations {
    /// Loads them, if they are asked for.
    pub(super) fn load(
        session: &Session,
        context: Option<&Context>,
        arguments: &Arguments,
        sides: [&StateSide; 2],
    ) -> Self {
        let is_asked =
            matches!(arguments.only, None | Some(DiffPart::Config | DiffPart::Providers));
        if !is_asked || arguments.resource.is_some() {
            return Self::default();
        }
        let mut both = sides.map(|side| known(session, context, side));
        let digest = |side: &StateSide| {
            let (_, snapshot) = side.snapshot.as_ref()?;
            Some(snapshot.configuration.as_ref()?.digest)
        };
        let [before, after] = sides.map(digest);
        if before.is_some() && before == after {
            for known in &mut both {
                known.configuration = None;
            }
        }
        Self(Some(both))
    }

    /// The same redactor with what these configurations call secret.
    pub(super) fn teach(&self, redactor: Redactor) -> Redactor {
        let known = self.0.iter().flatten();
        known.filter_map(|known| known.configuration.as_ref()).fold(redactor, with_configuration)
    }

    /// Compares them, and the tools that wrote the states.
    pub(super) fn compare(
        &self,
        arguments: &Arguments,
        writers: [&str; 2],
        redactor: &Redactor,
    ) -> Result<Compared, Failure> {
        let Some(both) = &self.0 else { return Ok(Compared::default()) };
        let problem = match both.iter().find_map(|known| known.problem.as_ref()) {
            Some(problem) if arguments.only == Some(DiffPart::Config) => {
                return Err(unknown_configuration(problem));
            }
            Some(ConfigurationProblem::Said(problem)) => Some(problem.clone()),
            Some(ConfigurationProblem::IsFile) | None => None,
        };
        let [before, after] = both;
        // A state tells the version of its writer alone.
        let tool = |known: &KnownConfiguration, writer: &str| match known.engine {
            Some(engine) => format!("{} {writer}", engine.name()),
            None => format!("engine {writer}"),
        };
        let [old_writer, new_writer] = writers;
        let (old_tool, new_tool) = (tool(before, old_writer), tool(after, new_writer));
        let mut diff =
            configuration_diff(&before.with_tool(&old_tool), &after.with_tool(&new_tool), redactor);
        match arguments.only {
            Some(DiffPart::Config) => diff.tools.clear(),
            Some(DiffPart::Providers) => {
                diff.files.clear();
                diff.variables.clear();
            }
            Some(DiffPart::State | DiffPart::Outputs) | None => {}
        }
        Ok(Compared { diff, problem })
    }
}

impl KnownConfiguration {
    fn with_tool<'k>(&'k self, tool: &'k str) -> Configured<'k> {
        let bundle = self.configuration.as_ref().map(Configuration::bundle);
        Configured { bundle, tool: Some(tool), providers: &self.providers }
    }
}

fn unknown_configuration(problem: &ConfigurationProblem) -> Failure {
    let failure = match problem {
        ConfigurationProblem::IsFile => {
            Failure::new(Exit::Usage, "a state file has no configuration".to_owned())
        }
        ConfigurationProblem::Said(problem) => Failure::new(Exit::NoRevision, problem.clone()),
    };
    failure.not_done("the configurations were not compared").next("unapply diff")
}

fn known(session: &Session, context: Option<&Context>, side: &StateSide) -> KnownConfiguration {
    let unknown = |problem: ConfigurationProblem| KnownConfiguration {
        configuration: None,
        providers: Vec::new(),
        engine: None,
        problem: Some(problem),
    };
    let said = |error: Error| ConfigurationProblem::Said(Failure::from(error).what().to_owned());
    let Some(Context { opened, stack, .. }) = context else {
        return unknown(ConfigurationProblem::IsFile);
    };
    if let Some((revision, snapshot)) = &side.snapshot {
        let engine = snapshot.engine.as_ref().map(|engine| engine.kind);
        let Some(configuration) = &snapshot.configuration else {
            let problem = format!("the configuration of {revision} is not known");
            return KnownConfiguration { engine, ..unknown(ConfigurationProblem::Said(problem)) };
        };
        let providers = configuration.providers.clone();
        return match load_configuration(&session.ports(opened, stack), *revision, snapshot) {
            Ok(configuration) => {
                let configuration = Some(configuration);
                KnownConfiguration { configuration, providers, engine, problem: None }
            }
            Err(error) => KnownConfiguration { providers, engine, ..unknown(said(error)) },
        };
    }
    if !side.is_live() {
        return unknown(ConfigurationProblem::IsFile);
    }
    let ports = session.ports(opened, stack);
    match snapshot::present_configuration(&ports, stack) {
        Ok(captured) => KnownConfiguration {
            engine: ports.terraform.version(&stack.root).ok().map(|engine| engine.kind),
            configuration: Some(Configuration::read(captured.bundle, captured.engine)),
            providers: captured.providers,
            problem: None,
        },
        Err(error) => unknown(said(error)),
    }
}
