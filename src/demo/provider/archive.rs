//! The data source `demo_archive`: whenever it is read, it writes the files of a directory into one
//! file.
//!
//! So a plan writes, as `archive_file` does: in place, at a path relative to the directory that
//! Terraform runs in. No object of the world is touched. Start from [`read`].

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::msgpack::CtyValue;
use super::schema::{Attribute, AttributeSource, Type};
use crate::model::digest::Digest;

/// The name in a configuration.
pub(super) const NAME: &str = "demo_archive";

/// Its attributes: the directory, the file that is written, and the digest of that.
pub(super) const ATTRIBUTES: [Attribute; 3] = [
    Attribute::new("source", Type::Text, AttributeSource::Required),
    Attribute::new("output", Type::Text, AttributeSource::Required),
    Attribute::new("digest", Type::Text, AttributeSource::Computed),
];

/// Writes the archive and gives the state of the data source.
pub(super) fn read(config: &CtyValue) -> Result<CtyValue, String> {
    let path = |name: &str| {
        let text = config.get(name).as_text();
        text.map(PathBuf::from).ok_or_else(|| format!("`{name}` is not known"))
    };
    let (source, output) = (path("source")?, path("output")?);
    let archive = archive(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    written(&output, &archive).map_err(|error| format!("{}: {error}", output.display()))?;
    let digest = Digest::of(&archive).to_string();
    Ok(config.clone().with("digest", CtyValue::Text(digest)))
}

/// Every file below `source` with its permissions, in the order of names.
fn archive(source: &Path) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    let mut waiting = vec![source.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut archive = Vec::new();
    for path in files {
        let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
        let name = path.strip_prefix(source).unwrap_or(&path).display();
        writeln!(archive, "{name} {mode:04o}")?;
        archive.extend(fs::read(&path)?);
    }
    Ok(archive)
}

/// Writes over what is there, as most programs do.
fn written(output: &Path, archive: &[u8]) -> io::Result<()> {
    if let Some(directory) = output.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::File::create(output)?.write_all(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_names_modes_and_bytes_and_is_written_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("src");
        fs::create_dir_all(source.join("deep")).unwrap();
        for (path, text) in [("b", "2"), ("deep/a", "1")] {
            written(&source.join(path), text.as_bytes()).unwrap();
            fs::set_permissions(source.join(path), fs::Permissions::from_mode(0o640)).unwrap();
        }
        let output = directory.path().join("out/x.zip");
        let text = |path: &Path| CtyValue::text(path.to_str().unwrap());
        let config = CtyValue::object([
            ("source", text(&source)),
            ("output", text(&output)),
            ("digest", CtyValue::Null),
        ]);
        let first = read(&config).unwrap();
        assert_eq!(fs::read_to_string(&output).unwrap(), "b 0640\n2deep/a 0640\n1");
        assert_eq!(read(&config).unwrap(), first, "the same files, the same archive");
        fs::set_permissions(source.join("b"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_ne!(read(&config).unwrap(), first);
        assert!(read(&config.with("source", CtyValue::text("nowhere"))).is_err());
    }
}
