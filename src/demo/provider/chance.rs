//! Random hexadecimal digits for ids and tokens.
//!
//! Unpredictable enough to be unique, deliberately not meant for secrets: the seed of the standard
//! library's hash tables is what is at hand without another dependency. Start from [`hex`].

use std::hash::{BuildHasher as _, RandomState};

use crate::model::digest::Digest;

/// As many random hexadecimal digits as asked for.
pub(super) fn hex(digits: usize) -> String {
    // Each state has keys of its own, but one key is the last one plus one: only a digest makes
    // two numbers in a row look unlike each other.
    let number = || RandomState::new().hash_one(()).to_be_bytes();
    let chunks = std::iter::repeat_with(|| Digest::of(&number()).short());
    let mut text: String = chunks.take(digits.div_ceil(8)).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_digits_as_asked_for_and_never_the_same() {
        for digits in [0, 1, 8, 16, 17, 100] {
            assert_eq!(hex(digits).len(), digits);
        }
        assert_ne!(hex(16), hex(16));
    }
}
