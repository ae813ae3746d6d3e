//! One attribute that differs, as it is handed out to be shown.
//!
//! Every part of it has passed the redactor. How differences are found is not its affair.

use crate::engine::compare::Difference;
use crate::engine::redact::{Redactor, Shown};
use crate::model::address::Address;
use crate::model::value::Path;

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

    /// A value before and after, at a path that is shown as it is.
    pub fn plain(path: Path, before: Shown, after: Shown) -> Self {
        let at = |shown: &Shown| (*shown != Shown::Absent).then(|| path.clone());
        let at = (at(&before), at(&after));
        Self { path, at, before, after, form: Form::Value, means: (None, None) }
    }
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
