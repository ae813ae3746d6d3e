//! Failures, from Terraform's own words.
//!
//! With `-json` errors are diagnostics in the stream; other commands print boxes on standard error
//! (with colours even into a pipe). Texts are matched as measured with 1.11.4; one that is not
//! known is a plain failure, never a success.

use super::process::Finished;
use crate::codec::events::boxes::{boxes, without_colours};
use crate::codec::events::parse_line;
use crate::model::event::{Diagnostic, Event, Severity};
use crate::port::terraform::{Error, LockHolder};

/// The diagnostics of a finished command.
pub(super) fn diagnostics(finished: &Finished) -> Vec<Diagnostic> {
    let stdout = String::from_utf8_lossy(&finished.stdout);
    let mut found: Vec<Diagnostic> = stdout
        .lines()
        .filter_map(|line| match parse_line(line) {
            Event::Diagnostic(diagnostic) => Some(diagnostic),
            Event::Planned(_)
            | Event::Imported(_)
            | Event::Started(_)
            | Event::Completed(_)
            | Event::Errored(_)
            | Event::Invocation(..)
            | Event::Refreshed { .. }
            | Event::Summary(_)
            | Event::StopRequested
            | Event::Other => None,
        })
        .collect();
    let stderr = String::from_utf8_lossy(&finished.stderr);
    found.extend(boxes(&stderr));
    if !finished.succeeded() && !found.iter().any(|d| d.severity == Severity::Error) {
        found.extend(plain(&stderr));
    }
    found
}

/// The error outside of all boxes: `state pull` and its kin print their errors so.
fn plain(text: &str) -> Option<Diagnostic> {
    let is_said = |line: &String| {
        !line.is_empty()
            && !line.starts_with(['│', '╷', '╵'])
            && line != "There are some problems with the CLI configuration:"
    };
    let mut lines =
        text.lines().map(|line| without_colours(line).trim().to_owned()).filter(is_said);
    let summary = lines.next()?;
    let detail = lines.collect::<Vec<_>>().join("\n");
    Some(Diagnostic { severity: Severity::Error, summary, detail, address: None })
}

/// The error of a command that did not end with exit code 0.
pub(super) fn error(engine: &str, command: &'static str, finished: &Finished) -> Error {
    let engine = engine.to_owned();
    let diagnostics = diagnostics(finished);
    if let Some(signal) = finished.asked_to_stop {
        return Error::Interrupted { engine, command, signal };
    }
    let errors = || diagnostics.iter().filter(|d| d.severity == Severity::Error);
    if let Some(lock) = errors().find(|d| d.summary.contains("Error acquiring the state lock"))
        && let Some(holder) = lock_holder(&lock.detail)
    {
        return Error::Locked(holder);
    }
    if errors().any(|d| d.summary == "Saved plan is stale") {
        return Error::StalePlan;
    }
    let uninitialised = errors().find(|d| NOT_INITIALISED.iter().any(|s| d.summary.contains(s)));
    if let Some(summary) = uninitialised.map(|d| d.summary.clone()) {
        return Error::NotInitialised { engine, summary, diagnostics };
    }
    let is_package = |d: &Diagnostic| NO_PROVIDER.iter().any(|s| d.summary.starts_with(s));
    if command == "init" && diagnostics.iter().any(is_package) {
        return Error::NoProvider { diagnostics };
    }
    Error::Failed { engine, command, diagnostics, kept_back: Vec::new() }
}

/// Summaries of `init` that are about a package that is not to be had.
const NO_PROVIDER: [&str; 4] = [
    "Failed to query available provider packages",
    "Failed to install provider",
    "Failed to resolve provider packages",
    "Provider registry is not reachable",
];

/// Summaries that mean "run terraform init".
const NOT_INITIALISED: [&str; 8] = [
    "Backend initialization required",
    "Required plugins are not installed",
    "Inconsistent dependency lock file",
    "Module not installed",
    "Missing required provider",
    "Could not load plugin",
    "Backend configuration changed",
    "Initialization required",
];

