//! Worlds of whole attributes, where a scene of words is too small: states, a plan, and drift.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::super::outputs::{JudgedOutput, judge_outputs};
use super::super::{RecordedState, RevertFacts, judge};
use crate::codec::{plan, state};
use crate::engine::hazard::{Limits, hazards};
use crate::engine::judgement::{JudgedAction, NotReplayable, Reason};
use crate::engine::redact::Redactor;
use crate::knowledge::Knowledge;
use crate::model::address::{Address, Mode};
use crate::model::drift::{
    DriftItem, DriftKind, DriftedObject, ItemFingerprint, KnownDrift, RecordedFix,
};
use crate::model::entry::Revision;
use crate::model::state::StateBytes;
use crate::model::value::{Path, Step};
use crate::model::word::Word as _;

const PROVIDER: &str = "registry.terraform.io/unapply/demo";

/// Objects by address with their attributes.
pub(super) type Objects<'a> = &'a [(&'a str, Json)];

/// Everything that a judgement needs.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) good: Vec<(String, Json)>,
    pub(super) now: Vec<(String, Json)>,
    pub(super) changes: Vec<Json>,
    pub(super) drifted: Vec<Json>,
    pub(super) reads: Vec<(String, Json)>,
    pub(super) configuration: Json,
    pub(super) outputs: Json,
    pub(super) good_outputs: Json,
    pub(super) known: Vec<KnownDrift>,
}

/// A change of a plan.
pub(super) fn change(actions: &[&str], address: &str, before: Json, after: Json) -> Json {
    let mut whole = json!({
        "address": address, "provider_name": PROVIDER, "change": {"actions": actions},
    });
    whole["change"]["before"] = before;
    whole["change"]["after"] = after;
    whole
}

impl World {
    /// Objects of the good snapshot, and the same ones now.
    pub(super) fn of(good: Objects<'_>, now: Objects<'_>) -> Self {
        let owned = |objects: Objects<'_>| {
            objects.iter().map(|(address, value)| ((*address).to_owned(), value.clone())).collect()
        };
        Self {
            good: owned(good),
            now: owned(now),
            configuration: json!({}),
            outputs: json!({}),
            good_outputs: json!({}),
            ..Self::default()
        }
    }

    /// The same with an update of one object.
    pub(super) fn updating(mut self, address: &str, before: Json, after: Json) -> Self {
        self.changes.push(change(&["update"], address, before, after));
        self
    }

    pub(super) fn ask<T>(&self, ask: impl FnOnce(&RevertFacts<'_>, &Redactor) -> T) -> T {
        let good = state_of(&self.good, &self.good_outputs);
        let now = state_of(&self.now, &json!({}));
        let [good, now] = [&good, &now].map(|bytes| state::parse(bytes).unwrap());
        let reads: Vec<Json> = self.reads.iter().map(read).collect();
        let plan = json!({
            "format_version": "1.2", "resource_changes": self.changes,
            "resource_drift": self.drifted, "output_changes": self.outputs,
            "prior_state": {"values": {"root_module": {"resources": reads}}},
            "configuration": {"root_module": self.configuration},
        });
        let plan = plan::parse(plan.to_string().as_bytes()).unwrap();
        let facts = RevertFacts {
            plan: &plan,
            good: RecordedState {
                revision: Revision(2),
                time: Timestamp::UNIX_EPOCH,
                state: &good,
            },
            current: &now,
            before: None,
            journals: &[],
            imports: &std::collections::BTreeSet::new(),
            prevented: &std::collections::BTreeSet::new(),
            destroy_false: &std::collections::BTreeSet::new(),
            destroy_forgotten: &[],
            not_replayable: &NotReplayable::default(),
            missing_files: &[],
            drift: &self.known,
            knowledge: &Knowledge::builtin(),
        };
        let redactor = Redactor::default().with_state(&good).with_state(&now).with_plan(&plan);
        ask(&facts, &redactor)
    }

    /// The judged actions.
    pub(super) fn judged(&self) -> Vec<JudgedAction> {
        self.ask(judge)
    }

    /// The judged outputs.
    pub(super) fn outputs(&self) -> Vec<JudgedOutput> {
        self.ask(judge_outputs)
    }

    /// The reasons of each action, as `why(paths)`.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.judged().iter().map(|action| words(&action.reasons)).collect()
    }

    /// The hazards, as `hazard: why`.
    pub(super) fn hazards(&self) -> Vec<String> {
        self.ask(|facts, redactor| {
            let judged = judge(facts, redactor);
            let none = std::collections::BTreeMap::new();
            hazards(facts, &judged, &Limits::default(), &none, Some(Timestamp::UNIX_EPOCH))
        })
        .iter()
        .map(|hazard| format!("{}: {}", hazard.kind, hazard.why))
        .collect()
    }
}

