//! Runs a command that may change the world, between a durable intent and a durable outcome.
//!
//! Order: what is open is concluded or refused, what is held is refused, the state and the
//! configuration are captured, the intent is recorded; the command runs and its journal grows; the
//! state is captured again, the report is put together, the outcome is recorded, and only then the
//! journal goes. If we die in between, the command goes on, and [`conclude_open`] says later what
//! became of it. It decides nothing about what to do after a failure.

mod conclude;
mod good;
mod quarantine;
pub mod safe_words;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use self::words::Command;
use super::Error;
use super::error::run::RunError;
use super::hold::answer;
use super::intent::{Intent, OpenIntent};
use super::keeping::{Keeper, KeptPlan};
use super::ports::{Author, Job, Ports, Stack};
use super::recorded::load_configuration;
use super::redaction::{secrets_of_environment, with_configuration};
use super::snapshot::{
    self, Captured, ConfigurationFrom, SnapshotRequest, WhenUnchanged, check_standing,
};
use crate::engine::hold::Held;
use crate::engine::redact::Redactor;
use crate::engine::unsettled::{Unsettled, open_revert, unsettled};
use crate::model::configuration::ConfigurationRef;
use crate::model::entry::{Body, Cause, Entry, Revision};
use crate::model::hold::HoldScope;
use crate::model::run::{RunIntent, RunOutcome};
use crate::store::After;
use crate::terraform::child::{ChildEnd, ChildScreen, Input, Notice, Showing, Wrapped};
use crate::terraform::journal::{RunJournal, lay_out_plan};
use crate::terraform::liveness::{Liveness, liveness, recorded_by};

pub use self::conclude::{Concluded, conclude, conclude_open};
pub use self::good::{Followed, follow};
pub use self::quarantine::hold_what_ran;

/// The command to run.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The command's words.
    pub words: Vec<OsString>,
    /// The directory in which it runs.
    pub directory: PathBuf,
    /// The saved plan that it applies, where its words do not name it.
    pub plan: Option<PathBuf>,
    /// The directories that can take journals, the first choice first.
    pub journals: Vec<PathBuf>,
}

/// A command whose intent is recorded.
#[derive(Debug)]
pub struct Begun {
    /// The intent.
    pub intent: OpenIntent,
    /// The snapshot of the state before.
    pub before: Revision,
    /// Why the configuration could not be captured, if it could not.
    pub problem: Option<Error>,
    /// Clauses on what of it could not be captured.
    pub shortcomings: Vec<String>,
    /// The outcomes of other runs that were concluded first, by their entries.
    pub concluded: Vec<Revision>,
    command: Command,
    journal: RunJournal,
}

/// Looks whether the command may run, captures what is there, and records the intent.
pub fn begin(job: &Job<'_>, wanted: &Wanted) -> Result<Begun, Error> {
    let command = Command::of(job.ports, job.stack, wanted)?;
    let concluded = conclude_all(job)?;
    let log = job.log()?;
    refuse_unsettled(&log, job.author)?;
    let stack = &job.stack.with_command();
    let job = &Job::new(job.ports, stack, job.author);
    if let Some(held) = answer(job.ports, stack, &log, command.plan.as_deref())?.held {
        return Err(held_by(&held).into());
    }
    let taken = capture(job, &command)?;
    check_standing(&taken)?;
    job.ports.check_interrupt("the command was started")?;
    let plan = stored_plan(job.ports, job.stack, &command)?;
    let journal = RunJournal::create(&wanted.journals).map_err(|source| RunError::NoJournal {
        place: wanted.journals.last().map_or_else(String::new, |base| base.display().to_string()),
        source,
    })?;
    let said = keep_beside(&journal, plan.as_ref())
        .and_then(|()| record_intent(job, &command, &taken, plan.as_ref(), &journal));
    match said {
        Ok(intent) => {
            let before = taken.entry.revision;
            let known = taken.snapshot().ok().and_then(|before| before.configuration.as_ref());
            let shortcomings = known.map_or_else(Vec::new, ConfigurationRef::shortcomings);
            let problem = taken.problem;
            Ok(Begun { intent, before, problem, shortcomings, concluded, command, journal })
        }
        Err(error) => {
            // Nothing is in it.
            let _is_left = journal.remove().is_err();
            Err(error)
        }
    }
}

/// Concludes every run that has no outcome yet; refused while one lives.
pub(in crate::flow) fn conclude_all(job: &Job<'_>) -> Result<Vec<Revision>, Error> {
    let log = job.log()?;
    let mut concluded = Vec::new();
    for matter in unsettled(&log) {
        if let Unsettled::Run(intent) = matter {
            refuse_alive(intent, job.author)?;
            concluded.push(conclude_open(job, intent)?.revision);
        }
    }
    Ok(concluded)
}

/// Refuses while a run is at work, or may be at work where it cannot be seen from here.
fn refuse_alive(intent: &Entry, author: &Author) -> Result<(), Error> {
    match liveness(intent, &author.actor) {
        Liveness::Over => Ok(()),
        Liveness::Alive(who) => Err(Error::under_way(intent, who)),
        Liveness::Elsewhere(_) => {
            let who =
                format!("{}; from here it cannot be told whether it is over", recorded_by(intent));
            Err(Error::under_way(intent, who))
        }
    }
}

