//! `unapply status`: one line a stack.

mod fail_on;

use jiff::Timestamp;

use super::{Opened, Session};
use crate::cli::args::{Format, StatusArguments as Arguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::failure::kept::PLANNABLE;
use crate::cli::failure::unsettled::RECOVER;
use crate::cli::json::{FailedOnOut, LockOut, PassedOverOut, StackStatus, StatusOut, UnsettledOut};
use crate::cli::output::inert;
use crate::cli::render::table::{Align, columns};
use crate::codec::state::ReadState;
use crate::engine::drift::{last_observation, tracked};
use crate::engine::good::{KnownGood, last_known_good, passed_over, snapshots};
use crate::engine::hold::standing as standing_holds;
use crate::engine::pin::{self, StateStanding};
use crate::engine::unsettled::{Unsettled, open_revert, unsettled};
use crate::flow::live;
use crate::flow::ports::{Ports, Stack};
use crate::model::entry::{Entry, Revision};
use crate::model::word::Word as _;
use crate::port::clock::Clock as _;
use crate::terraform::directory;
use crate::terraform::directory::lock::{LocalLock, local_lock};

/// Looks at every stack that is meant.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stacks) = session.several()?;
    let opened = Session::open(&settings)?;
    let mut found = Vec::new();
    for stack in &stacks {
        found.push(look(session, &opened, stack)?);
    }
    let failed_on = fail_on::failed_on(&found, &arguments.fail_on);
    let exit = if failed_on.is_empty() { Exit::Done } else { Exit::Differences };
    if session.format() == Format::Table {
        session.data(&screen(session, &found, &failed_on))?;
    } else {
        session.json("unapply.status", None, StatusOut { stacks: found, failed_on })?;
    }
    Ok(exit)
}

fn look(session: &Session, opened: &Opened, stack: &Stack) -> Result<StackStatus, Failure> {
    let ports = session.ports(opened, stack);
    let log = ports.repository.log(&stack.name)?;
    let good = last_known_good(&log);
    let newest = snapshots(&log).next_back().map(|(entry, _)| entry);
    let rfc = |time: Timestamp| format!("{time:.0}");
    let mut status = StackStatus {
        stack: stack.name.to_string(),
        good: good.map(|good| good.entry.revision.0),
        grade: good.map(|good| good.evidence.grade.name().to_owned()),
        good_taken_at: good.map(|good| rfc(good.entry.happened())),
        passed_over: good.map_or_else(Vec::new, |good| newer_good(&log, good.entry.revision)),
        newest: newest.map(|entry| entry.revision.0),
        newest_taken_at: newest.map(|entry| rfc(entry.recorded.time)),
        newest_age_seconds: newest.map(|entry| age(session.clock.now(), entry.recorded.time)),
        unfinished: open_revert(&log).map(|entry| entry.revision.0),
        unsettled: matters(&log),
        holds: standing_holds(&log, session.clock.now()).iter().map(Into::into).collect(),
        ..drift(session, &log)
    };
    (status.lock, status.lock_visible) = lock(&ports, stack);
    match live::read(&ports, stack) {
        Err(error) => {
            "unknown".clone_into(&mut status.live);
            status.problem = Some(error.to_string());
        }
        Ok(live) => match live.bytes.clone().map(ReadState::read) {
            None => "none".clone_into(&mut status.live),
            Some(Err(unreadable)) => {
                "unknown".clone_into(&mut status.live);
                status.problem = Some(unreadable.to_string());
            }
            Some(Ok(read)) => {
                let state = read.state();
                status.live_serial = Some(state.version.serial.0);
                let mismatch = pin::check(
                    &log,
                    &stack.workspace,
                    Some(&live.backend.identity),
                    Some(&state.version.lineage),
                );
                status.problem = mismatch.err().map(|mismatch| mismatch.to_string());
                standing(&log, &state.version).clone_into(&mut status.live);
            }
        },
    }
    Ok(status)
}

