//! How a run can end: signals, kills, readers that go away, a backend that is down.

use rustix::process::{Pid, Signal, kill_process};

use crate::run::report;
use crate::support::deeds::file;
use crate::support::running::{Running, until};
use crate::support::stage::{Stage, UNAPPLY};

const APPLY: [&str; 5] = ["run", "--", "terraform", "apply", "-auto-approve"];

/// Two files, of which the second waits for the first, which takes its time.
fn slow() -> Stage {
    let stage = Stage::with(&file("z", "there before"));
    // Where there is no state yet, terraform makes an empty file of it first: see `first`.
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.configure(&(file("z", "there before") + &file("a", "one") + &second()));
    stage.fault("delay-ms:a.txt:1500");
    stage
}

fn second() -> String {
    file("b", "two").replace("}\n", "  depends_on = [demo_file.a]\n}\n")
}

/// The directories of the journals of running commands.
fn journals(stage: &Stage) -> Vec<std::path::PathBuf> {
    let base = stage.path().join("home/.local/state/unapply/runs");
    let found = std::fs::read_dir(base).into_iter().flatten();
    found.map(|entry| entry.unwrap().path()).collect()
}

/// The output in the journals so far.
fn printed(stage: &Stage) -> String {
    let files = journals(stage).into_iter().flat_map(|j| [j.join("stdout"), j.join("stderr")]);
    files.map(|file| std::fs::read_to_string(file).unwrap_or_default()).collect()
}

fn begun(stage: &Stage) {
    until("something is being made", || printed(stage).contains("Creating..."));
}

/// The process that runs under our eyes.
fn child(stage: &Stage) -> Pid {
    let note = std::fs::read_to_string(journals(stage)[0].join("child")).unwrap();
    Pid::from_raw(note.split(' ').next().unwrap().parse().unwrap()).unwrap()
}

fn start<'a>(stage: &'a Stage, command: &[&str]) -> Running<'a> {
    let running = stage.start(UNAPPLY, command);
    begun(stage);
    running
}

fn outcome(stage: &Stage) -> serde_json::Value {
    stage.entries("run-outcome")[0]["body"].clone()
}

/// Terraform has stopped as it does when it is asked once, and the record is whole.
fn was_asked_once(stage: &Stage, said: &str) {
    assert_eq!(said.matches("Interrupt received").count(), 1, "{said}");
    assert!(!said.contains("Two interrupts"), "{said}");
    assert_eq!(
        report(stage),
        ["a create created in-state id", "b create not-attempted not-in-state no-id"]
    );
    assert_eq!(outcome(stage)["outcome"], "interrupted");
    assert_eq!(outcome(stage)["errors"][0]["class"], "interrupted");
    assert!(journals(stage).is_empty() && !stage.is_locked_by_apply());
    stage.is_sound();
}

#[test]
fn any_number_of_signals_to_us_is_one_interrupt_for_terraform() {
    for signals in [&[Signal::INT][..], &[Signal::TERM, Signal::INT, Signal::TERM]] {
        let stage = slow();
        let running = start(&stage, &APPLY);
        for signal in signals {
            running.signal(*signal);
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let ran = running.end().expect(1).says("has been asked to stop, once");
        was_asked_once(&stage, &ran.stdout);
    }
}

#[test]
fn a_script_is_asked_with_all_that_it_has_started() {
    let stage = slow();
    let script = "terraform apply -auto-approve; code=$?; exit $code";
    let running = start(&stage, &["run", "--", "sh", "-c", script]);
    running.signal(Signal::INT);
    let ran = running.end();
    assert_ne!(ran.code, 0);
    was_asked_once(&stage, &ran.stdout);
}

#[test]
fn an_unapply_that_was_killed_leaves_terraform_alone_and_the_next_run_says_what_it_did() {
    let stage = slow();
    // Long enough that the second command finds it at work on any machine.
    stage.fault("delay-ms:a.txt:5000");
    let running = start(&stage, &APPLY);
    running.signal(Signal::KILL);
    running.end().expect(137);
    let ran = stage.unapply(&APPLY).expect(11);
    ran.says("is under way").says("process").says("the command was not started");
    until("terraform has finished by itself", || printed(&stage).contains("Apply complete!"));
    stage.resolves();
    stage.fault("");
    // What has said its last word may take a while to go.
    let mut ran = stage.unapply(&APPLY);
    for _ in 0..40 {
        if ran.code != 11 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(250));
        ran = stage.unapply(&APPLY);
    }
    let ran = ran.expect(0);
    ran.says("nobody had said how").says("is good (plan-empty)");
    let outcomes = stage.entries("run-outcome");
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[1]["body"]["outcome"], "unknown");
    let outcomes: Vec<&str> = outcomes[1]["body"]["apply_report"]["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reported| reported["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["created", "created"]);
    assert!(journals(&stage).is_empty());
    stage.is_sound();
}

#[test]
fn a_terraform_that_was_killed_leaves_what_nobody_saw_end_as_unknown() {
    let stage = slow();
    let running = start(&stage, &APPLY);
    kill_process(child(&stage), Signal::KILL).unwrap();
    running.end().expect(137).says("an object may exist");
    let told = report(&stage);
    assert_eq!(told[0], "a create unknown not-in-state no-id");
    assert_eq!(told[1], "b create not-attempted not-in-state no-id");
    assert_eq!(outcome(&stage)["apply_report"]["may_exist"][0], "demo_file.a");
    stage.resolves();
}

/// The local backend makes an empty file before anything is in the state. It stays when terraform
/// is killed, and cannot be told from a state that was lost.
#[test]
fn a_first_apply_that_was_killed_leaves_an_empty_state_which_is_never_taken_for_none() {
    let stage = Stage::with(&file("a", "one"));
    stage.unapply(&["init"]).expect(0);
    stage.fault("delay-ms:a.txt:1500");
    let running = start(&stage, &APPLY);
    kill_process(child(&stage), Signal::KILL).unwrap();
    running.end().expect(137).says("the state could not be read").says("an object may exist");
    assert_eq!(report(&stage), ["a create unknown unread no-id"]);
    stage.resolves();
    stage.unapply(&APPLY).expect(15).says("the file is empty");
}

#[test]
fn a_reader_that_goes_away_and_a_terminal_that_hangs_up_disturb_nothing() {
    let stage = slow();
    let mut running = stage.start(UNAPPLY, &APPLY);
    running.stop_reading();
    begun(&stage);
    running.signal(Signal::HUP);
    running.end().expect(0);
    assert_eq!(report(&stage), ["a create created in-state id", "b create created in-state id"]);
    let stage = slow();
    let line = "\"$0\" run -- terraform apply -auto-approve | head -1";
    let mut command = stage.command("sh", &["-c", line, UNAPPLY]);
    stage.ran(command.output()).expect(0);
    assert_eq!(outcome(&stage)["outcome"], "succeeded");
    assert!(stage.good_revision().is_some());
}
