//! Which values may be shown.
//!
//! A value is hidden by its path (Terraform's own marks, and names that speak for themselves) and
//! by what it is: a marked value of six bytes or more is hidden wherever else it occurs, because
//! Terraform repeats sensitive inputs in outputs that it does not mark (measured with 1.11.4:
//! `terraform_data.output`). A [`Redactor`] only learns; it never forgets a mark.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::codec::json;
use crate::model::drift::DriftedObject;
use crate::model::plan::Plan;
use crate::model::state::State;
use crate::model::value::{Path, Step, Value};

/// Shorter marked values are hidden by path only: they would blank half of every screen.
const BYTES_MIN: usize = 6;

/// Parts of attribute names that mark a value as secret whatever Terraform says.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "private_key",
    "api_key",
    "credential",
    "access_key",
];

/// A value as a person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Null, or not there.
    Absent,
    /// In clear.
    Plain(Value),
    /// Hidden: it is there, and that is all that is said.
    Sensitive,
}

/// What a secret is replaced with in free text.
const HIDDEN: &str = "(sensitive)";

/// What must not be shown, learnt from states and plans. `Debug` says how much, and not what.
#[derive(Clone, Default)]
pub struct Redactor {
    values: BTreeSet<String>,
    finder: OnceLock<Finder>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} values)", self.values.len())
    }
}

/// How much of a value is searched for; the rest is compared where that much is found. Private keys
/// would make an automaton that is many times as large as they are.
const ANCHOR_BYTES: usize = 16;

/// Finds every known value in a text at once.
#[derive(Clone)]
struct Finder {
    /// `None` when there are more than can be searched for: then every text is hidden.
    anchors: Option<AhoCorasick>,
    /// The values that begin with each anchor.
    values: Vec<Vec<String>>,
}

impl Finder {
    fn new(values: &BTreeSet<String>) -> Self {
        // A message may quote a value as JSON does.
        let escaped = values.iter().map(|value| {
            let quoted = serde_json::Value::from(value.as_str()).to_string();
            let inside = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            inside.unwrap_or(&quoted).to_owned()
        });
        let mut by_anchor: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for value in values.iter().cloned().chain(escaped) {
            let (anchor, _) = value.split_at(value.floor_char_boundary(ANCHOR_BYTES));
            by_anchor.entry(anchor.to_owned()).or_default().insert(value);
        }
        Self {
            anchors: AhoCorasick::new(by_anchor.keys()).ok(),
            values: by_anchor.into_values().map(|values| values.into_iter().collect()).collect(),
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let Some(anchors) = &self.anchors else { return true };
        // Hardly any text has even an anchor, and asking only that is much faster.
        anchors.is_match(text) && self.found(anchors, text).next().is_some()
    }

    /// Every place of every value, those that overlap included.
    fn found(&self, anchors: &AhoCorasick, text: &str) -> impl Iterator<Item = Range<usize>> {
        anchors.find_overlapping_iter(text).flat_map(move |anchor| {
            let rest = text.get(anchor.start()..).unwrap_or_default();
            let values = self.values.get(anchor.pattern().as_usize()).into_iter().flatten();
            let there = values.filter(move |value| rest.starts_with(value.as_str()));
            there.map(move |value| anchor.start()..anchor.start() + value.len())
        })
    }

    /// Where values stand, joined where they overlap: of two that share a piece nothing is left.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let Some(anchors) = &self.anchors else { return std::iter::once(0..text.len()).collect() };
        let mut places: Vec<Range<usize>> = self.found(anchors, text).collect();
        places.sort_by_key(|place| place.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for place in places {
            match joined.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                Some(_) | None => joined.push(place),
            }
        }
        joined
    }
}

impl Redactor {
    /// Learns the marked values of a state.
    #[must_use]
    pub fn with_state(mut self, state: &State<'_>) -> Self {
        for output in state.outputs.iter().filter(|output| output.sensitive) {
            if let Ok(value) = json::raw_value(output.value) {
                self.learn(&value);
            }
        }
        for instance in &state.instances {
            if let Ok(value) = json::raw_value(instance.attributes) {
                self.learn_marked(&mut Path::default(), &value, &instance.sensitive);
            }
        }
        self
    }

    /// Learns the marked values of a plan.
    #[must_use]
    pub fn with_plan(mut self, plan: &Plan) -> Self {
        for change in plan.changes.iter().chain(&plan.drift) {
            self.learn_shadow(&change.before, &change.before_sensitive);
            self.learn_shadow(&change.after, &change.after_sensitive);
        }
        for output in &plan.outputs {
            self.learn_shadow(&output.before, &output.before_sensitive);
            self.learn_shadow(&output.after, &output.after_sensitive);
        }
        for read in &plan.reads {
            self.learn_shadow(&read.values, &read.sensitive);
        }
        self
    }

