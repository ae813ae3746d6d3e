//! Values as text for a person. JSON is `cli::json`.

pub(super) mod attributes;
pub(super) mod comment;
pub(super) mod configuration;
pub(super) mod diff;
pub(super) mod drift;
pub(super) mod markdown;
pub(super) mod table;
pub(super) mod time;
pub(super) mod value;
