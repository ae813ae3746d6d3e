//! Effects that a revert cannot undo, its own and those of what was done before it.
//!
//! An object that bears data and was made anew starts empty. No plan takes back what a provisioner
//! ran. No state holds the value of a write-only argument. Each is listed, and none of them is a
//! difference: no revert could do better.

use std::collections::BTreeSet;

use super::VerifyFacts;
use super::pair::{Changes, VerifiedPair};
use crate::knowledge::Bears;
use crate::model::entry::NotUndone;
use crate::model::plan::{Action, PlannedChange};
use crate::model::value::{Path, Step};

/// By convention the name of every write-only argument ends with this.
const WRITE_ONLY: &str = "_wo";

/// Effects that are left as they are, in the order of addresses.
pub(super) fn not_undone<'p, 'f: 'p>(
    facts: &VerifyFacts<'f>,
    pairs: impl IntoIterator<Item = &'p VerifiedPair<'f>>,
    done: &Changes<'f>,
) -> Vec<NotUndone> {
    let mut found = BTreeSet::new();
    let mut say = |address: String, why: String| found.insert(NotUndone { address, why });
    for pair in pairs {
        let address = pair.address.to_string();
        if pair.is_anew {
            match facts.knowledge.bears_data(&pair.now.provider.source, &pair.address.kind) {
                Bears::Data(why) => {
                    say(address.clone(), format!("it was made anew and starts empty: {why}"));
                }
                Bears::Unknown => {
                    let why = "it was made anew; nobody knows whether the old one held data";
                    say(address.clone(), why.to_owned());
                }
                Bears::Nothing(_) => {}
            }
        }
        let is_touched = pair.is_anew
            || pair.good.attributes != pair.now.attributes
            || done.get(pair.address).is_some_and(|change| change.action.changes());
        for name in write_only(pair).filter(|_| is_touched) {
            let why = format!("what {name} was set to is in no state: nobody can compare it");
            say(address.clone(), why);
        }
    }
    for change in done.values().filter(|change| change.action.changes()) {
        if let Some(kinds) = provisioners(facts, change) {
            let why = if change.action == Action::Create {
                format!("its provisioners ({kinds}) ran once more")
            } else {
                format!("what its provisioners ({kinds}) ran is not taken back by a plan")
            };
            say(change.address.to_string(), why);
        }
    }
    found.into_iter().collect()
}

/// The write-only arguments that the configuration gives a value.
fn write_only<'p>(pair: &'p VerifiedPair<'_>) -> impl Iterator<Item = &'p str> {
    let names = pair.block.into_iter().flat_map(|block| block.attributes.keys());
    let is_absent = |name: &str| pair.is.at(&Path(vec![Step::Name(name.to_owned())])).is_none();
    names.map(String::as_str).filter(move |name| name.ends_with(WRITE_ONLY) && is_absent(name))
}

/// Kinds of the provisioners of an object that was made or destroyed, in the good configuration and
/// in any that has been applied since.
fn provisioners(facts: &VerifyFacts<'_>, change: &PlannedChange) -> Option<String> {
    let is_made_or_ended =
        change.action.destroys() || change.action.replaces() || change.action == Action::Create;
    let block = change.address.block();
    let configuration = facts.configuration;
    let all = std::iter::once(&configuration.good).chain(&configuration.since);
    let kinds: BTreeSet<&str> = all
        .filter_map(|resources| resources.get(&block))
        .flat_map(|resource| resource.provisioners.iter().map(String::as_str))
        .collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    (is_made_or_ended && !kinds.is_empty()).then(|| kinds.join(", "))
}
