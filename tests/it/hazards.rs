//! Each hazard on real Terraform: refused, accepted by its own flag alone, and never by `--yes`.

use crate::compat::{program, real};
use crate::support::deeds::{Past, file, good, volume};
use crate::support::stage::Stage;

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

/// The flag that accepts a hazard.
fn allow(hazard: &str, subject: &str) -> String {
    format!("--allow={hazard}={subject}")
}

/// Insists that exactly these hazards stand, that neither `--yes` nor a part of the flags is
/// enough, and that nothing is touched by then.
#[track_caller]
fn stand(stage: &Stage, hazards: &[(&str, &str)]) {
    let before = stage.everything();
    let json = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json();
    let found: Vec<(&str, &str)> = json["hazards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hazard| (hazard["hazard"].as_str().unwrap(), hazard["subject"].as_str().unwrap()))
        .collect();
    assert_eq!(found, hazards, "{json:#}");
    let flags: Vec<String> =
        hazards.iter().map(|(hazard, subject)| allow(hazard, subject)).collect();
    for (missing, (hazard, subject)) in hazards.iter().enumerate() {
        let others = flags.iter().enumerate().filter(|(position, _)| *position != missing);
        let mut arguments = vec!["revert", "--yes"];
        arguments.extend(others.map(|(_, flag)| flag.as_str()));
        let elsewhere = allow(hazard, "demo_file.elsewhere");
        arguments.push(&elsewhere);
        let ran = stage.unapply(&arguments).expect(15).says(hazard).says(subject);
        ran.says(&format!("unapply revert --allow '{hazard}={subject}'")).says("not done");
        assert_eq!(stage.everything(), before);
    }
    assert_eq!(stage.left_over(), "");
}

/// The hazards stand, and with all of their flags the world goes back to `past`.
#[track_caller]
fn stand_and_yield(stage: &Stage, past: &Past, hazards: &[(&str, &str)]) {
    stand(stage, hazards);
    let flags: Vec<String> =
        hazards.iter().map(|(hazard, subject)| allow(hazard, subject)).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    stage.goes_back(past, &flags);
}

#[test]
fn an_object_that_somebody_changed_by_hand_is_older_drift() {
    let (stage, v1) = good(&a_and_b());
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    stage.edit("b.txt", "by hand");
    stand_and_yield(&stage, &v1, &[("older-drift", "demo_file.b")]);
}

#[test]
fn an_object_that_somebody_deleted_by_hand_is_older_drift() {
    let (stage, v1) = good(&a_and_b());
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    std::fs::remove_file(stage.world().join("b.txt")).unwrap();
    stand(&stage, &[("older-drift", "demo_file.b")]);
    stage.goes_back(&v1, &["--allow", "older-drift=demo_*"]);
}

#[test]
fn what_appeared_without_a_snapshot_before_it_is_of_unknown_origin() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(a_and_b() + &file("c", "new")));
    stage.apply().expect(0);
    stand_and_yield(&stage, &v1, &[("unknown-origin", "since-1")]);
}

#[test]
fn what_an_earlier_apply_made_is_of_unknown_origin_and_what_the_failed_one_made_is_not() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(a_and_b() + &file("c", "earlier")));
    stage.apply().expect(0);
    let v2 = a_and_b() + &file("c", "earlier") + &file("d", "late");
    stage.apply_next(&v2);
    stand_and_yield(&stage, &v1, &[("unknown-origin", "since-1")]);
}

#[test]
fn a_volume_that_the_failed_apply_just_made_goes_without_asking() {
    let (stage, v1) = good(&a_and_b());
    stage.apply_next(&(a_and_b() + &volume(1)));
    stage.goes_back(&v1, &[]);
}

#[test]
fn a_volume_of_unknown_origin_is_data_that_would_be_destroyed() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(a_and_b() + &volume(1)));
    stage.apply().expect(0);
    let hazards = [("destroys-data", "demo_volume.data"), ("unknown-origin", "since-1")];
    stand_and_yield(&stage, &v1, &hazards);
}

#[test]
fn a_volume_that_can_only_shrink_by_a_replacement_is_data() {
    let (stage, v1) = good(&volume(1));
    stage.apply_next(&volume(2));
    stand_and_yield(&stage, &v1, &[("replaces-data", "demo_volume.data")]);
}

#[test]
fn a_volume_that_moved_is_replaced_data() {
    let (stage, v1) = good(&volume(1));
    stage.apply_next(&volume(1).replace("\"data\"\n  size", "\"elsewhere\"\n  size"));
    stand_and_yield(&stage, &v1, &[("replaces-data", "demo_volume.data")]);
}

#[test]
fn a_type_that_the_settings_say_bears_no_data_is_replaced_without_asking() {
    let (stage, v1) = good(&volume(1));
    stage.settings(
        "[[provider]]\nsource = \"unapply/demo\"\nno_data = { demo_volume = \"scratch space\" }\n",
    );
    stage.apply_next(&volume(2));
    stage.goes_back(&v1, &[]);
}

