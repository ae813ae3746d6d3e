//! Patterns over paths into an object's attributes, as rules about noise name them.
//!
//! `tags_all` is that attribute, `metadata[*].generation` steps over any element, `*_id` is any
//! name with that end, `**` any number of steps, and `["a.b"]` a name that cannot stand bare. A
//! pattern says nothing about values.

use std::fmt;

use serde::Deserialize;

use crate::model::pattern::Pattern;
use crate::model::value::{Path, Step};

/// A pattern over paths.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern {
    text: String,
    steps: Vec<StepPattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum StepPattern {
    /// One step with a name that fits.
    Name(Pattern),
    /// Any one step.
    Element,
    /// Any number of steps, none among them.
    Deep,
}

/// A text that is no pattern over paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no path such as `tags_all`, `metadata[*].generation` or `**.etag`")]
pub struct NotAPath(String);

impl PathPattern {
    /// The pattern as typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `path` fits.
    pub fn matches(&self, path: &Path) -> bool {
        fits(&self.steps, &path.0)
    }

    /// The steps below the place that fits, when `path` is such a place or below one: the shortest
    /// such place counts.
    pub fn below<'p>(&self, path: &'p Path) -> Option<&'p [Step]> {
        (0..=path.0.len()).find_map(|end| {
            let (above, below) = path.0.split_at_checked(end)?;
            fits(&self.steps, above).then_some(below)
        })
    }
}

fn fits(pattern: &[StepPattern], steps: &[Step]) -> bool {
    let Some((first, later)) = pattern.split_first() else { return steps.is_empty() };
    if *first == StepPattern::Deep {
        return (0..=steps.len())
            .any(|skipped| steps.get(skipped..).is_some_and(|rest| fits(later, rest)));
    }
    steps.split_first().is_some_and(|(step, rest)| fits_one(first, step) && fits(later, rest))
}

fn fits_one(pattern: &StepPattern, step: &Step) -> bool {
    match pattern {
        StepPattern::Name(pattern) => {
            if let Step::Name(name) = step {
                pattern.matches(name)
            } else {
                false
            }
        }
        StepPattern::Element | StepPattern::Deep => true,
    }
}

impl TryFrom<String> for PathPattern {
    type Error = NotAPath;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match steps(&text) {
            Some(steps) if !steps.is_empty() => Ok(Self { text, steps }),
            Some(_) | None => Err(NotAPath(text.chars().take(100).collect())),
        }
    }
}

fn steps(text: &str) -> Option<Vec<StepPattern>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = if let Some(after) = rest.strip_prefix("[*]") {
            found.push(StepPattern::Element);
            after
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (name, after) = after.split_once("\"]")?;
            found.push(StepPattern::Name(Pattern::new(name)));
            after
        } else {
            let bare = if found.is_empty() { rest } else { rest.strip_prefix('.')? };
            let (name, after) =
                bare.split_at_checked(bare.find(['.', '[']).unwrap_or(bare.len()))?;
            found.push(bare_step(name)?);
            after
        };
    }
    Some(found)
}

fn bare_step(name: &str) -> Option<StepPattern> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '*');
    match name {
        "**" => Some(StepPattern::Deep),
        "" => None,
        name => name.chars().all(is_plain).then(|| StepPattern::Name(Pattern::new(name))),
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        text.to_owned().try_into().unwrap()
    }

    fn path(steps: &[&str]) -> Path {
        let step =
            |step: &&str| step.parse().map_or_else(|_| Step::Name((*step).to_owned()), Step::Index);
        Path(steps.iter().map(step).collect())
    }

    #[test]
    fn a_pattern_is_the_place_that_it_names_and_no_other() {
        type Steps<'a> = &'a [&'a str];
        let table: [(&str, Steps<'_>, &[Steps<'_>]); 6] = [
            ("etag", &["etag"], &[&["a", "etag"], &["etag", "0"], &["etags"], &[]]),
            ("a[*].b", &["a", "7", "b"], &[&["a", "b"], &["a", "7", "c"], &["b", "7", "b"]]),
            ("*_id", &["vpc_id"], &[&["id"], &["a", "vpc_id"], &["vpc_ids"]]),
            ("**.b", &["a", "0", "b"], &[&["b", "a"], &["a", "bb"]]),
            ("**", &["a", "0"], &[]),
            (r#"a["x.y"].*"#, &["a", "x.y", "z"], &[&["a", "x", "y"], &["a", "x.y", "0"]]),
        ];
        for (text, fits, others) in table {
            assert!(pattern(text).matches(&path(fits)), "{text} {fits:?}");
            for other in others {
                assert!(!pattern(text).matches(&path(other)), "{text} {other:?}");
            }
        }
        assert!(pattern("**.b").matches(&path(&["b"])) && pattern("**").matches(&path(&[])));
    }

    #[test]
    fn what_lies_below_a_place_is_told() {
        let below = |text: &str, steps: &[&str]| {
            pattern(text).below(&path(steps)).map(|rest| Path(rest.to_vec()).to_string())
        };
        assert_eq!(below("tags_all", &["tags_all", "Name"]).as_deref(), Some("Name"));
        assert_eq!(below("tags_all", &["tags_all"]).as_deref(), Some(""));
        assert_eq!(below("tags_all", &["tags", "Name"]), None);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".a", "a.", "a..b", "a[0]", "a[\"x\"", "a b", "[*]a", "a]"] {
            assert!(PathPattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
