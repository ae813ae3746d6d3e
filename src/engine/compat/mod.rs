//! Whether the tools at hand can work with the states of a revert, before anything is planned.
//!
//! Terraform silently rewrites a state that a newer version wrote, OpenTofu one that Terraform
//! wrote, and a provider refuses an object that a newer one wrote (measured with 1.11.4). A
//! difference that can be gone on with becomes a hazard that has to be accepted; any other is a
//! [`VersionObstacle`]. It looks for no other binary and edits no lock file: it says which entries
//! have to be newer.

mod release;

use std::collections::BTreeMap;

pub use self::release::{VersionNumber, meets};
use crate::model::address::ProviderSource;
use crate::model::configuration::LockedProvider;
use crate::model::entry::{EngineKind, EngineVersion};
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::state::State;
use crate::model::word::Word as _;

/// Why a revert cannot be planned with what is at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionObstacle {
    /// The good configuration asks for another version.
    #[error("the good configuration requires {} {required}, and this is {running}", kind.name())]
    Required {
        /// Terraform or OpenTofu.
        kind: EngineKind,
        /// Its version.
        running: String,
        /// The constraint.
        required: String,
    },
    /// The engine is older than any that was tried.
    #[error("{running} is too old: the oldest that is proven is {} {oldest}", running.kind.name())]
    TooOld {
        /// The engine.
        running: EngineVersion,
        /// The first version that is proven.
        oldest: &'static str,
    },
    /// The program chooses a version by its directory, and chooses another one for the private copy.
    #[error(
        "in the private copy this program is {} {copy}, and in the stack's directory {stack}",
        kind.name()
    )]
    AnotherByDirectory {
        /// The engine that it is in the private copy.
        kind: EngineKind,
        /// Its version there.
        copy: String,
        /// The engine that it is in the stack's directory, with its version.
        stack: String,
    },
    /// The provider itself says that a newer one has written an object.
    #[error("a newer provider than the one at hand has written the present state: {said}")]
    WrittenByNewer {
        /// Terraform's words, safe to show.
        said: String,
    },
    /// A newer provider has written the present state, and its version is not known.
    #[error(
        "the provider {provider} {locked} of the good configuration cannot read {kind} of the present state: schema version {now}, and it knows {good}"
    )]
    ProviderBehind {
        /// The provider.
        provider: String,
        /// The version that the good lock file selects.
        locked: String,
        /// The resource type.
        kind: String,
        /// The highest schema version in the good state.
        good: u64,
        /// The highest schema version in the present state.
        now: u64,
    },
}

/// Refuses an engine of which nobody knows whether a revert with it is right.
pub fn old_enough(running: &EngineVersion) -> Result<(), VersionObstacle> {
    let oldest = match running.kind {
        EngineKind::Terraform => "1.5",
        EngineKind::OpenTofu => "1.8",
    };
    if is_newer(oldest, running.released()) {
        return Err(VersionObstacle::TooOld { running: running.clone(), oldest });
    }
    Ok(())
}

/// Refuses a program that is another engine in the private copy than in the stack's directory.
pub fn same_by_directory(
    stack: &EngineVersion,
    copy: &EngineVersion,
) -> Result<(), VersionObstacle> {
    if stack == copy {
        return Ok(());
    }
    Err(VersionObstacle::AnotherByDirectory {
        kind: copy.kind,
        copy: copy.version.clone(),
        stack: stack.to_string(),
    })
}

/// The tools at hand, and the configuration and states that they have to work with.
#[derive(Debug, Clone, Copy)]
pub struct CompatibilityFacts<'a> {
    /// The binary that would run; none when it does not say what it is.
    pub running: Option<&'a EngineVersion>,
    /// The binary when the good snapshot was taken.
    pub good_engine: Option<&'a EngineVersion>,
    /// The binary when the newest other snapshot was taken: the one of the failed apply.
    pub present_engine: Option<&'a EngineVersion>,
    /// Every `required_version` of the good configuration.
    pub required: &'a [String],
    /// The good state.
    pub good: &'a State<'a>,
    /// The present state.
    pub present: &'a State<'a>,
    /// The providers that the good lock file selects.
    pub locked: &'a [LockedProvider],
    /// The providers that today's lock file selects.
    pub newer: &'a [LockedProvider],
}

/// The hazards and lock entries with which a revert can be planned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suitable {
    /// Hazards that have to be accepted first.
    pub hazards: Vec<Hazard>,
    /// Providers whose entry in the private copy's lock file has to be today's.
    pub newer_entries: Vec<ProviderSource>,
}

