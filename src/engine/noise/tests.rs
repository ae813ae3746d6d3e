//! Differences that each kind hides and must not hide; laws over any values.

use proptest::prelude::*;

use super::*;
use crate::engine::tests::value;
use crate::knowledge::Knowledge;
use crate::knowledge::file::ProviderFile;
use crate::knowledge::noise::{GUARDED, RuleAuthor, is_guarded};
use crate::model::word::Word as _;

fn rules(text: &str) -> Knowledge {
    let file: ProviderFile =
        toml::from_str(&format!("source = \"a/b\"\nnoise = [{text}]")).unwrap();
    Knowledge::builtin().with_overrides([file])
}

fn path(text: &str) -> Path {
    let step = |step: &str| step.parse().map_or_else(|_| Step::Name(step.to_owned()), Step::Index);
    Path(text.split('.').map(step).collect())
}

/// The kind of the rule that hides the difference at `at` between two objects.
fn hidden(knowledge: &Knowledge, at: &str, before: &str, after: &str) -> Option<&'static str> {
    let (before, after) = (value(before), value(after));
    let source = "registry.terraform.io/a/b".parse().unwrap();
    let at = path(at);
    let noise = Noise::new(knowledge.noise(&source, "b_thing"), &before, &after);
    let swapped = Noise::new(knowledge.noise(&source, "b_thing"), &after, &before);
    let there = noise.hidden_by(&at, before.at(&at), after.at(&at));
    let back = swapped.hidden_by(&at, after.at(&at), before.at(&at));
    assert_eq!(there, back, "a rule does not know which side is the older one");
    there.map(|rule| rule.kind.name())
}

