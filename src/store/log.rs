//! Appending to the log of a stack, and reading it with verification.
//!
//! The slot is the commit point: the writer that creates it has recorded its entry. An append reads
//! the newest entry and the one before it, never the whole log. Start with [`Repository::append`]
//! and [`Repository::log`].

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use super::error::{EntryProblem, Error};
use super::write::WriteOutcome;
use super::{Repository, keys, random};
use crate::codec::record;
use crate::codec::record::{Header, Nonce};
use crate::model::digest::Digest;
use crate::model::entry::{Entry, NewEntry, Revision};
use crate::model::stack::StackName;

/// How many slots may be lost to other writers before an append gives up.
const LOST_MAX: u32 = 1000;

/// How many slots are read at a time: enough to hide the way to a store that is far away, and few
/// enough to be held in memory.
const AHEAD: usize = 64;

/// The place where an entry may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// After any entry: the new one is true wherever it stands.
    Any,
    /// Only directly after this one (none: only as the first): it depends on what was read.
    Exactly(Option<Revision>),
}

/// An entry that was verified: what the next one refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) revision: Revision,
    pub(super) digest: Digest,
}

/// A slot with its bytes, if there are any.
type LogSlot = (Revision, Option<Vec<u8>>);

/// An entry with the nonce that its writer chose.
pub(super) struct Verified {
    pub(super) entry: Entry,
    pub(super) nonce: Nonce,
}

impl Verified {
    fn tip(&self) -> Tip {
        Tip { revision: self.entry.revision, digest: self.entry.digest }
    }
}

impl Repository {
    /// Appends an entry. On return it is durable and was read back.
    pub fn append(&self, stack: &StackName, draft: NewEntry, after: After) -> Result<Entry, Error> {
        let nonce = random::nonce()?;
        self.commit(stack, draft, after, nonce)
    }

    /// Appends an entry unless one with this nonce is there: what to call again after an error, or
    /// in the process after a crash. It reads the whole log.
    pub fn append_once(
        &self,
        stack: &StackName,
        draft: NewEntry,
        after: After,
        nonce: Nonce,
    ) -> Result<Entry, Error> {
        let said = self.walk(stack)?;
        match said.into_iter().find(|verified| verified.nonce == nonce) {
            Some(verified) => Ok(verified.entry),
            None => self.commit(stack, draft, after, nonce),
        }
    }

    /// Every entry of a stack, verified; empty for a stack that nothing was ever said about.
    pub fn log(&self, stack: &StackName) -> Result<Vec<Entry>, Error> {
        let said = self.walk(stack)?;
        Ok(said.into_iter().map(|verified| verified.entry).collect())
    }

    /// The newest entry, verified together with its link to the one before it.
    pub fn head(&self, stack: &StackName) -> Result<Option<Entry>, Error> {
        Ok(self.newest(stack)?.map(|verified| verified.entry))
    }

    /// The newest entries of a stack, newest first and few, each verified with its link to the one
    /// before it; nothing else of the log is read.
    pub fn recent(&self, stack: &StackName) -> Result<Vec<Entry>, Error> {
        let Some(newest) = self.newest(stack)? else { return Ok(Vec::new()) };
        let newest = newest.entry;
        let ahead = u64::try_from(AHEAD).unwrap_or(u64::MAX);
        let first = Revision(newest.revision.0.saturating_sub(ahead).max(1));
        let mut found: Vec<Entry> = Vec::new();
        for (revision, bytes) in self.slots(stack, first, Some(newest.revision))? {
            if revision >= newest.revision {
                break;
            }
            let bytes = bytes.ok_or_else(|| entry_error(stack, revision, EntryProblem::Gap))?;
            let verified = self
                .verify(stack, revision, &bytes)
                .and_then(|read| match found.last() {
                    Some(earlier) => follows(&read.entry, Some(earlier.digest)).map(|()| read),
                    None => Ok(read),
                })
                .map_err(|source| entry_error(stack, revision, source))?;
            found.push(verified.entry);
        }
        found.push(newest);
        found.reverse();
        Ok(found)
    }

    /// One entry, verified together with its links to both neighbours.
    pub fn entry(&self, stack: &StackName, revision: Revision) -> Result<Entry, Error> {
        let Some(bytes) = self.slot(stack, revision)? else {
            let behind = self.last_listed(stack)? > Some(revision) && revision > Revision(0);
            return Err(if behind {
                entry_error(stack, revision, EntryProblem::Gap)
            } else {
                Error::NoSuchRevision { stack: stack.clone(), revision }
            });
        };
        let verified = self.verified_link(stack, revision, &bytes)?;
        if let Some(next) = revision.0.checked_add(1).map(Revision)
            && let Some(bytes) = self.slot(stack, next)?
        {
            self.verify(stack, next, &bytes)
                .and_then(|later| follows(&later.entry, Some(verified.entry.digest)))
                .map_err(|source| entry_error(stack, next, source))?;
        }
        Ok(verified.entry)
    }

