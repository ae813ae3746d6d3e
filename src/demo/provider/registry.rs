//! Which id the world gave to which object: one small file an object, under `.ids` in the root.
//!
//! Ids are given at random, as clouds do, so that an object made again is another object; they are
//! kept apart from the objects, so that two worlds with the same objects are the same byte for
//! byte. Whether an object still exists is deliberately not known here. Start from [`Registry`].

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::chance;
use super::schema::ResourceType;

const DIGITS: usize = 8;

/// The ids under a root.
#[derive(Debug)]
pub(super) struct Registry {
    directory: PathBuf,
}

/// An object's id and the path under which it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// The id.
    pub(super) id: String,
    /// The path below the root.
    pub(super) path: String,
}

impl Registry {
    /// The registry of the world under `root`, which need not exist yet.
    pub(super) fn under(root: &Path) -> Self {
        Self {
            directory: root.join(".ids"),
        }
    }

    /// Gives a new object at `path` its id, and forgets whatever was there before.
    pub(super) fn assign(&self, kind: ResourceType, path: &str) -> io::Result<String> {
        fs::create_dir_all(&self.directory)?;
        // An object that somebody deleted behind our back is still listed.
        for stale in self.all()?.iter().filter(|known| known.path == path) {
            self.forget(&stale.id)?;
        }
        loop {
            let id = format!("{}{}", kind.id_prefix(), chance::hex(DIGITS));
            match fs::File::create_new(self.directory.join(&id)) {
                Ok(mut file) => return file.write_all(path.as_bytes()).map(|()| id),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The path of the object `id`.
    pub(super) fn path_of(&self, id: &str) -> io::Result<Option<String>> {
        // An id may come from a person, and it is about to become a file name.
        if !is_id(id) {
            return Ok(None);
        }
        absent(fs::read_to_string(self.directory.join(id)))
    }

    /// The id of the object at `path`.
    pub(super) fn id_of(&self, path: &str) -> io::Result<Option<String>> {
        let mut all = self.all()?.into_iter();
        Ok(all.find(|known| known.path == path).map(|known| known.id))
    }

    /// All objects, in the order of their ids.
    pub(super) fn all(&self) -> io::Result<Vec<Known>> {
        let Some(entries) = absent(fs::read_dir(&self.directory))? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for entry in entries {
            let id = entry?.file_name().to_string_lossy().into_owned();
            all.extend(self.path_of(&id)?.map(|path| Known { id, path }));
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    /// Forgets the object `id`.
    pub(super) fn forget(&self, id: &str) -> io::Result<()> {
        absent(fs::remove_file(self.directory.join(id))).map(drop)
    }

    /// A place for the new version of a file until it is complete: never listed as an object.
    pub(super) fn draft(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.draft"))
    }
}

/// Whether `text` is an id, and of no other type than its prefix says.
fn is_id(text: &str) -> bool {
    ResourceType::ALL
        .iter()
        .filter_map(|kind| text.strip_prefix(kind.id_prefix()))
        .any(|rest| rest.len() == DIGITS && rest.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Takes "not found" for an answer.
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
        registry.forget(&second).unwrap();
        assert!(registry.all().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_id_names_no_file() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".ids")).unwrap();
        let registry = Registry::under(root.path());
        for id in [
            "",
            "../a",
            "f-../../x",
            "f-0123456",
            "f-0123456g",
            "x-01234567",
        ] {
            assert_eq!(registry.path_of(id).unwrap(), None, "{id}");
        }
    }
}
