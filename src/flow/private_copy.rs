//! A private copy of a snapshot's configuration that Terraform can plan in.
//!
//! The backend is the recorded one, never the bundle's; its credentials come from today's
//! environment or from the working directory's own record. Nothing of the user's directory is
//! touched before [`PrivateCopy::carry_back`].

pub(in crate::flow) mod encryption;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Error;
use super::compat::lock_of;
use super::configuration::LOCK_FILE;
use super::ports::{Ports, Stack};
use super::redaction::{safe_error, safe_event};
use crate::codec::backend::Backend;
use crate::codec::hcl::lock::{self, TranslatedEntry};
use crate::codec::hcl::{
    Configuration, Syntax, backend_override, expression, moved, required_providers, with_lifecycle,
};
use crate::codec::{json, plan};
use crate::engine::compat::same_by_directory;
use crate::engine::pin;
use crate::engine::redact::Redactor;
use crate::engine::stack_engine::of_providers;
use crate::model::address::ProviderSource;
use crate::model::configuration::{BundlePath, LockedProvider};
use crate::model::entry::{EngineKind, Snapshot};
use crate::model::event::Event;
use crate::model::placement::MovedBlock;
use crate::model::plan::Plan;
use crate::model::secret::Secret;
use crate::model::stack::BackendIdentity;
use crate::model::state::{State, StateBytes};
use crate::model::value::Value;
use crate::port::progress::{Ended, Phase};
use crate::port::terraform::{self, PlanMode, PlanRequest, Workplace};
use crate::terraform::workdir::{CarriedBack, CopyLayout, PrivateDirectory, RealPlaces};

/// A private copy of any configuration, without what would have Terraform refuse to plan an end.
pub(super) fn private_copy(
    ports: &Ports<'_>,
    stack: &Stack,
    source: &CopySource<'_>,
    redactor: &Redactor,
) -> Result<PrivateCopy, Error> {
    let mut copy = prepare(ports, stack, source, CopyLayout::WithoutStateBlocks, redactor)?;
    let blocks = source.configuration.modules().iter();
    let blocks =
        blocks.map(|module| (module.directory.clone(), module.facts.prevent_destroy.clone()));
    copy.lift_prevention(&blocks.collect::<Vec<_>>())?;
    Ok(copy)
}

/// The override file that names the backend.
const OVERRIDE: &str = "zz_unapply_override.tf";

/// The override file that names the providers of the present state alone.
const PROVIDERS: &str = "zz_unapply_providers_override.tf";

/// The file with `moved` blocks.
const MOVED: &str = "zz_unapply_moved.tf";

/// The overrides of `lifecycle` blocks.
const LIFECYCLE: &str = "zz_unapply_lifecycle_override.tf";

/// The overrides of blocks that say `destroy = false`.
const DESTROY: &str = "zz_unapply_destroy_override.tf";

/// The overrides of blocks that keep what a data source would change.
const BLOCKS: &str = "zz_unapply_inputs_override.tf";

/// Directory, beside the configuration, in which a scratch backend keeps its state.
const SCRATCH: &str = "zz_unapply_scratch";

/// A private directory that has been initialised.
#[derive(Debug)]
pub struct PrivateCopy {
    directory: PrivateDirectory,
    places: RealPlaces,
    /// The place in which Terraform works.
    pub place: Workplace,
}

/// The configuration that is laid out, and the backend that it gets.
#[derive(Debug, Clone, Copy)]
pub struct CopySource<'a> {
    /// The configuration.
    pub configuration: &'a Configuration,
    /// The snapshot it belongs to.
    pub snapshot: &'a Snapshot,
    /// The backend of the working directory, for what is not recorded.
    pub live: &'a Backend,
    /// Which backend the private copy has.
    pub home: CopyBackend,
    /// The state that the copy plans on, or is about to.
    pub present: Option<&'a State<'a>>,
    /// The state to go back to, if it is another one: files that its objects name are seen, too.
    pub good: Option<&'a State<'a>>,
}

/// Which backend a private copy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyBackend {
    /// The stack's own, as recorded.
    Recorded,
    /// One in the private directory: nothing real can be changed through it. The workspace is the
    /// same, since configuration can ask for its name.
    Scratch,
}

