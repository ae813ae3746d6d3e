//! Could the stack be reverted now? Asked before a revert is needed.
//!
//! Everything that a revert relies on is tried, in its order, up to a plan of the last known good
//! configuration on the state as it is, in a private copy. Nothing is applied. The plan takes
//! Terraform's lock for as long as a revert's would. The findings can be recorded.

use std::collections::BTreeMap;

use super::Error;
use super::compat::{
    VersionFacts, explained, lock_of, newer_lock, suitable, with_newer_entries, writer_of_present,
};
use super::configuration::missing_files;
use super::live::{self, Live};
use super::ports::{Job, Ports, Stack};
use super::private_copy::{CopyBackend, CopySource, prepare};
use super::recorded::{load, load_configuration};
use super::redaction::{known_secrets, secrets_of_environment, with_configuration};
use super::snapshot::last_state;
use super::variables::with_variables;
use crate::codec::hcl::{Configuration, lock};
use crate::codec::state::ReadState;
use crate::engine::compat::selects_newer;
use crate::engine::good::{KnownGood, last_known_good, passed_over};
use crate::engine::hazard::{missing_file, newer_applied, of_variables};
use crate::engine::hold::standing;
use crate::engine::judgement::MissingFile;
use crate::engine::pin;
use crate::engine::redact::Redactor;
use crate::engine::unsettled::unsettled;
use crate::engine::variables::VariableStanding;
use crate::model::entry::{Body, EngineVersion, Entry, Revision};
use crate::model::hazard::Hazard;
use crate::model::plan::{Plan, PlanExtent};
use crate::model::run::{Diagnosis, Finding, Health};
use crate::port::progress::{Ended, Phase};
use crate::store::After;
use crate::terraform::workdir::{CopyLayout, PrivateDirectory};

/// Why a revert would not work as it should.
#[derive(Debug)]
pub enum Obstruction {
    /// Nothing is called good.
    NoGood,
    /// A newer good snapshot cannot be planned: a revert works, and goes back to an older one.
    PassedOver,
    /// A matter is open that stands in the way.
    Open(Revision),
    /// A step of the revert fails.
    Failed(Box<Error>),
}

/// One thing that was looked at.
#[derive(Debug)]
pub struct Examination {
    /// The finding.
    pub finding: Finding,
    /// Why a revert would not work as it should, if so.
    pub trouble: Option<Obstruction>,
}

/// Whether writers are raced for a key of the store: that leaves objects there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreProbe {
    /// They are.
    Race,
    /// They are not.
    Leave,
}

/// Everything that was looked at.
#[derive(Debug)]
pub struct Examined {
    /// The snapshot that a revert would go back to.
    pub target: Option<Revision>,
    /// The examinations, in the order of a revert.
    pub examinations: Vec<Examination>,
}

impl Examined {
    /// The worst of what was found.
    pub fn health(&self) -> Health {
        self.examinations.iter().map(|e| e.finding.health).max().unwrap_or(Health::Ok)
    }

    fn add(&mut self, subject: &str, health: Health, what: impl Into<String>) {
        let finding = Finding { subject: subject.to_owned(), health, what: what.into() };
        self.examinations.push(Examination { finding, trouble: None });
    }

    fn failing(&mut self, subject: &str, error: Error) {
        let what = one_line(&error);
        self.add(subject, Health::Failing, what);
        if let Some(last) = self.examinations.last_mut() {
            last.trouble = Some(Obstruction::Failed(Box::new(error)));
        }
    }

    /// Keeps a step's result, or why it failed.
    fn tried<T>(&mut self, subject: &str, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.failing(subject, error)).ok()
    }
}

/// An error in one clause.
fn one_line(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    if let Error::Hazards(hazards) = error {
        let named = hazards.iter().map(|hazard| format!("{} {}", hazard.kind, hazard.subject));
        text.push_str(&format!(": {}", named.collect::<Vec<_>>().join(", ")));
    }
    if let Error::Terraform(error) = error
        && let Some(said) = error.said()
    {
        text.push_str(&format!(": {said}"));
    }
    text
}

