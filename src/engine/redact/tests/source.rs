//! A redactor learns the same of a state without reading all of it as by reading all of it.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;

const NAMES: [&str; 14] = [
    "id",
    "name",
    "value",
    "key",
    "Name",
    "Value",
    "password",
    "secret_arn",
    "ClientSecret",
    "API_KEY",
    "credentials",
    "user",
    "kms_key_id",
    "sas",
];

fn leaf() -> impl Strategy<Value = Json> {
    prop_oneof![
        "[a-z]{6,9}".prop_map(Json::from),
        Just(json!("DB_PASSWORD")),
        Just(json!("enabled")),
        Just(json!("first \"line\"\n-- second & <line>")),
        Just(json!("")),
        Just(Json::Null),
        Just(json!(true)),
        (100_000..999_999_u32).prop_map(Json::from),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        let name = prop::sample::select(&NAMES[..]);
        let map = prop::collection::vec((name, inner.clone()), 0..4).prop_map(|members| {
            Json::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
        });
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
            map.clone(),
            // A document in a string, as policies and task definitions are.
            map.clone().prop_map(|document| Json::from(document.to_string())),
            map.prop_map(|document| Json::from(format!("\n {document}"))),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Map<String, Json>> {
    let name = prop::sample::select(&NAMES[..]);
    prop::collection::vec((name, value()), 0..6)
        .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

/// A state whose other parts are named as if they were secret, and are not.
fn state(instances: &[(Map<String, Json>, Vec<&str>)]) -> Json {
    let instance = |(index, (attributes, marks)): (usize, &(Map<String, Json>, Vec<&str>))| {
        let mark = |name: &&str| json!([{"type": "get_attr", "value": name}]);
        json!({"index_key": index, "attributes": attributes, "private": "{\"password\": \"private\"}",
            "sensitive_attributes": marks.iter().map(mark).collect::<Vec<_>>(),
            "identity": {"password": "identity"}, "dependencies": ["a.db_password"]})
    };
    let instances: Vec<Json> = instances.iter().enumerate().map(instance).collect();
    json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l",
        "check_results": [{"password": "password"}], "outputs":
        {"a_token": {"value": "output-secret", "type": "string"},
         "o": {"value": {"attributes": {"x": {"y": "marked-output"}}}, "type": "dynamic", "sensitive": true}},
        "resources": [{"mode": "managed", "type": "a", "name": "db_password", "instances": instances,
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]"}]})
}

/// Secrets learnt of two states: read side by side, and by reading everything in them.
fn both_ways(texts: [&str; 2]) -> [Vec<String>; 2] {
    let mut quick = Redactor::default();
    let [before, after] = texts.map(str::as_bytes);
    let beside = quick.beside_of_any_size(before, after);
    quick.read(&beside).unwrap();
    let mut slow = Redactor::default();
    for text in texts {
        let bytes = StateBytes::new(text.as_bytes().to_vec());
        let state = state::parse(&bytes).unwrap();
        state.outputs.iter().for_each(|output| slow.learn_output(output));
        for instance in &state.instances {
            let attributes = json::raw_value(instance.attributes).unwrap();
            slow.learn_marked(&mut Path::default(), &attributes, &instance.sensitive);
        }
    }
    [quick.known.sorted(), slow.known.sorted()]
}

proptest! {
    #[test]
    fn what_reading_two_states_teaches_is_learnt_side_by_side(
        instances in prop::collection::vec(
            (attributes(), prop::collection::vec(prop::sample::select(&NAMES[..]), 0..2)),
            1..4,
        ),
        change in attributes(),
    ) {
        let first = state(&instances);
        let mut second = first.clone();
        second["resources"][0]["instances"][0]["attributes"] = Json::Object(change);
        for is_pretty in [false, true] {
            let text = |json: &Json| {
                if is_pretty { serde_json::to_string_pretty(json).unwrap() } else { json.to_string() }
            };
            let [first, second] = [text(&first), text(&second)];
            for pair in [[&*first, &*first], [&first, &second]] {
                let [quick, slow] = both_ways(pair);
                prop_assert_eq!(quick, slow, "{:?}", pair);
            }
        }
    }
}

#[test]
fn names_in_any_spelling_and_marks_of_any_shape_are_found() {
    let odd = json!({"p\u{61}ssword": "1-secret", "a": {"cLIENT-sECRET": ["2-secret"]}, "x": [{"key": "PWD",
        "Value": "3-secret", "other": "not-this"}], "d": "[{\"name\":\"TOK\\u0065N\",\"value\":\"4-secret\"}]"});
    let text = state(&[(odd.as_object().unwrap().clone(), vec!["user"])]).to_string();
    let text = text.replace("\"password\":\"1", "\"p\\u0061ssword\":\"1");
    let whole = text.replace(r#"[{"type":"get_attr","value":"user"}]"#, "[]");
    let secrets = ["1-secret", "2-secret", "3-secret", "4-secret"];
    for (text, also) in [(&text, None), (&whole, Some("not-this"))] {
        let [quick, slow] = both_ways([text, text]);
        assert_eq!(quick, slow);
        for secret in secrets.into_iter().chain(also) {
            assert!(quick.iter().any(|known| known == secret), "{secret}: {quick:?}");
        }
    }
}

#[test]
fn a_marked_secret_is_learnt_where_a_flat_attribute_of_its_name_is_one_too() {
    let attributes = json!({"user": "marked-secret"});
    let text = state(&[(attributes.as_object().unwrap().clone(), vec!["user"])]).to_string();
    let flat = r#""attributes_flat":{"user":"{\"password\":\"flat-secret\"}"},"attributes":"#;
    let text = text.replacen("\"attributes\":{\"user", &format!("{flat}{{\"user"), 1);
    let mut quick = Redactor::default();
    let beside = quick.beside_of_any_size(text.as_bytes(), text.as_bytes());
    quick.read(&beside).unwrap();
    let known = quick.known.sorted();
    for secret in ["marked-secret", "flat-secret"] {
        assert!(known.iter().any(|value| value == secret), "{secret}: {known:?}");
    }
}
