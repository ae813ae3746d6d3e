//! Streams and states as Terraform 1.11.4 leaves them, and the report that has to come of them.

mod recordings;

use super::*;
use crate::codec::events::{EventReader, Stream};
use crate::codec::state;
use crate::model::event::{Intended, Purpose};
use crate::model::state::StateBytes;

/// A state with `demo_file`s: name, id, what else stands with the instance.
fn state(objects: &[(&str, &str, &str)]) -> StateBytes {
    let resources: Vec<String> = objects
        .iter()
        .map(|(name, id, more)| {
            let more = more.replace('\'', "\"");
            format!(
                r#"{{"mode":"managed","type":"demo_file","name":"{name}","provider":"provider[\"registry.terraform.io/unapply/demo\"]","instances":[{{"schema_version":0,{more}"attributes":{{"id":"{id}"}}}}]}}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{{}},"resources":[{}]}}"#,
        resources.join(",")
    );
    StateBytes::new(text.into_bytes())
}

/// One resource with its current object and what is left over of it.
fn with_left_over(name: &str, id: &str, old: &str, key: &str) -> StateBytes {
    let text = format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{{}},"resources":[{{"mode":"managed","type":"demo_file","name":"{name}","provider":"provider[\"registry.terraform.io/unapply/demo\"]","instances":[{{"schema_version":0,"attributes":{{"id":"{id}"}}}},{{"deposed":"{key}","schema_version":0,"attributes":{{"id":"{old}"}}}}]}}]}}"#
    );
    StateBytes::new(text.into_bytes())
}

fn ledger(lines: &str) -> (Ledger, ReportSource) {
    let (mut ledger, mut reader) = (Ledger::default(), EventReader::default());
    for line in lines.lines() {
        let is_box = line.starts_with(['│', '╷', '╵']);
        let stream = if is_box { Stream::Complaints } else { Stream::Output };
        ledger.see(&reader.line(stream, line));
    }
    ledger.see(&reader.end());
    (ledger, reader.source())
}

fn told(
    (ledger, source): (Ledger, ReportSource),
    before: &StateBytes,
    after: Option<&StateBytes>,
    ending: Ending,
) -> Vec<String> {
    let before = state::parse(before).unwrap();
    let after = after.map(|after| state::parse(after).unwrap());
    let facts = ApplyReportFacts {
        before: Seen::State(&before),
        after: after.as_ref().map_or(Seen::Unread, Seen::State),
        source,
        ending,
    };
    let report = ledger.report(&facts, &Redactor::default());
    report
        .objects
        .iter()
        .map(|reported| {
            let id = reported.id.as_deref().unwrap_or("-");
            let name = reported.address.replace("demo_file.", "");
            format!(
                "{name} {} {} {id} {}",
                reported.action,
                reported.outcome.name(),
                reported.presence.name()
            )
        })
        .collect()
}

