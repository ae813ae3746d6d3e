//! Drift and fixes as a person reads them: an item a line, an attribute a line below it.

use jiff::Timestamp;

use super::attributes::attributes;
use super::time::Times;
use crate::cli::output::{Paint, inert};
use crate::engine::drift::{Life, Tracked};
use crate::engine::readable::AttributeChange;
use crate::model::drift::{DriftKind, Fix};
use crate::model::entry::Entry;

/// How things are shown, and when.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Manner {
    /// Colours.
    pub paint: Paint,
    /// Times.
    pub times: Times,
    /// The present.
    pub now: Timestamp,
}

/// More paths than this are counted: they stand below anyway.
const PATHS_MAX: usize = 3;

/// An item with its attributes and its fix.
pub(in crate::cli) fn item(
    tracked: &Tracked<'_>,
    changes: &[AttributeChange],
    manner: &Manner,
) -> String {
    let paint = manner.paint;
    let mut text = heading(tracked, changes, manner);
    text.push_str(&attributes(changes, paint));
    if let Some((entry, fix)) = tracked.fix {
        text.push_str(&format!("    {}\n", fix_line(entry, fix, manner)));
    }
    text
}

/// One line: sign, address, paths, life, name.
pub(in crate::cli) fn heading(
    tracked: &Tracked<'_>,
    changes: &[AttributeChange],
    manner: &Manner,
) -> String {
    let paint = manner.paint;
    let sign = match (tracked.life, tracked.item.kind) {
        (Life::Resolved, _) => "=",
        (_, DriftKind::Changed) => "~",
        (_, DriftKind::Gone) => "-",
    };
    let life = match tracked.life {
        Life::New => paint.yellow("new"),
        Life::Open => format!("open since {}", manner.times.show(tracked.first_seen.recorded.time)),
        Life::Resolved => "resolved".to_owned(),
    };
    format!(
        "{} {}   {}   {life}   {}\n",
        paint.sign(sign, sign),
        paint.bold(&address(tracked)),
        places(tracked, changes),
        paint.dim(&tracked.item.fingerprint.to_string())
    )
}

/// The address, with the key of a left-over object.
pub(in crate::cli) fn address(tracked: &Tracked<'_>) -> String {
    let address = inert(&tracked.item.address.to_string());
    match &tracked.item.deposed {
        Some(key) => format!("{address} (deposed {})", inert(key)),
        None => address,
    }
}

/// Says where an item differs, in few words.
pub(in crate::cli) fn places(tracked: &Tracked<'_>, changes: &[AttributeChange]) -> String {
    if tracked.item.kind == DriftKind::Gone {
        return "gone".to_owned();
    }
    let shown: Vec<String> =
        changes.iter().take(PATHS_MAX).map(|change| inert(&change.path.to_string())).collect();
    let more = changes.len().saturating_sub(PATHS_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

/// Describes a fix: who, which ticket, until when, why.
pub(in crate::cli) fn fix_line(entry: &Entry, fix: &Fix, manner: &Manner) -> String {
    let mut parts =
        vec![format!("fix {} by {}", entry.revision, inert(&entry.recorded.actor.name))];
    parts.extend(entry.recorded.ticket.as_deref().map(inert));
    if let Some(until) = fix.until {
        let overdue = if until < manner.now {
            format!(" {}", manner.paint.red("OVERDUE"))
        } else {
            String::new()
        };
        parts.push(format!("until {}{overdue}", manner.times.show(until)));
    }
    parts.extend(entry.recorded.reason.as_deref().map(inert));
    parts.join(" · ")
}
