//! After a crash or a failure: what is open is said, resolved one safe step at a time, and refused
//! where no step is safe.

use std::sync::Arc;

use serde_json::Value;
use unapply::model::apply_report::{
    ApplyReport, ObjectOutcome, Presence, ReportSource, ReportedObject,
};
use unapply::model::entry::{Actor, ApplyOutcome, Body, NewEntry, Revision};
use unapply::model::run::{RunIntent, RunOutcome};
use unapply::store::{After, LocalStore, Repository};

use crate::support::deeds::{file, good};
use crate::support::remote::Remote;
use crate::support::running::until;
use crate::support::stage::{Stage, UNAPPLY};

/// Says something in the stack's log, as another process of this machine.
fn say(stage: &Stage, (process, host): (u32, &str), body: Body) -> u64 {
    let store = LocalStore::open(&stage.stack().join(".unapply")).unwrap();
    let repository = Repository::open(Arc::new(store)).unwrap();
    let draft = NewEntry {
        time: "2026-02-03T04:05:06Z".parse().unwrap(),
        actor: Actor { name: "oncall".into(), host: host.into(), process, started: None },
        tool: "unapply 0.1.0".into(),
        reason: None,
        ticket: None,
        body,
    };
    let name = "demo/app".parse().unwrap();
    repository.append(&name, draft, After::Any).unwrap().revision.0
}

/// This machine's name, as records have it.
fn here() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// No process has this number.
const DEAD: u32 = 4_194_999;

fn intent(stage: &Stage, before: u64) -> Body {
    let journal = stage.path().join("journal");
    std::fs::create_dir_all(&journal).unwrap();
    Body::RunIntent(Box::new(RunIntent {
        before: Revision(before),
        command: vec!["terraform".into(), "apply".into()],
        configuration: None,
        commit: None,
        plan: None,
        plan_digest: None,
        journal: journal.display().to_string(),
    }))
}

fn made(intent: u64, objects: &[(&str, ObjectOutcome, Option<&str>)]) -> Body {
    let reported = |(address, outcome, id): &(&str, ObjectOutcome, Option<&str>)| ReportedObject {
        address: (*address).to_owned(),
        action: "create".into(),
        outcome: *outcome,
        id: id.map(str::to_owned),
        presence: Presence::NotInState,
    };
    Body::RunOutcome(Box::new(RunOutcome {
        intent: Revision(intent),
        outcome: ApplyOutcome::Failed,
        code: Some(1),
        after: None,
        events: None,
        errored: None,
        apply_report: ApplyReport {
            source: ReportSource::Events,
            objects: objects.iter().map(reported).collect(),
            invocations: Vec::new(),
        },
        errors: Vec::new(),
        elsewhere: false,
    }))
}

/// How many entries the log has.
fn entries(stage: &Stage) -> u64 {
    let json = stage.unapply(&["history", "--json", "--max", "1000"]).expect(0).json();
    json["total"].as_u64().unwrap()
}

fn look(stage: &Stage) -> Value {
    let ran = stage.unapply(&["recover", "--json", "--no-input"]);
    ran.json()
}

/// A good stack, then a run of which only the intent is known, and what it printed.
fn killed_run(printed: &str) -> (Stage, u64) {
    let (stage, _) = good(&file("a", "one"));
    let revision = say(&stage, (DEAD, &here()), intent(&stage, 1));
    let mut file = std::fs::File::create(stage.path().join("journal/stdout")).unwrap();
    std::io::Write::write_all(&mut file, printed.as_bytes()).unwrap();
    (stage, revision)
}

fn event(kind: &str, address: &str, id: Option<&str>) -> String {
    let mut hook = serde_json::json!({ "resource": { "addr": address }, "action": "create" });
    if let Some(id) = id {
        hook["id_key"] = "id".into();
        hook["id_value"] = id.into();
    }
    // As Terraform orders it.
    format!("{{\"@level\":\"info\",\"type\":\"{kind}\",\"hook\":{hook}}}\n")
}

