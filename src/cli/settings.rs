//! Flags, environment and files, resolved once into plain values.
//!
//! Precedence: flag, `UNAPPLY_*`, project file, user file, default. After this no code asks where a
//! value came from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::args::{Global, When};
use super::config::{self, Config};
use super::environment::{StreamKind, World};
use super::exit::Exit;
use super::failure::Failure;
use super::fingerprints::{KeySource, placeholder};
use super::output::{Paint, Screens, Talk};
use super::place::StorePlace;
use crate::codec::bundle::BYTES_MAX;
use crate::codec::hcl;
use crate::engine::hazard::Limits;
use crate::engine::hold::Holding;
use crate::engine::variables::given::{GivenValue, GivenValues, state_in_text};
use crate::flow::configuration::CaptureBounds;
use crate::flow::ports::{Author, Inputs, Stack};
use crate::knowledge::Knowledge;
use crate::model::entry::Actor;
use crate::model::pattern::Pattern;
use crate::model::secret::Secret;
use crate::terraform::check::{Probe, StackCheck};
use crate::terraform::directory;
use crate::terraform::environment::{EnvironmentRules, is_forbidden};
use crate::terraform::liveness::own_start;

/// The tool and its version, as records name it.
pub(super) const TOOL: &str = concat!("unapply ", env!("CARGO_PKG_VERSION"));

/// Everything that was resolved.
#[derive(Debug)]
pub(super) struct Settings {
    /// The place of the store.
    pub store: StorePlace,
    /// The settings file of the project, if there is one.
    pub project: Option<PathBuf>,
    /// The directory in which a new settings file would be written.
    pub base: PathBuf,
    /// `auto`, a name, or a path.
    pub tf_bin: Option<String>,
    /// Rules for the environment that children see.
    pub environment: EnvironmentRules,
    /// The stack's own checks.
    pub checks: Vec<StackCheck>,
    /// The author of entries.
    pub author: Author,
    /// The source of the key of fingerprints.
    pub key: KeySource,
    /// Knowledge about providers, with what the files add.
    pub knowledge: Knowledge,
    bounds: CaptureBounds,
    limits: Limits,
    hold: Holding,
    lock_timeout_seconds: u64,
    stacks: Vec<config::StackSettings>,
    inputs: Inputs,
    workspace: Option<String>,
    /// `TF_DATA_DIR`, which names another directory than `.terraform`.
    data_directory: Option<PathBuf>,
    /// The variable of `TF_CLI_ARGS*` that names the file of a state, and its word.
    state_argument: Option<(String, String)>,
    /// `TF_WORKSPACE`, which never reaches Terraform.
    unread_workspace: Option<String>,
    temporary: PathBuf,
}

/// Which stacks a command is for.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// `--stack` patterns.
    pub patterns: Vec<Pattern>,
    /// `--all`.
    pub everything: Everything,
}

/// Whether all stacks are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Everything {
    /// `--all` was given.
    Asked,
    /// The command is for one stack.
    One,
}

impl Selection {
    /// Reads the selection from the flags.
    pub(super) fn of(global: &Global) -> Self {
        let everything = if global.all { Everything::Asked } else { Everything::One };
        Self { patterns: global.stack.iter().map(Pattern::new).collect(), everything }
    }
}

/// Resolves colours and talk; this never fails, so that errors can be shown.
pub(super) fn output(global: &Global, world: &World) -> Screens {
    let paint = |stream: StreamKind| {
        let wanted = match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto if world.raw("NO_COLOR").is_some() => false,
            When::Auto if world.text("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            When::Auto => stream == StreamKind::Terminal && world.text("TERM") != Some("dumb"),
        };
        if wanted { Paint::Colours } else { Paint::Plain }
    };
    let talk = match (global.quiet, global.verbose) {
        (true, _) => Talk::Quiet,
        (false, true) => Talk::Verbose,
        (false, false) => Talk::Usual,
    };
    Screens::new(paint(world.terminals.output), paint(world.terminals.error), talk)
}

