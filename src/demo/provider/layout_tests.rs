//! Round trips of the files, and the values that are refused. (See `layout`.)

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

prop_compose! {
    fn any_file()(
        content in "[a-z=\n-]{0,20}",
        lines in option::of(vec("[a-z= -]{0,8}", 0..4)),
        labels in option::of(btree_map("[a-z -]{0,8}", "[a-z= -]{0,8}", 0..4)),
        secret in option::of("[a-z=\n-]{0,20}|a\n--- lines ---\nb"),
    ) -> FileText {
        FileText { content, lines, labels, secret }
    }
}

proptest! {
    #[test]
    fn a_file_reads_back_as_it_was_written(text in any_file()) {
        prop_assert_eq!(FileText::parse(&text.render()), text.clone());
        let object = CtyValue::object(text.clone().attributes());
        prop_assert_eq!(FileText::of(&object), Ok(text));
    }

    #[test]
    fn any_file_reads_as_something(file: String) {
        drop(FileText::parse(&file));
    }

    #[test]
    fn a_volume_keeps_its_data_whatever_its_size(data: String, before in 0_i64.., after in 0_i64..) {
        let file = VolumeText::empty().render(before) + &data;
        let volume = VolumeText::parse(&file);
        prop_assert_eq!(volume.size, Some(before));
        prop_assert_eq!(volume.render(after), VolumeText::empty().render(after) + &data);
    }
}

#[test]
fn a_file_is_its_content_when_there_is_nothing_else() {
    let object = CtyValue::object([("content", CtyValue::text("hello\n"))]);
    assert_eq!(FileText::of(&object).unwrap().render(), "hello\n");
}

#[test]
fn every_section_stands_under_its_mark() {
    let text = FileText {
        content: "hello".into(),
        lines: Some(vec!["one".into(), "two".into()]),
        labels: Some(BTreeMap::from([("team".into(), "core".into())])),
        secret: Some("word".into()),
    };
    let expected =
        "hello\n--- lines ---\none\ntwo\n--- labels ---\nteam=core\n--- secret ---\nword";
    assert_eq!(text.render(), expected);
}

#[test]
fn a_volume_without_its_header_is_all_data() {
    let volume = VolumeText::parse("spoilt\nrow\n");
    assert_eq!(volume.size, None);
    assert_eq!(volume.render(3), "demo_volume of size 3\nspoilt\nrow\n");
}

#[test]
fn only_plain_paths_below_the_root_are_taken() {
    for path in ["a", "a.txt", "web/a.txt", "a b/ü"] {
        assert_eq!(check_path(path), Ok(()), "{path}");
    }
    for path in
        ["", "/a", "a/", "a//b", "..", "../a", "a/../b", ".", ".ids/a", ".faults", "a\nb", "a\\b"]
    {
        assert!(check_path(path).is_err(), "{path}");
    }
}

#[test]
fn values_that_a_file_cannot_hold_are_refused() {
    let list = |text: &str| CtyValue::List(vec![CtyValue::text(text)]);
    let map = |key: &str, value: CtyValue| CtyValue::object([(key, value)]);
    for (name, value) in [
        ("content", CtyValue::text("a\n--- secret ---")),
        ("lines", list("a\nb")),
        ("lines", list("--- labels ---")),
        ("lines", CtyValue::List(vec![CtyValue::Null])),
        ("labels", map("a=b", CtyValue::text("c"))),
        ("labels", map("a", CtyValue::Null)),
        ("mode", CtyValue::text("644")),
        ("mode", CtyValue::text("0888")),
    ] {
        let config = CtyValue::object([(name, value)]);
        assert!(check(ResourceType::File, &config).is_err(), "{config:?}");
    }
}

#[test]
fn an_unknown_value_passes() {
    let unknown = || CtyValue::Unknown;
    let config = CtyValue::object([
        ("path", unknown()),
        ("mode", unknown()),
        ("content", unknown()),
        ("size", unknown()),
        ("length", unknown()),
        ("lines", CtyValue::List(vec![unknown()])),
    ]);
    for kind in ResourceType::ALL {
        assert_eq!(check(kind, &config), Ok(()));
    }
}

#[test]
fn sizes_and_lengths_have_their_bounds() {
    let with = |name, number| CtyValue::object([(name, CtyValue::Integer(number))]);
    assert!(check(ResourceType::Volume, &with("size", -1)).is_err());
    assert!(check(ResourceType::Volume, &with("size", 0)).is_ok());
    assert!(check(ResourceType::Token, &with("length", 0)).is_err());
    assert!(check(ResourceType::Token, &with("length", 1025)).is_err());
    assert!(
        check(ResourceType::Volume, &CtyValue::object([("size", CtyValue::text("1e99"))])).is_err()
    );
}
