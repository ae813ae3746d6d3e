//! A look at everything that is open, and at the one safe next step. Nothing is written.
//!
//! Findings are said in clauses that are safe to show: addresses and ids have passed the redactor,
//! and a state that cannot be read is said to be unread, never empty.

mod left;

use std::path::{Path, PathBuf};

use self::left::{beside, evidence};
use crate::codec::hcl;
use crate::codec::state::ReadState;
use crate::engine::left_state::{LeftStanding, moves};
use crate::engine::redact::Redactor;
use crate::engine::unsettled::{Unsettled, unsettled};
use crate::flow::Error;
use crate::flow::error::recover::Refusal;
use crate::flow::live::{self, Live};
use crate::flow::ports::{Ports, Stack};
use crate::flow::private_copy::{CopyBackend, CopySource, prepare};
use crate::flow::recorded::{load, load_configuration};
use crate::flow::redaction::{known_secrets, secrets_of_environment, with_configuration};
use crate::flow::variables::with_today;
use crate::model::apply_report::ReportedObject;
use crate::model::entry::{Actor, Body, Entry, Revision};
use crate::model::state::State;
use crate::model::value::Value;
use crate::port::progress::{Ended, Phase};
use crate::port::terraform;
use crate::terraform::liveness::{Liveness, liveness, recorded_by};
use crate::terraform::workdir::{CopyLayout, events_left};

pub use self::left::Left;

/// The matters to look at.
#[derive(Debug, Clone, Default)]
pub struct LookRequest {
    /// Only this matter.
    pub only: Option<Revision>,
    /// A state file that the person says was left behind.
    pub given: Option<PathBuf>,
}

/// Everything that is open, oldest first.
#[derive(Debug)]
pub struct Look<'a> {
    /// The matters.
    pub cases: Vec<Case<'a>>,
    /// Why the live state could not be read, if it could not.
    pub unread: Option<String>,
}

/// One matter, looked at.
#[derive(Debug)]
pub enum Case<'a> {
    /// The process that works on it lives, or may live on another machine.
    UnderWay {
        /// Its intent.
        intent: &'a Entry,
        /// The process.
        who: String,
    },
    /// Its process is gone, and it was not seen to end.
    Ended {
        /// Its intent.
        intent: &'a Entry,
        /// The machine it ran on, when that is another one.
        elsewhere: Option<String>,
        /// Clauses about the journal, the live state and the real world.
        seen: Vec<String>,
    },
    /// A state was left behind.
    Left(Left<'a>),
    /// Objects were made that no state knew.
    Lost {
        /// The outcome that says so.
        outcome: &'a Entry,
        /// The objects.
        objects: Vec<OpenObject>,
    },
    /// Objects may have been made that no state knows.
    MayExist {
        /// The outcome that says so.
        outcome: &'a Entry,
        /// The objects.
        objects: Vec<OpenObject>,
    },
}

/// Whether the live state has an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// The live state has it.
    InState,
    /// The live state does not have it.
    Nowhere,
    /// The live state has another one at its address.
    AddressTaken,
    /// The live state could not be read.
    Unread,
}

impl Whereabouts {
    /// The word for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::InState => "in-state",
            Self::Nowhere => "nowhere",
            Self::AddressTaken => "address-taken",
            Self::Unread => "unread",
        }
    }
}

/// An object that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenObject {
    /// Its address.
    pub address: String,
    /// Its id, when it is known.
    pub id: Option<String>,
    /// Whether the live state has it now.
    pub whereabouts: Whereabouts,
}

impl OpenObject {
    /// The block that gives it to a configuration; none without an id.
    pub fn import_block(&self) -> Option<String> {
        let id = hcl::expression(&Value::Text(self.id.clone()?));
        Some(format!("import {{\n  to = {}\n  id = {id}\n}}\n", self.address))
    }
}

