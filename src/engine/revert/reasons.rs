//! The reasons of one action, attribute by attribute.
//!
//! An attribute is judged by four values: in the good snapshot, in the state as it is, in the real
//! world, and after the plan. The reason is *undo* when a change since good is taken back, and
//! *collateral* when an explanation is missing. Recorded drift is judged in `known`, moved data
//! sources in `inputs`.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::{MovedInputs, MovedSource, Turn};
use super::quiet::QuietDifferences;
use super::{RevertFacts, RevertSlot, by_slot, is_same, known};
use crate::codec::json;
use crate::engine::compare::{differences, is_equal, shadow_paths, without_types};
use crate::engine::judgement::{Reason, Why};
use crate::engine::redact::Redactor;
use crate::model::plan::{Action, PlannedChange};
use crate::model::state::{Instance, Status};
use crate::model::value::{Path, Value};

/// Facts about the whole plan, to judge its actions by.
pub(super) struct ReasonJudge<'a> {
    facts: &'a RevertFacts<'a>,
    good: BTreeMap<RevertSlot<'a>, &'a Instance<'a>>,
    current: BTreeMap<RevertSlot<'a>, &'a Instance<'a>>,
    drifted: BTreeMap<RevertSlot<'a>, &'a PlannedChange>,
    inputs: MovedInputs<'a>,
    quiet: QuietDifferences<'a>,
}

/// One object in its four versions.
struct ObjectVersions<'a> {
    change: &'a PlannedChange,
    good: Option<&'a Instance<'a>>,
    current: Option<&'a Instance<'a>>,
    drift: Option<&'a PlannedChange>,
    /// The attributes of `good` and `current`, as a plan has them.
    then: Value,
    now: Value,
    unknown: Vec<Path>,
    /// Paths at which recorded drift is overwritten.
    recorded: Vec<Path>,
    /// Places at which what the plan changes says nothing.
    quiet: Vec<Path>,
    /// Places at which what the refresh found says nothing.
    quiet_drift: Vec<Path>,
}

impl ObjectVersions<'_> {
    /// Whether the refresh found another value than the state has.
    fn is_drifted(&self, path: &Path) -> bool {
        let is_quiet = || self.quiet_drift.iter().any(|quiet| quiet.covers(path));
        self.drift.is_some_and(|drift| !is_equal(drift.before.at(path), drift.after.at(path)))
            && !is_quiet()
    }

    /// Whether nothing becomes another nothing at a path, and the good one.
    fn is_quiet(&self, path: &Path) -> bool {
        self.quiet.iter().any(|quiet| quiet.covers(path))
            && is_alike(self.change.after.at(path), self.then.at(path))
    }
}

/// Reasons, joined where only the attribute differs.
#[derive(Default)]
struct FoundReason(BTreeMap<(Why, String), BTreeSet<Path>>);

impl FoundReason {
    fn add(&mut self, why: Why, cause: &str, path: Option<&Path>) {
        self.0.entry((why, cause.to_owned())).or_default().extend(path.cloned());
    }

    fn into_reasons(self) -> Vec<Reason> {
        let reason = |((why, cause), paths): (_, BTreeSet<Path>)| Reason {
            why,
            cause,
            paths: paths.into_iter().collect(),
        };
        self.0.into_iter().map(reason).collect()
    }
}

impl<'a> ReasonJudge<'a> {
    /// Gathers the facts about the whole plan, once.
    pub(super) fn new(facts: &'a RevertFacts<'a>, redactor: &'a Redactor) -> Self {
        let slot =
            |change: &'a PlannedChange| ((&change.address, change.deposed.as_deref()), change);
        Self {
            good: by_slot(facts.good.state),
            current: by_slot(facts.current),
            drifted: facts.plan.drift.iter().map(slot).collect(),
            inputs: MovedInputs::new(facts),
            facts,
            quiet: QuietDifferences { knowledge: facts.knowledge, redactor },
        }
    }

