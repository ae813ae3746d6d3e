//! The action `demo_note`: it writes a line at the end of a file below the root.
//!
//! Engines from Terraform 1.14 on offer actions; older ones pass over the announcement. The file is no
//! object: no state knows it, and no plan takes a line back. Start from [`invoke`].

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::layout::check_path;
use super::msgpack::CtyValue;
use super::schema::{Attribute, AttributeSource, Type};

/// The name in a configuration.
pub(super) const NAME: &str = "demo_note";

/// Its arguments: the file, and the line.
pub(super) const ATTRIBUTES: [Attribute; 2] = [
    Attribute::new("path", Type::Text, AttributeSource::Required),
    Attribute::new("text", Type::Text, AttributeSource::Required),
];

/// The name of the action's file, for people and for faults.
pub(super) fn title(config: &CtyValue) -> &str {
    config.get("path").as_text().unwrap_or(NAME)
}

/// Checks the arguments as far as they are known.
pub(super) fn check(config: &CtyValue) -> Result<(), String> {
    config.get("path").as_text().map_or(Ok(()), check_path)
}

/// Writes the line.
pub(super) fn invoke(root: &Path, config: &CtyValue) -> Result<(), String> {
    let text = |name: &str| {
        let text = config.get(name).as_text();
        text.ok_or_else(|| format!("`{name}` is not known"))
    };
    let (path, line) = (text("path")?, text("text")?);
    check_path(path)?;
    let file = root.join(path);
    let written = file
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::OpenOptions::new().create(true).append(true).open(&file))
        .and_then(|mut file| writeln!(file, "{line}"));
    written.map_err(|error| error.to_string())
}
