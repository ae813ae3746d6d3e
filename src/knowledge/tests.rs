//! That the files are read, sorted and complete; whose word counts; what is refused.

use strum::VariantArray as _;

use super::noise::{NoiseKind, is_guarded};
use super::*;
use crate::model::value::{Path, Step};
use crate::model::word::Word as _;

fn provider(name: &str) -> ProviderSource {
    format!("registry.terraform.io/{name}").parse().unwrap()
}

fn said(text: &str) -> Result<ProviderFile, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

/// The text between the quotes after `key = ` in a line.
fn quoted<'t>(line: &'t str, key: &str) -> &'t str {
    let start = line.split_once(&format!("{key} = \"")).map(|(_, rest)| rest);
    start.and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[test]
fn every_file_is_read_sorted_and_complete() {
    let mut on_disk: Vec<String> = std::fs::read_dir("providers")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
        .collect();
    on_disk.sort();
    let mut compiled: Vec<&str> =
        FILES.iter().map(|(source, _)| source.rsplit_once('/').unwrap().1).collect();
    compiled.sort_unstable();
    assert_eq!(on_disk, compiled);
    for (source, text) in FILES {
        let file = said(text).unwrap_or_else(|problem| panic!("{source}: {problem}"));
        assert_eq!(file.source.to_string(), source);
        let table: toml::Table = text.parse().unwrap();
        let keys: Vec<&str> = table.keys().map(String::as_str).collect();
        let expected =
            ["source", "identity", "noise", "state_only", "own_files", "data_bearing", "no_data"];
        let mut sorted = expected;
        sorted.sort_unstable();
        let at = |key: &str| text.find(&format!("\n{key}")).unwrap();
        assert!(at("noise") < at("state_only") && at("state_only") < at(DATA));
        assert!(at(DATA) < at("[no_data]"), "{source}: in this order");
        let data = builtin_data(&source.parse().unwrap()).unwrap();
        assert_eq!(*data, file.data);
        let mut found = keys.clone();
        found.sort_unstable();
        assert_eq!(found, sorted, "{source}: a section without anything in it says so");
        sorted_lines(source, text);
    }
}

/// Read from the text: a parsed table is sorted by itself.
fn sorted_lines(source: &str, text: &str) {
    let mut before = (String::new(), String::new(), String::new());
    for line in text.lines() {
        let is_rule = line.starts_with("    { ");
        let is_entry = !is_rule && line.contains(" = \"") && !line.starts_with("source");
        if !is_rule && !is_entry {
            before = Default::default();
            continue;
        }
        let why = if is_rule { quoted(line, "why") } else { line.split('"').nth(1).unwrap() };
        assert!(why.len() > 10, "{source}: a why for `{line}`");
        let key = if is_rule {
            [quoted(line, "types"), quoted(line, "path"), quoted(line, "kind")]
        } else {
            [line.split(" = ").next().unwrap(), "", ""]
        };
        let [types, path, kind] = key.map(str::to_owned);
        let here = (types, path, kind);
        assert!(before < here, "{source}: {here:?} stands after {before:?}");
        before = here;
    }
}

#[test]
fn the_cloud_providers_say_much_and_every_rule_can_hide_something() {
    let aws = provider("hashicorp/aws");
    assert!(builtin_data(&aws).unwrap().data_bearing.len() >= 60);
    for (source, _) in FILES {
        let file = builtin(&source.parse().unwrap()).unwrap();
        for rule in &file.noise {
            // A path that the rule is about, with a name for each star.
            let text = rule.path.as_str().replace("**.", "").replace("**", "x").replace("[*]", "");
            let steps = text.split('.').map(|step| Step::Name(step.replace('*', "x")));
            let path = Path(steps.collect());
            assert!(rule.may_hide(&path), "{source}: {} is guarded and hides nothing", rule.name());
            let is_open = rule.path.as_str().ends_with('*');
            assert!(!is_open || rule.kind.keeps_meaning(), "{source}: {}", rule.name());
            assert_eq!(rule.author, RuleAuthor::Builtin);
            assert!(rule.kind.keeps_meaning() || !is_guarded(&path), "{source}: {}", rule.name());
        }
    }
}

