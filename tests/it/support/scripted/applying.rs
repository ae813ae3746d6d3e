//! The apply of a scripted Terraform: one object after the other, by address, what others are made
//! from first and what is made from others destroyed first.
//!
//! A local state is written after each object. A remote one is written at the end, as Terraform
//! does within its first twenty seconds. An object that fails does not stop the others, but for
//! those that are made from it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use unapply::codec::events::parse_line;
use unapply::model::event::{Diagnostic, Event};
use unapply::port::interrupt::Interrupt;
use unapply::port::terraform::{AppliedPlan, Watch};

use super::configuration::Backend;
use super::document::{Document, Known};
use super::world::World;
use crate::support::script::{Script, Side, put};

/// The surroundings of an apply.
pub(crate) struct Applier<'a> {
    pub(crate) world: &'a World,
    pub(crate) script: &'a Script,
    pub(crate) interrupt: &'a dyn Interrupt,
    pub(crate) backend: &'a Backend,
    /// The directory in which a state is left that the backend does not take.
    pub(crate) root: &'a Path,
    /// The file of the events.
    pub(crate) events: &'a Path,
}

/// An apply so far.
struct Course<'w> {
    document: Document,
    is_written: bool,
    told: File,
    diagnostics: Vec<Diagnostic>,
    counts: [u64; 3],
    watch: &'w mut dyn FnMut(&Event),
}

