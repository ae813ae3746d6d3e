//! Differences inside one object, said in lines of text.

use super::*;
use crate::codec::json;

/// Text of an attribute's change.
fn said(change: &AttributeChange) -> String {
    let word = |shown: &Shown| match shown {
        Shown::Absent => "-".to_owned(),
        Shown::Plain(value) => json::to_serde(value).to_string(),
        Shown::Sensitive(_) => "(sensitive)".to_owned(),
    };
    let (before, after) = (word(&change.before), word(&change.after));
    match &change.form {
        Form::Value => format!("{} {before} → {after}", change.path),
        Form::Order => format!("{} order", change.path),
        Form::Lines(lines) => {
            let line = |line: &Line| match line {
                Line::Kept(text) => format!(" {text}"),
                Line::Removed(text) => format!("-{text}"),
                Line::Added(text) => format!("+{text}"),
                Line::Skipped(many) => format!("…{many}"),
            };
            let lines: Vec<String> = lines.iter().map(line).collect();
            format!("{} {}", change.path, lines.join("|"))
        }
    }
}

pub(super) fn path(text: &str) -> Path {
    let step = |step: &str| match step.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Name(step.to_owned()),
    };
    Path(text.split('.').map(step).collect())
}

fn read(before: &str, after: &str, secrets: &[&str], marks: &[&str]) -> Found {
    let rules = |(_, path): (&Path, &Path), _: BothValues<'_>| {
        let by = || HiddenBy { rule: "derived".into(), why: "from tags".into() };
        (path.to_string() == "tags_all").then(by)
    };
    let secrets: Vec<Value> = secrets.iter().map(|text| Value::Text((*text).to_owned())).collect();
    let redactor = Redactor::default().with_values(&secrets);
    let marks: Vec<Path> = marks.iter().map(|text| path(text)).collect();
    let reader = Reader {
        redactor: &redactor,
        owner: "",
        marks: &marks,
        rules: &rules,
        insignificant: Insignificant::Hidden,
    };
    let (before, after) = (json::value(before).unwrap(), json::value(after).unwrap());
    reader.between(&Path::default(), Some(&before), Some(&after))
}

/// Differences that are shown, then those that are hidden with their rule.
fn all(found: &Found) -> Vec<String> {
    let hidden =
        found.hidden.iter().map(|hidden| format!("{}: {}", hidden.by.rule, said(&hidden.change)));
    found.changes.iter().map(said).chain(hidden).collect()
}

#[track_caller]
fn check(before: &str, after: &str, expected: &[&str]) {
    assert_eq!(all(&read(before, after, &[], &[])), expected);
}

/// A network rule as a state has it.
fn rule(protocol: &str, from: u16, to: u16, cidr: &str) -> String {
    format!(
        r#"{{"cidr_blocks":["{cidr}"],"description":"","from_port":{from},"ipv6_cidr_blocks":[],
        "prefix_list_ids":[],"protocol":"{protocol}","security_groups":[],"self":false,
        "to_port":{to}}}"#
    )
}

