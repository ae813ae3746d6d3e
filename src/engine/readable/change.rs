//! One attribute that differs, as it is handed out to be shown.
//!
//! Every part of it has passed the redactor. How differences are found is not its affair.

use std::collections::BTreeSet;

use super::view::HIDDEN_NAME;
use crate::engine::compare::Difference;
use crate::engine::redact::{Redactor, Shown};
use crate::model::address::Address;
use crate::model::value::{Path, Step};

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// Place, as a person reads it.
    pub path: Path,
    /// Place in each side that has it, with positions.
    pub at: (Option<Path>, Option<Path>),
    /// Value that was there.
    pub before: Shown,
    /// Value that is there now.
    pub after: Shown,
    /// Form in which the difference is best said.
    pub form: Form,
    /// The objects whose ids the two values are, where these were looked up.
    pub means: (Option<Address>, Option<Address>),
}

impl AttributeChange {
    /// A place of a value of `owner` that differs, safe to show in every part.
    pub fn of(redactor: &Redactor, owner: &str, difference: Difference, marks: &[Path]) -> Self {
        let Difference { path, before, after } = difference;
        let (before, after) = redactor.pair(owner, &path, [before.as_ref(), after.as_ref()], marks);
        Self::plain(redactor.path(&path, marks), before, after)
    }

    /// Its places on both sides, to be looked up. A place under a name that is hidden is as much as
    /// can be said of it.
    pub fn places(&self) -> (Option<Path>, Option<Path>) {
        let open = |path: &Path| {
            let is_open = |step: &&Step| !matches!(step, Step::Name(name) if name == HIDDEN_NAME);
            Path(path.0.iter().take_while(is_open).cloned().collect())
        };
        (self.at.0.as_ref().map(open), self.at.1.as_ref().map(open))
    }

    /// Whether it is at a place of either side, or so near that the two cannot be told apart.
    pub fn is_near(&self, place: &Path) -> bool {
        let sides = [&self.at.0, &self.at.1];
        sides.into_iter().flatten().any(|at| at.covers(place) || place.covers(at))
    }

    /// A value before and after, at a path that is shown as it is.
    pub fn plain(path: Path, before: Shown, after: Shown) -> Self {
        let at = |shown: &Shown| (*shown != Shown::Absent).then(|| path.clone());
        let at = (at(&before), at(&after));
        Self { path, at, before, after, form: Form::Value, means: (None, None) }
    }
}

/// Paths with elements of lists under the names that these differences have.
pub fn named<'p>(
    changes: &[AttributeChange],
    paths: impl IntoIterator<Item = &'p Path>,
) -> BTreeSet<Path> {
    let near = |place: &Path| -> Vec<Path> {
        let changes = changes.iter().filter(|change| change.is_near(place));
        changes.map(|change| change.path.clone()).collect()
    };
    let found = |path: &Path| {
        let lists = path.0.iter().enumerate().rev();
        let lists = lists.filter(|(_, step)| matches!(step, Step::Index(_)));
        let lists = lists.map(|(at, _)| Path(path.0.iter().take(at).cloned().collect()));
        // An element that only moved differs by position: then those of its list are named.
        let mut found = std::iter::once(path.clone()).chain(lists).map(|place| near(&place));
        found.find(|names| !names.is_empty()).unwrap_or_else(|| vec![path.clone()])
    };
    let one = |path: &Path| match path.outermost_list() {
        Some(_) => found(path),
        None => vec![path.clone()],
    };
    paths.into_iter().flat_map(one).collect()
}

/// How a difference is best said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// One value became another.
    Value,
    /// The same elements, in another order.
    Order,
    /// Text of many lines.
    Lines(Vec<Line>),
}

/// A difference that is only counted, unless a person asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The difference.
    pub change: AttributeChange,
    /// The rule that hides it.
    pub by: HiddenBy,
}

/// Why a difference is hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenBy {
    /// The rule: its kind, and which one of these, such as `derived tags_all`.
    pub rule: String,
    /// Why that says nothing.
    pub why: String,
}

impl HiddenBy {
    /// The kind of the rule, such as `derived`.
    pub fn kind(&self) -> &str {
        self.rule.split_once(' ').map_or(&self.rule, |(kind, _)| kind)
    }
}

/// A line of a text that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// It is on both sides.
    Kept(String),
    /// Only the first side has it.
    Removed(String),
    /// Only the second side has it.
    Added(String),
    /// This many that are on both sides and are left out.
    Skipped(usize),
}
