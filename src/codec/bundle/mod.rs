//! A configuration as one deterministic archive, and the strict reader of such archives.
//!
//! The archive is a plain uncompressed tar of regular files, sorted, without times and owners. Its
//! first member is the manifest, the only place where values of variables stand. Members have the
//! permission bits of their files. An archive that is read may come from a stranger. So the tar crate
//! only iterates, every member is checked here, and an archive that [`pack`] would not have written
//! byte for byte is refused. Nothing is ever extracted from here to a disk. Start from [`pack`] and
//! [`unpack`].

mod check;
mod manifest;
mod read;
#[cfg(test)]
mod tests;

use std::io;

use tar::{Builder, EntryType, Header};

use crate::model::configuration::{Bundle, RefusedPath};
use crate::model::digest::Digest;

pub use check::{Spellings, check, check_path};
pub use read::unpack;

/// The most files a bundle holds.
pub const FILES_MAX: usize = 20_000;

/// The most bytes that a bundle's files have together. Captured files stay far below it.
pub const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The most bytes that the manifest has.
const MANIFEST_MAX: u64 = 16 * 1024 * 1024;

/// The archive's member that describes the others.
const MANIFEST: &str = "_unapply/bundle.json";

/// The directory, at the bundle's top, that belongs to unapply.
pub const OWN_DIRECTORY: &str = "_unapply";

/// Why something is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path is not one that a bundle may hold.
    #[error("bundle has a path that it must not hold")]
    Path(#[source] RefusedPath),
    /// A path is not in Unicode's composed form, so that two spellings could mean one file.
    #[error("path is not in Unicode normalisation form C: `{path}`")]
    NotComposed {
        /// The path.
        path: String,
    },
    /// A name means something else, or nothing, on another system.
    #[error("name is not portable: `{path}`")]
    NotPortable {
        /// The path.
        path: String,
    },
    /// A path lies where only unapply writes.
    #[error("path is reserved: `{path}`")]
    Reserved {
        /// The path.
        path: String,
    },
    /// Two paths are one on a file system that ignores case.
    #[error("paths differ in case only: `{path}` and `{other}`")]
    Twins {
        /// A path, or the part of one.
        path: String,
        /// Its twin.
        other: String,
    },
    /// The same path twice.
    #[error("path appears twice: `{path}`")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// A path is a file and also the directory of another.
    #[error("path is a file and a directory: `{path}`")]
    FileAndDirectory {
        /// The path.
        path: String,
    },
    /// There are too many files.
    #[error("bundle has more than {FILES_MAX} files")]
    TooManyFiles,
    /// The files are too large, or the manifest is, or a path.
    #[error("bundle is too large: more than {BYTES_MAX} bytes")]
    TooLarge,
    /// A member is a link, a device, a directory or something of an extension.
    #[error("member is not a regular file: `{path}`")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// A member's mode has other bits than permissions, or its archive keeps none.
    #[error("member has mode {mode:o}: `{path}`")]
    Mode {
        /// The path.
        path: String,
        /// The mode.
        mode: u32,
    },
    /// The bytes are not a tar archive.
    #[error("not a tar archive")]
    NotAnArchive(#[source] io::Error),
    /// The first member is not the manifest.
    #[error("archive does not begin with `{MANIFEST}`")]
    NoManifest,
    /// The manifest does not say what a manifest says.
    #[error("manifest is malformed at line {line}, column {column}")]
    Manifest {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The manifest is of a format that this version does not know.
    #[error("bundle has format {format}, which this version does not know")]
    Format {
        /// The format.
        format: u64,
    },
    /// The manifest names a file or a directory that the archive does not hold.
    #[error("manifest names what the archive does not hold: `{path}`")]
    NotHeld {
        /// The path.
        path: String,
    },
    /// The manifest has two modules under one key.
    #[error("manifest has a module twice: `{key}`")]
    ModuleTwice {
        /// The module's key.
        key: String,
    },
    /// The archive holds the right things, but written otherwise than we write.
    #[error("archive is not in the form in which bundles are written")]
    NotCanonical,
}

/// The mode of every member that does not have its file's permissions.
const NO_MODE: u32 = 0o600;

/// Which of two forms a bundle is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// With everything that the bundle has; without permissions and accompanying files it is of
    /// format 1, as older versions wrote all of them.
    Whole,
    /// Without accompanying files, and of all permissions only whether the owner may run the file.
    /// It is never stored.
    Plain,
}

/// Writes the archive: the same bundle always gives the same bytes.
pub fn pack(bundle: &Bundle) -> Result<Vec<u8>, Error> {
    check(bundle)?;
    write(bundle, Form::Whole)
}

/// The identity of a configuration: SHA-256 of the archive in its plain form. That is the archive
/// itself where it is of format 1. Files that only accompany the configuration make no other
/// configuration of it, and neither do permissions that depend on where it was checked out.
pub fn digest(bundle: &Bundle) -> Result<Digest, Error> {
    check(bundle)?;
    Ok(Digest::of(&write(bundle, Form::Plain)?))
}

fn write(bundle: &Bundle, form: Form) -> Result<Vec<u8>, Error> {
    let mut archive = Builder::new(Vec::new());
    let manifest = manifest::write(bundle, form)?;
    if u64::try_from(manifest.len()).map_or(true, |length| length > MANIFEST_MAX) {
        return Err(Error::TooLarge);
    }
    append(&mut archive, MANIFEST, NO_MODE, &manifest)?;
    for (path, content) in &bundle.files {
        let mode = bundle.modes.get(path);
        let mode = match form {
            Form::Plain if bundle.accompanying.contains(path) => continue,
            Form::Plain if mode.is_some_and(|mode| mode.is_executable()) => 0o700,
            Form::Plain => NO_MODE,
            Form::Whole => mode.map_or(NO_MODE, |mode| mode.bits()),
        };
        append(&mut archive, path.as_str(), mode, content)?;
    }
    archive.into_inner().map_err(Error::NotAnArchive)
}

fn append(
    archive: &mut Builder<Vec<u8>>,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<(), Error> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, path, content).map_err(Error::NotAnArchive)
}
