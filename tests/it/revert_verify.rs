//! Proofs after a revert: attributes, ids, references and checks, on real Terraform.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::deeds::{file, good, volume};
use crate::support::stage::{Ran, Stage};

/// A link named `l` to the file `name`.
fn link(name: &str) -> String {
    format!(
        "resource \"demo_link\" \"l\" {{\n  path   = \"l.lnk\"\n  target = \
         demo_file.{name}.id\n}}\n"
    )
}

/// A file whose content is made from another one's id in two ways.
fn told(name: &str) -> String {
    let content = format!("\"is ${{demo_file.{name}.id}}\"");
    let digest = format!("sha256(demo_file.{name}.id)");
    file("told", "@").replace("\"@\"", &content) + &file("digest", "@").replace("\"@\"", &digest)
}

fn texts(json: &Value, name: &str) -> Vec<String> {
    let texts = json[name].as_array().unwrap_or_else(|| panic!("{json:#}")).iter();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Reverts and insists on the exit code.
#[track_caller]
fn reverted(stage: &Stage, code: i32) -> Value {
    let ran: Ran = stage.unapply(&["revert", "--yes", "--json"]).expect(code);
    ran.json()
}

#[test]
fn ids_that_are_other_ones_are_mapped_and_what_was_made_from_them_is_no_difference() {
    // The link keeps its target from going, so that the new one has to come first.
    let first = "lifecycle {\n    create_before_destroy = true\n  }\n  path ";
    let v1 = file("a", "one").replace("path ", first) + &link("a") + &told("a");
    let stage = Stage::good(&v1);
    let was = stage.id_of("demo_file", "a");
    // Another path makes another object of `a`, and both ways of naming it change.
    stage.apply_next(&v1.replace("a.txt", "other.txt"));
    let json = reverted(&stage, 0);
    let is = stage.id_of("demo_file", "a");
    assert_ne!(was, is);
    assert_eq!(json["recreated"], json!([{"address": "demo_file.a", "was": was, "is": is}]));
    assert_eq!(json["differences"], json!([]), "{json:#}");
    assert_eq!(
        texts(&json, "notes"),
        [
            format!("demo_file.a was made anew and has another id: {was} → {is}"),
            "demo_file.digest differs in content, made from what was made anew".to_owned(),
        ]
    );
    let record = &stage.entries("verification")[0]["body"];
    assert_eq!(record["recreated"], json["recreated"]);
    assert_eq!((&record["expected"], &record["equal"]), (&json!(4), &json!(2)));
    assert_eq!(stage.good_revision(), json["after"].as_u64());
}

#[test]
fn what_terraform_is_told_to_leave_alone_is_told_and_no_difference() {
    let left = "lifecycle {\n    ignore_changes = [content]\n  }\n  path ";
    let a = file("a", "one").replace("path ", left);
    let (stage, _) = good(&(a.clone() + &file("b", "two")));
    stage.edit("a.txt", "tuned");
    stage.apply_next(&(a + &file("b", "TWO")));
    let json = reverted(&stage, 0);
    let note = "demo_file.a differs in content, which Terraform is told to leave alone";
    assert_eq!(texts(&json, "notes"), [note]);
    assert_eq!(stage.objects()["a.txt"].1, b"tuned");
}

/// A file with what another stack says, and a check of it.
fn checked(source: &std::path::Path, content: &str) -> String {
    let check = "check \"upstream\" {\n  assert {\n    condition     = \
                 data.terraform_remote_state.up.outputs.v == \"one\"\n    error_message = \"it says \
                 ${data.terraform_remote_state.up.outputs.v}\"\n  }\n}\n";
    let data = format!(
        "data \"terraform_remote_state\" \"up\" {{\n  backend = \"local\"\n  config = {{ path = \
         \"{}\" }}\n}}\n",
        source.display()
    );
    data + check + &file("a", content)
}

#[test]
fn a_check_that_passed_and_fails_after_the_revert_is_a_difference() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("upstream.json");
    let says = |value: &str| {
        let text = format!(
            r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"up","outputs":{{
                "v":{{"value":"{value}","type":"string"}}}},"resources":[]}}"#
        );
        std::fs::File::create(&source).unwrap().write_all(text.as_bytes()).unwrap();
    };
    says("one");
    let (stage, _) = good(&checked(&source, "one"));
    stage.apply_next(&checked(&source, "ONE"));
    says("canary-two");
    let json = reverted(&stage, 19);
    let failed = ["the check of check.upstream fails, and it passed"];
    assert_eq!(texts(&json, "differences"), failed);
    assert!(!stage.log_text().contains("canary-two"));
    // The same revert once more: by now the state that is gone back to says the same.
    says("one");
    stage.apply_next(&checked(&source, "ONE"));
    assert_eq!(reverted(&stage, 0)["differences"], json!([]));
}

#[test]
fn a_volume_that_was_made_anew_is_listed_as_empty() {
    let v1 = file("a", "one") + &volume(5);
    let stage = Stage::good(&v1);
    stage.apply_next(&file("a", "one"));
    let json = reverted(&stage, 0);
    let left = &json["not_undone"][0];
    assert_eq!(left["address"], "demo_volume.data");
    assert!(
        left["why"].as_str().unwrap().starts_with("it was made anew and starts empty"),
        "{left}"
    );
    assert_eq!(stage.entries("verification")[0]["body"]["not_undone"], json["not_undone"]);
    stage.apply_next(&file("a", "one"));
    let ran = stage.unapply(&["revert", "--yes"]).expect(0);
    ran.says("not undone ! demo_volume.data: it was made anew and starts empty");
}

#[test]
fn a_dependency_that_an_apply_added_and_its_revert_took_back_is_no_difference() {
    let v1 = file("a", "one") + &file("b", "two");
    let (stage, past) = good(&v1);
    let after = file("b", "two").replace("content", "depends_on = [demo_file.c]\n  content");
    stage.apply_next(&(file("a", "ONE") + &after + &file("c", "new")));
    let state = String::from_utf8(stage.state()).unwrap();
    assert!(state.contains("\"dependencies\": ["), "{state}");
    let json = reverted(&stage, 0);
    assert_eq!(json["differences"], json!([]));
    assert_eq!(json["notes"], json!([]));
    past.is_back(&stage);
}
