//! How time grows with a state: reading, comparing and learning its secrets.
//!
//! `cargo bench --bench state`; `-- diff` for one group. States of 90 KB, 3 MB and 30 MB come from
//! `world`, always the same ones, and throughput is in bytes of the first state.
//!
//! Measured (2 cores, otherwise idle): ten times the bytes (3 MB to 30 MB) take 13 times as long to
//! read, 18 times to learn, 21 to 24 times to compare when at most one attribute differs and 19 times
//! with 10 % added and removed. Nothing is quadratic; what exceeds ten is ordered maps and text that
//! no longer fit into a processor's cache.

mod world;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use unapply::codec::state::parse;
use unapply::engine::diff::{Facts, diff};
use unapply::engine::redact::Redactor;
use unapply::knowledge::Knowledge;
use unapply::model::state::StateBytes;
use world::{Edit, World};

const SIZES: [(&str, usize); 3] = [("90KB", 90_000), ("3MB", 3_000_000), ("30MB", 30_000_000)];

const EDITS: [(&str, Edit); 4] = [
    ("itself", Edit::Nothing),
    ("one-attribute", Edit::OneAttribute),
    ("1%-changed", Edit::OnePercent),
    ("10%-added-10%-removed", Edit::AddedAndRemoved),
];

fn worlds() -> Vec<(&'static str, World, StateBytes)> {
    SIZES
        .into_iter()
        .map(|(name, bytes)| {
            let world = World::of_size(bytes);
            let state = StateBytes::new(world.to_json(Edit::Nothing));
            (name, world, state)
        })
        .collect()
}

fn size(state: &StateBytes) -> Throughput {
    Throughput::Bytes(state.as_slice().len().try_into().unwrap_or(u64::MAX))
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, _, state) in worlds() {
        group.sample_size(10).throughput(size(&state));
        group.bench_with_input(BenchmarkId::from_parameter(name), &state, |bencher, state| {
            bencher.iter(|| black_box(parse(state).is_ok()));
        });
    }
    group.finish();
}

fn learning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("learn");
    for (name, _, state) in worlds() {
        let Ok(parsed) = parse(&state) else { continue };
        group.sample_size(10).throughput(size(&state));
        group.bench_with_input(BenchmarkId::from_parameter(name), &parsed, |bencher, parsed| {
            // The first text makes it ready to search.
            bencher.iter(|| black_box(Redactor::default().with_state(parsed).text("a text")));
        });
    }
    group.finish();
}

fn comparing(criterion: &mut Criterion) {
    for (edit_name, edit) in EDITS {
        let mut group = criterion.benchmark_group(format!("diff/{edit_name}"));
        for (name, world, state) in worlds() {
            let other = StateBytes::new(world.to_json(edit));
            let (Ok(before), Ok(after)) = (parse(&state), parse(&other)) else { continue };
            let redactor = Redactor::default().with_state(&before).with_state(&after);
            let knowledge = Knowledge::builtin();
            group.sample_size(10).throughput(size(&state));
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| {
                    black_box(diff(&before, &after, &Facts::new(&redactor, &knowledge)).unchanged)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, reading, learning, comparing);
criterion_main!(benches);
