//! Every kind of change that an apply can make, taken back with real Terraform: the world is asserted
//! byte for byte, the addresses, and that Terraform has nothing to propose.
//!
//! Kinds with a file of their own (origins, hazards, two steps, a part, data sources) are not
//! repeated.

use std::path::Path;

use crate::support::deeds::{Past, file, good, volume};
use crate::support::remote::Remote;
use crate::support::running::until;
use crate::support::stage::{Ran, Stage};

const HEADER: &str =
    "terraform {\n  required_providers {\n    demo = { source = \"unapply/demo\" }\n  }\n}\n";

/// The good snapshot: a wrapped apply that works is good as well.
const FIRST: &str = "1";

/// Files of one block under `repeat`, whose paths come from `key`.
fn many(name: &str, repeat: &str, key: &str) -> String {
    format!(
        "resource \"demo_file\" \"{name}\" {{\n  {repeat}\n  path    = \"{name}-${{{key}}}.txt\"\n  \
         content = \"{name} ${{{key}}}\"\n}}\n"
    )
}

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

fn forgotten(address: &str) -> String {
    format!("removed {{\n  from = {address}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n")
}

/// A good stage with modules in directories, and how it looks.
fn with_modules(v1: &str, modules: &[(&str, &str)]) -> (Stage, Past) {
    let stage = Stage::with("");
    for (name, text) in modules {
        std::fs::create_dir_all(stage.stack().join(name)).unwrap();
        stage.write(&format!("{name}/main.tf"), &format!("{HEADER}{text}"));
    }
    stage.configure(v1);
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    let past = Past::of(&stage, v1);
    (stage, past)
}

/// A wrapped apply of `next`, whose journal says what it did.
fn attempt(stage: &Stage, next: &str, faults: &str) -> Ran {
    stage.configure(next);
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.fault(faults);
    let apply = ["run", "--", "terraform", "apply", "-auto-approve", "-no-color", "-input=false"];
    let ran = stage.unapply(&apply);
    stage.fault("");
    ran
}

#[test]
fn counts_and_keys_go_back_to_the_objects_that_they_named() {
    let list = |values: &str, key: &str| {
        format!(
            "locals {{\n  list = {values}\n}}\n{}",
            many("shift", "count = length(local.list)", &format!("local.list[{key}]"))
        )
    };
    let v1 = many("more", "count = 2", "count.index")
        + &many("less", "count = 3", "count.index")
        + &many("each", "for_each = toset([\"a\", \"b\"])", "each.key")
        + &many("turned", "count = 1", "count.index")
        + &list("[\"x\", \"y\", \"z\"]", "count.index");
    let (stage, past) = good(&v1);
    let v2 = many("more", "count = 3", "count.index")
        + &many("less", "count = 1", "count.index")
        + &many("each", "for_each = toset([\"a\", \"c\"])", "each.key")
        + &many("turned", "for_each = toset([\"0\"])", "each.key")
        + &moved("demo_file.turned[0]", "demo_file.turned[\"0\"]")
        + &list("[\"y\", \"z\"]", "count.index");
    // Terraform shifts by replacing: the names are taken half of the time, and it fails half-way.
    attempt(&stage, &v2, "");
    assert!(stage.objects().contains_key("each-c.txt"));
    stage.goes_back(&past, &[FIRST]).says("demo_file.turned[\"0\"] → demo_file.turned[0]");
}

