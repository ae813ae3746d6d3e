//! The fuzz targets over their seeds and some thousand changes to them, the same ones each time.
//!
//! cargo-fuzz changes them for longer; see `CONTRIBUTING.md`.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::corpus::rows;
use targets::{TARGETS, Target};

/// How many changed seeds a target sees.
const CHANGES: usize = 3_000;

/// No seed is longer: what is long is the corpus' affair.
const SEED_BYTES_MAX: usize = 16 * 1024;

/// Pieces that mean something to at least one of the formats.
const PIECES: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "\n",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "\\ud800",
    "\\u0000",
    "\"a\":1,",
    "\"serial\":",
    "\"version\":3,",
    "\"id\":",
    "\u{feff}",
    "\0",
    "\u{202e}",
    "<<E\n",
    "${",
    "%{if a}",
    "#",
    "/*",
    "moved {}\n",
    "import {}\n",
    "\"modules\":[],",
    "'",
];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let place = match name {
        "record" => Path::new("testdata/records/v1").to_owned(),
        other => Path::new("testdata/fuzz").join(other),
    };
    let mut paths: Vec<_> =
        std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A seed with one to four things done to it.
fn changed(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(40)).min(bytes.len());
        match numbers.below(6) {
            0 => bytes[at..end].fill(u8::try_from(numbers.below(256)).unwrap()),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                let piece = piece.repeat(1 + numbers.below(3));
                bytes.splice(at..at, piece.bytes()).for_each(drop);
            }
            4 => {
                let twice = bytes[at..end].to_vec();
                bytes.splice(at..at, twice).for_each(drop);
            }
            _ => {
                let from = numbers.below(other.len());
                let to = (from + numbers.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied()).for_each(drop);
            }
        }
    }
    bytes
}

fn runs((name, target): Target, data: &[u8]) {
    let holds = catch_unwind(AssertUnwindSafe(|| target(data))).is_ok();
    assert!(holds, "{name}: {}", data.escape_ascii());
}

fn holds(wanted: &str) {
    let target = *TARGETS.iter().find(|(name, _)| *name == wanted).unwrap();
    let mut seeds = seeds(wanted);
    if wanted == "state" {
        seeds.extend(rows().into_iter().map(|row| row.bytes));
    }
    for seed in &seeds {
        runs(target, seed);
    }
    seeds.retain(|seed| seed.len() <= SEED_BYTES_MAX);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..CHANGES {
        let seed = &seeds[numbers.below(seeds.len())];
        let other = &seeds[numbers.below(seeds.len())];
        runs(target, &changed(seed, other, &mut numbers));
    }
}

#[test]
fn any_state_is_read_refused_or_listed() {
    holds("state");
}

#[test]
fn any_plan_is_read_or_refused() {
    holds("plan");
}

#[test]
fn any_event_stream_is_read_line_by_line() {
    holds("events");
}

#[test]
fn any_lock_file_is_read_or_refused() {
    holds("lock");
}

#[test]
fn any_configuration_is_scanned_and_cut_once() {
    holds("configuration");
}

#[test]
fn any_record_that_is_read_can_be_written_and_read_again() {
    holds("record");
}

#[test]
fn any_bundle_that_is_read_can_be_packed_and_read_again() {
    holds("bundle");
}

/// The rows are seeds for a longer run too.
#[test]
#[expect(clippy::disallowed_methods, reason = "a person accepts seeds in this way")]
fn every_short_row_is_a_seed_on_disk() {
    for row in rows().iter().filter(|row| row.bytes.len() <= SEED_BYTES_MAX) {
        let name = format!("row-{}", row.number);
        let path = Path::new("testdata/fuzz/state").join(name);
        if std::env::var_os("UNAPPLY_ACCEPT").is_some() {
            std::fs::write(&path, &row.bytes).unwrap();
        }
        let there = std::fs::read(&path).unwrap_or_default();
        assert!(there == row.bytes, "{}: accept with UNAPPLY_ACCEPT=1", path.display());
    }
}
