//! References as `show -json` prints them.

use super::*;
use crate::model::references::ReferencedModule;

fn root(text: &str) -> ReferencedModule {
    serde_json::from_str::<ConfigurationFile>(text).unwrap().into_root()
}

fn with_input(references: &str) -> ReferencedModule {
    root(&format!(
        r#"{{"root_module":{{"resources":[{{"address":"t.a",
            "expressions":{{"input":{{"references":[{references}]}}}},
            "for_each_expression":{{"references":["data.k.all"]}}}}]}}}}"#
    ))
}

fn check(references: &str, expected: &[&str]) {
    let found: Vec<String> =
        with_input(references).blocks["t.a"].attributes["input"].iter().map(word).collect();
    assert_eq!(found, expected, "{references}");
}

fn word(reference: &Reference) -> String {
    let key = reference.key.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{:?}{key} {}", reference.subject, reference.path)
}

#[test]
fn a_reference_is_read_as_far_as_it_is_told() {
    check(
        r#""data.k.n[\"q\"].outputs.l[\"a\"][0]","data.k.n[\"q\"].outputs.l[\"a\"]","data.k.n[\"q\"].outputs.l",
        "data.k.n[\"q\"].outputs","data.k.n[\"q\"]","data.k.n""#,
        &[r#"Data("data.k.n")["q"] outputs.l.a[0]"#],
    );
    check(r#""var.given.x","var.given""#, &[r#"Input("given") x"#]);
    check(r#""t.b.output","t.b","t.bc""#, &[r#"Resource("t.b") output"#, r#"Resource("t.bc") "#]);
    check(r#""t.b[1].output","t.b[1]","t.b""#, &[r#"Resource("t.b")[1] output"#]);
    check(
        r#""module.m[\"a\"].out.x","module.m[\"a\"]""#,
        &[r#"Output { call: "m", name: "out" }["a"] x"#],
    );
}

#[test]
fn what_is_not_told_is_hidden_and_what_cannot_change_is_nothing() {
    check(r#""local.x""#, &["Hidden "]);
    check(r#""module.m""#, &["Hidden "]);
    check(r#""data.k","var""#, &["Hidden ", "Hidden "]);
    check(r#""path.module","terraform.workspace""#, &[]);
    check(r#""each.key","each.value.x""#, &[r#"Data("data.k.all") "#, r#"Data("data.k.all") "#]);
    // An escaped key could be misread: every instance is meant then.
    check(r#""data.k.n[\"a\\\\\"b\"].x""#, &[r#"Data("data.k.n") "#]);
}

#[test]
fn what_is_written_down_is_told_by_name_down_into_blocks() {
    let found = root(
        r#"{"root_module":{"resources":[{"address":"t.a","expressions":{
            "disk":[{"size":{"constant_value":1},"deep":[{"kind":{"references":["var.k"]}}]},
                {"size":{"constant_value":2}}],
            "call":{},"nothing":{"constant_value":null},
            "tags":{"constant_value":{"a":"b"}},"timeouts":{"create":{"constant_value":"1m"}}}}]}}"#,
    );
    let block = &found.blocks["t.a"];
    let written: Vec<String> = block.written.iter().map(|names| names.join(".")).collect();
    assert_eq!(written, ["call", "disk.deep.kind", "disk.size", "tags", "timeouts.create"]);
    let name = |name: &str| Step::Name(name.to_owned());
    for (path, is_written) in [
        (vec![name("disk"), Step::Index(1), name("size")], true),
        (vec![name("disk"), Step::Index(1), name("volume")], false),
        (vec![name("disk"), Step::Index(1)], true),
        (vec![name("tags"), name("any")], true),
        (vec![name("nothing")], false),
        (vec![name("id")], false),
    ] {
        let path = Path(path);
        assert_eq!(block.writes(&path), is_written, "{path}");
    }
}

#[test]
fn references_inside_blocks_count_and_constants_do_not() {
    let found = root(
        r#"{"root_module":{"resources":[{"address":"t.a","expressions":{
            "rule":[{"port":{"references":["var.a"]}},{"x":[{"y":{"references":["var.b"]}}]}],
            "plain":{"constant_value":{"references":["var.c"]}}}}],
            "module_calls":{"m":{"expressions":{"g":{"references":["t.a"]}},
            "module":{"outputs":{"o":{"expression":{"references":["var.g"]}}}}}},
            "outputs":{"p":{"expression":{"references":["local.x"]}}}}}"#,
    );
    assert_eq!(found.blocks["t.a"].attributes["rule"].len(), 2);
    assert_eq!(found.blocks["t.a"].attributes["plain"], []);
    assert_eq!(found.outputs["p"].len(), 1);
    assert_eq!(found.find(["m"]).unwrap().outputs["o"].len(), 1);
    assert_eq!(found.find(["n"]), None);
}
