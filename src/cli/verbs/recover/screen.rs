//! The screen of `recover`: each matter with what can be seen of it, and what can be done about it.

use crate::cli::output::{Paint, inert};
use crate::engine::left_state::Moves;
use crate::flow::ports::Stack;
use crate::flow::recover::look::{Case, Left, Look, OpenObject, RecoveryStep, Whereabouts};
use crate::model::entry::{Body, Entry};

/// Addresses that are listed of each kind of change.
const LISTED_MAX: usize = 20;

/// Everything that is open.
pub(super) fn look(stack: &Stack, found: &Look<'_>, paint: Paint) -> String {
    if found.cases.is_empty() {
        let unread = found.unread.as_ref().map_or_else(String::new, |problem| {
            format!("the live state could not be read: {}\n", inert(problem))
        });
        return format!("{}: nothing is open\n{unread}next: unapply status\n", stack.name);
    }
    let many = found.cases.len();
    let word = if many == 1 { "matter is" } else { "matters are" };
    let mut text = format!("{}: {many} {word} open\n", stack.name);
    for case in &found.cases {
        let sign = if case.stands_in_the_way() { paint.red("✗") } else { paint.yellow("!") };
        let revision = case.entry().map_or_else(|| "-".to_owned(), |e| e.revision.to_string());
        text.push_str(&format!("\n{sign} {revision}  {}\n", inert(&heading(case))));
        for line in lines(case) {
            text.push_str(&format!("    {}\n", inert(&line)));
        }
        if let Case::Lost { objects, .. } = case {
            text.push_str(&blocks(objects));
        }
    }
    let next = match found.next() {
        Some(step) => proposal(&step),
        None => found
            .cases
            .iter()
            .flat_map(ways_out)
            .next()
            .unwrap_or_else(|| "unapply status".to_owned()),
    };
    text.push_str(&format!("\nnext: {}\n", inert(&next)));
    text
}

/// Says what a matter is.
fn heading(case: &Case<'_>) -> String {
    match case {
        Case::UnderWay { intent, who } => format!("{} is under way: {who}", what(intent)),
        Case::Ended { intent, elsewhere: None, .. } => {
            format!("{}: its process is gone, and nobody saw it end", what(intent))
        }
        Case::Ended { intent, elsewhere: Some(host), .. } => {
            format!("{}: it ran on {host}, and nobody saw it end", what(intent))
        }
        Case::Left(left) => left.found.clone(),
        Case::Lost { outcome, objects } => {
            let word = if objects.len() == 1 { "object was" } else { "objects were" };
            format!("{}: {} {word} made that no state knew", what(outcome), objects.len())
        }
        Case::MayExist { outcome, objects } => {
            let word = if objects.len() == 1 { "object" } else { "objects" };
            format!("{}: {} {word} may exist that no state knows", what(outcome), objects.len())
        }
    }
}

fn what(entry: &Entry) -> String {
    let body = &entry.recorded.body;
    if let Body::RunIntent(run) = body {
        return format!("run `{}`", run.command.join(" "));
    }
    if let Body::RevertIntent(revert) = body {
        return format!("revert to {}", revert.target);
    }
    if let Body::RunOutcome(ended) = body {
        return format!("run {}", ended.intent);
    }
    body.kind().to_owned()
}

/// Lists what can be seen of a matter.
fn lines(case: &Case<'_>) -> Vec<String> {
    match case {
        Case::UnderWay { .. } => vec!["there is nothing to do but wait".to_owned()],
        Case::Ended { elsewhere, seen, .. } => {
            let warning = elsewhere.as_ref().map(|host| {
                format!("nobody can tell from here whether it lives: make sure on {host} first")
            });
            seen.iter().cloned().chain(warning).collect()
        }
        Case::Left(left) => left_lines(left),
        Case::Lost { objects, .. } | Case::MayExist { objects, .. } => {
            objects.iter().map(object).collect()
        }
    }
}

fn left_lines(left: &Left<'_>) -> Vec<String> {
    let mut lines: Vec<String> = left.problem.iter().cloned().collect();
    if let Some(standing) = &left.standing {
        lines.push(standing.what());
        if standing.may_be_pushed() {
            let Moves { added, removed, changed } = &left.moves;
            for (sign, addresses) in [("+", added), ("-", removed), ("~", changed)] {
                let listed = addresses.iter().take(LISTED_MAX);
                lines.extend(listed.map(|address| format!("{sign} {address}")));
                if addresses.len() > LISTED_MAX {
                    lines.push(format!("{sign} and {} more", addresses.len() - LISTED_MAX));
                }
            }
            lines.push(format!("pushing it: {}", left.moves.counts()));
        }
    }
    lines
}

fn object(object: &OpenObject) -> String {
    let id = object.id.as_ref().map_or_else(|| "id unknown".to_owned(), |id| format!("id {id}"));
    let place = match object.whereabouts {
        Whereabouts::InState => "it is in the state now",
        Whereabouts::Nowhere if object.id.is_none() => "look by hand",
        Whereabouts::Nowhere => "in no state",
        Whereabouts::AddressTaken => "the state has another object at this address",
        Whereabouts::Unread => "the state could not be read",
    };
    format!("{}   {id}   {place}", object.address)
}

/// The blocks that give lost objects to a configuration.
fn blocks(objects: &[OpenObject]) -> String {
    let lost = objects.iter().filter(|object| object.whereabouts == Whereabouts::Nowhere);
    let blocks: Vec<String> = lost.filter_map(OpenObject::import_block).collect();
    let mut text = String::new();
    for line in blocks.iter().flat_map(|block| block.lines()) {
        text.push_str(&format!("      {}\n", inert(line)));
    }
    text
}

/// A step, after "to".
pub(super) fn proposal(step: &RecoveryStep<'_, '_>) -> String {
    match step {
        RecoveryStep::Conclude(intent) => format!(
            "conclude {} {}: what it left and the state as it is go into the log",
            intent.revision,
            what(intent)
        ),
        RecoveryStep::Push(left) => {
            format!("push the state that was left ({}), not by force", left.moves.counts())
        }
        RecoveryStep::IsThere(evidence) => {
            format!("record that the backend has what {} keeps", evidence.revision)
        }
        RecoveryStep::Adopt(outcome, objects) => format!(
            "record that what {} made is in the state now: {}",
            outcome.revision,
            objects.join(", ")
        ),
    }
}

/// Lists what a person can do about a matter for which there is no safe step.
pub(super) fn ways_out(case: &Case<'_>) -> Vec<String> {
    let revision = case.entry().map_or_else(String::new, |entry| entry.revision.to_string());
    let give_up = |objects: &[OpenObject]| {
        let address = objects.first().map_or("ADDR", |object| object.address.as_str()).to_owned();
        format!("unapply recover {revision} '--abandon={address}' --reason TEXT")
    };
    match case {
        Case::UnderWay { .. } | Case::Ended { .. } => vec!["unapply status".to_owned()],
        Case::Left(_) if revision.is_empty() => {
            vec!["move errored.tfstate away if it is of the past".to_owned()]
        }
        Case::Left(_) => vec![format!(
            "unapply recover {revision} --abandon --reason TEXT   (when it is of no use)"
        )],
        Case::Lost { objects, .. } => vec![
            "unapply recover --write import.tf   (and apply it), or delete the objects by hand"
                .to_owned(),
            give_up(objects),
        ],
        Case::MayExist { objects, .. } => {
            let address = objects.first().map_or("ADDR", |object| object.address.as_str());
            vec![format!("unapply recover {revision} --gone '{address}'   (when you have looked)")]
        }
    }
}
