//! A directory of ours that is removed when it is dropped.
//!
//! It lies as deep as the stack does, and the usual removal keeps a file open for each level: where
//! hardly any may be open, the secrets in it would stay. So there it is removed by path, one level
//! after the other; only its owner can enter it and exchange what a path names.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The directory.
#[derive(Debug)]
pub(super) struct OwnDirectory {
    path: PathBuf,
    is_kept: bool,
}

impl OwnDirectory {
    /// Makes an empty one below `parent` that only its owner may enter.
    pub(super) fn create(parent: &Path) -> io::Result<Self> {
        let made = tempfile::Builder::new()
            .prefix("unapply-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        Ok(Self { path: made.keep(), is_kept: false })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is, for good.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.is_kept = true;
        self.path.clone()
    }
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        if !self.is_kept && fs::remove_dir_all(&self.path).is_err() {
            remove_by_path(&self.path);
        }
    }
}

/// Removes a directory with what is in it, as far as it can.
fn remove_by_path(directory: &Path) {
    // An entry would keep its directory open.
    let entry = |entry: fs::DirEntry| (entry.path(), entry.file_type().is_ok_and(|of| of.is_dir()));
    let entries: Vec<(PathBuf, bool)> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(entry).collect();
    for (path, is_directory) in entries {
        if is_directory {
            remove_by_path(&path);
        } else {
            let _stays = fs::remove_file(path).is_err();
        }
    }
    let _stays = fs::remove_dir(directory).is_err();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_all_that_is_in_it_unless_it_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        for is_kept in [false, true] {
            let mut own = OwnDirectory::create(parent.path()).unwrap();
            let path = own.path().to_owned();
            fs::create_dir_all(path.join("a/b/c")).unwrap();
            std::os::unix::fs::symlink(parent.path(), path.join("a/b/link")).unwrap();
            if is_kept {
                own.keep();
            }
            drop(own);
            assert_eq!(path.exists(), is_kept);
            remove_by_path(&path);
            assert!(!path.exists() && parent.path().exists());
        }
    }
}
