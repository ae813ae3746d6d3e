//! Concludes a command from its journal, the plan, and the states before and after.
//!
//! The same is done when it has just ended under our eyes and when it is found to have ended long
//! ago. Everything here can be done again after it failed half-way: what is stored is stored once,
//! and the log says each thing once. The journal goes only when the outcome is durable.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::words::Command;
use super::{Begun, outcome_of};
use crate::codec::events::{EventReader, Stream};
use crate::codec::state::ReadState;
use crate::codec::{plan, planfile};
use crate::engine::apply_error::apply_errors;
use crate::engine::apply_report::{
    ApplyReportFacts, Ending, Ledger, LedgerSummary, Seen, intended, planned_invocations,
};
use crate::engine::redact::Redactor;
use crate::engine::unsettled::ERRORED_STATE;
use crate::flow::Error;
use crate::flow::error::run::RunError;
use crate::flow::intent::{OpenIntent, Outcome};
use crate::flow::keeping::{Keeper, keep_errored_state, kept_if_allowed};
use crate::flow::ports::{Job, Ports, Stack};
use crate::flow::recorded::{Recorded, load, load_configuration};
use crate::flow::redaction::{secrets_of_environment, with_configuration, with_plan};
use crate::flow::saved_plan;
use crate::flow::snapshot::{self, Captured, ConfigurationFrom, SnapshotRequest};
use crate::model::apply_report::{ApplyError, ApplyReport, ReportSource};
use crate::model::digest::Digest;
use crate::model::entry::{ApplyOutcome, Body, Cause, Entry, Revision, Snapshot};
use crate::model::event::Diagnostic;
use crate::model::plan::Plan;
use crate::model::run::{RunIntent, RunOutcome};
use crate::terraform::child::ChildEnd;
use crate::terraform::journal;
use crate::terraform::liveness::{Liveness, liveness};

/// How long a store that fails is waited for, step by step.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// A command of which the log says how it ended.
#[derive(Debug)]
pub struct Concluded {
    /// The outcome.
    pub outcome: Entry,
    /// How it ended.
    pub result: ApplyOutcome,
    /// The snapshot taken afterwards, when the state could be read.
    pub after: Result<Captured, Error>,
    /// The result of the apply.
    pub apply_report: ApplyReport,
    /// Its errors.
    pub errors: Vec<ApplyError>,
    /// An `errored.tfstate` that it left, kept in this entry.
    pub errored: Option<Revision>,
    /// Its words about itself.
    pub summary: LedgerSummary,
    /// Whether the state is the one before.
    pub stood_still: bool,
}

impl Concluded {
    /// The intent that it concludes.
    pub fn intent(&self) -> Option<Revision> {
        outcome_of(&self.outcome).map(|ended| ended.intent)
    }

    /// Whether it told of changes while the state stood still.
    pub fn worked_elsewhere(&self) -> bool {
        outcome_of(&self.outcome).is_some_and(|ended| ended.elsewhere)
    }
}

/// The end of a command, as far as it was seen.
#[derive(Debug, Clone, Copy)]
struct Seeing {
    result: ApplyOutcome,
    code: Option<i32>,
    ending: Ending,
}

/// The intent and where things lie.
struct OpenRun<'a> {
    intent: &'a Entry,
    run: &'a RunIntent,
    /// The directories in which Terraform may have left a state.
    places: Vec<PathBuf>,
}

