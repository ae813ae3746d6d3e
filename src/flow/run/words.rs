//! A command's words: which program they mean, which saved plan, and how they can be recorded.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Wanted;
use super::safe_words::safe_words;
use crate::codec::planfile;
use crate::engine::engine_call::is_engine;
use crate::engine::redact::Redactor;
use crate::engine::variables::given::names_a_state;
use crate::flow::Error;
use crate::flow::error::run::{Detour, RunError};
use crate::flow::ports::{Ports, Stack};
use crate::terraform::directory;
use crate::terraform::locate::started_in;

/// A command that can be started.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// The directory in which it runs.
    pub(super) directory: PathBuf,
    /// The saved plan that it applies.
    pub(super) plan: Option<PathBuf>,
    /// All of its words.
    pub(super) words: Vec<String>,
}

impl Command {
    pub(super) fn of(ports: &Ports<'_>, stack: &Stack, wanted: &Wanted) -> Result<Self, Error> {
        let (name, arguments) = match wanted.words.split_first() {
            Some((name, arguments)) => (name.to_string_lossy().into_owned(), arguments.to_vec()),
            None => (String::new(), Vec::new()),
        };
        let program = started_in(ports.environment, &wanted.directory, &name);
        let program = program.ok_or(RunError::NoProgram { name })?;
        let words = wanted.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let mut command =
            Self { program, arguments, directory: wanted.directory.clone(), plan: None, words };
        command.refuse_another_place(ports, stack)?;
        command.plan = wanted.plan.clone().or_else(|| command.plan_among_words());
        Ok(command)
    }

    /// The directory in which Terraform works: `-chdir=` can name another.
    pub(super) fn place(words: &[String], directory: &Path) -> PathBuf {
        let elsewhere = words.iter().find_map(|word| word.strip_prefix("-chdir="));
        elsewhere.map_or_else(|| directory.to_owned(), |elsewhere| directory.join(elsewhere))
    }

    /// Refuses to watch one state while the command changes another. An engine goes nowhere but by
    /// its words and its environment; another program may, and then the states before and after tell.
    fn refuse_another_place(&self, ports: &Ports<'_>, stack: &Stack) -> Result<(), Error> {
        let detour = self.detour_by_words(&stack.root);
        let detour = match detour {
            None if is_engine(&self.program) => self.detour_of_engine(ports, stack)?,
            detour => detour,
        };
        detour.map_or(Ok(()), |by| {
            let root = stack.root.display().to_string();
            Err(RunError::AnotherPlace { by, root, workspace: stack.workspace.clone() }.into())
        })
    }

    fn detour_by_words(&self, root: &Path) -> Option<Detour> {
        let is_here = |place: PathBuf| std::fs::canonicalize(place).is_ok_and(|p| p == *root);
        let directory = self.words.iter().find_map(|word| word.strip_prefix("-chdir="));
        let directory = directory.filter(|place| !is_here(self.directory.join(place)));
        let state = || self.words.iter().find(|word| names_a_state(word)).cloned();
        let directory = directory.map(|place| Detour::ChangedDirectory(place.to_owned()));
        directory.or_else(|| state().map(Detour::StateFile))
    }

    fn detour_of_engine(&self, ports: &Ports<'_>, stack: &Stack) -> Result<Option<Detour>, Error> {
        let place = Self::place(&self.words, &self.directory);
        if !std::fs::canonicalize(&place).is_ok_and(|place| place == stack.root) {
            return Ok(Some(Detour::Directory(place.display().to_string())));
        }
        let by_variable = ports.environment.get("TF_WORKSPACE").and_then(|name| name.to_str());
        let detour = match by_variable.filter(|name| !name.is_empty()) {
            Some(name) if name == stack.workspace => None,
            Some(name) => Some(Detour::WorkspaceVariable(name.to_owned())),
            None => {
                let selected = directory::selected_workspace(&stack.root)?;
                let engine = self.words.first().cloned().unwrap_or_default();
                (selected != stack.workspace).then_some(Detour::Workspace { selected, engine })
            }
        };
        Ok(detour)
    }

    fn plan_among_words(&self) -> Option<PathBuf> {
        let place = Self::place(&self.words, &self.directory);
        let words = self.words.iter().skip(1).filter(|word| !word.starts_with('-'));
        words.map(|word| place.join(word)).find(|path| is_plan(path))
    }

    /// The words without the values of variables, and without what is secret.
    pub(super) fn safe_words(&self, redactor: &Redactor) -> Vec<String> {
        safe_words(&self.words, redactor)
    }
}

fn is_plan(path: &Path) -> bool {
    // A plan is an archive; one that OpenTofu has encrypted is JSON.
    let may_be_one = || {
        let mut head = [0_u8; 2];
        let is_read = File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok();
        is_read && (&head == b"PK" || head.starts_with(b"{"))
    };
    let is_one =
        |bytes: Vec<u8>| matches!(planfile::read(&bytes), Ok(_) | Err(planfile::Error::Encrypted));
    path.is_file() && may_be_one() && std::fs::read(path).is_ok_and(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_can_be_sent_elsewhere() {
        let words = ["terraform", "-chdir=sub", "apply"].map(str::to_owned);
        assert_eq!(Command::place(&words, Path::new("/a")), Path::new("/a/sub"));
    }
}
