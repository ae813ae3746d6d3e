//! A stack to play with: real Terraform, the embedded provider, a world of files.
//!
//! Everything lies in one temporary directory and the environment is cleared, so that nothing of
//! the machine shows. [`Stage::unapply`] runs the real binary; [`Ran::screen`] is its whole output
//! with what differs from run to run replaced.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;
use unapply::demo::sandbox::Sandbox;

use super::engine::engine;
use super::places::temporary;

/// The binary under test.
pub(crate) const UNAPPLY: &str = env!("CARGO_BIN_EXE_unapply");

/// A stack with its world.
pub(crate) struct Stage {
    directory: TempDir,
    sandbox: Sandbox,
    environment: BTreeMap<String, String>,
}

/// A command that has ended.
pub(crate) struct Ran {
    /// Its exit code; 128 plus the signal when one ended it.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
    stage: PathBuf,
}

/// The provider's program: `tests/provider`, where a whole `cargo test` has built it of the library
/// that unapply is of, since Terraform hashes it at each command; else unapply.
fn provider() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        let tests = std::env::current_exe().unwrap();
        let newest = |prefix: &str, end: Option<&str>| {
            let files = std::fs::read_dir(tests.parent().unwrap()).unwrap().map(Result::unwrap);
            let files = files.filter(|file| {
                let path = file.path();
                let name = file.file_name().into_string().unwrap();
                name.starts_with(prefix) && path.extension().and_then(OsStr::to_str) == end
            });
            files.map(|file| (file.metadata().unwrap().modified().unwrap(), file.path())).max()
        };
        let library = newest("libunapply-", Some("rlib")).unwrap();
        let small = newest("provider-", None).filter(|small| small.0 >= library.0);
        small.map_or_else(|| PathBuf::from(UNAPPLY), |(_, path)| path)
    });
    &FOUND
}

impl Stage {
    /// A stack without configuration.
    pub(crate) fn empty() -> Self {
        let directory = temporary("stage-");
        let path = directory.path();
        let sandbox = Sandbox::set_up(path, provider()).unwrap();
        std::fs::create_dir(path.join("home")).unwrap();
        let variables =
            sandbox.variables().map(|(name, value)| (name, value.into_string().unwrap()));
        let more = [
            ("PATH", engine().path.clone()),
            ("HOME", path.join("home").display().to_string()),
            // A terraform that lives for a second need not collect garbage: half of its start.
            ("GOGC", "off".to_owned()),
            ("UNAPPLY_ACTOR", "tester".to_owned()),
        ];
        let environment = variables.into_iter().chain(more);
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).collect();
        Self { directory, sandbox, environment }
    }

    /// A stack named `demo/app`, without configuration.
    pub(crate) fn named() -> Self {
        let stage = Self::empty();
        stage.write_settings();
        stage
    }

    /// A stack named `demo/app` with this configuration besides the provider's block; initialised.
    pub(crate) fn with(configuration: &str) -> Self {
        let stage = Self::named();
        stage.configure(configuration);
        stage.terraform(&["init", "-no-color"]).expect(0);
        stage
    }

    /// The same, applied, recorded, and called good by a plan that is empty.
    pub(crate) fn good(configuration: &str) -> Self {
        let stage = Self::with(configuration);
        stage.apply().expect(0);
        stage.unapply(&["init"]).expect(0);
        stage.unapply(&["mark", "good", "--verify"]).expect(0);
        stage
    }

    /// Replaces the settings.
    pub(crate) fn write_settings(&self) {
        self.write("unapply.toml", &Sandbox::settings("demo/app"));
    }

    /// Replaces the configuration: `main.tf` with the provider's block and this text.
    pub(crate) fn configure(&self, configuration: &str) {
        let block = Sandbox::provider_block(&self.world());
        self.write("main.tf", &format!("{block}{configuration}\n"));
    }

    /// The files that engines start as the provider of this version.
    pub(crate) fn plugins(&self, version: &str) -> [PathBuf; 2] {
        self.sandbox.plugins(version)
    }

    /// The root module's directory.
    pub(crate) fn stack(&self) -> PathBuf {
        self.sandbox.stack()
    }

    /// The directory of the objects.
    pub(crate) fn world(&self) -> PathBuf {
        self.sandbox.world()
    }

    /// The directory that holds it all.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file of the stack.
    pub(crate) fn write(&self, name: &str, text: &str) {
        write(&self.stack().join(name), text.as_bytes());
    }

    /// Sets a variable for every command that follows.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Unsets one.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Makes the provider fail, as `faults.rs` of the provider describes; empty heals it.
    pub(crate) fn fault(&self, faults: &str) {
        write(&self.world().join(".faults"), faults.as_bytes());
    }

    /// A command with the stage's environment, in the stack's directory.
    #[expect(clippy::disallowed_methods, reason = "a test runs the real programs")]
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.stack())
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }

    /// Runs unapply.
    pub(crate) fn unapply(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command(UNAPPLY, arguments).output())
    }

    /// Runs the real engine, which these tests require.
    pub(crate) fn terraform(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command("terraform", arguments).output())
    }

    /// `terraform apply` with its usual flags.
    pub(crate) fn apply(&self) -> Ran {
        self.terraform(&["apply", "-auto-approve", "-no-color", "-input=false"])
    }

    /// The result of a finished command.
    pub(crate) fn ran(&self, output: std::io::Result<Output>) -> Ran {
        use std::os::unix::process::ExitStatusExt as _;
        let output = output.expect("the tests need terraform on PATH");
        let code = output.status.code().or(output.status.signal().map(|signal| 128 + signal));
        Ran {
            code: code.unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stage: self.path().to_owned(),
        }
    }

    /// Every object of the world by path: mode and exact content.
    pub(crate) fn objects(&self) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut objects = BTreeMap::new();
        let mut open = vec![self.world()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.world()).unwrap().display().to_string();
                if name.starts_with(".ids") || name == ".faults" {
                    continue;
                }
                // What a killed apply has begun goes on for a while.
                let Ok(facts) = path.symlink_metadata() else { continue };
                if facts.is_dir() {
                    open.push(path);
                } else {
                    let mode = facts.permissions().mode() & 0o7777;
                    objects.insert(name, (mode, std::fs::read(&path).unwrap()));
                }
            }
        }
        objects
    }

    /// The exact bytes of the state file.
    pub(crate) fn state(&self) -> Vec<u8> {
        std::fs::read(self.stack().join("terraform.tfstate")).unwrap()
    }
}

