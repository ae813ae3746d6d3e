//! A revert sees the world that the user's own terraform sees. `table` plays every surrounding on which
//! that depends, `elsewhere` those that would lead to another state; here is what is told besides.

mod elsewhere;
mod table;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::deeds::file;
use crate::support::script::put;
use crate::support::stage::Stage;

/// A configuration whose provider takes its address from the environment.
fn at_an_address(configuration: &str) -> String {
    let source = "demo = { source = \"unapply/demo\" }";
    format!("terraform {{\n  required_providers {{\n    {source}\n  }}\n}}\n{configuration}")
}

/// A good stack whose provider has its address from `DEMO_ROOT`.
fn good() -> Stage {
    let mut stage = Stage::named();
    let world = stage.world().display().to_string();
    stage.set("DEMO_ROOT", &world);
    stage.write("main.tf", &at_an_address(&file("a", "one")));
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.set_up();
    stage
}

#[test]
fn what_was_kept_back_is_named_when_a_command_fails_and_by_the_doctor() {
    let mut stage = good();
    stage.unapply(&["doctor"]).expect(0).says("handed on whole");
    stage.set("TF_CLI_ARGS_plan", "-parallelism=2");
    stage.set("TF_LOG_PATH", "/dev/null");
    let kept_back = "not handed on to terraform: TF_CLI_ARGS_plan, TF_LOG_PATH";
    stage.unapply(&["doctor"]).expect(0).says(kept_back);
    stage.fault("read:a.txt");
    stage.unapply(&["mark", "good", "--verify"]).expect(1).says(kept_back);
    stage.fault("");
    // Nothing is undone, and that may be so because it looked elsewhere.
    stage.unapply(&["revert", "--plan-only"]).expect(0).says(kept_back);
}

#[test]
fn a_name_that_the_settings_block_is_not_handed_on() {
    let stage = good();
    let settings = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    let blocked = "[terraform]\nenv_block = [\"DEMO_*\"]\n\n[[stack]]";
    stage.write("unapply.toml", &settings.replace("[[stack]]", blocked));
    stage.unapply(&["doctor"]).says("not handed on to terraform: DEMO_ROOT");
    for name in ["TF_WORKSPACE", "UNAPPLY_*"] {
        let passed = format!("[terraform]\nenv_pass = [\"{name}\"]\n\n[[stack]]");
        stage.write("unapply.toml", &settings.replace("[[stack]]", &passed));
        stage.unapply(&["status"]).expect(64).says(&format!("env_pass` names `{name}`"));
    }
}

#[test]
fn a_command_that_works_on_another_state_is_a_contradiction() {
    let stage = Stage::good(&file("a", "one"));
    stage.terraform(&["workspace", "new", "other", "-no-color"]).expect(0);
    stage.terraform(&["workspace", "select", "default", "-no-color"]).expect(0);
    let good = stage.entries("mark").len();
    stage.configure(&(file("a", "one") + &file("b", "two")));
    let sent = |last: &str| format!("TF_WORKSPACE=other terraform apply -auto-approve {last}");
    let ran = stage.unapply(&["run", "--", "sh", "-c", &sent("-no-color")]);
    ran.expect(1).says("stood still").says("unapply -C DIRECTORY");
    let words = sent("-json -replace=demo_file.b");
    let ran = stage.unapply(&["run", "--json", "--", "sh", "-c", &words]);
    assert_eq!(ran.expect(1).json()["elsewhere"], true);
    let words = sent("-no-color -replace=demo_file.b");
    let ran = stage.unapply(&["run", "--on-failure", "revert", "--", "sh", "-c", &words]);
    ran.expect(21).says("stood still");
    assert_eq!(stage.entries("mark").len(), good, "nothing is called good");
    stage.unapply(&["status"]).expect(0);
    stage.unapply(&["history"]).says("it worked on another state");
}

#[test]
fn the_rest_of_a_targeted_apply_is_not_made_by_a_revert() {
    let stage = Stage::good(&file("a", "one"));
    let v2 = file("a", "one") + &file("b", "${demo_file.a.content} b") + &file("never", "later");
    let apply = ["run", "--", "terraform", "apply", "-auto-approve", "-no-color"];
    stage.configure(&v2);
    let ran = stage.unapply(&[&apply[..], &["-target=demo_file.b"]].concat());
    ran.expect(0).says("is good (plan-empty)");
    let good = stage.objects();
    let v3 = v2.replace("\"one\"", "\"two\"") + &file("c", "${demo_file.b.content} c");
    stage.configure(&v3);
    stage.fault("create:c.txt");
    stage.unapply(&[&apply[..], &["-target=demo_file.c"]].concat()).expect(1);
    stage.fault("");
    let ran = stage.unapply(&["revert", "--yes"]).expect(0);
    assert!(!ran.screen().contains("demo_file.never"), "{}", ran.screen());
    assert_eq!(stage.objects(), good);
    stage.unapply(&["status"]).expect(0).says("good");
}

