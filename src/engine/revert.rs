//! Why each action of a revert's plan is there.
//!
//! An action can have several reasons, since its attributes can. One that takes back a change since
//! the good snapshot is *undo*, and only that goes without asking. The origin of a destroyed object
//! is judged here too. `engine::hazard` says whether the revert may go on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::reasons::ReasonJudge;
use super::compare::{differences, shadow_paths};
use super::judgement::{JudgedAction, MissingFile, NotReplayable, Origin, Reason};
use super::origin::{ApplyJournal, origin};
use super::readable::{AttributeChange, BothValues, HiddenBy, Insignificant, Reader};
use super::redact::Redactor;
use crate::codec::json;
use crate::knowledge::Knowledge;
use crate::model::address::{Address, Mode};
use crate::model::digest::Digest;
use crate::model::drift::KnownDrift;
use crate::model::entry::Revision;
use crate::model::pattern::Pattern;
use crate::model::plan::{Action, Plan, PlannedChange};
use crate::model::state::{Instance, State};
use crate::model::value::{Path, Value};
use crate::model::word::Word as _;

/// Facts for judging a revert's plan.
#[derive(Debug, Clone, Copy)]
pub struct RevertFacts<'a> {
    /// The plan of the good configuration on the current state.
    pub plan: &'a Plan,
    /// The good snapshot.
    pub good: RecordedState<'a>,
    /// The state as it is now, before any refresh.
    pub current: &'a State<'a>,
    /// The newest snapshot between the good one and the present, if one was taken.
    pub before: Option<RecordedState<'a>>,
    /// Journals of wrapped applies and reverts since good, oldest first.
    pub journals: &'a [ApplyJournal],
    /// Addresses of the blocks that the failed configuration imports, `*` for anything.
    pub imports: &'a BTreeSet<String>,
    /// Blocks, by address without keys, that a configuration of either side says must not be
    /// destroyed: Terraform itself does not know of one that is gone, nor of left-overs.
    pub prevented: &'a BTreeSet<String>,
    /// Blocks, by address without keys, of which a configuration of either side says
    /// `destroy = false`.
    pub destroy_false: &'a BTreeSet<String>,
    /// Objects that are to be destroyed though something says `destroy = false`.
    pub destroy_forgotten: &'a [Pattern],
    /// Values that the good configuration cannot say a second time.
    pub not_replayable: &'a NotReplayable,
    /// Files that it names and that are nowhere any more.
    pub missing_files: &'a [MissingFile],
    /// Drift on record, manual fixes among it.
    pub drift: &'a [KnownDrift],
    /// Knowledge of providers.
    pub knowledge: &'a Knowledge,
}

/// A state with the entry that recorded it.
#[derive(Debug, Clone, Copy)]
pub struct RecordedState<'a> {
    /// The entry's revision.
    pub revision: Revision,
    /// When it was taken.
    pub time: Timestamp,
    /// The state.
    pub state: &'a State<'a>,
}

/// The address of a change as screens, records and `--allow` name it.
pub fn shown_address(change: &PlannedChange) -> String {
    shown_slot(&change.address, change.deposed.as_deref())
}

/// An address, with the key of a left-over.
pub fn shown_slot(address: &Address, deposed: Option<&str>) -> String {
    match deposed {
        Some(key) => format!("{address} (deposed {key})"),
        None => address.to_string(),
    }
}

/// Judges every action of the plan that changes anything.
pub fn judge(facts: &RevertFacts<'_>, redactor: &Redactor) -> Vec<JudgedAction> {
    let judge = ReasonJudge::new(facts, redactor);
    let good = by_slot(facts.good.state);
    let current = by_slot(facts.current);
    let before = facts.before.map(|before| by_slot(before.state));
    facts
        .plan
        .effective()
        .map(|change| {
            let slot = (&change.address, change.deposed.as_deref());
            let from = change.previous_address.as_ref().unwrap_or(&change.address);
            let object = current.get(&(from, change.deposed.as_deref()));
            JudgedAction {
                address: shown_address(change),
                action: change.action,
                reasons: shown_reasons(judge.reasons(change), change, redactor),
                origin: if good.contains_key(&slot) {
                    Origin::Good
                } else {
                    origin_since(facts, before.as_ref(), slot, object.copied())
                },
                attributes: attributes(change, redactor),
            }
        })
        .collect()
}

/// The origin of an object that is not a good one. `before` are the objects of the snapshot from
/// before the present.
fn origin_since(
    facts: &RevertFacts<'_>,
    before: Option<&BTreeMap<RevertSlot<'_>, &Instance<'_>>>,
    slot: RevertSlot<'_>,
    object: Option<&Instance<'_>>,
) -> Origin {
    let told = object.and_then(|object| origin(facts.journals, object));
    match (told, facts.before) {
        _ if is_imported(facts.imports, slot.0) => Origin::Imported,
        (Some(told), _) => told,
        (None, Some(RecordedState { revision, time, .. }))
            if before.is_some_and(|known| !known.contains_key(&slot)) =>
        {
            Origin::MadeSince { revision, time }
        }
        (None, Some(_) | None) => Origin::Unknown,
    }
}