fn refuse_unsettled(log: &[Entry], author: &Author) -> Result<(), Error> {
    if let Some(open) = open_revert(log)
        && let Liveness::Alive(who) = liveness(open, &author.actor)
    {
        return Err(Error::under_way(open, who));
    }
    let open = unsettled(log).into_iter().filter(Unsettled::stands_in_the_way);
    let matters: Vec<String> = open.map(|matter| matter.clause()).collect();
    if matters.is_empty() { Ok(()) } else { Err(RunError::Unsettled { matters }.into()) }
}

/// The snapshot of what is there, with the configuration that is about to be applied.
fn capture(job: &Job<'_>, command: &Command) -> Result<Captured, Error> {
    let configuration = match &command.plan {
        Some(plan) => ConfigurationFrom::Plan(plan.clone()),
        None => ConfigurationFrom::Directory(job.stack.root.clone()),
    };
    let request = SnapshotRequest {
        configuration,
        when_unchanged: WhenUnchanged::Witness,
        ..SnapshotRequest::of_stack(job.stack, Cause::BeforeRun)
    };
    snapshot::take(job, &request)
}

fn held_by(held: &Held<'_>) -> RunError {
    let said = &held.entry.recorded;
    let reason = said.reason.as_deref().unwrap_or("no reason was given");
    let commit = match &held.hold.scope {
        HoldScope::Everything => None,
        HoldScope::Configuration { commits, .. } => commits.first().cloned(),
    };
    RunError::Held {
        hold: held.entry.revision,
        why: format!("{}: {reason}", said.actor.name),
        until: held.hold.until,
        commit,
    }
}

fn stored_plan(
    ports: &Ports<'_>,
    stack: &Stack,
    command: &Command,
) -> Result<Option<StoredPlan>, Error> {
    let Some(plan) = &command.plan else { return Ok(None) };
    let path = plan.display().to_string();
    let bytes = std::fs::read(plan).map_err(|source| Error::Io { path, source })?;
    let kept = Keeper::of(ports, stack)?.put_plan(ports, stack, &bytes)?;
    Ok(Some(StoredPlan { kept, bytes }))
}

/// The saved plan of a command.
struct StoredPlan {
    kept: KeptPlan,
    bytes: Vec<u8>,
}

/// Lays a plan that the store does not have into the journal: the result of the apply may need it.
fn keep_beside(journal: &RunJournal, plan: Option<&StoredPlan>) -> Result<(), Error> {
    let Some(plan) = plan.filter(|plan| plan.kept.blob.is_none()) else { return Ok(()) };
    let directory = journal.directory();
    lay_out_plan(directory, &plan.bytes)
        .map(drop)
        .map_err(|source| Error::Io { path: directory.display().to_string(), source })
}

fn record_intent(
    job: &Job<'_>,
    command: &Command,
    taken: &Captured,
    plan: Option<&StoredPlan>,
    journal: &RunJournal,
) -> Result<OpenIntent, Error> {
    let redactor = redactor(job.ports, taken);
    let snapshot = taken.snapshot()?;
    let intent = RunIntent {
        before: taken.entry.revision,
        command: command.safe_words(&redactor),
        configuration: snapshot.configuration.as_ref().map(|known| known.digest),
        commit: snapshot.git.as_ref().filter(|git| !git.dirty).map(|git| git.commit.clone()),
        plan: plan.and_then(|plan| plan.kept.blob),
        plan_digest: plan.map(|plan| plan.kept.digest),
        journal: journal.directory().display().to_string(),
    };
    // Another one may have begun while this one looked.
    let latest = job.log()?;
    for matter in unsettled(&latest) {
        if let Unsettled::Run(other) = matter {
            return Err(Error::under_way(other, recorded_by(other)));
        }
    }
    if let Some(open) = open_revert(&latest) {
        return Err(Error::under_way(open, recorded_by(open)));
    }
    let after = After::Exactly(latest.last().map(|newest| newest.revision));
    let intent = Intent::Run(Box::new(intent));
    OpenIntent::record(&job.by(&job.author.safe(&redactor)), after, intent)
}

/// The redactor of a run, as far as secrets are known before anything runs.
fn redactor(ports: &Ports<'_>, taken: &Captured) -> Redactor {
    let mut redactor = Redactor::default()
        .with_values(&secrets_of_environment(ports))
        .with_values(&taken.backend.secrets());
    if let Some(state) = &taken.state {
        redactor = redactor.with_state(state.state());
    }
    let snapshot = taken.snapshot().ok();
    let configuration = snapshot
        .and_then(|snapshot| load_configuration(ports, taken.entry.revision, snapshot).ok());
    match configuration {
        Some(configuration) => with_configuration(redactor, &configuration),
        None => redactor,
    }
}

impl Begun {
    /// Runs the command to its end.
    pub fn go(
        &self,
        ports: &Ports<'_>,
        screens: [ChildScreen; 2],
        input: Input<'_>,
        tell: &mut dyn FnMut(Notice),
    ) -> std::io::Result<(ChildEnd, Showing)> {
        let wrapped = Wrapped {
            program: &self.command.program,
            arguments: &self.command.arguments,
            directory: &self.command.directory,
        };
        let interrupt = ports.interrupt;
        crate::terraform::child::run(&wrapped, &self.journal, screens, input, interrupt, tell)
    }
}

/// The outcome in an entry, if the entry is one.
fn outcome_of(entry: &Entry) -> Option<&RunOutcome> {
    if let Body::RunOutcome(ended) = &entry.recorded.body { Some(ended) } else { None }
}