/// Refuses an engine that was only assumed where the present state is the other one's: it would
/// take providers of both registries for the same objects.
fn refuse_other_engine(
    ports: &Ports<'_>,
    stack: &Stack,
    source: &CopySource<'_>,
) -> Result<(), Error> {
    let Some(present) = source.present.filter(|_| ports.terraform.is_assumed()) else {
        return Ok(());
    };
    let hosted = hosted(source);
    let sources = present.instances.iter().map(|object| &object.provider.source);
    let sources = sources.filter(|provider| !hosted.contains(provider));
    let (theirs, ours) = (of_providers(sources), ports.engine(stack));
    match theirs.zip(ours) {
        Some((theirs, ours)) if theirs != ours => {
            let running = ports.terraform.command().to_owned();
            Err(Error::OtherEngine { theirs, running })
        }
        _ => Ok(()),
    }
}

/// Lays out a configuration and initialises it.
pub fn prepare(
    ports: &Ports<'_>,
    stack: &Stack,
    source: &CopySource<'_>,
    layout: CopyLayout,
    redactor: &Redactor,
) -> Result<PrivateCopy, Error> {
    ports.check_interrupt("the private directory was made")?;
    refuse_other_engine(ports, stack, source)?;
    ports.progress.begin(Phase::Workdir);
    let mut directory = PrivateDirectory::create(&stack.temporary)?;
    let places = places::of(stack, [source.present, source.good]);
    directory.lay_out(source.configuration, layout, &places)?;
    // A program that does not say what it is runs as it is.
    let [copy, own] = [&directory.root(), &stack.root].map(|at| ports.terraform.version(at).ok());
    own.zip(copy).map_or(Ok(()), |(own, copy)| same_by_directory(&own, &copy))?;
    let translated = translate_lock_file(ports, stack, source, &directory)?;
    let mut environment = directory.environment();
    let encrypts = source.configuration.root().encrypts;
    environment.extend(encryption::put_over(ports, stack, encrypts, &directory)?);
    let credentials = settle(&directory, stack, source)?;
    let place = Workplace {
        root: directory.root(),
        data_directory: Some(directory.data_dir()),
        workspace: stack.workspace.clone(),
        lock_timeout_seconds: stack.lock_timeout_seconds,
        environment,
        values_at_apply: directory.values_at_apply(),
        values_of_modules: directory.var_file_arguments(),
    };
    let copy = PrivateCopy { directory, places, place };
    let files = source.configuration.bundle().files.len();
    let modules = source.configuration.bundle().modules.len();
    let mut word = format!("{files} files, {modules} modules");
    for entry in translated {
        let LockedProvider { source, version } = entry.provider;
        let checksums = if entry.has_checksums { "today's checksums" } else { "no checksum known" };
        word.push_str(&format!("; locked as {source} {version}, {checksums}"));
    }
    if !copy.directory.left_out().is_empty() {
        let left_out = copy.directory.left_out().join("; ");
        word.push_str(&format!("; not mirrored: {}", redactor.text(&left_out)));
    }
    ports.progress.end(Ended::Well, &word);
    copy.init(ports, credentials.as_deref(), redactor)?;
    Ok(copy)
}

/// Lets a lock file of the other engine select the same versions from this one's registry, as the
/// engine itself does at its first `init`, and gives it the entries that the present state needs. One
/// that cannot be read stays, and `init` says what is wrong with it.
fn translate_lock_file(
    ports: &Ports<'_>,
    stack: &Stack,
    source: &CopySource<'_>,
    directory: &PrivateDirectory,
) -> Result<Vec<TranslatedEntry>, Error> {
    let (Some(engine), Some(content)) =
        (ports.engine(stack), lock_of(source.configuration.bundle()))
    else {
        return Ok(Vec::new());
    };
    let hosted = hosted(source);
    let present = present_providers(source, engine, &hosted);
    let todays = std::fs::read(stack.root.join(LOCK_FILE)).unwrap_or_default();
    let Ok((text, translated)) = lock::translated(content, &todays, engine, &hosted, &present)
    else {
        return Ok(Vec::new());
    };
    let files = source.configuration.bundle().files.iter();
    let files: Vec<&[u8]> = files
        .filter(|(path, _)| Syntax::of(path.as_str()).is_some())
        .map(|(_, content)| content.as_slice())
        .collect();
    let may_be_named = |provider: &ProviderSource| {
        files.iter().any(|content| lock::may_be_named(content, provider, engine))
    };
    let fitted = lock::fitted(&text, &todays, &present, &may_be_named).ok().flatten();
    if !translated.is_empty() || fitted.is_some() {
        directory.write_beside(LOCK_FILE, fitted.as_deref().unwrap_or(&text))?;
    }
    // A scratch backend is empty at `init`, and its state will need them as well.
    let alone: Vec<&ProviderSource> = present.iter().filter(|one| !may_be_named(one)).collect();
    if !alone.is_empty() {
        directory.write_override(PROVIDERS, &required_providers(&alone))?;
    }
    Ok(translated)
}

