//! The paths that Terraform marks sensitive in an instance, as it writes them.
//!
//! A path of a shape that is not known is no path: a secret could hide behind it. The redactor
//! knows what the paths mean for a screen.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::codec::json;
use crate::model::value::{Path, Step};

#[derive(Deserialize)]
struct PathStep<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
}

#[derive(Deserialize)]
struct IndexValue<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
}

/// Reads cty paths; `None` when one has a shape we do not know (a secret could hide behind it).
pub(super) fn sensitive_paths(raw: &str) -> Option<Vec<Path>> {
    if matches!(raw, "null" | "[]") {
        return Some(Vec::new());
    }
    let paths: Vec<Vec<PathStep<'_>>> = json::deserialize(raw).ok()?;
    paths.iter().map(|steps| steps.iter().map(path_step).collect::<Option<_>>().map(Path)).collect()
}

fn path_step(step: &PathStep<'_>) -> Option<Step> {
    match step.kind.as_ref() {
        "get_attr" => json::deserialize(step.value.get()).ok().map(Step::Name),
        "index" => {
            let index: IndexValue<'_> = json::deserialize(step.value.get()).ok()?;
            let raw = index.value.get();
            if raw.starts_with('"') {
                json::deserialize(raw).ok().map(Step::Name)
            } else {
                raw.parse().ok().map(Step::Index)
            }
        }
        _ => None,
    }
}
