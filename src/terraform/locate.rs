//! The search for the binaries.
//!
//! They are looked for once, on `PATH`, by name; a path given by the user is taken as it is. A
//! certain version is looked for under names that carry it, and where version managers keep it.
//! Nothing is downloaded and no version manager is started.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::model::entry::{EngineKind, EngineVersion};
use crate::model::word::Word as _;

/// The program of this name on `PATH`.
pub fn on_path(environment: &Environment, name: &str) -> Option<PathBuf> {
    let path = environment.get("PATH")?;
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|candidate| is_program(candidate))
}

/// The program that a command in this directory starts by this word: a relative entry of `PATH` is
/// meant from there.
pub fn started_in(environment: &Environment, directory: &Path, word: &str) -> Option<PathBuf> {
    if word.contains('/') {
        return Some(directory.join(word)).filter(|program| program.is_file());
    }
    std::env::split_paths(environment.get("PATH")?)
        .map(|entry| directory.join(entry).join(word))
        .find(|candidate| is_program(candidate))
}

/// Programs that may have a version: those on `PATH` under names such as `terraform-1.11.4`, and
/// those in the folders of version managers. The caller asks each for the version that it has.
pub fn for_version(environment: &Environment, engine: &EngineVersion) -> Vec<PathBuf> {
    let (name, folder) = (engine.kind.command(), engine.kind.name());
    let version = engine.version.as_str();
    // A version is a text of somebody else's and part of a path here.
    if !version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')) {
        return Vec::new();
    }
    let short: Vec<&str> = version.split('.').take(2).collect();
    let short = short.join(".");
    let named = [version, &short]
        .into_iter()
        .flat_map(|version| ["-", "_", ""].map(|glue| format!("{name}{glue}{version}")))
        .filter_map(|name| on_path(environment, &name));
    let home = environment.get("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let managed = home.into_iter().flat_map(|home| {
        [
            home.join(format!(".{}/versions/{version}/{name}", manager(engine.kind))),
            home.join(format!(".tenv/{}/{version}/{name}", tenv(engine.kind))),
            home.join(format!(".local/share/mise/installs/{folder}/{version}/bin/{name}")),
            home.join(format!(".local/share/mise/installs/{folder}/{version}/{name}")),
            home.join(format!(".asdf/installs/{folder}/{version}/bin/{name}")),
        ]
    });
    named.chain(managed.filter(|candidate| is_program(candidate))).collect()
}

fn manager(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Terraform => "tfenv",
        EngineKind::OpenTofu => "tofuenv",
    }
}

fn tenv(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Terraform => "Terraform",
        EngineKind::OpenTofu => "OpenTofu",
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// The program that a person names, by a path or by a name on `PATH`; the error says why there is
/// none.
pub fn named(environment: &Environment, name: &str) -> Result<PathBuf, String> {
    if !name.contains('/') {
        return on_path(environment, name).ok_or_else(|| "it is not on PATH".to_owned());
    }
    match Path::new(name) {
        path if is_program(path) => std::path::absolute(path).map_err(|error| error.to_string()),
        _ => Err("no program is there".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes an empty program.
    fn program(path: &Path) -> PathBuf {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_owned()
    }

    #[test]
    fn a_program_is_found_as_a_command_in_its_directory_finds_it() {
        let home = tempfile::tempdir().unwrap();
        let make = |path: &str| program(&home.path().join(path));
        let (near, far) = (make("stack/bin/tofu"), make("far/tofu"));
        let stack = home.path().join("stack");
        let path = |entries: &[&str]| {
            let entries = std::env::join_paths(entries).unwrap();
            Environment::from([("PATH".to_owned(), entries)])
        };
        let far_entry = far.parent().unwrap().to_str().unwrap();
        let found = |entries: &[&str], word| started_in(&path(entries), &stack, word);
        assert_eq!(found(&["bin", far_entry], "tofu"), Some(near.clone()));
        assert_eq!(found(&[far_entry, "bin"], "tofu"), Some(far.clone()));
        assert_eq!(found(&[far_entry], "bin/tofu"), Some(near));
        assert_eq!(found(&[far_entry], "terraform"), None);
        assert_eq!(on_path(&path(&["bin"]), "tofu"), None, "a directory chooses no engine");
    }

    #[test]
    fn a_version_is_found_by_name_on_path_and_in_the_folders_of_version_managers() {
        let home = tempfile::tempdir().unwrap();
        let make = |path: &str| program(&home.path().join(path));
        let on_path = make("bin/terraform_1.11.4");
        let short = make("bin/tofu1.9");
        let tfenv = make(".tfenv/versions/1.11.4/terraform");
        let mise = make(".local/share/mise/installs/opentofu/1.9.1/bin/tofu");
        make("bin/terraform-1.10.0");
        let environment = Environment::from([
            ("PATH".to_owned(), home.path().join("bin").into_os_string()),
            ("HOME".to_owned(), home.path().as_os_str().to_owned()),
        ]);
        let find = |kind, version: &str| {
            for_version(&environment, &EngineVersion { kind, version: version.to_owned() })
        };
        assert_eq!(find(EngineKind::Terraform, "1.11.4"), [on_path, tfenv]);
        assert_eq!(find(EngineKind::OpenTofu, "1.9.1"), [short, mise]);
        assert!(find(EngineKind::Terraform, "1.2.3").is_empty());
        assert!(find(EngineKind::Terraform, "../bin/x").is_empty());
    }
}
