//! The keys of all objects: the only place that spells them.

use super::error::Error;
use crate::model::configuration::BlobId;
use crate::model::entry::Revision;
use crate::model::stack::StackName;
use crate::port::object_store::Key;

const STACKS: &str = "stacks";
const BLOBS: &str = "blobs";
const LOG: &str = "log";

fn key(parts: &[&str]) -> Result<Key, Error> {
    Key::from_parts(parts).ok_or_else(|| Error::NotAKey { text: parts.join("/") })
}

pub(super) fn marker() -> Result<Key, Error> {
    key(&["unapply.json"])
}

pub(super) fn unencrypted() -> Result<Key, Error> {
    key(&["unencrypted.json"])
}

pub(super) fn probe(attempt: &str, name: &str) -> Result<Key, Error> {
    key(&["probe", attempt, name])
}

pub(super) fn stacks() -> Result<Key, Error> {
    key(&[STACKS])
}

pub(super) fn stack(part: &str) -> Result<Key, Error> {
    key(&[STACKS, part])
}

pub(super) fn log(stack: &StackName) -> Result<Key, Error> {
    key(&[STACKS, &stack.as_key(), LOG])
}

pub(super) fn slot(stack: &StackName, revision: Revision) -> Result<Key, Error> {
    let number = format!("{:020}", revision.0);
    key(&[STACKS, &stack.as_key(), LOG, &number])
}

pub(super) fn blobs() -> Result<Key, Error> {
    key(&[BLOBS])
}

pub(super) fn blob(id: BlobId) -> Result<Key, Error> {
    let digits = id.to_string();
    let fan: String = digits.chars().take(2).collect();
    key(&[BLOBS, &fan, &digits])
}

/// Which slot the name means; `None` for a name that no writer of ours gives.
pub(super) fn revision(name: &str) -> Option<Revision> {
    let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    let number = name.parse().ok().filter(|number| *number > 0);
    number.filter(|_| digits).map(Revision)
}

/// Which stack the part means; `None` for a part that no writer of ours gives.
pub(super) fn stack_name(part: &str) -> Option<StackName> {
    let name = StackName::from_key(part).ok()?;
    (name.as_key() == part).then_some(name)
}

/// Which blob the key means; `None` for a key that no writer of ours gives.
pub(super) fn blob_id(found: &Key) -> Option<BlobId> {
    let id = BlobId(found.last().parse().ok()?);
    (blob(id).ok()? == *found).then_some(id)
}
