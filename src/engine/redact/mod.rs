//! Which values may be shown.
//!
//! A value is hidden by its place and by what it is. Its place is secret by Terraform's own marks
//! and by names that speak for themselves. A value that a provider's schema calls sensitive is
//! among the marks: Terraform records it in `sensitive_attributes` (measured with 1.11.4). And a
//! secret value of six bytes or more is hidden wherever else it occurs, in clear or encoded.
//! Terraform repeats sensitive inputs in outputs that it does not mark (measured with 1.11.4:
//! `terraform_data.output`). A [`Redactor`] only learns; it never forgets. A `fingerprint` is told
//! instead of a value. Secrets are not found by looking at values: a password under a harmless name
//! without a mark is shown.

mod fingerprint;
mod known;
mod learn;
mod names;
mod views;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use self::fingerprint::Prints;
use self::known::KnownSecrets;
use self::names::{ends_in_secret, may_hold_any, says};
use super::compare::Difference;
use crate::codec::json;
use crate::model::address::{Address, InstanceKey, ModuleStep};
use crate::model::state::Instance;
use crate::model::value::{Path, Step, Value};

pub use self::fingerprint::{Fingerprint, FingerprintKey, FingerprintScope};
pub use self::names::is_secret_name;

/// A value as a person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Null, or not there.
    Absent,
    /// In clear.
    Plain(Value),
    /// Hidden: it is there, and at most its fingerprint is told.
    Sensitive(Option<Fingerprint>),
}

impl Shown {
    /// Whether it is there and hidden.
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Self::Sensitive(_))
    }
}

/// Replacement for a secret in free text.
const HIDDEN: &str = "(sensitive)";

/// Values that must not be shown, learnt from states and plans. `Debug` tells their number only.
#[derive(Clone, Default)]
pub struct Redactor {
    known: KnownSecrets,
    prints: Option<Prints>,
    clear: RefCell<Clear>,
}

/// Short texts in which nothing secret stands. The same few names and tags are asked about again
/// and again.
#[derive(Clone, Default)]
struct Clear {
    /// Number of values that were known then: after more are learnt, texts are looked through
    /// again.
    known: usize,
    texts: BTreeSet<Box<str>>,
}

/// How long such a text is at most, and how many are kept.
const CLEAR_BYTES_MAX: usize = 64;
const CLEAR_MAX: usize = 16_384;

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} values)", self.known.len())
    }
}

impl Redactor {
    /// Tells changes of secrets of `stack` by fingerprints.
    #[must_use]
    pub fn with_fingerprints(mut self, key: FingerprintKey, stack: &str) -> Self {
        self.prints = Some(Prints { key, stack: stack.to_owned() });
        self
    }

    /// The value at `path` as a person may see it, without a fingerprint. `marks` are the paths
    /// that Terraform marks.
    pub fn show(&self, path: &Path, value: Option<&Value>, marks: &[Path]) -> Shown {
        match value {
            None | Some(Value::Null) => Shown::Absent,
            Some(value) if self.has_secret(path, value, marks) => Shown::Sensitive(None),
            Some(value) => Shown::Plain(value.clone()),
        }
    }

    /// The same with a fingerprint: `owner` is the address or the output that the value belongs to.
    pub fn show_of(
        &self,
        owner: &str,
        path: &Path,
        value: Option<&Value>,
        marks: &[Path],
    ) -> Shown {
        match (self.show(path, value, marks), value, &self.prints) {
            (Shown::Sensitive(_), Some(value), Some(prints)) => {
                Shown::Sensitive(prints.of(owner, path, value))
            }
            (shown, _, _) => shown,
        }
    }

    /// Two values at one place. Two that are secret show whether they are the same.
    pub fn pair(
        &self,
        owner: &str,
        path: &Path,
        [before, after]: [Option<&Value>; 2],
        marks: &[Path],
    ) -> (Shown, Shown) {
        let show = |value| self.show_of(owner, path, value, marks);
        match (show(before), show(after)) {
            (Shown::Sensitive(Some(before)), Shown::Sensitive(Some(after))) => {
                let (before, after) = before.told_apart(after);
                (Shown::Sensitive(Some(before)), Shown::Sensitive(Some(after)))
            }
            shown => shown,
        }
    }

    /// A path as it may be shown. It ends where a mark begins, since the keys of a secret map are
    /// secret too. A key in which a secret value stands is blotted out. The first step is a name of
    /// the provider's schema and never a user's value.
    #[must_use]
    pub fn path(&self, path: &Path, marks: &[Path]) -> Path {
        let shown = marked_prefix(path, marks);
        let step = |(position, step): (usize, &Step)| match step {
            Step::Name(name) if position > 0 => Step::Name(self.text(name)),
            Step::Name(_) | Step::Index(_) | Step::Element(_) => step.clone(),
        };
        Path(shown.0.iter().enumerate().map(step).collect())
    }

    /// Differences at paths that can be recorded: one below a key in which a secret value stands is
    /// told of the map that has the key.
    pub fn without_secret_keys(
        &self,
        differences: Vec<Difference>,
        values: [&Value; 2],
    ) -> Vec<Difference> {
        let is_secret = |step: &Step| matches!(step, Step::Name(name) if self.is_in(name));
        drawn(differences, values, |path| {
            let named = path.0.iter().skip(1).take_while(|step| !is_secret(step));
            Path(path.0.iter().take(1).chain(named).cloned().collect())
        })
    }

    /// The id of an object, unless it is secret. It is an attribute like any other, and can be
    /// marked or hold what is marked elsewhere.
    pub fn id(&self, instance: &Instance<'_>) -> Option<String> {
        let id = Value::Text(instance.id.clone()?);
        let path = Path(vec![Step::Name("id".to_owned())]);
        let is_secret = self.show(&path, Some(&id), &instance.sensitive).is_sensitive();
        instance.id.clone().filter(|_| !is_secret)
    }

