//! States read side by side are what the parser reads, in any layout, and nothing is let through.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::state::StateBytes;

/// A resource: module, mode, name, and its instances by key with a number that stands in each.
type Resource = (&'static str, &'static str, String, Vec<(Option<String>, u8)>);

fn resource((module, mode, name, instances): &Resource) -> Value {
    let instances: Vec<Value> = instances
        .iter()
        .map(|(key, number)| {
            let status = if number % 7 == 3 { json!("tainted") } else { json!(null) };
            json!({"index_key": key, "status": status, "schema_version": 0, "private": "eyJ9",
                "attributes": {"id": format!("i-{number}"), "tags": {"n": format!("}}\n]é{number}")}},
                "sensitive_attributes": [], "dependencies": ["a.b"]})
        })
        .collect();
    json!({"module": module, "mode": mode, "type": "aws_a", "name": name, "instances": instances,
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]"})
}

fn state(resources: &[Resource]) -> Value {
    let resources: Vec<Value> = resources.iter().map(resource).collect();
    json!({"version": 4, "terraform_version": "1.11.4", "serial": resources.len(), "lineage": "l-1",
        "outputs": {"o": {"value": 1, "type": "number"}}, "resources": resources,
        "check_results": null})
}

fn any_resources() -> impl Strategy<Value = Vec<Resource>> {
    let module =
        prop::sample::select(vec!["", "module.a", "module.a[\"x\"]", "module.a[\"ü & <\"]"]);
    let mode = prop::sample::select(vec!["managed", "data"]);
    let key = proptest::option::of(prop_oneof!["[1-9]", "[a-c]{1,2}", Just("a\"b\\c".to_owned())]);
    let instances = proptest::collection::btree_map(key, 0..20_u8, 0..4);
    let all = proptest::collection::btree_map((module, mode, "[a-d]"), instances, 0..6);
    all.prop_map(|all| {
        let each = all.into_iter();
        each.map(|((module, mode, name), them)| (module, mode, name, them.into_iter().collect()))
            .collect()
    })
}

/// Two states that have some resources in common, in any order.
fn two_states() -> impl Strategy<Value = [Value; 2]> {
    (any_resources(), any_resources(), any::<u64>()).prop_map(|(first, mut second, choice)| {
        second.retain(|other| {
            first.iter().all(|own| (own.0, own.1, &own.2) != (other.0, other.1, &other.2))
        });
        for (number, own) in first.iter().enumerate() {
            let at = usize::try_from(choice >> (number * 8) & 7).unwrap().min(second.len());
            match choice >> number & 3 {
                0 => {}
                1 => second.insert(at, (own.0, own.1, own.2.clone(), vec![(None, 9)])),
                _ => second.insert(at, own.clone()),
            }
        }
        [state(&first), state(&second)]
    })
}

fn layout(state: &Value, pretty: u8) -> String {
    match pretty {
        0 => state.to_string(),
        1 => serde_json::to_string_pretty(state).unwrap(),
        _ => serde_json::to_string_pretty(state).unwrap().replace('\n', "\r\n\t "),
    }
}

/// The same with a resource's instances last, as Terraform writes them.
fn in_order(text: &str) -> String {
    let mut text = text.to_owned();
    let list = "      \"instances\": [";
    let mut from = 0;
    while let Some(start) = text[from..].find(list).map(|at| from + at) {
        let is_empty = text[start..].starts_with(&format!("{list}],\n"));
        let end = if is_empty { "],\n" } else { "\n      ],\n" };
        let end = start + text[start..].find(end).unwrap() + end.len();
        let instances = text[start..end].trim_end_matches(",\n").to_owned();
        text.replace_range(start..end, "");
        let last = start + text[start..].find("\n    }").unwrap();
        text.insert_str(last, &format!(",\n{instances}"));
        from = last + instances.len();
    }
    text
}

fn beside<'b>(before: &'b str, after: &'b str) -> Beside<'b> {
    Beside::of_any_size(before.as_bytes(), after.as_bytes(), Suspicion::NONE, &mut |_| {})
}

fn full(text: &str) -> StatePart<'_> {
    parse_text(text).unwrap()
}

