//! Facts about a commit, by asking git.
//!
//! One command, read-only: it takes no lock and writes no index. Without git, or outside of a
//! repository, there are no facts, and that is no error.

use std::path::Path;

use super::environment::Environment;
use super::locate::on_path;
use super::process::{Finished, Invocation, run};
use crate::model::entry::GitFacts;
use crate::port::interrupt::Never;

/// The commit checked out at `directory`, and whether anything below it differs from it.
pub fn facts(environment: &Environment, directory: &Path) -> Option<GitFacts> {
    let program = on_path(environment, "git")?;
    let mut child: Environment = environment
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "PATH" | "HOME" | "XDG_CONFIG_HOME"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    child.insert("GIT_OPTIONAL_LOCKS".to_owned(), "0".into());
    let arguments = ["status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", "."];
    let invocation = Invocation {
        program: &program,
        arguments: arguments.map(str::to_owned).to_vec(),
        directory,
        environment: child,
        output: None,
    };
    let finished = run(&invocation, &Never, &mut |_| {}).ok()?;
    finished.succeeded().then(|| read(&finished))?
}

fn read(finished: &Finished) -> Option<GitFacts> {
    let text = String::from_utf8_lossy(&finished.stdout);
    let commit = text.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
    let is_commit = commit.len() >= 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
    is_commit.then(|| GitFacts {
        commit: commit.to_owned(),
        dirty: text.lines().any(|line| !line.starts_with('#')),
    })
}
