//! The configuration that belongs to a state: files, modules and values of variables.
//!
//! A [`Bundle`] is the configuration itself, in memory; a [`ConfigurationRef`] is what the log says
//! of a stored one. Paths are [`BundlePath`]s, which cannot leave their directory. Collecting a
//! bundle is `flow::configuration`, packing one is `codec::bundle`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::address::ProviderSource;
use super::digest::Digest;
use super::secret::Secret;

/// A relative path inside a bundle: `/`-separated, normalised, never upwards, never hidden state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BundlePath(String);

/// A path that a bundle refuses, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path {reason}: `{path}`")]
pub struct RefusedPath {
    path: String,
    reason: &'static str,
}

/// Directories that Terraform or unapply read and that a bundle must not bring along.
const FORBIDDEN_PARTS: [&str; 3] = [".terraform", ".unapply", ".git"];

impl BundlePath {
    /// The path as text; `.` is the top of the bundle.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The top of the bundle.
    pub fn top() -> Self {
        Self(".".to_owned())
    }

    /// The path of `name` below this directory.
    pub fn join(&self, name: &str) -> Result<Self, RefusedPath> {
        if self.0 == "." { name.parse() } else { format!("{}/{name}", self.0).parse() }
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directory that holds it.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some((parent, _)) => Self(parent.to_owned()),
            None => Self::top(),
        }
    }
}

impl FromStr for BundlePath {
    type Err = RefusedPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| RefusedPath { path: text.chars().take(200).collect(), reason };
        if text == "." {
            return Ok(Self::top());
        }
        if text.is_empty() || text.starts_with('/') {
            return Err(refuse("is empty or absolute"));
        }
        if text.len() > 1024 {
            return Err(refuse("is longer than 1024 bytes"));
        }
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(refuse("has a control character or a backslash"));
        }
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() > 64 {
            return Err(refuse("is deeper than 64 levels"));
        }
        for part in &parts {
            if part.is_empty() || *part == "." || *part == ".." {
                return Err(refuse("is not normalised"));
            }
            if FORBIDDEN_PARTS.iter().any(|name| part.eq_ignore_ascii_case(name)) {
                return Err(refuse("lies in a directory that a bundle must not hold"));
            }
        }
        let name = parts.last().copied().unwrap_or_default();
        if is_state_file(name) {
            return Err(refuse("is a state or plan file"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// States, their backups and saved plans never enter a bundle: they have their own places.
pub fn is_state_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".tfstate")
        || name.contains(".tfstate.")
        || name.ends_with(".tfplan")
        || name == "crash.log"
}

impl fmt::Display for BundlePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of Terraform's module manifest, its directory inside the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The dotted key, such as `network.subnets`.
    pub key: String,
    /// The source as configuration writes it.
    pub source: String,
    /// The version, for a module from a registry.
    pub version: Option<String>,
    /// Directory of its files in the bundle.
    pub directory: BundlePath,
}

/// The source that a variable's value was seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariableOrigin {
    /// `TF_VAR_name` in the environment.
    Environment,
    /// `-var name=…`.
    CommandLine,
    /// A saved plan.
    Plan,
}

/// The value of a variable that no file of the bundle gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// From the environment and the command line: the text as Terraform takes it from `TF_VAR_…`
    /// and `-var`, whose meaning depends on the declared type. From a plan: the value as JSON.
    pub value: Secret<String>,
    /// The source that it was seen in.
    pub origin: VariableOrigin,
}

/// Directory in a bundle for modules that are not local ones, each below its key.
pub const REMOTE_MODULES: &str = "_modules";

/// Directory in a bundle for `-var-file`s that lie outside its top, each below its position.
pub const OUTSIDE_VAR_FILES: &str = "_var_files";

/// A configuration, complete enough to plan with. Its files hold secrets: `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The root module's directory.
    pub root: BundlePath,
    /// Regular files and their exact content.
    pub files: BTreeMap<BundlePath, Vec<u8>>,
    /// The permissions of the files, where they are known: archives of format 1 have none.
    pub modes: BTreeMap<BundlePath, FileMode>,
    /// Files that are here because git tracks them, and that nothing of the configuration names.
    /// They are no part of its identity.
    pub accompanying: BTreeSet<BundlePath>,
    /// Modules as installed, except the root.
    pub modules: Vec<Module>,
    /// `-var-file`s in the order given.
    pub var_files: Vec<BundlePath>,
    /// Values from the environment, the command line or a plan.
    pub variables: BTreeMap<String, Variable>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("root", &self.root)
            .field("files", &self.files.keys())
            .field("modes", &self.modes)
            .field("accompanying", &self.accompanying)
            .field("modules", &self.modules)
            .field("var_files", &self.var_files)
            .field("variables", &self.variables)
            .finish()
    }
}

impl Bundle {
    /// The permissions of a file; the usual ones where they are not known.
    pub fn mode(&self, path: &BundlePath) -> FileMode {
        self.modes.get(path).copied().unwrap_or_default()
    }
}

/// The permission bits of a file: read, write and execute, each for owner, group and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileMode(u32);

impl Default for FileMode {
    fn default() -> Self {
        Self(0o644)
    }
}

impl FileMode {
    /// The permission bits of a system's mode, without its other bits.
    pub fn of(mode: u32) -> Self {
        Self(mode & 0o777)
    }