#[test]
fn modules_that_were_renamed_keyed_and_emptied_come_back() {
    let call = |name: &str, more: &str| {
        format!("module \"{name}\" {{\n  source = \"./m\"\n  {more}\n}}\n")
    };
    let inside = "variable \"name\" {}\n".to_owned()
        + "resource \"demo_file\" \"f\" {\n  path    = \"${var.name}.txt\"\n  content = var.name\n}\n";
    let v1 = call("old", "name = \"old\"")
        + &call("many", "count = 2\n  name = \"many-${count.index}\"")
        + &call("gone", "name = \"gone\"")
        + &file("root", "one");
    let (stage, past) = with_modules(&v1, &[("m", &inside)]);
    let v2 = call("new", "name = \"old\"")
        + &moved("module.old", "module.new")
        + &call("many", "for_each = toset([\"0\", \"1\"])\n  name = \"many-${each.key}\"")
        + &moved("module.many[0]", "module.many[\"0\"]")
        + &moved("module.many[1]", "module.many[\"1\"]")
        + &call("root", "name = \"root\"")
        + &moved("demo_file.root", "module.root.demo_file.f");
    attempt(&stage, &v2, "").expect(0);
    assert!(!stage.objects().contains_key("gone.txt"));
    stage.configure(&v1);
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage
        .goes_back(&past, &[FIRST])
        .says("module.many[\"1\"].demo_file.f → module.many[1].demo_file.f");
}

#[test]
fn objects_that_were_swapped_in_the_state_are_swapped_back() {
    let (stage, past) = good(&(file("a", "one") + &file("b", "two") + &volume(1)));
    let ids = ["a", "b"].map(|name| stage.id_of("demo_file", name));
    for (from, to) in [("a", "x"), ("b", "a"), ("x", "b")] {
        let [from, to] = [from, to].map(|name| format!("demo_file.{name}"));
        stage.terraform(&["state", "mv", &from, &to]).expect(0);
    }
    let v2 = file("a", "two").replace("a.txt", "b.txt")
        + &file("b", "ONE").replace("b.txt", "a.txt")
        + &volume(1);
    attempt(&stage, &v2, "").expect(0);
    stage.goes_back(&past, &[FIRST]).says("by a state that is pushed");
    assert_eq!(["a", "b"].map(|name| stage.id_of("demo_file", name)), ids, "the same objects");
}

#[test]
fn what_ran_once_runs_again_and_a_taint_is_not_believed_away() {
    let stage = Stage::with("");
    let trace = stage.path().join("trace");
    let job = |name: &str, word: &str| {
        format!(
            "resource \"terraform_data\" \"{name}\" {{\n  triggers_replace = \"{word}\"\n  provisioner \
             \"local-exec\" {{\n    command = \"echo {name} {word} >> {}{}\"\n  }}\n}}\n",
            trace.display(),
            if word == "bad" { "; exit 1" } else { "" }
        )
    };
    let v1 = job("well", "v1") + &job("ill", "v1") + &file("a", "one");
    stage.configure(&v1);
    stage.set_up();
    let past = Past::of(&stage, &v1);
    attempt(&stage, &(job("well", "v2") + &job("ill", "bad") + &file("a", "ONE")), "").expect(1);
    stage.goes_back(&past, &[FIRST]);
    let told = std::fs::read_to_string(trace).unwrap();
    let of = |name: &str| -> Vec<&str> {
        told.lines().filter_map(|line| line.strip_prefix(name)).map(str::trim).collect()
    };
    assert_eq!(of("well"), ["v1", "v2", "v1"]);
    assert_eq!(of("ill"), ["v1", "bad", "v1"]);
}

#[test]
fn what_refers_to_a_new_object_is_detached_before_that_is_destroyed() {
    let link = |to: &str| {
        format!(
            "resource \"demo_link\" \"l\" {{\n  path   = \"l.lnk\"\n  target = demo_file.{to}.id\n}}\n"
        )
    };
    let v1 = file("a", "one") + &link("a");
    let (stage, past) = good(&v1);
    attempt(&stage, &(file("a", "one") + &file("x", "new") + &link("x")), "").expect(0);
    // The provider refuses to destroy what a link names.
    stage.goes_back(&past, &[FIRST]).says("destroyed after that has changed");
}