#[test]
fn each_kind_hides_what_it_says_and_nothing_else() {
    let rule = |kind: &str| rules(&format!(r#"{{types="*",path="a",kind="{kind}",why="w"}}"#));
    let table: [(&str, &str, &str, bool); 25] = [
        ("clock", r#""2026-01-01""#, r#""2026-01-02""#, true),
        ("clock", "null", r#""2026-01-02""#, true),
        ("clock", r#"["2026-01-01"]"#, "[]", false),
        ("counter", "1", "2", true),
        ("etag", r#""a""#, r#"{"b":1}"#, false),
        ("unordered", "[1,2]", "[2,1.0]", true),
        ("unordered", r#"["x","y","x"]"#, r#"["x","x","y"]"#, true),
        ("unordered", r#"["x","y","y"]"#, r#"["x","x","y"]"#, false),
        ("unordered", r#"[{"p":1},{"p":2}]"#, r#"[{"p":2},{"p":1}]"#, true),
        ("unordered", "[1]", "[1,1]", false),
        ("unordered", r#""ab""#, r#""ba""#, false),
        ("json-text", r#""{\"a\":[1,2]}""#, r#""{ \"a\" : [1, 2.0] }""#, true),
        ("json-text", r#""{\"a\":[1,2]}""#, r#""{\"a\":[2,1]}""#, false),
        ("json-text", r#""1""#, r#""1.0""#, false),
        ("json-text", r#""{broken""#, r#""{broken ""#, false),
        ("case", r#""Ab""#, r#""aB""#, true),
        ("case", r#""ab""#, r#""abc""#, false),
        ("case", r#"["A"]"#, r#"["a"]"#, false),
        ("empty", "null", r#""""#, true),
        ("empty", "[]", "{}", true),
        ("empty", "null", "false", false),
        ("empty", "0", "null", false),
        ("empty", "[null]", "[]", false),
        ("empty", r#""""#, r#"" ""#, false),
        ("empty", "null", "[]", true),
    ];
    for (kind, before, after, expected) in table {
        let [before, after] =
            [before, after].map(|value| format!(r#"{{"a":{value},"b":{value}}}"#));
        let found = hidden(&rule(kind), "a", &before, &after);
        assert_eq!(found, expected.then_some(kind), "{before} {after}");
        assert_eq!(hidden(&rule(kind), "b", &before, &after), None, "elsewhere");
    }
}

#[test]
fn a_mirror_is_hidden_only_while_its_source_shows_the_very_same() {
    let rules =
        rules(r#"{types="*",path="tags_all",kind="derived",of="tags",why="the provider's own"}"#);
    let object = |tags: &str, all: &str| format!(r#"{{"tags":{tags},"tags_all":{all}}}"#);
    let check = |at: &str, before: &str, after: &str, expected: bool| {
        let found = hidden(&rules, at, before, after);
        assert_eq!(found, expected.then_some("derived"), "{at}: {before} {after}");
    };
    let one = object(r#"{"a":"1"}"#, r#"{"a":"1","team":"x"}"#);
    let two = object(r#"{"a":"2"}"#, r#"{"a":"2","team":"x"}"#);
    check("tags_all", &one, &two, true);
    check("tags_all.a", &one, &two, true);
    check("tags.a", &one, &two, false);
    // A default tag has changed: only the mirror says so.
    let moved = object(r#"{"a":"2"}"#, r#"{"a":"2","team":"y"}"#);
    check("tags_all", &one, &moved, false);
    check("tags_all.a", &one, &moved, true);
    check("tags_all.team", &one, &moved, false);
    // A tag comes to stand in for a default one: what is real changed from 0, and tags say nothing.
    let default = object("null", r#"{"a":"0"}"#);
    check("tags_all.a", &default, &object(r#"{"a":"1"}"#, r#"{"a":"1"}"#), false);
    check("tags_all", &object("null", "{}"), &object(r#"{"a":"1"}"#, r#"{"a":"1"}"#), true);
}

#[test]
fn a_persons_rule_may_hide_what_a_built_in_one_may_not() {
    let at = path("ingress");
    let (before, after) = (value(r#"{"ingress":1}"#), value(r#"{"ingress":2}"#));
    let knowledge = rules(r#"{types="*",path="**",kind="clock",why="w"}"#);
    let provider = "registry.terraform.io/a/b".parse().unwrap();
    let own: Vec<NoiseRule> = knowledge.noise(&provider, "b_thing").cloned().collect();
    let builtin = own.iter().map(|rule| NoiseRule { author: RuleAuthor::Builtin, ..rule.clone() });
    let builtin: Vec<NoiseRule> = builtin.collect();
    let ask = |rules: &[NoiseRule]| {
        let noise = Noise::new(rules, &before, &after);
        noise.hidden_by(&at, before.at(&at), after.at(&at)).is_some()
    };
    assert!(ask(&own) && !ask(&builtin));
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        "[aAbB{}\\[\\] 01]{0,3}".prop_map(Value::Text),
        (0..3_u8).prop_map(|number| value(&number.to_string())),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Value::Map),
        ]
    })
}

/// Two values, often alike in all but their case.
fn any_pair() -> impl Strategy<Value = (Value, Value)> {
    let cases =
        "[a-zA-Z]{1,3}".prop_map(|text| (Value::Text(text.to_uppercase()), Value::Text(text)));
    prop_oneof![(any_value(), any_value()), cases]
}

/// A path of the kind that providers have, some with a piece of a guarded name.
fn any_path() -> impl Strategy<Value = Path> {
    let plain = prop::sample::select(vec![
        "tags_all",
        "tags",
        "etag",
        "update_time",
        "version",
        "fingerprint",
        "metadata",
        "revision",
        "last_modified",
        "generation",
        "name",
        "a_id",
        "settings",
    ]);
    let guarded = prop::sample::select(GUARDED.to_vec());
    let guarded = (guarded, prop::sample::select(vec!["", "_id", "_etag"]))
        .prop_map(|(piece, end)| format!("{piece}{end}"));
    let step = prop_oneof![
        3 => plain.prop_map(|name| Step::Name(name.to_owned())),
        2 => guarded.prop_map(Step::Name),
        1 => (0..3_usize).prop_map(Step::Index),
    ];
    prop::collection::vec(step, 1..4).prop_map(Path)
}

const TYPES: [(&str, &str); 8] = [
    ("hashicorp/aws", "aws_iam_role"),
    ("hashicorp/aws", "aws_cloudfront_distribution"),
    ("hashicorp/aws", "aws_lambda_function"),
    ("hashicorp/google", "google_project_iam_member"),
    ("hashicorp/google", "google_compute_instance"),
    ("hashicorp/azurerm", "azurerm_role_assignment"),
    ("hashicorp/kubernetes", "kubernetes_role_v1"),
    ("hashicorp/helm", "helm_release"),
];

proptest! {
    #[test]
    fn no_built_in_rule_hides_a_change_of_what_may_bear_on_security(
        at in any_path(),
        (before, after) in any_pair(),
        (source, kind) in prop::sample::select(TYPES.to_vec()),
    ) {
        let knowledge = Knowledge::builtin();
        let source = format!("registry.terraform.io/{source}").parse().unwrap();
        let nothing = Value::Null;
        let noise = Noise::new(knowledge.noise(&source, kind), &nothing, &nothing);
        let rule = noise.hidden_by(&at, Some(&before), Some(&after));
        if let Some(rule) = rule && is_guarded(&at) {
            prop_assert!(rule.kind.keeps_meaning(), "{} at {at}", rule.name());
            let is_one = match rule.kind {
                NoiseKind::Empty => is_empty(Some(&before)) && is_empty(Some(&after)),
                NoiseKind::Unordered => matches!((&before, &after), (Value::List(_), Value::List(_))),
                NoiseKind::JsonText => before.as_text().is_some() && after.as_text().is_some(),
                NoiseKind::Clock
                | NoiseKind::Counter
                | NoiseKind::Etag
                | NoiseKind::Case
                | NoiseKind::Derived => false,
            };
            prop_assert!(is_one);
        }
    }

    #[test]
    fn an_order_is_the_only_thing_that_unordered_hides(
        (items, shuffled) in prop::collection::vec(any_value(), 0..6)
            .prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle())),
        other in any_value(),
    ) {
        prop_assert!(is_reordered(&items, &shuffled));
        let mut changed = shuffled;
        if let Some(first) = changed.first_mut() && *first != other {
            *first = other.clone();
            prop_assert!(!is_reordered(&items, &changed));
        }
        changed.push(other);
        prop_assert!(!is_reordered(&items, &changed));
    }

    #[test]
    fn a_hidden_mirror_says_nothing_that_its_source_does_not(
        tags in any_value(), later in any_value(), all in any_value(), all_later in any_value(),
    ) {
        let rules =
            rules(r#"{types="*",path="tags_all",kind="derived",of="tags",why="the provider's own"}"#);
        let source = "registry.terraform.io/a/b".parse().unwrap();
        let object = |tags: &Value, all: &Value| Value::Map(
            [("tags".to_owned(), tags.clone()), ("tags_all".to_owned(), all.clone())].into());
        let (before, after) = (object(&tags, &all), object(&later, &all_later));
        let noise = Noise::new(rules.noise(&source, "b"), &before, &after);
        let at = path("tags_all");
        let is_hidden = noise.hidden_by(&at, before.at(&at), after.at(&at)).is_some();
        let shown = |value: &Value, path: &Path| value.at(path).cloned();
        let is_repeated = differences(&all, &all_later).iter().all(|difference| {
            shown(&tags, &difference.path) == difference.before
                && shown(&later, &difference.path) == difference.after
        });
        prop_assert_eq!(is_hidden, is_repeated);
    }
}
