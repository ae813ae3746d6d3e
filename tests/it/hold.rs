//! Holds by hand and by a revert, the commands that they stop, and what a revert refuses to build
//! upon.

use unapply::model::apply_report::ObjectOutcome;

use crate::support::deeds::{file, good};
use crate::support::journals::reported;
use crate::support::stage::Stage;

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

fn worse() -> String {
    file("a", "ONE") + &file("b", "two") + &file("c", "new")
}

/// Names and times of everything in the store.
fn store(stage: &Stage) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![stage.stack().join(".unapply")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let facts = path.metadata().unwrap();
            names.push(format!("{} {:?} {}", path.display(), facts.modified(), facts.len()));
            if facts.is_dir() {
                open.push(path);
            }
        }
    }
    names.sort();
    names
}

#[test]
fn a_hold_by_hand_stops_everything_until_it_is_released() {
    let (stage, _) = good(&a_and_b());
    stage.unapply(&["guard"]).expect(0).says("not held");
    stage.unapply(&["hold"]).expect(64).says("needs a reason");
    stage.unapply(&["hold", "--reason", "r", "--until", "1999-01-01"]).expect(64).says("past");
    assert_eq!(stage.entries("hold").len(), 0);
    let until = ["hold", "--reason", "freeze for the audit", "--until", "8h"];
    insta::assert_snapshot!("hold", stage.unapply(&until).screen());
    insta::assert_snapshot!(
        "hold-json",
        stage.unapply(&["hold", "--reason", "twice", "--json"]).screen()
    );
    let before = store(&stage);
    insta::assert_snapshot!("guard", stage.unapply(&["guard"]).screen());
    insta::assert_snapshot!("guard-json", stage.unapply(&["guard", "--json"]).screen());
    assert_eq!(store(&stage), before, "a guard writes nothing");
    stage.unapply(&["release"]).expect(64).says("needs a reason");
    stage.unapply(&["release", "3", "--reason", "over"]).expect(0).says("one hold is lifted");
    stage.unapply(&["guard"]).expect(15).says("twice").says("until it is released");
    stage.unapply(&["release", "3", "--reason", "over"]).expect(13).says("no hold that stands");
    stage.unapply(&["release", "--reason", "over"]).expect(0).says("one hold is lifted");
    stage.unapply(&["release", "--reason", "over"]).expect(0).says("nothing is held");
    stage.unapply(&["guard"]).expect(0);
    stage.is_sound();
}

#[test]
fn what_a_revert_took_back_is_held_and_another_configuration_is_not() {
    let (stage, v1) = good(&a_and_b());
    stage.apply_next(&worse());
    let ran = stage.unapply(&["revert", "--yes", "--json"]).expect(0);
    let hold = ran.json()["hold"].as_u64().unwrap();
    let intent = ran.json()["intent"].as_u64().unwrap();
    assert_eq!(intent, hold + 1, "it was held before anything changed");
    let before = store(&stage);
    let refused = stage.unapply(&["guard"]).expect(15);
    let refused = refused.says("taken back to r1").says("held by tester").says("unapply release");
    refused.says("call neither `run` nor `guard`");
    let json = stage.unapply(&["guard", "--json"]);
    assert_eq!((json.code, &json.json()["allowed"]), (15, &false.into()));
    assert_eq!(json.json()["hold"]["target"], 1, "{:#}", json.json());
    stage.configure(&a_and_b());
    let json = stage.unapply(&["guard", "--json"]).expect(0).json();
    assert_eq!(json["allowed"], true, "{json:#}");
    stage.configure(&file("a", "a third way"));
    stage.unapply(&["guard"]).expect(0);
    stage.configure(&worse());
    stage.unapply(&["guard"]).expect(15);
    assert_eq!(store(&stage), before, "a guard writes nothing");
    stage.unapply(&["release", "--reason", "it was the weather"]).expect(0);
    stage.unapply(&["guard"]).expect(0);
    v1.is_back(&stage);
}

