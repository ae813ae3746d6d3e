//! Which `moved` blocks say the same, and what Terraform would refuse.

use super::*;
use crate::codec::hcl::moved as text;
use crate::model::placement::{Movable, MovedBlock};

#[test]
fn a_whole_resource_is_one_block_and_a_part_of_it_one_each() {
    let whole = case("demo_file.a[0]=1 demo_file.a[1]=2", "demo_file.b[0]=1 demo_file.b[1]=2");
    assert_eq!(whole.outcome().blocks.as_deref(), Some("demo_file.b -> demo_file.a"));
    let part = case("demo_file.a[0]=1", "demo_file.b[0]=1 demo_file.b[1]=2");
    assert_eq!(part.outcome().blocks.as_deref(), Some("demo_file.b[0] -> demo_file.a[0]"));
}

#[test]
fn a_whole_that_another_one_stands_in_the_way_of_is_moved_one_by_one() {
    let case = case(
        "demo_file.a[0]=1 demo_file.a[1]=2 demo_file.a[2]=3",
        "demo_file.a[2]=3 demo_file.b[0]=1 demo_file.b[1]=2",
    );
    let expected = "demo_file.b[0] -> demo_file.a[0]; demo_file.b[1] -> demo_file.a[1]";
    assert_eq!(case.outcome().blocks.as_deref(), Some(expected));
}

#[test]
fn modules_are_moved_with_their_keys_or_as_a_whole() {
    let keys = case(
        r#"module.m["a"].demo_file.f=1 module.m["b"].demo_file.f=2"#,
        r#"module.m["x"].demo_file.f=1 module.m["b"].demo_file.f=2"#,
    );
    assert_eq!(keys.outcome().blocks.as_deref(), Some(r#"module.m["x"] -> module.m["a"]"#));
    let calls = case(
        r#"module.m["a"].demo_file.f=1 module.m["b"].demo_file.f=2"#,
        r#"module.n["a"].demo_file.f=1 module.n["b"].demo_file.f=2"#,
    );
    assert_eq!(calls.outcome().blocks.as_deref(), Some("module.n -> module.m"));
    let out = case("demo_file.f=1", "module.m.demo_file.f=1");
    assert_eq!(out.outcome().blocks.as_deref(), Some("module.m.demo_file.f -> demo_file.f"));
    let extra = case("module.a.demo_file.f=1", "module.b.demo_file.f=1 module.b.demo_file.g=2");
    let expected = Some("module.b.demo_file.f -> module.a.demo_file.f");
    assert_eq!(extra.outcome().blocks.as_deref(), expected, "what is not good stays there");
}

#[test]
fn what_the_good_configuration_declares_or_moves_itself_is_not_moved_by_a_block() {
    let case = case("demo_file.a=1", "module.m.demo_file.b=1");
    let [good, now] = [&case.good, &case.now].map(|words| bytes(words));
    let (good, now) = (parse(&good).unwrap(), parse(&now).unwrap());
    let blocks = |blocks: &[&str], said: &[&str]| {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let declared = moved::DeclaredBlocks { blocks: set(blocks), moved: set(said) };
        case.ask(&good, &now, |facts| moved::moved_blocks(&rekey(facts), facts, &declared))
    };
    assert!(blocks(&["demo_file.a", "demo_file.z"], &["demo_file.y"]).is_some());
    assert!(blocks(&["module.m.demo_file.b"], &[]).is_none());
    for said in ["demo_file.a", "module.m", "module.m.demo_file.b"] {
        assert!(blocks(&[], &[said]).is_none(), "{said}");
    }
}

#[test]
fn an_extra_that_refers_to_what_is_moved_needs_the_state_to_say_so() {
    let outcome = case("demo_file.a=1", "demo_file.b=1 demo_file.x=2<demo_file.b")
        .becomes("demo_file.a=1 demo_file.x=2<demo_file.a");
    assert_eq!(outcome.blocks, None);
    let stays =
        case("demo_file.a=1 demo_file.x=2<demo_file.a", "demo_file.b=1 demo_file.x=2<demo_file.b");
    assert_eq!(stays.outcome().blocks.as_deref(), Some("demo_file.b -> demo_file.a"));
}

#[test]
fn no_move_is_no_block() {
    assert_eq!(case("demo_file.a=1", "demo_file.a=1").outcome().blocks.as_deref(), Some(""));
}

#[test]
fn a_key_is_written_so_that_terraform_reads_it_back() {
    let from: Address = r#"module.m["a\"b"].demo_file.f["${x}"]"#.parse::<Address>().unwrap();
    let to = Movable::Module("module.n.demo_file.f".parse::<Address>().unwrap().module);
    let from_text = from.to_string();
    let block = MovedBlock { from: Movable::Resource(from), to };
    let expected = format!(
        "moved {{\n  from = {}\n  to   = module.n\n}}\n",
        r#"module.m["a\"b"].demo_file.f["$${x}"]"#
    );
    assert_eq!(text(&[block]), expected);
    assert!(expected.contains(&from_text));
}
