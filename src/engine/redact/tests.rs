//! Values that a redactor hides and shows; encodings are tested in a file of their own.

use super::*;
use crate::codec::state;
use crate::model::state::StateBytes;

const STATE: &str = r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l",
  "outputs":{"o":{"value":{"k":"output-secret"},"type":"string","sensitive":true}},
  "resources":[{"mode":"managed","type":"terraform_data","name":"a",
  "provider":"provider[\"terraform.io/builtin/terraform\"]","instances":[{"attributes":
    {"id":"1","input":{"value":{"pw":"hunter22","n":1234567},"type":"string"},
     "output":{"value":{"pw":"hunter22"},"type":"string"}},
  "sensitive_attributes":[[{"type":"get_attr","value":"input"}]]}]}]}"#;

fn redactor() -> Redactor {
    let bytes = StateBytes::new(STATE.as_bytes().to_vec());
    Redactor::default().with_state(&state::parse(&bytes).unwrap())
}

fn path(names: &[&str]) -> Path {
    Path(names.iter().map(|name| Step::Name((*name).to_owned())).collect())
}

fn learnt(secrets: &[&str]) -> Redactor {
    let secrets: Vec<Value> =
        secrets.iter().map(|secret| Value::Text((*secret).to_owned())).collect();
    Redactor::default().with_values(&secrets)
}

#[test]
fn a_marked_value_is_hidden_wherever_else_it_occurs() {
    let redactor = redactor();
    let text = |text: &str| Value::Text(text.to_owned());
    for hidden in ["hunter22", "x=hunter22;", "output-secret"] {
        let shown = redactor.show(&path(&["output", "value"]), Some(&text(hidden)), &[]);
        assert_eq!(shown, Shown::Sensitive(None), "{hidden}");
    }
    let number = json::value("1234567").unwrap();
    assert_eq!(redactor.show(&path(&["port"]), Some(&number), &[]), Shown::Sensitive(None));
    let plain = text("hunter");
    assert_eq!(redactor.show(&path(&["a"]), Some(&plain), &[]), Shown::Plain(plain.clone()));
    assert_eq!(redactor.text("error: hunter22 is wrong"), "error: (sensitive) is wrong");
}

#[test]
fn paths_and_names_hide_whatever_the_value_is() {
    let redactor = Redactor::default();
    let marks = [path(&["input", "flag"])];
    let yes = Value::Bool(true);
    for marked in [&["input", "value", "flag"][..], &["input", "flag", "x"]] {
        assert_eq!(redactor.show(&path(marked), Some(&yes), &marks), Shown::Sensitive(None));
    }
    let word = Value::Text("x".to_owned());
    for named in [&["db_password"][..], &["credentials", "user"], &["secrets", "a", "b"]] {
        assert_eq!(redactor.show(&path(named), Some(&word), &marks), Shown::Sensitive(None));
    }
    assert_eq!(redactor.show(&path(&["secret"]), None, &marks), Shown::Absent);
}

#[test]
fn a_composite_with_a_secret_inside_is_hidden_as_a_whole() {
    let value = json::value(r#"{"a":[{"token":"x"}]}"#).unwrap();
    let shown = Redactor::default().show(&path(&["block"]), Some(&value), &[]);
    assert_eq!(shown, Shown::Sensitive(None));
}

#[test]
fn values_that_overlap_leave_no_piece_of_either() {
    let redactor = learnt(&["abcdefgh", "efghijkl", "cdefgh", "kl-é-mn"]);
    for (text, expected) in [
        ("x abcdefghijkl y", "x (sensitive) y"),
        ("abcdefghijkl-é-mno", "(sensitive)o"),
        ("abcdefgh efghijkl", "(sensitive) (sensitive)"),
        ("abcdefg", "abcdefg"),
        ("", ""),
    ] {
        assert_eq!(redactor.text(text), expected);
    }
}

#[test]
fn long_values_with_one_beginning_are_told_apart_and_found_whole() {
    let key = |end: &str| format!("-----BEGIN PRIVATE KEY-----{end}");
    let redactor = learnt(&[&*key("aaa"), &*key("aaabbb")]);
    for (text, expected) in [
        (key("aaabbbc"), "(sensitive)c".to_owned()),
        (key("aaac"), "(sensitive)c".to_owned()),
        (key("bbb"), key("bbb")),
        (format!("éé {} é", key("aaa")), "éé (sensitive) é".to_owned()),
    ] {
        assert_eq!(redactor.text(&text), expected);
    }
    // An anchor never ends inside of a character.
    let wide = learnt(&["aaaaaaaaaaaaaaaé-rest"]);
    assert_eq!(wide.text("x aaaaaaaaaaaaaaaé-rest"), "x (sensitive)");
    assert_eq!(wide.text("aaaaaaaaaaaaaaaé"), "aaaaaaaaaaaaaaaé");
}

#[test]
fn a_value_is_found_as_json_quotes_it_and_line_by_line() {
    let redactor = learnt(&["first \"line\"\n  second line\n1"]);
    for text in ["first \"line\"", r#"first \"line\""#, "at: second line"] {
        let shown = redactor.text(text);
        assert!(shown.contains(HIDDEN), "{shown}");
        let value = Value::Text(text.to_owned());
        assert_eq!(redactor.show(&path(&["a"]), Some(&value), &[]), Shown::Sensitive(None));
    }
    assert_eq!(redactor.text("1"), "1", "a short line is no secret of its own");
}

#[test]
fn what_is_learnt_later_is_hidden_too_and_debug_shows_nothing() {
    let first = learnt(&["hunter22"]);
    assert_eq!(first.text("hunter22 hunter33"), "(sensitive) hunter33");
    assert_eq!(first.text("hunter33"), "hunter33", "and it is kept in mind");
    let second = first.clone().with_values(&[Value::Text("hunter33".to_owned())]);
    assert_eq!(second.text("hunter22 hunter33"), "(sensitive) (sensitive)");
    assert_eq!(first.text("hunter33"), "hunter33");
    assert_eq!(format!("{second:?}"), "Redactor(2 values)");
}

mod encodings;
mod source;

#[test]
fn a_switch_or_a_small_number_under_a_secret_name_is_shown_and_a_marked_one_is_not() {
    let redactor = Redactor::default();
    let number = |text: &str| json::value(text).unwrap();
    for (at, value, is_hidden) in [
        (&["manage_master_user_password"][..], Value::Bool(true), false),
        (&["password_reuse_prevention"], number("24"), false),
        (&["minimum_password_length"], number("1234567"), false),
        (&["password"], number("1234"), true),
        (&["master_secret_code"], number("123456"), true),
        (&["secret", "kms_key_id"], Value::Text("k".to_owned()), false),
    ] {
        let shown = redactor.show(&path(at), Some(&value), &[]);
        assert_eq!(shown.is_sensitive(), is_hidden, "{at:?}");
        assert!(redactor.show(&path(at), Some(&value), &[path(&at[..1])]).is_sensitive());
    }
}

#[test]
fn names_inside_of_json_texts_and_of_named_values_count_too() {
    let attributes = json::value(
        r#"{"env":[{"name":"DB_PASSWORD","value":"swordfish"},{"name":"MODE","value":"required"}],
            "policy":"{\"a\":{\"client_secret\":\"in-json-text\"}}","http_tokens":"required",
            "secret_string":"{\"user\":\"somebody\",\"id\":\"not-secret\"}"}"#,
    )
    .unwrap();
    let mut redactor = Redactor::default();
    redactor.learn_marked(&mut Path::default(), &attributes, &[]);
    for hidden in ["swordfish", "in-json-text", "somebody"] {
        assert_eq!(redactor.text(&format!("a {hidden} b")), "a (sensitive) b");
    }
    for plain in ["required", "not-secret"] {
        assert_eq!(redactor.text(plain), plain);
    }
    let policy = attributes.get("policy");
    assert!(Redactor::default().show(&path(&["policy"]), policy, &[]).is_sensitive());
}

