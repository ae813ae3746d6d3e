//! The calls that a place must offer to hold a store: create-only writes, reads and ordered lists.
//!
//! There is deliberately no overwrite and no delete: a log slot is never written twice, and what
//! cannot be called cannot go wrong. The precondition is part of the call: [`ObjectStore::create`]
//! never replaces. Errors are never folded into "not there".

use std::collections::BTreeSet;
use std::fmt;

/// A key: `/`-separated parts of printable ASCII, relative to the store's root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Joins parts that the caller has made from digests, numbers and escaped names.
    ///
    /// Returns `None` for a part that is empty, is `.` or `..`, or has a `/`, a space, a control
    /// character or anything outside printable ASCII.
    pub fn from_parts(parts: &[&str]) -> Option<Self> {
        let fits = |part: &&str| {
            !part.is_empty()
                && !matches!(*part, "." | "..")
                && part.chars().all(|c| c.is_ascii_graphic() && c != '/')
        };
        (!parts.is_empty() && parts.iter().all(fits)).then(|| Self(parts.join("/")))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The result of a create-only write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// The object is new and durable.
    New,
    /// An object was already there; it is untouched, and as durable as a new one.
    Exists,
}

/// Why a store could not do it: a variant per decision the caller could take.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The place itself does not exist.
    #[error("no store there: `{place}`")]
    Missing {
        /// The store's place.
        place: String,
    },
    /// We may not.
    #[error("permission denied: `{key}`")]
    Denied {
        /// The key that was touched.
        key: String,
        /// The system's own word.
        #[source]
        source: std::io::Error,
    },
    /// The place does not know us: there are no credentials, or they are wrong or have expired.
    #[error("credentials are missing or were not accepted: `{key}`")]
    Unauthenticated {
        /// The key that was touched.
        key: String,
        /// The answer or error that was seen.
        #[source]
        source: std::io::Error,
    },
    /// The clocks here and there differ too much for anything signed here to be accepted.
    #[error("this machine's clock and the store's differ too much: `{key}`")]
    Skewed {
        /// The key that was touched.
        key: String,
        /// The answer or error that was seen.
        #[source]
        source: std::io::Error,
    },
    /// The address leads elsewhere: no such bucket, another region, another host.
    #[error("the store's address is wrong: `{key}`")]
    Misdirected {
        /// The key that was touched.
        key: String,
        /// The answer or error that was seen.
        #[source]
        source: std::io::Error,
    },
    /// There is no room left.
    #[error("no space left: `{key}`")]
    Full {
        /// The key that was being written.
        key: String,
        /// The system's own word.
        #[source]
        source: std::io::Error,
    },
    /// It is unknown whether the write took effect; reading back resolves it.
    #[error("no answer to a write: `{key}`")]
    Ambiguous {
        /// The key that was being written.
        key: String,
        /// The answer or error that was seen.
        #[source]
        source: std::io::Error,
    },
    /// The object may be visible, and may be gone after a power cut. Reading it back resolves
    /// nothing: no caller may rely on it.
    #[error("written, but not known to be durable: `{key}`")]
    NotDurable {
        /// The key that was being written.
        key: String,
        /// The system's own word.
        #[source]
        source: std::io::Error,
    },
    /// The place cannot create an object only if it is not there.
    #[error("create-only writes are not supported here: `{key}`")]
    Unsupported {
        /// The key that was being written.
        key: String,
        /// The system's own word.
        #[source]
        source: std::io::Error,
    },
    /// Anything else; nothing was written.
    #[error("cannot reach `{key}`")]
    Failed {
        /// The key that was touched.
        key: String,
        /// The system's own word.
        #[source]
        source: std::io::Error,
    },
}

/// A place for objects.
pub trait ObjectStore: fmt::Debug + Send + Sync {
    /// The place, for a person: a path or a URL without credentials.
    fn place(&self) -> String;

    /// Writes an object that must not be there yet. On return it is durable.
    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError>;

    /// The object's bytes; `None` only when the store says that there is no such object.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError>;

    /// Several objects' bytes in the order of their keys, each as [`Self::get`] gives it.
    ///
    /// A store that is far away should ask for them at once.
    fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ObjectError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// Every key that lies below `prefix` (whole parts), in byte order.
    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError>;

    /// The distinct parts that follow `prefix` in those keys, in byte order.
    ///
    /// A store that can tell them without walking through every key should do so.
    fn children(&self, prefix: &Key) -> Result<Vec<String>, ObjectError> {
        let below = format!("{prefix}/");
        let next = |key: &Key| {
            let rest = key.as_str().strip_prefix(&below)?;
            rest.split('/').next().map(ToOwned::to_owned)
        };
        let keys = self.list(prefix)?;
        let parts: BTreeSet<String> = keys.iter().filter_map(next).collect();
        Ok(parts.into_iter().collect())
    }
}
