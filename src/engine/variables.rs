//! Whether the variables of the good configuration have the same values today.
//!
//! Only values from outside the configuration are compared: what stands in tfvars files is part of
//! what a revert takes back. The captured value is what a revert uses; a difference is a hazard, so
//! that a rotated password is not quietly rotated back. Values are compared and never shown.

pub mod given;

use std::collections::BTreeMap;

use crate::model::configuration::Variable;

/// A variable as the good configuration's root module declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredVariable {
    /// Whether it must be given a value.
    pub required: bool,
}

/// How one variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableStanding {
    /// Captured with one value, given with another today: the captured one is used.
    Differs,
    /// Given today and not captured: the good apply ran without it, and so does the revert.
    OnlyToday,
    /// It needs a value and none was captured: today's is used.
    TakenFromToday,
    /// It needs a value, and there is none.
    Missing,
}

/// The variables that are not simply as they were.
///
/// `in_files` are the names that a tfvars file of the bundle gives a value.
pub fn compare(
    declared: &BTreeMap<String, DeclaredVariable>,
    in_files: &[String],
    captured: &BTreeMap<String, Variable>,
    today: &BTreeMap<String, String>,
) -> BTreeMap<String, VariableStanding> {
    let standing = |name: &String, declared: &DeclaredVariable| {
        let was = captured.get(name).map(|variable| variable.value.reveal_for_terraform());
        let is_in_files = in_files.contains(name);
        match (was, today.get(name)) {
            (Some(was), Some(is)) if was != is => Some(VariableStanding::Differs),
            (None, Some(_)) if declared.required && !is_in_files => {
                Some(VariableStanding::TakenFromToday)
            }
            (None, Some(_)) if !is_in_files => Some(VariableStanding::OnlyToday),
            (None, None) if declared.required && !is_in_files => Some(VariableStanding::Missing),
            _ => None,
        }
    };
    declared
        .iter()
        .filter_map(|(name, declared)| Some((name.clone(), standing(name, declared)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::configuration::VariableOrigin;
    use crate::model::secret::Secret;

    #[test]
    fn only_what_is_not_as_it_was_is_named() {
        let names = ["same", "differs", "gone", "new", "needed", "missing", "file"];
        let required = ["needed", "missing", "file"];
        let declared = names
            .map(|name| (name.to_owned(), DeclaredVariable { required: required.contains(&name) }))
            .into();
        let variable = |value: &str| Variable {
            value: Secret::new(value.to_owned()),
            origin: VariableOrigin::Environment,
        };
        let captured = [("same", "1"), ("differs", "1"), ("gone", "1")]
            .map(|(name, value)| (name.to_owned(), variable(value)))
            .into();
        let today = [("same", "1"), ("differs", "2"), ("new", "1"), ("needed", "1"), ("else", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let found = compare(&declared, &["file".to_owned()], &captured, &today);
        let expected = [
            ("differs", VariableStanding::Differs),
            ("missing", VariableStanding::Missing),
            ("needed", VariableStanding::TakenFromToday),
            ("new", VariableStanding::OnlyToday),
        ];
        assert_eq!(found, expected.map(|(name, standing)| (name.to_owned(), standing)).into());
    }
}
