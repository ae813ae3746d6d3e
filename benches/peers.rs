//! `unapply diff` beside the tools that people would use otherwise, paired in one run.
//!
//! `cargo bench --bench peers`; it takes some minutes, most of them in `jq`. Every round runs each
//! contender once, one after the other, and a figure is the median of the rounds' ratios: machines
//! are shared, and what disturbs one disturbs the other. Processor time is that of all threads.
//! States of 1,000, 10,000 and 50,000 objects (3, 30 and 147 MB) come from `world`;
//! `UNAPPLY_BENCH_STATES=DIR` takes `s1k`, `s10k` and `s50k` with `_a`, `_b` and `_c` from there
//! instead, as another generator has written them. A peer that is not installed is left out. It
//! asserts nothing: it measures.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark starts what it measures, looks at the clock and prints"
)]

mod world;

use std::fs::{self, File};
use std::io::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use world::{Edit, World};

const UNAPPLY: &str = env!("CARGO_BIN_EXE_unapply");
const ORJSON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/orjson_diff.py");
const ROUNDS: usize = 7;

/// The directories of the states: of those that are made, and of those that are given.
struct States {
    made: PathBuf,
    given: Option<PathBuf>,
}

impl States {
    fn made_in(directory: &Path) -> Result<Self, Error> {
        let given = std::env::var_os("UNAPPLY_BENCH_STATES").map(PathBuf::from);
        let states = Self { made: directory.to_owned(), given };
        let sizes = [("s2", 2), ("s30", 30), ("s1k", 1_000), ("s10k", 10_000), ("s50k", 50_000)];
        let edits = [
            ("", Edit::Nothing),
            ("_a", Edit::OneAttribute),
            ("_b", Edit::OnePercent),
            ("_c", Edit::TenPercent),
        ];
        for (size, objects) in sizes {
            for (edit_name, edit) in edits {
                let path = states.path(&format!("{size}{edit_name}"));
                if !path.exists() {
                    fs::write(path, World { objects }.to_json(edit))?;
                }
            }
        }
        for (many, objects) in [("e10k", 10_000), ("e20k", 20_000)] {
            for (name, fate) in FATES {
                fs::write(states.path(&format!("{many}{name}")), for_each(objects, fate))?;
            }
        }
        Ok(states)
    }

    fn path(&self, name: &str) -> PathBuf {
        let file = format!("{name}.tfstate");
        let given = self.given.as_ref().map(|given| given.join(&file));
        given.filter(|given| given.exists()).unwrap_or_else(|| self.made.join(file))
    }

    fn pair(&self, size: &str, edit: &str) -> [PathBuf; 2] {
        [self.path(size), self.path(&format!("{size}{edit}"))]
    }
}

/// The fate of all objects of one `for_each`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stay,
    Move,
    Rekey,
    Replace,
}

const FATES: [(&str, Fate); 4] =
    [("", Fate::Stay), ("_m", Fate::Move), ("_k", Fate::Rekey), ("_r", Fate::Replace)];

/// A state of one resource with so many objects.
fn for_each(objects: usize, fate: Fate) -> String {
    let instance = |number: usize| {
        let key = if fate == Fate::Rekey { "other" } else { "key" };
        let id = if fate == Fate::Replace { "new" } else { "old" };
        format!(
            r#"{{"index_key": "{key}-{number:06}", "schema_version": 0, "attributes":
            {{"id": "{id}-{number:09}", "name": "n-{number}", "tags": {{"Owner": "platform"}}}},
            "sensitive_attributes": [], "dependencies": ["aws_kms_key.main"]}}"#
        )
    };
    let instances: Vec<String> = (0..objects).map(instance).collect();
    let module = if fate == Fate::Move { r#""module": "module.m", "# } else { "" };
    format!(
        r#"{{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "outputs": {{}},
        "resources": [{{{module}"mode": "managed", "type": "aws_sqs_queue", "name": "a",
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{}]}}]}}"#,
        instances.join(",\n")
    )
}

/// The time that a run took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    processor: Duration,
}

/// The processor time of all children so far.
fn processor() -> Option<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let seconds = |of: fn(&Usage) -> nix::sys::time::TimeVal| {
        let time = of(&usage);
        let (seconds, rest) = (u64::try_from(time.tv_sec()), u64::try_from(time.tv_usec()));
        Some(Duration::from_secs(seconds.ok()?) + Duration::from_micros(rest.ok()?))
    };
    Some(seconds(Usage::user_time)? + seconds(Usage::system_time)?)
}

/// Measures something; none where it cannot be run.
fn timed(run: impl FnOnce() -> Option<()>) -> Option<Took> {
    let (before, start) = (processor()?, Instant::now());
    run()?;
    Some(Took { wall: start.elapsed(), processor: processor()?.saturating_sub(before) })
}

fn quietly(command: &mut Command) -> Option<()> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command.status().ok().map(drop)
}

