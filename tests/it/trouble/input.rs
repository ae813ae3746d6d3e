//! Bad input: each case has its exit code and one message, and nothing captured is lost.

use crate::support::deeds::{file, good};
use crate::support::stage::{Stage, UNAPPLY};
use crate::trouble::table::answers;

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

#[test]
fn without_terraform_a_local_state_is_still_kept_and_a_revert_says_what_is_missing() {
    let (mut stage, _) = good(&a_and_b());
    stage.apply_next(&file("a", "ONE"));
    stage.set("PATH", "/nonexistent");
    let json = stage.unapply(&["snapshot", "--json"]).expect(0).json();
    assert_eq!(json["recorded"], true, "{json:#}");
    let entry = json["entry"]["revision"].to_string();
    stage.unapply(&["show", &entry]).expect(0).says("engine     unknown");
    let before = (stage.objects(), stage.state());
    let ran = stage.unapply(&["revert", "--yes"]).expect(16);
    answers(&ran, "terraform, tofu on PATH", "", "--tf-bin");
    assert_eq!((stage.objects(), stage.state()), before);
    stage.is_sound();
}

#[test]
fn a_backend_that_was_never_initialised_is_not_looked_for_elsewhere() {
    let stage = Stage::with(&a_and_b());
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    stage.write(
        "backend.tf",
        "terraform {\n  backend \"http\" {\n    address = \"http://127.0.0.1:1/s\"\n  }\n}\n",
    );
    for verb in [&["snapshot"][..], &["revert", "--yes"], &["mark", "good", "--verify"]] {
        let ran = stage.unapply(verb).expect(16);
        answers(&ran, "`http` is not initialised", "", "terraform init");
    }
    assert_eq!(stage.entries("snapshot").len(), 1);
}

#[test]
fn a_stack_without_a_state_is_recorded_and_cannot_be_good() {
    let stage = Stage::with(&a_and_b());
    stage.unapply(&["snapshot"]).expect(0).says("no state yet");
    stage.unapply(&["snapshot"]).expect(0).says("no new entry");
    stage.unapply(&["status"]).expect(0).says("no state yet");
    let ran = stage.unapply(&["mark", "good"]).expect(13);
    answers(&ran, "has no state to go back to", "", "unapply history");
    let ran = stage.unapply(&["revert", "--yes"]).expect(13);
    answers(&ran, "good", "", "unapply mark good");
    let ran = stage.unapply(&["diff"]).expect(13);
    answers(&ran, "good", "", "unapply mark good");
    stage.is_sound();
}

#[test]
fn no_store_is_said_with_the_verb_that_makes_one() {
    let stage = Stage::with(&a_and_b());
    for verb in ["status", "history", "diff", "revert", "check"] {
        answers(&stage.unapply(&[verb]).expect(10), "", "", "unapply init");
    }
    assert!(!stage.stack().join(".unapply").exists());
}

/// A state that cannot be taken: refused by every verb that needs one, kept exactly and once.
#[track_caller]
fn is_kept_as_evidence(stage: &Stage, bytes: &[u8], what: &str) {
    let path = stage.stack().join("terraform.tfstate");
    let objects = stage.objects();
    stage.put_state(bytes);
    let snapshots = stage.entries("snapshot").len();
    for _ in 0..2 {
        let ran = stage.unapply(&["snapshot"]).expect(15);
        answers(&ran, what, "the bytes are kept as revision", "unapply show");
    }
    answers(&stage.unapply(&["revert", "--yes"]).expect(15), what, "the bytes are kept", "show");
    let evidence = stage.entries("evidence");
    assert_eq!(evidence.len(), 1);
    let revision = evidence[0]["revision"].to_string();
    let mut raw = stage.command(UNAPPLY, &["show", &revision, "--raw-state"]);
    assert_eq!(raw.output().unwrap().stdout, bytes);
    stage.unapply(&["mark", "good", &revision]).expect(13);
    assert_eq!(stage.entries("snapshot").len(), snapshots);
    assert_eq!(stage.entries("revert-intent").len(), 0);
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert_eq!(stage.objects(), objects);
    stage.is_sound();
}

#[test]
fn a_state_of_no_bytes_is_a_lost_state() {
    let (stage, _) = good(&file("a", "one"));
    is_kept_as_evidence(&stage, b"", "state lost");
}