#[test]
fn several_failed_attempts_in_a_row_are_taken_back_together() {
    let v1 = file("a", "one") + &file("b", "two") + &file("c", "three");
    let (stage, past) = good(&v1);
    let v2 = file("a", "ONE") + &file("b", "two") + &file("c", "three") + &file("d", "four");
    attempt(&stage, &v2, "create-after:d.txt").expect(1);
    let renamed = file("n", "two").replace("n.txt", "b.txt") + &moved("demo_file.b", "demo_file.n");
    let v3 = file("a", "One") + &renamed + &file("c", "THREE") + &file("e", "five");
    attempt(&stage, &v3, "update:c.txt").expect(1);
    let v4 = file("a", "One") + &renamed + &forgotten("demo_file.c") + &file("f", "six");
    attempt(&stage, &v4, "create:f.txt").expect(1);
    stage.goes_back(&past, &[FIRST]).says("demo_file.n → demo_file.b").says("was forgotten");
}

#[test]
fn a_failed_revert_of_a_moved_and_forgotten_object_is_gone_on_with() {
    let v1 = file("a", "one") + &file("b", "two") + &file("c", "three");
    let (stage, past) = good(&v1);
    let ids = ["a", "b"].map(|name| stage.id_of("demo_file", name));
    let v2 = file("n", "ONE").replace("n.txt", "a.txt")
        + &moved("demo_file.a", "demo_file.n")
        + &forgotten("demo_file.b")
        + &file("c", "THREE");
    attempt(&stage, &v2, "").expect(0);
    stage.fault("update:c.txt");
    stage.unapply(&["revert", FIRST, "--yes"]).expect(1).says("was applied in part");
    stage.fault("");
    assert_eq!(["a", "b"].map(|name| stage.id_of("demo_file", name)), ids, "pushed all the same");
    stage.sweep();
    stage.goes_back(&past, &[FIRST]);
}

#[test]
fn a_workspace_is_rekeyed_in_itself() {
    let v1 = file("a", "one").replace("a.txt", "${terraform.workspace}-a.txt")
        + &file("b", "two").replace("b.txt", "${terraform.workspace}-b.txt");
    let stage = Stage::with(&v1);
    stage.apply().expect(0);
    let default = stage.state();
    stage.terraform(&["workspace", "new", "-no-color", "blue"]).expect(0);
    let settings = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    stage.write("unapply.toml", &(settings + "workspace = \"blue\"\n"));
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    let world = stage.objects();
    let v2 = file("n", "ONE").replace("n.txt", "${terraform.workspace}-a.txt")
        + &moved("demo_file.a", "demo_file.n")
        + &forgotten("demo_file.b");
    attempt(&stage, &v2, "").expect(0);
    stage.configure(&v1);
    stage.unapply(&["revert", FIRST, "--yes"]).expect(0).says("by a state that is pushed");
    assert_eq!(stage.objects(), world);
    stage.plans_nothing(&v1);
    assert_eq!(stage.state(), default, "the other workspace is as it was");
    assert_eq!(stage.left_over(), "");
}

#[test]
fn a_protected_object_that_was_replaced_is_asked_about_and_then_replaced_back() {
    let v1 = file("a", "one").replace("\n}", "\n  lifecycle {\n    prevent_destroy = true\n  }\n}")
        + &file("b", "two");
    let (stage, past) = good(&v1);
    attempt(&stage, &(file("a", "one").replace("a.txt", "z.txt") + &file("b", "two")), "")
        .expect(0);
    let before = stage.everything();
    stage
        .unapply(&["revert", FIRST, "--yes"])
        .expect(15)
        .says("--yes --allow 'prevent-destroy=demo_file.a'");
    assert_eq!(stage.everything(), before);
    stage.goes_back(&past, &[FIRST, "--allow", "prevent-destroy=demo_file.a"]);
}

#[test]
fn names_that_went_round_in_a_ring_come_back() {
    let of = |paths: [&str; 3]| -> String {
        ["a", "b", "c"]
            .iter()
            .zip(paths)
            .map(|(name, path)| file(name, name).replace(&format!("{name}.txt"), path))
            .collect()
    };
    let v1 = of(["1.txt", "2.txt", "3.txt"]);
    let (stage, past) = good(&v1);
    // Each wants the name of the next one: some of it fails, in whatever order.
    attempt(&stage, &of(["2.txt", "3.txt", "1.txt"]), "");
    assert_ne!(&stage.objects(), past.objects());
    stage.goes_back(&past, &[FIRST]);
}

