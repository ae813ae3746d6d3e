//! The screens of a revert: the plan with its reasons, the hazards, the result.

use std::collections::BTreeSet;

use crate::cli::failure::kept::PLANNABLE;
use crate::cli::output::{Paint, inert};
use crate::cli::render::attributes::{attributes_because, values};
use crate::cli::render::time::Times;
use crate::cli::render::value::shown;
use crate::cli::verbs::Session;
use crate::cli::verbs::hold::NOT_STOPPED;
use crate::cli::verbs::run::screen::invocations;
use crate::cli::verbs::side::label;
use crate::engine::good::{edited_sentence, edited_since};
use crate::engine::judgement::{JudgedAction, JudgedInvocation, Origin, Why};
use crate::engine::readable::AttributeChange;
use crate::engine::revert::keep::KeptInput;
use crate::engine::revert::not_found::{Sequel, looks_wrong};
use crate::engine::revert::outputs::{JudgedOutput, OutputAfter};
use crate::flow::ports::Stack;
use crate::flow::revert::adapt::Adaptation;
use crate::flow::revert::consent::ApprovedRevert;
use crate::flow::revert::execute::ExecutedRevert;
use crate::flow::revert::plan::CheckedRevert;
use crate::flow::revert::verify::VerifiedRevert;
use crate::model::entry::{Body, Entry, Revision};
use crate::model::hazard::Hazard;
use crate::model::hold::{Hold, HoldScope};
use crate::model::plan::Action;
use crate::model::value::Path;
use crate::model::word::Word as _;

/// The plan: every action says why it is there.
pub(super) fn plan(checked: &CheckedRevert, paint: Paint) -> String {
    let width =
        |text: fn(&JudgedAction) -> usize| checked.actions().iter().map(text).max().unwrap_or(0);
    let addresses = width(|action| inert(&action.address).chars().count());
    let words = width(|action| action.action.name().len());
    let target = checked.target();
    let reasons = checked.actions().iter().map(|action| because(action, target).chars().count());
    let reasons = reasons.max().unwrap_or(0);
    let mut text = String::from("\n");
    for action in checked.actions() {
        let sign = sign(action.action);
        let line = format!(
            "{:<addresses$}   {:<words$}   {:<reasons$}   {}",
            inert(&action.address),
            action.action.name(),
            because(action, target),
            names(action.reasons.iter().map(|reason| reason.why)),
        );
        text.push_str(&format!("  {} {}\n", paint.sign(sign, sign), line.trim_end()));
        if action.action == Action::Update || action.action.replaces() {
            let because = |change: &AttributeChange| own_reason(action, change);
            text.push_str(&indented(&attributes_because(&action.attributes, paint, because)));
        }
    }
    text.push_str(&not_found(checked, paint));
    text.push_str(&unchanged(checked, paint));
    text.push_str(&outputs(checked.outputs(), paint));
    text.push_str(&runs(&checked.invocations(), paint));
    text.push_str(&returns(checked, paint));
    text.push_str(&first_step(checked, paint));
    text.push_str(&left(checked, paint));
    text.push_str(&kept(checked.kept_inputs(), paint));
    let count = |fits: fn(Action) -> bool| {
        checked.actions().iter().filter(|action| fits(action.action)).count()
    };
    let add = count(|a| a == Action::Create || a.replaces());
    let change = count(|a| a == Action::Update);
    let destroy = count(Action::destroys);
    let forget = match count(Action::forgets) {
        0 => String::new(),
        many => format!(", {many} to forget"),
    };
    text.push_str(&format!(
        "\nPlan: {add} to add, {change} to change, {destroy} to destroy{forget}.\n"
    ));
    text.push_str(&hazards(checked.hazards(), paint));
    for left in checked.not_undone() {
        let line = format!("{}: {}", inert(&left.address), inert(&left.why));
        text.push_str(&format!("  not undone {} {line}\n", paint.yellow("!")));
    }
    text
}

/// Lists objects of the state that the refresh did not find, with their ids and origins.
fn not_found(checked: &CheckedRevert, paint: Paint) -> String {
    let (found, target) = (checked.not_found(), checked.target());
    let mut text = String::new();
    for one in found {
        let id = one.id.as_ref().map_or_else(String::new, |id| format!("id {}; ", inert(id)));
        let sequel = match one.sequel {
            Sequel::Forgotten => "the state forgets it",
            Sequel::MadeAnew => "another one is made",
        };
        let line = format!("{}   not found   {id}{}", inert(&one.address), one.history(target));
        text.push_str(&format!("  {} {line}; {sequel}\n", paint.yellow("?")));
    }
    let places: BTreeSet<&String> = found.iter().filter_map(|one| one.place.as_ref()).collect();
    for place in places {
        text.push_str(&format!("  {} {}\n", paint.yellow("!"), inert(&looks_wrong(place))));
    }
    text
}

