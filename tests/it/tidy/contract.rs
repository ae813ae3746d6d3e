//! The examples in the store's contract: each kind of entry has one, and each is exact.
//!
//! An example is a JSON block of `FORMAT.md`. Without its line breaks and indentation it has to be the
//! very payload that the codec writes, and `prev` has to fit where one example follows on another.
//! Whether the words around it are right is for a reader to judge.

use std::collections::BTreeSet;

use strum::VariantNames as _;
use unapply::codec::record::{decode, digest, encode};
use unapply::model::entry::Body;

use super::code::Source;

pub(super) const CONTRACT: &str = "src/store/FORMAT.md";

pub(super) fn entry_examples(source: &Source) -> Vec<String> {
    if source.path != CONTRACT {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut kinds = BTreeSet::new();
    let mut last = None;
    for (at, block) in blocks(&source.text) {
        let payload: String = block.lines().map(str::trim_start).collect();
        let entry = format!("{payload}\n\n").into_bytes();
        let (header, said) = match decode(&entry) {
            Ok(read) => read,
            Err(error) => {
                found.push(source.says(at, &format!("an example that does not read: {error:?}")));
                continue;
            }
        };
        let written = encode(&header, &said).unwrap();
        if written != entry {
            let written = String::from_utf8(written).unwrap();
            found.push(source.says(at, &format!("is written as {}", written.trim_end())));
        }
        if let Some((revision, digest)) = last
            && header.revision.0 == revision + 1
            && header.previous != Some(digest)
        {
            found.push(source.says(at, &format!("`prev` of the example before is {digest}")));
        }
        kinds.insert(said.body.kind());
        last = Some((header.revision.0, digest(&entry).unwrap()));
    }
    let missing = Body::VARIANTS.iter().filter(|kind| !kinds.contains(*kind));
    found.extend(missing.map(|kind| source.says(0, &format!("no example of a `{kind}`"))));
    found
}

/// The JSON blocks, each with its place.
fn blocks(text: &str) -> Vec<(usize, &str)> {
    let start = "```json\n";
    let inside = |(at, _): (usize, &str)| {
        let at = at + start.len();
        (at, text[at..].split("```").next().unwrap_or_default())
    };
    text.match_indices(start).map(inside).collect()
}
