//! What is to be gone back to, and what is there now.
//!
//! The state as it is now is in the store before anything else happens. The draft reads and
//! decides; it plans nothing.

use super::configurations::{Sides, attempted};
use crate::flow::secrets::recorded;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::journals::{imports, journals, told};
use super::matters::{check_settled, not_undone, settle_pushed};
use crate::codec::backend::Backend;
use crate::codec::{bundle, hcl, json, state};
use crate::engine::baseline::baseline;
use crate::engine::good::verdicts;
use crate::engine::hazard::Allowance;
use crate::engine::hold::of_revert;
use crate::engine::origin::Journal;
use crate::engine::pin::Standing as StateStanding;
use crate::engine::redact::{Redactor, is_secret_name};
use crate::engine::rekey;
use crate::engine::revert::JudgedAction;
use crate::engine::revert::scope::Scope;
use crate::engine::variables::{self, Declared, Standing};
use crate::flow::drift::known;
use crate::flow::ephemeral::with_today;
use crate::flow::recover::Refusal;
use crate::flow::recover::alive::{self, Life};
use crate::flow::recover::conclude::{found_in, revert_ended};
use crate::flow::run::conclude_all;
use crate::flow::snapshot::{self, Taken};
use crate::flow::{Error, Ports, Speaker, Stack};
use crate::model::configuration::{Bundle, BundlePath, Variable, VariableOrigin};
use crate::model::drift::KnownDrift;
use crate::model::entry::{
    Body, Cause, Entry, NotUndone, RevertIntent, Revision, Snapshot, StateRef,
};
use crate::model::good::{Residual, Verdict};
use crate::model::hold::HoldScope;
use crate::model::plan::Plan;
use crate::model::secret::Secret;
use crate::model::state::StateBytes;
use crate::model::value::Value;
use crate::model::version::{Serial, StateVersion};

/// A state on record, with its bytes.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The entry.
    pub revision: Revision,
    /// When it was taken.
    pub time: Timestamp,
    /// The exact bytes.
    pub bytes: StateBytes,
}

/// A revert that has been thought through and not yet planned.
#[derive(Debug)]
pub struct RevertDraft {
    /// The entry to go back to.
    pub target: Entry,
    /// Its snapshot.
    pub snapshot: Snapshot,
    /// Its state.
    pub good: Recorded,
    /// What its configuration always proposes.
    pub residual: Vec<Residual>,
    /// Its configuration.
    pub bundle: Bundle,
    /// The snapshot of the present.
    pub before: Entry,
    /// The present state.
    pub current: StateBytes,
    /// The newest snapshot between the two, if there is one: see [`baseline`].
    pub between: Option<Recorded>,
    /// What wrapped applies and reverts since then have said, oldest first.
    pub journals: Vec<Journal>,
    /// What the configurations since then import: addresses of blocks, `*` for anything.
    pub imports: BTreeSet<String>,
    /// What the applies since then say of themselves, as re-keying takes it.
    pub told: rekey::Journal,
    /// What the configurations on both sides say.
    pub sides: Sides,
    /// The backend, with what is not recorded.
    pub backend: Backend,
    /// Variables that are not simply as they were.
    pub variables: BTreeMap<String, Standing>,
    /// What must not be shown.
    pub redactor: Redactor,
    /// What is on record of changes outside of Terraform, with the fixes among them.
    pub drift: Vec<KnownDrift>,
    /// What it would leave as it is: no plan can end it.
    pub not_undone: Vec<NotUndone>,
    /// Which part of it is wanted.
    pub scope: Scope,
    /// What was applied before, where this one goes on with a revert that failed half-way.
    pub earlier: Vec<(Plan, Vec<JudgedAction>)>,
    /// What was allowed before there was a plan: new values of data sources that are let in.
    pub allowed: Vec<Allowance>,
    /// What is held while and after it changes anything.
    pub hold: Option<HoldScope>,
    /// The newest entry that this draft has seen.
    pub seen: Revision,
    /// The latest time that any entry of the log carries, whoever's clock said it.
    pub latest_time: Option<Timestamp>,
}

