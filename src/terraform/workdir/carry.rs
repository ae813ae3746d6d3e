//! Carries back what an apply made, changed or removed in a private copy, to the real places.
//!
//! The copy is compared with what was laid out there. Terraform's own files and ours stay behind.
//! Each file is written beside its real place and renamed, so that a crash leaves the old one or the
//! new one. A file that cannot be carried is told and kept.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown, symlink,
};
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use serde::{Deserialize, Serialize};

use super::mirror::across;
use super::{DATA, EVENTS, NOTE, OWN_PREFIX};
use crate::codec::hcl::lock;
use crate::model::configuration::is_state_file;
use crate::model::digest::Digest;

/// A file, link or directory as it stood in the private copy when it was laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    mode: u32,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(facts: &Metadata) -> Self {
        Self {
            mode: facts.mode(),
            inode: facts.ino(),
            size: facts.size(),
            modified: (facts.mtime(), facts.mtime_nsec()),
        }
    }

    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().map(|facts| Self::of(&facts))
    }

    pub(super) fn is_directory(self) -> bool {
        rustix::fs::FileType::from_raw_mode(self.mode) == rustix::fs::FileType::Directory
    }

    fn is_link(self) -> bool {
        rustix::fs::FileType::from_raw_mode(self.mode) == rustix::fs::FileType::Symlink
    }

    fn is_file(self) -> bool {
        rustix::fs::FileType::from_raw_mode(self.mode) == rustix::fs::FileType::RegularFile
    }

    /// Whether it is as it was. A directory changes with what is in it, which is looked at by itself.
    pub(super) fn is_as(self, before: Self) -> bool {
        self == before || self.is_directory() && before.is_directory()
    }
}

/// The things that were laid out, by path below `tree`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LaidOut {
    /// The directory that holds everything.
    pub(super) tree: PathBuf,
    /// The root module's private directory.
    pub(super) root: PathBuf,
    pub(super) stamps: BTreeMap<PathBuf, Stamp>,
    /// Captured configuration, which lies at home in another version: only other bytes than these
    /// are an apply's.
    pub(super) configuration: BTreeMap<PathBuf, String>,
}

/// A file that could not be carried back.
#[derive(Debug)]
pub struct NotCarried {
    /// Its real place.
    pub place: PathBuf,
    /// The place of the file now; nothing when it was to be removed.
    pub left: Option<PathBuf>,
    /// The system's own word.
    pub source: io::Error,
}

impl NotCarried {
    /// Moves the file out of the way of what is laid out next.
    pub(super) fn set_aside(&mut self, tree: &Path, aside: &Path) {
        let Some(left) = &self.left else { return };
        let place = aside.join(left.strip_prefix(tree).unwrap_or(left));
        let made = place.parent().map_or(Ok(()), fs::create_dir_all);
        let moved = made.and_then(|()| fs::rename(left, &place));
        // Its directory may have been moved with it.
        if moved.is_ok() || place.exists() {
            self.left = Some(place);
        }
    }
}

impl fmt::Display for NotCarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, left, source } = self;
        match left {
            Some(left) => write!(
                f,
                "`{}` could not be written: {source}; what the apply made is kept in `{}`",
                place.display(),
                left.display()
            ),
            None => write!(f, "`{}` could not be removed: {source}", place.display()),
        }
    }
}

/// The end of carrying back.
#[derive(Debug, Default)]
pub struct CarriedBack {
    /// The real places that are another than before, in order.
    pub places: Vec<PathBuf>,
    /// The files that could not be carried.
    pub failed: Vec<NotCarried>,
}

