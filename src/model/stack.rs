//! Names of stacks, and which backend a stack's state lives in.
//!
//! A stack is one root module × one workspace = one state history. It is pinned at first sight to
//! its [`BackendIdentity`] and lineage; the check itself is `engine::pin`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A stack's name, such as `prod/network`: 1 to 128 characters, parts joined by `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackName(String);

/// A text that cannot be a stack's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a stack: letters, digits, `_`, `-`, `.` and `/` between non-empty parts"
)]
pub struct NotAStackName(String);

impl StackName {
    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one path segment of a store key: `/` becomes `%2F`.
    pub fn as_key(&self) -> String {
        self.0.replace('/', "%2F")
    }

    /// Reads a key segment back.
    pub fn from_key(key: &str) -> Result<Self, NotAStackName> {
        key.replace("%2F", "/").parse()
    }
}

impl FromStr for StackName {
    type Err = NotAStackName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let part_fits = |part: &str| {
            !part.is_empty() && part.chars().all(plain) && !part.chars().all(|c| c == '.')
        };
        if text.len() <= 128 && text.split('/').all(part_fits) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAStackName(text.chars().take(128).collect()))
        }
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The place where a state lives, without anything that could be a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendIdentity {
    /// Terraform's backend type, such as `local` or `s3`.
    pub kind: String,
    /// The settings that say which state it is and how to reach it, without credentials: bucket
    /// and key, an address, an absolute path. A value that is no text is written as JSON.
    pub settings: BTreeMap<String, String>,
}

/// Which settings of a backend say *which* state it is; the others say how to reach it.
fn identity_settings(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "local" => &["path", "workspace_dir"],
        "s3" => &["bucket", "key", "endpoint", "endpoints", "workspace_key_prefix"],
        "http" => &["address"],
        "gcs" => &["bucket", "prefix"],
        "azurerm" => &["storage_account_name", "container_name", "key"],
        "consul" => &["address", "path"],
        "kubernetes" => &["secret_suffix", "namespace"],
        "pg" => &["schema_name"],
        _ => return None,
    })
}

impl BackendIdentity {
    /// Whether both name the same state, however each is reached.
    pub fn is_same_place(&self, other: &Self) -> bool {
        match identity_settings(&self.kind) {
            Some(names) if self.kind == other.kind => {
                names.iter().all(|name| self.settings.get(*name) == other.settings.get(*name))
            }
            _ => self == other,
        }
    }

    /// Whether runs happen on another machine, so that no plan of ours can be applied.
    pub fn is_remote_execution(&self) -> bool {
        matches!(self.kind.as_str(), "cloud" | "remote")
    }
}

impl fmt::Display for BackendIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        let telling = ["path", "bucket", "prefix", "container_name", "address", "key", "name"];
        for name in telling {
            if let Some(value) = self.settings.get(name) {
                let glue =
                    if name == "key" && self.settings.contains_key("bucket") { "/" } else { " " };
                write!(f, "{glue}{value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_through_a_key() {
        let name: StackName = "prod/network".parse().unwrap();
        assert_eq!(name.as_key(), "prod%2Fnetwork");
        assert_eq!(StackName::from_key("prod%2Fnetwork"), Ok(name));
    }

    #[test]
    fn names_that_could_leave_their_place_are_refused() {
        for text in ["", "/", "a//b", "..", "a/..", "-rf", "a b", "a\nb", "é", &"x".repeat(129)] {
            assert!(text.parse::<StackName>().is_err(), "{text:?}");
        }
    }
}