#[test]
fn nothing_open_is_said_and_nothing_is_written() {
    let (stage, _) = good(&file("a", "one"));
    let before = (entries(&stage), stage.everything());
    stage.unapply(&["recover", "--yes"]).expect(0).says("nothing is open");
    stage.unapply(&["recover", "1", "--yes"]).expect(13).says("leaves nothing open");
    stage.unapply(&["recover", "9", "--abandon", "--reason", "x"]).expect(13);
    stage.unapply(&["recover", "--abandon"]).expect(64).says("needs a reason");
    stage.unapply(&["recover", "--push-state", "none"]).expect(15).says("no such file");
    assert_eq!((entries(&stage), stage.everything()), before);
}

#[test]
fn a_run_that_was_killed_is_shown_first_and_concluded_after_a_yes() {
    let printed = event("apply_start", "demo_file.lost", None)
        + &event("apply_complete", "demo_file.lost", Some("f-00000001"))
        + &event("apply_start", "demo_file.perhaps", None);
    let (stage, run) = killed_run(&printed);
    let before = (entries(&stage), stage.everything());
    let ran = stage.unapply(&["recover", "--no-input"]).expect(17);
    insta::assert_snapshot!(ran.screen());
    assert_eq!((entries(&stage), stage.everything()), before, "a look writes nothing");
    let json = look(&stage);
    assert_eq!(json["open"][0]["revision"].as_u64(), Some(run));
    assert_eq!(
        (json["open"][0]["kind"].as_str(), json["next"].as_str()),
        (Some("ended"), Some("conclude"))
    );
    let ran = stage.unapply(&["recover", "--yes"]).expect(15);
    insta::assert_snapshot!(ran.screen());
    let outcome = &stage.entries("run-outcome")[0]["body"];
    assert_eq!(outcome["outcome"], "unknown");
    assert_eq!(outcome["apply_report"]["lost"][0], "demo_file.lost");
    assert_eq!(outcome["apply_report"]["may_exist"][0], "demo_file.perhaps");
    stage.is_sound();
}

#[test]
fn a_lost_object_is_named_with_its_id_and_adopted_once_the_state_has_it() {
    let (stage, _) = good(&file("a", "one"));
    // Made behind the state's back, as a killed apply leaves it.
    stage.configure(&(file("a", "one") + &file("b", "two")));
    stage.apply().expect(0);
    let state: Value = serde_json::from_slice(&stage.state()).unwrap();
    let objects = state["resources"].as_array().unwrap();
    let b = objects.iter().find(|object| object["name"] == "b").unwrap();
    let id = b["instances"][0]["attributes"]["id"].as_str().unwrap().to_owned();
    stage.terraform(&["state", "rm", "demo_file.b"]).expect(0);
    let run = say(&stage, (DEAD, &here()), intent(&stage, 1));
    let outcome = say(
        &stage,
        (DEAD, &here()),
        made(
            run,
            &[
                ("demo_file.b", ObjectOutcome::Created, Some(&id)),
                ("demo_file.c", ObjectOutcome::Unknown, None),
            ],
        ),
    );
    let ran = stage.unapply(&["recover", "--yes", "--write", "import.tf"]).expect(15);
    let ran = ran.says("in no state").says("look by hand").says("stands in the way");
    let block = std::fs::read_to_string(stage.stack().join("import.tf")).unwrap();
    assert_eq!(block, format!("import {{\n  to = demo_file.b\n  id = \"{id}\"\n}}\n"));
    assert!(ran.stdout.contains(&format!("id = \"{id}\"")), "{}", ran.stdout);
    stage.unapply(&["recover", "--write", "import.tf"]).expect(64).says("nothing that is there");
    // The block is what a person applies.
    stage.apply().expect(0);
    std::fs::remove_file(stage.stack().join("import.tf")).unwrap();
    let count = entries(&stage);
    let json = look(&stage);
    assert_eq!(json["next"], "adopt");
    assert_eq!(entries(&stage), count);
    stage.unapply(&["recover", "--yes"]).expect(0).says("in the state now: demo_file.b");
    let resolved = &stage.entries("resolution")[0]["body"];
    assert_eq!(resolved["matter"].as_u64(), Some(outcome));
    assert_eq!(resolved["objects"][0], "demo_file.b");
    // The other one was looked for by hand.
    stage.unapply(&["recover", "--gone", "demo_file.zzz"]).expect(13);
    stage.unapply(&["recover", "--gone", "demo_file.c"]).expect(0).says("known not to exist");
    stage.unapply(&["recover"]).expect(0).says("nothing is open");
}

