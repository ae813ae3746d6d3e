//! Random 128-bit names: of a store and of one attempt to append.
//!
//! Drawing them is left to `store`; here they are only shown and read.

use std::fmt;
use std::str::FromStr;

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not 32 lower-case hexadecimal digits: `{0}`")]
pub struct NotAToken(String);

fn parse(text: &str) -> Result<u128, NotAToken> {
    let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let refused = || NotAToken(text.chars().take(80).collect());
    if text.len() == 32 && text.bytes().all(lower) {
        u128::from_str_radix(text, 16).map_err(|_| refused())
    } else {
        Err(refused())
    }
}

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Takes sixteen bytes, which should be random.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAToken;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self)
            }
        }
    };
}

token! {
    /// The name of a store: an entry carried over from another one is noticed.
    StoreId
}

token! {
    /// The name of one attempt to append: the same nonce twice is the same entry.
    Nonce
}

crate::model::text::as_text!(StoreId, Nonce);
