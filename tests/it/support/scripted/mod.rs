//! A second Terraform for tests of use cases: a small world in memory, and answers in milliseconds.
//!
//! It has one provider, `unapply/demo`, whose objects have a `path` that no two of a place share.
//! It plans the configuration that really lies in the directory, writes events and plan files where
//! Terraform does, refuses what Terraform refuses (a push by serial and lineage, a stale plan, a
//! lock), and knows neither modules nor outputs nor left-overs. Promises that
//! only Terraform itself can prove are proved with Terraform.

mod applying;
mod around;
mod configuration;
mod document;
mod planning;
mod scene;
mod sealed;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;
use unapply::codec::hcl::{assigned, given};
use unapply::model::entry::{EngineKind, EngineVersion};
use unapply::model::event::{Diagnostic, Severity};
use unapply::port::interrupt::Interrupt;
use unapply::port::terraform::{AppliedPlan, Error, PlanRequest, Terraform, Watch, Workplace};

use self::applying::Applier;
use self::configuration::{Backend, Configuration};
use self::document::Document;
use self::planning::Planner;
use super::script::{Script, Side, put};

pub(crate) use self::around::{Quiet, ScriptedInterrupt};
pub(crate) use self::scene::{Past, Scene, Where};
pub(crate) use self::world::World;

/// Terraform by script.
pub(crate) struct Scripted<'w> {
    world: &'w World,
    script: Arc<Script>,
    interrupt: Rc<dyn Interrupt>,
    /// The directories that are initialised, each with its backend.
    initialised: RefCell<BTreeMap<PathBuf, Backend>>,
    /// Values of variables in the environment.
    values: BTreeMap<String, String>,
}

impl std::fmt::Debug for Scripted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").field("script", &self.script).finish_non_exhaustive()
    }
}

impl<'w> Scripted<'w> {
    /// A Terraform in this world.
    pub(crate) fn new(world: &'w World, script: Arc<Script>, interrupt: Rc<dyn Interrupt>) -> Self {
        let initialised = RefCell::default();
        Self { world, script, interrupt, initialised, values: BTreeMap::new() }
    }

    /// The same with values of variables in its environment.
    pub(crate) fn with_values(self, values: BTreeMap<String, String>) -> Self {
        Self { values, ..self }
    }

    /// One command: `what` names it in the script.
    fn ask<T>(
        &self,
        what: &str,
        act: impl FnOnce() -> Result<T, Error>,
        failed: impl FnOnce(String, Side) -> Error,
    ) -> Result<T, Error> {
        self.world.comes(what);
        let failed = |number, side| failed(Script::word(number), side);
        self.script.call(format!("terraform {what}"), act, failed)
    }

    fn backend(&self, place: &Workplace) -> Result<Backend, Error> {
        let configuration = Configuration::of(&place.root);
        let backend = configuration.backend(&place.root);
        let keys = configuration.keys(&self.values(place));
        let keys = keys.map_err(|summary| failed("state pull", summary, None))?;
        if !self.world.can_open(&backend, &keys) {
            let summary = "decryption failed for all provided methods".to_owned();
            return Err(failed("state pull", summary, None));
        }
        self.world.seals_with(keys.last().cloned());
        let is_private = place.data_directory.is_some();
        let known = self.initialised.borrow();
        // A state beside the configuration needs no preparation.
        let is_named = configuration.names_a_backend();
        if is_private && is_named && known.get(&place.root) != Some(&backend) {
            let summary = "Backend initialization required".to_owned();
            return Err(Error::NotInitialised {
                engine: "terraform".to_owned(),
                summary,
                diagnostics: Vec::new(),
            });
        }
        assert_eq!(place.workspace, "default", "there is one workspace");
        Ok(backend)
    }

    /// The texts that variables have, before a configuration is planned.
    fn values(&self, place: &Workplace) -> BTreeMap<String, String> {
        let mut values = self.values.clone();
        for (name, value) in &place.environment {
            let name = name.strip_prefix("TF_VAR_").map(str::to_owned);
            let value = value.reveal_for_terraform().clone();
            values.extend(name.map(|name| (name, value)));
        }
        for file in &place.values_of_modules {
            assert!(file.is_file(), "no regular file: {}", file.display());
            let content = std::fs::read(file).unwrap();
            let name = file.to_str().unwrap();
            // A null is a value, too.
            values.extend(assigned(name, &content).into_iter().map(|name| (name, String::new())));
            let given = given(name, &content);
            values.extend(given.unwrap_or_default());
        }
        values
    }

    fn state(&self, backend: &Backend) -> Document {
        let state = self.world.state(backend);
        state.map_or_else(Document::empty, |bytes| Document::read(&bytes))
    }

    /// Refuses, as both engines do with a lock file that is read-only, to select anew what it
    /// selects from the other one's registry, and to drop what nothing names. Terraform takes the
    /// providers of a state as they are written.
    fn refuse_other_registry(&self, root: &Path, backend: &Backend) -> Result<(), Error> {
        let state = self.world.state(backend).unwrap_or_default();
        let state = String::from_utf8(state).unwrap();
        let is_named = |other: EngineKind| {
            self.world.engine() == EngineKind::Terraform && state.contains(other.registry())
        };
        let lock = std::fs::read_to_string(root.join(".terraform.lock.hcl")).unwrap_or_default();
        let mut hosts = EngineKind::ALL.into_iter().filter(|kind| *kind != self.world.engine());
        if hosts.any(|other| lock.contains(other.registry()) && !is_named(other)) {
            let summary = "Provider dependency changes detected".to_owned();
            return Err(failed("init", summary, None));
        }
        Ok(())
    }

