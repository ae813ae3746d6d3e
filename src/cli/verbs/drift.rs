//! `unapply drift`: looks at the real world, and shows what checks have seen.

use super::several::{each, meant};
use super::{Opened, Session};
use crate::cli::args::{Drift as Arguments, DriftVerb, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{DriftItemBody, DriftItemOut, DriftListOut, DriftOut, ObjectOut};
use crate::cli::output::inert;
use crate::cli::render::drift::{Manner, heading, item};
use crate::cli::settings::Settings;
use crate::engine::drift::{Life, Tracked, last_observation, select, shown, shown_id, tracked};
use crate::engine::readable::AttributeChange;
use crate::engine::redact::Redactor;
use crate::flow::Error;
use crate::flow::drift::{ObservedDrift, observe};
use crate::flow::error::drift::DriftError;
use crate::flow::ports::{Job, Stack};
use crate::flow::recorded::{Valued, valued_items};
use crate::flow::redaction::redactor_of_items;
use crate::knowledge::Knowledge;
use crate::model::entry::Entry;
use crate::port::clock::Clock as _;

/// Looks, lists or shows.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let asked = arguments.detailed_exitcode
        || matches!(arguments.verb, Some(DriftVerb::List { detailed_exitcode: true }));
    let when = if asked { WhenDrift::ExitTwo } else { WhenDrift::ExitZero };
    match &arguments.verb {
        None => several(session, when, detect),
        Some(DriftVerb::List { .. }) => several(session, when, list),
        Some(DriftVerb::Show { item }) => show(session, item),
    }
}

/// Whether drift makes a difference to the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhenDrift {
    ExitTwo,
    ExitZero,
}

/// How many open items a stack has.
type Act = fn(&Session, &Opened, &Settings, &Stack) -> Result<usize, Failure>;

/// Does the same for every stack that is meant; one that fails does not stop the others.
fn several(session: &Session, when: WhenDrift, act: Act) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let stacks = meant(session, &settings)?;
    let opened = Session::open(&settings)?;
    let mut open = 0_usize;
    let exit = each(session, &stacks, |stack| {
        open += act(session, &opened, &settings, stack)?;
        Ok(())
    })?;
    let is_told = exit == Exit::Done && open > 0 && when == WhenDrift::ExitTwo;
    Ok(if is_told { Exit::Differences } else { exit })
}

fn detect(
    session: &Session,
    opened: &Opened,
    settings: &Settings,
    stack: &Stack,
) -> Result<usize, Failure> {
    let ports = session.ports(opened, stack);
    let observed = observe(&Job::new(&ports, stack, &settings.author))?;
    // As of this check, whatever others may have said since.
    let mut log = ports.repository.log(&stack.name)?;
    log.retain(|entry| entry.revision <= observed.entry.revision || !is_observation(entry));
    report(session, opened, stack, &log, Some(&observed))
}

fn is_observation(entry: &Entry) -> bool {
    entry.recorded.body.kind() == "drift"
}

fn list(session: &Session, opened: &Opened, _: &Settings, stack: &Stack) -> Result<usize, Failure> {
    let log = opened.log(stack)?;
    report(session, opened, stack, &log, None)
}

/// Shows the items of the last check and those that it found resolved.
fn report(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    log: &[Entry],
    observed: Option<&ObservedDrift>,
) -> Result<usize, Failure> {
    let newest = last_observation(log).map(|(entry, _)| entry.revision);
    let is_wanted = |tracked: &Tracked<'_>| {
        tracked.life.is_open()
            || tracked.resolved.is_some_and(|entry| Some(entry.revision) == newest)
    };
    let items = shown_items(session, opened, stack, log, is_wanted)?;
    let open = items.iter().filter(|item| item.valued.tracked.life.is_open()).count();
    if session.format() == Format::Table {
        session.data(&screen(session, stack, log, observed, &items))?;
        return Ok(open);
    }
    let list = list_out(session, log, &items);
    match observed {
        Some(observed) => {
            let body = DriftOut { recorded: observed.is_new, list };
            session.json("unapply.drift", Some(stack), body)?;
        }
        None => session.json("unapply.drift-list", Some(stack), list)?,
    }
    Ok(open)
}

