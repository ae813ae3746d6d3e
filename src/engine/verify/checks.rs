//! Terraform's own checks, before and after. One that passed and passes no more is a difference;
//! one that did not pass before either is told. Their messages are not used here.

use std::collections::BTreeMap;

use crate::model::check::{Check, CheckStatus};

/// Notes and differences for checks that do not pass.
pub(super) fn compared(good: &[Check], now: &[Check]) -> (Vec<String>, Vec<String>) {
    let good: BTreeMap<&str, CheckStatus> =
        good.iter().map(|check| (check.address.as_str(), check.status)).collect();
    let (mut notes, mut differences) = (Vec::new(), Vec::new());
    for check in now {
        let (address, then) = (&check.address, good.get(check.address.as_str()));
        let word = match check.status {
            CheckStatus::Pass | CheckStatus::Unknown => continue,
            CheckStatus::Fail => "fails",
            CheckStatus::Error => "cannot be evaluated",
        };
        match then {
            Some(CheckStatus::Pass) => {
                differences.push(format!("the check of {address} {word}, and it passed"));
            }
            Some(CheckStatus::Fail | CheckStatus::Error) => {
                notes.push(format!("the check of {address} {word}, as it did before"));
            }
            Some(CheckStatus::Unknown) | None => notes
                .push(format!("the check of {address} {word}; how it ended before is not known")),
        }
    }
    (notes, differences)
}
