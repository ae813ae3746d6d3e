//! Changes made by hand on purpose are put on record once, and what becomes of them is told.

use serde_json::json;

use crate::drift::{V1, WEB, applied, item, lines, look, set_tier};
use crate::support::deeds::Past;
use crate::support::stage::Stage;

#[test]
fn a_fix_is_recorded_once_with_a_reason_on_what_is_open() {
    let stage = applied();
    stage.unapply(&["fix", "record", "demo_file.web", "--reason", "r"]).expect(13);
    set_tier(&stage, "back");
    let item = item(&look(&stage));
    let record = |arguments: &[&str]| stage.unapply(&[&["fix", "record"], arguments].concat());
    record(&[&item]).expect(64).says("a fix needs a reason");
    record(&[&item, "--reason", " "]).expect(64);
    for (until, said) in [("2020-01-01", "is past already"), ("soon", "is neither a time")] {
        record(&[&item, "--reason", "r", "--until", until]).expect(64).says(said);
    }
    record(&["d-12", "--reason", "r"]).expect(64).says("too short");
    record(&["demo_file.none", "--reason", "r"]).expect(13).says("unapply drift list");
    let recorded =
        record(&[&item[..8], "--reason", "outage", "--until", "30d", "--json"]).expect(0);
    let fix = recorded.json();
    assert_eq!(fix["kind"], "unapply.fix");
    assert_eq!(fix["status"], "open");
    let time = |name: &str| fix[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let days = time("until").duration_since(time("recorded_at")).as_hours() / 24;
    assert!((29..=30).contains(&days), "{fix:#}");
    record(&[&item, "--reason", "once more"]).expect(15).says("is on record already: fix");
    // Resolved drift is nobody's fix.
    let next = WEB.replace("zone=a", "zone=b");
    stage.edit("web.txt", &next);
    stage.unapply(&["drift"]).expect(0);
    stage.edit("web.txt", WEB);
    let resolved = look(&stage)["resolved"][0]["item"].as_str().unwrap().to_owned();
    record(&[&resolved, "--reason", "r"]).expect(15).says("is resolved");
    assert_eq!(stage.entries("fix").len(), 1);
}

#[test]
fn a_fix_that_an_apply_overwrites_is_told_in_the_diff() {
    let stage = applied();
    stage.unapply(&["mark", "good"]).expect(0);
    set_tier(&stage, "back");
    look(&stage);
    let record = ["fix", "record", "demo_file.web", "--ticket", "OPS-4409"];
    stage.unapply(&[&record[..], &["--reason", "outage", "--actor", "oncall"]].concat()).expect(0);
    stage.unapply(&["diff"]).expect(0);
    // Somebody applies what the configuration says, and something else besides.
    stage.configure(&V1.replace("\"keep\"", "\"other\""));
    stage.apply().expect(0);
    let said = "(OPS-4409, oncall): demo_file.web labels.tier was set to \"back\" by hand, and is \
                \"front\" again";
    stage.unapply(&["diff"]).expect(0).says(said);
    let json = stage.unapply(&["diff", "--json"]).expect(0).json();
    let overwritten = &json["overwritten_fixes"][0];
    assert_eq!(overwritten["attributes"][0]["steps"], json!(["labels", "tier"]));
    assert_eq!(overwritten["attributes"][0]["again"], true);
    stage.unapply(&["diff", "--stat"]).expect(0).says("1 manual fix overwritten");
    let other = stage.unapply(&["diff", "--resource", "demo_file.old"]).expect(0);
    assert!(!other.stdout.contains("OPS-4409"), "{}", other.stdout);
    stage.unapply(&["snapshot"]).expect(0);
    let fix = stage.unapply(&["fix", "list", "--json"]).expect(0).json()["fixes"][0].clone();
    assert_eq!(fix["status"], "overwritten");
    assert_eq!(fix["in_state"][0]["value"]["value"], "front");
}

/// The state says `front` either way: only looking tells.
#[test]
fn an_apply_that_leaves_a_fix_alone_is_told_apart_by_the_next_look() {
    let stage = applied();
    set_tier(&stage, "back");
    let item_before = item(&look(&stage));
    stage.unapply(&["fix", "record", "demo_file.web", "--reason", "outage"]).expect(0);
    stage.configure(&V1.replace("\"keep\"", "\"other\""));
    let apply = ["apply", "-auto-approve", "-input=false", "-target=demo_file.old"];
    stage.terraform(&apply).expect(0);
    let seen = look(&stage);
    assert_eq!((item(&seen), &seen["recorded"]), (item_before, &json!(true)));
    let fix = stage.unapply(&["fix", "list", "--json"]).expect(0).json()["fixes"][0].clone();
    assert_eq!(fix["status"], "open");
    let diff = stage.unapply(&["diff", "1..@"]).expect(0);
    assert!(!diff.stdout.contains("overwritten"), "{}", diff.stdout);
}

#[test]
fn a_fix_that_the_configuration_takes_over_is_adopted() {
    let stage = applied();
    set_tier(&stage, "back");
    look(&stage);
    stage.unapply(&["fix", "record", "demo_file.web", "--reason", "outage"]).expect(0);
    let status = || {
        let list = stage.unapply(&["fix", "list", "--json"]).expect(0).json();
        list["fixes"][0]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(), "open");
    stage.configure(&V1.replace("\"front\"", "\"back\""));
    stage.apply().expect(0);
    stage.unapply(&["snapshot"]).expect(0);
    assert_eq!(status(), "in-state");
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    assert_eq!(status(), "adopted");
    assert_eq!(lines(&look(&stage)), [""; 0]);
    assert_eq!(status(), "adopted");
}

#[test]
fn a_fix_that_stays_longer_than_it_was_meant_to_is_overdue() {
    let stage = applied();
    set_tier(&stage, "back");
    look(&stage);
    let record = ["fix", "record", "demo_file.web", "--reason", "outage", "--until", "1ms"];
    stage.unapply(&record).expect(0);
    for list in [&["drift", "list"][..], &["fix", "list"], &["status"]] {
        stage.unapply(list).expect(0).says("OVERDUE");
    }
    let list = stage.unapply(&["drift", "list", "--json"]).expect(0).json();
    assert_eq!((&list["overdue"], &list["items"][0]["fix"]["overdue"]), (&json!(1), &json!(true)));
}

#[test]
fn a_fix_that_is_undone_by_hand_is_gone() {
    let stage = applied();
    set_tier(&stage, "back");
    look(&stage);
    stage.unapply(&["fix", "record", "demo_file.web", "--reason", "outage"]).expect(0);
    stage.edit("web.txt", WEB);
    assert_eq!(lines(&look(&stage)), [""; 0]);
    let fix = stage.unapply(&["fix", "list", "--json"]).expect(0).json()["fixes"][0].clone();
    assert_eq!(fix["status"], "gone");
}

/// The configuration of the apply that goes wrong: it changes `demo_file.old` besides, and first.
fn v2() -> String {
    V1.replace("\"keep\"", "\"other\"")
        .replace("\"one\"", "\"two\"")
        .replace("  labels  =", "  depends_on = [demo_file.old]\n  labels  =")
}

/// The apply of a configuration in which `demo_file.old` cannot be changed.
#[derive(Debug, Clone, Copy)]
enum Fails {
    /// It looks at nothing else.
    Targeted,
    /// It has looked at everything, and saved what it saw.
    Refreshed,
}

impl Fails {
    fn apply(self, stage: &Stage) {
        stage.configure(&v2());
        stage.unapply(&["snapshot"]).expect(0);
        stage.fault("update:old.txt");
        let apply = ["apply", "-auto-approve", "-no-color", "-input=false"];
        let target: &[&str] = match self {
            Self::Targeted => &["-target=demo_file.old"],
            Self::Refreshed => &[],
        };
        stage.terraform(&[&apply[..], target].concat()).expect(1);
        stage.fault("");
    }
}

/// Insists that a revert asks about this and about nothing else, and that asking changes nothing;
/// gives why.
#[track_caller]
fn asks(stage: &Stage, hazard: &str) -> String {
    let before = stage.everything();
    let planned = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json();
    let found = planned["hazards"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{planned:#}");
    assert_eq!(
        (&found[0]["hazard"], &found[0]["subject"]),
        (&json!(hazard), &json!("demo_file.web"))
    );
    let why = found[0]["why"].as_str().unwrap().to_owned();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15).says(&why);
    ran.says(&format!("unapply revert --yes --allow '{hazard}=demo_file.web'"));
    let json = stage.unapply(&["revert", "--yes", "--json"]).expect(15);
    json.says(hazard).says("demo_file.web");
    assert_eq!(stage.everything(), before);
    why
}

/// Insists that the revert goes on with this allowance, and that the log has it.
#[track_caller]
fn goes_on(stage: &Stage, past: &Past, hazard: &str) {
    let allowance = format!("{hazard}=demo_file.web");
    assert!(!stage.log_text().contains(&allowance));
    stage.goes_back(past, &["--allow", &allowance]);
    assert!(stage.log_text().contains(&allowance), "{}", stage.log_text());
    let shown = stage.entries("revert-intent")[0]["revision"].to_string();
    stage.unapply(&["show", &shown]).expect(0).says(&allowance);
}

/// A stage that is good, then edited by hand and looked at.
fn edited() -> (Stage, Past) {
    let stage = applied();
    stage.unapply(&["mark", "good"]).expect(0);
    let past = Past::of(&stage, V1);
    set_tier(&stage, "back");
    look(&stage);
    (stage, past)
}

/// The same, with the edit recorded as a fix.
fn fixed() -> (Stage, Past) {
    let (stage, past) = edited();
    let record = ["fix", "record", "demo_file.web", "--ticket", "OPS-4409", "--reason", "outage"];
    stage.unapply(&[&record[..], &["--actor", "oncall"]].concat()).expect(0);
    (stage, past)
}

#[test]
fn a_fix_that_a_revert_would_overwrite_is_named_and_asked_about() {
    for fails in [Fails::Targeted, Fails::Refreshed] {
        let (stage, past) = fixed();
        fails.apply(&stage);
        let state = String::from_utf8(stage.state()).unwrap();
        let is_saved = state.contains("\"tier\": \"back\"");
        assert_eq!(is_saved, matches!(fails, Fails::Refreshed), "{state}");
        let fix = stage.entries("fix")[0]["revision"].to_string();
        let why = asks(&stage, "overwrites-fix");
        let named = format!("fix r{fix} by oncall: labels.tier; outage; OPS-4409");
        assert!(why.contains(&named), "{fails:?}: {why}");
        goes_on(&stage, &past, "overwrites-fix");
    }
}

#[test]
fn drift_on_record_that_nobody_called_a_fix_is_older_drift() {
    let (stage, past) = edited();
    Fails::Targeted.apply(&stage);
    let item = stage.unapply(&["drift", "list", "--json"]).expect(0).json();
    let why = asks(&stage, "older-drift");
    assert!(why.contains(item["items"][0]["item"].as_str().unwrap()), "{why}");
    goes_on(&stage, &past, "older-drift");
}

#[test]
fn a_fix_that_the_failed_apply_has_overwritten_already_is_no_obstacle() {
    for tier in ["front", "side"] {
        let (stage, past) = fixed();
        let v2 = V1.replace("\"keep\"", "\"other\"").replace("\"front\"", &format!("\"{tier}\""));
        stage.apply_badly(&v2, "update-after:old.txt").expect(1);
        let status = || {
            let list = stage.unapply(&["fix", "list", "--json"]).expect(0).json();
            list["fixes"][0]["status"].as_str().unwrap().to_owned()
        };
        let planned = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json();
        assert_eq!(planned["hazards"], json!([]), "{planned:#}");
        assert_eq!(status(), "overwritten");
        stage.goes_back(&past, &[]);
        assert_eq!(status(), "overwritten");
    }
}

#[test]
fn a_secret_that_was_set_by_hand_is_asked_about_and_never_shown() {
    let stage = applied();
    stage.unapply(&["mark", "good"]).expect(0);
    let past = Past::of(&stage, V1);
    stage.edit("web.txt", &WEB.replace("hunter2", "canary"));
    look(&stage);
    let record = ["fix", "record", "demo_file.web", "--reason", "key leaked", "--json"];
    let mut said = stage.unapply(&record).expect(0).screen();
    // The apply has looked, and saved what it saw.
    Fails::Refreshed.apply(&stage);
    let why = asks(&stage, "overwrites-fix");
    assert!(why.contains(": secret; key leaked"), "{why}");
    for looking in [
        &["revert", "--plan-only"][..],
        &["revert", "--plan-only", "--json"],
        &["revert", "--yes"],
        &["revert", "--yes", "--json"],
        &["diff", "1..@"],
        &["drift", "show", "demo_file.web"],
    ] {
        said += &stage.unapply(looking).screen();
    }
    goes_on(&stage, &past, "overwrites-fix");
    for looking in [&["fix", "list"][..], &["fix", "list", "--json"], &["history", "--json"]] {
        said += &stage.unapply(looking).expect(0).screen();
    }
    said += &stage.log_text();
    for secret in ["canary-secret", "hunter2-secret"] {
        assert!(!said.contains(secret), "{said}");
    }
}
