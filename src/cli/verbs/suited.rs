//! The Terraform of a snapshot, where the one that is found by itself has another version.
//!
//! It is looked for only where no flag and no setting names a program. A binary has the version
//! that it tells when it is asked. One that is older than the writer of the present state is not
//! taken: it would rewrite the state with less than it holds.

use super::{Opened, Session};
use crate::cli::output::inert;
use crate::engine::compat::VersionNumber;
use crate::engine::good::snapshots;
use crate::flow::ports::Stack;
use crate::model::entry::{EngineVersion, Entry};
use crate::port::terraform::Terraform as _;
use crate::terraform::locate;

/// Takes the version that a snapshot was taken with, if it is on this machine, and says so.
pub(in crate::cli) fn suit(
    session: &Session,
    stack: &Stack,
    opened: &mut Opened,
    log: &[Entry],
    target: &Entry,
) {
    let wanted = target.recorded.body.snapshot().and_then(|snapshot| snapshot.engine.as_ref());
    let is_auto = !opened.engines.is_named();
    let running = session.ports(opened, stack).terraform.version(&stack.root);
    let (Some(wanted), Ok(running)) = (wanted.filter(|_| is_auto), running) else {
        return;
    };
    // Which of the two it is, is never chosen by what was good.
    let is_other = running.kind != wanted.kind;
    if is_other || running == *wanted || is_older_than_the_state(wanted, log) {
        return;
    }
    let taken = format!("snapshot {} was taken with {}", target.revision, wanted);
    let candidates = locate::for_version(&session.world.environment, wanted);
    let found = candidates.into_iter().find_map(|program| {
        let found = opened.engines.at(session, program);
        found.version(&stack.root).is_ok_and(|version| version == *wanted).then_some(found)
    });
    let line = match found {
        Some(found) => {
            let line = format!("! {taken}: it is used, from {}", found.program().display());
            opened.engines.replace(session, stack, found);
            line
        }
        None => {
            format!("! {taken}, which was not found; {running} is used   (--tf-bin names another)")
        }
    };
    session.output.talk(&format!("{}\n", inert(&line)));
}

/// Whether the newest state on record was written by a newer version of the same kind.
fn is_older_than_the_state(wanted: &EngineVersion, log: &[Entry]) -> bool {
    let newest = snapshots(log).rev().find_map(|(_, s)| Some((s, s.state.as_ref()?)));
    let Some((snapshot, state)) = newest else { return false };
    let is_same_kind = snapshot.engine.as_ref().is_none_or(|engine| engine.kind == wanted.kind);
    match (VersionNumber::parse(&state.writer), VersionNumber::parse(wanted.released())) {
        (Some(writer), Some(wanted)) => is_same_kind && writer > wanted,
        _ => false,
    }
}
