//! `run`: every kind of change and failure as Terraform really does it, and what is said of it.

use serde_json::Value;

use crate::support::deeds::{file, good};
use crate::support::running::end;
use crate::support::stage::{Ran, Stage, UNAPPLY};

/// A `demo_file` at a path of its own with more inside.
fn at(name: &str, path: &str, more: &str) -> String {
    format!(
        "resource \"demo_file\" \"{name}\" {{\n  path    = \"{path}\"\n  content = \"one\"\n  \
         {more}\n}}\n"
    )
}

const BEFORE_DESTROY: &str = "lifecycle {\n    create_before_destroy = true\n  }";

/// The configuration before the apply that has every kind of change.
fn first() -> String {
    [
        at("up", "up.txt", ""),
        at("re", "re.txt", ""),
        at("gone", "gone.txt", ""),
        at("from", "moved.txt", ""),
        at("left", "left.txt", ""),
        at("cbd", "cbd.txt", BEFORE_DESTROY),
        at("stuck", "stuck.txt", BEFORE_DESTROY),
    ]
    .concat()
}

/// The configuration of that apply; `id` is of an object to import.
fn second(id: &str) -> String {
    [
        at("up", "up.txt", "mode = \"0600\""),
        at("re", "re2.txt", ""),
        at("to", "moved.txt", ""),
        at("cbd", "cbd2.txt", BEFORE_DESTROY),
        at("stuck", "stuck2.txt", BEFORE_DESTROY),
        at("made", "made.txt", ""),
        at("half", "half.txt", ""),
        at("bad", "bad.txt", ""),
        at("astray", "astray.txt", ""),
        at("later", "later.txt", "depends_on = [demo_file.bad]"),
        at("imp", "imp.txt", ""),
        format!("import {{\n  to = demo_file.imp\n  id = \"{id}\"\n}}\n"),
        "moved {\n  from = demo_file.from\n  to   = demo_file.to\n}\n".to_owned(),
        "removed {\n  from = demo_file.left\n  lifecycle {\n    destroy = false\n  }\n}\n"
            .to_owned(),
        "resource \"terraform_data\" \"prov\" {\n  provisioner \"local-exec\" {\n    command = \
         \"exit 3\"\n  }\n}\n"
            .to_owned(),
    ]
    .concat()
}

