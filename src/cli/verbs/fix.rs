//! `unapply fix`: puts manual fixes on record, and tells what became of them.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, civil};

use super::drift::{ShownItem, manner};
use super::{Opened, Session};
use crate::cli::args::{FixCommand as Arguments, FixVerb, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{FixFacts, FixListOut, FixOut, ShownHeld};
use crate::cli::output::inert;
use crate::cli::render::attributes::attributes;
use crate::cli::render::drift::{Manner, address, fix_line, places};
use crate::cli::render::value::shown as shown_value;
use crate::codec::state::ReadState;
use crate::engine::drift::{FixHeld, FixStanding, FixSubject, held, shown_value_at, standing};
use crate::engine::redact::Redactor;
use crate::flow::fix::{FixRequest, record};
use crate::flow::ports::{Job, Stack};
use crate::flow::recorded::{Valued, stored_state, valued_items};
use crate::flow::redaction::redactor_of_items;
use crate::knowledge::Knowledge;
use crate::model::entry::{Entry, Revision};
use crate::model::state::State;
use crate::port::clock::Clock as _;

/// Records, lists or shows.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.verb {
        FixVerb::Record { item, until } => recorded(session, item, until.as_deref()),
        FixVerb::List => list(session),
        FixVerb::Show { fix } => show(session, Revision(*fix)),
    }
}

fn recorded(session: &Session, item: &str, until: Option<&str>) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let has_reason = settings.author.reason.as_deref().is_some_and(|r| !r.trim().is_empty());
    if !has_reason {
        let what = "a fix needs a reason: whoever reads the record later was not there".to_owned();
        return Err(Failure::new(Exit::Usage, what)
            .next(format!("unapply fix record {item} --reason 'TEXT'")));
    }
    let until = until.map(|text| moment(session, text)).transpose()?;
    let opened = Session::open(&settings)?;
    let request = FixRequest { item: item.to_owned(), until };
    let said =
        record(&Job::new(&session.ports(&opened, &stack), &stack, &settings.author), &request)?;
    one(session, &opened, &stack, said.revision)
}

/// A time to come: a time, a day (its beginning, in UTC), or a span from now.
pub(super) fn moment(session: &Session, text: &str) -> Result<Timestamp, Failure> {
    let now = session.clock.now();
    let time = text.parse::<Timestamp>().ok();
    let day = || {
        let day: civil::Date = text.parse().ok()?;
        Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let span = || {
        let span: Span = text.parse().ok()?;
        Some(now.to_zoned(TimeZone::UTC).checked_add(span).ok()?.timestamp())
    };
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let until = time.or_else(day).or_else(span).ok_or_else(|| {
        usage(format!("`--until {text}` is neither a time, a day, nor a span such as 30d"))
    })?;
    if until <= now {
        return Err(usage(format!("`--until {text}` is past already")));
    }
    Ok(until)
}

fn list(session: &Session) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    with_fixes(session, &opened, &stack, |fixes| {
        if session.format() == Format::Table {
            return session.data(&list_screen(session, &stack, fixes));
        }
        let fixes = fixes.iter().filter_map(|fix| fix.out(session)).collect();
        session.json("unapply.fix-list", Some(&stack), FixListOut { fixes })
    })
}

fn show(session: &Session, fix: Revision) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    one(session, &opened, &stack, fix)
}

/// Shows one fix.
fn one(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    wanted: Revision,
) -> Result<Exit, Failure> {
    with_fixes(session, opened, stack, |fixes| {
        let fix = fixes.iter().find(|fix| fix.revision() == Some(wanted)).ok_or_else(|| {
            Failure::new(Exit::NoRevision, format!("revision {wanted} is no fix"))
                .next("unapply fix list")
        })?;
        match fix.out(session) {
            Some(out) if session.format() != Format::Table => {
                session.json("unapply.fix", Some(stack), out)
            }
            Some(_) | None => session.data(&screen(session, stack, fix)),
        }
    })
}

/// A fix with what became of it.
struct ToldFix<'a> {
    shown: ShownItem<'a>,
    standing: Option<FixStanding>,
    held: Vec<ShownHeld>,
}

impl ToldFix<'_> {
    fn revision(&self) -> Option<Revision> {
        self.shown.valued.tracked.fix.map(|(entry, _)| entry.revision)
    }

    fn out(&self, session: &Session) -> Option<FixOut> {
        let (entry, fix) = self.shown.valued.tracked.fix?;
        let facts = FixFacts::new(entry, fix, session.clock.now());
        let object = self.shown.object_out();
        Some(FixOut::new(facts, &self.shown.valued.tracked, object, self.standing, &self.held))
    }
}