/// The hooks of an operation, as `-json` has them.
fn hook(kind: &str, name: &str, action: &str, id: &str) -> String {
    let id =
        if id.is_empty() { String::new() } else { format!(r#","id_key":"id","id_value":"{id}""#) };
    format!(
        r#"{{"@level":"info","type":"apply_{kind}","hook":{{"resource":{{"addr":"demo_file.{name}"}},"action":"{action}"{id}}}}}"#
    ) + "\n"
}

fn plan(name: &str, action: &str) -> String {
    format!(
        r#"{{"@level":"info","type":"planned_change","change":{{"resource":{{"addr":"demo_file.{name}"}},"action":"{action}"}}}}"#
    ) + "\n"
}

#[test]
fn every_kind_of_change_of_a_stream_is_told() {
    let lines = [
        plan("made", "create"),
        plan("up", "update"),
        plan("re", "replace"),
        plan("gone", "delete"),
        plan("left", "remove"),
        plan("later", "create"),
        plan("imp", "import"),
        plan("bad", "create"),
        hook("start", "made", "create", ""),
        hook("complete", "made", "create", "n1"),
        hook("start", "up", "update", "u"),
        hook("complete", "up", "update", "u"),
        hook("start", "re", "delete", "r1"),
        hook("complete", "re", "delete", ""),
        hook("start", "re", "create", ""),
        hook("complete", "re", "create", "r2"),
        hook("start", "gone", "delete", "g"),
        hook("complete", "gone", "delete", ""),
        hook("start", "bad", "create", ""),
        hook("errored", "bad", "create", ""),
    ]
    .concat();
    let before = state(&[("up", "u", ""), ("re", "r1", ""), ("gone", "g", ""), ("left", "l", "")]);
    let after = state(&[("made", "n1", ""), ("up", "u", ""), ("re", "r2", ""), ("imp", "i", "")]);
    assert_eq!(
        told(ledger(&lines), &before, Some(&after), Ending::Broken),
        [
            "bad create failed - not-in-state",
            "gone destroy destroyed g not-in-state",
            "imp import imported i in-state",
            "later create not-attempted - not-in-state",
            "left forget forgotten l not-in-state",
            "made create created n1 in-state",
            "re replace replaced r2 in-state",
            "up update updated u in-state",
        ]
    );
}

#[test]
fn what_was_made_and_no_state_knows_is_named_with_its_id() {
    let lines = [
        hook("start", "a", "create", ""),
        hook("complete", "a", "create", "n1"),
        hook("start", "b", "create", ""),
    ]
    .concat();
    let before = state(&[]);
    let found = told(ledger(&lines), &before, Some(&before), Ending::Cut);
    assert_eq!(found, ["a create created n1 not-in-state", "b create unknown - not-in-state"]);
    let found = told(ledger(&lines), &before, None, Ending::Cut);
    assert_eq!(found, ["a create created n1 unread", "b create unknown - unread"]);
}

#[test]
fn an_object_that_only_came_half_way_is_tainted_unless_it_was_the_old_one() {
    let lines = hook("start", "a", "create", "") + &hook("errored", "a", "create", "");
    let none = state(&[]);
    let half = state(&[("a", "n1", "'status':'tainted',")]);
    let found = told(ledger(&lines), &none, Some(&half), Ending::Broken);
    assert_eq!(found, ["a create tainted n1 in-state"]);
    // Create before destroy: the creation failed, and the old object stands.
    let lines = plan("a", "replace") + &lines;
    let found = told(ledger(&lines), &half, Some(&half), Ending::Broken);
    assert_eq!(found, ["a replace failed - not-in-state"]);
}

#[test]
fn what_is_left_over_of_a_replacement_is_a_line_of_its_own() {
    let lines = [
        plan("a", "replace"),
        hook("start", "a", "create", ""),
        hook("complete", "a", "create", "n2"),
        hook("start", "a", "delete", "n1"),
    ]
    .concat();
    let before = state(&[("a", "n1", "")]);
    let after = with_left_over("a", "n2", "n1", "94dc7bb1");
    for (ending, outcome) in [(Ending::Broken, "failed"), (Ending::Cut, "unknown")] {
        assert_eq!(
            told(ledger(&lines), &before, Some(&after), ending),
            [
                "a replace replaced n2 in-state".to_owned(),
                format!("a (deposed object 94dc7bb1) destroy {outcome} n1 in-state"),
            ]
        );
    }
    // The next apply destroys it, and the object itself is as it was.
    let lines = [
        plan("a", "delete"),
        hook("start", "a", "delete", "n1"),
        hook("complete", "a", "delete", ""),
    ]
    .concat();
    let later = state(&[("a", "n2", "")]);
    assert_eq!(told(ledger(&lines), &after, Some(&later), Ending::Whole), [""; 0]);
}

#[test]
fn lines_for_people_tell_the_same_and_an_error_ends_what_it_names() {
    let lines = "  # demo_file.later will be created\n\u{20} # demo_file.bad will be created\n\
        demo_file.a: Creating...\ndemo_file.bad: Creating...\n\
        demo_file.a: Creation complete after 0s [id=n1]\n\
        demo_file.imp: Import complete [id=i]\n\
        ╷\n│ Error: cannot create\n│\n│   with demo_file.bad,\n│   on main.tf line 1:\n│ why\n╵";
    let before = state(&[]);
    let after = state(&[("a", "n1", ""), ("imp", "i", "")]);
    let (ledger, source) = ledger(lines);
    assert_eq!(source, ReportSource::Output);
    assert_eq!(ledger.errors().len(), 1);
    assert_eq!(
        told((ledger, source), &before, Some(&after), Ending::Broken),
        [
            "a create created n1 in-state",
            "bad create failed - not-in-state",
            "imp import imported i in-state",
            "later create not-attempted - not-in-state",
        ]
    );
}

#[test]
fn two_states_alone_tell_what_they_can_and_do_not_guess() {
    let before =
        state(&[("same", "s", ""), ("re", "r1", ""), ("gone", "g", ""), ("from", "m", "")]);
    let after = state(&[("same", "s", ""), ("re", "r2", ""), ("new", "n", ""), ("to", "m", "")]);
    assert_eq!(
        told(ledger("make: nothing to say"), &before, Some(&after), Ending::Whole),
        [
            "gone destroy or forget destroyed g not-in-state",
            "new create or import created n in-state",
            "re replace replaced r2 in-state",
        ]
    );
    // With a saved plan at hand, what is there now was imported and not made.
    let mut known = Ledger::default();
    for (address, intention) in
        [("demo_file.new", Intention::Import), ("demo_file.never", Intention::Create)]
    {
        known.intend(Intended {
            address: address.into(),
            previous: None,
            intention,
            importing: intention == Intention::Import,
        });
    }
    let found = told((known, ReportSource::States), &before, Some(&after), Ending::Broken);
    assert!(found.contains(&"new import imported n in-state".to_owned()), "{found:?}");
    assert!(found.contains(&"never create not-attempted - not-in-state".to_owned()), "{found:?}");
}

#[test]
fn when_nobody_told_and_nobody_can_look_what_was_planned_is_unknown() {
    let mut known = Ledger::default();
    known.intend(Intended {
        address: "demo_file.a".into(),
        previous: None,
        intention: Intention::Create,
        importing: false,
    });
    let found = told((known, ReportSource::States), &state(&[]), None, Ending::Cut);
    assert_eq!(found, ["a create unknown - unread"]);
}

#[test]
fn a_secret_in_an_id_or_an_address_is_not_told() {
    use crate::model::value::Value;
    let lines = hook("start", "a[\\\"hunter2-secret\\\"]", "create", "")
        + &hook("complete", "a[\\\"hunter2-secret\\\"]", "create", "id/hunter2-secret");
    let secret = Value::Text("hunter2-secret".into());
    let redactor = Redactor::default().with_values([&secret]);
    let (ledger, source) = ledger(&lines);
    let facts =
        ApplyReportFacts { before: Seen::None, after: Seen::None, source, ending: Ending::Cut };
    let report = ledger.report(&facts, &redactor);
    assert_eq!(report.objects.len(), 1);
    assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
    assert_eq!(report.lost().count(), 1);
}

#[test]
fn any_order_of_events_gives_one_line_for_an_object() {
    let pieces = [
        hook("start", "a", "create", ""),
        hook("complete", "a", "create", "n1"),
        hook("errored", "a", "create", ""),
        hook("start", "a", "delete", "n0"),
        hook("complete", "a", "delete", ""),
        plan("a", "replace"),
    ];
    let none = state(&[]);
    for mask in 0..1 << pieces.len() {
        let chosen = pieces.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
        let lines: String = chosen.map(|(_, piece)| piece.as_str()).collect();
        let found = told(ledger(&lines), &none, Some(&none), Ending::Cut);
        assert_eq!(found.len(), usize::from(!lines.is_empty()), "{lines}");
    }
}

#[test]
fn a_ledger_knows_whether_it_tells_of_changes() {
    let summary = |lines: &str| ledger(lines).0.summary();
    assert_eq!(summary(""), LedgerSummary::default());
    assert!(!summary(&hook("start", "a", "create", "")).tells_of_changes);
    assert!(!summary(&hook("complete", "a", "read", "")).tells_of_changes);
    for action in ["create", "update", "delete"] {
        assert!(summary(&hook("complete", "a", action, "")).tells_of_changes, "{action}");
    }
    let counts = |changed: u8| {
        format!(
            "{{\"type\":\"change_summary\",\"changes\":{{\"add\":0,\"change\":{changed},\"remove\":0,\
             \"operation\":\"apply\"}}}}\n"
        )
    };
    assert!(summary(&counts(1)).tells_of_changes);
    let nothing = LedgerSummary { purpose: Purpose::Apply, ..LedgerSummary::default() };
    assert_eq!(summary(&counts(0)), nothing);
    let warned = "{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"warning\",\
                  \"summary\":\"Applied changes may be incomplete\",\"detail\":\"\"}}\n";
    assert!(summary(warned).is_targeted);
}
