//! That every rule can fail, and where it must not: small files that break it and that keep it.

use super::circles::circles;
use super::code::{Source, mark_tests};
use super::contract::{CONTRACT, entry_examples};
use super::{Rule, rules};

/// The findings of a rule, without the path.
fn found(rule: Rule, path: &str, text: &str) -> Vec<String> {
    let found = rule(&Source::new(path, text));
    found
        .into_iter()
        .map(|line| line.strip_prefix(path).unwrap().trim_start_matches(':').to_owned())
        .collect()
}

fn breaks(rule: Rule, cases: &[(&str, &str, &str)]) {
    for (path, text, expected) in cases {
        let found = found(rule, path, text);
        assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
        assert!(found[0].starts_with(expected), "{path}: {text}: {found:?}");
    }
}

fn keeps(rule: Rule, cases: &[(&str, &str)]) {
    for (path, text) in cases {
        assert_eq!(found(rule, path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn a_doc_sentence_that_begins_with_a_riddle_is_found() {
    breaks(
        rules::doc_sentences,
        &[
            ("src/a.rs", "//! What it is.\n", "1: a doc sentence begins with \"What\""),
            ("src/a.rs", "/// A place. Where it is.", "1: a doc sentence begins with \"Where\""),
            ("src/a.rs", "/// A place.\n/// Nobody knows it.", "2: a doc sentence begins with"),
            ("src/a.rs", "/// - Who wrote it.", "1: a doc sentence begins with \"Who\""),
        ],
    );
    keeps(
        rules::doc_sentences,
        &[
            ("src/a.rs", "/// Says\n/// What is meant.\n/// Whole numbers."),
            ("src/a.rs", "// What is why.\nlet text = \"/// What\";"),
            ("README.md", "/// What"),
        ],
    );
}

#[test]
fn a_use_of_a_higher_layer_or_of_a_neighbour_is_found() {
    breaks(
        rules::layers,
        &[
            (
                "src/model/a.rs",
                "//! x\nuse crate::codec::json;\n",
                "2: `model` may not use `codec`",
            ),
            ("src/engine/a.rs", "fn f() -> crate::port::X {}", "1: `engine` may not use `port`"),
            ("src/store/a.rs", "use crate::terraform;", "1: `store` may not use `terraform`"),
            ("src/flow/a.rs", "\n\nuse crate::cli::args;", "3: `flow` may not use `cli`"),
            ("src/demo/mod.rs", "use crate::cli;", "1: `demo` may not use `cli`"),
            (
                "src/port/a.rs",
                "use crate::{model::{a, b},\n store};",
                "1: `port` may not use `store`",
            ),
            ("src/port/mod.rs", "use super::flow::X;", "1: `port` may not use `flow`"),
            ("src/port/a.rs", "use super::super::flow::X;", "1: `port` may not use `flow`"),
            ("src/port/a.rs", "use crate::other;", "1: `other` belongs to no layer"),
            ("src/other/mod.rs", "", "1: `other` belongs to no layer"),
        ],
    );
    keeps(
        rules::layers,
        &[
            ("src/cli/a.rs", "use crate::{demo, flow::revert, model};"),
            ("src/engine/a.rs", "use crate::engine::b; use super::c; use crate::knowledge;"),
            ("src/model/a.rs", "// crate::flow\nconst X: &str = \"crate::flow\";"),
            ("src/model/a.rs", "#[cfg(test)]\nmod tests {\n    use crate::codec;\n}\n"),
            ("tests/it/a.rs", "use crate::support;"),
            ("src/main.rs", "use unapply::cli;"),
        ],
    );
}

#[test]
fn a_process_or_an_sdk_in_the_wrong_place_is_found() {
    breaks(
        rules::outside,
        &[
            ("src/flow/a.rs", "x;\nstd::process::Command::new(\"git\")", "2: only src/terraform"),
            ("src/store/local.rs", "use aws_sdk_s3::Client;", "1: only store::s3"),
            ("src/cli/a.rs", "use aws_config::load;", "1: only store::s3"),
        ],
    );
    keeps(
        rules::outside,
        &[
            ("src/terraform/process.rs", "Command::new(program)"),
            ("src/store/s3.rs", "use aws_sdk_s3::Client;"),
            ("src/cli/a.rs", "clap::Command::new(name); MyCommand::new()"),
            ("src/engine/a.rs", "// aws_config\nlet kind = \"aws_sdk_\";"),
        ],
    );
}

#[test]
fn a_file_without_a_purpose_or_without_an_end_is_found() {
    let long = "x\n".repeat(601);
    breaks(rules::file_length, &[("tests/it/a.rs", &long, "600: 601 lines")]);
    keeps(rules::file_length, &[("src/a.rs", &"x\n".repeat(600))]);
    breaks(rules::module_docs, &[("src/model/a.rs", "use x;\n//! late", "1: does not begin")]);
    keeps(
        rules::module_docs,
        &[
            ("src/model/a.rs", "//! What it is for."),
            ("src/lib.rs", "#![doc = include_str!(\"X.md\")]"),
            ("tests/it/a.rs", "use x;"),
            ("src/ARCHITECTURE.md", "# x"),
        ],
    );
}

#[test]
fn a_function_that_is_too_long_is_found_whatever_its_strings_hold() {
    let function = |lines: usize| {
        let inside = "    a(\"}\", '}', r#\"}\"#); // }\n".repeat(lines);
        format!("struct S;\nfn f<'a>(x: [u8; 2]) -> &'a str\n{{\n{inside}}}\nfn g() {{}}\n")
    };
    breaks(rules::function_length, &[("src/model/a.rs", &function(68), "2: 71 lines")]);
    keeps(
        rules::function_length,
        &[
            ("src/model/a.rs", &function(67)),
            ("src/model/a.rs", "trait T {\n    fn f(&self);\n}\ntype F = fn (u8);"),
        ],
    );
}

#[test]
fn what_is_unfinished_or_switched_off_is_found() {
    breaks(
        rules::unfinished,
        &[
            ("tests/it/a.rs", "#[test]\n#[ignore = \"later\"]\nfn f() {}", "2: `#[ignore`"),
            ("src/model/a.rs", "fn f() { todo!() }", "1: `todo!`"),
            ("src/model/a.rs", "fn f() { unimplemented!() }", "1: `unimplemented!`"),
            ("benches/a.rs", "dbg!(1);", "1: `dbg!`"),
            ("tests/it/a.rs", "assert!(true);", "1: `assert!(true`"),
        ],
    );
    keeps(
        rules::unfinished,
        &[("src/model/a.rs", "// todo!\nx(\"dbg!\"); my_todo!(); assert!(trueish);")],
    );
}

#[test]
fn a_name_that_says_nothing_is_found() {
    breaks(
        rules::names,
        &[
            ("src/engine/util.rs", "", "1: a name"),
            ("tests/it/common/faulty.rs", "", "1: a name"),
            ("src/engine/mod.rs", "//! x\npub mod helpers;", "2: a name"),
            ("src/engine/mod.rs", "mod misc {}", "1: a name"),
        ],
    );
    keeps(rules::names, &[("src/engine/utility.rs", "mod commonplace; // mod util;")]);
}

#[test]
fn a_place_of_one_machine_and_a_todo_without_an_issue_are_found() {
    breaks(
        rules::places_and_todos,
        &[
            ("README.md", "a\n/home/jo/unapply", "2: `/home/`"),
            ("src/cli/a.rs", "/// Such as `/tmp/x`.", "1: `/tmp/`"),
            ("src/cli/a.rs", "\"/Users/jo\"", "1: `/Users/`"),
            ("src/cli/a.rs", "// TODO later", "1: TODO"),
        ],
    );
    keeps(
        rules::places_and_todos,
        &[("src/cli/a.rs", "// TODO(#12): later"), ("tests/it/a.rs", "\"/tmp/a\"")],
    );
}

#[test]
fn a_bool_parameter_is_found_wherever_it_stands_in_the_list() {
    breaks(
        rules::bool_parameters,
        &[
            ("src/flow/a.rs", "fn f(dry_run: bool) {}", "1: takes a bool"),
            (
                "src/flow/a.rs",
                "\npub(crate) fn f<T: Fn(u8) -> u8>(\n    a: T,\n    b: bool,\n) {}",
                "2: takes",
            ),
            (
                "src/flow/a.rs",
                "impl X {\n  fn f(&self, (a, b): (u8, u8), c: bool) {}\n}",
                "2: takes",
            ),
        ],
    );
    keeps(
        rules::bool_parameters,
        &[
            ("src/codec/a.rs", "fn visit_bool<E>(self, is: bool) -> Result<Value, E> {}"),
            (
                "src/flow/a.rs",
                "struct S { a: bool }\nfn f(a: u8) -> bool { let b: bool = g(|c: bool| c); b }",
            ),
            ("src/flow/a.rs", "fn f(a: boolean) {}"),
            ("tests/it/a.rs", "fn f(a: bool) {}"),
        ],
    );
}

#[test]
fn a_tuple_parameter_is_found_whether_it_is_taken_apart_or_not() {
    breaks(
        rules::tuple_parameters,
        &[
            ("src/flow/a.rs", "fn f(a: u8, (b, c): (u8, &str)) {}", "1: takes a tuple"),
            ("src/flow/a.rs", "\nfn f<T: Fn(u8, u8)>(a: &'a (T, u8)) {}", "2: takes a tuple"),
            ("src/flow/a.rs", "impl X {\n  fn f(&mut self, a: &mut (A<B>, C)) {}\n}", "2: takes"),
        ],
    );
    keeps(
        rules::tuple_parameters,
        &[
            (
                "src/flow/a.rs",
                "fn f(a: &[(u8, u8)], b: impl Fn((u8, u8)), c: Vec<(A, B)>) -> (u8, u8) {}",
            ),
            ("src/flow/a.rs", "fn f(a: &(dyn A + B), S { b, c }: S, d: ()) { g(|e: (u8, u8)| e) }"),
            ("tests/it/a.rs", "fn f(a: (u8, u8)) {}"),
        ],
    );
}

#[test]
fn a_type_name_that_two_files_declare_is_found() {
    let found = |other: &str| {
        let files = [
            ("src/engine/a.rs", "pub struct Facts;\npub enum Error {}\n"),
            ("src/flow/b.rs", other),
        ];
        rules::type_names(&files.map(|(path, text)| Source::new(path, text)))
    };
    for other in ["enum Facts {}", "x;\npub(super) trait Facts {}", "\ntype Facts = u8;"] {
        let found = found(other);
        assert_eq!(found.len(), 1, "{other}: {found:?}");
        assert!(found[0].ends_with("`Facts` is a type of src/engine/a.rs too"), "{found:?}");
    }
    for other in [
        "enum Error {}",
        "struct RevertFacts;\n// struct Facts",
        "impl A for B {\n    type Facts = u8;\n}",
        "#[cfg(test)]\nmod tests {\n    struct Facts;\n}",
    ] {
        assert!(found(other).is_empty(), "{other}");
    }
}

#[test]
fn files_below_a_test_module_are_tests() {
    let mut sources = [
        Source::new("src/engine/mod.rs", "pub mod diff;\n\n#[cfg(test)]\npub(crate) mod tests;\n"),
        Source::new("src/engine/tests.rs", ""),
        Source::new("src/engine/tests/more.rs", ""),
        Source::new("src/engine/diff.rs", "#[cfg(test)]\nmod tests {\n}\n"),
        Source::new("src/engine/tests_of_time.rs", ""),
        Source::new("src/demo/a.rs", "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n"),
        Source::new("src/demo/a_tests.rs", ""),
    ];
    mark_tests(&mut sources);
    let expected = [false, true, true, false, false, false, true];
    assert_eq!(sources.map(|source| source.is_test), expected);
}

#[test]
fn files_that_use_each_other_in_a_circle_are_found() {
    let found = |files: &[(&str, &str)]| {
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&sources, &["engine"])
    };
    let circle = [
        ("src/engine/a.rs", "use crate::{\n    engine::{x, b::{self, Y}, c},\n};"),
        ("src/engine/b/mod.rs", "mod in_b;"),
        ("src/engine/b/in_b.rs", "use super::Y;\nfn f() -> super::super::c::Z {}"),
        ("src/engine/c.rs", "pub use super::b::in_b::{f, g};\nuse super::a_b;"),
        ("src/engine/a_b.rs", "use crate::engine::b;"),
    ];
    let expected = "src/engine/b/in_b.rs:2: a circle: \
                    engine::b::in_b -> engine::c -> engine::b::in_b";
    assert_eq!(found(&circle), [expected]);
    let long = [
        ("src/engine/a.rs", "use self::one::One; pub mod one;"),
        ("src/engine/a/one.rs", "use crate::engine::b;"),
        ("src/engine/b.rs", "use crate::engine::c::C;"),
        ("src/engine/c.rs", "use crate::engine::{b::B};"),
    ];
    let expected = "src/engine/b.rs:1: a circle: engine::b -> engine::c -> engine::b";
    assert_eq!(found(&long), [expected]);
    // A parent and its children, other layers, tests and comments.
    let kept = [
        ("src/engine/a.rs", "use self::one::One;\n// super::b\nuse crate::codec::a;"),
        ("src/engine/a/one.rs", "use super::{A, two}; pub(in crate::engine) fn f() {}"),
        ("src/engine/a/two.rs", "#[cfg(test)]\nmod tests {\n    use super::super::one;\n}\n"),
        ("src/engine/b.rs", "use crate::engine::a::one;"),
        ("src/codec/a.rs", "use super::b;"),
        ("src/codec/b.rs", "use super::a;"),
    ];
    assert!(found(&kept).is_empty());
}

#[test]
fn a_kind_of_entry_without_an_exact_example_is_found() {
    let contract = std::fs::read_to_string(CONTRACT).unwrap();
    let broken = |from: &str, to: &str| {
        assert!(contract.contains(from), "{from}");
        found(entry_examples, CONTRACT, &contract.replacen(from, to, 1))
    };
    let has = |found: &[String], expected: &[&str]| {
        let fit = found.iter().zip(expected).all(|(line, word)| line.contains(word));
        assert!(found.len() == expected.len() && fit, "{found:#?}");
    };
    has(&broken("```json\n{\"format\"", "```text\n{\"format\""), &["no example of a `snapshot`"]);
    let missing = ["does not read: UnknownKind", "no example of a `fix`"];
    has(&broken("\"kind\":\"fix\"", "\"kind\":\"wish\""), &missing);
    let malformed = ["does not read: Malformed", "no example of a `fix`"];
    has(&broken("\"seen\":43", "\"sean\":43"), &malformed);
    has(&broken("\"made_anew\":", "\"recreated\":"), &["is written as {"]);
    has(&broken("\"seq\":42", "\"seq\": 42"), &["is written as {", "`prev` of the example before"]);
    has(&broken("\"tool\":\"unapply 0.1.0\"", "\"tool\":\"x\""), &["`prev` of the example before"]);
    assert_eq!(found(entry_examples, CONTRACT, "").len(), 14);
    assert!(found(entry_examples, "src/store/README.md", "").is_empty());
}
