//! Objects that the good configuration cannot end are destroyed with the failed one first, and then
//! the rest is done under the same consent.

use crate::support::deeds::{Past, file, good};
use crate::support::stage::{Ran, Stage};

/// A provider configuration `west`, whose objects lie in a world of their own.
fn west(stage: &Stage) -> String {
    format!("provider \"demo\" {{\n  alias = \"west\"\n  root  = \"{}\"\n}}\n", far(stage))
}

fn far(stage: &Stage) -> String {
    let place = stage.path().join("west");
    std::fs::create_dir_all(&place).unwrap();
    place.display().to_string()
}

/// A `demo_file` of that configuration.
fn in_west(name: &str, content: &str) -> String {
    file(name, content).replacen("{\n", "{\n  provider = demo.west\n", 1)
}

fn is_in_west(stage: &Stage, name: &str) -> bool {
    std::path::Path::new(&far(stage)).join(name).exists()
}

/// A `terraform_data` that leaves a trace in the world when it goes.
fn hook(stage: &Stage) -> String {
    hook_that(&leaves_trace(stage))
}

/// A `terraform_data` that runs this when it goes.
fn hook_that(command: &str) -> String {
    format!(
        "resource \"terraform_data\" \"hook\" {{\n  input = \"x\"\n  provisioner \"local-exec\" {{\n    \
         when    = destroy\n    command = \"{command}\"\n  }}\n}}\n"
    )
}

fn leaves_trace(stage: &Stage) -> String {
    format!("echo gone >> {}", stage.path().join("trace").display())
}

fn trace(stage: &Stage) -> String {
    std::fs::read_to_string(stage.path().join("trace")).unwrap_or_default()
}