impl Applier<'_> {
    /// Applies the changes of a plan to this state.
    pub(crate) fn apply(
        &self,
        plan: &Value,
        document: Document,
        watch: &mut Watch<'_>,
    ) -> AppliedPlan {
        let mut course = Course {
            document,
            is_written: true,
            told: File::create(self.events).unwrap(),
            diagnostics: Vec::new(),
            counts: [0; 3],
            watch,
        };
        let changes: Vec<&Value> = plan["resource_changes"].as_array().unwrap().iter().collect();
        let before = course.document.objects.clone();
        moves(&changes, &mut course.document);
        refresh(plan, &mut course.document);
        // Terraform saves what it has found, also where there is nothing to do.
        course.is_written = course.document.objects == before;
        let interrupted = self.objects(changes, &plan["action_invocations"], &mut course);
        self.save(&mut course);
        if course.diagnostics.is_empty() {
            let [add, change, remove] = course.counts;
            let counts =
                json!({ "add": add, "change": change, "remove": remove, "operation": "apply" });
            course.tell(&json!({ "type": "change_summary", "changes": counts }));
        }
        AppliedPlan {
            succeeded: course.diagnostics.is_empty(),
            interrupted,
            diagnostics: course.diagnostics,
            events: self.events.to_owned(),
        }
    }

    /// Does every change that can be done; gives the signal that stopped it, if one did.
    fn objects(
        &self,
        mut open: Vec<&Value>,
        invocations: &Value,
        course: &mut Course<'_>,
    ) -> Option<i32> {
        open.retain(|change| change["change"]["actions"] != json!(["no-op"]));
        let mut failed: BTreeSet<&str> = BTreeSet::new();
        while let Some(position) = next(&open) {
            let change = open.remove(position);
            if let Some(signal) = self.interrupt.requested() {
                course.error(None, "execution halted");
                return Some(signal);
            }
            let waits_for = dependencies(change);
            if !failed.is_disjoint(&waits_for) {
                failed.insert(address_of(change));
                continue;
            }
            let done = self
                .run(invocations, "BeforeUpdate", change, course)
                .and_then(|()| self.object(change, course))
                .and_then(|()| self.run(invocations, "AfterUpdate", change, course));
            if let Err(problem) = done {
                course.error(Some(address_of(change)), &problem);
                failed.insert(address_of(change));
            }
        }
        None
    }

    /// Runs the actions that a change triggers.
    fn run(
        &self,
        invocations: &Value,
        event: &str,
        change: &Value,
        course: &mut Course<'_>,
    ) -> Result<(), String> {
        for invocation in invocations.as_array().unwrap() {
            let trigger = &invocation["lifecycle_action_trigger"];
            let address = address_of(change);
            if trigger["triggering_resource_address"] != address
                || trigger["action_trigger_event"] != event
            {
                continue;
            }
            let action = address_of(invocation);
            let hook = json!({
                "action": { "addr": action },
                "lifecycle": { "resource": { "addr": address }, "trigger_event": event },
            });
            course.tell(&json!({ "type": "action_start", "hook": hook }));
            if self.world.is_failing(&format!("run {action}")) {
                course.tell(&json!({ "type": "action_errored", "hook": hook }));
                return Err("scripted failure of the action".to_owned());
            }
            self.world.run(action);
            course.tell(&json!({ "type": "action_complete", "hook": hook }));
        }
        Ok(())
    }

    /// Does all that is planned for one object.
    fn object(&self, change: &Value, course: &mut Course<'_>) -> Result<(), String> {
        let actions = change["change"]["actions"].as_array().unwrap();
        for action in actions.iter().map(|action| action.as_str().unwrap()) {
            // No engine tells of what it only forgets.
            if action == "forget" {
                course.document.objects.remove(address_of(change));
                course.is_written = false;
                continue;
            }
            let operation = format!("{action} {}", address_of(change));
            let id = change["change"]["before"]["id"].as_str();
            course.tell(&event("apply_start", change, action, id));
            self.world.comes(&operation);
            let act = |course: &mut Course<'_>| self.operation(change, action, course);
            let is_local = matches!(self.backend, Backend::Local(_));
            let done = if is_local {
                let failed = |number, side| (Script::word(number), side);
                let done = || act(course).map_err(|problem| (problem, Side::Before));
                let done = self.script.call(format!("terraform {operation}"), done, failed);
                done.map_err(|(problem, side)| {
                    if side == Side::After && action == "create" {
                        course.taint(address_of(change));
                    }
                    problem
                })
            } else {
                act(course)
            };
            if let Err(problem) = done {
                course.tell(&event("apply_errored", change, action, None));
                return Err(problem);
            }
            let made = course.document.objects.get(address_of(change)).map(Known::id);
            let id = made.filter(|_| action != "delete").map(str::to_owned);
            course.tell(&event("apply_complete", change, action, id.as_deref()));
        }
        Ok(())
    }

    /// One operation in the real world, and what the state knows of it.
    fn operation(
        &self,
        change: &Value,
        action: &str,
        course: &mut Course<'_>,
    ) -> Result<(), String> {
        let address = address_of(change);
        if self.world.is_failing(&format!("{action} {address}")) {
            return Err("scripted failure of the provider".to_owned());
        }
        if action == "delete" {
            let id = change["change"]["before"]["id"].as_str().unwrap();
            self.world.delete(id);
            self.world.takes_away(self.root, id);
            course.document.objects.remove(address);
            course.counts[2] += 1;
        } else {
            self.put(change, action, course)?;
        }
        course.is_written = false;
        if matches!(self.backend, Backend::Local(_)) {
            self.save(course);
        }
        Ok(())
    }

    /// Makes or changes an object.
    fn put(&self, change: &Value, action: &str, course: &mut Course<'_>) -> Result<(), String> {
        let scripted = &change["scripted"];
        let mut attributes = change["change"]["after"].as_object().unwrap().clone();
        for (name, of) in scripted["references"].as_object().into_iter().flatten() {
            let known = &course.document.objects[of.as_str().unwrap()];
            attributes.insert(name.clone(), json!(known.id()));
        }
        let mut real = attributes.clone();
        let id = real.remove("id").map(|id| id.as_str().unwrap().to_owned());
        let id = match id {
            Some(id) if action == "update" => {
                self.world.update(&id, real.clone())?;
                course.counts[1] += 1;
                id
            }
            Some(_) | None => {
                let place = scripted["place"].as_str().unwrap();
                let id = self.world.create(place, real.clone())?;
                course.counts[0] += 1;
                id
            }
        };
        self.world.puts(self.root, &id, &json!(real).to_string());
        attributes.insert("id".to_owned(), json!(id));
        let known = Known {
            alias: scripted["alias"].as_str().map(str::to_owned),
            attributes,
            is_tainted: false,
            dependencies: dependencies(change).into_iter().map(str::to_owned).collect(),
            skip_destroy: scripted["skip_destroy"] == true,
        };
        course.document.objects.insert(address_of(change).to_owned(), known);
        Ok(())
    }

    /// Writes the state; where the backend does not take it, it is left beside the configuration.
    fn save(&self, course: &mut Course<'_>) {
        if std::mem::replace(&mut course.is_written, true) {
            return;
        }
        course.document.serial += 1;
        if self.world.is_backend_down() {
            put(&self.root.join("errored.tfstate"), &self.world.sealed(&course.document));
            course.error(None, "Failed to save state");
        } else {
            self.world.write(self.backend, &course.document);
        }
    }
}

