//! Holds what must not be applied, lifts holds, and says whether something may be applied.
//!
//! Holding and releasing are an entry each. [`answer`] only looks: at the log, at the configuration
//! in memory and at git; it stores nothing. A person who applies without asking is not stopped by
//! any of this.

use std::fs;
use std::path::Path;

use super::Error;
use super::ports::{Job, Ports, Stack};
use super::snapshot::{planned, present_configuration};
use crate::codec::{bundle, planfile};
use crate::engine::hold::{Candidate, Held, forbids, standing};
use crate::model::configuration::Bundle;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry, Revision};
use crate::model::hold::{Hold, Release};
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
    if of_all.is_some() || standing(log, now).is_empty() {
        return Ok(GuardAnswer { held: of_all, candidate: nobody_knows });
    }
    let commit = git::facts(ports.environment, &stack.root);
    let commit = commit.filter(|git| !git.dirty).map(|git| git.commit);
    let mut held = None;
    let mut candidate = Candidate { digest: None, commit };
    if let (Some(plan), Some(newest)) = (plan, standing(log, now).first()) {
        refuse_unread(plan, newest)?;
    }
    for digest in digests(ports, stack, plan)?.into_iter().rev() {
        candidate.digest = Some(digest);
        held = held.or(forbids(log, now, &candidate));
    }
    Ok(GuardAnswer { held, candidate })
}

/// Refuses a saved plan while something is held and nothing tells whether it is that: an encrypted
/// one says nothing of its configuration, and the directory may have another one by now.
pub(super) fn refuse_unread(plan: &Path, held: &Held<'_>) -> Result<(), Error> {
    let bytes = fs::read(plan);
    let is_encrypted =
        |bytes: Vec<u8>| matches!(planfile::read(&bytes), Err(planfile::Error::Encrypted));
    if bytes.is_ok_and(is_encrypted) {
        let path = plan.display().to_string();
        return Err(Error::HoldUntold { path, hold: held.entry.revision });
    }
    Ok(())
}

/// The configuration's digest, as a snapshot of it would have it. A plan knows the value
/// of every variable and has another archive than its directory: where the files are the same, the
/// directory's counts too.
fn digests(ports: &Ports<'_>, stack: &Stack, plan: Option<&Path>) -> Result<Vec<Digest>, Error> {
    let digest = |bundle: &Bundle| bundle::digest(bundle).map_err(Error::Unpackable);
    let Some(plan) = plan else {
        return Ok(vec![digest(&present_configuration(ports, stack)?.bundle)?]);
    };
    let (planned, _) = planned(ports, stack, plan)?;
    let planned = planned.bundle;
    let mut digests = vec![digest(&planned)?];
    if let Ok(present) = present_configuration(ports, stack)
        && present.bundle.files == planned.files
    {
        digests.push(digest(&present.bundle)?);
    }
    Ok(digests)
}
