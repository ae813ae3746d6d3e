//! Actions of providers while an apply runs (Terraform from 1.14): in the stream, and as printed.
//!
//! A provider's word on its progress is passed over: it is free text.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ResourceLine;
use crate::model::event::{Event, InvocationHook, InvocationStep};
use crate::model::invocation::InvocationTrigger;

#[derive(Deserialize)]
struct PlannedLine {
    action_addr: ResourceLine,
    lifecycle_trigger: Option<PlannedTrigger>,
}

#[derive(Deserialize)]
struct PlannedTrigger {
    triggering_resource: Option<ResourceLine>,
    triggering_event: Option<String>,
}

#[derive(Deserialize)]
struct StepLine {
    action: ResourceLine,
    lifecycle: Option<StepTrigger>,
}

#[derive(Deserialize)]
struct StepTrigger {
    resource: Option<ResourceLine>,
    trigger_event: Option<String>,
}

fn event(
    step: InvocationStep,
    address: String,
    resource: Option<ResourceLine>,
    event: Option<&str>,
) -> Event {
    let trigger = InvocationTrigger::of(resource.map(|resource| resource.addr), event);
    Event::Invocation(step, InvocationHook { address, trigger })
}

/// `planned_action_invocation`.
pub(super) fn planned(line: Option<&RawValue>) -> Option<Event> {
    let line: PlannedLine = serde_json::from_str(line?.get()).ok()?;
    let (resource, word) = line
        .lifecycle_trigger
        .map_or((None, None), |trigger| (trigger.triggering_resource, trigger.triggering_event));
    Some(event(InvocationStep::Planned, line.action_addr.addr, resource, word.as_deref()))
}

/// `action_start`, `action_complete` and `action_errored`.
pub(super) fn step(step: InvocationStep, hook: Option<&RawValue>) -> Option<Event> {
    let line: StepLine = serde_json::from_str(hook?.get()).ok()?;
    let (resource, word) =
        line.lifecycle.map_or((None, None), |trigger| (trigger.resource, trigger.trigger_event));
    Some(event(step, line.action.addr, resource, word.as_deref()))
}

/// `Action started: action.demo_note.tell (triggered by demo_file.a)`
pub(super) fn printed(line: &str) -> Option<Event> {
    let words = [
        ("Action started: ", InvocationStep::Started),
        ("Action complete: ", InvocationStep::Completed),
        ("Action failed: ", InvocationStep::Errored),
    ];
    let (step, told) =
        words.into_iter().find_map(|(word, step)| Some((step, line.strip_prefix(word)?)))?;
    let (address, resource) = match told.split_once(" (triggered by ") {
        Some((address, rest)) => {
            let end = if step == InvocationStep::Errored { rest.find(") - ") } else { None };
            let resource = rest.get(..end.unwrap_or(rest.trim_end().len().saturating_sub(1)))?;
            (address, Some(ResourceLine { addr: resource.to_owned() }))
        }
        None => (told.split_once(" - ").map_or(told.trim_end(), |(address, _)| address), None),
    };
    let is_address = address.split('.').any(|part| part == "action");
    is_address.then(|| event(step, address.to_owned(), resource, None))
}

#[cfg(test)]
mod tests {
    use super::super::{EventReader, Stream, parse_line};
    use super::*;

    /// Reads what a text of testdata says of actions, in a few words a line.
    fn told(file: &str) -> Vec<String> {
        let path = format!("{}/testdata/engines/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut reader = EventReader::default();
        let events = text.lines().map(|line| reader.line(Stream::Output, line));
        let shown = events.filter_map(|event| {
            let Event::Invocation(step, hook) = event else { return None };
            Some(format!("{step:?} {} {}", hook.address, hook.trigger))
        });
        shown.collect()
    }

    #[test]
    fn a_stream_says_which_actions_are_planned_begun_and_ended() {
        let before = "action.demo_note.tell before update of demo_file.a";
        let after = "action.demo_note.tell after update of demo_file.a";
        let all = told("action.events.ndjson");
        let expected = [
            format!("Planned {before}"),
            format!("Planned {after}"),
            format!("Started {before}"),
            format!("Completed {before}"),
            format!("Started {after}"),
            format!("Completed {after}"),
        ];
        assert_eq!(all, expected);
        let failed = told("action-failed.events.ndjson");
        assert_eq!(failed.last().unwrap(), &format!("Errored {before}"));
    }

    #[test]
    fn what_is_printed_says_it_without_the_moment() {
        let line = "action.demo_note.tell with demo_file.a";
        let [begun, ended] = [format!("Started {line}"), format!("Completed {line}")];
        assert_eq!(told("action.output.txt"), [begun.clone(), ended.clone(), begun, ended]);
        let of = |line: &str| printed(line).map(|event| format!("{event:?}"));
        let failed =
            of("Action failed: action.demo_note.tell (triggered by demo_file.a[\"x\"]) - bad");
        assert!(failed.unwrap().contains(r#"resource: Some("demo_file.a[\"x\"]")"#));
        assert!(of("Action started: action.demo_note.tell[1]").is_some());
        assert_eq!(of("Action started: nothing of ours"), None);
        assert_eq!(parse_line(r#"{"type":"action_start","hook":{}}"#), Event::Other);
    }
}
