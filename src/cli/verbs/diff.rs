//! `unapply diff`: what changed between two states.

use super::side::{Side, load_side, not_found, unreadable};
use super::{Opened, Session};
use crate::cli::args::{Diff as Arguments, Format, Part};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::DiffOut;
use crate::cli::render::diff::{body, summary};
use crate::engine::diff::{Diff, diff};
use crate::engine::good::last_known_good;
use crate::engine::redact::Redactor;
use crate::engine::selector::{NotFound, Selector, parse_range};
use crate::flow::Stack;
use crate::model::pattern::Pattern;

/// Compares and shows.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let range = arguments.range.as_deref().unwrap_or("good..@");
    let (from, to) = parse_range(range).map_err(|error| unreadable(&error))?;
    let are_files = [&from, &to].iter().all(|side| matches!(side, Selector::File(_)));
    let (stack, before, after) = if are_files {
        (None, load_side(session, None, &from)?, load_side(session, None, &to)?)
    } else {
        let (settings, stack) = session.one()?;
        let opened = session.open(&settings)?;
        let (before, after) = sides(session, &opened, &stack, (&from, &to))?;
        (Some(stack), before, after)
    };
    let (old, new) = (before.state()?, after.state()?);
    let redactor = Redactor::default().with_state(&old).with_state(&new);
    let mut found = diff(&old, &new, &redactor);
    let hidden = narrow(&mut found, arguments);
    if session.format() == Format::Table {
        let text = screen(session, arguments, (stack.as_ref(), &before, &after), (&found, hidden));
        session.data(&text)?;
    } else {
        let out = DiffOut::new(before.label.clone(), after.label.clone(), &found);
        session.json("unapply.diff", stack.as_ref(), out)?;
    }
    let asked = arguments.detailed_exitcode && !found.is_empty();
    Ok(if asked { Exit::Differences } else { Exit::Done })
}

fn sides(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    (from, to): (&Selector, &Selector),
) -> Result<(Side, Side), Failure> {
    let log = session.ports(opened).repository.log(&stack.name)?;
    if *from == Selector::Good(0) && last_known_good(&log).is_none() {
        return Err(not_found(&NotFound::NoGood));
    }
    let context = Some((opened, stack, log.as_slice()));
    Ok((load_side(session, context, from)?, load_side(session, context, to)?))
}

/// Keeps what was asked for; returns how many data sources are hidden.
fn narrow(found: &mut Diff, arguments: &Arguments) -> usize {
    if let Some(pattern) = arguments.resource.as_deref().map(Pattern::new) {
        let fits = |address: &str| pattern.matches(address);
        found.changes.retain(|change| fits(&change.address.to_string()));
        found.data.retain(|change| fits(&change.address.to_string()));
        found.outputs.clear();
    }
    match arguments.only {
        Some(Part::State) => found.outputs.clear(),
        Some(Part::Outputs) => {
            found.changes.clear();
            found.data.clear();
        }
        None => {}
    }
    if arguments.show_hidden { 0 } else { std::mem::take(&mut found.data).len() }
}

fn screen(
    session: &Session,
    arguments: &Arguments,
    (stack, before, after): (Option<&Stack>, &Side, &Side),
    (found, hidden): (&Diff, usize),
) -> String {
    let paint = session.output.data_paint;
    let name = stack.map_or(String::new(), |stack| format!("{}   ", stack.name));
    let heading = format!("{name}{}  →  {}", before.label, after.label);
    let mut text = format!("{}\n\n", paint.bold(&heading));
    if !arguments.stat {
        text.push_str(&body(found, paint));
        if !(found.is_empty() && found.data.is_empty()) {
            text.push('\n');
        }
    }
    text.push_str(&summary(found));
    text.push('\n');
    if hidden > 0 {
        let word = if hidden == 1 { "data source" } else { "data sources" };
        text.push_str(&format!("hidden: {hidden} {word} · --show-hidden\n"));
    }
    let is_default = arguments.range.is_none();
    if is_default && !found.is_empty() {
        text.push_str(&format!("next: {}\n", "unapply revert --plan-only · unapply revert"));
    }
    text
}