/// How a person sees it.
pub(super) fn manner(session: &Session) -> Manner {
    Manner { paint: session.output.data_paint, times: session.times(), now: session.clock.now() }
}

/// An item with what may be shown of it.
pub(super) struct ShownItem<'a> {
    pub valued: Valued<'a>,
    pub changes: Vec<AttributeChange>,
    /// The real object's id.
    pub id: Option<String>,
}

impl<'a> ShownItem<'a> {
    pub(super) fn new(valued: Valued<'a>, knowledge: &Knowledge, redactor: &Redactor) -> Self {
        let changes = shown(valued.tracked.item, &valued.object, knowledge, redactor);
        let id = shown_id(&valued.object, redactor);
        Self { valued, changes, id }
    }

    /// The object for JSON.
    pub(super) fn object_out(&self) -> ObjectOut {
        let Valued { tracked, object } = &self.valued;
        ObjectOut::new(tracked, object, self.id.as_deref(), &self.changes)
    }

    fn out(&self, session: &Session) -> DriftItemOut {
        DriftItemOut::new(&self.valued.tracked, self.object_out(), session.clock.now())
    }
}

/// The items that are wanted, safe to show.
fn shown_items<'a>(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    log: &'a [Entry],
    is_wanted: impl Fn(&Tracked<'_>) -> bool,
) -> Result<Vec<ShownItem<'a>>, Failure> {
    let ports = session.ports(opened, stack);
    let items = valued_items(&ports, log, is_wanted)?;
    let redactor = redactor_of_items(&ports, log, &items)?;
    let redactor = session.fingerprinted(redactor, Some((opened, stack)));
    let shown = |valued| ShownItem::new(valued, &stack.knowledge, &redactor);
    Ok(items.into_iter().map(shown).collect())
}

