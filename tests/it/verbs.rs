//! Every verb's screen and JSON, on real Terraform.

use crate::support::stage::Stage;

/// A file, and a volume with data of its own.
const V1: &str = r#"
resource "demo_file" "a" {
  path    = "a.txt"
  content = "one"
  labels  = { tier = "web" }
  secret  = "hunter2-secret"
}

resource "demo_volume" "data" {
  path = "data"
  size = 1
}

output "a" {
  value = demo_file.a.path
}
"#;

/// The same after a change that fails half-way: one thing changed, one renamed, two new.
const V2: &str = r#"
resource "demo_file" "a" {
  path    = "a.txt"
  content = "two"
  labels  = { tier = "web", team = "x" }
  secret  = "hunter3-secret"
}

resource "demo_volume" "data" {
  path = "data"
  size = 2
}

resource "demo_file" "new" {
  path       = "new.txt"
  depends_on = [demo_file.a, demo_volume.data]
}

resource "demo_file" "bad" {
  path       = "bad.txt"
  depends_on = [demo_file.new]
}

output "a" {
  value = demo_file.a.content
}
"#;

/// V1 applied and good, then V2 recorded and failed half-way.
fn failed() -> Stage {
    let stage = Stage::good(V1);
    stage.configure(V2);
    stage.unapply(&["snapshot"]).expect(0);
    stage.fault("create-after:bad.txt");
    stage.apply().expect(1);
    stage.fault("");
    stage
}

#[test]
fn init_sets_a_stack_up_once() {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    insta::assert_snapshot!(stage.unapply(&["init"]).screen());
    insta::assert_snapshot!(stage.unapply(&["init", "--json"]).screen());
}

#[test]
fn init_writes_the_settings_where_there_are_none() {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    std::fs::remove_file(stage.stack().join("unapply.toml")).unwrap();
    insta::assert_snapshot!(stage.unapply(&["init"]).screen());
    let written = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    insta::assert_snapshot!(written);
}

#[test]
fn snapshot_records_and_then_says_that_nothing_changed() {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    insta::assert_snapshot!(stage.unapply(&["snapshot", "--tag", "release=1"]).screen());
    insta::assert_snapshot!(stage.unapply(&["snapshot"]).screen());
    insta::assert_snapshot!(stage.unapply(&["snapshot", "--force", "--json"]).screen());
}

#[test]
fn mark_says_the_grade_of_what_is_good() {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    insta::assert_snapshot!(stage.unapply(&["mark", "good", "--reason", "smoke ok"]).screen());
    insta::assert_snapshot!(stage.unapply(&["mark", "good", "1", "--verify", "--json"]).screen());
    insta::assert_snapshot!(stage.unapply(&["mark", "bad", "1"]).screen());
}

#[test]
fn checks_of_the_stack_make_a_snapshot_checked() {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    let settings = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    let with = |command: &str| {
        let checks = format!(
            "[good]\nchecks = [\"exit-zero\", \"plan-empty\", {{ command = \"{command}\" }}]\n\n[[stack]]"
        );
        stage.write("unapply.toml", &settings.replace("[[stack]]", &checks));
    };
    with("test -s terraform.tfstate");
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good", "--verify"]).expect(0).says("good (checked)");
    with("exit 3");
    insta::assert_snapshot!(stage.unapply(&["mark", "good", "@-", "--verify"]).screen());
}

#[test]
fn status_is_one_line_a_stack() {
    let stage = failed();
    insta::assert_snapshot!(stage.unapply(&["status"]).screen());
    insta::assert_snapshot!(stage.unapply(&["status", "--json"]).screen());
}

#[test]
fn history_shows_the_log_newest_first() {
    let stage = failed();
    insta::assert_snapshot!(stage.unapply(&["history"]).screen());
    insta::assert_snapshot!(stage.unapply(&["history", "--json", "--max", "2"]).screen());
    stage.unapply(&["snapshot"]).expect(0);
    let revisions = |address: &str| -> Vec<u64> {
        let found = stage.unapply(&["history", "--resource", address, "--json"]).expect(0).json();
        let entries = found["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["revision"].as_u64().unwrap()).collect()
    };
    assert_eq!(revisions("demo_file.a"), [4, 1], "made in 1, changed in 4");
    assert_eq!(revisions("demo_file.new"), [4]);
    assert!(revisions("demo_file.never").is_empty());
    stage.unapply(&["history", "--resource", "no address"]).expect(64);
    let lines = stage.unapply(&["history", "-o", "ndjson", "--kind", "snapshot"]).expect(0);
    assert_eq!(lines.stdout.lines().count(), 3);
    for line in lines.stdout.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["kind"], "unapply.entry");
    }
}

#[test]
fn diff_shows_what_the_failed_apply_did() {
    let stage = failed();
    insta::assert_snapshot!(stage.unapply(&["diff"]).screen());
    insta::assert_snapshot!(stage.unapply(&["diff", "--json"]).screen());
    insta::assert_snapshot!(stage.unapply(&["diff", "1..@-", "--stat"]).screen());
    stage.unapply(&["diff", "--detailed-exitcode"]).expect(2);
    stage.unapply(&["diff", "-detailed-exitcode", "1..@-"]).expect(0);
    let one = stage.unapply(&["diff", "--resource", "demo_volume.*"]).expect(0);
    assert!(one.stdout.contains("demo_volume.data") && !one.stdout.contains("demo_file"));
    let outputs = stage.unapply(&["diff", "--only", "outputs"]).expect(0);
    assert!(outputs.stdout.contains("output.a") && !outputs.stdout.contains("demo_"));
}