#[test]
fn what_nobody_wrote_down_is_unknown() {
    let known = Knowledge::builtin();
    let demo = provider("unapply/demo");
    assert!(matches!(known.bears_data(&demo, "demo_volume"), Bears::Data(_)));
    assert!(matches!(known.bears_data(&demo, "demo_link"), Bears::Nothing(_)));
    assert_eq!(known.bears_data(&demo, "demo_other"), Bears::Unknown);
    let aws = provider("hashicorp/aws");
    assert!(matches!(known.bears_data(&aws, "aws_db_instance"), Bears::Data(_)));
    assert!(matches!(known.bears_data(&aws, "aws_route"), Bears::Nothing(_)));
    assert_eq!(known.bears_data(&aws, "aws_nat_gateway"), Bears::Unknown);
    let tofu: ProviderSource = "registry.opentofu.org/hashicorp/aws".parse().unwrap();
    assert!(matches!(known.bears_data(&tofu, "aws_db_instance"), Bears::Data(_)));
}

#[test]
fn values_of_the_state_alone_are_put_back_and_what_must_run_again_is_not() {
    let known = Knowledge::builtin();
    let asked = |source: &str, kind: &str| known.state_only(&source.parse().unwrap(), kind);
    let table = [
        ("registry.terraform.io/hashicorp/random", "random_password", Some(StateOnly::Restore)),
        ("registry.opentofu.org/hashicorp/tls", "tls_private_key", Some(StateOnly::Restore)),
        ("registry.terraform.io/hashicorp/time", "time_static", Some(StateOnly::Restore)),
        ("registry.terraform.io/unapply/demo", "demo_token", Some(StateOnly::Restore)),
        ("registry.terraform.io/unapply/demo", "demo_file", None),
        ("terraform.io/builtin/terraform", "terraform_data", Some(StateOnly::RunAgain)),
        ("registry.terraform.io/hashicorp/null", "null_resource", Some(StateOnly::RunAgain)),
        ("registry.terraform.io/hashicorp/aws", "aws_vpc", None),
        ("registry.terraform.io/acme/other", "other_random", None),
    ];
    for (source, kind, expected) in table {
        assert_eq!(asked(source, kind), expected, "{kind}");
    }
    let text = r#"
        source = "acme/other"
        state_only = [
            { types = "other_*", undo = "run-again", why = "it sends a message" },
            { types = "other_seed", undo = "restore", why = "its value stands in the state" },
        ]
    "#;
    let known = known.with_overrides([said(text).unwrap()]);
    let other = provider("acme/other");
    assert_eq!(known.state_only(&other, "other_seed"), Some(StateOnly::Restore));
    assert_eq!(known.state_only(&other, "other_mail"), Some(StateOnly::RunAgain));
}

#[test]
fn of_a_provider_without_a_file_nothing_is_known() {
    let known = Knowledge::builtin();
    let other = provider("acme/other");
    assert_eq!(known.bears_data(&other, "aws_route"), Bears::Unknown);
    assert_eq!(known.noise(&other, "aws_route").count(), 0);
    let naming = known.naming(&other, "aws_route");
    assert_eq!((naming.name, naming.global.len(), naming.scope.len()), (None, 0, 0));
}

#[test]
fn the_rule_that_says_more_of_a_type_counts() {
    let known = Knowledge::builtin();
    let aws = provider("hashicorp/aws");
    let names = |kind: &str| known.naming(&aws, kind).name.map(<[String]>::len);
    assert_eq!((names("aws_vpc"), names("aws_iam_user_policy_attachment")), (None, Some(2)));
    let global = |kind: &str| known.naming(&aws, kind).global.join(" ");
    assert_eq!(global("aws_iam_user_policy_attachment"), "account_id arn");
    assert_eq!(global("aws_cloudwatch_event_target"), "account_id");
    assert_eq!(
        known.naming(&aws, "aws_cloudwatch_event_target").scope.join(" "),
        "owner_id region"
    );
}