impl Ran {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Insists on words of the output, printed or said.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let both = format!("{}{}", self.stdout, self.stderr);
        assert!(both.contains(words), "no `{words}` in:\n{both}");
        self
    }

    /// The JSON object it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Everything, for a snapshot: exit code, data, talk.
    pub(crate) fn screen(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, content) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !content.is_empty() {
                write!(text, "--- {name} ---\n{}", steady(content, &self.stage)).unwrap();
            }
        }
        text
    }
}

/// Replaces what differs from run to run: places, times, ids, digests.
fn steady(text: &str, stage: &Path) -> String {
    let engine = &engine().version;
    let mut text = text
        .replace(&stage.display().to_string(), "[STAGE]")
        .replace(&engine.to_string(), "[ENGINE]")
        .replace(engine.kind.registry(), "[REGISTRY]");
    for (pattern, word) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\b[0-9a-f]{64}\b", "[SHA256]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[LINEAGE]"),
        (r"lineage [0-9a-f]{8}\b", "lineage [LINEAGE]"),
        (r"\b([flvt])-[0-9a-f]{8}\b", "$1-[ID]"),
        (r"\bd-[0-9a-f]{16}\b", "d-[ITEM]"),
        (r"\(sensitive [0-9a-f]{4,64}\)", "(sensitive [PRINT])"),
        (r"\(sensitive [0-9a-f]{4,64}→[0-9a-f]{4,64}\)", "(sensitive [PRINT]→[PRINT])"),
        (r#""fingerprint": "[0-9a-f]{4,64}""#, r#""fingerprint": "[PRINT]""#),
        (r"\S+/terraform \(", "[TERRAFORM] ("),
        // OpenTofu under the other's name.
        (r"\(there is no tofu on PATH\)", "(its lock file says so)"),
        (r" +\d+\.\ds\b", " [SECONDS]"),
        (r"by tester on [^,]+,", "by tester on [HOST],"),
        (r#""host": "[^"]*""#, r#""host": "[HOST]""#),
        (r"unapply-[A-Za-z0-9]{6}\b", "unapply-[RANDOM]"),
        (r"process \d+ on \S+", "process [PID] on [HOST]"),
        (r"\b\d{3,5} bytes\b", "[N] bytes"),
        (r"(?m)^((?:[r-][w-][x-]){3}) +\d+ ", "$1 [N] "),
        (r#""newest_age_seconds": \d+"#, r#""newest_age_seconds": "[N]""#),
        (r#""state_bytes": \d+"#, r#""state_bytes": "[N]""#),
        // How often Terraform writes a local state in one apply depends on its timing.
        (r#"("serial"|"live_serial"): \d+"#, r#"$1: "[N]""#),
        (r"serial \d+", "serial [N]"),
        (r"written by [0-9.]+", "written by [VERSION]"),
        (
            r"(?m)^([ ★] +(?:@|r\d+)  (?:live|good|bad|-|before|after) .*?-) +\d+ +(\d+)",
            "$1 [N] $2",
        ),
    ] {
        let regex = regex::Regex::new(pattern).unwrap();
        text = regex.replace_all(&text, word).into_owned();
    }
    text
}

fn write(path: &Path, content: &[u8]) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(content).unwrap();
}
