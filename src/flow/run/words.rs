//! A command's words: which program they mean, which saved plan, and how they can be recorded.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Wanted;
use crate::codec::planfile;
use crate::engine::redact::Redactor;
use crate::flow::Error;
use crate::flow::error::run::RunError;
use crate::flow::ports::Ports;
use crate::terraform::locate::on_path;

/// A command that can be started.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// Where it runs.
    pub(super) directory: PathBuf,
    /// The saved plan that it applies.
    pub(super) plan: Option<PathBuf>,
    words: Vec<String>,
}

impl Command {
    pub(super) fn of(ports: &Ports<'_>, wanted: &Wanted) -> Result<Self, Error> {
        let (name, arguments) = match wanted.words.split_first() {
            Some((name, arguments)) => (name.to_string_lossy().into_owned(), arguments.to_vec()),
            None => (String::new(), Vec::new()),
        };
        let program = if name.contains('/') {
            Some(wanted.directory.join(&name)).filter(|program| program.is_file())
        } else {
            on_path(ports.environment, &name)
        };
        let program = program.ok_or(RunError::NoProgram { name })?;
        let words = wanted.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let mut command =
            Self { program, arguments, directory: wanted.directory.clone(), plan: None, words };
        command.plan = wanted.plan.clone().or_else(|| command.plan_among_words());
        Ok(command)
    }

    /// Where Terraform works: it can be sent elsewhere.
    pub(super) fn place(words: &[String], directory: &Path) -> PathBuf {
        let elsewhere = words.iter().find_map(|word| word.strip_prefix("-chdir="));
        elsewhere.map_or_else(|| directory.to_owned(), |elsewhere| directory.join(elsewhere))
    }

    fn plan_among_words(&self) -> Option<PathBuf> {
        let place = Self::place(&self.words, &self.directory);
        let words = self.words.iter().skip(1).filter(|word| !word.starts_with('-'));
        words.map(|word| place.join(word)).find(|path| is_plan(path))
    }

    /// The words without the values of variables, and without what is secret.
    pub(super) fn safe_words(&self, redactor: &Redactor) -> Vec<String> {
        without_values(&self.words).iter().map(|word| redactor.text(word)).collect()
    }
}

fn is_plan(path: &Path) -> bool {
    let is_archive = || {
        let mut head = [0_u8; 2];
        File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == b"PK"
    };
    let is_readable = || std::fs::read(path).is_ok_and(|bytes| planfile::read(&bytes).is_ok());
    path.is_file() && is_archive() && is_readable()
}

/// `-var name=value` becomes `-var name=…`.
fn without_values(words: &[String]) -> Vec<String> {
    let mut is_value = false;
    let hidden = |text: &str| match text.split_once('=') {
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    };
    words
        .iter()
        .map(|word| {
            if std::mem::take(&mut is_value) {
                return hidden(word);
            }
            for flag in ["-var", "--var", "-backend-config", "--backend-config"] {
                if word == flag {
                    is_value = true;
                    return word.clone();
                }
                if let Some(value) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('='))
                {
                    return format!("{flag}={}", hidden(value));
                }
            }
            word.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_variables_are_no_part_of_the_record() {
        let words = [
            "terraform",
            "apply",
            "-var",
            "p=secret",
            "-var=q=secret",
            "-var-file=x",
            "-var",
            "odd",
            "-lock=false",
        ];
        let safe = without_values(&words.map(str::to_owned));
        assert_eq!(
            safe,
            [
                "terraform",
                "apply",
                "-var",
                "p=…",
                "-var=q=…",
                "-var-file=x",
                "-var",
                "…",
                "-lock=false"
            ]
        );
    }

    #[test]
    fn terraform_can_be_sent_elsewhere() {
        let words = ["terraform", "-chdir=sub", "apply"].map(str::to_owned);
        assert_eq!(Command::place(&words, Path::new("/a")), Path::new("/a/sub"));
    }
}
