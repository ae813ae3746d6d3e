//! A private directory in which a configuration of the past is planned and applied.
//!
//! The bundle's files keep their layout below it, modules included, so that `terraform init` fetches
//! no module. Other files of the real directories stand there too, so that a relative path finds
//! what it finds at home; nothing real is touched before [`PrivateDirectory::carry_back`]. Values of
//! variables are handed over so that each keeps its meaning and its rank. No process is started
//! here. Start from [`PrivateDirectory::create`] and [`PrivateDirectory::lay_out`].

mod carry;
mod lay_out;
mod mirror;
mod own;
#[cfg(test)]
mod tests;
mod variables;
mod versions;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use self::carry::LaidOut;
use self::lay_out::CopyContent;
use self::own::OwnDirectory;
use crate::codec::hcl::UnreadableFile;
use crate::model::configuration::{Bundle, BundlePath, REMOTE_MODULES, RefusedPath};
use crate::model::secret::Secret;

pub use self::carry::{CarriedBack, NotCarried, carry_back_left, events_left};
pub use self::mirror::{RealPlaces, normalised};
pub use self::variables::value_files;
pub use self::versions::{is_version_file, pinned};

/// The directory, inside the private one, where the bundle's top lies.
const TREE: &str = "tree";

/// Terraform's own directory below the root module.
const DATA: &str = ".terraform";

/// The names of our own files beside the configuration begin so.
const OWN_PREFIX: &str = "zz_unapply";

/// The names of the files of events end so.
const EVENTS: &str = ".events.jsonl";

/// The directory, inside the private one, of what could not be carried back.
const ASIDE: &str = "not_carried_back";

/// The file in [`DATA`] that says what was laid out.
const NOTE: &str = "unapply_laid_out.json";

/// Why a configuration could not be laid out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No directory could be made.
    #[error("cannot make a private directory in `{}`", parent.display())]
    Create {
        /// The directory in which it was to be.
        parent: PathBuf,
        /// The system's own word.
        #[source]
        source: io::Error,
    },
    /// A file could not be written, replaced or removed.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's own word.
        #[source]
        source: io::Error,
    },
    /// A file may have `moved`, `removed` or `import` blocks, and they cannot be cut out.
    #[error("cannot leave out the state blocks of `{path}`")]
    StateBlocks {
        /// The file, in the bundle.
        path: BundlePath,
        /// Why not.
        #[source]
        source: UnreadableFile,
    },
    /// The text given for a variable is not an expression, as its declared type asks for.
    #[error("value is not an expression of Terraform's language: variable `{name}`")]
    Variable {
        /// The variable.
        name: String,
    },
    /// The value that a plan gave is not JSON.
    #[error("value from a plan is not JSON: variable `{name}`")]
    PlannedVariable {
        /// The variable.
        name: String,
    },
    /// The name of an override file is not a plain name.
    #[error("not a name for an override file")]
    OverrideName(#[source] RefusedPath),
    /// The name of an override file is one that Terraform does not take as an override.
    #[error("not loaded as an override: `{name}`")]
    NotAnOverride {
        /// The name.
        name: String,
    },
}

/// Which blocks of the configuration are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyLayout {
    /// All but `moved`, `removed` and `import`, which the state of that time has absorbed.
    WithoutStateBlocks,
    /// Every byte as captured.
    Pristine,
}

/// A directory that only we may enter, removed when it is dropped.
#[derive(Debug)]
pub struct PrivateDirectory {
    directory: OwnDirectory,
    root: BundlePath,
    /// The bundle's top, as far below [`TREE`] as the real one is below `/`: whatever a relative path
    /// climbs to is in here.
    top: PathBuf,
    /// The things that [`Self::lay_out`] laid out, so that doing it again touches only those that
    /// differ.
    written: BTreeMap<PathBuf, CopyContent>,
    /// Their stamps then.
    laid_out: LaidOut,
    /// The real directory of the root module.
    real_root: PathBuf,
    /// Real things that could not be mirrored, each with the reason.
    left_out: Vec<String>,
    environment: Vec<(String, Secret<String>)>,
    var_files: Vec<PathBuf>,
    /// Whether a variable of the root module is ephemeral.
    has_ephemeral: bool,
    /// Overrides that a pristine layout does not have.
    overrides: Vec<PathBuf>,
}

impl PrivateDirectory {
    /// Makes an empty one below `parent`.
    pub fn create(parent: &Path) -> Result<Self, Error> {
        let directory = OwnDirectory::create(parent)
            .map_err(|source| Error::Create { parent: parent.to_owned(), source })?;
        let top = directory.path().join(TREE);
        Ok(Self {
            directory,
            root: BundlePath::top(),
            top,
            written: BTreeMap::new(),
            laid_out: LaidOut::default(),
            real_root: PathBuf::new(),
            left_out: Vec::new(),
            environment: Vec::new(),
            var_files: Vec::new(),
            has_ephemeral: false,
            overrides: Vec::new(),
        })
    }

    /// The directory of the root module, where Terraform runs.
    pub fn root(&self) -> PathBuf {
        self.place_of(&self.root)
    }

    /// The directory that `TF_DATA_DIR` must name, or may be left unset for.
    pub fn data_dir(&self) -> PathBuf {
        self.root().join(DATA)
    }

    /// Variables of the environment, such as `TF_VAR_region`, for each command that plans.
    ///
    /// They rank below every file of values, so they cannot be handed over in one. The caller's own
    /// `TF_VAR_…` must not reach the child.
    pub fn environment(&self) -> Vec<(String, Secret<String>)> {
        self.environment.clone()
    }