    /// Learns the marked values of drift.
    #[must_use]
    pub fn with_drift<'a>(mut self, objects: impl IntoIterator<Item = &'a DriftedObject>) -> Self {
        for object in objects {
            self.learn_shadow(&object.before, &object.before_sensitive);
            self.learn_shadow(&object.after, &object.after_sensitive);
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
            Value::Text(text) => self.learn_text(text),
            Value::List(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Map(members) => members.values().for_each(|member| self.learn(member)),
        }
    }

    fn learn_text(&mut self, text: &str) {
        for line in std::iter::once(text).chain(text.lines()) {
            let line = line.trim();
            if line.len() >= BYTES_MIN {
                self.values.insert(line.to_owned());
                self.finder = OnceLock::new();
            }
        }
    }

    /// `path` is where `value` stands; it comes back as it was.
    fn learn_marked(&mut self, path: &mut Path, value: &Value, marks: &[Path]) {
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
                for (name, member) in members {
                    path.0.push(Step::Name(name.clone()));
                    self.learn_marked(path, member, marks);
                    path.0.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
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

    /// The value at `path` as a person may see it. `marks` are the paths that Terraform marks.
    pub fn show(&self, path: &Path, value: Option<&Value>, marks: &[Path]) -> Shown {
        match value {
            None | Some(Value::Null) => Shown::Absent,
            Some(_) if is_marked(path, marks) => Shown::Sensitive,
            Some(value) if self.has_secret(path, value, marks) => Shown::Sensitive,
            Some(value) => Shown::Plain(value.clone()),
        }
    }

    /// Whether anything in `value`, at `path`, must be hidden.
    fn has_secret(&self, path: &Path, value: &Value, marks: &[Path]) -> bool {
        if is_marked(path, marks) {
            return true;
        }
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.values.contains(number.as_str()),
            Value::Text(text) => self.finder().is_in(text),
            Value::List(items) => items
                .iter()
                .enumerate()
                .any(|(index, item)| self.has_secret(&path.then(Step::Index(index)), item, marks)),
            Value::Map(members) => members.iter().any(|(name, member)| {
                self.has_secret(&path.then(Step::Name(name.clone())), member, marks)
            }),
        }
    }

    /// Free text, such as an error of a provider, with every marked value blotted out.
    pub fn text(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for place in self.finder().places(text).into_iter().rev() {
            shown.replace_range(place, HIDDEN);
        }
        shown
    }

    /// Built when it is first needed: learning goes state by state.
    fn finder(&self) -> &Finder {
        self.finder.get_or_init(|| Finder::new(&self.values))
    }
}

/// Whether the value at `path` is secret by its place.
fn is_marked(path: &Path, marks: &[Path]) -> bool {
    if path.0.is_empty() {
        return false;
    }
    if path.last_name().is_some_and(is_secret_name) || marks.iter().any(|mark| mark.covers(path)) {
        return true;
    }
    // A dynamically typed attribute lies one level deeper in the state than in Terraform's marks:
    // `input.password` is written as `input.value.password`.
    let is_wrapper = |step: &Step| matches!(step, Step::Name(name) if name == "value");
    if marks.is_empty() || !path.0.iter().any(is_wrapper) {
        return false;
    }
    let unwrapped = Path(path.0.iter().filter(|step| !is_wrapper(step)).cloned().collect());
    marks.iter().any(|mark| mark.covers(&unwrapped))
}

/// Whether a name says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    let plain = |byte: &u8| if *byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    SECRET_NAMES.iter().any(|secret| {
        let mut windows = name.as_bytes().windows(secret.len());
        windows.any(|window| window.iter().map(plain).eq(secret.bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::state;
    use crate::model::state::StateBytes;

    const STATE: &str = r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l",
      "outputs":{"o":{"value":{"k":"output-secret"},"type":"string","sensitive":true}},
      "resources":[{"mode":"managed","type":"terraform_data","name":"a",
      "provider":"provider[\"terraform.io/builtin/terraform\"]","instances":[{"attributes":
        {"id":"1","input":{"value":{"pw":"hunter22","n":1234567},"type":"string"},
         "output":{"value":{"pw":"hunter22"},"type":"string"}},
      "sensitive_attributes":[[{"type":"get_attr","value":"input"}]]}]}]}"#;

    fn redactor() -> Redactor {
        let bytes = StateBytes::new(STATE.as_bytes().to_vec());
        Redactor::default().with_state(&state::parse(&bytes).unwrap())
    }

    fn path(names: &[&str]) -> Path {
        Path(names.iter().map(|name| Step::Name((*name).to_owned())).collect())
    }

    fn learnt(secrets: &[&str]) -> Redactor {
        let secrets: Vec<Value> =
            secrets.iter().map(|secret| Value::Text((*secret).to_owned())).collect();
        Redactor::default().with_values(&secrets)
    }

    #[test]
    fn a_marked_value_is_hidden_wherever_else_it_occurs() {
        let redactor = redactor();
        let text = |text: &str| Value::Text(text.to_owned());
        for hidden in ["hunter22", "x=hunter22;", "output-secret"] {
            let shown = redactor.show(&path(&["output", "value"]), Some(&text(hidden)), &[]);
            assert_eq!(shown, Shown::Sensitive, "{hidden}");
        }
        let number = json::value("1234567").unwrap();
        assert_eq!(redactor.show(&path(&["port"]), Some(&number), &[]), Shown::Sensitive);
        let plain = text("hunter");
        assert_eq!(redactor.show(&path(&["a"]), Some(&plain), &[]), Shown::Plain(plain.clone()));
        assert_eq!(redactor.text("error: hunter22 is wrong"), "error: (sensitive) is wrong");
    }

    #[test]
    fn paths_and_names_hide_whatever_the_value_is() {
        let redactor = Redactor::default();
        let value = Value::Bool(true);
        let marks = [path(&["input", "flag"])];
        for hidden in [&["input", "value", "flag"][..], &["input", "flag", "x"], &["db_password"]] {
            assert_eq!(redactor.show(&path(hidden), Some(&value), &marks), Shown::Sensitive);
        }
        assert_eq!(redactor.show(&path(&["secret"]), None, &marks), Shown::Absent);
    }

    #[test]
    fn a_composite_with_a_secret_inside_is_hidden_as_a_whole() {
        let value = json::value(r#"{"a":[{"token":"x"}]}"#).unwrap();
        let shown = Redactor::default().show(&path(&["block"]), Some(&value), &[]);
        assert_eq!(shown, Shown::Sensitive);
    }

    #[test]
    fn values_that_overlap_leave_no_piece_of_either() {
        let redactor = learnt(&["abcdefgh", "efghijkl", "cdefgh", "kl-é-mn"]);
        for (text, expected) in [
            ("x abcdefghijkl y", "x (sensitive) y"),
            ("abcdefghijkl-é-mno", "(sensitive)o"),
            ("abcdefgh efghijkl", "(sensitive) (sensitive)"),
            ("abcdefg", "abcdefg"),
            ("", ""),
        ] {
            assert_eq!(redactor.text(text), expected);
        }
    }

    #[test]
    fn long_values_with_one_beginning_are_told_apart_and_found_whole() {
        let key = |end: &str| format!("-----BEGIN PRIVATE KEY-----{end}");
        let redactor = learnt(&[&*key("aaa"), &*key("aaabbb")]);
        for (text, expected) in [
            (key("aaabbbc"), "(sensitive)c".to_owned()),
            (key("aaac"), "(sensitive)c".to_owned()),
            (key("bbb"), key("bbb")),
            (format!("éé {} é", key("aaa")), "éé (sensitive) é".to_owned()),
        ] {
            assert_eq!(redactor.text(&text), expected);
        }
        // An anchor never ends inside of a character.
        let wide = learnt(&["aaaaaaaaaaaaaaaé-rest"]);
        assert_eq!(wide.text("x aaaaaaaaaaaaaaaé-rest"), "x (sensitive)");
        assert_eq!(wide.text("aaaaaaaaaaaaaaaé"), "aaaaaaaaaaaaaaaé");
    }

    #[test]
    fn a_value_is_found_as_json_quotes_it_and_line_by_line() {
        let redactor = learnt(&["first \"line\"\n  second line\n1"]);
        for text in ["first \"line\"", r#"first \"line\""#, "at: second line"] {
            let shown = redactor.text(text);
            assert!(shown.contains(HIDDEN), "{shown}");
            let value = Value::Text(text.to_owned());
            assert_eq!(redactor.show(&path(&["a"]), Some(&value), &[]), Shown::Sensitive);
        }
        assert_eq!(redactor.text("1"), "1", "a short line is no secret of its own");
    }

    #[test]
    fn what_is_learnt_later_is_hidden_too_and_debug_shows_nothing() {
        let first = learnt(&["hunter22"]);
        assert_eq!(first.text("hunter22 hunter33"), "(sensitive) hunter33");
        let second = first.clone().with_values(&[Value::Text("hunter33".to_owned())]);
        assert_eq!(second.text("hunter22 hunter33"), "(sensitive) (sensitive)");
        assert_eq!(first.text("hunter33"), "hunter33");
        assert_eq!(format!("{second:?}"), "Redactor(2 values)");
    }

    #[test]
    fn names_speak_for_themselves_in_any_spelling() {
        for name in ["password", "DB_PASSWORD", "x-api-key", "clientSecret", "Access-Key_id"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["", "key", "pass", "api key", "tokn"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
