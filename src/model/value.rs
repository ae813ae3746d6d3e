//! JSON values as Terraform means them, and paths into them.
//!
//! Numbers keep every digit: they are held as text and compared by value without ever being
//! expanded, so `1e999999999` costs ten bytes. Start with [`Value`]; a [`Path`] names a place in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A piece of JSON text that has not been looked into yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawJson<'a>(pub &'a str);

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number with all its digits.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Map(BTreeMap<String, Self>),
}

impl Value {
    /// The member `name` of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.get(name),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The members of a map.
    pub fn as_members(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Map(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The value at `path`; `null` is nothing.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        let found = path.0.iter().try_fold(self, |value, step| match (value, step) {
            (Self::Map(members), Step::Name(name)) => members.get(name),
            (Self::List(items), Step::Index(index)) => items.get(*index),
            _ => None,
        });
        found.filter(|value| **value != Self::Null)
    }

    /// Whether it is a text, a list or a map with nothing in it. Null is none of them, and `false`
    /// and `0` may have been said.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => false,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(members) => members.is_empty(),
        }
    }

    /// The text of a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Map(_) => None,
        }
    }
}

/// A JSON number: its text as written, compared by value.
#[derive(Clone)]
pub struct Number(String);

impl Number {
    /// Takes the text of a JSON number, which the caller has checked to be one.
    pub fn from_json_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text for every way to write the same number.
    pub fn canonical_text(&self) -> String {
        let (negative, digits, exponent) = self.canonical();
        format!("{}{digits}e{exponent}", if negative { "-" } else { "" })
    }

    /// Sign, significant digits without leading or trailing zeros, and the exponent of the first
    /// digit. Two numbers are equal when these are. `-0` is kept apart from `0` and from `-0.0`.
    fn canonical(&self) -> (bool, Cow<'_, str>, Cow<'_, str>) {
        let (negative, rest) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.0.as_str()),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let significant = digits.trim_matches('0').to_owned();
        if significant.is_empty() {
            // What a negative zero means is the provider's: it equals what is written alike.
            let zero = if negative { self.0.as_str() } else { "" };
            return (negative, Cow::Borrowed(zero), Cow::Borrowed("0"));
        }
        let shift = i128::try_from(whole.len()).unwrap_or(i128::MAX)
            - i128::try_from(leading).unwrap_or(i128::MAX);
        let place = match exponent.trim_start_matches('+').parse::<i128>() {
            Ok(exponent) => Cow::Owned(exponent.saturating_add(shift).to_string()),
            // Too large for any arithmetic: equal only when written alike.
            Err(_) => Cow::Owned(format!("{exponent}+{shift}")),
        };
        (negative, Cow::Owned(significant), place)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.canonical() == other.canonical()
    }
}

impl Eq for Number {}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One step of a path into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// A member of an object or a map.
    Name(String),
    /// An element of a list.
    Index(usize),
    /// An element of a list by what tells it from the others. For reading only: it finds nothing,
    /// and no record holds one. A caller that needs the place keeps the positions beside it.
    Element(String),
}

/// A place in a value, shown as Terraform writes it: `ingress[0].from_port`, `tags["a b"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path one step further down.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Whether `self` is `other` or lies above it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The outermost list that it leads into.
    pub fn outermost_list(&self) -> Option<Self> {
        let at = self.0.iter().position(|step| matches!(step, Step::Index(_)))?;
        Some(Self(self.0.iter().take(at).cloned().collect()))
    }

    /// The outermost list that it leads into, else itself: elements of a list change places.
    #[must_use]
    pub fn whole_list(&self) -> Self {
        self.outermost_list().unwrap_or_else(|| self.clone())
    }

    /// The name of the last named step, as in `password` for `users[0].password`.
    pub fn last_name(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) | Step::Element(_) => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Element(label) if is_plain_label(label) => write!(f, "[{label}]")?,
                Step::Element(label) => write!(f, "[{label:?}]")?,
                Step::Name(name) if is_identifier(name) && position == 0 => f.write_str(name)?,
                Step::Name(name) if is_identifier(name) => write!(f, ".{name}")?,
                Step::Name(name) => write!(f, "[{name:?}]")?,
            }
        }
        Ok(())
    }
}

/// Whether a label can stand between brackets and be read as nothing else: no position, no quotes.
fn is_plain_label(label: &str) -> bool {
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '/' | '*' | '+');
    label.chars().all(|c| is_plain(c) || matches!(c, ',' | '@' | '='))
        && label.chars().any(|c| !c.is_ascii_digit())
}

/// Whether `text` can stand unquoted in Terraform's language.
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::from_json_text(text)
    }

    #[test]
    fn numbers_are_equal_by_value_and_never_expanded() {
        let many_zeros = format!("0.{}1", "0".repeat(399));
        for (a, b) in [
            ("1.10", "1.1"),
            ("100", "1e2"),
            ("0.001", "1E-3"),
            ("0", "0.000"),
            ("12.5e1", "125"),
            ("1e999999999", "10e999999998"),
            ("-0", "-0"),
            ("0", "0e999999999"),
            ("1e-400", "0.1e-399"),
            ("-1.10", "-11e-1"),
            (&*many_zeros, "1e-400"),
        ] {
            assert_eq!(number(a), number(b));
        }
        for (a, b) in [
            ("9007199254740993", "9007199254740992"),
            ("0", "-0"),
            ("-0", "-0.0"),
            ("1e400", "1e4000"),
            ("-1e-400", "1e-400"),
            ("1", "-1"),
            ("1e400", "1e401"),
            ("10", "1"),
            ("0.1", "0.01"),
        ] {
            assert_ne!(number(a), number(b));
        }
    }

    #[test]
    fn a_number_costs_its_own_length_and_no_more() {
        let long = "7".repeat(100_000);
        assert_eq!(number(&long), number(&format!("{long}.0")));
        assert_ne!(number(&long), number(&format!("{long}1")));
        // Exponents beyond any arithmetic are equal only when they are written alike.
        let vast = format!("1e{}", "9".repeat(1_000));
        assert_eq!(number(&vast), number(&vast));
        assert_ne!(number(&vast), number(&format!("{vast}9")));
    }

    #[test]
    fn paths_read_as_terraform_writes_them() {
        let path = Path(vec![
            Step::Name("ingress".into()),
            Step::Index(0),
            Step::Name("tags".into()),
            Step::Name("a b".into()),
        ]);
        assert_eq!(path.to_string(), r#"ingress[0].tags["a b"]"#);
        assert_eq!(path.last_name(), Some("a b"));
        assert!(Path(vec![Step::Name("ingress".into())]).covers(&path));
        assert!(!path.covers(&Path::default()));
        let named = |label: &str| Path(vec![Step::Name("x".into()), Step::Element(label.into())]);
        assert_eq!(named("tcp 443 0.0.0.0/0").to_string(), "x[tcp 443 0.0.0.0/0]");
        assert_eq!(named("443").to_string(), r#"x["443"]"#, "not a position");
        assert_eq!(named("a].b[\u{1b}").to_string(), r#"x["a].b[\u{1b}"]"#);
        assert_eq!(named("").to_string(), r#"x[""]"#);
    }
}
