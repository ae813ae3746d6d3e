//! Terraform's `-json` event stream (ui 1.2), line by line.
//!
//! [`parse_line`] never fails: a line that is not an event (a provider's panic, a proxy's banner)
//! is [`Event::Other`], because losing one line must not lose the rest. The reader of the stream
//! keeps the raw bytes. [`plain`] and [`boxes`] read what Terraform prints for people; an
//! [`EventReader`] takes either as it comes.

pub mod boxes;
mod invocations;
pub mod plain;

use serde::Deserialize;
use serde_json::value::RawValue;

use self::boxes::Boxes;
use self::plain::parse_plain;
use crate::model::apply_report::ReportSource;
use crate::model::event::{
    Counts, Diagnostic, Event, Hook, Intended, Intention, InvocationStep, Operation, Purpose,
    Severity,
};

#[derive(Deserialize)]
struct PartialLine<'a> {
    #[serde(rename = "type")]
    kind: String,
    /// Of an object, or of an action of a provider.
    #[serde(borrow)]
    hook: Option<&'a RawValue>,
    #[serde(borrow)]
    invocation: Option<&'a RawValue>,
    diagnostic: Option<DiagnosticLine>,
    change: Option<ChangeLine>,
    changes: Option<ChangesLine>,
}

#[derive(Deserialize)]
struct HookLine {
    resource: ResourceLine,
    action: Option<String>,
    id_value: Option<String>,
}

#[derive(Deserialize)]
struct ResourceLine {
    addr: String,
}

#[derive(Deserialize)]
struct DiagnosticLine {
    severity: String,
    summary: String,
    #[serde(default)]
    detail: String,
    address: Option<String>,
}

#[derive(Deserialize)]
struct ChangeLine {
    resource: ResourceLine,
    previous_resource: Option<ResourceLine>,
    action: String,
    importing: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct ChangesLine {
    operation: Option<String>,
    add: u64,
    change: u64,
    remove: u64,
}

/// Reads one line.
pub fn parse_line(line: &str) -> Event {
    let Ok(line) = serde_json::from_str::<PartialLine<'_>>(line) else {
        return Event::Other;
    };
    let event = match line.kind.as_str() {
        "planned_change" => line.change.map(|change| Event::Planned(read_change(change))),
        "apply_start" => read_hook(line.hook).map(Event::Started),
        "apply_complete" => read_hook(line.hook).map(Event::Completed),
        "apply_errored" => read_hook(line.hook).map(Event::Errored),
        "refresh_complete" => {
            read_hook(line.hook).map(|Hook { address, .. }| Event::Refreshed { address })
        }
        "planned_action_invocation" => invocations::planned(line.invocation),
        "action_start" => invocations::step(InvocationStep::Started, line.hook),
        "action_complete" => invocations::step(InvocationStep::Completed, line.hook),
        "action_errored" => invocations::step(InvocationStep::Errored, line.hook),
        "diagnostic" => line.diagnostic.map(|diagnostic| Event::Diagnostic(read(diagnostic))),
        "change_summary" => line.changes.map(|changes| {
            let purpose = match changes.operation.as_deref() {
                Some("plan") => Purpose::Plan,
                Some("apply") => Purpose::Apply,
                Some("destroy") => Purpose::Destroy,
                Some(_) | None => Purpose::Unknown,
            };
            Event::Summary(Counts {
                purpose,
                add: changes.add,
                change: changes.change,
                remove: changes.remove,
            })
        }),
        _ => None,
    };
    event.unwrap_or(Event::Other)
}

fn read_change(change: ChangeLine) -> Intended {
    let intention = match change.action.as_str() {
        "noop" | "move" | "read" => Intention::Nothing,
        "create" => Intention::Create,
        "delete" => Intention::Destroy,
        "remove" => Intention::Forget,
        "import" => Intention::Import,
        "replace" => Intention::Replace,
        // Whatever is newer than we know may change the object.
        _ => Intention::Update,
    };
    Intended {
        address: change.resource.addr,
        previous: change.previous_resource.map(|previous| previous.addr),
        intention,
        importing: change.importing.is_some() || intention == Intention::Import,
    }
}

/// Which of a command's two streams a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Complaints,
}

/// Reads what a command prints that may or may not be Terraform, with or without `-json`.
#[derive(Debug, Default)]
pub struct EventReader {
    boxes: Boxes,
    has_events: bool,
    has_output: bool,
}

