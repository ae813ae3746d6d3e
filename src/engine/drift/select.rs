//! The ways to name a drift item: `d-0123456789abcdef`, the beginning of that, or an address.
//!
//! An ambiguous text is refused with the candidates. Whether the item is open is not asked here.

use super::life::Tracked;
use crate::model::address::Address;
use crate::model::drift::ItemFingerprint;

/// Fewer digits of a fingerprint name nothing: they are too easily typed by accident.
const DIGITS_MIN: usize = 4;

/// Why a text names no item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnItem {
    /// Nothing fits.
    #[error("no drift item is `{0}`")]
    None(String),
    /// More than one fits.
    #[error("`{wanted}` is more than one drift item: {}", list(candidates))]
    Ambiguous {
        /// The text.
        wanted: String,
        /// The items that fit.
        candidates: Vec<ItemFingerprint>,
    },
    /// Too few digits.
    #[error("`{0}` is too short for a drift item: {DIGITS_MIN} digits are needed")]
    TooShort(String),
}

fn list(candidates: &[ItemFingerprint]) -> String {
    candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The item that a text names; at an address those that are open come first.
pub fn select<'t, 'a>(
    tracked: &'t [Tracked<'a>],
    wanted: &str,
) -> Result<&'t Tracked<'a>, NotAnItem> {
    let text: String = wanted.chars().take(200).collect();
    let digits = wanted.strip_prefix("d-").unwrap_or(wanted);
    let found: Vec<&Tracked<'a>> = if digits.chars().all(|c| c.is_ascii_hexdigit()) {
        if digits.len() < DIGITS_MIN {
            return Err(NotAnItem::TooShort(text));
        }
        let prefix = format!("d-{}", digits.to_ascii_lowercase());
        let fits = |t: &&Tracked<'a>| t.item.fingerprint.to_string().starts_with(&prefix);
        tracked.iter().filter(fits).collect()
    } else {
        let Ok(address) = wanted.parse::<Address>() else { return Err(NotAnItem::None(text)) };
        let here: Vec<_> = tracked.iter().filter(|t| t.item.address == address).collect();
        let open: Vec<_> = here.iter().copied().filter(|t| t.life.is_open()).collect();
        if open.is_empty() { here } else { open }
    };
    match found.as_slice() {
        [] => Err(NotAnItem::None(text)),
        [one] => Ok(one),
        many => Err(NotAnItem::Ambiguous {
            wanted: text,
            candidates: many.iter().map(|tracked| tracked.item.fingerprint).collect(),
        }),
    }
}
