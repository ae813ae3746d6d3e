//! Differences that say nothing, and so are no reason of an action and no drift.
//!
//! They are those that a diff hides, but only where both sides mean the same: a rule that hides a
//! value which moves on its own ends no question of a revert.

use std::collections::BTreeSet;

use crate::engine::compare::Difference;
use crate::engine::drift::marks;
use crate::engine::noise::Noise;
use crate::engine::readable::{AttributeChange, Insignificant, Reader, Rules, noise_rules};
use crate::engine::redact::Redactor;
use crate::knowledge::Knowledge;
use crate::model::address::{Address, ProviderSource};
use crate::model::drift::KnownDrift;
use crate::model::value::{Path, Value};

/// Finds differences that say nothing.
#[derive(Clone, Copy)]
pub(super) struct QuietDifferences<'a> {
    pub(super) knowledge: &'a Knowledge,
    pub(super) redactor: &'a Redactor,
}

impl QuietDifferences<'_> {
    /// The places of such differences between two versions of an object.
    pub(super) fn places(
        &self,
        address: &Address,
        provider: &ProviderSource,
        [before, after]: [&Value; 2],
    ) -> Vec<Path> {
        if *before == Value::Null || *after == Value::Null {
            return Vec::new();
        }
        let rules = self.knowledge.noise(provider, &address.kind);
        let rules = rules.filter(|rule| rule.kind.keeps_meaning());
        let rules = noise_rules(Noise::new(rules, before, after));
        let reader = self.reader(&rules, Insignificant::Hidden, &[]);
        reader.between(&Path::default(), Some(before), Some(after)).quiet_places()
    }

    /// The changes of drift on record, under the names of a diff. Of a fix nothing is left out: a
    /// person meant it.
    pub(super) fn changes(&self, known: &KnownDrift) -> Vec<AttributeChange> {
        let object = &known.object;
        let rules = self.knowledge.noise(&object.provider, &object.address.kind);
        let rules = rules.filter(|rule| known.fix.is_none() && rule.kind.keeps_meaning());
        let rules = noise_rules(Noise::new(rules, &object.before, &object.after));
        let insignificant = match known.fix {
            Some(_) => Insignificant::Shown,
            None => Insignificant::Hidden,
        };
        let marks = marks(object);
        let reader = self.reader(&rules, insignificant, &marks);
        let found = reader.between(&Path::default(), Some(&object.before), Some(&object.after));
        let quiet = found.quiet_places();
        let mut changes = Vec::new();
        for path in &known.item.paths {
            let list = path.whole_list();
            let near = found.changes.iter().filter(|change| change.is_near(&list));
            let counted = changes.len();
            changes.extend(near.cloned());
            // Nothing else says what an older check recorded there.
            if changes.len() == counted && !quiet.iter().any(|quiet| quiet.covers(path)) {
                let difference = Difference { path: path.clone(), before: None, after: None };
                let plain = AttributeChange::of(self.redactor, "", difference, &marks);
                changes.push(AttributeChange { at: (None, Some(path.clone())), ..plain });
            }
        }
        let mut seen = BTreeSet::new();
        changes.retain(|change| seen.insert((change.path.clone(), change.at.clone())));
        changes
    }

    fn reader<'r>(
        &'r self,
        rules: &'r Rules<'r>,
        insignificant: Insignificant,
        marks: &'r [Path],
    ) -> Reader<'r> {
        Reader { redactor: self.redactor, owner: "", marks, rules, insignificant }
    }
}
