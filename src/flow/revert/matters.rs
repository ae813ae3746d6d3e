//! What is open from before, as far as it concerns a revert.
//!
//! A revert builds on the present state, so nothing may be open that says that the state is not the
//! truth. What merely may exist stops nobody and is named: the revert does not undo it. Settling is
//! `flow::recover`'s; a dead revert is concluded by [`super::draft`].

use crate::codec::state;
use crate::engine::left_state::is_same_content;
use crate::engine::unsettled::{Matter, unsettled};
use crate::flow::recover::alive::{self, Life};
use crate::flow::{Error, Ports, Speaker, Stack, live};
use crate::model::entry::{Body, Entry, NotUndone, Revision};
use crate::model::run::{Settled, Settlement};
use crate::model::state::StateBytes;
use crate::store::After;

/// Refuses while something is open that a revert would build upon.
pub(super) fn check_settled(log: &[Entry], speaker: &Speaker) -> Result<(), Error> {
    let mut open = Vec::new();
    for matter in unsettled(log) {
        match &matter {
            // The draft refuses a revert that lives and concludes one that does not.
            Matter::Revert(_) | Matter::MayExist { .. } => {}
            Matter::Run(intent) => {
                if let Life::Alive(who) = alive::of(intent, &speaker.actor) {
                    return Err(Error::RunUnderWay { intent: intent.revision, who });
                }
                open.push(matter.clause());
            }
            Matter::Lost { .. } | Matter::LeftState(_) => {
                open.push(matter.clause());
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Error::Unsettled(open)) }
}

/// Says of every state that was left behind and is the present one by now that it was pushed: who
/// follows Terraform's own advice needs nobody's word. One that cannot be read or compared stays open.
/// Gives the log with that.
pub(super) fn settle_pushed(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
) -> Result<Vec<Entry>, Error> {
    let mut log = ports.repository.log(&stack.name)?;
    let mut said = Vec::new();
    for matter in unsettled(&log) {
        let Matter::LeftState(entry) = matter else { continue };
        let Body::Evidence(kept) = &entry.said.body else { continue };
        let Some(live) = live::read(ports, stack)?.bytes else { continue };
        let left = StateBytes::new(ports.repository.get_blob(&kept.blob)?);
        let is_there = match (state::parse(&left), state::parse(&live)) {
            (Ok(left), Ok(live)) => is_same_content(&left, &live),
            _ => false,
        };
        if is_there {
            let reason = Some("the present state is the one that was left behind".to_owned());
            let speaker = Speaker { reason, ..speaker.clone() };
            let (matter, how) = (entry.revision, Settled::Pushed);
            let body = Body::Settlement(Settlement { matter, how, objects: Vec::new() });
            said.push(ports.say(&stack.name, &speaker, After::Any, body)?);
        }
    }
    log.extend(said);
    Ok(log)
}

/// What may have been made since `target` and is in no state: no plan can end it.
pub(super) fn not_undone(log: &[Entry], target: Revision) -> Vec<NotUndone> {
    let mut found = Vec::new();
    for matter in unsettled(log) {
        let Matter::MayExist { outcome, deeds } = matter else { continue };
        if outcome.revision <= target {
            continue;
        }
        found.extend(deeds.iter().map(|deed| NotUndone {
            address: deed.address.clone(),
            why: format!(
                "a {} that did not end well may have left an object; check by hand",
                deed.action
            ),
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::Digest;
    use crate::model::entry::{Actor, Draft};
    use crate::model::run::RunIntent;

    fn actor(host: &str, process: u32) -> Actor {
        Actor { name: "ci".into(), host: host.into(), process }
    }

    fn begun(actor: Actor) -> Entry {
        let intent = RunIntent {
            before: Revision(1),
            command: Vec::new(),
            configuration: None,
            commit: None,
            plan: None,
            journal: String::new(),
        };
        Entry {
            stack: "s".parse().unwrap(),
            revision: Revision(3),
            previous: None,
            digest: Digest::of(b""),
            said: Draft {
                time: jiff::Timestamp::UNIX_EPOCH,
                actor,
                tool: String::new(),
                reason: None,
                ticket: None,
                body: Body::RunIntent(Box::new(intent)),
            },
        }
    }

    #[test]
    fn a_run_that_lives_is_under_way_and_any_other_one_has_to_be_settled() {
        let ours = std::process::id();
        let (actor_here, tool) = (actor("here", 1), String::new());
        let speaker = Speaker { actor: actor_here, tool, reason: None, ticket: None };
        let check = |actor| check_settled(&[begun(actor)], &speaker);
        assert!(matches!(check(actor("here", ours)), Err(Error::RunUnderWay { .. })));
        assert!(
            matches!(check(actor("elsewhere", ours)), Err(Error::Unsettled(open)) if open.len() == 1)
        );
        assert!(matches!(check(actor("here", u32::MAX)), Err(Error::Unsettled(_))));
        assert!(check_settled(&[], &speaker).is_ok());
    }
}