/// Looks at everything. Findings that the caller has made before come first.
pub fn examine(
    ports: &Ports<'_>,
    stack: &Stack,
    before: Vec<Finding>,
    probe: StoreProbe,
) -> Result<Examined, Error> {
    let before = before.into_iter().map(|finding| Examination { finding, trouble: None });
    let mut found = Examined { target: None, examinations: before.collect() };
    let log = ports.repository.log(&stack.name);
    let Some(log) = found.tried("store", log.map_err(Error::from)) else { return Ok(found) };
    of_the_store(ports, &log, probe, &mut found);
    found.tried("temporary", temporary(stack)).into_iter().for_each(|()| {
        found.add("temporary", Health::Ok, stack.temporary.display().to_string());
    });
    let running = ports.terraform.version(&stack.root);
    let running = found.tried("engine", running.map_err(Error::from));
    of_the_environment(ports, &mut found);
    let live = present(ports, stack, &log, &mut found);
    let good = of_the_good(ports, &log, &mut found);
    if let Some(running) = &running {
        let good = good.as_ref().map(|(good, _, _)| good);
        of_the_engine(running, ports.terraform.origin(), good, &mut found);
    }
    if let (Some(running), Some(good), Some((live, bytes))) = (&running, &good, &live) {
        let redactor = known_secrets(ports, &log).with_values(&secrets_of_environment(ports));
        let at_hand =
            AtHand { log: &log, running, good, live, present: bytes, redactor: &redactor };
        copy(ports, stack, &at_hand, &mut found)?;
    }
    of_the_log(ports, &log, &mut found);
    let redactor = known_secrets(ports, &log);
    for examination in &mut found.examinations {
        examination.finding.what = redactor.text(&examination.finding.what);
    }
    Ok(found)
}

fn of_the_store(ports: &Ports<'_>, log: &[Entry], probe: StoreProbe, found: &mut Examined) {
    let word = if log.len() == 1 { "entry" } else { "entries" };
    let place = ports.repository.place();
    found.add("store", Health::Ok, format!("{place}: {} {word}", log.len()));
    if probe == StoreProbe::Race {
        let holds = ports.repository.probe().map_err(Error::from);
        if found.tried("conditional writes", holds).is_some() {
            found.add("conditional writes", Health::Ok, "one of eight writers wins");
        }
    }
    let latest = log.iter().map(|entry| entry.recorded.time).max();
    let behind = latest.map(|latest| latest.duration_since(ports.clock.now()));
    match behind.filter(|behind| behind.as_mins() >= 5) {
        None => found.add("clock", Health::Ok, "not behind the newest entry"),
        Some(behind) => {
            let minutes = behind.as_mins();
            let what = format!("{minutes} min behind the newest entry: one of two clocks is wrong");
            found.add("clock", Health::Warning, what);
        }
    }
}

/// Which variables Terraform sees here and would not see in a revert.
fn of_the_environment(ports: &Ports<'_>, found: &mut Examined) {
    match ports.terraform.not_handed_on() {
        None => found.add("environment", Health::Ok, "handed on whole"),
        Some(what) => found.add("environment", Health::Warning, what),
    }
}

/// Whether private directories can be made.
fn temporary(stack: &Stack) -> Result<(), Error> {
    let directory = PrivateDirectory::create(&stack.temporary)?;
    directory.write_beside("probe", b"probe\n")?;
    Ok(())
}

/// The live state, if it can be read and is this stack's.
fn present(
    ports: &Ports<'_>,
    stack: &Stack,
    log: &[Entry],
    found: &mut Examined,
) -> Option<(Live, ReadState)> {
    let live = found.tried("state", live::read(ports, stack))?;
    let Some(state) = found.tried("state", live.state())? else {
        match last_state(log) {
            None => found.add("state", Health::Warning, format!("there is none at {}", live.found)),
            Some(last) => {
                found.failing("state", Error::StateGone { found: live.found.clone(), last });
            }
        }
        return None;
    };
    let version = &state.state().version;
    let backend = Some(&live.backend.identity);
    let pinned = pin::check(log, &stack.workspace, backend, Some(&version.lineage));
    let foreign = |mismatch| Error::Foreign { mismatch, evidence: None };
    found.tried("state", pinned.map_err(foreign))?;
    match pin::standing(log, version) {
        pin::StateStanding::First | pin::StateStanding::Recorded(_) | pin::StateStanding::Grown => {
            found.add("state", Health::Ok, format!("{}, serial {}", live.found, version.serial));
        }
        pin::StateStanding::Rewound { newest, serial } => {
            let error = Error::Rewound { found: version.serial, newest, recorded: serial };
            found.failing("state", error);
        }
        pin::StateStanding::Forked { newest } => {
            let error = Error::Rewound { found: version.serial, newest, recorded: version.serial };
            found.failing("state", error);
        }
    }
    Some((live, state))
}

/// The last known good snapshot with its state and its configuration.
type GoodAtHand<'a> = (KnownGood<'a>, ReadState, Configuration);