    /// Absolute paths for `-var-file`, in the order in which they must be given.
    pub fn var_file_arguments(&self) -> Vec<PathBuf> {
        self.var_files.clone()
    }

    /// The same for the apply of a saved plan, which holds all but the values of ephemeral variables.
    pub fn values_at_apply(&self) -> Vec<PathBuf> {
        if self.has_ephemeral { self.var_files.clone() } else { Vec::new() }
    }

    /// Writes a file into the root module that Terraform merges over the others; `name` is like
    /// `zz_unapply_override.tf`. It survives [`Self::lay_out`].
    pub fn write_override(&self, name: &str, content: &str) -> Result<(), Error> {
        let path: BundlePath = name.parse().map_err(Error::OverrideName)?;
        let is_override =
            ["_override.tf", "_override.tf.json"].iter().any(|end| name.ends_with(end));
        if path.file_name() != name || !is_override {
            return Err(Error::NotAnOverride { name: name.to_owned() });
        }
        replace(&self.root().join(name), content.as_bytes())
    }

    /// Writes an override into the directory of one of the bundle's modules, until the bundle is laid
    /// out pristine.
    pub fn write_override_in(
        &mut self,
        module: &BundlePath,
        name: &str,
        content: &str,
    ) -> Result<(), Error> {
        if !name.ends_with("_override.tf") || name.contains('/') {
            return Err(Error::NotAnOverride { name: name.to_owned() });
        }
        let path = self.place_of(module).join(name);
        replace(&path, content.as_bytes())?;
        self.overrides.push(path);
        Ok(())
    }

    /// Writes a file of ours beside the configuration, where Terraform reads it only when told to.
    /// [`Self::lay_out`] does not touch it.
    pub fn write_beside(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let path = self.root().join(name);
        replace(&path, content)?;
        Ok(path)
    }

    /// Removes a file that [`Self::write_beside`] wrote, if it is there.
    pub fn remove_beside(&self, name: &str) -> Result<(), Error> {
        remove(&self.root().join(name))
    }

    /// The real things that are not in the copy, each with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Keeps on disk what was laid out, so that [`carry_back_left`] can do its work if we are gone.
    pub fn note_what_is_laid_out(&self) -> Result<(), Error> {
        let note = self.laid_out.note();
        note.map_err(|source| Error::Write { path: self.data_dir().join(NOTE), source })
    }

    /// Carries back to the real places what is another than it was laid out. A file that cannot be
    /// carried is set aside, and the directory is kept for it.
    pub fn carry_back(&mut self) -> CarriedBack {
        let mut end = self.laid_out.carry_back(&self.real_root);
        let _gone = fs::remove_file(self.data_dir().join(NOTE)).is_ok();
        if !end.failed.is_empty() {
            self.directory.keep();
            let aside = self.directory.path().join(ASIDE);
            let tree = self.directory.path().join(TREE);
            end.failed.iter_mut().for_each(|one| one.set_aside(&tree, &aside));
        }
        end
    }

    /// The places, relative to the root module's directory, that are another than they were laid out.
    pub fn changed(&self) -> Vec<PathBuf> {
        self.laid_out.changed().iter().map(|path| relative_to(&self.root(), path)).collect()
    }

    /// The reason for which nothing can be put at the real place of this relative path.
    pub fn obstacle_at(&self, path: &Path) -> Option<String> {
        carry::obstacle_at(&self.real_root.join(normalised(path)?))
    }

    /// A real file that is linked and no longer what it was: a plan has written through the link.
    pub fn changed_through_a_link(&self) -> Option<&Path> {
        self.written.values().find_map(CopyContent::changed_link)
    }

    /// Leaves the directory in place for a person to look into.
    pub fn keep(mut self) -> PathBuf {
        self.directory.keep()
    }

    fn place_of(&self, path: &BundlePath) -> PathBuf {
        match path.as_str().split_once('/') {
            Some((REMOTE_MODULES, rest)) => self.data_dir().join("modules").join(rest),
            _ if *path == BundlePath::top() => self.top.clone(),
            _ => self.top.join(path.as_str()),
        }
    }
}

/// Terraform's record of installed modules, as `init` writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Installed<'a> {
    key: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    dir: String,
}

fn module_manifest(bundle: &Bundle) -> Vec<u8> {
    let root = Installed { key: "", source: "", version: None, dir: ".".to_owned() };
    let others = bundle.modules.iter().map(|module| Installed {
        key: &module.key,
        source: &module.source,
        version: module.version.as_deref(),
        dir: relative(&bundle.root, &module.directory),
    });
    let modules: Vec<Installed<'_>> = [root].into_iter().chain(others).collect();
    serde_json::json!({ "Modules": modules }).to_string().into_bytes()
}

/// The way from the root module to a module, as Terraform writes it.
fn relative(root: &BundlePath, directory: &BundlePath) -> String {
    if let Some((REMOTE_MODULES, rest)) = directory.as_str().split_once('/') {
        return format!("{DATA}/modules/{rest}");
    }
    let parts = |path: &BundlePath| -> Vec<String> {
        let parts = path.as_str().split('/').filter(|part| *part != ".");
        parts.map(str::to_owned).collect()
    };
    let (from, to) = (parts(root), parts(directory));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(shared).map(|_| "..");
    let down = to.iter().skip(shared).map(String::as_str);
    let way: Vec<&str> = up.chain(down).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

/// The way from one directory to a path, with `..` where it leads out.
fn relative_to(from: &Path, path: &Path) -> PathBuf {
    let shared = from.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

fn make_directory(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a new file, never through what stands there: whatever it is, it goes first.
fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    remove(path)?;
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(content))
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}
