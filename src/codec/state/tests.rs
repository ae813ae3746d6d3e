//! States that Terraform writes are read; states that would do harm are refused by name.

use super::*;
use crate::model::address::Mode;
use crate::model::state::Status;

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
        ("<html>503</html>", "not a state: it is a page of HTML or XML"),
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

/// The text that is replaced in the state, its replacement, and how the refusal begins.
const BROKEN_FIELDS: [(&str, &str, &str); 31] = [
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
        r#""c68ff24a""#,
        r#""c68""#,
        r#"resource `module.m["a"].demo_file.x["k 2"]` has a deposed key"#,
    ),
    (r#""id": "f-1","#, r#""id": "f-1", "id": "f-1","#, "not a state: a name that occurs twice"),
    (
        r#""secret": "hunter2", "n""#,
        r#""x": {"b": 1, "b": 2}, "n""#,
        "not a state: a name that occurs",
    ),
    (r#""hunter2", "n""#, r#""\uDC00", "n""#, "not a state: half a character"),
    (
        r#""mode": "data""#,
        r#""mode": "data", "mode": "data""#,
        "resource `http.y` has a field that oc",
    ),
    (r#""mode": "data""#, r#""Mode": "data""#, "resource `http.y` has a field that differs"),
    (
        r#""status": "tainted""#,
        r#""\u017ftatus": "tainted""#,
        "resource `module.m[\"a\"].demo_file.x`",
    ),
    (
        r#""index_key": "k 2", "st"#,
        r#""index_\u212Aey": 1, "st"#,
        "resource `module.m[\"a\"].demo_",
    ),
    (
        r#""sensitive": true"#,
        r#""sensitive": true, "SENSITIVE": true"#,
        "state field `outputs.secret`",
    ),
    (r#""value": "hunter2", "type""#, r#""type""#, "state field `outputs.secret` has no value"),
    (r#"{"id": 5}"#, "[5]", "resource `data.http.y` has attributes that are no object"),
    (
        r#""attributes": {"id": 5}"#,
        r#""attributes_flat": {"id": 5}"#,
        "resource `data.http.y` has flat",
    ),
    (r#""type": "string""#, r#""x": 1"#, "state field `outputs.secret` has no type"),
    (r#""type": "string""#, r#""type": "text""#, "state field `outputs.secret` has no type"),
    (r#""type": "string""#, r#""type": ["list"]"#, "state field `outputs.secret` has no type"),
    (r#""check_results": null"#, r#""check_results": {}"#, "state field `check_results` is not"),
    (r#""1.11.4""#, r#""1..4""#, "state field `terraform_version` is not a version"),
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
fn every_type_that_an_output_can_have_is_known() {
    for kind in [
        r#""dynamic""#,
        r#"["map", ["set", "bool"]]"#,
        r#"["tuple", []]"#,
        r#"["tuple", ["number", ["list", "string"]]]"#,
        r#"["object", {"a": "string", "b": ["object", {}]}]"#,
        r#"["object", {"a": "string"}, ["a"]]"#,
    ] {
        let text = STATE.replacen(r#""type": "string""#, &format!("\"type\": {kind}"), 1);
        assert!(parsed(&text).is_ok(), "{kind}");
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

/// One resource with these members and instances, in a state that is otherwise empty.
fn one(members: &str, instances: &str) -> String {
    format!(
        r#"{{"version": 4, "terraform_version": "1.12.0-dev", "serial": 1, "lineage": "l",
        "resources": [{{"mode": "managed", "type": "t_x", "name": "n", {members}
        "instances": [{instances}]}}]}}"#
    )
}

fn instances_of(text: &str) -> Vec<String> {
    let bytes = StateBytes::new(text.as_bytes().to_vec());
    let state = parse(&bytes).unwrap();
    let show = |object: &Instance<'_>| {
        let deposed = object.deposed.as_deref().unwrap_or("-");
        let id = object.id.as_deref().unwrap_or("-");
        let deps = object.dependencies.join(",");
        format!("{} {deposed} {id} {} [{deps}]", object.address, object.provider)
    };
    state.instances.iter().map(show).collect()
}

#[test]
fn what_other_versions_and_opentofu_write_is_read() {
    let text = one(
        r#""provider": "provider.aws.west", "each": "list","#,
        r#"{"index_key": 0, "schema_version": 1, "attributes_flat": {"id": "i-1", "tags.%": "0"},
            "depends_on": ["t_x.a"], "private": "e30="},
           {"index_key": 1, "attributes": {"id": "i-2"}, "dependencies": ["t_x.b"],
            "depends_on": ["t_x.a"], "create_before_destroy": true, "skip_destroy": true,
            "identity_schema_version": 0, "identity": {"id": "i-2"}},
           {"index_key": 1, "deposed": "00000001", "attributes": {"id": "i-3"}},
           {"index_key": 1, "deposed": "00000002", "attributes": {"id": "i-4"}}"#,
    );
    let provider = r#"provider["registry.terraform.io/-/aws"].west"#;
    assert_eq!(
        instances_of(&text),
        [
            format!("t_x.n[0] - i-1 {provider} [t_x.a]"),
            format!("t_x.n[1] - i-2 {provider} [t_x.b]"),
            format!("t_x.n[1] 00000001 i-3 {provider} []"),
            format!("t_x.n[1] 00000002 i-4 {provider} []"),
        ]
    );
}

#[test]
fn the_provider_of_an_instance_comes_before_the_one_of_its_resource() {
    let own = r#"provider[\"registry.opentofu.org/hashicorp/aws\"].by[\"eu\"]"#;
    let instances = format!(r#"{{"index_key": "eu", "provider": "{own}", "attributes": {{}}}}"#);
    let expected = format!(r#"t_x.n["eu"] - - {} []"#, own.replace('\\', ""));
    for members in ["", r#""provider": "","#, r#""provider": "provider[\"h/n/p\"]","#] {
        assert_eq!(instances_of(&one(members, &instances)), [expected.as_str()], "{members}");
    }
    for broken in [
        one("", r#"{"attributes": {}}"#),
        one(r#""provider": "provider[\"h/n/p\"]","#, r#"{"provider": "x", "attributes": {}}"#),
    ] {
        let message = parsed(&broken).unwrap_err().to_string();
        assert_eq!(message, "resource `t_x.n` has a provider that cannot be read");
    }
}

#[test]
fn a_module_of_a_name_may_have_a_resource_of_the_same_name_as_another() {
    let block = |module: &str| {
        format!(
            r#"{{{module} "mode": "managed", "type": "t", "name": "n",
            "provider": "provider[\"h/n/p\"]", "instances": [{{"attributes": {{}}}}]}}"#
        )
    };
    let modules =
        ["", r#""module": "module.m[0]","#, r#""module": "module.m[\"0\"]","#].map(block).join(",");
    let text = format!(
        r#"{{"version":4,"terraform_version":"1.0.0","serial":1,"lineage":"l","resources":[{modules}]}}"#
    );
    let found = instances_of(&text);
    assert!(
        found[1].starts_with("module.m[0].t.n ") && found[2].starts_with("module.m[\"0\"].t.n ")
    );
}

const VERSION_3: &str = r#"{"version": 3, "terraform_version": "0.11.14", "serial": 8, "lineage": "l-3",
  "modules": [
    {"path": ["root"], "outputs": {"o": {"sensitive": false, "type": "string", "value": "hunter2"}},
     "resources": {
       "null_resource.a": {"type": "null_resource", "provider": "provider.null", "deposed": [{"id": "9"}],
         "primary": {"id": "1", "attributes": {"id": "1", "triggers.%": "0"}, "tainted": true}},
       "data.x_y.b.1": {"type": "x_y", "primary": {"id": "2"}},
       "odd": {"type": "t", "primary": {"id": ""}}}},
    {"path": ["root", "m", "n"], "outputs": {"inner": {"value": "v"}},
     "resources": {"t_x.c.0": {"type": "t_x", "primary": {"id": "3"}}}}]}"#;

#[test]
fn states_of_version_3_and_1_are_listed_without_any_attribute() {
    let found = contents(VERSION_3.as_bytes()).unwrap();
    assert_eq!(found.format, KeptFormat::Old(3));
    assert_eq!((found.serial, found.lineage.as_deref()), (Some(8), Some("l-3")));
    assert_eq!(found.outputs, ["o"]);
    let show = |object: &KeptObject| {
        let deposed = object.deposed.as_deref().unwrap_or("-");
        let id = object.id.as_deref().unwrap_or("-");
        format!("{} {deposed} {} {id} {:?}", object.address, object.kind, object.status)
    };
    let objects: Vec<String> = found.objects.iter().map(show).collect();
    assert_eq!(
        objects,
        [
            "data.x_y.b[1] - x_y 2 Ready",
            "module.m.module.n.t_x.c[0] - t_x 3 Ready",
            "null_resource.a - null_resource 1 Tainted",
            "null_resource.a 00000001 null_resource 9 Ready",
            "odd - t - Ready",
        ]
    );
    assert!(!format!("{found:?}").contains("hunter2"));
    let one = r#"{"version": 1, "serial": 2, "modules": [{"path": ["root"], "outputs": {"o": "v"},
        "resources": {"a_b.c": {"type": "a_b", "primary": null, "tainted": [{"id": "7"}]}}}]}"#;
    let found = contents(one.as_bytes()).unwrap();
    assert_eq!((found.format, found.lineage), (KeptFormat::Old(1), None));
    assert_eq!(found.objects.iter().map(show).collect::<Vec<_>>(), ["a_b.c - a_b 7 Tainted"]);
}

#[test]
fn an_encrypted_state_tells_lineage_and_serial_and_nothing_else() {
    let envelope = r#"{"serial": 4, "lineage": "l-4", "meta": {"key_provider.pbkdf2.k": "e30="},
        "encrypted_data": "aGlkZGVu", "encryption_version": "v0"}"#;
    assert_eq!(parsed(envelope).unwrap_err().to_string(), "the state is encrypted by OpenTofu");
    let found = contents(envelope.as_bytes()).unwrap();
    assert_eq!(found.format, KeptFormat::Encrypted);
    assert_eq!((found.serial, found.lineage.as_deref()), (Some(4), Some("l-4")));
    assert!(found.objects.is_empty() && found.outputs.is_empty());
}

#[test]
fn what_cannot_be_listed_is_an_error_and_no_empty_list() {
    for (text, expected) in [
        (STATE, "not a state: it is of a format that is not listed"),
        ("", "state lost"),
        (r#"{"version": 0}"#, "not a state: it is of a format"),
        (r#"{"version": 3, "modules": {}}"#, "state field `modules` is not"),
        (r#"{"version": 3, "modules": [{"path": []}]}"#, "state field `modules` has a path"),
        (r#"{"version": 3, "modules": [{"path": ["x"]}]}"#, "state field `modules` has a path"),
        (&VERSION_3[..VERSION_3.len() - 1], "not a state: not JSON"),
    ] {
        let message = contents(text.as_bytes()).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}

#[test]
fn warnings_before_a_printed_state_are_left_out_and_nothing_else_is() {
    let kept =
        |printed: &str| String::from_utf8(without_warnings(printed.as_bytes().to_vec())).unwrap();
    let warning = "\n\u{1b}[33m╷\u{1b}[0m\n│ \u{1b}[1mWarning: \u{1b}[0mUnable to open CLI                    configuration file\n│ \n│ The file \"{x}\" does not exist.\n╵\n\n";
    for before in [warning, &format!("{warning}{warning}"), "Warning: x\n"] {
        assert_eq!(kept(&format!("{before}{STATE}")), STATE, "{before}");
    }
    let error = warning.replace("Warning", "Error");
    for before in [
        "",
        "\n  ",
        "[command]terraform state pull\n",
        "<<<<<<< HEAD\n",
        &error,
        &format!("{warning}{error}"),
        "Warning: x ",
    ] {
        let printed = format!("{before}{STATE}");
        assert_eq!(kept(&printed), printed, "{before}");
    }
    for text in ["", warning] {
        assert_eq!(kept(text), text);
    }
    // What stands behind the state is none of this, and is refused by name.
    assert_eq!(kept(&format!("{warning}{STATE}\nx")), format!("{STATE}\nx"));
}