/// Hands every fix, oldest first, to `tell`.
fn with_fixes(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    tell: impl FnOnce(&[ToldFix<'_>]) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let ports = session.ports(opened, stack);
    let log = ports.repository.log(&stack.name)?;
    let mut items = valued_items(&ports, &log, |tracked| tracked.fix.is_some())?;
    items.sort_by_key(|item| item.tracked.fix.map(|(entry, _)| entry.revision));
    let newest = stored_state(&ports, &log)?;
    let now = newest.as_ref().map(ReadState::state);
    let mut redactor = redactor_of_items(&ports, &log, &items)?;
    if let Some(now) = now {
        redactor = redactor.with_state(now);
    }
    let redactor = session.fingerprinted(redactor, Some((opened, stack)));
    let told = items.into_iter().map(|valued| told(&log, valued, now, &redactor, &stack.knowledge));
    tell(&told.collect::<Vec<_>>())?;
    Ok(Exit::Done)
}

fn told<'a>(
    log: &[Entry],
    valued: Valued<'a>,
    now: Option<&State<'_>>,
    redactor: &Redactor,
    knowledge: &Knowledge,
) -> ToldFix<'a> {
    let (tracked, object) = (&valued.tracked, &valued.object);
    let subject = FixSubject { tracked, object, knowledge, redactor };
    let standing = now.map(|now| standing(log, subject, now));
    let held = now.and_then(|now| held(subject, now)).unwrap_or_default();
    let show = |held: FixHeld| {
        let value = shown_value_at(&valued.object, &held.at, held.now.as_ref(), redactor);
        ShownHeld { path: held.path, place: redactor.path(&held.place, &[]), value }
    };
    let held = held.into_iter().map(show).collect();
    let shown = ShownItem::new(valued, knowledge, redactor);
    ToldFix { shown, standing, held }
}

fn heading(fix: &ToldFix<'_>, manner: &Manner) -> String {
    let standing = fix.standing.map_or("unknown", FixStanding::shown);
    let painted = match fix.standing {
        Some(FixStanding::Adopted) => manner.paint.green(standing),
        Some(FixStanding::Overwritten) => manner.paint.red(standing),
        Some(FixStanding::Open | FixStanding::InState | FixStanding::Gone) | None => {
            manner.paint.yellow(standing)
        }
    };
    let tracked = &fix.shown.valued.tracked;
    let address = manner.paint.bold(&address(tracked));
    let places = places(tracked, &fix.shown.changes);
    let item = manner.paint.dim(&tracked.item.fingerprint.to_string());
    let line = tracked.fix.map(|(entry, fix)| fix_line(entry, fix, manner)).unwrap_or_default();
    format!("{painted}   {address}   {places}   {item}\n    {line}\n")
}

fn list_screen(session: &Session, stack: &Stack, fixes: &[ToldFix<'_>]) -> String {
    let manner = manner(session);
    let mut text = format!("{}\n\n", manner.paint.bold(&format!("{}   manual fixes", stack.name)));
    for fix in fixes {
        text.push_str(&heading(fix, &manner));
    }
    if !fixes.is_empty() {
        text.push('\n');
    }
    let kinds = [
        FixStanding::Open,
        FixStanding::InState,
        FixStanding::Overwritten,
        FixStanding::Gone,
        FixStanding::Adopted,
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .map(|kind| (kind, fixes.iter().filter(|fix| fix.standing == Some(kind)).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", kind.shown()))
        .collect();
    let word = if fixes.len() == 1 { "fix" } else { "fixes" };
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    text.push_str(&format!("Summary: {} {word}{counts}\n", fixes.len()));
    let next = match fixes.first().and_then(ToldFix::revision) {
        Some(revision) => format!("unapply fix show {revision}"),
        None => "unapply drift".to_owned(),
    };
    text.push_str(&format!("next: {next}\n"));
    text
}

fn screen(session: &Session, stack: &Stack, fix: &ToldFix<'_>) -> String {
    let manner = manner(session);
    let valued = &fix.shown.valued;
    let mut text = format!("{}\n\n", manner.paint.bold(&stack.name.to_string()));
    text.push_str(&heading(fix, &manner));
    text.push_str(&attributes(&fix.shown.changes, manner.paint));
    text.push('\n');
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<11} {value}\n"));
    line("provider", &inert(&valued.object.provider.to_string()));
    line("id", &inert(fix.shown.id.as_deref().unwrap_or("-")));
    let seen = valued.tracked.last_seen;
    line(
        "last seen",
        &format!("check {} · {}", seen.revision, manner.times.show(seen.recorded.time)),
    );
    for (index, held) in fix.held.iter().enumerate() {
        let name = if index == 0 { "in state" } else { "" };
        let value = shown_value(&held.value);
        line(name, &format!("{} = {value}", inert(&held.path.to_string())));
    }
    let next = match fix.standing {
        Some(FixStanding::Open) => {
            "write it into the configuration, or undo it by hand; then: unapply drift".to_owned()
        }
        Some(FixStanding::InState) => {
            let engine = session.output.engine();
            format!("{engine} plan   (says whether the configuration holds it)")
        }
        Some(FixStanding::Overwritten) => "unapply diff".to_owned(),
        Some(FixStanding::Gone | FixStanding::Adopted) | None => "unapply drift".to_owned(),
    };
    text.push_str(&format!("\nnext: {next}\n"));
    text
}
