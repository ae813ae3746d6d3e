//! `unapply.toml`: found upwards, read strictly.
//!
//! Unknown keys are errors with the line and a suggestion. Keys that the format has and this
//! version does not serve yet are refused by name, never ignored: a person who configures
//! encryption must not get a store without it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::knowledge::file::ProviderFile;

/// The name of the file.
pub(super) const FILE_NAME: &str = "unapply.toml";

/// The settings of a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The format of the file.
    pub version: Option<u64>,
    /// The place of the store and how it is reached.
    #[serde(default)]
    pub store: Store,
    /// Which Terraform, and what it may see.
    #[serde(default)]
    pub terraform: TerraformSettings,
    /// How much of a stack's files a snapshot keeps.
    #[serde(default)]
    pub snapshot: SnapshotSettings,
    /// The checks that make a snapshot good.
    #[serde(default)]
    pub good: GoodSettings,
    /// Limits of a revert, and how long it holds what it takes back.
    #[serde(default)]
    pub revert: RevertSettings,
    /// How secrets are told apart.
    #[serde(default)]
    pub redaction: Redaction,
    /// Knowledge about providers, beside what is built in.
    #[serde(default)]
    pub provider: Vec<ProviderFile>,
    /// The stacks.
    #[serde(default)]
    pub stack: Vec<StackSettings>,
}

/// `[store]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    /// A directory, relative to the file, or `s3://bucket/prefix`.
    pub url: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// Another service than AWS: its URL.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path of a URL and not in its host.
    pub path_style: Option<bool>,
    /// Whether the machine's metadata service may be asked for credentials.
    pub instance_metadata: Option<bool>,
    /// How long one operation on a bucket may go without success, such as 60s.
    pub timeout: Option<String>,
}

/// `[terraform]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TerraformSettings {
    /// `auto`, a name on PATH, or a path.
    pub bin: Option<String>,
    /// Names of variables that children see though they are on the closed list.
    pub env_pass: Option<Vec<String>>,
    /// Names of variables that children do not see.
    pub env_block: Option<Vec<String>>,
}

/// `[snapshot]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotSettings {
    /// The largest file that is kept, such as 64MiB.
    pub max_file: Option<String>,
    /// How much all files together may have, such as 256MiB.
    pub max_total: Option<String>,
}

/// `[good]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoodSettings {
    /// Checks that a good snapshot has to pass, in order.
    pub checks: Option<Vec<CheckSettings>>,
}

/// One of `[good] checks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum CheckSettings {
    /// `exit-zero` or `plan-empty`.
    Named(NamedCheck),
    /// A command.
    Command(CommandCheck),
    /// An address.
    Http(HttpCheck),
}

/// Checks with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NamedCheck {
    /// The apply ended with exit code 0.
    ExitZero,
    /// A follow-up plan is empty.
    PlanEmpty,
}

/// A command that must end with exit code 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandCheck {
    /// The command line.
    pub command: String,
    /// How long it may take.
    pub timeout: Option<String>,
}

/// An address that must answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpCheck {
    /// `http://…` or `https://…`.
    pub http: String,
    /// The status that it has to answer with.
    pub expect: Option<u16>,
    /// How long it may take.
    pub timeout: Option<String>,
}

/// `[revert]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevertSettings {
    /// How many objects may be destroyed that are not undone.
    pub max_destroy: Option<u64>,
    /// Addresses that no revert destroys without being told.
    pub protect: Option<Vec<String>>,
    /// How long what was taken back cannot be applied again, such as 24h; `0` not at all.
    pub hold_for: Option<String>,
}

/// `[redaction]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redaction {
    /// Place of the key of fingerprints: `${env:NAME}` or `${file:PATH}`.
    pub key: Option<String>,
}

/// One `[[stack]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StackSettings {
    /// Its name.
    pub name: String,
    /// The root module's directory, relative to the file.
    pub dir: Option<PathBuf>,
    /// Its workspace.
    pub workspace: Option<String>,
    /// Files of values, relative to the root module.
    #[serde(default)]
    pub var_files: Vec<PathBuf>,
}

/// A settings file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{}:{line}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The problem.
        problem: String,
    },
}

/// Keys of the format that this version does not serve.
const NOT_SERVED: [&str; 6] = ["encryption", "trust", "drift", "retention", "notify", "report"];