/// An object that some other stack has made, and its id.
fn made_elsewhere(stage: &Stage) -> String {
    let names = |stage: &Stage| {
        let ids = std::fs::read_dir(stage.world().join(".ids")).unwrap();
        let names = ids.map(|id| id.unwrap().file_name().to_string_lossy().into_owned());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    stage.configure(&at("imp", "imp.txt", ""));
    stage.apply().expect(0);
    let id = names(stage).into_iter().find(|name| name.starts_with("f-")).unwrap();
    std::fs::remove_file(stage.stack().join("terraform.tfstate")).unwrap();
    id
}

fn prepared() -> (Stage, String) {
    let stage = Stage::with("");
    let id = made_elsewhere(&stage);
    stage.configure(&first());
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    stage.configure(&second(&id));
    let faults = "create-after:half.txt,create:bad.txt,create-lost:astray.txt,delete:stuck.txt";
    stage.fault(faults);
    (stage, id)
}

/// The report of the newest run: address without the type, action, outcome, presence.
pub(crate) fn report(stage: &Stage) -> Vec<String> {
    let outcome = &stage.entries("run-outcome")[0]["body"];
    let objects = outcome["apply_report"]["objects"].as_array().unwrap().iter();
    let text = |reported: &Value, name: &str| reported[name].as_str().unwrap_or("-").to_owned();
    let key = regex::Regex::new("deposed object [0-9a-f]{8}").unwrap();
    objects
        .map(|reported| {
            let address = text(reported, "address").replace("demo_file.", "");
            let address = key.replace(&address, "left over").into_owned();
            let has_id = if reported["id"].is_string() { "id" } else { "no-id" };
            let words =
                [text(reported, "action"), text(reported, "outcome"), text(reported, "presence")];
            format!("{address} {} {has_id}", words.join(" "))
        })
        .collect()
}

/// The same for every source that has seen the apply.
const TOLD: [&str; 14] = [
    "astray create failed not-in-state no-id",
    "bad create failed not-in-state no-id",
    "cbd replace replaced in-state id",
    "gone destroy destroyed not-in-state id",
    "half create tainted in-state id",
    "imp import imported in-state id",
    "later create not-attempted not-in-state no-id",
    "left forget forgotten not-in-state id",
    "made create created in-state id",
    "re replace replaced in-state id",
    "stuck replace replaced in-state id",
    "stuck (left over) destroy failed in-state id",
    "up update updated in-state id",
    "terraform_data.prov create tainted in-state id",
];

fn is_told(stage: &Stage, source: &str) {
    let outcome = &stage.entries("run-outcome")[0]["body"];
    assert_eq!(outcome["apply_report"]["source"], source, "{outcome:#}");
    assert_eq!(report(stage), TOLD);
    let may_exist = outcome["apply_report"]["may_exist"].as_array().unwrap();
    assert_eq!(may_exist, &["demo_file.astray", "demo_file.bad"]);
    let errors = outcome["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 5, "{errors:#?}");
    assert!(errors.iter().all(|error| error["class"] == "provider"), "{errors:#?}");
    stage.is_sound();
}

#[test]
fn every_kind_of_change_is_told_from_the_event_stream() {
    let (stage, id) = prepared();
    let ran = stage.unapply(&["run", "--", "terraform", "apply", "-json", "-auto-approve"]);
    let ran = ran.expect(1).says("demo_file.astray").says("an object may exist");
    assert!(ran.stdout.lines().all(|line| line.starts_with("{\"@level\"")), "{}", ran.stdout);
    is_told(&stage, "events");
    let log = stage.log_text();
    assert!(log.contains(&id), "an imported object is named by its id");
}

#[test]
fn every_kind_of_change_is_told_from_what_terraform_prints_for_people() {
    let (stage, _) = prepared();
    let ran = stage.unapply(&["run", "--", "sh", "-c", "terraform apply -auto-approve"]);
    ran.expect(1).says("source: its output");
    is_told(&stage, "output");
}

#[test]
fn every_kind_of_change_is_told_from_a_saved_plan_and_the_states_where_nobody_said_a_word() {
    let (stage, _) = prepared();
    stage.terraform(&["plan", "-out", "saved", "-input=false"]).expect(0);
    let command = ["sh", "-c", "terraform apply saved >/dev/null 2>&1"];
    let ran = stage.unapply(&[&["run", "--tfplan", "saved", "--"], &command[..]].concat());
    ran.expect(1).says("source: the states before and after alone");
    let told = report(&stage);
    // What failed without a trace cannot be told from what was not begun.
    for line in [
        "cbd replace replaced in-state id",
        "gone destroy destroyed not-in-state id",
        "half create tainted in-state id",
        "imp import imported in-state id",
        "left forget forgotten not-in-state id",
        "made create created in-state id",
        "bad create not-attempted not-in-state no-id",
        "up update updated in-state id",
    ] {
        assert!(told.iter().any(|found| found == line), "no `{line}` in {told:#?}");
    }
    let intent = &stage.entries("run-intent")[0];
    let before = intent["body"]["before"].as_u64().unwrap().to_string();
    let shown = stage.unapply(&["show", &before, "--json"]).expect(0).json();
    assert_eq!(shown["entry"]["body"]["configuration_source"], "plan", "{shown:#}");
}

fn good_run(stage: &Stage, arguments: &[&str]) -> Ran {
    stage.unapply(&[&["run"], arguments, &["--", "terraform", "apply", "-auto-approve"]].concat())
}

#[test]
fn an_apply_that_goes_well_is_good_once_a_follow_up_plan_is_empty() {
    let stage = Stage::with(&file("a", "one"));
    stage.unapply(&["init"]).expect(0);
    good_run(&stage, &[]).expect(0).says("created").says("is good (plan-empty)").says("follow-up");
    assert_eq!(stage.entries("mark").len(), 2, "applied at once, then plan-empty");
    let good = stage.good_revision();
    stage.configure(&file("a", "two"));
    let json = good_run(&stage, &["--json"]).expect(0).json();
    assert_eq!(json["grade"], "plan-empty", "{json:#}");
    assert_eq!(json["apply_report"]["objects"][0]["outcome"], "updated");
    assert!(json["follow_up_milliseconds"].as_u64().unwrap() > 0);
    assert_ne!(stage.good_revision(), good);
    // A command that applied nothing is not followed by a plan.
    stage.configure(&file("a", "three"));
    let good = stage.good_revision();
    for command in [&["terraform", "plan"][..], &["true"]] {
        let ran = stage.unapply(&[&["run", "--"], command].concat()).expect(0);
        let ran = ran.says("nothing was applied").screen();
        assert!(!ran.contains("verify"), "{ran}");
    }
    assert_eq!(stage.good_revision(), good);
    assert!(
        std::fs::read_dir(stage.path().join("home/.local/state/unapply/runs")).unwrap().count()
            == 0
    );
}

#[test]
fn a_plan_that_never_is_empty_leaves_applied_and_a_check_that_fails_leaves_nothing() {
    let stage = Stage::with(&file("a", "one"));
    stage.unapply(&["init"]).expect(0);
    stage.fault("perpetual:a.txt");
    let ran = good_run(&stage, &[]).expect(0);
    ran.says("is good (applied)").says("it would update demo_file.a");
    stage.fault("");
    let checks = |command: &str| {
        let toml = format!("[good]\nchecks = [\"plan-empty\", {{ command = \"{command}\" }}]\n");
        stage.settings(&toml);
    };
    checks("test -e ok");
    stage.configure(&file("a", "two"));
    let good = stage.good_revision();
    good_run(&stage, &[]).expect(1).says("is not called good").says("test -e ok");
    assert_eq!(stage.good_revision(), good);
    stage.write("ok", "");
    good_run(&stage, &[]).expect(0).says("is good (checked)");
}

#[test]
fn a_failed_apply_is_taken_back_where_that_was_asked_for() {
    let (stage, v1) = good(&file("a", "one"));
    stage.configure(&(file("a", "two") + &file("b", "new") + &file("c", "bad")));
    stage.fault("create:c.txt");
    let ran = good_run(&stage, &["--on-failure", "revert"]).expect(20);
    ran.says("create failed").says("destroy");
    stage.fault("");
    v1.is_back(&stage);
    // A hazard is never accepted by anybody who cannot be asked.
    stage.settings("[revert]\nprotect = [\"demo_file.b\"]\n");
    stage.configure(&(file("a", "three") + &file("b", "new") + &file("c", "bad")));
    stage.fault("create:c.txt");
    let ran = good_run(&stage, &["--on-failure", "revert", "--json"]).expect(21);
    let json = ran.json();
    assert_eq!((&json["result"], &json["revert_exit"]), (&"failed".into(), &15.into()), "{json:#}");
    assert!(ran.stderr.contains("protected"), "{}", ran.stderr);
}

#[test]
fn the_code_of_the_command_is_ours_and_make_and_scripts_are_commands_too() {
    let stage = Stage::with(&file("a", "one"));
    stage.unapply(&["init"]).expect(0);
    for (script, code) in [("exit 3", 3), ("exit 77", 77), ("kill -KILL $$", 137)] {
        stage.unapply(&["run", "--", "sh", "-c", script]).expect(code);
    }
    stage.write("Makefile", "apply:\n\t@terraform apply -auto-approve -json\n");
    stage.unapply(&["run", "--", "make", "apply"]).expect(0).says("created");
    assert_eq!(stage.entries("run-outcome")[0]["body"]["apply_report"]["source"], "events");
    let ran = stage.unapply(&["run", "--", "no-such-program", "x"]).expect(16);
    ran.says("no-such-program").says("the command was not started");
    stage.unapply(&["run", "terraform"]).expect(64);
    // Values of variables are in no record.
    let words = ["terraform", "plan", "-var", "p=sw0rdfish-value"];
    stage.unapply(&[&["run", "--"], &words[..]].concat());
    assert!(!stage.log_text().contains("sw0rdfish"));
}

#[test]
fn what_is_held_is_not_run() {
    let (stage, _) = good(&file("a", "one"));
    stage.configure(&(file("a", "two") + &file("b", "bad")));
    stage.fault("create:b.txt");
    let apply = ["run", "--", "terraform", "apply", "-auto-approve"];
    let mut session = stage.on_terminal(&apply);
    session.exp_string("What now? ").unwrap();
    session.send_line("hold").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("cannot be applied through"), "{said}");
    let before = stage.everything();
    let ran = stage.unapply(&apply).expect(15);
    ran.says("held").says("tester").says("the command was not started").says("until");
    assert_eq!(stage.everything(), before);
    // Another configuration passes.
    stage.configure(&file("a", "three"));
    stage.unapply(&apply).expect(0);
}

#[test]
fn yes_can_be_piped_and_typed_and_a_failure_asks_what_next() {
    let (stage, v1) = good(&file("a", "one"));
    stage.configure(&(file("a", "two") + &file("b", "bad")));
    stage.fault("create:b.txt");
    let mut command =
        stage.command("sh", &["-c", "echo yes | \"$0\" run -- terraform apply", UNAPPLY]);
    stage.ran(command.output()).expect(1).says("create failed");
    let mut session = stage.on_terminal(&["run", "--", "terraform", "apply", "-no-color"]);
    session.exp_string("Enter a value: ").unwrap();
    session.send_line("yes").unwrap();
    session.exp_string("What now? ").unwrap();
    session.send_line("diff").unwrap();
    session.exp_string("What now? ").unwrap();
    stage.fault("");
    session.send_line("retry").unwrap();
    session.exp_string("Enter a value: ").unwrap();
    session.send_line("no").unwrap();
    session.exp_string("What now? ").unwrap();
    session.send_line("revert").unwrap();
    session.exp_string("Enter a value: ").unwrap();
    session.send_line("yes").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 20, "{said}");
    v1.is_back(&stage);
}
