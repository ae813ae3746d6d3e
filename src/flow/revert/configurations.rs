//! What the configurations on both sides of a revert say: the good one, and those that were applied,
//! or tried, since.
//!
//! `prevent_destroy` stands in no state and no plan, so it is read from both (a block that is gone
//! protects nothing in Terraform's eyes). Where a provider configuration leads is compared by its
//! arguments. What follows from either is decided in `engine`.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{load_bundle, module_facts, root_facts};
use crate::codec::hcl::Within;
use crate::codec::{hcl, state};
use crate::engine::hazard::passing::Passing;
use crate::engine::rekey::Places;
use crate::flow::{Error, Ports};
use crate::model::address::ProviderAddress;
use crate::model::configuration::{Bundle, BundlePath, ConfigurationRef};
use crate::model::digest::Digest;
use crate::model::entry::{Body, Entry, Revision};
use crate::model::state::StateBytes;

/// The configurations that were applied, or tried, since the good one; newest first, each once.
pub(super) fn attempted(
    ports: &Ports<'_>,
    log: &[Entry],
    target: &Entry,
    present: &Entry,
) -> Vec<Bundle> {
    let of = |entry: &Entry| entry.said.body.snapshot().and_then(|s| s.configuration.clone());
    let good = of(target).map(|configuration| configuration.digest);
    let before = |revision: Revision| log.iter().find(|entry| entry.revision == revision);
    let runs = log.iter().rev().take_while(|entry| entry.revision > target.revision);
    let runs = runs.filter_map(|entry| {
        let Body::RunIntent(intent) = &entry.said.body else { return None };
        before(intent.before)
    });
    let mut seen: BTreeSet<Digest> = good.into_iter().collect();
    let mut is_new = |configuration: &ConfigurationRef| seen.insert(configuration.digest);
    let mut found = Vec::new();
    for entry in std::iter::once(present).chain(runs) {
        if let (Some(snapshot), Some(configuration)) = (entry.said.body.snapshot(), of(entry))
            && is_new(&configuration)
            // One that cannot be read is one that nobody could apply from here either.
            && let Ok(bundle) = load_bundle(ports, entry.revision, snapshot)
        {
            found.push(bundle);
        }
    }
    found
}

/// The modules of a bundle, the root first: what addresses in it begin with, and where it lies.
pub(super) fn modules(bundle: &Bundle) -> Vec<(String, BundlePath)> {
    let prefix = |key: &str| {
        let steps: Vec<String> = key.split('.').map(|name| format!("module.{name}.")).collect();
        steps.concat()
    };
    let others =
        bundle.modules.iter().map(|module| (prefix(&module.key), module.directory.clone()));
    std::iter::once((String::new(), bundle.root.clone())).chain(others).collect()
}

/// Blocks with `prevent_destroy`, by address without keys.
pub(super) fn prevented(bundle: &Bundle) -> BTreeSet<String> {
    let of = |(prefix, directory): (String, BundlePath)| {
        let facts = module_facts(bundle, &directory);
        let addresses = facts.prevent_destroy.into_iter();
        addresses.map(move |address| format!("{prefix}{address}")).collect::<Vec<_>>()
    };
    modules(bundle).into_iter().flat_map(of).collect()
}

/// What a configuration cannot say a second time.
pub(super) fn passing(bundle: &Bundle) -> Passing {
    let mut found = Passing::default();
    for (prefix, directory) in modules(bundle) {
        let facts = module_facts(bundle, &directory);
        for within in facts.tells_directory {
            match within {
                Within::Resource(address) => {
                    found.directory_in.insert(format!("{prefix}{address}"));
                }
                Within::Elsewhere => found.directory_elsewhere = true,
            }
        }
        for (address, arguments) in facts.write_only {
            found.write_only.insert(format!("{prefix}{address}"), arguments);
        }
    }
    found
}

/// Which provider configurations of these states may lead elsewhere than in the good configuration.
pub(super) fn places(
    good: &Bundle,
    attempted: &[Bundle],
    then: &StateBytes,
    now: &StateBytes,
) -> Result<Places, Error> {
    let unread = |problem| Error::Unreadable {
        problem,
        found: "the store".to_owned(),
        evidence: None,
        last: None,
    };
    let states = [state::parse(then).map_err(unread)?, state::parse(now).map_err(unread)?];
    let then = providers(good);
    let others: Vec<_> = attempted.iter().map(providers).collect();
    let used: BTreeSet<&ProviderAddress> =
        states.iter().flat_map(|state| &state.instances).map(|object| &object.provider).collect();
    Ok(used.into_iter().fold(Places::default(), |places, provider| {
        let of = |all: &BTreeMap<String, String>| all.get(&name(provider)).cloned();
        if others.iter().any(|other| of(other) != of(&then)) {
            places.with_changed(provider)
        } else {
            places
        }
    }))
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

/// The arguments of each provider block, with the values that they can refer to.
fn providers(bundle: &Bundle) -> BTreeMap<String, String> {
    let values = values(bundle);
    let of = |(prefix, directory): (String, BundlePath)| {
        let facts = module_facts(bundle, &directory);
        let values = values.clone();
        facts.providers.into_iter().map(move |(name, arguments)| {
            let is_given = ["var.", "local.", "data."].iter().any(|word| arguments.contains(word));
            let more = if is_given { values.as_str() } else { "" };
            (format!("{prefix}{name}"), format!("{arguments}{more}"))
        })
    };
    modules(bundle).into_iter().flat_map(of).collect()
}

/// Everything that gives a variable a value, as one text that is compared and never shown.
fn values(bundle: &Bundle) -> String {
    let files = bundle.files.iter().filter(|(path, _)| {
        let is_loaded = path.parent() == bundle.root && hcl::is_loaded_by_itself(path.file_name());
        is_loaded || bundle.var_files.contains(path)
    });
    let files = files.map(|(_, content)| String::from_utf8_lossy(content).into_owned());
    // Today's value of an ephemeral variable says nothing of where a provider leads.
    let declared = root_facts(bundle).variables;
    let is_kept = |name: &str| declared.get(name).is_none_or(|known| !known.marks.ephemeral);
    let given = bundle
        .variables
        .iter()
        .filter(|(name, _)| is_kept(name))
        .map(|(name, given)| format!("{name}={}", given.value.reveal_for_terraform()));
    files.chain(given).collect::<Vec<_>>().join("\n")
}
