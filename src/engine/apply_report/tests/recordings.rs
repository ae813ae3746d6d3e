//! One failed apply as five engines tell it, each in every form: the report is the same.
//!
//! The recordings lie in `testdata/engines`: real engines, a provider of files, and an apply that
//! updates, replaces, deletes, creates, forgets, fails to create, and leaves an object half made.

use super::*;
use crate::codec::plan;

/// The engines, and whether they know `removed` blocks.
const ENGINES: [(&str, bool); 5] = [
    ("terraform-1.5.7", false),
    ("terraform-1.15.9", true),
    ("terraform-1.16.0", true),
    ("opentofu-1.10.10", true),
    ("opentofu-1.12.6", true),
];

fn recorded(engine: &str, file: &str) -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/testdata/engines/{engine}/{file}")).unwrap()
}

/// The apply of a saved plan, which its lines do not tell.
fn with_plan(engine: &str, (mut ledger, source): (Ledger, ReportSource)) -> (Ledger, ReportSource) {
    let plan = plan::parse(&recorded(engine, "plan.json")).unwrap();
    for change in plan.effective() {
        ledger.intend(intended(change));
    }
    (ledger, source)
}

#[test]
fn five_engines_tell_one_failed_apply_alike_in_every_form() {
    let text = |engine, files: &[&str]| -> String {
        let read = |file: &&str| String::from_utf8(recorded(engine, file)).unwrap();
        files.iter().map(read).collect()
    };
    for (engine, has_removed) in ENGINES {
        let state = |file| StateBytes::new(recorded(engine, file));
        let (before, after) = (state("before.tfstate"), state("after.tfstate"));
        let printed = ["plan.txt", "apply.txt", "apply.stderr.txt"];
        for (form, heard, bad) in [
            ("events", ledger(&text(engine, &["apply.jsonl"])), "failed"),
            ("printed", ledger(&text(engine, &printed)), "failed"),
            ("saved", with_plan(engine, ledger(&text(engine, &printed[1..]))), "failed"),
            // Nothing was heard of it.
            ("silent", with_plan(engine, ledger("")), "not-attempted"),
        ] {
            let left = if has_removed { "forget forgotten" } else { "destroy destroyed" };
            let expected = [
                &format!("bad create {bad} - not-in-state"),
                "gone destroy destroyed /w/gone not-in-state",
                "half create tainted /w/half in-state",
                &format!("left {left} /w/left not-in-state"),
                "made create created /w/made in-state",
                "re replace replaced /w/re2 in-state",
                "up update updated /w/up in-state",
            ];
            let lines = told(heard, &before, Some(&after), Ending::Broken);
            let lines = lines.iter().map(|line| line.trim_start_matches("fsobj_file."));
            assert_eq!(lines.collect::<Vec<_>>(), expected, "{engine}, {form}");
        }
    }
}
