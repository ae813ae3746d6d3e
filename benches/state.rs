//! Benchmarks of state parsing and diff.

fn main() {}
