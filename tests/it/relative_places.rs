//! Files at places relative to the directory that Terraform runs in: objects, what a plan writes, what
//! a provisioner writes. The oracle is the bytes of the real directory. That they go back in each way of
//! applying is in `same_world::table`; here is what is special about them.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::stage::{Ran, Stage};

/// The provider, with its objects below a relative root.
fn provider(root: &str) -> String {
    let source = "demo = { source = \"unapply/demo\" }";
    format!(
        "terraform {{\n  required_providers {{\n    {source}\n  }}\n}}\n\
         provider \"demo\" {{\n  root = \"{root}\"\n}}\n"
    )
}

/// An object, an archive that each plan writes, an object made of its digest, and a provisioner that
/// writes a file, a script and a link.
fn configuration(word: &str) -> String {
    let made = format!(
        "mkdir -p made && echo {word} > made/x && rm -f made/l && ln -s {word} made/l && \
         echo 'echo {word}' > made/run && chmod 755 made/run"
    );
    provider("${path.module}/world")
        + &format!(
            r#"resource "demo_file" "a" {{
  path    = "deep/a.txt"
  content = "{word}"
}}
locals {{
  sources = [for f in fileset("${{path.module}}/src", "**") : filesha1("${{path.module}}/src/${{f}}")]
}}
data "demo_archive" "z" {{
  source = "${{path.module}}/src"
  output = "${{path.module}}/build/fn.zip"
}}
resource "demo_file" "zipped" {{
  path    = "zipped.txt"
  content = data.demo_archive.z.digest
}}
resource "terraform_data" "p" {{
  triggers_replace = "{word}"
  provisioner "local-exec" {{
    command = "{made}"
  }}
}}
"#
        )
}

/// An object that a failed apply has added.
fn added(name: &str) -> String {
    format!("resource \"demo_file\" \"{name}\" {{\n  path = \"new/{name}.txt\"\n}}\n")
}

type Files = BTreeMap<String, (u32, String)>;

/// Every file, link and directory below the stack's but Terraform's, ours and the configuration.
fn files(stage: &Stage) -> Files {
    let root = stage.stack();
    let mut found = Files::new();
    let mut waiting = vec![root.clone()];
    while let Some(directory) = waiting.pop() {
        for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let is_none_of_it = [".terraform", ".unapply", "terraform.tfstate", "main.tf", "src"];
            if is_none_of_it.iter().any(|other| name.starts_with(other)) {
                continue;
            }
            let facts = path.symlink_metadata().unwrap();
            let text = if facts.is_symlink() {
                format!("-> {}", std::fs::read_link(&path).unwrap().display())
            } else if facts.is_dir() {
                waiting.push(path);
                "directory".to_owned()
            } else {
                std::fs::read_to_string(&path).unwrap()
            };
            found.insert(name, (facts.permissions().mode() & 0o7777, text));
        }
    }
    found
}

fn write(stage: &Stage, path: &str, text: &str) {
    std::fs::create_dir_all(stage.stack().join(path).parent().unwrap()).unwrap();
    stage.write(path, text);
}

