//! States that Terraform writes are read; states that would do harm are refused by name.

use super::*;

const STATE: &str = r#"{
  "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "e13d0805-1",
  "outputs": {"secret": {"value": "hunter2", "type": "string", "sensitive": true}},
  "resources": [
    {"module": "module.m[\"a\"]", "mode": "managed", "type": "demo_file", "name": "x",
     "provider": "module.m.provider[\"registry.terraform.io/unapply/demo\"].west",
     "instances": [
       {"index_key": "k 2", "status": "tainted", "schema_version": 1,
        "attributes": {"id": "f-1", "secret": "hunter2", "n": 9007199254740993},
        "sensitive_attributes": [[{"type": "get_attr", "value": "list"},
           {"type": "index", "value": {"value": 1, "type": "number"}}]],
        "dependencies": ["terraform_data.a"]},
       {"index_key": "k 2", "deposed": "c68ff24a", "attributes": {"id": "f-0"}}
     ]},
    {"mode": "data", "type": "http", "name": "y",
     "provider": "provider[\"registry.terraform.io/hashicorp/http\"]",
     "instances": [{"schema_version": 0, "attributes": {"id": 5}}]}
  ], "check_results": null
}"#;

fn parsed(text: &str) -> Result<String, Error> {
    let bytes = StateBytes::new(text.as_bytes().to_vec());
    parse(&bytes).map(|state| format!("{state:?}"))
}

#[test]
fn a_state_is_read_in_full_and_attributes_stay_slices() {
    let bytes = StateBytes::new(STATE.as_bytes().to_vec());
    let state = parse(&bytes).unwrap();
    assert_eq!(state.version.serial, Serial(7));
    assert_eq!(state.writer, "1.11.4");
    assert!(state.outputs.iter().all(|output| output.sensitive));
    let [tainted, deposed, data] = state.instances.as_slice() else { panic!("three instances") };
    assert_eq!(tainted.address.to_string(), r#"module.m["a"].demo_file.x["k 2"]"#);
    assert_eq!(tainted.status, Status::Tainted);
    assert_eq!(tainted.id.as_deref(), Some("f-1"));
    assert_eq!(tainted.sensitive.first().map(ToString::to_string), Some("list[1]".to_owned()));
    assert!(tainted.attributes.0.contains("9007199254740993"));
    assert_eq!(tainted.provider.alias.as_deref(), Some("west"));
    assert_eq!(deposed.deposed.as_deref(), Some("c68ff24a"));
    assert_eq!(data.address.mode, Mode::Data);
    assert_eq!(data.id, None, "a number is no id");
}

#[test]
fn what_terraform_takes_wrongly_is_refused_by_name() {
    let table = [
        ("", "state lost: the file is empty"),
        ("  \n", "state lost: the file is empty"),
        ("null", "not a state: it does not start with an object"),
        ("[]", "not a state: it does not start with an object"),
        ("<html>503</html>", "not a state: it does not start with an object"),
        (&STATE[..STATE.len() / 2], "not a state: not JSON"),
        (&STATE[..STATE.len() - 1], "not a state: not JSON"),
        ("{}", "not a state: it has no format version"),
        (r#"{"version": 3}"#, "state format version 3 is not 4"),
        (r#"{"version": 5}"#, "state format version 5 is not 4"),
        (r#"{"version": 4, "SERIAL": 99}"#, "state field `SERIAL` differs from a known one"),
        (r#"{"encryption_version": "v0", "encrypted_data": ""}"#, "the state is encrypted"),
    ];
    for (text, expected) in table {
        let message = parsed(text).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
}

/// What is replaced in the state, by what, and how the refusal begins.
const BROKEN_FIELDS: [(&str, &str, &str); 14] = [
    (r#""serial": 7,"#, r#""serial": 7, "serial": 8,"#, "state field `serial` occurs twice"),
    (r#""serial": 7,"#, "", "state field `serial` is missing"),
    (r#""serial": 7,"#, r#""serial": -1,"#, "state field `serial` is not"),
    (r#""serial": 7,"#, r#""serial": 1.5,"#, "state field `serial` is not"),
    (r#""serial": 7,"#, r#""serial": "1","#, "state field `serial` is not"),
    (r#""serial": 7,"#, r#""serial": 18446744073709551616,"#, "state field `serial` is not"),
    (r#""serial": 7,"#, r#""serial": 18446744073709551615,"#, "state field `serial` cannot"),
    (r#""lineage": "e13d0805-1","#, r#""lineage": "","#, "state field `lineage` is empty"),
    (r#""lineage": "e13d0805-1","#, "", "state field `lineage` is missing"),
    (r#""1.11.4""#, r#""abc""#, "state field `terraform_version` is not a version"),
    (r#""mode": "data""#, r#""mode": "weird""#, "resource `http.y` is neither"),
    ("hashicorp/http", "http", "resource `http.y` has a provider"),
    (r#"{"schema_version": 0,"#, r#"{"index_key": 1.5,"#, "resource `data.http.y` has an instance"),
    (
        "\"deposed\": \"c68ff24a\",",
        "",
        "resource `module.m[\"a\"].demo_file.x[\"k 2\"]` occurs twice",
    ),
];

#[test]
fn fields_that_are_doubled_missing_or_strange_are_refused() {
    for (from, to, expected) in BROKEN_FIELDS {
        assert!(STATE.contains(from), "{from}");
        let message = parsed(&STATE.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{to}: {message}");
    }
}

#[test]
fn invalid_utf8_and_deep_nesting_are_named() {
    let bytes = StateBytes::new(b"{\"version\": 4, \"x\": \"\xff\"}".to_vec());
    assert_eq!(parse(&bytes).unwrap_err().to_string(), "not a state: not UTF-8 (byte 21)");
    let deep = STATE.replacen("\"f-1\"", &("[".repeat(20_000) + &"]".repeat(20_000)), 1);
    assert_eq!(
        parsed(&deep).unwrap_err().to_string(),
        "not a state: nested deeper than 1000 levels"
    );
    let real = STATE.replacen("\"f-1\"", &("[".repeat(407) + &"]".repeat(407)), 1);
    assert!(parsed(&real).is_ok());
}

#[test]
fn unknown_fields_are_no_reason_to_refuse() {
    assert!(
        parsed(&STATE.replacen("\"version\": 4", "\"version\": 4, \"new_thing\": {}", 1)).is_ok()
    );
}

#[test]
fn what_pull_prints_for_no_state_is_none_and_whatever_has_anything_in_it_is_one() {
    let nothing = r#"{"version":4,"terraform_version":"1.11.4","serial":0,"lineage":"",
        "outputs":{},"resources":[],"check_results":null}"#;
    assert!(is_no_state(nothing.as_bytes()));
    for (from, to) in [
        ("\"serial\":0", "\"serial\":1"),
        ("\"lineage\":\"\"", "\"lineage\":\"l\""),
        ("\"outputs\":{}", "\"outputs\":{\"a\":1}"),
        ("\"resources\":[]", "\"resources\":[{}]"),
        ("\"resources\":[],", ""),
    ] {
        assert!(nothing.contains(from));
        assert!(!is_no_state(nothing.replace(from, to).as_bytes()), "{to}");
    }
    assert!(!is_no_state(b"") && !is_no_state(b"{}"));
}
