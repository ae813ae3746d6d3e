//! Terraform's commands, one method each.
//!
//! [`Cli`] implements the port with real children. Every command names its workspace, never asks,
//! and is read by its exit code and its own diagnostics.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::environment::{Environment, FIXED, HandedOn};
use super::failure::{diagnostics, error};
use super::locate::on_path;
use super::process::{Broken, Finished, Invocation, Moment, run};
use super::version::{Executable, version};
use crate::codec::events::parse_line;
use crate::codec::state;
use crate::model::entry::{EngineKind, EngineVersion};
use crate::model::event::{Event, InvocationStep, Severity};
use crate::port::interrupt::Interrupt;
use crate::port::terraform::{
    AppliedPlan, Error, PlanMode, PlanRequest, Refresh, Terraform, Watch, Workplace,
};

/// A binary with the environment its children get.
pub struct Cli {
    program: PathBuf,
    environment: Environment,
    kept_back: Vec<String>,
    interrupt: Rc<dyn Interrupt>,
    /// The word by which a person starts it.
    command: String,
    /// The place in which it was found, and why it is this one.
    origin: String,
    /// Whether another one may be meant.
    is_assumed: bool,
    /// The directory that keeps the versions of executables.
    cache: Option<PathBuf>,
    /// The version that the program has told in each directory.
    versions: RefCell<BTreeMap<PathBuf, EngineVersion>>,
}

impl fmt::Debug for Cli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cli").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Cli {
    /// Uses `program` in this environment.
    pub fn new(program: PathBuf, handed_on: HandedOn, interrupt: Rc<dyn Interrupt>) -> Self {
        let HandedOn { environment, kept_back } = handed_on;
        let name = program.file_name().map(|name| name.to_string_lossy().into_owned());
        let is_on_path = |name: &String| on_path(&environment, name).as_ref() == Some(&program);
        let command = name.filter(is_on_path).unwrap_or_else(|| program.display().to_string());
        Self {
            origin: program.display().to_string(),
            command,
            program,
            environment,
            kept_back,
            interrupt,
            is_assumed: false,
            cache: None,
            versions: RefCell::default(),
        }
    }

    /// Keeps below this directory which version a file has.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<PathBuf>) -> Self {
        self.cache = cache;
        self
    }

    /// Remembers why it is this one.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        self.origin = format!("{} ({why})", self.program.display());
        self
    }

    /// Remembers that another one may be meant.
    #[must_use]
    pub fn assumed(mut self) -> Self {
        self.is_assumed = true;
        self
    }

    /// The binary.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The directory in which temporary files are made.
    fn temporary(&self) -> String {
        let place = self.environment.get("TMPDIR").map(PathBuf::from);
        place.unwrap_or_else(|| PathBuf::from("/tmp")).display().to_string()
    }

    fn run(
        &self,
        place: &Workplace,
        arguments: &[&str],
        output: Option<PathBuf>,
        watch: &mut Watch<'_>,
    ) -> Result<Finished, Error> {
        let mut environment = self.environment.clone();
        environment.extend(FIXED.map(|(name, value)| (name.to_owned(), value.into())));
        environment.insert("TF_WORKSPACE".to_owned(), place.workspace.clone().into());
        if let Some(directory) = &place.data_directory {
            // A private copy brings its own values; today's would win over its files.
            environment.retain(|name, _| !name.starts_with("TF_VAR_"));
            environment.insert("TF_DATA_DIR".to_owned(), directory.clone().into_os_string());
        }
        for (name, value) in &place.environment {
            environment.insert(name.clone(), value.reveal_for_terraform().clone().into());
        }
        let invocation = Invocation {
            program: &self.program,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            directory: &place.root,
            environment,
            output,
        };
        let mut tell = |moment: Moment<'_>| match moment {
            Moment::Line(line) => watch(&parse_line(line)),
            Moment::StopRequested => watch(&Event::StopRequested),
        };
        run(&invocation, self.interrupt.as_ref(), &mut tell).map_err(|broken| match broken {
            Broken::NoOutput(source) => Error::NoOutput { place: self.temporary(), source },
            Broken::Child(source) => {
                Error::CannotStart { program: self.program.display().to_string(), source }
            }
        })
    }

    /// Values for a command that reads the configuration only because OpenTofu may find the source of
    /// a module in them, or a key. Terraform takes none there.
    fn early_values(&self, place: &Workplace) -> Vec<String> {
        let is_opentofu = || {
            let engine = self.version(&place.root);
            engine.is_ok_and(|engine| engine.kind == EngineKind::OpenTofu)
        };
        let files = var_files(&place.values_of_modules);
        if !files.is_empty() && is_opentofu() { files } else { Vec::new() }
    }

    /// The error that a command's end means; a plain failure also names the variables that it did
    /// not see.
    fn error(&self, command: &'static str, finished: &Finished) -> Error {
        let mut error = error(&self.command, command, finished);
        if let Error::Failed { kept_back, .. } = &mut error {
            kept_back.clone_from(&self.kept_back);
        }
        error
    }

    /// Runs a command that must end with exit code 0.
    fn must(
        &self,
        command: &'static str,
        place: &Workplace,
        arguments: &[&str],
        watch: &mut Watch<'_>,
    ) -> Result<Finished, Error> {
        let finished = self.run(place, arguments, None, watch)?;
        if finished.succeeded() { Ok(finished) } else { Err(self.error(command, &finished)) }
    }
}