#[test]
fn a_value_that_a_snapshot_lacks_is_named_at_once() {
    let stage = Stage::with(&("variable \"word\" {}\n".to_owned() + &file("a", "${var.word}")));
    let apply = ["apply", "-auto-approve", "-no-color", "-var", "word=one"];
    stage.terraform(&apply).expect(0);
    let lacking =
        "variable `word` has no value that can be kept: give it with --var or TF_VAR_word";
    stage.unapply(&["init"]).expect(0).says(lacking);
    stage.unapply(&["snapshot", "--force"]).expect(0).says(lacking);
    stage.unapply(&["run", "--", "true"]).expect(0).says(lacking);
    let ran = stage.unapply(&["snapshot", "--force", "--var", "word=one"]).expect(0);
    assert!(!ran.screen().contains("no value"), "{}", ran.screen());
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
}

/// A stack whose `terraform` chooses its version by the nearest file of this name, as the shim of a
/// version manager does; private directories lie elsewhere. Returns the stage, the file to which the
/// shim writes which version it chose, and the other place.
fn behind_a_shim(version_file: &str) -> (Stage, PathBuf, TempDir) {
    let mut stage = Stage::with(&file("a", "one"));
    let elsewhere = tempfile::tempdir().unwrap();
    stage.set("TMPDIR", elsewhere.path().to_str().unwrap());
    let asked = stage.path().join("asked");
    let shim = format!(
        r#"#!/bin/sh
d=$PWD; v=default
while [ -n "$d" ]; do
  [ -f "$d/{version_file}" ] && v=$(cat "$d/{version_file}") && break
  d=${{d%/*}}
done
echo "$v" >> '{}'
[ $v = default ] && [ "$1" = version ] && echo 'Terraform v9.9.9' && exit 0
PATH=${{PATH#*:}} exec terraform "$@"
"#,
        asked.display()
    );
    let bin = stage.path().join("shims");
    std::fs::create_dir(&bin).unwrap();
    put(&bin.join("terraform"), shim.as_bytes());
    std::fs::set_permissions(bin.join("terraform"), Permissions::from_mode(0o755)).unwrap();
    put(&stage.path().join(version_file), b"1.11.4\n");
    let path = stage.command("sh", &["-c", "echo $PATH"]).output().unwrap().stdout;
    let path = String::from_utf8(path).unwrap();
    stage.set("PATH", &format!("{}:{}", bin.display(), path.trim()));
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    (stage, asked, elsewhere)
}

#[test]
fn a_shim_chooses_the_same_version_in_a_private_copy() {
    let (stage, asked, _elsewhere) = behind_a_shim(".terraform-version");
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    stage.configure(&file("a", "two"));
    stage.apply().expect(0);
    stage.unapply(&["revert", "--yes"]).expect(0);
    let asked = std::fs::read_to_string(asked).unwrap();
    assert!(asked.lines().count() > 5 && !asked.contains("default"), "{asked}");
}

#[test]
fn a_shim_that_chooses_another_version_in_a_private_copy_is_refused() {
    let (stage, _, _elsewhere) = behind_a_shim(".a-team-version");
    let ran = stage.unapply(&["mark", "good", "--verify"]).expect(16);
    ran.says("in the private copy this program is terraform 9.9.9").says("--tf-bin PATH");
    stage.unapply(&["mark", "good"]).expect(0);
    stage.unapply(&["revert", "--plan-only"]).expect(16).says("nothing was planned");
}

#[test]
fn a_home_that_is_not_there_is_not_made() {
    let mut stage = good();
    let home = stage.path().join("no-home");
    stage.set("HOME", &home.display().to_string());
    stage.unapply(&["snapshot", "--force"]).expect(0);
    stage.unapply(&["show", "good"]).expect(0);
    assert!(!home.exists());
}

#[test]
fn a_file_of_values_that_is_given_is_used_as_values_are_or_refused() {
    let sized = "variable \"size\" {\n  default = \"small\"\n}\n".to_owned();
    let v1 = sized + &file("a", "${var.size}");
    let stage = Stage::with(&v1);
    stage.write("prod.tfvars", "# today\nsize = \"large\"\n");
    stage.terraform(&["apply", "-auto-approve", "-no-color", "-var-file=prod.tfvars"]).expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    let by_name = stage.unapply(&["revert", "--plan-only", "--json", "--var", "size=large"]);
    let by_file = stage.unapply(&["revert", "--plan-only", "--json", "--var-file", "prod.tfvars"]);
    let hazards = |json: serde_json::Value| json["hazards"].clone();
    let (by_name, by_file) = (hazards(by_name.json()), hazards(by_file.json()));
    assert_eq!(by_file, by_name);
    // Whoever gives a value for this revert means it.
    assert_eq!(by_file, serde_json::json!([]), "{by_file:#}");
    stage.unapply(&["revert", "--plan-only"]).expect(0).says("collateral");
    stage.write("other.tfvars", "size = ");
    let ran = stage.unapply(&["revert", "--plan-only", "--var-file", "other.tfvars"]);
    ran.expect(64).says("is no file of values").says("other.tfvars");
    stage.write("other.tfvars", "size = null");
    let ran = stage.unapply(&["revert", "--plan-only", "--var-file", "other.tfvars"]);
    ran.expect(64).says("has a value of `size` that cannot be told from here; give it as --var");
    let ran = stage.unapply(&["revert", "--plan-only", "--var-file", "none.tfvars"]);
    ran.expect(64).says("cannot be read");
}
