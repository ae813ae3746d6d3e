//! One side of a comparison: an entry of the log, the live state, or a file.

use super::{Opened, Session};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::mapped::FileBytes;
use crate::codec::state;
use crate::engine::good::verdicts;
use crate::engine::selector::{NotASelector, NotFound, Selected, Selector, select};
use crate::flow::ports::Stack;
use crate::flow::recorded::load_bytes;
use crate::flow::{Error, live};
use crate::model::digest::Digest;
use crate::model::entry::{Entry, Revision, Snapshot};
use crate::model::good::Verdict;
use crate::model::state::{State, StateBytes};
use crate::model::version::Serial;
use crate::port::clock::Clock as _;

/// A state with its name.
#[derive(Debug)]
pub(in crate::cli) struct StateSide {
    bytes: SideBytes,
    name: SideName,
    /// The snapshot that it is of.
    pub snapshot: Option<(Revision, Snapshot)>,
}

#[derive(Debug)]
enum SideBytes {
    Stored(StateBytes),
    File(FileBytes),
}

#[derive(Debug)]
enum SideName {
    Known(String),
    /// The live state's serial is part of its name.
    Live,
}

impl StateSide {
    /// The exact bytes, to be compared.
    pub(in crate::cli) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            SideBytes::Stored(bytes) => bytes.as_slice(),
            SideBytes::File(bytes) => bytes.as_slice(),
        }
    }

    /// Their SHA-256; a file's is not known.
    pub(in crate::cli) fn digest(&self) -> Option<Digest> {
        match &self.bytes {
            SideBytes::Stored(bytes) => Some(bytes.digest()),
            SideBytes::File(_) => None,
        }
    }

    /// Its name, for a heading and for JSON.
    pub(in crate::cli) fn label(&self, serial: Serial) -> String {
        match &self.name {
            SideName::Known(name) => name.clone(),
            SideName::Live => format!("@ (live, serial {serial})"),
        }
    }

    /// Whether it is the live state.
    pub(in crate::cli) fn is_live(&self) -> bool {
        matches!(self.name, SideName::Live)
    }

    /// The whole state, for a caller that needs more than what differs.
    pub(in crate::cli) fn state(&self) -> Result<State<'_>, Failure> {
        match &self.bytes {
            SideBytes::Stored(bytes) => {
                state::parse(bytes).map_err(|problem| self.unreadable(problem))
            }
            SideBytes::File(_) => {
                Err(Failure::new(Exit::Failure, "a file is not stored".to_owned()))
            }
        }
    }

    /// Bytes that are no state.
    pub(in crate::cli) fn unreadable(&self, problem: state::Error) -> Failure {
        let found = match &self.name {
            SideName::Known(name) => name.clone(),
            SideName::Live => "@ (live)".to_owned(),
        };
        Failure::from(Error::Unreadable { problem, found, evidence: None, last: None })
    }

    /// Refuses what was found in a file that was written to meanwhile.
    pub(in crate::cli) fn check_unchanged(&self) -> Result<(), Failure> {
        match (&self.bytes, &self.name) {
            (SideBytes::File(bytes), SideName::Known(name)) if !bytes.is_unchanged() => {
                let what = format!("`{name}` was written to while it was compared");
                Err(Failure::new(Exit::Failure, what)
                    .not_done("what was found is not shown")
                    .next("unapply diff   (again, once nobody writes to it)"))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a selector.
pub(in crate::cli) fn selector(text: &str) -> Result<Selector, Failure> {
    text.parse().map_err(|error: NotASelector| unreadable(&error))
}

/// A text that is no selector.
pub(in crate::cli) fn unreadable(error: &NotASelector) -> Failure {
    Failure::new(Exit::Usage, error.to_string())
        .now(
            "a revision is 42, good, good~1, @, @-, tag:K=V, commit:…, serial:…, at:…, or a file"
                .to_owned(),
        )
        .next("unapply history")
}

/// A selector that finds nothing.
pub(in crate::cli) fn not_found(error: &NotFound) -> Failure {
    let failure = Failure::new(Exit::NoRevision, error.to_string());
    match error {
        NotFound::NoGood => failure
            .now("no snapshot has been marked good".to_owned())
            .next("unapply mark good REV   (a snapshot that you vouch for)"),
        NotFound::Nothing(_) => failure.next("unapply history"),
    }
}

/// The entry that a selector names; the live state and files are no entries.
pub(in crate::cli) fn entry(
    session: &Session,
    log: &[Entry],
    text: &str,
) -> Result<Entry, Failure> {
    let wanted = selector(text)?;
    match select(&wanted, log, session.clock.now()).map_err(|error| not_found(&error))? {
        Selected::Entry(entry) => Ok(entry.clone()),
        Selected::Live | Selected::File(_) => {
            Err(Failure::new(Exit::Usage, format!("`{text}` is not in the log"))
                .next("unapply snapshot"))
        }
    }
}

/// Loads a side. `opened` is needed for entries and the live state only.
pub(in crate::cli) fn load_side(
    session: &Session,
    opened: Option<(&Opened, &Stack, &[Entry])>,
    wanted: &Selector,
) -> Result<StateSide, Failure> {
    let log = opened.map_or(&[][..], |(_, _, log)| log);
    let selected = select(wanted, log, session.clock.now()).map_err(|e| not_found(&e))?;
    match (selected, opened) {
        (Selected::File(path), _) => {
            let path = session.world.directory.join(path);
            let bytes = FileBytes::open(&path).map_err(|source| {
                Failure::from(Error::Io { path: path.display().to_string(), source })
            })?;
            let name = SideName::Known(session.short(&path));
            Ok(StateSide { bytes: SideBytes::File(bytes), name, snapshot: None })
        }
        (Selected::Live, Some((opened, stack, _))) => {
            let found = live::read(&session.ports(opened, stack), stack)?;
            let bytes = found.bytes.ok_or_else(|| no_state(&found.found))?;
            Ok(StateSide { bytes: SideBytes::Stored(bytes), name: SideName::Live, snapshot: None })
        }
        (Selected::Entry(entry), Some((opened, _, log))) => {
            let snapshot =
                entry.recorded.body.snapshot().ok_or_else(|| Error::no_snapshot(entry))?;
            let state = snapshot.state.as_ref().ok_or(Error::Unfit {
                revision: entry.revision,
                problem: "has no state that can be compared",
            })?;
            let bytes = SideBytes::Stored(load_bytes(&opened.repository, entry, state)?);
            let name = SideName::Known(label(session, log, entry));
            Ok(StateSide { bytes, name, snapshot: Some((entry.revision, snapshot.clone())) })
        }
        (Selected::Live | Selected::Entry(_), None) => {
            Err(not_found(&NotFound::Nothing(wanted.to_string())))
        }
    }
}

fn no_state(found: &str) -> Failure {
    Failure::new(Exit::Refused, format!("there is no state at {found}")).next("unapply status")
}

/// An entry in a few words: `42 (good, yesterday 16:20, 2b91e07)`.
pub(in crate::cli) fn label(session: &Session, log: &[Entry], entry: &Entry) -> String {
    let verdict = match verdicts(log).get(&entry.revision) {
        Some(Verdict::Good(evidence)) => format!("good {}, ", evidence.grade),
        Some(Verdict::Bad) => "bad, ".to_owned(),
        None => String::new(),
    };
    let snapshot = entry.recorded.body.snapshot();
    let commit = snapshot.and_then(|s| s.git.as_ref()).map(|git| short_commit(&git.commit));
    let commit = commit.map_or_else(String::new, |commit| format!(", {commit}"));
    let time = session.times().show(entry.happened());
    format!("{} ({verdict}{time}{commit})", entry.revision)
}

/// The first seven digits of a commit.
pub(in crate::cli) fn short_commit(commit: &str) -> String {
    commit.chars().take(7).collect()
}
