//! The bytes of a file that is compared, mapped into memory where that is quicker than reading.
//!
//! Reading a state of 147 MB into fresh memory takes longer than comparing two of them. So large
//! files are mapped, and this is the only place in the crate that needs `unsafe`: a mapping is only
//! as constant as its file. It is used for files that a person names for a comparison and for
//! nothing else; no state that a decision rests on comes from here. A caller that shows what it
//! found asks [`FileBytes::is_unchanged`] after the comparison.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

/// Smaller files are read: it is as quick, and nothing can happen to the bytes any more.
const MAPPED_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// The bytes of a file.
#[derive(Debug)]
pub(in crate::cli) struct FileBytes {
    path: PathBuf,
    bytes: MappedBytes,
    read: Version,
}

#[derive(Debug)]
enum MappedBytes {
    Read(Vec<u8>),
    Mapped(Mmap),
}

/// Metadata of a file that change when it is written to, or when another one takes its place.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    file: (u64, u64),
    bytes: u64,
    written: (i64, i64),
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            bytes: metadata.size(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl FileBytes {
    /// Opens a file. Anything but a regular file is read to its end.
    pub(in crate::cli) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let bytes = if metadata.is_file() && metadata.size() >= MAPPED_BYTES_MIN {
            MappedBytes::Mapped(map(&file)?)
        } else {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            MappedBytes::Read(bytes)
        };
        Ok(Self { path: path.to_owned(), bytes, read: Version::of(&metadata) })
    }

    /// The bytes.
    pub(in crate::cli) fn as_slice(&self) -> &[u8] {
        match &self.bytes {
            MappedBytes::Read(bytes) => bytes,
            MappedBytes::Mapped(bytes) => bytes,
        }
    }

    /// Whether a mapped file has not been written to since it was opened.
    pub(in crate::cli) fn is_unchanged(&self) -> bool {
        match &self.bytes {
            MappedBytes::Read(_) => true,
            MappedBytes::Mapped(_) => {
                std::fs::metadata(&self.path).is_ok_and(|now| Version::of(&now) == self.read)
            }
        }
    }
}

/// Maps a file, privately and for reading.
#[expect(
    unsafe_code,
    reason = "a mapping cannot be had without it; see the module for what may go wrong"
)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is private and read-only. What cannot be ruled out is that somebody
    // writes to the file meanwhile: then bytes change under a reader, which is noticed afterwards
    // by `is_unchanged`, or the file becomes shorter, which ends this process by SIGBUS. Nothing is
    // under way in it then that could be left half done: it compares two files and prints.
    unsafe { Mmap::map(file) }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_files_have_their_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let size = usize::try_from(MAPPED_BYTES_MIN).unwrap();
        for size in [0, 1, size - 1, size, size + 1] {
            let bytes = vec![b'x'; size];
            std::fs::write(&path, &bytes).unwrap();
            let file = FileBytes::open(&path).unwrap();
            assert!(file.as_slice() == bytes);
            assert_eq!(
                matches!(file.bytes, MappedBytes::Mapped(_)),
                u64::try_from(size).unwrap() >= MAPPED_BYTES_MIN
            );
            assert!(file.is_unchanged());
        }
        assert!(FileBytes::open(&directory.path().join("b")).is_err());
    }

    #[test]
    fn a_large_file_that_is_written_to_or_replaced_has_changed() {
        let directory = tempfile::tempdir().unwrap();
        let [path, other] = ["a", "b"].map(|name| directory.path().join(name));
        let bytes = vec![b'x'; usize::try_from(MAPPED_BYTES_MIN).unwrap()];
        std::fs::write(&path, &bytes).unwrap();
        std::fs::write(&other, &bytes).unwrap();
        let file = FileBytes::open(&path).unwrap();
        File::options().append(true).open(&path).unwrap().set_len(MAPPED_BYTES_MIN + 1).unwrap();
        assert!(!file.is_unchanged());
        let file = FileBytes::open(&path).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert!(!file.is_unchanged());
        std::fs::remove_file(&path).unwrap();
        assert!(!file.is_unchanged());
    }
}
