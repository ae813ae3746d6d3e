//! One directory of a local store, by file descriptor: every step is relative to a directory that
//! is held open, and no step follows a symbolic link.
//!
//! Keys have no meaning here: names are single path components that the caller has checked. Start
//! with [`Directory`].

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

/// Names that begin so are unfinished writes.
pub(super) const TEMPORARY: &str = ".tmp-";

/// How a file came into being.
pub(super) enum Linked {
    /// It is new.
    New,
    /// The name was taken.
    Taken,
}

/// The point at which a write failed: before or after the name was there.
pub(super) enum WriteError {
    /// The name is not there.
    Before(io::Error),
    /// The file system has no hard links.
    NoLinks(io::Error),
    /// The name is there, and its durability is unknown.
    After(io::Error),
}

/// A directory that is held open.
#[derive(Debug)]
pub(super) struct Directory(OwnedFd);

/// An item of a directory.
pub(super) struct DirectoryItem {
    pub(super) name: String,
    pub(super) is_directory: bool,
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

impl Directory {
    /// Opens the root, which the user may well have made a symbolic link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let open = || rustix::fs::open(path, directory_flags(), Mode::empty());
        Ok(Self(retry_on_intr(open)?))
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Whether it still has a name anywhere.
    pub(super) fn is_linked(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.0)?.st_nlink > 0)
    }

    /// A directory in this one.
    pub(super) fn enter(&self, name: &str) -> io::Result<Self> {
        let flags = directory_flags() | OFlags::NOFOLLOW;
        let open = || rustix::fs::openat(&self.0, name, flags, Mode::empty());
        Ok(Self(retry_on_intr(open)?))
    }

    /// Makes a directory for its owner alone; one that is there is as good.
    pub(super) fn make(&self, name: &str) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.0, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes the directory's names durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::from(self.0.try_clone()?).sync_all()
    }

    /// Whether the name is taken, by whatever it is.
    pub(super) fn has(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Creates a file with all of its bytes or not at all, durably.
    ///
    /// ```text
    /// temporary file ─> write ─> fsync ─> link(name) ─> unlink(temporary) ─> fsync(directory)
    ///                                     ^ the only step that makes it visible
    /// ```
    ///
    /// A failed fsync is final: the kernel may have dropped the pages, and a second one that
    /// succeeds says nothing about them.
    pub(super) fn create(
        &self,
        temporary: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<Linked, WriteError> {
        if let Err(error) = self.write(temporary, bytes) {
            self.discard(temporary);
            return Err(WriteError::Before(error));
        }
        let linked = rustix::fs::linkat(&self.0, temporary, &self.0, name, AtFlags::empty());
        self.discard(temporary);
        let linked = match linked {
            Ok(()) => Linked::New,
            Err(Errno::EXIST) => Linked::Taken,
            Err(errno @ (Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS)) => {
                return Err(WriteError::NoLinks(errno.into()));
            }
            Err(errno) => return Err(WriteError::Before(errno.into())),
        };
        // Also for a taken name: its writer may not have come this far.
        match self.sync() {
            Ok(()) => Ok(linked),
            Err(error) => Err(WriteError::After(error)),
        }
    }

    fn write(&self, temporary: &str, bytes: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let open = || rustix::fs::openat(&self.0, temporary, flags | OFlags::NOFOLLOW, mode);
        let mut file = File::from(retry_on_intr(open)?);
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// A temporary file that stays behind takes room and is never read.
    fn discard(&self, temporary: &str) {
        rustix::fs::unlinkat(&self.0, temporary, AtFlags::empty()).unwrap_or_default();
    }

    /// The bytes of a regular file of at most `bytes_max`.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
        // Without NONBLOCK, opening a FIFO would wait for a writer for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.0, name, flags, Mode::empty());
        let file = File::from(retry_on_intr(open)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        if metadata.len() > bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        let room = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(room)?;
        file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The items in it, in byte order, without unfinished writes and names that are not UTF-8.
    pub(super) fn items(&self) -> io::Result<Vec<DirectoryItem>> {
        let mut items = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") || name.starts_with(TEMPORARY) {
                continue;
            }
            let mut kind = entry.file_type();
            // Some file systems do not tell in passing.
            if kind == FileType::Unknown {
                kind = self.kind(name)?;
            }
            items.push(DirectoryItem {
                name: name.to_owned(),
                is_directory: kind == FileType::Directory,
            });
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(items)
    }

    fn kind(&self, name: &str) -> io::Result<FileType> {
        let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(stat.st_mode))
    }
}
