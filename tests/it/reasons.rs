//! Why an action is there, on real Terraform: data sources that moved, hand edits, and outputs.
//!
//! `terraform_remote_state` is built into Terraform: its source here is a file that a test writes.

use std::io::Write as _;

use serde_json::Value;

use crate::support::deeds::{Past, file, good};
use crate::support::stage::Stage;

/// The state of a stack upstream, with one output in clear and one that is secret.
fn upstream(value: &str) -> String {
    format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"up","outputs":{{
            "v":{{"value":"{value}","type":"string"}},
            "s":{{"value":"canary-{value}","type":"string","sensitive":true}}}},"resources":[]}}"#
    )
}

fn put(path: &std::path::Path, text: &str) {
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// A stack that reads another one's outputs.
struct Downstream {
    stage: Stage,
    past: Past,
    configuration: String,
    source: std::path::PathBuf,
    _directory: tempfile::TempDir,
}

/// The stack, good while the other one said `one`.
fn downstream(configuration: &str) -> Downstream {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("upstream.json");
    put(&source, &upstream("one"));
    let configuration = format!(
        "data \"terraform_remote_state\" \"up\" {{\n  backend = \"local\"\n  config = {{ path = \
         \"{}\" }}\n}}\n{configuration}",
        source.display()
    );
    let (stage, past) = good(&configuration);
    Downstream { stage, past, configuration, source, _directory: directory }
}

impl Downstream {
    /// The other stack says `two` from now on.
    fn moves(&self) {
        put(&self.source, &upstream("two"));
    }

    fn planned(&self) -> Value {
        self.stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json()
    }
}

/// A file that holds what an expression says.
fn holds(name: &str, expression: &str) -> String {
    file(name, "@").replace("\"@\"", expression)
}

const V: &str = "data.terraform_remote_state.up.outputs.v";

fn reasons(planned: &Value, address: &str) -> Vec<String> {
    let actions = planned["actions"].as_array().unwrap();
    let action = actions.iter().find(|action| action["address"] == address).unwrap();
    let reasons = action["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["why"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_data_source_that_says_what_it_said_is_no_obstacle() {
    let down = downstream(&(holds("a", V) + &file("b", "two")));
    down.stage.apply_next(&down.configuration.replace("\"two\"", "\"TWO\""));
    down.stage.goes_back(&down.past, &[]);
}

/// Insists that a revert keeps these attributes, and the world is what it was.
fn keeps(down: &Downstream, kept: &[(&str, &[&str])]) {
    let planned = down.planned();
    assert_eq!(planned["hazards"], serde_json::json!([]), "{planned:#}");
    let found: Vec<(&str, Vec<&str>)> = planned["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert!(one["why"].as_str().unwrap().contains("says something else today"));
            let names = one["attributes"].as_array().unwrap().iter();
            (one["address"].as_str().unwrap(), names.map(|name| name.as_str().unwrap()).collect())
        })
        .collect();
    let expected: Vec<(&str, Vec<&str>)> =
        kept.iter().map(|(address, names)| (*address, names.to_vec())).collect();
    assert_eq!(found, expected, "{planned:#}");
    let ran = down.stage.unapply(&["revert", "--yes"]).expect(0).says("kept as it is");
    for (address, _) in kept {
        assert!(ran.stderr.contains(&format!("--allow 'moved-input={address}'")), "{}", ran.stderr);
        let note = format!("a plan wants to update {address}, which was kept as it is");
        assert!(ran.stdout.contains(&note), "{}", ran.stdout);
    }
    assert_eq!(&down.stage.objects(), down.past.objects());
    assert_eq!(down.stage.left_over(), "");
}

#[test]
fn what_a_data_source_would_change_is_kept_where_it_is_good() {
    let down = downstream(&(holds("a", V) + &file("b", "two")));
    down.stage.apply_next(&down.configuration.replace("\"two\"", "\"TWO\""));
    down.moves();
    keeps(&down, &[("demo_file.a", &["content"])]);
    let after = down.stage.unapply(&["status", "--json"]).expect(0).json();
    assert_eq!(after["stacks"][0]["good"].as_u64(), down.stage.good_revision());
    // What is good now says of itself what its plan proposes.
    let log = down.stage.log_text();
    let mut residuals = log.split("\"residual\"").skip(1);
    assert!(residuals.any(|rest| rest.starts_with(r#":[{"address":"demo_file.a""#)), "{log}");
}

#[test]
fn a_data_source_that_moved_is_let_in_by_its_own_flag_alone() {
    let down = downstream(&(holds("a", V) + &file("b", "two")));
    down.stage.apply_next(&down.configuration.replace("\"two\"", "\"TWO\""));
    down.moves();
    let allow = ["revert", "--yes", "--allow", "moved-input=demo_file.a"];
    down.stage.unapply(&allow).expect(0);
    assert_eq!(down.stage.objects()["a.txt"].1, b"two");
    assert_eq!(down.stage.objects()["b.txt"].1, b"two");
    let intent = down.stage.log_text();
    assert!(intent.contains("moved-input=demo_file.a"), "{intent}");
}

#[test]
fn what_is_kept_stands_beside_what_the_block_ignores_and_beside_what_is_undone() {
    let own = "\n  lifecycle {\n    ignore_changes  = [labels[\"x\"], mode]\n    prevent_destroy = \
               true\n  }\n}";
    let a = holds("a", V).replace("\n}", "\n  labels = { x = \"1\", y = \"1\" }\n}");
    let down = downstream(&(a.replace("\n}", own) + &file("b", "two")));
    // `y` is undone in the same object, `x` and the mode are left alone.
    let v2 = down.configuration.replace("y = \"1\"", "y = \"2\"");
    down.stage.apply_next(&v2);
    let path = down.stage.world().join("a.txt");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    down.moves();
    let planned = down.planned();
    assert_eq!(reasons(&planned, "demo_file.a"), ["undo"]);
    assert_eq!(planned["kept"][0]["attributes"], serde_json::json!(["content"]));
    down.stage.unapply(&["revert", "--yes"]).expect(0);
    let (mode, content) = &down.stage.objects()["a.txt"];
    assert_eq!((*mode & 0o777, content), (0o600, &down.past.objects()["a.txt"].1));
}

#[test]
fn what_is_not_good_in_one_instance_is_kept_in_none() {
    let each = holds("a", V).replace(
        "\"a.txt\"",
        "\"${each.key}.txt\"\n  for_each = toset([\"x\", \"y\"])\n  mode = \"0644\"",
    );
    let down = downstream(&each);
    down.stage.apply_next(&down.configuration.replace("\"0644\"", "\"0600\""));
    down.moves();
    let planned = down.planned();
    assert_eq!(planned["kept"].as_array().unwrap().len(), 2, "{planned:#}");
    down.stage.edit("y.txt", "by hand");
    let before = down.stage.everything();
    let ran = down.stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("moved-input").says("data.terraform_remote_state.up (outputs.");
    assert_eq!(down.stage.everything(), before);
    assert_eq!(down.planned()["kept"], serde_json::json!([]));
}

#[test]
fn a_replacement_that_only_a_data_source_asks_for_is_not_made() {
    let moved = holds("a", "\"one\"").replace("\"a.txt\"", &format!("\"${{{V}}}.txt\""));
    let down = downstream(&(moved + &file("b", "two")));
    down.stage.apply_next(&down.configuration.replace("\"two\"", "\"TWO\""));
    down.moves();
    let planned = down.planned();
    assert_eq!(planned["kept"][0]["attributes"], serde_json::json!(["path"]), "{planned:#}");
    down.stage.unapply(&["revert", "--yes"]).expect(0);
    assert_eq!(&down.stage.objects(), down.past.objects());
}

#[test]
fn a_data_source_is_found_behind_a_local_and_behind_a_module() {
    let local = format!("locals {{\n  hidden = {V}\n}}\n");
    let module = format!("module \"m\" {{\n  source = \"./m\"\n  given = {V}\n}}\n");
    let down = {
        let stage =
            downstream(&(local + &holds("a", "\"is ${local.hidden}\"") + &file("b", "two")));
        std::fs::create_dir(stage.stage.stack().join("m")).unwrap();
        let inside =
            "terraform {\n  required_providers {\n    demo = { source = \"unapply/demo\" }\n  \
                      }\n}\nvariable \"given\" {}\n"
                .to_owned()
                + &holds("m", "var.given");
        stage.stage.write("m/main.tf", &inside);
        stage
    };
    let good = format!("{}{module}", down.configuration);
    down.stage.configure(&good);
    down.stage.terraform(&["init", "-no-color"]).expect(0);
    down.stage.apply().expect(0);
    down.stage.unapply(&["snapshot"]).expect(0);
    down.stage.unapply(&["mark", "good"]).expect(0);
    let down = Downstream { past: Past::of(&down.stage, &good), ..down };
    down.stage.apply_next(&good.replace("\"two\"", "\"TWO\""));
    down.moves();
    let all = ["revert", "--plan-only", "--json", "--allow", "moved-input=*"];
    let planned = down.stage.unapply(&all).expect(0).json();
    assert_eq!(reasons(&planned, "demo_file.a"), ["moved-input"]);
    assert_eq!(reasons(&planned, "module.m.demo_file.m"), ["moved-input"]);
    assert_eq!(reasons(&planned, "demo_file.b"), ["undo"]);
    let kept = [("demo_file.a", &["content"][..]), ("module.m.demo_file.m", &["content"][..])];
    keeps(&down, &kept);
}

#[test]
fn what_is_undone_to_something_else_than_it_was_is_asked_about_too() {
    let down = downstream(&holds("a", V));
    down.stage.apply_next(&holds("a", "\"failed\""));
    down.moves();
    assert_eq!(reasons(&down.planned(), "demo_file.a"), ["moved-input", "undo"]);
    down.stage.unapply(&["revert", "--yes"]).expect(15).says("moved-input");
    let all = ["revert", "--yes", "--allow", "moved-input=demo_*"];
    down.stage.unapply(&all).expect(0);
}

#[test]
fn instances_that_come_and_go_with_a_data_source_are_named() {
    let each = holds("a", "each.key")
        .replace("\"a.txt\"", "\"${each.key}.txt\"\n  for_each = toset([@])")
        .replace('@', V);
    let down = downstream(&(each + &file("b", "two")));
    down.stage.apply_next(&down.configuration.replace("\"two\"", "\"TWO\""));
    down.moves();
    let planned = down.planned();
    assert_eq!(reasons(&planned, "demo_file.a[\"one\"]"), ["moved-input"]);
    assert_eq!(reasons(&planned, "demo_file.a[\"two\"]"), ["moved-input"]);
}

#[test]
fn outputs_that_would_change_are_listed_and_secrets_are_not_shown() {
    let outputs = |b: &str| {
        format!(
            "output \"b\" {{\n  value = \"{b}\"\n}}\noutput \"moved\" {{\n  value = {V}\n}}\n\
             output \"secret\" {{\n  value     = \
             data.terraform_remote_state.up.outputs.s\n  sensitive = true\n}}\n"
        )
    };
    let down = downstream(&(file("b", "two") + &outputs("plain")));
    let v1 = down.configuration.clone();
    down.stage.apply_next(&v1.replace("\"two\"", "\"TWO\"").replace("\"plain\"", "\"failed\""));
    down.moves();
    let ran = down.stage.unapply(&["revert", "--plan-only"]).expect(0);
    let ran = ran.says("output.b   \"failed\" → \"plain\"   undo");
    let ran = ran.says("output.moved   \"one\" → \"two\"   moved-input");
    let ran = ran.says("output.secret   (sensitive ");
    assert!(!ran.stdout.contains("canary") && !ran.stderr.contains("canary"));
    let planned = down.planned();
    let listed = planned["outputs"].as_array().unwrap().iter();
    let listed: Vec<String> =
        listed.map(|output| format!("{} {}", output["name"], output["why"])).collect();
    assert_eq!(
        listed,
        ["\"b\" \"undo\"", "\"moved\" \"moved-input\"", "\"secret\" \"moved-input\""]
    );
    assert!(!planned.to_string().contains("canary"));
    down.stage.unapply(&["revert", "--yes"]).expect(0);
}

#[test]
fn each_attribute_of_an_action_says_its_own_reason() {
    let (stage, _) = good(&file("a", "one"));
    stage.apply_next(&file("a", "ONE"));
    let path = stage.world().join("a.txt");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, mode).unwrap();
    let ran = stage.unapply(&["revert", "--plan-only"]).expect(0);
    let lines = |word: &str| {
        let text = format!("{}{}", ran.stdout, ran.stderr);
        text.lines().find(|line| line.contains(word)).unwrap().to_owned()
    };
    assert!(lines("content").ends_with("undo"), "{}", lines("content"));
    assert!(lines("mode ").ends_with("older-drift"), "{}", lines("mode "));
    assert!(lines("demo_file.a ").ends_with("older-drift, undo"), "{}", lines("demo_file.a "));
    stage.unapply(&["revert", "--yes"]).expect(15).says("older-drift");
}
