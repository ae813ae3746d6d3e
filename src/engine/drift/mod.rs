//! Drift items: what a refresh-only plan says of the real world, object by object.
//!
//! [`found`] makes items of a plan. An item's fingerprint is the same whenever the same object
//! differs in the same way, whatever else differs. A secret value is no part of it, so that secrets
//! cannot be tried against it. A difference that
//! [`readable`](super::readable) hides is no drift, and the others are shown under its names; an
//! item keeps positions. `life` tells how items change over time, and `standing` how fixes
//! do. Whether the world was looked at well is not judged here: an errored plan never gets this
//! far.

mod life;
mod select;
mod standing;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::compare::{Difference, differences, shadow_paths};
use super::noise::Noise;
use super::readable::{
    AttributeChange, BothValues, Found, HiddenBy, Insignificant, Reader, noise_rules,
};
use super::redact::{Redactor, Shown, drawn_together};
use crate::codec::json;
use crate::codec::record::StoreId;
use crate::knowledge::Knowledge;
use crate::model::address::Mode;
use crate::model::drift::{DriftItem, DriftKind, DriftedObject, ItemFingerprint};
use crate::model::plan::{Plan, PlannedChange};
use crate::model::stack::StackName;
use crate::model::value::{Path, Step, Value};
use crate::model::word::Word as _;

pub use life::{Life, Tracked, last_observation, tracked};
pub use select::{NotAnItem, select};
pub use standing::{FixHeld, FixStanding, FixSubject, held, standing};

/// The store and stack that make the fingerprints of one place differ from those of another.
#[derive(Debug, Clone, Copy)]
pub struct DriftPlace<'a> {
    /// The store.
    pub store: StoreId,
    /// The stack.
    pub stack: &'a StackName,
    /// Items on record. Older ones are named after all that differed, and keep their names.
    pub recorded: &'a BTreeSet<ItemFingerprint>,
}

/// The drift of a refresh-only plan with its values, in the order of addresses.
///
/// Values that `redactor` hides are marked in the shadows of the values, so that they stay hidden
/// from a later reader that knows less.
pub fn found(
    plan: &Plan,
    place: DriftPlace<'_>,
    knowledge: &Knowledge,
    redactor: &Redactor,
) -> Vec<(DriftItem, DriftedObject)> {
    let one = |change| one(change, place, knowledge, redactor);
    let mut found: Vec<_> = plan.drift.iter().filter_map(one).collect();
    found.sort_by(|(a, _), (b, _)| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    found
}

/// The attributes of an item that differ, as a diff says them and safe to show; nothing for an
/// object that is gone.
pub fn shown(
    item: &DriftItem,
    object: &DriftedObject,
    knowledge: &Knowledge,
    redactor: &Redactor,
) -> Vec<AttributeChange> {
    if item.kind == DriftKind::Gone {
        return Vec::new();
    }
    let places: Vec<Path> = item.paths.iter().map(Path::whole_list).collect();
    let is_open = |path: &Path| !places.iter().any(|p| p.covers(path) || path.covers(p));
    let found = read(object, &is_open, knowledge, redactor);
    if !found.changes.is_empty() {
        return found.changes;
    }
    // An item of an older check, of nothing but what says nothing.
    let said = found.hidden.into_iter().filter(|hidden| hidden.by.rule != OPEN);
    said.map(|hidden| hidden.change).collect()
}

/// The name of the rule that hides what is no part of an item.
const OPEN: &str = "unknown";

/// Reads what differs inside an object, where it is not open.
fn read(
    object: &DriftedObject,
    is_open: &dyn Fn(&Path) -> bool,
    knowledge: &Knowledge,
    redactor: &Redactor,
) -> Found {
    let marks = marks(object);
    let owner = object.address.to_string();
    let known = knowledge.noise(&object.provider, &object.address.kind);
    let known = noise_rules(Noise::new(known, &object.before, &object.after));
    let rules = |places: (&Path, &Path), both: BothValues<'_>| {
        if is_open(places.1) {
            return Some(HiddenBy { rule: OPEN.to_owned(), why: "known after apply".to_owned() });
        }
        known(places, both)
    };
    let reader = Reader {
        redactor,
        owner: &owner,
        marks: &marks,
        rules: &rules,
        insignificant: Insignificant::Hidden,
    };
    reader.between(&Path::default(), Some(&object.before), Some(&object.after))
}

