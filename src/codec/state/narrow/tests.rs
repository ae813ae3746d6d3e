//! The quick way says what the parser says, and leaves to it whatever it does not understand.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::address::Mode;
use crate::model::state::StateBytes;

/// One instance: its key, and a number that stands in its attributes.
type Instances = BTreeMap<Option<String>, u8>;
/// Resources by module, mode, type and name, in Terraform's order.
type World = BTreeMap<(&'static str, &'static str, &'static str, String), Instances>;

/// The state as Terraform lays it out.
fn render(world: &World, serial: u64) -> String {
    let resources: Vec<String> = world.iter().map(resource_text).collect();
    let resources = match resources.as_slice() {
        [] => "[]".to_owned(),
        some => format!("[\n{}\n  ]", some.join(",\n")),
    };
    format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
         \"lineage\": \"l-1\",\n  \"outputs\": {{}},\n  \"resources\": {resources},\n  \
         \"check_results\": null\n}}\n"
    )
}

fn resource_text(
    ((module, mode, kind, name), instances): (&(&str, &str, &str, String), &Instances),
) -> String {
    let module = match *module {
        "" => String::new(),
        path => format!("      \"module\": {},\n", serde_json::Value::from(path)),
    };
    let mut instances: Vec<_> = instances.iter().collect();
    instances.sort_by_key(|(key, _)| {
        (key.is_some(), key.as_ref().map(|k| k.parse::<u64>().unwrap_or(u64::MAX)))
    });
    let instances: Vec<String> = instances.into_iter().map(instance_text).collect();
    let instances = match instances.as_slice() {
        [] => "[]".to_owned(),
        some => format!("[\n{}\n      ]", some.join(",\n")),
    };
    format!(
        "    {{\n{module}      \"mode\": \"{mode}\",\n      \"type\": \"{kind}\",\n      \
         \"name\": \"{name}\",\n      \
         \"provider\": \"provider[\\\"registry.terraform.io/hashicorp/aws\\\"]\",\n      \
         \"instances\": {instances}\n    }}"
    )
}

fn instance_text((key, number): (&Option<String>, &u8)) -> String {
    let key = match key {
        None => String::new(),
        Some(key) if key.parse::<u64>().is_ok() => format!("          \"index_key\": {key},\n"),
        Some(key) => {
            format!("          \"index_key\": {},\n", serde_json::Value::from(key.as_str()))
        }
    };
    let status = if number % 7 == 3 { "          \"status\": \"tainted\",\n" } else { "" };
    format!(
        "        {{\n{key}{status}          \"schema_version\": 0,\n          \"attributes\": {{\n            \
         \"id\": \"i-{number}\",\n            \"tags\": {{\n              \"n\": \"}}\\n        }}é{number}\"\n            \
         }}\n          }},\n          \"sensitive_attributes\": []\n        }}"
    )
}

fn world() -> impl Strategy<Value = World> {
    let module = prop_oneof![
        Just(""),
        Just("module.a"),
        Just("module.a[\"x\"]"),
        Just("module.a[\"x-y\"]"),
        Just("module.a[\"x\"].module.b[0]"),
        Just("module.a[\"ü & <\"]"),
    ];
    let mode = prop_oneof![Just("managed"), Just("data")];
    let kind = prop_oneof![Just("aws_a"), Just("aws_b")];
    let key = proptest::option::of(prop_oneof![
        "[1-9][0-9]?",
        Just("0".to_owned()),
        "[a-c]{1,2}",
        Just("a\"b\\c".to_owned())
    ]);
    let instances = proptest::collection::btree_map(key, 0..20_u8, 0..4);
    proptest::collection::btree_map((module, mode, kind, "[a-c]"), instances, 0..6)
}

/// Some resources of one world and some of the other.
fn two_worlds() -> impl Strategy<Value = (World, World)> {
    (world(), world(), any::<u64>()).prop_map(|(first, mut second, choice)| {
        for (number, (name, instances)) in first.iter().enumerate() {
            if choice >> number & 1 == 1 {
                second.insert(name.clone(), instances.clone());
            }
        }
        (first, second)
    })
}

fn full(text: &str) -> Vec<Instance<'_>> {
    parse_text(text).unwrap().instances
}

proptest! {
    #[test]
    fn what_is_apart_and_what_is_common_make_up_the_whole((first, second) in two_worlds()) {
        let texts = [render(&first, 1), render(&second, 2)];
        let [before, after] = [0, 1].map(|side: usize| Source::new(texts[side].as_bytes()));
        let narrowed = narrow(&before, &after).unwrap();
        prop_assert_eq!((narrowed.before.serial.0, narrowed.after.serial.0), (1, 2));
        for (text, part, other) in [
            (&texts[0], &narrowed.before, &texts[1]),
            (&texts[1], &narrowed.after, &texts[0]),
        ] {
            let (all, others) = (full(text), full(other));
            let (apart, common): (Vec<_>, Vec<_>) =
                all.iter().partition(|instance| part.instances.contains(instance));
            prop_assert_eq!(apart.len(), part.instances.len());
            prop_assert!(common.iter().all(|instance| others.contains(instance)));
            if narrowed.common != Common::default() {
                // The quick way was taken: then nothing that is the same is apart.
                prop_assert!(apart.iter().all(|instance| !others.contains(instance)));
                let count = |mode| {
                    common.iter().filter(|i| i.address.mode == mode).map(|_| 1_u64).sum::<u64>()
                };
                prop_assert_eq!(count(Mode::Managed), narrowed.common.managed);
                prop_assert_eq!(count(Mode::Data), narrowed.common.data);
            }
        }
    }

    #[test]
    fn any_broken_copy_is_refused_as_the_parser_refuses_it(world in world(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = render(&world, 1);
        let mut broken = text.clone().into_bytes();
        let at = at.index(broken.len());
        broken[at] = byte;
        let parsed = crate::codec::state::parse(&StateBytes::new(broken.clone())).map(|s| s.instances.len());
        let (before, after) = (Source::new(text.as_bytes()), Source::new(&broken));
        let narrowed = narrow(&before, &after);
        // One side is sound: whatever is broken on the other differs from it, and so it is read.
        prop_assert_eq!(parsed.is_ok(), narrowed.is_ok());
        if let (Err(error), Err(unreadable)) = (parsed, narrowed) {
            prop_assert_eq!(error.to_string(), unreadable.to_string());
            prop_assert_eq!(unreadable.which, Which::After);
        }
    }
}

type Sample<'a> = (&'static str, &'a [(Option<&'a str>, u8)]);

