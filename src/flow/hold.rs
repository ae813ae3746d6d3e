//! Holds what must not be applied, lifts holds, and says whether something may be applied.
//!
//! Holding and releasing are an entry each. [`answer`] only looks: at the log, at the configuration
//! in memory and at git; it stores nothing. A person who applies without asking is not stopped by
//! any of this.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Error;
use super::ports::{Job, Ports, Stack};
use super::recorded::readable_configuration;
use super::snapshot::{planned, present_configuration};
use crate::codec::hcl::planned::is_plan_of;
use crate::codec::{bundle, planfile};
use crate::engine::good::snapshots;
use crate::engine::hold::{Candidate, Held, forbids, standing};
use crate::model::configuration::Bundle;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry, Revision, Snapshot};
use crate::model::hold::{Hold, HoldScope, Release};
use crate::store::After;
use crate::terraform::git;

/// Holds. The author says why.
pub fn hold(job: &Job<'_>, hold: Hold) -> Result<Entry, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    job.record(After::Any, Body::Hold(hold))
}

/// Lifts one hold, or all that stand. The author says why.
pub fn release(job: &Job<'_>, wanted: Option<Revision>) -> Result<Vec<Entry>, Error> {
    let log = job.log()?;
    let standing: Vec<Revision> = standing(&log, job.ports.clock.now())
        .iter()
        .map(|held| held.entry.revision)
        .filter(|held| wanted.is_none_or(|wanted| wanted == *held))
        .collect();
    if let (Some(revision), []) = (wanted, standing.as_slice()) {
        return Err(Error::Unfit { revision, problem: "is no hold that stands" });
    }
    let author = &job.safe_author();
    let job = &job.by(author);
    let lift = |hold: &Revision| {
        let body = Body::Release(Release { hold: *hold });
        job.record(After::Any, body)
    };
    standing.iter().map(lift).collect()
}

/// Whether something may be applied.
#[derive(Debug)]
pub struct GuardAnswer<'a> {
    /// The newest hold that forbids it.
    pub held: Option<Held<'a>>,
    /// The configuration and commit that were asked about; both are empty when they do not matter.
    pub candidate: Candidate,
}

/// Whether the configuration of the stack's directory, or that of a saved plan, may be applied. One
/// that cannot be read while any is held is an error: it may be the one.
pub fn answer<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &'a [Entry],
    plan: Option<&Path>,
) -> Result<GuardAnswer<'a>, Error> {
    let now = ports.clock.now();
    let nobody_knows = Candidate::default();
    let of_all = forbids(log, now, &nobody_knows);
    let standing = standing(log, now);
    let Some(newest) = standing.first().filter(|_| of_all.is_none()) else {
        return Ok(GuardAnswer { held: of_all, candidate: nobody_knows });
    };
    let commit = git::facts(ports.environment, &stack.root);
    let commit = commit.filter(|git| !git.dirty).map(|git| git.commit);
    let digest = |bundle: &Bundle| bundle::digest(bundle).map_err(Error::Unpackable);
    let digests: Vec<Digest> = match plan {
        None => vec![digest(&present_configuration(ports, stack)?.bundle)?],
        Some(plan) => {
            refuse_unread(plan, newest)?;
            let planned = planned(ports, stack, plan)?.0.bundle;
            let held = held_digests(&standing).into_iter();
            let alike = held.map(|held| Ok((held, may_be(ports, log, held, &planned)?)));
            let alike = alike.collect::<Result<Vec<_>, Error>>()?.into_iter();
            let alike = alike.filter(|(_, may_be)| *may_be).map(|(held, _)| held);
            alike.chain([digest(&planned)?]).collect()
        }
    };
    let candidates = digests
        .into_iter()
        .map(|digest| Candidate { digest: Some(digest), commit: commit.clone() });
    let mut candidates: Vec<Candidate> = candidates.collect();
    let held = candidates.iter().find_map(|candidate| forbids(log, now, candidate));
    Ok(GuardAnswer { held, candidate: candidates.pop().unwrap_or_default() })
}

/// Refuses a saved plan while something is held and nothing tells whether it is that: an encrypted
/// one says nothing of its configuration, and the directory may have another one by now.
fn refuse_unread(plan: &Path, held: &Held<'_>) -> Result<(), Error> {
    let bytes = fs::read(plan);
    let is_encrypted =
        |bytes: Vec<u8>| matches!(planfile::read(&bytes), Err(planfile::Error::Encrypted));
    if bytes.is_ok_and(is_encrypted) {
        let path = plan.display().to_string();
        return Err(Error::HoldUntold { path, hold: held.entry.revision });
    }
    Ok(())
}

/// The configurations that are held.
fn held_digests(standing: &[Held<'_>]) -> BTreeSet<Digest> {
    let digests = standing.iter().flat_map(|held| match &held.hold.scope {
        HoldScope::Everything => &[],
        HoldScope::Configuration { digests, .. } => digests.as_slice(),
    });
    digests.copied().collect()
}

/// Whether a plan may be one of the configuration with this digest: a plan has the value of every
/// variable, files of values included, and so another digest than its directory. One that is not on
/// record any more may be any.
fn may_be(ports: &Ports<'_>, log: &[Entry], held: Digest, planned: &Bundle) -> Result<bool, Error> {
    let is_it = |snapshot: &Snapshot| {
        snapshot.configuration.as_ref().is_some_and(|known| known.digest == held)
    };
    let Some((entry, _)) = snapshots(log).rev().find(|(_, snapshot)| is_it(snapshot)) else {
        return Ok(true);
    };
    Ok(readable_configuration(ports, entry)?.is_none_or(|held| is_plan_of(&held, planned)))
}
