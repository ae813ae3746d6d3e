//! Files that arguments and commands name, files that git tracks, and files that are left out.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::*;
use crate::codec::bundle::digest;
use crate::model::configuration::FileMode;

/// Files that a build or a person made beside the configuration, as a provisioner and others use them.
const SCRIPTS: &str = r#"
resource "terraform_data" "h" {
  provisioner "local-exec" {
    command = "./hooks/h.sh create-${self.input}"
  }
  provisioner "local-exec" {
    when        = destroy
    working_dir = "../scripts"
    command     = "./o.sh wd"
  }
}
resource "x_object" "o" {
  source      = "build/fn.zip"
  source_dir  = "${path.module}/src"
  path        = "${path.module}/out/conf"
  config_path = "conf/gone.conf"
}
data "external" "e" { program = ["sh", "-c", "test -x run.sh && ./run.sh"] }
"#;

fn scripts() -> Tree {
    let tree = Tree::new(
        "stack",
        &[
            ("stack/main.tf", SCRIPTS),
            ("stack/hooks/h.sh", "#!/bin/sh"),
            ("stack/hooks/other.sh", ""),
            ("scripts/o.sh", ""),
            ("scripts/lib.sh", ""),
            ("stack/build/fn.zip", "PK"),
            ("stack/build/other.zip", "PK"),
            ("stack/src/a.py", "a"),
            ("stack/src/.env", "TOKEN=1"),
            ("stack/out/conf", "the object itself"),
            ("stack/run.sh", ""),
            ("stack/README.md", ""),
        ],
    );
    for (path, mode) in [("stack/hooks/h.sh", 0o755), ("stack/src/a.py", 0o600)] {
        fs::set_permissions(tree.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    tree
}

/// Runs git without the machine's settings of it.
fn git(tree: &Tree, arguments: &[&str]) {
    #[expect(clippy::disallowed_methods, reason = "the test makes a repository")]
    let mut command = Command::new("git");
    command.current_dir(tree.directory.path()).args(arguments);
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")]);
    assert!(command.status().unwrap().success(), "git {arguments:?}");
}

/// Makes a repository that tracks these files.
fn tracked(tree: &Tree, files: &[&str]) -> Environment {
    git(tree, &["init", "-q"]);
    git(tree, &[&["add", "-f", "--"], files].concat());
    #[expect(clippy::disallowed_methods, reason = "the test's own way to git")]
    let path = std::env::var_os("PATH").unwrap();
    Environment::from([("PATH".to_owned(), path)])
}

fn with_git(tree: &Tree, files: &[&str]) -> CapturedConfiguration {
    let environment = tracked(tree, files);
    tree.capture_with(|request| request.tracking = GitTracking::Asked(&environment)).unwrap()
}

fn accompanying(captured: &CapturedConfiguration) -> Vec<&str> {
    captured.bundle.accompanying.iter().map(BundlePath::as_str).collect()
}

#[test]
fn what_arguments_and_commands_name_is_taken_with_its_permissions() {
    let captured = scripts().capture();
    assert_eq!(
        paths(&captured),
        [
            "scripts/lib.sh",
            "scripts/o.sh",
            "stack/build/fn.zip",
            "stack/hooks/h.sh",
            "stack/main.tf",
            "stack/run.sh",
            "stack/src/a.py"
        ]
    );
    let mode = |path: &str| captured.bundle.mode(&path.parse().unwrap());
    assert_eq!(mode("stack/hooks/h.sh"), FileMode::of(0o755));
    assert_eq!(mode("stack/src/a.py"), FileMode::of(0o600));
    assert_eq!(
        left_out(&captured),
        ["stack/conf/gone.conf missing", "stack/src/.env looks-secret"]
    );
    assert_eq!(captured.notes, [""; 0]);
}

#[test]
fn what_git_tracks_accompanies_a_configuration_and_makes_no_other_of_it() {
    let tree = scripts();
    let before = tree.capture();
    let files = [
        "stack/README.md",
        "stack/hooks/other.sh",
        "stack/src/.env",
        "stack/out/conf",
        "scripts/o.sh",
    ];
    let captured = with_git(&tree, &files);
    assert_eq!(accompanying(&captured), ["stack/README.md", "stack/hooks/other.sh"]);
    let names = paths(&captured);
    assert!(names.contains(&"stack/src/.env"), "git tracks it: {names:?}");
    assert!(!names.contains(&"stack/out/conf"), "a copy would stand before the object's own file");
    assert!(!names.contains(&"scripts/lib.sh"), "git knows what belongs there: {names:?}");
    let same = |bundle: &Bundle| digest(bundle).unwrap();
    assert_ne!(same(&captured.bundle), same(&before.bundle), "a named directory has one file more");
    tree.put("stack/README.md", b"more");
    let environment = tracked(&tree, &[".gitignore"].map(|_| "stack/main.tf"));
    let after =
        tree.capture_with(|request| request.tracking = GitTracking::Asked(&environment)).unwrap();
    assert_eq!(same(&after.bundle), same(&captured.bundle));
    assert_ne!(after.bundle, captured.bundle);
}

#[test]
fn a_path_that_is_not_known_takes_what_git_tracks_and_no_more() {
    let main = ("main.tf", "locals { x = file(var.x) }");
    let tree = Tree::new(".", &[main, ("a.pem", ""), ("junk.txt", ""), (".terraform-version", "")]);
    let captured = with_git(&tree, &["main.tf", "a.pem", ".terraform-version"]);
    assert_eq!(paths(&captured), ["a.pem", "main.tf"]);
    assert_eq!(accompanying(&captured), [""; 0], "it may be read");
    assert!(captured.notes[0].ends_with("is not known: all that git tracks is taken"));
}

#[test]
fn a_stack_of_which_git_tracks_nothing_is_taken_as_without_git() {
    let files =
        [("cache/main.tf", "locals { x = file(var.x) }"), ("cache/data.json", ""), ("a", "")];
    let captured = with_git(&Tree::new("cache", &files), &["a"]);
    assert_eq!(paths(&captured), ["data.json", "main.tf"]);
    assert!(captured.notes[0].ends_with("is not known: its whole directory is taken"));
}

#[test]
fn a_named_directory_keeps_its_certificates_and_not_what_people_log_in_with() {
    let main = "locals { x = fileset(\"certs\", \"*\") }";
    let files = [("main.tf", main), ("certs/a.pem", ""), ("certs/.npmrc", ""), ("certs/m.sql", "")];
    let captured = Tree::new(".", &files).capture();
    assert_eq!(paths(&captured), ["certs/a.pem", "certs/m.sql", "main.tf"]);
    assert_eq!(left_out(&captured), ["certs/.npmrc looks-secret"]);
}

#[test]
fn a_variable_that_is_known_names_a_file_unless_it_is_secret() {
    let main = "variable \"app\" { default = \"x\" }\nvariable \"s\" {\n default = \"y\"\n \
                sensitive = true\n}\nlocals { a = file(\"${var.app}.json\") }\n\
                locals { b = file(\"b/${var.s}.json\") }";
    let tree = Tree::new(".", &[("main.tf", main), ("x.json", ""), ("z.json", ""), ("b/c", "")]);
    let captured = with_git(&tree, &["main.tf"]);
    assert_eq!(paths(&captured), ["b/c", "main.tf", "x.json"]);
    let words = [GivenValue::Value("app".to_owned(), secret("z"))];
    let environment = tracked(&tree, &["main.tf"]);
    let given = tree.capture_with(|request| {
        request.tracking = GitTracking::Asked(&environment);
        request.given = &words;
    });
    assert_eq!(paths(&given.unwrap()), ["b/c", "main.tf", "z.json"]);
}

#[test]
fn bounds_are_named_where_they_cut_and_what_is_named_goes_first() {
    let main = "locals {\n a = fileset(path.module, \"d/*\")\n b = file(\"b\")\n}";
    let files = [("main.tf", main), ("b", "bb"), ("d/1", "1"), ("d/2", "22222"), ("e", "e")];
    let tree = Tree::new(".", &files);
    let environment = tracked(&tree, &["e"]);
    let length = u64::try_from(main.len()).unwrap();
    let captured = tree.capture_with(|request| {
        request.tracking = GitTracking::Asked(&environment);
        request.bounds = CaptureBounds { file: 4, total: length + 3 };
    });
    let captured = captured.unwrap();
    assert_eq!(paths(&captured), ["b", "d/1", "main.tf"]);
    assert_eq!(left_out(&captured), ["d/2 too-large", "e no-room"]);
    assert_eq!(captured.left_out[0].bytes, Some(5));
}

#[test]
fn what_cannot_be_held_beside_the_configuration_is_left_out_alone() {
    let files = [("main.tf", ""), ("Makefile", ""), ("makefile", ""), ("a:b", "")];
    let captured = with_git(&Tree::new(".", &files), &["Makefile", "makefile", "a:b"]);
    assert_eq!(paths(&captured), ["Makefile", "main.tf"]);
    assert_eq!(left_out(&captured), ["a:b refused", "makefile refused"]);
}

#[test]
fn a_link_is_followed_as_far_as_the_work_tree_goes() {
    let tree = Tree::new(
        "stack",
        &[("stack/main.tf", "locals { a = file(\"policy\") }"), ("shared/policy", "p")],
    );
    symlink("../shared/policy", tree.path("stack/policy")).unwrap();
    let captured = with_git(&tree, &["stack"]);
    assert_eq!(paths(&captured), ["main.tf", "policy"]);
    assert_eq!(captured.notes, [""; 0]);
}
