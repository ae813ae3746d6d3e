//! Snapshots that pipelines take: from a file, from standard input, from a saved plan, and of a
//! state that lives behind HTTP.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::deeds::{Past, file, good};
use crate::support::remote::Remote;
use crate::support::stage::{Stage, UNAPPLY};

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

/// The exact bytes of a revision's state.
fn raw_state(stage: &Stage, revision: &str) -> Vec<u8> {
    stage.command(UNAPPLY, &["show", revision, "--raw-state"]).output().unwrap().stdout
}

#[test]
fn a_state_from_a_file_with_its_configuration_can_be_reverted_to() {
    let v1 = a_and_b();
    let stage = Stage::with(&v1);
    stage.apply().expect(0);
    let copy = stage.path().join("copy.tfstate");
    std::fs::copy(stage.stack().join("terraform.tfstate"), &copy).unwrap();
    let state = copy.display().to_string();
    let arguments = ["snapshot", "--state", &state, "--config-dir", ".", "--json"];
    let json = stage.unapply(&arguments).expect(0).json();
    assert_eq!(json["entry"]["body"]["state_source"], "given", "{json:#}");
    assert_eq!(raw_state(&stage, "1"), stage.state());
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    let past = Past::of(&stage, &v1);
    stage.apply_next(&(file("a", "ONE") + &file("c", "new")));
    stage.goes_back(&past, &[]);
}

#[test]
fn a_state_from_standard_input_is_kept_exactly_and_alone_it_is_no_way_back() {
    let stage = Stage::with(&a_and_b());
    stage.apply().expect(0);
    let take = |bytes: &[u8]| {
        let mut command = stage.command(UNAPPLY, &["snapshot", "--state", "-"]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        stage.ran(child.wait_with_output())
    };
    let odd = [b"\n ".as_slice(), &stage.state(), b"\n\n"].concat();
    take(&odd).expect(0).says("no configuration");
    assert_eq!(raw_state(&stage, "1"), odd);
    stage.unapply(&["mark", "good"]).expect(0);
    let before = stage.everything();
    stage.unapply(&["revert", "--yes"]).expect(13).says("has no configuration");
    take(b"").expect(15).says("state lost").says("standard input");
    take(b"{").expect(15).says("the bytes are kept");
    assert_eq!(raw_state(&stage, "@-"), odd);
    assert_eq!(stage.everything(), before);
    stage.is_sound();
}

#[test]
fn a_saved_plan_is_a_configuration_to_go_back_to_even_when_the_files_are_broken_since() {
    let v1 = "variable \"content\" {}\nresource \"demo_file\" \"a\" {\n  path    = \"a.txt\"\n  \
        content = var.content\n}\n"
        .to_owned()
        + &file("b", "two");
    let mut stage = Stage::with(&v1);
    stage.set("TF_VAR_content", "from outside");
    stage.terraform(&["plan", "-out=saved.tfplan", "-no-color"]).expect(0);
    stage.terraform(&["apply", "-no-color", "saved.tfplan"]).expect(0);
    stage.configure("this is { no configuration");
    let json = stage.unapply(&["snapshot", "--tfplan", "saved.tfplan", "--json"]).expect(0).json();
    assert_eq!(json["entry"]["body"]["variables"][0], "content", "{json:#}");
    stage.unset("TF_VAR_content");
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    stage.configure(&v1);
    stage.set("TF_VAR_content", "from outside");
    let past = Past::of(&stage, &v1);
    stage.apply_next(&(file("a", "ONE") + &file("c", "new")));
    stage.unset("TF_VAR_content");
    stage.configure("this is { no configuration");
    stage.unapply(&["revert", "--yes"]).expect(0);
    stage.configure(&v1);
    stage.set("TF_VAR_content", "from outside");
    past.is_back(&stage);
}

#[test]
fn a_file_that_is_no_plan_is_refused_and_nothing_is_recorded() {
    let (stage, _) = good(&file("a", "one"));
    stage.write("saved.tfplan", "no plan");
    let ran = stage.unapply(&["snapshot", "--tfplan", "saved.tfplan"]).expect(15);
    ran.says("cannot use the saved plan").says("no snapshot was recorded");
    assert_eq!(stage.entries("snapshot").len(), 1);
}

#[test]
fn a_state_behind_http_is_pulled_and_reverted_and_its_password_stays_where_it_was() {
    let remote = Remote::start();
    let mut stage = Stage::with("");
    let v1 = a_and_b();
    stage.write("backend.tf", &remote.backend());
    stage.configure(&v1);
    let flags = ["-backend-config=username=user", "-backend-config=password=pass-word-canary"];
    stage.terraform(&[&["init", "-no-color"], &flags[..]].concat()).expect(0);
    stage.apply().expect(0);
    let mut said = stage.unapply(&["init"]).expect(0).screen();
    let json = stage.unapply(&["show", "1", "--json"]).expect(0);
    assert_eq!(json.json()["entry"]["body"]["state_source"], "pull", "{}", json.stdout);
    said += &json.screen();
    said += &stage.unapply(&["mark", "good", "--verify"]).expect(0).screen();
    let past = Past::of(&stage, &v1);
    stage.apply_badly(&(file("a", "ONE") + &file("c", "new")), "create-after:c.txt").expect(1);
    for verb in [&["status", "--json"][..], &["history"], &["diff"], &["-v", "revert", "--yes"]] {
        said += &stage.unapply(verb).expect(0).screen();
    }
    past.is_back(&stage);
    assert!(!remote.is_locked());
    assert_eq!(remote.refused(), 0);
    let pulled: serde_json::Value = serde_json::from_slice(&raw_state(&stage, "@-")).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&remote.state()).unwrap();
    assert_eq!(pulled["serial"], kept["serial"]);
    said += &stage.log_text();
    assert!(!said.contains("pass-word-canary"), "{said}");
    // The password of today's environment is as good as the one on record.
    let record = stage.stack().join(".terraform/terraform.tfstate");
    let text = std::fs::read_to_string(&record).unwrap().replace("\"pass-word-canary\"", "null");
    stage.write(".terraform/terraform.tfstate", &text);
    stage.unapply(&["snapshot"]).expect(12).says("HTTP remote state endpoint requires auth");
    stage.set("TF_HTTP_PASSWORD", "pass-word-canary");
    stage.unapply(&["revert", "--yes"]).expect(0).says("nothing to undo");
}

#[test]
fn a_lock_behind_http_that_only_the_environment_names_is_respected() {
    let remote = Remote::start();
    let mut stage = Stage::with("");
    for name in ["TF_HTTP_ADDRESS", "TF_HTTP_LOCK_ADDRESS", "TF_HTTP_UNLOCK_ADDRESS"] {
        stage.set(name, &remote.url());
    }
    stage.set("TF_HTTP_USERNAME", "user");
    stage.set("TF_HTTP_PASSWORD", "pass-word-canary");
    stage.write("backend.tf", "terraform {\n  backend \"http\" {}\n}\n");
    stage.configure(&a_and_b());
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.set_up();
    stage.apply_next(&file("a", "ONE"));
    remote.lock(r#"{"ID":"deadbeef","Operation":"OperationTypeApply","Who":"someone@ci"}"#);
    let ran = stage.unapply(&["revert", "--yes", "--lock-timeout", "0s"]).expect(11);
    ran.says("deadbeef").says("nothing was applied").says("was not touched");
    assert!(remote.is_locked());
}
