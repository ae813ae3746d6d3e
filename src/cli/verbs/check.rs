//! `unapply check`: integrity of the store.

use super::Session;
use crate::cli::args::{CheckArguments as Arguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{CheckOut, FindingOut};
use crate::cli::output::inert;
use crate::store::{CheckReport, Depth, StoreFinding};

/// Checks.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let depth = depth(arguments.read_data.as_deref())?;
    let opened = Session::open(&settings)?;
    let report = opened.repository.check(depth)?;
    if session.format() == Format::Table {
        session.data(&screen(session, &inert(&session.shown(&settings.store)), &report))?;
    } else {
        session.json("unapply.check", None, out(&report))?;
    }
    Ok(if report.is_sound() { Exit::Done } else { Exit::Integrity })
}

fn depth(read_data: Option<&str>) -> Result<Depth, Failure> {
    let Some(text) = read_data else { return Ok(Depth::Structure) };
    match text.strip_suffix('%').and_then(|number| number.parse::<u8>().ok()) {
        Some(100) => Ok(Depth::Everything),
        Some(percent @ 1..100) => Ok(Depth::Sample(percent)),
        _ => Err(Failure::new(Exit::Usage, format!("`--read-data={text}` is not 1% to 100%"))),
    }
}

fn problem(finding: &StoreFinding) -> String {
    let mut text = finding.problem.to_string();
    let mut source = std::error::Error::source(&finding.problem);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

fn out(report: &CheckReport) -> CheckOut {
    CheckOut {
        sound: report.is_sound(),
        stacks: report.stacks,
        entries: report.entries,
        blobs: report.blobs,
        blobs_read: report.blobs_read,
        unreferenced: report.unreferenced,
        findings: report
            .findings
            .iter()
            .map(|finding| FindingOut {
                key: finding.key.clone(),
                stack: finding.stack.as_ref().map(ToString::to_string),
                revision: finding.revision.map(|revision| revision.0),
                problem: problem(finding),
            })
            .collect(),
    }
}

fn screen(session: &Session, place: &str, report: &CheckReport) -> String {
    let paint = session.output.data_paint;
    let mut text = String::new();
    for finding in &report.findings {
        let whose = match (&finding.stack, finding.revision) {
            (Some(stack), Some(revision)) => format!("{stack} {revision}: "),
            (Some(stack), None) => format!("{stack}: "),
            (None, _) => String::new(),
        };
        let line = inert(&format!("{whose}{}  {}", finding.key, problem(finding)));
        text.push_str(&format!("{} {line}\n", paint.red("✗")));
    }
    let read = match report.blobs_read {
        0 => "not read".to_owned(),
        many => format!("{many} read"),
    };
    let stacks = if report.stacks == 1 { "stack" } else { "stacks" };
    let facts = format!(
        "{place}: {} {stacks} · {} entries · {} blobs ({read}) · {} unreferenced",
        report.stacks, report.entries, report.blobs, report.unreferenced
    );
    let (sign, verdict, next) = if report.is_sound() {
        let next =
            if report.blobs_read == 0 { "unapply check --read-data" } else { "unapply history" };
        (paint.green("✓"), "sound".to_owned(), next)
    } else {
        let count = report.findings.len();
        let word = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
        (
            paint.red("✗"),
            word,
            "keep a copy of the store before anything else; nothing here repairs",
        )
    };
    text.push_str(&format!("{sign} {facts} · {verdict}\nnext: {next}\n"));
    text
}
