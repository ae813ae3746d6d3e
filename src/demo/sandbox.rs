//! Sets up a directory in which Terraform manages a stack of the demo's provider, offline.
//!
//! The story, the tests and the benches all stand on this one set-up, so that an object of one is
//! an object of the others. Commands are not run here, and no configuration is chosen. Start from
//! [`Sandbox::set_up`].
//!
//! | path | content |
//! |---|---|
//! | `stack/` | the root module |
//! | `world/` | the objects |
//! | `tmp/` | the temporary files of commands |
//! | `mirror/` | the provider, as a link to unapply |
//! | `terraform.rc` | Terraform's own settings: providers come from `mirror/` alone |

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The provider, as a configuration names it.
const PROVIDER: &str = "unapply/demo";

/// The registries from which engines take it by default.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// A file or a directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{path}`")]
pub struct Error {
    path: String,
    /// The reason.
    pub source: io::Error,
}

impl Error {
    /// The error of an operation on `path`.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self { path, source }
    }
}

/// A directory that is set up.
#[derive(Debug, Clone)]
pub struct Sandbox {
    root: PathBuf,
}

impl Sandbox {
    /// Sets `root` up, an absolute path, with the program `unapply` as the provider.
    pub fn set_up(root: &Path, unapply: &Path) -> Result<Self, Error> {
        let sandbox = Self { root: root.to_owned() };
        for directory in [sandbox.stack(), sandbox.world(), sandbox.at("tmp")] {
            make(&directory)?;
        }
        for plugin in sandbox.plugins(env!("CARGO_PKG_VERSION")) {
            make(plugin.parent().unwrap_or(root))?;
            std::os::unix::fs::symlink(unapply, &plugin).map_err(Error::at(&plugin))?;
        }
        let mirror = escaped(&sandbox.at("mirror"));
        let included = REGISTRIES.map(|registry| format!("\"{registry}/{PROVIDER}\"")).join(", ");
        let settings = format!(
            "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    \
             path    = \"{mirror}\"\n    include = [{included}]\n  }}\n}}\n"
        );
        write(&sandbox.at("terraform.rc"), &settings)?;
        Ok(sandbox)
    }

    /// A path below the directory.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The directory of the root module.
    pub fn stack(&self) -> PathBuf {
        self.at("stack")
    }

    /// The directory of the objects.
    pub fn world(&self) -> PathBuf {
        self.at("world")
    }

    /// The files that engines start as the provider of this version.
    pub fn plugins(&self, version: &str) -> [PathBuf; 2] {
        REGISTRIES.map(|registry| {
            self.at("mirror")
                .join(registry)
                .join(PROVIDER)
                .join(version)
                .join(format!("{}_{}", system(), architecture()))
                .join(format!("terraform-provider-demo_v{version}"))
        })
    }

    /// The environment variables that a command in the sandbox needs.
    pub fn variables(&self) -> [(&'static str, OsString); 3] {
        [
            ("TF_CLI_CONFIG_FILE", self.at("terraform.rc").into()),
            ("TF_DISABLE_PLUGIN_TLS", "1".into()),
            ("TMPDIR", self.at("tmp").into()),
        ]
    }

    /// The beginning of a configuration: the provider, with the objects below `world`.
    pub fn provider_block(world: &Path) -> String {
        let root = escaped(world).replace("${", "$${").replace("%{", "%%{");
        format!(
            "terraform {{\n  required_providers {{\n    demo = {{ source = \"{PROVIDER}\" }}\n  \
             }}\n}}\n\nprovider \"demo\" {{\n  root = \"{root}\"\n}}\n\n"
        )
    }

    /// The settings of unapply for the one stack `name`.
    pub fn settings(name: &str) -> String {
        format!("version = 1\n\n[[stack]]\nname = \"{name}\"\ndir = \".\"\n")
    }
}

/// Makes a directory, with those above it.
pub(super) fn make(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(Error::at(directory))
}

/// Writes a file anew.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    File::create(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::at(path))
}

/// The inside of a quoted text in Terraform's own settings, which know no templates.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"")
}

/// This system, as Terraform's directories of plugins name it.
fn system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// This processor, as Terraform's directories of plugins name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        let block = Sandbox::provider_block(Path::new("/a\"${b}\\"));
        assert!(block.contains("  root = \"/a\\\"$${b}\\\\\"\n"), "{block}");
    }

    #[test]
    fn the_provider_is_a_link_to_the_program_and_the_settings_lead_there() {
        let root = tempfile::tempdir().unwrap();
        let program = Path::new("/bin/unapply");
        let sandbox = Sandbox::set_up(root.path(), program).unwrap();
        for plugin in sandbox.plugins(env!("CARGO_PKG_VERSION")) {
            assert_eq!(fs::read_link(plugin).unwrap(), program);
        }
        let settings = fs::read_to_string(sandbox.at("terraform.rc")).unwrap();
        let mirror = sandbox.at("mirror").display().to_string();
        assert!(settings.contains(&format!("path    = \"{mirror}\"")), "{settings}");
        assert!(Sandbox::set_up(root.path(), program).is_err(), "it is set up once");
    }
}
