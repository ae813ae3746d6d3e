//! Files as they are collected, by absolute path, and the notes on what is missing.
//!
//! Paths are normalised by their text; links are followed when read, so that a linked file enters
//! the bundle as the content that Terraform sees. Start from [`Collected`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::LOCK_FILE;
use crate::codec::bundle::{BYTES_MAX, FILES_MAX};
use crate::flow::error::configuration::ConfigurationError;

/// The files and notes that have been collected so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// Files without which the same configuration would plan something else.
    needed: BTreeSet<PathBuf>,
    notes: BTreeSet<String>,
    bytes: u64,
}

impl Collected {
    /// Says what could not be captured exactly.
    pub(super) fn note(&mut self, note: String) {
        self.notes.insert(note);
    }

    /// The content taken for `path`.
    pub(super) fn get(&self, path: &Path) -> Option<&Vec<u8>> {
        self.files.get(path)
    }

    /// Takes the content of a file that Terraform loads. It is never left out: what does not fit
    /// makes the bundle as a whole be refused.
    pub(super) fn insert_loaded(&mut self, path: PathBuf, content: Vec<u8>) {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(length);
        self.needed.insert(path.clone());
        self.files.insert(path, content);
    }

    /// Whether Terraform loads the file.
    pub(super) fn is_needed(&self, path: &Path) -> bool {
        self.needed.contains(path)
    }

    /// Takes content that a function may read, unless the path has some or there is no room left.
    pub(super) fn insert(&mut self, path: PathBuf, content: Vec<u8>) {
        if self.files.contains_key(&path) {
            return;
        }
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if self.files.len() >= FILES_MAX || self.bytes.saturating_add(length) > BYTES_MAX {
            self.note("files beyond the size of a bundle are left out".to_owned());
            return;
        }
        self.bytes = self.bytes.saturating_add(length);
        self.files.insert(path, content);
    }

    /// Takes the files out, for the bundle.
    pub(super) fn take_files(&mut self) -> BTreeMap<PathBuf, Vec<u8>> {
        std::mem::take(&mut self.files)
    }

    /// The notes, sorted.
    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes.into_iter().collect()
    }

    /// The collected paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }
}

/// An absolute path without `.` and `..`, by its text.
pub(super) fn normalised(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            Component::RootDir | Component::Normal(_) | Component::Prefix(_) => {
                out.push(component);
            }
        }
    }
    out
}

/// The names of a directory's files, sorted; links to files count as files. Names that are not text
/// are left out with a note.
pub(super) fn file_names(
    directory: &Path,
    collected: &mut Collected,
) -> Result<Vec<String>, ConfigurationError> {
    let failed = |source| ConfigurationError::Read { path: directory.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.path().is_file() {
            continue;
        }
        match entry.file_name().into_string() {
            Ok(name) => names.push(name),
            Err(name) => collected.note(format!(
                "`{}` is left out: its name is not UTF-8",
                directory.join(name).display()
            )),
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a file that Terraform loads.
pub(super) fn loaded(path: &Path) -> Result<Vec<u8>, ConfigurationError> {
    fs::read(path).map_err(|source| ConfigurationError::Read { path: path.to_owned(), source })
}

/// Takes the lock file and the files of values that Terraform loads unasked.
pub(super) fn root_files(root: &Path, collected: &mut Collected) -> Result<(), ConfigurationError> {
    for name in file_names(root, collected)? {
        if name == LOCK_FILE || is_loaded_values(&name) {
            let path = root.join(name);
            let content = loaded(&path)?;
            collected.insert_loaded(path, content);
        }
    }
    Ok(())
}

fn is_loaded_values(name: &str) -> bool {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    stem == "terraform.tfvars" || stem.ends_with(".auto.tfvars")
}

/// Takes the `-var-file`s. One that is not there is an error: without it the same configuration
/// would plan something else, and nothing would say so.
pub(super) fn var_files(
    root: &Path,
    given: &[PathBuf],
    collected: &mut Collected,
) -> Result<Vec<PathBuf>, ConfigurationError> {
    let mut paths = Vec::new();
    for given in given {
        let path = normalised(&root.join(given));
        let metadata = fs::metadata(&path)
            .map_err(|source| ConfigurationError::Read { path: path.clone(), source })?;
        if !metadata.is_file() {
            return Err(ConfigurationError::NotAFile { path });
        }
        let content = loaded(&path)?;
        collected.insert_loaded(path.clone(), content);
        paths.push(path);
    }
    Ok(paths)
}
