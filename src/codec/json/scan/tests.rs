//! Text that would overflow a reader, can be read in two ways, or is no JSON is found.

use super::*;

#[test]
fn depth_is_refused_by_name_and_never_overflows() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(check(&nested(DEPTH_MAX)).is_ok());
    assert!(matches!(check(&nested(DEPTH_MAX + 1)), Err(Error::TooDeep)));
    assert!(matches!(check(&nested(20_000)), Err(Error::TooDeep)));
    assert!(matches!(check(&"{\"a\":".repeat(20_000)), Err(Error::TooDeep)));
    assert!(check(&format!("\"{}\"", "[".repeat(5_000))).is_ok());
    assert!(check(&"[],".repeat(5_000)).is_ok());
}

#[test]
fn a_name_that_occurs_twice_in_one_object_is_found_at_any_level() {
    for (text, at) in [
        (r#"{"a":1,"a":2}"#, 8),
        (r#"{"b":1,"a":2,"b":3}"#, 14),
        (r#"[{"x":{"a":1,"\u0061":2}}]"#, 14),
        (r#"{"z":[{"k" : 1, "k" : 2}],"z":1}"#, 17),
    ] {
        assert!(matches!(check(text), Err(Error::Twice { offset }) if offset == at), "{text}");
    }
    for text in [
        r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#,
        r#"{"c":1,"b":2,"a":3}"#,
        r#"["a","a"]"#,
        r#"{"a":"a","A":"a"}"#,
        r#"{"a":"\"a\":1, \"a\":2"}"#,
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
}

#[test]
fn half_a_character_is_found_and_a_whole_one_is_not() {
    for text in [
        r#""\ud800""#,
        r#""\ud800\u0041""#,
        r#""\udc00""#,
        r#""x\\\uD83Dx""#,
        r#"{"\uDFFF":1}"#,
        r#""\ud83d\ud83d\ude00""#,
    ] {
        assert!(matches!(check(text), Err(Error::HalfCharacter { .. })), "{text}");
    }
    for text in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\u0041\"""#, r#""\ud7ff\ue000""#] {
        assert!(check(text).is_ok(), "{text}");
    }
}

#[test]
fn an_object_cannot_pass_for_a_number() {
    for text in [
        r#"{"$serde_json::private::Number":"1"}"#,
        r#"[{"\u0024serde_json::private::RawValue":"1"}]"#,
    ] {
        assert!(matches!(check(text), Err(Error::Reserved { .. })), "{text}");
    }
    assert!(check(r#"["$serde_json::private::Number"]"#).is_ok());
}

fn is_json(text: &str) -> bool {
    scan(text, &mut ()).unwrap().is_json
}

#[test]
fn what_is_json_is_told_from_what_is_not() {
    let json = r#"{"a":[1,-0.5e+7,0,"\"\\\/\b\u00e9",{},[]],"b":{"c":null},"d":true,"e":false}"#;
    for text in [json, "1", " \"x\"\n", "[[[]]]", "[\n \t\r1]"] {
        assert!(is_json(text), "{text}");
    }
    for text in [
        "",
        "1 2",
        "{}x",
        "01",
        "1.",
        "-",
        "1e",
        ".5",
        "+1",
        "tru",
        "nullx",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\"::1}",
        "{1:2}",
        "[\"a\":1]",
        "[1}",
        "{]",
        "[",
        "]",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a\tb\"",
        "\"a\n b\"",
        "\u{feff}1",
        "[1 2]",
        "[1:2]",
        "\"a\"\"b\"",
        "{\"a\":}",
    ] {
        assert!(!is_json(text), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_json_is_what_serde_json_reads(parts in proptest::collection::vec(
        proptest::sample::select(&[
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\":", "1", "-", "0.5", "e7", "null", "true", " ", "\n  ",
            "\"", "\\", "\\n", "\\u00e9", "é", "\u{1}", "xxxxxxxxx", "[1,2]", "{\"a\":{}}",
        ][..]), 0..9,
    )) {
        let text = parts.concat();
        if let Ok(scanned) = scan(&text, &mut ()) {
            let read = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            proptest::prop_assert_eq!(scanned.is_json, read.is_ok(), "{}", text);
        }
    }
}

#[test]
fn text_that_is_no_json_is_passed_over_without_a_panic() {
    for text in ["", "\"", "\"\\", "\"\\u", "\"\\ud8", "}}}}", "{\"a\":", "\"\\ué\"", "\\"] {
        assert!(check(text).is_ok(), "{text}");
    }
}