/// The providers whose host the configuration writes out: they are the same ones in both engines.
fn hosted(source: &CopySource<'_>) -> BTreeSet<ProviderSource> {
    let modules = source.configuration.modules().iter();
    modules.flat_map(|module| module.facts.hosted.iter().cloned()).collect()
}

/// The providers that `init` will look for since the present state names them. OpenTofu takes those
/// from its own registry, too; Terraform takes them as written.
fn present_providers(
    source: &CopySource<'_>,
    engine: EngineKind,
    hosted: &BTreeSet<ProviderSource>,
) -> BTreeSet<ProviderSource> {
    let objects = source.present.into_iter().flat_map(|state| &state.instances);
    let named = objects.map(|object| object.provider.source.clone());
    let named = named.filter(|provider| provider.namespace != "builtin");
    let is_taken = |provider: &ProviderSource| {
        engine == EngineKind::OpenTofu
            && EngineKind::of_registry(&provider.host) == Some(EngineKind::Terraform)
            && !hosted.contains(provider)
    };
    let ours = |provider: ProviderSource| {
        let host = if is_taken(&provider) { engine.registry() } else { &provider.host }.to_owned();
        ProviderSource { host, ..provider }
    };
    named.map(ours).collect()
}

/// Writes down which backend the copy has; what comes back is a file with its credentials.
fn settle(
    directory: &PrivateDirectory,
    stack: &Stack,
    source: &CopySource<'_>,
) -> Result<Option<PathBuf>, Error> {
    let identity = match source.home {
        CopyBackend::Scratch => {
            let place = scratch(directory);
            std::fs::create_dir_all(place.join("d").join(&stack.workspace))
                .map_err(|error| Error::Io { path: place.display().to_string(), source: error })?;
            let setting = |name: &str| place.join(name).display().to_string();
            let settings =
                [("path", setting("terraform.tfstate")), ("workspace_dir", setting("d"))];
            let settings = settings.map(|(name, path)| (name.to_owned(), path)).into();
            let identity = BackendIdentity { kind: "local".to_owned(), settings };
            directory.write_override(OVERRIDE, &override_text(stack, &identity)?)?;
            return Ok(None);
        }
        CopyBackend::Recorded if source.snapshot.backend.kind == pin::GIVEN => {
            &source.live.identity
        }
        CopyBackend::Recorded => &source.snapshot.backend,
    };
    directory.write_override(OVERRIDE, &override_text(stack, identity)?)?;
    credentials(directory, identity, source.live)
}

fn scratch(directory: &PrivateDirectory) -> PathBuf {
    directory.root().join(SCRATCH)
}

impl PrivateCopy {
    fn init(
        &self,
        ports: &Ports<'_>,
        credentials: Option<&Path>,
        redactor: &Redactor,
    ) -> Result<(), Error> {
        ports.progress.begin(Phase::Init);
        ports
            .terraform
            .init(&self.place, credentials)
            .map_err(|error| failed(ports, error, redactor))?;
        ports.progress.end(Ended::Well, "lock file read-only");
        Ok(())
    }

    /// Gives the copy the stack's own backend, after a scratch one.
    pub fn use_recorded_backend(
        &mut self,
        ports: &Ports<'_>,
        stack: &Stack,
        source: &CopySource<'_>,
        redactor: &Redactor,
    ) -> Result<(), Error> {
        let credentials = settle(&self.directory, stack, source)?;
        self.init(ports, credentials.as_deref(), redactor)
    }

    /// Lets Terraform move objects before it plans.
    pub fn write_moved(&self, blocks: &[MovedBlock]) -> Result<(), Error> {
        self.directory.write_beside(MOVED, moved(blocks).as_bytes())?;
        Ok(())
    }

