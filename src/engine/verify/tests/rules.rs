//! Each rule about attributes, references, checks and what is not undone.

use serde_json::json;

use super::super::*;
use super::case::{Case, constant, from};
use crate::engine::judgement::{Origin, Reason, Why};
use crate::model::check::CheckStatus;
use crate::model::value::Step;

const RULE: &str = "aws_alb_listener_rule.web";
const VM: &str = "aws_instance.vm";

/// A listener rule that had to be made anew, and an instance that was made from it.
fn replaced(then: serde_json::Value, is: serde_json::Value, says: serde_json::Value) -> Case {
    Case {
        good: vec![
            (RULE, json!({"id": "sg-0000aaaa", "arn": "arn:x:sg-0000aaaa", "name": "web"}), &[]),
            (VM, then, &[RULE]),
        ],
        now: vec![
            (RULE, json!({"id": "sg-1111bbbb", "arn": "arn:x:sg-1111bbbb", "name": "web"}), &[]),
            (VM, is, &[RULE]),
        ],
        says: vec![(RULE, json!({"name": constant()})), (VM, says)],
        ..Case::default()
    }
}

const MADE_ANEW: &str =
    "  aws_alb_listener_rule.web was made anew and has another id: sg-0000aaaa → sg-1111bbbb";

#[test]
fn an_id_that_is_another_one_now_is_carried_into_what_was_made_from_it() {
    let case = replaced(
        json!({"id": "i-1", "groups": ["sg-0000aaaa", "sg-ffffffff"],
            "policy": "allow arn:x:sg-0000aaaa/*", "tags": {"sg-0000aaaa": "1"}}),
        json!({"id": "i-1", "groups": ["sg-1111bbbb", "sg-ffffffff"],
            "policy": "allow arn:x:sg-1111bbbb/*", "tags": {"sg-1111bbbb": "1"}}),
        json!({"groups": from("aws_alb_listener_rule.web.id"), "policy": constant(),
            "tags": constant()}),
    );
    case.says(&[MADE_ANEW, "1 of 2"]);
    let found = case.compared().recreated;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].was.as_deref(), Some("sg-0000aaaa"));
    assert_eq!(found[0].is.as_deref(), Some("sg-1111bbbb"));
}

#[test]
fn an_empty_block_that_comes_or_goes_is_a_difference() {
    let action = |allow: serde_json::Value, block: serde_json::Value| json!({"id": "i-1", "action": [{"allow": allow, "block": block}], "tags": {}});
    let empty = || json!([{"custom": []}]);
    let case = Case {
        good: vec![(VM, action(json!([]), empty()), &[])],
        now: vec![(VM, action(empty(), json!([])), &[])],
        says: vec![(VM, json!({"action": [{}]}))],
        ..Case::default()
    };
    let found = case.compared();
    assert_eq!((found.equal, found.expected), (0, 1));
    let said = [found.differences, found.notes].concat().concat();
    assert!(said.contains("action[0].allow[0], action[0].block[0]"), "{said}");
}

#[test]
fn a_set_in_another_order_because_of_new_ids_is_the_same() {
    let says = json!({"groups": from("aws_alb_listener_rule.web.id")});
    let then = json!({"id": "i-1", "groups": ["sg-0000aaaa", "sg-0ffffff0"]});
    let is = json!({"id": "i-1", "groups": ["sg-0ffffff0", "sg-1111bbbb"]});
    replaced(then, is, says).says(&[MADE_ANEW, "1 of 2"]);
}

#[test]
fn what_is_computed_from_a_new_id_is_told_and_a_constant_is_a_difference() {
    let case = replaced(
        json!({"id": "i-1", "user_data": "c2ctMDAw", "size": "small"}),
        json!({"id": "i-1", "user_data": "c2ctMTEx", "size": "large"}),
        json!({"user_data": from("aws_alb_listener_rule.web.id"), "size": constant()}),
    );
    case.says(&[
        "! aws_instance.vm differs in size",
        MADE_ANEW,
        "  aws_instance.vm differs in user_data, made from what was made anew",
        "0 of 2",
    ]);
}