impl LaidOut {
    /// Everything below the tree that is neither Terraform's own nor one of our files, with how it
    /// stands there now.
    pub(super) fn present(&self) -> BTreeMap<PathBuf, Stamp> {
        let mut found = BTreeMap::new();
        let mut waiting = vec![self.tree.clone()];
        while let Some(directory) = waiting.pop() {
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if self.stays_behind(&path) {
                    continue;
                }
                let Some(stamp) = Stamp::at(&path) else { continue };
                if stamp.is_directory() {
                    waiting.push(path.clone());
                }
                found.insert(path, stamp);
            }
        }
        found
    }

    /// Whether it is captured configuration, byte for byte.
    fn is_configuration(&self, path: &Path) -> bool {
        let digest = |bytes: Vec<u8>| Digest::of(&bytes).to_string();
        let captured = self.configuration.get(path);
        captured.is_some_and(|captured| fs::read(path).map(digest).ok().as_ref() == Some(captured))
    }

    /// Whether a file is Terraform's own or ours.
    fn stays_behind(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_beside = path.parent() == Some(self.root.as_path());
        name == DATA
            || name.starts_with(OWN_PREFIX)
            || is_state_file(&name)
            || is_beside && name == lock::FILE_NAME
    }

    /// Files that were made, changed or removed.
    pub(super) fn changed(&self) -> Vec<PathBuf> {
        let now = self.present();
        let is_other = |path: &PathBuf, now: &Stamp| {
            let is_as_it_was = self.stamps.get(path).is_some_and(|before| now.is_as(*before));
            !now.is_directory() && !is_as_it_was && !self.is_configuration(path)
        };
        let made = now.iter().filter(|(path, now)| is_other(path, now)).map(|(path, _)| path);
        let gone = self.stamps.iter().filter(|(_, before)| !before.is_directory());
        let gone = gone.map(|(path, _)| path).filter(|path| !now.contains_key(*path));
        made.chain(gone).cloned().collect()
    }

    /// Carries back to `real_root` what is another than it was laid out.
    pub(super) fn carry_back(&self, real_root: &Path) -> CarriedBack {
        let now = self.present();
        let mut end = CarriedBack::default();
        let real = |path: &Path| across(&self.root, real_root, path);
        // Gone things make room first, from the inside out: a file may stand where a directory was.
        let gone = self.stamps.iter().rev().filter(|(path, before)| {
            now.get(*path).is_none_or(|now| now.is_directory() != before.is_directory())
        });
        for (path, before) in gone {
            let place = real(path);
            match removed(&place, *before) {
                Ok(true) => end.places.push(place),
                Ok(false) => {}
                Err(source) => end.failed.push(NotCarried { place, left: None, source }),
            }
        }
        for (path, now) in &now {
            let is_as_it_was = self.stamps.get(path).is_some_and(|before| now.is_as(*before));
            if is_as_it_was || self.is_configuration(path) {
                continue;
            }
            let place = real(path);
            match carried(path, *now, &place, &self.root, real_root) {
                Ok(true) => end.places.push(place),
                Ok(false) => {}
                Err(source) => {
                    let left = Some(path.clone());
                    end.failed.push(NotCarried { place, left, source });
                }
            }
        }
        end
    }

    /// Keeps on disk what was laid out, so that another process can carry back.
    pub(super) fn note(&self) -> io::Result<()> {
        let place = self.root.join(DATA).join(NOTE);
        let mut note = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&place)?;
        note.write_all(&serde_json::to_vec(self)?)?;
        note.sync_all()
    }
}

/// Carries back what a revert left in its private directory, whose process is gone; nothing where it
/// was carried back already. The note counts only if it is our own.
pub fn carry_back_left(root: &Path, real_root: &Path) -> io::Result<CarriedBack> {
    let place = root.join(DATA).join(NOTE);
    let note = match fs::File::open(&place) {
        Ok(note) => note,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(CarriedBack::default()),
        Err(error) => return Err(error),
    };
    if note.metadata()?.uid() != rustix::process::geteuid().as_raw() {
        return Ok(CarriedBack::default());
    }
    let laid_out: LaidOut = serde_json::from_reader(io::BufReader::new(note))?;
    let real_root = fs::canonicalize(real_root)?;
    let end = laid_out.carry_back(&real_root);
    if end.failed.is_empty() {
        fs::remove_file(place)?;
    }
    Ok(end)
}

