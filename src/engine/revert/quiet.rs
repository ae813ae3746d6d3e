//! Differences that say nothing, and so are no reason of an action and no drift.
//!
//! They are those that a diff hides, but only where both sides mean the same: a rule that hides a
//! value which moves on its own ends no question of a revert.

use crate::engine::noise::Noise;
use crate::engine::readable::{Insignificant, Reader, noise_rules};
use crate::engine::redact::Redactor;
use crate::knowledge::Knowledge;
use crate::model::address::{Address, ProviderSource};
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
        let reader = Reader {
            redactor: self.redactor,
            owner: "",
            marks: &[],
            rules: &rules,
            insignificant: Insignificant::Hidden,
        };
        reader.between(&Path::default(), Some(before), Some(after)).quiet_places()
    }
}