#[test]
fn an_id_is_not_carried_into_what_was_made_from_nothing() {
    let mut case = replaced(
        json!({"id": "i-1", "group": "sg-0000aaaa"}),
        json!({"id": "i-1", "group": "sg-1111bbbb"}),
        json!({"group": constant()}),
    );
    case.good[1].2 = &[];
    case.now[1].2 = &[];
    case.says(&["! aws_instance.vm differs in group", MADE_ANEW, "0 of 2"]);
}

#[test]
fn what_still_names_the_old_id_is_a_difference() {
    let stays = json!({"id": "i-1", "groups": ["sg-0000aaaa"], "log": "was sg-0000aaaa9"});
    let says = json!({"groups": from("aws_alb_listener_rule.web.id")});
    replaced(stays.clone(), stays, says).says(&[
        "! aws_instance.vm still names an object that is gone, in groups[0]",
        MADE_ANEW,
        "1 of 2",
    ]);
}

/// One object in two versions.
fn one(then: serde_json::Value, is: serde_json::Value, says: serde_json::Value) -> Case {
    Case {
        good: vec![(VM, then, &[])],
        now: vec![(VM, is, &[])],
        says: vec![(VM, says)],
        ..Case::default()
    }
}

#[test]
fn what_names_an_object_that_the_revert_ended_is_a_difference_unless_it_did_before() {
    let mut case = one(
        json!({"id": "i-1", "old": "vpc-12345678", "peer": ""}),
        json!({"id": "i-1", "old": "vpc-12345678", "peer": "arn:vpc-12345678"}),
        json!({}),
    );
    case.done = vec![(&["delete"], "aws_vpc.extra", json!({"id": "vpc-12345678"}), json!(null))];
    case.says(&[
        "! aws_instance.vm still names an object that is gone, in peer",
        "  aws_instance.vm differs in peer, which the configuration does not say",
        "0 of 1",
    ]);
}

#[test]
fn a_dependency_that_neither_state_nor_configuration_knows_is_a_difference() {
    let mut case = one(json!({"id": "i-1"}), json!({"id": "i-1"}), json!({}));
    case.now[0].2 = &["aws_vpc.gone", "aws_vpc.none", "data.aws_ami.a", "aws_vpc.old"];
    case.good[0].2 = &["aws_vpc.old"];
    case.says.push(("aws_vpc.none", json!({})));
    case.says(&["! aws_instance.vm depends on aws_vpc.gone, which is not there", "1 of 1"]);
}

#[test]
fn what_the_configuration_says_is_a_difference_and_what_it_does_not_say_is_told() {
    let case = one(
        json!({"id": "i-1", "size": "small", "state": "on",
            "disk": [{"size": 1, "volume": "v1"}], "tags": null, "flag": false}),
        json!({"id": "i-1", "size": "large", "state": "off",
            "disk": [{"size": 2, "volume": "v2"}], "tags": {}, "flag": null}),
        json!({"size": constant(), "disk": [{"size": {"constant_value": 1}}], "tags": constant(),
            "flag": constant(), "state": {"constant_value": null}}),
    );
    case.says(&[
        "! aws_instance.vm differs in disk[0].size, size",
        "  aws_instance.vm differs in disk[0].volume, state, which the configuration does not say",
        "0 of 1",
    ]);
}

#[test]
fn what_a_data_source_may_have_said_is_named_with_the_difference() {
    let case = one(
        json!({"id": "i-1", "ami": "a"}),
        json!({"id": "i-1", "ami": "b"}),
        json!({"ami": from("data.aws_ami.latest.id")}),
    );
    case.says(&["! aws_instance.vm differs in ami, made from data.aws_ami.latest", "0 of 1"]);
}

#[test]
fn what_was_agreed_to_is_told() {
    let mut case = one(
        json!({"id": "i-1", "ami": "a"}),
        json!({"id": "i-1", "ami": "b"}),
        json!({"ami": from("data.aws_ami.latest.id")}),
    );
    let reason = Reason {
        why: Why::MovedInput,
        cause: String::new(),
        paths: vec![Path(vec![Step::Name("ami".to_owned())])],
    };
    case.actions = vec![JudgedAction {
        address: VM.to_owned(),
        action: Action::Update,
        reasons: vec![reason],
        origin: Origin::Good,
        attributes: Vec::new(),
    }];
    case.says(&["  aws_instance.vm differs in ami, as was agreed to", "0 of 1"]);
    case.actions[0].reasons[0].why = Why::Undo;
    case.says(&["! aws_instance.vm differs in ami, made from data.aws_ami.latest", "0 of 1"]);
}

