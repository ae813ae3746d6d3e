//! Parts that benches of whole commands share: files to begin with, how many pairs, and their
//! median.
//!
//! It measures nothing and knows nothing of what is compared.

use std::io::Write as _;
use std::path::Path;

/// Writes a whole file.
pub(crate) fn write(path: &Path, text: &str) {
    let written = std::fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// `UNAPPLY_BENCH_PAIRS`, or five.
#[expect(clippy::disallowed_methods, reason = "how many pairs is for whoever runs the bench")]
pub(crate) fn wanted() -> usize {
    let wanted = std::env::var("UNAPPLY_BENCH_PAIRS").ok().and_then(|pairs| pairs.parse().ok());
    wanted.unwrap_or(5)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
