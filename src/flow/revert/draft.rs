//! A revert's two sides: the snapshot to go back to, and the present state.
//!
//! The state as it is now is in the store before anything else happens. The draft reads and
//! decides; it plans nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::history::configurations::{ConfigurationsSince, attempted, resources};
use super::history::{check_resolved, imports, journals, not_undone, resolve_pushed, told};
use super::request::RevertRequest;
use crate::codec::backend::Backend;
use crate::codec::hcl::Configuration;
use crate::codec::state::ReadState;
use crate::engine::baseline::baseline;
use crate::engine::good::verdicts;
use crate::engine::hold::of_revert;
use crate::engine::judgement::{JudgedAction, MissingFile};
use crate::engine::origin::ApplyJournal;
use crate::engine::redact::Redactor;
use crate::engine::rekey;
use crate::engine::unsettled::open_revert;
use crate::engine::variables::VariableStanding;
use crate::engine::verify::Configurations;
use crate::flow::Error;
use crate::flow::configuration::missing_files;
use crate::flow::error::recover::Refusal;
use crate::flow::ports::{Author, Job};
use crate::flow::recorded::{Recorded, known_drift, load, load_configuration};
use crate::flow::recover::conclude::{found_in, revert_ended};
use crate::flow::redaction::{known_secrets, with_configuration};
use crate::flow::run::conclude_all;
use crate::flow::snapshot::{self, Captured, check_standing};
use crate::flow::variables::with_variables;
use crate::model::drift::KnownDrift;
use crate::model::entry::{Body, Cause, Entry, NotUndone, Revision, Snapshot, StateRef};
use crate::model::good::{Evidence, Grade, Residual, Verdict};
use crate::model::hazard::Hazard;
use crate::model::hold::HoldScope;
use crate::model::plan::Plan;
use crate::model::version::StateVersion;
use crate::terraform::liveness::{Liveness, liveness, recorded_by};

/// A revert that has been thought through and not yet planned.
#[derive(Debug)]
pub struct RevertDraft {
    /// The wish, with the entry to go back to.
    pub(super) request: RevertRequest,
    /// Its snapshot.
    pub(super) snapshot: Snapshot,
    /// Its state.
    pub(super) good: Recorded,
    /// Changes that its configuration always proposes.
    pub(super) residual: Vec<Residual>,
    /// How much is known of it, if it is marked good.
    pub(super) grade: Option<Grade>,
    /// Its configuration.
    pub(super) configuration: Configuration,
    /// The snapshot of the present.
    pub(super) before: Entry,
    /// The present state.
    pub(super) current: ReadState,
    /// The newest snapshot between the two, if there is one: see [`baseline`].
    pub(super) between: Option<Recorded>,
    /// Journals of wrapped applies and reverts since then, oldest first.
    pub(super) journals: Vec<ApplyJournal>,
    /// Imports of the configurations since then: addresses of blocks, `*` for anything.
    pub(super) imports: BTreeSet<String>,
    /// Objects that the applies since then destroyed or imported, as re-keying takes them.
    pub(super) told: rekey::RekeyJournal,
    /// Facts of the configurations on both sides.
    pub(super) since: ConfigurationsSince,
    /// Files that the good configuration names and that are nowhere any more.
    pub(super) missing_files: Vec<MissingFile>,
    /// The backend, with what is not recorded.
    pub(super) backend: Backend,
    /// The hazard of a newer snapshot that is good too.
    pub(super) newer_applied: Option<Hazard>,
    /// Variables that are not simply as they were.
    pub(super) variables: BTreeMap<String, VariableStanding>,
    /// The redactor for all that is shown of it.
    pub(super) redactor: Redactor,
    /// Changes outside of Terraform that are on record, with the fixes among them.
    pub(super) drift: Vec<KnownDrift>,
    /// Objects that it would leave as they are: no plan can end them.
    pub(super) not_undone: Vec<NotUndone>,
    /// Plans applied before, where this one goes on with a revert that failed half-way.
    pub(super) earlier: Vec<(Plan, Vec<JudgedAction>)>,
    /// The scope of the hold that stands while and after it changes anything.
    pub(super) hold: Option<HoldScope>,
    /// The newest entry that this draft has seen.
    pub(super) seen: Revision,
    /// The latest time that any entry of the log carries, by any writer's clock.
    pub(super) latest_time: Option<Timestamp>,
}

impl RevertDraft {
    /// Resource blocks of the good configuration and of those since.
    pub(super) fn resources(&self) -> Configurations {
        Configurations {
            good: resources(&self.configuration),
            since: self.since.attempted.iter().map(resources).collect(),
        }
    }

    /// The version of the present state, as it was recorded with its bytes.
    pub(super) fn version(&self) -> Result<StateVersion, Error> {
        let state =
            self.before.recorded.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
        let revision = self.before.revision;
        let problem = "has no state";
        Ok(state.ok_or(Error::Unfit { revision, problem })?.version.clone())
    }
}

