//! Which version of a state this is, and how two versions relate.
//!
//! States are only partly ordered: two with the same serial can differ, and serials of different
//! lineages say nothing about each other. Hence [`StateVersion::relation`] and no `Ord`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// The id that Terraform gives a state when it is first written; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage(String);

impl Lineage {
    /// `None` for an empty text: a state without lineage cannot be told from a foreign one.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The first eight characters, for a screen.
    pub fn short(&self) -> String {
        self.0.chars().take(8).collect()
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A lineage that is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an empty lineage")]
pub struct NoLineage;

impl FromStr for Lineage {
    type Err = NoLineage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text).ok_or(NoLineage)
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A state's serial. It has no arithmetic: only Terraform counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Serial(pub u64);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of one version of a state: lineage, serial and the digest of its exact bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateVersion {
    /// Which history the state belongs to.
    pub lineage: Lineage,
    /// Its place in that history.
    pub serial: Serial,
    /// Its exact bytes.
    #[serde(rename = "sha256")]
    pub digest: Digest,
}

/// How one state version stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same bytes.
    Same,
    /// Same lineage, smaller serial.
    Older,
    /// Same lineage, larger serial.
    Newer,
    /// Same lineage and serial, other content: two writers, or a restored object.
    Forked,
    /// Another lineage: serials say nothing.
    Unrelated,
}

impl StateVersion {
    /// How `self` stands to `other`.
    pub fn relation(&self, other: &Self) -> Relation {
        if self.lineage != other.lineage {
            return Relation::Unrelated;
        }
        match self.serial.cmp(&other.serial) {
            std::cmp::Ordering::Less => Relation::Older,
            std::cmp::Ordering::Greater => Relation::Newer,
            std::cmp::Ordering::Equal if self.digest == other.digest => Relation::Same,
            std::cmp::Ordering::Equal => Relation::Forked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(lineage: &str, serial: u64, content: &str) -> StateVersion {
        StateVersion {
            lineage: Lineage::new(lineage).unwrap(),
            serial: Serial(serial),
            digest: Digest::of(content.as_bytes()),
        }
    }

    #[test]
    fn relation_is_antisymmetric_and_names_forks() {
        let a = version("l", 1, "x");
        let table = [
            (version("l", 1, "x"), Relation::Same, Relation::Same),
            (version("l", 2, "x"), Relation::Older, Relation::Newer),
            (version("l", 1, "y"), Relation::Forked, Relation::Forked),
            (version("m", 9, "x"), Relation::Unrelated, Relation::Unrelated),
        ];
        for (b, forth, back) in table {
            assert_eq!(a.relation(&b), forth);
            assert_eq!(b.relation(&a), back);
        }
    }
}
