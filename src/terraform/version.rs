//! Which version an engine has, asked once for each file that is one.
//!
//! To start Terraform only to hear its version takes most of the time of a snapshot. So its answer
//! is kept in the user's cache, with what tells whether the file is still the same: its real path,
//! its size and its time. That is done for executables alone. A script may run anything, and the
//! program of a version manager stands for many versions: these are asked whenever they are needed.
//! An answer that cannot be kept is asked for again, and stops no command.

use std::fs::{self, DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::model::digest::Digest;
use crate::model::entry::{EngineKind, EngineVersion};

/// The first bytes of executables: ELF, and Mach-O of one or of several architectures.
const EXECUTABLES: [[u8; 4]; 6] = [
    *b"\x7fELF",
    [0xcf, 0xfa, 0xed, 0xfe],
    [0xfe, 0xed, 0xfa, 0xcf],
    [0xce, 0xfa, 0xed, 0xfe],
    [0xca, 0xfe, 0xba, 0xbe],
    [0xca, 0xfe, 0xba, 0xbf],
];

/// Programs that put others of an engine's name beside themselves.
const MANAGERS: [&str; 5] = ["tenv", "mise", "asdf", "tfenv", "tofuenv"];

/// An executable, as it was when it was asked.
#[derive(Debug)]
pub(super) struct Executable {
    /// The file that keeps its answer.
    kept_in: PathBuf,
    /// Real path, size and time.
    identity: String,
}

impl Executable {
    /// The executable that a program is; none for a program that may run another one.
    pub(super) fn of(program: &Path, cache: &Path) -> Option<Self> {
        let real = fs::canonicalize(program).ok()?;
        let name = real.file_name()?.to_str()?;
        let is_named = ["terraform", "tofu"].iter().any(|engine| name.starts_with(engine));
        let is_beside = |manager: &&str| real.with_file_name(manager).exists();
        if !is_named || MANAGERS.iter().any(is_beside) {
            return None;
        }
        let mut file = File::open(&real).ok()?;
        let mut beginning = [0; 4];
        file.read_exact(&mut beginning).ok()?;
        if !EXECUTABLES.contains(&beginning) {
            return None;
        }
        let facts = file.metadata().ok()?;
        let path = real.to_str()?;
        let kept_in = cache.join("engines").join(Digest::of(path.as_bytes()).to_string());
        let (seconds, nanoseconds) = (facts.mtime(), facts.mtime_nsec());
        let identity = format!("{path}\n{} {seconds} {nanoseconds}\n", facts.size());
        Some(Self { kept_in, identity })
    }

    /// The version that it told when it was asked, if that is kept.
    pub(super) fn known(&self) -> Option<EngineVersion> {
        let kept = fs::read_to_string(&self.kept_in).ok()?;
        version(kept.strip_prefix(&self.identity)?)
    }

    /// Keeps what it said.
    pub(super) fn keep(&self, said: &str) {
        let text = format!("{}{}\n", self.identity, said.lines().next().unwrap_or_default());
        let _kept = self.kept_in.parent().is_some_and(|directory| {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
            let file = made.and_then(|()| tempfile::NamedTempFile::new_in(directory));
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
            written.is_ok_and(|file| file.persist(&self.kept_in).is_ok())
        });
    }
}

/// The version in what `version` prints.
pub(super) fn version(said: &str) -> Option<EngineVersion> {
    let first = said.lines().next().unwrap_or_default();
    let words = [("Terraform v", EngineKind::Terraform), ("OpenTofu v", EngineKind::OpenTofu)];
    words.into_iter().find_map(|(word, kind)| {
        let version = first.strip_prefix(word)?.trim().to_owned();
        Some(EngineVersion { kind, version })
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(path: &Path, text: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(text).unwrap();
    }

    #[test]
    fn an_executable_is_asked_once_and_again_when_it_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let (cache, real) =
            (directory.path().join("cache"), directory.path().join("1.11/terraform"));
        write(&real, b"\x7fELF one");
        let program = directory.path().join("bin/terraform-latest");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        symlink(&real, &program).unwrap();
        let executable = || Executable::of(&program, &cache).unwrap();
        assert_eq!(executable().known(), None);
        executable().keep("Terraform v1.11.4\non linux_amd64\n");
        let known = executable().known().unwrap();
        assert_eq!((known.kind, known.version.as_str()), (EngineKind::Terraform, "1.11.4"));
        assert_eq!(Executable::of(&real, &cache).unwrap().known(), Some(known));
        write(&real, b"\x7fELF another");
        assert_eq!(executable().known(), None);
        // What was kept is of no use where it does not say a version.
        executable().keep("Welcome");
        assert_eq!(executable().known(), None);
    }

    #[test]
    fn what_may_run_another_program_is_always_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        write(&path("scripts/terraform"), b"#!/bin/sh\nexec tfenv exec \"$@\"\n");
        write(&path("empty/terraform"), b"");
        write(&path("mise/mise"), b"\x7fELF one binary for all of its shims");
        symlink(path("mise/mise"), path("mise/terraform")).unwrap();
        write(&path("tenv/tenv"), b"\x7fELF tenv");
        write(&path("tenv/terraform"), b"\x7fELF a proxy");
        for program in ["scripts", "empty", "mise", "tenv", "nowhere"] {
            let program = path(program).join("terraform");
            assert!(Executable::of(&program, &path("cache")).is_none(), "{}", program.display());
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_stops_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let (program, cache) = (directory.path().join("tofu"), directory.path().join("cache"));
        write(&program, b"\x7fELF");
        write(&cache, b"a file where a directory would be");
        let executable = Executable::of(&program, &cache).unwrap();
        executable.keep("OpenTofu v1.9.1");
        assert_eq!(executable.known(), None);
    }
}
