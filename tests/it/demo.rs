//! `unapply demo` from the outside, with nothing but the binary and the real Terraform.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use unapply::demo::provider;

use crate::support::engine::engine;

/// A process that sees its `PATH` and a directory of its own, and nothing else.
#[expect(clippy::disallowed_methods, reason = "the test runs the binary itself")]
fn unapply(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unapply"));
    command
        .args(arguments)
        .current_dir(temporary)
        .env_clear()
        .env("PATH", &engine().path)
        .env("TMPDIR", temporary)
        .stdin(Stdio::null());
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn both(output: &Output) -> String {
    format!("{}{}", stdout(output), String::from_utf8_lossy(&output.stderr))
}

fn left_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn the_world_equals_v1_and_nothing_is_left_behind() {
    let temporary = TempDir::new().unwrap();
    let output = unapply(temporary.path(), &["demo"])
        .env("CI", "true")
        .env("TERM", "dumb")
        .env("TF_CLI_ARGS_plan", "-destroy")
        .output()
        .unwrap();
    let text = both(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("the world equals v1"), "{text}");
    assert!(text.contains("2 orphans: banner.txt, cache.db"), "{text}");
    assert!(text.contains("hazards   none"), "{text}");
    assert!(text.contains("2 manual fixes overwritten"), "{text}");
    assert!(text.contains("is \"workers 4\" again"), "{text}");
    assert!(text.contains("was changed by hand, and is what it was before (sensitive "), "{text}");
    assert!(!text.contains('\u{1b}'), "an escape byte: {text}");
    assert_eq!(left_in(temporary.path()), [""; 0]);
}

#[test]
fn a_kept_stack_can_be_gone_on_with_its_json_is_one_object_and_its_secret_was_never_shown() {
    let temporary = TempDir::new().unwrap();
    let words = ["demo", "--directory", "kept \"he${re}", "--color=always", "--json"];
    let output = unapply(temporary.path(), &words).output().unwrap();
    let text = both(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "unapply.demo");
    assert_eq!(told["world_equals_v1"], true);
    assert_eq!(told["orphans_after_restore"], serde_json::json!(["banner.txt", "cache.db"]));
    assert_eq!(told["files"].as_array().unwrap().len(), 6);
    assert_eq!(told["fixes"]["demo_file.login"], "overwritten");
    assert_eq!(told["fixes"]["demo_file.web"], "overwritten");
    let story = String::from_utf8_lossy(&output.stderr);
    assert!(story.contains("the world equals v1") && story.contains('\u{1b}'), "{story}");
    let stack = temporary.path().join("kept \"he${re}/stack");
    let configuration = fs::read_to_string(stack.join("main.tf")).unwrap();
    let (_, secret) = configuration.split_once("secret  = \"").unwrap();
    let (secret, _) = secret.split_once('"').unwrap();
    assert!(secret.len() > 8 && !text.contains(secret), "{text}");
    assert!(!text.contains("teal-harbour-0815"), "the new password: {text}");
    assert!(text.contains("\"ticket\": \"SEC-17\""), "{text}");

    let stack = stack.to_string_lossy();
    let history = unapply(temporary.path(), &["-C", &stack, "history"]).output().unwrap();
    assert_eq!(history.status.code(), Some(0), "{}", both(&history));
    assert!(stdout(&history).contains("8443 was wrong"), "{}", both(&history));

    let again =
        unapply(temporary.path(), &["demo", "--directory", "kept \"he${re}"]).output().unwrap();
    assert_eq!(again.status.code(), Some(64), "{}", both(&again));
}

#[test]
fn without_terraform_it_says_so() {
    let temporary = TempDir::new().unwrap();
    let output =
        unapply(temporary.path(), &["demo"]).env("PATH", temporary.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(16), "{}", both(&output));
    assert_eq!(left_in(temporary.path()), [""; 0]);
}

#[test]
fn an_interrupt_ends_it_and_leaves_nothing_behind() {
    let temporary = TempDir::new().unwrap();
    let mut child = unapply(temporary.path(), &["demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its first line says that it listens and that there is something to remove.
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // Whoever does not read on must not matter.
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), None);
    assert_eq!(output.status.code(), Some(130), "{}", both(&output));
    assert_eq!(left_in(temporary.path()), [""; 0]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test stands in for terraform")]
fn a_provider_ends_when_its_terraform_is_killed_before_it_connects() {
    let temporary = TempDir::new().unwrap();
    let plugin = temporary.path().join("terraform-provider-demo");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_unapply"), &plugin).unwrap();
    let mut terraform = Command::new("sh")
        .args(["-c", "\"$0\" & echo $! >&2; wait"])
        .arg(&plugin)
        .env(provider::COOKIE_VARIABLE, provider::COOKIE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut number = String::new();
    BufReader::new(terraform.stderr.take().unwrap()).read_line(&mut number).unwrap();
    let mut stdout = BufReader::new(terraform.stdout.take().unwrap());
    let mut greeting = String::new();
    stdout.read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("1|6|tcp|"), "{greeting}");

    terraform.kill().unwrap();
    terraform.wait().unwrap();
    // The provider is the last that could write there: the pipe ends with it.
    let (sender, end) = mpsc::channel();
    std::thread::spawn(move || sender.send(stdout.read_to_end(&mut Vec::new())));
    let ended = end.recv_timeout(Duration::from_secs(20));
    if ended.is_err() {
        let pid = Pid::from_raw(number.trim().parse().unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
    }
    assert!(matches!(ended, Ok(Ok(0))), "the provider lives on: {ended:?}");
}