#[test]
fn what_the_settings_protect_is_not_destroyed_unasked() {
    let (stage, v1) = good(&a_and_b());
    stage.settings("[revert]\nprotect = [\"demo_file.c*\"]\n");
    stage.apply_next(&(a_and_b() + &file("c", "new")));
    stand_and_yield(&stage, &v1, &[("protected", "demo_file.c")]);
}

#[test]
fn destroys_that_undo_nothing_are_counted() {
    let (stage, v1) = good(&(file("a", "one") + &volume(1)));
    stage.settings("[revert]\nmax_destroy = 0\n");
    stage.apply_next(&(file("a", "ONE") + &volume(1)));
    stage.edit("data", "demo_volume of size 5\n");
    let hazards = [
        ("replaces-data", "demo_volume.data"),
        ("too-many-destroys", "stack"),
        ("older-drift", "demo_volume.data"),
    ];
    stand_and_yield(&stage, &v1, &hazards);
}

#[test]
fn what_is_undone_does_not_count_as_too_many() {
    let (stage, v1) = good(&file("a", "one"));
    stage.settings("[revert]\nmax_destroy = 0\n");
    let v2: Vec<String> = ["b", "c", "d", "e", "f"].map(|name| file(name, "x")).into();
    stage.apply_next(&v2.concat());
    stage.goes_back(&v1, &[]);
}

#[test]
fn nobody_can_allow_that_an_object_is_destroyed_under_another_name() {
    let (stage, _) = good(&a_and_b());
    for name in ["needs-rekey", "state-moved", "lineage", "incomplete-plan"] {
        let allow = allow(name, "*");
        stage.unapply(&["revert", "--yes", &allow]).expect(64).says("cannot be allowed: ");
    }
}

#[test]
fn what_either_configuration_says_must_not_be_destroyed_is_asked_about() {
    let prevented =
        |text: String| text.replace("\n}", "\n  lifecycle {\n    prevent_destroy = true\n  }\n}");
    // The good one: Terraform alone would refuse the whole plan.
    let v1 = prevented(file("a", "one"));
    let (stage, past) = good(&v1);
    stage.apply_next(&file("a", "one").replace("a.txt", "new.txt"));
    stand_and_yield(&stage, &past, &[("prevent-destroy", "demo_file.a")]);
    // The failed one: Terraform alone would destroy it without a word.
    let (stage, past) = good(&file("a", "one"));
    stage.apply_next(&(file("a", "one") + &prevented(file("b", "new"))));
    stand_and_yield(&stage, &past, &[("prevent-destroy", "demo_file.b")]);
}

#[test]
fn a_resource_that_tells_where_it_was_planned_is_asked_about_when_it_is_written() {
    let told = |content: &str| {
        let expression = format!("path.cwd == \"\" ? \"\" : \"{content}\"");
        file("a", "@").replace("\"@\"", &expression)
    };
    let (stage, past) = good(&(told("one") + &file("b", "two")));
    stage.apply_next(&(told("one") + &file("b", "TWO")));
    stage.goes_back(&past, &[]);
    stage.apply_next(&(told("ONE") + &file("b", "two")));
    stand_and_yield(&stage, &past, &[("path-cwd", "demo_file.a")]);
}

#[test]
fn a_local_that_tells_where_it_was_planned_is_asked_about_as_soon_as_anything_is_written() {
    let locals = "locals {\n  here = abspath(path.module)\n}\n";
    let (stage, past) = good(&(a_and_b() + locals));
    stage.apply_next(&(a_and_b() + locals + &file("c", "new")));
    stage.goes_back(&past, &[]);
    stage.apply_next(&(file("a", "ONE") + &file("b", "two") + locals));
    stand_and_yield(&stage, &past, &[("path-cwd", "path.cwd")]);
}

/// A secret that is sent to the provider and kept in no state.
fn secret(expression: &str, version: u32) -> String {
    format!(
        "resource \"demo_secret\" \"s\" {{\n  path             = \"s\"\n  value_wo         = \
         {expression}\n  value_wo_version = {version}\n}}\n"
    )
}

#[test]
fn a_value_that_no_state_keeps_is_asked_about_when_it_would_be_sent_again() {
    let token = "variable \"token\" {\n  ephemeral = true\n}\n";
    let v1 = token.to_owned() + &secret("var.token", 1) + &file("a", "one");
    let mut stage = Stage::with(&v1);
    stage.set("TF_VAR_token", "first-value");
    stage.set_up();
    let past = Past::of(&stage, &v1);
    stage.apply_next(&v1.replace("\"one\"", "\"ONE\""));
    stage.goes_back(&past, &[]);
    stage.set("TF_VAR_token", "second-value");
    stage.apply_next(&v1.replace("_version = 1", "_version = 2"));
    assert_eq!(stage.objects()["s"].1, b"second-value\n");
    stage.set("TF_VAR_token", "first-value");
    stand_and_yield(&stage, &past, &[("ephemeral", "demo_secret.s")]);
    // Written out, it is what it was.
    let (stage, past) = good(&secret("\"plain\"", 1));
    stage.apply_next(&secret("\"other\"", 2));
    stage.goes_back(&past, &[]);
}

