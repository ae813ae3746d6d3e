//! Bad input, as data: every state, number and name that was ever thought of, by its number, with
//! what has to become of it.
//!
//! Terraform is a measure downwards only: what it refuses is refused here, and what it takes
//! wrongly (a member under another spelling, half a character, an empty file) is refused as well.

/// The result of reading a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ends {
    /// It is a state.
    Read,
    /// It is refused, and the message begins so.
    Refused(&'static str),
}

/// One input.
pub(crate) struct Row {
    /// Its number in the list of bad input, with a letter where a number has several.
    pub(crate) number: &'static str,
    /// A description of it.
    pub(crate) what: &'static str,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The result of reading it.
    pub(crate) ends: Ends,
}

/// A state as Terraform lays it out.
pub(crate) const BASE: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 7,
  "lineage": "e13d0805-5b5c-4a3e-8c1d-0b4f6f0c7a11",
  "outputs": {},
  "resources": [
    {
      "mode": "managed",
      "type": "terraform_data",
      "name": "x",
      "provider": "provider[\"terraform.io/builtin/terraform\"]",
      "instances": [
        {
          "schema_version": 0,
          "attributes": {
            "id": "1",
            "input": "INPUT",
            "output": null,
            "triggers_replace": null
          },
          "sensitive_attributes": [],
          "private": "e30="
        }
      ]
    }
  ],
  "check_results": null
}
"#;

/// The base with one piece replaced.
pub(crate) fn with(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "{from}");
    BASE.replacen(from, to, 1)
}

/// The base with an attribute of this value, which is written as it is.
pub(crate) fn input(json: &str) -> String {
    with("\"INPUT\"", json)
}

/// A value that is nested until the deepest bracket of the file is at `depth`.
pub(crate) fn nested(depth: usize) -> String {
    let levels = depth - 6;
    let (lists, maps) = (levels / 2, levels - levels / 2);
    let open = "[".repeat(lists) + &r#"{"k":"#.repeat(maps);
    open + "1" + &"}".repeat(maps) + &"]".repeat(lists)
}

fn row(number: &'static str, what: &'static str, bytes: impl Into<Vec<u8>>, ends: Ends) -> Row {
    Row { number, what, bytes: bytes.into(), ends }
}

fn read(number: &'static str, what: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    row(number, what, bytes, Ends::Read)
}

fn refused(
    number: &'static str,
    what: &'static str,
    bytes: impl Into<Vec<u8>>,
    message: &'static str,
) -> Row {
    row(number, what, bytes, Ends::Refused(message))
}

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    [files(), fields(), resources(), depths(), numbers(), others(), names()]
        .into_iter()
        .flatten()
        .collect()
}