/// The events of the apply that was begun in a private directory, if one was: the newest.
pub fn events_left(root: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(root.join(DATA)).ok()?.flatten().map(|entry| entry.path());
    let events = entries.filter(|path| path.to_string_lossy().ends_with(EVENTS));
    events.max_by_key(|path| fs::metadata(path).and_then(|facts| facts.modified()).ok())
}

/// The reason for which a file can be neither put nor removed there.
pub(super) fn obstacle_at(place: &Path) -> Option<String> {
    if let Err(error) = writable(place) {
        return Some(error.to_string());
    }
    let above = place.ancestors().skip(1).find(|directory| directory.symlink_metadata().is_ok())?;
    if !above.is_dir() {
        return Some(format!("`{}` is no directory", above.display()));
    }
    let access = rustix::fs::access(above, Access::WRITE_OK | Access::EXEC_OK);
    access.err().map(|error| format!("`{}`: {}", above.display(), io::Error::from(error)))
}

/// Removes what stands at a real place; a directory only when nothing is in it.
fn removed(place: &Path, before: Stamp) -> io::Result<bool> {
    writable(place)?;
    let end = if before.is_directory() { fs::remove_dir(place) } else { fs::remove_file(place) };
    match end {
        Ok(()) => Ok(true),
        Err(error) => {
            let is_gone =
                matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
            // Others put something there, or it holds what no copy has.
            let is_in_use = error.kind() == io::ErrorKind::DirectoryNotEmpty;
            if is_gone || is_in_use { Ok(false) } else { Err(error) }
        }
    }
}

/// Refuses what no apply has a say in.
fn writable(place: &Path) -> io::Result<()> {
    let is_others = place.iter().any(|part| part == ".git" || part == ".unapply");
    if is_others { Err(io::Error::other("nothing is written there")) } else { Ok(()) }
}

/// Makes a real place what the private one is; says whether it was another.
fn carried(
    path: &Path,
    now: Stamp,
    place: &Path,
    root: &Path,
    real_root: &Path,
) -> io::Result<bool> {
    writable(place)?;
    if now.is_directory() {
        return match fs::create_dir(place) {
            Ok(()) => fs::set_permissions(place, Permissions::from_mode(now.mode)).map(|()| true),
            Err(_) if place.is_dir() => Ok(false),
            Err(error) => Err(error),
        };
    }
    if now.is_link() {
        let target = fs::read_link(path)?;
        // A link into the copy leads to the real place of the same file.
        let target =
            if target.starts_with(root) { across(root, real_root, &target) } else { target };
        if fs::read_link(place).is_ok_and(|before| before == target) {
            return Ok(false);
        }
        if let Err(error) = fs::remove_file(place)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        return symlink(target, place).map(|()| true);
    }
    if !now.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    // A link at home stays one, and its target is written.
    let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    replaced(path, &place)
}

/// Writes a file beside its place, with its mode, and puts it there at once.
fn replaced(path: &Path, place: &Path) -> io::Result<bool> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
    let before = fs::metadata(place).ok();
    if let Some(before) = &before
        && before.is_file()
        && before.permissions().mode() & 0o7777 == mode
        && before.len() == fs::metadata(path)?.len()
        && fs::read(place)? == fs::read(path)?
    {
        return Ok(false);
    }
    let directory = place.parent().ok_or_else(|| io::Error::other("it has no directory"))?;
    fs::create_dir_all(directory)?;
    let mut beside = tempfile::Builder::new().prefix(".unapply-").tempfile_in(directory)?;
    io::copy(&mut fs::File::open(path)?, beside.as_file_mut())?;
    if let Some(before) = before {
        // Only root may give a file away; for anybody else it is theirs already, or it becomes so.
        let _own_now = fchown(beside.as_file(), Some(before.uid()), Some(before.gid())).is_err();
    }
    beside.as_file().set_permissions(Permissions::from_mode(mode))?;
    beside.as_file().sync_all()?;
    beside.persist(place).map_err(|error| error.error)?;
    Ok(true)
}
