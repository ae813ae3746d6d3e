//! Terraform's `-json` event stream (ui 1.2), line by line.
//!
//! [`parse_line`] never fails: a line that is not an event (a provider's panic, a proxy's banner)
//! is [`Event::Other`], because losing one line must not lose the rest. The raw bytes are kept by
//! whoever reads the stream.

use serde::Deserialize;

use crate::model::event::{Counts, Diagnostic, Event, Hook, Operation, Severity};

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    hook: Option<HookLine>,
    diagnostic: Option<DiagnosticLine>,
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
struct ChangesLine {
    add: u64,
    change: u64,
    remove: u64,
}

/// Reads one line.
pub fn parse_line(line: &str) -> Event {
    let Ok(line) = serde_json::from_str::<Line>(line) else {
        return Event::Other;
    };
    let event = match line.kind.as_str() {
        "apply_start" => line.hook.map(|hook| Event::Started(read_hook(hook))),
        "apply_complete" => line.hook.map(|hook| Event::Completed(read_hook(hook))),
        "apply_errored" => line.hook.map(|hook| Event::Errored(read_hook(hook))),
        "refresh_complete" => {
            line.hook.map(|hook| Event::Refreshed { address: hook.resource.addr })
        }
        "diagnostic" => line.diagnostic.map(|diagnostic| Event::Diagnostic(read(diagnostic))),
        "change_summary" => line.changes.map(|changes| {
            Event::Summary(Counts {
                add: changes.add,
                change: changes.change,
                remove: changes.remove,
            })
        }),
        _ => None,
    };
    event.unwrap_or(Event::Other)
}

fn read_hook(hook: HookLine) -> Hook {
    let operation = match hook.action.as_deref() {
        Some("create") => Operation::Create,
        Some("update") => Operation::Update,
        Some("delete") => Operation::Delete,
        _ => Operation::Other,
    };
    Hook { address: hook.resource.addr, operation, id: hook.id_value.filter(|id| !id.is_empty()) }
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
        assert_eq!(parse_line(summary), Event::Summary(Counts { add: 2, change: 1, remove: 3 }));
        let diagnostic =
            r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"s","detail":"d"}}"#;
        assert!(matches!(parse_line(diagnostic), Event::Diagnostic(d) if d.summary == "s"));
    }

    #[test]
    fn any_other_line_is_passed_over() {
        for line in ["", "panic: x", "{", r#"{"type":"log"}"#, r#"{"type":"apply_start"}"#] {
            assert_eq!(parse_line(line), Event::Other);
        }
    }
}
