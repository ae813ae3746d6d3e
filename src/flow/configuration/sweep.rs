//! Taking a whole directory, where it is not known which of its files are read, or all of them are.
//!
//! Never taken: files that a bundle must not hold, files that may be an object's own, and files that
//! look like credentials and that git does not track. Links that leave the tree are not followed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::collect::{CaptureReason, Collected};
use super::reading::{Reading, is_never_taken};
use crate::model::configuration::WhyLeftOut;

/// How deep sweeping goes.
const DEPTH_MAX: usize = 32;

/// Names of files and directories in which people keep credentials.
const SECRET: [&str; 10] = [
    ".aws",
    ".dockercfg",
    ".gnupg",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".ssh",
    ".terraform.d",
    ".terraformrc",
];

/// Ends of names of keys, of files of values, and of copies of databases.
const SECRET_ENDS: [&str; 14] = [
    ".dump",
    ".gpg",
    ".jks",
    ".kdbx",
    ".key",
    ".keystore",
    ".p12",
    ".pem",
    ".pfx",
    ".ppk",
    ".sql",
    ".sql.gz",
    ".tfvars",
    ".tfvars.json",
];

/// Why a directory is swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SweepReason {
    /// The configuration names it: its certificates and migrations are meant.
    Named,
    /// Any of its files may be read, and it is not known which.
    Guessed,
}

/// Whether it is no business of a configuration unless it is named, or git tracks it.
fn is_secret(name: &str, why: SweepReason) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.contains(&name.as_str())
        || name.starts_with(".env")
        || name.starts_with("id_")
        || why == SweepReason::Guessed && SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// One sweep over all directories, so that none is walked twice.
#[derive(Default)]
pub(super) struct Sweep {
    done: BTreeSet<PathBuf>,
}

impl Sweep {
    /// Takes the files below `directory`.
    pub(super) fn take(
        &mut self,
        directory: &Path,
        why: SweepReason,
        reading: &Reading<'_>,
        collected: &mut Collected,
    ) {
        let mut waiting = vec![(directory.to_owned(), DEPTH_MAX)];
        while let Some((directory, depth)) = waiting.pop() {
            if depth == 0 || !self.done.insert(directory.clone()) {
                continue;
            }
            let Ok(entries) = fs::read_dir(&directory) else {
                collected.leave_out(&directory, WhyLeftOut::Unreadable);
                continue;
            };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                let name = path.file_name().and_then(|name| name.to_str());
                let Some(name) = name else {
                    collected.leave_out(&path, WhyLeftOut::Refused);
                    continue;
                };
                if is_never_taken(name) || reading.may_be_own(&path) {
                    continue;
                }
                if is_secret(name, why) && !reading.is_tracked(&path) {
                    collected.leave_out(&path, WhyLeftOut::LooksSecret);
                } else if path.is_dir() && !path.is_symlink() {
                    waiting.push((path, depth - 1));
                } else if !path.is_file() || reading.is_link_out(&path) {
                    collected.leave_out(&path, WhyLeftOut::NoFileHere);
                } else {
                    collected.take(&path, CaptureReason::Named);
                }
            }
        }
    }
}
