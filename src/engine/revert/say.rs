//! Clauses about paths, for reasons and hazards: names of attributes and never their values.

use crate::model::value::Path;

/// How many paths are named before the rest is counted.
const PATHS_MAX: usize = 5;

/// Paths in a row.
pub(in crate::engine) fn listed<'a>(paths: impl IntoIterator<Item = &'a Path>) -> String {
    let words: Vec<String> = paths.into_iter().map(ToString::to_string).collect();
    let shown = words.get(..PATHS_MAX).unwrap_or(&words).join(", ");
    match words.len().saturating_sub(PATHS_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
