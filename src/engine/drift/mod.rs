//! Drift items: what a refresh-only plan says of the real world, object by object.
//!
//! [`found`] makes items of a plan. An item's fingerprint is the same whenever the same object
//! differs in the same way, whatever else differs. A secret value is no part of it, so that secrets
//! cannot be tried against it. `life` tells how items change over time, and `standing` how fixes
//! do. Whether the world was looked at well is not judged here: an errored plan never gets this
//! far.

mod life;
mod select;
mod standing;

#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::compare::{Difference, differences, shadow_paths};
use super::readable::AttributeChange;
use super::redact::{Redactor, Shown, drawn_together};
use crate::codec::json;
use crate::codec::record::StoreId;
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
}

/// The drift of a refresh-only plan with its values, in the order of addresses.
///
/// Values that `redactor` hides are marked in the shadows of the values, so that they stay hidden
/// from a later reader that knows less.
pub fn found(
    plan: &Plan,
    place: DriftPlace<'_>,
    redactor: &Redactor,
) -> Vec<(DriftItem, DriftedObject)> {
    let mut found: Vec<_> =
        plan.drift.iter().filter_map(|change| one(change, place, redactor)).collect();
    found.sort_by(|(a, _), (b, _)| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    found
}

/// The attributes of an item that differ, safe to show; nothing for an object that is gone.
pub fn shown(
    item: &DriftItem,
    object: &DriftedObject,
    redactor: &Redactor,
) -> Vec<AttributeChange> {
    let marks = marks(object);
    let owner = object.address.to_string();
    let at = |path: &Path| Difference {
        path: path.clone(),
        before: object.before.at(path).cloned(),
        after: object.after.at(path).cloned(),
    };
    match item.kind {
        DriftKind::Gone => Vec::new(),
        DriftKind::Changed => {
            let differences = item.paths.iter().map(at).collect();
            drawn_together(differences, [&object.before, &object.after], &marks)
                .into_iter()
                .map(|difference| AttributeChange::of(redactor, &owner, difference, &marks))
                .collect()
        }
    }
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
fn marks(object: &DriftedObject) -> Vec<Path> {
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
    redactor: &Redactor,
) -> Option<(DriftItem, DriftedObject)> {
    // A data source is read anew each time, and an object that only moves has not drifted.
    if change.address.mode != Mode::Managed || change.before == Value::Null {
        return None;
    }
    let mut object = DriftedObject {
        address: change.address.clone(),
        deposed: change.deposed.clone(),
        provider: change.provider.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        before_sensitive: change.before_sensitive.clone(),
        after_sensitive: change.after_sensitive.clone(),
    };
    let (kind, differences) = if change.after == Value::Null {
        (DriftKind::Gone, Vec::new())
    } else {
        (DriftKind::Changed, known_differences(change))
    };
    if kind == DriftKind::Changed && differences.is_empty() {
        return None;
    }
    let marks = marks(&object);
    let values = [&object.before, &object.after];
    let differences = drawn_together(differences, values, &marks);
    let differences = redactor.without_secret_keys(differences, values);
    let is_secret =
        |path: &Path, value: Option<&Value>| redactor.show(path, value, &marks).is_sensitive();
    let secret: Vec<bool> = differences
        .iter()
        .map(|d| is_secret(&d.path, d.before.as_ref()) || is_secret(&d.path, d.after.as_ref()))
        .collect();
    let id = id(&object).filter(|id| !is_secret(&id_path(), Some(id))).cloned();
    let fingerprint = fingerprint(place, change, kind, id.as_ref(), &differences, &secret);
    for (difference, is_secret) in differences.iter().zip(&secret) {
        if *is_secret {
            mark(&mut object.before_sensitive, &difference.path.0);
            mark(&mut object.after_sensitive, &difference.path.0);
        }
    }
    if id.is_none() {
        mark(&mut object.before_sensitive, &id_path().0);
    }
    let item = DriftItem {
        fingerprint,
        address: redactor.address(&change.address),
        deposed: change.deposed.clone(),
        kind,
        paths: differences.into_iter().map(|difference| difference.path).collect(),
    };
    Some((item, object))
}

/// Differences, without the values that the provider will only say after an apply.
fn known_differences(change: &PlannedChange) -> Vec<Difference> {
    let mut unknown = Vec::new();
    shadow_paths(&Path::default(), &change.after_unknown, &mut unknown);
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
    differences: &[Difference],
    secret: &[bool],
) -> ItemFingerprint {
    let mut fields = vec![
        place.stack.to_string(),
        change.address.to_string(),
        change.deposed.clone().unwrap_or_default(),
        kind.name().to_owned(),
        id.map_or_else(String::new, canonical),
    ];
    for (difference, is_secret) in differences.iter().zip(secret) {
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
