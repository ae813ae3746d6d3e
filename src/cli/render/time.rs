//! Times: relative for a person, RFC 3339 UTC when piped.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How times are shown.
#[derive(Debug, Clone)]
pub(in crate::cli) enum Times {
    /// To a person who reads it now.
    Relative {
        /// The present.
        now: Timestamp,
        /// The person's clock.
        zone: TimeZone,
    },
    /// To a person or a program that reads it later.
    Absolute,
}

impl Times {
    /// A time, in few words.
    pub(in crate::cli) fn show(&self, time: Timestamp) -> String {
        match self {
            Self::Absolute => format!("{time:.0}"),
            Self::Relative { now, zone } => relative(*now, zone, time),
        }
    }
}

fn relative(now: Timestamp, zone: &TimeZone, time: Timestamp) -> String {
    let age = now.duration_since(time);
    let local = zone.to_datetime(time);
    let today = zone.to_datetime(now).date();
    let yesterday = today.yesterday().unwrap_or(today);
    if age < SignedDuration::ZERO {
        return local.strftime("%Y-%m-%d %H:%M").to_string();
    }
    if age < SignedDuration::from_secs(60) {
        return "just now".to_owned();
    }
    if age < SignedDuration::from_mins(100) {
        return format!("{} min ago", age.as_mins());
    }
    if local.date() == today {
        return local.strftime("today %H:%M").to_string();
    }
    if local.date() == yesterday {
        return local.strftime("yesterday %H:%M").to_string();
    }
    let form = if local.year() == today.year() { "%b %-d %H:%M" } else { "%b %-d %Y" };
    local.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_times_are_relative_and_far_ones_are_dates() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let times = Times::Relative { now: at("2026-11-21T16:20:00Z"), zone: TimeZone::UTC };
        for (time, shown) in [
            ("2026-11-21T16:19:30Z", "just now"),
            ("2026-11-21T16:08:00Z", "12 min ago"),
            ("2026-11-21T09:05:00Z", "today 09:05"),
            ("2026-11-20T16:20:00Z", "yesterday 16:20"),
            ("2026-08-02T10:00:00Z", "Aug 2 10:00"),
            ("2025-08-02T10:00:00Z", "Aug 2 2025"),
        ] {
            assert_eq!(times.show(at(time)), shown);
        }
        assert_eq!(Times::Absolute.show(at("2026-11-21T16:19:30.5Z")), "2026-11-21T16:19:30Z");
    }
}
