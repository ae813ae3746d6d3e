//! Finding out whether a place keeps its word about create-only writes, before relying on it.
//!
//! Stores exist that ignore the condition, that turn it round, and that check it before they lock.
//! The probe's objects stay under `probe/`: there is no delete. Start with [`create_only_holds`].

use std::thread;

use super::error::{Error, Lie};
use super::{keys, random};
use crate::port::object_store::{Created, Key, ObjectError, ObjectStore};

/// How many threads race for one key: enough to meet inside a window of a few milliseconds.
const RACERS: u8 = 8;

/// Creates a key twice and lets writers race for another; a store that lies is an error.
pub fn create_only_holds(objects: &dyn ObjectStore) -> Result<(), Error> {
    let attempt = random::nonce()?.to_string();
    let caught = |lie| Error::Lies { place: objects.place(), lie };
    let once = keys::probe(&attempt, "once")?;
    if objects.create(&once, b"first\n")? != Created::New {
        return Err(caught(Lie::RefusesNew));
    }
    holds(objects, &once, b"first\n")?;
    if objects.create(&once, b"second\n")? != Created::Exists {
        return Err(caught(Lie::Overwrites));
    }
    holds(objects, &once, b"first\n")?;

    let contested = keys::probe(&attempt, "race")?;
    let mut winners = Vec::new();
    for (racer, answer) in race(objects, &contested) {
        if answer? == Created::New {
            winners.push(racer);
        }
    }
    match winners.as_slice() {
        [winner] => holds(objects, &contested, &[*winner]),
        _ => Err(caught(Lie::Winners(winners.len()))),
    }
}

/// Whether the store gives back what it has acknowledged.
pub(super) fn holds(objects: &dyn ObjectStore, key: &Key, bytes: &[u8]) -> Result<(), Error> {
    let lie = match objects.get(key)? {
        Some(found) if found == bytes => return Ok(()),
        Some(_) => Lie::Changed(key.clone()),
        None => Lie::Vanished(key.clone()),
    };
    Err(Error::Lies { place: objects.place(), lie })
}

/// Each racer writes its own number. One that the system cannot start does not take part.
fn race(objects: &dyn ObjectStore, key: &Key) -> Vec<(u8, Result<Created, ObjectError>)> {
    thread::scope(|scope| {
        let mut running = Vec::new();
        for racer in 0..RACERS {
            let run = move || (racer, objects.create(key, &[racer]));
            if let Ok(handle) = thread::Builder::new().spawn_scoped(scope, run) {
                running.push(handle);
            }
        }
        let answers = running.into_iter().map(thread::ScopedJoinHandle::join);
        answers.filter_map(Result::ok).collect()
    })
}
