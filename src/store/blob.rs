//! Blobs: content of any kind, compressed, named after the digest of the stored bytes.
//!
//! Equal content is stored as the same blob: compression is deterministic for one version of the
//! library. Nothing is believed before its digest is checked, and nothing is unpacked beyond
//! [`BLOB_BYTES_MAX`].

use std::io::Read;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

use super::error::{BlobProblem, Error};
use super::write::WriteOutcome;
use super::{Repository, keys};
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::port::object_store::Created;

/// The most content that one blob holds: 4 GiB.
pub const BLOB_BYTES_MAX: u64 = 4 << 30;

/// zstd's own default: states shrink to a tenth, and writing stays faster than a disk.
const LEVEL: i32 = 3;

/// A blob that is durable and was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// The id by which an entry refers to it.
    pub id: BlobId,
    /// Size of the content.
    pub bytes: u64,
    /// Size as stored.
    pub stored_bytes: u64,
    /// Whether equal content was there before.
    pub created: Created,
}

impl Repository {
    /// Stores content. On return it is durable and was read back.
    pub fn put_blob(&self, content: &[u8]) -> Result<StoredBlob, Error> {
        self.put_packed(&pack(content)?, size(content))
    }

    /// The same for content of this size that is read, compressed as it comes and never held whole.
    pub fn put_blob_from(&self, content: &mut dyn Read, bytes: u64) -> Result<StoredBlob, Error> {
        self.put_packed(&pack_from(content, bytes)?, bytes)
    }

    fn put_packed(&self, stored: &[u8], bytes: u64) -> Result<StoredBlob, Error> {
        let id = BlobId(Digest::of(stored));
        let created = match self.resolve(&keys::blob(id)?, stored)? {
            WriteOutcome::Stored(created) => created,
            WriteOutcome::Other(found) => {
                let found = Digest::of(&found);
                let source = BlobProblem::Changed { found };
                return Err(Error::Blob { id, source });
            }
        };
        Ok(StoredBlob { id, bytes, stored_bytes: size(stored), created })
    }

    /// The content of a blob, verified.
    pub fn get_blob(&self, id: &BlobId) -> Result<Vec<u8>, Error> {
        let verified = match self.read_blob(*id)? {
            // A transfer can be damaged under way; a second one that is damaged alike was not.
            Err(BlobProblem::Changed { .. }) => self.read_blob(*id)?,
            other => other,
        };
        verified
            .and_then(|stored| unpack(&stored))
            .map_err(|source| Error::Blob { id: *id, source })
    }

    /// The stored bytes, when they are those that the blob is named after.
    pub(super) fn read_blob(&self, id: BlobId) -> Result<Result<Vec<u8>, BlobProblem>, Error> {
        let Some(stored) = self.objects.get(&keys::blob(id)?)? else {
            return Ok(Err(BlobProblem::Missing));
        };
        let found = Digest::of(&stored);
        Ok(if found == id.0 { Ok(stored) } else { Err(BlobProblem::Changed { found }) })
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn pack(content: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = size(content);
    if bytes > BLOB_BYTES_MAX {
        return Err(Error::TooLarge { bytes });
    }
    let compress = || {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        compressor.set_parameter(CParameter::ContentSizeFlag(true))?;
        compressor.compress(content)
    };
    compress().map_err(|source| Error::Compress { bytes, source })
}

/// Compresses content that must be exactly as long as `bytes` says: the frame begins with its size.
fn pack_from(content: &mut dyn Read, bytes: u64) -> Result<Vec<u8>, Error> {
    if bytes > BLOB_BYTES_MAX {
        return Err(Error::TooLarge { bytes });
    }
    let mut compress = || {
        let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.include_contentsize(true)?;
        encoder.set_pledged_src_size(Some(bytes))?;
        std::io::copy(&mut content.take(bytes), &mut encoder)?;
        encoder.finish()
    };
    compress().map_err(|source| Error::Compress { bytes, source })
}

/// Unpacks stored bytes whose digest was checked.
pub(super) fn unpack(stored: &[u8]) -> Result<Vec<u8>, BlobProblem> {
    let Ok(Some(bytes)) = get_frame_content_size(stored) else {
        return Err(BlobProblem::NotAFrame);
    };
    let unpack = |source| BlobProblem::Unpack { source };
    let capacity = match usize::try_from(bytes) {
        Ok(capacity) if bytes <= BLOB_BYTES_MAX => capacity,
        _ => return Err(BlobProblem::Bomb { bytes }),
    };
    let mut content = Vec::new();
    content
        .try_reserve_exact(capacity)
        .map_err(|_| unpack(std::io::ErrorKind::OutOfMemory.into()))?;
    let mut decompressor = Decompressor::new().map_err(unpack)?;
    let written = decompressor.decompress_to_buffer(stored, &mut content).map_err(unpack)?;
    if written == capacity {
        Ok(content)
    } else {
        Err(unpack(std::io::ErrorKind::UnexpectedEof.into()))
    }
}