fn of_the_good<'a>(
    ports: &Ports<'_>,
    log: &'a [Entry],
    found: &mut Examined,
) -> Option<GoodAtHand<'a>> {
    let Some(good) = last_known_good(log) else {
        found.add("good", Health::Failing, "no snapshot is known to be good");
        if let Some(last) = found.examinations.last_mut() {
            last.trouble = Some(Obstruction::NoGood);
        }
        return None;
    };
    let revision = good.entry.revision;
    found.target = Some(revision);
    let unfit = Error::Unfit { revision, problem: "has no state to go back to" };
    let stored = found.tried("good", good.snapshot.state.as_ref().ok_or(unfit))?;
    let state = found.tried("good", load(ports, good.entry, stored))?.state;
    let grade = good.evidence.grade;
    found.add("good", Health::Ok, format!("{revision}, {grade}; its state reads and verifies"));
    for newer in passed_over(log) {
        let what = newer.passed_over_by(revision);
        found.add("good", Health::Warning, what);
        if let Some(last) = found.examinations.last_mut() {
            last.trouble = Some(Obstruction::PassedOver);
        }
    }
    if good.snapshot.backend.is_remote_execution() {
        let kind = good.snapshot.backend.kind.clone();
        found.failing("configuration", Error::RemoteExecution { kind });
        return None;
    }
    let configuration = load_configuration(ports, revision, good.snapshot);
    let configuration = found.tried("configuration", configuration)?;
    let notes = good.snapshot.configuration.as_ref().map_or(0, |known| known.shortcomings().len());
    let files = configuration.bundle().files.len();
    match notes {
        0 => found.add("configuration", Health::Ok, format!("{files} files unpack")),
        many => {
            let word = if many == 1 { "note" } else { "notes" };
            let what = format!("{files} files unpack; {many} {word} of what was not captured");
            found.add("configuration", Health::Warning, what);
        }
    }
    Some((good, state, configuration))
}

fn of_the_engine(
    running: &EngineVersion,
    origin: Option<&str>,
    good: Option<&KnownGood<'_>>,
    found: &mut Examined,
) {
    let origin = origin.map_or_else(String::new, |origin| format!(" from {origin}"));
    match good.and_then(|good| good.snapshot.engine.as_ref()) {
        Some(engine) if engine != running => {
            let what = format!("{running}; {engine} when it was good{origin}");
            found.add("engine", Health::Warning, what);
        }
        Some(_) | None => found.add("engine", Health::Ok, format!("{running}{origin}")),
    }
}

/// The facts that a revert would be planned with.
struct AtHand<'a> {
    log: &'a [Entry],
    running: &'a EngineVersion,
    good: &'a GoodAtHand<'a>,
    live: &'a Live,
    present: &'a ReadState,
    redactor: &'a Redactor,
}

/// Init and plan of the good configuration, as a revert would.
fn copy(
    ports: &Ports<'_>,
    stack: &Stack,
    at_hand: &AtHand<'_>,
    found: &mut Examined,
) -> Result<(), Error> {
    let AtHand { log, running, good: (good, state, configuration), live, present, redactor } =
        at_hand;
    let newer = todays_lock(ports, stack, log, good);
    let look = VersionFacts {
        running: Some(running),
        good_engine: good.snapshot.engine.as_ref(),
        present_engine: writer_of_present(log),
        configuration,
        newer: &newer,
        good: state.state(),
        present: present.state(),
    };
    let Some(suitable) = found.tried("versions", suitable(&look)) else { return Ok(()) };
    for hazard in &suitable.hazards {
        found.add("versions", Health::Warning, format!("{}: {}", hazard.kind, hazard.why));
    }
    if suitable.hazards.is_empty() {
        found.add("versions", Health::Ok, "what wrote the state can be read");
    }
    let configuration = with_newer_entries(configuration.clone(), &newer, &suitable.newer_entries);
    let filled = with_variables(configuration, stack, &[]);
    let Some((configuration, standing)) = found.tried("variables", filled) else {
        return Ok(());
    };
    let mut foreseen = foreseen(stack, at_hand, &configuration, &standing, found);
    foreseen.hazards.extend(suitable.hazards);
    let redactor = with_configuration((*redactor).clone(), &configuration)
        .with_values(&live.backend.secrets());
    let source = CopySource {
        configuration: &configuration,
        snapshot: good.snapshot,
        live: &live.backend,
        home: CopyBackend::Recorded,
        present: Some(present.state()),
        good: Some(state.state()),
    };
    let prepared = prepare(ports, stack, &source, CopyLayout::WithoutStateBlocks, &redactor);
    let Some(prepared) = found.tried("providers", prepared) else { return Ok(()) };
    let locked = lock_of(configuration.bundle()).is_some();
    let word = if locked { "init works, lock file read-only" } else { "init works, no lock file" };
    found.add("providers", Health::Ok, word);
    ports.check_interrupt("the plan was made")?;
    ports.progress.begin(Phase::Plan);
    let planned = prepared.plan(ports, "doctor.tfplan", &redactor).map_err(explained);
    let Some((_, plan)) = found.tried("plan", planned) else { return Ok(()) };
    ports.progress.end(Ended::Well, "");
    of_the_plan(&plan, foreseen, found);
    Ok(())
}

