//! The screen of a plan that runs actions of providers and forgets objects, as a newer engine prints
//! it: a wrapper adds to what the real Terraform shows.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::deeds::{file, good};
use crate::support::script::put;
use crate::support::stage::Stage;

const ADDED: &str = r#""action_invocations":[{"address":"action.demo_note.tell","lifecycle_action_trigger":{"triggering_resource_address":"demo_file.a","action_trigger_event":"AfterUpdate"}}],"deferred_action_invocations":[{"reason":"deferred_prereq","action_invocation":{"address":"action.demo_note.later","lifecycle_action_trigger":{"triggering_resource_address":"demo_file.a","action_trigger_event":"BeforeUpdate"}}}],"provider_calls":[1],"#;

/// A Terraform whose plans of an update run actions, and which forgets instead of destroying.
fn newer(stage: &Stage) -> String {
    let path = stage.path().join("newer");
    let text = format!(
        "#!/bin/sh\ncase \" $* \" in\n*' show '*) terraform \"$@\" | sed -e '/\"update\"/s|^{{|{{{}|' \
         -e 's/\\[\"delete\"\\]/[\"forget\"]/' ;;\n*) exec terraform \"$@\" ;;\nesac\n",
        ADDED.replace('&', "\\&")
    );
    put(&path, text.as_bytes());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn actions_forgotten_objects_and_what_is_unknown_are_on_the_screen_and_in_json() {
    let (stage, _) = good(&file("a", "one"));
    stage.apply_next(&(file("a", "two") + &file("b", "new")));
    let engine = newer(&stage);
    let revert =
        |more: &[&str]| stage.unapply(&[&["--tf-bin", engine.as_str(), "revert"], more].concat());
    insta::assert_snapshot!("screen", revert(&["--plan-only"]).expect(0).screen());
    let json = revert(&["--plan-only", "--json"]).expect(0).json();
    insta::assert_snapshot!(
        "json",
        serde_json::to_string_pretty(&json["action_invocations"]).unwrap()
    );
    assert_eq!(json["released"][0]["address"], "demo_file.b");
    let before = stage.everything();
    // As a real engine tells it: what it puts off leaves something over.
    let text = std::fs::read_to_string(&engine).unwrap();
    let partial = "| sed -e 's/\"complete\":true,//' -e '/\"update\"/s|^{|{\"complete\":false,|' ";
    put(Path::new(&engine), text.replace("| sed ", partial).as_bytes());
    let ran = revert(&["--yes"]).expect(15).says("incomplete-plan");
    ran.says("put off to a later apply: action.demo_note.later (deferred_prereq)");
    put(Path::new(&engine), text.as_bytes());
    let mut ran = revert(&["--yes"]).expect(15);
    for hazard in
        ["runs-action=action.demo_note.tell", "unknown-part=provider_calls", "forgets=demo_file.b"]
    {
        ran = ran.says(&format!("--allow '{hazard}'"));
    }
    assert_eq!(stage.everything(), before);
    revert(&["--plan-only", "--destroy-forgotten", "demo_file.none"])
        .expect(64)
        .says("names nothing that the plan would forget");
}

/// Whether the engine at hand has actions: Terraform from 1.14 on.
fn has_actions(stage: &Stage) -> bool {
    let told = stage.terraform(&["version"]).expect(0).stdout;
    let version = told.lines().next().unwrap().strip_prefix("Terraform v1.");
    version.is_some_and(|rest| rest.split('.').next().unwrap().parse::<u32>().unwrap() >= 14)
}

/// A file whose updates invoke the provider's own action.
fn telling(content: &str) -> String {
    let trigger = "\n  lifecycle {\n    action_trigger {\n      events  = [after_update]\n      \
                   actions = [action.demo_note.tell]\n    }\n  }\n}";
    let action = "action \"demo_note\" \"tell\" {\n  config {\n    path = \"log\"\n    text = \
                  \"told\"\n  }\n}\n";
    format!("{action}{}", file("a", content).replacen("\n}", trigger, 1))
}

#[test]
fn an_engine_with_actions_plays_the_providers_own_and_an_older_one_knows_none() {
    let stage = Stage::with(&file("a", "one"));
    stage.configure(&telling("one"));
    if !has_actions(&stage) {
        stage.apply().expect(1).says("Unsupported block type");
        return;
    }
    stage.set_up();
    let runs = || {
        let text = stage.objects().get("log").map(|log| log.1.clone()).unwrap_or_default();
        String::from_utf8(text).unwrap().lines().count()
    };
    assert_eq!(runs(), 0, "nothing was updated");
    stage.configure(&(telling("two") + &file("bad", "never")));
    stage.fault("create:bad.txt");
    let run = ["run", "--", "terraform", "apply", "-auto-approve", "-no-color", "-input=false"];
    stage.unapply(&run).expect(1).says("action.demo_note.tell   ran");
    assert_eq!(runs(), 1);
    let allow = "--allow=runs-action=action.demo_note.tell";
    stage.unapply(&["revert", "--yes"]).expect(15).says("runs-action");
    assert_eq!(runs(), 1, "nothing runs unasked");
    stage.fault("invoke:log");
    stage.unapply(&["revert", "--yes", allow]).expect(1).says("InjectedFault");
    stage.fault("");
    assert_eq!(runs(), 1);
}
