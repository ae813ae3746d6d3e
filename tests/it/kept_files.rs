//! Files that a snapshot keeps besides what Terraform loads, and a revert that needs them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::deeds::file;
use crate::support::stage::Stage;

/// A script that says its version and its word in `hook.log`.
fn script(stage: &Stage, version: &str) {
    let log = stage.path().join("hook.log");
    let hooks = stage.stack().join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    stage.write("hooks/h.sh", &format!("#!/bin/sh\necho \"$1 {version}\" >> {}\n", log.display()));
    fs::set_permissions(hooks.join("h.sh"), Permissions::from_mode(0o755)).unwrap();
}

/// The words of the scripts since the last time.
fn hooks(stage: &Stage) -> String {
    let log = stage.path().join("hook.log");
    let said = fs::read_to_string(&log).unwrap_or_default();
    let _gone = fs::remove_file(log).is_ok();
    said.replace('\n', ", ")
}

/// An object that is made anew for each version.
fn object(version: &str, provisioners: &str) -> String {
    format!(
        "resource \"terraform_data\" \"h\" {{\n  triggers_replace = \"{version}\"\n{provisioners}}}\n"
    )
}

const CREATED: &str =
    "  provisioner \"local-exec\" {\n    command = \"./hooks/h.sh create\"\n  }\n";
#[test]
fn files_that_the_configuration_names_are_listed_with_their_modes_and_reasons() {
    let stage = Stage::named();
    script(&stage, "v1");
    stage.configure(&object("v1", CREATED));
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.unapply(&["init"]).expect(0);
    let listed = stage.unapply(&["show", "1", "--files", "--json"]).expect(0).json();
    let row = |file: &serde_json::Value| {
        let text = |name: &str| file[name].as_str().unwrap().to_owned();
        [text("path"), text("mode"), text("why")].join(" ")
    };
    let rows: Vec<String> = listed["files"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(rows[0].split(' ').next(), Some(".terraform.lock.hcl"));
    let [script, main] = &rows[1..] else { panic!("{rows:?}") };
    assert!(script.starts_with("hooks/h.sh 0755 named by main.tf:"), "{script}");
    assert!(main.ends_with("root module"), "{main}");
    assert_eq!(listed["left_out"], serde_json::json!([]));
    let ran = stage.unapply(&["show", "1", "--files"]).expect(0);
    ran.says("rwxr-xr-x").says("hooks/h.sh").says("named by main.tf:").says("3 files");
}

#[test]
fn a_file_that_nothing_has_any_more_is_asked_about_before_anything_is_destroyed() {
    let stage = Stage::named();
    stage.settings("[snapshot]\nmax_file = \"20\"\n");
    script(&stage, "v1");
    stage.configure(&object("v1", CREATED));
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.set_up();
    let ran = stage.unapply(&["snapshot", "--force"]).expect(0);
    ran.says("`hooks/h.sh` is left out: it is larger than `max_file` of the settings allows (");
    stage.unapply(&["show", "1", "--files"]).expect(0).says("left out").says("1 left out");
    let listed = stage.unapply(&["show", "1", "--files", "--json"]).expect(0).json();
    assert_eq!(listed["left_out"][0]["why"], "too-large");
    fs::remove_file(stage.stack().join("hooks/h.sh")).unwrap();
    stage.apply_badly(&(object("v2", "") + &file("bad", "x")), "create-after:bad.txt").expect(1);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("--allow 'missing-file=terraform_data.h'").says("`hooks/h.sh` (main.tf:");
    assert_eq!(stage.everything(), before);
    script(&stage, "v1 again");
    hooks(&stage);
    stage.unapply(&["revert", "--yes"]).expect(0);
    assert_eq!(hooks(&stage), "create v1 again, ");
}
