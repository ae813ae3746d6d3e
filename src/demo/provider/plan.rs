//! The planned state of an object, by Terraform's rules and the tables of `schema`.
//!
//! A pure function: it deliberately neither looks at the world nor checks values. Start from
//! [`ObjectPlan::of`].

use super::msgpack::CtyValue;
use super::schema::{Attribute, AttributeSource, Replacement, ResourceType};

/// The change that an apply would make to one object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ObjectPlan {
    /// The state afterwards; a value that only the apply can give is unknown.
    pub(super) state: CtyValue,
    /// The attributes whose change makes another object.
    pub(super) replacing: Vec<&'static str>,
}

impl ObjectPlan {
    /// Plans the way from `prior` to `config`; either is `Null` where there is no object.
    pub(super) fn of(kind: ResourceType, prior: &CtyValue, config: &CtyValue) -> Self {
        if *config == CtyValue::Null {
            return Self { state: CtyValue::Null, replacing: Vec::new() };
        }
        let attributes = kind.attributes();
        let planned = |attribute: &Attribute| planned(attribute, prior, config);
        let state = CtyValue::object(attributes.iter().map(|a| (a.name, planned(a))));
        let replacing = attributes
            .iter()
            .filter(|a| {
                *prior != CtyValue::Null && replaces(a, prior.get(a.name), state.get(a.name))
            })
            .map(|a| a.name)
            .collect();
        Self { state, replacing }
    }
}

fn planned(attribute: &Attribute, prior: &CtyValue, config: &CtyValue) -> CtyValue {
    let given = config.get(attribute.name);
    if attribute.write_only {
        return CtyValue::Null;
    }
    match attribute.source {
        AttributeSource::Computed if *prior == CtyValue::Null => CtyValue::Unknown,
        AttributeSource::Computed => prior.get(attribute.name).clone(),
        // The default, not the prior value: to remove an argument undoes its addition.
        AttributeSource::Default(default) if *given == CtyValue::Null => default.value(),
        AttributeSource::Default(_) | AttributeSource::Required | AttributeSource::Optional => {
            given.clone()
        }
    }
}

fn replaces(attribute: &Attribute, before: &CtyValue, after: &CtyValue) -> bool {
    match attribute.replacement {
        Replacement::Never => false,
        Replacement::WhenChanged => before != after,
        Replacement::WhenLess => after
            .as_integer()
            .zip(before.as_integer())
            .is_some_and(|(after, before)| after < before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(id: CtyValue, path: &str, size: i64) -> CtyValue {
        let path = CtyValue::text(path);
        CtyValue::object([("id", id), ("path", path), ("size", CtyValue::Integer(size))])
    }

    fn replacing(prior: &CtyValue, config: &CtyValue) -> Vec<&'static str> {
        ObjectPlan::of(ResourceType::Volume, prior, config).replacing
    }

    #[test]
    fn a_new_object_gets_its_defaults_and_an_unknown_id() {
        let config = CtyValue::object([("path", CtyValue::text("a")), ("mode", CtyValue::Null)]);
        let plan = ObjectPlan::of(ResourceType::File, &CtyValue::Null, &config);
        assert_eq!(plan.state.get("id"), &CtyValue::Unknown);
        assert_eq!(plan.state.get("mode"), &CtyValue::text("0644"));
        assert_eq!(plan.state.get("content"), &CtyValue::text(""));
        assert_eq!(plan.state.get("secret"), &CtyValue::Null);
        assert!(plan.replacing.is_empty());
    }

    #[test]
    fn an_update_keeps_the_id_and_a_removed_argument_falls_back_to_the_default() {
        let id = CtyValue::text("f-1");
        let path = CtyValue::text("a");
        let prior = CtyValue::object([
            ("id", id.clone()),
            ("path", path.clone()),
            ("mode", CtyValue::text("0600")),
        ]);
        let plan = ObjectPlan::of(ResourceType::File, &prior, &CtyValue::object([("path", path)]));
        assert_eq!(plan.state.get("id"), &id);
        assert_eq!(plan.state.get("mode"), &CtyValue::text("0644"));
        assert!(plan.replacing.is_empty());
    }

    #[test]
    fn another_path_or_a_smaller_size_makes_another_object() {
        let prior = volume(CtyValue::text("v-1"), "a", 5);
        assert!(replacing(&prior, &volume(CtyValue::Null, "a", 5)).is_empty());
        assert!(replacing(&prior, &volume(CtyValue::Null, "a", 6)).is_empty());
        assert_eq!(replacing(&prior, &volume(CtyValue::Null, "a", 4)), ["size"]);
        assert_eq!(replacing(&prior, &volume(CtyValue::Null, "b", 4)), ["path", "size"]);
    }

    #[test]
    fn without_a_configuration_nothing_is_left() {
        let plan =
            ObjectPlan::of(ResourceType::Volume, &volume(CtyValue::Null, "a", 5), &CtyValue::Null);
        assert_eq!(plan.state, CtyValue::Null);
    }
}