fn unapply([before, after]: &[PathBuf; 2]) -> Option<Took> {
    let range = format!("{}..{}", before.display(), after.display());
    timed(|| quietly(Command::new(UNAPPLY).args(["diff", &range, "--no-input"])))
}

fn gnu_diff([before, after]: &[PathBuf; 2]) -> Option<Took> {
    timed(|| quietly(Command::new("diff").args([before, after])))
}

fn orjson([before, after]: &[PathBuf; 2]) -> Option<Took> {
    let is_there =
        Command::new("python3").args(["-c", "import orjson"]).stderr(Stdio::null()).status();
    is_there.ok().filter(std::process::ExitStatus::success)?;
    timed(|| quietly(Command::new("python3").arg(ORJSON).args([before, after])))
}

/// Both files sorted by key, and what differs then.
fn sorted_diff(paths: &[PathBuf; 2]) -> Option<Took> {
    let sorted = |path: &PathBuf| {
        let output = path.with_extension("sorted");
        let file = File::create(&output).ok()?;
        Command::new("jq").args(["-S", "."]).arg(path).stdout(file).status().ok()?;
        Some(output)
    };
    let took =
        timed(|| quietly(Command::new("diff").args([sorted(&paths[0])?, sorted(&paths[1])?])));
    for path in paths {
        let _gone = fs::remove_file(path.with_extension("sorted")).is_ok();
    }
    took
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A line of the table: medians of ours and of the other's, and the medians of the ratios.
fn row(what: &str, peer: &str, aim: &str, rounds: &[(Took, Took)]) {
    if rounds.is_empty() {
        return println!("| {what} | | {peer}: not installed | | | {aim} |");
    }
    let each = |figure: fn(&(Took, Took)) -> f64| median(rounds.iter().map(figure).collect());
    println!(
        "| {what} | {:.0} ms | {peer} {:.0} ms | {:.3} | {:.3} | {aim} |",
        each(|(ours, _)| ours.wall.as_secs_f64() * 1e3),
        each(|(_, theirs)| theirs.wall.as_secs_f64() * 1e3),
        each(|(ours, theirs)| ours.wall.div_duration_f64(theirs.wall)),
        each(|(ours, theirs)| ours.processor.div_duration_f64(theirs.processor)),
    );
}

fn rounds(many: usize, mut round: impl FnMut() -> Option<(Took, Took)>) -> Vec<(Took, Took)> {
    // The first one warms caches up.
    round();
    (0..many).filter_map(|_| round()).collect()
}

fn main() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let states = States::made_in(directory.path())?;
    let peak = peak_memory(&states)?;
    println!("| what | unapply | beside | wall | processor | aim |\n|---|---|---|---|---|---|");
    for (size, edit, aim) in [
        ("s50k", "_b", "0.3, 0.4"),
        ("s50k", "_a", ""),
        ("s50k", "_c", ""),
        ("s10k", "_b", ""),
        ("s1k", "_b", ""),
    ] {
        let pair = states.pair(size, edit);
        let found = rounds(ROUNDS, || Some((unapply(&pair)?, gnu_diff(&pair)?)));
        row(&format!("{size}{edit}"), "diff", aim, &found);
    }
    let pair = states.pair("s10k", "_c");
    let found = rounds(ROUNDS, || Some((unapply(&pair)?, orjson(&pair)?)));
    row("s10k_c", "orjson", "0.083", &found);
    for (name, _) in FATES {
        let [half, all] = ["e10k", "e20k"].map(|size| states.pair(size, name));
        let found = rounds(ROUNDS, || Some((unapply(&all)?, unapply(&half)?)));
        row(&format!("e20k{name}"), "half of it", "2", &found);
    }
    for size in ["s2", "s30"] {
        let pair = states.pair(size, "_a");
        let git = || timed(|| quietly(Command::new("git").arg("--version")));
        row(size, "git --version", "3", &rounds(41, || Some((unapply(&pair)?, git()?))));
    }
    let pair = states.pair("s50k", "_b");
    let found =
        (0..3).filter_map(|_| Some((unapply(&pair)?, sorted_diff(&pair)?))).collect::<Vec<_>>();
    row("s50k_b", "jq -S twice and diff", "0.01", &found);
    println!("{peak}");
    Ok(())
}

/// The most memory that a diff of the largest states took, beside the size of both. Asked of the
/// system before any other child has run: it only tells the largest of all.
fn peak_memory(states: &States) -> Result<String, Error> {
    let pair = states.pair("s50k", "_b");
    let both = fs::metadata(&pair[0])?.len() + fs::metadata(&pair[1])?.len();
    unapply(&pair);
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let peak = u64::try_from(usage.max_rss()).unwrap_or_default() * 1024;
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let percent = peak * 100 / both.max(1);
    Ok(format!(
        "| peak memory, s50k_b | {} MB | both files {} MB | {percent} % | | 110 % |",
        megabytes(peak),
        megabytes(both)
    ))
}