fn lock_timeout(place: &Workplace) -> String {
    format!("-lock-timeout={}s", place.lock_timeout_seconds)
}

fn var_files(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|path| format!("-var-file={}", path.display())).collect()
}

/// A watcher that ignores events.
fn nobody(_: &Event) {}

impl Terraform for Cli {
    fn command(&self) -> &str {
        &self.command
    }

    fn origin(&self) -> Option<&str> {
        Some(&self.origin)
    }

    fn is_assumed(&self) -> bool {
        self.is_assumed
    }

    fn kept_back(&self) -> &[String] {
        &self.kept_back
    }

    fn version(&self, directory: &Path) -> Result<EngineVersion, Error> {
        if let Some(version) = self.versions.borrow().get(directory) {
            return Ok(version.clone());
        }
        let cache = self.cache.as_deref();
        let executable = cache.and_then(|cache| Executable::of(&self.program, cache));
        let known = executable.as_ref().and_then(Executable::known);
        let found = if let Some(known) = known {
            known
        } else {
            let place = Workplace {
                root: directory.to_owned(),
                data_directory: None,
                workspace: "default".to_owned(),
                lock_timeout_seconds: 0,
                environment: Vec::new(),
                values_at_apply: Vec::new(),
                values_of_modules: Vec::new(),
            };
            let finished = self.must("version", &place, &["version"], &mut nobody)?;
            let said = String::from_utf8_lossy(&finished.stdout);
            let found = version(&said).ok_or_else(|| Error::Unreadable {
                engine: self.command.clone(),
                command: "version",
            })?;
            if let Some(executable) = executable {
                executable.keep(&said);
            }
            found
        };
        self.versions.borrow_mut().insert(directory.to_owned(), found.clone());
        Ok(found)
    }

    fn pull(&self, place: &Workplace) -> Result<Option<Vec<u8>>, Error> {
        let files = self.early_values(place);
        let mut arguments = vec!["state", "pull"];
        arguments.extend(files.iter().map(String::as_str));
        let finished = self.must("state pull", place, &arguments, &mut nobody)?;
        let is_state = |bytes: &Vec<u8>| {
            !bytes.iter().all(u8::is_ascii_whitespace) && !state::is_no_state(bytes)
        };
        Ok(Some(state::without_warnings(finished.stdout)).filter(is_state))
    }

