//! `fuzz_bundle` for cargo-fuzz.

#![no_main]

#[expect(dead_code, reason = "each target uses its own function only")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::fuzz_bundle(data));
