//! Members that are not touched stay byte for byte, and touched ones change nowhere else.

use super::*;
use crate::codec::state::parse;
use crate::model::placement::Slot;

/// Terraform's own layout, with numbers and members that a rewriting would lose.
const STATE: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 7,
  "lineage": "l",
  "outputs": {},
  "later": {"kept":  true},
  "resources": [
    {
      "mode": "managed",
      "type": "demo_file",
      "name": "a",
      "provider": "provider[\"registry.terraform.io/unapply/demo\"]",
      "later": 1,
      "instances": [
        {
          "index_key": 0,
          "status": "tainted",
          "schema_version": 0,
          "attributes": {
            "id": "f-1",
            "big": 12345678901234567890.10,
            "text": "\u0026 é \/"
          },
          "sensitive_attributes": [],
          "private": "cA==",
          "dependencies": [
            "demo_file.x"
          ],
          "later": [1,  2]
        }
      ]
    },
    {
      "mode": "managed",
      "type": "demo_file",
      "name": "b",
      "provider": "provider[\"registry.terraform.io/unapply/demo\"]",
      "instances": [
        { "schema_version":0,"attributes":{"id":"f-2"} , "later":null }
      ]
    }
  ],
  "check_results": [
    {"object_kind": "check"}
  ]
}
"#;

fn placed(state: &State<'_>) -> Vec<Placement> {
    let instances = state.instances.iter().enumerate();
    let placed = instances.map(|(position, instance)| Placement {
        taken: TakenFrom::Current(position),
        slot: Slot {
            address: instance.address.clone(),
            deposed: instance.deposed.as_deref().map(str::to_owned),
        },
        provider: instance.provider.clone(),
        dependencies: None,
        create_before_destroy: None,
        lifted: Lifted::No,
    });
    placed.collect()
}

/// The state written with its placements changed by `edit`, and what stands in it afterwards.
fn written(text: &str, edit: impl FnOnce(&mut Vec<Placement>)) -> String {
    let bytes = StateBytes::new(text.as_bytes().to_vec());
    let state = parse(&bytes).unwrap();
    let mut placements = placed(&state);
    edit(&mut placements);
    let original = Original { bytes: &bytes, state: &state };
    let written = rekeyed(original, original, &placements).unwrap();
    assert!(is_as_placed(&parse(&written).unwrap(), &state, &state, &placements));
    String::from_utf8(written.as_slice().to_vec()).unwrap()
}

/// The text of `STATE` between its head and its checks.
fn resources(text: &str) -> &str {
    let (_, rest) = text.split_once("\"resources\"").unwrap();
    rest.split_once("\"check_results\"").unwrap().0
}

#[test]
fn with_nothing_to_do_only_the_serial_and_the_checks_become_others() {
    let text = written(STATE, |_| {});
    assert_eq!(resources(&text), resources(STATE));
    let expected = STATE.replace("\"serial\": 7", "\"serial\": 8").replace(
        "\"check_results\": [\n    {\"object_kind\": \"check\"}\n  ]",
        "\"check_results\": null",
    );
    assert_eq!(text, expected);
}

#[test]
fn an_object_that_is_touched_changes_in_its_place_alone() {
    let text = written(STATE, |placements| {
        placements[0].slot.address.key = Some(InstanceKey::Name("k\"1".to_owned()));
        placements[0].slot.deposed = Some("c68ff24a".to_owned());
        placements[0].dependencies = Some(vec!["demo_file.y".to_owned(), "demo_file.z".to_owned()]);
        placements[0].create_before_destroy = Some(true);
    });
    let expected = resources(STATE)
        .replace("\"index_key\": 0,", "\"index_key\": \"k\\\"1\",")
        .replace(
            "\"status\": \"tainted\",",
            "\"status\": \"tainted\",\n          \"deposed\": \"c68ff24a\",",
        )
        .replace(
            "            \"demo_file.x\"\n          ],",
            "            \"demo_file.y\",\n            \"demo_file.z\"\n          ],\n          \
             \"create_before_destroy\": true,",
        );
    assert_eq!(resources(&text), expected);
    let text = written(STATE, |placements| {
        placements[0].slot.address.key = None;
        placements[0].dependencies = Some(Vec::new());
    });
    let expected = resources(STATE)
        .replace("          \"index_key\": 0,\n", "")
        .replace("          \"dependencies\": [\n            \"demo_file.x\"\n          ],\n", "");
    assert_eq!(resources(&text), expected);
}

#[test]
fn an_object_that_goes_to_another_resource_leaves_none_behind() {
    let text = written(STATE, |placements| {
        placements[0].slot.address = "demo_file.b[1]".parse().unwrap();
    });
    assert!(!text.contains("\"name\": \"a\""));
    let raw = "{ \"schema_version\":0,\"attributes\":{\"id\":\"f-2\"} , \"later\":null }";
    assert!(text.contains(raw), "what is not touched itself: {text}");
    assert!(text.contains("\"big\": 12345678901234567890.10"));
}

#[test]
fn a_place_that_no_state_has_a_resource_for_is_refused() {
    let bytes = StateBytes::new(STATE.as_bytes().to_vec());
    let state = parse(&bytes).unwrap();
    let mut placements = placed(&state);
    placements[0].slot.address = "demo_file.nowhere".parse().unwrap();
    let original = Original { bytes: &bytes, state: &state };
    assert!(rekeyed(original, original, &placements).is_err());
}

#[test]
fn what_is_not_as_placed_is_found() {
    let bytes = StateBytes::new(STATE.as_bytes().to_vec());
    let state = parse(&bytes).unwrap();
    let is_as_placed = |edit: &dyn Fn(&mut Vec<Placement>)| {
        let mut placements = placed(&state);
        edit(&mut placements);
        is_as_placed(&state, &state, &state, &placements)
    };
    assert!(is_as_placed(&|_| {}));
    assert!(!is_as_placed(&|placements| drop(placements.pop())));
    assert!(!is_as_placed(&|placements| placements[0].create_before_destroy = Some(true)));
    assert!(!is_as_placed(&|placements| placements[0].taken = TakenFrom::Current(1)));
    assert!(!is_as_placed(&|placements| placements[0].slot.address.key = None));
    assert!(!is_as_placed(&|placements| placements[1] = placements[0].clone()));
}

#[test]
fn a_provider_of_an_instances_own_is_kept_and_goes_with_it() {
    let tofu = STATE
        .replacen("      \"provider\": \"provider[\\\"registry.terraform.io/unapply/demo\\\"]\",\n", "", 1)
        .replace(
            "\"index_key\": 0,",
            "\"index_key\": 0,\n          \"provider\": \"provider[\\\"registry.terraform.io/unapply/demo\\\"].by[\\\"x\\\"]\",",
        );
    assert_eq!(resources(&written(&tofu, |_| {})), resources(&tofu));
    let text = written(&tofu, |placements| {
        placements[0].provider.key = Some(InstanceKey::Name("y".to_owned()));
    });
    assert_eq!(resources(&text), resources(&tofu).replace("by[\\\"x\\\"]", "by[\\\"y\\\"]"));
}

#[test]
fn a_state_of_one_line_and_one_without_resources_are_written_too() {
    let line =
        r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","resources":[]}"#;
    assert_eq!(written(line, |_| {}), line.replace("\"serial\":1", "\"serial\":2"));
    let without = line.replace(",\"resources\":[]", "");
    assert!(written(&without, |_| {}).ends_with("\"resources\":[]}"));
}
