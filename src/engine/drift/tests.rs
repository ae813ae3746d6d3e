//! Which items a plan makes, when two are the same one, and what becomes of items and fixes.

use proptest::prelude::*;

use super::*;
use crate::codec::plan;
use crate::codec::state::parse;
use crate::engine::good::tests::{log, snapshot, version};
use crate::knowledge::Knowledge;
use crate::model::drift::{DriftObservation, Fix};
use crate::model::entry::{Body, Entry, Mark, Revision};
use crate::model::good::{Evidence, Grade, Verdict};
use crate::model::state::StateBytes;
use crate::model::word::Word as _;

const SECRET: &str = "canary-hunter22";

/// One element of `resource_drift`: `before` and `after` are attributes as JSON.
fn drifted(address: &str, before: &str, after: &str) -> serde_json::Value {
    let actions = if after == "null" { ["delete"] } else { ["update"] };
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    serde_json::json!({
        "address": address,
        "provider_name": "registry.terraform.io/unapply/demo",
        "change": {
            "actions": actions,
            "before": json(before),
            "after": json(after),
            "after_unknown": {"etag": true},
            "before_sensitive": {"hidden": true},
            "after_sensitive": {"hidden": true},
        },
    })
}

fn refreshed(drift: &[serde_json::Value]) -> Plan {
    let text = serde_json::json!({"format_version": "1.2", "resource_drift": drift}).to_string();
    plan::parse(text.as_bytes()).unwrap()
}

fn items_in(
    store: u8,
    stack: &str,
    drift: &[serde_json::Value],
) -> Vec<(DriftItem, DriftedObject)> {
    let plan = refreshed(drift);
    let stack = stack.parse().unwrap();
    let store = StoreId::from_bytes([store; 16]);
    let place = DriftPlace { store, stack: &stack, recorded: &BTreeSet::new() };
    found(&plan, place, &Knowledge::builtin(), &Redactor::default().with_plan(&plan))
}

fn items(drift: &[serde_json::Value]) -> Vec<(DriftItem, DriftedObject)> {
    items_in(7, "demo/app", drift)
}

fn fingerprint_of(drift: serde_json::Value) -> ItemFingerprint {
    items(&[drift]).first().unwrap().0.fingerprint
}

const WEB: &str = r#"{"id":"f-1","labels":{"tier":"front"},"port":80,"hidden":null}"#;

fn web(after: &str) -> serde_json::Value {
    drifted("demo_file.web", WEB, after)
}