/// A value that something else has at a path of an object, safe to show: what the object marks
/// there is secret wherever it comes from.
pub fn shown_value_at(
    object: &DriftedObject,
    path: &Path,
    value: Option<&Value>,
    redactor: &Redactor,
) -> Shown {
    redactor.show_of(&object.address.to_string(), path, value, &marks(object))
}

/// The id of the real object, where it has one that may be shown.
pub fn shown_id(object: &DriftedObject, redactor: &Redactor) -> Option<String> {
    let path = id_path();
    match redactor.show(&path, id(object), &marks(object)) {
        Shown::Plain(Value::Text(id)) => Some(id),
        Shown::Plain(_) | Shown::Absent | Shown::Sensitive(_) => None,
    }
}

/// The paths that either side of an object marks: a mark on one side makes the other secret too.
pub(in crate::engine) fn marks(object: &DriftedObject) -> Vec<Path> {
    let mut marks = Vec::new();
    shadow_paths(&Path::default(), &object.before_sensitive, &mut marks);
    shadow_paths(&Path::default(), &object.after_sensitive, &mut marks);
    marks
}

fn id_path() -> Path {
    Path(vec![Step::Name("id".to_owned())])
}

fn id(object: &DriftedObject) -> Option<&Value> {
    object.before.get("id").or_else(|| object.after.get("id"))
}

fn one(
    change: &PlannedChange,
    place: DriftPlace<'_>,
    knowledge: &Knowledge,
    redactor: &Redactor,
) -> Option<(DriftItem, DriftedObject)> {
    // A data source is read anew each time, and an object that only moves has not drifted.
    if change.address.mode != Mode::Managed || change.before == Value::Null {
        return None;
    }
    let mut object = object_of(change);
    let (kind, differences, quiet) = if change.after == Value::Null {
        (DriftKind::Gone, Vec::new(), Vec::new())
    } else {
        let mut unknown = Vec::new();
        shadow_paths(&Path::default(), &change.after_unknown, &mut unknown);
        let is_open = |path: &Path| unknown.iter().any(|open| open.covers(path));
        let found = read(&object, &is_open, knowledge, redactor);
        let differences = known_differences(change, &unknown);
        if differences.is_empty() || found.changes.is_empty() {
            return None;
        }
        (DriftKind::Changed, differences, found.quiet_places())
    };
    let marks = marks(&object);
    let values = [&object.before, &object.after];
    let differences = drawn_together(differences, values, &marks);
    let differences = redactor.without_secret_keys(differences, values);
    let is_secret =
        |path: &Path, value: Option<&Value>| redactor.show(path, value, &marks).is_sensitive();
    let judged = |difference: Difference| {
        let Difference { path, before, after } = &difference;
        let is_secret = is_secret(path, before.as_ref()) || is_secret(path, after.as_ref());
        ItemDifference { difference, is_secret }
    };
    let all: Vec<ItemDifference> = differences.into_iter().map(judged).collect();
    let id = id(&object).filter(|id| !is_secret(&id_path(), Some(id))).cloned();
    for ItemDifference { difference, .. } in all.iter().filter(|one| one.is_secret) {
        mark(&mut object.before_sensitive, &difference.path.0);
        mark(&mut object.after_sensitive, &difference.path.0);
    }
    if id.is_none() {
        mark(&mut object.before_sensitive, &id_path().0);
    }
    let with_quiet = fingerprint(place, change, kind, id.as_ref(), &all);
    let is_quiet =
        |one: &ItemDifference| quiet.iter().any(|quiet| quiet.covers(&one.difference.path));
    let differences: Vec<ItemDifference> = all.into_iter().filter(|one| !is_quiet(one)).collect();
    let fingerprint = if place.recorded.contains(&with_quiet) {
        with_quiet
    } else {
        fingerprint(place, change, kind, id.as_ref(), &differences)
    };
    let item = DriftItem {
        fingerprint,
        address: redactor.address(&change.address),
        deposed: change.deposed.clone(),
        kind,
        paths: differences.into_iter().map(|one| one.difference.path).collect(),
    };
    Some((item, object))
}

