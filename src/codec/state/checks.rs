//! Results of checks at the last apply, as a state has them in `check_results`.
//!
//! They are read apart from the rest, since only a verification asks. Results that cannot be read
//! say nothing: no decision about the state itself rests on them.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::word::Word as _;

    fn read(results: &str) -> Vec<String> {
        let text = format!(
            r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{{}},
            "resources":[],"check_results":{results}}}"#
        );
        let found = checks(&StateBytes::new(text.into_bytes()));
        found.iter().map(|check| format!("{} {}", check.address, check.status.name())).collect()
    }

    #[test]
    fn each_object_of_a_check_is_one_and_a_check_without_objects_is_too() {
        let results = r#"[
            {"object_kind":"check","config_addr":"check.a","status":"fail","objects":[
                {"object_addr":"check.a","status":"fail","failure_messages":["it says hunter2"]}]},
            {"object_kind":"resource","config_addr":"t.b","status":"pass","objects":[
                {"object_addr":"t.b[0]","status":"pass"},{"object_addr":"t.b[1]","status":"error"}]},
            {"object_kind":"output","config_addr":"output.o","status":"unknown","objects":null}]"#;
        let expected = ["check.a fail", "t.b[0] pass", "t.b[1] error", "output.o unknown"];
        assert_eq!(read(results), expected);
    }

    #[test]
    fn a_state_without_results_and_one_with_others_say_nothing() {
        for results in ["null", "[]", r#"[{"status":7}]"#] {
            assert_eq!(read(results), Vec::<String>::new(), "{results}");
        }
        assert_eq!(checks(&StateBytes::new(b"{".to_vec())), []);
    }
}