/// The actions of providers that the plan runs.
fn runs(invocations: &[JudgedInvocation], paint: Paint) -> String {
    let line = |invocation: &JudgedInvocation| {
        let when = inert(&invocation.trigger.to_string());
        let how = match &invocation.deferred {
            None => format!("runs {when}"),
            Some(reason) => format!("put off ({}); would run {when}", inert(reason)),
        };
        format!("  {} {}   {how}\n", paint.yellow("»"), inert(&invocation.address))
    };
    invocations.iter().map(line).collect()
}

/// Says what is gone back to, and that its configuration may never have been applied, if so.
pub(super) fn say_target(session: &Session, stack: &Stack, log: &[Entry], target: &Entry) {
    let heading = label(session, log, target);
    session.output.talk(&format!("Revert {} to {}\n\n", stack.name, inert(&heading)));
    if let Some(since) = edited_since(log, target) {
        let sentence = edited_sentence(target.revision, since);
        let sign = session.output.talk_paint.yellow("!");
        session.output.talk(&format!("  {sign} {sentence}\n\n"));
    }
}

/// Lists objects that the plan leaves as they are and that the state says otherwise of, or that are
/// not quite the good ones.
fn unchanged(checked: &CheckedRevert, paint: Paint) -> String {
    let target = checked.target();
    let mut text = String::new();
    for address in checked.outdated() {
        let line =
            format!("as {target} has it; the state says otherwise and is brought up to date");
        text.push_str(&format!("  {} {}   {line}\n", paint.dim("="), inert(&address)));
    }
    for stack in checked.not_seen() {
        let line = "not looked at; it may manage what this plan makes or takes over:";
        text.push_str(&format!("  {} {line} {}\n", paint.yellow("!"), inert(stack)));
    }
    for note in checked.notes() {
        text.push_str(&format!("  {} {}\n", paint.dim("·"), inert(&note)));
    }
    text
}

/// Lists attributes that stay though a data source says something else, and how to let that in.
fn kept(kept: &[KeptInput], paint: Paint) -> String {
    let mut text = String::new();
    for one in kept {
        let names: Vec<String> = one.attributes.iter().map(|name| inert(name)).collect();
        let address = inert(&one.address);
        text.push_str(&format!(
            "  {} {address}   {} kept as it is: {}\n      to let it in: --allow 'moved-input={address}'\n",
            paint.dim("="),
            names.join(", "),
            inert(&one.why),
        ));
    }
    text
}

/// Lists objects that the state will have otherwise; the real ones stay as they are.
fn returns(checked: &CheckedRevert, paint: Paint) -> String {
    if checked.moved_back().is_empty() {
        return String::new();
    }
    let how = match checked.adaptation() {
        Adaptation::Moved(_) => "by `moved` blocks in the private copy",
        Adaptation::AsItIs | Adaptation::Pushed(_) | Adaptation::TwoSteps { .. } => {
            "by a state that is pushed after your yes"
        }
    };
    let gap = if checked.actions().is_empty() { "" } else { "\n" };
    let mut text = format!("{gap}  in the state alone, {how}:\n");
    for one in checked.moved_back() {
        let from = one.from.as_ref().map_or_else(String::new, |from| format!("{} → ", inert(from)));
        text.push_str(&format!(
            "  {} {from}{}   {}\n",
            paint.bold("→"),
            inert(&one.address),
            one.what.meaning()
        ));
    }
    text
}

/// Lists objects that are destroyed before the rest, and why.
fn first_step(checked: &CheckedRevert, paint: Paint) -> String {
    let destroyed_first = checked.destroyed_first();
    if destroyed_first.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n  first, with the configuration that made it:\n");
    for (address, why) in destroyed_first {
        text.push_str(&format!("  {} {}   {why}\n", paint.red("-"), inert(&address)));
    }
    text
}

/// Lists actions that are not done, since only a part is wanted, and imports for what the state
/// forgets.
fn left(checked: &CheckedRevert, paint: Paint) -> String {
    let mut text = String::new();
    let skipped = checked.skipped();
    if !skipped.is_empty() {
        text.push_str("\n  left as it is, since only a part is wanted:\n");
        for left in skipped {
            text.push_str(&format!(
                "  {} {}   {}\n",
                paint.dim("·"),
                inert(&left.address),
                left.action
            ));
        }
    }
    text.push_str(&imports(checked));
    text
}

