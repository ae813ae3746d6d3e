//! The strict reader: header by header, every cap before the bytes are held.

use std::io::Read as _;

use tar::{Archive, Entry, EntryType};

use super::manifest::{self, Described};
use super::{BYTES_MAX, Error, FILES_MAX, MANIFEST, MANIFEST_MAX, NO_MODE, check, pack};
use crate::model::configuration::{Bundle, BundlePath, FileMode};

/// The longest path, with the NUL that ends it in a long-name member.
const PATH_MAX: u64 = 1025;

/// Reads an archive that [`pack`] wrote, and no other.
pub fn unpack(bytes: &[u8]) -> Result<Bundle, Error> {
    let mut members =
        ArchiveMembers { long_name: None, left: BYTES_MAX + MANIFEST_MAX, described: None };
    let mut archive = Archive::new(bytes);
    let entries = archive.entries().map_err(Error::NotAnArchive)?.raw(true);
    for entry in entries {
        members.take(entry.map_err(Error::NotAnArchive)?)?;
    }
    let Described { bundle, .. } = members.described.ok_or(Error::NoManifest)?;
    check(&bundle)?;
    if pack(&bundle)? == bytes { Ok(bundle) } else { Err(Error::NotCanonical) }
}

struct ArchiveMembers {
    /// The path of the next member, when it is too long for its header.
    long_name: Option<String>,
    left: u64,
    described: Option<Described>,
}

impl ArchiveMembers {
    fn take(&mut self, mut entry: Entry<'_, &[u8]>) -> Result<(), Error> {
        let kind = entry.header().entry_type();
        if kind == EntryType::GNULongName && self.long_name.is_none() {
            self.long_name = Some(long_name(&mut entry)?);
            return Ok(());
        }
        let path = match self.long_name.take() {
            Some(path) => path,
            None => text(&entry.path_bytes())?,
        };
        if kind != EntryType::Regular {
            return Err(Error::NotAFile { path });
        }
        let mode = entry.header().mode().map_err(Error::NotAnArchive)?;
        let has_mode = self.described.as_ref().is_some_and(|described| described.has_modes);
        let is_plain = if has_mode { mode == FileMode::of(mode).bits() } else { mode == NO_MODE };
        if !is_plain {
            return Err(Error::Mode { path, mode });
        }
        let content = content(&mut entry, &mut self.left)?;
        match &mut self.described {
            None if path == MANIFEST => {
                self.described = Some(manifest::read(&content)?);
                Ok(())
            }
            None => Err(Error::NoManifest),
            Some(_) if path == MANIFEST => Err(Error::Duplicate { path }),
            Some(Described { bundle, .. }) => {
                let mode = has_mode.then(|| FileMode::of(mode));
                add(bundle, &path, mode, content)
            }
        }
    }
}

fn add(
    bundle: &mut Bundle,
    path: &str,
    mode: Option<FileMode>,
    content: Vec<u8>,
) -> Result<(), Error> {
    if bundle.files.len() >= FILES_MAX {
        return Err(Error::TooManyFiles);
    }
    let parsed: BundlePath = path.parse().map_err(Error::Path)?;
    bundle.modes.extend(mode.map(|mode| (parsed.clone(), mode)));
    match bundle.files.insert(parsed, content) {
        None => Ok(()),
        Some(_) => Err(Error::Duplicate { path: path.to_owned() }),
    }
}

fn long_name(entry: &mut Entry<'_, &[u8]>) -> Result<String, Error> {
    let mut left = PATH_MAX;
    let bytes = content(entry, &mut left)?;
    text(bytes.strip_suffix(b"\0").unwrap_or(&bytes))
}

fn text(bytes: &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::NotCanonical)
}

/// The member's bytes, all of them, taken off what is left of the cap.
fn content(entry: &mut Entry<'_, &[u8]>, left: &mut u64) -> Result<Vec<u8>, Error> {
    let size = entry.header().entry_size().map_err(Error::NotAnArchive)?;
    *left = left.checked_sub(size).ok_or(Error::TooLarge)?;
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(Error::NotAnArchive)?;
    if u64::try_from(bytes.len()) == Ok(size) { Ok(bytes) } else { Err(Error::NotCanonical) }
}
