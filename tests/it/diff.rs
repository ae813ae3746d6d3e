//! The screens of `diff` on states that have everything: what changed, as a person would say it.

use crate::support::stage::{Ran, Stage};

/// One resource with one instance: module, type and name, members of the instance, attributes.
fn resource(address: &str, instance: &str, attributes: &serde_json::Value) -> String {
    let (mode, address) = match address.strip_prefix("data.") {
        Some(address) => ("data", address),
        None => ("managed", address),
    };
    let (module, address) = match address.strip_prefix("module.") {
        Some(rest) => {
            let (module, address) = rest.split_once('.').unwrap();
            (format!(r#""module":"module.{module}","#), address)
        }
        None => (String::new(), address),
    };
    let (kind, name) = address.split_once('.').unwrap();
    let name = serde_json::Value::from(name);
    format!(
        r#"{{{module}"mode":"{mode}","type":"{kind}","name":{name},
        "provider":"provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances":[{{{instance}"schema_version":1,"attributes":{attributes}}}]}}"#
    )
}

fn state(outputs: &str, resources: &[String]) -> String {
    format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":1,
        "lineage":"3f0c2b1e-0000-4000-8000-000000000000",
        "outputs":{outputs},"resources":[{}],"check_results":null}}"#,
        resources.join(",")
    )
}

macro_rules! json {
    ($($text:tt)*) => { serde_json::json!($($text)*) };
}

fn rule(from: u16, to: u16, cidr: &str) -> serde_json::Value {
    json!({"cidr_blocks": [cidr], "description": "", "from_port": from, "ipv6_cidr_blocks": [],
        "prefix_list_ids": [], "protocol": "tcp", "security_groups": [], "self": false,
        "to_port": to})
}

fn policy(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowRead", "Effect": "Allow", "Action": action, "Resource": "*"},
        {"Sid": "AllowList", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]})
    .to_string()
}

fn user_data(port: u16) -> String {
    let mut lines: Vec<String> = (1..=12).map(|line| format!("step {line}")).collect();
    lines.insert(6, format!("listen {port}"));
    format!("#!/bin/sh\n{}\n", lines.join("\n"))
}

/// The good state.
fn before() -> String {
    let subnet = |letter: &str| format!("subnet-0{letter}1f2a3b4c");
    state(
        r#"{"urls":{"value":{"api":"https://a","web":"https://w"},"type":["map","string"]},
            "old":{"value":"x","type":"string"}}"#,
        &[
            resource(
                "aws_security_group.web",
                "",
                &json!({"id": "sg-0123456789", "tags": null,
                "ingress": [rule(22, 22, "10.0.0.0/8"), rule(443, 443, "0.0.0.0/0")]}),
            ),
            resource(
                "aws_iam_policy.app",
                "",
                &json!({"id": "arn:aws:iam::123456789012:policy/app",
                "policy": policy("s3:GetObject")}),
            ),
            resource(
                "aws_instance.app",
                "",
                &json!({"id": "i-0aaaaaaa11111111", "subnet_id": subnet("a"),
                "user_data": user_data(443), "security_groups": ["sg-0123456789"],
                "cpu": {"cores": 2}, "tags": {"Name": "app", "team": "shop"}}),
            ),
            resource("aws_subnet.a", "", &json!({"id": subnet("a"), "cidr_block": "10.0.0.0/24"})),
            resource("aws_subnet.b", "", &json!({"id": subnet("b"), "cidr_block": "10.0.1.0/24"})),
            resource(
                "aws_db_instance.main",
                "",
                &json!({"id": "db-0aaaaaaaa1", "password": "hunter2-secret",
                "engine_version": "15.3"}),
            ),
            resource("aws_lb.edge", "", &json!({"id": "lb-0aaaaaaa1", "name": "edge"})),
            resource("aws_eip.old", "", &json!({"id": "eipalloc-0a1b2c3d", "domain": "vpc"})),
            resource(
                "aws_route53_record.www",
                "",
                &json!({"id": "Z1_www_A_0001", "ttl": 300,
                "records": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}),
            ),
            resource("data.aws_ami.linux", "", &json!({"id": "ami-0000000000000001"})),
        ],
    )
}

