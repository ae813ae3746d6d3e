//! Where the story is played: a directory with a world, a stack, a folder of plugins and the
//! settings that make Terraform look there and nowhere else; and the commands that are run in it.
//!
//! Commands get an environment of their own, so that what a person has set changes nothing. Their
//! output is shown as it is; Terraform's is condensed to the lines that say what happened. Whether
//! the story came out well is not decided here. Start from [`Stage::set`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::script;
use crate::port::interrupt::Interrupt;
use crate::terraform::environment::Environment;
use crate::terraform::process::{Finished, Invocation, run};

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
        let mirror = script::quoted(&self.at("mirror"));
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

    /// Tells a heading.
    pub fn heading(&self, text: &str) {
        let text = match self.means.colours {
            Colours::Always => {
                let bold = anstyle::Style::new().bold();
                format!("{bold}{text}{bold:#}")
            }
            Colours::Never => text.to_owned(),
        };
        self.say(&format!("\n{text}\n\n"));
    }

    /// Tells lines as they are.
    pub fn say(&self, text: &str) {
        (self.means.say)(text);
    }

    /// Tells a command that is about to be run.
    pub fn prompt(&self, command: &str) {
        let command = match self.means.colours {
            Colours::Always => {
                let cyan = anstyle::AnsiColor::Cyan.on_default();
                format!("{cyan}$ {command}{cyan:#}")
            }
            Colours::Never => format!("$ {command}"),
        };
        self.say(&format!("{command}\n"));
    }

    /// Runs unapply in the stack and shows everything it says.
    pub fn unapply(&self, words: &[&str]) -> Result<(), Error> {
        let command = shown("unapply", words);
        self.prompt(&command);
        let mut arguments = vec![self.means.colours.flag().to_owned()];
        arguments.extend(words.iter().map(|word| (*word).to_owned()));
        let finished = self.child(&command, self.means.unapply, arguments, &self.at("stack"))?;
        // Talk first: what is left at the end is data.
        let text = format!("{}{}", lossy(&finished.stderr), lossy(&finished.stdout));
        self.say(&format!("{}\n\n", text.trim_matches('\n')));
        expect(&command, &finished, 0)
    }

    /// Runs Terraform in a directory below, shows what happened, and gives back its exit code.
    pub fn terraform(&self, directory: &str, words: &[&str]) -> Result<i32, Error> {
        let command = shown("terraform", words);
        self.prompt(&command);
        let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        arguments.push("-no-color".to_owned());
        let finished =
            self.child(&command, self.means.terraform, arguments, &self.at(directory))?;
        let text = format!("{}{}", lossy(&finished.stdout), lossy(&finished.stderr));
        for line in text.lines().filter(|line| tells(line)) {
            self.say(&format!("{line}\n"));
        }
        let Some(code) = finished.code else {
            return Err(unexpected(&command, &finished, 0));
        };
        let is_worth_saying = code != 0 || words.contains(&"-detailed-exitcode");
        let code_line =
            if is_worth_saying { format!("(exit {code})\n\n") } else { "\n".to_owned() };
        self.say(&code_line);
        Ok(code)
    }

    /// Runs Terraform where the story only goes on when it ends with `code`.
    pub fn terraform_ends_with(
        &self,
        code: i32,
        directory: &str,
        words: &[&str],
    ) -> Result<(), Error> {
        let ended = self.terraform(directory, words)?;
        if ended == code {
            return Ok(());
        }
        Err(Error::Unexpected {
            command: shown("terraform", words),
            ended: format!("exit code {ended}"),
            expected: code,
            said: Vec::new(),
        })
    }

    fn child(
        &self,
        command: &str,
        program: &Path,
        arguments: Vec<String>,
        directory: &Path,
    ) -> Result<Finished, Error> {
        self.go_on()?;
        let environment = self.environment.clone();
        let invocation = Invocation { program, arguments, directory, environment, output: None };
        let finished = run(&invocation, self.means.interrupt, &mut |_| {})
            .map_err(|source| Error::CannotRun { command: command.to_owned(), source })?;
        self.go_on()?;
        Ok(finished)
    }

    /// Stops the story when somebody wants that.
    fn go_on(&self) -> Result<(), Error> {
        self.means.interrupt.requested().map_or(Ok(()), |signal| Err(Error::Interrupted { signal }))
    }
}

fn expect(command: &str, finished: &Finished, code: i32) -> Result<(), Error> {
    if finished.code == Some(code) { Ok(()) } else { Err(unexpected(command, finished, code)) }
}

fn unexpected(command: &str, finished: &Finished, expected: i32) -> Error {
    let ended = match (finished.code, finished.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "neither code nor signal".to_owned(),
    };
    let text = lossy(&finished.stderr);
    let said = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    Error::Unexpected { command: command.to_owned(), ended, expected, said }
}

/// A command as a person types it.
fn shown(program: &str, words: &[&str]) -> String {
    let mut text = program.to_owned();
    for word in words {
        let quote = if word.contains(' ') { "\"" } else { "" };
        text.push_str(&format!(" {quote}{word}{quote}"));
    }
    text
}

/// Whether a line of Terraform says what happened.
fn tells(line: &str) -> bool {
    const BEGINNINGS: [&str; 7] = [
        "Error: ",
        "Apply complete!",
        "No changes.",
        "Plan: ",
        "InjectedFault: ",
        "Terraform has been successfully initialized!",
        "OpenTofu has been successfully initialized!",
    ];
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
        || line.contains(" complete after ")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
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
