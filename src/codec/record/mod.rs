//! Log entries as bytes: two lines, the payload and its signatures.
//!
//! Line 1 is one JSON object; line 2 is empty until entries are signed. The chain hashes line 1 as
//! stored, so nothing here ever rewrites an entry that was read. Whether an entry stands in the
//! right place is not decided here: `store` compares the [`Header`] with where it was found. Start
//! with [`encode`] and [`decode`]; [`marker`] is the store's own `unapply.json`.

use crate::model::digest::Digest;
use crate::model::entry::{NewEntry, Revision};
use crate::model::stack::StackName;

pub mod marker;

mod shaped;
mod token;
mod v1;

#[cfg(test)]
mod tests;

pub use token::{Nonce, NotAToken, StoreId};

/// The major version of everything written; a reader refuses any other.
pub const FORMAT: &str = "unapply/1";

/// The largest entry that is written or read, in bytes.
pub const ENTRY_BYTES_MAX: usize = 16 << 20;

/// The fields of an entry besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The store it was written for.
    pub store: StoreId,
    /// The stack.
    pub stack: StackName,
    /// Its place in the log.
    pub revision: Revision,
    /// SHA-256 of the previous entry's line 1; none for the first.
    pub previous: Option<Digest>,
    /// Chosen by the writer: how it knows its own entry again after a lost answer.
    pub nonce: Nonce,
}

/// Why bytes are not an entry, or an entry cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Larger than any entry may be.
    #[error("entry of {bytes} bytes is larger than {ENTRY_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// An editor has put a byte order mark in front.
    #[error("entry begins with a byte order mark")]
    ByteOrderMark,
    /// An editor or a transfer has changed line ends.
    #[error("entry has a carriage return")]
    CarriageReturn,
    /// Cut off, or empty.
    #[error("entry does not end with a line feed")]
    MissingNewline,
    /// Not a payload and a signature line.
    #[error("entry has {lines} lines instead of 2")]
    NotTwoLines {
        /// How many there are.
        lines: usize,
    },
    /// Signed by a version that can do that.
    #[error("entry is signed, which this version cannot check")]
    Signed,
    /// Written by another major version.
    #[error("entry has the unknown format `{format}`")]
    UnknownFormat {
        /// The format that the entry names.
        format: String,
    },
    /// A kind of a later version.
    #[error("entry has the unknown kind `{kind}`")]
    UnknownKind {
        /// The kind that the entry names.
        kind: String,
    },
    /// Not the JSON of an entry.
    #[error("entry is malformed")]
    Malformed {
        /// The reason, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// Each field is well-formed, and together they cannot be.
    #[error("entry contradicts itself: {what}")]
    Inconsistent {
        /// The contradiction.
        what: &'static str,
    },
}

/// Writes an entry down.
pub fn encode(header: &Header, draft: &NewEntry) -> Result<Vec<u8>, Error> {
    let mut bytes = v1::encode(header, draft)?;
    bytes.extend_from_slice(b"\n\n");
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(Error::TooLarge { bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Reads an entry; unknown fields are passed over, an unknown kind or format is refused.
pub fn decode(bytes: &[u8]) -> Result<(Header, NewEntry), Error> {
    v1::decode(payload(bytes)?)
}

/// SHA-256 of the payload line without its line feed: what the next entry refers to.
pub fn digest(bytes: &[u8]) -> Result<Digest, Error> {
    payload(bytes).map(Digest::of)
}

/// The payload line of a stored entry, after checking the shape of the whole.
fn payload(bytes: &[u8]) -> Result<&[u8], Error> {
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(Error::TooLarge { bytes: bytes.len() });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Error::ByteOrderMark);
    }
    if bytes.contains(&b'\r') {
        return Err(Error::CarriageReturn);
    }
    let Some(body) = bytes.strip_suffix(b"\n") else {
        return Err(Error::MissingNewline);
    };
    let mut lines = body.split(|byte| *byte == b'\n');
    match (lines.next(), lines.next(), lines.count()) {
        (Some(payload), Some(b""), 0) => Ok(payload),
        (Some(_), Some(_), 0) => Err(Error::Signed),
        (_, second, more) => {
            Err(Error::NotTwoLines { lines: 1 + usize::from(second.is_some()) + more })
        }
    }
}