impl RevertDraft {
    /// The version of the present state, as it was recorded with its bytes.
    pub fn version(&self) -> Result<StateVersion, Error> {
        let state = self.before.said.body.snapshot().and_then(|snapshot| snapshot.state.as_ref());
        let revision = self.before.revision;
        let problem = "has no state";
        Ok(state.ok_or(Error::Unfit { revision, problem })?.version.clone())
    }
}

/// Drafts a revert to `target`.
pub fn draft(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    target: &Entry,
) -> Result<RevertDraft, Error> {
    let unfit = |problem| Error::Unfit { revision: target.revision, problem };
    let snapshot = target.said.body.snapshot().ok_or_else(|| Error::no_snapshot(target))?.clone();
    let state = snapshot.state.clone().ok_or(unfit("has no state to go back to"))?;
    if snapshot.backend.is_remote_execution() {
        return Err(Error::RemoteExecution { kind: snapshot.backend.kind });
    }
    conclude_all(ports, stack, speaker)?;
    let log = settle_pushed(ports, stack, speaker)?;
    let past = recorded(ports, &log);
    let speaker = &speaker.safe(&past);
    let residual = residual(&log, target)?;
    check_settled(&log, speaker)?;
    let abandoned = unfinished(&log, speaker)?;
    let good = load(ports, target, &state)?;
    let bundle = load_bundle(ports, target.revision, &snapshot)?;
    ports.check_interrupt("the state was captured")?;
    let request = snapshot::Request::of_stack(stack, Cause::BeforeRevert);
    let taken = snapshot::take(ports, stack, speaker, &request)?;
    conclude_abandoned(ports, stack, speaker, abandoned, &taken)?;
    check_standing(&taken)?;
    let current = taken.bytes.clone().ok_or(unfit("has a state, and there is none now"))?;
    let between = baseline(&log, target, taken.snapshot()?);
    let since = (between.map(|(entry, _)| entry), &taken.entry);
    let imports = imports(ports, &log, target.revision, since);
    let between = between.map(|(entry, state)| load(ports, entry, state)).transpose()?;
    let (bundle, variables) = with_variables(bundle, stack)?;
    let redactor = with_bundle(past, &bundle);
    let redactor = learnt(redactor, [&good.bytes, &current])?.with_values(&taken.backend.secrets());
    let attempted = attempted(ports, &log, target, &taken.entry);
    let sides = Sides::of(&bundle, attempted, &good.bytes, &current)?;
    let journals = journals(ports, &log, target.revision);
    // Another revert may have begun while this one looked: what is built on has to be without one.
    let latest = ports.repository.log(&stack.name)?;
    if let Some(other) = open_intent(&latest) {
        return Err(under_way(other));
    }
    check_settled(&latest, speaker)?;
    Ok(RevertDraft {
        target: target.clone(),
        snapshot,
        good,
        residual,
        allowed: Vec::new(),
        bundle,
        latest_time: latest.iter().map(|entry| entry.said.time).max(),
        not_undone: not_undone(&latest, target.revision),
        earlier: Vec::new(),
        hold: of_revert(&latest, (target, &taken.entry), stack.hold),
        seen: latest.last().map_or(taken.entry.revision, |newest| newest.revision),
        before: taken.entry,
        current,
        between,
        told: told(&journals, &imports),
        sides,
        scope: Scope::default(),
        imports,
        journals,
        backend: taken.backend,
        drift: known(ports, &latest)?,
        variables,
        redactor,
    })
}

/// What the target's configuration always proposes; refused if it is marked bad.
fn residual(log: &[Entry], target: &Entry) -> Result<Vec<Residual>, Error> {
    match verdicts(log).get(&target.revision) {
        Some(Verdict::Bad) => {
            Err(Error::Unfit { revision: target.revision, problem: "is marked bad" })
        }
        Some(Verdict::Good(evidence)) => Ok(evidence.residual.clone()),
        None => Ok(Vec::new()),
    }
}

/// Says how a revert that nobody saw end was found; refused if it has left a state behind.
fn conclude_abandoned(
    ports: &Ports<'_>,
    stack: &Stack,
    speaker: &Speaker,
    abandoned: Option<(Revision, &RevertIntent)>,
    taken: &Taken,
) -> Result<(), Error> {
    let Some((intent, revert)) = abandoned else { return Ok(()) };
    let found = found_in(ports, stack, speaker, revert)?;
    revert_ended(ports, stack, speaker, (intent, found.events), taken)?;
    match found.left {
        Some(left) => Err(Refusal::left_by(left).into()),
        None => Ok(()),
    }
}

