//! Facts about commits, by asking git.
//!
//! Every command is read-only: none takes a lock, writes an index or touches the work tree. Without
//! git, or outside of a repository, there are no facts, and that is no error.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::locate::on_path;
use super::process::{Finished, Invocation, run};
use crate::model::entry::GitFacts;
use crate::port::interrupt::Never;

/// The commit checked out at `directory`, and whether anything below it differs from it.
pub fn facts(environment: &Environment, directory: &Path) -> Option<GitFacts> {
    let arguments = ["status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", "."];
    let finished = git(environment, directory, &arguments, None)?;
    read(&finished)
}

fn read(finished: &Finished) -> Option<GitFacts> {
    let text = String::from_utf8_lossy(&finished.stdout);
    let commit = text.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
    is_commit(commit).then(|| GitFacts {
        commit: commit.to_owned(),
        dirty: text.lines().any(|line| !line.starts_with('#')),
    })
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// Runs git; nothing when there is none or when it does not end well.
fn git(
    environment: &Environment,
    directory: &Path,
    arguments: &[&str],
    output: Option<PathBuf>,
) -> Option<Finished> {
    let program = on_path(environment, "git")?;
    let mut child: Environment = environment
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "PATH" | "HOME" | "XDG_CONFIG_HOME"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    child.insert("GIT_OPTIONAL_LOCKS".to_owned(), "0".into());
    let invocation = Invocation {
        program: &program,
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        directory,
        environment: child,
        output,
    };
    let finished = run(&invocation, &Never, &mut |_| {}).ok()?;
    finished.succeeded().then_some(finished)
}

/// Files that git tracks.
#[derive(Debug, Clone, Default)]
pub struct TrackedFiles {
    /// The top of the work tree, without links in its path.
    pub top: PathBuf,
    /// The files below the directories that were asked about, absolute, by the names that those have.
    pub files: BTreeSet<PathBuf>,
}

/// The files that git tracks below these directories, those in the work tree of the first; nothing
/// outside of a work tree.
pub fn tracked(environment: &Environment, directories: &[&Path]) -> Option<TrackedFiles> {
    let top = fs::canonicalize(WorkTree::of(environment, directories.first()?)?.top).ok()?;
    let real = |directory: &&Path| {
        let real = fs::canonicalize(directory).ok()?;
        real.starts_with(&top).then(|| (real, directory.to_path_buf()))
    };
    let inside: Vec<(PathBuf, PathBuf)> = directories.iter().filter_map(real).collect();
    let mut arguments = vec!["ls-files".to_owned(), "-z".to_owned(), "--".to_owned()];
    arguments.extend(inside.iter().filter_map(|(real, _)| {
        let below = real.strip_prefix(&top).ok()?.to_str()?;
        Some(format!(":(top,literal){below}"))
    }));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let listed = String::from_utf8_lossy(&git(environment, &top, &arguments, None)?.stdout)
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(|name| top.join(name))
        .collect::<Vec<_>>();
    let named = |(real, given): &(PathBuf, PathBuf)| {
        let below = listed.iter().filter_map(|file| file.strip_prefix(real).ok());
        below.map(|file| given.join(file)).collect::<Vec<_>>()
    };
    Some(TrackedFiles { files: inside.iter().flat_map(named).collect(), top })
}

/// The same of files that were laid out from a commit: all that lie there.
pub fn laid_out(top: &Path) -> TrackedFiles {
    let top = fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    let mut files = Vec::new();
    let mut waiting = vec![top.clone()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let paths = if is_directory { &mut waiting } else { &mut files };
            paths.push(entry.path());
        }
    }
    TrackedFiles { top, files: files.into_iter().collect() }
}

/// How files of Terraform's language end.
const SUFFIXES: [&str; 4] = [".tf", ".tf.json", ".tofu", ".tofu.json"];

/// The repository that a directory lies in.
#[derive(Debug, Clone)]
pub struct WorkTree {
    top: PathBuf,
    /// The directory below the top, `/` at its end; empty for the top itself.
    prefix: String,
}

