//! An object store in a directory: one file an object, 0600, below a root that is 0700.
//!
//! It never renames over, truncates or deletes an object, and follows no symbolic link below its
//! root. A directory on a network file system is as good as that system's `link` and `fsync`. Start
//! with [`LocalStore::open`]; [`LocalStore::create`] makes the root.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::directory::{Directory, Linked, TEMPORARY, WriteError};
use super::random;
use crate::port::object_store::{Created, Key, ObjectError, ObjectStore};

/// The largest object that is read: a blob at its largest, incompressible.
const OBJECT_BYTES_MAX: u64 = super::BLOB_BYTES_MAX + (1 << 30);

/// A store in a directory.
#[derive(Debug)]
pub struct LocalStore {
    path: PathBuf,
    root: Directory,
    /// Directories whose own names this process has made durable.
    durable: Mutex<BTreeSet<String>>,
}

impl LocalStore {
    /// Opens a directory that must be there. Nothing is written.
    pub fn open(path: &Path) -> Result<Self, ObjectError> {
        let root = match Directory::open(path) {
            Ok(root) => root,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ObjectError::Missing { place: path.display().to_string() });
            }
            Err(error) => return Err(failure(&path.display().to_string(), error)),
        };
        Ok(Self { path: path.to_owned(), root, durable: Mutex::new(BTreeSet::new()) })
    }

    /// Opens a directory, made first if need be, and says whether it was made. A new or empty one
    /// is hidden from git.
    pub fn create(path: &Path) -> Result<(Self, Created), ObjectError> {
        let shown = path.display().to_string();
        let created = make_durably(path).map_err(|error| failure(&shown, error))?;
        let store = Self::open(path)?;
        let items = store.root.items().map_err(|error| failure(&shown, error))?;
        if items.is_empty() {
            // Whoever else writes it writes the same.
            let (Created::New | Created::Exists) = store.write(&[], ".gitignore", b"*\n")?;
        }
        Ok((store, created))
    }

    /// Creates the file `name` below the directories `parents`, which are made if need be.
    fn write(&self, parents: &[&str], name: &str, bytes: &[u8]) -> Result<Created, ObjectError> {
        let key = [parents, &[name]].concat().join("/");
        let failed = |error| failure(&key, error);
        let directory = self.directory_for(parents).map_err(failed)?;
        if directory.has(name).map_err(failed)? {
            directory.sync().map_err(failed)?;
            return Ok(Created::Exists);
        }
        let nonce = random::nonce().map_err(|error| failed(io::Error::other(error)))?;
        let temporary = format!("{TEMPORARY}{nonce}");
        match directory.create(&temporary, name, bytes) {
            Ok(Linked::New) => Ok(Created::New),
            Ok(Linked::Taken) => Ok(Created::Exists),
            Err(WriteError::Before(error)) => Err(failed(error)),
            Err(WriteError::NoLinks(source)) => Err(ObjectError::Unsupported { key, source }),
            Err(WriteError::After(source)) => Err(ObjectError::NotDurable { key, source }),
        }
    }

    /// The directory below `parents`, each of which is there and durable afterwards.
    fn directory_for(&self, parents: &[&str]) -> io::Result<Directory> {
        let mut directory = self.root.try_clone()?;
        let mut path = String::new();
        for part in parents {
            path = format!("{path}/{part}");
            let inner = match directory.enter(part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    directory.make(part)?;
                    directory.enter(part)?
                }
                entered => entered?,
            };
            // Also for one that was there: whoever made it may not have come this far.
            if !self.durable().contains(&path) {
                directory.sync()?;
                self.durable().insert(path.clone());
            }
            directory = inner;
        }
        Ok(directory)
    }

    fn durable(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory that the parts lead to, if it is there.
    fn find(&self, parts: &[&str]) -> io::Result<Option<Directory>> {
        let mut directory = self.root.try_clone()?;
        for part in parts {
            directory = match directory.enter(part) {
                Ok(inner) => inner,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return self.absent().map(|()| None);
                }
                Err(error) => return Err(error),
            };
        }
        Ok(Some(directory))
    }

    /// Nothing is there because nothing was written, not because the root was taken away.
    fn absent(&self) -> io::Result<()> {
        if self.root.is_linked()? {
            Ok(())
        } else {
            Err(io::Error::other("the store's directory was removed"))
        }
    }

    fn read(&self, parts: &[&str]) -> io::Result<Option<Vec<u8>>> {
        let Some((name, parents)) = parts.split_last() else {
            return Ok(None);
        };
        let Some(directory) = self.find(parents)? else {
            return Ok(None);
        };
        match directory.read(name, OBJECT_BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.absent().map(|()| None),
            Err(error) => Err(error),
        }
    }
}

