//! Small worlds in a few words, for the tests of this layer and of consent.
//!
//! Each line of a scene starts with its word: `good`, `before` and `now` list objects as
//! `[!]ADDRESS[^DEPOSED]=ID[,X][@ALIAS]` (`!` is tainted, `X` an attribute, `ALIAS` the provider's);
//! `plan` lists `ACTION:ADDRESS`; `age`, `max`, `protect` and `var` set the rest. Every object has a secret that must never show.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::hazard::{Limits, hazards};
use super::judgement::NotReplayable;
use super::origin::ApplyJournal;
use super::redact::Redactor;
use super::revert::{RecordedState, RevertFacts, judge};
use super::variables::VariableStanding;
use crate::codec::{json, plan, state};
use crate::knowledge::Knowledge;
use crate::model::address::{Address, InstanceKey};
use crate::model::drift::KnownDrift;
use crate::model::entry::Revision;
use crate::model::hazard::Hazard;
use crate::model::pattern::Pattern;
use crate::model::plan::Plan;
use crate::model::state::StateBytes;

/// The beginning of every object's secret.
pub(crate) const CANARY: &str = "canary-hunter22";

/// A world in which a revert has been planned.
#[derive(Debug)]
pub(crate) struct Scene {
    good: StateBytes,
    before: Option<StateBytes>,
    now: StateBytes,
    pub(crate) plan: Plan,
    limits: Limits,
    variables: BTreeMap<String, VariableStanding>,
    pub(crate) journals: Vec<ApplyJournal>,
    imports: BTreeSet<String>,
    prevented: BTreeSet<String>,
    destroy_false: BTreeSet<String>,
    destroy_forgotten: Vec<Pattern>,
    age_minutes: i64,
    pub(crate) drift: Vec<KnownDrift>,
}

/// Reads a scene from its words.
pub(crate) fn scene(text: &str) -> Scene {
    let words = |wanted: &str| {
        text.lines().find_map(|line| {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            (word == wanted).then(|| rest.split_whitespace().collect::<Vec<_>>())
        })
    };
    let number = |word| words(word).map(|found| found[0].parse::<i64>().unwrap());
    let (good, now) = (words("good").unwrap_or_default(), words("now").unwrap_or_default());
    let defaults = Limits::default();
    Scene {
        good: world(&good),
        before: words("before").map(|objects| world(&objects)),
        now: world(&now),
        plan: planned(&words("plan").unwrap_or_default(), &now, &good),
        limits: Limits {
            max_destroy: number("max")
                .map_or(defaults.max_destroy, |most| most.try_into().unwrap()),
            protect: words("protect")
                .map_or(defaults.protect, |found| found.into_iter().map(Pattern::new).collect()),
        },
        variables: words("var").unwrap_or_default().into_iter().map(standing).collect(),
        imports: words("imports").unwrap_or_default().into_iter().map(str::to_owned).collect(),
        prevented: words("prevent").unwrap_or_default().into_iter().map(str::to_owned).collect(),
        destroy_false: words("destroy-false")
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        destroy_forgotten: words("destroy")
            .map_or(Vec::new(), |found| found.into_iter().map(Pattern::new).collect()),
        journals: Vec::new(),
        age_minutes: number("age").unwrap_or(10),
        drift: Vec::new(),
    }
}

fn standing(word: &str) -> (String, VariableStanding) {
    let (name, how) = word.split_once(':').unwrap();
    let standing = match how {
        "differs" => VariableStanding::Differs,
        "only-today" => VariableStanding::OnlyToday,
        "from-today" => VariableStanding::TakenFromToday,
        "missing" => VariableStanding::Missing,
        "given" => VariableStanding::Given,
        "credential" => VariableStanding::Credential,
        other => panic!("{other}"),
    };
    (name.to_owned(), standing)
}

impl Scene {
    /// Hands everything that is known to `ask`; the present is revision 4.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&RevertFacts<'_>, &Redactor) -> T) -> T {
        let [good, now] = [&self.good, &self.now].map(|bytes| state::parse(bytes).unwrap());
        let before = self.before.as_ref().map(|b| state::parse(b).unwrap());
        let recorded = |revision, state| RecordedState {
            revision: Revision(revision),
            time: Timestamp::UNIX_EPOCH,
            state,
        };
        let redactor = Redactor::default().with_state(&good).with_state(&now).with_plan(&self.plan);
        let facts = RevertFacts {
            plan: &self.plan,
            good: recorded(2, &good),
            current: &now,
            before: before.as_ref().map(|state| recorded(3, state)),
            journals: &self.journals,
            imports: &self.imports,
            prevented: &self.prevented,
            destroy_false: &self.destroy_false,
            destroy_forgotten: &self.destroy_forgotten,
            not_replayable: &NotReplayable::default(),
            missing_files: &[],
            drift: &self.drift,
            knowledge: &Knowledge::builtin(),
        };
        ask(&facts, &redactor)
    }

    /// The plan, with the deletion of these objects as drift.
    pub(crate) fn plan_that_lost(&self, addresses: &[&str]) -> Plan {
        let drift: Vec<serde_json::Value> = addresses
            .iter()
            .map(|address| {
                serde_json::json!({
                    "address": address, "provider_name": provider("demo_x"),
                    "change": {"actions": ["delete"], "before": {}, "after": null},
                })
            })
            .collect();
        let whole = serde_json::json!({"format_version": "1.2", "resource_drift": drift});
        let drift = plan::parse(whole.to_string().as_bytes()).unwrap().drift;
        Plan { drift, ..self.plan.clone() }
    }

    /// The hazards that stand against the revert.
    pub(crate) fn hazards(&self) -> Vec<Hazard> {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(self.age_minutes);
        self.ask(|facts, redactor| {
            let judged = judge(facts, redactor);
            hazards(facts, &judged, &self.limits, &self.variables, Some(now))
        })
    }
}

