//! Plans of a scripted Terraform, in the shape of `show -json`.
//!
//! The saved plan is that JSON; in `scripted` each change has what its apply needs besides. A
//! changed `path` replaces an object, any other change updates it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use unapply::port::terraform::{PlanMode, PlanRequest};

use super::configuration::{Configuration, Wanted};
use super::document::{Attributes, Document, Known, PROVIDER};
use super::world::{World, path_of};

/// The ingredients of a plan.
pub(crate) struct Planner<'p> {
    pub(crate) world: &'p World,
    pub(crate) configuration: &'p Configuration,
    pub(crate) state: &'p Document,
    pub(crate) request: &'p PlanRequest,
}

/// An object of the state, and what is really there: its attributes, its id among them.
struct Refreshed<'d> {
    from: &'d str,
    known: &'d Known,
    real: Option<Attributes>,
}

/// By the address at which they are planned.
type Objects<'d> = BTreeMap<String, Refreshed<'d>>;

/// A refusal to plan: Terraform's words, and the address that they concern.
pub(crate) type Refused = (&'static str, String);

impl<'p> Planner<'p> {
    /// Makes the plan.
    pub(crate) fn plan(&self) -> Result<Value, Refused> {
        let objects = self.refreshed()?;
        let mut changes = Vec::new();
        let targets = self.targets();
        // Only what is targeted is looked for.
        let is_looked_for = |(address, _): &(&String, &Refreshed<'_>)| {
            targets.as_ref().is_none_or(|targets| targets.contains(*address))
        };
        if self.request.mode != PlanMode::RefreshOnly {
            let wanted = self.configuration.wanted.keys();
            let addresses: BTreeSet<&String> = wanted.chain(objects.keys()).collect();
            let is_targeted = |address: &&String| {
                targets.as_ref().is_none_or(|targets| targets.contains(*address))
            };
            for address in addresses.into_iter().filter(is_targeted) {
                changes.extend(self.change(address, &objects)?);
            }
        }
        Ok(json!({
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "applyable": changes.iter().any(|change| change["change"]["actions"] != json!(["no-op"])),
            "complete": self.request.targets.is_empty() && !self.world.is_planned_in_part(),
            "errored": false,
            "resource_drift":
                objects.iter().filter(is_looked_for).filter_map(drift).collect::<Vec<_>>(),
            "action_invocations": self.invocations(&changes),
            "resource_changes": changes,
            "configuration": { "root_module": { "resources": self.blocks() } },
            "scripted": { "lineage": self.state.lineage, "serial": self.state.serial },
        }))
    }

    /// The actions that these changes trigger.
    fn invocations(&self, changes: &[Value]) -> Vec<Value> {
        let updated =
            changes.iter().filter(|change| change["change"]["actions"] == json!(["update"]));
        let of = |change: &Value| {
            let address = change["address"].as_str().unwrap();
            let triggers = self.configuration.wanted[address].triggers.iter();
            let invocation = |(event, action): &(&str, String)| {
                json!({
                    "address": action,
                    "config_values": { "text": "done" },
                    "lifecycle_action_trigger": {
                        "triggering_resource_address": address,
                        "action_trigger_event": event,
                    },
                })
            };
            triggers.map(invocation).collect::<Vec<_>>()
        };
        updated.flat_map(of).collect()
    }

    /// Every object of the state, where `moved` blocks have it.
    fn refreshed(&self) -> Result<Objects<'p>, Refused> {
        let mut objects = BTreeMap::new();
        for (from, known) in &self.state.objects {
            let moved = self.configuration.moved.iter().find(|(old, _)| old == from);
            let address = moved.map_or(from, |(_, new)| new);
            let place = self.place(known.alias.as_ref(), from)?;
            let real = self.world.look(known.id(), place).map(|mut real| {
                real.insert("id".to_owned(), json!(known.id()));
                real
            });
            objects.insert(address.clone(), Refreshed { from, known, real });
        }
        Ok(objects)
    }

    fn place(&self, alias: Option<&String>, address: &str) -> Result<&'p str, Refused> {
        let place = self.configuration.place(alias);
        place.ok_or_else(|| ("Provider configuration not present", address.to_owned()))
    }

    /// The targets with all that they pull in: the objects that they are made from, or for a
    /// destruction those that are made from them.
    fn targets(&self) -> Option<BTreeSet<String>> {
        let mut found: BTreeSet<String> = self.request.targets.iter().cloned().collect();
        if found.is_empty() {
            return None;
        }
        let mut size = 0;
        while found.len() > size {
            size = found.len();
            let more: Vec<String> = if self.request.mode == PlanMode::Destroy {
                let objects = self.state.objects.iter();
                let made_from = objects.filter(|(_, known)| {
                    known.dependencies.iter().any(|dependency| found.contains(dependency))
                });
                made_from.map(|(address, _)| address.clone()).collect()
            } else {
                let wanted = found.iter().filter_map(|one| self.configuration.wanted.get(one));
                wanted.flat_map(|wanted| wanted.dependencies.clone()).collect()
            };
            found.extend(more);
        }
        Some(found)
    }

    /// The change at an address.
    fn change(&self, address: &str, objects: &Objects<'_>) -> Result<Option<Value>, Refused> {
        let now = objects.get(address);
        let known = now.map(|now| now.known);
        let real = now.and_then(|now| now.real.clone());
        let wanted = match self.request.mode {
            PlanMode::Destroy => None,
            PlanMode::Normal | PlanMode::RefreshOnly => self.configuration.wanted.get(address),
        };
        let end = |wanted: &Wanted, id: Option<&str>| end(wanted, id, objects);
        let (actions, after, unknown): (&[&str], _, _) = match (wanted, &real) {
            (None, None) => return Ok(None),
            (None, Some(_)) if known.is_some_and(|known| known.skip_destroy) => {
                (&["forget"], Value::Null, Attributes::new())
            }
            (None, Some(_)) => (&["delete"], Value::Null, Attributes::new()),
            (Some(wanted), None) => {
                let (after, unknown) = end(wanted, None);
                (&["create"], json!(after), unknown)
            }
            (Some(wanted), Some(before)) => {
                let (after, unknown) = end(wanted, known.map(Known::id));
                let is_tainted = known.is_some_and(|known| known.is_tainted);
                if is_tainted || path_of(&after) != path_of(before) {
                    let (after, unknown) = end(wanted, None);
                    let actions: &[&str] = if wanted.skip_destroy {
                        &["forget", "create"]
                    } else {
                        &["delete", "create"]
                    };
                    (actions, json!(after), unknown)
                } else if unknown.is_empty() && after == *before {
                    (&["no-op"], json!(after), unknown)
                } else {
                    (&["update"], json!(after), unknown)
                }
            }
        };
        let alias = match wanted {
            Some(wanted) => wanted.alias.as_ref(),
            None => known.and_then(|known| known.alias.as_ref()),
        };
        let dependencies = match (wanted, known) {
            (Some(wanted), _) => wanted.dependencies.clone(),
            (None, known) => known.map_or_else(Vec::new, |known| known.dependencies.clone()),
        };
        let mut change = described(address);
        change["change"] = json!({
            "actions": actions,
            "before": real,
            "after": after,
            "after_unknown": unknown,
            "before_sensitive": {},
            "after_sensitive": {},
        });
        change["scripted"] = json!({
            "place": self.place(alias, address)?,
            "alias": alias,
            "dependencies": dependencies,
            "references": wanted.map(|wanted| &wanted.references),
            "skip_destroy": wanted.is_some_and(|wanted| wanted.skip_destroy),
        });
        if let Some(now) = now.filter(|now| now.from != address) {
            change["previous_address"] = json!(now.from);
        }
        Ok(Some(change))
    }

    /// The section `configuration`.
    fn blocks(&self) -> Vec<Value> {
        let block = |(address, wanted): (&String, &Wanted)| {
            let mut block = described(address);
            block["expressions"] = json!({});
            for (name, value) in &wanted.attributes {
                block["expressions"][name] = json!({ "constant_value": value });
            }
            for (name, of) in &wanted.references {
                block["expressions"][name] = json!({ "references": [format!("{of}.id"), of] });
            }
            block
        };
        self.configuration.wanted.iter().map(block).collect()
    }
}

