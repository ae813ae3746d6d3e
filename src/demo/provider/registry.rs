//! Gives objects their ids, and keeps the ids under `.ids` in the root.
//!
//! Ids are random, as in clouds, so that an object made again is another object; they are
//! kept apart from the objects, so that two worlds with the same objects are the same byte for
//! byte. `.ids/ID` holds the path; `.ids/at/DIGEST-OF-PATH` holds the id that lives there now, and
//! only that one counts. Whether its file still exists is deliberately not known here. Start from
//! [`Registry`].

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::schema::ResourceType;
use crate::model::digest::Digest;

const DIGITS: usize = 8;

/// The ids under a root.
#[derive(Debug)]
pub(super) struct Registry {
    directory: PathBuf,
}

impl Registry {
    /// The registry of the world under `root`, which need not exist yet.
    pub(super) fn under(root: &Path) -> Self {
        Self { directory: root.join(".ids") }
    }

    /// Gives a new object at `path` its id, and forgets the object that was there before.
    pub(super) fn assign(&self, kind: ResourceType, path: &str) -> io::Result<String> {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap_or(&self.directory))?;
        // An object that was deleted by hand still has its id.
        if let Some(stale) = self.id_of(path)? {
            self.forget(&stale, path)?;
        }
        loop {
            let id = format!("{}{}", kind.id_prefix(), random_hex(DIGITS));
            match fs::File::create_new(self.directory.join(&id)) {
                Ok(mut file) => file.write_all(path.as_bytes())?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            fs::File::create(at)?.write_all(id.as_bytes())?;
            return Ok(id);
        }
    }

    /// The path of the object `id`.
    pub(super) fn path_of(&self, id: &str) -> io::Result<Option<String>> {
        // An id may come from a person, and it is about to become a file name.
        if !is_id(id) {
            return Ok(None);
        }
        let Some(path) = absent(fs::read_to_string(self.directory.join(id)))? else {
            return Ok(None);
        };
        let lives_there = self.id_of(&path)?.as_deref() == Some(id);
        Ok(lives_there.then_some(path))
    }

    /// The id of the object at `path`.
    pub(super) fn id_of(&self, path: &str) -> io::Result<Option<String>> {
        absent(fs::read_to_string(self.at(path)))
    }

    /// The ids of all objects of one type, in order.
    pub(super) fn ids(&self, kind: ResourceType) -> io::Result<Vec<String>> {
        let Some(entries) = absent(fs::read_dir(&self.directory))? else {
            return Ok(Vec::new());
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(kind.id_prefix()) && is_id(&name) {
                ids.push(name);
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// Forgets the object `id` at `path`.
    pub(super) fn forget(&self, id: &str, path: &str) -> io::Result<()> {
        absent(fs::remove_file(self.at(path)))?;
        absent(fs::remove_file(self.directory.join(id))).map(drop)
    }

    /// A place for the new version of a file until it is complete: never listed as an object.
    pub(super) fn draft(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.draft"))
    }

    fn at(&self, path: &str) -> PathBuf {
        let digest = Digest::of(path.as_bytes());
        self.directory.join("at").join(digest.to_string())
    }
}

/// Whether `text` is an id of the type that its prefix names.
fn is_id(text: &str) -> bool {
    ResourceType::ALL
        .iter()
        .filter_map(|kind| text.strip_prefix(kind.id_prefix()))
        .any(|rest| rest.len() == DIGITS && rest.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// As many random hexadecimal digits as asked for: unique, and not meant for secrets.
///
/// The seed of the standard library's hash tables is at hand without another dependency.
pub(super) fn random_hex(digits: usize) -> String {
    // Each state has keys of its own, but one key is the last one plus one: only a digest makes
    // two numbers in a row look unlike each other.
    let number = || RandomState::new().hash_one(()).to_be_bytes();
    let chunks = std::iter::repeat_with(|| Digest::of(&number()).short());
    let mut text: String = chunks.take(digits.div_ceil(8)).collect();
    text.truncate(digits);
    text
}

/// Turns "not found" into `None`.
pub(super) fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_made_again_gets_another_id_and_the_old_one_is_forgotten() {
        let root = tempfile::tempdir().unwrap();
        let registry = Registry::under(root.path());
        let first = registry.assign(ResourceType::File, "a").unwrap();
        let second = registry.assign(ResourceType::File, "a").unwrap();
        assert_ne!(first, second);
        assert_eq!(registry.path_of(&first).unwrap(), None);
        assert_eq!(registry.path_of(&second).unwrap().as_deref(), Some("a"));
        assert_eq!(registry.id_of("a").unwrap(), Some(second.clone()));
        assert_eq!(registry.ids(ResourceType::File).unwrap(), std::slice::from_ref(&second));
        assert!(registry.ids(ResourceType::Link).unwrap().is_empty());
        registry.forget(&second, "a").unwrap();
        assert!(registry.ids(ResourceType::File).unwrap().is_empty());
        assert_eq!(registry.id_of("a").unwrap(), None);
    }

    #[test]
    fn random_digits_are_as_many_as_asked_for_and_never_the_same() {
        for digits in [0, 1, 8, 16, 17, 100] {
            assert_eq!(random_hex(digits).len(), digits);
        }
        assert_ne!(random_hex(16), random_hex(16));
    }

    #[test]
    fn a_text_that_is_no_id_names_no_file() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".ids")).unwrap();
        let registry = Registry::under(root.path());
        for id in ["", "../a", "f-../../x", "f-0123456", "f-0123456g", "x-01234567"] {
            assert_eq!(registry.path_of(id).unwrap(), None, "{id}");
        }
    }
}
