//! `unapply demo`: the whole story in a scratch directory.
//!
//! The story itself is `demo::story`; here is what it is played with, where it goes, and what is
//! left behind.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::Session;
use crate::cli::args::{Demo as Arguments, Format};
use crate::cli::environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::DemoOut;
use crate::cli::output::Paint;
use crate::cli::shell::shell_word;
use crate::demo::stage::{Colours, Error, StoryInputs};
use crate::demo::story::{StoryEnding, play};
use crate::port::terraform;
use crate::terraform::locate;

/// Plays it.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let wanted = session.global.tf_bin.as_deref().filter(|name| *name != "auto");
    let environment = &session.world.environment;
    let terraform = match wanted {
        Some(name) => locate::named(environment, name),
        None => locate::named(environment, "terraform")
            .or_else(|_| locate::named(environment, "tofu"))
            .map_err(|_| "terraform, tofu on PATH".to_owned()),
    };
    let terraform = terraform.map_err(|searched| {
        let name = wanted.unwrap_or("terraform").to_owned();
        terraform::Error::NotFound { name, searched, instead: None }
    })?;
    let unapply = environment::own_program().map_err(|error| {
        Failure::new(Exit::Failure, "cannot tell which program this is".to_owned())
            .caused_by(&error)
    })?;
    let place = DemoPlace::choose(session, arguments)?;
    let is_data = session.format() == Format::Table;
    let paint = if is_data { session.output.data_paint } else { session.output.talk_paint };
    let unwritable: RefCell<Option<Failure>> = RefCell::new(None);
    let print = |text: &str| {
        if !is_data {
            session.output.talk(text);
        } else if let Err(failure) = session.data(text) {
            unwritable.borrow_mut().get_or_insert(failure);
        }
    };
    let inputs = StoryInputs {
        unapply: &unapply,
        terraform: &terraform,
        environment: &session.world.environment,
        interrupt: &session.signals,
        print: &print,
        colours: match paint {
            Paint::Colours => Colours::Always,
            Paint::Plain => Colours::Never,
        },
    };
    let played = play(&inputs, place.path()).map_err(|error| failure(&error, &place));
    if let (Ok(_), DemoPlace::Kept(path)) = (&played, &place) {
        let is_known = locate::on_path(&session.world.environment, "unapply").is_some();
        print(&by_hand(path, Some(unapply.as_path()).filter(|_| !is_known)));
    }
    let kept = place.end()?;
    let ending = played?;
    if !is_data {
        let directory = kept.as_ref().map(|path| path.display().to_string());
        session.json("unapply.demo", None, DemoOut::new(&ending, directory))?;
    }
    if let Some(failure) = unwritable.into_inner() {
        return Err(failure);
    }
    verdict(&ending)
}

/// The exit that the story deserves.
fn verdict(ending: &StoryEnding) -> Result<Exit, Failure> {
    let problems = ending.problems();
    if problems.is_empty() {
        return Ok(Exit::Done);
    }
    let what = if ending.world_equals_v1() {
        "the story did not come out as it is told"
    } else {
        "the world does not equal v1"
    };
    Err(Failure::new(Exit::Failure, what.to_owned())
        .details(problems)
        .not_done("nothing of yours was touched")
        .next("unapply demo --directory DIR   (to look at what is left)"))
}

/// The directory in which the story is played.
enum DemoPlace {
    /// A directory that is removed.
    Scratch(tempfile::TempDir),
    /// A directory that the person named, which stays.
    Kept(PathBuf),
}

impl DemoPlace {
    fn choose(session: &Session, arguments: &Arguments) -> Result<Self, Failure> {
        match &arguments.directory {
            Some(directory) => {
                let from = session.global.chdir.as_deref().unwrap_or(Path::new("."));
                let path = session.world.directory.join(from).join(directory);
                std::path::absolute(path).map(Self::Kept)
            }
            None => tempfile::Builder::new().prefix("unapply-demo-").tempdir().map(Self::Scratch),
        }
        .map_err(|error| {
            let what = "cannot make a scratch directory".to_owned();
            Failure::new(Exit::Failure, what).caused_by(&error)
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Scratch(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }

    fn left(&self) -> String {
        match self {
            Self::Scratch(_) => {
                "the scratch directory is removed, and nothing is left running".to_owned()
            }
            Self::Kept(path) => format!("what there is stays in {}", path.display()),
        }
    }

    /// Removes what is not to stay; says what stays.
    fn end(self) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::Kept(path) => Ok(Some(path)),
            Self::Scratch(directory) => {
                let path = directory.path().display().to_string();
                directory.close().map(|()| None).map_err(|error| {
                    let what = format!("cannot remove the scratch directory: {path}");
                    Failure::new(Exit::Failure, what).caused_by(&error)
                })
            }
        }
    }
}

fn failure(error: &Error, place: &DemoPlace) -> Failure {
    let failure = match error {
        Error::Interrupted { signal } => Failure::new(Exit::of_signal(*signal), error.to_string()),
        Error::Occupied { .. } => {
            return Failure::new(Exit::Usage, error.to_string())
                .not_done("nothing was written")
                .next("unapply demo --directory NEW-DIRECTORY");
        }
        Error::Unexpected { output, .. } => {
            Failure::new(Exit::Failure, error.to_string()).details(output.iter().cloned())
        }
        Error::Path(error) => {
            Failure::new(Exit::Failure, error.to_string()).caused_by(&error.source)
        }
        Error::CannotRun { source, .. } => {
            Failure::new(Exit::Failure, error.to_string()).caused_by(source)
        }
        Error::State { source, .. } => {
            Failure::new(Exit::Failure, error.to_string()).caused_by(source)
        }
    };
    failure.not_done("the story was not told to its end").now(place.left())
}

/// How to go on where everything was left; `unapply` is the binary, where `PATH` has none.
fn by_hand(directory: &Path, unapply: Option<&Path>) -> String {
    let quoted = |path: &Path| shell_word(&path.to_string_lossy());
    let alias = unapply.map(|path| format!("  alias unapply={}\n", quoted(path)));
    format!(
        "\nEverything is still there. To go on by hand:\n\n{}  \
         export TF_CLI_CONFIG_FILE={}\n  \
         export TF_DISABLE_PLUGIN_TLS=1\n  \
         cd {}\n\n  \
         unapply history\n  \
         unapply show good\n  \
         terraform state list\n\n\
         Then change main.tf, and:\n\n  \
         unapply snapshot && terraform apply\n  \
         unapply diff\n  \
         unapply revert\n\n\
         A line `create-after:PATH` in {} makes the next creation fail half-way.\n",
        alias.unwrap_or_default(),
        quoted(&directory.join("terraform.rc")),
        quoted(&directory.join("stack")),
        quoted(&directory.join("world/.faults")),
    )
}