impl Settings {
    /// Resolves everything but the stack. `root` stands in for the working directory when the
    /// configuration lies elsewhere (`--config-dir`).
    pub(super) fn resolve(
        global: &Global,
        world: &World,
        root: Option<&Path>,
    ) -> Result<Self, Failure> {
        let chdir = global.chdir.as_deref().map(|dir| world.directory.join(dir));
        let base = chdir.unwrap_or_else(|| world.directory.clone());
        let base = root.map_or_else(|| base.clone(), |root| base.join(root));
        let base = std::fs::canonicalize(&base).map_err(|error| {
            Failure::new(Exit::Usage, format!("no directory `{}`", base.display()))
                .caused_by(&error)
        })?;
        let given = global.config.as_ref().map(|path| world.directory.join(path));
        let project = given.or_else(|| config::find(&base));
        let config = project.as_deref().map_or_else(|| Ok(Config::default()), config::read)?;
        let user = user_config(world)?;
        let beside = project.as_deref().and_then(Path::parent).unwrap_or(&base).to_owned();
        let pick = |own: Option<String>, users: Option<String>| own.or(users);
        let key = config.redaction.key.or(user.redaction.key);
        let environment = environment_rules(
            config.terraform.env_pass.or(user.terraform.env_pass),
            config.terraform.env_block.or(user.terraform.env_block),
            key.as_deref(),
        )?;
        Ok(Self {
            store: store(global, world, config.store, user.store, &beside)?,
            tf_bin: global.tf_bin.clone().or(pick(config.terraform.bin, user.terraform.bin)),
            environment,
            checks: checks(config.good.checks.or(user.good.checks))?,
            key: KeySource::of(key.as_deref(), world, &beside)?,
            knowledge: Knowledge::builtin()
                .with_overrides(user.provider)
                .with_overrides(config.provider),
            hold: holding(config.revert.hold_for.as_ref().or(user.revert.hold_for.as_ref()))?,
            bounds: bounds(&config.snapshot, &user.snapshot)?,
            limits: limits(config.revert, user.revert),
            author: author(global, world),
            lock_timeout_seconds: seconds(global.lock_timeout.as_deref().unwrap_or("60s"))?,
            stacks: config.stack,
            inputs: inputs(global, world)?,
            workspace: global.workspace.clone(),
            data_directory: world
                .text("TF_DATA_DIR")
                .filter(|place| !place.is_empty())
                .map(PathBuf::from),
            state_argument: state_argument(world),
            unread_workspace: world.text("TF_WORKSPACE").map(str::to_owned),
            temporary: world.text("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from),
            project,
            base,
        })
    }

    /// The stacks that a command is for.
    pub(super) fn select(&self, selection: &Selection) -> Result<Vec<Stack>, Failure> {
        if self.stacks.is_empty() {
            return self.implicit().map(|stack| vec![stack]);
        }
        let fits = |stack: &&config::StackSettings| {
            selection.patterns.iter().any(|pattern| pattern.matches(&stack.name))
        };
        let chosen: Vec<&config::StackSettings> = match selection.everything {
            Everything::Asked => self.stacks.iter().collect(),
            Everything::One if !selection.patterns.is_empty() => {
                self.stacks.iter().filter(fits).collect()
            }
            Everything::One => self.nearby()?,
        };
        if chosen.is_empty() {
            let names: Vec<&str> = self.stacks.iter().map(|stack| stack.name.as_str()).collect();
            return Err(Failure::new(Exit::Usage, "no stack fits".to_owned())
                .now(format!("unapply.toml has {}", names.join(", ")))
                .next("unapply status --all"));
        }
        chosen.into_iter().map(|stack| self.stack(stack)).collect()
    }

    /// The one stack that a command is for.
    pub(super) fn select_one(&self, selection: &Selection) -> Result<Stack, Failure> {
        let mut stacks = self.select(selection)?;
        match (stacks.pop(), stacks.is_empty()) {
            (Some(stack), true) => Ok(stack),
            (last, _) => {
                stacks.extend(last);
                let names: Vec<&str> = stacks.iter().map(|stack| stack.name.as_str()).collect();
                Err(Failure::new(Exit::Usage, "this is for one stack at a time".to_owned())
                    .now(format!("{} fit: {}", names.len(), names.join(", ")))
                    .next("unapply --stack NAME …"))
            }
        }
    }

    /// Without a name: the stack of this directory, or the only one, or all of them.
    fn nearby(&self) -> Result<Vec<&config::StackSettings>, Failure> {
        let here: Vec<&config::StackSettings> =
            self.stacks.iter().filter(|stack| self.root_of(stack) == self.base).collect();
        if !here.is_empty() {
            return Ok(here);
        }
        // Terraform would work on the state of this directory, and not on that of a stack above.
        let traces = [".terraform", "terraform.tfstate"];
        match (traces.iter().any(|trace| self.base.join(trace).exists()), &self.project) {
            (true, Some(project)) => {
                let what = format!("no stack has the directory {}", self.base.display());
                let names: Vec<&str> = self.stacks.iter().map(|s| s.name.as_str()).collect();
                Err(Failure::new(Exit::Usage, what)
                    .now(format!("{} has {}", project.display(), names.join(", ")))
                    .next(format!(
                        "add a [[stack]] with its `name` and `dir` to {}",
                        project.display()
                    ))
                    .next("unapply --stack NAME …   (for one of the others)"))
            }
            _ => Ok(self.stacks.iter().collect()),
        }
    }

    fn root_of(&self, stack: &config::StackSettings) -> PathBuf {
        let beside = self.project.as_deref().and_then(Path::parent).unwrap_or(&self.base);
        let root = stack.dir.as_ref().map_or_else(|| beside.to_owned(), |dir| beside.join(dir));
        std::fs::canonicalize(&root).unwrap_or(root)
    }

    fn stack(&self, stack: &config::StackSettings) -> Result<Stack, Failure> {
        let root = self.root_of(stack);
        let files = stack.var_files.iter().cloned().map(GivenValue::File).collect();
        let inputs = self.inputs.clone().above(GivenValues(files));
        self.built(&stack.name, root, stack.workspace.clone(), inputs)
    }

    /// Without a settings file the directory itself is the stack.
    fn implicit(&self) -> Result<Stack, Failure> {
        let is_configuration = |name: &str| hcl::Syntax::of(name).is_some();
        let has_any = std::fs::read_dir(&self.base).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(is_configuration))
        });
        if !has_any {
            let what = format!("no stack here: no *.tf in `{}`", self.base.display());
            return Err(Failure::new(Exit::Usage, what)
                .now("and no unapply.toml upwards".to_owned())
                .next("unapply -C DIR status"));
        }
        let name = self.base.file_name().map(|name| name.to_string_lossy().into_owned());
        let fitting = |c: char| {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '-' }
        };
        let name: String = name.as_deref().unwrap_or("stack").chars().map(fitting).collect();
        let name = name.trim_start_matches(['-', '.']);
        let name = if name.is_empty() { "stack" } else { name };
        self.built(name, self.base.clone(), None, self.inputs.clone())
    }

    fn built(
        &self,
        name: &str,
        root: PathBuf,
        workspace: Option<String>,
        inputs: Inputs,
    ) -> Result<Stack, Failure> {
        let name = name.parse().map_err(|error| {
            Failure::new(Exit::Usage, "a stack's name".to_owned()).caused_by(&error)
        })?;
        if let Some(place) =
            self.data_directory.as_ref().filter(|place| root.join(place) != root.join(".terraform"))
        {
            // Another backend and another workspace may be selected there.
            let what = format!("TF_DATA_DIR is `{}`, and it is not followed", place.display());
            return Err(Failure::new(Exit::Usage, what)
                .now("nothing was read: another state may be meant than the one of .terraform")
                .next_with_engine(
                    "env -u TF_DATA_DIR ",
                    "init, then: env -u TF_DATA_DIR unapply …",
                ));
        }
        if let Some((name, word)) = &self.state_argument {
            let what = format!("{name} has `{word}`, and it is not followed");
            return Err(Failure::new(Exit::Usage, what)
                .now("nothing was read: commands work on another state than the backend's")
                .next(format!(
                    "env -u {name} unapply …   (after: name that state in the backend's \
                     configuration)"
                )));
        }
        let selected = || directory::selected_workspace(&root);
        let workspace = match (self.workspace.clone().or(workspace), &self.unread_workspace) {
            (Some(workspace), _) => workspace,
            // Whoever relies on it is told instead of being sent to another state.
            (None, Some(wanted)) => {
                let what = format!("TF_WORKSPACE is `{wanted}`, and it is not followed");
                return Err(
                    Failure::new(Exit::Usage, what).next(format!("unapply --workspace {wanted} …"))
                );
            }
            (None, None) => {
                selected().map_err(|error| Failure::from(crate::flow::Error::from(error)))?
            }
        };
        Ok(Stack {
            name,
            workspace,
            inputs,
            limits: self.limits.clone(),
            bounds: self.bounds,
            hold: self.hold,
            knowledge: self.knowledge.clone(),
            lock_timeout_seconds: self.lock_timeout_seconds,
            temporary: self.temporary.clone(),
            root,
        })
    }
}

