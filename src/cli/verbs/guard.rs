//! `unapply guard`: a pipeline's step before apply.
//!
//! It says whether what is about to be applied is held, and writes nothing anywhere. It looks at
//! nothing else: whether the plan is a good one is not asked here.

use super::Session;
use super::hold::NOT_STOPPED;
use crate::cli::args::{Format, Guard as Arguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::GuardOut;
use crate::engine::hold::Held;
use crate::flow::hold::answer;
use crate::model::hold::HoldScope;

/// Asks.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let ports = session.ports(&opened, &stack);
    let log = ports.repository.log(&stack.name)?;
    let plan = arguments.tfplan.as_ref().map(|path| session.world.directory.join(path));
    let answer = answer(&ports, &stack, &log, plan.as_deref())?;
    if session.format() != Format::Table {
        let out = GuardOut {
            allowed: answer.held.is_none(),
            hold: answer.held.as_ref().map(Into::into),
            configuration_digest: answer.candidate.digest.map(|digest| digest.to_string()),
            commit: answer.candidate.commit.clone(),
        };
        session.json("unapply.guard", Some(&stack), out)?;
    }
    match answer.held {
        None => {
            session.output.talk(&format!("{}: not held\n", stack.name));
            Ok(Exit::Done)
        }
        Some(held) => Err(refusal(session, &held)),
    }
}

/// Makes the refusal: who holds it, why and until when.
pub(in crate::cli) fn refusal(session: &Session, held: &Held<'_>) -> Failure {
    let said = &held.entry.recorded;
    let (what, commits, others) = match &held.hold.scope {
        HoldScope::Everything => ("nothing can be applied".to_owned(), &[][..], ""),
        HoldScope::Configuration { commits, target, .. } => {
            let back = target.map_or_else(String::new, |target| format!(" back to {target}"));
            let what = format!("this configuration was taken{back} and is held");
            (what, commits.as_slice(), "another configuration is not held; ")
        }
    };
    let revision = held.entry.revision;
    let times = session.times();
    let mut lines = vec![format!("held by {}, {}", said.actor.name, times.show(said.time))];
    lines.extend(said.reason.iter().map(|reason| format!("why: {reason}")));
    lines.extend(said.ticket.iter().map(|ticket| format!("ticket: {ticket}")));
    lines.extend(commits.iter().map(|commit| format!("commit: {commit}")));
    lines.push(match held.hold.until {
        Some(until) => format!("until {}", times.show(until)),
        None => "until it is released".to_owned(),
    });
    Failure::new(Exit::Refused, format!("{what} (hold {revision})"))
        .details(lines)
        .not_done("whatever was to be applied next")
        .now(format!("the stack is as it was; {others}{NOT_STOPPED}"))
        .next(format!("unapply release {revision} --reason 'TEXT'"))
        .next(format!("unapply show {revision}"))
}
