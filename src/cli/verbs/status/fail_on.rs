//! The conditions of `status --fail-on`.
//!
//! An unknown counts as found: a job that asks wants to be woken by it too.

use crate::cli::args::FailOn;
use crate::cli::json::{FailedOnOut, StackStatus};
use crate::model::word::Word as _;

/// Lists the conditions that were asked for and are found, stack by stack.
pub(super) fn failed_on(found: &[StackStatus], asked: &[FailOn]) -> Vec<FailedOnOut> {
    let of_stack = |status: &StackStatus| {
        let failed = |asked: &FailOn| {
            let why = why(status, *asked)?;
            let what = asked.name().to_owned();
            Some(FailedOnOut { stack: status.stack.clone(), what, why })
        };
        asked.iter().filter_map(failed).collect::<Vec<_>>()
    };
    found.iter().flat_map(of_stack).collect()
}

fn why(status: &StackStatus, asked: FailOn) -> Option<String> {
    match asked {
        FailOn::Drift => match status.drift {
            None => Some("nobody has looked yet".to_owned()),
            Some(0) => None,
            Some(items) => Some(format!("items on record: {items}")),
        },
        FailOn::Overdue => {
            let count = status.fixes_overdue;
            (count > 0).then(|| format!("fixes that were to be gone by now: {count}"))
        }
        FailOn::Held => {
            let hold = status.holds.first()?;
            Some(match &hold.until {
                Some(until) => format!("hold r{} until {until}", hold.revision),
                None => format!("hold r{} until it is released", hold.revision),
            })
        }
        FailOn::Unfinished => {
            let open = status.unsettled.iter().find(|matter| matter.stands_in_the_way)?;
            Some(open.what.clone())
        }
        FailOn::NoGood => status.good.is_none().then(|| "there is no known good".to_owned()),
        FailOn::Changed => {
            (status.live != "good").then(|| format!("the live state is {}", status.live))
        }
        FailOn::Stale(seconds) => match status.newest_age_seconds {
            None => Some("there is no snapshot".to_owned()),
            Some(age) if age > seconds => {
                Some(format!("the newest snapshot is {age} s old, not {seconds} s"))
            }
            Some(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(status: StackStatus, asked: &str) -> Vec<String> {
        failed_on(&[status], &[asked.parse().unwrap()]).into_iter().map(|f| f.why).collect()
    }

    #[test]
    fn what_is_unknown_is_found_and_what_is_fine_is_not() {
        let fine = || StackStatus {
            good: Some(1),
            live: "good".into(),
            drift: Some(0),
            newest: Some(1),
            newest_age_seconds: Some(60),
            ..StackStatus::default()
        };
        for asked in ["drift", "overdue", "held", "unfinished", "no-good", "changed", "stale=1h"] {
            assert_eq!(words(fine(), asked), Vec::<String>::new(), "{asked}");
        }
        let unknown = || StackStatus { live: "unknown".into(), ..StackStatus::default() };
        for asked in ["drift", "no-good", "changed", "stale=1h"] {
            assert_eq!(words(unknown(), asked).len(), 1, "{asked}");
        }
        assert_eq!(words(fine(), "stale=59s"), ["the newest snapshot is 60 s old, not 59 s"]);
        assert!("stale".parse::<FailOn>().is_err() && "stale=-1h".parse::<FailOn>().is_err());
    }
}