    /// An address as it may be shown: instance keys in which a secret value stands are blotted out.
    #[must_use]
    pub fn address(&self, address: &Address) -> Address {
        let key = |key: &Option<InstanceKey>| match key {
            Some(InstanceKey::Name(name)) => Some(InstanceKey::Name(self.text(name))),
            Some(InstanceKey::Index(_)) | None => key.clone(),
        };
        let step = |step: &ModuleStep| ModuleStep { key: key(&step.key), ..step.clone() };
        let module = address.module.iter().map(step).collect();
        Address { module, key: key(&address.key), ..address.clone() }
    }

    /// Whether anything in `value`, at `path`, must be hidden.
    fn has_secret(&self, path: &Path, value: &Value, marks: &[Path]) -> bool {
        if is_marked(path, marks) {
            return *value != Value::Null;
        }
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => is_named(path, value) || self.known.is(number.as_str()),
            Value::Text(text) => {
                is_named(path, value)
                    || self.is_in(text)
                    || inside_json(text).is_some_and(|inside| self.has_secret(path, &inside, &[]))
            }
            Value::List(items) => items
                .iter()
                .enumerate()
                .any(|(index, item)| self.has_secret(&path.then(Step::Index(index)), item, marks)),
            Value::Map(members) => members.iter().any(|(name, member)| {
                self.is_in(name)
                    || self.has_secret(&path.then(Step::Name(name.clone())), member, marks)
            }),
        }
    }

    fn is_in(&self, text: &str) -> bool {
        !self.places(text).is_empty()
    }

    /// Places of known values in a text.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        if !(known::BYTES_MIN..=CLEAR_BYTES_MAX).contains(&text.len()) {
            return views::places(&self.known, text);
        }
        let mut clear = self.clear.borrow_mut();
        if clear.known != self.known.len() {
            *clear = Clear { known: self.known.len(), texts: BTreeSet::new() };
        }
        if clear.texts.contains(text) {
            return Vec::new();
        }
        let places = views::places(&self.known, text);
        if places.is_empty() && clear.texts.len() < CLEAR_MAX {
            clear.texts.insert(text.into());
        }
        places
    }

    /// Free text, such as an error of a provider, with every secret value blotted out, also where
    /// it stands encoded.
    pub fn text(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for place in self.places(text).into_iter().rev() {
            shown.replace_range(place, HIDDEN);
        }
        shown
    }
}

/// Differences, with those below a mark drawn together: apart, they would tell which keys a secret
/// has, and how many of them changed.
pub fn drawn_together(
    differences: Vec<Difference>,
    values: [&Value; 2],
    marks: &[Path],
) -> Vec<Difference> {
    drawn(differences, values, |path| marked_prefix(path, marks))
}

/// Draws differences together at the paths that `up` says.
fn drawn(
    differences: Vec<Difference>,
    [before, after]: [&Value; 2],
    up: impl Fn(&Path) -> Path,
) -> Vec<Difference> {
    let mut drawn: Vec<Difference> = Vec::with_capacity(differences.len());
    for difference in differences {
        let path = up(&difference.path);
        if path == difference.path {
            drawn.push(difference);
        } else if !drawn.iter().any(|known| known.path == path) {
            let at = |value: &Value| value.at(&path).cloned();
            drawn.push(Difference { before: at(before), after: at(after), path });
        }
    }
    drawn
}

/// The path down to where a mark begins; the whole path when none covers it.
fn marked_prefix(path: &Path, marks: &[Path]) -> Path {
    let prefixes =
        (1..=path.0.len()).map(|length| Path(path.0.iter().take(length).cloned().collect()));
    let mut marked = prefixes.filter(|prefix| is_marked(prefix, marks));
    marked.next().unwrap_or_else(|| path.clone())
}

/// Whether Terraform marks the value at `path`.
fn is_marked(path: &Path, marks: &[Path]) -> bool {
    if path.0.is_empty() || marks.is_empty() {
        return false;
    }
    if marks.iter().any(|mark| mark.covers(path)) {
        return true;
    }
    // A dynamically typed attribute lies one level deeper in the state than in Terraform's marks:
    // `input.password` is written as `input.value.password`.
    let is_wrapper = |(position, step): &(usize, &Step)| {
        *position > 0 && matches!(step, Step::Name(name) if name == "value")
    };
    let steps = || path.0.iter().enumerate();
    if !steps().any(|step| is_wrapper(&step)) {
        return false;
    }
    let unwrapped = Path(steps().filter(|s| !is_wrapper(s)).map(|(_, s)| s.clone()).collect());
    marks.iter().any(|mark| mark.covers(&unwrapped))
}

/// Whether a name on the way to an unmarked value says that it is secret. A boolean never is, and
/// neither is a small number that is a property of a secret.
fn is_named(path: &Path, value: &Value) -> bool {
    let Some(own) = path.last_name() else { return false };
    let is_above = || {
        path.0.iter().any(|step| matches!(step, Step::Name(name) if says(name).is_secret))
            && !says(own).is_reference
    };
    match value {
        Value::Number(number) if number.as_str().len() < known::BYTES_MIN => {
            says(own).is_secret && ends_in_secret(own)
        }
        Value::Text(_) | Value::Number(_) => says(own).is_secret || is_above(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => false,
    }
}

/// The value of a text that is a JSON document in which a name may be secret.
fn inside_json(text: &str) -> Option<Value> {
    let is_document = text.trim_start().starts_with(['{', '[']) && may_hold_any(text);
    is_document.then(|| json::value(text).ok()).flatten()
}

#[cfg(test)]
mod tests;