fn user_config(world: &World) -> Result<Config, Failure> {
    let home = || world.text("HOME").map(|home| Path::new(home).join(".config"));
    let directory = world.text("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let path = directory.map(|directory| directory.join("unapply/config.toml"));
    match path.filter(|path| path.is_file()) {
        None => Ok(Config::default()),
        Some(path) => Ok(config::read(&path)?),
    }
}

fn store(
    global: &Global,
    world: &World,
    project: config::Store,
    user: config::Store,
    beside: &Path,
) -> Result<StorePlace, Failure> {
    let settings = config::Store {
        url: project.url.or(user.url),
        region: project.region.or(user.region),
        endpoint: project.endpoint.or(user.endpoint),
        path_style: project.path_style.or(user.path_style),
        instance_metadata: project.instance_metadata.or(user.instance_metadata),
        timeout: project.timeout.or(user.timeout),
    };
    let (url, relative_to) = match (&global.store, &settings.url) {
        (Some(url), _) => (url.as_str(), world.directory.as_path()),
        (None, Some(url)) => (url.as_str(), beside),
        (None, None) => ("./.unapply", beside),
    };
    StorePlace::of(url, relative_to, &settings, world)
}

/// Makes the rules for the environment that children see.
fn environment_rules(
    pass: Option<Vec<String>>,
    block: Option<Vec<String>>,
    key: Option<&str>,
) -> Result<EnvironmentRules, Failure> {
    let pass = pass.unwrap_or_default();
    if let Some(name) = pass.iter().find(|name| is_forbidden(name)) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`terraform.env_pass` names `{name}`, which no child may see"),
        ));
    }
    let key = key.and_then(placeholder).filter(|(kind, _)| *kind == "env").map(|(_, name)| name);
    let patterns = |names: Vec<String>| names.into_iter().map(Pattern::new).collect();
    Ok(EnvironmentRules {
        pass: patterns(pass),
        block: patterns(block.unwrap_or_default()),
        keys: key.map(str::to_owned).into_iter().collect(),
    })
}

