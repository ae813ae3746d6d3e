//! Whether what objects refer to is there.
//!
//! Two things can be left over. An entry of `dependencies` may name a block that neither the state
//! nor the configuration knows. An attribute may name an object that is gone, because the revert
//! ended it or because another one was made in its place. An id shorter than [`EMBEDDED_MIN`] bytes
//! is not looked for, and neither is one inside a longer word. The states are gone through once,
//! whatever their size.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use super::VerifyFacts;
use super::pair::{Changes, VerifiedPair};
use super::recreated::EMBEDDED_MIN;
use crate::engine::revert::listed;
use crate::model::address::{Address, Mode};
use crate::model::plan::PlannedChange;
use crate::model::state::{Instance, State};
use crate::model::value::{Path, Step, Value};

/// Dependencies that name nothing, in clauses; those that the good state has as well are left out.
pub(super) fn unresolved(facts: &VerifyFacts<'_>) -> Vec<String> {
    let there: BTreeSet<String> =
        facts.now.instances.iter().map(|object| object.address.block()).collect();
    let known = named(facts.good);
    let mut clauses = BTreeSet::new();
    for object in &facts.now.instances {
        let block = object.address.block();
        for named in &object.dependencies {
            let is_as_it_was = || known.get(&block).is_some_and(|all| all.contains(named.as_ref()));
            if !there.contains(named.as_ref()) && !is_declared(facts, named) && !is_as_it_was() {
                clauses.insert(format!("{block} depends on {named}, which is not there"));
            }
        }
    }
    clauses.into_iter().collect()
}

/// Dependencies of the objects of each block.
fn named<'s>(state: &'s State<'_>) -> BTreeMap<String, BTreeSet<&'s str>> {
    let mut named: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for object in &state.instances {
        let all = named.entry(object.address.block()).or_default();
        all.extend(object.dependencies.iter().map(AsRef::as_ref));
    }
    named
}

/// Whether the configuration has the block: it can have no object, and a data source is read anew.
fn is_declared(facts: &VerifyFacts<'_>, block: &str) -> bool {
    let address: Option<Address> = block.parse().ok();
    address.is_some_and(|address| {
        address.mode == Mode::Data || facts.plan.references.block(&address).is_some()
    })
}

/// The ids of objects that are gone, and where they are found.
pub(super) struct GoneIds {
    /// The block in whose place another object was made; none for an object that the revert just
    /// ended.
    blocks: Vec<Option<String>>,
    ids: Option<AhoCorasick>,
}

impl GoneIds {
    /// Ids that `done` ended or that were replaced in a pair, unless an object has that id now.
    pub(super) fn of<'p, 'f: 'p>(
        facts: &VerifyFacts<'f>,
        both: impl IntoIterator<Item = &'p (&'f Instance<'f>, &'f Instance<'f>)>,
        done: &Changes<'f>,
    ) -> Self {
        let id_of = |change: &PlannedChange| {
            let is_ended = change.action.destroys();
            let id = change.before.get("id").and_then(Value::as_text);
            id.filter(|_| is_ended).map(str::to_owned)
        };
        let ended = done.values().filter_map(|change| Some((id_of(change)?, None)));
        let replaced = both.into_iter().filter_map(|(good, now)| {
            let id = good.id.clone()?;
            (good.id != now.id).then(|| (id, Some(good.address.block())))
        });
        let mut gone: BTreeMap<String, Option<String>> = ended.chain(replaced).collect();
        for object in &facts.now.instances {
            if let Some(id) = &object.id {
                gone.remove(id);
            }
        }
        gone.retain(|id, _| id.len() >= EMBEDDED_MIN);
        let (ids, blocks): (Vec<String>, Vec<Option<String>>) = gone.into_iter().unzip();
        let mut builder = AhoCorasick::builder();
        let search = builder.match_kind(MatchKind::LeftmostLongest).build(&ids);
        Self { blocks, ids: search.ok().filter(|_| !ids.is_empty()) }
    }

    /// Whether there is any reason to look into an object. Nearly always this is all that is done.
    pub(super) fn may_be_in(&self, object: &Instance<'_>) -> bool {
        self.ids.as_ref().is_some_and(|ids| ids.is_match(object.attributes.0))
    }

    /// Clause about an object that still names one that is gone.
    pub(super) fn said(&self, facts: &VerifyFacts<'_>, pair: &VerifiedPair<'_>) -> Option<String> {
        let ids = self.ids.as_ref()?;
        let mut found = Vec::new();
        walk(ids, &mut Path::default(), &pair.is, &mut found);
        let from = super::recreated::dependencies(pair.good, pair.now);
        let is_left = |(path, id): &(Path, usize)| {
            let Some(block) = self.blocks.get(*id).and_then(Option::as_ref) else {
                let then = pair.then.at(path).and_then(Value::as_text).unwrap_or_default();
                return !ids.find_iter(then).any(|found| found.pattern().as_usize() == *id);
            };
            // The good object says it too, of the old one: only what is a reference is wrong now.
            pair.writes(path) || from.contains(block.as_str())
        };
        let paths: BTreeSet<Path> = found
            .into_iter()
            .filter(is_left)
            .map(|(path, _)| facts.redactor.path(&path, &pair.now.sensitive))
            .collect();
        (!paths.is_empty()).then(|| {
            format!("{} still names an object that is gone, in {}", pair.address, listed(&paths))
        })
    }
}

/// The texts in which an id stands by itself.
fn walk(ids: &AhoCorasick, path: &mut Path, value: &Value, found: &mut Vec<(Path, usize)>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::Text(text) => {
            let whole = ids.find_iter(text).filter(|one| is_word(text, one.range()));
            found.extend(whole.map(|one| (path.clone(), one.pattern().as_usize())));
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.0.push(Step::Index(index));
                walk(ids, path, item, found);
                path.0.pop();
            }
        }
        Value::Map(members) => {
            for (name, member) in members {
                path.0.push(Step::Name(name.clone()));
                walk(ids, path, member, found);
                path.0.pop();
            }
        }
    }
}

/// Whether a place in a text is not a piece of a longer word.
fn is_word(text: &str, place: std::ops::Range<usize>) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let before = text.get(..place.start).and_then(|text| text.chars().next_back());
    let after = text.get(place.end..).and_then(|text| text.chars().next());
    !before.is_some_and(is_part) && !after.is_some_and(is_part)
}
