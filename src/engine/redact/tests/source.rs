//! What is learnt from a state without reading it is what is learnt by reading it.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::codec::state::narrow::Source;

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
            map.prop_map(|document| Json::from(document.to_string())),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Map<String, Json>> {
    let name = prop::sample::select(&NAMES[..]);
    prop::collection::vec((name, value()), 0..6)
        .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

/// A state as Terraform lays it out. `serde_json` sorts members by name, and so does Terraform, but
/// for those of its own that it writes in an order of its own.
fn render(instances: &[(Map<String, Json>, Vec<&str>)]) -> String {
    let instances: Vec<String> = instances.iter().enumerate().map(instance).collect();
    format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": 1,\n  \
         \"lineage\": \"l\",\n  \"outputs\": {{}},\n  \"resources\": [\n    {{\n      \
         \"mode\": \"managed\",\n      \"type\": \"a\",\n      \"name\": \"db_password\",\n      \
         \"provider\": \"provider[\\\"registry.terraform.io/hashicorp/aws\\\"]\",\n      \
         \"instances\": [\n{}\n      ]\n    }}\n  ],\n  \"check_results\": null\n}}\n",
        instances.join(",\n")
    )
}

fn instance((index, (attributes, marks)): (usize, &(Map<String, Json>, Vec<&str>))) -> String {
    let indented = |value: &Json| {
        let text = serde_json::to_string_pretty(value).unwrap().replace('\n', "\n          ");
        text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
    };
    let marks: Vec<Json> =
        marks.iter().map(|name| json!([{"type": "get_attr", "value": name}])).collect();
    format!(
        "        {{\n          \"index_key\": {index},\n          \"schema_version\": 0,\n          \
         \"attributes\": {},\n          \"sensitive_attributes\": {}\n        }}",
        indented(&Json::Object(attributes.clone())),
        indented(&Json::Array(marks)),
    )
}

proptest! {
    #[test]
    fn what_reading_a_state_teaches_is_learnt_without_reading_it(
        instances in prop::collection::vec(
            (attributes(), prop::collection::vec(prop::sample::select(&NAMES[..]), 0..2)),
            1..4,
        )
    ) {
        let text = render(&instances);
        let source = Source::new(text.as_bytes());
        let mut quick = Redactor::default();
        quick.learn_source(&source).unwrap();
        let mut slow = Redactor::default();
        source.parse().unwrap().instances.iter().for_each(|i| slow.learn_instance(i));
        let (quick, slow) = (quick.known.sorted(), slow.known.sorted());
        // An attribute that is marked and has a secret name is looked at twice, and each time alone.
        prop_assert!(slow.iter().all(|value| quick.contains(value)), "{slow:?} {quick:?} {text}");
        prop_assert!(!slow.is_empty() || quick.is_empty(), "{quick:?} {text}");
    }
}

#[test]
fn several_learn_together_what_one_learns_alone() {
    let attributes = |secret: &str| json!({ "password": secret }).as_object().unwrap().clone();
    let text = render(&[(attributes("hunter22"), vec![]), (attributes("swordfish"), vec![])]);
    let source = Source::new(text.as_bytes());
    let lessons = Lessons::of(&source);
    let [mut first, mut second] = [Redactor::default(), learnt(&["hunter22", "and more"])];
    first.learn_lessons(&lessons).unwrap();
    second.learn_lessons(&lessons).unwrap();
    assert_eq!(second.known.len(), 2, "nobody learns twice");
    for all in [first.clone().and(second.clone()), second.and(first)] {
        assert_eq!(all.known.sorted(), ["and more", "hunter22", "swordfish"]);
        assert_eq!(all.text("hunter22 swordfish and more"), "(sensitive) (sensitive) (sensitive)");
    }
}

#[test]
fn another_layout_is_read_and_a_broken_one_is_refused() {
    let text = render(&[(json!({"password": "hunter22"}).as_object().unwrap().clone(), vec![])]);
    for text in [text.clone(), text.replace('\n', " ")] {
        let mut redactor = Redactor::default();
        redactor.learn_source(&Source::new(text.as_bytes())).unwrap();
        assert_eq!(redactor.text("hunter22"), "(sensitive)");
    }
    let broken = text.replace('\n', " ").replace("hunter22\"", "");
    assert!(Redactor::default().learn_source(&Source::new(broken.as_bytes())).is_err());
}
