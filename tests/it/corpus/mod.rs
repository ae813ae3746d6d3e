//! Bad input and odd input, row by row, through the parser, a diff, a store and the screen.
//!
//! The rows are data (`rows`); here is what is true of all of them. A state of ten thousand
//! resources is read always, one of a million when `UNAPPLY_LARGE` is set.

mod rows;

use std::fmt::Write as _;

use unapply::codec::state::parse;
use unapply::engine::diff::{Facts, diff};
use unapply::engine::redact::Redactor;
use unapply::knowledge::Knowledge;
use unapply::model::state::StateBytes;

use crate::support::stage::{Ran, Stage, UNAPPLY};
use rows::{BASE, Ends, Row, input, nested, with, written};

pub(crate) use rows::rows;

#[test]
fn every_row_is_read_or_refused_by_name() {
    let mut wrong = String::new();
    for row in rows() {
        let bytes = StateBytes::new(row.bytes.clone());
        let found = parse(&bytes).map_err(|error| error.to_string());
        let fits = match (&found, row.ends) {
            (Ok(_), Ends::Read) => true,
            (Err(message), Ends::Refused(expected)) => message.starts_with(expected),
            (Ok(_), Ends::Refused(_)) | (Err(_), Ends::Read) => false,
        };
        if !fits {
            let found = found.map(|_| "read");
            writeln!(wrong, "{} {}: {found:?}, not {:?}", row.number, row.what, row.ends).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn no_row_is_read_that_terraform_refuses_or_drops() {
    let read: Vec<Row> = rows().into_iter().filter(|row| matches!(row.ends, Ends::Read)).collect();
    std::thread::scope(|scope| {
        for some in read.chunks(read.len().div_ceil(4)) {
            scope.spawn(move || {
                let stage = Stage::empty();
                for row in some {
                    put(&stage, "terraform.tfstate", &row.bytes);
                    let listed = stage.terraform(&["state", "list"]);
                    let what = format!("{} {}: {}", row.number, row.what, listed.stderr);
                    assert!(
                        listed.code == 0 && listed.stdout.contains("terraform_data."),
                        "{what}"
                    );
                }
            });
        }
    });
}

/// Whether nothing differs between two states.
fn is_same(before: &str, after: &str) -> bool {
    let [before, after] = [before, after].map(|text| StateBytes::new(text.as_bytes().to_vec()));
    let (before, after) = (parse(&before).unwrap(), parse(&after).unwrap());
    let redactor = Redactor::default().with_state(&before).with_state(&after);
    diff(&before, &after, &Facts::new(&redactor, &Knowledge::builtin())).is_empty()
}

#[test]
fn numbers_are_compared_by_value_and_no_two_are_taken_for_one() {
    let numbers = written();
    for (row, text) in &numbers {
        for (other, text_there) in &numbers {
            let is_one = row == other || [row, other].iter().all(|row| row.starts_with("47"));
            assert_eq!(is_same(&input(text), &input(text_there)), is_one, "{row} and {other}");
        }
    }
    let close = ["9007199254740992", "123456789012345678901234567891", "1e401", "0", "1e-401"];
    for (row, text) in &numbers {
        for other in close {
            assert!(!is_same(&input(text), &input(other)), "{row} and {other}");
        }
    }
    assert!(is_same(&input("1e-400"), &input(&format!("0.{}1", "0".repeat(399)))));
}

#[test]
fn escapes_layout_and_the_order_of_names_are_no_difference() {
    let plain = input(r#"{"a":"<&>\u2028é","b":[1]}"#);
    for same in [
        input(r#"{"a":"\u003c\u0026\u003e\u2028\u00e9","b":[1]}"#),
        input(r#"{"b":[1.0],"a":"<&>\u2028é"}"#),
        plain.replace('\n', "\r\n"),
        plain.replace("  ", " "),
        plain.replace("\"check_results\": null", "\"check_results\": null, \"new\": 1"),
    ] {
        assert!(is_same(&plain, &same), "{same}");
    }
    assert!(!is_same(&plain, &input(r#"{"a":"<&>","b":[1]}"#)));
}

#[test]
fn deep_values_overflow_nothing_that_looks_into_them() {
    let [shallow, deep] = [407, 1_000].map(|depth| input(&nested(depth)));
    for state in [&shallow, &deep] {
        assert!(is_same(state, state));
        let other = state.replacen('1', "2", 2).replacen("\"k\":1", "\"k\":2", 1);
        assert!(!is_same(state, &other));
        assert!(!is_same(state, BASE) && !is_same(BASE, state));
        // Marked at the root: everything below is learnt, and hidden.
        let marked = state.replace(
            "\"sensitive_attributes\": []",
            r#""sensitive_attributes": [[{"type": "get_attr", "value": "input"}]]"#,
        );
        assert!(!is_same(&marked, BASE));
    }
}

/// A state of many instances.
fn large(resources: usize) -> String {
    let start = BASE.find("    {\n      \"mode\"").unwrap();
    let end = BASE.find("  ],\n  \"check").unwrap();
    let resource = BASE[start..end].trim_end();
    let mut text = BASE[..start].to_owned();
    for number in 0..resources {
        let comma = if number == 0 { "" } else { ",\n" };
        let one = resource.replacen("\"x\"", &format!("\"x{number}\""), 1);
        write!(text, "{comma}{one}").unwrap();
    }
    text + "\n" + &BASE[end..]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "who runs the tests says whether they may take long")]
fn a_state_of_many_resources_is_read_and_compared() {
    let is_large = std::env::var_os("UNAPPLY_LARGE").is_some();
    let count = if is_large { 1_000_000 } else { 10_000 };
    let text = large(count);
    let bytes = StateBytes::new(text.into_bytes());
    let state = parse(&bytes).unwrap();
    assert_eq!(state.instances.len(), count);
    let again = parse(&bytes).unwrap();
    let found = diff(&state, &again, &Facts::new(&Redactor::default(), &Knowledge::builtin()));
    assert!(found.is_empty());
    assert_eq!(usize::try_from(found.unchanged).unwrap(), count);
}

#[test]
fn a_string_of_ten_megabytes_is_read_and_shown_as_it_is() {
    let long = input(&format!("\"{}\"", "x".repeat(10_000_000)));
    assert!(is_same(&long, &long) && !is_same(&long, BASE));
}

/// A stack whose states are given, with a store.
fn pipeline() -> Stage {
    let stage = Stage::empty();
    stage.write("unapply.toml", "version = 1\n\n[[stack]]\nname = \"demo/app\"\ndir = \".\"\n");
    stage
}

#[expect(clippy::disallowed_methods, reason = "a test's own file")]
fn put(stage: &Stage, name: &str, bytes: &[u8]) {
    std::fs::write(stage.stack().join(name), bytes).unwrap();
}

fn given(stage: &Stage, bytes: &[u8]) -> Ran {
    put(stage, "given", bytes);
    stage.unapply(&["snapshot", "--state", "given", "--force"])
}

#[test]
fn every_row_comes_back_from_a_store_byte_for_byte() {
    let rows = rows();
    // Commands wait for the disk more than they do anything, and short logs are read faster.
    std::thread::scope(|scope| {
        for some in rows.chunks(rows.len().div_ceil(8)) {
            scope.spawn(|| come_back(some));
        }
    });
}

fn come_back(rows: &[Row]) {
    let stage = pipeline();
    for (place, row) in rows.iter().enumerate() {
        let what = format!("{} {}", row.number, row.what);
        let code = given(&stage, &row.bytes).code;
        let expected = if matches!(row.ends, Ends::Read) { 0 } else { 15 };
        assert_eq!(code, expected, "{what}");
        let revision = (place + 1).to_string();
        let mut show = stage.command(UNAPPLY, &["show", &revision, "--raw-state"]);
        assert!(show.output().unwrap().stdout == row.bytes, "{what}");
    }
}

#[test]
fn deep_and_long_states_are_shown_and_compared_by_the_binary() {
    let stage = pipeline();
    let deep = input(&nested(1_000));
    given(&stage, deep.as_bytes()).expect(0);
    let other = deep.replacen("\"k\":1", "\"k\":2", 1);
    put(&stage, "other.tfstate", other.as_bytes());
    stage.unapply(&["show", "1", "--resource", "terraform_data.x"]).expect(0).says("input[0][0]");
    stage.unapply(&["show", "1", "--resource", "terraform_data.x", "--json"]).expect(0);
    stage.unapply(&["diff", "1..1", "--json"]).expect(0);
    stage.unapply(&["diff", "./given.../other.tfstate"]).expect(0).says("1 changed");
    let newer = with("1.11.4", "9.9.9");
    given(&stage, newer.as_bytes()).expect(0);
    stage.unapply(&["show", "2"]).expect(0).says("written by 9.9.9");
}

#[test]
fn a_state_that_is_only_kept_is_listed_and_the_way_out_is_said() {
    let stage = pipeline();
    let bytes = |number: &str| rows().into_iter().find(|row| row.number == number).unwrap().bytes;
    given(&stage, BASE.as_bytes()).expect(0);
    for (revision, number, what, way_out) in [
        ("2", "28e", "null_resource.a   id 1", "terraform state pull | unapply snapshot"),
        ("3", "51", "encrypted by OpenTofu: kept as it is", "give OpenTofu its keys"),
    ] {
        given(&stage, &bytes(number)).expect(15).says("kept as revision").says(way_out);
        let shown = stage.unapply(&["show", revision]).expect(0).says(what).says(way_out);
        assert!(!shown.stdout.contains("hidden value"), "{}", shown.stdout);
        let json = stage.unapply(&["show", revision, "--json"]).expect(0).json();
        assert_eq!(json["kept"]["serial"], 7, "{json:#}");
        for verb in [&["diff", &format!("1..{revision}")][..], &["revert", revision, "--yes"]] {
            stage.unapply(verb).expect(13).says("keeps what was found").says(way_out);
        }
        stage.unapply(&["mark", "good", revision]).expect(13);
        stage.unapply(&["diff", "./given..1"]).expect(15).says(way_out);
    }
    given(&stage, &bytes("27")).expect(15).says("set lineage to a new UUID");
    stage.is_sound();
}
