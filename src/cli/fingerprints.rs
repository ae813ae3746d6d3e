//! The source of the key of fingerprints.
//!
//! The settings can say where the key is (`[redaction] key`): people who share it see the same
//! fingerprints. Otherwise it lies in a file of the user's own, one for each store, made when it is
//! first needed. If neither can be had, a key is drawn for one output. A key is never in a store
//! and never in the repository, so that no reader of these can try values against a fingerprint. A
//! key that cannot be had stops no command.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::environment::World;
use super::exit::Exit;
use super::failure::Failure;
use crate::codec::record::StoreId;
use crate::engine::redact::{FingerprintKey, FingerprintScope};
use crate::model::secret::Secret;

/// Shorter texts are too easily tried.
const TEXT_MIN: usize = 16;

/// The source of a store's key.
#[derive(Debug, Clone)]
pub(super) enum KeySource {
    /// The key that the settings name.
    Given(FingerprintKey),
    /// The settings name a key, and it cannot be had: why.
    Missing(String),
    /// In a file of the user's own below this directory, if there is any.
    Own(Option<PathBuf>),
}

/// A key, and what is to be said about it.
#[derive(Debug)]
pub(super) struct FoundKey {
    /// The key.
    pub key: FingerprintKey,
    /// Why it is not the one that the settings name.
    pub problem: Option<String>,
}

/// Splits `${KIND:VALUE}` into kind and value.
pub(super) fn placeholder(setting: &str) -> Option<(&str, &str)> {
    setting.strip_prefix("${")?.strip_suffix('}')?.split_once(':')
}

impl KeySource {
    /// Reads the setting, where there is one.
    pub(super) fn of(setting: Option<&str>, world: &World, beside: &Path) -> Result<Self, Failure> {
        let Some(setting) = setting else {
            let data = world.own_directory("XDG_DATA_HOME", ".local/share");
            return Ok(Self::Own(data.map(|data| data.join("keys"))));
        };
        let (name, text) = match placeholder(setting) {
            Some(("env", name)) => (setting, world.text(name).map(str::to_owned)),
            Some(("file", path)) => (setting, fs::read_to_string(beside.join(path)).ok()),
            // What stands there may be the key: it is not repeated.
            Some(_) | None => {
                let what = "`redaction.key` is neither ${env:NAME} nor ${file:PATH}".to_owned();
                return Err(Failure::new(Exit::Usage, what)
                    .now("a key is never in the settings themselves".to_owned())
                    .next("[redaction] key = \"${env:NAME}\""));
            }
        };
        Ok(match text.as_deref().map(str::trim) {
            Some(text) if text.len() >= TEXT_MIN => {
                Self::Given(FingerprintKey::of_text(&Secret::new(text.to_owned())))
            }
            Some(_) => Self::Missing(format!("{name} is shorter than {TEXT_MIN} characters")),
            None => Self::Missing(format!("{name} cannot be read")),
        })
    }

    /// The key for what is in `store`; none when the system has no random numbers either.
    pub(super) fn for_store(&self, store: StoreId) -> Option<FoundKey> {
        let found = |key| FoundKey { key, problem: None };
        match self {
            Self::Given(key) => Some(found(key.clone())),
            Self::Missing(why) => {
                Some(FoundKey { key: for_one_output()?, problem: Some(why.clone()) })
            }
            Self::Own(directory) => {
                let own = directory.as_ref().and_then(|directory| own(directory, store));
                own.or_else(for_one_output).map(found)
            }
        }
    }
}

/// A key that is gone with this process.
pub(super) fn for_one_output() -> Option<FingerprintKey> {
    random().map(|bytes| FingerprintKey::new(bytes, FingerprintScope::Output))
}

fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// The user's key for a store, made if there is none yet. Of two that make one, one wins.
fn own(directory: &Path, store: StoreId) -> Option<FingerprintKey> {
    let path = directory.join(store.to_string());
    match fs::read(&path) {
        Ok(bytes) => return key_of(&bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(_) => return None,
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory).ok()?;
    let mut text = String::new();
    for byte in random()? {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    // Made 0600 under another name: nobody reads half a key, and none is ever replaced.
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(directory).ok()?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).ok()?;
    if let Err(lost) = file.persist_noclobber(&path)
        && lost.error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return None;
    }
    key_of(&fs::read(&path).ok()?)
}

/// Reads a key's file; anything but 64 digits in a line is none.
fn key_of(text: &[u8]) -> Option<FingerprintKey> {
    let text = std::str::from_utf8(text).ok()?.trim_end();
    let is_key = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    is_key.then(|| FingerprintKey::new(bytes, FingerprintScope::Store))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn store(last: u8) -> StoreId {
        let mut bytes = [0; 16];
        bytes[15] = last;
        StoreId::from_bytes(bytes)
    }

    #[test]
    fn a_key_of_the_users_own_is_made_once_for_each_store_and_private() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let world =
            World::of_test(&[("XDG_DATA_HOME", data.to_str().unwrap()), ("HOME", "/nowhere")]);
        let source = KeySource::of(None, &world, Path::new("/")).unwrap();
        let first = source.for_store(store(1)).unwrap();
        assert_eq!(first.key.scope, FingerprintScope::Store);
        assert_eq!(source.for_store(store(1)).unwrap().key, first.key);
        assert_ne!(source.for_store(store(2)).unwrap().key, first.key);
        let keys = data.join("unapply/keys");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keys), 0o700);
        let files: Vec<_> = fs::read_dir(&keys).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 2, "nothing is left over: {files:?}");
        assert!(files.iter().all(|file| mode(file) == 0o600));
        // One that somebody spoilt is none, and is not replaced.
        fs::File::create(&files[0]).unwrap().write_all(b"short\n").unwrap();
        let scopes = [1, 2].map(|id| source.for_store(store(id)).unwrap().key.scope);
        assert!(
            scopes.contains(&FingerprintScope::Output) && scopes.contains(&FingerprintScope::Store)
        );
        assert_eq!(fs::read(&files[0]).unwrap(), b"short\n");
    }

    #[test]
    fn where_nothing_can_be_kept_a_key_is_for_one_output() {
        let source =
            KeySource::of(None, &World::of_test(&[("HOME", "/proc/1/none")]), Path::new("/"));
        let source = source.unwrap();
        let keys = [(); 2].map(|()| source.for_store(store(1)).unwrap().key);
        assert_eq!(keys[0].scope, FingerprintScope::Output);
        assert_ne!(keys[0], keys[1]);
    }

    #[test]
    fn settings_say_where_a_key_is_and_are_never_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = fs::File::create(directory.path().join("key")).unwrap();
        file.write_all(b"a key of some length\n").unwrap();
        let world = World::of_test(&[("KEY", "a key of some length"), ("SHORT", "abc")]);
        let of = |setting| KeySource::of(Some(setting), &world, directory.path());
        let key = |setting| of(setting).unwrap().for_store(store(1)).unwrap();
        assert_eq!(key("${env:KEY}").key, key("${file:key}").key);
        assert_eq!(key("${env:KEY}").key.scope, FingerprintScope::Store);
        for (setting, why) in [
            ("${env:NONE}", "${env:NONE} cannot be read"),
            ("${file:none}", "${file:none} cannot be read"),
            ("${env:SHORT}", "${env:SHORT} is shorter than 16 characters"),
        ] {
            let found = key(setting);
            assert_eq!(found.problem.as_deref(), Some(why));
            assert_eq!(found.key.scope, FingerprintScope::Output);
        }
        for wrong in ["canary-canary-canary", "${canary}", "${vault:canary}", "${env:canary"] {
            let failure = of(wrong).unwrap_err();
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
    }
}
