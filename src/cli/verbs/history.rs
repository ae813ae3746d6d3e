//! `unapply history`: entries of a stack, newest first.

mod note;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::note::note;
use super::side::short_commit;
use super::{Opened, Session};
use crate::cli::args::{Format, History as Arguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{EntryOut, HistoryOut};
use crate::cli::output::inert;
use crate::cli::render::table::{Align, columns};
use crate::codec::state::ReadState;
use crate::engine::good::{good_snapshots, last_known_good, snapshots, verdicts};
use crate::engine::selector::before;
use crate::flow::live;
use crate::flow::ports::Stack;
use crate::flow::recorded::load_bytes;
use crate::model::address::{Address, NotAnAddress};
use crate::model::entry::{Body, Cause, Entry, Revision, Snapshot};
use crate::model::good::Verdict;
use crate::model::word::Word as _;
use crate::port::clock::Clock as _;

/// Shows the log.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let log = opened.log(&stack)?;
    let since = arguments.since.as_deref().map(|text| moment(session, text)).transpose()?;
    let touched = match &arguments.resource {
        Some(address) => Some(touching(&opened, &log, address)?),
        None => None,
    };
    let shown: Vec<&Entry> = log
        .iter()
        .rev()
        .filter(|entry| {
            arguments.kind.as_deref().is_none_or(|kind| kind == entry.recorded.body.kind())
                && since.is_none_or(|since| entry.happened() >= since)
                && touched.as_ref().is_none_or(|touched| touched.contains(&entry.revision))
        })
        .take(arguments.max)
        .collect();
    match session.format() {
        Format::Table => session.data(&screen(session, &opened, &stack, &log, &shown))?,
        Format::Json | Format::Ndjson | Format::Md => json(session, &stack, &log, &shown)?,
    }
    Ok(Exit::Done)
}

/// The snapshots in which a resource is not as it was in the one before.
fn touching(opened: &Opened, log: &[Entry], address: &str) -> Result<BTreeSet<Revision>, Failure> {
    let address: Address = address
        .parse()
        .map_err(|error: NotAnAddress| Failure::new(Exit::Usage, error.to_string()))?;
    let mut touched = BTreeSet::new();
    let mut before: Vec<String> = Vec::new();
    for (entry, snapshot) in snapshots(log) {
        let Some(stored) = &snapshot.state else { continue };
        let bytes = load_bytes(&opened.repository, entry, stored)?;
        // A stored state that cannot be read any more says nothing about one resource.
        let Ok(read) = ReadState::read(bytes) else { continue };
        let now: Vec<String> = read
            .state()
            .instances
            .iter()
            .filter(|object| object.address == address)
            .map(|object| {
                format!("{:?} {:?} {}", object.deposed, object.status, object.attributes.0)
            })
            .collect();
        if now != before {
            touched.insert(entry.revision);
            before = now;
        }
    }
    Ok(touched)
}

fn json(session: &Session, stack: &Stack, log: &[Entry], shown: &[&Entry]) -> Result<(), Failure> {
    let verdicts = verdicts(log);
    let out = |entry: &&Entry| EntryOut::new(entry, verdicts.get(&entry.revision).copied());
    if session.format() == Format::Ndjson {
        for entry in shown {
            session.json("unapply.entry", Some(stack), out(entry))?;
        }
        return Ok(());
    }
    let total = u64::try_from(log.len()).unwrap_or(u64::MAX);
    let entries = shown.iter().map(out).collect();
    session.json("unapply.history", Some(stack), HistoryOut { entries, total })
}

