//! The ways to name a revision: `42`, `good~1`, `@`, `@-`, `tag:K=V`, `commit:…`, `at:2h`, a file.
//!
//! Reading a selector and finding what it means are two steps: the first needs nothing, the second
//! needs the log and the present. An ambiguous selector is refused with the candidates.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::{Span, Timestamp};

use super::good::{good_snapshots, snapshots};
use crate::model::entry::{Body, Entry, Revision};

/// A way to name a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `42`.
    Revision(Revision),
    /// `good`, `good~1`: the n-th newest good snapshot.
    Good(usize),
    /// `@`: the state as it is now, pulled.
    Live,
    /// `@-`: the newest stored snapshot.
    Newest,
    /// `tag:K=V`: the newest snapshot with this label.
    Tag(String, String),
    /// `commit:8f3c2ab`: the newest snapshot of this commit.
    Commit(String),
    /// `serial:57`.
    Serial(u64),
    /// `at:2026-11-20T16:00Z`: the newest snapshot not younger than that.
    At(Timestamp),
    /// `at:2h`: the same, that long ago.
    Ago(String),
    /// `./old.tfstate`: a state file.
    File(PathBuf),
}

/// A text that names no revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name a revision")]
pub struct NotASelector(String);

impl FromStr for Selector {
    type Err = NotASelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotASelector(text.chars().take(200).collect());
        match text {
            "" => return Err(refused()),
            "@" => return Ok(Self::Live),
            "@-" => return Ok(Self::Newest),
            "good" => return Ok(Self::Good(0)),
            _ => {}
        }
        if text.contains('/') || text.ends_with(".tfstate") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        if let Some(back) = text.strip_prefix("good~") {
            return back.parse().map(Self::Good).map_err(|_| refused());
        }
        let Some((kind, value)) = text.split_once(':').filter(|(_, value)| !value.is_empty())
        else {
            return text.parse().map(Self::Revision).map_err(|_| refused());
        };
        match kind {
            "tag" => value
                .split_once('=')
                .map(|(key, value)| Self::Tag(key.to_owned(), value.to_owned()))
                .ok_or_else(refused),
            "commit" if value.len() >= 4 && value.chars().all(|c| c.is_ascii_hexdigit()) => {
                Ok(Self::Commit(value.to_ascii_lowercase()))
            }
            "serial" => value.parse().map(Self::Serial).map_err(|_| refused()),
            "at" => moment(value).ok_or_else(refused),
            _ => Err(refused()),
        }
    }
}

/// A time, with or without seconds, or a span such as `2h`.
fn moment(text: &str) -> Option<Selector> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(Selector::At(time));
    }
    if text.parse::<Span>().is_ok() {
        return Some(Selector::Ago(text.to_owned()));
    }
    let day = text.parse::<jiff::civil::Date>().ok()?;
    day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| Selector::At(zoned.timestamp()))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision(revision) => revision.fmt(f),
            Self::Good(0) => f.write_str("good"),
            Self::Good(back) => write!(f, "good~{back}"),
            Self::Live => f.write_str("@"),
            Self::Newest => f.write_str("@-"),
            Self::Tag(key, value) => write!(f, "tag:{key}={value}"),
            Self::Commit(commit) => write!(f, "commit:{commit}"),
            Self::Serial(serial) => write!(f, "serial:{serial}"),
            Self::At(time) => write!(f, "at:{time}"),
            Self::Ago(span) => write!(f, "at:{span}"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A selector that finds nothing in this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// No good snapshot, or not so many.
    #[error("no known good snapshot")]
    NoGood,
    /// Nothing fits.
    #[error("no such revision: `{0}`")]
    Nothing(String),
}

/// The meaning of a selector: an entry of the log, the live state, or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected<'a> {
    /// An entry.
    Entry(&'a Entry),
    /// The state as it is now.
    Live,
    /// A state file.
    File(PathBuf),
}