#[test]
fn drift_is_told_attribute_by_attribute_in_the_order_of_addresses() {
    let found = items(&[
        web(r#"{"id":"f-1","labels":{"tier":"back","x y":"1"},"port":80.0,"etag":"new"}"#),
        drifted("data.demo_file.read", r#"{"a":1}"#, r#"{"a":2}"#),
        drifted("demo_file.same", r#"{"a":1}"#, r#"{"a":1.0}"#),
        drifted("demo_file.a[10]", r#"{"id":"f-3"}"#, "null"),
        drifted("demo_file.a[2]", r#"{"id":"f-2","list":[1,2]}"#, r#"{"id":"f-2","list":[1]}"#),
    ]);
    let lines: Vec<String> = found
        .iter()
        .map(|(item, _)| {
            let paths: Vec<String> = item.paths.iter().map(ToString::to_string).collect();
            format!("{} {} {}", item.kind.name(), item.address, paths.join(" "))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "changed demo_file.a[2] list[1]",
            "gone demo_file.a[10] ",
            r#"changed demo_file.web labels.tier labels["x y"]"#,
        ]
    );
}

#[test]
fn secrets_are_marked_for_later_readers_and_are_in_no_item() {
    let after = format!(
        r#"{{"id":"f-1","labels":{{"tier":"{SECRET}"}},"port":80,"hidden":"{SECRET}","password":["x"]}}"#
    );
    let found = items(&[web(&after)]);
    let (item, object) = found.first().unwrap();
    assert!(!format!("{item:?}").contains(SECRET));
    // Whoever reads the values later has learnt nothing from the plan.
    let later = Redactor::default();
    let lines: Vec<String> = shown(item, object, &Knowledge::builtin(), &later)
        .iter()
        .map(|c| format!("{} {:?}", c.path, c.after))
        .collect();
    let expected =
        ["hidden", "labels.tier", "password[0]"].map(|at| format!("{at} Sensitive(None)"));
    assert_eq!(lines, expected);
    assert_eq!(shown_id(object, &later).as_deref(), Some("f-1"));
}

/// The paths that are shown of an item.
fn shown_paths((item, object): &(DriftItem, DriftedObject)) -> Vec<String> {
    let shown = shown(item, object, &Knowledge::builtin(), &Redactor::default());
    shown.iter().map(|change| change.path.to_string()).collect()
}

#[test]
fn nothing_said_in_two_ways_is_no_drift_and_a_true_change_beside_it_is() {
    let object = |tags: &str, ports: &str| {
        format!(r#"{{"id":"f-1","tags":{tags},"rules":[{{"name":"a","ports":{ports}}}]}}"#)
    };
    for (tags, ports) in [("{}", "null"), ("[]", "null"), (r#""""#, "null"), ("null", "[]")] {
        let (before, after) = (object("null", "null"), object(tags, ports));
        assert!(items(&[drifted("demo_file.web", &before, &after)]).is_empty(), "{after}");
        assert!(items(&[drifted("demo_file.web", &after, &before)]).is_empty(), "{after}");
    }
    let both = web(r#"{"id":"f-1","labels":{"tier":"back"},"port":80,"hidden":null,"tags":{}}"#);
    let found = items(&[both]);
    assert_eq!(shown_paths(&found[0]), ["labels.tier"]);
    assert_eq!(found[0].0.paths.len(), 1);
    assert_eq!(found[0].0, back().0, "the same item as without it");
    let said = items(&[web(&WEB.replace("80", "null"))]);
    assert_eq!(shown_paths(&said[0]), ["port"]);
}

#[test]
fn knowledge_of_a_type_says_what_is_no_drift() {
    let mut aws = drifted(
        "aws_instance.web",
        r#"{"id":"i-1","tags":{"a":"1"},"tags_all":{"a":"1"}}"#,
        r#"{"id":"i-1","tags":{"a":"2"},"tags_all":{"a":"2"}}"#,
    );
    aws["provider_name"] = "registry.terraform.io/hashicorp/aws".into();
    assert_eq!(shown_paths(&items(&[aws])[0]), ["tags.a"]);
}

#[test]
fn an_item_on_record_that_is_named_after_all_that_differs_keeps_its_name() {
    let plan = refreshed(&[web(
        r#"{"id":"f-1","labels":{"tier":"back"},"port":80,"hidden":null,"tags":{}}"#,
    )]);
    let (stack, store) = ("demo/app".parse().unwrap(), StoreId::from_bytes([7; 16]));
    let named = |recorded: &BTreeSet<ItemFingerprint>| {
        let place = DriftPlace { store, stack: &stack, recorded };
        found(&plan, place, &Knowledge::builtin(), &Redactor::default())[0].0.fingerprint
    };
    // As checks of earlier versions named it.
    let old = "d-c7b6a4c09f3949f6".parse().unwrap();
    assert_eq!(named(&BTreeSet::from([old])), old);
    assert_eq!(named(&BTreeSet::new()), back().0.fingerprint);
}

#[test]
fn a_rule_of_a_set_that_changed_is_one_place_under_the_name_that_a_diff_gives_it() {
    let rule = |port: u16, cidr: &str, note: &str| {
        format!(
            r#"{{"protocol":"tcp","from_port":{port},"to_port":{port},"cidr_blocks":["{cidr}"],"description":"{note}"}}"#
        )
    };
    let object = |rules: &[String]| format!(r#"{{"id":"sg-1","ingress":[{}]}}"#, rules.join(","));
    let (web, ssh) = (rule(443, "0.0.0.0/0", "web"), rule(22, "10.0.0.0/8", "ssh"));
    let opened = rule(22, "10.0.0.0/8", "by hand");
    let found =
        items(&[drifted("demo_file.sg", &object(&[ssh, web.clone()]), &object(&[web, opened]))]);
    assert!(found[0].0.paths.len() > 1, "by position nearly all of it differs");
    let shown = shown(&found[0].0, &found[0].1, &Knowledge::builtin(), &Redactor::default());
    let lines: Vec<String> =
        shown.iter().map(|c| format!("{} at {}", c.path, c.at.1.as_ref().unwrap())).collect();
    assert_eq!(lines, ["ingress[tcp 22 10.0.0.0/8].description at ingress[1].description"]);
}

#[test]
fn a_secret_value_is_no_part_of_a_fingerprint_and_its_place_is() {
    let hidden = |text: &str| web(&WEB.replace("\"hidden\":null", &format!("\"hidden\":{text}")));
    let one = fingerprint_of(hidden("\"canary-one\""));
    assert_eq!(one, fingerprint_of(hidden("\"canary-two\"")));
    assert_ne!(one, fingerprint_of(web(&WEB.replace("\"port\":80", "\"password\":\"x\""))));
    let password =
        |text: &str| web(&WEB.replace("\"port\":80", &format!("\"password\":\"{text}\"")));
    assert_eq!(fingerprint_of(password("one")), fingerprint_of(password("two")));
}

#[test]
fn what_makes_an_item_another_one() {
    let base = fingerprint_of(web(&WEB.replace("front", "back")));
    for (other, why) in [
        (web(&WEB.replace("front", "side")), "another value"),
        (web(&WEB.replace(":80", ":81")), "another path"),
        (web("null"), "another kind"),
        (drifted("demo_file.x", WEB, &WEB.replace("front", "back")), "another address"),
        (
            drifted(
                "demo_file.web",
                &WEB.replace("f-1", "f-2"),
                &WEB.replace("front", "back").replace("f-1", "f-2"),
            ),
            "another object",
        ),
    ] {
        assert_ne!(base, fingerprint_of(other), "{why}");
    }
    let back = [web(&WEB.replace("front", "back"))];
    for (store, stack) in [(8, "demo/app"), (7, "demo/other")] {
        assert_ne!(base, items_in(store, stack, &back).first().unwrap().0.fingerprint);
    }
    // What was there before does not matter: the same hand made the same change.
    let from_side =
        drifted("demo_file.web", &WEB.replace("front", "side"), &WEB.replace("front", "back"));
    assert_eq!(base, fingerprint_of(from_side));
}

proptest! {
    #[test]
    fn neither_order_nor_unrelated_items_change_a_fingerprint(
        value in "[a-z]{1,5}", others in proptest::collection::vec("[a-z]{1,5}", 0..4), at in 0_usize..5,
    ) {
        let mine = || web(&WEB.replace("front", &format!("{value}!")));
        let mut drift: Vec<_> = others.iter().enumerate().map(|(index, other)| {
            let address = format!("demo_file.other[{index}]");
            drifted(&address, r#"{"id":"o"}"#, &format!(r#"{{"id":"o","x":"{other}"}}"#))
        }).collect();
        drift.insert(at.min(others.len()), mine());
        let found = items(&drift);
        let (item, _) = found.iter().find(|(i, _)| i.address.to_string() == "demo_file.web").unwrap();
        prop_assert_eq!(item.fingerprint, fingerprint_of(mine()));
    }

    #[test]
    fn another_value_is_another_item(a in ".{1,12}", b in ".{1,12}") {
        let with = |text: &str| {
            let quoted = serde_json::Value::from(text).to_string();
            fingerprint_of(web(&WEB.replace("\"hidden\":null", &format!("\"note\":{quoted}"))))
        };
        prop_assert_eq!(a == b, with(&a) == with(&b));
    }
}

/// A state in which `demo_file.web` has this label, or is not there.
fn state(serial: u64, tier: Option<&str>) -> StateBytes {
    let instance = |tier: &str| {
        format!(
            r#"{{"mode":"managed","type":"demo_file","name":"web",
            "provider":"provider[\"registry.terraform.io/unapply/demo\"]",
            "instances":[{{"attributes":{}}}]}}"#,
            WEB.replace("front", tier)
        )
    };
    let text = format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":{serial},"lineage":"l","outputs":{{}},
        "resources":[{}]}}"#,
        tier.map_or_else(String::new, instance)
    );
    StateBytes::new(text.into_bytes())
}

fn back() -> (DriftItem, DriftedObject) {
    items(&[web(&WEB.replace("front", "back"))]).remove(0)
}

fn gone() -> (DriftItem, DriftedObject) {
    items(&[web("null")]).remove(0)
}

fn observation(bytes: &StateBytes, items: &[&DriftItem]) -> Body {
    Body::Drift(Box::new(DriftObservation {
        against: Revision(1),
        state: parse(bytes).unwrap().version,
        items: items.iter().map(|item| (*item).clone()).collect(),
        values: None,
    }))
}

fn fix(item: &DriftItem) -> Body {
    Body::Fix(Fix { item: item.fingerprint, seen: Revision(1), until: None })
}

fn lives(log: &[Entry]) -> Vec<String> {
    let mut lines: Vec<String> = tracked(log)
        .iter()
        .map(|t| {
            let fix =
                t.fix.map_or_else(String::new, |(entry, _)| format!(" fix {}", entry.revision));
            let resolved =
                t.resolved.map_or_else(String::new, |entry| format!(" at {}", entry.revision));
            let (first, last) = (t.first_seen.revision, t.last_seen.revision);
            format!("{} {} {first}-{last}{resolved}{fix}", t.item.kind.name(), t.life.name())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn an_item_is_new_then_open_then_resolved_and_new_again_when_it_comes_back() {
    let at = state(1, Some("front"));
    let ((one, _), (two, _)) = (back(), gone());
    let mut bodies = Vec::new();
    for (body, expected) in [
        (observation(&at, &[]), &[][..]),
        (observation(&at, &[&one]), &["changed new r2-r2"]),
        (observation(&at, &[&one]), &["changed open r2-r3"]),
        (fix(&one), &["changed open r2-r3 fix r4"]),
        (observation(&at, &[&two]), &["changed resolved r2-r3 at r5 fix r4", "gone new r5-r5"]),
        (
            observation(&at, &[]),
            &["changed resolved r2-r3 at r5 fix r4", "gone resolved r5-r5 at r6"],
        ),
        (observation(&at, &[&one]), &["changed new r7-r7 fix r4", "gone resolved r5-r5 at r6"]),
    ] {
        bodies.push(body);
        assert_eq!(lives(&log(bodies.clone())), expected);
    }
}

#[test]
fn an_item_is_named_by_its_beginning_or_by_an_address_that_has_one_open_item() {
    let at = state(1, Some("front"));
    let ((one, _), (two, _)) = (back(), gone());
    let entries = log(vec![observation(&at, &[&two]), observation(&at, &[&one])]);
    let items = tracked(&entries);
    let full = one.fingerprint.to_string();
    for text in
        [full.as_str(), &full[..6], &full[2..9], &full[2..9].to_uppercase(), "demo_file.web"]
    {
        assert_eq!(select(&items, text).map(|t| t.item), Ok(&one), "{text}");
    }
    for (text, said) in [
        ("d-123", "`d-123` is too short for a drift item: 4 digits are needed"),
        ("", "`` is too short for a drift item: 4 digits are needed"),
        ("demo_file.other", "no drift item is `demo_file.other`"),
        ("not an address", "no drift item is `not an address`"),
        ("d-0000000000000000", "no drift item is `d-0000000000000000`"),
    ] {
        assert_eq!(select(&items, text).unwrap_err().to_string(), said);
    }
    let both = log(vec![observation(&at, &[&one, &two])]);
    let error = select(&tracked(&both), "demo_file.web").unwrap_err().to_string();
    assert!(error.starts_with("`demo_file.web` is more than one drift item: d-"), "{error}");
}

fn grade(revision: u64, grade: Grade) -> Body {
    let evidence = Evidence { grade, residual: vec![], checks: vec![], because: None };
    Body::Mark(Mark { revision: Revision(revision), verdict: Verdict::Good(evidence) })
}

fn taken(bytes: &StateBytes) -> Body {
    let mut body = snapshot(version(0, ""));
    body.state.as_mut().unwrap().version = parse(bytes).unwrap().version;
    Body::Snapshot(Box::new(body))
}

/// The standing of a fix of an item, seen and recorded against a state, when `now` is the state.
fn became(
    (item, object): &(DriftItem, DriftedObject),
    later: Vec<Body>,
    now: &StateBytes,
) -> FixStanding {
    let at = state(1, Some("front"));
    let mut bodies = vec![taken(&at), observation(&at, &[item]), fix(item)];
    bodies.extend(later);
    let entries = log(bodies);
    let items = tracked(&entries);
    let tracked = items.iter().find(|t| t.fix.is_some()).unwrap();
    standing(
        &entries,
        FixSubject {
            tracked,
            object,
            knowledge: &Knowledge::builtin(),
            redactor: &Redactor::default(),
        },
        &parse(now).unwrap(),
    )
}

#[test]
fn a_fix_of_values_is_open_until_the_state_moves_or_somebody_takes_it_back() {
    let subject = back();
    let at = state(1, Some("front"));
    let same = state(2, Some("back"));
    let other = state(2, Some("front"));
    let none = state(2, None);
    let check = |later: Vec<Body>, now: &StateBytes, expected| {
        assert_eq!(became(&subject, later, now), expected);
    };
    check(vec![], &at, FixStanding::Open);
    check(vec![observation(&at, &[])], &at, FixStanding::Gone);
    check(vec![], &same, FixStanding::InState);
    check(vec![taken(&same), grade(4, Grade::Applied)], &same, FixStanding::InState);
    check(vec![taken(&same), grade(4, Grade::PlanEmpty)], &same, FixStanding::Adopted);
    check(vec![taken(&same), grade(4, Grade::Checked)], &same, FixStanding::Adopted);
    check(vec![observation(&same, &[])], &same, FixStanding::InState);
    check(vec![], &other, FixStanding::Overwritten);
    check(vec![taken(&other), grade(4, Grade::Checked)], &other, FixStanding::Overwritten);
    check(vec![observation(&other, &[])], &other, FixStanding::Overwritten);
    // An apply that left it alone: the next check sees it again.
    check(vec![observation(&other, &[&subject.0])], &other, FixStanding::Open);
    check(vec![], &none, FixStanding::Gone);
}

#[test]
fn an_object_deleted_by_hand_is_in_state_when_the_state_lets_it_go() {
    let subject = gone();
    let check = |later: Vec<Body>, now: &StateBytes, expected| {
        assert_eq!(became(&subject, later, now), expected);
    };
    check(vec![], &state(1, Some("front")), FixStanding::Open);
    check(vec![], &state(2, None), FixStanding::InState);
    check(vec![], &state(2, Some("side")), FixStanding::Open);
    let mut anew = state(2, Some("front")).as_slice().to_vec();
    anew = String::from_utf8(anew).unwrap().replace("f-1", "f-9").into_bytes();
    check(vec![], &StateBytes::new(anew), FixStanding::Overwritten);
}

#[test]
fn what_the_state_holds_is_told_path_by_path() {
    let (item, object) = back();
    let at = state(1, Some("front"));
    let entries = log(vec![observation(&at, &[&item])]);
    let items = tracked(&entries);
    let knowledge = &Knowledge::builtin();
    let redactor = &Redactor::default();
    let tracked = items.first().unwrap();
    let subject = FixSubject { tracked, object: &object, knowledge, redactor };
    let now = state(2, Some("side"));
    let found = held(subject, &parse(&now).unwrap()).unwrap();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    let texts = [&one.before, &one.fixed, &one.now].map(|v| v.as_ref().unwrap().as_text().unwrap());
    assert_eq!((one.path.to_string().as_str(), texts), ("labels.tier", ["front", "back", "side"]));
    assert!(!one.is_kept);
    assert_eq!(held(subject, &parse(&state(2, None)).unwrap()), None);
}

/// A rule as a security group has it.
fn rule(port: u16, note: &str) -> String {
    format!(
        r#"{{"protocol":"tcp","from_port":{port},"to_port":{port},"cidr_blocks":["10.0.0.0/8"],"description":"{note}","self":false}}"#
    )
}

/// An object with rules and plain zones.
fn group(rules: &[String], zones: &[&str]) -> String {
    let zones = serde_json::json!(zones);
    format!(r#"{{"id":"f-1","ingress":[{}],"zones":{zones}}}"#, rules.join(","))
}

/// The places of a fix in a state with these attributes, with what is kept of it.
fn kept(before: &str, fixed: &str, now: &str) -> Vec<String> {
    let (item, object) = items(&[drifted("demo_file.web", before, fixed)]).remove(0);
    let with = |attributes: &str| {
        let bytes = state(2, Some("front")).as_slice().to_vec();
        let text = String::from_utf8(bytes).unwrap().replace(WEB, attributes);
        StateBytes::new(text.into_bytes())
    };
    let entries = log(vec![observation(&with(before), &[&item]), fix(&item)]);
    let (items, knowledge, redactor) =
        (tracked(&entries), Knowledge::builtin(), Redactor::default());
    let subject = FixSubject {
        tracked: &items[0],
        object: &object,
        knowledge: &knowledge,
        redactor: &redactor,
    };
    let now = with(now);
    let found = held(subject, &parse(&now).unwrap()).unwrap();
    let lines = found.iter().map(|held| {
        let value = held.now.as_ref().map_or("-".to_owned(), canonical);
        let kept = if held.is_kept { "" } else { "not kept: " };
        format!("{kept}{} = {value}", held.path)
    });
    lines.collect()
}

#[test]
fn a_fix_in_a_set_is_kept_wherever_its_elements_went() {
    let (web, ssh, fixed) = (rule(443, "web"), rule(22, "ssh"), rule(22, "by hand"));
    let (new, lone) = (rule(8080, "new"), &["a"][..]);
    let good = group(&[ssh.clone(), web.clone()], lone);
    let by_hand = group(&[web.clone(), fixed.clone()], lone);
    let check = |rules: &[&String], expected: &[&str]| {
        let rules: Vec<String> = rules.iter().map(|rule| (*rule).clone()).collect();
        assert_eq!(kept(&good, &by_hand, &group(&rules, lone)), expected);
    };
    let noted =
        |is: &str, value: &str| format!("{is}ingress[tcp 22 10.0.0.0/8].description = {value}");
    let is_kept = noted("", r#""by hand""#);
    check(&[&web, &fixed], &[&is_kept]);
    check(&[&fixed, &web], &[&is_kept]);
    check(&[&new, &fixed, &web], &[&is_kept]);
    check(&[&fixed], &[&is_kept]);
    // What an apply wrote elsewhere in the element is not the fix's.
    check(&[&web, &fixed.replace("false", "true")], &[&is_kept]);
    check(&[&ssh, &web], &[&noted("not kept: ", r#""ssh""#)]);
    check(&[&new, &web, &ssh], &[&noted("not kept: ", r#""ssh""#)]);
    check(&[&web], &[&noted("not kept: ", "-")]);
}

#[test]
fn an_element_that_a_fix_added_or_removed_is_told_from_those_beside_it() {
    let (web, ssh) = (rule(443, "web"), rule(22, "ssh"));
    let rules = |rules: &[&String]| {
        group(&rules.iter().map(|rule| (*rule).clone()).collect::<Vec<_>>(), &["a", "b"])
    };
    let zones = |zones: &[&str]| group(std::slice::from_ref(&web), zones);
    let added = |now: &str| kept(&rules(&[&web]), &rules(&[&ssh, &web]), now).remove(0);
    assert!(added(&rules(&[&web, &ssh])).starts_with("ingress[tcp 22 10.0.0.0/8] = {"));
    assert_eq!(added(&rules(&[&web])), "not kept: ingress[tcp 22 10.0.0.0/8] = -");
    let removed = |now: &str| kept(&rules(&[&ssh, &web]), &rules(&[&web]), now).remove(0);
    assert_eq!(removed(&rules(&[&web])), "ingress[tcp 22 10.0.0.0/8] = -");
    assert!(removed(&rules(&[&web, &ssh])).starts_with("not kept: "));
    let removed = |now: &[&str]| kept(&zones(&["a", "b"]), &zones(&["a"]), &zones(now)).concat();
    assert_eq!(removed(&["c", "a"]), "zones[b] = -");
    assert_eq!(removed(&["a", "c"]), "zones[b] = -");
    assert_eq!(removed(&["b", "a"]), r#"not kept: zones[b] = "b""#);
    let added = |now: &[&str]| kept(&zones(&["a"]), &zones(&["a", "b"]), &zones(now)).concat();
    assert_eq!(added(&["b", "c", "a"]), r#"zones[b] = "b""#);
    assert!(added(&["a", "c"]).starts_with("not kept: zones[b] = "));
    let order = |now: &[&str]| kept(&zones(&["a", "b"]), &zones(&["b", "a"]), &zones(now)).concat();
    assert_eq!(order(&["c", "b", "a"]), r#"zones = ["c","b","a"]"#);
    assert_eq!(order(&["a", "c", "b"]), r#"not kept: zones = ["a","c","b"]"#);
}
