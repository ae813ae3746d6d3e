//! The screens of a run: the report, the grade of the state, the choices after a failure.

use strum::VariantArray as _;

use crate::cli::args::DiffArguments;
use crate::cli::output::{Paint, inert};
use crate::flow::ports::Stack;
use crate::flow::run::{Concluded, Followed};
use crate::model::apply_report::{ApplyReport, ObjectOutcome, ReportSource, ReportedObject};
use crate::model::entry::{ApplyOutcome, Body, Entry, Revision};
use crate::model::hold::HoldScope;
use crate::model::invocation::{InvocationOutcome, ReportedInvocation};
use crate::model::word::Word as _;

/// More lines of what went well are counted and not shown; what did not always is.
const WELL_MAX: usize = 20;

/// The choices after a failure.
pub(super) const CHOICES: &str = "
  retry    run the same command again
  revert   take the stack back to what was good
  diff     what is different from before
  keep     leave it as it is
  hold     leave it, and let nobody apply this again for a day
What now? ";

/// Reports what the command did; what wants looking at comes first.
pub(super) fn report(stack: &Stack, concluded: &Concluded, paint: Paint, engine: &str) -> String {
    let mut text = format!("\n{}: {}\n", stack.name, ended(concluded, paint));
    text.push_str(&objects(&concluded.apply_report, paint));
    text.push_str(&invocations(&concluded.apply_report.invocations, paint));
    for error in &concluded.errors {
        let place = error.address.as_ref().map_or_else(String::new, |a| format!("{}: ", inert(a)));
        let class = paint.bold(error.class.name());
        let summary = inert(&error.summary);
        text.push_str(&format!("  {} {class}   {place}{summary}\n", paint.red("✗")));
    }
    if let Some(revision) = concluded.errored {
        text.push_str(&format!(
            "  {} {engine} could not save its state; what it left is kept as revision {revision}\n",
            paint.red("✗")
        ));
    }
    if let Err(problem) = &concluded.after {
        let problem = inert(&problem.to_string());
        text.push_str(&format!("  {} the state could not be read: {problem}\n", paint.red("✗")));
    }
    text.push_str(&warnings(&concluded.apply_report, paint));
    text
}

fn ended(concluded: &Concluded, paint: Paint) -> String {
    let word = match concluded.result {
        ApplyOutcome::Succeeded => paint.green("the command succeeded"),
        ApplyOutcome::Failed => paint.red("the command failed"),
        ApplyOutcome::Interrupted => paint.yellow("the command was interrupted"),
        ApplyOutcome::Unknown => paint.red("nobody saw the command end"),
        ApplyOutcome::NotStarted => paint.red("the command was not started"),
    };
    let source = match concluded.apply_report.source {
        ReportSource::Events => "",
        ReportSource::Output => " · source: its output, and the states before and after",
        ReportSource::States => " · source: the states before and after alone",
    };
    let kept = concluded.after.as_ref().ok().map(|taken| taken.entry.revision);
    let kept = kept.map_or_else(String::new, |revision| format!(" · state kept as {revision}"));
    format!("{word}{kept} · record {}{source}", concluded.outcome.revision)
}

fn objects(report: &ApplyReport, paint: Paint) -> String {
    if report.objects.is_empty() && !report.invocations.is_empty() {
        return String::new();
    }
    if report.objects.is_empty() {
        return "  nothing was changed\n".to_owned();
    }
    let mut text = String::new();
    for outcome in ObjectOutcome::VARIANTS {
        let found: Vec<&ReportedObject> =
            report.objects.iter().filter(|reported| reported.outcome == *outcome).collect();
        let is_trouble = matches!(
            outcome,
            ObjectOutcome::Unknown | ObjectOutcome::Failed | ObjectOutcome::Tainted
        );
        let shown = if is_trouble { found.len() } else { WELL_MAX };
        for reported in found.iter().take(shown) {
            text.push_str(&line(reported, paint));
        }
        if found.len() > shown {
            let more = found.len() - shown;
            text.push_str(&format!("      … and {more} more {}\n", outcome.name()));
        }
    }
    let counts: Vec<String> = ObjectOutcome::VARIANTS
        .iter()
        .filter(|outcome| report.count(**outcome) > 0)
        .map(|outcome| format!("{} {}", report.count(*outcome), outcome.name()))
        .collect();
    text.push_str(&format!("  {}\n", counts.join(", ")));
    text
}