#[test]
fn a_saved_plan_is_asked_about_as_what_it_is() {
    let (stage, _) = good(&a_and_b());
    // Of a value that nobody gives a plan tells, and its directory does not.
    let worse = || worse() + "variable \"n\" {\n  default = 1\n}\nvariable \"x\" {}\n";
    stage.write("terraform.tfvars", "x = \"bad\"\n");
    stage.apply_next(&worse());
    stage.unapply(&["revert", "--yes"]).expect(0).says("What was taken back is held until");
    let plan = ["plan", "-out=p.tfplan", "-no-color", "-input=false"];
    stage.terraform(&plan).expect(0);
    stage.configure(&a_and_b());
    stage.unapply(&["guard"]).expect(0);
    // The directory is another one by now: the plan's own files tell.
    stage.unapply(&["guard", "--tfplan", "p.tfplan"]).expect(15).says("taken back to r1");
    let script = "terraform apply -no-color p.tfplan";
    stage.unapply(&["run", "--", "sh", "-c", script]).expect(15).says("held");
    stage.configure(&worse());
    stage.write("terraform.tfvars", "x = \"mended\"\n");
    stage.terraform(&plan).expect(0);
    stage.unapply(&["guard", "--tfplan", "p.tfplan"]).expect(0);
    stage.configure(&(worse() + &file("d", "better")));
    stage.terraform(&plan).expect(0);
    stage.unapply(&["guard", "--tfplan", "p.tfplan"]).expect(0);
    stage.write("p.tfplan", r#"{"encryption_version":"v0","encrypted_data":"aGlkZGVu"}"#);
    let run: &[&str] = &["run", "--", "terraform", "apply", "p.tfplan"];
    for arguments in [&["guard", "--tfplan", "p.tfplan"][..], run] {
        let ran = stage.unapply(arguments).expect(15).says("it is encrypted");
        ran.says("unapply run -- terraform apply ").says("unapply release r");
    }
    stage.write("p.tfplan", "no plan");
    stage.unapply(&["guard", "--tfplan", "p.tfplan"]).expect(15).says("cannot use the saved plan");
}

#[test]
fn a_commit_that_was_reverted_is_held_with_other_variables_too() {
    let variable = "variable \"x\" {\n  default = \"1\"\n}\n";
    let mut stage = Stage::with(&(a_and_b() + variable));
    let git = |stage: &Stage, arguments: &[&str]| {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        stage.ran(stage.command("git", &[&who[..], arguments].concat()).output()).expect(0)
    };
    stage.write(".gitignore", ".terraform*\n*.tfstate*\n.unapply\n");
    git(&stage, &["init", "-q", "."]);
    let commit = |stage: &Stage| {
        git(stage, &["add", "-A"]);
        git(stage, &["commit", "-q", "-m", "m"]);
    };
    commit(&stage);
    stage.set_up();
    stage.configure(&(worse() + variable));
    commit(&stage);
    let head = git(&stage, &["rev-parse", "--short=7", "HEAD"]).stdout.trim().to_owned();
    stage.unapply(&["snapshot"]).expect(0);
    stage.apply().expect(0);
    let ran = stage.unapply(&["revert", "--yes"]).expect(0);
    let ran = ran.says(&format!("Your branch still contains {head}"));
    ran.says(&format!("git revert {head}      then      unapply release"));
    stage.set("TF_VAR_x", "2");
    stage.unapply(&["guard"]).expect(15).says(&head);
    stage.write("notes.txt", "not as committed");
    stage.unapply(&["guard"]).expect(0);
    std::fs::remove_file(stage.stack().join("notes.txt")).unwrap();
    git(&stage, &["revert", "--no-edit", "HEAD"]);
    stage.unapply(&["guard"]).expect(0);
}

#[test]
fn how_long_a_revert_holds_is_a_setting_and_everything_can_be_held() {
    let (stage, v1) = good(&a_and_b());
    stage.settings("[revert]\nhold_for = \"0\"\n");
    stage.apply_next(&worse());
    stage.goes_back(&v1, &[]);
    assert_eq!(stage.entries("hold").len(), 0);
    stage.apply_next(&worse());
    let ran = stage.unapply(&["revert", "--yes", "--hold", "--reason", "nobody move"]).expect(0);
    ran.says("The stack is held until it is released");
    stage.configure(&file("z", "anything"));
    stage.unapply(&["guard"]).expect(15).says("nothing can be applied").says("nobody move");
}

#[test]
fn status_tells_holds_and_what_is_open_and_fails_on_what_it_is_asked_to() {
    let (stage, _) = good(&a_and_b());
    let quiet = ["drift", "overdue", "held", "unfinished", "no-good", "changed", "stale=1h"];
    for asked in quiet {
        let code = if asked == "drift" { 2 } else { 0 };
        stage.unapply(&["status", "--fail-on", asked]).expect(code);
    }
    stage.unapply(&["drift"]).expect(0);
    stage.unapply(&["status", "--fail-on", "drift"]).expect(0);
    stage.unapply(&["status", "--fail-on", "nonsense"]).expect(64).says("stale=DUR");
    stage.apply_next(&worse());
    let intent = stage.say_run();
    let lost = reported("demo_file.lost", "create", ObjectOutcome::Created, Some("f-42"));
    stage.say_ended(
        intent,
        vec![lost, reported("demo_file.dup", "create", ObjectOutcome::Failed, None)],
        "",
    );
    stage.unapply(&["hold", "--reason", "r", "--until", "8h"]).expect(0);
    let asked = ["--fail-on", "held", "--fail-on", "unfinished", "--fail-on", "changed"];
    let table = stage.unapply(&[&["status"], &asked[..]].concat()).expect(2);
    insta::assert_snapshot!("status", table.screen());
    let json = stage.unapply(&[&["status", "--json"], &asked[..]].concat()).expect(2).json();
    let found: Vec<&str> =
        json["failed_on"].as_array().unwrap().iter().map(|f| f["what"].as_str().unwrap()).collect();
    assert_eq!(found, ["held", "unfinished", "changed"], "{json:#}");
    let status = &json["stacks"][0];
    assert_eq!(status["unsettled"][0]["stands_in_the_way"], true, "{json:#}");
    assert_eq!(status["unsettled"][1]["stands_in_the_way"], false, "{json:#}");
    assert_eq!(status["holds"][0]["everything"], true, "{json:#}");
    assert_eq!(status["lock"], serde_json::Value::Null);
    assert_eq!(status["lock_visible"], true);
}

#[test]
fn status_tells_who_has_the_lock_and_what_was_only_left_over() {
    let (stage, _) = good(&a_and_b());
    let sleeping = "resource \"terraform_data\" \"s\" {\n  provisioner \"local-exec\" {\n    \
                    command = \"sleep 8\"\n  }\n}\n";
    stage.configure(&(a_and_b() + sleeping));
    let arguments = ["apply", "-auto-approve", "-no-color", "-input=false"];
    let mut child =
        stage.command("terraform", &arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut found = serde_json::Value::Null;
    for _ in 0..40 {
        let json = stage.unapply(&["status", "--json"]).expect(0).json();
        found = json["stacks"][0]["lock"].clone();
        if found["standing"] == "held" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(250));
    }
    assert_eq!(found["standing"], "held", "{found:#}");
    assert_eq!(found["operation"], "OperationTypeApply", "{found:#}");
    assert!(child.wait().unwrap().success());
    stage.write(".terraform.tfstate.lock.info", "{\"Who\":\"ghost@nowhere\"}");
    stage.unapply(&["status"]).expect(0).says("a lock of ghost@nowhere is announced");
}

/// A server that answers each request with this status line, and its address.
fn server(status: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _read = stream.read(&mut [0; 4096]);
            let elsewhere = "Location: http://127.0.0.1:1/elsewhere";
            let answer = format!("HTTP/1.1 {status}\r\n{elsewhere}\r\nContent-Length: 0\r\n\r\n");
            let _gone = stream.write_all(answer.as_bytes());
        }
    });
    address.to_string()
}