/// Reads the `Lock Info` that Terraform prints; nothing when the error has another cause, such as
/// a state that cannot be read.
fn lock_holder(detail: &str) -> Option<LockHolder> {
    let (message, info) = detail.split_once("Lock Info:")?;
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
            .map_or_else(String::new, |value| value.trim().to_owned())
    };
    let mut holder = LockHolder {
        id: field("ID"),
        who: field("Who"),
        operation: field("Operation"),
        created: field("Created"),
        path: field("Path"),
    };
    // With the http backend the box shows the requester; the holder's id stands in the message.
    // The line end before it is a space in the events of `-json`.
    if let Some((_, rest)) = message.split_once("already locked:")
        && let Some(id) = rest.trim_start().strip_prefix("ID=")
    {
        id.split_whitespace().next().unwrap_or_default().clone_into(&mut holder.id);
        "somebody else".clone_into(&mut holder.who);
        holder.operation = String::new();
        holder.created = String::new();
        holder.path = String::new();
    }
    Some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(stdout: &str, stderr: &str) -> Finished {
        Finished {
            code: Some(1),
            signal: None,
            stdout: stdout.into(),
            stderr: stderr.into(),
            asked_to_stop: None,
        }
    }

    #[test]
    fn a_lock_names_its_holder() {
        let line = serde_json::json!({"type": "diagnostic", "diagnostic": {"severity": "error",
            "summary": "Error acquiring the state lock",
            "detail": "Error message: resource temporarily unavailable\nLock Info:\n  ID:        c87459fd\n  Path:      terraform.tfstate\n  Operation: OperationTypeApply\n  Who:       root@vm\n  Version:   1.11.4\n  Created:   2026-11-21 02:50:38 +0000 UTC\n  Info:      \n"}});
        let Error::Locked(holder) = error("terraform", "plan", &finished(&line.to_string(), ""))
        else {
            panic!("locked")
        };
        assert_eq!(holder.who, "root@vm");
        assert_eq!(holder.operation, "OperationTypeApply");
        assert_eq!(holder.created, "2026-11-21 02:50:38 +0000 UTC");
    }

    #[test]
    fn boxes_with_colours_are_read() {
        let text = "\u{1b}[31m╷\u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[1mError: Backend initialization required, please run \"terraform init\"\u{1b}[0m\n│ \n│ Reason: Unsetting the previously set backend \"s3\"\n╵\n";
        let error = error("terraform", "state pull", &finished("", text));
        assert!(
            matches!(error, Error::NotInitialised { summary, .. } if summary.starts_with("Backend init"))
        );
    }

    #[test]
    fn a_lock_behind_http_names_the_holders_id_and_not_the_requester() {
        for glue in ["\n", " "] {
            let detail = format!(
                "Error message: HTTP remote state already locked:{glue}ID=deadbeef\nLock Info:\n  ID:        2228b6a6\n  Operation: OperationTypePlan\n  Who:       root@vm\n"
            );
            let holder = lock_holder(&detail).unwrap();
            assert_eq!((holder.id.as_str(), holder.who.as_str()), ("deadbeef", "somebody else"));
        }
    }

    #[test]
    fn an_error_outside_of_all_boxes_is_read() {
        let text = "There are some problems with the CLI configuration:\n╷\n│ Warning: Unable to open\n│\n│ detail\n╵\n\n\u{1b}[31mFailed to refresh state: HTTP remote state endpoint requires auth\u{1b}[0m\u{1b}[0m\n";
        let Error::Failed { diagnostics, .. } =
            error("terraform", "state pull", &finished("", text))
        else {
            panic!("failed")
        };
        let said = diagnostics.iter().find(|d| d.severity == Severity::Error).unwrap();
        assert_eq!(
            said.summary,
            "Failed to refresh state: HTTP remote state endpoint requires auth"
        );
    }

    #[test]
    fn a_package_that_is_not_to_be_had_is_told_from_other_failures_of_init() {
        let text = "Error: Failed to query available provider packages\n\nCould not retrieve\n";
        assert!(matches!(
            error("terraform", "init", &finished("", text)),
            Error::NoProvider { .. }
        ));
        assert!(matches!(error("terraform", "plan", &finished("", text)), Error::Failed { .. }));
    }

    #[test]
    fn a_stale_plan_and_anything_else_are_told_apart() {
        let stale = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Saved plan is stale"}}"#;
        assert!(matches!(error("terraform", "apply", &finished(stale, "")), Error::StalePlan));
        let other = error("terraform", "apply", &finished("", "Error: Something\n\nmore\n"));
        assert!(matches!(other, Error::Failed { diagnostics, .. } if diagnostics.len() == 1));
    }
}
