//! The one way by which a state's content, or what tells of it, gets into the store.
//!
//! Nothing of a state that the user encrypts at rest is kept in the clear in a store that does not
//! encrypt, unless a person has accepted that for the store. Configurations are kept as they are in
//! their files, and do not come this way.

use std::io::Read;

use super::Error;
use super::live::backend;
use super::ports::{Job, Ports, Stack};
use crate::codec::planfile;
use crate::codec::state::is_encrypted;
use crate::engine::unsettled::ERRORED_STATE;
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry::{Body, EngineKind, Revision, UnreadableState};
use crate::store::{After, Repository, StoredBlob};
use crate::terraform::directory;
use crate::terraform::directory::signs::facts_for_opentofu;

/// The bounds of what a store may hold of a stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeper<'a> {
    repository: &'a Repository,
    is_clear_allowed: bool,
}

impl<'a> Keeper<'a> {
    /// Finds out what the store may hold of a stack.
    pub(super) fn of(ports: &Ports<'a>, stack: &Stack) -> Result<Self, Error> {
        let repository = ports.repository;
        let is_clear_allowed =
            !is_encrypted_at_rest(ports, stack) || repository.is_accepted_unencrypted()?;
        Ok(Self { repository, is_clear_allowed })
    }

    /// Refuses content that may not be kept: what is encrypted may always be.
    pub(super) fn check(&self, content: &[u8]) -> Result<(), Error> {
        if self.is_clear_allowed || is_encrypted(content) {
            return Ok(());
        }
        Err(Error::Unencrypted { place: self.repository.place() })
    }

    /// Stores content. On return it is durable.
    pub(super) fn put(&self, content: &[u8]) -> Result<StoredBlob, Error> {
        self.check(content)?;
        Ok(self.repository.put_blob(content)?)
    }

    /// Stores a saved plan. One in the clear has the values of all variables and the files that it was
    /// made from: beside keys only its digest is kept.
    pub(super) fn put_plan(
        &self,
        ports: &Ports<'_>,
        stack: &Stack,
        plan: &[u8],
    ) -> Result<KeptPlan, Error> {
        let digest = Digest::of(plan);
        let is_encrypted = matches!(planfile::read(plan), Err(planfile::Error::Encrypted));
        let blob = if is_encrypted {
            Some(self.repository.put_blob(plan)?.id)
        } else if may_hold_keys(ports, stack) {
            self.check(plan)?;
            None
        } else {
            Some(self.put(plan)?.id)
        };
        Ok(KeptPlan { digest, blob })
    }

    /// The same for content in the clear of this size that is read as it comes.
    pub(super) fn put_from(&self, content: &mut dyn Read, bytes: u64) -> Result<StoredBlob, Error> {
        self.check(&[])?;
        Ok(self.repository.put_blob_from(content, bytes)?)
    }
}

/// A saved plan as the log knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptPlan {
    /// SHA-256 of the file.
    pub(super) digest: Digest,
    /// The file; nothing where it may hold keys.
    pub(super) blob: Option<BlobId>,
}

/// Keeps the bytes of a state that Terraform left behind; `what` says of which apply it is, or where it lay.
pub(super) fn keep_errored_state(
    job: &Job<'_>,
    bytes: &[u8],
    what: &str,
) -> Result<Revision, Error> {
    let stored = Keeper::of(job.ports, job.stack)?.put(bytes)?;
    let body = Body::Evidence(UnreadableState {
        blob: stored.id,
        digest: Digest::of(bytes),
        bytes: stored.bytes,
        found: format!("{ERRORED_STATE} {what}"),
        problem: format!(
            "{} could not save the state to its backend",
            job.ports.terraform.command()
        ),
    });
    Ok(job.record(After::Any, body)?.revision)
}

/// Nothing where it may not be kept: it stays where it is, and what is known is recorded without it.
pub(super) fn kept_if_allowed<T>(kept: Result<T, Error>) -> Result<Option<T>, Error> {
    match kept {
        Ok(kept) => Ok(Some(kept)),
        Err(Error::Unencrypted { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Whether the state of a stack is encrypted where it lies, or is going to be.
fn is_encrypted_at_rest(ports: &Ports<'_>, stack: &Stack) -> bool {
    // Terraform encrypts nothing, whatever is set for other stacks.
    if ports.engine(stack) == Some(EngineKind::Terraform) {
        return false;
    }
    let facts = facts_for_opentofu(&stack.root, ports.environment);
    // Nothing is known of a file that cannot be read.
    let is_unknown = facts.has_encryption && !facts.unreadable.is_empty();
    facts.encrypts.state == Some(true) || is_unknown || is_file_encrypted(ports, stack)
}

/// Whether a plan in the clear may hold keys of today's encryption. Keys that are nowhere to be seen
/// can be in a variable all the same.
fn may_hold_keys(ports: &Ports<'_>, stack: &Stack) -> bool {
    if ports.engine(stack) == Some(EngineKind::Terraform) {
        return false;
    }
    let facts = facts_for_opentofu(&stack.root, ports.environment);
    let is_unknown = facts.has_encryption && !facts.unreadable.is_empty();
    facts.has_keys || is_unknown || !facts.has_encryption && is_file_encrypted(ports, stack)
}

fn is_file_encrypted(ports: &Ports<'_>, stack: &Stack) -> bool {
    let file = backend(ports, stack).ok().and_then(|backend| {
        directory::local_state_file(&stack.root, &backend.identity, &stack.workspace)
    });
    file.is_some_and(|file| directory::is_encrypted(&file))
}
