//! A value that must not be shown by accident.
//!
//! [`Secret`] has no `Display` and its `Debug` prints a fixed word, so that neither a log line nor
//! an error can carry it; the content is reached only by a call that says what for. It does not
//! clear memory: parsed text and the child's memory are out of reach anyway.

use std::fmt;

/// Something that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps `content`.
    pub fn new(content: T) -> Self {
        Self(content)
    }

    /// The content, to sign what is asked of a store; never to a screen, a log or an error.
    pub fn reveal_for_signing(&self) -> &T {
        &self.0
    }

    /// The content, to make or to key a fingerprint of it; never to a screen, a log or an error.
    pub fn reveal_for_fingerprint(&self) -> &T {
        &self.0
    }

    /// The content, to be handed to Terraform or compared, never to a screen, a log or an error.
    pub fn reveal_for_terraform(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
