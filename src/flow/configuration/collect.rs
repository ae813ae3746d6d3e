//! Files as they are collected, by absolute path, and the notes on what is missing.
//!
//! Paths are normalised by their text; links are followed when read, so that a linked file enters
//! the bundle as the content that Terraform sees. Start from [`Collected`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::LOCK_FILE;
use crate::codec::bundle::FILES_MAX;
use crate::codec::hcl;
use crate::engine::variables::given::GivenValue;
use crate::flow::error::configuration::ConfigurationError;
use crate::model::configuration::{FileMode, WhyLeftOut};

/// How much is captured of what Terraform does not load itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureBounds {
    /// The most bytes of one file.
    pub file: u64,
    /// The most bytes of all files together.
    pub total: u64,
}

impl Default for CaptureBounds {
    fn default() -> Self {
        Self { file: 64 << 20, total: 256 << 20 }
    }
}

/// How a configuration reaches a file; the first reason is the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CaptureReason {
    /// Terraform loads it. Without it the same configuration would plan something else.
    Loaded,
    /// The configuration names it, or may read it.
    Named,
    /// Git tracks it, and that is all.
    Tracked,
}

/// A file that was collected.
#[derive(Debug)]
pub(super) struct CollectedFile {
    pub(super) content: Vec<u8>,
    pub(super) mode: FileMode,
    pub(super) reason: CaptureReason,
}

/// A file that was not, with its size where that is the reason.
#[derive(Debug, Clone, Copy)]
pub(super) struct Omission {
    pub(super) why: WhyLeftOut,
    pub(super) bytes: Option<u64>,
}

/// The files and notes that have been collected so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    files: BTreeMap<PathBuf, CollectedFile>,
    left_out: BTreeMap<PathBuf, Omission>,
    notes: BTreeSet<String>,
    bytes: u64,
    bounds: CaptureBounds,
}

impl Collected {
    /// Begins with nothing.
    pub(super) fn within(bounds: CaptureBounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Says what could not be captured exactly.
    pub(super) fn note(&mut self, note: String) {
        self.notes.insert(note);
    }

    /// Names a file that is not captured.
    pub(super) fn leave_out(&mut self, path: &Path, why: WhyLeftOut) {
        self.omit(path, Omission { why, bytes: None });
    }

    fn omit(&mut self, path: &Path, omission: Omission) {
        if !self.files.contains_key(path) {
            self.left_out.insert(path.to_owned(), omission);
        }
    }

    /// The content taken for `path`.
    pub(super) fn get(&self, path: &Path) -> Option<&Vec<u8>> {
        self.files.get(path).map(|file| &file.content)
    }

    /// Takes the content of a file that Terraform loads. It is never left out: what does not fit
    /// makes the bundle as a whole be refused.
    pub(super) fn insert_loaded(&mut self, path: PathBuf, content: LoadedFile) {
        let LoadedFile { content, mode } = content;
        self.insert(path, CollectedFile { content, mode, reason: CaptureReason::Loaded });
    }

    fn insert(&mut self, path: PathBuf, file: CollectedFile) {
        self.bytes = self.bytes.saturating_add(length(&file.content));
        self.left_out.remove(&path);
        self.files.insert(path, file);
    }

    /// Takes a regular file, or says why not.
    pub(super) fn take(&mut self, path: &Path, reason: CaptureReason) {
        if let Some(known) = self.files.get_mut(path) {
            known.reason = known.reason.min(reason);
            return;
        }
        let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let bounds = self.bounds;
        if size > bounds.file {
            return self.omit(path, Omission { why: WhyLeftOut::TooLarge, bytes: Some(size) });
        }
        if self.files.len() >= FILES_MAX || self.bytes.saturating_add(size) > bounds.total {
            return self.omit(path, Omission { why: WhyLeftOut::NoRoom, bytes: Some(size) });
        }
        match read(path) {
            Ok(LoadedFile { content, mode }) => {
                self.insert(path.to_owned(), CollectedFile { content, mode, reason });
            }
            Err(_) => self.leave_out(path, WhyLeftOut::Unreadable),
        }
    }

    /// Takes the files out, for the bundle.
    pub(super) fn take_files(&mut self) -> BTreeMap<PathBuf, CollectedFile> {
        std::mem::take(&mut self.files)
    }

    /// The notes, sorted, and what was left out.
    pub(super) fn into_rest(self) -> (Vec<String>, BTreeMap<PathBuf, Omission>) {
        (self.notes.into_iter().collect(), self.left_out)
    }

    /// Files of values in Terraform's order, with their content: those that it loads by itself in
    /// `root`, then those that are named.
    pub(super) fn values<'c>(
        &'c self,
        root: &Path,
        named: &'c [PathBuf],
    ) -> impl Iterator<Item = (&'c str, &'c [u8])> {
        let name = |path: &'c PathBuf| path.file_name().and_then(|name| name.to_str());
        let beside = self.files.keys().filter(|path| path.parent() == Some(root));
        let rank = |path: &'c PathBuf| name(path).and_then(hcl::rank);
        let mut loaded: Vec<&PathBuf> = beside.filter(|path| rank(path).is_some()).collect();
        loaded.sort_by_key(|path| rank(path));
        let files = loaded.into_iter().chain(named);
        files.filter_map(move |path| Some((name(path)?, self.files.get(path)?.content.as_slice())))
    }

    /// The collected paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }
}

fn length(content: &[u8]) -> u64 {
    u64::try_from(content.len()).unwrap_or(u64::MAX)
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

/// A file's content and permissions.
pub(super) struct LoadedFile {
    pub(super) content: Vec<u8>,
    pub(super) mode: FileMode,
}

fn read(path: &Path) -> std::io::Result<LoadedFile> {
    let mut file = File::open(path)?;
    let mode = FileMode::of(file.metadata()?.permissions().mode());
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(LoadedFile { content, mode })
}

/// Reads a file that Terraform loads.
pub(super) fn loaded(path: &Path) -> Result<LoadedFile, ConfigurationError> {
    read(path).map_err(|source| ConfigurationError::Read { path: path.to_owned(), source })
}

/// Takes the lock file and the files of values that Terraform loads unasked.
pub(super) fn root_files(root: &Path, collected: &mut Collected) -> Result<(), ConfigurationError> {
    for name in file_names(root, collected)? {
        if name == LOCK_FILE || hcl::rank(&name).is_some() {
            let path = root.join(name);
            let content = loaded(&path)?;
            collected.insert_loaded(path, content);
        }
    }
    Ok(())
}

/// Takes the `-var-file`s. One that is not there is an error: without it the same configuration
/// would plan something else, and nothing would say so.
pub(super) fn var_files(
    root: &Path,
    given: &[GivenValue],
    collected: &mut Collected,
) -> Result<Vec<PathBuf>, ConfigurationError> {
    let mut paths = Vec::new();
    for given in given {
        let GivenValue::File(given) = given else { continue };
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