fn sample(entries: &[Sample<'_>]) -> World {
    let resource = |(name, instances): &Sample<'_>| {
        let instances = instances.iter().map(|(key, n)| (key.map(str::to_owned), *n)).collect();
        (("", "managed", "aws_a", (*name).to_owned()), instances)
    };
    entries.iter().map(resource).collect()
}

fn apart(first: &str, second: &str) -> (Vec<String>, Vec<String>, u64) {
    let (before, after) = (Source::new(first.as_bytes()), Source::new(second.as_bytes()));
    let narrowed = narrow(&before, &after).unwrap();
    let names = |part: &Part<'_>| {
        part.instances.iter().map(|instance| instance.address.to_string()).collect()
    };
    (names(&narrowed.before), names(&narrowed.after), narrowed.common.managed)
}

#[test]
fn only_the_instances_that_differ_are_read() {
    let first = sample(&[
        ("a", &[(None, 1)]),
        ("b", &[(Some("0"), 1), (Some("1"), 2), (Some("10"), 3)]),
        ("c", &[(Some("x"), 1)]),
        ("e", &[(None, 1)]),
    ]);
    let second = sample(&[
        ("a", &[(None, 1)]),
        ("b", &[(Some("0"), 1), (Some("1"), 9), (Some("2"), 4)]),
        ("d", &[(Some("x"), 1)]),
        ("e", &[(None, 1)]),
    ]);
    let (before, after, common) = apart(&render(&first, 1), &render(&second, 2));
    assert_eq!(before, ["aws_a.b[1]", "aws_a.b[10]", "aws_a.c[\"x\"]"]);
    assert_eq!(after, ["aws_a.b[1]", "aws_a.b[2]", "aws_a.d[\"x\"]"]);
    assert_eq!(common, 3);
}

#[test]
fn another_provider_of_the_same_instances_sets_all_of_them_apart() {
    let text = render(&sample(&[("a", &[(None, 1)]), ("b", &[(None, 1)])]), 1);
    let other = text.replacen("hashicorp/aws\\\"]", "hashicorp/aws\\\"].west", 1);
    assert_eq!(apart(&text, &other).2, 1);
}

#[test]
fn other_layouts_are_read_by_the_parser() {
    let world = sample(&[("a", &[(None, 1)]), ("b", &[(None, 2)])]);
    let text = render(&world, 1);
    let minified: serde_json::Value = serde_json::from_str(&text).unwrap();
    for other in [minified.to_string(), text.replace("\n  ", "\n   "), text.replace('\n', "\r\n")] {
        let (before, after, common) = apart(&text, &other);
        assert_eq!((before.len(), after.len(), common), (2, 2, 0));
    }
}

#[test]
fn twins_and_keys_that_are_none_are_found_where_both_sides_are_the_same() {
    let world = sample(&[("a", &[(Some("0"), 1), (Some("1"), 1)]), ("b", &[(Some("0"), 1)])]);
    let text = render(&world, 1);
    for (from, to, problem) in [
        ("\"index_key\": 1", "\"index_key\": 0", "occurs twice"),
        ("\"index_key\": 1", "\"index_key\": 1.5", "neither text nor a whole number"),
        ("\"index_key\": 1", "\"index_key\": 01", "not JSON"),
        ("\"name\": \"b\"", "\"name\": \"a\"", "occurs twice"),
        ("\"name\": \"b\"", "\"name\": \"\\q\"", "not JSON"),
        ("\"mode\": \"managed\"", "\"mode\": \"weird\"", "neither managed nor data"),
        ("provider[\\\"registry", "provider\\\"registry", "a provider that cannot be read"),
    ] {
        let broken = text.replace(from, to);
        let source = Source::new(broken.as_bytes());
        let error = narrow(&source, &source).unwrap_err();
        assert!(error.to_string().contains(problem), "{from} → {to}: {error}");
        assert_eq!(error.which, Which::Before);
    }
    let bytes = [text.as_bytes(), b"\xff"].concat();
    let mut inside = text.into_bytes();
    let at = inside.iter().position(|byte| *byte == 0xc3).unwrap();
    inside[at] = 0xff;
    for broken in [bytes, inside] {
        let source = Source::new(&broken);
        assert!(narrow(&source, &source).unwrap_err().to_string().contains("not UTF-8"));
    }
}
