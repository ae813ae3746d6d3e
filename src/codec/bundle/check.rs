//! Conditions that every bundle must fulfil, packed or unpacked.
//!
//! Paths that two systems would understand differently are refused, because a bundle captured on
//! one may be unpacked on another. Start from [`check`].

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::is_nfc;

use super::{BYTES_MAX, Error, FILES_MAX, OWN_DIRECTORY};
use crate::model::configuration::{Bundle, BundlePath};

/// Names that are devices on Windows, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Checks a bundle as a whole.
pub fn check(bundle: &Bundle) -> Result<(), Error> {
    if bundle.files.len() > FILES_MAX {
        return Err(Error::TooManyFiles);
    }
    let total: u64 = bundle
        .files
        .values()
        .map(|content| u64::try_from(content.len()).unwrap_or(u64::MAX))
        .fold(0, u64::saturating_add);
    if total > BYTES_MAX {
        return Err(Error::TooLarge);
    }
    let mut seen = Spellings::default();
    for path in bundle.files.keys() {
        check_path(path)?;
        seen.add(path)?;
    }
    directories(bundle)?;
    manifest(bundle)
}

/// Checks one path by itself.
pub fn check_path(path: &BundlePath) -> Result<(), Error> {
    let text = path.as_str();
    if !is_nfc(text) {
        return Err(Error::NotComposed { path: text.to_owned() });
    }
    if text == "." || text.split('/').next().is_some_and(is_own) {
        return Err(Error::Reserved { path: text.to_owned() });
    }
    if text.split('/').any(is_not_portable) {
        return Err(Error::NotPortable { path: text.to_owned() });
    }
    Ok(())
}

fn is_own(part: &str) -> bool {
    part.eq_ignore_ascii_case(OWN_DIRECTORY)
}

fn is_not_portable(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let numbered = |device: &str| {
        let number = stem.strip_prefix(device).map(str::as_bytes);
        matches!(number, Some([b'0'..=b'9']))
    };
    part.ends_with(['.', ' '])
        || part.contains(':')
        || part.len() > 255
        || DEVICES.contains(&stem.as_str())
        || numbered("com")
        || numbered("lpt")
}

/// The parts of paths, each under the name that a system knows it by which ignores case.
#[derive(Debug, Default)]
pub struct Spellings(BTreeMap<String, String>);

impl Spellings {
    /// Remembers each part of `path`, and refuses a second spelling of one.
    pub fn add(&mut self, path: &BundlePath) -> Result<(), Error> {
        let text = path.as_str();
        let ends = text.match_indices('/').map(|(end, _)| end);
        for end in ends.chain([text.len()]) {
            let spelled = text.get(..end).unwrap_or(text);
            let folded: String = spelled.nfkc().flat_map(char::to_lowercase).nfkc().collect();
            let other = self.0.entry(folded).or_insert_with(|| spelled.to_owned());
            if other != spelled {
                let other = other.clone();
                return Err(Error::Twins { path: spelled.to_owned(), other });
            }
        }
        Ok(())
    }
}

fn directories(bundle: &Bundle) -> Result<(), Error> {
    for path in bundle.files.keys() {
        let mut parent = path.parent();
        while parent != BundlePath::top() {
            if bundle.files.contains_key(&parent) {
                return Err(Error::FileAndDirectory { path: parent.as_str().to_owned() });
            }
            parent = parent.parent();
        }
    }
    Ok(())
}

fn manifest(bundle: &Bundle) -> Result<(), Error> {
    for path in bundle.var_files.iter().chain(&bundle.accompanying).chain(bundle.modes.keys()) {
        if !bundle.files.contains_key(path) {
            return Err(Error::NotHeld { path: path.as_str().to_owned() });
        }
    }
    let mut keys = BTreeSet::new();
    for module in &bundle.modules {
        if !keys.insert(module.key.as_str()) {
            return Err(Error::ModuleTwice { key: module.key.clone() });
        }
    }
    let directories = bundle.modules.iter().map(|module| &module.directory);
    for directory in directories.chain([&bundle.root]) {
        if *directory != BundlePath::top() {
            check_path(directory)?;
        }
        if bundle.files.contains_key(directory) {
            return Err(Error::FileAndDirectory { path: directory.as_str().to_owned() });
        }
    }
    Ok(())
}
