//! Kills at random times: of unapply, of terraform, of both.
//!
//! The law: every object that is in the world afterwards is in the state, or in a report with its
//! id, or its address is among those that may exist. Terraform writes a local state in place, and one
//! that was killed meanwhile leaves it empty: then the last one on record counts, to which we point. A
//! hundred kills here; for more:
//! `UNAPPLY_KILLS=1000 cargo test --test it run_kills`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::deeds::file;
use crate::support::stage::{Stage, UNAPPLY};

const THREADS: u64 = 4;

/// Numbers that are as good as random and the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn configuration(chance: &mut Chance, round: u64) -> String {
    let names = ["a", "b", "c", "d", "e"];
    let chosen = names.iter().filter(|_| chance.below(4) > 0);
    let files: String = chosen.map(|name| file(name, &format!("round {round}"))).collect();
    file("z", "there before") + &files
}

/// The process of the command that runs, once it is known.
fn child(stage: &Stage) -> Option<Pid> {
    let base = stage.path().join("home/.local/state/unapply/runs");
    let journals = std::fs::read_dir(base).ok()?;
    let notes = journals.flatten().map(|journal| journal.path().join("child"));
    let note = notes.map(std::fs::read_to_string).find_map(Result::ok)?;
    Pid::from_raw(note.split(' ').next()?.parse().ok()?)
}

/// Objects of the world: path and id.
fn world(stage: &Stage) -> Vec<(String, String)> {
    let ids = std::fs::read_dir(stage.world().join(".ids")).into_iter().flatten().flatten();
    let registered = ids.filter_map(|id| {
        let name = id.file_name().to_string_lossy().into_owned();
        let path = std::fs::read_to_string(id.path()).ok()?.trim().to_owned();
        (name.starts_with("f-") && stage.world().join(&path).exists()).then_some((path, name))
    });
    let mut found: Vec<(String, String)> = registered.collect();
    // What was written and not registered has no id yet, and is there all the same.
    for path in stage.objects().into_keys() {
        if !found.iter().any(|(known, _)| *known == path) {
            found.push((path, "no id".to_owned()));
        }
    }
    found
}

fn nobody_is_forgotten(stage: &Stage, what: &str) {
    let state = stage.stack().join("terraform.tfstate");
    let mut state = std::fs::read_to_string(state).unwrap_or_default();
    if !state.trim_end().ends_with('}') {
        state = stage.unapply(&["show", "@-", "--raw-state"]).expect(0).stdout;
    }
    let history = ["history", "--json", "--max", "1000"];
    let history = stage.unapply(&history).expect(0).json();
    let entries = history["entries"].as_array().unwrap();
    let of_kind = |kind: &'static str| entries.iter().filter(move |entry| entry["entry"] == kind);
    for intent in of_kind("run-intent") {
        let revision = &intent["revision"];
        let mut outcomes = of_kind("run-outcome");
        let is_concluded = outcomes.any(|outcome| outcome["body"]["intent"] == *revision);
        assert!(is_concluded, "{what}: nobody says how {revision} ended");
    }
    let mut named = BTreeSet::new();
    for outcome in of_kind("run-outcome") {
        let report = &outcome["body"]["apply_report"];
        for reported in report["objects"].as_array().unwrap() {
            named.extend(reported["id"].as_str().map(str::to_owned));
        }
        for address in report["may_exist"].as_array().unwrap() {
            named.insert(address.as_str().unwrap().to_owned());
        }
    }
    for (path, id) in world(stage) {
        let address = format!("demo_file.{}", path.trim_end_matches(".txt"));
        let is_known = state.contains(&id) || named.contains(&id) || named.contains(&address);
        assert!(is_known, "{what}: nobody names {path} ({id}): {named:?}\n{state}");
    }
}

/// Waits until nothing of the stage runs any more. A provider whose terraform was killed before it
/// had called has no work under way, and waits for ever: it is ended.
fn resolve(stage: &Stage) {
    let here = stage.path().display().to_string();
    let of_stage = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let is_of = |process: &PathBuf| {
            let bytes = std::fs::read(process.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(&here)
        };
        all.map(|process| process.path()).filter(is_of).collect::<Vec<_>>()
    };
    let name =
        |process: &PathBuf| std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    for _ in 0..600 {
        let left = of_stage();
        if left.is_empty() {
            return;
        }
        if left.iter().all(|process| name(process).starts_with("terraform-prov")) {
            std::thread::sleep(Duration::from_millis(600));
            for process in of_stage() {
                let id = process.file_name().unwrap().to_string_lossy().parse().unwrap();
                let _has_ended = kill_process(Pid::from_raw(id).unwrap(), Signal::KILL).is_err();
            }
        }
        std::thread::sleep(Duration::from_millis(150));
    }
    panic!("something of {here} goes on: {:?}", of_stage());
}

fn kill_at_random(stage: &Stage, chance: &mut Chance, what: &str) {
    let delay = chance.below(120);
    stage.fault(&format!("delay-ms:*:{delay}"));
    let json: &[&str] = if chance.below(2) == 0 { &["-json"] } else { &[] };
    let apply = ["run", "--", "terraform", "apply", "-auto-approve"];
    let running = stage.start(UNAPPLY, &[&apply[..], json].concat());
    std::thread::sleep(Duration::from_millis(chance.below(1_100)));
    let victim = chance.below(3);
    let terraform = child(stage);
    if victim != 1 {
        running.signal(Signal::KILL);
    }
    if victim != 0
        && let Some(terraform) = terraform
    {
        let _has_ended = kill_process(terraform, Signal::KILL).is_err();
    }
    let ended = running.end();
    resolve(stage);
    stage.fault("");
    // The next command says what is known; it may refuse to go on.
    let mut next = stage.unapply(&["run", "--", "false"]);
    // A killed process that the kernel is writing for holds its files, for seconds on a slow disk.
    for _ in 0..20 {
        if next.code == 11 {
            std::thread::sleep(Duration::from_millis(500));
            next = stage.unapply(&["run", "--", "false"]);
        }
    }
    assert!(
        [1, 15].contains(&next.code),
        "{what}: {}\n{}\n{}",
        next.code,
        next.stderr,
        ended.stderr
    );
    nobody_is_forgotten(stage, what);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how many kills is for whoever runs the test")]
fn run_kills_leave_no_object_that_nobody_names() {
    let kills: u64 = std::env::var("UNAPPLY_KILLS").map_or(100, |kills| kills.parse().unwrap());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let stage = Stage::with(&file("z", "there before"));
                stage.apply().expect(0);
                stage.unapply(&["init"]).expect(0);
                stage.keep();
                for number in (thread..kills).step_by(usize::try_from(THREADS).unwrap()) {
                    let what = format!("kill {number}");
                    let mut chance = Chance(number);
                    chance.below(2);
                    stage.renew();
                    // Twice at most, so that the second finds objects to change and destroy.
                    for round in 0..=u64::from(chance.below(4) == 0) {
                        stage.configure(&configuration(&mut chance, round));
                        kill_at_random(&stage, &mut chance, &what);
                    }
                }
            });
        }
    });
}