    /// The data sources, for what else depends on them.
    pub(super) fn inputs(&self) -> &MovedInputs<'a> {
        &self.inputs
    }

    /// Why an action is there, strictest first; never empty.
    pub(super) fn reasons(&self, change: &'a PlannedChange) -> Vec<Reason> {
        let recorded = known::overwritten(self.facts.drift, change, self.quiet);
        let object = self.object(change, &recorded);
        let mut found = FoundReason::default();
        match change.action {
            Action::Create => self.made(&object, &recorded, &mut found),
            Action::Delete | Action::Forget => self.ended(&object, &mut found),
            Action::Update
            | Action::DeleteThenCreate
            | Action::CreateThenDelete
            | Action::CreateThenForget
            | Action::ForgetThenCreate
            | Action::NoOp
            | Action::Read => self.changed(&object, &recorded, &mut found),
        }
        for Reason { why, cause, paths } in recorded {
            found.add(why, &cause, None);
            for path in &paths {
                found.add(why, &cause, Some(path));
            }
        }
        found.into_reasons()
    }

    fn object(&self, change: &'a PlannedChange, recorded: &[Reason]) -> ObjectVersions<'a> {
        let slot = (&change.address, change.deposed.as_deref());
        let previous = change.previous_address.as_ref();
        let current = self.current.get(&slot).or_else(|| {
            // Terraform itself moves `a` to `a[0]` and back when `count` comes or goes.
            self.current.get(&(previous?, change.deposed.as_deref()))
        });
        let good = self.good.get(&slot);
        let like = if change.before == Value::Null { &change.after } else { &change.before };
        let value = |instance: Option<&&Instance<'_>>| {
            let value = instance.and_then(|instance| json::raw_value(instance.attributes).ok());
            value.map_or(Value::Null, |value| without_types(value, Some(like)))
        };
        let mut unknown = Vec::new();
        shadow_paths(&Path::default(), &change.after_unknown, &mut unknown);
        let drift = self.drifted.get(&slot).copied();
        let quiet = |change: &PlannedChange| {
            let values = [&change.before, &change.after];
            self.quiet.places(&change.address, &change.provider, values)
        };
        ObjectVersions {
            quiet: quiet(change),
            quiet_drift: drift.map(quiet).unwrap_or_default(),
            then: value(good),
            now: value(current),
            good: good.copied(),
            current: current.copied(),
            drift,
            recorded: recorded.iter().flat_map(|reason| reason.paths.clone()).collect(),
            unknown,
            change,
        }
    }

    /// Judges an object that changes or is replaced.
    fn changed(&self, object: &ObjectVersions<'_>, recorded: &[Reason], found: &mut FoundReason) {
        let change = object.change;
        let (Some(good), Some(current)) = (object.good, object.current) else {
            let is_new = object.good.is_none();
            let why = if is_new { Why::Collateral } else { Why::Undo };
            let cause = if is_new { self.not_in_good() } else { String::new() };
            return found.add(why, &cause, None);
        };
        let mut is_quiet = false;
        for difference in differences(&change.before, &change.after) {
            if object.is_quiet(&difference.path) {
                is_quiet = true;
                continue;
            }
            // What is known only after apply would read as "removed".
            if !object.unknown.iter().any(|open| open.covers(&difference.path)) {
                self.attribute(object, &difference.path, found);
            }
        }
        for path in &object.unknown {
            if self.inputs.is_written(&change.address, path) {
                self.unknown(object, path, found);
            }
        }
        if current.status == Status::Tainted && good.status != Status::Tainted {
            found.add(Why::Undo, "", None);
        }
        // Recorded drift is an explanation, and it is asked about.
        if found.0.is_empty() && recorded.is_empty() {
            if is_same(good, current) && !(is_quiet && change.action == Action::Update) {
                found.add(Why::Collateral, &self.unchanged(), None);
            } else {
                found.add(Why::Undo, "", None);
            }
        }
    }

    /// Judges one attribute whose next value is known.
    fn attribute(&self, object: &ObjectVersions<'_>, path: &Path, found: &mut FoundReason) {
        let change = object.change;
        let [then, now] = [object.then.at(path), object.now.at(path)];
        let [before, after] = [change.before.at(path), change.after.at(path)];
        let is_changed = !is_equal(then, now);
        let is_recorded = object.recorded.iter().any(|known| known::is_at(known, path));
        let is_drifted = object.is_drifted(path);
        if is_drifted && !is_recorded {
            found.add(Why::OlderDrift, BY_HAND, Some(path));
        }
        // An apply saves what it refreshed: drift that is on record is not what the apply did.
        let is_undo = is_changed && (is_drifted || !is_recorded);
        if is_undo {
            found.add(Why::Undo, "", Some(path));
        }
        let is_back = !is_equal(before, then) && is_alike(after, then);
        if is_back {
            if !is_changed && !is_drifted && !is_recorded {
                found.add(Why::Collateral, &self.unchanged(), Some(path));
            }
            return;
        }
        let reach = self.inputs.attribute(&change.address, path);
        match self.inputs.source(&reach, then, after) {
            MovedSource::Moved(what) => found.add(Why::MovedInput, &self.moved(&what), Some(path)),
            MovedSource::Unsure if is_changed => {
                found.add(Why::Collateral, &self.unsure(), Some(path));
            }
            // The good configuration says so, and nothing that it reads has moved.
            MovedSource::Elsewhere if is_changed => {}
            MovedSource::Unsure | MovedSource::Elsewhere => {
                found.add(Why::Collateral, &self.unchanged(), Some(path));
            }
        }
    }

    /// Judges one attribute that is written down and whose next value is known only after apply.
    fn unknown(&self, object: &ObjectVersions<'_>, path: &Path, found: &mut FoundReason) {
        let change = object.change;
        let is_changed = !is_equal(object.then.at(path), object.now.at(path));
        let reach = self.inputs.attribute(&change.address, path);
        if object.is_drifted(path) {
            found.add(Why::OlderDrift, BY_HAND, Some(path));
        }
        if is_changed {
            found.add(Why::Undo, "", Some(path));
        }
        match self.inputs.source(&reach, None, None) {
            MovedSource::Moved(what) => found.add(Why::MovedInput, &self.moved(&what), Some(path)),
            MovedSource::Unsure => found.add(Why::Collateral, &self.open(), Some(path)),
            // A new object gets the value that it had, as far as anybody knows.
            MovedSource::Elsewhere if !is_changed && change.action == Action::Update => {
                found.add(Why::Collateral, &self.unchanged(), Some(path));
            }
            MovedSource::Elsewhere => {}
        }
    }

    /// Judges an object that comes into being.
    fn made(&self, object: &ObjectVersions<'_>, recorded: &[Reason], found: &mut FoundReason) {
        let change = object.change;
        if object.good.is_none() {
            return self.instance(object, Turn::Comes, &self.not_in_good(), found);
        }
        match (object.current, object.drift) {
            _ if !recorded.is_empty() => {}
            (None, _) => found.add(Why::Undo, "", None),
            (Some(_), Some(_)) => found.add(Why::OlderDrift, GONE, None),
            (Some(_), None) => found.add(Why::Collateral, &self.unchanged(), None),
        }
        for difference in differences(&object.then, &change.after) {
            let path = &difference.path;
            let (then, after) = (difference.before.as_ref(), difference.after.as_ref());
            let is_open = object.unknown.iter().any(|open| open.covers(path));
            let is_given = after.is_some() || self.inputs.is_written(&change.address, path);
            if !is_open && is_given && !is_alike(after, then) {
                let reach = self.inputs.attribute(&change.address, path);
                let source = self.inputs.source(&reach, then, after);
                self.value(source, &self.unsure(), path, found);
            }
        }
        for path in &object.unknown {
            if self.inputs.is_written(&change.address, path) {
                let reach = self.inputs.attribute(&change.address, path);
                self.value(self.inputs.source(&reach, None, None), &self.open(), path, found);
            }
        }
    }

    /// Judges a value of a new object that is not the good one.
    fn value(&self, source: MovedSource, unsure: &str, path: &Path, found: &mut FoundReason) {
        match source {
            MovedSource::Moved(what) => found.add(Why::MovedInput, &self.moved(&what), Some(path)),
            MovedSource::Unsure => found.add(Why::Collateral, unsure, Some(path)),
            MovedSource::Elsewhere => {}
        }
    }

    /// Judges an object that ends, or leaves Terraform.
    fn ended(&self, object: &ObjectVersions<'_>, found: &mut FoundReason) {
        match (object.good, object.current) {
            // Made since good: a hand edit of it goes with it, unless it is on record.
            (None, Some(_)) => found.add(Why::Undo, "", None),
            (Some(good), Some(current)) if is_same(good, current) => {
                self.instance(object, Turn::Goes, &self.unchanged(), found);
            }
            (Some(_), _) => {
                let cause = format!("{} has it", self.facts.good.revision);
                self.instance(object, Turn::Goes, &cause, found);
            }
            (None, None) => found.add(Why::Collateral, &self.not_in_good(), None),
        }
    }

    /// Judges an instance whose coming or going undoes nothing.
    fn instance(
        &self,
        object: &ObjectVersions<'_>,
        turn: Turn,
        otherwise: &str,
        found: &mut FoundReason,
    ) {
        let change = object.change;
        let reach = self.inputs.instances(&change.address);
        match self.inputs.source_of_instance(&reach, &change.address, turn) {
            MovedSource::Moved(what) if change.deposed.is_none() => {
                found.add(Why::MovedInput, &self.moved(&what), None);
            }
            MovedSource::Moved(_) | MovedSource::Unsure | MovedSource::Elsewhere => {
                found.add(Why::Collateral, otherwise, None);
            }
        }
    }

    fn moved(&self, what: &str) -> String {
        format!("{what} says something else today than in {}", self.facts.good.revision)
    }

    fn unchanged(&self) -> String {
        format!("the state has not changed here since {}", self.facts.good.revision)
    }

    fn not_in_good(&self) -> String {
        format!("{} does not have it", self.facts.good.revision)
    }

    fn open(&self) -> String {
        format!(
            "a value is known only after apply, and nobody can say whether it is the one of {}",
            self.facts.good.revision
        )
    }

    fn unsure(&self) -> String {
        format!(
            "the value is not the one of {}, and where it comes from cannot be told",
            self.facts.good.revision
        )
    }
}

const BY_HAND: &str = "changed outside Terraform";
const GONE: &str = "deleted outside Terraform";

/// Whether two values are the same to a provider: many say "nothing" in more than one way.
fn is_alike(a: Option<&Value>, b: Option<&Value>) -> bool {
    let is_blank = |side: Option<&Value>| match side {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Number(number)) => number.as_str() == "0",
        Some(value) => value.is_empty(),
    };
    is_equal(a, b) || (is_blank(a) && is_blank(b))
}
