//! The identity of a real object across addresses, states and times.
//!
//! An object is named by its provider, its type, and the identity that the provider gives it or
//! else its `id`; and it lies somewhere: in an account, a region, a cluster. Its attributes tell
//! that place, as `crate::knowledge` says. If they do not, the provider configuration that it
//! belongs to is the place. Attributes are looked into only for what is asked about.
//!
//! It does not decide what follows from two objects being one.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::json;
use crate::codec::state::members::texts;
use crate::knowledge::{Knowledge, Naming};
use crate::model::address::{ProviderAddress, ProviderSource};
use crate::model::drift::DriftedObject;
use crate::model::state::Instance;
use crate::model::value::Value;

/// Whether two instances stand for one real object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// They do.
    Same,
    /// The name is the same, but the provider configurations have different names, and nothing
    /// says whether those lead to the same place.
    Perhaps,
    /// They do not.
    Other,
    /// Nothing names them.
    Unnamed,
}

/// The names and the place of the real object behind an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    source: ProviderSource,
    kind: String,
    id: Option<String>,
    names: Vec<IdentityName>,
    place: ObjectPlace,
}

/// Whether two provider configurations lead to one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// To one place.
    ToOnePlace,
    /// It is not known.
    Perhaps,
}

/// One name of an object: within its place there is no other object of its type with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) enum IdentityName {
    /// The members of the `identity` that the provider gives it, as text.
    Given(BTreeMap<String, String>),
    /// Its `id`, or what names it instead.
    Attributes(Vec<String>),
}

/// The place of an object, as far as its attributes say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ObjectPlace {
    /// Attributes that tell all of it.
    global: BTreeMap<String, String>,
    /// Attributes that tell a part of it.
    scope: BTreeMap<String, String>,
    /// The provider configuration: its module and its alias.
    configuration: Option<(String, Option<String>)>,
}

impl Identity {
    /// The identity of an instance.
    pub fn of(instance: &Instance<'_>, knowledge: &Knowledge) -> Self {
        let kind = &instance.address.kind;
        Self::named(instance, knowledge.naming(&instance.provider.source, kind))
    }

    /// The same, for a caller that knows already what names objects of its type.
    pub(in crate::engine) fn named(instance: &Instance<'_>, naming: Naming<'_>) -> Self {
        let wanted = wanted(naming);
        let mut found = texts(instance.attributes, &wanted);
        let given = instance.identity.and_then(|raw| json::raw_value(raw).ok());
        for name in wanted {
            let text = given.as_ref().and_then(|given| given.get(name)).and_then(Value::as_text);
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                found.entry(name).or_insert_with(|| text.to_owned());
            }
        }
        Self {
            source: instance.provider.source.canonical(),
            kind: instance.address.kind.clone(),
            id: instance.id.clone(),
            names: names(naming, given.as_ref(), instance.id.as_ref(), &found),
            place: ObjectPlace::of(naming, &found, Some(&instance.provider)),
        }
    }

    /// The identity of an object whose values drifted, from the values of the state.
    pub fn of_drifted(object: &DriftedObject, knowledge: &Knowledge) -> Self {
        let naming = knowledge.naming(&object.provider, &object.address.kind);
        let text = |name: &str| {
            let text = object.before.get(name).and_then(Value::as_text);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let found = wanted(naming).into_iter().filter_map(|name| Some((name, text(name)?)));
        let found: BTreeMap<&str, String> = found.collect();
        let id = text("id");
        Self {
            source: object.provider.canonical(),
            kind: object.address.kind.clone(),
            names: names(naming, None, id.as_ref(), &found),
            place: ObjectPlace::of(naming, &found, None),
            id,
        }
    }

    /// Its names, each with its type: what other objects are found by.
    pub(in crate::engine) fn keys(&self) -> impl Iterator<Item = (&str, &IdentityName)> {
        self.names.iter().map(|name| (self.kind.as_str(), name))
    }

    /// Whether both stand for one real object; provider configurations of one name lead to one
    /// place.
    pub fn compare(&self, other: &Self) -> Sameness {
        let leads = match (&self.place.configuration, &other.place.configuration) {
            (Some(a), Some(b)) if a != b => Leads::Perhaps,
            // Nothing is known that speaks against it.
            _ => Leads::ToOnePlace,
        };
        self.compare_where(other, leads)
    }

    /// Whether both stand for one real object, when this is known of their provider configurations.
    pub fn compare_where(&self, other: &Self, leads: Leads) -> Sameness {
        if self.kind != other.kind || self.source != other.source {
            return Sameness::Other;
        }
        let is_nameless = self.names.is_empty() && other.names.is_empty();
        match same_name(&self.names, &other.names) {
            Some(true) => self.place.compare(&other.place, leads),
            None if is_nameless && self.id == other.id => Sameness::Unnamed,
            Some(false) | None => Sameness::Other,
        }
    }
}

