//! Patterns over addresses and names: `*` stands for any text, everything else for itself.
//!
//! It is deliberately not a shell glob: an address such as `aws_subnet.a["x"]` has brackets, and an
//! address that is typed exactly means exactly that one.

use std::fmt;

/// A pattern. `**` means the same as `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a pattern as typed; every text is one.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
            return false;
        };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            match rest.find(piece).and_then(|at| rest.get(at + piece.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_themselves_and_stars_are_anything() {
        for (pattern, text) in [
            ("a.b", "a.b"),
            ("*", ""),
            ("*", "a.b[0]"),
            (r#"a.b["x"]"#, r#"a.b["x"]"#),
            ("a.*", "a.b[0]"),
            ("module.dns.**", "module.dns.x.y"),
            ("*.b*c", "a.bxxc"),
            ("AWS_*", "AWS_"),
        ] {
            assert!(Pattern::new(pattern).matches(text), "{pattern} {text}");
        }
        for (pattern, text) in [("a.b", "a.bc"), ("a.*", "b.a."), ("a*b*c", "a.c"), ("", "a")] {
            assert!(!Pattern::new(pattern).matches(text), "{pattern} {text}");
        }
    }
}