fn words(reasons: &[Reason]) -> String {
    let words: Vec<String> = reasons
        .iter()
        .map(|reason| {
            let paths: Vec<String> = reason.paths.iter().map(ToString::to_string).collect();
            format!("{}({})", reason.why.name(), paths.join(","))
        })
        .collect();
    words.join(" ")
}

fn state_of(objects: &[(String, Json)], outputs: &Json) -> StateBytes {
    let resources: Vec<Json> = objects
        .iter()
        .map(|(address, attributes)| {
            let address: Address = address.parse().unwrap();
            let module = address.module.iter().map(|step| match &step.key {
                Some(key) => format!("module.{}{key}", step.name),
                None => format!("module.{}", step.name),
            });
            let mut instance = json!({"attributes": attributes});
            if let Some(key) = &address.key {
                let key = key.to_string();
                let key = key.trim_start_matches('[').trim_end_matches(']');
                instance["index_key"] = serde_json::from_str(key).unwrap();
            }
            json!({
                "module": module.collect::<Vec<String>>().join("."),
                "mode": if address.mode == Mode::Data { "data" } else { "managed" },
                "type": address.kind, "name": address.name, "instances": [instance],
                "provider": format!("provider[\"{PROVIDER}\"]"),
            })
        })
        .collect();
    let whole = json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l",
        "outputs": outputs, "resources": resources,
    });
    StateBytes::new(whole.to_string().into_bytes())
}

fn read((address, values): &(String, Json)) -> Json {
    json!({"address": address, "mode": "data", "values": values})
}

/// Drift on record at these attributes of an object.
pub(super) fn drift(address: &str, paths: &[&str], before: Json, after: Json) -> KnownDrift {
    let address: Address = address.parse().unwrap();
    let value = |json: Json| crate::engine::tests::value(&json.to_string());
    let kind = if after.is_null() { DriftKind::Gone } else { DriftKind::Changed };
    KnownDrift {
        item: DriftItem {
            fingerprint: ItemFingerprint([1; 8]),
            address: address.clone(),
            deposed: None,
            kind,
            paths: paths.iter().map(|path| path_of(path)).collect(),
        },
        object: DriftedObject {
            address,
            deposed: None,
            provider: PROVIDER.parse().unwrap(),
            before: value(before),
            after: value(after),
            before_sensitive: value(json!({})),
            after_sensitive: value(json!({})),
        },
        fix: None,
    }
}

/// The same, declared to be a fix.
pub(super) fn fix(known: KnownDrift) -> KnownDrift {
    let fix = RecordedFix {
        revision: Revision(7),
        by: "on-call".to_owned(),
        reason: Some("the gate was stuck".to_owned()),
        ticket: Some("OPS-12".to_owned()),
        until: Some(Timestamp::UNIX_EPOCH),
    };
    KnownDrift { fix: Some(fix), ..known }
}

/// `a.0.b` as a path.
fn path_of(text: &str) -> Path {
    let step = |word: &str| match word.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Name(word.to_owned()),
    };
    Path(text.split('.').map(step).collect())
}
