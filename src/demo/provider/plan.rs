//! The planned state of an object, by Terraform's rules and the tables of `schema`.
//!
//! A pure function: it deliberately neither looks at the world nor checks values. Start from
//! [`Plan::of`].

use super::msgpack::Value;
use super::schema::{Attribute, Origin, Replacement, ResourceType};

/// What an apply would do to one object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The state afterwards, with what only the apply can tell left unknown.
    pub(super) state: Value,
    /// The attributes whose change makes another object.
    pub(super) replacing: Vec<&'static str>,
}

impl Plan {
    /// Plans the way from `prior` to `config`; either is `Null` where there is no object.
    pub(super) fn of(kind: ResourceType, prior: &Value, config: &Value) -> Self {
        if *config == Value::Null {
            return Self { state: Value::Null, replacing: Vec::new() };
        }
        let attributes = kind.attributes();
        let planned = |attribute: &Attribute| planned(attribute, prior, config);
        let state = Value::object(attributes.iter().map(|a| (a.name, planned(a))));
        let replacing = attributes
            .iter()
            .filter(|a| *prior != Value::Null && replaces(a, prior.get(a.name), state.get(a.name)))
            .map(|a| a.name)
            .collect();
        Self { state, replacing }
    }
}

fn planned(attribute: &Attribute, prior: &Value, config: &Value) -> Value {
    let given = config.get(attribute.name);
    if attribute.write_only {
        return Value::Null;
    }
    match attribute.origin {
        Origin::Computed if *prior == Value::Null => Value::Unknown,
        Origin::Computed => prior.get(attribute.name).clone(),
        // The default, not the prior value: to remove an argument undoes what adding it did.
        Origin::Default(default) if *given == Value::Null => default.value(),
        Origin::Default(_) | Origin::Required | Origin::Optional => given.clone(),
    }
}

fn replaces(attribute: &Attribute, before: &Value, after: &Value) -> bool {
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

    fn volume(id: Value, path: &str, size: i64) -> Value {
        let path = Value::text(path);
        Value::object([("id", id), ("path", path), ("size", Value::Integer(size))])
    }

    fn replacing(prior: &Value, config: &Value) -> Vec<&'static str> {
        Plan::of(ResourceType::Volume, prior, config).replacing
    }

    #[test]
    fn a_new_object_gets_its_defaults_and_an_unknown_id() {
        let config = Value::object([("path", Value::text("a")), ("mode", Value::Null)]);
        let plan = Plan::of(ResourceType::File, &Value::Null, &config);
        assert_eq!(plan.state.get("id"), &Value::Unknown);
        assert_eq!(plan.state.get("mode"), &Value::text("0644"));
        assert_eq!(plan.state.get("content"), &Value::text(""));
        assert_eq!(plan.state.get("secret"), &Value::Null);
        assert!(plan.replacing.is_empty());
    }

    #[test]
    fn an_update_keeps_the_id_and_a_removed_argument_falls_back_to_the_default() {
        let id = Value::text("f-1");
        let path = Value::text("a");
        let prior = Value::object([
            ("id", id.clone()),
            ("path", path.clone()),
            ("mode", Value::text("0600")),
        ]);
        let plan = Plan::of(ResourceType::File, &prior, &Value::object([("path", path)]));
        assert_eq!(plan.state.get("id"), &id);
        assert_eq!(plan.state.get("mode"), &Value::text("0644"));
        assert!(plan.replacing.is_empty());
    }

    #[test]
    fn another_path_or_a_smaller_size_makes_another_object() {
        let prior = volume(Value::text("v-1"), "a", 5);
        assert!(replacing(&prior, &volume(Value::Null, "a", 5)).is_empty());
        assert!(replacing(&prior, &volume(Value::Null, "a", 6)).is_empty());
        assert_eq!(replacing(&prior, &volume(Value::Null, "a", 4)), ["size"]);
        assert_eq!(replacing(&prior, &volume(Value::Null, "b", 4)), ["path", "size"]);
    }

    #[test]
    fn without_a_configuration_nothing_is_left() {
        let plan = Plan::of(ResourceType::Volume, &volume(Value::Null, "a", 5), &Value::Null);
        assert_eq!(plan.state, Value::Null);
    }
}