    /// Plans without the `prevent_destroy` of these blocks: what would be destroyed is judged by us,
    /// all of it and at once, where Terraform would refuse the whole plan for the first.
    pub fn lift_prevention(
        &mut self,
        modules: &[(BundlePath, BTreeSet<String>)],
    ) -> Result<(), Error> {
        for (directory, blocks) in modules.iter().filter(|(_, blocks)| !blocks.is_empty()) {
            let text: String = blocks
                .iter()
                .filter_map(|block| with_lifecycle(block, "prevent_destroy = false"))
                .collect();
            self.directory.write_override_in(directory, LIFECYCLE, &text)?;
        }
        Ok(())
    }

    /// Plans without the `destroy = false` of these blocks, by address without keys: what they make
    /// is destroyed instead of forgotten.
    pub fn lift_destroy_false(
        &mut self,
        configuration: &Configuration,
        blocks: &BTreeSet<String>,
    ) -> Result<(), Error> {
        for module in configuration.modules() {
            let says = module.facts.destroy_false.iter();
            let meant = says.filter(|name| blocks.contains(&format!("{}{name}", module.prefix)));
            let text: String =
                meant.filter_map(|name| with_lifecycle(name, "destroy = true")).collect();
            if !text.is_empty() {
                self.directory.write_override_in(&module.directory, DESTROY, &text)?;
            }
        }
        Ok(())
    }

    /// Plans with these overrides of blocks, by directory.
    pub fn override_blocks(
        &mut self,
        overrides: &BTreeMap<BundlePath, String>,
    ) -> Result<(), Error> {
        for (directory, text) in overrides {
            self.directory.write_override_in(directory, BLOCKS, text)?;
        }
        Ok(())
    }

    /// Pushes a state to the backend that the copy has, never by force.
    pub fn push(
        &self,
        ports: &Ports<'_>,
        state: &StateBytes,
        redactor: &Redactor,
    ) -> Result<(), Error> {
        let file = self.directory.write_beside("zz_unapply_rekeyed.state", state.as_slice())?;
        let pushed = ports.terraform.push(&self.place, &file);
        // It holds secrets, and nobody needs it any more.
        let _gone = std::fs::remove_file(&file).is_ok();
        pushed.map_err(|error| Error::Terraform(safe_error(error, redactor)))
    }