/// How old something is; what a clock that went back has put into the future is new.
fn age(now: Timestamp, time: Timestamp) -> u64 {
    u64::try_from(now.duration_since(time).as_secs()).unwrap_or(0)
}

/// Newer good snapshots than the last known good one.
fn newer_good(log: &[Entry], good: Revision) -> Vec<PassedOverOut> {
    let out = |newer: KnownGood<'_>| PassedOverOut {
        revision: newer.entry.revision.0,
        why: newer.passed_over_by(good),
    };
    passed_over(log).into_iter().map(out).collect()
}

fn matters(log: &[Entry]) -> Vec<UnsettledOut> {
    let out = |matter: &Unsettled<'_>| UnsettledOut {
        revision: matter.revision().0,
        what: matter.clause(),
        stands_in_the_way: matter.stands_in_the_way(),
    };
    unsettled(log).iter().map(out).collect()
}

/// Finds out who has Terraform's lock, and whether that can be seen.
fn lock(ports: &Ports<'_>, stack: &Stack) -> (Option<LockOut>, bool) {
    let file = live::backend(ports, stack).ok().and_then(|backend| {
        directory::local_state_file(&stack.root, &backend.identity, &stack.workspace)
    });
    let Some(file) = file else { return (None, false) };
    let lock = match local_lock(&file) {
        LocalLock::Free => None,
        LocalLock::Held(info) => Some(LockOut::new("held", info)),
        LocalLock::Announced(info) => Some(LockOut::new("announced", info)),
    };
    (lock, true)
}

/// Counts what the last check saw, as far as the log alone tells.
fn drift(session: &Session, log: &[Entry]) -> StackStatus {
    let Some((entry, _)) = last_observation(log) else { return StackStatus::default() };
    let now = session.clock.now();
    let items = tracked(log);
    let open = || items.iter().filter(|tracked| tracked.life.is_open());
    let fixes = || open().filter_map(|tracked| tracked.fix);
    let is_overdue = |until: Option<Timestamp>| until.is_some_and(|until| until < now);
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    StackStatus {
        drift: Some(count(open().count())),
        drift_looked_at: Some(format!("{:.0}", entry.recorded.time)),
        fixes: count(fixes().count()),
        fixes_overdue: count(fixes().filter(|(_, fix)| is_overdue(fix.until)).count()),
        ..StackStatus::default()
    }
}

fn standing(log: &[Entry], version: &crate::model::version::StateVersion) -> &'static str {
    let is_good = last_known_good(log)
        .and_then(|good| good.snapshot.state.as_ref())
        .is_some_and(|state| state.version.digest == version.digest);
    match pin::standing(log, version) {
        _ if is_good => "good",
        StateStanding::Recorded(_) => "recorded",
        StateStanding::First | StateStanding::Grown => "grown",
        StateStanding::Rewound { .. } => "rewound",
        StateStanding::Forked { .. } => "forked",
    }
}

const HEADER: [(&str, Align); 6] = [
    ("STACK", Align::Left),
    ("GOOD", Align::Left),
    ("LIVE", Align::Left),
    ("DRIFT", Align::Left),
    ("LAST SNAPSHOT", Align::Left),
    ("NOTE", Align::Left),
];

fn screen(session: &Session, found: &[StackStatus], failed_on: &[FailedOnOut]) -> String {
    let rows = found.iter().map(|status| row(session, status)).collect();
    let mut text = columns(&HEADER, rows);
    let word = if found.len() == 1 { "stack" } else { "stacks" };
    text.push_str(&format!("\n{} {word}\n", found.len()));
    for failed in failed_on {
        let mark = session.output.data_paint.red("✗");
        let line = format!("{}: {}: {}", failed.stack, failed.what, inert(&failed.why));
        text.push_str(&format!("{mark} {line}\n"));
    }
    text.push_str(&format!("next: {}\n", next(found)));
    text
}

