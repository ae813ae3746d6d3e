//! The files by which a version manager chooses the engine.
//!
//! Its shim looks for them in the current directory and above it, so that a private copy has to have
//! them at the same places. Which version they choose is never read from them: whether the shim chooses the same
//! one there is asked of the shim itself.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::entry::EngineKind;

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

/// The engine that the nearest file in this directory or above it names: by its name, or, where it
/// is for many programs, in a line of its own. One that names both, or neither, tells nothing.
pub fn pinned(directory: &Path) -> Option<EngineKind> {
    let of_file = |(path, content): (PathBuf, Vec<u8>)| {
        let name = path.file_name()?.to_str()?.to_owned();
        let content = String::from_utf8_lossy(&content).into_owned();
        let names = |word: &str| {
            let is_named = |line: &str| {
                let line = line.trim_start().trim_start_matches('"');
                line.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            };
            name == format!(".{word}-version") || content.lines().any(is_named)
        };
        match (names("terraform"), names("opentofu")) {
            (true, false) => Some(EngineKind::Terraform),
            (false, true) => Some(EngineKind::OpenTofu),
            _ => None,
        }
    };
    version_files(directory).into_iter().find_map(of_file)
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_nearest_file_that_names_one_engine_says_which_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let write = |path: &str, text: &str| {
            let mut file = fs::File::create(directory.path().join(path)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        assert_eq!(pinned(&below), None);
        write("mise.toml", "[tools]\nnode = \"20\"\n\"opentofu\" = \"1.9\"\n");
        assert_eq!(pinned(&below), Some(EngineKind::OpenTofu));
        write("a/.tool-versions", "terraform 1.11.4\nopentofu 1.9.0\n");
        assert_eq!(pinned(&below), Some(EngineKind::OpenTofu), "both are named nearer");
        write("a/.tool-versions", "terraform 1.11.4\nterraform-docs 1\n");
        assert_eq!(pinned(&below), Some(EngineKind::Terraform));
        write("a/b/.opentofu-version", "1.9.0\n");
        assert_eq!(pinned(&below), Some(EngineKind::OpenTofu));
    }
}