impl EventReader {
    /// Reads one line.
    pub fn line(&mut self, stream: Stream, line: &str) -> Event {
        if line.starts_with("{\"@level\"") || line.starts_with("{\"type\"") {
            let event = parse_line(line);
            self.has_events |= event != Event::Other || line.contains("\"terraform.ui\"");
            return event;
        }
        // A box that a script has opened and never ends must not swallow what Terraform does.
        if stream == Stream::Output {
            let event = parse_plain(line);
            if event != Event::Other {
                self.has_output = true;
                return event;
            }
        }
        let is_box = stream == Stream::Complaints || self.boxes.is_open();
        if is_box || line.contains("Error: ") || line.contains("Warning: ") {
            return self.boxes.line(line).map_or(Event::Other, Event::Diagnostic);
        }
        Event::Other
    }

    /// The error that nothing has ended, when there are no more lines.
    pub fn end(&mut self) -> Event {
        self.boxes.end().map_or(Event::Other, Event::Diagnostic)
    }

    /// How good a source of a report this was.
    pub fn source(&self) -> ReportSource {
        match (self.has_events, self.has_output) {
            (true, _) => ReportSource::Events,
            (false, true) => ReportSource::Output,
            (false, false) => ReportSource::States,
        }
    }
}

fn read_hook(hook: Option<&RawValue>) -> Option<Hook> {
    let hook: HookLine = serde_json::from_str(hook?.get()).ok()?;
    let operation = match hook.action.as_deref() {
        Some("create") => Operation::Create,
        Some("update") => Operation::Update,
        Some("delete") => Operation::Delete,
        _ => Operation::Other,
    };
    let id = hook.id_value.filter(|id| !id.is_empty());
    Some(Hook { address: hook.resource.addr, operation, id })
}

fn read(line: DiagnosticLine) -> Diagnostic {
    let severity = if line.severity == "warning" { Severity::Warning } else { Severity::Error };
    Diagnostic { severity, summary: line.summary, detail: line.detail, address: line.address }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_terraform_writes_are_read() {
        let complete = r#"{"@level":"info","@message":"m","type":"apply_complete","hook":{"resource":{"addr":"demo_file.a","module":""},"action":"create","id_key":"id","id_value":"f-1","elapsed_seconds":0}}"#;
        assert_eq!(
            parse_line(complete),
            Event::Completed(Hook {
                address: "demo_file.a".into(),
                operation: Operation::Create,
                id: Some("f-1".into()),
            })
        );
        let summary = r#"{"type":"change_summary","changes":{"add":2,"change":1,"import":0,"remove":3,"operation":"apply"}}"#;
        let counts = Counts { purpose: Purpose::Apply, add: 2, change: 1, remove: 3 };
        assert_eq!(parse_line(summary), Event::Summary(counts));
        let diagnostic =
            r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"s","detail":"d"}}"#;
        assert!(matches!(parse_line(diagnostic), Event::Diagnostic(d) if d.summary == "s"));
    }

    #[test]
    fn a_planned_change_says_what_is_meant_and_where_it_was() {
        let line = r#"{"@level":"info","type":"planned_change","change":{"resource":{"addr":"a.new"},"previous_resource":{"addr":"a.old"},"action":"update","reason":"x","importing":{"id":"i"}}}"#;
        let expected = Intended {
            address: "a.new".into(),
            previous: Some("a.old".into()),
            intention: Intention::Update,
            importing: true,
        };
        assert_eq!(parse_line(line), Event::Planned(expected));
        let line = r#"{"type":"planned_change","change":{"resource":{"addr":"a.b"},"action":"something-new"}}"#;
        assert!(matches!(parse_line(line), Event::Planned(p) if p.intention == Intention::Update));
    }

    #[test]
    fn a_reader_takes_events_and_lines_for_people_and_says_which_there_were() {
        let mut reader = EventReader::default();
        reader.line(Stream::Output, "make: entering");
        assert_eq!(reader.source(), ReportSource::States);
        let begun = reader.line(Stream::Output, "demo_file.a: Creating...");
        assert!(matches!(begun, Event::Started(_)));
        assert_eq!(reader.source(), ReportSource::Output);
        for line in ["╷", "│ Error: bad", "│ ", "│   with demo_file.a,", "│ why"] {
            assert_eq!(reader.line(Stream::Complaints, line), Event::Other);
        }
        let said = reader.line(Stream::Complaints, "╵");
        assert!(
            matches!(said, Event::Diagnostic(d) if d.address.as_deref() == Some("demo_file.a"))
        );
        let event = r#"{"@level":"info","@module":"terraform.ui","type":"version"}"#;
        assert_eq!(reader.line(Stream::Output, event), Event::Other);
        assert_eq!(reader.source(), ReportSource::Events);
    }

    #[test]
    fn any_other_line_is_passed_over() {
        for line in ["", "panic: x", "{", r#"{"type":"log"}"#, r#"{"type":"apply_start"}"#] {
            assert_eq!(parse_line(line), Event::Other);
        }
    }
}