/// Files of a commit that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The commit does not have the directory, or git does not give it.
    #[error("the directory is not in it")]
    NotThere,
    /// They could not be laid out.
    #[error("cannot lay out its files")]
    Io(#[from] io::Error),
}

impl WorkTree {
    /// The work tree of `directory`, if it is in one.
    pub fn of(environment: &Environment, directory: &Path) -> Option<Self> {
        let arguments = ["rev-parse", "--show-toplevel", "--show-prefix"];
        let finished = git(environment, directory, &arguments, None)?;
        let text = String::from_utf8(finished.stdout).ok()?;
        let mut lines = text.lines();
        let top = PathBuf::from(lines.next()?);
        Some(Self { top, prefix: lines.next().unwrap_or_default().to_owned() })
    }

    /// The commits of the branch that is checked out, with their times in seconds since 1970: only
    /// first parents, for that is what was there to be applied.
    pub fn commits(&self, environment: &Environment) -> Vec<(String, i64)> {
        let arguments = ["log", "--first-parent", "--format=%H %ct"];
        let Some(finished) = git(environment, &self.top, &arguments, None) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&finished.stdout).into_owned();
        let commit = |line: &str| {
            let (id, time) = line.split_once(' ')?;
            is_commit(id).then_some((id.to_owned(), time.parse().ok()?))
        };
        text.lines().filter_map(commit).collect()
    }

    /// Lays out what the directory had in a commit below `into`, with every file of Terraform's
    /// language in the repository and whole directories in `besides`, which lie below the top.
    /// Returns where the directory is then. Links are left out: nothing leaves `into`.
    pub fn extract(
        &self,
        environment: &Environment,
        commit: &str,
        besides: &[PathBuf],
        into: &Path,
    ) -> Result<PathBuf, ExtractError> {
        let paths = self.paths(environment, commit, besides)?;
        let archive = into.join("archive.tar");
        let mut arguments = vec!["archive", "--format=tar", commit, "--"];
        arguments.extend(paths.iter().map(String::as_str));
        git(environment, &self.top, &arguments, Some(archive.clone()))
            .ok_or(ExtractError::NotThere)?;
        let tree = into.join("tree");
        fs::create_dir_all(&tree)?;
        let mut reader = tar::Archive::new(File::open(&archive)?);
        for entry in reader.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                // What would leave the tree is not unpacked, and is told by its answer.
                let _is_inside = entry.unpack_in(&tree)?;
            }
        }
        fs::remove_file(archive)?;
        let root = tree.join(&self.prefix);
        if root.is_dir() { Ok(root) } else { Err(ExtractError::NotThere) }
    }

    /// The paths to ask the archive for: git refuses a pattern that nothing fits.
    fn paths(
        &self,
        environment: &Environment,
        commit: &str,
        besides: &[PathBuf],
    ) -> Result<Vec<String>, ExtractError> {
        if self.prefix.is_empty() {
            return Ok(vec![".".to_owned()]);
        }
        let arguments = ["ls-tree", "-r", "-z", "--name-only", commit];
        let finished =
            git(environment, &self.top, &arguments, None).ok_or(ExtractError::NotThere)?;
        let listed = String::from_utf8_lossy(&finished.stdout).into_owned();
        let names: Vec<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
        let directories = besides.iter().filter_map(|path| path.to_str());
        let directories = directories.map(|path| format!("{path}/"));
        let mut paths: Vec<String> = std::iter::once(self.prefix.clone())
            .chain(directories)
            .filter(|directory| names.iter().any(|name| name.starts_with(directory.as_str())))
            .map(|directory| format!(":(literal){directory}"))
            .collect();
        let there = |suffix: &&&str| names.iter().any(|name| name.ends_with(**suffix));
        paths.extend(SUFFIXES.iter().filter(there).map(|suffix| format!(":(glob)**/*{suffix}")));
        Ok(paths)
    }
}