/// How to get back what the state forgets.
fn imports(checked: &CheckedRevert) -> String {
    let objects = checked.living_on();
    if objects.is_empty() {
        return String::new();
    }
    let mut text = "\n  to manage it again, in a configuration that has its block:\n".to_owned();
    for (address, id) in objects {
        let id = id.map_or_else(|| "ID".to_owned(), |id| inert(&id));
        text.push_str(&format!("    import {{ to = {}, id = \"{id}\" }}\n", inert(&address)));
    }
    text
}

/// Says how much is left to do under the same consent.
pub(super) fn going_on(executed: &ExecutedRevert, rest: &ApprovedRevert) -> String {
    let left = rest.checked().actions().len();
    let word = if left == 1 { "action is" } else { "actions are" };
    let before = if executed.is_half() { "the first of two steps is done; " } else { "" };
    format!("\n  {before}{left} {word} left of what was agreed to: going on\n\n")
}

/// Reasons in a row, each once.
fn names(reasons: impl Iterator<Item = Why>) -> String {
    let mut words: Vec<&str> = reasons.map(Why::name).collect();
    words.dedup();
    words.join(", ")
}

/// Why an attribute is there, where its action has several reasons.
fn own_reason(action: &JudgedAction, change: &AttributeChange) -> String {
    let all = names(action.reasons.iter().map(|reason| reason.why));
    let places = [&change.at.0, &change.at.1];
    let is_at = |known: &Path| {
        places.into_iter().flatten().any(|path| known.covers(path) || path.covers(known))
    };
    let own = action.reasons.iter().filter(|reason| reason.paths.iter().any(is_at));
    let own = names(own.map(|reason| reason.why));
    if own.is_empty() || own == all { String::new() } else { format!("   {own}") }
}

/// The outputs that would change: other stacks may read them.
fn outputs(outputs: &[JudgedOutput], paint: Paint) -> String {
    let mut text = String::new();
    for output in outputs {
        let sign = sign(output.action);
        let values = match &output.after {
            OutputAfter::Value(after) => values(&output.before, after),
            OutputAfter::AfterApply => format!("{} → (known after apply)", shown(&output.before)),
        };
        let because = match (&output.after, output.cause.as_str()) {
            (_, "") => String::new(),
            (OutputAfter::AfterApply, _) if output.why == Why::Collateral => String::new(),
            (OutputAfter::AfterApply | OutputAfter::Value(_), cause) => {
                format!(": {}", inert(cause))
            }
        };
        text.push_str(&format!(
            "  {} output.{}   {values}   {}{because}\n",
            paint.sign(sign, sign),
            inert(&output.name),
            output.why.name(),
        ));
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().flat_map(|line| ["    ", line, "\n"]).collect()
}

fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Delete => "-",
        Action::DeleteThenCreate
        | Action::CreateThenDelete
        | Action::CreateThenForget
        | Action::ForgetThenCreate => "±",
        Action::Forget => "!",
        Action::NoOp | Action::Read => " ",
    }
}

/// The facts behind an action, in one clause.
fn because(action: &JudgedAction, target: Revision) -> String {
    match (action.action, action.origin) {
        (Action::Create, Origin::Good) => format!("in {target} and not there now"),
        (Action::Create, _) => format!("not in {target}, and not there now"),
        (_, Origin::MadeSince { revision, .. }) => {
            format!("made after {revision}; not in {target}")
        }
        (_, Origin::Imported) => format!("not in {target}; imported, so it is older"),
        (_, Origin::Unknown) => format!("not in {target}; nobody knows who made it"),
        (_, Origin::Good) => format!("back to {target}"),
    }
}

fn hazards(hazards: &[Hazard], paint: Paint) -> String {
    if hazards.is_empty() {
        return "  hazards   none\n".to_owned();
    }
    let mut text = String::from("  hazards\n");
    for hazard in hazards {
        text.push_str(&format!(
            "    {} {}   {}\n      {}\n",
            paint.red("✗"),
            paint.bold(hazard.kind.name()),
            inert(&hazard.subject),
            inert(&hazard.why)
        ));
    }
    text
}

/// A revert that was left unfinished, and where its plan, its events and what else Terraform left
/// would lie.
pub(super) fn unfinished(open: &Entry, paint: Paint) -> String {
    let place = if let Body::RevertIntent(intent) = &open.recorded.body {
        inert(&intent.directory)
    } else {
        String::new()
    };
    format!(
        "{} Revert {} was left unfinished; this one concludes it. Its private directory, if it is \
         there still, holds its plan and what the engine said: {place}\n\n",
        paint.yellow("!"),
        open.revision
    )
}