fn checks(checks: Option<Vec<config::CheckSettings>>) -> Result<Vec<StackCheck>, Failure> {
    let Some(checks) = checks else { return Ok(Vec::new()) };
    let (mut found, mut named) = (Vec::new(), Vec::new());
    for check in checks {
        match check {
            config::CheckSettings::Named(name) => named.push(name),
            config::CheckSettings::Command(command) => {
                let timeout_seconds = seconds(command.timeout.as_deref().unwrap_or("2m"))?;
                found.push(StackCheck { probe: Probe::Command(command.command), timeout_seconds });
            }
            config::CheckSettings::Http(http) => {
                let timeout_seconds = seconds(http.timeout.as_deref().unwrap_or("10s"))?;
                let probe = address(http.http, http.expect.unwrap_or(200))?;
                found.push(StackCheck { probe, timeout_seconds });
            }
        }
    }
    if named.contains(&config::NamedCheck::PlanEmpty) {
        return Ok(found);
    }
    Err(Failure::new(Exit::Usage, "`good.checks` leaves out `plan-empty`".to_owned())
        .now("a snapshot is never called verified without a plan".to_owned()))
}

/// An address that can be asked. Credentials do not belong into it: it stands in the log.
fn address(url: String, expect: u16) -> Result<Probe, Failure> {
    let parsed: Option<http::Uri> = url.parse().ok();
    let is_known = |uri: &http::Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = parsed.filter(is_known).and_then(|uri| uri.authority().cloned());
    match authority {
        Some(authority) if !authority.as_str().contains('@') => Ok(Probe::Http { url, expect }),
        Some(_) | None => {
            let what = "`good.checks` has an `http` that is no address, or has credentials in it";
            Err(Failure::new(Exit::Usage, what.to_owned())
                .now("an address is such as https://example.org/healthz"))
        }
    }
}

fn limits(project: config::RevertSettings, user: config::RevertSettings) -> Limits {
    let default = Limits::default();
    let protect = project.protect.or(user.protect);
    Limits {
        max_destroy: project.max_destroy.or(user.max_destroy).unwrap_or(default.max_destroy),
        protect: protect.unwrap_or_default().into_iter().map(Pattern::new).collect(),
    }
}

fn bounds(
    project: &config::SnapshotSettings,
    user: &config::SnapshotSettings,
) -> Result<CaptureBounds, Failure> {
    let default = CaptureBounds::default();
    let given = |name: &str, given: Option<&String>, otherwise: u64| {
        let refused = || {
            let what = format!("`snapshot.{name}` is no size such as 64MiB, up to 1GiB");
            Failure::new(Exit::Usage, what)
        };
        let size = given.map_or(Some(otherwise), |text| bytes(text));
        size.filter(|size| *size <= BYTES_MAX).ok_or_else(refused)
    };
    Ok(CaptureBounds {
        file: given(
            "max_file",
            project.max_file.as_ref().or(user.max_file.as_ref()),
            default.file,
        )?,
        total: given(
            "max_total",
            project.max_total.as_ref().or(user.max_total.as_ref()),
            default.total,
        )?,
    })
}

