//! Facts of the configurations on both sides of a revert: the good one, and those that were
//! applied, or tried, since.
//!
//! `prevent_destroy` stands in no state and no plan, so it is read from both (a block that is gone
//! protects nothing in Terraform's eyes). The arguments of provider configurations tell whether two
//! lead to one place. `engine` decides on both.

use std::collections::{BTreeMap, BTreeSet};

use super::provider_arguments::arguments;
use crate::codec::hcl::configuration::ReadModule;
use crate::codec::hcl::{self, Configuration, Within};
use crate::engine::judgement::NotReplayable;
use crate::engine::rekey::Places;
use crate::engine::rekey::two_steps::{DestroyedFirst, Lacking};
use crate::flow::Error;
use crate::flow::ports::Ports;
use crate::flow::recorded::readable_configuration;
use crate::model::address::ProviderAddress;
use crate::model::configuration::ConfigurationRef;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry, Revision};
use crate::model::state::State;

/// The good configuration compared with those that were applied, or tried, since.
#[derive(Debug)]
pub struct ConfigurationsSince {
    /// The configurations that were applied, or tried, since: newest first.
    pub attempted: Vec<Configuration>,
    /// Which provider configurations lead to one place.
    pub places: Places,
    /// Provider configurations and provisioned blocks that those since have and the good one does
    /// not.
    pub lacking: Lacking,
    /// Blocks, by address without keys, that one of them says must not be destroyed.
    pub prevented: BTreeSet<String>,
    /// Blocks, by address without keys, of which one of them says `destroy = false`.
    pub destroy_false: BTreeSet<String>,
    /// Values of the good configuration that no later run gives again.
    pub not_replayable: NotReplayable,
}

impl ConfigurationsSince {
    /// Compares them, as far as it matters for these states.
    pub(in crate::flow::revert) fn of(
        good: &Configuration,
        attempted: Vec<Configuration>,
        then: &State<'_>,
        now: &State<'_>,
    ) -> Self {
        Self {
            places: places(good, &attempted, then, now),
            lacking: lacking(good, &attempted, now),
            prevented: attempted.iter().chain([good]).flat_map(prevented).collect(),
            destroy_false: attempted.iter().chain([good]).flat_map(destroy_false).collect(),
            not_replayable: not_replayable(good),
            attempted,
        }
    }
}

/// The configurations that were applied, or tried, since the good one; newest first, each once.
pub(in crate::flow::revert) fn attempted(
    ports: &Ports<'_>,
    log: &[Entry],
    target: &Entry,
    present: &Entry,
) -> Result<Vec<Configuration>, Error> {
    let of = |entry: &Entry| entry.recorded.body.snapshot().and_then(|s| s.configuration.clone());
    let good = of(target).map(|configuration| configuration.digest);
    let before = |revision: Revision| log.iter().find(|entry| entry.revision == revision);
    let since = log.iter().rev().take_while(|entry| entry.revision > target.revision);
    let since = since.filter_map(|entry| {
        if let Body::RunIntent(intent) = &entry.recorded.body {
            before(intent.before)
        } else {
            Some(entry)
        }
    });
    let mut seen: BTreeSet<Digest> = good.into_iter().collect();
    let mut is_new = |configuration: &ConfigurationRef| seen.insert(configuration.digest);
    let mut found = Vec::new();
    for entry in std::iter::once(present).chain(since) {
        // One that cannot be read is one that could not be applied from here either.
        if of(entry).is_some_and(|configuration| is_new(&configuration))
            && let Some(configuration) = readable_configuration(ports, entry)?
            && configuration.is_readable()
        {
            found.push(configuration);
        }
    }
    Ok(found)
}

/// Blocks with `prevent_destroy`, by address without keys.
fn prevented(configuration: &Configuration) -> BTreeSet<String> {
    configuration.names(|facts| facts.prevent_destroy.iter().collect())
}

/// Blocks with `destroy = false`, by address without keys.
fn destroy_false(configuration: &Configuration) -> BTreeSet<String> {
    configuration.names(|facts| facts.destroy_false.iter().collect())
}

