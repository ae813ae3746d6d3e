//! Taking a whole directory, where it is not known which of its files are read.
//!
//! Never taken: files that a bundle must not hold, and files that look like credentials. Links that
//! leave the tree are not followed. A directory that is too large is taken in part, with a note.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::collect::Collected;
use crate::model::configuration::is_state_file;

/// The most files that sweeping takes, all directories together.
const FILES_MAX: usize = 2_000;

/// The most bytes that sweeping takes, all directories together.
const BYTES_MAX: u64 = 32 * 1024 * 1024;

/// How deep sweeping goes.
const DEPTH_MAX: usize = 32;

/// Directories and files that are never taken, wherever they lie.
const NEVER: [&str; 10] = [
    ".terraform",
    ".unapply",
    ".git",
    ".terragrunt-cache",
    ".ssh",
    ".aws",
    ".gnupg",
    ".netrc",
    ".terraformrc",
    ".terraform.d",
];

/// Whether a file or directory of this name never enters a bundle by being read or swept.
pub(super) fn is_never_taken(name: &str) -> bool {
    NEVER.contains(&name) || is_state_file(name)
}

/// Whether it is, besides, no business of a configuration unless it is named.
fn is_private(name: &str) -> bool {
    name == ".env" || name.starts_with(".env.") || name.starts_with("id_")
}

/// One sweep over all directories, so that none is walked twice and the caps hold together.
pub(super) struct Sweep<'a> {
    tree: &'a Path,
    done: BTreeSet<PathBuf>,
    files_left: usize,
    bytes_left: u64,
}

impl<'a> Sweep<'a> {
    /// Begins a sweep whose links must not leave `tree`.
    pub(super) fn new(tree: &'a Path) -> Self {
        Self { tree, done: BTreeSet::new(), files_left: FILES_MAX, bytes_left: BYTES_MAX }
    }

    /// Takes the files below `directory`.
    pub(super) fn take(&mut self, directory: &Path, collected: &mut Collected) {
        let mut waiting = vec![(directory.to_owned(), DEPTH_MAX)];
        while let Some((directory, depth)) = waiting.pop() {
            if depth == 0 || !self.done.insert(directory.clone()) {
                continue;
            }
            let Ok(entries) = fs::read_dir(&directory) else {
                collected.note(format!("`{}` cannot be read", directory.display()));
                continue;
            };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                let name = path.file_name().and_then(|name| name.to_str());
                if name.is_none() {
                    let shown = path.display();
                    collected.note(format!("`{shown}` is left out: its name is not UTF-8"));
                }
                if name.is_none_or(|name| is_never_taken(name) || is_private(name)) {
                    continue;
                }
                if path.is_dir() && !path.is_symlink() {
                    waiting.push((path, depth - 1));
                } else if !self.file(path, collected) {
                    collected.note(format!(
                        "`{}` is too large to be taken whole: some of its files are missing",
                        directory.display()
                    ));
                    return;
                }
            }
        }
    }

    /// Takes one file; false when there is no room.
    fn file(&mut self, path: PathBuf, collected: &mut Collected) -> bool {
        if collected.get(&path).is_some() {
            return true;
        }
        let inside =
            |path: &Path| fs::canonicalize(path).is_ok_and(|target| target.starts_with(self.tree));
        if !path.is_file() || (path.is_symlink() && !inside(&path)) {
            let shown = path.display();
            collected.note(format!(
                "`{shown}` is left out: it is not a regular file, or links to one outside"
            ));
            return true;
        }
        let length = fs::metadata(&path).map_or(u64::MAX, |metadata| metadata.len());
        if self.files_left == 0 || length > self.bytes_left {
            return false;
        }
        match fs::read(&path) {
            Ok(content) => {
                self.files_left -= 1;
                self.bytes_left -= length;
                collected.insert(path, content);
            }
            Err(_) => collected.note(format!("`{}` cannot be read", path.display())),
        }
        true
    }
}