/// Asks about one hazard.
pub(super) fn hazard_question(hazard: &Hazard, paint: Paint) -> String {
    let keep = if hazard.concerns_an_object() { "keep to leave it as it is, " } else { "" };
    format!(
        "\n{}   {}\n  {}\n  Type {} to accept it, {keep}anything else stops: ",
        paint.bold(hazard.kind.name()),
        inert(&hazard.subject),
        inert(&hazard.why),
        inert(&hazard.subject),
    )
}

/// Shows the result of a revert.
pub(super) fn result(
    stack: &Stack,
    verified: &VerifiedRevert,
    times: &Times,
    paint: Paint,
    engine: &str,
) -> String {
    let executed = &verified.executed;
    let target = executed.checked().target();
    let mut text = String::from("\n");
    for note in &verified.comparison.notes {
        text.push_str(&format!("  {} {}\n", paint.dim("·"), inert(note)));
    }
    for difference in &verified.comparison.differences {
        text.push_str(&format!("  {} {}\n", paint.red("✗"), inert(difference)));
    }
    for left in &verified.comparison.not_undone {
        let line = format!("{}: {}", inert(&left.address), inert(&left.why));
        text.push_str(&format!("  not undone {} {line}\n", paint.yellow("!")));
    }
    text.push_str(&invocations(&executed.invoked, paint));
    text.push_str(&imports(executed.checked()));
    let now = verified.snapshot;
    let left = executed.checked().skipped().len();
    if verified.is_verified() && left > 0 {
        let line =
            format!("Reverted a part of {} to {target}: {left} left as they are.", stack.name);
        text.push_str(&format!("{}\n", paint.green(&line)));
        text.extend(executed.hold.as_ref().map(|hold| format!("{}\n", held(hold, times))));
        text.push_str("next: unapply revert   (for the rest)\n");
    } else if verified.is_verified() {
        let line = format!("Reverted {} to {target}. Now at {now} (good plan-empty).", stack.name);
        text.push_str(&format!("{}\n", paint.green(&line)));
        text.extend(verified.because.as_ref().map(|because| {
            let line = format!("{now} cannot be planned by itself: {}", inert(because));
            format!("{} {line}\n  {PLANNABLE}\n", paint.yellow("!"))
        }));
        text.push_str(&reminder(executed, times, paint, engine));
    } else {
        let line =
            format!("Reverted {} to {target}, and it is not what {target} says.", stack.name);
        text.push_str(&format!("{}\n", paint.red(&line)));
        text.extend(executed.hold.as_ref().map(|hold| format!("{}\n", held(hold, times))));
        text.push_str(&format!("next: unapply diff {target}..{now} · unapply revert {target}\n"));
    }
    text
}

/// The working directory still holds what was undone.
fn reminder(executed: &ExecutedRevert, times: &Times, paint: Paint, engine: &str) -> String {
    let good = executed.checked().good().configuration.as_ref().map(|c| c.digest);
    let before = executed.checked().before().recorded.body.snapshot();
    let found = before.and_then(|snapshot| snapshot.configuration.as_ref());
    let held = executed.hold.as_ref().map(|hold| format!("{}\n", held(hold, times)));
    if found.map(|configuration| configuration.digest) == good {
        return format!("{}next: unapply history\n", held.unwrap_or_default());
    }
    let commit = before.and_then(|snapshot| snapshot.git.as_ref()).filter(|git| !git.dirty);
    let (what, next) = match commit {
        Some(git) => {
            let commit: String = git.commit.chars().take(7).collect();
            (format!("Your branch still contains {commit}"), format!("git revert {commit}"))
        }
        None => (
            "The working directory still holds what was undone".to_owned(),
            format!("{engine} plan"),
        ),
    };
    let release = match (&held, commit) {
        (Some(_), Some(_)) => "      then      unapply release --reason 'TEXT'",
        _ => "",
    };
    format!(
        "\n{} {what}: the next apply would do it again.\n{}next: {next}{release}\n",
        paint.yellow("!"),
        held.unwrap_or_default(),
    )
}

/// Says what is held, until when, and which pipelines that does not stop.
pub(super) fn held(hold: &Entry, times: &Times) -> String {
    let Body::Hold(Hold { scope, until }) = &hold.recorded.body else { return String::new() };
    let end = until.map_or_else(
        || "until it is released".to_owned(),
        |until| format!("until {}", times.show(until)),
    );
    let what = match scope {
        HoldScope::Everything => "The stack",
        HoldScope::Configuration { .. } => "What was taken back",
    };
    format!("{what} is held {end} ({}); {NOT_STOPPED}.", hold.revision)
}
