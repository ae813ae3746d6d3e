//! How time grows with a state: reading, comparing and re-keying.
//!
//! `cargo bench --bench state`; `-- diff` for one group. States of 30, 1,000 and 10,000 objects come
//! from `world`, always the same ones, and throughput is in bytes of the first state. Re-keying is
//! measured with 50,000 objects, too: decided and written, of states that have been read. How it
//! compares with other tools is `peers`.

mod world;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use unapply::codec::state::parse;
use unapply::codec::state::write::{Original, rekeyed};
use unapply::engine::diff::diff_beside;
use unapply::engine::redact::Redactor;
use unapply::engine::rekey::{Existence, Places, RekeyFacts, RekeyJournal, rekey};
use unapply::knowledge::Knowledge;
use unapply::model::state::StateBytes;
use world::{Edit, World};

const SIZES: [(&str, usize); 3] = [("90KB", 30), ("3MB", 1_000), ("30MB", 10_000)];

const EDITS: [(&str, Edit); 4] = [
    ("itself", Edit::Nothing),
    ("one-attribute", Edit::OneAttribute),
    ("1%-changed", Edit::OnePercent),
    ("10%-added-removed-moved", Edit::TenPercent),
];

fn states(edit: Edit) -> Vec<(&'static str, Vec<u8>)> {
    SIZES.into_iter().map(|(name, objects)| (name, World { objects }.to_json(edit))).collect()
}

fn size(state: &[u8]) -> Throughput {
    Throughput::Bytes(state.len().try_into().unwrap_or(u64::MAX))
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, state) in states(Edit::Nothing) {
        group.sample_size(10).throughput(size(&state));
        let state = StateBytes::new(state);
        group.bench_with_input(BenchmarkId::from_parameter(name), &state, |bencher, state| {
            bencher.iter(|| black_box(parse(state).is_ok()));
        });
    }
    group.finish();
}

fn comparing(criterion: &mut Criterion) {
    let knowledge = Knowledge::builtin();
    for (edit_name, edit) in EDITS {
        let mut group = criterion.benchmark_group(format!("diff/{edit_name}"));
        for ((name, first), (_, second)) in states(Edit::Nothing).into_iter().zip(states(edit)) {
            group.sample_size(10).throughput(size(&first));
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| {
                    let mut redactor = Redactor::default();
                    let beside = redactor.beside(&first, &second);
                    let pair = redactor.read(&beside).ok()?;
                    let found = diff_beside(&pair, &beside, &redactor, &knowledge);
                    Some(black_box(found.unchanged))
                });
            });
        }
        group.finish();
    }
}

fn rekeying(criterion: &mut Criterion) {
    let (knowledge, journal, places) =
        (Knowledge::builtin(), RekeyJournal::default(), Places::default());
    let mut group = criterion.benchmark_group("rekey/10%-added-removed-moved");
    for (name, objects) in SIZES.into_iter().chain([("150MB", 50_000)]) {
        let state = |edit| StateBytes::new(World { objects }.to_json(edit));
        let (good, current) = (state(Edit::Nothing), state(Edit::TenPercent));
        let (Ok(good_state), Ok(current_state)) = (parse(&good), parse(&current)) else {
            continue;
        };
        let facts = RekeyFacts {
            good: &good_state,
            current: &current_state,
            knowledge: &knowledge,
            alive: &|_| Existence::Gone,
            journal: &journal,
            places: &places,
        };
        let original = Original { bytes: &current, state: &current_state };
        let from = Original { bytes: &good, state: &good_state };
        group.sample_size(10).throughput(size(current.as_slice()));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let rekeying = rekey(&facts);
                black_box(rekeyed(original, from, &rekeying.placements).is_ok())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, comparing, rekeying);
criterion_main!(benches);