    fn refuse_locked(&self) -> Result<(), Error> {
        self.world.lock().map_or(Ok(()), |holder| Err(Error::Locked(holder)))
    }
}

/// A command that has failed.
fn failed(command: &'static str, summary: String, address: Option<String>) -> Error {
    let detail = String::new();
    let diagnostic = Diagnostic { severity: Severity::Error, summary, detail, address };
    let engine = "terraform".to_owned();
    Error::Failed { engine, command, diagnostics: vec![diagnostic], kept_back: Vec::new() }
}

/// The name of a file, as a script has it.
fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

impl Terraform for Scripted<'_> {
    fn command(&self) -> &str {
        self.world.engine().command()
    }

    fn is_assumed(&self) -> bool {
        self.world.is_assumed()
    }

    fn version(&self, _: &Path) -> Result<EngineVersion, Error> {
        let version = || {
            let (kind, version) = match self.world.engine() {
                EngineKind::Terraform => (EngineKind::Terraform, "1.11.4"),
                EngineKind::OpenTofu => (EngineKind::OpenTofu, "1.12.6"),
            };
            Ok(EngineVersion { kind, version: version.to_owned() })
        };
        self.ask("version", version, |word, _| failed("version", word, None))
    }

    fn pull(&self, place: &Workplace) -> Result<Option<Vec<u8>>, Error> {
        let act = || Ok(self.world.state(&self.backend(place)?));
        self.ask("pull", act, |word, _| failed("state pull", word, None))
    }

    fn push(&self, place: &Workplace, state: &Path) -> Result<(), Error> {
        let act = || {
            self.refuse_locked()?;
            let backend = self.backend(place)?;
            let mut pushed = Document::read(&std::fs::read(state).unwrap());
            if self.world.state(&backend).is_some() {
                let there = self.state(&backend);
                if pushed == there {
                    return Ok(());
                }
                let refused = |summary: &str| Err(Error::NotPushed { summary: summary.to_owned() });
                if pushed.lineage != there.lineage {
                    return refused("cannot import state with another lineage");
                }
                if pushed.serial <= there.serial {
                    return refused("cannot import state with an older serial");
                }
                pushed.serial += 1;
            }
            self.world.write(&backend, &pushed);
            Ok(())
        };
        self.ask("push", act, |summary, _| Error::NotPushed { summary })
    }

    fn init(&self, place: &Workplace, _: Option<&Path>) -> Result<(), Error> {
        let act = || {
            let backend = Configuration::of(&place.root).backend(&place.root);
            self.refuse_other_registry(&place.root, &backend)?;
            let own = place.data_directory.clone().unwrap_or(place.root.join(".terraform"));
            std::fs::create_dir_all(own).unwrap();
            self.initialised.borrow_mut().insert(place.root.clone(), backend);
            Ok(())
        };
        self.ask("init", act, |word, _| failed("init", word, None))
    }

    fn plan(
        &self,
        place: &Workplace,
        request: &PlanRequest,
        _: &mut Watch<'_>,
    ) -> Result<(), Error> {
        let act = || {
            self.refuse_locked()?;
            let state = self.state(&self.backend(place)?);
            let configuration = &Configuration::of(&place.root);
            let planner = Planner { world: self.world, configuration, state: &state, request };
            let plan = planner.plan();
            let refused =
                |(summary, address): (&str, _)| failed("plan", summary.to_owned(), Some(address));
            put(&request.out, plan.map_err(refused)?.to_string().as_bytes());
            Ok(())
        };
        let what = format!("plan {}", name(&request.out));
        self.ask(&what, act, |word, _| failed("plan", word, None))
    }

    fn show_plan(&self, _: &Workplace, plan: &Path) -> Result<Vec<u8>, Error> {
        let what = format!("show {}", name(plan));
        let act = || {
            let shown = planning::shown(&std::fs::read(plan).unwrap());
            Ok(self.world.named(shown))
        };
        self.ask(&what, act, |word, _| failed("show", word, None))
    }

    fn apply(
        &self,
        place: &Workplace,
        plan: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<AppliedPlan, Error> {
        let act = || {
            self.refuse_locked()?;
            let backend = &self.backend(place)?;
            let document = self.state(backend);
            let planned: Value = serde_json::from_slice(&std::fs::read(plan).unwrap()).unwrap();
            let made_for = (&planned["scripted"]["lineage"], &planned["scripted"]["serial"]);
            if (made_for.0.as_str(), made_for.1.as_u64())
                != (Some(&document.lineage), Some(document.serial))
            {
                return Err(Error::StalePlan);
            }
            let applier = Applier {
                world: self.world,
                script: &self.script,
                interrupt: self.interrupt.as_ref(),
                backend,
                root: &place.root,
                events: &plan.with_extension("events.jsonl"),
            };
            Ok(applier.apply(&planned, document, watch))
        };
        let failed = |word, side| match side {
            Side::Before => Error::NoOutput { place: word, source: std::io::Error::other("full") },
            Side::After => Error::CannotStart {
                program: "terraform".to_owned(),
                source: std::io::Error::other(word),
            },
        };
        self.ask(&format!("apply {}", name(plan)), act, failed)
    }
}