/// Resource blocks with their facts besides values, by address without keys.
pub(in crate::flow::revert) fn resources(
    configuration: &Configuration,
) -> BTreeMap<String, hcl::ResourceBlock> {
    let of = |module: &ReadModule| {
        let named = |(name, resource): (&String, &hcl::ResourceBlock)| {
            (format!("{}{name}", module.prefix), resource.clone())
        };
        module.facts.inside.iter().map(named).collect::<Vec<_>>()
    };
    configuration.modules().iter().flat_map(of).collect()
}

/// Finds the values of a configuration that no later run gives again.
fn not_replayable(configuration: &Configuration) -> NotReplayable {
    let mut found = NotReplayable::default();
    for ReadModule { prefix, facts, .. } in configuration.modules() {
        for within in &facts.tells_directory {
            match within {
                Within::Resource(address) => {
                    found.directory_in.insert(format!("{prefix}{address}"));
                }
                Within::Elsewhere => found.directory_elsewhere = true,
            }
        }
        for (address, arguments) in &facts.write_only {
            found.write_only.insert(format!("{prefix}{address}"), arguments.clone());
        }
    }
    found
}

/// Which provider configurations of these states may lead elsewhere than in the good configuration.
fn places(
    good: &Configuration,
    attempted: &[Configuration],
    then: &State<'_>,
    now: &State<'_>,
) -> Places {
    let states = [then, now];
    let others: Vec<_> = attempted.iter().map(|since| arguments(since, now)).collect();
    let then = arguments(good, then);
    let used: BTreeSet<&ProviderAddress> =
        states.iter().flat_map(|state| &state.instances).map(|object| &object.provider).collect();
    used.into_iter().fold(Places::default(), |places, provider| {
        let of = |all: &BTreeMap<String, String>| all.get(&name(provider)).cloned();
        if others.iter().any(|other| of(other) != of(&then)) {
            places.with_changed(provider)
        } else {
            places
        }
    })
}

/// Finds provider configurations and provisioned blocks that those since have and the good one does
/// not. Of providers, only those count that the present state uses.
fn lacking(good: &Configuration, attempted: &[Configuration], now: &State<'_>) -> Lacking {
    let (then, blocks) = (provider_names(good), provisioned(good));
    let since: BTreeSet<String> = attempted.iter().flat_map(provider_names).collect();
    let is_lacking = |provider: &&ProviderAddress| {
        let name = name(provider);
        let is_implied = provider.alias.is_none() && provider.module.is_empty();
        !is_implied && since.contains(&name) && !then.contains(&name)
    };
    let used = now.instances.iter().map(|object| &object.provider);
    Lacking {
        providers: used.filter(is_lacking).cloned().collect(),
        provisioned: attempted
            .iter()
            .flat_map(provisioned)
            .filter(|b| !blocks.contains(b))
            .collect(),
    }
}

/// Those of these configurations that may be able to end all of these objects, newest first.
pub(in crate::flow::revert) fn makers<'b>(
    attempted: &'b [Configuration],
    destroyed_first: &[DestroyedFirst],
) -> impl Iterator<Item = &'b Configuration> {
    attempted.iter().filter(move |configuration| {
        let (names, blocks) = (provider_names(configuration), provisioned(configuration));
        destroyed_first.iter().all(|first| match first.why.provider() {
            Some(own) => {
                let is_implied = own.alias.is_none() && own.module.is_empty();
                is_implied || names.contains(&name(own))
            }
            None => blocks.contains(&first.from.address.block()),
        })
    })
}

/// The provider configurations of a configuration, as [`name`] has them.
fn provider_names(configuration: &Configuration) -> BTreeSet<String> {
    configuration.names(|facts| facts.providers.keys().collect())
}

/// Blocks that run something when an object of theirs is destroyed, by address without keys.
fn provisioned(configuration: &Configuration) -> BTreeSet<String> {
    configuration.names(|facts| facts.provisioned_at_destroy.iter().collect())
}

/// A provider configuration as its block is found: the module's prefix, the name, the alias.
fn name(provider: &ProviderAddress) -> String {
    let prefix = match provider.module.as_str() {
        "" => String::new(),
        module => format!("{module}."),
    };
    let alias = provider.alias.as_ref().map_or_else(String::new, |alias| format!(".{alias}"));
    format!("{prefix}{}{alias}", provider.source.name)
}
