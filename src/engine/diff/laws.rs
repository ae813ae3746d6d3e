//! Laws over generated pairs of states in which secrets stand in many places.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::codec::state::parse;
use crate::model::state::StateBytes;

const SECRETS: [&str; 4] = ["hunter22", "sw\"rd<fish>é", "line one\n  line two\n", "7654321"];

/// A text, and it may hold a secret.
fn text() -> impl Strategy<Value = String> {
    (0..SECRETS.len(), 0..9_u8).prop_map(|(secret, how)| {
        let secret = SECRETS[secret];
        let quoted = Json::from(secret).to_string();
        match how {
            0 | 1 => "plain".to_owned(),
            2 => secret.to_owned(),
            3 => format!("x{secret}y"),
            4 => STANDARD.encode(format!("u:{secret}")),
            5 => format!("{{\"a\":{quoted}}}"),
            6 => Json::from(quoted).to_string(),
            7 => percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC)
                .to_string(),
            _ => secret.lines().next_back().unwrap().to_owned(),
        }
    })
}

fn attributes() -> impl Strategy<Value = Json> {
    let own = prop_oneof![
        4 => Just(json!({})),
        1 => prop::sample::select(&SECRETS[..]).prop_map(|secret| json!({"hidden": secret})),
        1 => prop::sample::select(&SECRETS[..]).prop_map(|secret| json!({"list": [{"password": secret}]})),
        1 => prop::sample::select(&SECRETS[..]).prop_map(|secret| json!({"env": [{"name": "A_TOKEN", "value": secret}]})),
        1 => prop::sample::select(&SECRETS[..]).prop_map(|secret| json!({"doc": json!({"secret": secret}).to_string()})),
    ];
    (own, text(), text(), text(), 0..6_u8).prop_map(|(mut own, note, key, item, id)| {
        own["id"] = json!(format!("file-000{id}"));
        own["note"] = json!(note);
        own["to"] = json!(format!("file-000{}", id * 7 % 6));
        own["tags"] = json!({ key: 1 });
        own["items"] = json!([{"a": item, "port": 7_654_321}, "x"]);
        own
    })
}

/// Objects by key.
fn objects() -> impl Strategy<Value = BTreeMap<String, Json>> {
    proptest::collection::btree_map("[a-d]|hunter22", attributes(), 0..5)
}

fn state(objects: &BTreeMap<String, Json>, note: &str) -> StateBytes {
    let resource = |(key, attributes): (&String, &Json)| {
        json!({"mode": "managed", "type": "demo_file", "name": &key[..1],
            "provider": "provider[\"registry.terraform.io/unapply/demo\"]",
            "instances": [{"index_key": key, "attributes": attributes,
                "sensitive_attributes": [[{"type": "get_attr", "value": "hidden"}]]}]})
    };
    let state = json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l",
        "outputs": {"o": {"value": note, "type": "string"}},
        "resources": objects.iter().map(resource).collect::<Vec<_>>()});
    StateBytes::new(serde_json::to_string_pretty(&state).unwrap().into_bytes())
}

/// Two states of which some objects are the same.
fn two_states() -> impl Strategy<Value = [StateBytes; 2]> {
    (objects(), objects(), text(), text(), any::<u8>()).prop_map(
        |(first, mut second, old, new, same)| {
            for (number, (key, attributes)) in first.iter().enumerate() {
                if same >> number & 1 == 1 {
                    second.insert(key.clone(), attributes.clone());
                }
            }
            [state(&first, &old), state(&second, &new)]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_learnt_for_a_diff_hides_what_everything_would_hide([before, after] in two_states()) {
        let mut learnt = Redactor::default();
        let beside = learnt.beside_of_any_size(before.as_slice(), after.as_slice());
        let pair = learnt.read(&beside).unwrap();
        let knowledge = Knowledge::builtin();
        let show = |redactor: &Redactor| diff_beside(&pair, &beside, redactor, &knowledge);
        let states = [&before, &after].map(|bytes| parse(bytes).unwrap());
        let all = states.iter().fold(Redactor::default(), Redactor::with_state);
        prop_assert_eq!(show(&learnt), show(&all));
    }

    #[test]
    fn what_differs_between_parts_differs_between_the_wholes([before, after] in two_states()) {
        let beside = Redactor::default().beside_of_any_size(before.as_slice(), after.as_slice());
        let pair = beside.read().unwrap();
        let (redactor, knowledge) = (Redactor::default(), Knowledge::builtin());
        let [old, new] = [&before, &after].map(|bytes| parse(bytes).unwrap());
        let mut whole = diff(&old, &new, &Facts::new(&redactor, &knowledge));
        Addresses::of(&old.instances)
            .overridden_by(Addresses::of(&new.instances))
            .name_ids(&mut whole, &redactor);
        prop_assert_eq!(diff_beside(&pair, &beside, &redactor, &knowledge), whole);
    }
}