#[test]
fn keys_are_hidden_below_a_mark_and_where_a_secret_stands_in_them() {
    let redactor = learnt(&["hunter22"]);
    let marks = [path(&["input"])];
    assert_eq!(redactor.path(&path(&["input", "value", "k"]), &marks).to_string(), "input");
    assert_eq!(
        redactor.path(&path(&["tags", "a", "hunter22"]), &[]).to_string(),
        "tags.a[\"(sensitive)\"]"
    );
    assert_eq!(redactor.path(&path(&["hunter22", "b"]), &[]).to_string(), "hunter22.b");
    let address: Address = r#"module.m["x-hunter22"].t.n["aHVudGVyMjI="]"#.parse().unwrap();
    assert_eq!(
        redactor.address(&address).to_string(),
        r#"module.m["x-(sensitive)"].t.n["(sensitive)="]"#
    );
    // A map is hidden as a whole when one of its keys is.
    let map = json::value(r#"{"hunter22":1}"#).unwrap();
    assert!(redactor.show(&path(&["tags"]), Some(&map), &[]).is_sensitive());
}

#[test]
fn what_is_below_a_mark_is_one_difference_and_below_a_secret_key_one_of_its_map() {
    let [before, after] = [
        r#"{"input":{"value":{"a":1,"b":2}},"tags":{"x":"1","hunter22":"1"},"z":1}"#,
        r#"{"input":{"value":{"a":3,"b":4}},"tags":{"x":"2","hunter22":"2"},"z":2}"#,
    ]
    .map(|text| json::value(text).unwrap());
    let differences = || super::super::compare::differences(&before, &after);
    let paths = |differences: Vec<Difference>| -> Vec<String> {
        differences.iter().map(|difference| difference.path.to_string()).collect()
    };
    let values = [&before, &after];
    let drawn = drawn_together(differences(), values, &[path(&["input"])]);
    assert_eq!(drawn[0].after, after.get("input").cloned());
    assert_eq!(paths(drawn), ["input", "tags.hunter22", "tags.x", "z"]);
    let recorded = learnt(&["hunter22"]).without_secret_keys(differences(), values);
    assert_eq!(paths(recorded), ["input.value.a", "input.value.b", "tags", "tags.x", "z"]);
}

#[test]
fn a_changed_secret_is_told_by_two_fingerprints_and_one_alone_by_one() {
    let key = FingerprintKey::new([1; 32], FingerprintScope::Store);
    let redactor = learnt(&["hunter22"]).with_fingerprints(key, "s");
    let [a, b] = ["hunter22", "x-hunter22"].map(|text| Value::Text(text.to_owned()));
    let at = path(&["v"]);
    let (before, after) = redactor.pair("t.n", &at, [Some(&a), Some(&b)], &[]);
    let (Shown::Sensitive(Some(before)), Shown::Sensitive(Some(after))) = (before, after) else {
        panic!("hidden with fingerprints");
    };
    assert_ne!(before, after);
    assert_eq!(before.to_string().len(), 4);
    let lone = redactor.pair("t.n", &at, [None, Some(&a)], &[]);
    assert_eq!(lone, (Shown::Absent, Shown::Sensitive(Some(before))));
    assert_eq!(redactor.show(&at, Some(&a), &[]), Shown::Sensitive(None));
}