    /// Empties the scratch backend.
    pub fn forget_scratch(&self) -> Result<(), Error> {
        let place = scratch(&self.directory);
        let workspaces = place.join("d").join(&self.place.workspace);
        for file in [place.join("terraform.tfstate"), workspaces.join("terraform.tfstate")] {
            match std::fs::remove_file(&file) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::Io { path: file.display().to_string(), source });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
    /// Puts every byte of the configuration back as it was captured.
    pub fn make_pristine(&mut self, configuration: &Configuration) -> Result<(), Error> {
        self.directory.remove_beside(MOVED)?;
        Ok(self.directory.lay_out(configuration, CopyLayout::Pristine, &self.places)?)
    }

    /// Makes it possible for another process to carry back what an apply does here.
    pub fn note_what_is_laid_out(&self) -> Result<(), Error> {
        Ok(self.directory.note_what_is_laid_out()?)
    }

    /// The places, relative to the root module's directory, at which something is another than it was
    /// laid out: plans have written there.
    pub fn changed(&self) -> Vec<PathBuf> {
        self.directory.changed()
    }

    /// The reason for which nothing can be put at the real place of this relative path.
    pub fn obstacle_at(&self, path: &Path) -> Option<String> {
        self.directory.obstacle_at(path)
    }

    /// Carries back to the real directories what was made, changed or removed here.
    pub fn carry_back(&mut self) -> CarriedBack {
        self.directory.carry_back()
    }

    /// The path of a file of ours, beside the configuration.
    pub fn file(&self, name: &str) -> PathBuf {
        self.place.data_directory.as_deref().unwrap_or(&self.place.root).join(name)
    }

    /// Plans these targets alone, or everything if there are none, and reads the plan.
    pub fn plan_part(
        &self,
        ports: &Ports<'_>,
        name: &str,
        redactor: &Redactor,
        targets: &[String],
    ) -> Result<(PathBuf, Plan), Error> {
        self.plan_as(PlanMode::Normal, ports, name, redactor, targets.to_vec())
    }

    /// Plans, and reads the plan.
    pub fn plan(
        &self,
        ports: &Ports<'_>,
        name: &str,
        redactor: &Redactor,
    ) -> Result<(PathBuf, Plan), Error> {
        self.plan_as(PlanMode::Normal, ports, name, redactor, Vec::new())
    }

    /// Plans only how the real world differs from the state. Such a plan is never applied: that
    /// would write the state.
    pub fn refresh_only(
        &self,
        ports: &Ports<'_>,
        name: &str,
        redactor: &Redactor,
    ) -> Result<Plan, Error> {
        self.plan_as(PlanMode::RefreshOnly, ports, name, redactor, Vec::new()).map(|(_, plan)| plan)
    }

    /// Plans the end of these objects, and of the objects that depend on them.
    pub fn plan_destroy(
        &self,
        ports: &Ports<'_>,
        name: &str,
        redactor: &Redactor,
        targets: Vec<String>,
    ) -> Result<(PathBuf, Plan), Error> {
        self.plan_as(PlanMode::Destroy, ports, name, redactor, targets)
    }

    fn plan_as(
        &self,
        mode: PlanMode,
        ports: &Ports<'_>,
        name: &str,
        redactor: &Redactor,
        targets: Vec<String>,
    ) -> Result<(PathBuf, Plan), Error> {
        let request = PlanRequest {
            mode,
            refresh: terraform::Refresh::Now,
            out: self.file(name),
            var_files: self.directory.var_file_arguments(),
            targets,
        };
        let mut watch = |event: &Event| ports.progress.event(&safe_event(event, redactor));
        ports
            .terraform
            .plan(&self.place, &request, &mut watch)
            .map_err(|error| failed(ports, error, redactor))?;
        if let Some(real) = self.directory.changed_through_a_link() {
            let path = redactor.text(&real.display().to_string());
            return Err(Error::WrittenByAPlan { path });
        }
        let shown = ports.terraform.show_plan(&self.place, &request.out)?;
        Ok((request.out, plan::parse(&shown)?))
    }

    /// Leaves the directory where it is, for a person to look into.
    pub fn keep(self) -> PathBuf {
        self.directory.keep()
    }
}

/// An error of Terraform, safe to show, with the phase under way closed.
fn failed(ports: &Ports<'_>, error: terraform::Error, redactor: &Redactor) -> Error {
    ports.progress.end(Ended::Badly, "");
    Error::Terraform(safe_error(error, redactor))
}

/// The override that names the recorded backend; a local path is made absolute.
fn override_text(stack: &Stack, identity: &BackendIdentity) -> Result<String, Error> {
    let recorded = identity.settings.iter();
    let mut settings: BTreeMap<String, Value> =
        recorded.map(|(name, text)| (name.clone(), setting(text))).collect();
    if identity.kind == "local" {
        let absolute = |name: &str, default: &str| {
            let given = identity.settings.get(name).map_or(default, String::as_str);
            Value::Text(stack.root.join(given).display().to_string())
        };
        let path = absolute("path", "terraform.tfstate");
        let workspaces = absolute("workspace_dir", "terraform.tfstate.d");
        settings.insert("path".to_owned(), path);
        settings.insert("workspace_dir".to_owned(), workspaces);
    }
    backend_override(&identity.kind, &settings).map_err(|_| Error::Moved { what: "the backend" })
}

/// A file with what is not recorded of the backend, from the working directory's own record.
fn credentials(
    directory: &PrivateDirectory,
    identity: &BackendIdentity,
    live: &Backend,
) -> Result<Option<PathBuf>, Error> {
    if live.withheld.is_empty() || !live.identity.is_same_place(identity) {
        return Ok(None);
    }
    let lines: Vec<String> = live.withheld.iter().map(|(name, value)| line(name, value)).collect();
    Ok(Some(directory.write_beside("zz_unapply.tfbackend", lines.concat().as_bytes())?))
}

fn line(name: &str, value: &Secret<String>) -> String {
    format!("{name} = {}\n", expression(&setting(value.reveal_for_terraform())))
}

/// A backend's setting as a value: one that is no text is recorded as JSON.
fn setting(text: &str) -> Value {
    match json::value(text) {
        Ok(value) if text.starts_with(['{', '[']) => value,
        _ => Value::Text(text.to_owned()),
    }
}
