//! The note of an entry, in the last column of a history.

use strum::VariantArray as _;

use crate::cli::output::inert;
use crate::model::apply_report::{ApplyReport, ObjectOutcome};
use crate::model::configuration::ConfigurationSource;
use crate::model::drift::DriftObservation;
use crate::model::entry::{Body, Entry, Revision, Snapshot};
use crate::model::good::Verdict;
use crate::model::hold::{Hold, HoldScope};
use crate::model::run::{Diagnosis, Health, RunOutcome};
use crate::model::word::Word as _;

/// The note of an entry: the fact in a clause, then the reason and the ticket.
pub(super) fn note(entry: &Entry) -> String {
    let said = match &entry.recorded.body {
        Body::Snapshot(snapshot) => snapshot_note(snapshot),
        Body::Evidence(kept) => kept.problem.clone(),
        Body::Mark(mark) => match &mark.verdict {
            Verdict::Good(evidence) => {
                let because = evidence.because.as_ref();
                let because = because.map_or_else(String::new, |why| format!("; {why}"));
                format!("{} is good ({}{because})", mark.revision, evidence.grade)
            }
            Verdict::Bad => format!("{} is bad", mark.revision),
        },
        Body::RevertIntent(intent) => {
            format!("to {}: {} actions", intent.target, intent.actions.len())
        }
        Body::RevertOutcome(end) => of_revert(end.intent, end.outcome.name(), &end.errors),
        Body::Verification(found) if found.is_verified() => {
            format!("revert {}: {} of {} equal", found.intent, found.equal, found.expected)
        }
        Body::Verification(found) => {
            format!("revert {}: {} differences", found.intent, found.differences.len())
        }
        Body::Drift(observation) => drift_note(observation),
        Body::Fix(fix) => {
            let until = fix.until.map_or_else(String::new, |until| format!(", until {until:.0}"));
            format!("{} is meant{until}", fix.item)
        }
        Body::RunIntent(intent) => format!("run {}", intent.command.join(" ")),
        Body::RunOutcome(ended) => run_note(ended),
        Body::Hold(hold) => hold_note(hold),
        Body::Release(release) => format!("hold {} is lifted", release.hold),
        Body::Resolution(resolution) => format!("{} is resolved", resolution.matter),
        Body::Diagnosis(diagnosis) => diagnosis_note(diagnosis),
    };
    let reason = entry.recorded.reason.as_deref();
    let ticket = entry.recorded.ticket.as_deref();
    let parts: Vec<&str> = [Some(said.as_str()), reason, ticket]
        .into_iter()
        .flatten()
        .filter(|t| !t.is_empty())
        .collect();
    inert(&parts.join(" · "))
}

/// How much differed, and where: two addresses tell most stacks apart.
fn drift_note(observation: &DriftObservation) -> String {
    let addresses: Vec<String> =
        observation.items.iter().take(2).map(|item| item.address.to_string()).collect();
    let more = if observation.items.len() > 2 { ", …" } else { "" };
    match observation.items.len() {
        0 => format!("no drift against {}", observation.against),
        1 => format!("1 item against {}: {}", observation.against, addresses.join(", ")),
        many => {
            format!("{many} items against {}: {}{more}", observation.against, addresses.join(", "))
        }
    }
}

fn of_revert(intent: Revision, word: &str, errors: &[String]) -> String {
    match errors.first() {
        Some(error) => format!("revert {intent}: {word}: {error}"),
        None => format!("revert {intent}: {word}"),
    }
}

fn snapshot_note(snapshot: &Snapshot) -> String {
    let mut parts: Vec<String> =
        snapshot.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if snapshot.state.is_none() {
        parts.push("no state yet".to_owned());
    }
    match &snapshot.configuration {
        None => parts.push("no configuration".to_owned()),
        Some(known) if known.source == ConfigurationSource::Inferred => {
            parts.push("configuration inferred".to_owned());
        }
        Some(_) => {}
    }
    parts.join(" · ")
}

fn run_note(ended: &RunOutcome) -> String {
    let said = ended.errors.first().map(|error| match &error.address {
        Some(address) => format!("{address}: {}", error.summary),
        None => error.summary.clone(),
    });
    let elsewhere = ended.elsewhere.then(|| "it worked on another state".to_owned());
    let run = Some(format!("run {}", ended.intent));
    let parts = [run, elsewhere, counts(&ended.apply_report), said];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// How many objects had which outcome; nothing when there are none.
fn counts(report: &ApplyReport) -> Option<String> {
    let word = |outcome: &ObjectOutcome| match report.count(*outcome) {
        0 => None,
        many => Some(format!("{many} {}", outcome.name())),
    };
    let words: Vec<String> = ObjectOutcome::VARIANTS.iter().filter_map(word).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn hold_note(hold: &Hold) -> String {
    let until = hold.until.map_or_else(String::new, |until| format!(", until {until:.0}"));
    match &hold.scope {
        HoldScope::Everything => format!("nothing can be applied{until}"),
        HoldScope::Configuration { commits, .. } => {
            let commit = commits.first().map_or_else(String::new, |commit| {
                let short: String = commit.chars().take(7).collect();
                format!(" of {short}")
            });
            format!("the configuration{commit} cannot be applied{until}")
        }
    }
}

fn diagnosis_note(diagnosis: &Diagnosis) -> String {
    let worst = diagnosis.findings.iter().find(|found| found.health == diagnosis.health());
    match (diagnosis.health(), worst) {
        (Health::Ok, _) | (_, None) => "a revert would work".to_owned(),
        (_, Some(finding)) => format!("{}: {}", finding.subject, finding.what),
    }
}