/// Reads a size such as `64MiB`.
fn bytes(text: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("", 0)];
    let (number, shift) =
        units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// How long a revert holds what it takes back; `0` is not at all.
fn holding(hold_for: Option<&String>) -> Result<Holding, Failure> {
    match hold_for.map(String::as_str) {
        None => Ok(Holding::default()),
        Some("0") => Ok(Holding::Nothing),
        Some(span) => Ok(Holding::Reverted { seconds: seconds(span)? }),
    }
}

/// Reads a span such as `60s` or `2m`.
pub(super) fn seconds(text: &str) -> Result<u64, Failure> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| u64::try_from(span.as_secs()).ok())
        .ok_or_else(|| Failure::new(Exit::Usage, format!("`{text}` is no span such as 60s or 2m")))
}

fn inputs(global: &Global, world: &World) -> Result<Inputs, Failure> {
    if global.var.iter().any(|given| !given.contains('=')) {
        // The text may be a secret whose name was forgotten: it is not repeated.
        return Err(Failure::new(Exit::Usage, "`--var` takes NAME=VALUE".to_owned()));
    }
    let environment: BTreeMap<String, Secret<String>> = world
        .environment
        .iter()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("TF_VAR_")?;
            Some((name.to_owned(), Secret::new(value.to_str()?.to_owned())))
        })
        .collect();
    let absolute = |given: &GivenValue| match given {
        GivenValue::File(path) => GivenValue::File(world.directory.join(path)),
        GivenValue::Value(..) => given.clone(),
    };
    let words = GivenValues(global.words.0.iter().map(absolute).collect());
    let mut in_given_files = BTreeMap::new();
    let mut given = BTreeSet::new();
    for word in &words.0 {
        match word {
            GivenValue::File(path) => {
                let values = values_in(path)?;
                given.extend(values.iter().map(|(name, _)| name.clone()));
                in_given_files.insert(path.clone(), values);
            }
            GivenValue::Value(name, _) => drop(given.insert(name.clone())),
        }
    }
    let of_command = GivenValues::default();
    let inputs = Inputs { words, in_given_files, environment, given, of_command };
    Ok(inputs.above(in_cli_args(world)))
}

/// The first variable of `TF_CLI_ARGS*` by which terraform works on another state's file.
fn state_argument(world: &World) -> Option<(String, String)> {
    let names = world.environment.keys().filter(|name| name.starts_with("TF_CLI_ARGS"));
    names.into_iter().find_map(|name| Some((name.clone(), state_in_text(world.text(name)?)?)))
}

/// The values that `TF_CLI_ARGS*` gives an apply, or else a plan. They are read here, since the
/// variables themselves are kept back: a plan of ours has other words.
fn in_cli_args(world: &World) -> GivenValues {
    let of = |name: &str| world.text(name).map(GivenValues::of_text).unwrap_or_default();
    let apply = of("TF_CLI_ARGS_apply");
    let specific = if apply.0.is_empty() { of("TF_CLI_ARGS_plan") } else { apply };
    specific.chain(of("TF_CLI_ARGS"))
}

/// The values in a `--var-file`, as `--var` would give them: what a person gives is used or refused.
fn values_in(path: &Path) -> Result<Vec<(String, Secret<String>)>, Failure> {
    let name = path.display().to_string();
    let refused = |why: &str| {
        Failure::new(Exit::Usage, format!("`--var-file {name}` {why}"))
            .now("nothing was read with values that are not those given")
    };
    let content =
        std::fs::read(path).map_err(|error| refused("cannot be read").caused_by(&error))?;
    let given = hcl::given(&name, &content).map_err(|error| refused(&error.to_string()))?;
    Ok(given.into_iter().map(|(name, text)| (name, Secret::new(text))).collect())
}

fn author(global: &Global, world: &World) -> Author {
    let pipeline = world.text("GITHUB_RUN_ID").map(|run| format!("ci gha/{run}"));
    let pipeline =
        pipeline.or_else(|| world.text("CI_JOB_ID").map(|job| format!("ci gitlab/{job}")));
    let person = world.text("USER").or(world.text("LOGNAME")).map(str::to_owned);
    let name = global.actor.clone().or(pipeline).or(person).unwrap_or_else(|| "unknown".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Author {
        actor: Actor { name, host, process: std::process::id(), started: own_start() },
        tool: TOOL.to_owned(),
        reason: global.reason.clone(),
        ticket: global.ticket.clone(),
    }
}
