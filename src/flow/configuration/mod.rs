//! Collecting the configuration that belongs to a state, from a working directory or a saved plan.
//!
//! Everything that Terraform would read to plan and to apply is taken, as exact bytes: files, modules,
//! values of variables, and besides them the files that git tracks. A note says what cannot be taken
//! exactly. That is no failure: the moment after a failed apply gives no second chance. Nothing is
//! written, and nothing but git is run. Start from [`capture`].

mod collect;
mod kept;
mod modules;
mod place;
mod reading;
mod reads;
mod sweep;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use self::collect::CaptureBounds;
use self::collect::{Collected, LoadedFile};
pub(super) use self::kept::missing_files;
pub use self::kept::reasons;
use self::reading::Reading;
use super::error::configuration::ConfigurationError as Error;
use crate::codec::bundle;
use crate::codec::hcl::{is_of_opentofu, lock};
use crate::codec::planfile::PlanArchive;
use crate::engine::variables::given::GivenValue;
use crate::model::configuration::{Bundle, BundlePath, FileMode, LeftOut, LockedProvider};
use crate::model::entry::EngineKind;
use crate::model::secret::Secret;
use crate::terraform::environment::Environment;

/// Terraform's dependency lock file.
pub(in crate::flow) use crate::codec::hcl::lock::FILE_NAME as LOCK_FILE;

/// The configuration to capture, and the sources of its variables.
#[derive(Debug, Clone)]
pub struct CaptureRequest<'a> {
    /// The root module's directory, absolute.
    pub root: &'a Path,
    /// Terraform's own directory, where it is not `.terraform` in the root.
    pub data_directory: Option<&'a Path>,
    /// `-var`s and `-var-file`s in Terraform's order; paths are relative to the root or absolute.
    pub given: &'a [GivenValue],
    /// `TF_VAR_…` by the variable's name.
    pub environment: &'a BTreeMap<String, Secret<String>>,
    /// The engine, asked only where its files differ from the other one's.
    pub engine: AskedEngine<'a>,
    /// The text of `TF_ENCRYPTION`, for an engine that hears it.
    pub encryption: &'a str,
    /// The saved plan whose configuration it is; without one, the directory's.
    pub plan: Option<PlannedConfiguration<'a>>,
    /// How it is told which files git tracks.
    pub tracking: GitTracking<'a>,
    /// How much is taken.
    pub bounds: CaptureBounds,
}

/// How it is told which files git tracks.
#[derive(Debug, Clone, Copy)]
pub enum GitTracking<'a> {
    /// Git is asked, in this environment.
    Asked(&'a Environment),
    /// All files below this directory: they were laid out from a commit.
    Everything(&'a Path),
    /// It cannot be told.
    Unknown,
}

/// A question for the engine, answered only when it is asked: starting one takes time.
#[derive(Clone, Copy)]
pub struct AskedEngine<'a>(pub &'a dyn Fn() -> Option<EngineKind>);

impl std::fmt::Debug for AskedEngine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AskedEngine")
    }
}

impl AskedEngine<'_> {
    /// The engine, if any of these files is for one of them alone.
    fn of<'n>(self, mut names: impl Iterator<Item = &'n str>) -> Option<EngineKind> {
        if names.any(is_of_opentofu) { (self.0)() } else { None }
    }
}

/// The configuration of a saved plan.
#[derive(Debug, Clone, Copy)]
pub struct PlannedConfiguration<'a> {
    /// Its files; none where they cannot be read, and then those of the directory count.
    pub archive: Option<&'a PlanArchive>,
    /// Its variables, each value as the JSON text in `terraform show -json`.
    pub variables: &'a BTreeMap<String, Secret<String>>,
}

/// A captured configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedConfiguration {
    /// The engine that loads it, where its files differ from the other one's.
    pub engine: Option<EngineKind>,
    /// The configuration; `codec::bundle::pack` takes it.
    pub bundle: Bundle,
    /// Sentences that name what could not be captured exactly.
    pub notes: Vec<String>,
    /// Files that were not captured.
    pub left_out: Vec<LeftOut>,
    /// The providers that the lock file selects.
    pub providers: Vec<LockedProvider>,
}

/// Collects the configuration.
pub fn capture(request: &CaptureRequest<'_>) -> Result<CapturedConfiguration, Error> {
    let root = fs::canonicalize(request.root)
        .map_err(|source| Error::Read { path: request.root.to_owned(), source })?;
    let layout = modules::ModuleLayout::of(&root, request.data_directory);
    let mut collected = Collected::within(request.bounds);
    let archive = request.plan.and_then(|planned| planned.archive);
    let modules = match archive {
        Some(archive) => modules::planned(&layout, archive, request.encryption, &mut collected),
        None => modules::installed(&layout, request.engine, request.encryption, &mut collected)?,
    };
    let var_files = if let Some(archive) = archive {
        if let Some(lock_file) = &archive.lock_file {
            let (content, mode) = (lock_file.clone(), FileMode::default());
            collected.insert_loaded(root.join(LOCK_FILE), LoadedFile { content, mode });
        }
        // The plan holds the values that its files of values gave.
        Vec::new()
    } else {
        collect::root_files(&root, &mut collected)?;
        collect::var_files(&root, request.given, &mut collected)?
    };
    let own: Vec<&Path> = modules
        .iter()
        .filter(|module| !layout.is_remote(&module.directory))
        .map(|module| module.directory.as_path())
        .collect();
    let tree = place::common_ancestor(&root, own);
    let variables = variables::of(request, &root, &modules, &collected);
    if request.plan.is_none() {
        let values = collected.values(&root, &var_files);
        for name in variables::without_value(&modules, &variables, values) {
            collected.note(format!(
                "variable `{name}` has no value that can be kept: give it with --var or \
                 TF_VAR_{name}, or name its file in `var_files` of unapply.toml"
            ));
        }
    }
    let texts = variables::texts(&modules, &variables, collected.values(&root, &var_files));
    let reading = Reading::new(&layout, &modules, tree, &texts, request.tracking);
    reads::follow(&reading, &mut collected);
    let providers = providers(&root, &mut collected);
    let placed = place::bundle(&layout, &modules, &var_files, collected)
        .map_err(|(path, source)| Error::NoPlace { path, source })?;
    let bundle = Bundle { variables, ..placed.bundle };
    bundle::check(&bundle).map_err(|source| Error::Refused { root, source })?;
    let engine = request.engine.of(bundle.files.keys().map(BundlePath::as_str));
    let (notes, left_out) = (placed.notes, placed.left_out);
    Ok(CapturedConfiguration { engine, bundle, notes, left_out, providers })
}

fn providers(root: &Path, collected: &mut Collected) -> Vec<LockedProvider> {
    let Some(content) = collected.get(&root.join(LOCK_FILE)) else {
        return Vec::new();
    };
    match lock::providers(content) {
        Ok(providers) => providers,
        Err(error) => {
            collected.note(format!("{error}: provider versions are not known"));
            Vec::new()
        }
    }
}