/// The newest revert that nobody has concluded.
pub fn open_intent(log: &[Entry]) -> Option<&Entry> {
    let concluded = |revision: Revision| {
        log.iter().any(
            |entry| matches!(&entry.said.body, Body::RevertOutcome(end) if end.intent == revision),
        )
    };
    log.iter().rev().find(|entry| {
        matches!(entry.said.body, Body::RevertIntent(_)) && !concluded(entry.revision)
    })
}

/// A revert to be concluded by this one; refused while its process lives.
fn unfinished<'a>(
    log: &'a [Entry],
    speaker: &Speaker,
) -> Result<Option<(Revision, &'a RevertIntent)>, Error> {
    let Some(entry) = open_intent(log) else { return Ok(None) };
    let Body::RevertIntent(revert) = &entry.said.body else { return Ok(None) };
    match alive::of(entry, &speaker.actor) {
        Life::Alive(who) => Err(Error::RevertUnderWay { intent: entry.revision, who }),
        Life::Gone | Life::Elsewhere(_) => Ok(Some((entry.revision, revert))),
    }
}

pub(in crate::flow) fn under_way(intent: &Entry) -> Error {
    Error::RevertUnderWay { intent: intent.revision, who: alive::who(intent) }
}

/// A state that went back or forked is recorded, and a person has to look before a revert.
pub(in crate::flow) fn check_standing(taken: &Taken) -> Result<(), Error> {
    let found = taken
        .entry
        .said
        .body
        .snapshot()
        .and_then(|snapshot| snapshot.state.as_ref())
        .map_or(Serial(0), |state| state.version.serial);
    match taken.standing {
        StateStanding::First | StateStanding::Recorded(_) | StateStanding::Grown => Ok(()),
        StateStanding::Rewound { newest, serial } => {
            Err(Error::Rewound { found, newest, recorded: serial })
        }
        StateStanding::Forked { newest } => Err(Error::Rewound { found, newest, recorded: found }),
    }
}

/// A stored state, checked against what the entry says of it.
pub fn load(ports: &Ports<'_>, entry: &Entry, state: &StateRef) -> Result<Recorded, Error> {
    let bytes = StateBytes::new(ports.repository.get_blob(&state.blob)?);
    if bytes.digest() != state.version.digest {
        return Err(Error::StoredState {
            revision: entry.revision,
            problem: "its content is not what the entry says".to_owned(),
        });
    }
    Ok(Recorded { revision: entry.revision, time: entry.happened(), bytes })
}

/// The configuration of a snapshot.
pub fn load_bundle(
    ports: &Ports<'_>,
    revision: Revision,
    snapshot: &Snapshot,
) -> Result<Bundle, Error> {
    let configuration = snapshot
        .configuration
        .as_ref()
        .ok_or(Error::Unfit { revision, problem: "has no configuration" })?;
    let archive = ports.repository.get_blob(&configuration.blob)?;
    bundle::unpack(&archive).map_err(|source| Error::Bundle { revision, source })
}

/// The bundle with every value it needs, and the variables that are not as they were.
pub(in crate::flow) fn with_variables(
    bundle: Bundle,
    stack: &Stack,
) -> Result<(Bundle, BTreeMap<String, Standing>), Error> {
    let mut bundle = with_today(bundle, &stack.inputs);
    let declared = root_facts(&bundle)
        .variables
        .iter()
        .map(|(name, declared)| (name.clone(), Declared { required: !declared.has_default }))
        .collect();
    let in_files: Vec<String> = bundle
        .files
        .iter()
        .filter(|(path, _)| {
            let is_beside = path.parent() == bundle.root;
            bundle.var_files.contains(path)
                || is_beside && hcl::is_loaded_by_itself(path.file_name())
        })
        .flat_map(|(path, content)| hcl::assigned(path.file_name(), content))
        .collect();
    let today = today(stack);
    let text = |value: &Secret<String>| value.reveal_for_terraform().clone();
    let comparable = today.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut standing = variables::compare(&declared, &in_files, &bundle.variables, &comparable);
    let missing: Vec<String> = standing
        .iter()
        .filter(|(_, standing)| **standing == Standing::Missing)
        .map(|(name, _)| name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Error::MissingVariables(missing));
    }
    // A plan holds values as JSON, the environment as text: they cannot be told apart by text.
    standing.retain(|name, standing| {
        *standing != Standing::Differs
            || bundle.variables.get(name).is_none_or(|v| v.origin != VariableOrigin::Plan)
    });
    for (name, standing) in &standing {
        if let (Standing::TakenFromToday, Some(value)) = (standing, today.get(name)) {
            let origin = VariableOrigin::CommandLine;
            bundle.variables.insert(name.clone(), Variable { value: value.clone(), origin });
        }
    }
    Ok((bundle, standing))
}

