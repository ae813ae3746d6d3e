//! Good objects that had to be made anew, and the values that others take from them: the id of the
//! old one stands for the id of the new one.
//!
//! A value is carried over only into an object that depends on the one it is from, as the state
//! tells. A text inside another one is replaced from [`EMBEDDED_MIN`] bytes on; shorter ones count
//! as a whole only. Nothing is judged here.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use super::pair::VerifiedPair;
use crate::codec::json;
use crate::engine::compare::differences;
use crate::model::state::Instance;
use crate::model::value::Value;

/// How long a text is at least that is looked for inside others.
pub(super) const EMBEDDED_MIN: usize = 8;

/// New values that stand for old ones since objects were made anew.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// By the old value: the block that it is from, and the new value.
    whole: BTreeMap<String, Vec<(String, Value)>>,
    /// Texts that may stand inside others: old, new, and the block.
    texts: Vec<(String, String, String)>,
    inside: Option<AhoCorasick>,
    /// The blocks of objects that were made anew.
    pub(super) blocks: BTreeSet<String>,
}

impl Carried {
    /// Learns from the objects that were made anew: values that the provider gave the old one, and
    /// those that it gives the new one.
    pub(super) fn of<'p, 'a: 'p>(pairs: impl IntoIterator<Item = &'p VerifiedPair<'a>>) -> Self {
        let mut carried = Self::default();
        for pair in pairs.into_iter().filter(|pair| pair.is_anew) {
            let block = pair.address.block();
            for difference in differences(&pair.then, &pair.is) {
                if let (Some(old), Some(new)) = (difference.before, difference.after)
                    && !pair.writes(&difference.path)
                {
                    carried.add(&block, &old, new);
                }
            }
            carried.blocks.insert(block);
        }
        let olds: Vec<&str> = carried.texts.iter().map(|(old, _, _)| old.as_str()).collect();
        let mut builder = AhoCorasick::builder();
        carried.inside = builder.match_kind(MatchKind::LeftmostLongest).build(olds).ok();
        carried
    }

    fn add(&mut self, block: &str, old: &Value, new: Value) {
        match (old, &new) {
            (Value::Text(old), Value::Text(new)) if old.len() >= EMBEDDED_MIN => {
                self.texts.push((old.clone(), new.clone(), block.to_owned()));
            }
            (Value::Text(_), Value::Text(_)) | (Value::Number(_), Value::Number(_)) => {}
            // That something is switched on tells nobody where it is from.
            _ => return,
        }
        self.whole.entry(key(old)).or_default().push((block.to_owned(), new));
    }

    /// Whether anything was made anew.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Carries over a value of an object with these dependencies: old values in it become the new
    /// ones.
    pub(super) fn over(&self, value: &Value, dependencies: &BTreeSet<&str>) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) => self.whole(value, dependencies).unwrap_or_else(|| value.clone()),
            Value::Text(text) => self
                .whole(value, dependencies)
                .unwrap_or_else(|| Value::Text(self.text(text, dependencies))),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.over(item, dependencies)).collect())
            }
            Value::Map(members) => {
                let over = |(name, member): (&String, &Value)| {
                    (self.text(name, dependencies), self.over(member, dependencies))
                };
                Value::Map(members.iter().map(over).collect())
            }
        }
    }

    fn whole(&self, value: &Value, dependencies: &BTreeSet<&str>) -> Option<Value> {
        let known = self.whole.get(&key(value))?;
        let is_from = |(block, _): &&(String, Value)| dependencies.contains(block.as_str());
        known.iter().find(is_from).map(|(_, new)| new.clone())
    }

    fn text(&self, text: &str, dependencies: &BTreeSet<&str>) -> String {
        let Some(inside) = self.inside.as_ref().filter(|_| text.len() >= EMBEDDED_MIN) else {
            return text.to_owned();
        };
        let mut over = String::with_capacity(text.len());
        let mut end = 0;
        for found in inside.find_iter(text) {
            let old = text.get(found.range()).unwrap_or_default();
            let known = self.whole.get(&key(&Value::Text(old.to_owned())));
            let is_from = |(block, _): &&(String, Value)| dependencies.contains(block.as_str());
            let new = known.and_then(|known| known.iter().find(is_from));
            over.push_str(text.get(end..found.start()).unwrap_or_default());
            over.push_str(new.and_then(|(_, new)| new.as_text()).unwrap_or(old));
            end = found.end();
        }
        over.push_str(text.get(end..).unwrap_or_default());
        over
    }
}

fn key(value: &Value) -> String {
    match value {
        Value::Number(number) => number.canonical_text(),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            json::to_serde(value).to_string()
        }
    }
}

/// The blocks that an object was made from, on either side.
pub(super) fn dependencies<'i>(good: &'i Instance<'_>, now: &'i Instance<'_>) -> BTreeSet<&'i str> {
    good.dependencies.iter().chain(&now.dependencies).map(AsRef::as_ref).collect()
}
