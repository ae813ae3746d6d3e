//! Which engine a stack is run with, where Terraform and OpenTofu are both there. OpenTofu is played
//! by a program that says so and is the real Terraform otherwise.

use unapply::model::entry::EngineKind;

use crate::compat::{has, program};
use crate::support::deeds::file;
use crate::support::engine::engine;
use crate::support::stage::Stage;

const TERRAFORM: &str = "Terraform v1.99.4";
const TOFU: &str = "OpenTofu v1.99.6";

/// The commands of engines so far, and none from now on.
fn asked(stage: &Stage) -> Vec<String> {
    let path = stage.path().join("asked");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let _was_there = std::fs::remove_file(path).is_ok();
    text.lines().map(str::to_owned).collect()
}

fn is_tofu(asked: &[String]) -> bool {
    !asked.is_empty() && asked.iter().all(|command| command.starts_with("tofu "))
}

/// An object that needs no provider, so that no lock file says anything.
fn data(input: &str) -> String {
    format!("resource \"terraform_data\" \"a\" {{\n  input = \"{input}\"\n}}\n")
}

#[test]
fn the_engine_of_the_wrapped_command_is_the_stacks_from_then_on() {
    let mut stage = Stage::named();
    has(&mut stage, "terraform", "Terraform v1.99.4");
    has(&mut stage, "tofu", TOFU);
    stage.write("main.tf", &data("one"));
    stage.write(".opentofu-version", "1.99.6\n");
    stage.unapply(&["init"]).expect(0);
    std::fs::remove_file(stage.stack().join(".opentofu-version")).unwrap();
    let apply = ["apply", "-auto-approve", "-no-color"];
    stage.unapply(&[&["run", "--", "terraform"], &apply[..]].concat()).expect(0);
    stage.unapply(&["show", "1"]).expect(0).says("opentofu 1.99.6");
    stage.unapply(&["history"]).expect(0).says("terraform 1.99.4");
    let _before = asked(&stage);
    stage.write("main.tf", &data("two"));
    let named = ["--tf-bin", "terraform", "run", "--", "tofu"];
    stage.unapply(&[&named[..], &apply].concat()).expect(0);
    assert!(is_tofu(&asked(&stage)), "the command is the other engine's");
    let doctor = stage.unapply(&["doctor"]).expect(0);
    doctor.says("opentofu 1.99.6 from").says("tofu (its newest snapshot says so)");
    assert!(is_tofu(&asked(&stage)));
    let fails = "  provisioner \"local-exec\" {\n    command = \"exit 3\"\n  }\n";
    let bad = data("x").replace("\"a\"", "\"bad\"").replace("}\n", &format!("{fails}}}\n"));
    stage.write("main.tf", &(data("four") + &bad));
    let net = ["--tf-bin", "terraform", "run", "--on-failure", "revert", "--", "tofu"];
    stage.unapply(&[&net[..], &apply].concat()).expect(20);
    assert!(is_tofu(&asked(&stage)), "the revert is made with the engine of the command");
    stage.write("main.tf", &(data("three") + &bad));
    stage.unapply(&[&["run", "--", "tofu"], &apply[..]].concat()).expect(1);
    let ran = stage.unapply(&["revert", "--yes"]).expect(0).says("next: tofu plan");
    assert!(!ran.stdout.contains("terraform plan"), "{}", ran.stdout);
    assert!(is_tofu(&asked(&stage)));
}

#[test]
fn an_engine_that_is_missing_is_named_where_the_other_one_would_do_harm() {
    let mut stage = Stage::named();
    stage.write("main.tf", &data("one"));
    let lock = "provider \"registry.terraform.io/unapply/demo\" {\n  version = \"0.1.0\"\n}\n";
    stage.write(".terraform.lock.hcl", lock);
    has(&mut stage, "tofu", TOFU);
    let bin = stage.path().join("bin").display().to_string();
    stage.set("PATH", &bin);
    stage.unapply(&["init"]).expect(0);
    let ran = stage.unapply(&["doctor"]).expect(16);
    ran.says("terraform not found: its lock file says so, and none is on PATH");
    let state = r#"{"version": 4, "terraform_version": "1.99.4", "serial": 1, "lineage": "l",
        "outputs": {}, "resources": []}"#;
    stage.write("terraform.tfstate", state);
    stage.unapply(&["snapshot"]).expect(0);
    let ran = stage.unapply(&["drift"]).expect(16);
    ran.says("install terraform, or name it").says("--tf-bin tofu …   (if tofu is to go on");
    let named = stage.unapply(&["--tf-bin", "tofu", "doctor"]);
    named.says("opentofu 1.99.6 from").says("it is named");
    assert_eq!(asked(&stage), Vec::<String>::new());
    stage.write(".terraform.lock.hcl", "");
    stage.unapply(&["doctor"]).says("there is no terraform on PATH");
}

