//! Arguments of `status`, and the conditions that it can fail on.

use std::str::FromStr;

use clap::Args;

use crate::model::word::Word;

/// `status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArguments {
    /// Exit 2 when this is so: drift, overdue, held, unfinished, no-good, changed, or stale=DUR;
    /// repeatable
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Vec<FailOn>,
}

/// A condition that `status --fail-on` can fail on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(in crate::cli) enum FailOn {
    /// The last check saw drift, or there was no check yet.
    Drift,
    /// A manual fix was to be gone by now.
    Overdue,
    /// A hold stands.
    Held,
    /// Something is open that stands in the way of a revert.
    Unfinished,
    /// There is no known good.
    NoGood,
    /// The live state is not the last known good one, or that is unknown.
    Changed,
    /// The newest snapshot is older than so many seconds, or there is none.
    Stale(u64),
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain =
            [Self::Drift, Self::Overdue, Self::Held, Self::Unfinished, Self::NoGood, Self::Changed];
        if let Some(found) = plain.into_iter().find(|one| one.name() == text) {
            return Ok(found);
        }
        let span = text.strip_prefix("stale=").and_then(|span| span.parse().ok());
        let seconds =
            span.and_then(|span: jiff::SignedDuration| u64::try_from(span.as_secs()).ok());
        seconds.map(Self::Stale).ok_or_else(|| {
            let names = plain.map(Word::name).join(", ");
            format!("`{text}` is none of {names}, and no stale=DUR such as stale=36h")
        })
    }
}
