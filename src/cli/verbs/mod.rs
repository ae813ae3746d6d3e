//! The verbs, one a file: resolve, call a use case, show.

pub(super) mod check;
pub(super) mod completion;
pub(super) mod demo;
pub(super) mod diff;
pub(super) mod doctor;
pub(super) mod drift;
pub(super) mod fix;
pub(super) mod guard;
pub(super) mod history;
pub(super) mod hold;
pub(super) mod import;
pub(super) mod init;
pub(super) mod mark;
pub(super) mod overwritten;
pub(super) mod recover;
pub(super) mod revert;
pub(super) mod run;
pub(super) mod several;
pub(super) mod show;
pub(super) mod side;
pub(super) mod snapshot;
pub(super) mod status;
pub(super) mod suited;

use std::cell::{Cell, OnceCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::{Format, Global};
use super::engines::{Engines, WrappedCommand};
use super::environment::{StreamKind, SystemClock, World};
use super::exit::Exit;
use super::failure::Failure;
use super::fingerprints::{self, KeySource};
use super::interrupt::Signals;
use super::json::{Envelope, FORMAT_VERSION};
use super::output::Screens;
use super::place::StorePlace;
use super::progress::ProgressScreen;
use super::render::time::Times;
use super::settings::{Selection, Settings, TOOL};
use crate::engine::redact::{FingerprintKey, FingerprintScope, Redactor};
use crate::engine::variables::given::GivenValues;
use crate::flow::ports::{Inputs, Ports, Stack};
use crate::model::entry::Entry;
use crate::port::clock::Clock as _;
use crate::port::object_store::{Created, ObjectStore};
use crate::store::{self, LocalStore, Repository, S3Place, S3Store};

/// The flags, the world and the streams that every verb has at hand.
pub(super) struct Session {
    /// The flags that every verb takes.
    pub global: Global,
    /// The world as found.
    pub world: World,
    /// The wish to stop.
    pub signals: Signals,
    /// The streams that data and talk go to.
    pub output: Rc<Screens>,
    progress: ProgressScreen,
    clock: SystemClock,
    /// How far the fingerprints reach that this command tells.
    fingerprint_scope: Cell<Option<FingerprintScope>>,
    /// The command that is wrapped.
    wrapped: OnceCell<WrappedCommand>,
}

/// A store that is open, and the engines of its stacks.
pub(super) struct Opened {
    repository: Repository,
    engines: Engines,
    /// Whether the store is new.
    pub created: Created,
    key: KeySource,
}

impl Opened {
    /// The log of a stack.
    pub(super) fn log(&self, stack: &Stack) -> Result<Vec<Entry>, store::Error> {
        self.repository.log(&stack.name)
    }
}

/// Whether a new store may be where others could read it, and is not encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unencrypted {
    /// A flag has said so.
    Accepted,
    /// No flag has.
    NotAccepted,
}

fn bucket(place: &S3Place) -> Result<Arc<dyn ObjectStore>, Failure> {
    Ok(Arc::new(S3Store::open(place.clone()).map_err(store::Error::from)?))
}

impl Session {
    /// Puts it together.
    pub(super) fn new(global: Global, world: World, signals: Signals, output: Rc<Screens>) -> Self {
        let progress = ProgressScreen::new(Rc::clone(&output), world.terminals.error);
        let fingerprint_scope = Cell::new(None);
        let wrapped = OnceCell::new();
        let clock = SystemClock;
        Self { global, world, signals, output, progress, clock, fingerprint_scope, wrapped }
    }

    /// Remembers the command that is wrapped: its engine is that of all that follows.
    pub(super) fn wrap(&self, command: WrappedCommand) {
        self.wrapped.get_or_init(|| command);
    }

    /// The command that is wrapped.
    pub(super) fn wrapped(&self) -> Option<&WrappedCommand> {
        self.wrapped.get()
    }

    /// The same session without questions: every plan is accepted, and no hazard ever is.
    pub(super) fn unattended(&self, output: Rc<Screens>) -> Self {
        let global = Global { yes: true, no_input: true, ..self.global.clone() };
        let session = Self::new(global, self.world.clone(), self.signals.clone(), output);
        Self { wrapped: self.wrapped.clone(), ..session }
    }

