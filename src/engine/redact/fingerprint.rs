//! Fingerprints of secrets, so that a change can be seen: a few digits of a keyed hash.
//!
//! A [`Fingerprint`] is an HMAC-SHA-256 over the stack, the object, the path and the value, and
//! four of its digits are shown. Equal values have equal ones at one place, and others at another
//! place, so that no screen tells that two secrets are the same. A short or guessable value is
//! protected by the key alone: with key and fingerprint, candidates can be tried. The source of
//! keys and their place are not decided here.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::engine::compare::canonical;
use crate::model::secret::Secret;
use crate::model::value::{Path, Value};

/// Number of digits that are shown, two a byte, unless two values of one change need more.
const DIGITS: usize = 4;

/// Purpose of the hash, so that no other one under the same key is a fingerprint.
const PURPOSE: &str = "unapply secret fingerprint 1";

/// The key of fingerprints, with its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FingerprintKey {
    key: Secret<[u8; 32]>,
    /// Scope in which fingerprints made with it can be compared.
    pub scope: FingerprintScope,
}

/// Scope in which two fingerprints of one place can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintScope {
    /// Every use of the same store's key.
    Store,
    /// One output only: the key is gone with it.
    Output,
}

impl FingerprintScope {
    /// The word for a script.
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Output => "output",
        }
    }
}

impl FingerprintKey {
    /// A key of random bytes.
    pub fn new(bytes: [u8; 32], scope: FingerprintScope) -> Self {
        Self { key: Secret::new(bytes), scope }
    }

    /// A store's key, made of a chosen text.
    pub fn of_text(text: &Secret<String>) -> Self {
        let digest = Sha256::digest(text.reveal_for_fingerprint().as_bytes());
        Self::new(digest.into(), FingerprintScope::Store)
    }

    fn sign(&self, fields: &[&str]) -> Option<Fingerprint> {
        let mut hmac = Hmac::<Sha256>::new_from_slice(self.key.reveal_for_fingerprint()).ok()?;
        for field in fields {
            // Lengths come first, so that no two sequences of fields are the same bytes.
            hmac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hmac.update(field.as_bytes());
        }
        Some(Fingerprint { code: hmac.finalize().into_bytes().into(), digits: DIGITS })
    }
}

/// Keyed hash of a secret value at one place; its first digits are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    code: [u8; 32],
    digits: usize,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.code.iter().take(self.digits / 2) {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl Fingerprint {
    /// Both fingerprints of one change, with as many digits as it takes to tell them apart.
    pub(super) fn told_apart(mut self, mut other: Self) -> (Self, Self) {
        while self.code != other.code
            && self.digits < self.code.len() * 2
            && self.to_string() == other.to_string()
        {
            self.digits += DIGITS;
            other.digits = self.digits;
        }
        (self, other)
    }
}

/// Maker of fingerprints for the values of one stack.
#[derive(Debug, Clone)]
pub(super) struct Prints {
    pub(super) key: FingerprintKey,
    pub(super) stack: String,
}

impl Prints {
    /// The fingerprint of a value that `owner`, an address or an output, has at `path`.
    pub(super) fn of(&self, owner: &str, path: &Path, value: &Value) -> Option<Fingerprint> {
        let mut text = String::new();
        canonical(value, &mut text);
        self.key.sign(&[PURPOSE, &self.stack, owner, &path.to_string(), &text])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::json;
    use crate::model::value::Step;

    fn prints(key: u8, stack: &str) -> Prints {
        Prints {
            key: FingerprintKey::new([key; 32], FingerprintScope::Store),
            stack: stack.to_owned(),
        }
    }

    fn path(name: &str) -> Path {
        Path(vec![Step::Name(name.to_owned())])
    }

    #[test]
    fn equal_values_at_one_place_are_equal_and_everything_else_makes_a_difference() {
        let value = json::value(r#"{"b":[1.10,"x"],"a":null}"#).unwrap();
        let same = json::value(r#"{"a":null,"b":[11e-1,"x"]}"#).unwrap();
        let print = |prints: &Prints, owner, name, value| {
            prints.of(owner, &path(name), value).unwrap().to_string()
        };
        let known = print(&prints(1, "s"), "a.b", "p", &value);
        assert_eq!(known.len(), 4);
        assert_eq!(known, print(&prints(1, "s"), "a.b", "p", &same));
        let other = json::value(r#"{"b":["1.10","x"],"a":null}"#).unwrap();
        for different in [
            print(&prints(2, "s"), "a.b", "p", &value),
            print(&prints(1, "t"), "a.b", "p", &value),
            print(&prints(1, "s"), "a.c", "p", &value),
            print(&prints(1, "s"), "a.b", "q", &value),
            print(&prints(1, "s"), "a.b", "p", &other),
        ] {
            assert_ne!(known, different);
        }
    }

    #[test]
    fn two_that_look_alike_get_more_digits_and_equal_ones_do_not() {
        let of = |last: u8| {
            let mut code = [7; 32];
            code[3] = last;
            Fingerprint { code, digits: DIGITS }
        };
        let shown = |(a, b): (Fingerprint, Fingerprint)| (a.to_string(), b.to_string());
        assert_eq!(shown(of(1).told_apart(of(2))), ("07070701".into(), "07070702".into()));
        assert_eq!(shown(of(1).told_apart(of(1))), ("0707".into(), "0707".into()));
        let nearly = Fingerprint { code: [8; 32], digits: DIGITS };
        assert_eq!(shown(of(1).told_apart(nearly)), ("0707".into(), "0808".into()));
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = FingerprintKey::of_text(&Secret::new("correct horse".to_owned()));
        assert!(!format!("{key:?} {:?}", prints(1, "s")).contains("[1, 1"));
        assert_eq!(key.scope.name(), "store");
        assert_eq!(FingerprintScope::Output.name(), "output");
    }
}
