//! What a redactor learns from: states, plans, drift, and values that somebody calls secret.
//!
//! Learning can go piece by piece: who has no time for a whole state learns the instances that have
//! marks, and those of which something is shown. Nothing is decided here about what is shown.

use super::known::BYTES_MIN;
use super::names::{is_secret_name, may_hold_any, spelled_pieces};
use super::{Redactor, inside_json, is_marked, is_named};
use crate::codec::json;
use crate::codec::state;
use crate::codec::state::marked::{Search, marked};
use crate::codec::state::narrow::Source;
use crate::model::drift::DriftedObject;
use crate::model::plan::Plan;
use crate::model::state::{Instance, Output, State};
use crate::model::value::{Path, Step, Value};

/// Words of settings: under a secret name they are hidden, and yet they are no secrets elsewhere.
const SETTINGS: [&str; 8] =
    ["default", "disable", "disabled", "enable", "enabled", "false", "optional", "required"];

impl Redactor {
    /// Learns the secret values of a state.
    #[must_use]
    pub fn with_state(mut self, state: &State<'_>) -> Self {
        state.outputs.iter().for_each(|output| self.learn_output(output));
        state.instances.iter().for_each(|instance| self.learn_instance(instance));
        self
    }

    /// Learns the secret values of the objects in a state, without reading the rest of it where it
    /// has Terraform's own layout. Of names only those are found there that are spelled in one of
    /// the usual ways: `password`, `Password`, `PASSWORD`.
    pub fn learn_source(&mut self, source: &Source<'_>) -> Result<(), state::Error> {
        let found = Search::new(&spelled_pieces(), is_secret_name)
            .and_then(|search| marked(source, &search));
        let Some(found) = found else {
            let part = source.parse()?;
            part.instances.iter().for_each(|instance| self.learn_instance(instance));
            return Ok(());
        };
        for attribute in found {
            if let Ok(value) = json::raw_value(attribute.value) {
                let mut path = Path(vec![Step::Name(attribute.name)]);
                self.learn_marked(&mut path, &value, &attribute.paths);
            }
        }
        Ok(())
    }

    /// Learns the value of an output, if it is secret.
    pub fn learn_output(&mut self, output: &Output<'_>) {
        if let Ok(value) = json::raw_value(output.value) {
            let mut path = Path(vec![Step::Name(output.name.to_string())]);
            let marks = if output.sensitive { vec![path.clone()] } else { Vec::new() };
            self.learn_marked(&mut path, &value, &marks);
        }
    }

    /// Learns the secret values of one object. It costs next to nothing where there are none.
    pub fn learn_instance(&mut self, instance: &Instance<'_>) {
        if instance.sensitive.is_empty() && !may_hold_any(instance.attributes.0) {
            return;
        }
        if let Ok(value) = json::raw_value(instance.attributes) {
            self.learn_marked(&mut Path::default(), &value, &instance.sensitive);
        }
    }

    /// Learns the secret values of a plan.
    #[must_use]
    pub fn with_plan(mut self, plan: &Plan) -> Self {
        for change in plan.changes.iter().chain(&plan.drift) {
            self.learn_shadowed(&change.before, &change.before_sensitive);
            self.learn_shadowed(&change.after, &change.after_sensitive);
        }
        for output in &plan.outputs {
            self.learn_shadowed(&output.before, &output.before_sensitive);
            self.learn_shadowed(&output.after, &output.after_sensitive);
        }
        for read in &plan.reads {
            self.learn_shadowed(&read.values, &read.sensitive);
        }
        self
    }

    /// Learns the secret values of drift.
    #[must_use]
    pub fn with_drift<'a>(mut self, objects: impl IntoIterator<Item = &'a DriftedObject>) -> Self {
        for object in objects {
            self.learn_shadowed(&object.before, &object.before_sensitive);
            self.learn_shadowed(&object.after, &object.after_sensitive);
        }
        self
    }

    /// Learns values that are known to be secret.
    #[must_use]
    pub fn with_values<'a>(mut self, secrets: impl IntoIterator<Item = &'a Value>) -> Self {
        secrets.into_iter().for_each(|secret| self.learn(secret));
        self
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.learn_text(number.as_str()),
            Value::Text(text) => {
                self.learn_text(text);
                // Of a secret document the parts with secret names are secrets of their own.
                if let Some(inside) = inside_json(text) {
                    self.learn_marked(&mut Path::default(), &inside, &[]);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Map(members) => members.values().for_each(|member| self.learn(member)),
        }
    }

    /// Learns a text and each of its lines: a message may quote only one of them.
    fn learn_text(&mut self, text: &str) {
        for line in std::iter::once(text).chain(text.lines()) {
            let line = line.trim();
            if line.len() >= BYTES_MIN {
                self.known.insert(line);
            }
        }
    }

    /// `path` is where `value` stands; it comes back as it was.
    pub(super) fn learn_marked(&mut self, path: &mut Path, value: &Value, marks: &[Path]) {
        if is_marked(path, marks) {
            return self.learn(value);
        }
        match value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.0.push(Step::Index(index));
                    self.learn_marked(path, item, marks);
                    path.0.pop();
                }
            }
            Value::Map(members) => {
                if let Some(value) = named_value(members) {
                    self.learn(value);
                }
                for (name, member) in members {
                    path.0.push(Step::Name(name.clone()));
                    self.learn_marked(path, member, marks);
                    path.0.pop();
                }
            }
            Value::Text(text) if SETTINGS.iter().any(|word| text.eq_ignore_ascii_case(word)) => {}
            Value::Text(text) => {
                if is_named(path, value) {
                    self.learn(value);
                }
                if let Some(inside) = inside_json(text) {
                    self.learn_marked(path, &inside, &[]);
                }
            }
            Value::Number(_) if is_named(path, value) => self.learn(value),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Learns by a shadow, and by names where it marks nothing.
    fn learn_shadowed(&mut self, value: &Value, shadow: &Value) {
        self.learn_shadow(value, shadow);
        self.learn_marked(&mut Path::default(), value, &[]);
    }

    fn learn_shadow(&mut self, value: &Value, shadow: &Value) {
        match (value, shadow) {
            (_, Value::Bool(true)) => self.learn(value),
            (Value::Map(members), Value::Map(shadows)) => {
                for (name, member) in members {
                    if let Some(shadow) = shadows.get(name) {
                        self.learn_shadow(member, shadow);
                    }
                }
            }
            (Value::List(items), Value::List(shadows)) => {
                for (item, shadow) in items.iter().zip(shadows) {
                    self.learn_shadow(item, shadow);
                }
            }
            _ => {}
        }
    }
}

/// The value of `{ name = "DB_PASSWORD", value = "…" }`, as containers are given their environment.
fn named_value(members: &std::collections::BTreeMap<String, Value>) -> Option<&Value> {
    let names = ["name", "key", "Name", "Key"].into_iter().filter_map(|name| members.get(name));
    let is_secret = names.filter_map(Value::as_text).any(is_secret_name);
    let value = members.get("value").or_else(|| members.get("Value"));
    value.filter(|_| is_secret)
}