    fn push(&self, place: &Workplace, state: &Path) -> Result<(), Error> {
        let wait = lock_timeout(place);
        let shown = state.display().to_string();
        let files = self.early_values(place);
        let mut arguments = vec!["state", "push", &wait];
        arguments.extend(files.iter().map(String::as_str));
        arguments.push(&shown);
        let pushed = self.must("state push", place, &arguments, &mut nobody);
        pushed.map(drop).map_err(|error| {
            if let Error::Failed { diagnostics, .. } = error {
                let said = diagnostics.into_iter().find(|d| d.severity == Severity::Error);
                let words =
                    said.map_or_else(String::new, |d| format!("{} {}", d.summary, d.detail));
                return Error::NotPushed { summary: words.trim().to_owned() };
            }
            error
        })
    }

    fn init(&self, place: &Workplace, backend_config: Option<&Path>) -> Result<(), Error> {
        let config = backend_config.map(|path| format!("-backend-config={}", path.display()));
        let mut arguments =
            vec!["init", "-input=false", "-no-color", "-lockfile=readonly", "-reconfigure"];
        arguments.extend(config.as_deref());
        let files = var_files(&place.values_of_modules);
        arguments.extend(files.iter().map(String::as_str));
        self.must("init", place, &arguments, &mut nobody).map(drop)
    }

    fn plan(
        &self,
        place: &Workplace,
        request: &PlanRequest,
        watch: &mut Watch<'_>,
    ) -> Result<(), Error> {
        let out = format!("-out={}", request.out.display());
        let wait = lock_timeout(place);
        let mut arguments = vec!["plan", "-json", "-input=false", &wait, &out];
        match request.mode {
            PlanMode::Normal => {}
            PlanMode::RefreshOnly => arguments.push("-refresh-only"),
            PlanMode::Destroy => arguments.push("-destroy"),
        }
        match request.refresh {
            Refresh::Now => {}
            Refresh::Skip => arguments.push("-refresh=false"),
        }
        let files = var_files(&request.var_files);
        let targets: Vec<String> =
            request.targets.iter().map(|address| format!("-target={address}")).collect();
        arguments.extend(files.iter().chain(&targets).map(String::as_str));
        self.must("plan", place, &arguments, watch).map(drop)
    }

    fn show_plan(&self, place: &Workplace, plan: &Path) -> Result<Vec<u8>, Error> {
        let plan = plan.display().to_string();
        let files = self.early_values(place);
        let mut arguments = vec!["show", "-json"];
        arguments.extend(files.iter().map(String::as_str));
        arguments.push(&plan);
        let finished = self.must("show", place, &arguments, &mut nobody)?;
        Ok(state::without_warnings(finished.stdout))
    }

    fn apply(
        &self,
        place: &Workplace,
        plan: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<AppliedPlan, Error> {
        let events = plan.with_extension("events.jsonl");
        let shown = plan.display().to_string();
        let wait = lock_timeout(place);
        let mut files = self.early_values(place);
        for file in var_files(&place.values_at_apply) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let mut arguments = vec!["apply", "-json", "-input=false", &wait];
        arguments.extend(files.iter().map(String::as_str));
        arguments.push(&shown);
        let mut has_begun = false;
        let mut tell = |event: &Event| {
            has_begun |=
                matches!(event, Event::Started(_) | Event::Invocation(InvocationStep::Started, _));
            watch(event);
        };
        let finished = self.run(place, &arguments, Some(events.clone()), &mut tell)?;
        if !finished.succeeded() && !has_begun {
            // Refused before anything was touched: a lock, a stale plan.
            let refusal = error(&self.command, "apply", &finished);
            if matches!(refusal, Error::Locked(_) | Error::StalePlan | Error::NotInitialised { .. })
            {
                return Err(refusal);
            }
        }
        Ok(AppliedPlan {
            succeeded: finished.succeeded(),
            interrupted: finished.asked_to_stop,
            diagnostics: diagnostics(&finished),
            events,
        })
    }
}