    fn commit(
        &self,
        stack: &StackName,
        draft: NewEntry,
        after: After,
        nonce: Nonce,
    ) -> Result<Entry, Error> {
        let mut tip = self.newest(stack)?.map(|verified| verified.tip());
        let mut lost = 0;
        loop {
            let now = tip.map(|tip| tip.revision);
            if after != After::Any && after != After::Exactly(now) {
                let stack = stack.clone();
                return Err(Error::Moved { stack, now });
            }
            let (header, bytes) = self.written(stack, tip, nonce, &draft)?;
            let other = match self.resolve(&keys::slot(stack, header.revision)?, &bytes)? {
                WriteOutcome::Stored(_) => {
                    let digest = record::digest(&bytes).map_err(|e| unwritable(stack, e))?;
                    let verified = Verified { entry: entry(header, draft, digest), nonce };
                    self.remember(stack, verified.tip());
                    return Ok(verified.entry);
                }
                WriteOutcome::Other(other) => other,
            };
            let other = self
                .verify(stack, header.revision, &other)
                .and_then(|other| follows(&other.entry, header.previous).map(|()| other))
                .map_err(|source| entry_error(stack, header.revision, source))?;
            if other.nonce == nonce {
                return Ok(other.entry);
            }
            tip = Some(other.tip());
            lost += 1;
            if lost == LOST_MAX {
                let stack = stack.clone();
                let attempts = lost;
                return Err(Error::Contended { stack, attempts });
            }
        }
    }

    /// The entry that would follow `tip`, as bytes.
    fn written(
        &self,
        stack: &StackName,
        tip: Option<Tip>,
        nonce: Nonce,
        draft: &NewEntry,
    ) -> Result<(Header, Vec<u8>), Error> {
        let last = tip.map_or(0, |tip| tip.revision.0);
        let Some(next) = last.checked_add(1) else {
            // Nobody has appended 2^64 entries: the slot was made up.
            let source = EntryProblem::Misplaced { what: "revision" };
            return Err(entry_error(stack, Revision(last), source));
        };
        let header = Header {
            store: self.id,
            stack: stack.clone(),
            revision: Revision(next),
            previous: tip.map(|tip| tip.digest),
            nonce,
        };
        let bytes = record::encode(&header, draft).map_err(|error| unwritable(stack, error))?;
        Ok((header, bytes))
    }