fn files() -> Vec<Row> {
    let base = BASE.as_bytes();
    let utf16: Vec<u8> = BASE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xe6\x02\x00".to_vec();
    let end = BASE.len() - 2;
    let (not_json, opening) = ("not a state: not JSON", "not a state: it does not start");
    vec![
        refused("1", "empty", "", "state lost"),
        refused("2", "whitespace", " \r\n\t ", "state lost"),
        refused("3", "null", "null", opening),
        refused("4", "a list", "[]", opening),
        refused("5", "cut in half", &base[..base.len() / 2], not_json),
        refused("6", "last brace missing", &base[..end], not_json),
        refused("7", "byte order mark", format!("\u{feff}{BASE}"), "not a state: it begins with a"),
        read("8", "CRLF", BASE.replace('\n', "\r\n")),
        refused("9", "trailing garbage", format!("{BASE}x"), not_json),
        refused("10", "two documents", format!("{BASE}{BASE}"), not_json),
        refused("11a", "NUL padding", [base, &[0; 512]].concat(), not_json),
        refused("11b", "nothing but NUL", vec![0; 4096], "not a state: it begins with zero bytes"),
        refused("11c", "half of it NUL", [&base[..end / 2], &[0; 99]].concat(), not_json),
        refused("12a", "UTF-16", [b"\xff\xfe", &*utf16].concat(), "not a state: it is UTF-16"),
        refused("12b", "UTF-16 without its mark", utf16, not_json),
        refused(
            "13",
            "invalid UTF-8 in a string",
            bytes_in_input(b"a\xffb"),
            "not a state: not UTF-8",
        ),
        refused("14a", "half a character", input(r#""\ud800""#), "not a state: half a character"),
        refused("14b", "the other half", input(r#""\udead""#), "not a state: half a character"),
        read("14c", "a whole one", input(r#""\ud83d\ude00""#)),
        refused("40", "a page of HTML", "<html><h1>503</h1></html>", "not a state: it is a page"),
        refused("41", "gzip", gzip, "not a state: it is compressed with gzip"),
    ]
}

fn bytes_in_input(bytes: &[u8]) -> Vec<u8> {
    let (before, after) = BASE.split_once("INPUT").unwrap();
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}

fn fields() -> Vec<Row> {
    let serial = |to: &str| with("\"serial\": 7", to);
    let lineage = |to: &str| with("\"lineage\": \"e13d0805-5b5c-4a3e-8c1d-0b4f6f0c7a11\"", to);
    let version = |to: &str| with("\"version\": 4", to);
    let writer = |to: &str| with("\"terraform_version\": \"1.11.4\"", to);
    let case = "differs from a known one only by case";
    let not = "is not what Terraform writes";
    let said = |field: &str, problem: &str| -> &'static str {
        Box::leak(format!("state field `{field}` {problem}").into_boxed_str())
    };
    vec![
        refused(
            "15",
            "serial twice",
            serial(r#""serial": 7, "serial": 99"#),
            said("serial", "occurs"),
        ),
        refused("16", "SERIAL too", serial(r#""serial": 7, "SERIAL": 99"#), said("SERIAL", case)),
        refused("17a", "LINEAGE alone", lineage(r#""LINEAGE": "l""#), said("LINEAGE", case)),
        refused("17b", "a long s", serial("\"\u{17f}erial\": 7"), said("\u{17f}erial", case)),
        refused(
            "17c",
            "Resources too",
            serial(r#""serial": 7, "Resources": []"#),
            said("Resources", case),
        ),
        refused(
            "17d",
            "resources twice",
            serial(r#""serial": 7, "resources": []"#),
            said("resources", "occurs"),
        ),
        refused("20", "serial -1", serial(r#""serial": -1"#), said("serial", not)),
        refused("21", "serial 1.5", serial(r#""serial": 1.5"#), said("serial", not)),
        refused("22", "serial as text", serial(r#""serial": "1""#), said("serial", not)),
        refused(
            "23",
            "serial 2^64",
            serial(r#""serial": 18446744073709551616"#),
            said("serial", not),
        ),
        refused(
            "24",
            "serial 2^64-1",
            serial(r#""serial": 18446744073709551615"#),
            said("serial", "cannot"),
        ),
        refused("25", "serial 1e3", serial(r#""serial": 1e3"#), said("serial", not)),
        refused("26", "no lineage", lineage(r#""other": 1"#), said("lineage", "is missing")),
        refused("27", "lineage empty", lineage(r#""lineage": """#), said("lineage", "is empty")),
        refused("28a", "version 3", version(r#""version": 3"#), "state format version 3 is not 4"),
        refused("28b", "version 0", version(r#""version": 0"#), "state format version 0 is not 4"),
        refused("28c", "version 4.0", version(r#""version": 4.0"#), said("version", not)),
        refused(
            "28d",
            "no version",
            version(r#""other": 4"#),
            "not a state: it has no format version",
        ),
        refused("29", "version 5", version(r#""version": 5"#), "state format version 5 is not 4"),
        read("30", "a newer writer", writer(r#""terraform_version": "9.9.9""#)),
        refused(
            "31",
            "writer abc",
            writer(r#""terraform_version": "abc""#),
            said("terraform_version", "is not a"),
        ),
        read("32", "unknown field", version(r#""version": 4, "new_thing": {"a": [1.50]}"#)),
    ]
}

fn resources() -> Vec<Row> {
    let start = BASE.find("    {\n      \"mode\"").unwrap();
    let resource = &BASE[start..BASE.find("  ],\n  \"check").unwrap()];
    let instance_at = BASE.find("        {\n          \"schema").unwrap();
    let instance = &BASE[instance_at..BASE.find("      ]\n    }\n  ],").unwrap()];
    let doubled = |piece: &str| with(piece, &format!("{},\n{piece}", piece.trim_end()));
    let provider = |to: &str| with(r#"provider[\"terraform.io/builtin/terraform\"]"#, to);
    let key = |to: &str| with("\"schema_version\": 0", &format!("\"index_key\": {to}"));
    let no_provider = "resource `terraform_data.x` has a provider that cannot be read";
    let no_key = "resource `terraform_data.x` has an instance key";
    vec![
        refused("18", "a resource twice", doubled(resource), "resource `terraform_data.x` occurs"),
        refused("19", "an instance twice", doubled(instance), "resource `terraform_data.x` occurs"),
        refused("33a", "a provider that is none", provider("aws"), no_provider),
        refused(
            "33b",
            "one in one instance of a module",
            provider("module.m[0].provider.aws"),
            no_provider,
        ),
        read("33c", "one of before 0.13", provider("module.m.provider.aws.west")),
        read("34", "a name that climbs", with("\"name\": \"x\"", "\"name\": \"../../x\"")),
        refused(
            "35",
            "mode weird",
            with("managed", "weird"),
            "resource `terraform_data.x` is neither",
        ),
        refused("36a", "index_key 1.5", key("1.5"), no_key),
        refused("36b", "index_key 1e3", key("1e3"), no_key),
        refused("36c", "index_key -1", key("-1"), no_key),
        refused("36d", "index_key true", key("true"), no_key),
        refused(
            "36e",
            "index_key twice",
            key("0, \"index_key\": 1"),
            "resource `terraform_data.x` has a f",
        ),
        refused(
            "36f",
            "Index_Key",
            key("0, \"Index_Key\": 1"),
            "resource `terraform_data.x` has a f",
        ),
        read("36g", "index_key null", key("null")),
        refused(
            "36h",
            "an attribute twice",
            input(r#"1, "id": "2""#),
            "not a state: a name that occurs",
        ),
        refused(
            "36i",
            "twice, far inside",
            input(r#"[{"a":1,"\u0061":2}]"#),
            "not a state: a name that",
        ),
    ]
}

fn depths() -> Vec<Row> {
    let too_deep = "not a state: nested deeper than 1000 levels";
    let real = [("37a", 127), ("37b", 128), ("37c", 207), ("37d", 407), ("37e", 1_000)];
    let mut rows: Vec<Row> = real
        .into_iter()
        .map(|(number, depth)| read(number, "deep as Terraform writes", input(&nested(depth))))
        .collect();
    rows.push(refused("38a", "one level more than is read", input(&nested(1_001)), too_deep));
    rows.push(refused("38b", "20,000 levels", input(&nested(20_000)), too_deep));
    rows.push(refused("38c", "20,000 that never end", "[".repeat(20_000), too_deep));
    for (number, text) in [("39a", "NaN"), ("39b", "Infinity"), ("39c", "-Infinity")] {
        rows.push(refused(number, text, input(text), "not a state: not JSON"));
    }
    rows
}

/// Numbers, each as it is written.
pub(crate) fn written() -> Vec<(&'static str, String)> {
    vec![
        ("42", "9007199254740993".to_owned()),
        ("43", "123456789012345678901234567890".to_owned()),
        ("44", format!("0.{}", "3".repeat(155))),
        ("45", format!("0.{}1", "0".repeat(399))),
        ("46a", "-0".to_owned()),
        ("46b", "-0.0".to_owned()),
        ("47a", "1.10".to_owned()),
        ("47b", "1.1".to_owned()),
        ("48", "1e400".to_owned()),
        ("49", "1e99999".to_owned()),
        ("50a", "1e999999999".to_owned()),
        ("50b", "7".repeat(100_000)),
    ]
}

fn numbers() -> Vec<Row> {
    written().into_iter().map(|(number, text)| read(number, "a number", input(&text))).collect()
}

fn others() -> Vec<Row> {
    let envelope = r#"{"serial":7,"lineage":"e13d0805-5b5c-4a3e-8c1d-0b4f6f0c7a11","meta":{"k":"e30="},
        "encrypted_data":"aGlkZGVu","encryption_version":"v0"}"#;
    let old = r#"{"version":3,"terraform_version":"0.11.14","serial":7,"lineage":"l","modules":[{
        "path":["root"],"outputs":{"o":{"type":"string","value":"v"}},"resources":{
        "null_resource.a":{"type":"null_resource","primary":{"id":"1"},"provider":"provider.null"}}}]}"#;
    let plan = r#"{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[]}"#;
    let full = with(
        "\"schema_version\": 0,",
        "\"schema_version\": 0, \"create_before_destroy\": true, \"identity\": {\"id\": \"1\"},
          \"identity_schema_version\": 0, \"status\": \"tainted\", \"skip_destroy\": true,",
    );
    let full = full.replace(
        "\"check_results\": null",
        r#""check_results": [{"object_kind": "check", "config_addr": "check.a", "status": "fail",
        "objects": [{"object_addr": "check.a", "status": "fail", "failure_messages": ["n"]}]}]"#,
    );
    vec![
        refused("28e", "version 3 in full", old, "state format version 3 is not 4"),
        refused("51", "OpenTofu's envelope", envelope, "the state is encrypted by OpenTofu"),
        refused("52a", "a saved plan", "PK\x03\x04 tfplan", "not a state: it is an archive"),
        refused("52b", "a plan as JSON", plan, "not a state: it is what `show -json` prints"),
        read("53", "everything that version 4 has", full),
    ]
}

fn names() -> Vec<Row> {
    let key = |name: &str| {
        let quoted = serde_json::Value::from(name).to_string();
        with("\"schema_version\": 0", &format!("\"index_key\": {quoted}"))
    };
    let text = |value: &str| input(&serde_json::Value::from(value).to_string());
    vec![
        read("55", "a key that clears the screen", key("\u{1b}[2J")),
        read("56", "lines with escapes", text("one\n\u{1b}[31mtwo\n\u{1b}[0m")),
        read("57", "links and the clipboard", text("\u{1b}]8;;x\u{7}y\u{1b}]52;c;aGk=\u{7}")),
        read("58", "text that turns around", key("a\u{202e}b")),
        read("59", "C1 as UTF-8", key("a\u{9b}2Jb")),
        read("60a", "NUL, escaped", text("a\0b")),
        refused("60b", "NUL as it is", input("\"a\0b\""), "not a state: not JSON"),
        read("61", "letters without width and lookalikes", key("p\u{200b}r\u{43e}d")),
        read(
            "62",
            "a name that begins with a dash",
            with("\"name\": \"x\"", "\"name\": \"-destroy\""),
        ),
        read("63", "a key with line, quote and template", key("a\nb\"${c}%{d}")),
        read("65", "HTML", text("</script><img src=x onerror=alert(1)>")),
        read("66", "formulas", text("=HYPERLINK(\"x\") +1 -1 @a \t\r \"= ;=")),
        refused(
            "67",
            "an object that passes for a number",
            input(r#"{"$serde_json::private::Number":"1"}"#),
            "not a state: a name that is reserved",
        ),
    ]
}