impl Course<'_> {
    /// Says something: to the file, and to the watcher.
    fn tell(&mut self, line: &Value) {
        let mut line = line.clone();
        line["@level"] = json!("info");
        line["@module"] = json!("terraform.ui");
        let event = parse_line(&line.to_string());
        if let Event::Diagnostic(diagnostic) = &event {
            self.diagnostics.push(diagnostic.clone());
        }
        (self.watch)(&event);
        writeln!(self.told, "{line}").unwrap();
    }

    fn error(&mut self, address: Option<&str>, summary: &str) {
        let diagnostic = json!({
            "severity": "error",
            "summary": summary,
            "detail": "",
            "address": address,
        });
        self.tell(&json!({ "type": "diagnostic", "diagnostic": diagnostic }));
    }

    /// Marks an object that was made and reported as failed: the next plan replaces it.
    fn taint(&mut self, address: &str) {
        if let Some(known) = self.document.objects.get_mut(address) {
            known.is_tainted = true;
            self.is_written = false;
        }
    }
}

/// Gives objects the addresses at which they were planned.
fn moves(changes: &[&Value], document: &mut Document) {
    for change in changes {
        if let Some(from) = change["previous_address"].as_str() {
            let known = document.objects.remove(from).unwrap();
            document.objects.insert(address_of(change).to_owned(), known);
        }
    }
}

/// Takes over what the plan has found in the real world.
fn refresh(plan: &Value, document: &mut Document) {
    for drift in plan["resource_drift"].as_array().unwrap() {
        let address = address_of(drift);
        match (drift["change"]["after"].as_object(), document.objects.get_mut(address)) {
            (Some(after), Some(known)) => known.attributes = after.clone(),
            (None, Some(_)) => drop(document.objects.remove(address)),
            (_, None) => {}
        }
    }
}

fn address_of(change: &Value) -> &str {
    change["address"].as_str().unwrap()
}

fn dependencies(change: &Value) -> BTreeSet<&str> {
    let listed = change["scripted"]["dependencies"].as_array().unwrap().iter();
    listed.map(|address| address.as_str().unwrap()).collect()
}

fn ends(change: &Value) -> bool {
    change["change"]["actions"] == json!(["delete"])
}

/// The first change for which nothing else that is open has to be done before.
fn next(open: &[&Value]) -> Option<usize> {
    let is_free = |change: &&Value| {
        !open.iter().any(|other| {
            if ends(change) {
                dependencies(other).contains(address_of(change))
            } else {
                dependencies(change).contains(address_of(other))
            }
        })
    };
    open.iter().position(is_free).or((!open.is_empty()).then_some(0))
}

fn event(kind: &str, change: &Value, action: &str, id: Option<&str>) -> Value {
    let mut hook = json!({ "resource": { "addr": address_of(change) }, "action": action });
    if let Some(id) = id {
        hook["id_key"] = json!("id");
        hook["id_value"] = json!(id);
    }
    json!({ "type": kind, "hook": hook })
}