fn list_out(session: &Session, log: &[Entry], items: &[ShownItem<'_>]) -> DriftListOut {
    let last = last_observation(log);
    let of = |is_open| {
        let items = items.iter().filter(move |item| item.valued.tracked.life.is_open() == is_open);
        items.map(|item| item.out(session)).collect()
    };
    let counts = DriftCounts::of(session, items);
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    DriftListOut {
        observation: last.map(|(entry, _)| entry.revision.0),
        looked_at: last.map(|(entry, _)| format!("{:.0}", entry.recorded.time)),
        against: last.map(|(_, observation)| observation.against.0),
        items: of(true),
        resolved: of(false),
        open: number(counts.open),
        new: number(counts.new),
        fixes: number(counts.fixes),
        overdue: number(counts.overdue),
    }
}

/// The numbers of a summary.
struct DriftCounts {
    open: usize,
    new: usize,
    fixes: usize,
    overdue: usize,
    resolved: usize,
}

impl DriftCounts {
    fn of(session: &Session, items: &[ShownItem<'_>]) -> Self {
        let now = session.clock.now();
        let count = |is: &dyn Fn(&Tracked<'_>) -> bool| {
            items.iter().filter(|item| is(&item.valued.tracked)).count()
        };
        let until = |t: &Tracked<'_>| t.fix.and_then(|(_, fix)| fix.until);
        Self {
            open: count(&|t| t.life.is_open()),
            new: count(&|t| t.life == Life::New),
            fixes: count(&|t| t.life.is_open() && t.fix.is_some()),
            overdue: count(&|t| t.life.is_open() && until(t).is_some_and(|until| until < now)),
            resolved: count(&|t| t.life == Life::Resolved),
        }
    }
}

fn screen(
    session: &Session,
    stack: &Stack,
    log: &[Entry],
    observed: Option<&ObservedDrift>,
    items: &[ShownItem<'_>],
) -> String {
    let manner = manner(session);
    let Some((entry, observation)) = last_observation(log) else {
        return format!("{}: drift has not been checked yet\nnext: unapply drift\n", stack.name);
    };
    let when = manner.times.show(entry.recorded.time);
    let recorded = match observed {
        Some(observed) if !observed.is_new => "as at the last check, no new entry · ",
        Some(_) | None => "",
    };
    let heading_line = format!(
        "{}   snapshot {} (serial {})  →  the real world   {recorded}check {} · {when}",
        stack.name, observation.against, observation.state.serial, entry.revision
    );
    let mut text = format!("{}\n\n", manner.paint.bold(&heading_line));
    for shown in items.iter().filter(|item| item.valued.tracked.life.is_open()) {
        text.push_str(&item(&shown.valued.tracked, &shown.changes, &manner));
    }
    for shown in items.iter().filter(|item| item.valued.tracked.life == Life::Resolved) {
        text.push_str(&heading(&shown.valued.tracked, &shown.changes, &manner));
    }
    if !items.is_empty() {
        text.push('\n');
    }
    text.push_str(&summary(&DriftCounts::of(session, items)));
    text.push_str(&format!("next: {}\n", next(items)));
    text
}

fn summary(counts: &DriftCounts) -> String {
    let mut parts = match counts.open {
        0 => vec!["no drift".to_owned()],
        1 => vec![format!("1 item, {} new", counts.new)],
        many => vec![format!("{many} items, {} new", counts.new)],
    };
    if counts.fixes > 0 {
        let overdue = match counts.overdue {
            0 => String::new(),
            many => format!(" ({many} OVERDUE)"),
        };
        let word = if counts.fixes == 1 { "fix" } else { "fixes" };
        parts.push(format!("{} on record as {word}{overdue}", counts.fixes));
    }
    if counts.resolved > 0 {
        parts.push(format!("{} resolved since the check before", counts.resolved));
    }
    format!("Summary: {}\n", parts.join(" · "))
}

/// Proposes the next command: first for an open item without a fix.
fn next(items: &[ShownItem<'_>]) -> String {
    let open = |item: &&ShownItem<'_>| item.valued.tracked.life.is_open();
    let unexplained = items.iter().filter(open).find(|item| item.valued.tracked.fix.is_none());
    match (unexplained, items.iter().find(open)) {
        (Some(item), _) => {
            format!("unapply fix record {} --reason …", item.valued.tracked.item.fingerprint)
        }
        (None, Some(_)) => "unapply fix list".to_owned(),
        (None, None) => "unapply history".to_owned(),
    }
}

fn show(session: &Session, wanted: &str) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let ports = session.ports(&opened, &stack);
    let log = ports.repository.log(&stack.name)?;
    let all = tracked(&log);
    let wanted =
        select(&all, wanted).map_err(DriftError::Item).map_err(Error::from)?.item.fingerprint;
    let is_wanted = |tracked: &Tracked<'_>| tracked.item.fingerprint == wanted;
    for shown in &shown_items(session, &opened, &stack, &log, is_wanted)? {
        if session.format() == Format::Table {
            session.data(&item_screen(session, &stack, shown))?;
        } else {
            let body = DriftItemBody { drift: shown.out(session) };
            session.json("unapply.drift-item", Some(&stack), body)?;
        }
    }
    Ok(Exit::Done)
}

fn item_screen(session: &Session, stack: &Stack, shown: &ShownItem<'_>) -> String {
    let manner = manner(session);
    let tracked = &shown.valued.tracked;
    let mut text = format!("{}\n\n", manner.paint.bold(&stack.name.to_string()));
    text.push_str(&item(tracked, &shown.changes, &manner));
    text.push('\n');
    let seen = |entry: &Entry| {
        let by = inert(&entry.recorded.actor.name);
        format!("check {} · {} · {by}", entry.revision, manner.times.show(entry.recorded.time))
    };
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<11} {value}\n"));
    line("provider", &inert(&shown.valued.object.provider.to_string()));
    line("id", &inert(shown.id.as_deref().unwrap_or("-")));
    line("first seen", &seen(tracked.first_seen));
    line("last seen", &seen(tracked.last_seen));
    if let Some(entry) = tracked.resolved {
        line("resolved", &seen(entry));
    }
    text.push_str(&format!("\nnext: {}\n", next(std::slice::from_ref(shown))));
    text
}