/// Finds what `selector` means in `log` at the time `now`.
pub fn select<'a>(
    selector: &Selector,
    log: &'a [Entry],
    now: Timestamp,
) -> Result<Selected<'a>, NotFound> {
    let nothing = || NotFound::Nothing(selector.to_string());
    let newest = |fits: &dyn Fn(&Entry) -> bool| {
        snapshots(log).map(|(entry, _)| entry).rev().find(|entry| fits(entry))
    };
    let found = match selector {
        Selector::Live => return Ok(Selected::Live),
        Selector::File(path) => return Ok(Selected::File(path.clone())),
        Selector::Good(back) => {
            return match good_snapshots(log).get(*back) {
                Some(good) => Ok(Selected::Entry(good.entry)),
                None => Err(NotFound::NoGood),
            };
        }
        Selector::Revision(revision) => log.iter().find(|entry| entry.revision == *revision),
        Selector::Newest => newest(&|_| true),
        Selector::Tag(key, value) => newest(
            &|entry| matches!(&entry.recorded.body, Body::Snapshot(s) if s.tags.get(key) == Some(value)),
        ),
        Selector::Commit(commit) => newest(&|entry| {
            matches!(&entry.recorded.body, Body::Snapshot(s)
                if s.git.as_ref().is_some_and(|git| git.commit.starts_with(commit)))
        }),
        Selector::Serial(serial) => newest(&|entry| {
            matches!(&entry.recorded.body, Body::Snapshot(s)
                if s.state.as_ref().is_some_and(|state| state.version.serial.0 == *serial))
        }),
        Selector::At(time) => newest(&|entry| entry.happened() <= *time),
        Selector::Ago(span) => {
            let then = before(now, span).ok_or_else(nothing)?;
            newest(&|entry| entry.happened() <= then)
        }
    };
    found.map(Selected::Entry).ok_or_else(nothing)
}

/// The time a span such as `2h` before `now`.
pub fn before(now: Timestamp, span: &str) -> Option<Timestamp> {
    let span: Span = span.parse().ok()?;
    let then = now.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(span).ok()?;
    Some(then.timestamp())
}

/// A range such as `42..@`, or one selector that stands for `SELECTOR..@`.
pub fn parse_range(text: &str) -> Result<(Selector, Selector), NotASelector> {
    // `../old.tfstate` is a file and no range: both sides of a range have something in them.
    match text.split_once("..").filter(|(from, to)| !from.is_empty() && !to.is_empty()) {
        Some((from, to)) if !to.starts_with('/') || from.contains('/') => {
            Ok((from.parse()?, to.parse()?))
        }
        _ => Ok((text.parse()?, Selector::Live)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::good::tests::{good, log, taken};

    #[test]
    fn every_form_is_read_and_shown_again() {
        for text in [
            "r42",
            "good",
            "good~1",
            "@",
            "@-",
            "tag:release=1",
            "commit:8f3c2ab",
            "serial:57",
            "at:2026-11-20T16:00:00Z",
            "at:2h",
            "./old.tfstate",
            "old.tfstate",
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.to_string(), text);
        }
        assert_eq!("at:2026-11-20T16:00Z".parse(), "at:2026-11-20T16:00:00Z".parse::<Selector>());
        assert_eq!("42".parse(), "r42".parse::<Selector>());
        for text in [
            "",
            "x",
            "r",
            "r-1",
            "rr1",
            "good~",
            "tag:x",
            "commit:zz",
            "serial:-1",
            "at:never",
            "-1",
            "4 2",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_split_and_files_do_not() {
        let range = |text: &str| parse_range(text).map(|(a, b)| format!("{a} {b}"));
        assert_eq!(range("42..@"), Ok("r42 @".into()));
        assert_eq!(range("good..44"), Ok("good r44".into()));
        assert_eq!(range("42"), Ok("r42 @".into()));
        assert_eq!(range("../old.tfstate"), Ok("../old.tfstate @".into()));
        assert_eq!(range("./a.tfstate.../b.tfstate"), Ok("./a.tfstate ./b.tfstate".into()));
    }

    #[test]
    fn selectors_find_the_newest_that_fits() {
        let log = log(vec![taken(1, "a"), good(1), taken(2, "b"), taken(2, "c")]);
        let now = "2026-11-20T16:30:00Z".parse().unwrap();
        let find = |text: &str| match select(&text.parse().unwrap(), &log, now) {
            Ok(Selected::Entry(entry)) => entry.revision.0.to_string(),
            other => format!("{other:?}"),
        };
        for (text, expected) in [
            ("1", "1"),
            ("2", "2"),
            ("good", "1"),
            ("@-", "4"),
            ("serial:2", "4"),
            ("commit:8f3c", "4"),
            ("tag:release=1", "4"),
            ("at:2h", "1"),
            ("at:2026-11-20T15:00Z", "3"),
            ("good~1", "Err(NoGood)"),
            ("9", "Err(Nothing(\"r9\"))"),
            ("@", "Ok(Live)"),
        ] {
            assert_eq!(find(text), expected, "{text}");
        }
    }
}
