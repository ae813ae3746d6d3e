//! Why nothing can be told of drift, or a fix cannot be recorded.

use crate::engine::drift::NotAnItem;
use crate::model::drift::ItemFingerprint;
use crate::model::entry::Revision;

/// Why nothing can be told of drift, or a fix cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    /// The real world could not be compared with the state; nothing is known of drift.
    #[error("the real world could not be looked at: {problem}")]
    CheckFailed {
        /// Why.
        problem: &'static str,
    },
    /// The values of a check cannot be used.
    #[error("the values of revision {revision} cannot be read: {problem}")]
    Values {
        /// The check.
        revision: Revision,
        /// The problem, without the values.
        problem: String,
    },
    /// No drift item, or more than one, is meant.
    #[error(transparent)]
    Item(#[from] NotAnItem),
    /// The last check does not see the item any more.
    #[error("the drift item {item} is resolved")]
    NotOpen {
        /// The item.
        item: ItemFingerprint,
        /// The check that did not see it any more.
        resolved: Option<Revision>,
    },
    /// The item is a fix already.
    #[error("the drift item {item} is on record already: fix {fix}, by {by}")]
    FixedAlready {
        /// The item.
        item: ItemFingerprint,
        /// The entry that recorded it.
        fix: Revision,
        /// The name of the person or job that recorded the fix.
        by: String,
    },
}