/// Concludes a command that has ended under our eyes.
pub fn conclude(
    job: &Job<'_>,
    begun: Begun,
    end: Result<ChildEnd, ()>,
) -> Result<Concluded, Error> {
    // Whoever wanted the command to stop does not want its record to stop.
    job.ports.interrupt.acknowledge();
    let seeing = seen(end);
    let Begun { intent, command, journal, .. } = begun;
    let entry = intent.entry().clone();
    let places = |run: &RunIntent| {
        let mut places = Command::places(&run.command, &command.directory);
        places.insert(0, job.stack.root.clone());
        places
    };
    let course = OpenRun::of(&entry, places)?;
    let mut waits = PATIENCE.into_iter();
    let closed = loop {
        match (close(job, &course, seeing), waits.next()) {
            (Err(Error::Store(_)), Some(wait)) => job.ports.clock.pause(wait),
            (closed, _) => break closed,
        }
    };
    let closed = closed.and_then(|closed| {
        let outcome = Outcome::Run(Box::new(closed.outcome.clone()));
        Ok((intent.conclude(job, outcome, &PATIENCE)?, closed))
    });
    match closed {
        Ok((outcome, closed)) => {
            // It is in the store; what cannot be removed is only litter.
            let _is_left = journal.remove().is_err();
            let Closed { outcome: said, after, summary, stood_still } = closed;
            let RunOutcome { apply_report, errors, errored, outcome: result, .. } = said;
            Ok(Concluded {
                outcome,
                result,
                after,
                apply_report,
                errors,
                errored,
                summary,
                stood_still,
            })
        }
        Err(source) => Err(Error::Run(RunError::NotRecorded {
            intent: entry.revision,
            code: seeing.code,
            journal: journal.directory().to_owned(),
            source: Box::new(source),
        })),
    }
}

/// Concludes a run whose process is gone and was not seen to end. The entry is the outcome.
///
/// Refused while anything of it is known to live. If it ran on another machine, the caller has to
/// know that it is over.
pub fn conclude_open(job: &Job<'_>, intent: &Entry) -> Result<Entry, Error> {
    if let Liveness::Alive(who) = liveness(intent, &job.author.actor) {
        return Err(Error::under_way(intent, who));
    }
    let seeing = Seeing { result: ApplyOutcome::Unknown, code: None, ending: Ending::Cut };
    let course = OpenRun::of(intent, |_| vec![job.stack.root.clone()])?;
    let open = OpenIntent::found(intent).ok_or(not_a_run(intent))?;
    let closed = close(job, &course, seeing)?;
    let outcome = Outcome::Run(Box::new(closed.outcome));
    let outcome = open.conclude(job, outcome, &[])?;
    let _is_left = journal::remove(Path::new(&course.run.journal)).is_err();
    Ok(outcome)
}

/// The facts of an end; nothing was started when there is none.
fn seen(end: Result<ChildEnd, ()>) -> Seeing {
    let Ok(end) = end else {
        let result = ApplyOutcome::NotStarted;
        return Seeing { result, code: None, ending: Ending::Broken };
    };
    let (result, ending) = match (end.code, end.asked) {
        (Some(0), _) => (ApplyOutcome::Succeeded, Ending::Whole),
        (Some(_), Some(_)) => (ApplyOutcome::Interrupted, Ending::Broken),
        (Some(_), None) => (ApplyOutcome::Failed, Ending::Broken),
        (None, Some(_)) => (ApplyOutcome::Interrupted, Ending::Cut),
        (None, None) => (ApplyOutcome::Failed, Ending::Cut),
    };
    Seeing { result, code: end.code, ending }
}

impl<'a> OpenRun<'a> {
    fn of(intent: &'a Entry, places: impl Fn(&RunIntent) -> Vec<PathBuf>) -> Result<Self, Error> {
        let Body::RunIntent(run) = &intent.recorded.body else { return Err(not_a_run(intent)) };
        Ok(Self { intent, run, places: places(run) })
    }
}

fn not_a_run(entry: &Entry) -> Error {
    Error::Unfit { revision: entry.revision, problem: "is no run" }
}

/// A command of which everything is known that can be, and that is not concluded yet.
struct Closed {
    outcome: RunOutcome,
    after: Result<Captured, Error>,
    summary: LedgerSummary,
    stood_still: bool,
}