/// The one safe next step.
#[derive(Debug)]
pub enum RecoveryStep<'l, 'a> {
    /// Record how things are after a run or a revert that was not seen to end.
    Conclude(&'a Entry),
    /// Push a state that was left behind.
    Push(&'l Left<'a>),
    /// Say that the backend has what was left behind.
    IsThere(&'a Entry),
    /// Say that these objects are in the state.
    Adopt(&'a Entry, Vec<String>),
}

impl<'a> Case<'a> {
    /// The entry that left it open; a file that was only found has none.
    pub fn entry(&self) -> Option<&'a Entry> {
        match self {
            Self::UnderWay { intent, .. } | Self::Ended { intent, .. } => Some(intent),
            Self::Left(left) => left.evidence,
            Self::Lost { outcome, .. } | Self::MayExist { outcome, .. } => Some(outcome),
        }
    }

    /// Whether nothing may be built on the state before it is resolved.
    pub fn stands_in_the_way(&self) -> bool {
        match self {
            Self::UnderWay { .. } | Self::Ended { .. } | Self::Lost { .. } => true,
            // One that nobody has spoken of and that is of the past lies there and does no harm.
            Self::Left(left) => {
                left.evidence.is_some()
                    || left.standing.as_ref().is_none_or(LeftStanding::may_be_pushed)
            }
            Self::MayExist { .. } => false,
        }
    }

    /// The step that resolves it, if unapply can take it safely.
    pub fn step(&self) -> Option<RecoveryStep<'_, 'a>> {
        match self {
            Self::Ended { intent, .. } => Some(RecoveryStep::Conclude(intent)),
            Self::Left(left) => match (&left.standing, left.evidence) {
                (Some(standing), _) if standing.may_be_pushed() => Some(RecoveryStep::Push(left)),
                (Some(LeftStanding::There), Some(evidence)) => {
                    Some(RecoveryStep::IsThere(evidence))
                }
                _ => None,
            },
            Self::Lost { outcome, objects } => {
                let is_there = |object: &&OpenObject| object.whereabouts == Whereabouts::InState;
                let found: Vec<String> =
                    objects.iter().filter(is_there).map(|object| object.address.clone()).collect();
                (!found.is_empty()).then_some(RecoveryStep::Adopt(outcome, found))
            }
            Self::UnderWay { .. } | Self::MayExist { .. } => None,
        }
    }
}

impl<'a> Look<'a> {
    /// The open intent whose process lives and has to be waited for, with that process.
    pub fn living(&self) -> Option<(&'a Entry, &str)> {
        self.cases.iter().find_map(|case| match case {
            Case::UnderWay { intent, who } => Some((*intent, who.as_str())),
            Case::Ended { .. } | Case::Left(_) | Case::Lost { .. } | Case::MayExist { .. } => None,
        })
    }

    /// The one safe next step: what was begun is concluded first, then a state is pushed, and only
    /// then objects are looked for in it. None while a process is at work.
    pub fn next(&self) -> Option<RecoveryStep<'_, 'a>> {
        if self.living().is_some() {
            return None;
        }
        let rank = |case: &&Case<'a>| match case {
            Case::Ended { .. } => 0,
            Case::Left(_) => 1,
            Case::UnderWay { .. } | Case::Lost { .. } | Case::MayExist { .. } => 2,
        };
        let mut cases: Vec<&Case<'a>> = self.cases.iter().collect();
        cases.sort_by_key(rank);
        cases.into_iter().find_map(Case::step)
    }
}

/// The live state and the redactor with which every case is looked at.
pub(super) struct WorldSeen<'s> {
    live: Option<&'s Live>,
    pub(super) state: Option<&'s State<'s>>,
    pub(super) unread: Option<&'s str>,
    pub(super) redactor: &'s Redactor,
}

