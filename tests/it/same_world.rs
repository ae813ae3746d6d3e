//! A revert sees the world that the user's own terraform sees: the environment, and what is told of
//! what was kept back of it.

use crate::support::deeds::{Past, file};
use crate::support::stage::Stage;

/// A configuration whose provider takes its address from the environment.
fn at_an_address(configuration: &str) -> String {
    let source = "demo = { source = \"registry.terraform.io/unapply/demo\" }";
    format!("terraform {{\n  required_providers {{\n    {source}\n  }}\n}}\n{configuration}")
}

/// A good stack whose provider has its address from `DEMO_ROOT`.
fn good() -> (Stage, Past) {
    let mut stage = Stage::named();
    let world = stage.world().display().to_string();
    stage.set("DEMO_ROOT", &world);
    stage.write("main.tf", &at_an_address(&file("a", "one")));
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    let past = Past::of(&stage, &file("a", "one"));
    (stage, past)
}

fn v2() -> String {
    at_an_address(&(file("a", "ONE") + &file("b", "new")))
}

#[test]
fn an_address_of_the_environment_is_the_same_in_a_revert() {
    let (stage, past) = good();
    stage.write("main.tf", &v2());
    stage.unapply(&["snapshot"]).expect(0);
    stage.fault("create-after:b.txt");
    stage.apply().expect(1);
    stage.fault("");
    stage.goes_back(&past, &[]);
}

#[test]
fn an_address_of_the_environment_is_the_same_under_a_net() {
    let (stage, past) = good();
    stage.write("main.tf", &v2());
    stage.fault("create-after:b.txt");
    let apply = ["terraform", "apply", "-auto-approve", "-no-color"];
    let ran = stage.unapply(&[&["run", "--on-failure", "revert", "--"][..], &apply].concat());
    stage.fault("");
    ran.expect(20);
    past.is_back(&stage);
}

#[test]
fn what_was_kept_back_is_named_when_a_command_fails_and_by_the_doctor() {
    let (mut stage, _) = good();
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
    let (stage, _) = good();
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
fn a_home_that_is_not_there_is_not_made() {
    let (mut stage, _) = good();
    let home = stage.path().join("no-home");
    stage.set("HOME", &home.display().to_string());
    stage.unapply(&["snapshot", "--force"]).expect(0);
    stage.unapply(&["show", "good"]).expect(0);
    assert!(!home.exists());
}