/// Actions of providers, and that nothing takes back what they did.
pub(in crate::cli::verbs) fn invocations(reported: &[ReportedInvocation], paint: Paint) -> String {
    let mut text = String::new();
    for one in reported {
        let (sign, word) = match one.outcome {
            InvocationOutcome::Unknown => (paint.yellow("?"), "was begun, and nobody saw it end"),
            InvocationOutcome::Failed => (paint.red("✗"), "failed"),
            InvocationOutcome::Completed => (paint.yellow("»"), "ran"),
            InvocationOutcome::NotAttempted => (paint.dim("·"), "not attempted"),
        };
        let (address, trigger) = (inert(&one.address), inert(&one.trigger.to_string()));
        text.push_str(&format!("  {sign} {address}   {word} {trigger}\n"));
    }
    if reported.iter().any(ReportedInvocation::was_started) {
        text.push_str("      what an action did is in no state, and no revert takes it back\n");
    }
    text
}

fn line(reported: &ReportedObject, paint: Paint) -> String {
    let sign = match reported.outcome {
        ObjectOutcome::Unknown => paint.yellow("?"),
        ObjectOutcome::Failed => paint.red("✗"),
        ObjectOutcome::Tainted => paint.yellow("!"),
        ObjectOutcome::Created | ObjectOutcome::Imported => paint.green("+"),
        ObjectOutcome::Updated => paint.yellow("~"),
        ObjectOutcome::Replaced => paint.yellow("±"),
        ObjectOutcome::Destroyed => paint.red("-"),
        ObjectOutcome::Forgotten | ObjectOutcome::NotAttempted => paint.dim("·"),
    };
    let id = reported.id.as_ref().map_or_else(String::new, |id| format!("   id {}", inert(id)));
    let word = match reported.outcome {
        ObjectOutcome::NotAttempted | ObjectOutcome::Failed | ObjectOutcome::Unknown => {
            format!("{} {}", reported.action, reported.outcome.name())
        }
        ObjectOutcome::Tainted
        | ObjectOutcome::Created
        | ObjectOutcome::Updated
        | ObjectOutcome::Replaced
        | ObjectOutcome::Destroyed
        | ObjectOutcome::Imported
        | ObjectOutcome::Forgotten => reported.outcome.name().to_owned(),
    };
    format!("  {sign} {}   {word}{id}\n", inert(&reported.address))
}

/// Lists objects that were made and are in no state, and those that may exist.
fn warnings(report: &ApplyReport, paint: Paint) -> String {
    let mut text = String::new();
    for reported in report.lost() {
        let id = reported.id.as_deref().map_or_else(String::new, |id| format!(" ({})", inert(id)));
        text.push_str(&format!(
            "  {} {}{id} was made and is in no state\n",
            paint.red("!"),
            inert(&reported.address)
        ));
    }
    for reported in report.may_exist() {
        text.push_str(&format!(
            "  {} {}: its creation was begun and did not end well, and it is in no state; an object \
             may exist\n",
            paint.yellow("!"),
            inert(&reported.address)
        ));
    }
    text
}

/// Shows the grade of the state after an apply that went well.
pub(super) fn followed(followed: Option<&Followed>, millis: i128, paint: Paint) -> String {
    let Some(followed) = followed else {
        return "next: unapply status\n".to_owned();
    };
    if followed.grade.is_none() && followed.because.is_none() {
        return "nothing was applied; nothing is marked\n".to_owned();
    }
    let seconds = format!("follow-up {}.{}s", millis / 1000, millis % 1000 / 100);
    let line = match followed.grade {
        Some(grade) => paint.green(&format!("★ {} is good ({grade})", followed.snapshot)),
        None => paint.yellow(&format!("! {} is not called good", followed.snapshot)),
    };
    let mut text = format!("{line}   {seconds}\n");
    if let Some(because) = &followed.because {
        text.push_str(&format!("  because    {}\n", inert(&because.to_string())));
        if let crate::flow::Error::NotEmpty { proposes, .. } = because {
            for line in proposes.iter().take(WELL_MAX) {
                text.push_str(&format!("             it would {}\n", inert(line)));
            }
        }
    }
    text
}

/// Says that the stack is left as it is, and what to run next.
pub(super) fn left(before: Revision, stack: &Stack) -> String {
    format!("{} is left as it is\nnext: unapply diff {before}..@ · unapply revert\n", stack.name)
}

/// Says what is held now.
pub(super) fn held(entry: &Entry) -> String {
    let is_all =
        matches!(&entry.recorded.body, Body::Hold(hold) if hold.scope == HoldScope::Everything);
    let what =
        if is_all { "nothing can be applied" } else { "this configuration cannot be applied" };
    format!(
        "held by revision {}: {what} through `unapply run`; a pipeline that does not ask is not \
         stopped\n",
        entry.revision
    )
}

/// The arguments of a difference that is shown in whole.
pub(super) fn whole_diff(range: Option<String>) -> DiffArguments {
    DiffArguments {
        range,
        stat: false,
        only: None,
        resource: None,
        show_hidden: false,
        detailed_exitcode: false,
    }
}