/// Looks at everything that the log leaves open, and at a state beside the configuration.
pub fn look<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    here: &Actor,
    log: &'a [Entry],
    request: &LookRequest,
) -> Result<Look<'a>, Error> {
    let open: Vec<Unsettled<'a>> = unsettled(log)
        .into_iter()
        .filter(|matter| request.only.is_none_or(|only| matter.revision() == only))
        .collect();
    if let Some(only) = request.only.filter(|_| open.is_empty()) {
        return Err(Refusal::NothingOpen(only).into());
    }
    let live = live::read(ports, stack);
    let read = match &live {
        Ok(live) => live.state().map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let mut redactor = known_secrets(ports, log).with_values(&secrets_of_environment(ports));
    if let Ok(Some(read)) = &read {
        redactor = redactor.with_state(read.state());
    }
    let seen = WorldSeen {
        live: live.as_ref().ok(),
        state: read.as_ref().ok().and_then(Option::as_ref).map(ReadState::state),
        unread: read.as_ref().err().map(String::as_str),
        redactor: &redactor,
    };
    let mut cases = Vec::new();
    for matter in open {
        cases.push(case(ports, stack, log, here, matter, &seen)?);
    }
    if request.only.is_none() {
        cases.extend(beside(ports, stack, log, request, &seen)?.map(Case::Left));
    }
    Ok(Look { cases, unread: seen.unread.map(str::to_owned) })
}

fn case<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &'a [Entry],
    here: &Actor,
    matter: Unsettled<'a>,
    seen: &WorldSeen<'_>,
) -> Result<Case<'a>, Error> {
    Ok(match matter {
        Unsettled::Run(intent) | Unsettled::Revert(intent) => match liveness(intent, here) {
            Liveness::Alive(who) => Case::UnderWay { intent, who },
            Liveness::Over => open_intent(ports, stack, log, intent, None, seen),
            Liveness::Elsewhere(host) => open_intent(ports, stack, log, intent, Some(host), seen),
        },
        Unsettled::LeftState(entry) => Case::Left(evidence(ports, stack, log, entry, seen)?),
        Unsettled::Lost { outcome, objects } => {
            Case::Lost { outcome, objects: open_objects(&objects, seen) }
        }
        Unsettled::MayExist { outcome, objects } => {
            Case::MayExist { outcome, objects: open_objects(&objects, seen) }
        }
    })
}

fn open_objects(objects: &[&ReportedObject], seen: &WorldSeen<'_>) -> Vec<OpenObject> {
    objects
        .iter()
        .map(|reported| OpenObject {
            address: reported.address.clone(),
            id: reported.id.clone(),
            whereabouts: whereabouts(reported, seen),
        })
        .collect()
}

/// Looks for an object in the live state: by its id, else by its address when no id is known.
fn whereabouts(reported: &ReportedObject, seen: &WorldSeen<'_>) -> Whereabouts {
    if seen.unread.is_some() {
        return Whereabouts::Unread;
    }
    let Some(state) = seen.state else { return Whereabouts::Nowhere };
    let kind = reported.address.parse::<crate::model::address::Address>().ok().map(|a| a.kind);
    let is_it = |object: &&crate::model::state::Instance<'_>| {
        Some(&object.address.kind) == kind.as_ref() && object.id == reported.id
    };
    if reported.id.is_some() && state.instances.iter().any(|object| is_it(&object)) {
        return Whereabouts::InState;
    }
    let is_taken = state
        .instances
        .iter()
        .any(|object| seen.redactor.text(&object.address.to_string()) == reported.address);
    match (is_taken, &reported.id) {
        (true, None) => Whereabouts::InState,
        (true, Some(_)) => Whereabouts::AddressTaken,
        (false, _) => Whereabouts::Nowhere,
    }
}

/// A run or a revert whose process is gone.
fn open_intent<'a>(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &'a [Entry],
    intent: &'a Entry,
    elsewhere: Option<String>,
    seen: &WorldSeen<'_>,
) -> Case<'a> {
    let mut clauses = Vec::new();
    let Some((before, applied, remains)) = parts(intent) else {
        return Case::Ended { intent, elsewhere, seen: clauses };
    };
    clauses.push(match remains.metadata() {
        Ok(facts) => format!("what it printed is kept: {} bytes", facts.len()),
        Err(_) => "nothing of what it printed is left here".to_owned(),
    });
    clauses.extend(since(ports, log, before, seen));
    match refreshed(ports, stack, log, applied, seen) {
        Err(Error::Terraform(terraform::Error::Locked(holder))) => {
            let by = if holder.who.is_empty() { "somebody" } else { &holder.who };
            if elsewhere.is_some() {
                // Nobody here can tell whether that is the one who began it.
                let who = format!("{}; the state is locked by {by}", recorded_by(intent));
                return Case::UnderWay { intent, who };
            }
            clauses.push(format!(
                "the state is locked by {by}, lock {}: {} force-unlock {} takes it away",
                holder.id,
                ports.terraform.command(),
                holder.id
            ));
        }
        Err(error) => clauses.push(format!("the real world could not be looked at: {error}")),
        Ok(None) => {}
        Ok(Some(0)) => clauses.push("the real world is as the state says".to_owned()),
        Ok(Some(many)) => {
            clauses.push(format!("the real world differs from the state at {many} objects"));
        }
    }
    Case::Ended { intent, elsewhere, seen: clauses }
}