/// A resource with a left-over of an unfinished replacement.
fn with_left_over(resource: &str, attributes: &serde_json::Value) -> String {
    let left_over =
        format!(r#",{{"deposed":"0badcafe","schema_version":1,"attributes":{attributes}}}]}}"#);
    resource.strip_suffix("]}").unwrap().to_owned() + &left_over
}

/// The present state.
fn after() -> String {
    let subnet = |letter: &str| format!("subnet-0{letter}1f2a3b4c");
    state(
        r#"{"urls":{"value":{"api":"https://a2","web":"https://w"},"type":["map","string"]},
            "new":{"value":["x"],"type":["list","string"]}}"#,
        &[
            resource(
                "aws_security_group.web",
                "",
                &json!({"id": "sg-0123456789", "tags": {},
                "ingress": [rule(443, 8443, "0.0.0.0/0"), rule(9100, 9100, "10.0.0.0/8")]}),
            ),
            resource(
                "aws_iam_policy.app",
                "",
                &json!({"id": "arn:aws:iam::123456789012:policy/app",
                "policy": policy("s3:*").replace("\":", "\": ")}),
            ),
            with_left_over(
                &resource(
                    "aws_instance.app",
                    "",
                    &json!({"id": "i-0bbbbbbb22222222", "subnet_id": subnet("b"),
                        "user_data": user_data(8443), "cpu": {"cores": 4}, "tags": {"Name": "app"},
                        "security_groups": ["sg-0123456789", "sg-0987654321"]}),
                ),
                &json!({"id": "i-0aaaaaaa11111111", "subnet_id": subnet("a")}),
            ),
            resource("aws_subnet.a", "", &json!({"id": subnet("a"), "cidr_block": "10.0.0.0/24"})),
            resource(
                "aws_subnet.b",
                "",
                &json!({"id": subnet("b"), "cidr_block": "10.0.1.0/24",
                "description": ""}),
            ),
            resource(
                "aws_db_instance.main",
                "",
                &json!({"id": "db-0aaaaaaaa1", "password": "hunter3-secret",
                "engine_version": "15.4"}),
            ),
            resource("module.edge.aws_lb.this", "", &json!({"id": "lb-0aaaaaaa1", "name": "edge"})),
            resource(
                "aws_eip.new",
                r#""status":"tainted","#,
                &json!({"id": "eipalloc-0c1d2e3f",
                "domain": "vpc", "tags": {"Name": "new", "team": "shop"}, "address": null}),
            ),
            resource(
                "aws_route53_record.www",
                "",
                &json!({"id": "Z1_www_A_0001", "ttl": 300,
                "records": ["10.0.0.3", "10.0.0.1", "10.0.0.2"]}),
            ),
            resource("data.aws_ami.linux", "", &json!({"id": "ami-0000000000000002"})),
        ],
    )
}

fn diff(before: &str, after: &str, flags: &[&str]) -> Ran {
    let stage = Stage::empty();
    stage.write("before.tfstate", before);
    stage.write("after.tfstate", after);
    let arguments = [&["diff", "./before.tfstate.../after.tfstate"], flags].concat();
    stage.unapply(&arguments).expect(0)
}

#[test]
fn a_rich_diff_reads_as_a_person_would_say_it() {
    insta::assert_snapshot!("screen", diff(&before(), &after(), &[]).screen());
    insta::assert_snapshot!("hidden", diff(&before(), &after(), &["--show-hidden"]).screen());
    insta::assert_snapshot!("markdown", diff(&before(), &after(), &["-o", "md"]).screen());
    insta::assert_snapshot!("json", diff(&before(), &after(), &["--json"]).screen());
}