    /// The bits.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether its owner may run the file.
    pub fn is_executable(self) -> bool {
        self.0 & 0o100 != 0
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in (0..9).rev().zip("rwxrwxrwx".chars()) {
            write!(f, "{}", if self.0 >> place & 1 == 1 { letter } else { '-' })?;
        }
        Ok(())
    }
}

/// The id of a blob: the SHA-256 of its stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlobId(pub Digest);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a configuration was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ConfigurationSource {
    /// From the working directory.
    Directory,
    /// From a saved plan, completed with the files that functions read.
    Plan,
    /// From the commit that fits an imported state by its time and what it declares: a guess, and
    /// never grounds for more than *applied*.
    Inferred,
}

/// A variable whose value a stored configuration holds, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenVariable {
    /// Its name.
    pub name: String,
    /// The source that its value was seen in.
    pub origin: VariableOrigin,
}

/// A provider as the dependency lock file selects it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockedProvider {
    /// The provider.
    pub source: ProviderSource,
    /// The selected version.
    pub version: String,
}

/// A file that the configuration reaches, or may reach, and that was not captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its path in the bundle, or as it was found.
    pub path: String,
    /// Why it was left out.
    pub why: WhyLeftOut,
    /// Its size, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Why a file was not captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum WhyLeftOut {
    /// `too-large`: it is larger than one file may be.
    TooLarge,
    /// `no-room`: all files together would be more than may be kept.
    NoRoom,
    /// `missing`: it is named, and there is no such file.
    Missing,
    /// `unreadable`: it cannot be read.
    Unreadable,
    /// `no-file-here`: it is no regular file, or a link to one outside.
    NoFileHere,
    /// `refused`: its name or place is one that a bundle must not hold.
    Refused,
    /// `looks-secret`: it looks like credentials, git does not track it and no literal names it.
    LooksSecret,
}

impl WhyLeftOut {
    /// The reason in words that follow a path.
    pub fn clause(self) -> &'static str {
        match self {
            Self::TooLarge => "is larger than `max_file` of the settings allows",
            Self::NoRoom => "does not fit into what `max_total` of the settings allows",
            Self::Missing => "is named and is not there",
            Self::Unreadable => "cannot be read",
            Self::NoFileHere => "is not a regular file, or links to one outside",
            Self::Refused => "has a name or a place that a snapshot must not hold",
            Self::LooksSecret => {
                "looks like a secret, git does not track it and no literal names it"
            }
        }
    }

    /// Whether it is said as soon as it happens: the configuration may not work without the file.
    pub fn is_said_at_once(self) -> bool {
        self != Self::LooksSecret
    }
}

/// A stored configuration, as the log names it. It has no values of variables: those are in the
/// blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationRef {
    /// The stored bundle.
    pub blob: BlobId,
    /// SHA-256 of the bundle in its plain form (`codec::bundle::digest`): two configurations are the
    /// same when these are equal.
    #[serde(rename = "sha256")]
    pub digest: Digest,
    /// How it was got.
    pub source: ConfigurationSource,
    /// How many files it holds.
    pub files: u64,
    /// How many modules besides the root.
    pub modules: u64,
    /// The variables whose values it holds.
    pub variables: Vec<SeenVariable>,
    /// Provider versions of its lock file.
    pub providers: Vec<LockedProvider>,
    /// Parts that could not be captured exactly, in sentences.
    pub notes: Vec<String>,
    /// Files that were not captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// The most files that are named one by one.
const NAMED_MAX: usize = 10;

impl ConfigurationRef {
    /// Sentences that name what could not be captured exactly: the notes, and files without which
    /// the configuration may not work.
    pub fn shortcomings(&self) -> Vec<String> {
        let said: Vec<&LeftOut> =
            self.left_out.iter().filter(|file| file.why.is_said_at_once()).collect();
        let sentence = |file: &&LeftOut| {
            let size = file.bytes.map_or_else(String::new, |bytes| format!(" ({bytes} bytes)"));
            format!("`{}` is left out: it {}{size}", file.path, file.why.clause())
        };
        let named = said.iter().take(NAMED_MAX).map(sentence);
        let more = said.len().saturating_sub(NAMED_MAX);
        let more = (more > 0)
            .then(|| format!("{more} more files are left out: `show --files` names them"));
        self.notes.iter().cloned().chain(named).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_hide_or_shadow_are_refused() {
        let long = "a/".repeat(65) + "b";
        for text in [
            "",
            "/etc/x",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a\\b",
            "a\nb",
            ".terraform/x",
            "m/.TERRAFORM/environment",
            ".git/config",
            "terraform.tfstate",
            "a/b.tfstate.backup",
            "plan.tfplan",
            "errored.tfstate",
            &long,
        ] {
            assert!(text.parse::<BundlePath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn permissions_are_shown_as_ls_shows_them() {
        assert_eq!(FileMode::of(0o104_754).to_string(), "rwxr-xr--");
        assert!(FileMode::of(0o700).is_executable() && !FileMode::of(0o677).is_executable());
    }

    #[test]
    fn ordinary_paths_join_and_split() {
        let path: BundlePath = "envs/prod/main.tf".parse().unwrap();
        assert_eq!(path.file_name(), "main.tf");
        assert_eq!(path.parent().as_str(), "envs/prod");
        assert_eq!(BundlePath::top().join("main.tf").unwrap().as_str(), "main.tf");
        assert_eq!(path.parent().join("x.tf").unwrap().as_str(), "envs/prod/x.tf");
    }
}
