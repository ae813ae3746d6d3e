//! The cost of a net under an apply: `terraform apply` of 1,000 resources with and without `run`,
//! and the memory of unapply while a command prints a stream of 100 MB.
//!
//! Paired medians of `UNAPPLY_BENCH_PAIRS` pairs (default 5), each from an empty state. The time of
//! the follow-up plan is told apart, as `run` itself tells it. Needs terraform on `PATH`; run with
//! `cargo bench --bench run`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints what it finds and stops where it cannot go on"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

mod paired;

use paired::{median, wanted, write};

const UNAPPLY: &str = env!("CARGO_BIN_EXE_unapply");
const RESOURCES: usize = 1_000;

#[expect(clippy::disallowed_methods, reason = "a bench runs the real programs")]
fn command(directory: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(directory)
        .env("XDG_STATE_HOME", directory.join("journals"))
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null());
    command
}

fn ran(directory: &Path, program: &str, arguments: &[&str]) -> std::process::Output {
    let output = command(directory, program, arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

fn forget(directory: &Path) {
    for name in ["terraform.tfstate", "terraform.tfstate.backup"] {
        let _was_not_there = std::fs::remove_file(directory.join(name)).is_err();
    }
    let _was_not_there = std::fs::remove_dir_all(directory.join(".unapply")).is_err();
}

fn pairs(directory: &Path, pairs: usize) {
    let (mut plain, mut extra, mut apart) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..pairs {
        forget(directory);
        let apply = ["apply", "-auto-approve", "-json", "-no-color"];
        let (alone, _) = timed(|| ran(directory, "terraform", &apply));
        forget(directory);
        ran(directory, UNAPPLY, &["init"]);
        let arguments = [&["run", "--json", "--", "terraform"], &apply[..]].concat();
        let (whole, output) = timed(|| ran(directory, UNAPPLY, &arguments));
        let json: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}"));
        let follow_up = json["follow_up_milliseconds"].as_f64().unwrap_or_default() / 1000.0;
        plain.push(alone.as_secs_f64());
        extra.push(whole.as_secs_f64() - follow_up - alone.as_secs_f64());
        apart.push(follow_up);
    }
    let (alone, more) = (median(plain), median(extra));
    println!(
        "{RESOURCES} resources: terraform apply {alone:.2} s, run adds {:.0} ms ({:.1} %), follow-up \
         {:.2} s apart",
        more * 1000.0,
        more / alone * 100.0,
        median(apart)
    );
}

/// Peak memory of unapply in kB while its command prints 100 MB of events.
fn memory(directory: &Path) {
    forget(directory);
    ran(directory, "terraform", &["apply", "-auto-approve", "-no-color"]);
    ran(directory, UNAPPLY, &["init"]);
    let mut events = String::new();
    for number in 0..10_000 {
        for (kind, id) in [("start", ""), ("complete", ",\"id_key\":\"id\",\"id_value\":\"i\"")] {
            let _infallible = writeln!(
                events,
                "{{\"@level\":\"info\",\"@message\":\"{}\",\"type\":\"apply_{kind}\",\"hook\":{{\"resource\":\
                 {{\"addr\":\"terraform_data.more[{number}]\"}},\"action\":\"create\"{id}}}}}",
                "x".repeat(5_000)
            );
        }
    }
    let file = directory.join("events");
    write(&file, &events);
    let script = format!("cat {}; exit 3", file.display());
    let arguments = ["run", "--", "sh", "-c", &script];
    let mut child = command(directory, UNAPPLY, &arguments);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = String::new();
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if let Ok(text) = std::fs::read_to_string(&status)
            && let Some(line) = text.lines().find(|line| line.starts_with("VmHWM"))
        {
            line.clone_into(&mut peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("a stream of {} MB: peak of unapply {peak}", events.len() >> 20);
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    write(
        &directory.join("main.tf"),
        &format!(
            "resource \"terraform_data\" \"many\" {{\n  count = {RESOURCES}\n  input = count.index\n}}\n"
        ),
    );
    ran(directory, "terraform", &["init", "-no-color"]);
    pairs(directory, wanted());
    memory(directory);
}
