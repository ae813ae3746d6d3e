//! An object store in memory: the reference for what any store must do.
//!
//! It can be damaged from outside, as a store can; no method of the port does that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use unapply::port::object_store::{Created, Key, ObjectError, ObjectStore};

/// Objects in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore(Mutex<BTreeMap<Key, Vec<u8>>>);

impl MemoryStore {
    /// One more owner, as a repository takes it.
    pub(crate) fn shared(self: &Arc<Self>) -> Arc<dyn ObjectStore> {
        Arc::<Self>::clone(self)
    }

    /// Replaces, adds or removes an object behind the back of everybody.
    pub(crate) fn tamper(&self, key: &Key, bytes: Option<Vec<u8>>) {
        let mut objects = self.0.lock().unwrap();
        match bytes {
            Some(bytes) => objects.insert(key.clone(), bytes),
            None => objects.remove(key),
        };
    }

    /// The same objects once more.
    pub(crate) fn copy(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap().clone()))
    }

    /// Every key.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl ObjectStore for MemoryStore {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        let mut objects = self.0.lock().unwrap();
        if objects.contains_key(key) {
            return Ok(Created::Exists);
        }
        objects.insert(key.clone(), bytes.to_vec());
        Ok(Created::New)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        let below = format!("{prefix}/");
        let objects = self.0.lock().unwrap();
        let found = objects.keys().filter(|key| key.as_str().starts_with(&below));
        Ok(found.cloned().collect())
    }
}