fn next(found: &[StackStatus]) -> String {
    let is_open = |status: &StackStatus| {
        let open = |matter: &UnsettledOut| {
            matter.stands_in_the_way && Some(matter.revision) != status.unfinished
        };
        status.unsettled.iter().any(open)
    };
    if found.iter().any(is_open) {
        return RECOVER.to_owned();
    }
    let next = if found.iter().any(|status| status.unfinished.is_some()) {
        "unapply revert   (a revert was left unfinished: this one concludes it)"
    } else if found.iter().any(|status| status.problem.is_some()) {
        "unapply snapshot   (keeps what is there and says what is wrong with it)"
    } else if found.iter().all(|status| status.newest.is_none()) {
        "unapply snapshot"
    } else if found.iter().all(|status| status.good.is_none()) {
        "unapply mark good @-"
    } else if found.iter().any(|status| !status.passed_over.is_empty()) {
        PLANNABLE
    } else if found.iter().all(|status| status.live == "good") {
        "unapply history"
    } else {
        "unapply diff"
    };
    next.to_owned()
}

fn row(session: &Session, status: &StackStatus) -> Vec<String> {
    let when = |time: &Option<String>| {
        let time = time.as_ref().and_then(|time| time.parse::<Timestamp>().ok());
        time.map_or("-".to_owned(), |time| session.times().show(time))
    };
    let good = match (status.good, &status.grade) {
        (Some(revision), Some(grade)) => {
            format!("★ r{revision} {grade} · {}", when(&status.good_taken_at))
        }
        _ => "none".to_owned(),
    };
    let live = match (status.live_serial, status.live.as_str()) {
        (Some(serial), "good") => format!("serial {serial} = good"),
        (Some(serial), "grown") => format!("serial {serial}, not recorded"),
        (Some(serial), word) => format!("serial {serial}, {word}"),
        (None, "none") => "no state yet".to_owned(),
        (None, word) => word.to_owned(),
    };
    let drift = match (status.drift, status.fixes, status.fixes_overdue) {
        (None, _, _) => "-".to_owned(),
        (Some(0), _, _) => "none".to_owned(),
        (Some(items), 0, _) => items.to_string(),
        (Some(items), fixes, 0) => format!("{items} ({fixes} on record)"),
        (Some(items), fixes, overdue) => {
            format!("{items} ({fixes} on record, {overdue} OVERDUE)")
        }
    };
    let newest = status.newest.map_or("-".to_owned(), |revision| {
        format!("r{revision} · {}", when(&status.newest_taken_at))
    });
    let notes = notes(session, status);
    vec![status.stack.clone(), good, live, drift, newest, inert(&notes.join(" · "))]
}

/// Lists what else there is to say of a stack.
fn notes(session: &Session, status: &StackStatus) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    notes.extend(status.unfinished.map(|revision| format!("revert r{revision} is unfinished")));
    let is_other = |matter: &&UnsettledOut| Some(matter.revision) != status.unfinished;
    notes.extend(status.unsettled.iter().filter(is_other).map(|matter| matter.what.clone()));
    if let Some(hold) = status.holds.first() {
        let what = if hold.everything { "held" } else { "what was reverted is held" };
        let until = hold.until.as_ref().and_then(|until| until.parse::<Timestamp>().ok());
        let until = until
            .map_or_else(String::new, |until| format!(" until {}", session.times().show(until)));
        notes.push(format!("{what}{until} (r{})", hold.revision));
    }
    if let Some(lock) = &status.lock {
        let who = if lock.who.is_empty() { "somebody" } else { &lock.who };
        notes.push(match lock.standing.as_str() {
            "held" => format!("locked by {who}"),
            _ => format!("a lock of {who} is announced, and nobody here holds it"),
        });
    }
    notes.extend(status.passed_over.iter().map(|newer| newer.why.clone()));
    notes.extend(status.problem.clone());
    notes
}
