//! The house rules of this repository, run as tests.
//!
//! Every rule is a pure function over the files of the repository as (path, text) and says what it
//! found as `path:line: …`. That each can fail is proved in `examples`.

mod circles;
mod code;
mod contract;
mod examples;
mod rules;

use std::fs;
use std::path::Path;

use code::Source;

/// A rule of this house.
type Rule = fn(&Source) -> Vec<String>;

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["src", "tests", "benches"] {
        collect(Path::new(top), &mut found);
    }
    found.push(read(Path::new("README.md")));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 100, "the sources are not where they are looked for");
    code::mark_tests(&mut found);
    found
}

fn collect(directory: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "md") {
            found.push(read(&path));
        }
    }
}

fn read(path: &Path) -> Source {
    // A README may not be there yet.
    let text = fs::read_to_string(path).unwrap_or_default();
    Source::new(&path.display().to_string().replace('\\', "/"), &text)
}

fn assert_holds(rule: Rule) {
    let found: Vec<String> = sources().iter().flat_map(rule).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_module_uses_itself_and_lower_layers_only() {
    assert_holds(rules::layers);
}

#[test]
fn only_one_file_starts_processes_and_only_one_module_speaks_to_aws() {
    assert_holds(rules::outside);
}

#[test]
fn no_file_is_longer_than_600_lines() {
    assert_holds(rules::file_length);
}

#[test]
fn every_file_says_first_what_it_is_for() {
    assert_holds(rules::module_docs);
}

#[test]
fn every_doc_sentence_names_its_subject() {
    assert_holds(rules::doc_sentences);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    assert_holds(rules::function_length);
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    assert_holds(rules::unfinished);
}

#[test]
fn no_module_is_named_after_what_it_is_not() {
    assert_holds(rules::names);
}

#[test]
fn no_path_of_a_machine_and_no_todo_without_an_issue() {
    assert_holds(rules::places_and_todos);
}

#[test]
fn no_function_takes_a_bool() {
    assert_holds(rules::bool_parameters);
}

#[test]
fn every_kind_of_entry_has_an_exact_example_in_the_contract() {
    assert_holds(contract::entry_examples);
}

#[test]
fn no_files_of_a_module_use_each_other_in_a_circle() {
    let found = circles::circles(&sources(), &["engine", "flow"]);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn each_type_has_a_name_of_its_own() {
    let found = rules::type_names(&sources());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn no_function_takes_a_tuple() {
    assert_holds(rules::tuple_parameters);
}