fn firsts(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let firsts = json["destroyed_first"].as_array().unwrap().iter();
    firsts.map(|first| first["address"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_object_whose_provider_is_new_goes_first_and_the_rest_follows() {
    let (stage, v1) = good(&(file("a", "one") + &file("gone", "back")));
    let v2 = west(&stage) + &file("a", "ONE") + &in_west("w", "far") + &file("b", "near");
    stage.apply_next(&v2);
    assert!(is_in_west(&stage, "w.txt"));
    let shown = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0);
    assert_eq!(shown.json()["adaptation"], "two-steps");
    assert_eq!(firsts(&shown), ["demo_file.w"]);
    assert!(is_in_west(&stage, "w.txt"), "nothing is done for a plan");
    let ran = stage.goes_back(&v1, &[]);
    ran.says("first, with the configuration that made it")
        .says("demo_file.w   the good configuration does not have its provider")
        .says("the first of two steps is done; 3 actions are left");
    assert!(!is_in_west(&stage, "w.txt"));
    let intents = stage.entries("revert-intent");
    assert_eq!(intents.len(), 2, "each step is on record");
}

#[test]
fn where_a_provider_leads_elsewhere_now_its_objects_are_ended_where_they_are() {
    let stage = Stage::with("");
    let provider =
        |root: &str| format!("provider \"demo\" {{\n  alias = \"w\"\n  root = \"{root}\"\n}}\n");
    let of = |name: &str| file(name, "x").replacen("{\n", "{\n  provider = demo.w\n", 1);
    let near = stage.path().join("near");
    std::fs::create_dir_all(&near).unwrap();
    let text = provider(&near.display().to_string()) + &file("a", "one");
    stage.configure(&text);
    stage.set_up();
    let v1 = Past::of(&stage, &text);
    stage.apply_next(&(provider(&far(&stage)) + &file("a", "ONE") + &of("w")));
    assert!(is_in_west(&stage, "w.txt"));
    stage.goes_back(&v1, &[]).says("has other arguments for its provider");
    assert!(!is_in_west(&stage, "w.txt"));
}

#[test]
fn where_no_configuration_on_record_finds_an_object_it_is_not_forgotten() {
    let (stage, _) = good(&file("a", "one"));
    let v2 = west(&stage) + &file("a", "one") + &in_west("w", "far");
    stage.configure(&v2);
    stage.apply().expect(0);
    // Nobody has recorded that, and the provider was sent elsewhere since.
    let elsewhere = stage.path().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    stage.configure(&v2.replace(&far(&stage), &elsewhere.display().to_string()));
    let before = stage.everything();
    stage.unapply(&["revert", "--yes"]).expect(15).says("no configuration on record finds all");
    assert_eq!(stage.everything(), before);
    assert!(is_in_west(&stage, "w.txt"));
}

#[test]
fn the_configuration_that_made_it_is_found_in_an_earlier_snapshot() {
    let (stage, v1) = good(&file("a", "one"));
    stage.apply_next(&(west(&stage) + &file("a", "ONE") + &in_west("w", "far")));
    // Somebody has put the good one back already.
    stage.configure(&file("a", "one"));
    stage.goes_back(&v1, &[]);
    assert!(!is_in_west(&stage, "w.txt"));
}

#[test]
fn arguments_that_other_values_changed_beside_are_the_same() {
    let stage = Stage::with("");
    let provider = "variable \"place\" {}\nvariable \"other\" {}\nlocals {\n  place = var.place\n}\n\
                    provider \"demo\" {\n  alias = \"w\"\n  root = local.place\n}\n";
    stage.write("terraform.tfvars", &format!("place = \"{}\"\nother = 1\n", far(&stage)));
    stage.configure(&(provider.to_owned() + &file("a", "one")));
    stage.set_up();
    let v1 = Past::of(&stage, &(provider.to_owned() + &file("a", "one")));
    let of = |name: &str| file(name, "x").replacen("{\n", "{\n  provider = demo.w\n", 1);
    stage.write("terraform.tfvars", &format!("place = \"{}\"\nother = 2\n", far(&stage)));
    stage.apply_next(&(provider.to_owned() + &file("a", "one") + &of("w")));
    let shown = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json();
    assert_eq!(shown["adaptation"], "as-it-is", "one plan does it");
    stage.write("terraform.tfvars", &format!("place = \"{}\"\nother = 1\n", far(&stage)));
    stage.goes_back(&v1, &[]);
}

#[test]
fn a_provisioner_that_only_the_failed_configuration_has_runs_at_the_end() {
    let (stage, v1) = good(&file("a", "one"));
    stage.apply_next(&(file("a", "ONE") + &hook(&stage)));
    assert_eq!(trace(&stage), "");
    stage.goes_back(&v1, &[]).says("it runs a provisioner when it is destroyed");
    assert_eq!(trace(&stage), "gone\n", "once");
}

#[test]
fn its_script_that_nothing_has_any_more_is_asked_about_before_anything_is_destroyed() {
    let (stage, v1) = good(&file("a", "one"));
    stage.write("bye.sh", &leaves_trace(&stage));
    stage.apply_next(&(file("a", "ONE") + &hook_that("sh ./bye.sh")));
    std::fs::remove_file(stage.stack().join("bye.sh")).unwrap();
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("--allow 'missing-file=terraform_data.hook'").says("`bye.sh` (main.tf:");
    assert_eq!(stage.everything(), before);
    stage.write("bye.sh", &leaves_trace(&stage));
    stage.goes_back(&v1, &[]);
    assert_eq!(trace(&stage), "gone\n", "once");
}

#[test]
fn where_something_that_stays_depends_on_it_nothing_is_touched() {
    let (stage, v1) = good(&file("a", "one"));
    let v2 = hook(&stage) + &file("a", "${terraform_data.hook.output}");
    stage.apply_next(&v2);
    let before = stage.everything();
    stage
        .unapply(&["revert", "--yes"])
        .expect(15)
        .says("cannot be taken back in two steps")
        .says("terraform_data.hook: what stays depends on that: demo_file.a")
        .says("after taking out what refers to terraform_data.hook");
    assert_eq!(stage.everything(), before);
    assert_eq!(trace(&stage), "");
    drop(v1);
}
