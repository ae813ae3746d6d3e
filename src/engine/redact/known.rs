//! The secret values that are known, and where they stand in a text.
//!
//! A state can have a hundred thousand of them and a screen has few lines. So learning is an
//! insert, and searching is one look into a bitmap for each byte of the text. Values are compared
//! byte by byte as they are. Encodings are the matter of `views`, which decodes the text and not
//! the values.

#![expect(clippy::disallowed_types, reason = "values are looked up and never put out in any order")]

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use foldhash::fast::RandomState;

/// Shorter values are hidden by path only: they would blank half of every screen.
pub(super) const BYTES_MIN: usize = 6;

/// First bytes of a value.
type Anchor = [u8; BYTES_MIN];

/// Every value that is known to be secret.
#[derive(Clone, Default)]
pub(super) struct KnownSecrets {
    values: HashSet<Box<[u8]>, RandomState>,
    /// How long the values are that begin with an anchor, longest first.
    lengths: HashMap<Anchor, Vec<usize>, RandomState>,
    front: Front,
}

/// The work that a search may still do, in bytes: texts from outside choose how much they cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget(usize);

/// A search that would cost too much: it is unknown whether the text holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Budget {
    /// Enough for a text of this length, with all that lies in it encoded.
    pub(super) fn of(length: usize) -> Self {
        Self(length.saturating_mul(96).saturating_add(1 << 16))
    }

    /// Takes from it.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), TooMuch> {
        self.0 = self.0.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }
}

impl KnownSecrets {
    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// All of them, for a test that compares.
    #[cfg(test)]
    pub(super) fn sorted(&self) -> Vec<String> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let mut values: Vec<String> = self.values.iter().map(|value| text(value)).collect();
        values.sort();
        values
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Learns a value, unless it is too short to be looked for.
    pub(super) fn insert(&mut self, value: &str) {
        let value = value.as_bytes();
        let Some(anchor) = value.first_chunk().copied() else { return };
        if self.values.contains(value) {
            return;
        }
        let lengths = self.lengths.entry(anchor).or_default();
        if let Err(at) = lengths.binary_search_by(|length| value.len().cmp(length)) {
            lengths.insert(at, value.len());
        }
        self.front.insert(anchor);
        self.values.insert(value.into());
    }

    /// Whether this is a value.
    pub(super) fn is(&self, text: &str) -> bool {
        self.values.contains(text.as_bytes())
    }

    /// Every place of every value. Of those that begin at one place only the longest is told: it
    /// covers the others.
    pub(super) fn find(
        &self,
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Vec<Range<usize>>, TooMuch> {
        let mut found = Vec::new();
        for (start, anchor) in text.array_windows::<BYTES_MIN>().enumerate() {
            if self.front.may_have(*anchor)
                && let Some(lengths) = self.lengths.get(anchor)
            {
                let rest = text.get(start..).unwrap_or_default();
                if let Some(length) = self.longest(rest, lengths, budget)? {
                    found.push(start..start + length);
                }
            }
        }
        Ok(found)
    }

    /// The length of the longest value that `text` begins with.
    fn longest(
        &self,
        text: &[u8],
        lengths: &[usize],
        budget: &mut Budget,
    ) -> Result<Option<usize>, TooMuch> {
        for length in lengths {
            if let Some(candidate) = text.get(..*length) {
                budget.spend(*length)?;
                if self.values.contains(candidate) {
                    return Ok(Some(*length));
                }
            }
        }
        Ok(None)
    }
}

/// Anchors that there may be, as a bitmap of 128 KiB. With a hundred thousand anchors in it, it is
/// wrong about one in ten of the others.
#[derive(Clone, Default)]
struct Front {
    words: Vec<u64>,
}

const FRONT_BITS_LOG2: u32 = 20;

impl Front {
    fn place(anchor: Anchor) -> (usize, u64) {
        let number = anchor.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - FRONT_BITS_LOG2);
        (usize::try_from(hash / 64).unwrap_or_default(), 1 << (hash % 64))
    }

    fn insert(&mut self, anchor: Anchor) {
        if self.words.is_empty() {
            self.words = vec![0; 1 << (FRONT_BITS_LOG2 - 6)];
        }
        let (word, bit) = Self::place(anchor);
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_have(&self, anchor: Anchor) -> bool {
        let (word, bit) = Self::place(anchor);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_value_at_each_place_is_found_and_a_hundred_thousand_cost_little() {
        let mut known = KnownSecrets::default();
        for number in 0..100_000 {
            known.insert(&format!("-----BEGIN KEY-----{number:06}"));
        }
        known.insert("short");
        known.insert("-----BEGIN KEY-----000001-and-more");
        known.insert("KEY-----000001");
        assert_eq!(known.len(), 100_002);
        let text = "x -----BEGIN KEY-----000001-and-mor short";
        let found = known.find(text.as_bytes(), &mut Budget::of(text.len())).unwrap();
        assert_eq!(found, [2..27, 13..27]);
    }

    #[test]
    fn a_text_that_is_made_to_cost_much_is_given_up() {
        let mut known = KnownSecrets::default();
        for length in 0..1_000 {
            known.insert(&format!("aaaaaa{}b", "a".repeat(length)));
        }
        let text = vec![b'a'; 100_000];
        assert_eq!(known.find(&text, &mut Budget::of(text.len())), Err(TooMuch));
    }
}
