//! Each hazard on real Terraform: refused, accepted by its own flag alone, and never by `--yes`.

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
    // That each of them has to be allowed by itself is the law of `scripted::consent`.
    let mut ran = stage.unapply(&["revert", "--yes"]).expect(15).says("not done");
    for (hazard, subject) in hazards {
        ran = ran.says(&format!("--allow '{hazard}={subject}'"));
    }
    assert_eq!(stage.everything(), before);
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
fn a_volume_that_can_only_shrink_by_a_replacement_is_data() {
    let (stage, v1) = good(&volume(1));
    stage.apply_next(&volume(2));
    stand_and_yield(&stage, &v1, &[("replaces-data", "demo_volume.data")]);
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
