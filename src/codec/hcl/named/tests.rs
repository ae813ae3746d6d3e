//! Words and arguments that are files, those that are so for sure, and own files.

use super::*;
use crate::codec::hcl::{Base, scan};

fn named(file: &str, text: &str) -> Vec<NamedFile> {
    let files = BTreeMap::from([(file.to_owned(), text.as_bytes().to_vec())]);
    let facts = scan(&files);
    assert_eq!(facts.unreadable, []);
    facts.names
}

/// Every name, one a line: place, argument, way of naming, time of need.
fn told(names: &[NamedFile], values: &BTreeMap<String, String>) -> Vec<String> {
    let told = |name: &NamedFile| {
        let place = name.place(values)?;
        let base = match place.base {
            Base::Module => "module:",
            Base::Root => "",
            Base::Absolute => "absolute:",
        };
        let line = name.line.map_or_else(String::new, |line| line.to_string());
        let NamedFile { by, naming, needed, .. } = name;
        Some(format!("{line} {by} {base}{} {naming:?} {needed:?}", place.path))
    };
    names.iter().filter_map(told).collect()
}

#[test]
fn a_program_with_a_slash_in_its_name_is_a_file_that_must_be_there() {
    for (command, expected) in [
        ("hooks/h.sh", [("hooks/h.sh", true)].as_slice()),
        ("sh hooks/h.sh data/x.json", &[("hooks/h.sh", true), ("data/x.json", false)]),
        ("echo data/x.json", &[("data/x.json", false)]),
        ("'./h.sh' x", &[("h.sh", true)]),
        ("(./h.sh)&&true", &[("h.sh", true)]),
        ("./h.sh>log", &[("h.sh", true)]),
        ("bash <(./h.sh)", &[("h.sh", true)]),
        ("#!/bin/bash\\n./h.sh", &[("#!/bin/bash", false), ("h.sh", true)]),
    ] {
        let text = format!(
            "resource \"terraform_data\" \"h\" {{\n  provisioner \"local-exec\" {{\n    \
                 command = \"{command}\"\n  }}\n}}\n"
        );
        let names = named("a.tf", &text);
        let found: Vec<(String, bool)> = names
            .iter()
            .map(|name| (name.place(&BTreeMap::new()).unwrap().path, name.is_certain()))
            .collect();
        let expected: Vec<(String, bool)> =
            expected.iter().map(|(path, is)| ((*path).to_owned(), *is)).collect();
        assert_eq!(found, expected, "{command}");
    }
}

#[test]
fn a_word_that_a_shell_makes_another_of_is_no_file_for_sure() {
    let commands = [
        r#"\"$HOME/bin/x\""#,
        "~/bin/x",
        "./bin/x-*",
        "bin/x?",
        "bin/{a,b}",
        "bin/[ab]",
        "./x-`uname`.sh",
        "./x-$(uname).sh",
        r#"\"./my dir/x.sh\""#,
        r"./my\\ dir/x.sh",
        r#"./x\"${self.id}\""#,
        "./x'y'",
        "a'./x'",
        "#./old.sh\\n true",
        "exec > ./log",
        "exec >./log",
        "bash 2>./log",
        "> ./log make",
        "exec < './log'",
        "bash <<EOF\\n./x\\nEOF",
        "A=./x make",
        "./x=1",
        "make # ./x",
        "`./dir`/x",
    ];
    for command in commands {
        let text = format!(
            "resource \"terraform_data\" \"h\" {{\n  provisioner \"local-exec\" {{\n    \
                 command = \"{command}\"\n  }}\n}}\n"
        );
        let names = named("a.tf", &text);
        assert!(!names.iter().any(NamedFile::is_certain), "{command}: {names:?}");
    }
    let text = "variable \"x\" {}\nresource \"a_b\" \"h\" {\n  source = \"~/x/fn.zip\"\n  \
                    provisioner \"local-exec\" {\n    command = \"./${var.x}\"\n  }\n}\n";
    let names = named("a.tf", text);
    let place = |value: &str| {
        let values = BTreeMap::from([("x".to_owned(), value.to_owned())]);
        told(&names, &values).len()
    };
    assert_eq!(names.iter().map(NamedFile::is_certain).collect::<Vec<_>>(), [false, true]);
    assert_eq!([place("h.sh"), place("h.sh --all"), place("$H")], [1, 0, 0]);
}

#[test]
fn arguments_commands_and_functions_name_files_and_some_arguments_an_own_file() {
    let text = r#"variable "app" { default = "app-x" }
locals { d = "${path.module}/src" }
data "archive_file" "z" {
  source_dir  = local.d
  output_path = "out/fn.zip"
}
data "external" "e" { program = ["python3", "${path.module}/q.py"] }
resource "aws_lambda_function" "f" {
  filename = "build/${var.app}.zip"
  name     = "a.b"
  image    = "registry.example.org:5000/x"
}
resource "local_file" "own" { filename = "out/conf" }
resource "terraform_data" "h" {
  provisioner "local-exec" {
    command = "bash ./hooks/h.sh --with=conf/a.yml ${self.input}"
  }
  provisioner "local-exec" {
    when        = destroy
    working_dir = "../scripts"
    command     = "./o.sh ${path.module}/x"
    interpreter = ["bash", "-c"]
    environment = { F = "data/f.json" }
  }
  provisioner "file" {
    source  = "conf/"
    content = file("tpl/${var.app}.txt")
  }
}
module "m" {
  source      = "./modules/m"
  source_path = [{ path = "ignored", source_dir = "fn" }]
}
"#;
    let names = named("main.tf", text);
    let values = BTreeMap::from([("app".to_owned(), "app-x".to_owned())]);
    assert_eq!(
        told(&names, &values),
        [
            "4 source_dir module:src Input Planned",
            "5 output_path out/fn.zip Own Planned",
            "7 program module:q.py Word Planned",
            "9 filename build/app-x.zip Input Written",
            "13 filename out/conf Own Written",
            "16 command hooks/h.sh Program Created",
            "16 command conf/a.yml Word Created",
            "20 working_dir ../scripts WorkingDirectory Destroyed",
            "21 command ../scripts/o.sh Program Destroyed",
            "21 command module:x Word Destroyed",
            "23 environment ../scripts/data/f.json Word Destroyed",
            "26 source conf Input Created",
            "27 file tpl/app-x.txt Read Created",
            "32 source_dir fn Input Planned",
        ]
    );
    assert!(!told(&names, &BTreeMap::new()).iter().any(|line| line.contains("app-x")));
    assert_eq!(names[3].block.as_deref(), Some("aws_lambda_function.f"));
}

#[test]
fn json_says_the_same_without_lines() {
    let text = r#"{"resource":{"terraform_data":{"h":{
            "provisioner":[{"local-exec":{"command":"./h.sh","when":"destroy"}}],
            "build":{"context":"img"}}}}}"#;
    let found = told(&named("main.tf.json", text), &BTreeMap::new());
    let expected = [" context img Input Written", " command h.sh Program Destroyed"];
    assert_eq!(found, expected);
}
