//! Matters that a crash or a failure has left open: looked at, and resolved one step at a time.
//!
//! [`look::look`] only reads: the log, what a run's journal or a revert's directory still holds, the
//! live state and, in a private copy, how the real world differs from it. [`Look::next`](look::Look)
//! is the one safe step; taking it is a function of its own. Nothing is resolved without an entry,
//! nothing is forced, and objects that no state knows are named and never destroyed here.

pub mod conclude;
pub mod look;
pub mod push;

use super::Error;
use super::error::recover::Refusal;
use super::ports::Job;
use crate::engine::unsettled::{Unsettled, unsettled};
use crate::model::entry::{Actor, Body, Entry, Revision};
use crate::model::run::{Resolution, ResolutionKind};
use crate::store::After;
use crate::terraform::liveness::{Liveness, liveness};

/// Says how a matter was resolved: all of it, or these objects of it.
pub fn resolve(
    job: &Job<'_>,
    matter: Revision,
    how: ResolutionKind,
    objects: Vec<String>,
) -> Result<Entry, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    let body = Body::Resolution(Resolution { matter, how, objects });
    job.record(After::Any, body)
}

/// The matter that is meant: by its revision, or the only one there is. Of objects that are open,
/// the matter is the one that has them.
pub fn meant(
    log: &[Entry],
    wanted: Option<Revision>,
    objects: &[String],
) -> Result<Revision, Refusal> {
    let open = unsettled(log);
    let has_all = |matter: &&Unsettled<'_>| {
        let addresses = addresses_of(&open, matter.revision());
        objects.iter().all(|object| addresses.contains(&object.as_str()))
    };
    let mut fitting: Vec<Revision> = open.iter().filter(has_all).map(Unsettled::revision).collect();
    fitting.dedup();
    if let Some(wanted) = wanted {
        return if fitting.contains(&wanted) {
            Ok(wanted)
        } else if open.iter().any(|matter| matter.revision() == wanted) {
            let address = objects.first().cloned().unwrap_or_default();
            Err(Refusal::NoSuchObject { matter: wanted, address })
        } else {
            Err(Refusal::NothingOpen(wanted))
        };
    }
    match fitting.as_slice() {
        [one] => Ok(*one),
        [] => {
            let newest = log.last().map_or(Revision(0), |entry| entry.revision);
            Err(match objects.first() {
                None => Refusal::NothingOpen(newest),
                Some(address) => Refusal::NoSuchObject { matter: newest, address: address.clone() },
            })
        }
        many => Err(Refusal::Which(many.to_vec())),
    }
}

/// The addresses of the open objects of a matter.
fn addresses_of<'a>(open: &'a [Unsettled<'a>], matter: Revision) -> Vec<&'a str> {
    let of = |matter: &'a Unsettled<'a>| match matter {
        Unsettled::Lost { objects, .. } | Unsettled::MayExist { objects, .. } => {
            objects.iter().map(|reported| reported.address.as_str()).collect()
        }
        Unsettled::Run(_) | Unsettled::Revert(_) | Unsettled::LeftState(_) => Vec::new(),
    };
    open.iter().filter(|open| open.revision() == matter).flat_map(of).collect()
}

/// Gives a matter up, or some of its objects; why stands with the author. Refused while the process
/// that works on it lives.
pub fn abandon(
    job: &Job<'_>,
    wanted: Option<Revision>,
    how: ResolutionKind,
    objects: Vec<String>,
) -> Result<Entry, Error> {
    let log = job.log()?;
    let matter = meant(&log, wanted, &objects)?;
    let entry = log.iter().find(|entry| entry.revision == matter);
    if let Some(entry) = entry {
        refuse_living(entry, &job.author.actor)?;
    }
    resolve(job, matter, how, objects)
}

/// Refuses to touch an intent whose process is at work.
fn refuse_living(entry: &Entry, here: &Actor) -> Result<(), Error> {
    let is_intent = matches!(entry.recorded.body, Body::RunIntent(_) | Body::RevertIntent(_));
    match liveness(entry, here) {
        Liveness::Alive(who) if is_intent => Err(Error::under_way(entry, who)),
        Liveness::Alive(_) | Liveness::Over | Liveness::Elsewhere(_) => Ok(()),
    }
}
