//! Compares the objects of the demo before and after, byte for byte.
//!
//! A world is every file below a directory with its bytes and its permissions, without the
//! provider's own notes (names that begin with a dot). Comparing is pure. No state is read here: an
//! orphan is found by its id. Start from [`WorldFiles::read`] and [`WorldFiles::change`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The provider's notes of the ids that it gave, below a world's directory.
const IDS: &str = ".ids";

/// A file. It may hold a secret: `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct WorldFile {
    mode: u32,
    bytes: Vec<u8>,
}

impl WorldFile {
    /// A file of these permissions and bytes.
    pub fn new(mode: u32, bytes: Vec<u8>) -> Self {
        Self { mode, bytes }
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl fmt::Debug for WorldFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorldFile({:04o}, {} bytes)", self.mode, self.bytes.len())
    }
}

/// The change of a file between two worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldChange {
    /// It is as it was, to the byte.
    Same,
    /// It has other bytes.
    Changed,
    /// It has other permissions and the same bytes.
    Permissions,
    /// It was not there before.
    Added,
    /// It is gone.
    Missing,
    /// It was not there and is not there.
    Absent,
}

impl WorldChange {
    /// Compares a file before and now.
    pub fn of(before: Option<&WorldFile>, now: Option<&WorldFile>) -> Self {
        match (before, now) {
            (None, None) => Self::Absent,
            (None, Some(_)) => Self::Added,
            (Some(_), None) => Self::Missing,
            (Some(before), Some(now)) if before.bytes != now.bytes => Self::Changed,
            (Some(before), Some(now)) if before.mode != now.mode => Self::Permissions,
            (Some(_), Some(_)) => Self::Same,
        }
    }

    /// Whether there is no change.
    pub fn is_unchanged(self) -> bool {
        matches!(self, Self::Same | Self::Absent)
    }

    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Permissions => "permissions",
            Self::Added => "added",
            Self::Missing => "missing",
            Self::Absent => "absent",
        }
    }

    /// A sign and words for people.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Same => "= same bytes",
            Self::Changed => "~ other bytes",
            Self::Permissions => "~ other permissions",
            Self::Added => "+ new",
            Self::Missing => "- gone",
            Self::Absent => "= not there",
        }
    }
}

/// The files of a world by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorldFiles(BTreeMap<String, WorldFile>);

impl WorldFiles {
    /// Reads every file below `root`.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut objects = BTreeMap::new();
        gather(root, "", &mut objects)?;
        Ok(Self(objects))
    }

    /// The file at `path`.
    pub fn get(&self, path: &str) -> Option<&WorldFile> {
        self.0.get(path)
    }

    /// The change of the file at `path`, from this world to `now`.
    pub fn change(&self, now: &Self, path: &str) -> WorldChange {
        WorldChange::of(self.get(path), now.get(path))
    }

    /// Every change, in the order of paths.
    pub fn differences(&self, now: &Self) -> Vec<(String, WorldChange)> {
        paths(&[self, now])
            .into_iter()
            .map(|path| {
                let change = self.change(now, &path);
                (path, change)
            })
            .filter(|(_, change)| !change.is_unchanged())
            .collect()
    }
}

impl FromIterator<(String, WorldFile)> for WorldFiles {
    fn from_iter<T: IntoIterator<Item = (String, WorldFile)>>(objects: T) -> Self {
        Self(objects.into_iter().collect())
    }
}

/// Every path that any of these worlds has.
pub fn paths(worlds: &[&WorldFiles]) -> BTreeSet<String> {
    worlds.iter().flat_map(|world| world.0.keys().cloned()).collect()
}

/// The objects that really are below `root`, by id, with their paths.
pub fn objects(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut objects = BTreeMap::new();
    for entry in fs::read_dir(root.join(IDS))? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let path = fs::read_to_string(entry.path())?;
        if root.join(&path).is_file() {
            objects.insert(entry.file_name().to_string_lossy().into_owned(), path);
        }
    }
    Ok(objects)
}

/// The paths of the objects whose id is none of `known`: real, and in no state.
pub fn orphans(objects: &BTreeMap<String, String>, known: &BTreeSet<String>) -> Vec<String> {
    let mut orphans: Vec<String> = objects
        .iter()
        .filter(|(id, _)| !known.contains(*id))
        .map(|(_, path)| path.clone())
        .collect();
    orphans.sort();
    orphans
}

fn gather(
    directory: &Path,
    prefix: &str,
    objects: &mut BTreeMap<String, WorldFile>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if prefix.is_empty() && name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{path}/"), objects)?;
        } else {
            let mode = entry.metadata()?.permissions().mode() & 0o7777;
            objects.insert(path, WorldFile::new(mode, fs::read(entry.path())?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(objects: &[(&str, u32, &str)]) -> WorldFiles {
        objects
            .iter()
            .map(|(path, mode, text)| {
                ((*path).to_owned(), WorldFile::new(*mode, text.as_bytes().to_vec()))
            })
            .collect()
    }

    #[test]
    fn a_world_equals_itself_and_nothing_else() {
        let before = world(&[("a", 0o644, "one"), ("b", 0o600, "two"), ("c", 0o644, "")]);
        assert_eq!(before.differences(&before), []);
        let now = world(&[("a", 0o644, "one\n"), ("b", 0o644, "two"), ("d", 0o644, "")]);
        let expected = [
            ("a", WorldChange::Changed),
            ("b", WorldChange::Permissions),
            ("c", WorldChange::Missing),
            ("d", WorldChange::Added),
        ];
        assert_eq!(
            before.differences(&now),
            expected.map(|(path, change)| (path.to_owned(), change))
        );
        assert_eq!(before.change(&now, "e"), WorldChange::Absent);
    }

    #[test]
    fn swapping_the_sides_mirrors_what_differs() {
        let one = world(&[("a", 0o644, "x"), ("b", 0o644, "x")]);
        let other = world(&[("b", 0o644, "y"), ("c", 0o644, "x")]);
        let mirrored: Vec<_> = other
            .differences(&one)
            .into_iter()
            .map(|(path, change)| match change {
                WorldChange::Added => (path, WorldChange::Missing),
                WorldChange::Missing => (path, WorldChange::Added),
                WorldChange::Same
                | WorldChange::Changed
                | WorldChange::Permissions
                | WorldChange::Absent => (path, change),
            })
            .collect();
        assert_eq!(one.differences(&other), mirrored);
    }

    #[test]
    fn a_world_is_read_without_the_notes_of_the_provider() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join(".ids/at")).unwrap();
        fs::create_dir_all(root.join("sub")).unwrap();
        for (path, text) in [
            ("a", "x"),
            ("sub/b", "y"),
            (".faults", "read:*"),
            (".ids/f-1", "a"),
            (".ids/f-2", "z"),
        ] {
            fs::File::create_new(root.join(path)).unwrap();
            fs::OpenOptions::new()
                .write(true)
                .open(root.join(path))
                .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
                .unwrap();
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o640)).unwrap();
        }
        let expected = world(&[("a", 0o640, "x"), ("sub/b", 0o640, "y")]);
        assert_eq!(WorldFiles::read(root).unwrap(), expected);
        let objects = objects(root).unwrap();
        assert_eq!(objects, BTreeMap::from([("f-1".to_owned(), "a".to_owned())]));
        assert_eq!(orphans(&objects, &BTreeSet::new()), ["a"]);
        assert_eq!(orphans(&objects, &BTreeSet::from(["f-1".to_owned()])), [""; 0]);
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?}", world(&[("a", 0o600, "hunter2")]));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
