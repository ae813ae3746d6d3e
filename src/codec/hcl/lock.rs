//! The dependency lock file, `.terraform.lock.hcl`.
//!
//! Only which provider is selected in which version is read; checksums are for `terraform init`.
//! Entries can be taken over from another lock file, as they stand there. Start from [`providers`].

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body};

use crate::model::address::{NotAProvider, ProviderSource};
use crate::model::configuration::LockedProvider;

/// Why a lock file tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not a lock file.
    #[error("lock file does not parse at line {line}")]
    Syntax {
        /// The line where reading stopped, from 1.
        line: usize,
    },
    /// It is not text.
    #[error("lock file is not UTF-8")]
    NotUtf8,
    /// It names something that is no provider.
    #[error("lock file names a malformed provider")]
    Provider(#[source] NotAProvider),
    /// A provider has no version selected.
    #[error("lock file selects no version: `{provider}`")]
    NoVersion {
        /// The provider.
        provider: String,
    },
}

/// The providers that the lock file selects, sorted.
pub fn providers(content: &[u8]) -> Result<Vec<LockedProvider>, Error> {
    let body = body(content)?;
    let mut providers = Vec::new();
    for block in body.get_blocks("provider") {
        let name = name(block);
        let version = block.body.get_attribute("version");
        let version = version.and_then(|attribute| Expression::as_str(&attribute.value));
        providers.push(LockedProvider {
            source: name.parse().map_err(Error::Provider)?,
            version: version
                .map(str::to_owned)
                .ok_or_else(|| Error::NoVersion { provider: name.to_owned() })?,
        });
    }
    providers.sort();
    Ok(providers)
}

fn body(content: &[u8]) -> Result<Body, Error> {
    let text = std::str::from_utf8(content).map_err(|_| Error::NotUtf8)?;
    parse_body(text).map_err(|error| Error::Syntax { line: error.location().line() })
}

fn name(block: &Block) -> &str {
    block.labels.first().map_or("", |label| label.as_str())
}

/// A lock file in which the entries of these providers are those of a newer one, checksums included.
/// Everything else stays as it is; what the newer one does not select stays too.
pub fn with_entries_of(
    content: &[u8],
    newer: &[u8],
    wanted: &[ProviderSource],
) -> Result<Vec<u8>, Error> {
    let mut edited = body(content)?;
    let newer = body(newer)?;
    for block in edited.get_blocks_mut("provider") {
        let source: ProviderSource = name(block).parse().map_err(Error::Provider)?;
        let is_same = |other: &&Block| {
            let other: Result<ProviderSource, _> = name(other).parse();
            other.is_ok_and(|other| other.canonical() == source.canonical())
        };
        let is_wanted = wanted.iter().any(|wanted| wanted.canonical() == source.canonical());
        if let Some(entry) = newer.get_blocks("provider").find(is_same).filter(|_| is_wanted) {
            block.body = entry.body.clone();
        }
    }
    Ok(edited.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"# made by init\nprovider \"registry.terraform.io/n/x\" {\n  version = \"1.0.0\"\n  hashes = [\n    \"h1:old\",\n  ]\n}\n\nprovider \"registry.terraform.io/n/y\" {\n  version = \"3.0.0\"\n}\n";
    const NEW: &[u8] = b"provider \"registry.terraform.io/n/x\" {\n  version     = \"1.1.0\"\n  constraints = \">= 1.0\"\n  hashes = [\n    \"h1:new\",\n  ]\n}\nprovider \"registry.terraform.io/n/y\" {\n  version = \"4.0.0\"\n}\n";

    #[test]
    fn an_entry_is_taken_over_whole_and_the_others_stay() {
        let wanted = ["registry.terraform.io/n/x".parse().unwrap()];
        let edited = with_entries_of(OLD, NEW, &wanted).unwrap();
        let text = String::from_utf8(edited.clone()).unwrap();
        assert!(text.starts_with("# made by init\n") && text.contains("h1:new"), "{text}");
        assert!(!text.contains("h1:old"), "{text}");
        let versions: Vec<String> =
            providers(&edited).unwrap().into_iter().map(|found| found.version).collect();
        assert_eq!(versions, ["1.1.0", "3.0.0"]);
        assert_eq!(with_entries_of(OLD, NEW, &[]).unwrap(), OLD);
        assert_eq!(with_entries_of(OLD, b"", &wanted).unwrap(), OLD);
    }
}