#[test]
fn what_moves_on_its_own_is_the_same() {
    let group = "aws_autoscaling_group.g";
    let mut case = one(json!({}), json!({}), json!({}));
    let then = json!({"id": "g", "tags": {"a": "1"}, "tags_all": {"a": "1"}});
    case.good = vec![(group, then.clone(), &[])];
    case.now = vec![(group, then, &[])];
    case.says(&["1 of 1"]);
    let topic = "aws_s3_object.o";
    case.good = vec![(topic, json!({"id": "o", "etag": "1", "version_id": "a"}), &[])];
    case.now = vec![(topic, json!({"id": "o", "etag": "2", "version_id": "b"}), &[])];
    case.says = vec![(topic, json!({"key": constant()}))];
    let found = case.compared();
    assert_eq!(found.differences, Vec::<String>::new());
}

#[test]
fn what_terraform_is_told_to_leave_alone_is_no_difference() {
    let mut case = one(
        json!({"id": "i-1", "size": 2, "ami": "a"}),
        json!({"id": "i-1", "size": 5, "ami": "b"}),
        json!({"size": constant(), "ami": constant()}),
    );
    case.texts[0] = "resource \"aws_instance\" \"vm\" {\n  size = 2\n  ami = \"a\"\n  lifecycle {\n    \
         ignore_changes = [size]\n  }\n}\n";
    case.says(&[
        "! aws_instance.vm differs in ami",
        "  aws_instance.vm differs in size, which Terraform is told to leave alone",
        "0 of 1",
    ]);
}

#[test]
fn what_a_failed_apply_wrote_and_the_revert_left_is_a_difference() {
    let then = json!({"id": "i-1", "profile": "a", "counter": 1});
    let is = json!({"id": "i-1", "profile": "b", "counter": 2});
    let mut case = one(then.clone(), is.clone(), json!({}));
    case.texts[1] = "resource \"aws_instance\" \"vm\" {\n  profile = \"b\"\n}\n";
    case.done = vec![(&["no-op"], VM, is.clone(), is)];
    case.says(&[
        "! aws_instance.vm differs in profile, as an apply that was to be taken back wrote it; the \
         configuration does not say it",
        "  aws_instance.vm differs in counter, which the configuration does not say",
        "0 of 1",
    ]);
    // What the revert itself moved is the provider's.
    case.done[0].2 = then;
    assert_eq!(case.compared().differences, Vec::<String>::new());
}

#[test]
fn the_real_world_counts_and_not_what_the_state_remembers() {
    let same = json!({"id": "i-1", "size": "small", "state": "on"});
    let mut case = one(same.clone(), same, json!({"size": constant()}));
    let real = json!({"id": "i-1", "size": "small", "state": "off"});
    case.follow = vec![(&["no-op"], VM, real.clone(), real)];
    case.says(&[
        "  aws_instance.vm differs in state, which the configuration does not say",
        "0 of 1",
    ]);
    let edited = json!({"id": "i-1", "size": "large", "state": "on"});
    let back = json!({"id": "i-1", "size": "small", "state": "on"});
    case.follow = vec![(&["update"], VM, edited, back)];
    case.says(&["! a plan still wants to update aws_instance.vm (size)", "0 of 1"]);
}

#[test]
fn what_the_good_configuration_always_proposes_is_no_difference() {
    let same = json!({"id": "i-1", "mode": "0644"});
    let mut case = one(same.clone(), same.clone(), json!({"mode": constant()}));
    case.follow = vec![(&["update"], VM, json!({"id": "i-1", "mode": "-rw-"}), same)];
    case.says(&["! a plan still wants to update aws_instance.vm (mode)", "0 of 1"]);
    case.usual = Some((VM, "mode"));
    case.says(&["1 of 1"]);
    case.usual = Some((VM, "size"));
    case.says(&["! a plan still wants to update aws_instance.vm (mode)", "0 of 1"]);
}

