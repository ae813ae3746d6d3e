//! Manual fixes that an apply has overwritten: the last section of a diff with the present.

use super::Opened;
use super::Session;
use crate::cli::failure::Failure;
use crate::cli::json::{OverwrittenAttributeOut, OverwrittenOut, PathOut};
use crate::cli::output::inert;
use crate::cli::render::value::shown as shown_value;
use crate::engine::drift::{FixHeld, FixStanding, FixSubject, held, shown_value_at, standing};
use crate::engine::redact::{Redactor, Shown};
use crate::flow::ports::Stack;
use crate::flow::recorded::{Valued, valued_items};
use crate::flow::redaction::redactor_of_items;
use crate::model::drift::DriftKind;
use crate::model::entry::Entry;
use crate::model::state::State;

/// The overwritten fixes of a log, for a person and for programs.
#[derive(Debug, Default)]
pub(super) struct Overwritten {
    /// A sentence for each place.
    pub sentences: Vec<String>,
    /// The same for programs.
    pub out: Vec<OverwrittenOut>,
}

/// Finds the fixes that `now` does not hold any more.
pub(super) fn overwritten(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    log: &[Entry],
    now: &State<'_>,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Overwritten, Failure> {
    let ports = session.ports(opened, stack);
    let wanted = |address: &str| is_wanted(address);
    let items = valued_items(&ports, log, |tracked| {
        tracked.fix.is_some() && wanted(&tracked.item.address.to_string())
    })?;
    let redactor = redactor_of_items(&ports, log, &items)?.with_state(now);
    let redactor = session.fingerprinted(redactor, Some((opened, stack)));
    let mut found = Overwritten::default();
    for item in &items {
        let subject = FixSubject {
            tracked: &item.tracked,
            object: &item.object,
            knowledge: &stack.knowledge,
            redactor: &redactor,
        };
        if standing(log, subject, now) == FixStanding::Overwritten {
            let places = held(subject, now).unwrap_or_default();
            add(&mut found, item, &places, &redactor);
        }
    }
    Ok(found)
}

fn add(found: &mut Overwritten, item: &Valued<'_>, places: &[FixHeld], redactor: &Redactor) {
    let Some((entry, _)) = item.tracked.fix else { return };
    let said = &entry.recorded;
    let who = match &said.ticket {
        Some(ticket) => format!("{ticket}, {}", said.actor.name),
        None => said.actor.name.clone(),
    };
    let address = item.tracked.item.address.to_string();
    let subject = inert(&format!("fix {} ({who}): {address}", entry.revision));
    if item.tracked.item.kind == DriftKind::Gone {
        found.sentences.push(format!("{subject} was deleted by hand, and is there again"));
    }
    let mut attributes = Vec::new();
    for place in places.iter().filter(|place| !place.is_kept) {
        let show = |value| shown_value_at(&item.object, &place.at, value, redactor);
        let (fixed, now) = (show(place.fixed.as_ref()), show(place.now.as_ref()));
        let again = place.before == place.now;
        let path = inert(&place.path.to_string());
        let was = match (&place.fixed, &fixed) {
            (None, _) => "was removed by hand".to_owned(),
            (Some(_), Shown::Sensitive(_)) => "was changed by hand".to_owned(),
            (Some(_), _) => format!("was set to {} by hand", shown_value(&fixed)),
        };
        let is = match (&now, again) {
            (Shown::Sensitive(_), true) => format!("what it was before {}", shown_value(&now)),
            (Shown::Sensitive(_), false) => format!("something else now {}", shown_value(&now)),
            (_, true) => format!("{} again", shown_value(&now)),
            (_, false) => format!("{} now", shown_value(&now)),
        };
        found.sentences.push(format!("{subject} {path} {was}, and is {is}"));
        let PathOut { steps, .. } = (&redactor.path(&place.place, &[])).into();
        attributes.push(OverwrittenAttributeOut {
            path: place.path.to_string(),
            steps,
            fixed: (&fixed).into(),
            now: (&now).into(),
            again,
        });
    }
    found.out.push(OverwrittenOut {
        fix: entry.revision.0,
        by: said.actor.name.clone(),
        reason: said.reason.clone(),
        ticket: said.ticket.clone(),
        address,
        attributes,
    });
}