/// Captures the state as it is, and puts together what the apply has done. It can be done again.
fn close(job: &Job<'_>, course: &OpenRun<'_>, seeing: Seeing) -> Result<Closed, Error> {
    let run = course.run;
    let directory = Path::new(&run.journal);
    let errored = keep_left_state(job, course)?;
    let before = job.ports.repository.entry(&job.stack.name, run.before)?;
    let known = before.recorded.body.snapshot().and_then(|snapshot| snapshot.configuration.clone());
    let request = SnapshotRequest {
        // The state that is there now belongs to the configuration that was applied.
        configuration: known.map_or(ConfigurationFrom::Unknown, ConfigurationFrom::Known),
        ..SnapshotRequest::of_stack(job.stack, Cause::AfterRun)
    };
    let after = match snapshot::take(job, &request) {
        // A store that fails may work the next time; a state that cannot be read is what it is.
        Err(Error::Store(problem)) => return Err(problem.into()),
        other => other,
    };
    let events = match journal::whole(directory) {
        Ok((mut text, bytes)) if bytes > 0 => {
            let keeper = Keeper::of(job.ports, job.stack)?;
            kept_if_allowed(keeper.put_from(&mut text, bytes))?.map(|blob| blob.id)
        }
        Ok(_) | Err(_) => None,
    };
    let mut told = listen(directory);
    let planned =
        (!told.ledger.knows_the_plan()).then(|| plan_of(job.ports, job.stack, run)).flatten();
    if let Some(plan) = &planned {
        plan.effective().map(intended).for_each(|intended| told.ledger.intend(intended));
        planned_invocations(plan).for_each(|event| told.ledger.see(&event));
    }
    let recorded = recorded_state(job.ports, &before)?;
    let (summary, source) = (told.ledger.summary(), told.source);
    let digest = |entry: &Entry| entry.recorded.body.snapshot().and_then(Snapshot::state_digest);
    let stood_still = after.as_ref().is_ok_and(|after| digest(&after.entry) == digest(&before));
    // A killed Terraform may have saved nothing, and one that could not save it says so.
    let has_lost = errored.is_some() || told.ledger.errors().iter().any(is_about_a_state);
    let elsewhere =
        summary.tells_of_changes && stood_still && seeing.ending != Ending::Cut && !has_lost;
    let (mut apply_report, errors) =
        report(job.ports, &before, recorded.as_ref(), &after, planned.as_ref(), told, seeing);
    if elsewhere {
        // All that it tells is of another state.
        apply_report = ApplyReport::empty(source);
    }
    let outcome = RunOutcome {
        intent: course.intent.revision,
        outcome: seeing.result,
        code: seeing.code,
        after: after.as_ref().ok().map(|taken| taken.entry.revision),
        events,
        errored,
        apply_report,
        errors,
        elsewhere,
    };
    Ok(Closed { outcome, after, summary, stood_still })
}

fn is_about_a_state(error: &Diagnostic) -> bool {
    error.summary.to_lowercase().contains("state")
}

/// The ledger and the source that the journal gives.
struct JournalReading {
    ledger: Ledger,
    source: ReportSource,
}

fn listen(directory: &Path) -> JournalReading {
    let (mut ledger, mut reader) = (Ledger::default(), EventReader::default());
    let mut last = Stream::Output;
    let mut tell = |stream: Stream, line: &str| {
        if stream != last {
            ledger.see(&reader.end());
            last = stream;
        }
        ledger.see(&reader.line(stream, line));
    };
    // A journal that is gone or cannot be read to its end tells what it tells.
    let _is_cut_off = journal::lines(directory, &mut tell).is_err();
    ledger.see(&reader.end());
    JournalReading { source: reader.source(), ledger }
}

