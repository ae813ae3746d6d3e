//! What a redactor learns from: states, plans, drift, and values that somebody calls secret.
//!
//! Learning can go piece by piece: who has no time for a whole state learns the instances that have
//! marks, and those of which something is shown. Nothing is decided here about what is shown.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::known::BYTES_MIN;
use super::names::{Says, is_secret_name, may_hold_any, says, spelled_pieces};
use super::{Redactor, inside_json, is_marked};
use crate::codec::json;
use crate::codec::state;
use crate::codec::state::marked::{Marked, Search, marked};
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
        self.learn_lessons(&Lessons::of(source))
    }

    /// Learns what nobody else has begun to learn of a state.
    pub fn learn_lessons(&mut self, lessons: &Lessons<'_>) -> Result<(), state::Error> {
        while let Some(lesson) = lessons.next() {
            let found = match (lesson, &lessons.search) {
                (Lesson::Piece(piece), Some(search)) => marked(piece, search),
                _ => None,
            };
            let Some(found) = found else {
                let part = lessons.source.parse()?;
                part.instances.iter().for_each(|instance| self.learn_instance(instance));
                return Ok(());
            };
            for attribute in found {
                self.learn_attribute(attribute);
            }
        }
        Ok(())
    }

    /// Nothing but a piece of the text was read, and nobody has checked it before.
    fn learn_attribute(&mut self, attribute: Marked<'_>) {
        let Ok(value) = json::value(attribute.value.0) else { return };
        if attribute.paths.is_empty() {
            self.learn_named(Named::default().then(&attribute.name), &value);
        } else {
            let mut path = Path(vec![Step::Name(attribute.name)]);
            self.learn_marked(&mut path, &value, &attribute.paths);
        }
    }

    /// Knows what another has learnt, too.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.known.extend(other.known);
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
        let lines = text.lines().filter(|line| line.len() < text.len());
        for line in std::iter::once(text).chain(lines) {
            let line = line.trim();
            if line.len() >= BYTES_MIN {
                self.known.insert(line);
            }
        }
    }

    /// `path` is where `value` stands; it comes back as it was.
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

/// What the names on the way to a value say of it.
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

/// A state that is learnt from, cut into pieces: several may learn from one at once, each with a
/// redactor of its own.
#[derive(Debug)]
pub struct Lessons<'s> {
    source: &'s Source<'s>,
    search: Option<Search>,
    /// None where the state has to be read as a whole.
    pieces: Vec<&'s [u8]>,
    next: AtomicUsize,
}

enum Lesson<'s> {
    Piece(&'s [u8]),
    Whole,
}

impl<'s> Lessons<'s> {
    /// Nobody has learnt anything of it yet.
    pub fn of(source: &'s Source<'_>) -> Self {
        let pieces = source.pieces();
        let search =
            if pieces.is_some() { Search::new(&spelled_pieces(), is_secret_name) } else { None };
        Self { source, search, pieces: pieces.unwrap_or_default(), next: AtomicUsize::new(0) }
    }

    fn next(&self) -> Option<Lesson<'s>> {
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        match self.pieces.get(place) {
            Some(piece) => Some(Lesson::Piece(piece)),
            None if place == 0 => Some(Lesson::Whole),
            None => None,
        }
    }
}

/// The value of `{ name = "DB_PASSWORD", value = "…" }`, as containers are given their environment.
fn named_value(members: &std::collections::BTreeMap<String, Value>) -> Option<&Value> {
    let value = members.get("value").or_else(|| members.get("Value"))?;
    let names = ["name", "key", "Name", "Key"].into_iter().filter_map(|name| members.get(name));
    names.filter_map(Value::as_text).any(is_secret_name).then_some(value)
}