#[test]
fn a_persons_word_counts_before_what_is_built_in() {
    let text = r#"
        source = "hashicorp/aws"
        without_noise = ["tags_all"]
        [data_bearing]
        aws_route = "our routes are made by hand"
        [no_data]
        aws_nat_gateway = "its address is no secret of ours"
        [[identity]]
        types = "aws_vpc"
        name = ["tag"]
        why = "we name them ourselves"
        [[noise]]
        types = "aws_vpc"
        path = "ingress"
        kind = "clock"
        why = "it moves each hour"
    "#;
    let known = Knowledge::builtin().with_overrides([said(text).unwrap()]);
    let aws = provider("hashicorp/aws");
    assert_eq!(known.bears_data(&aws, "aws_route"), Bears::Data("our routes are made by hand"));
    assert!(matches!(known.bears_data(&aws, "aws_nat_gateway"), Bears::Nothing(_)));
    assert!(matches!(known.bears_data(&aws, "aws_db_instance"), Bears::Data(_)));
    assert_eq!(known.naming(&aws, "aws_vpc").name.unwrap(), ["tag"]);
    assert_eq!(known.naming(&aws, "aws_vpc").global.join(" "), "account_id arn");
    let rules: Vec<&NoiseRule> = known.noise(&aws, "aws_vpc").collect();
    assert_eq!((rules[0].kind, rules[0].author), (NoiseKind::Clock, RuleAuthor::Settings));
    assert!(!rules.iter().any(|rule| rule.kind == NoiseKind::Derived), "switched off");
    assert!(rules.iter().any(|rule| rule.kind == NoiseKind::Empty));
    assert_eq!(
        known.noise(&aws, "aws_subnet").filter(|r| r.author == RuleAuthor::Settings).count(),
        0
    );
    let first = said("source = \"hashicorp/aws\"\nno_data = { aws_route = \"said first\" }");
    let known = known.with_overrides([first.unwrap()]);
    assert_eq!(known.bears_data(&aws, "aws_route"), Bears::Nothing("said first"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let table = [
        ("", "missing field `source`"),
        ("source = \"aws\"", "`aws` is no provider such as `hashicorp/aws`"),
        ("source = \"a/b\"\nnose = []", "unknown field `nose`, expected one of"),
        (
            "source = \"a/b\"\ndata_bearing = { x = \"w\" }\nno_data = { x = \"w\" }",
            "`x` stands in `data_bearing` and in `no_data`",
        ),
        ("source = \"a/b\"\nno_data = { x = \" \" }", "`x` has no `why`"),
        (
            "source = \"a/b\"\nidentity = [{ types = \"x\", why = \"w\" }]",
            "a rule of `identity` needs `name`, `global` or `scope`",
        ),
        (
            "source = \"a/b\"\nidentity = [{ types = \"x\", name = [], why = \"\" }]",
            "`x` has no `why`",
        ),
        (
            "source = \"a/b\"\nnoise = [{ types = \"*\", path = \"a\", kind = \"clock\" }]",
            "missing field `why`",
        ),
        (
            "source = \"a/b\"\nnoise = [{ types = \"*\", path = \"a\", kind = \"derived\", why = \"w\" }]",
            "kind `derived` needs `of`, the attribute that `a` repeats",
        ),
        (
            "source = \"a/b\"\nnoise = [{ types = \"*\", path = \"a\", kind = \"case\", of = \"b\", why = \"w\" }]",
            "`of` is for kind `derived` only",
        ),
        (
            "source = \"a/b\"\nnoise = [{ types = \"*\", path = \"a..b\", kind = \"case\", why = \"w\" }]",
            "`a..b` is no path such as",
        ),
        (
            "source = \"a/b\"\nnoise = [{ types = \"*\", path = \"a\", kind = \"luck\", why = \"w\" }]",
            "unknown variant `luck`, expected one of",
        ),
        (
            "source = \"a/b\"\nstate_only = [{ types = \"x\", undo = \"restore\", why = \" \" }]",
            "`x` has no `why`",
        ),
        (
            "source = \"a/b\"\nstate_only = [{ types = \"x\", undo = \"keep\", why = \"w\" }]",
            "unknown variant `keep`, expected `restore` or `run-again`",
        ),
        (
            "source = \"hashicorp/aws\"\nwithout_noise = [\"tags_all\", \"tag_all\"]",
            "no built-in rule about noise has the path `tag_all`",
        ),
    ];
    for (text, expected) in table {
        let problem = said(text).unwrap_err();
        assert!(problem.starts_with(expected), "{text}: {problem}");
    }
}

#[test]
fn the_kinds_are_listed_once_each_by_the_names_that_files_use() {
    for kind in NoiseKind::VARIANTS {
        let of = if *kind == NoiseKind::Derived { "of = \"b\", " } else { "" };
        let rule = format!(
            "{{ types = \"*\", path = \"a\", kind = \"{}\", {of}why = \"w\" }}",
            kind.name()
        );
        let file = said(&format!("source = \"a/b\"\nnoise = [{rule}]")).unwrap();
        assert_eq!(file.noise[0].kind, *kind);
        let readme = include_str!("../../providers/README.md");
        assert!(readme.contains(&format!("| `{}` |", kind.name())), "{}", kind.name());
    }
}