#[test]
fn a_backend_that_is_down_at_the_end_of_a_revert_leaves_a_state_that_recover_pushes() {
    let remote = Remote::start();
    let mut stage = Stage::with("");
    stage.set("TF_HTTP_USERNAME", "user");
    stage.set("TF_HTTP_PASSWORD", "pass-word-canary");
    let v1 = remote.backend() + &file("a", "one") + &file("b", "two");
    stage.configure(&v1);
    stage.terraform(&["init", "-no-color", "-input=false"]).expect(0);
    stage.set_up();
    let world = stage.objects();
    stage.apply_next(&(remote.backend() + &file("a", "ONE") + &file("c", "new")));
    stage.fault("delay-ms:a.txt:1500");
    let running = stage.start(crate::support::stage::UNAPPLY, &["revert", "--yes"]);
    until("terraform changes something", || stage.objects().contains_key("b.txt"));
    remote.refuse_states();
    running.end().expect(1).says("could not save its state; it is kept as revision");
    stage.fault("");
    remote.take_states();
    assert_eq!(stage.objects(), world, "all of it was done");
    stage.unapply(&["revert", "--yes"]).expect(15).says("unapply recover");
    stage.unapply(&["recover", "--yes"]).expect(0).says("pushed and read back");
    stage.unapply(&["revert", "--yes"]).expect(0).says("what is not as r1 has it");
    stage.plans_nothing(&v1);
    assert!(!stage.log_text().contains("pass-word-canary"));
}

/// A stage on which a revert has to push: an object was renamed, one forgotten, one changed, one made.
fn to_be_pushed() -> (Stage, Past, String) {
    let (stage, past) = good(&(file("a", "one") + &file("b", "two") + &file("c", "three")));
    let v2 = file("n", "one").replace("n.txt", "a.txt")
        + &moved("demo_file.a", "demo_file.n")
        + &forgotten("demo_file.b")
        + &file("c", "THREE")
        + &file("d", "four");
    (stage, past, v2)
}

/// A terraform that is real, and kills its parent process before or after its `strike`-th command
/// that is `word`.
fn deadly(stage: &Stage, word: &str, when: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = stage.path().join("deadly");
    let kill = "kill -9 $PPID";
    let (before, after) = if when == "before" { (kill, "") } else { ("", kill) };
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in\n  {word})\n    {before}\n    terraform \"$@\"\n    code=$?\n    \
         {after}\n    exit $code ;;\nesac\nexec terraform \"$@\"\n"
    );
    stage.write("../deadly", &text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn killed_at(word: &str, when: &str) {
    let (stage, past, v2) = to_be_pushed();
    attempt(&stage, &v2, "").expect(0);
    deadly(&stage, word, when);
    let binary = stage.path().join("deadly").display().to_string();
    stage.unapply(&["revert", FIRST, "--yes", "--tf-bin", &binary]).expect(137);
    until("nothing of it goes on", || !stage.is_locked_by_apply() && !is_at_work(&stage));
    stage.sweep();
    stage.goes_back(&past, &[FIRST]);
}

/// Whether a terraform of the stage still runs.
fn is_at_work(stage: &Stage) -> bool {
    let here = stage.path().display().to_string();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let is_of = |process: &Path| {
        let bytes = std::fs::read(process.join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(&here)
    };
    all.into_iter().any(|process| is_of(&process.path()))
}

#[test]
fn a_revert_that_is_killed_before_its_push_is_begun_anew() {
    killed_at("*\"state push\"*\"zz_unapply_rekeyed\"*", "before");
}

#[test]
fn a_revert_that_is_killed_after_its_push_is_gone_on_with() {
    killed_at("*\"apply.tfplan\"*", "before");
}

#[test]
fn a_revert_that_is_killed_after_its_apply_is_concluded_and_verified_by_the_next() {
    killed_at("\"apply -json\"*", "after");
}
