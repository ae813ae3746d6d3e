//! Every hazard of the first set, in scenes of a few words; what may be allowed, and how.

use strum::VariantArray as _;

use super::*;
use crate::engine::revert::judge;
use crate::engine::tests::{CANARY, scene};

fn check(text: &str, expected: &[&str]) {
    let found = scene(text).hazards();
    let lines: Vec<String> =
        found.iter().map(|hazard| format!("{} {}", hazard.kind, hazard.subject)).collect();
    assert_eq!(lines, expected, "{text}");
    for hazard in found {
        assert!(!hazard.why.is_empty());
        assert!(!format!("{hazard:?}").contains(CANARY), "{hazard:?}");
    }
}

#[test]
fn undoing_a_failed_apply_needs_no_word_from_anybody() {
    check(
        "good demo_file.a=1,old
         before demo_file.a=1,old
         now demo_file.a=1,new demo_volume.b=2 aws_thing.c=3
         plan update:demo_file.a destroy:demo_volume.b destroy:aws_thing.c",
        &[],
    );
    check("", &[]);
}

#[test]
fn what_the_failed_apply_made_may_hold_data_after_an_hour() {
    let made = |minutes: i32| {
        format!(
            "good demo_file.a=1
             before demo_file.a=1
             now demo_file.a=1 demo_volume.b=2 demo_file.c=3 aws_thing.d=4
             plan destroy:demo_volume.b destroy:demo_file.c destroy:aws_thing.d
             age {minutes}"
        )
    };
    check(&made(59), &[]);
    let asked = ["destroys-data aws_thing.d", "destroys-data demo_volume.b"];
    check(&made(60), &asked);
    check(&made(60 * 24), &asked);
    // The clock has gone back since the snapshot was taken: an age below zero is no age.
    check(&made(-1), &asked);
    check(&made(-60 * 24 * 365), &asked);
}

