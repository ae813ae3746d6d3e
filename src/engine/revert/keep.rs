//! New values of data sources that need not be let in: the good ones are still there.
//!
//! A data source may say something else today. Planning the good configuration would then write
//! that, though it was not asked for and the object has its good value. Such an attribute is left
//! alone, by `ignore_changes` in the private copy. That holds for a block, and so for all of its
//! instances, wherever its module is called. It is done only if none of them would lose anything
//! else by it. Attributes are taken whole: ignoring one key of a map would hide the others.

use std::collections::{BTreeMap, BTreeSet};

use super::reasons::ReasonJudge;
use super::{RevertFacts, by_slot, shown_address};
use crate::codec::json;
use crate::engine::compare::{differences, is_equal, shadow_paths, without_types};
use crate::engine::judgement::Why;
use crate::engine::redact::Redactor;
use crate::model::address::Address;
use crate::model::configuration::BundlePath;
use crate::model::plan::{Action, PlannedChange};
use crate::model::state::Instance;
use crate::model::value::{Path, Step, Value};

/// A resource block by the directory of its module and `type.name`.
pub type KeptBlock = (BundlePath, String);

/// Attributes of an object that keep their good values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptInput {
    /// The object.
    pub address: String,
    /// The block that it comes from.
    pub block: KeptBlock,
    /// The attributes.
    pub attributes: BTreeSet<String>,
    /// Clause without values that names the data sources that say something else today.
    pub why: String,
}

/// Questions to the caller.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Finds the block of an object; nothing if it is unknown where that is written down.
    pub block: &'a dyn Fn(&Address) -> Option<KeptBlock>,
    /// Whether the new value is wanted for the object of this name.
    pub is_let_in: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask").finish_non_exhaustive()
    }
}

/// One object that would change, attribute by attribute.
struct Changing {
    kept: KeptInput,
    /// Attributes that have to be written.
    written: BTreeSet<String>,
}

/// Attributes of the plan's actions that are better left alone.
pub fn keep(facts: &RevertFacts<'_>, redactor: &Redactor, ask: Ask<'_>) -> Vec<KeptInput> {
    let judge = ReasonJudge::new(facts, redactor);
    let good = by_slot(facts.good.state);
    let changing: Vec<Changing> = facts
        .plan
        .effective()
        .filter(|change| change.deposed.is_none())
        .filter(|change| change.action == Action::Update || change.action.replaces())
        .filter_map(|change| {
            let block = (ask.block)(&change.address)?;
            let good = good.get(&(&change.address, None)).copied();
            Some(changed(&judge, change, good, block, ask.is_let_in))
        })
        .collect();
    let mut written: BTreeMap<KeptBlock, BTreeSet<String>> = BTreeMap::new();
    for one in &changing {
        written.entry(one.kept.block.clone()).or_default().extend(one.written.iter().cloned());
    }
    let without = |Changing { mut kept, .. }: Changing| {
        let written = written.get(&kept.block);
        kept.attributes.retain(|name| written.is_none_or(|written| !written.contains(name)));
        (!kept.attributes.is_empty()).then_some(kept)
    };
    changing.into_iter().filter_map(without).collect()
}

/// Sorts the attributes that would change into those that can be kept and those that cannot.
fn changed<'a>(
    judge: &ReasonJudge<'a>,
    change: &'a PlannedChange,
    good: Option<&Instance<'_>>,
    block: KeptBlock,
    is_let_in: &dyn Fn(&str) -> bool,
) -> Changing {
    let then = good.and_then(|good| json::raw_value(good.attributes).ok());
    let then = without_types(then.unwrap_or(Value::Null), Some(&change.before));
    let mut moved = BTreeSet::new();
    let mut clauses = BTreeSet::new();
    for reason in judge.reasons(change) {
        if reason.why == Why::MovedInput {
            moved.extend(reason.paths);
            clauses.insert(reason.cause);
        }
    }
    let address = shown_address(change);
    let is_free = !is_let_in(&address);
    let mut open = Vec::new();
    shadow_paths(&Path::default(), &change.after_unknown, &mut open);
    open.retain(|path| judge.inputs().is_written(&change.address, path));
    let known = differences(&change.before, &change.after).into_iter().map(|d| d.path);
    let known = known.filter(|path| judge.inputs().is_written(&change.address, path));
    let (mut kept, mut written) = (BTreeSet::new(), BTreeSet::new());
    for path in known.chain(open) {
        let Some(Step::Name(name)) = path.0.first() else { continue };
        let whole = Path(vec![Step::Name(name.clone())]);
        let is_good = is_equal(change.before.at(&whole), then.at(&whole));
        let is_kept = is_free && is_good && moved.contains(&path);
        if is_kept { &mut kept } else { &mut written }.insert(name.clone());
    }
    let why = clauses.into_iter().collect::<Vec<_>>().join("; ");
    Changing { kept: KeptInput { address, block, attributes: kept, why }, written }
}