fn report(
    ports: &Ports<'_>,
    before: &Entry,
    recorded: Option<&Recorded>,
    after: &Result<Captured, Error>,
    planned: Option<&Plan>,
    told: JournalReading,
    seeing: Seeing,
) -> (ApplyReport, Vec<ApplyError>) {
    let had = recorded.map(|recorded| recorded.state.state());
    let has = after.as_ref().ok().and_then(|taken| taken.state.as_ref()).map(ReadState::state);
    let mut redactor = Redactor::default().with_values(&secrets_of_environment(ports));
    for state in [had, has].into_iter().flatten() {
        redactor = redactor.with_state(state);
    }
    if let Ok(taken) = after {
        redactor = redactor.with_values(&taken.backend.secrets());
    }
    let snapshot = before.recorded.body.snapshot();
    let configuration =
        snapshot.and_then(|snapshot| load_configuration(ports, before.revision, snapshot).ok());
    if let Some(configuration) = &configuration {
        redactor = with_configuration(redactor, configuration);
        if let Some(plan) = planned {
            redactor = with_plan(redactor, configuration, plan);
        }
    }
    let was_none = snapshot.is_some_and(|snapshot| snapshot.state.is_none());
    let facts = ApplyReportFacts {
        before: match had {
            Some(state) => Seen::State(state),
            None if was_none => Seen::None,
            None => Seen::Unread,
        },
        after: match (has, after) {
            (Some(state), _) => Seen::State(state),
            (None, Ok(taken)) if taken.state.is_none() => Seen::None,
            (None, Ok(_) | Err(_)) => Seen::Unread,
        },
        source: told.source,
        ending: seeing.ending,
    };
    let errors = apply_errors(told.ledger.errors(), &redactor);
    let report = match seeing.result {
        ApplyOutcome::NotStarted => ApplyReport::empty(told.source),
        ApplyOutcome::Succeeded
        | ApplyOutcome::Failed
        | ApplyOutcome::Interrupted
        | ApplyOutcome::Unknown => told.ledger.report(&facts, &redactor),
    };
    (report, errors)
}

fn recorded_state(ports: &Ports<'_>, entry: &Entry) -> Result<Option<Recorded>, Error> {
    let state = entry.recorded.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
    state.map(|state| load(ports, entry, state)).transpose()
}

/// The saved plan that was applied, when Terraform can still show it. One that may hold keys is in
/// the journal alone.
fn plan_of(ports: &Ports<'_>, stack: &Stack, run: &RunIntent) -> Option<Plan> {
    let directory = Path::new(&run.journal);
    let bytes = match &run.plan {
        Some(blob) => ports.repository.get_blob(blob).ok()?,
        None => journal::plan(directory, run.plan_digest?).ok()?,
    };
    let file = journal::lay_out_plan(directory, &bytes).ok()?;
    let archive = planfile::read(&bytes).ok();
    let shown = saved_plan::shown(ports, stack, &file, archive.as_ref()).ok()?;
    plan::parse(&shown).ok()
}

/// Terraform leaves the state here when its backend is gone at the end: it goes into the store, each
/// content once.
fn keep_left_state(job: &Job<'_>, course: &OpenRun<'_>) -> Result<Option<Revision>, Error> {
    let begun = course.intent.recorded.time;
    let path = course.places.iter().map(|place| place.join(ERRORED_STATE));
    let Some(path) = path.into_iter().find(|path| is_younger(path, begun)) else {
        return Ok(None);
    };
    let shown = || path.display().to_string();
    let bytes = fs::read(&path).map_err(|source| Error::Io { path: shown(), source })?;
    let digest = Digest::of(&bytes);
    let log = job.log()?;
    let is_same = |entry: &&Entry| matches!(&entry.recorded.body, Body::Evidence(kept) if kept.digest == digest);
    if let Some(kept) = log.iter().find(is_same) {
        return Ok(Some(kept.revision));
    }
    let what = format!("of run {}", course.intent.revision);
    kept_if_allowed(keep_errored_state(job, &bytes, &what))
}

/// Whether a file was written after the command was begun, by this machine's clock. A second is
/// allowed for, since file systems count more coarsely than records.
fn is_younger(path: &Path, begun: Timestamp) -> bool {
    let written = path.metadata().and_then(|facts| facts.modified()).ok();
    let written = written.and_then(|time| Timestamp::try_from(time).ok());
    written.is_some_and(|written| written.as_second() + 1 >= begun.as_second())
}