#[test]
fn a_value_of_today_that_was_asked_about_is_told() {
    let mut case = one(
        json!({"id": "i-1", "size": "small", "kind": "a"}),
        json!({"id": "i-1", "size": "large", "kind": "b"}),
        json!({"size": from("var.size"), "kind": constant()}),
    );
    case.today = &["size"];
    case.says(&[
        "! aws_instance.vm differs in kind",
        "  aws_instance.vm differs in size, made from a variable of today",
        "0 of 1",
    ]);
    // Another variable's value explains nothing.
    case.today = &["region"];
    case.says(&["! aws_instance.vm differs in kind, size", "0 of 1"]);
}

#[test]
fn what_another_version_of_the_provider_knows_alone_is_told() {
    let then = json!({"id": "i-1", "size": "small"});
    let case =
        one(then, json!({"id": "i-1", "size": "small", "new": "x"}), json!({"new": constant()}));
    case.says(&["! aws_instance.vm differs in new", "0 of 1"]);
    let found = Case { version: 1, ..case }.compared();
    assert_eq!(found.differences, Vec::<String>::new());
    let note = "aws_instance.vm differs in new, which one version of the provider does not know";
    assert_eq!(found.notes, [note]);
}

#[test]
fn an_object_made_anew_under_the_same_id_is_told_and_data_starts_empty() {
    let bucket = "aws_s3_bucket.b";
    let same = json!({"id": "b", "bucket": "b"});
    let case = Case {
        good: vec![(bucket, same.clone(), &[])],
        now: vec![(bucket, same.clone(), &[])],
        says: vec![(bucket, json!({"bucket": constant()}))],
        done: vec![(&["create"], bucket, json!(null), same)],
        ..Case::default()
    };
    let found = case.compared();
    assert_eq!(found.notes, ["aws_s3_bucket.b was made anew"]);
    assert_eq!(found.recreated.len(), 1);
    assert_eq!(found.not_undone.len(), 1);
    assert!(found.not_undone[0].why.starts_with("it was made anew and starts empty: "));
}

#[test]
fn what_provisioners_ran_and_write_only_values_are_listed() {
    let mut case = one(
        json!({"id": "i-1", "size": 1, "secret_wo": null}),
        json!({"id": "i-1", "size": 1, "secret_wo": null}),
        json!({"secret_wo": from("var.secret"), "size": constant()}),
    );
    case.texts[1] = "resource \"aws_vpc\" \"x\" {\n  provisioner \"local-exec\" {\n    command = \
         \"true\"\n  }\n}\n";
    case.says(&["1 of 1"]);
    case.done = vec![
        (&["update"], VM, json!({"size": 2}), json!({"size": 1})),
        (&["delete"], "aws_vpc.x", json!({"id": "vpc-1"}), json!(null)),
    ];
    case.says(&[
        "? aws_instance.vm: what secret_wo was set to is in no state: nobody can compare it",
        "? aws_vpc.x: what its provisioners (local-exec) ran is not taken back by a plan",
        "1 of 1",
    ]);
}

#[test]
fn a_check_that_passed_and_fails_is_a_difference_and_one_that_failed_is_told() {
    let case = Case {
        checks: [
            vec![
                ("check.a", CheckStatus::Pass),
                ("check.b", CheckStatus::Fail),
                ("check.c", CheckStatus::Pass),
                ("check.d", CheckStatus::Fail),
            ],
            vec![
                ("check.a", CheckStatus::Fail),
                ("check.b", CheckStatus::Error),
                ("check.c", CheckStatus::Pass),
                ("check.d", CheckStatus::Pass),
                ("check.e", CheckStatus::Fail),
            ],
        ],
        ..Case::default()
    };
    case.says(&[
        "! the check of check.a fails, and it passed",
        "  the check of check.b cannot be evaluated, as it did before",
        "  the check of check.e fails; how it ended before is not known",
        "0 of 0",
    ]);
}