#[test]
fn an_address_that_must_answer_is_a_check() {
    let (stage, _) = good(&a_and_b());
    let settings = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    let with = |http: &str| {
        let checks = format!("[good]\nchecks = [\"plan-empty\", {{ {http} }}]\n\n[[stack]]");
        stage.write("unapply.toml", &settings.replace("[[stack]]", &checks));
        stage.unapply(&["mark", "good", "--verify", "--json"])
    };
    let fine = server("200 OK");
    let json = with(&format!("http = \"http://{fine}/healthz?token=abc\"")).expect(0).json();
    let checks = &json["entry"]["body"]["checks"];
    assert_eq!(checks[0], format!("GET http://{fine}/healthz"), "{json:#}");
    let bad = server("503 Service Unavailable");
    with(&format!("http = \"http://{bad}/\"")).expect(1).says("status 503, not 200");
    with(&format!("http = \"http://{bad}/\", expect = 503")).expect(0);
    let away = server("302 Found");
    with(&format!("http = \"http://{away}/\"")).expect(1).says("status 302, not 200");
    // No TLS is spoken there.
    with(&format!("http = \"https://{fine}/\"")).expect(1).says("failed (");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let ran = with(&format!("http = \"http://{address}/\", timeout = \"1s\"")).expect(1);
    ran.says("took longer than 1 s");
    for wrong in ["http://user:pass@example.org/", "ftp://example.org/", "no address"] {
        with(&format!("http = \"{wrong}\"")).expect(64).says("is no address");
    }
}
