//! Which provider configurations lead to one place: one account, region or host.
//!
//! A configuration's name says where it leads only as long as its arguments are the same in both
//! configurations. Reading arguments is not done here.

use std::collections::BTreeSet;

use crate::engine::identity::Leads;
use crate::model::address::ProviderAddress;

/// Knowledge of the places that provider configurations lead to. Without more, those of one name
/// lead to one place; of others it is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    changed: BTreeSet<ProviderAddress>,
    one: BTreeSet<(ProviderAddress, ProviderAddress)>,
}

impl Places {
    /// The same, knowing that this configuration has other arguments now than in the good one, or
    /// that its arguments cannot be compared.
    #[must_use]
    pub fn with_changed(mut self, provider: &ProviderAddress) -> Self {
        self.changed.insert(canonical(provider));
        self
    }

    /// Whether this configuration is known to have other arguments now than in the good one.
    pub fn is_changed(&self, provider: &ProviderAddress) -> bool {
        self.changed.contains(&canonical(provider))
    }

    /// The same, knowing that these two lead to one place whatever they are called.
    #[must_use]
    pub fn with_one(mut self, good: &ProviderAddress, current: &ProviderAddress) -> Self {
        self.one.insert((canonical(good), canonical(current)));
        self
    }

    /// Whether a good configuration and a current one are known to lead to one place.
    pub fn leads(&self, good: &ProviderAddress, current: &ProviderAddress) -> Leads {
        let is_named_so = is_named_alike(good, current);
        if is_named_so && self.changed.is_empty() {
            return Leads::ToOnePlace;
        }
        let (good, current) = (canonical(good), canonical(current));
        let is_unchanged = is_named_so && !self.changed.contains(&good);
        if is_unchanged || self.one.contains(&(good, current)) {
            Leads::ToOnePlace
        } else {
            Leads::Perhaps
        }
    }
}

/// Whether these are one provider configuration by name; both registries are one.
pub(super) fn is_named_alike(a: &ProviderAddress, b: &ProviderAddress) -> bool {
    (&a.module, &a.alias, &a.key) == (&b.module, &b.alias, &b.key)
        && (a.source == b.source || a.source.canonical() == b.source.canonical())
}

fn canonical(provider: &ProviderAddress) -> ProviderAddress {
    ProviderAddress { source: provider.source.canonical(), ..provider.clone() }
}
