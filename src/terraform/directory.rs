//! The backend, workspace and local state that a working directory names.
//!
//! Read-only. A directory whose configuration names a backend that `terraform init` has not seen is
//! refused: its state would be looked for in the wrong place.

pub mod lock;
pub mod signs;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::codec::backend::{self, Backend};
use crate::codec::{hcl, state};
use crate::model::entry::EngineKind;
use crate::model::stack::BackendIdentity;

/// Why a directory could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file or directory.
        path: String,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The configuration names a backend that the directory is not initialised for.
    #[error("backend `{declared}` is not initialised in `{directory}`")]
    NotInitialised {
        /// The backend of the configuration.
        declared: String,
        /// The directory.
        directory: String,
    },
    /// Terraform's record of the backend cannot be read.
    #[error("cannot understand `{path}`")]
    Record {
        /// The file.
        path: String,
    },
}

/// The state file of Terraform's default backend.
const STATE_FILE: &str = "terraform.tfstate";

/// The backend that `root` is initialised for.
/// The engine is asked only where its files differ from the other one's.
pub fn backend(root: &Path, engine: &dyn Fn() -> Option<EngineKind>) -> Result<Backend, Error> {
    let record = root.join(".terraform").join(STATE_FILE);
    let recorded = match read(&record)? {
        None => None,
        Some(bytes) => backend::parse(&bytes)
            .map_err(|_| Error::Record { path: record.display().to_string() })?,
    };
    let declared = declared_backend(root, engine)?;
    match (declared, recorded) {
        (None, None) => Ok(local_default()),
        (Some(kind), Some(recorded)) if recorded.identity.kind == kind => Ok(with_path(recorded)),
        (None, Some(recorded)) => Ok(with_path(recorded)),
        (Some(declared), _) => {
            Err(Error::NotInitialised { declared, directory: root.display().to_string() })
        }
    }
}

fn local_default() -> Backend {
    let settings = BTreeMap::from([("path".to_owned(), STATE_FILE.to_owned())]);
    Backend {
        identity: BackendIdentity { kind: "local".to_owned(), settings },
        withheld: BTreeMap::new(),
    }
}

/// A local backend without a path uses the default one.
fn with_path(mut backend: Backend) -> Backend {
    if backend.identity.kind == "local" {
        let path = || STATE_FILE.to_owned();
        backend.identity.settings.entry("path".to_owned()).or_insert_with(path);
    }
    backend
}

/// The backend that the root module's files name.
fn declared_backend(
    root: &Path,
    engine: &dyn Fn() -> Option<EngineKind>,
) -> Result<Option<String>, Error> {
    let files: BTreeMap<String, Vec<u8>> =
        configuration_files(root)?.collect::<Result<_, Error>>()?;
    let differs = files.keys().any(|name| hcl::is_of_opentofu(name));
    let engine = if differs { engine() } else { None };
    Ok(hcl::scan(&hcl::loaded(engine, files)).backend.map(|backend| match backend {
        hcl::BackendBlock::Kind(kind) => kind,
        hcl::BackendBlock::Cloud => "cloud".to_owned(),
    }))
}

/// The files of a directory that an engine may load as configuration, by name.
fn configuration_files(
    root: &Path,
) -> Result<impl Iterator<Item = Result<(String, Vec<u8>), Error>>, Error> {
    let path = root.display().to_string();
    let refused = move |source| Error::Read { path: path.clone(), source };
    let entries = fs::read_dir(root).map_err(&refused)?;
    Ok(entries.filter_map(move |entry| {
        let file = entry.map_err(&refused).and_then(|entry| {
            let name = entry.file_name().into_string().ok();
            let name = name.filter(|name| hcl::Syntax::of(name).is_some());
            let content = name.as_ref().map_or(Ok(None), |_| read(&entry.path()))?;
            Ok(name.zip(content))
        });
        file.transpose()
    }))
}

/// A file's content; nothing when there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.display().to_string(), source }),
    }
}

/// The workspace that `terraform workspace select` has chosen here, `default` otherwise.
pub fn selected_workspace(root: &Path) -> Result<String, Error> {
    let chosen = read(&root.join(".terraform").join("environment"))?;
    let name =
        chosen.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    Ok(if name.is_empty() { "default".to_owned() } else { name })
}

/// The file in which the local backend keeps the state of a workspace; none for any other backend.
pub fn local_state_file(
    root: &Path,
    identity: &BackendIdentity,
    workspace: &str,
) -> Option<PathBuf> {
    if identity.kind != "local" {
        return None;
    }
    let setting = |name: &str, default: &str| {
        root.join(identity.settings.get(name).map_or(default, String::as_str))
    };
    Some(if workspace == "default" {
        setting("path", STATE_FILE)
    } else {
        setting("workspace_dir", "terraform.tfstate.d").join(workspace).join(STATE_FILE)
    })
}

/// The bytes of a local state; nothing when there is none.
///
/// Terraform truncates and rewrites the file in place, so a look in the middle of a write can find
/// half of it: while its lock is announced, what does not end like a state is looked at again, for
/// a second.
pub fn local_state(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let lock = path
        .file_name()
        .map(|name| path.with_file_name(format!(".{}.lock.info", name.to_string_lossy())));
    for _ in 0..20 {
        let bytes = read(path)?;
        let is_whole = bytes.as_ref().is_none_or(|bytes| bytes.trim_ascii_end().ends_with(b"}"));
        if is_whole || !lock.as_ref().is_some_and(|lock| lock.exists()) {
            return Ok(bytes);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    read(path)
}

/// Whether OpenTofu has encrypted the state in a file. One that cannot be read is not said to be.
pub fn is_encrypted(path: &Path) -> bool {
    let mut begin = Vec::new();
    let file = fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut begin));
    // A state in the clear begins with its format: most of them are told by that.
    let is_clear = state::begins_in_the_clear(&begin);
    file.is_ok()
        && !is_clear
        && read(path).is_ok_and(|b| b.is_some_and(|b| state::is_encrypted(&b)))
}
