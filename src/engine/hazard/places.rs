//! Files at relative places that could not be put there, or not be removed.
//!
//! An apply works in a private copy, and its files are carried back when it has ended: a place that
//! cannot be written is asked about before. The file system is looked at by the caller.

use crate::knowledge::Knowledge;
use crate::model::address::Mode;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::plan::{Plan, PlannedChange};
use crate::model::value::Value;

/// A file that would be written or removed, and the subject under which it is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPlace {
    /// The object's address, or the file's own path.
    pub subject: String,
    /// The path, relative to the root module's directory.
    pub path: String,
}

/// The own files of the objects that a plan makes, changes or destroys.
pub fn written_places(plan: &Plan, knowledge: &Knowledge) -> Vec<WrittenPlace> {
    let mut places = Vec::new();
    for change in plan.effective().filter(|change| change.address.mode == Mode::Managed) {
        for path in own_files(change, knowledge) {
            let place = WrittenPlace { subject: change.address.to_string(), path };
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

fn own_files(change: &PlannedChange, knowledge: &Knowledge) -> Vec<String> {
    let names = knowledge.own_files(&change.provider, &change.address.kind);
    let sides = [&change.before, &change.after];
    let texts = names.iter().flat_map(|name| sides.map(|side| side.get(name)));
    texts.flatten().filter_map(Value::as_text).map(str::to_owned).collect()
}

/// The hazard of a place that cannot be written, for this reason.
pub fn unwritable(place: WrittenPlace, reason: &str) -> Hazard {
    let WrittenPlace { subject, path } = place;
    let why = format!("its file `{path}` could not be put at its place: {reason}");
    Hazard { kind: HazardKind::UnwritablePlace, subject, why }
}