/// A good stack, and its files.
fn good(configuration: &str) -> (Stage, Files) {
    let stage = Stage::named();
    write(&stage, "src/fn.py", "print(1)");
    write(&stage, "src/lib/util.py", "# one");
    std::fs::set_permissions(
        stage.stack().join("src/fn.py"),
        std::fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    stage.write("main.tf", configuration);
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.set_up();
    let files = files(&stage);
    (stage, files)
}

fn heal(stage: &Stage) {
    std::fs::remove_file(stage.stack().join("world/.faults")).unwrap();
}

/// Lets the next version fail, with its sources.
fn apply_badly(stage: &Stage) {
    stage.write("main.tf", &(configuration("two") + &added("b") + &added("c")));
    write(stage, "src/fn.py", "print(2)");
    write(stage, "src/more.py", "# two");
    write(stage, "world/.faults", "create:c.txt");
    stage.unapply(&["snapshot"]).expect(0);
    stage.apply().expect(1);
    heal(stage);
    assert!(stage.stack().join("world/new/b.txt").is_file());
    assert_eq!(std::fs::read_to_string(stage.stack().join("made/x")).unwrap(), "two\n");
}

/// Insists that the directory is as it was, that Terraform has nothing to propose with the sources of
/// that time, and that no private directory is left.
#[track_caller]
fn is_back(stage: &Stage, good: &Files) {
    assert_eq!(files(stage), *good);
    stage.write("main.tf", &configuration("one"));
    write(stage, "src/fn.py", "print(1)");
    std::fs::remove_file(stage.stack().join("src/more.py")).unwrap();
    let arguments = ["plan", "-detailed-exitcode", "-no-color", "-input=false"];
    stage.terraform(&arguments).expect(0);
    stage.is_sound();
    assert_eq!(stage.left_over(), "");
}

/// An object in `conf/a`, and the names beside it.
fn own(word: &str) -> String {
    let object = format!(
        "resource \"demo_file\" \"a\" {{\n  path = \"conf/a\"\n  content = \"{word}\"\n}}\n"
    );
    let names = "output \"names\" {\n  value = fileset(path.module, \"conf/*\")\n}\n";
    provider(".") + &object + names
}

/// A stack of such an object that was applied once.
fn with_own() -> Stage {
    let stage = Stage::named();
    write(&stage, "conf/b", "by hand");
    stage.write("main.tf", &own("one"));
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.apply().expect(0);
    stage
}

#[test]
fn an_objects_own_file_is_the_real_one_whatever_was_captured_of_it() {
    let stage = with_own();
    stage.set_up();
    let good = files(&stage);
    stage.write("main.tf", &own("two"));
    stage.apply().expect(0);
    stage.unapply(&["revert", "--yes"]).expect(0);
    assert_eq!(files(&stage), good);
    // Removed by hand, it is missing in a plan too.
    std::fs::remove_file(stage.stack().join("conf/a")).unwrap();
    stage.unapply(&["drift", "--detailed-exitcode"]).expect(2).says("demo_file.a");
}

#[test]
fn a_function_that_reads_an_objects_file_is_right_after_a_second_revert_and_not_called_good_before()
{
    let stage = with_own();
    let reads = "output \"text\" {\n  value = file(\"${path.module}/conf/a\")\n}\n";
    stage.write("main.tf", &(own("one") + reads));
    stage.set_up();
    let good = files(&stage);
    stage.write("main.tf", &(own("two") + reads));
    stage.apply().expect(0);
    let plan = stage.unapply(&["revert", "--yes"]).expect(19);
    plan.says("a plan still wants to update output.text");
    assert_eq!(files(&stage), good);
    stage.unapply(&["revert", "--yes"]).expect(0);
    assert_eq!(files(&stage), good);
    let text = stage.terraform(&["output", "-raw", "text"]).expect(0);
    assert_eq!(text.stdout, "one");
}

#[test]
fn a_place_that_cannot_be_written_is_asked_about_before() {
    let stage = with_own();
    stage.set_up();
    stage.write("main.tf", &provider("."));
    stage.apply().expect(0);
    let conf = stage.stack().join("conf");
    std::fs::remove_dir_all(&conf).unwrap();
    stage.write("conf", "in the way");
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("unwritable-place").says("demo_file.a").says("conf` is no directory");
    let allowed = ["revert", "--yes", "--allow", "unwritable-place=demo_file.a"];
    stage.unapply(&allowed).expect(19).says("conf/a` could not be written");
    assert_eq!(std::fs::read_to_string(conf).unwrap(), "in the way");
}

#[test]
fn what_a_failed_revert_made_is_there_and_the_next_one_goes_on() {
    let (stage, good) = good(&configuration("one"));
    apply_badly(&stage);
    write(&stage, "world/.faults", "update:a.txt");
    stage.unapply(&["revert", "--yes"]).expect(1);
    let now = files(&stage);
    assert_eq!(now["made/x"].1, "one\n");
    assert_eq!(now["world/deep/a.txt"].1, "two");
    assert!(!now.contains_key("world/new/b.txt"));
    for kept in std::fs::read_dir(stage.path().join("tmp")).unwrap() {
        std::fs::remove_dir_all(kept.unwrap().path()).unwrap();
    }
    heal(&stage);
    stage.unapply(&["revert", "--yes"]).expect(0);
    is_back(&stage, &good);
}

#[test]
fn a_file_that_cannot_be_put_back_is_named_and_nothing_is_proved() {
    let (stage, _) = good(&configuration("one"));
    apply_badly(&stage);
    // In the way of what the provisioner makes, where no plan looks.
    let made = stage.stack().join("made");
    std::fs::remove_dir_all(&made).unwrap();
    std::os::unix::fs::symlink("/proc/self/made", &made).unwrap();
    let ran: Ran = stage.unapply(&["revert", "--yes"]).expect(19);
    let ran = ran.says("made/x` could not be written").says("is kept in");
    let kept = ran.stdout.split('`').find(|word| word.ends_with("not_carried_back/made/x"));
    let kept = kept.map(Path::new).or_else(|| {
        ran.stdout.split('`').map(Path::new).find(|path| path.ends_with("made/x") && path.exists())
    });
    assert_eq!(std::fs::read_to_string(kept.unwrap()).unwrap(), "one\n");
    assert_ne!(stage.good_revision(), Some(0));
}
