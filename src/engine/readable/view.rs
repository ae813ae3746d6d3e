//! The parts of a value, a name or a label that may be seen.
//!
//! The redactor knows; here it is asked about both sides of a place at once, and about what is
//! inside of a text that holds JSON. Nothing here says why something is secret.

use super::{BothValues, Place, Reader};
use crate::engine::redact::Shown;
use crate::model::value::{Path, Step, Value};

/// Replacement for a name that holds a secret.
pub(super) const HIDDEN_NAME: &str = "(sensitive)";

impl Reader<'_> {
    /// Two values at one path, as a person may see them.
    pub fn show_sides(&self, path: &Path, both: BothValues<'_>) -> (Shown, Shown) {
        self.show_both(&Place::at(path), both)
    }

    /// Both sides as a person may see them: a value that is secret on one is secret on the other.
    pub(super) fn show_both(
        &self,
        place: &Place,
        (before, after): BothValues<'_>,
    ) -> (Shown, Shown) {
        let (a, b) = (self.show(&place.before, before), self.show(&place.after, after));
        if !a.is_sensitive() && !b.is_sensitive() {
            return (a, b);
        }
        // One path for both, so that a secret that moved in a list reads as the same one.
        let path = if after.is_some() { &place.after } else { &place.before };
        self.redactor.pair(self.owner, path, [before, after], std::slice::from_ref(path))
    }

    /// One side, without a fingerprint.
    pub(super) fn show(&self, path: &Path, value: Option<&Value>) -> Shown {
        self.redactor.show(path, value, self.marks)
    }

    /// Whether Terraform marks a place as a whole. (A name that speaks for itself hides values and
    /// not whole blocks.)
    pub(super) fn is_marked(&self, place: &Place) -> bool {
        [&place.before, &place.after]
            .into_iter()
            .any(|path| self.show(path, Some(&Value::Bool(true))).is_sensitive())
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