#[test]
fn an_ephemeral_variable_has_todays_value_and_without_one_nothing_is_begun() {
    let declared = "variable \"token\" {\n  ephemeral = true\n}\nvariable \"list\" {\n  type      = \
                    list(string)\n  ephemeral = true\n  default   = []\n}\n";
    let v1 = declared.to_owned() + &file("a", "one");
    let mut stage = Stage::with(&v1);
    stage.set("TF_VAR_token", "of-last-week");
    stage.set_up();
    let past = Past::of(&stage, &v1);
    stage.apply_next(&v1.replace("\"one\"", "\"ONE\""));
    stage.unset("TF_VAR_token");
    let before = stage.everything();
    stage.unapply(&["revert", "--yes"]).expect(15).says("no value for `var.token`");
    assert_eq!(stage.everything(), before);
    // From the command line, which a saved plan does not have either.
    let given = ["--var", "token=of-today", "--var", "list=[\"x\", \"y\"]"];
    stage.unapply(&[&["revert", "--yes"][..], &given].concat()).expect(0);
    stage.set("TF_VAR_token", "of-tomorrow");
    past.is_back(&stage);
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    stage.unapply(&["drift"]).expect(0);
    for value in ["of-last-week", "of-today", "of-tomorrow"] {
        assert!(!stage.log_text().contains(value), "{value}");
    }
}

#[test]
fn a_state_of_another_lineage_is_refused_by_name() {
    let (stage, _) = good(&a_and_b());
    let state = String::from_utf8(stage.state()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&state).unwrap();
    let other = state.replace(json["lineage"].as_str().unwrap(), "another-lineage");
    stage.put_state(other.as_bytes());
    let before = stage.everything();
    stage.unapply(&["revert", "--yes"]).expect(15).says("Error: lineage: ").says("now");
    assert_eq!(stage.everything(), before);
}

#[test]
fn a_plan_that_leaves_something_over_is_refused_by_name() {
    let (stage, past) = good(&a_and_b());
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    let real = real().display().to_string();
    let partial = stage.path().join("partial");
    program(
        &partial,
        &format!(
            "#!/bin/sh\nif [ \"$1\" = show ]; then '{real}' \"$@\" | sed \
             's/\"complete\":true/\"complete\":false/'; else exec '{real}' \"$@\"; fi\n"
        ),
    );
    let before = stage.everything();
    let partial = partial.display().to_string();
    let ran = stage.unapply(&["revert", "--yes", "--tf-bin", &partial]).expect(15);
    ran.says("Error: incomplete-plan: ").says("not done").says("now").says("unapply revert");
    assert_eq!(stage.everything(), before);
    stage.goes_back(&past, &[]);
}

#[test]
fn an_allowance_that_means_nothing_is_wrong_usage() {
    let (stage, _) = good(&a_and_b());
    for (given, word) in [
        ("nonsense=demo_file.a", "no such hazard"),
        ("collateral", "not HAZARD=ADDRESS"),
        ("collateral=", "not HAZARD=ADDRESS"),
    ] {
        stage.unapply(&["revert", "--yes", "--allow", given]).expect(64).says(word);
    }
}

#[test]
fn a_snapshot_after_a_revert_that_did_nothing_is_proof_of_what_the_next_apply_makes() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(a_and_b() + &file("c", "new")));
    stage.unapply(&["revert", "--yes"]).expect(0).says("nothing to undo");
    let json = stage.unapply(&["snapshot", "--json"]).expect(0).json();
    assert_eq!(json["recorded"], true, "{json:#}");
    stage.unapply(&["snapshot"]).expect(0).says("no new entry");
    stage.apply().expect(0);
    stage.goes_back(&v1, &[]);
}

#[test]
fn a_snapshot_after_a_revert_that_is_not_verified_is_proof_of_what_the_next_apply_makes() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(file("a", "ONE") + &file("b", "two")));
    stage.apply().expect(0);
    stage.fault("perpetual:a.txt");
    let allow = ["revert", "--yes", "--allow", "older-drift=demo_file.a"];
    stage.unapply(&allow).expect(19);
    stage.fault("");
    stage.configure(&a_and_b());
    let json = stage.unapply(&["snapshot", "--json"]).expect(0).json();
    assert_eq!(json["recorded"], true, "{json:#}");
    stage.configure(&(a_and_b() + &file("c", "new")));
    stage.apply().expect(0);
    stage.goes_back(&v1, &[]);
}

#[test]
fn what_a_revert_looked_at_for_itself_is_no_proof() {
    let (stage, v1) = good(&a_and_b());
    stage.configure(&(a_and_b() + &file("c", "new")));
    stage.unapply(&["revert", "--plan-only"]).expect(0);
    stage.apply().expect(0);
    stand_and_yield(&stage, &v1, &[("unknown-origin", "since-1")]);
}