/// The nearest `unapply.toml`, upwards to the top of the repository or of the file system.
pub(super) fn find(from: &Path) -> Option<PathBuf> {
    for directory in from.ancestors() {
        let candidate = directory.join(FILE_NAME);
        if candidate.is_file() {
            return Some(candidate);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Reads a settings file.
pub(super) fn read(path: &Path) -> Result<Config, Error> {
    let text =
        fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Config, Error> {
    let invalid = |line, problem| Error::Invalid { path: path.to_owned(), line, problem };
    let table = text.parse::<toml::Table>().unwrap_or_default();
    if let Some(section) = NOT_SERVED.into_iter().find(|section| table.contains_key(*section)) {
        let problem = format!("`[{section}]` is not served by this version, and is not ignored");
        return Err(invalid(line_of(text, section), problem));
    }
    let config: Config = toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        invalid(line, with_suggestion(error.message()))
    })?;
    match config.version {
        Some(1) => Ok(config),
        Some(other) => Err(invalid(line_of(text, "version"), format!("version {other} is not 1"))),
        None => Err(invalid(1, "`version = 1` is missing".to_owned())),
    }
}

/// The first line that names a key.
fn line_of(text: &str, name: &str) -> usize {
    text.lines().position(|line| line.contains(name)).map_or(1, |index| index + 1)
}

/// Serde's message with the nearest of the names it expected.
fn with_suggestion(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field ") else {
        return message.to_owned();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next() else { return message.to_owned() };
    let nearest = names
        .map(|name| (strsim::jaro(unknown, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("unknown key `{unknown}`; did you mean `{name}`?"),
        None => format!("unknown key `{unknown}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(Path::new("unapply.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let table = [
            ("", "unapply.toml:1: `version = 1` is missing"),
            ("version = 2", "unapply.toml:1: version 2 is not 1"),
            (
                "version = 1\n[revert]\nmax_destory = 1",
                "unapply.toml:3: unknown key `max_destory`; did you mean `max_destroy`?",
            ),
            (
                "version = 1\n[encryption]\nrecipients = []",
                "unapply.toml:2: `[encryption]` is not served by this version, and is not ignored",
            ),
            (
                "version = 1\n[trust]",
                "unapply.toml:2: `[trust]` is not served by this version, and is not ignored",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(problem(text), expected);
        }
        for (provider, expected) in [
            ("sauce = \"hashicorp/aws\"", "3: unknown key `sauce`; did you mean `source`?"),
            ("source = \"aws\"", "2: `aws` is no provider such as `hashicorp/aws`"),
            (
                "source = \"a/b\"\n[[provider.noise]]\ntypes = \"*\"\npath = \"a..b\"\nkind = \"case\"\nwhy = \"w\"",
                "6: `a..b` is no path such as `tags_all`, `metadata[*].generation` or `**.etag`",
            ),
            (
                "source = \"a/b\"\n[[provider.noise]]\ntypes = \"*\"\npath = \"a\"\nkind = \"luck\"\nwhy = \"w\"",
                "7: unknown variant `luck`",
            ),
            (
                "source = \"a/b\"\n[[provider.noise]]\ntypes = \"*\"\npath = \"a\"\nkind = \"derived\"\nwhy = \"w\"",
                "4: kind `derived` needs `of`, the attribute that `a` repeats",
            ),
        ] {
            let found = problem(&format!("version = 1\n[[provider]]\n{provider}"));
            assert!(found.starts_with(&format!("unapply.toml:{expected}")), "{found}");
        }
        assert!(problem("version = ").starts_with("unapply.toml:1: "));
    }

    #[test]
    fn a_full_file_is_read() {
        let text = r#"
            version = 1
            [store]
            url = "s3://bucket/prefix"
            region = "eu-central-1"
            endpoint = "https://s3.example.org"
            path_style = true
            instance_metadata = false
            timeout = "60s"
            [terraform]
            bin = "auto"
            env_pass = ["AWS_*"]
            [snapshot]
            max_file = "64MiB"
            max_total = "256MiB"
            [good]
            checks = ["exit-zero", "plan-empty", { command = "./smoke.sh", timeout = "2m" }, { http = "https://example.org/healthz", expect = 204, timeout = "5s" }]
            [revert]
            max_destroy = 3
            protect = ["module.dns.**"]
            hold_for = "24h"
            [redaction]
            key = "${env:UNAPPLY_REDACTION_KEY}"
            [[provider]]
            source = "hashicorp/aws"
            without_noise = ["tags_all"]
            no_data = { aws_efs_file_system = "ours hold caches only" }
            data_bearing = { aws_route = "ours are made by hand" }
            [[provider.noise]]
            types = "aws_instance"
            path = "metadata_options[*].http_tokens"
            kind = "case"
            why = "the service answers in lower case"
            [[provider.identity]]
            types = "aws_instance"
            name = ["host_id"]
            why = "our hosts keep their ids"
            [[provider.state_only]]
            types = "aws_seed"
            undo = "restore"
            why = "its value stands in the state and nowhere else"
            [[provider.own_files]]
            types = "aws_key"
            attribute = "saved_to"
            why = "the provider writes it there"
            [[stack]]
            name = "prod/network"
            dir = "envs/prod/network"
            workspace = "default"
            var_files = ["prod.tfvars"]
        "#;
        let config = parse(Path::new("x"), text).unwrap();
        assert_eq!(config.stack.len(), 1);
        assert_eq!(config.good.checks.map(|checks| checks.len()), Some(4));
    }
}