#[test]
fn an_object_is_given_up_only_with_a_reason_and_only_if_it_is_open() {
    let (stage, _) = good(&file("a", "one"));
    let run = say(&stage, (DEAD, &here()), intent(&stage, 1));
    say(
        &stage,
        (DEAD, &here()),
        made(run, &[("demo_file.b", ObjectOutcome::Created, Some("f-1"))]),
    );
    let before = entries(&stage);
    stage.unapply(&["recover", "--abandon=demo_file.b"]).expect(64);
    stage.unapply(&["recover", "--abandon=demo_file.a", "--reason", "x"]).expect(13);
    assert_eq!(entries(&stage), before);
    stage
        .unapply(&["recover", "--abandon=demo_file.b", "--reason", "deleted by hand"])
        .expect(0)
        .says("abandoned: demo_file.b");
    assert_eq!(stage.entries("resolution")[0]["reason"], "deleted by hand");
    stage.unapply(&["recover"]).expect(0).says("nothing is open");
}

#[test]
fn whoever_lives_is_left_alone() {
    let (stage, _) = good(&file("a", "one"));
    let mut sleeper = stage.command("sleep", &["60"]).spawn().unwrap();
    let run = say(&stage, (DEAD, &here()), intent(&stage, 1));
    let id = sleeper.id();
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let started = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let mut child = std::fs::File::create(stage.path().join("journal/child")).unwrap();
    std::io::Write::write_all(&mut child, format!("{id} {started}\n").as_bytes()).unwrap();
    let before = (entries(&stage), stage.everything());
    stage
        .unapply(&["recover", "--yes"])
        .expect(11)
        .says("is under way")
        .says("nothing to do but wait");
    let number = run.to_string();
    stage.unapply(&["recover", &number, "--abandon", "--reason", "x"]).expect(11);
    assert_eq!((entries(&stage), stage.everything()), before);
    sleeper.kill().unwrap();
    // Nobody has asked how it ended yet: a zombie does nothing any more.
    stage.unapply(&["recover", "--yes"]).expect(0).says("is concluded by");
    sleeper.wait().unwrap();
}

#[test]
fn one_from_another_machine_is_concluded_after_a_yes_that_was_warned() {
    let (stage, _) = good(&file("a", "one"));
    say(&stage, (1, "ci-runner-7"), intent(&stage, 1));
    stage.unapply(&["recover", "--no-input"]).expect(17).says("make sure on ci-runner-7 first");
    stage.unapply(&["recover", "--yes"]).expect(0).says("is concluded by");
}

#[test]
fn a_revert_that_was_killed_is_concluded_with_its_events() {
    let (stage, v1) = good(&(file("a", "one") + &file("b", "two")));
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    stage.fault("delay-ms:a.txt:1500");
    let running = stage.start(UNAPPLY, &["revert", "--yes"]);
    until("terraform changes something", || stage.is_applying());
    running.signal(rustix::process::Signal::KILL);
    running.end().expect(137);
    stage.unapply(&["recover", "--yes"]).expect(11).says("the command it started");
    until("terraform has finished by itself", || {
        stage.objects()["a.txt"].1 == b"one" && !stage.is_locked_by_apply()
    });
    stage.fault("");
    until("the process is gone", || {
        let json = look(&stage);
        json["open"][0]["kind"] == "ended"
    });
    stage.unapply(&["recover", "--yes"]).expect(0).says("is concluded by");
    let outcome = &stage.entries("revert-outcome")[0]["body"];
    assert_eq!(outcome["outcome"], "unknown");
    assert!(outcome["after"].is_u64());
    stage.sweep();
    stage.unapply(&["recover"]).expect(0).says("nothing is open");
    stage.goes_back(&v1, &[]);
}

/// A stack on an http backend whose apply could not save its state.
fn left_behind() -> (Stage, Remote) {
    let remote = Remote::start();
    let mut stage = Stage::with("");
    stage.set("TF_HTTP_USERNAME", "user");
    stage.set("TF_HTTP_PASSWORD", "pass-word-canary");
    stage.configure(&(remote.backend() + &file("a", "one")));
    stage.terraform(&["init", "-no-color", "-input=false"]).expect(0);
    stage.set_up();
    remote.refuse_states();
    stage.configure(&(remote.backend() + &file("a", "one") + &file("b", "two")));
    stage.unapply(&["snapshot"]).expect(0);
    stage.apply().expect(1);
    remote.take_states();
    assert!(stage.stack().join("errored.tfstate").exists());
    (stage, remote)
}

