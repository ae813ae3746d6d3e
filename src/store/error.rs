//! Failures of the repository.
//!
//! The problem of one entry or one blob is a value of its own, because `check` reports it as a
//! finding and goes on where everything else stops. Start with [`Error`].

use crate::codec::record;
use crate::codec::record::marker;
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry::Revision;
use crate::model::stack::StackName;
use crate::port::object_store::{Key, ObjectError};

/// Why the repository could not do it: a variant per decision the caller could take.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place itself failed: no permission, no room, no answer.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// There is a place, and no store in it.
    #[error("not initialised as a store: `{place}`")]
    NotInitialised {
        /// The place.
        place: String,
    },
    /// A store that this version must not touch: a newer unapply opens it.
    #[error("not a store for this version of unapply: `{place}`")]
    Unfit {
        /// The place.
        place: String,
        /// The part of its marker that is not understood.
        #[source]
        source: marker::Error,
    },
    /// The place breaks what it promises; nothing that it says can be relied on.
    #[error("the store at `{place}` cannot be relied on: {lie}")]
    Lies {
        /// The place.
        place: String,
        /// The promise that it broke.
        lie: Lie,
    },
    /// The log has moved since the caller looked: look again and decide again.
    #[error("the log of `{stack}` has moved")]
    Moved {
        /// The stack.
        stack: StackName,
        /// Its newest entry now.
        now: Option<Revision>,
    },
    /// Others kept winning: try again later.
    #[error("{attempts} other writers came first in the log of `{stack}`")]
    Contended {
        /// The stack.
        stack: StackName,
        /// How many slots were lost.
        attempts: u32,
    },
    /// The log shows less, or something else, than this process has seen in it.
    #[error("the log of `{stack}` no longer holds what was read or written: revision {revision}")]
    Rewound {
        /// The stack.
        stack: StackName,
        /// The entry that was there.
        revision: Revision,
    },
    /// An entry cannot be believed, and so nothing after it.
    #[error("revision {revision} of `{stack}` fails verification")]
    Entry {
        /// The stack.
        stack: StackName,
        /// The slot.
        revision: Revision,
        /// The problem.
        #[source]
        source: EntryProblem,
    },
    /// There is no such entry: the log ends before it.
    #[error("no revision {revision} in the log of `{stack}`")]
    NoSuchRevision {
        /// The stack.
        stack: StackName,
        /// The revision that was asked for.
        revision: Revision,
    },
    /// A blob cannot be believed or unpacked.
    #[error("blob fails verification: {id}")]
    Blob {
        /// The blob.
        id: BlobId,
        /// The problem.
        #[source]
        source: BlobProblem,
    },
    /// The content is larger than a blob may be.
    #[error("content of {bytes} bytes is larger than a blob may be")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The content could not be compressed.
    #[error("cannot compress {bytes} bytes")]
    Compress {
        /// Its size.
        bytes: u64,
        /// The library's word.
        #[source]
        source: std::io::Error,
    },
    /// The entry cannot be written down.
    #[error("cannot write an entry for `{stack}`")]
    Unwritable {
        /// The stack.
        stack: StackName,
        /// Why.
        #[source]
        source: record::Error,
    },
    /// The system gives no random numbers.
    #[error("no random numbers from the system")]
    Random {
        /// The system's word.
        #[source]
        source: getrandom::Error,
    },
    /// A name does not fit into a key.
    #[error("cannot be a key: `{text}`")]
    NotAKey {
        /// The name.
        text: String,
    },
}

/// How a store was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lie {
    /// A second create-only write of a key was accepted.
    Overwrites,
    /// A create-only write of a fresh key was refused.
    RefusesNew,
    /// Of several racing writers, this many were told that they had won.
    Winners(usize),
    /// An acknowledged object is not there.
    Vanished(Key),
    /// An acknowledged object is there with other bytes.
    Changed(Key),
}

impl std::fmt::Display for Lie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Overwrites => f.write_str("it overwrites in spite of a create-only condition"),
            Self::RefusesNew => f.write_str("it refuses to create what is not there"),
            Self::Winners(count) => write!(f, "{count} racing writers of one key all won"),
            Self::Vanished(key) => write!(f, "an acknowledged object is missing: `{key}`"),
            Self::Changed(key) => write!(f, "an acknowledged object has other bytes: `{key}`"),
        }
    }
}

/// A problem with one slot of a log.
#[derive(Debug, thiserror::Error)]
pub enum EntryProblem {
    /// Later entries are there, and this one is not.
    #[error("the entry is missing from the middle of the log")]
    Gap,
    /// Its bytes are no entry of a format that this version reads.
    #[error("the entry cannot be read")]
    Unreadable {
        /// Why.
        #[source]
        source: record::Error,
    },
    /// It was written for another place.
    #[error("the entry was written for another {what}")]
    Misplaced {
        /// Store, stack or revision.
        what: &'static str,
    },
    /// It does not follow the entry before it: one of the two is not what was written.
    #[error("the entry does not follow the one before it: it refers to {refers_to}")]
    BrokenChain {
        /// The digest that it refers to.
        refers_to: Digest,
    },
}

/// A problem with one blob.
#[derive(Debug, thiserror::Error)]
pub enum BlobProblem {
    /// It is not there.
    #[error("the blob is missing")]
    Missing,
    /// Its stored bytes are not those that it is named after.
    #[error("the stored bytes have another digest: {found}")]
    Changed {
        /// The digest that they have.
        found: Digest,
    },
    /// Its stored bytes are as they were, and are no zstd frame of known size.
    #[error("the stored bytes are not one zstd frame of known size")]
    NotAFrame,
    /// It claims more content than is ever unpacked.
    #[error("it claims {bytes} bytes of content, more than is ever unpacked")]
    Bomb {
        /// The claim.
        bytes: u64,
    },
    /// The frame does not unpack to what it claims.
    #[error("it cannot be unpacked")]
    Unpack {
        /// The library's word.
        #[source]
        source: std::io::Error,
    },
    /// It unpacks to something else than the entry says.
    #[error("its content is not what the entry says: {found}")]
    WrongContent {
        /// The content's digest.
        found: Digest,
    },
}