    /// The bytes of a slot.
    pub(super) fn slot(
        &self,
        stack: &StackName,
        revision: Revision,
    ) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.objects.get(&keys::slot(stack, revision)?)?)
    }

    /// The last slot that the store lists. A list may lag behind: no caller may take it for the
    /// head without looking at the slot after it.
    fn last_listed(&self, stack: &StackName) -> Result<Option<Revision>, Error> {
        let names = self.objects.children(&keys::log(stack)?)?;
        Ok(names.iter().filter_map(|name| keys::revision(name)).max())
    }

    /// The newest entry, after looking for slots that a list does not show yet. A process that
    /// has seen the log starts from there and needs no list.
    fn newest(&self, stack: &StackName) -> Result<Option<Verified>, Error> {
        let seen = self.seen().get(stack).copied();
        let mut newest = None;
        if let Some(tip) = seen {
            let bytes = self.slot(stack, tip.revision)?;
            let bytes = bytes.ok_or_else(|| rewound(stack, tip))?;
            if record::digest(&bytes).ok() != Some(tip.digest) {
                return Err(rewound(stack, tip));
            }
            newest = Some((tip.revision, bytes));
        } else if let Some(revision) = self.last_listed(stack)? {
            let bytes = self.slot(stack, revision)?;
            let gap = || entry_error(stack, revision, EntryProblem::Gap);
            newest = Some((revision, bytes.ok_or_else(gap)?));
        }
        loop {
            let last = newest.as_ref().map_or(0, |(revision, _)| revision.0);
            let Some(next) = last.checked_add(1).map(Revision) else {
                break;
            };
            match self.slot(stack, next)? {
                Some(bytes) => newest = Some((next, bytes)),
                None => break,
            }
        }
        let Some((revision, bytes)) = newest else {
            return Ok(None);
        };
        let verified = self.verified_link(stack, revision, &bytes)?;
        self.remember(stack, verified.tip());
        Ok(Some(verified))
    }

    /// Verifies an entry and its link to the one before it.
    fn verified_link(
        &self,
        stack: &StackName,
        revision: Revision,
        bytes: &[u8],
    ) -> Result<Verified, Error> {
        let verified = self
            .verify(stack, revision, bytes)
            .map_err(|source| entry_error(stack, revision, source))?;
        let before = Revision(revision.0.saturating_sub(1));
        let previous = if before == Revision(0) {
            None
        } else {
            let gap = || entry_error(stack, before, EntryProblem::Gap);
            let bytes = self.slot(stack, before)?.ok_or_else(gap)?;
            let earlier = self
                .verify(stack, before, &bytes)
                .map_err(|source| entry_error(stack, before, source))?;
            Some(earlier.entry.digest)
        };
        follows(&verified.entry, previous)
            .map_err(|source| entry_error(stack, revision, source))?;
        Ok(verified)
    }

    /// Reads the log from its first slot to its last, each checked against the one before.
    fn walk(&self, stack: &StackName) -> Result<Vec<Verified>, Error> {
        let seen = self.seen().get(stack).copied();
        let listed = self.last_listed(stack)?;
        let mut said: Vec<Verified> = Vec::new();
        let mut previous = None;
        'log: for first in (1..).step_by(AHEAD).map(Revision) {
            for (revision, bytes) in self.slots(stack, first, listed)? {
                let Some(bytes) = bytes else {
                    if listed > Some(revision) {
                        return Err(entry_error(stack, revision, EntryProblem::Gap));
                    }
                    break 'log;
                };
                let verified = self
                    .verify(stack, revision, &bytes)
                    .and_then(|read| follows(&read.entry, previous).map(|()| read))
                    .map_err(|source| entry_error(stack, revision, source))?;
                previous = Some(verified.entry.digest);
                if let Some(tip) = seen
                    && tip.revision == revision
                    && tip != verified.tip()
                {
                    return Err(rewound(stack, tip));
                }
                said.push(verified);
            }
        }
        let last = said.last().map(Verified::tip);
        match seen {
            Some(tip) if last.is_none_or(|last| last.revision < tip.revision) => {
                return Err(rewound(stack, tip));
            }
            Some(_) | None => {}
        }
        if let Some(tip) = last {
            self.remember(stack, tip);
        }
        Ok(said)
    }

    /// The slots from `first` on, as many as are read at a time. Those that are listed are asked for
    /// together; behind them the log goes on one by one, as far as there is anything.
    fn slots(
        &self,
        stack: &StackName,
        first: Revision,
        listed: Option<Revision>,
    ) -> Result<Vec<LogSlot>, Error> {
        let numbers = || (first.0..).take(AHEAD).map(Revision);
        let (known, behind): (Vec<_>, Vec<_>) = numbers().partition(|slot| listed >= Some(*slot));
        let keys = known.iter().map(|revision| keys::slot(stack, *revision));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<_> = known.into_iter().zip(self.objects.get_all(&keys)?).collect();
        for revision in behind {
            let bytes = self.slot(stack, revision)?;
            let is_end = bytes.is_none();
            found.push((revision, bytes));
            if is_end {
                break;
            }
        }
        Ok(found)
    }

    /// Checks that bytes are the entry of this store, stack and slot; not what they follow.
    pub(super) fn verify(
        &self,
        stack: &StackName,
        revision: Revision,
        bytes: &[u8],
    ) -> Result<Verified, EntryProblem> {
        let unreadable = |source| EntryProblem::Unreadable { source };
        let (header, said) = record::decode(bytes).map_err(unreadable)?;
        let digest = record::digest(bytes).map_err(unreadable)?;
        let what = if header.store != self.id {
            "store"
        } else if header.stack != *stack {
            "stack"
        } else if header.revision != revision {
            "revision"
        } else {
            let nonce = header.nonce;
            let entry = entry(header, said, digest);
            return Ok(Verified { entry, nonce });
        };
        Err(EntryProblem::Misplaced { what })
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<StackName, Tip>> {
        // The map is changed by single inserts: a thread that panicked left it whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, stack: &StackName, tip: Tip) {
        let mut seen = self.seen();
        if seen.get(stack).is_none_or(|old| old.revision < tip.revision) {
            seen.insert(stack.clone(), tip);
        }
    }
}

/// Whether the entry refers to `previous`.
pub(super) fn follows(entry: &Entry, previous: Option<Digest>) -> Result<(), EntryProblem> {
    match entry.previous {
        refers_to if refers_to == previous => Ok(()),
        Some(refers_to) => Err(EntryProblem::BrokenChain { refers_to }),
        None => Err(EntryProblem::Misplaced { what: "revision" }),
    }
}

fn entry(header: Header, recorded: NewEntry, digest: Digest) -> Entry {
    Entry {
        stack: header.stack,
        revision: header.revision,
        previous: header.previous,
        digest,
        recorded,
    }
}

fn entry_error(stack: &StackName, revision: Revision, source: EntryProblem) -> Error {
    Error::Entry { stack: stack.clone(), revision, source }
}

fn rewound(stack: &StackName, tip: Tip) -> Error {
    Error::Rewound { stack: stack.clone(), revision: tip.revision }
}

fn unwritable(stack: &StackName, source: record::Error) -> Error {
    Error::Unwritable { stack: stack.clone(), source }
}