/// The attributes that have to be looked at.
fn wanted(naming: Naming<'_>) -> Vec<&str> {
    let names = naming.name.unwrap_or_default().iter();
    let mut wanted: Vec<&str> =
        names.chain(naming.global).chain(naming.scope).map(String::as_str).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// The names of an object: what the provider gives it, and its attributes.
fn names(
    naming: Naming<'_>,
    given: Option<&Value>,
    id: Option<&String>,
    found: &BTreeMap<&str, String>,
) -> Vec<IdentityName> {
    let members = given.and_then(Value::as_members).map(|members| {
        let said = members.iter().filter(|(_, value)| **value != Value::Null);
        said.map(|(name, value)| (name.clone(), json::to_serde(value).to_string())).collect()
    });
    let text = |name: &String| found.get(name.as_str()).cloned().unwrap_or_default();
    let instead: Option<Vec<String>> =
        naming.name.map(|names| names.iter().map(text).collect::<Vec<_>>());
    let attributes = match instead {
        Some(texts) if texts.is_empty() => None,
        // A part that is not there is empty; where no part is, the `id` is what is left.
        Some(texts) if texts.iter().any(|text| !text.is_empty()) => Some(texts),
        Some(_) | None => id.map(|id| vec![id.clone()]),
    };
    let given =
        members.filter(|members: &BTreeMap<_, _>| !members.is_empty()).map(IdentityName::Given);
    given.into_iter().chain(attributes.map(IdentityName::Attributes)).collect()
}

/// Whether a name is the same; none when there is nothing that both have. The name that the
/// provider gives counts before the `id`, but only of one schema: with the same members.
fn same_name(a: &[IdentityName], b: &[IdentityName]) -> Option<bool> {
    let given = |names: &[IdentityName]| {
        names.iter().find_map(|name| match name {
            IdentityName::Given(members) => Some(members.clone()),
            IdentityName::Attributes(_) => None,
        })
    };
    if let (Some(a), Some(b)) = (given(a), given(b))
        && a.keys().eq(b.keys())
    {
        return Some(a == b);
    }
    let attributes = |names: &[IdentityName]| {
        names.iter().find_map(|name| match name {
            IdentityName::Attributes(texts) => Some(texts.clone()),
            IdentityName::Given(_) => None,
        })
    };
    Some(attributes(a)? == attributes(b)?)
}

impl ObjectPlace {
    fn of(
        naming: Naming<'_>,
        found: &BTreeMap<&str, String>,
        provider: Option<&ProviderAddress>,
    ) -> Self {
        let take = |names: &[String]| {
            let found = names.iter().filter_map(|name| {
                let text = found.get(name.as_str())?;
                Some((name.clone(), account(text).unwrap_or_else(|| text.clone())))
            });
            found.collect()
        };
        Self {
            global: take(naming.global),
            scope: take(naming.scope),
            configuration: provider
                .map(|provider| (provider.module.clone(), provider.alias.clone())),
        }
    }

    fn compare(&self, other: &Self, leads: Leads) -> Sameness {
        let known = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
            let both = a.iter().filter_map(|(name, text)| Some(b.get(name)? == text));
            both.reduce(|all, one| all && one)
        };
        let global = known(&self.global, &other.global);
        if global == Some(false) || known(&self.scope, &other.scope) == Some(false) {
            return Sameness::Other;
        }
        match leads {
            Leads::Perhaps if global != Some(true) => Sameness::Perhaps,
            Leads::ToOnePlace | Leads::Perhaps => Sameness::Same,
        }
    }
}

/// The partition, region and account of an ARN. The rest names the object, and a new revision may
/// change it.
fn account(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(':').take(6).collect();
    match parts.as_slice() {
        ["arn", partition, _, region, account, _] => {
            Some(format!("{partition}:{region}:{account}"))
        }
        _ => None,
    }
}

/// The objects of a state by their names. The place of one is looked at when its name is asked for.
#[derive(Debug)]
pub struct Index<'k, 's, 'a> {
    knowledge: &'k Knowledge,
    by_name: BTreeMap<(&'s str, IdentityName), Vec<&'s Instance<'a>>>,
}

impl<'k, 's, 'a> Index<'k, 's, 'a> {
    /// Indexes these objects; what nothing names is left out.
    pub fn of(
        instances: impl IntoIterator<Item = &'s Instance<'a>>,
        knowledge: &'k Knowledge,
    ) -> Self {
        let mut by_name: BTreeMap<(&str, IdentityName), Vec<&Instance<'_>>> = BTreeMap::new();
        let mut namings = BTreeMap::new();
        for instance in instances {
            let (source, kind) = (&instance.provider.source, instance.address.kind.as_str());
            let naming = namings
                .entry((source, kind))
                .or_insert_with(|| knowledge.naming(source, kind).without_place());
            for name in Identity::named(instance, *naming).names {
                by_name.entry((kind, name)).or_default().push(instance);
            }
        }
        Self { knowledge, by_name }
    }

    /// The objects that are compared with `identity` like this, each once.
    pub fn all(&self, identity: &Identity, wanted: Sameness) -> Vec<&'s Instance<'a>> {
        self.first(usize::MAX, identity, wanted)
    }

    /// The one object that is the same as `identity`. Several are none: an id that occurs twice
    /// tells nothing by itself.
    pub fn only(&self, identity: &Identity) -> Option<&'s Instance<'a>> {
        // No third one is looked for: thousands may have one id.
        match self.first(2, identity, Sameness::Same).as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The first so many of them.
    fn first(&self, most: usize, identity: &Identity, wanted: Sameness) -> Vec<&'s Instance<'a>> {
        let mut seen = BTreeSet::new();
        let kind = identity.kind.as_str();
        let named =
            identity.names.iter().filter_map(|name| self.by_name.get(&(kind, name.clone())));
        let is_wanted = |candidate: &&'s Instance<'a>| {
            seen.insert(std::ptr::from_ref(*candidate))
                && identity.compare(&Identity::of(candidate, self.knowledge)) == wanted
        };
        named.flatten().copied().filter(is_wanted).take(most).collect()
    }
}

#[cfg(test)]
mod tests;
