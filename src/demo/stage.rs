//! The directory in which the story is played, with everything that a person does there by hand.
//!
//! Commands get an environment of their own, so that a variable of the person who runs the demo
//! changes nothing; how they are run and shown is in `commands`. Whether the story came out well is
//! not decided here. Start from [`Stage::set_up`].

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::sandbox::{self, Sandbox, make};
use crate::port::interrupt::Interrupt;
use crate::terraform::environment::Environment;

mod commands;

/// Why the story ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory that is to be used has something in it.
    #[error("the directory is not empty: `{path}`")]
    Occupied {
        /// The directory.
        path: String,
    },
    /// The file system refused.
    #[error(transparent)]
    Path(#[from] sandbox::Error),
    /// A command did not start.
    #[error("cannot run `{command}`")]
    CannotRun {
        /// The command.
        command: String,
        /// The reason.
        source: io::Error,
    },
    /// A command ended otherwise than the story goes.
    #[error("`{command}` ended with {ended}, and the story goes on from {expected}")]
    Unexpected {
        /// The command.
        command: String,
        /// How it ended.
        ended: String,
        /// How it should have ended.
        expected: i32,
        /// Its last lines.
        output: Vec<String>,
    },
    /// A state that Terraform wrote cannot be read.
    #[error("cannot read the state in `{path}`")]
    State {
        /// The file.
        path: String,
        /// The reason.
        source: crate::codec::state::Error,
    },
    /// A signal asked for the end.
    #[error("interrupted")]
    Interrupted {
        /// The signal.
        signal: i32,
    },
}

/// Whether the story is printed in colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// With colours.
    Always,
    /// Not one escape byte.
    Never,
}

impl Colours {
    fn flag(self) -> &'static str {
        match self {
            Self::Always => "--color=always",
            Self::Never => "--color=never",
        }
    }
}

/// Everything that the story needs from outside.
#[expect(missing_debug_implementations, reason = "a function to print with has nothing to show")]
pub struct StoryInputs<'a> {
    /// The binary that is demonstrated, which is the provider too.
    pub unapply: &'a Path,
    /// The Terraform.
    pub terraform: &'a Path,
    /// The environment as found.
    pub environment: &'a Environment,
    /// The wish to stop.
    pub interrupt: &'a dyn Interrupt,
    /// Prints the story.
    pub print: &'a dyn Fn(&str),
    /// The colours of the story.
    pub colours: Colours,
}

/// A directory in which the story is played.
#[expect(missing_debug_implementations, reason = "a function to print with has nothing to show")]
pub struct Stage<'a> {
    inputs: &'a StoryInputs<'a>,
    sandbox: Sandbox,
    environment: Environment,
}

impl<'a> Stage<'a> {
    /// Sets up `root`, which is made if need be and has to be empty.
    pub fn set_up(inputs: &'a StoryInputs<'a>, root: &Path) -> Result<Self, Error> {
        make(root)?;
        let root = root.canonicalize().map_err(at(root))?;
        if fs::read_dir(&root).map_err(at(&root))?.next().is_some() {
            return Err(Error::Occupied { path: root.display().to_string() });
        }
        let sandbox = Sandbox::set_up(&root, inputs.unapply)?;
        let found = |name| Some((name, inputs.environment.get(name)?.clone()));
        let environment = ["PATH", "HOME"]
            .into_iter()
            .filter_map(found)
            .chain(sandbox.variables())
            .chain([
                ("TF_IN_AUTOMATION", "1".into()),
                ("TF_INPUT", "0".into()),
                // Keys of fingerprints are made for a store that is gone in a moment.
                ("XDG_DATA_HOME", sandbox.at("data").into()),
                ("UNAPPLY_TF_BIN", inputs.terraform.into()),
                ("UNAPPLY_ACTOR", "demo".into()),
            ])
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let stage = Self { inputs, sandbox, environment };
        make(&stage.at("kept"))?;
        stage.write("stack/unapply.toml", &Sandbox::settings("shop"))?;
        Ok(stage)
    }

    /// A path below the directory.
    pub fn at(&self, path: &str) -> PathBuf {
        self.sandbox.at(path)
    }

    /// Writes a file anew.
    pub fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        Ok(sandbox::write(&self.at(path), text)?)
    }

    /// Adds a line to a file, as a user of the object does.
    pub fn append(&self, path: &str, line: &str) -> Result<(), Error> {
        let path = self.at(path);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{line}"))
            .map_err(at(&path))
    }

    /// Replaces a text in a file, as an editor does.
    pub fn edit(&self, path: &str, from: &str, to: &str) -> Result<(), Error> {
        let file = self.at(path);
        let text = fs::read_to_string(&file).map_err(at(&file))?;
        self.write(path, &text.replace(from, to))
    }

    /// Copies a file or everything below a directory.
    pub fn copy(&self, from: &str, to: &str) -> Result<(), Error> {
        copy(&self.at(from), &self.at(to))
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) -> Result<(), Error> {
        let path = self.at(path);
        fs::remove_file(&path).map_err(at(&path))
    }

    /// Removes the temporary directory with everything that commands left there.
    pub fn sweep(&self) -> Result<(), Error> {
        let path = self.at("tmp");
        fs::remove_dir_all(&path).map_err(at(&path))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop).map_err(at(to));
    }
    make(to)?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Names the path in an error.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let named = sandbox::Error::at(path);
    move |error| named(error).into()
}