#[test]
fn a_clock_that_stands_behind_the_log_makes_nothing_young() {
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    assert_eq!(believable(at(10), None), Some(at(10)));
    assert_eq!(believable(at(10), Some(at(10))), Some(at(10)));
    assert_eq!(believable(at(10), Some(at(11))), None);
    let scene = scene(
        "good demo_file.a=1
         before demo_file.a=1
         now demo_file.a=1 demo_volume.b=2 demo_file.c=3
         plan destroy:demo_volume.b destroy:demo_file.c",
    );
    let found = scene.ask(|facts, redactor| {
        hazards(facts, &judge(facts, redactor), &Limits::default(), &BTreeMap::new(), None)
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, HazardKind::DestroysData);
    assert!(found[0].why.contains("the clock has gone back"), "{found:?}");
}

#[test]
fn replacing_asks_unless_the_type_is_known_to_bear_no_data() {
    for action in ["replace", "replace-first"] {
        check(
            &format!(
                "good demo_volume.a=1,old aws_thing.b=2,old demo_file.c=3,old
                 now demo_volume.a=1,new aws_thing.b=2,new demo_file.c=3,new
                 plan {action}:demo_volume.a {action}:aws_thing.b {action}:demo_file.c"
            ),
            &["replaces-data aws_thing.b", "replaces-data demo_volume.a"],
        );
    }
}

#[test]
fn only_destroys_that_are_not_undo_are_counted() {
    let objects = "demo_file.a=1 demo_file.b=2 demo_file.c=3 demo_file.d=4";
    let undone = "destroy:demo_file.a destroy:demo_file.b destroy:demo_file.c destroy:demo_file.d";
    let ends = "destroy:demo_file.a destroy:demo_file.b destroy:demo_file.c replace:demo_file.d";
    let collateral = [
        "collateral demo_file.a",
        "collateral demo_file.b",
        "collateral demo_file.c",
        "collateral demo_file.d",
    ];
    check(
        &format!("good {objects}\n now {objects}\n plan {ends}"),
        &[&["too-many-destroys stack"][..], &collateral].concat(),
    );
    check(&format!("good {objects}\n now {objects}\n plan {ends}\n max 4"), &collateral);
    check(
        &format!(
            "good demo_file.z=9\n before demo_file.z=9\n now {objects}\n plan {undone}\n max 0"
        ),
        &[],
    );
}

#[test]
fn nothing_that_is_protected_ends_or_leaves_terraform() {
    let objects = |x: &str| format!(r#"module.dns.demo_file.a["x"]=1,{x} demo_file.b=2,{x}"#);
    let (old, new) = (objects("old"), objects("new"));
    for (action, good) in [("destroy", "demo_file.z=9"), ("replace", &old), ("replace-first", &old)]
    {
        check(
            &format!(
                r#"good {good}
                   before demo_file.z=9
                   now {new}
                   plan {action}:module.dns.demo_file.a["x"] {action}:demo_file.b
                   protect module.dns.**"#
            ),
            &[r#"protected module.dns.demo_file.a["x"]"#],
        );
    }
    check(
        "good demo_file.a=1,old
         now demo_file.a=1,new
         plan update:demo_file.a
         protect demo_file.*",
        &[],
    );
}

#[test]
fn what_good_does_not_have_is_not_replaced_as_an_undo() {
    check(
        "before demo_file.z=9
         now demo_file.a=1
         plan replace:demo_file.a",
        &["collateral demo_file.a"],
    );
}

#[test]
fn what_had_not_changed_since_good_is_collateral() {
    check(
        "good demo_file.a=1 demo_file.b=2,old
         now demo_file.a=1 demo_file.b=2,new
         plan update:demo_file.a update:demo_file.b",
        &["collateral demo_file.a"],
    );
    check("plan create:demo_file.new", &["collateral demo_file.new"]);
}

#[test]
fn what_nobody_saw_being_made_is_of_unknown_origin() {
    let plan = "plan destroy:demo_file.b";
    let now = "good demo_file.a=1\n now demo_file.a=1 demo_file.b=2";
    let asked = &["unknown-origin since-2"];
    check(&format!("{now}\n {plan}"), asked);
    check(&format!("{now}\n before demo_file.a=1 demo_file.b=2\n {plan}"), asked);
    check(&format!("{now}\n before demo_file.a=1\n {plan}"), &[]);
}

#[test]
fn what_nobody_saw_being_made_is_asked_about_once_and_named() {
    let objects = |count: usize| {
        (0..count).map(|n| format!("demo_file.n{n:02}=9{n}")).collect::<Vec<_>>().join(" ")
    };
    let plan = (0..11).map(|n| format!("destroy:demo_file.n{n:02}")).collect::<Vec<_>>().join(" ");
    let text =
        format!("good demo_file.a=1\n now demo_file.a=1 {}\n plan {plan}\n max 99", objects(11));
    let found = scene(&text).hazards();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].why.contains("demo_file.n00, demo_file.n01")
            && found[0].why.ends_with("and 3 more"),
        "{}",
        found[0].why
    );
}

#[test]
fn with_a_journal_each_object_that_it_does_not_name_is_asked_about() {
    use crate::engine::origin::{ApplyJournal, JournalKind};
    let mut scene = scene(
        "good demo_file.a=1
         now demo_file.a=1 demo_file.b=2 demo_file.c=3 demo_file.d=4
         plan destroy:demo_file.b destroy:demo_file.c destroy:demo_file.d
         imports demo_file.d",
    );
    let complete = |address: &str, id: &str| {
        let line = serde_json::json!({
            "type": "apply_complete",
            "hook": {"resource": {"addr": address}, "action": "create", "id_value": id},
        });
        crate::codec::events::parse_line(&line.to_string())
    };
    let journal = ApplyJournal::new(JournalKind::Run, Revision(3), Timestamp::UNIX_EPOCH);
    let events = [
        complete("demo_file.b", "2"),
        complete("demo_file.c", "another"),
        complete("demo_file.d", "4"),
    ];
    scene.journals = vec![journal.with_events(events)];
    let found = scene.hazards();
    let lines: Vec<&str> = found.iter().map(|hazard| hazard.subject.as_str()).collect();
    assert_eq!(lines, ["demo_file.c", "demo_file.d"], "{found:?}");
    assert!(found[1].why.contains("imported"), "{found:?}");
}

#[test]
fn what_the_failed_apply_imported_was_there_before_it() {
    let scene = "good demo_file.a=1\n before demo_file.a=1\n now demo_file.a=1 demo_file.b[0]=2
        plan destroy:demo_file.b[0]";
    check(scene, &[]);
    for imports in ["demo_file.b", "*"] {
        check(&format!("{scene}\n imports {imports}"), &["unknown-origin demo_file.b[0]"]);
    }
    check(&format!("{scene}\n imports demo_file.c"), &[]);
}

#[test]
fn each_way_in_which_a_variable_differs_is_asked_about() {
    check(
        "var d:differs a:only-today c:from-today b:missing",
        &[
            "variable-changed var.a",
            "variable-changed var.b",
            "variable-changed var.c",
            "variable-changed var.d",
        ],
    );
}

#[test]
fn an_object_that_good_knows_elsewhere_is_not_destroyed() {
    check(
        "good demo_file.old=1
         before demo_file.old=1
         now demo_file.new=1
         plan destroy:demo_file.new create:demo_file.old",
        &["needs-rekey demo_file.new"],
    );
    check(
        r#"good demo_file.a["x"]=1
           before demo_file.a["x"]=1
           now module.m.demo_file.a["x"]=1
           plan destroy:module.m.demo_file.a["x"] create:demo_file.a["x"]"#,
        &[r#"needs-rekey module.m.demo_file.a["x"]"#],
    );
    // The replacement failed after its create: the wanted object is the left-over.
    check(
        "good demo_file.a=1
         before demo_file.a=1
         now demo_file.a=2 demo_file.a^0badcafe=1
         plan destroy:demo_file.a^0badcafe update:demo_file.a",
        &["needs-rekey demo_file.a (deposed 0badcafe)"],
    );
}

#[test]
fn the_same_id_under_another_provider_configuration_is_no_rekey_and_may_be_asked_about() {
    // The failed apply made a twin in another region: the good one still stands where it stood.
    check(
        "good demo_file.a=1
         before demo_file.a=1
         now demo_file.a=1 demo_file.b=1@west
         plan destroy:demo_file.b",
        &[],
    );
    // It renamed the object and its provider configuration: that may be the very same object.
    check(
        "good demo_file.a=1
         before demo_file.a=1
         now demo_file.b=1@west
         plan destroy:demo_file.b create:demo_file.a",
        &["unknown-origin demo_file.b"],
    );
    check(
        "good demo_file.a=1@west
         before demo_file.a=1@west
         now demo_file.b=1@west
         plan destroy:demo_file.b create:demo_file.a",
        &["needs-rekey demo_file.b"],
    );
}

#[test]
fn what_a_person_says_of_a_type_counts_for_data_and_for_nothing_else() {
    let text = "source = \"unapply/demo\"\n[no_data]\ndemo_volume = \"ours are scratch\"";
    let knowledge = Knowledge::builtin().with_overrides([toml::from_str(text).unwrap()]);
    let scene = scene(
        "good demo_volume.a=1,old
         now demo_volume.a=1,new demo_volume.b=2
         plan replace:demo_volume.a destroy:demo_volume.b",
    );
    let kinds = |knowledge: &Knowledge| {
        let found = scene.ask(|facts, redactor| {
            let facts = RevertFacts { knowledge, ..*facts };
            let judged = judge(&facts, redactor);
            hazards(&facts, &judged, &Limits::default(), &BTreeMap::new(), None)
        });
        found.into_iter().map(|hazard| hazard.kind).collect::<Vec<_>>()
    };
    let builtin = kinds(&Knowledge::builtin());
    assert!(builtin.contains(&HazardKind::ReplacesData), "{builtin:?}");
    let about_data = [HazardKind::ReplacesData, HazardKind::DestroysData];
    let rest = builtin.into_iter().filter(|kind| !about_data.contains(kind));
    assert_eq!(kinds(&knowledge), rest.collect::<Vec<_>>());
}

#[test]
fn a_tainted_object_is_replaced_at_its_own_address_without_rekeying() {
    check(
        "good demo_file.a=1
         before demo_file.a=1
         now !demo_file.a=1
         plan replace:demo_file.a",
        &[],
    );
}

#[test]
fn an_id_that_good_has_twice_is_at_home_at_either_address() {
    for home in ["a", "b"] {
        check(
            &format!(
                "good demo_file.a=same,old demo_file.b=same,old
                 now demo_file.a=same,new demo_file.b=same,new
                 plan replace:demo_file.{home}"
            ),
            &[],
        );
    }
    check(
        "good demo_file.a=1,old data.demo_file.a=1,old
         now demo_file.a=1,new data.demo_file.a=1,new
         plan replace:demo_file.a",
        &[],
    );
}

#[test]
fn an_object_that_terraform_moves_by_itself_is_looked_up_where_the_state_has_it() {
    let mut scene = scene(
        "good demo_file.old=1
         before demo_file.old=1
         now demo_file.a[0]=1
         plan replace:demo_file.a",
    );
    scene.plan.changes[0].previous_address = Some("demo_file.a[0]".parse().unwrap());
    let kinds: Vec<HazardKind> = scene.hazards().iter().map(|h| h.kind).collect();
    assert!(kinds.contains(&HazardKind::NeedsRekey), "{kinds:?}");
}

#[test]
fn a_left_over_that_good_had_already_is_not_wanted() {
    check(
        "good demo_file.a=2 demo_file.a^0badcafe=1
         now demo_file.a=2 demo_file.a^0badcafe=1
         plan destroy:demo_file.a^0badcafe",
        &["collateral demo_file.a (deposed 0badcafe)"],
    );
}

#[test]
fn an_id_that_is_secret_is_not_named_by_any_hazard() {
    check(
        &format!(
            "good demo_file.old={CANARY}
             now demo_file.new={CANARY}
             plan destroy:demo_file.new"
        ),
        &["needs-rekey demo_file.new", "unknown-origin since-2"],
    );
}

#[test]
fn hazards_stand_in_the_order_of_severity() {
    check(
        "good demo_file.old=1 demo_file.same=5
         before demo_volume.b=2
         now demo_file.new=1 demo_volume.b=2 demo_file.same=5
         plan update:demo_file.same destroy:demo_volume.b destroy:demo_file.new
         protect *
         var v:differs",
        &[
            "needs-rekey demo_file.new",
            "destroys-data demo_volume.b",
            "protected demo_file.new",
            "protected demo_volume.b",
            "unknown-origin since-2",
            "collateral demo_file.same",
            "variable-changed var.v",
        ],
    );
}

fn covers(allowance: &str, kind: HazardKind, subject: &str) -> bool {
    let hazard = Hazard { kind, subject: subject.to_owned(), why: String::new() };
    allowance.parse::<Allowance>().unwrap().covers(&hazard)
}

#[test]
fn an_allowance_is_for_its_hazard_and_for_its_addresses() {
    let kind = HazardKind::DestroysData;
    for (allowance, subject) in [
        ("destroys-data=demo_volume.a", "demo_volume.a"),
        (r#"destroys-data=demo_volume.a["x"]"#, r#"demo_volume.a["x"]"#),
        ("destroys-data=demo_volume.a[0]", "demo_volume.a[0]"),
        ("destroys-data=demo_volume.*", r#"demo_volume.a["x=y"]"#),
        (r#"destroys-data=demo_volume.a["x=y"]"#, r#"demo_volume.a["x=y"]"#),
        ("destroys-data=*", "anything"),
    ] {
        assert!(covers(allowance, kind, subject), "{allowance} {subject}");
    }
    for (allowance, subject) in [
        ("replaces-data=demo_volume.a", "demo_volume.a"),
        ("destroys-data=demo_volume.a", "demo_volume.ab"),
        ("destroys-data=demo_volume.a[0]", "demo_volume.a0"),
        ("destroys-data=demo_volume.[ab]", "demo_volume.a"),
        ("destroys-data=demo_volume.?", "demo_volume.a"),
    ] {
        assert!(!covers(allowance, kind, subject), "{allowance} {subject}");
    }
}

#[test]
fn what_is_no_allowance_is_refused_by_name() {
    let refusal = |text: &str| text.parse::<Allowance>().unwrap_err();
    for text in ["", "destroys-data", "destroys-data="] {
        assert_eq!(refusal(text), NotAnAllowance::Shape(text.to_owned()));
    }
    for kind in ["all", "*", "Destroys-Data"] {
        let text = format!("{kind}=a.b");
        assert_eq!(refusal(&text), NotAnAllowance::Hazard(kind.to_owned()));
    }
    let never = ["needs-rekey", "state-moved", "lineage", "incomplete-plan"];
    for name in never {
        let refused = refusal(&format!("{name}=*"));
        assert!(matches!(refused, NotAnAllowance::Never { .. }), "{refused:?}");
        assert!(refused.to_string().starts_with(&format!("`{name}` cannot be allowed: ")));
    }
    let kinds = HazardKind::VARIANTS.iter().filter(|kind| !kind.can_be_accepted());
    assert_eq!(kinds.count(), never.len());
    // Not even one that was made without reading it.
    let forged = Allowance { kind: HazardKind::NeedsRekey, subject: Pattern::new("*") };
    let hazard =
        Hazard { kind: HazardKind::NeedsRekey, subject: "a.b".to_owned(), why: String::new() };
    assert!(!forged.covers(&hazard));
}