/// The snapshot before an intent, the snapshot whose configuration it applied, and the file of its
/// output.
fn parts(intent: &Entry) -> Option<(Revision, Revision, PathBuf)> {
    if let Body::RunIntent(run) = &intent.recorded.body {
        return Some((run.before, run.before, Path::new(&run.journal).join("stdout")));
    }
    let Body::RevertIntent(revert) = &intent.recorded.body else { return None };
    let directory = Path::new(&revert.directory);
    let events = events_left(directory).unwrap_or_else(|| directory.join("no-events"));
    Some((revert.before, revert.target, events))
}

/// How the live state stands to the one before.
fn since(ports: &Ports<'_>, log: &[Entry], before: Revision, seen: &WorldSeen<'_>) -> Vec<String> {
    if let Some(problem) = seen.unread {
        return vec![format!("the live state could not be read: {problem}")];
    }
    let Some(now) = seen.state else { return vec!["there is no state now".to_owned()] };
    let entry = log.iter().find(|entry| entry.revision == before);
    let stored =
        entry.and_then(|entry| Some((entry, entry.recorded.body.snapshot()?.state.as_ref()?)));
    let stored = stored.and_then(|(entry, stored)| load(ports, entry, stored).ok());
    let before = stored.as_ref().map(|recorded| recorded.state.state());
    let found = moves(before, now, seen.redactor);
    let serial = now.version.serial;
    vec![match before {
        Some(was) if found.is_empty() => {
            format!(
                "the state is as before (serial {serial}, before serial {})",
                was.version.serial
            )
        }
        Some(was) => {
            let was = was.version.serial;
            format!("the state: {} (serial {serial}, before serial {was})", found.counts())
        }
        None => format!("the state has serial {serial}, and there was none before"),
    }]
}

/// At how many objects the real world differs from the live state; nothing where there is no
/// configuration to look with.
fn refreshed(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &[Entry],
    applied: Revision,
    seen: &WorldSeen<'_>,
) -> Result<Option<usize>, Error> {
    let entry = log.iter().find(|entry| entry.revision == applied);
    let snapshot = entry.and_then(|entry| entry.recorded.body.snapshot());
    let (Some(snapshot), Some(live), Some(state)) = (snapshot, seen.live, seen.state) else {
        return Ok(None);
    };
    if snapshot.configuration.is_none() || snapshot.backend.is_remote_execution() {
        return Ok(None);
    }
    let configuration = load_configuration(ports, applied, snapshot)?;
    let configuration = with_today(configuration, stack);
    let redactor = with_configuration(seen.redactor.clone(), &configuration)
        .with_values(&live.backend.secrets());
    let source = CopySource {
        configuration: &configuration,
        snapshot,
        live: &live.backend,
        home: CopyBackend::Recorded,
        present: Some(state),
        good: None,
    };
    // A dead process may have left a lock: this is no moment to wait for it.
    let stack = &Stack { lock_timeout_seconds: 0, ..stack.clone() };
    let prepared = prepare(ports, stack, &source, CopyLayout::Pristine, &redactor)?;
    ports.check_interrupt("the real world was looked at")?;
    ports.progress.begin(Phase::Drift);
    let plan = prepared.refresh_only(ports, "recover.tfplan", &redactor)?;
    ports.progress.end(Ended::Well, "");
    Ok(Some(plan.drift.len()))
}
