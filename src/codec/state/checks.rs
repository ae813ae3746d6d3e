//! What checks said at the last apply, as a state has it in `check_results`.
//!
//! They are read apart from the rest, since only a verification asks. What cannot be read says
//! nothing: no decision about the state itself rests on it.

use serde::Deserialize;

use super::fields::raw_fields;
use super::text;
use crate::codec::json;
use crate::model::check::{Check, CheckStatus};
use crate::model::state::StateBytes;

#[derive(Deserialize)]
struct ResultFile {
    #[serde(default)]
    config_addr: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    objects: Option<Vec<ObjectFile>>,
}

#[derive(Deserialize)]
struct ObjectFile {
    #[serde(default)]
    object_addr: String,
    #[serde(default)]
    status: String,
}

/// The results of a state that has been read before, each object by itself where they are told.
pub fn checks(bytes: &StateBytes) -> Vec<Check> {
    let fields = text(bytes.as_slice()).ok().and_then(|text| raw_fields(text).ok());
    let results = fields.as_ref().and_then(|fields| fields.get("check_results"));
    let files: Option<Vec<ResultFile>> =
        results.and_then(|raw| json::deserialize::<Option<_>>(raw.get()).ok().flatten());
    let check =
        |address: String, status: &str| Check { address, status: CheckStatus::from_name(status) };
    let mut found = Vec::new();
    for file in files.unwrap_or_default() {
        let objects = file.objects.unwrap_or_default();
        if objects.is_empty() {
            found.push(check(file.config_addr, &file.status));
        }
        found.extend(objects.into_iter().map(|object| check(object.object_addr, &object.status)));
    }
    found
}
