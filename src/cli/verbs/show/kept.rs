//! The part of `show` for an entry that keeps a state which is listed and never compared.
//!
//! Bytes that are of no such format are shown by their entry alone: why they were kept stands there.

use std::collections::BTreeMap;

use super::line;
use crate::cli::failure::Failure;
use crate::cli::json::{ResourceOut, ShownValue};
use crate::codec::state::{self, Contents, KeptFormat};
use crate::engine::redact::Shown;
use crate::model::entry::{Body, Entry};
use crate::store::Repository;

/// Reads the contents of the state that an entry keeps, if it can be listed.
pub(super) fn contents(
    repository: &Repository,
    entry: &Entry,
) -> Result<Option<Contents>, Failure> {
    let Body::Evidence(kept) = &entry.recorded.body else { return Ok(None) };
    let bytes = repository.get_blob(&kept.blob)?;
    Ok(state::contents(&bytes).ok())
}

/// Its objects and the names of its outputs. Nothing in these formats is marked sensitive, so that
/// no value is shown.
pub(super) fn listed(
    contents: &Contents,
    only: Option<&str>,
) -> (Vec<ResourceOut>, BTreeMap<String, ShownValue>) {
    let fits = |address: &str| only.is_none_or(|only| only == address);
    let objects = contents.objects.iter().filter(|object| fits(&object.address));
    let hidden = |name: &String| (name.clone(), ShownValue::from(&Shown::Sensitive(None)));
    (objects.map(Into::into).collect(), contents.outputs.iter().map(hidden).collect())
}

/// The state's own facts.
pub(super) fn lines(text: &mut String, contents: &Contents) {
    let format = match contents.format {
        KeptFormat::Old(version) => {
            format!("version {version}: listed, and neither compared nor reverted to")
        }
        KeptFormat::Encrypted => "encrypted by OpenTofu: kept as it is, nothing is seen".to_owned(),
    };
    line(text, "format", &format);
    let serial = contents.serial.map(|serial| format!("serial {serial}"));
    let lineage = contents.lineage.as_deref().map(|lineage| format!("lineage {lineage}"));
    let writer = contents.writer.as_deref().map(|writer| format!("written by {writer}"));
    let facts: Vec<String> = [serial, lineage, writer].into_iter().flatten().collect();
    line(text, "state", &facts.join(" · "));
}
