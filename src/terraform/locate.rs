//! Where the binaries are.
//!
//! Looked for once, on `PATH`, by name; a path given by the user is taken as it is. Nothing is
//! downloaded and no version manager is started.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The program of this name on `PATH`.
pub fn on_path(environment: &Environment, name: &str) -> Option<PathBuf> {
    let path = environment.get("PATH")?;
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// The binary to run: as the user says (a path or a name), else `terraform`, else `tofu`. Where
/// there is none, the error says what was looked for.
pub fn binary(environment: &Environment, wanted: Option<&str>) -> Result<PathBuf, String> {
    match wanted {
        None | Some("auto") => on_path(environment, "terraform")
            .or_else(|| on_path(environment, "tofu"))
            .ok_or_else(|| "terraform, tofu on PATH".to_owned()),
        Some(name) if !name.contains('/') => {
            on_path(environment, name).ok_or_else(|| format!("{name} on PATH"))
        }
        Some(path) if is_program(Path::new(path)) => {
            std::path::absolute(path).map_err(|_| path.to_owned())
        }
        Some(path) => Err(path.to_owned()),
    }
}
