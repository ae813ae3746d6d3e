//! Drift: the real world moved without an apply; and manual fixes, which are drift on purpose.
//!
//! A [`DriftItem`] is what can be said of one drifted object without a value: it goes into the log
//! as it is. Its values lie in a [`DriftedObject`], which is stored apart and shown only through
//! `engine::redact`. When two checks saw the same item, and what became of one, is `engine::drift`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::{Address, ProviderSource};
use super::configuration::BlobId;
use super::entry::Revision;
use super::value::{Path, Value};
use super::version::StateVersion;

/// The eight bytes by which a drift item is known again; they say nothing of the values. Shown as
/// `d-` and sixteen hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemFingerprint(pub [u8; 8]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no drift item such as d-0123456789abcdef")]
pub struct NotAFingerprint(String);

impl fmt::Display for ItemFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("d-")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ItemFingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAFingerprint(text.to_owned());
        let digits =
            text.strip_prefix("d-").filter(|digits| digits.len() == 16).ok_or_else(wrong)?;
        let is_lower = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if !digits.chars().all(is_lower) {
            return Err(wrong());
        }
        let number = u64::from_str_radix(digits, 16).map_err(|_| wrong())?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// How a real object left the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// Attributes have other values.
    Changed,
    /// The object is there no more.
    Gone,
}

/// One object of which the real world and the state disagree. It carries no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftItem {
    /// Whether it is the same as one that was seen before.
    pub fingerprint: ItemFingerprint,
    /// The address at which the object is declared.
    pub address: Address,
    /// Set for a left-over of an unfinished replacement.
    pub deposed: Option<String>,
    /// How it differs.
    pub kind: DriftKind,
    /// The paths that differ, in order; empty when the object is gone.
    pub paths: Vec<Path>,
}

/// The values of a drift item: not safe to show before redaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftedObject {
    /// The address at which the object is declared.
    pub address: Address,
    /// Set for a left-over of an unfinished replacement.
    pub deposed: Option<String>,
    /// Its provider.
    pub provider: ProviderSource,
    /// Its attributes in the state.
    pub before: Value,
    /// Its attributes in the real world; null when it is gone.
    pub after: Value,
    /// A shadow of `before`: `true` where it is sensitive.
    pub before_sensitive: Value,
    /// A shadow of `after`: `true` where it is sensitive.
    pub after_sensitive: Value,
}

/// A look at the real world, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftObservation {
    /// The snapshot of the state that the world was compared with.
    pub against: Revision,
    /// That state.
    pub state: StateVersion,
    /// Everything that differed, in the order of addresses: what is not here any more is resolved.
    pub items: Vec<DriftItem>,
    /// The values of the items, in the same order; none when there are no items.
    pub values: Option<BlobId>,
}

/// Says of a drift item that it was made on purpose. The entry has the author, the reason and the
/// ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The item.
    pub item: ItemFingerprint,
    /// The check that saw it.
    pub seen: Revision,
    /// Until when it is meant to stay.
    #[serde(with = "super::text::optional")]
    pub until: Option<Timestamp>,
}

/// A fix as a revert has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFix {
    /// The entry that recorded it: its name on screens, as in `fix 7`.
    pub revision: Revision,
    /// The person or job that recorded it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// Until when it is meant to stay.
    pub until: Option<Timestamp>,
}

/// Drift that is on record, with its values and the fix that it was declared to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDrift {
    /// The item.
    pub item: DriftItem,
    /// Its values.
    pub object: DriftedObject,
    /// The fix, if it is one.
    pub fix: Option<RecordedFix>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back_and_nothing_else_is_one() {
        let fingerprint = ItemFingerprint([0, 1, 2, 0xab, 0xff, 0, 0, 9]);
        assert_eq!(fingerprint.to_string(), "d-000102abff000009");
        assert_eq!("d-000102abff000009".parse(), Ok(fingerprint));
        for wrong in
            ["", "d-", "000102abff000009", "d-000102ABFF000009", "d-00", "d-+00102abff00009"]
        {
            assert!(wrong.parse::<ItemFingerprint>().is_err(), "{wrong}");
        }
    }
}