/// What the files of the root module say.
pub(in crate::flow) fn root_facts(bundle: &Bundle) -> hcl::Facts {
    module_facts(bundle, &bundle.root)
}

/// What the files of the module in `directory` say.
pub(in crate::flow) fn module_facts(bundle: &Bundle, directory: &BundlePath) -> hcl::Facts {
    let files: BTreeMap<String, Vec<u8>> = bundle
        .files
        .iter()
        .filter(|(path, _)| path.parent() == *directory)
        .map(|(path, content)| (path.file_name().to_owned(), content.clone()))
        .collect();
    hcl::scan(&files)
}

/// Learns what must not be shown of a plan of this configuration, its variables included.
pub(in crate::flow) fn with_plan(redactor: Redactor, bundle: &Bundle, plan: &Plan) -> Redactor {
    let facts = root_facts(bundle);
    let secrets = plan
        .variables
        .iter()
        .filter(|(name, _)| is_secret_variable(&facts, name))
        .map(|(_, value)| value.reveal_for_terraform());
    redactor.with_plan(plan).with_values(secrets)
}

/// Today's values: the command line wins over the environment.
fn today(stack: &Stack) -> BTreeMap<String, Secret<String>> {
    let mut today = stack.inputs.environment.clone();
    today.extend(stack.inputs.command_line.iter().cloned());
    today
}

/// Whether a variable's value is secret: declared so, or named so.
fn is_secret_variable(declared: &hcl::Facts, name: &str) -> bool {
    let marks = declared.variables.get(name).map(|declared| declared.marks);
    is_secret_name(name) || marks.is_some_and(|marks| marks.sensitive || marks.ephemeral)
}

/// Learns what must not be shown from states and from the variables.
pub(in crate::flow) fn redactor<'a>(
    bundle: &Bundle,
    states: impl IntoIterator<Item = &'a StateBytes>,
) -> Result<Redactor, Error> {
    learnt(with_bundle(Redactor::default(), bundle), states)
}

/// Learns the values of secret variables, wherever the configuration has them from.
pub fn with_bundle(redactor: Redactor, bundle: &Bundle) -> Redactor {
    let facts = root_facts(bundle);
    let given = bundle.variables.iter().map(|(name, given)| (name.clone(), value_of(given)));
    let is_of_values = |path: &BundlePath| {
        let is_found = path.parent() == bundle.root && hcl::is_loaded_by_itself(path.file_name());
        is_found || bundle.var_files.contains(path)
    };
    let files = bundle.files.iter().filter(|(path, _)| is_of_values(path));
    let literals = files.flat_map(|(path, content)| hcl::literals(path.file_name(), content));
    let secrets: Vec<Value> = given
        .chain(literals)
        .filter(|(name, _)| is_secret_variable(&facts, name))
        .map(|(_, value)| value)
        .collect();
    redactor.with_values(&secrets)
}

fn learnt<'a>(
    mut redactor: Redactor,
    states: impl IntoIterator<Item = &'a StateBytes>,
) -> Result<Redactor, Error> {
    for bytes in states {
        let parsed = state::parse(bytes).map_err(|problem| Error::Unreadable {
            problem,
            found: "the store".to_owned(),
            evidence: None,
            last: None,
        })?;
        redactor = redactor.with_state(&parsed);
    }
    Ok(redactor)
}

/// A variable's value: a plan holds JSON, everything else text that may be an expression.
fn value_of(variable: &Variable) -> Value {
    let text = variable.value.reveal_for_terraform();
    match (variable.origin, json::value(text)) {
        (VariableOrigin::Plan, Ok(value)) => value,
        _ => Value::Text(text.clone()),
    }
}