#[test]
fn a_path_to_a_state_file_is_a_revision_too() {
    let stage = failed();
    let raw = stage.unapply(&["show", "1", "--raw-state"]).expect(0);
    stage.write("old.tfstate", &raw.stdout);
    let from_file = stage.unapply(&["diff", "./old.tfstate..@", "--json"]).expect(0).json();
    let from_log = stage.unapply(&["diff", "1..@", "--json"]).expect(0).json();
    assert_eq!(from_file["changes"], from_log["changes"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = stage.stack().join("old.tfstate").display().to_string();
    let directory = elsewhere.path().display().to_string();
    let both = format!("{file}..{file}");
    stage.unapply(&["-C", &directory, "diff", &both]).expect(0).says("0 added, 0 changed");
}

#[test]
fn show_tells_one_entry_whatever_it_is() {
    let stage = failed();
    insta::assert_snapshot!(stage.unapply(&["show", "good"]).screen());
    insta::assert_snapshot!(stage.unapply(&["show", "1", "--json"]).screen());
    insta::assert_snapshot!(stage.unapply(&["show", "2"]).screen());
    insta::assert_snapshot!(stage.unapply(&["show", "1", "--resource", "demo_file.a"]).screen());
    insta::assert_snapshot!(stage.unapply(&["show", "1", "--files"]).screen());
    let main = stage.unapply(&["show", "1", "--files=main.tf"]).expect(0);
    assert!(main.stdout.contains("content = \"one\""));
    insta::assert_snapshot!(stage.unapply(&["show", "1", "--resource", "demo_file.z"]).screen());
}

#[test]
fn the_exact_bytes_of_a_state_come_back() {
    let stage = Stage::good(V1);
    let exact = stage.state();
    let output = stage.command(crate::support::stage::UNAPPLY, &["show", "1", "--raw-state"]);
    let mut output = output;
    assert_eq!(output.output().unwrap().stdout, exact);
}

#[test]
fn revert_shows_the_plan_with_its_reasons_and_proves_itself() {
    let stage = Stage::good(V1);
    let v1 = stage.objects();
    stage.configure(V2.replace("size = 2", "size = 1").as_str());
    stage.unapply(&["snapshot"]).expect(0);
    stage.fault("create-after:bad.txt");
    stage.apply().expect(1);
    stage.fault("");
    insta::assert_snapshot!(stage.unapply(&["revert", "--plan-only"]).screen());
    insta::assert_snapshot!(stage.unapply(&["revert", "--plan-only", "--json"]).screen());
    let done = stage.unapply(&["revert", "--yes", "--reason", "it broke", "--ticket", "OPS-1"]);
    insta::assert_snapshot!(done.screen());
    assert_eq!(stage.objects(), v1);
    insta::assert_snapshot!(stage.unapply(&["history", "--max", "5"]).screen());
    insta::assert_snapshot!(stage.unapply(&["revert"]).screen());
}

#[test]
fn revert_stops_at_a_hazard_and_says_what_would_allow_it() {
    let stage = failed();
    insta::assert_snapshot!(stage.unapply(&["revert", "--yes"]).screen());
}

#[test]
fn check_counts_what_it_has_seen() {
    let stage = failed();
    insta::assert_snapshot!(stage.unapply(&["check"]).screen());
    insta::assert_snapshot!(stage.unapply(&["check", "--read-data", "--json"]).screen());
    stage.unapply(&["check", "--read-data=5%"]).expect(0);
    stage.unapply(&["check", "--read-data=500%"]).expect(64);
}

#[test]
fn completion_and_help_are_printed() {
    let stage = Stage::empty();
    insta::assert_snapshot!(stage.unapply(&["--help"]).screen());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stage.unapply(&["completion", shell]).expect(0);
        assert!(script.stdout.contains("revert"), "{shell}");
    }
    stage.unapply(&["revert", "--help"]).expect(0).says("--plan-only");
    stage.unapply(&["--version"]).expect(0).says("unapply 0.");
    stage.unapply(&["explode"]).expect(64);
    stage.unapply(&[]).expect(64);
}

#[test]
fn no_screen_carries_a_secret_or_an_escape_byte() {
    let stage = failed();
    for arguments in [
        &["history"][..],
        &["status"],
        &["diff"],
        &["diff", "--json"],
        &["show", "1"],
        &["show", "1", "--resource", "demo_file.a"],
        &["show", "1", "--json", "--resource", "demo_file.a"],
        &["revert", "--plan-only"],
        &["revert", "--plan-only", "--json"],
        &["history", "--json"],
    ] {
        let ran = stage.unapply(arguments).expect(0);
        let both = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!both.contains("hunter"), "{arguments:?}: {both}");
        assert!(!both.contains('\u{1b}'), "{arguments:?}");
    }
    let coloured = stage.unapply(&["diff", "--color", "always"]).expect(0);
    assert!(coloured.stdout.contains('\u{1b}'));
}
