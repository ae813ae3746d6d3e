//! Random hexadecimal digits for ids and tokens.
//!
//! Unpredictable enough to be unique, deliberately not meant for secrets: the seed of the standard
//! library's hash tables is what is at hand without another dependency. Start from [`hex`].

use std::hash::{BuildHasher as _, RandomState};

/// As many random hexadecimal digits as asked for.
pub(super) fn hex(digits: usize) -> String {
    // Hashing anything yields a fresh number, because each state has keys of its own.
    let number = || format!("{:016x}", RandomState::new().hash_one(()));
    let mut text: String = std::iter::repeat_with(number)
        .take(digits.div_ceil(16))
        .collect();
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