/// Drafts a revert.
pub fn draft(job: &Job<'_>, request: RevertRequest) -> Result<RevertDraft, Error> {
    let target = &request.target;
    let unfit = |problem| Error::Unfit { revision: target.revision, problem };
    let (snapshot, state) = good_snapshot(target)?;
    conclude_all(job)?;
    let log = resolve_pushed(job)?;
    let past = known_secrets(job.ports, &log);
    let author = &job.author.safe(&past);
    let job = &job.by(author);
    let evidence = evidence(&log, target)?;
    check_resolved(&log, job.author)?;
    let abandoned = unfinished(&log, job.author)?;
    let good = load(job.ports, target, &state)?;
    let configuration = load_configuration(job.ports, target.revision, &snapshot)?;
    job.ports.check_interrupt("the state was captured")?;
    let capture = snapshot::SnapshotRequest::of_stack(job.stack, Cause::BeforeRevert);
    let taken = snapshot::take(job, &capture)?;
    conclude_abandoned(job, abandoned, &taken)?;
    check_standing(&taken)?;
    let current = taken.state.clone().ok_or(unfit("has a state, and there is none now"))?;
    let between = baseline(&log, target, taken.snapshot()?);
    let imports = imports(job.ports, &log, target.revision, between, &taken.entry)?;
    let between = between.map(|(entry, state)| load(job.ports, entry, state)).transpose()?;
    let (configuration, variables) = with_variables(configuration, job.stack, &request.allowed)?;
    let redactor = with_configuration(past, &configuration)
        .with_state(good.state.state())
        .with_state(current.state())
        .with_values(&taken.backend.secrets());
    let attempted = attempted(job.ports, &log, target, &taken.entry)?;
    let since =
        ConfigurationsSince::of(&configuration, attempted, good.state.state(), current.state());
    let missing_files = missing_files(&configuration, &job.stack.root);
    let journals = journals(job.ports, &log, target.revision, &taken.entry);
    // Another revert may have begun while this one looked: what is built on has to be without one.
    let latest = job.log()?;
    if let Some(other) = open_revert(&latest) {
        return Err(Error::under_way(other, recorded_by(other)));
    }
    check_resolved(&latest, job.author)?;
    let states = [good.state.state(), current.state()];
    let not_undone = safe(not_undone(&latest, target.revision, &journals, &states), &redactor);
    Ok(RevertDraft {
        snapshot,
        good,
        grade: evidence.as_ref().map(|evidence| evidence.grade),
        residual: evidence.map(|evidence| evidence.residual).unwrap_or_default(),
        configuration,
        latest_time: latest.iter().map(|entry| entry.recorded.time).max(),
        not_undone,
        earlier: Vec::new(),
        hold: of_revert(&latest, target, &taken.entry, job.stack.hold),
        seen: latest.last().map_or(taken.entry.revision, |newest| newest.revision),
        before: taken.entry,
        current,
        between,
        missing_files,
        told: told(&journals, &imports),
        since,
        imports,
        journals,
        backend: taken.backend,
        drift: known_drift(job.ports, &latest)?,
        newer_applied: request.newer_applied(&latest),
        variables,
        redactor: request.tell_changes(redactor, job.stack),
        request,
    })
}

/// The same, with reasons that are safe to show.
fn safe(mut not_undone: Vec<NotUndone>, redactor: &Redactor) -> Vec<NotUndone> {
    for left in &mut not_undone {
        left.why = redactor.text(&left.why);
    }
    not_undone
}

/// The snapshot of an entry, with the state to go back to.
fn good_snapshot(target: &Entry) -> Result<(Snapshot, StateRef), Error> {
    let snapshot = target.recorded.body.snapshot().ok_or_else(|| Error::no_snapshot(target))?;
    if snapshot.backend.is_remote_execution() {
        return Err(Error::RemoteExecution { kind: snapshot.backend.kind.clone() });
    }
    let (revision, problem) = (target.revision, "has no state to go back to");
    let state = snapshot.state.clone().ok_or(Error::Unfit { revision, problem })?;
    Ok((snapshot.clone(), state))
}

/// The evidence for the target, if it is marked good; refused if it is marked bad.
fn evidence(log: &[Entry], target: &Entry) -> Result<Option<Evidence>, Error> {
    match verdicts(log).get(&target.revision) {
        Some(Verdict::Bad) => {
            Err(Error::Unfit { revision: target.revision, problem: "is marked bad" })
        }
        Some(Verdict::Good(evidence)) => Ok(Some(evidence.clone())),
        None => Ok(None),
    }
}

/// Records the end of a revert that was not seen to end; refused if it has left a state behind.
fn conclude_abandoned(
    job: &Job<'_>,
    abandoned: Option<&Entry>,
    taken: &Captured,
) -> Result<(), Error> {
    let Some(intent) = abandoned else { return Ok(()) };
    let Body::RevertIntent(revert) = &intent.recorded.body else { return Ok(()) };
    let found = found_in(job, revert)?;
    revert_ended(job, intent, found.events, taken)?;
    match found.left {
        Some(left) => Err(Refusal::left_by(left).into()),
        None => Ok(()),
    }
}

/// A revert to be concluded by this one; refused while its process lives.
fn unfinished<'a>(log: &'a [Entry], author: &Author) -> Result<Option<&'a Entry>, Error> {
    let Some(entry) = open_revert(log) else { return Ok(None) };
    match liveness(entry, &author.actor) {
        Liveness::Alive(who) => Err(Error::under_way(entry, who)),
        Liveness::Over | Liveness::Elsewhere(_) => Ok(Some(entry)),
    }
}
