//! Versions of Terraform and of providers, and the constraints that configuration writes on them.
//!
//! Read as Terraform reads them: `~>`, lists separated by commas, and a version that is not
//! released yet meets only a constraint that names one. Text that cannot be read is no version and
//! no constraint, and then Terraform decides.

use std::cmp::Ordering;

/// A version such as `1.11.4` or `1.12.0-beta2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionNumber {
    segments: Vec<u64>,
    /// The text after the `-`: of a version that is not released yet.
    early: Option<String>,
}

impl VersionNumber {
    /// Reads one; a `v` before it and a build after `+` say nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next()?;
        let (numbers, early) = match text.split_once('-') {
            Some((numbers, early)) if !early.is_empty() => (numbers, Some(early.to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let segments: Option<Vec<u64>> =
            numbers.split('.').map(|number| number.parse().ok()).collect();
        Some(Self { segments: segments?, early })
    }

    /// The segment at a position; one that is not written is zero.
    fn segment(&self, position: usize) -> u64 {
        self.segments.get(position).copied().unwrap_or(0)
    }
}

impl PartialOrd for VersionNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for VersionNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.segments.len().max(other.segments.len());
        let unequal = (0..length)
            .map(|position| self.segment(position).cmp(&other.segment(position)))
            .find(|ordering| ordering.is_ne());
        unequal.unwrap_or_else(|| match (&self.early, &other.early) {
            (None, None) => Ordering::Equal,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => early(a, b),
        })
    }
}

/// `beta2` comes before `beta10` only where the number stands alone: `beta.2`.
fn early(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let ordering = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Whether a version meets a constraint such as `>= 1.5, < 2.0`; nothing when one of the two cannot
/// be read.
pub fn meets(version: &str, constraint: &str) -> Option<bool> {
    let version = VersionNumber::parse(version)?;
    let mut meets = true;
    for part in constraint.split(',') {
        meets &= meets_one(&version, part.trim())?;
    }
    Some(meets)
}

fn meets_one(version: &VersionNumber, part: &str) -> Option<bool> {
    let signs = ["!=", ">=", "<=", "~>", "=", ">", "<"];
    let (sign, text) = signs
        .into_iter()
        .find_map(|sign| Some((sign, part.strip_prefix(sign)?)))
        .unwrap_or(("=", part));
    let wanted = VersionNumber::parse(text)?;
    Some(match sign {
        "=" => *version == wanted || version.cmp(&wanted).is_eq(),
        "!=" => version.cmp(&wanted).is_ne(),
        _ if !is_comparable(version, &wanted) => false,
        ">=" => version >= &wanted,
        "<=" => version <= &wanted,
        ">" => version > &wanted,
        "<" => version < &wanted,
        _ => version >= &wanted && is_in_line(version, &wanted),
    })
}

/// One that is not released yet is compared only with one that is not either, of the same numbers.
fn is_comparable(version: &VersionNumber, wanted: &VersionNumber) -> bool {
    match (&version.early, &wanted.early) {
        (Some(_), None) => false,
        (Some(_), Some(_)) => {
            (0..3).all(|position| version.segment(position) == wanted.segment(position))
        }
        (None, _) => true,
    }
}

/// `~> 1.2` lets the last number that is written grow, and no other.
fn is_in_line(version: &VersionNumber, wanted: &VersionNumber) -> bool {
    let fixed = wanted.segments.len().saturating_sub(1);
    (0..fixed).all(|position| version.segment(position) == wanted.segment(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers_and_early_ones_come_first() {
        let sorted = [
            "0.14",
            "1.9.9",
            "1.10.0-alpha.1",
            "1.10.0-beta.2",
            "1.10.0-beta.10",
            "1.10",
            "1.11.4",
        ];
        for pair in sorted.windows(2) {
            let (a, b) =
                (VersionNumber::parse(pair[0]).unwrap(), VersionNumber::parse(pair[1]).unwrap());
            assert!(a < b, "{pair:?}");
        }
        assert!(
            VersionNumber::parse("v1.2.0")
                .unwrap()
                .cmp(&VersionNumber::parse("1.2").unwrap())
                .is_eq()
        );
        for text in ["", "x", "1.x", "1.-", "1..2"] {
            assert_eq!(VersionNumber::parse(text), None, "{text}");
        }
    }

    #[test]
    fn constraints_are_met_as_terraform_says() {
        for (version, constraint, expected) in [
            ("1.11.4", ">= 1.5", Some(true)),
            ("1.11.4", ">= 1.5, < 1.11", Some(false)),
            ("1.11.4", "~> 1.11.0", Some(true)),
            ("1.12.0", "~> 1.11.0", Some(false)),
            ("1.12.0", "~> 1.11", Some(true)),
            ("2.0.0", "~> 1.11", Some(false)),
            ("1.11.4", "1.11.4", Some(true)),
            ("1.11.4", "= 1.11.3", Some(false)),
            ("1.11.4", "!= 1.11.3", Some(true)),
            ("1.11.4", "<= 1.11.4", Some(true)),
            ("1.12.0-beta1", ">= 1.5", Some(false)),
            ("1.12.0-beta1", ">= 1.12.0-alpha1", Some(true)),
            ("1.11.4", "whatever", None),
            ("dev", ">= 1.0", None),
        ] {
            assert_eq!(meets(version, constraint), expected, "{version} {constraint}");
        }
    }
}
