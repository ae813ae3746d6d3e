//! A script for the ports: which call fails, or is the last one that a process makes, and a record
//! of every call.
//!
//! All ports of a process share one script, so that a sweep over its calls meets the store's and
//! Terraform's alike. A process that dies unwinds from the very call: no error path runs. Its files
//! are copied aside at that moment, since unwinding removes temporary directories.

use std::any::Any;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use unapply::port::object_store::{Created, Key, ObjectError, ObjectStore};

use super::memory::MemoryStore;

/// Which side of its effect a call fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Nothing happens.
    Before,
    /// It happens, and the caller is not told.
    After,
}

/// Which call goes wrong; calls are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Never,
    /// This one, and no other.
    Once(u64, Side),
    /// This one and every one after it: a peer that is gone for good.
    From(u64, Side),
    /// The process dies in this one.
    Death(u64, Side),
}

/// The fate of one call.
enum Turn {
    Goes,
    Fails(Side),
    Dies(Side),
}

impl Fault {
    fn turn(self, number: u64) -> Turn {
        match self {
            Self::Once(nth, side) | Self::From(nth, side) if number == nth => Turn::Fails(side),
            Self::From(nth, _) if number > nth => Turn::Fails(Side::Before),
            Self::Death(nth, side) if number == nth => Turn::Dies(side),
            Self::Death(nth, _) if number > nth => Turn::Dies(Side::Before),
            Self::Never | Self::Once(..) | Self::From(..) | Self::Death(..) => Turn::Goes,
        }
    }
}

/// The payload with which a dead process unwinds.
struct Died;

/// The calls of one process, and the one among them that goes wrong.
#[derive(Debug)]
pub(crate) struct Script {
    fault: Fault,
    asked: Mutex<Vec<String>>,
    /// Threads of one process die one after the other.
    left: Mutex<()>,
    /// A directory whose content outlives a dead process.
    kept: Option<PathBuf>,
}

impl Script {
    /// A script with this fault.
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, asked: Mutex::default(), left: Mutex::default(), kept: None }
    }

    /// The same, for a process whose files in this directory outlive it.
    pub(crate) fn keeping(fault: Fault, directory: &Path) -> Self {
        Self { kept: Some(directory.to_owned()), ..Self::new(fault) }
    }

    /// Every call so far, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The words by which the error of a failed call is known.
    pub(crate) fn word(number: u64) -> String {
        format!("scripted failure of call {number}.")
    }

    /// Makes a call: `act` is its effect, `failed` makes the error of its number and side.
    pub(crate) fn call<T, E>(
        &self,
        what: String,
        act: impl FnOnce() -> Result<T, E>,
        failed: impl FnOnce(u64, Side) -> E,
    ) -> Result<T, E> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(what);
            u64::try_from(asked.len()).unwrap()
        };
        match self.fault.turn(number) {
            Turn::Goes => act(),
            Turn::Fails(Side::Before) => Err(failed(number, Side::Before)),
            Turn::Fails(Side::After) => {
                act().map(drop)?;
                Err(failed(number, Side::After))
            }
            Turn::Dies(side) => {
                if side == Side::After {
                    let _is_done = act().is_ok();
                }
                self.leave();
                resume_unwind(Box::new(Died))
            }
        }
    }

    /// Copies the files of a dead process aside; the first call that dies counts.
    fn leave(&self) {
        let _alone = self.left.lock();
        if let Some(kept) = &self.kept
            && !aside(kept).exists()
        {
            copy(kept, &aside(kept));
        }
    }

    /// Lets a process live until its end or its death; none when it died.
    pub(crate) fn live<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        let ended = catch_unwind(AssertUnwindSafe(act));
        let died = |payload: Box<dyn Any + Send>| {
            if !payload.is::<Died>() {
                resume_unwind(payload);
            }
            if let Some(kept) = &self.kept {
                std::fs::remove_dir_all(kept).unwrap();
                std::fs::rename(aside(kept), kept).unwrap();
            }
        };
        ended.map_err(died).ok()
    }
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("left")
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &copied) } else { drop(std::fs::copy(&path, &copied)) }
    }
}

/// Writes a file, over whatever is there.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    std::fs::File::create(path).and_then(|mut file| file.write_all(bytes)).unwrap();
}

/// A store whose calls a script knows.
#[derive(Debug)]
pub(crate) struct ScriptedStore {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) script: Arc<Script>,
}

impl ScriptedStore {
    /// A store with a script of its own.
    pub(crate) fn new(inner: &Arc<MemoryStore>, fault: Fault) -> Self {
        Self { inner: Arc::clone(inner), script: Arc::new(Script::new(fault)) }
    }

    fn failed(key: &Key, number: u64) -> ObjectError {
        ObjectError::Failed { key: key.to_string(), source: io::Error::other(Script::word(number)) }
    }
}

impl ObjectStore for ScriptedStore {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        let failed = |number, side| match side {
            Side::Before => Self::failed(key, number),
            Side::After => ObjectError::Ambiguous {
                key: key.to_string(),
                source: io::Error::other(Script::word(number)),
            },
        };
        self.script.call(format!("create {key}"), || self.inner.create(key, bytes), failed)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        let failed = |number, _| Self::failed(key, number);
        self.script.call(format!("get {key}"), || self.inner.get(key), failed)
    }

    fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ObjectError> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let failed = |number, _| Self::failed(first, number);
        let what = format!("get {first} and {} more", keys.len() - 1);
        self.script.call(what, || self.inner.get_all(keys), failed)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        let failed = |number, _| Self::failed(prefix, number);
        self.script.call(format!("list {prefix}"), || self.inner.list(prefix), failed)
    }
}
