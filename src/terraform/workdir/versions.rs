//! The files by which a version manager chooses the engine.
//!
//! Its shim looks for them in the current directory and above it, so that a private copy has to have
//! them at the same places. They are read and never understood: whether the shim chooses the same
//! version there is asked of the shim itself.

use std::fs;
use std::path::{Path, PathBuf};

/// Names that tfenv, tofuenv, tenv, tfswitch, asdf and mise look for.
const NAMES: [&str; 11] = [
    ".terraform-version",
    ".opentofu-version",
    ".tool-versions",
    ".tfswitchrc",
    ".tfswitch.toml",
    ".tfenvrc",
    "mise.toml",
    ".mise.toml",
    "mise.local.toml",
    ".mise.local.toml",
    ".config/mise.toml",
];

/// Whether a version manager chooses by files of this name.
pub fn is_version_file(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The files in this directory and above it, with their content. One that cannot be read, or is too
/// large to name a version, is none.
pub(super) fn version_files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    const BYTES_MAX: u64 = 64 * 1024;
    let places = directory.ancestors().flat_map(|above| NAMES.map(|name| above.join(name)));
    let is_small = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() <= BYTES_MAX)
    };
    places.filter(is_small).filter_map(|path| Some((path.clone(), fs::read(&path).ok()?))).collect()
}