#[test]
fn a_state_against_itself_says_that_nothing_differs() {
    for flags in [&[][..], &["-o", "md"], &["--show-hidden"]] {
        diff(&before(), &before(), flags).says("Nothing differs.");
    }
    let same = diff(&before(), &before(), &["--json", "--show-hidden"]).json();
    for empty in ["changes", "data", "quiet", "outputs", "outputs_hidden"] {
        assert_eq!(same[empty], json!([]), "{empty}");
    }
}

#[test]
fn only_diff_is_printed_as_markdown() {
    let stage = Stage::empty();
    for verb in [&["status"][..], &["history"], &["revert"], &["drift"], &["show", "1"]] {
        let refused = stage.unapply(&[verb, &["-o", "md"]].concat());
        assert_eq!(refused.code, 64, "{verb:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
}

/// Names and values that want to be something else to a terminal, to Markdown, to HTML.
const HOSTILE: [&str; 12] = [
    "\u{1b}[2J",
    "\u{1b}]8;;http://evil\u{7}x",
    "\u{1b}]52;c;aGk=\u{7}",
    "a\u{202e}b",
    "\u{9b}31m",
    "nul\u{0}",
    "zero\u{200b}width",
    "-destroy",
    "line\n\n# heading `${x}` \"q\"",
    "</code></summary></details><script>alert(1)</script><img src=x onerror=y>",
    "```\n@everyone #1 ![x](http://evil)",
    "=HYPERLINK(\"http://evil\")",
];

#[test]
fn hostile_names_and_values_stay_text_on_every_screen() {
    let many = |value: &str| {
        let resources = HOSTILE.iter().map(|text| {
            let mut attributes = json!({"id": format!("id-{text}"), "value": format!("{value}{text}"),
                "list": [text], "lines": format!("a\n{value}\n{text}")});
            attributes[text] = value.into();
            resource("aws_x.a", "", &attributes)
        });
        let numbered = resources
            .enumerate()
            .map(|(index, text)| text.replace(r#""name":"a""#, &format!(r#""name":"a{index}""#)));
        let resources: Vec<String> = numbered.collect();
        let outputs: serde_json::Map<String, serde_json::Value> = HOSTILE
            .iter()
            .map(|text| ((*text).to_owned(), json!({"value": value, "type": "string"})))
            .collect();
        state(&serde_json::Value::Object(outputs).to_string(), &resources)
    };
    for flags in [&[][..], &["-o", "md"], &["--show-hidden", "-o", "md"]] {
        let text = diff(&many("one"), &many("two"), flags).stdout;
        let is_active = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
        assert!(!text.contains(is_active), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("# ")), "{text}");
        if flags.contains(&"md") {
            only_our_tags(&text);
        }
    }
}

/// Outside of blocks of code there is no tag but ours, and nothing from outside but in code.
fn only_our_tags(text: &str) {
    let spans = regex::Regex::new("`+.*`+").unwrap();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && line == format!("{ticks}diff") => fence = Some(ticks),
            None => {
                let plain = spans.replace_all(line, "");
                let ours =
                    ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"];
                let rest = ours.iter().fold(plain.into_owned(), |rest, tag| rest.replace(tag, ""));
                assert!(!rest.contains(['<', '>']), "{line}");
                let is_html = line.starts_with("<details>");
                assert!(is_html || !rest.contains("@everyone"), "{line}");
            }
        }
    }
    assert_eq!(fence, None, "a block that is not closed");
}

#[test]
fn a_comment_is_never_longer_than_it_may_be_and_names_what_is_gone_first() {
    let many = |value: usize, from: usize, to: usize| {
        let resources: Vec<String> = (from..to)
            .map(|index| {
                let attributes: serde_json::Map<String, serde_json::Value> = (0..20)
                    .map(|name| (format!("attribute_{name}"), format!("{value} {index}").into()))
                    .chain([("id".to_owned(), format!("id-{index}").into())])
                    .collect();
                resource(&format!("aws_x.n{index}"), "", &attributes.into())
            })
            .collect();
        state("{}", &resources)
    };
    let text = diff(&many(1, 0, 600), &many(2, 100, 700), &["-o", "md"]).stdout;
    let length = text.encode_utf16().count();
    assert!((60_000..=65_536).contains(&length), "{length}");
    for index in 0..700 {
        assert!(text.contains(&format!("aws_x.n{index}")), "{index} is named");
    }
    let first = text.find("### Removed").unwrap();
    assert!(first < text.find("### Changed").unwrap());
    assert!(text.contains("without details"));
    assert_eq!(text, diff(&many(1, 0, 600), &many(2, 100, 700), &["-o", "md"]).stdout);
    let more = diff(&many(1, 0, 100), &many(2, 100, 6_000), &["-o", "md"]).stdout;
    assert!(more.encode_utf16().count() <= 65_536);
    assert!(more.contains("of “Added” left out") && more.contains("aws_x.n99"), "{more:.300}");
}

#[test]
fn no_secret_is_in_a_comment_or_a_screen() {
    for flags in [&[][..], &["-o", "md"], &["--json", "--show-hidden"]] {
        let text = diff(&before(), &after(), flags).stdout;
        assert!(!text.contains("hunter"), "{text}");
    }
}

const CONFIGURATION: &str = r#"
variable "size" {
  default = 1
}

resource "demo_file" "a" {
  path    = "a.txt"
  content = "one"
  secret  = "hunter2-first"
}
"#;

#[test]
fn configurations_are_compared_line_by_line_without_what_is_secret() {
    let stage = Stage::good(CONFIGURATION);
    stage.configure(&CONFIGURATION.replace("one", "two").replace("-first", "-second"));
    stage.write("more.auto.tfvars", "size = 2\n");
    let summary = "configuration: 2 files (+3 -2) · unapply diff --only config";
    stage.unapply(&["diff"]).expect(0).says(summary);
    let only = stage.unapply(&["diff", "--only", "config"]).expect(0);
    let only = only
        .says("The configurations differ.")
        .says("~ main.tf   +2 -2")
        .says("-  content = \"one\"")
        .says("+  content = \"two\"")
        .says("-  secret  = (sensitive)")
        .says("+ more.auto.tfvars   +1 -0")
        .says("(a file of values may hold secrets)");
    assert!(!only.screen().contains("hunter2"));
    let json = stage.unapply(&["diff", "--only", "config", "--json"]).expect(0).json();
    assert_eq!(json["configuration"]["files"][0]["path"], "main.tf");
    assert_eq!(json["configuration"]["files"][1]["withheld"], "a file of values may hold secrets");
    let markdown = stage.unapply(&["diff", "--only", "config", "-o", "md"]).expect(0);
    let markdown = markdown.says("### Configuration").says("<code>~ main.tf   +2 -2</code>");
    assert!(!markdown.screen().contains("hunter2"));
    stage.unapply(&["diff", "--only", "config", "--detailed-exitcode"]).expect(2);
    stage.unapply(&["diff", "--only", "providers", "--detailed-exitcode"]).expect(0);
    stage
        .unapply(&["diff", "good..good", "--only", "config", "--detailed-exitcode"])
        .expect(0)
        .says("The configurations do not differ.");
}

#[test]
fn a_state_file_has_no_configuration_to_compare() {
    let stage = Stage::empty();
    stage.write("a.tfstate", &before());
    let newer =
        after().replace("\"terraform_version\":\"1.11.4\"", "\"terraform_version\":\"1.12.0\"");
    stage.write("b.tfstate", &newer);
    let files = "./a.tfstate.../b.tfstate";
    stage
        .unapply(&["diff", files, "--only", "config"])
        .expect(64)
        .says("a state file has no configuration");
    stage.unapply(&["diff", files]).expect(0).says("configuration: engine 1.11.4 → 1.12.0");
    stage
        .unapply(&["diff", files, "--only", "providers", "--detailed-exitcode"])
        .expect(2)
        .says("~ engine   1.11.4 → 1.12.0");
}