/// A state with these objects.
pub(crate) fn world(objects: &[&str]) -> StateBytes {
    let resources: Vec<serde_json::Value> = objects.iter().map(|word| resource(word)).collect();
    let whole = serde_json::json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l",
        "outputs": {}, "resources": resources,
    });
    StateBytes::new(whole.to_string().into_bytes())
}

fn resource(word: &str) -> serde_json::Value {
    let (place, content) = word.rsplit_once('=').unwrap();
    let alias = content.split_once('@').map_or(String::new(), |(_, alias)| format!(".{alias}"));
    let (address, deposed) = place_of(place.trim_start_matches('!'));
    let module = address.to_string();
    let module = module
        .rfind("module.")
        .and_then(|last| module.get(last + 7..)?.find('.').map(|dot| last + 7 + dot))
        .and_then(|end| module.get(..end));
    let mut instance = serde_json::json!({
        "attributes": attributes(word),
        "sensitive_attributes": [[{"type": "get_attr", "value": "hidden"}]],
        "status": if word.starts_with('!') { "tainted" } else { "" },
        "deposed": deposed.unwrap_or_default(),
    });
    match &address.key {
        None => {}
        Some(InstanceKey::Index(index)) => instance["index_key"] = (*index).into(),
        Some(InstanceKey::Name(name)) => instance["index_key"] = name.as_str().into(),
    }
    serde_json::json!({
        "module": module.unwrap_or_default(),
        "mode": if place.contains("data.") { "data" } else { "managed" },
        "type": address.kind, "name": address.name, "instances": [instance],
        "provider": format!("provider[\"{}\"]{alias}", provider(&address.kind)),
    })
}

fn place_of(place: &str) -> (Address, Option<&str>) {
    match place.split_once('^') {
        Some((address, deposed)) => (address.parse().unwrap(), Some(deposed)),
        None => (place.parse().unwrap(), None),
    }
}

fn provider(kind: &str) -> String {
    match kind.split_once('_') {
        Some(("demo", _)) => "registry.terraform.io/unapply/demo".to_owned(),
        Some((other, _)) => format!("registry.terraform.io/hashicorp/{other}"),
        None => panic!("{kind}"),
    }
}

fn attributes(word: &str) -> serde_json::Value {
    let (_, content) = word.rsplit_once('=').unwrap();
    let (content, _) = content.split_once('@').unwrap_or((content, ""));
    let (id, x) = content.split_once(',').unwrap_or((content, "0"));
    serde_json::json!({"id": id, "x": x, "hidden": format!("{CANARY}-{id}-{x}")})
}

/// A plan that takes objects from what they are now to what they were.
fn planned(words: &[&str], now: &[&str], good: &[&str]) -> Plan {
    let find = |objects: &[&str], place: &str| {
        objects
            .iter()
            .find(|word| word.trim_start_matches('!').rsplit_once('=').unwrap().0 == place)
            .map(|word| attributes(word))
    };
    let changes: Vec<serde_json::Value> = words
        .iter()
        .map(|word| {
            let (action, place) = word.split_once(':').unwrap();
            let (address, deposed) = place_of(place);
            let ends = matches!(action, "destroy" | "forget");
            let after = find(good, place).filter(|_| !ends);
            let before = find(now, place).filter(|_| action != "create");
            serde_json::json!({
                "address": address.to_string(), "deposed": deposed,
                "provider_name": provider(&address.kind),
                "change": {
                    "actions": actions(action), "before": before, "after": after,
                    "before_sensitive": {"hidden": true}, "after_sensitive": {"hidden": true},
                },
            })
        })
        .collect();
    let whole = serde_json::json!({"format_version": "1.2", "resource_changes": changes});
    plan::parse(whole.to_string().as_bytes()).unwrap()
}

fn actions(word: &str) -> &'static [&'static str] {
    match word {
        "create" => &["create"],
        "update" => &["update"],
        "destroy" => &["delete"],
        "replace" => &["delete", "create"],
        "replace-first" => &["create", "delete"],
        "forget" => &["forget"],
        "forget-create" => &["forget", "create"],
        "create-forget" => &["create", "forget"],
        "no-op" => &["no-op"],
        other => panic!("{other}"),
    }
}

/// A value in a few characters.
pub(crate) fn value(text: &str) -> crate::model::value::Value {
    json::value(text).unwrap()
}
