//! A command's words: which program they mean, which saved plan, and how they can be recorded.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Wanted;
use super::safe_words::safe_words;
use crate::codec::planfile;
use crate::engine::engine_call::{engine_calls, is_engine};
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

    /// The directories in which Terraform works: a script or `-chdir=` can go to another.
    pub(super) fn places(words: &[String], directory: &Path) -> Vec<PathBuf> {
        let places: Vec<PathBuf> =
            EngineWords::of(words, directory).map(|engine| engine.place()).collect();
        if places.is_empty() { vec![directory.to_owned()] } else { places }
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
        self.parts().find_map(|part| {
            let elsewhere = part.changed_directory().filter(|_| !is_here(part.place()));
            let state = || part.words.iter().find(|word| names_a_state(word)).cloned();
            let elsewhere = elsewhere.map(|place| Detour::ChangedDirectory(place.to_owned()));
            elsewhere.or_else(|| state().map(Detour::StateFile))
        })
    }

    /// The words of each engine in it, and all of its words: another program may hand them on.
    fn parts(&self) -> impl Iterator<Item = EngineWords> {
        let words = self.words.get(1..).unwrap_or_default().to_vec();
        let own = EngineWords { directory: self.directory.clone(), words };
        EngineWords::of(&self.words, &self.directory).chain([own])
    }

    fn detour_of_engine(&self, ports: &Ports<'_>, stack: &Stack) -> Result<Option<Detour>, Error> {
        let mut places = Self::places(&self.words, &self.directory).into_iter();
        let is_here = |place: &PathBuf| std::fs::canonicalize(place).is_ok_and(|p| p == stack.root);
        if let Some(place) = places.find(|place| !is_here(place)) {
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

    /// The saved plan that is among its words. One that the command itself writes is none: what lies
    /// there is an older one.
    fn plan_among_words(&self) -> Option<PathBuf> {
        let written: Vec<PathBuf> = self.parts().flat_map(|part| part.written_plans()).collect();
        let named = self.parts().flat_map(|part| part.operands());
        named.filter(|path| !written.contains(path)).find(|path| is_plan(path))
    }

    /// The words without the values of variables, and without what is secret.
    pub(super) fn safe_words(&self, redactor: &Redactor) -> Vec<String> {
        safe_words(&self.words, redactor)
    }
}

/// Words of an engine, and the directory in which it is started.
struct EngineWords {
    directory: PathBuf,
    words: Vec<String>,
}

impl EngineWords {
    fn of(words: &[String], directory: &Path) -> impl Iterator<Item = Self> {
        let calls = engine_calls(words).into_iter();
        calls.map(|call| Self { directory: call.starts_in(directory), words: call.words })
    }

    fn changed_directory(&self) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix("-chdir="))
    }

    /// The directory in which it works.
    fn place(&self) -> PathBuf {
        let elsewhere = self.changed_directory().map(|place| self.directory.join(place));
        elsewhere.unwrap_or_else(|| self.directory.clone())
    }

    fn operands(&self) -> Vec<PathBuf> {
        let words = self.words.iter().filter(|word| !word.starts_with('-'));
        words.map(|word| self.place().join(word)).collect()
    }

    /// The files to which `plan -out` writes.
    fn written_plans(&self) -> Vec<PathBuf> {
        let behind = self.words.iter().skip(1).map(Some).chain([None]);
        let written = self.words.iter().zip(behind).filter_map(|(word, next)| {
            let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
            if flag == "out" { next.map(String::as_str) } else { flag.strip_prefix("out=") }
        });
        written.map(|path| self.place().join(path)).collect()
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
    use std::io::Write as _;

    use super::*;

    #[test]
    fn terraform_can_be_sent_elsewhere() {
        for (words, expected) in [
            (&["terraform", "-chdir=sub", "apply"][..], "/a/sub"),
            (&["sh", "-c", "cd x && terraform -chdir=sub apply"], "/a/x/sub"),
            (&["make", "apply"], "/a"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(Command::places(&words, Path::new("/a")), [PathBuf::from(expected)]);
        }
    }

    #[test]
    fn a_saved_plan_is_found_where_a_script_applies_it_and_not_where_it_writes_one() {
        let directory = tempfile::tempdir().unwrap();
        let encrypted = r#"{"encrypted_data": "eA==", "encryption_version": "v0"}"#;
        let root = directory.path();
        std::fs::create_dir(root.join("x")).unwrap();
        for name in ["p", "x/q"] {
            let mut file = File::create(root.join(name)).unwrap();
            file.write_all(encrypted.as_bytes()).unwrap();
        }
        for (words, expected) in [
            (&["terraform", "apply", "p"][..], Some("p")),
            (&["./with-keys", "p"], Some("p")),
            (&["sh", "-c", "terraform apply -input=false p"], Some("p")),
            (&["sh", "-c", "cd x; tofu apply q"], Some("x/q")),
            (&["sh", "-c", "tofu -chdir=x apply q"], Some("x/q")),
            (&["sh", "-c", "terraform plan -out p && terraform apply p"], None),
            (&["sh", "-c", "terraform plan -out=p; terraform apply p"], None),
            (&["terraform", "apply"], None),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let command = Command {
                program: PathBuf::new(),
                arguments: Vec::new(),
                directory: root.to_owned(),
                plan: None,
                words,
            };
            let expected = expected.map(|path| root.join(path));
            assert_eq!(command.plan_among_words(), expected, "{:?}", command.words);
        }
    }
}