/// A saved plan as `show -json` prints it: without what only its apply needs.
pub(crate) fn shown(saved: &[u8]) -> Vec<u8> {
    let mut plan: Value = serde_json::from_slice(saved).unwrap();
    let mut members = vec![&mut plan];
    while let Some(value) = members.pop() {
        let whole = value.as_object_mut().unwrap();
        whole.remove("scripted");
        let changes = whole.get_mut("resource_changes").and_then(Value::as_array_mut);
        members.extend(changes.into_iter().flatten());
    }
    plan.to_string().into_bytes()
}

/// The planned attributes of an object, and those of them that only the apply will know.
fn end(wanted: &Wanted, id: Option<&str>, objects: &Objects<'_>) -> (Attributes, Attributes) {
    let mut after = wanted.attributes.clone();
    let mut unknown = Attributes::new();
    let mut take = |name: &str, value: Option<&str>| match value {
        Some(value) => drop(after.insert(name.to_owned(), json!(value))),
        None => drop(unknown.insert(name.to_owned(), json!(true))),
    };
    take("id", id);
    for (name, of) in &wanted.references {
        let object = objects.get(of).filter(|object| object.real.is_some());
        take(name, object.map(|object| object.known.id()));
    }
    (after, unknown)
}

fn described(address: &str) -> Value {
    let (kind, name) = address.split_once('.').unwrap();
    json!({
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": PROVIDER,
    })
}

/// How the real world differs from the state at one object.
fn drift((address, object): (&String, &Refreshed<'_>)) -> Option<Value> {
    let (before, after) = (&object.known.attributes, object.real.as_ref());
    let action = match after {
        Some(after) if after == before => return None,
        Some(_) => "update",
        None => "delete",
    };
    let mut drift = described(address);
    drift["change"] = json!({ "actions": [action], "before": before, "after": after });
    Some(drift)
}
