//! An `errored.tfstate`, which Terraform leaves when its backend does not take the state: kept as
//! evidence.
//!
//! Where one may lie, and whether it is of this apply, is for whoever looks to say. What becomes of
//! it is decided in `flow::recover`.

use std::fs;
use std::path::Path;

use super::{Error, Ports, Speaker, Stack};
use crate::engine::unsettled::ERRORED_STATE;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Revision, UnreadableState};
use crate::store::After;

/// Keeps the bytes of one; `what` says of which apply it is, or where it lay.
pub(super) fn keep(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    (bytes, what): (&[u8], &str),
) -> Result<Revision, Error> {
    let stored = ports.repository.put_blob(bytes)?;
    let body = Body::Evidence(UnreadableState {
        blob: stored.id,
        digest: Digest::of(bytes),
        bytes: stored.bytes,
        found: format!("{ERRORED_STATE} {what}"),
        problem: "Terraform could not save the state to its backend".to_owned(),
    });
    Ok(ports.say(&stack.name, speaker, After::Any, body)?.revision)
}

/// A file's content; nothing when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path: path.display().to_string(), source }),
    }
}