#[test]
fn half_a_state_is_kept_as_it_is() {
    let (stage, _) = good(&file("a", "one"));
    let state = stage.state();
    is_kept_as_evidence(&stage, &state[..state.len() / 2], "state");
}

#[test]
fn json_that_is_no_state_is_kept_as_it_is() {
    let (stage, _) = good(&file("a", "one"));
    is_kept_as_evidence(&stage, b"{\"hello\": [1, 2.50]}\n", "state");
}

#[test]
fn a_state_of_another_lineage_is_kept_and_refused() {
    let (stage, _) = good(&file("a", "one"));
    let text = String::from_utf8(stage.state()).unwrap();
    let (head, tail) = text.split_once("\"lineage\": \"").unwrap();
    let foreign = format!("{head}\"lineage\": \"00000000{}", &tail[8..]);
    is_kept_as_evidence(&stage, foreign.as_bytes(), "lineage");
}

#[test]
fn another_workspace_than_the_stacks_is_refused() {
    let (stage, _) = good(&file("a", "one"));
    stage.terraform(&["workspace", "new", "blue"]).expect(0);
    let before = stage.objects();
    let ran = stage.unapply(&["snapshot"]).expect(15);
    answers(&ran, "the workspace is `blue`, the stack's is `default`", "", "unapply");
    stage.apply().expect(1);
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    answers(&ran, "the workspace is `blue`, the stack's is `default`", "", "unapply");
    assert_eq!(stage.entries("revert-intent").len(), 0);
    assert_eq!(stage.objects(), before);
    stage.is_sound();
}

#[test]
fn a_state_file_that_is_gone_is_lost_and_the_last_one_is_named() {
    let (stage, _) = good(&file("a", "one"));
    let state = stage.state();
    std::fs::remove_file(stage.stack().join("terraform.tfstate")).unwrap();
    for verb in [&["snapshot"][..], &["revert", "--yes"]] {
        let ran = stage.unapply(verb).expect(15);
        answers(&ran, "state lost", "revision r1 holds the last state", "show r1 --raw-state");
    }
    let mut raw = stage.command(UNAPPLY, &["show", "1", "--raw-state"]);
    assert_eq!(raw.output().unwrap().stdout, state);
    assert!(!stage.stack().join("terraform.tfstate").exists());
    stage.is_sound();
}

#[test]
fn a_state_that_went_back_is_recorded_and_not_reverted_until_somebody_looked() {
    let (stage, v1) = good(&file("a", "one"));
    let old = stage.state();
    stage.apply_next(&file("a", "ONE"));
    stage.unapply(&["snapshot"]).expect(0);
    stage.put_state(&old);
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    answers(&ran, "the state's serial is", "restored an older state", "unapply snapshot");
    // The refused revert has recorded what it found, and a person has read it.
    stage.goes_back(&v1, &["--allow", "older-drift=*"]);
}

#[test]
fn a_store_that_cannot_be_written_is_told_and_stops_a_revert() {
    let (stage, _) = good(&file("a", "one"));
    stage.configure(&file("a", "ONE"));
    stage.apply().expect(0);
    let blobs = stage.stack().join(".unapply/blobs");
    let aside = stage.stack().join(".unapply/blobs-aside");
    std::fs::rename(&blobs, &aside).unwrap();
    stage.write(".unapply/blobs", "a file where a directory should be");
    let before = (stage.objects(), stage.state());
    for verb in [&["snapshot"][..], &["revert", "--yes"]] {
        let ran = stage.unapply(verb);
        assert_eq!(ran.code, 10, "{}", ran.screen());
        answers(&ran, "", "was left alone", "unapply check");
    }
    assert_eq!((stage.objects(), stage.state()), before);
    std::fs::remove_file(&blobs).unwrap();
    std::fs::rename(&aside, &blobs).unwrap();
    stage.is_sound();
    assert_eq!(stage.entries("revert-intent").len(), 0);
}