proptest! {
    #[test]
    fn what_is_apart_and_what_is_common_make_up_the_whole(
        states in two_states(),
        layouts in [0..3_u8, 0..3],
    ) {
        let [before, after] = [0, 1].map(|side: usize| layout(&states[side], layouts[side]));
        let beside = beside(&before, &after);
        let pair = beside.read().unwrap();
        let mut rests = Vec::new();
        for (text, part) in [(&before, &pair.before), (&after, &pair.after)] {
            let mut whole = full(text);
            let (apart, mut rest): (Vec<_>, Vec<_>) =
                whole.instances.drain(..).partition(|instance| part.instances.contains(instance));
            prop_assert_eq!(apart.len(), part.instances.len());
            prop_assert_eq!(whole, StatePart { instances: Vec::new(), ..part.clone() });
            let count = |mode| rest.iter().filter(|i| i.address.mode == mode).map(|_| 1).sum();
            prop_assert_eq!(pair.common, Common { managed: count(Mode::Managed), data: count(Mode::Data) });
            rest.sort_by(|a, b| a.address.cmp(&b.address));
            rests.push(format!("{rest:?}"));
        }
        prop_assert_eq!(&rests[0], &rests[1]);
    }

    #[test]
    fn nothing_is_apart_that_is_the_same_where_members_stand_in_terraforms_order(
        states in two_states(),
    ) {
        let [before, after] = states.each_ref().map(|state| in_order(&layout(state, 1)));
        let resources = |state: &Value| state["resources"].as_array().unwrap().clone();
        let others = resources(&states[1]);
        let shared = resources(&states[0]).iter().filter(|one| others.contains(one)).count();
        let beside = beside(&before, &after);
        prop_assert_eq!(beside.narrowed.as_ref().unwrap().shared.len(), shared);
        let pair = beside.read().unwrap();
        prop_assert_eq!(pair.common.managed + pair.common.data > 0, shared > 0 && {
            let has_instances = |one: &&Value| !one["instances"].as_array().unwrap().is_empty();
            resources(&states[0]).iter().filter(|one| others.contains(one)).any(|one| has_instances(&one))
        });
    }

    #[test]
    fn any_broken_copy_is_refused_as_the_parser_refuses_it(
        resources in any_resources(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let text = layout(&state(&resources), 1);
        let mut broken = text.clone().into_bytes();
        let at = at.index(broken.len());
        broken[at] = byte;
        let parsed = crate::codec::state::parse(&StateBytes::new(broken.clone())).map(|s| s.instances.len());
        for (before, after, which) in [
            (text.as_bytes(), &*broken, Which::After),
            (&*broken, text.as_bytes(), Which::Before),
        ] {
            let beside = Beside::of_any_size(before, after, Suspicion::NONE, &mut |_| {});
            match (&parsed, beside.read()) {
                (Ok(_), Ok(_)) => {}
                (Err(error), Err(unreadable)) => {
                    prop_assert_eq!(error.to_string(), unreadable.to_string());
                    prop_assert_eq!(unreadable.which, which);
                }
                (parsed, read) => prop_assert!(false, "{parsed:?} {read:?}"),
            }
        }
    }
}

#[test]
fn what_is_wrong_is_found_where_both_sides_are_the_same() {
    let one = |name: &str, keys: &[&str]| -> Resource {
        let keys = keys.iter().map(|key| (Some((*key).to_owned()), 1));
        ("", "managed", name.to_owned(), keys.collect())
    };
    let text = layout(&state(&[one("a", &["x", "y"]), one("b", &["x"])]), 1);
    let broken = |from: &str, to: &str| text.replace(from, to);
    for (from, to, problem) in [
        ("\"index_key\": \"y\"", "\"index_key\": 01", "not JSON"),
        ("\"name\": \"b\"", "\"name\": \"\\q\"", "not JSON"),
        ("\"mode\": \"managed\"", "\"mode\": \"weird\"", "neither managed nor data"),
        ("\"tags\": {", "\"tags\": {\"n\": 1, ", "a name that occurs twice"),
        ("\"private\": \"eyJ9\"", "\"private\": \"\\ud800\"", "half a character"),
        ("\"sensitive_attributes\": []", "\"sensitive_attributes\": [[{}]]", "sensitive paths"),
    ] {
        let broken = broken(from, to);
        let beside = beside(&broken, &broken);
        let error = beside.read().unwrap_err();
        assert!(error.to_string().contains(problem), "{from} → {to}: {error}");
        assert_eq!(error.which, Which::Before);
    }
    // Of a small state each object is read, too.
    for (from, to, problem) in [
        ("\"index_key\": \"y\"", "\"index_key\": \"x\"", "occurs twice"),
        ("\"status\": null", "\"status\": \"odd\"", "an unknown status"),
        ("\"status\": null", "\"Status\": null", "differs from a known one only by case"),
        ("provider[\\\"registry", "provider\\\"registry", "a provider that cannot be read"),
    ] {
        let broken = broken(from, to);
        let beside = Beside::without_secrets(broken.as_bytes(), broken.as_bytes());
        let error = beside.read().unwrap_err();
        assert!(error.to_string().contains(problem), "{from} → {to}: {error}");
    }
    // Of one name twice with other keys nothing is wrong.
    let twins = |key: &str| layout(&state(&[one("a", &["x"]), one("a", &[key])]), 0);
    let [before, after] = ["y", "z"].map(twins);
    assert_eq!(beside(&before, &after).read().unwrap().before.instances.len(), 1);
    // The same one twice is refused, also where the second state has it once.
    let [once, twice] = [&[one("a", &["x"])][..], &[one("a", &["x"]), one("a", &["x"])]]
        .map(|resources| layout(&state(resources), 0));
    let error = beside(&twice, &once).read().unwrap_err();
    assert!(error.to_string().contains("occurs twice"), "{error}");
    for broken in [[text.as_bytes(), b"\xff"].concat(), text.replace('é', "\0").into_bytes()] {
        let read =
            Beside::of_any_size(&broken, &broken, Suspicion::NONE, &mut |_| {}).read().map(|_| ());
        assert!(read.is_err(), "{:?}", String::from_utf8_lossy(&broken));
    }
}

#[test]
fn objects_in_common_are_found_by_their_ids() {
    let one =
        |name: &str, number| -> Resource { ("", "managed", name.to_owned(), vec![(None, number)]) };
    let before = layout(&state(&[one("a", 1), one("b", 2), one("c", 4)]), 1);
    let after = layout(&state(&[one("a", 1), one("b", 3), one("c", 4)]), 1);
    let find = |before: &str, after: &str| {
        let wanted = ["i-1", "i-2", "i-3"].map(str::to_owned).into();
        let found = beside(before, after).common_with_ids(&wanted);
        found.iter().map(|instance| instance.address.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(find(&before, &after), ["aws_a.a"]);
    let spelled = |text: &str| text.replace("\"id\"", "\"\\u0069d\"").replace("i-1", "\\u0069-1");
    assert_eq!(find(&spelled(&before), &spelled(&after)), ["aws_a.a"]);
}
