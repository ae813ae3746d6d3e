//! Rules about differences that say nothing: what they are and where they hold.
//!
//! Whether a rule hides two given values is `engine::noise`. A built-in rule never hides what may
//! bear on security, whatever its path says, unless its kind keeps the meaning: there [`GUARDED`]
//! counts. A rule from the settings hides what the person says.

use super::place::PathPattern;
use crate::model::pattern::Pattern;
use crate::model::value::{Path, Step};
use crate::model::word::Word as _;

/// Why a difference says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum NoiseKind {
    /// A time that moves on its own.
    Clock,
    /// A number that counts changes or use.
    Counter,
    /// A name of the present version, handed out anew with each change.
    Etag,
    /// The same elements in another order.
    Unordered,
    /// The same JSON, written differently.
    JsonText,
    /// The same text in other cases.
    Case,
    /// A value that repeats another attribute's change.
    Derived,
    /// Nothing, said in two ways: null, `""`, `[]`, `{}`.
    Empty,
}

impl NoiseKind {
    /// Whether what it hides means the same on both sides.
    pub fn keeps_meaning(self) -> bool {
        match self {
            Self::Unordered | Self::JsonText | Self::Empty => true,
            Self::Clock | Self::Counter | Self::Etag | Self::Case | Self::Derived => false,
        }
    }
}

/// The author of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleAuthor {
    /// It is compiled in.
    Builtin,
    /// It stands in `unapply.toml`.
    Settings,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoiseRule {
    /// The types that it is about.
    pub types: Pattern,
    /// The places in an object where it holds.
    pub path: PathPattern,
    /// Why a difference there says nothing.
    pub kind: NoiseKind,
    /// The attribute that is repeated, for [`NoiseKind::Derived`] and for nothing else.
    pub of: Option<String>,
    /// The reason, in a sentence for the next person.
    pub why: String,
    /// Its author.
    pub author: RuleAuthor,
}

impl NoiseRule {
    /// Whether it may hide anything at `path` at all.
    pub fn may_hide(&self, path: &Path) -> bool {
        self.author == RuleAuthor::Settings || self.kind.keeps_meaning() || !is_guarded(path)
    }

    /// Its name on a screen: `derived tags_all`.
    pub fn name(&self) -> String {
        format!("{} {}", self.kind.name(), self.path)
    }
}

/// Pieces of names that may bear on who can do what and who can reach what. Too many is better
/// than too few: a name that only looks like one is shown.
pub const GUARDED: [&str; 37] = [
    "access",
    "acl",
    "admin",
    "allow",
    "api_key",
    "assume",
    "auth",
    "cidr",
    "cert",
    "cred",
    "deny",
    "egress",
    "encrypt",
    "expos",
    "firewall",
    "grant",
    "iam",
    "ingress",
    "kms",
    "mfa",
    "password",
    "permission",
    "policies",
    "policy",
    "port",
    "principal",
    "privilege",
    "protocol",
    "public",
    "role",
    "rule",
    "secret",
    "security",
    "sensitive",
    "ssh",
    "ssl",
    "trust",
];

/// Whether a path may bear on security: one of its names has a piece that is [`GUARDED`].
pub fn is_guarded(path: &Path) -> bool {
    path.0.iter().any(|step| {
        let name =
            if let Step::Name(name) = step { name.to_ascii_lowercase() } else { return false };
        GUARDED.iter().any(|piece| name.contains(piece))
    })
}
