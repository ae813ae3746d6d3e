//! A revert that is over, in a few values: two states, two plans, and what is known besides.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::outcome::{OutcomeFacts, PlannedOutcome, outcome};
use super::super::*;
use crate::codec::hcl;
use crate::codec::{plan, state};
use crate::model::address::Address;
use crate::model::check::CheckStatus;
use crate::model::state::StateBytes;

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// An object: its address, its attributes, and the blocks that it was made from.
pub(super) type Object = (&'static str, Json, &'static [&'static str]);

/// Everything that a comparison needs; what is not said is empty.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) good: Vec<Object>,
    pub(super) now: Vec<Object>,
    /// The expressions of each block of the root module.
    pub(super) says: Vec<(&'static str, Json)>,
    /// Changes that the revert made: actions, address, before, after.
    pub(super) done: Vec<(&'static [&'static str], &'static str, Json, Json)>,
    /// Changes that the follow-up plan found, where the real world is not what the state says.
    pub(super) follow: Vec<(&'static [&'static str], &'static str, Json, Json)>,
    /// The good configuration and one that was tried since, as text.
    pub(super) texts: [&'static str; 2],
    pub(super) checks: [Vec<(&'static str, CheckStatus)>; 2],
    pub(super) actions: Vec<JudgedAction>,
    /// Variables whose value is one of today.
    pub(super) today: &'static [&'static str],
    /// The version of the schema that the state is in now.
    pub(super) version: u64,
    /// Proposal that the good configuration always makes, as address and path.
    pub(super) agreed: Vec<NotGood>,
    pub(super) usual: Option<(&'static str, &'static str)>,
}

fn state_of(objects: &[Object], version: u64) -> StateBytes {
    let resources: Vec<Json> = objects
        .iter()
        .map(|(address, attributes, dependencies)| {
            let address: Address = address.parse().unwrap();
            json!({
                "mode": "managed", "type": address.kind, "name": address.name,
                "provider": format!("provider[\"{PROVIDER}\"]"),
                "instances": [{"attributes": attributes, "dependencies": dependencies,
                    "schema_version": version}],
            })
        })
        .collect();
    let whole = json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l",
        "outputs": {}, "resources": resources,
    });
    StateBytes::new(whole.to_string().into_bytes())
}

fn plan_of(changes: &[(&[&str], &str, Json, Json)], says: &[(&str, Json)]) -> Plan {
    let changes: Vec<Json> = changes
        .iter()
        .map(|(actions, address, before, after)| {
            json!({"address": address, "provider_name": PROVIDER,
                "change": {"actions": actions, "before": before, "after": after}})
        })
        .collect();
    let blocks: Vec<Json> = says
        .iter()
        .map(|(address, expressions)| json!({"address": address, "expressions": expressions}))
        .collect();
    let whole = json!({
        "format_version": "1.2", "resource_changes": changes,
        "configuration": {"root_module": {"resources": blocks}},
    });
    plan::parse(whole.to_string().as_bytes()).unwrap()
}

fn resources(text: &str) -> BTreeMap<String, ResourceBlock> {
    hcl::scan(&BTreeMap::from([("main.tf".to_owned(), text.as_bytes().to_vec())])).inside
}

impl Case {
    pub(super) fn compared(&self) -> Comparison {
        self.ask(compare)
    }

    /// The outcome of `done` as the plan of a revert; `open` is known after the apply alone.
    pub(super) fn planned(&self, open: &Json, is_proved: &dyn Fn(&str) -> bool) -> PlannedOutcome {
        let mut plan = plan_of(&self.done, &self.says);
        for change in &mut plan.changes {
            change.after_unknown = crate::codec::json::value(&open.to_string()).unwrap();
        }
        plan.drift = plan_of(&self.follow, &[]).changes;
        self.ask(|proof| {
            let rounds = [Round { plan: &plan, actions: &self.actions }];
            let done = DoneRounds { rounds: &rounds, ..proof.done };
            let proof = VerifyFacts { plan: &plan, found: &[], residual: &[], done, ..*proof };
            outcome(OutcomeFacts { proof: &proof, is_proved, is_wanted: &|_| true })
        })
    }

    /// Hands everything that is known to `ask`.
    fn ask<T>(&self, ask: impl FnOnce(&VerifyFacts<'_>) -> T) -> T {
        let (good, now) = (state_of(&self.good, 0), state_of(&self.now, self.version));
        let [good, now] = [&good, &now].map(|bytes| state::parse(bytes).unwrap());
        let follow = plan_of(&self.follow, &self.says);
        let done = plan_of(&self.done, &[]);
        let found = residual(&follow);
        let checks = self.checks.each_ref().map(|checks| {
            let check = |(address, status): &(&str, _)| Check {
                address: (*address).to_owned(),
                status: *status,
            };
            checks.iter().map(check).collect::<Vec<Check>>()
        });
        let today =
            self.today.iter().map(|name| ((*name).to_owned(), VariableStanding::TakenFromToday));
        let today: BTreeMap<String, VariableStanding> = today.collect();
        let usual: Vec<Residual> = self
            .usual
            .iter()
            .map(|(address, path)| Residual {
                address: (*address).to_owned(),
                action: "update".to_owned(),
                paths: vec![(*path).to_owned()],
            })
            .collect();
        let [good_text, since] = self.texts.map(resources);
        ask(&VerifyFacts {
            good: &good,
            residual: &usual,
            now: &now,
            plan: &follow,
            found: &found,
            done: DoneRounds {
                left: &[],
                agreed: &self.agreed,
                rounds: &[Round { plan: &done, actions: &self.actions }],
                variables: &today,
                journals: &[],
            },
            configuration: &Configurations { good: good_text, since: vec![since] },
            checks: checks.each_ref().map(Vec::as_slice),
            knowledge: &Knowledge::builtin(),
            redactor: &Redactor::default().with_state(&good).with_state(&now).with_plan(&follow),
        })
    }

    /// Insists on everything that is said: `!` is a difference, `?` is not undone.
    #[track_caller]
    pub(super) fn says(&self, expected: &[&str]) {
        let found = self.compared();
        let left = found.not_undone.iter().map(|left| format!("? {}: {}", left.address, left.why));
        let lines: Vec<String> = found
            .differences
            .iter()
            .map(|text| format!("! {text}"))
            .chain(found.notes.iter().map(|text| format!("  {text}")))
            .chain(left)
            .chain([format!("{} of {}", found.equal, found.expected)])
            .collect();
        assert_eq!(lines, expected);
    }
}

/// An attribute that the configuration says with a constant.
pub(super) fn constant() -> Json {
    json!({"constant_value": "x"})
}

/// An attribute that the configuration takes from elsewhere.
pub(super) fn from(reference: &str) -> Json {
    json!({"references": [reference]})
}