impl ObjectStore for LocalStore {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        let parts: Vec<&str> = key.parts().collect();
        let refused = || failure(key.as_str(), io::ErrorKind::InvalidInput.into());
        // Such a name would never be listed.
        if parts.iter().any(|part| part.starts_with(TEMPORARY)) {
            return Err(refused());
        }
        let (name, parents) = parts.split_last().ok_or_else(refused)?;
        self.write(parents, name, bytes)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        let parts: Vec<&str> = key.parts().collect();
        self.read(&parts).map_err(|error| failure(key.as_str(), error))
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        let parts: Vec<&str> = prefix.parts().collect();
        let list = || {
            let mut keys = Vec::new();
            if let Some(directory) = self.find(&parts)? {
                collect(&directory, &parts, &mut keys)?;
            }
            keys.sort();
            Ok(keys)
        };
        list().map_err(|error| failure(prefix.as_str(), error))
    }

    fn children(&self, prefix: &Key) -> Result<Vec<String>, ObjectError> {
        let parts: Vec<&str> = prefix.parts().collect();
        let children = || {
            let mut children = Vec::new();
            let Some(directory) = self.find(&parts)? else {
                return Ok(children);
            };
            for item in directory.items()? {
                let fits = Key::from_parts(&[&item.name]).is_some();
                if fits && (!item.is_directory || has_object(&directory.enter(&item.name)?)?) {
                    children.push(item.name);
                }
            }
            Ok(children)
        };
        children().map_err(|error| failure(prefix.as_str(), error))
    }
}

/// Adds every object below the directory. A name that cannot be a part of a key is no object.
fn collect(directory: &Directory, parts: &[&str], keys: &mut Vec<Key>) -> io::Result<()> {
    for item in directory.items()? {
        let inner = [parts, &[item.name.as_str()]].concat();
        let Some(key) = Key::from_parts(&inner) else {
            continue;
        };
        if item.is_directory {
            collect(&directory.enter(&item.name)?, &inner, keys)?;
        } else {
            keys.push(key);
        }
    }
    Ok(())
}

/// Whether any object lies below the directory: a writer that was stopped leaves empty ones.
fn has_object(directory: &Directory) -> io::Result<bool> {
    for item in directory.items()? {
        let fits = Key::from_parts(&[&item.name]).is_some();
        if fits && (!item.is_directory || has_object(&directory.enter(&item.name)?)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes a directory and those above it, each durable before the next.
fn make_durably(path: &Path) -> io::Result<Created> {
    let path = std::path::absolute(path)?;
    if path.is_dir() {
        return Ok(Created::Exists);
    }
    if let Some(parent) = path.parent() {
        let (Created::New | Created::Exists) = make_durably(parent)?;
    }
    let created = match DirBuilder::new().mode(0o700).create(&path) {
        Ok(()) => Created::New,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
            Created::Exists
        }
        Err(error) => return Err(error),
    };
    if let Some(parent) = path.parent() {
        Directory::open(parent)?.sync()?;
    }
    Ok(created)
}

/// Sorts a failure by what can be done about it.
fn failure(key: &str, source: io::Error) -> ObjectError {
    let key = key.to_owned();
    let kind = source.kind();
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        ObjectError::Full { key, source }
    } else if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        ObjectError::Denied { key, source }
    } else {
        ObjectError::Failed { key, source }
    }
}