/// Judges them.
pub fn judge(facts: &CompatibilityFacts<'_>) -> Result<Suitable, VersionObstacle> {
    let mut found = Suitable::default();
    if let Some(running) = facts.running {
        let is_unmet = |constraint: &&String| meets(running.released(), constraint) == Some(false);
        if let Some(required) = facts.required.iter().find(is_unmet) {
            return Err(VersionObstacle::Required {
                kind: running.kind,
                running: running.version.clone(),
                required: required.clone(),
            });
        }
        found.hazards.extend(engine(facts, running));
        found.hazards.extend(core(facts, running));
    }
    for (provider, behind) in behind(facts) {
        let entry = |locks: &[LockedProvider]| {
            locks.iter().find(|locked| locked.source.canonical() == provider).cloned()
        };
        let Some(locked) = entry(facts.locked) else { continue };
        match entry(facts.newer) {
            // The good lock file's own provider has written the present state too.
            Some(newer) if newer.version == locked.version => {}
            Some(newer) if is_newer(&newer.version, &locked.version) => {
                found.hazards.push(newer_provider(&locked, &newer, &behind));
                found.newer_entries.push(locked.source);
            }
            Some(_) | None => return Err(behind.obstacle(&locked)),
        }
    }
    Ok(found)
}

/// Whether a lock file selects a newer version of any provider than the good one does.
pub fn selects_newer(good: &[LockedProvider], other: &[LockedProvider]) -> bool {
    good.iter().any(|known| {
        other.iter().any(|found| {
            found.source.canonical() == known.source.canonical()
                && is_newer(&found.version, &known.version)
        })
    })
}

/// A resource type whose schema has moved on.
struct Behind {
    kind: String,
    good: u64,
    now: u64,
}

impl Behind {
    fn obstacle(&self, locked: &LockedProvider) -> VersionObstacle {
        VersionObstacle::ProviderBehind {
            provider: locked.source.to_string(),
            locked: locked.version.clone(),
            kind: self.kind.clone(),
            good: self.good,
            now: self.now,
        }
    }
}

/// Providers of which a type that both states know has a higher schema version now.
fn behind(facts: &CompatibilityFacts<'_>) -> BTreeMap<ProviderSource, Behind> {
    let (good, now) = (schemas(facts.good), schemas(facts.present));
    let mut found = BTreeMap::new();
    for ((provider, kind), version) in now {
        match good.get(&(provider.clone(), kind.clone())) {
            Some(known) if *known < version => {
                found.insert(provider, Behind { kind, good: *known, now: version });
            }
            Some(_) | None => {}
        }
    }
    found
}

/// The highest schema version of each type.
fn schemas(state: &State<'_>) -> BTreeMap<(ProviderSource, String), u64> {
    let mut schemas = BTreeMap::new();
    for object in &state.instances {
        let key = (object.provider.source.canonical(), object.address.kind.clone());
        let known = schemas.entry(key).or_insert(object.schema_version);
        *known = object.schema_version.max(*known);
    }
    schemas
}

fn is_newer(version: &str, than: &str) -> bool {
    match (VersionNumber::parse(version), VersionNumber::parse(than)) {
        (Some(version), Some(than)) => version > than,
        _ => false,
    }
}

fn newer_provider(locked: &LockedProvider, newer: &LockedProvider, behind: &Behind) -> Hazard {
    let Behind { kind, good, now } = behind;
    Hazard {
        kind: HazardKind::ProviderNewer,
        subject: locked.source.to_string(),
        why: format!(
            "{} cannot read {kind} as it is now (schema version {now}, was {good}); {} of today's \
             lock file would plan the good configuration",
            locked.version, newer.version
        ),
    }
}

/// Terraform's states with OpenTofu, or the other way round.
fn engine(facts: &CompatibilityFacts<'_>, running: &EngineVersion) -> Option<Hazard> {
    let other = |found: Option<&EngineVersion>| {
        found.filter(|found| found.kind != running.kind).map(|found| found.kind.name())
    };
    let (what, other) = other(facts.good_engine)
        .map(|kind| ("the good snapshot", kind))
        .or_else(|| other(facts.present_engine).map(|kind| ("the newest snapshot", kind)))?;
    Some(Hazard {
        kind: HazardKind::EngineChanged,
        subject: running.kind.name().to_owned(),
        why: format!("{what} was taken with {other}, and {running} would apply"),
    })
}

/// An older version than the one that wrote the state. Versions of one kind are comparable only.
fn core(facts: &CompatibilityFacts<'_>, running: &EngineVersion) -> Option<Hazard> {
    let is_same_kind =
        |found: Option<&EngineVersion>| found.is_none_or(|found| found.kind == running.kind);
    if !is_same_kind(facts.present_engine) || !is_same_kind(facts.good_engine) {
        return None;
    }
    let writer = facts.present.writer.as_ref();
    is_newer(writer, running.released()).then(|| Hazard {
        kind: HazardKind::CoreVersion,
        subject: running.kind.name().to_owned(),
        why: format!(
            "{writer} has written the present state, and {running} would rewrite it: what only the \
             newer one knows would be lost"
        ),
    })
}

#[cfg(test)]
mod tests;
