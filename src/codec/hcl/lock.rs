//! The dependency lock file, `.terraform.lock.hcl`.
//!
//! Only which provider is selected in which version is read; checksums are for `terraform init`.
//! Start from [`providers`].

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_body;

use crate::model::address::NotAProvider;
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
    let text = std::str::from_utf8(content).map_err(|_| Error::NotUtf8)?;
    let body = parse_body(text).map_err(|error| Error::Syntax { line: error.location().line() })?;
    let mut providers = Vec::new();
    for block in body.get_blocks("provider") {
        let name = block.labels.first().map_or("", |label| label.as_str());
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