/// Hazards that are known without judging a plan.
struct Foreseen {
    hazards: Vec<Hazard>,
    missing: Vec<MissingFile>,
}

fn foreseen(
    stack: &Stack,
    at_hand: &AtHand<'_>,
    configuration: &Configuration,
    standing: &BTreeMap<String, VariableStanding>,
    found: &mut Examined,
) -> Foreseen {
    let mut hazards = of_variables(standing);
    for hazard in &hazards {
        found.add("variables", Health::Warning, format!("{} {}", hazard.subject, hazard.why));
    }
    hazards.extend(newer_applied::passes(at_hand.log, at_hand.good.0.entry));
    let missing = missing_files(configuration, &stack.root);
    for file in &missing {
        let what = format!(
            "`{}` ({} names it) is in neither the snapshot nor the stack's directory",
            file.path, file.at
        );
        found.add("files", Health::Warning, what);
    }
    Foreseen { hazards, missing }
}

/// A plan that does nothing asks about nothing.
fn of_the_plan(plan: &Plan, foreseen: Foreseen, found: &mut Examined) {
    let Foreseen { mut hazards, missing } = foreseen;
    match (plan.extent, plan.effective().count()) {
        (PlanExtent::Complete, 0) => found.add("plan", Health::Ok, "proposes nothing"),
        (PlanExtent::Complete, many) => {
            let word = if many == 1 { "action" } else { "actions" };
            let what = format!("of the good one proposes {many} {word}, not judged here");
            found.add("plan", Health::Warning, what);
            hazards.extend(plan.effective().filter_map(|c| missing_file::of_change(&missing, c)));
            if !hazards.is_empty() {
                found.failing("hazards", Error::Hazards(hazards));
            }
        }
        (PlanExtent::Partial, _) => {
            found.failing("plan", Error::IncompletePlan(plan.left_over()));
        }
        (PlanExtent::Errored, _) => {
            let why = "planning ended with an error".to_owned();
            found.failing("plan", Error::IncompletePlan(why));
        }
    }
}

/// The lock file of the working directory, else the newest on record that knows more than the good
/// one.
fn todays_lock(ports: &Ports<'_>, stack: &Stack, log: &[Entry], good: &KnownGood<'_>) -> Vec<u8> {
    let known = good.snapshot.configuration.as_ref();
    let known = known.map(|known| known.providers.clone()).unwrap_or_default();
    let here = std::fs::read(stack.root.join(super::configuration::LOCK_FILE)).unwrap_or_default();
    let selected = lock::providers(&here).unwrap_or_default();
    if selects_newer(&known, &selected) {
        return here;
    }
    newer_lock(ports, log, good.entry.revision, &known)
}

/// Examines the open matters and the holds.
fn of_the_log(ports: &Ports<'_>, log: &[Entry], found: &mut Examined) {
    let open = unsettled(log);
    if open.is_empty() {
        found.add("open matters", Health::Ok, "none");
    }
    for matter in &open {
        let revision = matter.revision();
        let is_failing = matter.stands_in_the_way();
        let health = if is_failing { Health::Failing } else { Health::Warning };
        found.add("open matters", health, matter.clause());
        if let Some(last) = found.examinations.last_mut().filter(|_| is_failing) {
            last.trouble = Some(Obstruction::Open(revision));
        }
    }
    for held in standing(log, ports.clock.now()) {
        let revision = held.entry.revision;
        let by = &held.entry.recorded.actor.name;
        found.add("hold", Health::Warning, format!("{revision}: held by {by}"));
    }
}

/// Records what was found.
pub fn record(job: &Job<'_>, found: &Examined) -> Result<Entry, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    let findings = found.examinations.iter().map(|found| found.finding.clone()).collect();
    let body = Body::Diagnosis(Diagnosis { target: found.target, findings });
    job.record(After::Any, body)
}
