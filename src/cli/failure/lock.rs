//! The card of a lock that another holder has: who, for how long, doing what, and what to run.
//!
//! It says how the lock could be taken away and deliberately offers no way to do so: only a person
//! can know that the holder is gone.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Failure;
use crate::cli::exit::Exit;
use crate::port::terraform::LockHolder;

/// The failure of a command that needs a lock which `holder` has.
pub(super) fn card(holder: &LockHolder, now: Timestamp) -> Failure {
    let who = if holder.who.is_empty() { "somebody else" } else { &holder.who };
    let mut lines = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            let _infallible = writeln!(lines, "{label:<10} {value}").is_err();
        }
    };
    line("lock", &holder.id);
    line("of", &holder.path);
    line("operation", operation(&holder.operation));
    line("since", &since(&holder.created, now));
    let failure = Failure::new(Exit::Locked, format!("the state is locked by {who}"))
        .details([lines.trim_end().to_owned()])
        .now("the lock is the engine's own and was not touched")
        .next("wait for it, or with more patience: unapply --lock-timeout 10m …");
    if holder.id.is_empty() {
        return failure;
    }
    failure.next_engine(format!(
        "force-unlock {}   (only when whoever holds it is gone for certain)",
        holder.id
    ))
}

/// Terraform's word for an operation as a person says it.
fn operation(word: &str) -> &str {
    match word {
        "OperationTypeApply" => "apply",
        "OperationTypePlan" => "plan",
        "OperationTypeRefresh" => "refresh",
        other => other,
    }
}

/// When the lock was taken, and how long ago that is.
fn since(created: &str, now: Timestamp) -> String {
    match time(created) {
        Some(time) => format!("{time:.0} ({})", age(now.duration_since(time))),
        None => created.to_owned(),
    }
}

/// Reads what Go prints for a time in UTC: `2026-11-21 02:50:38.123 +0000 UTC`.
fn time(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    if zone != "+0000" {
        return None;
    }
    let local: DateTime = format!("{date}T{time}").parse().ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn age(age: SignedDuration) -> String {
    let (minutes, hours) = (age.as_mins(), age.as_hours());
    match (age.as_secs(), minutes, hours) {
        (..0, _, _) => "by its holder's clock, which is ahead of this one".to_owned(),
        (seconds, 0, _) => format!("{seconds} s ago"),
        (_, minutes, ..=1) => format!("{minutes} min ago"),
        (_, _, hours @ ..=47) => format!("{hours} hours ago"),
        (_, _, hours) => format!("{} days ago", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(created: &str) -> String {
        since(created, "2026-11-21T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_lock_says_how_old_it_is_and_what_nobody_can_read_stays_as_it_was() {
        for (created, shown) in [
            ("2026-11-21 11:59:30.123456 +0000 UTC", "2026-11-21T11:59:30Z (29 s ago)"),
            ("2026-11-21 11:40:00 +0000 UTC", "2026-11-21T11:40:00Z (20 min ago)"),
            ("2026-11-21 01:40:00 +0000 UTC", "2026-11-21T01:40:00Z (10 hours ago)"),
            ("2026-11-01 01:40:00 +0000 UTC", "2026-11-01T01:40:00Z (20 days ago)"),
            ("yesterday, I think", "yesterday, I think"),
            ("2026-11-21 11:40:00 +0200 CEST", "2026-11-21 11:40:00 +0200 CEST"),
        ] {
            assert_eq!(ago(created), shown);
        }
        assert!(ago("2026-11-21 13:00:00 +0000 UTC").contains("ahead"));
    }
}
