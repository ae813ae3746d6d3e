//! What of a value, a name or a label may be seen.
//!
//! The redactor knows; here it is asked about both sides of a place at once, and about what is
//! inside of a text that holds JSON. Nothing here says why something is secret.

use super::{Both, Place, Reader, text};
use crate::engine::redact::{Shown, is_secret_name};
use crate::model::value::{Path, Step, Value};

/// What a name is replaced with that holds a secret.
const HIDDEN_NAME: &str = "(sensitive)";

impl Reader<'_> {
    /// Two values at one path, as a person may see them.
    pub fn show_sides(&self, path: &Path, both: Both<'_>) -> (Shown, Shown) {
        self.show_both(&Place::at(path), both)
    }

    /// Both sides: what is secret on one is secret on the other.
    pub(super) fn show_both(&self, place: &Place, (before, after): Both<'_>) -> (Shown, Shown) {
        let (a, b) = (self.show(&place.before, before), self.show(&place.after, after));
        match (&a, &b) {
            (Shown::Plain(_), Shown::Plain(_) | Shown::Absent) | (Shown::Absent, _) => (a, b),
            (Shown::Plain(_), _) => (self.hidden(&place.before, before), b),
            (_, Shown::Plain(_)) => (a, self.hidden(&place.after, after)),
            _ => (a, b),
        }
    }

    /// One side, with the inside of what is JSON.
    pub(super) fn show(&self, path: &Path, value: Option<&Value>) -> Shown {
        let shown = self.redactor.show(path, value, self.marks);
        match value {
            Some(value) if matches!(shown, Shown::Plain(_)) && self.holds_secret(path, value) => {
                self.hidden(path, Some(value))
            }
            Some(_) | None => shown,
        }
    }

    /// As if it were marked.
    fn hidden(&self, path: &Path, value: Option<&Value>) -> Shown {
        self.redactor.show(path, value, std::slice::from_ref(path))
    }

    /// Whether there is a secret where the redactor does not look: in a text that holds JSON, under
    /// a name that speaks for itself; in a name.
    fn holds_secret(&self, path: &Path, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
            Value::Text(text) => text::document(text).is_some_and(|inner| {
                !matches!(self.redactor.show(path, Some(&inner), self.marks), Shown::Plain(_))
            }),
            Value::List(items) => items
                .iter()
                .enumerate()
                .any(|(index, item)| self.holds_secret(&path.then(Step::Index(index)), item)),
            Value::Map(members) => members.iter().any(|(name, member)| {
                self.name(name) != *name
                    || self.holds_secret(&path.then(Step::Name(name.clone())), member)
            }),
        }
    }

    /// Whether Terraform marks a place as a whole. (A name that speaks for itself hides values and
    /// not whole blocks.)
    pub(super) fn is_marked(&self, place: &Place) -> bool {
        [&place.before, &place.after].into_iter().any(|path| {
            let probe = self.redactor.show(path, Some(&Value::Bool(true)), self.marks);
            !matches!(probe, Shown::Plain(_)) && !path.last_name().is_some_and(is_secret_name)
                || self.marks.iter().any(|mark| mark.covers(path))
        })
    }

    /// The name of a member, without what is secret elsewhere.
    pub(super) fn name(&self, name: &str) -> String {
        if self.redactor.text(name) == name { name.to_owned() } else { HIDDEN_NAME.to_owned() }
    }
    /// A path with such names.
    pub(super) fn named(&self, path: &Path) -> Path {
        let step = |step: &Step| match step {
            Step::Name(name) => Step::Name(self.name(name)),
            Step::Index(_) | Step::Element(_) => step.clone(),
        };
        Path(path.0.iter().map(step).collect())
    }
}
