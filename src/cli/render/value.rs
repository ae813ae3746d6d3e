//! Values of attributes on one line.

use crate::cli::output::inert;
use crate::codec::json;
use crate::engine::redact::Shown;
use crate::model::value::Value;

/// Longer values are cut in the middle of a screen.
const WIDTH_MAX: usize = 72;

/// A value as one inert piece of a line.
pub(in crate::cli) fn shown(value: &Shown) -> String {
    match value {
        Shown::Absent => "null".to_owned(),
        Shown::Sensitive(Some(print)) => format!("(sensitive {print})"),
        Shown::Sensitive(None) => "(sensitive)".to_owned(),
        Shown::Plain(value) => plain(value),
    }
}

fn plain(value: &Value) -> String {
    let text = inert(&json::to_serde(value).to_string());
    if text.chars().count() <= WIDTH_MAX {
        return text;
    }
    let head: String = text.chars().take(WIDTH_MAX - 1).collect();
    format!("{head}…")
}
