//! The engine that the tests run: `terraform` on `PATH`, or the program that `UNAPPLY_TEST_ENGINE`
//! names, be it Terraform or OpenTofu. Tests call it `terraform`, as a person does who has linked one
//! to the other. An engine is asked for the things that another one may lack, never known by its name.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;
use unapply::model::entry::{EngineKind, EngineVersion};

/// One engine.
pub(crate) struct TestEngine {
    /// The program itself.
    pub(crate) program: PathBuf,
    /// Another `terraform` on `PATH`.
    pub(crate) beside: Option<PathBuf>,
    /// `PATH`, on which this engine is `terraform`.
    pub(crate) path: String,
    /// The version that it tells.
    pub(crate) version: EngineVersion,
    _link: Option<TempDir>,
}

/// The engine under test.
#[expect(clippy::disallowed_methods, reason = "a test needs the way to the real programs")]
pub(crate) fn engine() -> &'static TestEngine {
    static ENGINE: LazyLock<TestEngine> = LazyLock::new(|| {
        let path = std::env::var("PATH").unwrap();
        let mut places = std::env::split_paths(&path).map(|place| place.join("terraform"));
        let found = places.find(|place| place.is_file());
        let Some(named) = std::env::var_os("UNAPPLY_TEST_ENGINE").filter(|name| !name.is_empty())
        else {
            return ask(found.expect("the tests need terraform on PATH"), path, None);
        };
        let program = std::fs::canonicalize(named).expect("UNAPPLY_TEST_ENGINE names a program");
        let link = super::places::temporary("engine-");
        std::os::unix::fs::symlink(&program, link.path().join("terraform")).unwrap();
        let path = format!("{}:{path}", link.path().display());
        TestEngine { beside: found, ..ask(program, path, Some(link)) }
    });
    &ENGINE
}

/// Asks a program which engine it is.
#[expect(clippy::disallowed_methods, reason = "a test runs the real programs")]
fn ask(program: PathBuf, path: String, link: Option<TempDir>) -> TestEngine {
    let output = Command::new(&program).arg("version").env_clear().output();
    let output = String::from_utf8(output.unwrap().stdout).unwrap();
    let first = output.lines().next().unwrap_or_default();
    let (name, version) = first.split_once(" v").expect("the engine tells its version");
    let kind = if name == "OpenTofu" { EngineKind::OpenTofu } else { EngineKind::Terraform };
    let version = EngineVersion { kind, version: version.to_owned() };
    TestEngine { program, beside: None, path, version, _link: link }
}

/// The first line in which an engine tells its version.
pub(crate) fn first_line(engine: &EngineVersion) -> String {
    let name = match engine.kind {
        EngineKind::Terraform => "Terraform",
        EngineKind::OpenTofu => "OpenTofu",
    };
    format!("{name} v{}", engine.version)
}

impl TestEngine {
    /// The demo's provider, from the registry that this engine takes by default.
    pub(crate) fn provider(&self) -> String {
        format!("{}/unapply/demo", self.version.kind.registry())
    }

    /// The same engine in another version.
    pub(crate) fn in_version(&self, version: &str) -> EngineVersion {
        EngineVersion { kind: self.version.kind, version: version.to_owned() }
    }

    /// The other engine.
    pub(crate) fn other(&self, version: &str) -> EngineVersion {
        let other = EngineKind::ALL.into_iter().find(|kind| *kind != self.version.kind);
        EngineVersion { kind: other.unwrap(), version: version.to_owned() }
    }

    /// Whether it applies a saved plan where the files beside it are broken.
    pub(crate) fn applies_beside_broken_files(&self) -> bool {
        self.version.kind == EngineKind::Terraform
    }

    /// How much more than the serial of a pushed state the stored one has.
    pub(crate) fn push_adds(&self) -> u64 {
        match self.version.kind {
            EngineKind::Terraform => 1,
            EngineKind::OpenTofu => 2,
        }
    }
}