/// A time, or a span before now.
fn moment(session: &Session, text: &str) -> Result<Timestamp, Failure> {
    let time = text.parse::<Timestamp>().ok();
    time.or_else(|| before(session.clock.now(), text)).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{text}` is neither a time nor a span such as 2h"))
    })
}

const HEADER: [(&str, Align); 9] = [
    ("REV", Align::Right),
    ("STATUS", Align::Left),
    ("WHEN", Align::Left),
    ("BY", Align::Left),
    ("COMMIT", Align::Left),
    ("SERIAL", Align::Right),
    ("RES", Align::Right),
    ("CHANGE", Align::Left),
    ("NOTE", Align::Left),
];

fn screen(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    log: &[Entry],
    shown: &[&Entry],
) -> String {
    let paint = session.output.data_paint;
    let verdicts = verdicts(log);
    let best = last_known_good(log).map(|good| good.entry.revision);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut marks: Vec<&str> = Vec::new();
    if let Some(row) = live_row(session, opened, stack, log) {
        rows.push(row);
        marks.push(" ");
    }
    for entry in shown {
        let status = status(entry, verdicts.get(&entry.revision).copied());
        rows.push(row(session, entry, status));
        marks.push(if Some(entry.revision) == best { "★" } else { " " });
    }
    let table = columns(&HEADER, rows);
    let mut text = format!("{}\n\n", paint.bold(&heading(stack, log)));
    for (index, line) in table.lines().enumerate() {
        let mark = if index == 0 { " " } else { marks.get(index - 1).copied().unwrap_or(" ") };
        text.push_str(&format!("{} {line}\n", paint.sign(mark, mark)));
    }
    text.push_str(&format!("\n{}\n", summary(session, log, shown)));
    let next = match (log.is_empty(), best) {
        (true, _) => "unapply snapshot",
        (false, None) => "unapply mark good REV",
        (false, Some(_)) => "unapply diff · unapply revert",
    };
    text.push_str(&format!("next: {next}\n"));
    text
}

fn heading(stack: &Stack, log: &[Entry]) -> String {
    let newest = snapshots(log).next_back().map(|(_, snapshot)| snapshot);
    let mut parts = vec![stack.name.to_string()];
    if let Some(snapshot) = newest {
        if let Some(engine) = &snapshot.engine {
            parts.push(engine.to_string());
        }
        parts.push(inert(&snapshot.backend.to_string()));
        if snapshot.workspace != "default" {
            parts.push(format!("workspace {}", inert(&snapshot.workspace)));
        }
        if let Some(state) = &snapshot.state {
            parts.push(format!("lineage {}", state.version.lineage.short()));
        }
    }
    parts.join(" · ")
}

fn summary(session: &Session, log: &[Entry], shown: &[&Entry]) -> String {
    let good: Vec<String> =
        good_snapshots(log).iter().take(3).map(|good| good.entry.revision.to_string()).collect();
    let good = if good.is_empty() { "none".to_owned() } else { good.join(", ") };
    let oldest = log.first().map_or(String::new(), |entry| {
        format!(" · oldest {}", session.times().show(entry.happened()))
    });
    format!("{} of {} entries · good: {good}{oldest}", shown.len(), log.len())
}

/// The present, where looking costs nothing: a local state.
fn live_row(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    log: &[Entry],
) -> Option<Vec<String>> {
    let newest = snapshots(log).next_back()?;
    if newest.1.backend.kind != "local" {
        return None;
    }
    let read = live::read(&session.ports(opened, stack), stack).ok()?.state().ok()??;
    let (live, bytes) = (read.state(), read.bytes());
    let digest = |snapshot: &Snapshot| snapshot.state.as_ref().map(|state| state.version.digest);
    let same = snapshots(log).rev().find(|(_, snapshot)| digest(snapshot) == Some(bytes.digest()));
    let managed = live
        .instances
        .iter()
        .filter(|object| object.address.mode == crate::model::address::Mode::Managed);
    let change = same.map_or("changed".to_owned(), |(entry, _)| format!("= {}", entry.revision));
    let cells = ["@", "live", "now", "-", "-"].map(str::to_owned);
    let mut row = cells.to_vec();
    row.extend([
        live.version.serial.to_string(),
        managed.count().to_string(),
        change,
        String::new(),
    ]);
    Some(row)
}

fn status(entry: &Entry, verdict: Option<&Verdict>) -> &'static str {
    match (&entry.recorded.body, verdict) {
        (Body::Snapshot(_), Some(Verdict::Good(_))) => "good",
        (Body::Snapshot(_), Some(Verdict::Bad)) => "bad",
        (Body::Snapshot(snapshot), None) => match snapshot.cause {
            Cause::BeforeRevert | Cause::BeforeRun => "before",
            Cause::AfterRevert | Cause::AfterRun => "after",
            Cause::Imported => "import",
            Cause::Manual | Cause::Init => "-",
        },
        (Body::Evidence(_), _) => "evidence",
        (Body::Mark(_), _) => "mark",
        (Body::RevertIntent(_), _) => "revert",
        (Body::RevertOutcome(_), _) => "outcome",
        (Body::Verification(_), _) => "verified",
        (Body::Drift(_), _) => "drift",
        (Body::Fix(_), _) => "fix",
        (Body::RunIntent(_), _) => "run",
        (Body::RunOutcome(ended), _) => ended.outcome.name(),
        (Body::Hold(_), _) => "hold",
        (Body::Release(_), _) => "release",
        (Body::Resolution(resolution), _) => resolution.how.name(),
        (Body::Diagnosis(_), _) => "doctor",
    }
}

fn row(session: &Session, entry: &Entry, status: &str) -> Vec<String> {
    let snapshot = entry.recorded.body.snapshot();
    let state = snapshot.and_then(|snapshot| snapshot.state.as_ref());
    let git = snapshot.and_then(|snapshot| snapshot.git.as_ref());
    let dash = || "-".to_owned();
    let commit = git.map_or_else(dash, |git| {
        format!("{}{}", short_commit(&git.commit), if git.dirty { "*" } else { "" })
    });
    let is_snapshot = snapshot.is_some();
    let blank = || if is_snapshot { dash() } else { String::new() };
    vec![
        entry.revision.to_string(),
        status.to_owned(),
        session.times().show(entry.happened()),
        inert(&entry.recorded.actor.name),
        if is_snapshot { commit } else { String::new() },
        state.map_or_else(blank, |state| state.version.serial.to_string()),
        state.map_or_else(blank, |state| state.resources.to_string()),
        change(snapshot),
        note(entry),
    ]
}

fn change(snapshot: Option<&Snapshot>) -> String {
    let Some(change) = snapshot.and_then(|snapshot| snapshot.change) else {
        return String::new();
    };
    let counts: BTreeMap<&str, u64> =
        [("+", change.added), ("~", change.changed), ("-", change.removed), ("!", change.tainted)]
            .into();
    let parts: Vec<String> = ["+", "~", "-", "!"]
        .into_iter()
        .filter_map(|sign| Some((sign, *counts.get(sign)?)))
        .filter(|(_, count)| *count > 0)
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect();
    if parts.is_empty() { format!("= {}", change.against) } else { parts.join(" ") }
}
