//! `unapply diff` beside the tools that people would use otherwise, paired in one run.
//!
//! `cargo bench --bench peers`; it takes some minutes, most of them in `jq`. Every round runs each
//! contender once, one after the other, and a figure is the median of the rounds' ratios: machines
//! are shared, and what disturbs one disturbs the other. States of 1,000, 10,000 and 50,000 objects
//! (3, 30 and 147 MB) come from `world`; `UNAPPLY_BENCH_STATES=DIR` takes `s1k`, `s10k` and `s50k`
//! with `_a`, `_b` and `_c` from there instead, as another generator has written them. A peer that
//! is not installed is left out and said so. It asserts nothing: it measures.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark starts what it measures, looks at the clock and prints"
)]

mod world;

use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use unapply::codec::state::narrow::{Source, narrow};
use unapply::engine::diff::diff_narrowed;
use unapply::engine::redact::Redactor;
use unapply::knowledge::Knowledge;
use world::{Edit, World};

const UNAPPLY: &str = env!("CARGO_BIN_EXE_unapply");
const ROUNDS: usize = 7;

/// Where the states are.
struct States {
    directory: PathBuf,
}

impl States {
    fn made_in(directory: &Path) -> Result<Self, std::io::Error> {
        if let Some(given) = std::env::var_os("UNAPPLY_BENCH_STATES") {
            return Ok(Self { directory: given.into() });
        }
        let sizes = [("s2", 2), ("s30", 30), ("s1k", 1_000), ("s10k", 10_000), ("s50k", 50_000)];
        let edits = [
            ("", Edit::Nothing),
            ("_a", Edit::OneAttribute),
            ("_b", Edit::OnePercent),
            ("_c", Edit::TenPercent),
        ];
        for (size, objects) in sizes {
            for (edit_name, edit) in edits {
                let path = directory.join(format!("{size}{edit_name}.tfstate"));
                fs::write(path, World { objects }.to_json(edit))?;
            }
        }
        Ok(Self { directory: directory.to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.tfstate"))
    }
}

/// The time of one run; none where the tool is missing.
fn timed(command: &mut Command) -> Option<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let start = Instant::now();
    command.status().ok()?;
    Some(start.elapsed())
}

fn unapply(before: &Path, after: &Path) -> Option<Duration> {
    let range = format!("{}..{}", before.display(), after.display());
    timed(Command::new(UNAPPLY).args(["diff", &range, "--no-input"]))
}

fn gnu_diff(before: &Path, after: &Path) -> Option<Duration> {
    timed(Command::new("diff").args([before, after]))
}

/// Both files sorted by key, and what differs then.
fn sorted_diff(before: &Path, after: &Path) -> Option<Duration> {
    let start = Instant::now();
    let sorted = |path: &Path| {
        let output = path.with_extension("sorted");
        let file = File::create(&output).ok()?;
        Command::new("jq").args(["-S", "."]).arg(path).stdout(file).status().ok()?;
        Some(output)
    };
    let (first, second) = (sorted(before)?, sorted(after)?);
    gnu_diff(&first, &second)?;
    let took = start.elapsed();
    for path in [first, second] {
        let _gone = fs::remove_file(path).is_ok();
    }
    Some(took)
}

/// What the library does for a diff, with everything in memory already, on one core.
fn in_memory(before: &[u8], after: &[u8], knowledge: &Knowledge) -> Duration {
    let start = Instant::now();
    let (before, after) = (Source::new(before), Source::new(after));
    let mut redactor = Redactor::default();
    black_box(redactor.learn_source(&before).is_ok());
    if let Ok(narrowed) = narrow(&before, &after) {
        narrowed.after.instances.iter().for_each(|instance| redactor.learn_instance(instance));
        black_box(diff_narrowed(&narrowed, &before, &redactor, knowledge).unchanged);
    }
    start.elapsed()
}

/// The part of it that finds what differs.
fn narrowing(before: &[u8], after: &[u8]) -> Duration {
    let start = Instant::now();
    let (before, after) = (Source::new(before), Source::new(after));
    black_box(narrow(&before, &after).is_ok());
    start.elapsed()
}

fn memcmp(bytes: &[u8], same: &[u8]) -> Duration {
    let start = Instant::now();
    black_box(black_box(bytes) == black_box(same));
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A line of the table: what, our median, the other's, the median of the ratios, and the aim.
fn row(what: &str, peer: &str, aim: &str, rounds: &[(Duration, Duration)]) {
    let ours = median(rounds.iter().map(|round| milliseconds(round.0)).collect());
    let theirs = median(rounds.iter().map(|round| milliseconds(round.1)).collect());
    let ratio = median(rounds.iter().map(|round| round.0.div_duration_f64(round.1)).collect());
    println!("| {what} | {ours:.1} ms | {peer} {theirs:.1} ms | {ratio:.3} | {aim} |");
}

fn rounds(
    many: usize,
    mut round: impl FnMut() -> Option<(Duration, Duration)>,
) -> Vec<(Duration, Duration)> {
    // The first one warms caches up.
    round();
    (0..many).filter_map(|_| round()).collect()
}

fn main() -> Result<(), std::io::Error> {
    let directory = tempfile::tempdir()?;
    let states = States::made_in(directory.path())?;
    let peak = peak_memory(&states)?;
    println!("| what | unapply | beside | ratio | aim |\n|---|---|---|---|---|");
    whole_processes(&states);
    in_memory_rows(&states)?;
    println!("{peak}");
    small_ones(&states);
    Ok(())
}

fn whole_processes(states: &States) {
    for (size, edit, aim) in [
        ("s50k", "b", "0.2"),
        ("s50k", "a", ""),
        ("s50k", "c", ""),
        ("s10k", "b", ""),
        ("s1k", "b", ""),
    ] {
        let (before, after) = (states.path(size), states.path(&format!("{size}_{edit}")));
        let found =
            rounds(ROUNDS, || Some((unapply(&before, &after)?, gnu_diff(&before, &after)?)));
        row(&format!("whole process, {size}, {edit}"), "diff", aim, &found);
    }
    let (before, after) = (states.path("s50k"), states.path("s50k_b"));
    let found: Vec<_> = (0..3)
        .filter_map(|_| Some((unapply(&before, &after)?, sorted_diff(&before, &after)?)))
        .collect();
    row("whole process, s50k, b", "jq -S twice and diff", "0.01", &found);
}

fn in_memory_rows(states: &States) -> Result<(), std::io::Error> {
    let knowledge = Knowledge::builtin();
    let first = fs::read(states.path("s50k"))?;
    let same = first.clone();
    for edit in ["a", "b", "c"] {
        let second = fs::read(states.path(&format!("s50k_{edit}")))?;
        let found = rounds(ROUNDS, || {
            Some((in_memory(&first, &second, &knowledge), memcmp(&first, &same)))
        });
        let ours = median(found.iter().map(|round| round.0.as_secs_f64()).collect());
        let bytes = u32::try_from((first.len() + second.len()) / 1_000_000).unwrap_or(u32::MAX);
        let speed = f64::from(bytes) / 1e3 / ours;
        let aim = match edit {
            "a" => "2",
            "b" => "4 GB/s",
            _ => "",
        };
        let what = format!("in memory, one core, s50k, {edit}: {speed:.1} GB/s of both");
        row(&what, "memcmp", aim, &found);
        let found = rounds(ROUNDS, || Some((narrowing(&first, &second), memcmp(&first, &same))));
        row(&format!("of that, finding what differs, {edit}"), "memcmp", "", &found);
    }
    Ok(())
}

fn small_ones(states: &States) {
    for size in ["s2", "s30"] {
        let (before, after) = (states.path(size), states.path(&format!("{size}_a")));
        let bytes = fs::metadata(&before).map_or(0, |metadata| metadata.len()) / 1_000;
        let found = rounds(41, || {
            Some((unapply(&before, &after)?, timed(Command::new("git").arg("--version"))?))
        });
        row(&format!("whole process, two states of {bytes} KB"), "git --version", "3", &found);
    }
}

/// The most memory that a diff of the largest states took, beside the size of both. Asked of the
/// system before any other child has run: it only tells the largest of all.
fn peak_memory(states: &States) -> Result<String, std::io::Error> {
    let (before, after) = (states.path("s50k"), states.path("s50k_b"));
    let both = fs::metadata(&before)?.len() + fs::metadata(&after)?.len();
    unapply(&before, &after);
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?;
    let peak = u64::try_from(usage.max_rss()).unwrap_or_default() * 1024;
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let percent = peak * 100 / both.max(1);
    Ok(format!(
        "| peak memory, s50k, b | {} MB | both files {} MB | {percent} % | 110 % |",
        megabytes(peak),
        megabytes(both)
    ))
}
