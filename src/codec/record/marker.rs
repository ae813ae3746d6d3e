//! `unapply.json`: the file that says that a place is a store, which one, and how its objects are
//! made.
//!
//! It is written once. A reader refuses any algorithm it does not know: guessing would turn every
//! object of a newer store into a damaged one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FORMAT, StoreId};

/// How blobs are stored.
const BLOBS: &str = "zstd";
/// The algorithm of the digests in names and chains.
const DIGEST: &str = "sha256";

/// Why a place is not a store for this version.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another major version, older or newer.
    #[error("the format is `{found}`, and this version reads `{FORMAT}`")]
    Format {
        /// The format that the marker names.
        found: String,
    },
    /// Blobs or digests of another kind.
    #[error("`{field}` is `{found}`, which this version does not know")]
    Algorithm {
        /// The field.
        field: &'static str,
        /// The algorithm that the marker names.
        found: String,
    },
    /// Not the JSON of a store's marker.
    #[error("`unapply.json` is malformed")]
    Malformed {
        /// The reason, with line and column.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct MarkerVersion {
    format: String,
}

#[derive(Serialize, Deserialize)]
struct Marker {
    format: String,
    store: StoreId,
    blobs: String,
    digest: String,
}

/// Writes the marker of a new store.
pub fn encode(store: StoreId) -> Result<Vec<u8>, Error> {
    let marker = Marker {
        format: FORMAT.to_owned(),
        store,
        blobs: BLOBS.to_owned(),
        digest: DIGEST.to_owned(),
    };
    let mut bytes = serde_json::to_vec(&marker).map_err(|source| Error::Malformed { source })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes down that somebody accepts states in the clear.
pub fn accepted(by: &str, time: Timestamp) -> Result<Vec<u8>, Error> {
    #[derive(Serialize)]
    struct Accepted<'a> {
        format: &'a str,
        by: &'a str,
        time: String,
    }
    let accepted = Accepted { format: FORMAT, by, time: format!("{time:.0}") };
    let mut bytes = serde_json::to_vec(&accepted).map_err(|source| Error::Malformed { source })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a marker; unknown fields are passed over.
pub fn decode(bytes: &[u8]) -> Result<StoreId, Error> {
    let malformed = |source| Error::Malformed { source };
    let MarkerVersion { format } = serde_json::from_slice(bytes).map_err(malformed)?;
    if format != FORMAT {
        return Err(Error::Format { found: format });
    }
    let marker: Marker = serde_json::from_slice(bytes).map_err(malformed)?;
    for (field, found, known) in [("blobs", marker.blobs, BLOBS), ("digest", marker.digest, DIGEST)]
    {
        if found != known {
            return Err(Error::Algorithm { field, found });
        }
    }
    Ok(marker.store)
}