#[test]
fn an_engine_to_which_a_script_moved_the_stack_is_the_stacks_from_then_on() {
    let mut stage = Stage::named();
    has(&mut stage, "terraform", TERRAFORM);
    has(&mut stage, "tofu", TOFU);
    stage.write("main.tf", &data("one"));
    let lock = "provider \"registry.terraform.io/unapply/demo\" {\n  version = \"0.1.0\"\n}\n";
    stage.write(".terraform.lock.hcl", lock);
    // Nothing of the lock file is installed here.
    let script = "mv .terraform.lock.hcl kept\n\
                  tofu apply -auto-approve -no-color\n\
                  sed s/terraform.io/opentofu.org/ kept > .terraform.lock.hcl\n";
    stage.write("deploy.sh", script);
    stage.unapply(&["init"]).expect(0);
    let _before = asked(&stage);
    stage.unapply(&["run", "--", "sh", "deploy.sh"]).expect(0).says("is good");
    let asked = asked(&stage);
    let plans: Vec<&String> = asked.iter().filter(|line| line.ends_with(" plan")).collect();
    assert_eq!(plans, ["tofu plan"], "{asked:?}");
}

/// Puts Terraform or OpenTofu on PATH: the real one where OpenTofu is under test, or a played one.
fn arrives(stage: &mut Stage, kind: EngineKind) {
    let (name, tests) = (kind.command(), engine());
    if tests.version.kind == EngineKind::Terraform {
        return has(stage, name, if kind == EngineKind::OpenTofu { TOFU } else { TERRAFORM });
    }
    let real = match kind {
        EngineKind::OpenTofu => &tests.program,
        EngineKind::Terraform => tests.beside.as_ref().expect("Terraform is on PATH as well"),
    };
    let text = format!(
        "#!/bin/sh\n[ $1 = version ] || echo \"{name} $1\" >> '{asked}'\n\
         [ $1 = init ] && cp .terraform.lock.hcl '{lock}'\nexec '{real}' \"$@\"\n",
        asked = stage.path().join("asked").display(),
        lock = stage.path().join("lock").display(),
        real = real.display(),
    );
    program(&stage.path().join("bin").join(name), &text);
    let bin = stage.path().join("bin").display().to_string();
    stage.set("PATH", &format!("{bin}:/usr/bin:/bin"));
}

#[test]
fn what_was_good_with_terraform_is_gone_back_to_with_opentofu() {
    let mut stage = Stage::named();
    if engine().version.kind == EngineKind::OpenTofu {
        arrives(&mut stage, EngineKind::Terraform);
    }
    stage.configure(&file("a", "one"));
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.apply().expect(0);
    stage.set_up();
    let good = stage.objects();
    stage.configure(&file("a", "ONE"));
    stage.apply().expect(0);
    arrives(&mut stage, EngineKind::Terraform);
    let lock = stage.stack().join(".terraform.lock.hcl");
    let text = std::fs::read_to_string(&lock).unwrap();
    let tofus = text.replace("registry.terraform.io", "registry.opentofu.org");
    stage.write(".terraform.lock.hcl", &tofus);
    let ran = stage.unapply(&["revert", "--yes"]).expect(16);
    let ran = ran.says("tofu not found: its lock file says so, and none is on PATH");
    ran.says("unapply --tf-bin PATH");
    arrives(&mut stage, EngineKind::OpenTofu);
    let _before = asked(&stage);
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("engine-changed").says("today's checksums");
    let used = std::fs::read_to_string(stage.path().join("lock")).unwrap();
    assert!(!used.contains("registry.terraform.io"), "{used}");
    assert!(is_tofu(&asked(&stage)));
    let differing = stage.unapply(&["diff", "--only", "providers", "good..@-"]);
    differing.says("unapply/demo").says("from registry.opentofu.org");
    stage.unapply(&["revert", "--yes", "--allow", "engine-changed=opentofu"]).expect(0);
    assert_eq!(stage.objects(), good);
    // The stack's own files are as they were.
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), tofus);
}

#[test]
fn a_saved_plan_is_shown_by_its_own_files_where_those_beside_it_are_broken() {
    let mut stage = Stage::named();
    has(&mut stage, "tofu", TOFU);
    stage.write(".opentofu-version", "1.99.6\n");
    stage.write("main.tf", &data("one"));
    stage.unapply(&["init"]).expect(0);
    let tofu = |words: &[&str]| stage.ran(stage.command("tofu", words).output()).expect(0);
    tofu(&["plan", "-out=p.tfplan", "-no-color"]);
    stage.write("broken.tf", "this is { no configuration\n");
    let ran = stage.unapply(&["run", "--", "tofu", "apply", "-no-color", "p.tfplan"]);
    if !engine().applies_beside_broken_files() {
        ran.expect(1).says("Unsupported block type");
        return;
    }
    ran.expect(0);
    let good = stage.good_revision().unwrap().to_string();
    stage.unapply(&["show", &good, "--files"]).expect(0).says("main.tf");
    assert_eq!(stage.left_over(), "");
}

#[test]
fn an_engine_that_is_too_old_is_refused_before_anything_is_written() {
    for (first, oldest) in [
        (
            "Terraform v1.4.7",
            "terraform 1.4.7 is too old: the oldest that is proven is terraform 1.5",
        ),
        ("OpenTofu v1.7.0", "opentofu 1.7.0 is too old: the oldest that is proven is opentofu 1.8"),
    ] {
        let mut stage = Stage::empty();
        stage.configure(&file("a", "one"));
        has(&mut stage, "terraform", first);
        stage.unapply(&["init"]).expect(16).says(oldest).says("--tf-bin PATH init");
        let written =
            std::fs::read_dir(stage.stack()).unwrap().map(|file| file.unwrap().file_name());
        let written: Vec<_> = written.filter(|name| name != "main.tf").collect();
        assert!(written.is_empty(), "{written:?}");
    }
}