    /// Resolves the settings.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        Settings::resolve(&self.global, &self.world, None)
    }

    /// Resolves the settings and the one stack that is meant.
    pub(super) fn one(&self) -> Result<(Settings, Stack), Failure> {
        let settings = self.settings()?;
        let stack = settings.select_one(&Selection::of(&self.global))?;
        Ok((settings, self.commanded(stack)))
    }

    /// The stack with the values of the wrapped command.
    pub(super) fn commanded(&self, stack: Stack) -> Stack {
        let words = self.wrapped().map(|command| command.words.as_slice());
        let of_command = GivenValues::of_command(words.unwrap_or_default());
        Stack { inputs: Inputs { of_command, ..stack.inputs }, ..stack }
    }

    /// Resolves the settings and every stack that is meant.
    pub(super) fn several(&self) -> Result<(Settings, Vec<Stack>), Failure> {
        let settings = self.settings()?;
        let stacks = settings.select(&Selection::of(&self.global))?;
        Ok((settings, stacks))
    }

    /// Opens a store that must be there.
    pub(super) fn open(settings: &Settings) -> Result<Opened, Failure> {
        let objects: Arc<dyn ObjectStore> = match &settings.store {
            StorePlace::Directory(path) => {
                Arc::new(LocalStore::open(path).map_err(store::Error::from)?)
            }
            StorePlace::Bucket(place) => bucket(place)?,
        };
        let repository = Repository::open(objects)?;
        let (engines, key) = (Engines::new(settings), settings.key.clone());
        Ok(Opened { repository, engines, created: Created::Exists, key })
    }

    /// Opens a store, and makes it if there is none yet.
    pub(super) fn open_or_create(
        &self,
        settings: &Settings,
        unencrypted: Unencrypted,
    ) -> Result<Opened, Failure> {
        let (objects, kind): (Arc<dyn ObjectStore>, &str) = match &settings.store {
            StorePlace::Directory(path) => {
                let (objects, _) = LocalStore::create(path).map_err(store::Error::from)?;
                (Arc::new(objects), "0700, git-ignored")
            }
            StorePlace::Bucket(place) => {
                let objects = bucket(place)?;
                if unencrypted == Unencrypted::NotAccepted {
                    self.must_be_there(&objects)?;
                }
                (objects, "not encrypted by unapply")
            }
        };
        let (repository, created) = Repository::initialise(objects)?;
        if created == Created::New {
            let place = super::output::inert(&self.shown(&settings.store));
            self.output.talk(&format!("Created the store {place} ({kind})\n"));
        }
        let (engines, key) = (Engines::new(settings), settings.key.clone());
        Ok(Opened { repository, engines, created, key })
    }

    /// Refuses to create a store where others could read the states, unless `--no-encryption` is
    /// given.
    fn must_be_there(&self, objects: &Arc<dyn ObjectStore>) -> Result<(), Failure> {
        match Repository::open(Arc::clone(objects)) {
            Ok(_) => Ok(()),
            Err(store::Error::NotInitialised { place }) => {
                let what = format!("no store is created in `{place}` without encryption");
                let given = self.global.store.as_ref();
                let store = given.map_or(String::new(), |_| format!("--store {place} "));
                Err(Failure::new(Exit::Refused, what)
                    .details([
                        "states hold secrets, and this version does not encrypt what it keeps"
                            .to_owned(),
                    ])
                    .now("nothing was written there; whoever could read the bucket could read them")
                    .next(format!(
                        "unapply {store}init --no-encryption   (if the bucket is yours)"
                    )))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Returns the ports that a use case needs.
    pub(super) fn ports<'a>(&'a self, opened: &'a Opened, stack: &Stack) -> Ports<'a> {
        Ports {
            repository: &opened.repository,
            terraform: opened.engines.of(self, Some(&opened.repository), stack),
            clock: &self.clock,
            interrupt: &self.signals,
            progress: &self.progress,
            environment: &self.world.environment,
        }
    }

    /// Lets a redactor tell changes of secrets by fingerprints: under the store's key, or under one
    /// for this output where there is no store.
    pub(super) fn fingerprinted(
        &self,
        redactor: Redactor,
        context: Option<(&Opened, &Stack)>,
    ) -> Redactor {
        let stack = context.map_or("", |(_, stack)| stack.name.as_str());
        match self.fingerprint_key(context) {
            None => redactor,
            Some(key) => redactor.with_fingerprints(key, stack),
        }
    }

    /// The key of the store's fingerprints; without a store, one of this output alone.
    pub(super) fn fingerprint_key(
        &self,
        context: Option<(&Opened, &Stack)>,
    ) -> Option<FingerprintKey> {
        let key = match context {
            None => fingerprints::for_one_output(),
            Some((opened, _)) => {
                let found = opened.key.for_store(opened.repository.id());
                if let Some(problem) = found.as_ref().and_then(|found| found.problem.as_ref()) {
                    let problem = super::output::inert(problem);
                    self.output.talk(&format!(
                        "! `redaction.key`: {problem}; fingerprints are of this output only\n"
                    ));
                }
                found.map(|found| found.key)
            }
        };
        if let Some(key) = &key {
            self.fingerprint_scope.set(Some(key.scope));
        }
        key
    }

    /// How times are shown in data.
    pub(super) fn times(&self) -> Times {
        match self.world.terminals.output {
            StreamKind::Terminal => {
                Times::Relative { now: self.clock.now(), zone: TimeZone::system() }
            }
            StreamKind::Other => Times::Absolute,
        }
    }

    /// The format of data.
    pub(super) fn format(&self) -> Format {
        if self.global.json { Format::Json } else { self.global.output }
    }

    /// Prints one JSON object.
    pub(super) fn json<T: Serialize>(
        &self,
        kind: &str,
        stack: Option<&Stack>,
        body: T,
    ) -> Result<(), Failure> {
        let envelope = Envelope {
            format_version: FORMAT_VERSION.to_owned(),
            kind: kind.to_owned(),
            generated_at: format!("{:.0}", self.clock.now()),
            tool: TOOL.to_owned(),
            stack: stack.map(|stack| stack.name.to_string()),
            fingerprint_scope: self.fingerprint_scope.get().map(|scope| scope.name().to_owned()),
            body,
        };
        let text = match self.format() {
            Format::Ndjson => serde_json::to_string(&envelope),
            Format::Json | Format::Table | Format::Md => serde_json::to_string_pretty(&envelope),
        };
        let text = text.map_err(|error| {
            Failure::new(Exit::Failure, "cannot write JSON".to_owned()).caused_by(&error)
        })?;
        self.data(&format!("{}\n", super::output::inert_json(&text)))
    }

    /// Prints data.
    pub(super) fn data(&self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())
    }

    /// Says how it ended: data, or talk where another part of the command prints the data.
    pub(super) fn ending(&self, text: &str) -> Result<(), Failure> {
        if self.output.is_part {
            self.output.insist(text);
            return Ok(());
        }
        self.data(text)
    }

    /// Whether a person reads how it ended.
    pub(super) fn ends_in_words(&self) -> bool {
        self.output.is_part || self.format() == Format::Table
    }

    /// Prints exact bytes.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.output.bytes(bytes).map_err(|error| {
            Failure::new(Exit::Failure, "cannot write to standard output".to_owned())
                .caused_by(&error)
                .not_done("what was to be printed is not complete")
                .now("whatever else the command did is done; the log says what that was")
                .next("unapply history")
        })
    }

    /// The store as a person would type it from here.
    pub(super) fn shown(&self, place: &StorePlace) -> String {
        match place {
            StorePlace::Directory(path) => self.short(path),
            StorePlace::Bucket(place) => place.url(),
        }
    }

    /// A path as a person would type it from here.
    pub(super) fn short(&self, path: &Path) -> String {
        match path.strip_prefix(&self.world.directory) {
            Ok(relative) if relative.as_os_str().is_empty() => ".".to_owned(),
            Ok(relative) => format!("./{}", relative.display()),
            Err(_) => path.display().to_string(),
        }
    }
}