/// The reasons, with paths as they may be shown.
fn shown_reasons(reasons: Vec<Reason>, change: &PlannedChange, redactor: &Redactor) -> Vec<Reason> {
    let marks = marks(change);
    let shown = |reason: Reason| {
        let paths: BTreeSet<Path> =
            reason.paths.iter().map(|path| redactor.path(path, &marks)).collect();
        Reason { paths: paths.into_iter().collect(), ..reason }
    };
    reasons.into_iter().map(shown).collect()
}

fn is_imported(imports: &BTreeSet<String>, address: &Address) -> bool {
    imports.contains("*") || imports.contains(&address.block())
}

/// An address with the key of a left-over.
pub(super) type RevertSlot<'a> = (&'a Address, Option<&'a str>);

/// The objects of a state by address and deposed key.
pub(super) fn by_slot<'s, 'a>(state: &'s State<'a>) -> BTreeMap<RevertSlot<'s>, &'s Instance<'a>> {
    state
        .instances
        .iter()
        .filter(|instance| instance.address.mode == Mode::Managed)
        .map(|instance| ((&instance.address, instance.deposed.as_deref()), instance))
        .collect()
}

/// Whether two states say the same of an object.
pub(super) fn is_same(a: &Instance<'_>, b: &Instance<'_>) -> bool {
    let value = |instance: &Instance<'_>| json::raw_value(instance.attributes);
    a.status == b.status
        && (a.attributes == b.attributes
            || matches!((value(a), value(b)), (Ok(a), Ok(b)) if differences(&a, &b).is_empty()))
}

/// Paths that a plan marks in an object, on either side.
fn marks(change: &PlannedChange) -> Vec<Path> {
    let mut marks = Vec::new();
    shadow_paths(&Path::default(), &change.before_sensitive, &mut marks);
    shadow_paths(&Path::default(), &change.after_sensitive, &mut marks);
    marks
}

/// Changes inside of one object. Nothing is left out as saying nothing: a person consents to this.
fn attributes(change: &PlannedChange, redactor: &Redactor) -> Vec<AttributeChange> {
    let marks = marks(change);
    let mut unknown = Vec::new();
    shadow_paths(&Path::default(), &change.after_unknown, &mut unknown);
    // What is known only after apply would read as "removed".
    let rules = |(_, after): (&Path, &Path), _: BothValues<'_>| {
        let is_unknown = unknown.iter().any(|mark| mark.covers(after));
        is_unknown.then(|| HiddenBy { rule: "unknown".to_owned(), why: "after apply".to_owned() })
    };
    let owner = change.address.to_string();
    let reader = Reader {
        redactor,
        owner: &owner,
        marks: &marks,
        rules: &rules,
        insignificant: Insignificant::Shown,
    };
    let nothing = Value::Map(BTreeMap::new());
    let [before, after] =
        [&change.before, &change.after].map(|v| if *v == Value::Null { &nothing } else { v });
    reader.between(&Path::default(), Some(before), Some(after)).changes
}

/// The word for an action that tells the two orders of a replacement apart. A consent includes
/// whether the old object is still there when the new one is made.
fn exact_name(action: Action) -> &'static str {
    match action {
        Action::CreateThenDelete => "create-then-destroy",
        Action::NoOp
        | Action::Create
        | Action::Read
        | Action::Update
        | Action::Delete
        | Action::DeleteThenCreate
        | Action::Forget
        | Action::CreateThenForget
        | Action::ForgetThenCreate => action.name(),
    }
}

/// SHA-256 over all that the plan does: every action (address, word, import, before, after, unknown),
/// every output, the actions of providers, and the names of unknown members. A consent is for this.
pub fn actions_digest(plan: &Plan) -> Digest {
    let lines: Vec<String> = plan
        .effective()
        .map(|change| {
            let line = serde_json::json!([
                shown_address(change),
                exact_name(change.action),
                change.importing,
                json::to_serde(&change.before),
                json::to_serde(&change.after),
                json::to_serde(&change.after_unknown),
            ]);
            line.to_string()
        })
        .chain(plan.outputs.iter().map(|output| {
            let values = [&output.before, &output.after, &output.after_unknown];
            let values = serde_json::json!(values.map(json::to_serde));
            format!("output.{} {} {values}", output.name, output.action)
        }))
        // What leaves the state with the apply is consented to as well.
        .chain(gone(plan).map(|change| format!("not-found {}", shown_address(change))))
        .chain(plan.invocations.iter().map(|invocation| {
            let is_now = invocation.deferred.is_none();
            format!("{} {is_now} {}", invocation.address, invocation.digest)
        }))
        .chain(plan.unknown.iter().map(|member| format!("unknown {member}")))
        .collect();
    Digest::of(lines.join("\n").as_bytes())
}

/// Objects that the refresh of a plan did not find any more.
fn gone(plan: &Plan) -> impl Iterator<Item = &PlannedChange> {
    plan.drift.iter().filter(|change| change.action == Action::Delete)
}

pub mod besides;
mod inputs;
pub mod keep;
mod known;
pub mod moved_back;
pub mod not_found;
pub mod outputs;
mod quiet;
mod reasons;
pub mod rest;
mod say;
pub mod scope;

pub(in crate::engine) use self::say::listed;

#[cfg(test)]
mod tests;
