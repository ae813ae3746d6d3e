//! Whether the variables of the good configuration have the same values today.
//!
//! Only values from outside the configuration are compared: what stands in tfvars files is part of
//! what a revert takes back. The captured value is planned, and a difference is a hazard, so
//! that a rotated password is not quietly rotated back. Values are compared and never shown. A
//! variable that only feeds provider configuration is a credential: today's value counts. So does a
//! value that is given for this very revert, and one whose hazard is allowed.

pub mod given;

use std::collections::BTreeMap;

use crate::model::configuration::Variable;

/// A variable as the good configuration's root module declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredVariable {
    /// Whether it must be given a value.
    pub required: bool,
    /// Which of its values counts.
    pub counts: CountingValue,
}

/// The value of a variable that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountingValue {
    /// The captured one.
    Captured,
    /// Today's, since it feeds provider configuration alone.
    Todays,
    /// Today's, since a person has allowed it.
    Allowed,
    /// The one that is given for this very revert.
    Given,
}

/// How one variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableStanding {
    /// Given for this very revert: that value is used.
    Given,
    /// It only feeds provider configuration, and has another value today: today's is used.
    Credential,
    /// Another value today than then, or one that was not there then: that was allowed, and is used.
    Allowed,
    /// Captured with one value, given with another today: the captured one is used.
    Differs,
    /// Given today and not captured: the good apply ran without it, and so does the revert.
    OnlyToday,
    /// It needs a value and none was captured: today's is used.
    TakenFromToday,
    /// It needs a value, and there is none.
    Missing,
}

impl VariableStanding {
    /// Whether today's value is used.
    pub fn is_todays(self) -> bool {
        match self {
            Self::Given | Self::Credential | Self::Allowed | Self::TakenFromToday => true,
            Self::Differs | Self::OnlyToday | Self::Missing => false,
        }
    }

    /// Whether another value is used than today's.
    pub fn asks(self) -> bool {
        matches!(self, Self::Differs | Self::OnlyToday)
    }

    /// The sentence for a value of today that is used, if it is no hazard.
    pub fn note(self, name: &str) -> Option<String> {
        match self {
            Self::Given => Some(format!("var.{name}: the value that was given is used")),
            Self::Credential => {
                Some(format!("var.{name} only feeds provider configuration: today's value is used"))
            }
            Self::Allowed
            | Self::Differs
            | Self::OnlyToday
            | Self::TakenFromToday
            | Self::Missing => None,
        }
    }
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
        let allowed =
            (declared.counts == CountingValue::Allowed).then_some(VariableStanding::Allowed);
        match (was, today.get(name)) {
            (was, Some(is)) if declared.counts == CountingValue::Given && was != Some(is) => {
                Some(VariableStanding::Given)
            }
            (was, Some(is)) if declared.counts == CountingValue::Todays && was != Some(is) => {
                Some(VariableStanding::Credential)
            }
            (Some(was), Some(is)) if was != is => {
                Some(allowed.unwrap_or(VariableStanding::Differs))
            }
            (None, Some(_)) if declared.required && !is_in_files => {
                Some(VariableStanding::TakenFromToday)
            }
            (None, Some(_)) if !is_in_files => Some(allowed.unwrap_or(VariableStanding::OnlyToday)),
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
        let names = [
            "same",
            "differs",
            "gone",
            "new",
            "needed",
            "missing",
            "file",
            "given",
            "giv-req",
            "giv-same",
            "token",
            "tok-same",
            "all-differs",
            "all-new",
            "all-same",
        ];
        let required = ["needed", "missing", "file", "giv-req"];
        let declared = |name: &str| DeclaredVariable {
            required: required.contains(&name),
            counts: match &name[..3] {
                "tok" => CountingValue::Todays,
                "giv" => CountingValue::Given,
                "all" => CountingValue::Allowed,
                _ => CountingValue::Captured,
            },
        };
        let declared = names.map(|name| (name.to_owned(), declared(name))).into();
        let variable = |value: &str| Variable {
            value: Secret::new(value.to_owned()),
            origin: VariableOrigin::Environment,
        };
        let captured = ["same", "differs", "gone", "given", "giv-same", "token", "tok-same"]
            .into_iter()
            .chain(["all-differs", "all-same"])
            .map(|name| (name.to_owned(), variable("1")))
            .collect();
        let [others, same] = ["2", "1"].map(|value| move |name| (name, value));
        let today = ["differs", "given", "giv-req", "token", "all-differs"].map(others).into_iter();
        let today = today
            .chain(
                ["same", "new", "needed", "else", "giv-same", "tok-same", "all-new", "all-same"]
                    .map(same),
            )
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let found = compare(&declared, &["file".to_owned()], &captured, &today);
        let expected = [
            ("all-differs", VariableStanding::Allowed),
            ("all-new", VariableStanding::Allowed),
            ("differs", VariableStanding::Differs),
            ("giv-req", VariableStanding::Given),
            ("given", VariableStanding::Given),
            ("missing", VariableStanding::Missing),
            ("needed", VariableStanding::TakenFromToday),
            ("new", VariableStanding::OnlyToday),
            ("token", VariableStanding::Credential),
        ];
        assert_eq!(found, expected.map(|(name, standing)| (name.to_owned(), standing)).into());
    }
}
