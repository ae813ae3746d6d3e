//! Sources that a redactor learns from: states, plans, drift, and values that are called secret.
//!
//! Of a state nothing is read but the outputs and the attributes in which something secret may be.
//! Nothing is decided here about what is shown.

use std::collections::BTreeMap;

use super::known::BYTES_MIN;
use super::names::{Says, is_secret_name, may_hold_any, says};
use super::{Redactor, inside_json, is_marked};
use crate::codec::json;
use crate::codec::state::beside::{Beside, StatePair, Suspect, Suspicion, UnreadableSide};
use crate::codec::state::{StatePart, members};
use crate::model::drift::DriftedObject;
use crate::model::plan::Plan;
use crate::model::state::{Instance, Output, State};
use crate::model::value::{Path, RawJson, Step, Value};

/// Tests for secret names, for the scan of two states side by side.
const SUSPICION: Suspicion =
    Suspicion { is_secret: is_secret_name, may_hold: may_hold_any, tellers: &NAMES };

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

    /// Learns the value of an output, if it is secret.
    pub fn learn_output(&mut self, output: &Output<'_>) {
        if let Ok(value) = json::raw_value(output.value) {
            let mut path = Path(vec![Step::Name(output.name.to_string())]);
            let marks = if output.sensitive { vec![path.clone()] } else { Vec::new() };
            self.learn_marked(&mut path, &value, &marks);
        }
    }

    /// Goes through two states side by side, and learns the secrets in objects that both have.
    /// Those of the others are learnt by [`read`](Self::read).
    pub fn beside<'b>(&mut self, before: &'b [u8], after: &'b [u8]) -> Beside<'b> {
        Beside::new(before, after, SUSPICION, &mut |suspect| self.learn_suspect(suspect))
    }

    /// Reads what differs between two states, and learns what is secret in it.
    pub fn read<'t>(&mut self, beside: &'t Beside<'_>) -> Result<StatePair<'t>, UnreadableSide> {
        let pair = beside.read()?;
        for StatePart { outputs, instances, .. } in [&pair.before, &pair.after] {
            for output in outputs {
                self.learn_output(output);
            }
            for instance in instances {
                self.learn_instance(instance);
            }
        }
        Ok(pair)
    }

    /// The same as [`beside`](Self::beside), however small the states are.
    #[cfg(test)]
    pub(crate) fn beside_of_any_size<'b>(
        &mut self,
        before: &'b [u8],
        after: &'b [u8],
    ) -> Beside<'b> {
        let look = &mut |suspect: Suspect<'_>| self.learn_suspect(suspect);
        Beside::of_any_size(before, after, SUSPICION, look)
    }

    fn learn_suspect(&mut self, suspect: Suspect<'_>) {
        let Suspect { attributes, marks, named, names_a_secret } = suspect;
        if names_a_secret {
            return self.learn_object(attributes, &marks);
        }
        // Most marked attributes have a name that says it, too: then the others are not gone over.
        // (Where there are flat attributes besides, one of the same name is another one.)
        let within = attributes.0.as_bytes().as_ptr_range();
        let is_named = |name: &str| {
            named.iter().any(|(other, raw)| other == name && within.contains(&raw.0.as_ptr()))
        };
        let is_told = |mark: &Path| match mark.0.first() {
            Some(Step::Name(name)) => is_named(name),
            Some(Step::Index(_) | Step::Element(_)) | None => false,
        };
        let members = if marks.iter().all(is_told) { Vec::new() } else { members::all(attributes) };
        let marked: Vec<_> = members
            .into_iter()
            .filter(|(name, _)| is_about(&marks, name) && !is_named(name))
            .collect();
        for (name, raw) in named.into_iter().chain(marked) {
            if let Ok(value) = json::raw_value(raw) {
                let mut own = Path(vec![Step::Name(name.into_owned())]);
                self.learn_marked(&mut own, &value, &marks);
            }
        }
    }

    fn learn_instance(&mut self, instance: &Instance<'_>) {
        self.learn_object(instance.attributes, &instance.sensitive);
    }

    /// Learns the secret values of an object, given its attributes and the paths that are marked in
    /// them. Only the attributes in which there may be one are read.
    fn learn_object(&mut self, attributes: RawJson<'_>, marks: &[Path]) {
        let members = members::all(attributes);
        let find = |wanted: &&str| members.iter().find(|(name, _)| name == wanted);
        let is_secret = |(_, raw): &(_, RawJson<'_>)| {
            let text = json::raw_value(*raw).ok();
            text.as_ref().and_then(Value::as_text).is_some_and(is_secret_name)
        };
        let is_named = NAMES.iter().filter_map(find).any(is_secret);
        let of_value = VALUES.iter().filter(|_| is_named).find_map(find).map(|(name, _)| name);
        for (name, raw) in &members {
            let of_name = says(name);
            let is_value = of_value == Some(name);
            let inside = raw.0.strip_prefix('"').unwrap_or(raw.0);
            let may_hold = || json::may_be_composed(inside) && may_hold_any(inside);
            if !(is_value || of_name.is_secret || is_about(marks, name) || may_hold()) {
                continue;
            }
            let Ok(value) = json::raw_value(*raw) else { continue };
            if is_value {
                self.learn(&value);
            }
            let mut own = Path(vec![Step::Name(name.to_string())]);
            self.learn_marked(&mut own, &value, marks);
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
        for invocation in &plan.invocations {
            self.learn_shadowed(&invocation.values, &invocation.sensitive);
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
        let lines = text.lines().filter(|line| line.len() < text.len());
        for line in std::iter::once(text).chain(lines) {
            let line = line.trim();
            if line.len() >= BYTES_MIN {
                self.known.insert(line);
            }
        }
    }

    /// Learns what marks and names call secret. `path` is the place of `value`; it comes back as it
    /// was.
    pub(super) fn learn_marked(&mut self, path: &mut Path, value: &Value, marks: &[Path]) {
        if marks.is_empty() {
            return self.learn_named(Named::of(path), value);
        }
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
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                self.learn_named(Named::of(path), value);
            }
        }
    }

    /// Learns what names alone call secret.
    fn learn_named(&mut self, at: Named, value: &Value) {
        match value {
            Value::List(items) => items.iter().for_each(|item| self.learn_named(at, item)),
            Value::Map(members) => {
                if let Some(value) = named_value(members) {
                    self.learn(value);
                }
                for (name, member) in members {
                    self.learn_named(at.then(name), member);
                }
            }
            Value::Text(text) => {
                let is_setting = || SETTINGS.iter().any(|word| text.eq_ignore_ascii_case(word));
                if at.is_secret() && !is_setting() {
                    self.learn(value);
                }
                if let Some(inside) = inside_json(text) {
                    self.learn_named(at, &inside);
                }
            }
            // Short ones are too short to be learnt, whatever they are called.
            Value::Number(_) if at.is_secret() => self.learn(value),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Learns what a shadow marks, and what names call secret.
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

/// Meaning of the names on the way to a value.
#[derive(Debug, Clone, Copy, Default)]
struct Named {
    /// The last name, if there is any.
    own: Option<Says>,
    /// Whether one of them is secret.
    is_below_secret: bool,
}

impl Named {
    fn of(path: &Path) -> Self {
        path.0.iter().fold(Self::default(), |named, step| match step {
            Step::Name(name) => named.then(name),
            Step::Index(_) | Step::Element(_) => named,
        })
    }

    fn then(self, name: &str) -> Self {
        let own = says(name);
        Self { own: Some(own), is_below_secret: self.is_below_secret || own.is_secret }
    }

    /// Whether a text here is secret, or a number that is not short. See [`super::is_named`].
    fn is_secret(self) -> bool {
        self.own.is_some_and(|own| own.is_secret || (self.is_below_secret && !own.is_reference))
    }
}

/// Whether one of the marks is an attribute, or in one, or around all of them.
fn is_about(marks: &[Path], attribute: &str) -> bool {
    marks.iter().any(|mark| match mark.0.first() {
        Some(Step::Name(name)) => name == attribute,
        Some(Step::Index(_) | Step::Element(_)) => false,
        None => true,
    })
}

/// Members that say of the value beside them whether it is secret.
const NAMES: [&str; 4] = ["name", "key", "Name", "Key"];

/// Members that may be that value; the first one that is there is it.
const VALUES: [&str; 2] = ["value", "Value"];

/// The value of `{ name = "DB_PASSWORD", value = "…" }`, as containers are given their environment.
fn named_value(members: &BTreeMap<String, Value>) -> Option<&Value> {
    let value = VALUES.iter().find_map(|name| members.get(*name))?;
    let names = NAMES.iter().filter_map(|name| members.get(*name));
    names.filter_map(Value::as_text).any(is_secret_name).then_some(value)
}
