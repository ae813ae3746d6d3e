//! Where the story is played: a directory with a world, a stack, a folder of plugins and the
//! settings that make Terraform look there and nowhere else.
//!
//! Commands get an environment of their own, so that what a person has set changes nothing; how
//! they are run and shown is in `commands`. Whether the story came out well is not decided here.
//! Start from [`Stage::set`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::script;
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
    #[error("cannot use `{path}`")]
    Io {
        /// What was to be read or written.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A command did not start.
    #[error("cannot run `{command}`")]
    CannotRun {
        /// The command.
        command: String,
        /// Why not.
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
        said: Vec<String>,
    },
    /// A state that Terraform wrote cannot be read.
    #[error("cannot read the state in `{path}`")]
    State {
        /// The file.
        path: String,
        /// Why not.
        source: crate::codec::state::Error,
    },
    /// Somebody wants us to stop.
    #[error("interrupted")]
    Interrupted {
        /// By this signal.
        signal: i32,
    },
}

/// Whether the story is told in colours.
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

/// What the story is played with.
#[expect(missing_debug_implementations, reason = "an audience has nothing to show")]
pub struct Means<'a> {
    /// The binary that is demonstrated, which is the provider too.
    pub unapply: &'a Path,
    /// The Terraform.
    pub terraform: &'a Path,
    /// The environment as found.
    pub environment: &'a Environment,
    /// The wish to stop.
    pub interrupt: &'a dyn Interrupt,
    /// Whom the story is told.
    pub say: &'a dyn Fn(&str),
    /// How.
    pub colours: Colours,
}

/// A directory in which the story is played.
#[expect(missing_debug_implementations, reason = "an audience has nothing to show")]
pub struct Stage<'a> {
    means: &'a Means<'a>,
    root: PathBuf,
    environment: Environment,
}

impl<'a> Stage<'a> {
    /// Furnishes `root`, which is made if need be and has to be empty.
    pub fn set(means: &'a Means<'a>, root: &Path) -> Result<Self, Error> {
        make(root)?;
        let root = root.canonicalize().map_err(at(root))?;
        if fs::read_dir(&root).map_err(at(&root))?.next().is_some() {
            return Err(Error::Occupied { path: root.display().to_string() });
        }
        let mut environment: Environment = ["PATH", "HOME"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), means.environment.get(name)?.clone())))
            .collect();
        for (name, value) in [
            ("TF_CLI_CONFIG_FILE", root.join("terraform.rc").into_os_string()),
            ("TF_DISABLE_PLUGIN_TLS", "1".into()),
            ("TF_IN_AUTOMATION", "1".into()),
            ("TF_INPUT", "0".into()),
            ("CHECKPOINT_DISABLE", "1".into()),
            ("TMPDIR", root.join("tmp").into_os_string()),
            // Keys of fingerprints are made for a store that is gone in a moment.
            ("XDG_DATA_HOME", root.join("data").into_os_string()),
            ("UNAPPLY_TF_BIN", means.terraform.as_os_str().to_owned()),
            ("UNAPPLY_ACTOR", "demo".into()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        let stage = Self { means, root, environment };
        for name in ["tmp", "world", "stack", "kept"] {
            make(&stage.at(name))?;
        }
        stage.install()?;
        stage.write("stack/unapply.toml", script::SETTINGS)?;
        Ok(stage)
    }

    /// Puts the provider where Terraform looks for it: a link to this very binary.
    fn install(&self) -> Result<(), Error> {
        let version = env!("CARGO_PKG_VERSION");
        let folder = self
            .at("mirror/registry.terraform.io/unapply/demo")
            .join(version)
            .join(format!("{}_{}", system(), architecture()));
        make(&folder)?;
        let link = folder.join(format!("terraform-provider-demo_v{version}"));
        std::os::unix::fs::symlink(self.means.unapply, &link).map_err(at(&link))?;
        let mirror = script::escaped(&self.at("mirror"));
        self.write(
            "terraform.rc",
            &format!(
                "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    \
                 path    = \"{mirror}\"\n    include = [\"registry.terraform.io/unapply/demo\"]\n  \
                 }}\n}}\n"
            ),
        )
    }

    /// A path below the directory.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file anew.
    pub fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        let path = self.at(path);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(at(&path))
    }

    /// Adds a line to a file, as somebody does who knows nothing of Terraform.
    pub fn append(&self, path: &str, line: &str) -> Result<(), Error> {
        let path = self.at(path);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{line}"))
            .map_err(at(&path))
    }

    /// Replaces a text in a file, as somebody does with an editor.
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

    /// Removes what commands may have left in their own temporary directory.
    pub fn sweep(&self) -> Result<(), Error> {
        let path = self.at("tmp");
        fs::remove_dir_all(&path).map_err(at(&path))
    }
}

fn make(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(at(directory))
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

/// Says which path an error is about.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.display().to_string();
    move |source| Error::Io { path, source }
}

/// This system, as Terraform's folders of plugins call it.
fn system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// This processor, as Terraform's folders of plugins call it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