#[test]
fn a_tampered_blob_or_slot_is_found_by_check_and_by_revert() {
    let (stage, _) = good(&file("a", "one"));
    stage.apply_next(&file("a", "ONE"));
    let before = (stage.objects(), stage.state());
    let slot = find(&stage, "00000000000000000001");
    for path in [slot, first_blob(&stage)] {
        let bytes = std::fs::read(&path).unwrap();
        let mut tampered = bytes.clone();
        let middle = tampered.len() / 2;
        tampered[middle] ^= 1;
        overwrite(&path, &tampered);
        stage.unapply(&["check", "--read-data"]).expect(14);
        let ran = stage.unapply(&["revert", "--yes"]).expect(14);
        answers(&ran, "", "nothing that cannot be verified was used", "unapply check");
        overwrite(&path, &bytes);
    }
    assert_eq!((stage.objects(), stage.state()), before);
    stage.is_sound();
}

/// The blob of the good state.
fn first_blob(stage: &Stage) -> std::path::PathBuf {
    let text = std::fs::read_to_string(find(stage, "00000000000000000001")).unwrap();
    let blob = text.split("\"blob\":\"").nth(1).or(text.split("\"blob\": \"").nth(1)).unwrap();
    find(stage, blob.split('"').next().unwrap())
}

fn overwrite(path: &std::path::Path, bytes: &[u8]) {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::File::create(path).and_then(|mut file| file.write_all(bytes)).unwrap();
}

/// The file of this name in the store.
fn find(stage: &Stage, name: &str) -> std::path::PathBuf {
    let mut open = vec![stage.stack().join(".unapply")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return path;
            }
        }
    }
    panic!("no {name} in the store");
}

#[test]
fn settings_that_are_not_served_or_not_known_are_refused_with_their_line() {
    let stage = Stage::with(&file("a", "one"));
    let line = regex::Regex::new(r"line \d|toml:\d").unwrap();
    for (table, words) in [
        ("[encryption]\nrecipients = []\n", "encryption"),
        ("[trust]\nsigners = []\n", "trust"),
        ("[revert]\nmax_destory = 1\n", "max_destroy"),
        ("[[provider]]\nsauce = \"unapply/demo\"\n", "source"),
    ] {
        let sound = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
        stage.settings(table);
        for verb in ["status", "snapshot", "revert"] {
            let ran = stage.unapply(&[verb]).expect(64).says(words);
            assert!(line.is_match(&ran.stderr), "{}", ran.stderr);
        }
        stage.write("unapply.toml", &sound);
    }
    assert!(!stage.stack().join(".unapply").exists());
}

#[test]
fn the_environment_that_misleads_terraform_does_not_reach_it() {
    let (mut stage, v1) = good(&a_and_b());
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    for (name, value) in [
        ("TF_CLI_ARGS_plan", "-destroy"),
        ("TF_CLI_ARGS_apply", "-destroy"),
        ("TF_CLI_ARGS", "-nonsense"),
        ("TF_CLI_ARGS_init", "-nonsense"),
        ("TF_LOG", "TRACE"),
        ("TF_LOG_PATH", "/nonexistent/log"),
        ("TF_REATTACH_PROVIDERS", "{nonsense"),
    ] {
        stage.set(name, value);
    }
    stage.unapply(&["revert", "--yes"]).expect(0);
    for name in [
        "TF_CLI_ARGS_plan",
        "TF_CLI_ARGS_apply",
        "TF_CLI_ARGS",
        "TF_CLI_ARGS_init",
        "TF_LOG",
        "TF_LOG_PATH",
        "TF_REATTACH_PROVIDERS",
    ] {
        stage.unset(name);
    }
    v1.is_back(&stage);
    stage.set("TF_WORKSPACE", "elsewhere");
    let ran = stage.unapply(&["snapshot"]).expect(64);
    answers(&ran, "TF_WORKSPACE is `elsewhere`", "", "--workspace elsewhere");
    stage.unapply(&["snapshot", "-w", "default"]).expect(0);
}

#[test]
fn without_a_terminal_a_plan_needs_yes_and_the_refusal_says_so() {
    let (mut stage, _) = good(&a_and_b());
    stage.apply_next(&file("a", "ONE"));
    let before = stage.everything();
    let ran = stage.unapply(&["revert"]).expect(17);
    answers(
        &ran,
        "standard input is no terminal",
        "the stack is as it was",
        "unapply revert --yes",
    );
    stage.set("CI", "true");
    let ran = stage.unapply(&["revert"]).expect(17);
    answers(&ran, "CI is set", "the stack is as it was", "unapply revert --yes");
    stage.unset("CI");
    assert_eq!(stage.everything(), before);
    assert_eq!(stage.left_over(), "");
}