#[test]
fn a_state_that_was_left_behind_is_compared_pushed_and_read_back() {
    let (stage, remote) = left_behind();
    let before = (entries(&stage), remote.state());
    let ran = stage.unapply(&["recover", "--no-input"]).expect(17);
    insta::assert_snapshot!(ran.screen());
    assert_eq!((entries(&stage), remote.state()), before);
    stage.unapply(&["recover", "--yes"]).expect(0).says("pushed and read back");
    let listed = stage.terraform(&["state", "list"]).expect(0).stdout;
    assert_eq!(listed, "demo_file.a\ndemo_file.b\n");
    assert!(!stage.stack().join("errored.tfstate").exists());
    let kept = stage.entries("evidence")[0]["revision"].as_u64().unwrap();
    assert!(stage.stack().join(format!("errored.tfstate.{kept}")).exists(), "moved, not deleted");
    assert_eq!(stage.entries("resolution")[0]["body"]["how"], "pushed");
    stage.unapply(&["recover"]).expect(0).says("nothing is open");
    let arguments = ["plan", "-detailed-exitcode", "-no-color", "-input=false"];
    stage.terraform(&arguments).expect(0);
    stage.is_sound();
}

#[test]
fn a_state_that_is_older_foreign_or_no_state_is_never_pushed() {
    let (stage, remote) = left_behind();
    let left = stage.stack().join("errored.tfstate");
    let bytes = std::fs::read(&left).unwrap();
    let write = |text: &str| {
        let mut file = std::fs::File::create(&left).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    };
    let state: Value = serde_json::from_slice(&bytes).unwrap();
    let with = |serial: u64, lineage: &str| {
        let mut state = state.clone();
        state["serial"] = serial.into();
        state["lineage"] = lineage.into();
        serde_json::to_string_pretty(&state).unwrap()
    };
    let live: Value = serde_json::from_slice(&remote.state()).unwrap();
    let (serial, lineage) = (live["serial"].as_u64().unwrap(), live["lineage"].as_str().unwrap());
    for (text, said) in [
        (with(serial, lineage), "too, with other content"),
        (with(serial - 1, lineage), "with other content"),
        (with(serial + 9, "11111111-2222-3333-4444-555555555555"), "its lineage is 11111111"),
        ("{".to_owned(), "not a state"),
    ] {
        write(&text);
        let before = (entries(&stage), remote.state());
        let ran = stage.unapply(&["recover", "--yes"]);
        let ran = ran.says(said);
        assert_ne!(ran.code, 17);
        assert!(!ran.stderr.contains("pushed and read back"));
        let shown = left.display().to_string();
        let _ran = stage.unapply(&["recover", "--yes", "--push-state", &shown]).says(said);
        assert_eq!((entries(&stage), remote.state()), before, "{said}");
        assert_eq!(std::fs::read(&left).unwrap(), text.as_bytes());
    }
    // Somebody pushed it by hand: there is nothing to do.
    write(&String::from_utf8(bytes).unwrap());
    stage.terraform(&["state", "push", "errored.tfstate"]).expect(0);
    let before = remote.state();
    stage.unapply(&["recover", "--yes"]).expect(0).says("has its content already");
    assert_eq!(remote.state(), before);
}

#[test]
fn a_lock_that_somebody_holds_stops_the_push_and_is_not_touched() {
    let (stage, remote) = left_behind();
    remote.lock(r#"{"ID":"deadbeef","Operation":"OperationTypeApply","Who":"someone@else"}"#);
    let before = remote.state();
    let ran = stage.unapply(&["recover", "--yes", "--lock-timeout", "0s"]).expect(11);
    let _ran = ran.says("deadbeef");
    assert!(remote.is_locked());
    assert_eq!(remote.state(), before);
    assert!(stage.stack().join("errored.tfstate").exists());
    assert_eq!(stage.entries("resolution").len(), 0);
}
