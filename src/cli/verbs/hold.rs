//! `unapply hold` and `unapply release`: nothing can be applied, and can again.
//!
//! A hold binds `run` and `guard`; both verbs say so, for a pipeline that calls neither goes on.

use super::fix::moment;
use super::{Opened, Session};
use crate::cli::args::{Format, HoldArguments, ReleaseArguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{EntryOut, HoldOut};
use crate::cli::settings::Settings;
use crate::engine::hold::standing;
use crate::flow::hold as flow;
use crate::flow::ports::{Job, Stack};
use crate::model::entry::{Entry, Revision};
use crate::model::hold::{Hold, HoldScope};
use crate::port::clock::Clock as _;

/// The pipelines that no hold can stop.
pub(super) const NOT_STOPPED: &str =
    "pipelines that call neither `run` nor `guard` are not stopped";

/// Holds everything.
pub(in crate::cli) fn hold(session: &Session, arguments: &HoldArguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    needs_reason(&settings, "a hold", "unapply hold --reason 'TEXT'")?;
    let until = arguments.until.as_deref().map(|text| moment(session, text)).transpose()?;
    let opened = Session::open(&settings)?;
    let wanted = Hold { scope: HoldScope::Everything, until };
    let said =
        flow::hold(&Job::new(&session.ports(&opened, &stack), &stack, &settings.author), wanted)?;
    let until = until.map_or_else(
        || "until it is released".to_owned(),
        |until| format!("until {}", session.times().show(until)),
    );
    let text = format!(
        "{}: held by {}: nothing can be applied {until}\n! {NOT_STOPPED}\nnext: unapply release --reason 'TEXT'\n",
        stack.name, said.revision
    );
    tell(session, &opened, &stack, &[said], &text)
}

/// Lifts holds.
pub(in crate::cli) fn release(
    session: &Session,
    arguments: &ReleaseArguments,
) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    needs_reason(&settings, "a release", "unapply release --reason 'TEXT'")?;
    let opened = Session::open(&settings)?;
    let wanted = arguments.hold.map(Revision);
    let said = flow::release(
        &Job::new(&session.ports(&opened, &stack), &stack, &settings.author),
        wanted,
    )?;
    let text = match said.len() {
        0 => format!("{}: nothing is held\n", stack.name),
        1 => format!("{}: one hold is lifted\nnext: unapply status\n", stack.name),
        many => format!("{}: {many} holds are lifted\nnext: unapply status\n", stack.name),
    };
    tell(session, &opened, &stack, &said, &text)
}

/// Refuses without a reason: people who meet a hold, or read that it was lifted, have to know why.
fn needs_reason(settings: &Settings, what: &str, next: &str) -> Result<(), Failure> {
    let reason = settings.author.reason.as_deref();
    if reason.is_some_and(|reason| !reason.trim().is_empty()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, format!("{what} needs a reason: others will ask for it"))
        .next(next))
}

fn tell(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    said: &[Entry],
    text: &str,
) -> Result<Exit, Failure> {
    if session.format() == Format::Table {
        session.data(text)?;
        return Ok(Exit::Done);
    }
    let log = opened.log(stack)?;
    let out = HoldOut {
        entries: said.iter().map(|entry| EntryOut::new(entry, None)).collect(),
        standing: standing(&log, session.clock.now()).iter().map(Into::into).collect(),
    };
    session.json("unapply.hold", Some(stack), out)?;
    Ok(Exit::Done)
}