fn ingress(rules: &[String]) -> String {
    format!(r#"{{"ingress":[{}]}}"#, rules.join(","))
}

#[test]
fn one_changed_port_is_one_line_named_by_what_people_know_the_rule_by() {
    check(
        &ingress(&[rule("tcp", 443, 443, "0.0.0.0/0")]),
        &ingress(&[rule("tcp", 443, 8443, "0.0.0.0/0")]),
        &["ingress[tcp 443 0.0.0.0/0].to_port 443 → 8443"],
    );
    // In a set the changed element may stand elsewhere.
    check(
        &ingress(&[rule("tcp", 22, 22, "10.0.0.0/8"), rule("tcp", 443, 443, "0.0.0.0/0")]),
        &ingress(&[rule("tcp", 443, 8443, "0.0.0.0/0"), rule("tcp", 22, 22, "10.0.0.0/8")]),
        &["ingress[tcp 443 0.0.0.0/0].to_port 443 → 8443"],
    );
}

#[test]
fn an_element_that_comes_or_goes_is_one_line() {
    let (ssh, web) = (rule("tcp", 22, 22, "10.0.0.0/8"), rule("tcp", 443, 443, "0.0.0.0/0"));
    let found = read(&ingress(&[ssh.clone(), web.clone()]), &ingress(&[web]), &[], &[]);
    let [change] = found.changes.as_slice() else { panic!("{:?}", all(&found)) };
    assert_eq!(change.path.to_string(), "ingress[tcp 22 10.0.0.0/8]");
    assert_eq!(change.at, (Some(path("ingress.0")), None));
    assert_eq!((matches!(change.before, Shown::Plain(_)), &change.after), (true, &Shown::Absent));
    let none = read(r#"{"ingress":[]}"#, &ingress(&[ssh]), &[], &[]);
    assert_eq!(none.changes.len(), 1);
    assert_eq!(none.changes[0].path.to_string(), "ingress[tcp 22 10.0.0.0/8]");
}

#[test]
fn elements_are_named_by_name_and_paired_by_it() {
    check(
        r#"{"env":[{"name":"A","value":"1"},{"name":"B","value":"2"},{"name":"C","value":"3"}]}"#,
        r#"{"env":[{"name":"C","value":"3"},{"name":"A","value":"9"},{"name":"D","value":"2"}]}"#,
        &[
            r#"env[B] {"name":"B","value":"2"} → -"#,
            r#"env[A].value "1" → "9""#,
            r#"env[D] - → {"name":"D","value":"2"}"#,
        ],
    );
}

#[test]
fn elements_without_a_name_are_told_apart_by_what_differs_between_them() {
    check(
        r#"{"rule":[{"from":"a","port":1,"to":"x"},{"from":"a","port":2,"to":"x"}]}"#,
        r#"{"rule":[{"from":"a","port":1,"to":"y"},{"from":"a","port":2,"to":"x"}]}"#,
        &[r#"rule[port 1].to "x" → "y""#],
    );
    // Nothing tells these apart: then their positions do.
    check(
        r#"{"rule":[{"a":"x","b":1,"c":"z"},{"a":"x","b":2,"c":"z"}]}"#,
        r#"{"rule":[{"a":"x","b":3,"c":"z"},{"a":"x","b":2,"c":"z"}]}"#,
        &["rule[0].b 1 → 3"],
    );
    check(
        r#"{"versioning":[{"enabled":true}]}"#,
        r#"{"versioning":[{"enabled":false}]}"#,
        &["versioning[0].enabled true → false"],
    );
}

#[test]
fn plain_values_come_and_go_by_themselves() {
    check(
        r#"{"cidr_blocks":["10.0.0.0/16","10.2.0.0/16","10.4.0.0/16"]}"#,
        r#"{"cidr_blocks":["10.0.0.0/16","10.1.0.0/16","10.2.0.0/16"]}"#,
        &[
            r#"cidr_blocks[10.1.0.0/16] - → "10.1.0.0/16""#,
            r#"cidr_blocks[10.4.0.0/16] "10.4.0.0/16" → -"#,
        ],
    );
    check(r#"{"ports":[1,2,4]}"#, r#"{"ports":[1,3,4]}"#, &["ports[1] 2 → 3"]);
    check(r#"{"ports":[80]}"#, r#"{"ports":[80,443]}"#, &["ports[1] - → 443"]);
    check(r#"{"l":["a",null]}"#, r#"{"l":["a"]}"#, &["l[1] null → -"]);
}

#[test]
fn an_insert_in_the_middle_of_a_long_list_is_one_line() {
    let list = |skip: usize| {
        let words: Vec<String> =
            (0..500).filter(|i| *i != skip).map(|i| format!(r#""line {i}""#)).collect();
        format!(r#"{{"lines":[{}]}}"#, words.join(","))
    };
    check(&list(250), &list(999), &[r#"lines[line 250] - → "line 250""#]);
}

#[test]
fn another_order_is_one_line() {
    check(r#"{"a":["x","y","z"]}"#, r#"{"a":["z","x","y"]}"#, &["a order"]);
    check(r#"{"a":[{"k":1},{"k":2}]}"#, r#"{"a":[{"k":2},{"k":1}]}"#, &["a order"]);
    check(
        r#"{"a":[{"name":"x","v":1},{"name":"y","v":2.0}]}"#,
        r#"{"a":[{"name":"y","v":2},{"name":"x","v":1}]}"#,
        &["a order"],
    );
}

#[test]
fn text_that_holds_json_is_compared_as_json() {
    let policy = |action: &str, space: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17",{space}"Statement":[{{"Sid":"AllowRead","Action":"{action}",
            "Effect":"Allow"}},{{"Sid":"AllowList","Action":"s3:List*","Effect":"Allow"}}]}}"#
        );
        json::to_serde(&Value::Map([("policy".to_owned(), Value::Text(text))].into())).to_string()
    };
    check(
        &policy("s3:GetObject", ""),
        &policy("s3:*", "  "),
        &[r#"policy.Statement[AllowRead].Action "s3:GetObject" → "s3:*""#],
    );
    let written = read(&policy("s3:*", ""), &policy("s3:*", "  "), &[], &[]);
    assert_eq!(written.changes, []);
    assert_eq!(written.hidden[0].by.rule, "json-text");
    check(r#"{"p":"{\"a\":null}"}"#, r#"{"p":"{}"}"#, &["empty: p.a - → -"]);
    check(r#"{"p":"{\"a\":\"\"}"}"#, r#"{"p":"{}"}"#, &[r#"p.a "" → -"#]);
    check(r#"{"p":"{not json"}"#, r#"{"p":"{}"}"#, &[r#"p "{not json" → "{}""#]);
}

#[test]
fn many_lines_are_compared_line_by_line() {
    let text = |changed: &str| {
        let lines: Vec<String> = (1..=9).map(|line| format!("line {line}")).collect();
        let text = lines.join("\n").replace("line 5", changed);
        json::to_serde(&Value::Map([("user_data".to_owned(), Value::Text(text))].into()))
            .to_string()
    };
    check(
        &text("line 5"),
        &text("five"),
        &["user_data …2| line 3| line 4|-line 5|+five| line 6| line 7|…2"],
    );
    check(r#"{"a":"x"}"#, r#"{"a":"x\n"}"#, &[r#"a "x" → "x\n""#]);
    check(r#"{"a":"x\ny"}"#, r#"{"a":"x\ny\n"}"#, &["a  x| y|+"]);
}

#[test]
fn thousands_of_other_lines_are_said_without_being_aligned() {
    let text =
        |word: &str| (0..5_000).map(|i| format!("{word} {i}")).collect::<Vec<_>>().join("\n");
    let found = text::lines(&text("a"), &text("b"));
    assert_eq!(found.len(), 10_000);
}

#[test]
fn null_against_empty_is_hidden_and_counted() {
    check(
        r#"{"a":null,"b":[],"d":"","tags":{"x":null}}"#,
        r#"{"a":"","c":{},"tags":{"x":""}}"#,
        &[
            r#"empty: a - → """#,
            "empty: b [] → -",
            "empty: c - → {}",
            r#"empty: d "" → -"#,
            r#"empty: tags.x - → """#,
        ],
    );
    // A tag that comes is not insignificant, even without a value; nor is false or zero.
    check(r#"{"tags":{}}"#, r#"{"tags":{"owned":""}}"#, &[r#"tags.owned - → """#]);
    check(r#"{"a":null}"#, r#"{"a":0,"b":false}"#, &["a - → 0", "b - → false"]);
}

#[test]
fn a_rule_hides_with_its_name() {
    check(
        r#"{"tags":{"a":"1"},"tags_all":{"a":"1"}}"#,
        r#"{"tags":{"a":"2"},"tags_all":{"a":"2"}}"#,
        &[r#"tags.a "1" → "2""#, r#"derived: tags_all {"a":"1"} → {"a":"2"}"#],
    );
}

#[test]
fn what_only_one_side_has_is_said_attribute_by_attribute() {
    let redactor = Redactor::default();
    let reader = Reader {
        redactor: &redactor,
        owner: "",
        marks: &[path("block.0.marked")],
        rules: &|_, _| None,
        insignificant: Insignificant::Hidden,
    };
    let value = r#"{"block":[{"a":1,"marked":2}],"list":[],"n":null,"tags":{"x":"1","y":"2"}}"#;
    let found = reader.whole(Side::After, &json::value(value).unwrap());
    assert_eq!(
        all(&found),
        [
            "block[0].a - → 1",
            "block[0].marked - → (sensitive)",
            r#"tags - → {"x":"1","y":"2"}"#,
            "empty: list - → []",
        ]
    );
    let gone = reader.whole(Side::Before, &json::value(value).unwrap());
    assert_eq!(all(&gone)[0], "block[0].a 1 → -");
}

#[test]
fn elements_that_are_only_written_differently_are_the_same() {
    check(r#"{"b":[{"a":1,"n":null}]}"#, r#"{"b":[{"a":1.0}]}"#, &[]);
    check(
        r#"{"b":[{"a":1e3,"n":null},{"a":2}],"l":[1,2]}"#,
        r#"{"b":[{"a":5},{"a":1000},{"a":2.0}],"l":[1.0]}"#,
        &[r#"b[a 5] - → {"a":5}"#, "l[1] 2 → -"],
    );
}

#[test]
fn a_place_by_position_is_named_as_the_nearest_differences() {
    let found = read(
        r#"{"b":[{"name":"x","cidrs":["p","q"],"v":1},{"name":"y","v":2}],"l":["p","q"]}"#,
        r#"{"b":[{"name":"y","v":3},{"name":"x","cidrs":["q"],"v":1}],"l":["q"]}"#,
        &[],
        &[],
    );
    let names = |place: &str| -> Vec<String> {
        named(&found.changes, [&path(place)]).iter().map(ToString::to_string).collect()
    };
    assert_eq!(names("b.0.v"), ["b[y].v"]);
    assert_eq!(names("b.0.cidrs.1"), ["b[x].cidrs[p]"], "the elements of the inner list");
    assert_eq!(names("b.1.name"), ["b[x].cidrs[p]", "b[y].v"]);
    assert_eq!(names("l.1"), ["l[p]"]);
    assert_eq!(names("elsewhere.3"), ["elsewhere[3]"]);
    assert_eq!(names("elsewhere"), ["elsewhere"]);
}

/// Everything that a difference says, in one text.
fn everything(found: &Found) -> String {
    format!("{} {found:?}", all(found).join("\n"))
}

#[test]
fn no_line_label_or_name_holds_a_secret() {
    let both = [
        // Elements, labels, plain elements, and a mark that only fits the first side's position.
        (
            r#"{"e":[{"name":"hunter22","v":1},{"name":"b","v":1}]}"#,
            r#"{"e":[{"name":"b","v":1},{"name":"hunter22","v":2}]}"#,
        ),
        (r#"{"e":["hunter22","b"]}"#, r#"{"e":["b"]}"#),
        (
            r#"{"e":[{"a":"x","pin":"marked-1"},{"a":"y","pin":"z"}]}"#,
            r#"{"e":[{"a":"y","pin":"z"},{"a":"x","pin":"marked-2"}]}"#,
        ),
        // JSON in a text: by value, by name, in a name; one side only.
        (r#"{"p":"{\"a\":\"hunter22\",\"b\":1}"}"#, r#"{"p":"{\"a\":\"hunter22\",\"b\":2}"}"#),
        (r#"{"p":"{\"password\":\"marked-1\"}"}"#, r#"{"p":"{\"password\":\"marked-2\"}"}"#),
        (r#"{"p":"{\"password\":\"marked-1\"}"}"#, r#"{"p":"x"}"#),
        (r#"{"p":null}"#, r#"{"p":"[{\"password\":\"marked-1\"}]"}"#),
        (r#"{"l":[{"p":"{\"password\":\"marked-1\"}"}]}"#, r#"{"l":[]}"#),
        (r#"{"m":{"x":1,"y":[1]}}"#, r#"{"m":{"hunter22":{"z":1},"y":[1]}}"#),
        (r#"{"m":null}"#, r#"{"m":{"y":{"hunter22":1}}}"#),
        (r#"{"l":[]}"#, r#"{"l":[{"hunter22":1,"x":"[1]"}]}"#),
        (r#"{"p":"{}"}"#, r#"{"p":"{\"hunter22\":1}"}"#),
        // Many lines, of which one is secret, or which are secret on one side.
        (r#"{"t":"a\nhunter22\nb"}"#, r#"{"t":"a\nhunter22\nc"}"#),
        (r#"{"t":"a\nb"}"#, r#"{"t":"a\nx hunter22"}"#),
        (r#"{"e":[{"a":"x","pin":"p\nmarked-1"}]}"#, r#"{"e":[{"a":"x","pin":"p\nmarked-2"}]}"#),
        // What is marked as a whole is not looked into.
        (r#"{"whole":{"marked-1":1}}"#, r#"{"whole":{"marked-2":1}}"#),
        (r#"{"whole":["marked-1"]}"#, r#"{"whole":["marked-2"]}"#),
        (r#"{"whole":"marked-1\nx"}"#, r#"{"whole":""}"#),
        (r#"{"whole":null}"#, r#"{"whole":{"marked-1":1}}"#),
    ];
    for (before, after) in both {
        for (before, after) in [(before, after), (after, before)] {
            let found = read(before, after, &["hunter22"], &["whole", "e.0.pin"]);
            let text = everything(&found);
            assert!(!text.contains("hunter22") && !text.contains("marked-"), "{before}: {text}");
            assert!(!found.changes.is_empty(), "{before}");
        }
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |inner: &str| format!(r#"{{"a":{}{inner}{}}}"#, "[".repeat(900), "]".repeat(900));
    let found = read(&nested("1"), &nested("2"), &[], &[]);
    assert_eq!(found.changes.len(), 1);
    let list = |from: usize| {
        let items: Vec<String> =
            (from..from + 2_000).map(|i| format!(r#"{{"a":{i},"b":"x"}}"#)).collect();
        format!(r#"{{"l":[{}]}}"#, items.join(","))
    };
    let found = read(&list(0), &list(5_000), &[], &[]);
    assert_eq!(found.changes.len(), 2_000, "by position");
}