fn object_of(change: &PlannedChange) -> DriftedObject {
    DriftedObject {
        address: change.address.clone(),
        deposed: change.deposed.clone(),
        provider: change.provider.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        before_sensitive: change.before_sensitive.clone(),
        after_sensitive: change.after_sensitive.clone(),
    }
}

/// A difference of an item.
struct ItemDifference {
    difference: Difference,
    is_secret: bool,
}

/// Differences, without the values that the provider will only say after an apply.
fn known_differences(change: &PlannedChange, unknown: &[Path]) -> Vec<Difference> {
    let is_known = |path: &Path| !unknown.iter().any(|u| u.covers(path) || path.covers(u));
    differences(&change.before, &change.after).into_iter().filter(|d| is_known(&d.path)).collect()
}

/// The first eight bytes of an HMAC-SHA-256 with the store's id as key. Each field is preceded by
/// its length, so that no two sequences of fields are the same bytes.
fn fingerprint(
    place: DriftPlace<'_>,
    change: &PlannedChange,
    kind: DriftKind,
    id: Option<&Value>,
    differences: &[ItemDifference],
) -> ItemFingerprint {
    let mut fields = vec![
        place.stack.to_string(),
        change.address.to_string(),
        change.deposed.clone().unwrap_or_default(),
        kind.name().to_owned(),
        id.map_or_else(String::new, canonical),
    ];
    for ItemDifference { difference, is_secret } in differences {
        fields.push(difference.path.to_string());
        fields.push(match (&difference.after, is_secret) {
            (_, true) => "secret".to_owned(),
            (None, false) => "absent".to_owned(),
            (Some(value), false) => format!("value {}", canonical(value)),
        });
    }
    let key = place.store.to_string();
    let mut bytes = [0; 8];
    if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        for field in fields {
            hmac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hmac.update(field.as_bytes());
        }
        for (byte, made) in bytes.iter_mut().zip(hmac.finalize().into_bytes()) {
            *byte = made;
        }
    }
    ItemFingerprint(bytes)
}

/// One text for one value; members of an object are in the order of their names.
fn canonical(value: &Value) -> String {
    json::to_serde(value).to_string()
}

/// Says in a shadow that the value at `steps` is sensitive.
fn mark(shadow: &mut Value, steps: &[Step]) {
    if *shadow == Value::Bool(true) {
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        *shadow = Value::Bool(true);
        return;
    };
    match step {
        Step::Name(name) => {
            if !matches!(shadow, Value::Map(_)) {
                *shadow = Value::Map(std::collections::BTreeMap::new());
            }
            if let Value::Map(members) = shadow {
                mark(members.entry(name.clone()).or_insert(Value::Bool(false)), rest);
            }
        }
        Step::Index(index) => {
            if !matches!(shadow, Value::List(_)) {
                *shadow = Value::List(Vec::new());
            }
            if let Value::List(items) = shadow {
                let length = items.len().max(index.saturating_add(1));
                items.resize(length, Value::Bool(false));
                if let Some(item) = items.get_mut(*index) {
                    mark(item, rest);
                }
            }
        }
        // A label names no place: then all of it is hidden.
        Step::Element(_) => *shadow = Value::Bool(true),
    }
}
