//! `unapply revert`: shows, asks, applies, proves.
//!
//! The use case's five steps, with a person between the plan and the apply. Hazards are resolved in
//! place on a terminal; elsewhere each needs its `--allow`, and the plan needs `--yes`.

mod screen;

use strum::VariantArray as _;

use super::Session;
use super::side::entry as find_entry;
use crate::cli::args::{Format, RevertArguments as Arguments, ValuesFor};
use crate::cli::environment::StreamKind;
use crate::cli::exit::Exit;
use crate::cli::failure::hazards::{RevertWords, refused};
use crate::cli::failure::{Failure, diagnostic_lines};
use crate::cli::json::{DestroyedFirstOut, NotFoundOut, ReleasedOut, RevertOut};
use crate::cli::prompt::{Answer, ask};
use crate::cli::shell::shell_word;
use crate::engine::hazard::Allowance;
use crate::engine::hold::Holding;
use crate::engine::revert::scope::RevertScope;
use crate::engine::unsettled::open_revert;
use crate::flow::ports::{Job, Stack};
use crate::flow::revert::consent::{ApprovedRevert, approve, open_hazards};
use crate::flow::revert::draft::draft;
use crate::flow::revert::execute::ExecutedRevert;
use crate::flow::revert::plan::{CheckedRevert, check};
use crate::flow::revert::request::{RevertRequest, TargetChoice};
use crate::flow::revert::resume::execute_to_the_end;
use crate::flow::revert::verify::{VerifiedRevert, verify};
use crate::model::entry::ApplyOutcome;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::pattern::Pattern;
use crate::model::word::Word;
use crate::port::clock::Clock as _;
use crate::terraform::check::StackCheck;

/// Reverts.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut allowed = allowances(&arguments.allow)?;
    let (settings, stack) = session.one()?;
    let stack = as_asked(stack, arguments);
    let mut opened = Session::open(&settings)?;
    let log = opened.log(&stack)?;
    let wanted = arguments.revision.as_deref().unwrap_or("good");
    let target = find_entry(session, &log, wanted)?;
    screen::say_target(session, &stack, &log, &target);
    if let Some(open) = open_revert(&log) {
        session.output.talk(&screen::unfinished(open, session.output.talk_paint));
    }
    let patterns = |given: &[String]| given.iter().map(Pattern::new).collect();
    let request = RevertRequest {
        target: target.clone(),
        choice: if wanted == "good" { TargetChoice::LastKnownGood } else { TargetChoice::Named },
        scope: RevertScope {
            targets: patterns(&arguments.target),
            excludes: patterns(&arguments.exclude),
        },
        destroy_forgotten: patterns(&arguments.destroy_forgotten),
        allowed: allowed.clone(),
        fingerprints: session.fingerprint_key(Some((&opened, &stack))),
    };
    let ports = session.ports(&opened, &stack);
    let mut draft = draft(&Job::new(&ports, &stack, &settings.author), request)?;
    super::suited::suit(session, &stack, &mut opened, &log, &target);
    let ports = session.ports(&opened, &stack);
    let checked = loop {
        let checked = check(&ports, &stack, draft)?;
        show_plan(session, &checked);
        if (checked.is_nothing() || !checked.hazards().is_empty())
            && let Some(line) = ports.terraform.not_handed_on()
        {
            session.output.talk(&format!("  ! {line}\n"));
        }
        if let Some(pattern) = checked.names_nothing() {
            return Err(names_nothing(pattern));
        }
        let open = unlike_good(&checked, &allowed);
        if checked.is_nothing() && open.is_empty() {
            return nothing_to_do(session, &stack, &checked);
        }
        if arguments.plan_only {
            return plan_only(session, &stack, &checked, &allowed);
        }
        if checked.is_nothing() {
            return Err(refused(&open, &words(session, &checked, arguments.values)));
        }
        let kept = resolve(session, &checked, &mut allowed, arguments.values)?;
        if kept.is_empty() && !checked.lacks_todays(&allowed) {
            break checked;
        }
        // What is kept changes the plan, and so does a value of today: it is made and shown anew.
        draft = checked.without(&Job::new(&ports, &stack, &settings.author), kept, &allowed)?;
    };
    confirm(session, &stack)?;
    let by = settings.author.actor.clone();
    let approved = approve(checked, &allowed, by, session.clock.now())?;
    session.output.talk("\n");
    let going_on = |executed: &ExecutedRevert, rest: &ApprovedRevert| {
        session.output.talk(&screen::going_on(executed, rest));
    };
    let job = Job::new(&ports, &stack, &settings.author);
    let executed = execute_to_the_end(&job, approved, &going_on)?;
    conclude(session, &job, executed, &settings.checks)
}

/// The stack with what the flags say of it.
fn as_asked(mut stack: Stack, arguments: &Arguments) -> Stack {
    if arguments.hold {
        stack.hold = Holding::Everything;
    }
    match arguments.values {
        ValuesFor::Revert => stack,
        ValuesFor::Run => stack.without_given(),
    }
}

/// A flag that has no effect is a slip.
fn names_nothing(pattern: &Pattern) -> Failure {
    let what = format!("--destroy-forgotten '{pattern}' names nothing that the plan would forget");
    Failure::new(Exit::Usage, what)
        .now("the stack is as it was; the snapshot taken before is kept")
        .next("unapply revert --plan-only")
}

fn allowances(given: &[String]) -> Result<Vec<Allowance>, Failure> {
    given
        .iter()
        .map(|text| {
            text.parse().map_err(|error: crate::engine::hazard::NotAnAllowance| {
                let names: Vec<&str> = HazardKind::VARIANTS.iter().map(Word::name).collect();
                Failure::new(Exit::Usage, error.to_string())
                    .now(format!("hazards are {}", names.join(", ")))
            })
        })
        .collect()
}

/// Shows the plan to the person who decides; in JSON it is part of the one object at the end.
fn show_plan(session: &Session, checked: &CheckedRevert) {
    let text = screen::plan(checked, session.output.talk_paint);
    if session.format() == Format::Table {
        session.output.insist(&text);
    } else {
        session.output.talk(&text);
    }
}

/// The hazards that say that the outcome is not the good state, without those that are allowed.
fn unlike_good(checked: &CheckedRevert, allowed: &[Allowance]) -> Vec<Hazard> {
    let is_unlike = |hazard: &&Hazard| hazard.kind == HazardKind::NotGood;
    open_hazards(checked.hazards(), allowed).into_iter().filter(is_unlike).cloned().collect()
}

fn nothing_to_do(
    session: &Session,
    stack: &Stack,
    checked: &CheckedRevert,
) -> Result<Exit, Failure> {
    let target = checked.target();
    if session.ends_in_words() {
        let proposes = format!("a plan of {target} on the state as it is proposes nothing");
        let line = if checked.is_equal() {
            format!("nothing to undo: {proposes}")
        } else {
            format!("{proposes}; what is not as {target} has it stands above")
        };
        session.ending(&format!("{}: {line}\n", stack.name))?;
    } else {
        session.json("unapply.revert", Some(stack), planned(checked, "nothing-to-do"))?;
    }
    Ok(Exit::Done)
}

fn plan_only(
    session: &Session,
    stack: &Stack,
    checked: &CheckedRevert,
    allowed: &[Allowance],
) -> Result<Exit, Failure> {
    if session.format() == Format::Table {
        let open = open_hazards(checked.hazards(), allowed);
        let next = words(session, checked, ValuesFor::Revert).accepting(&open);
        let next = next.line(&session.output.engine());
        session.data(&format!("{}: planned, nothing was applied\nnext: {next}\n", stack.name))?;
    } else {
        session.json("unapply.revert", Some(stack), planned(checked, "planned"))?;
    }
    Ok(Exit::Done)
}

/// The command line of this revert, and what takes today's values of variables away from it.
fn words(session: &Session, checked: &CheckedRevert, values: ValuesFor) -> RevertWords {
    let plan_only = ["--plan-only", "--dry-run"];
    let typed = checked.safe_words(&session.global.typed);
    let typed = typed.iter().filter(|word| !plan_only.contains(&word.as_str()));
    let typed: Vec<String> = typed.map(|word| shell_word(word)).collect();
    let names = checked.unlike_today();
    let of_names = names.iter().map(|name| format!("TF_VAR_{name}"));
    let of_words = ["TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_CLI_ARGS_apply"].map(str::to_owned);
    let is_set = |name: &String| session.world.text(name).is_some();
    let unset = of_names.chain(of_words).filter(is_set).map(|name| format!("-u {name}"));
    let without_todays = ["env".to_owned()].into_iter().chain(unset).collect::<Vec<_>>().join(" ");
    let todays = names.iter().map(|name| format!("var.{name}")).collect();
    match values {
        ValuesFor::Revert => {
            RevertWords { typed: format!("unapply {}", typed.join(" ")), without_todays, todays }
        }
        ValuesFor::Run => RevertWords { without_todays, todays, ..RevertWords::default() },
    }
}

/// Makes the JSON of what a revert would do.
fn planned(checked: &CheckedRevert, result: &str) -> RevertOut {
    let released = |(address, id)| ReleasedOut { address, id };
    let first = |(address, why): (String, &str)| DestroyedFirstOut { address, why: why.to_owned() };
    let target = checked.target();
    let not_found = checked.not_found().iter().map(|one| NotFoundOut::of(one, target));
    RevertOut {
        target: target.0,
        before: checked.before().revision.0,
        result: result.to_owned(),
        actions: checked.actions().iter().map(Into::into).collect(),
        not_found: not_found.collect(),
        outputs: checked.outputs().iter().map(Into::into).collect(),
        action_invocations: checked.invocations().iter().map(Into::into).collect(),
        invoked: Vec::new(),
        hazards: checked.hazards().iter().map(Into::into).collect(),
        not_undone: checked.not_undone().iter().map(Into::into).collect(),
        kept: checked.kept_inputs().iter().map(Into::into).collect(),
        hold: None,
        intent: None,
        after: None,
        differences: Vec::new(),
        notes: checked.notes(),
        outdated: checked.outdated(),
        not_seen: checked.not_seen().to_vec(),
        recreated: Vec::new(),
        adaptation: checked.adaptation().name().to_owned(),
        moved_back: checked.moved_back().iter().map(Into::into).collect(),
        skipped: checked.skipped().iter().map(Into::into).collect(),
        released: checked.living_on().into_iter().map(released).collect(),
        destroyed_first: checked.destroyed_first().into_iter().map(first).collect(),
    }
}

/// Says why no question can be asked, if so.
pub(super) fn silence(session: &Session) -> Option<&'static str> {
    if session.global.no_input {
        Some("--no-input was given")
    } else if session.world.is_ci() {
        Some("CI is set")
    } else if session.world.terminals.input == StreamKind::Other {
        Some("standard input is no terminal")
    } else {
        None
    }
}

/// Resolves each hazard that no flag has accepted: type the address, keep the object, or stop.
/// Returns the objects that are to be kept.
fn resolve(
    session: &Session,
    checked: &CheckedRevert,
    allowed: &mut Vec<Allowance>,
    values: ValuesFor,
) -> Result<Vec<Pattern>, Failure> {
    let open: Vec<Hazard> = open_hazards(checked.hazards(), allowed).into_iter().cloned().collect();
    let cannot = open.iter().any(|hazard| !hazard.kind.can_be_accepted());
    if !open.is_empty() && (cannot || silence(session).is_some()) {
        return Err(refused(&open, &words(session, checked, values)));
    }
    let mut kept: Vec<Pattern> = Vec::new();
    for hazard in open {
        if kept.iter().any(|pattern| pattern.as_str() == hazard.subject) {
            continue;
        }
        let question = screen::hazard_question(&hazard, session.output.talk_paint);
        match ask(&session.output, &session.signals, &question) {
            Answer::Line(line) if line == hazard.subject => {
                allowed.push(Allowance {
                    kind: hazard.kind,
                    subject: Pattern::new(hazard.subject.clone()),
                });
            }
            Answer::Line(line) if line == "keep" && hazard.concerns_an_object() => {
                kept.push(Pattern::new(hazard.subject));
            }
            Answer::Interrupted(signal) => return Err(stopped(Exit::of_signal(signal))),
            Answer::Line(_) | Answer::Closed => return Err(stopped(Exit::Refused)),
        }
    }
    Ok(kept)
}

fn stopped(exit: Exit) -> Failure {
    Failure::new(exit, "stopped".to_owned())
        .now("the stack is as it was; the snapshot taken before is kept")
        .next("unapply diff · unapply revert")
}

/// Asks for the plan, unless `--yes` has answered.
fn confirm(session: &Session, stack: &Stack) -> Result<(), Failure> {
    if session.global.yes {
        return Ok(());
    }
    if let Some(why) = silence(session) {
        let what = format!("the plan needs a yes, and nobody can be asked: {why}");
        return Err(Failure::new(Exit::NeedsConfirmation, what)
            .now("the stack is as it was; the snapshot taken before is kept")
            .next("unapply revert --yes"));
    }
    let question = format!(
        "\nDo you want to apply this plan to {}?\n  Only 'yes' will be accepted.\n  Enter a value: ",
        stack.name
    );
    match ask(&session.output, &session.signals, &question) {
        Answer::Line(line) if line == "yes" => Ok(()),
        Answer::Interrupted(signal) => Err(stopped(Exit::of_signal(signal))),
        Answer::Line(_) | Answer::Closed => Err(stopped(Exit::Refused)),
    }
}

/// Verifies what went well, and says what did not.
fn conclude(
    session: &Session,
    job: &Job<'_>,
    executed: ExecutedRevert,
    checks: &[StackCheck],
) -> Result<Exit, Failure> {
    if executed.outcome != ApplyOutcome::Succeeded {
        return failed(session, job.stack, executed);
    }
    if let Some(signal) = executed.interrupted {
        let target = executed.checked().target();
        let what = format!("interrupted; the revert to {target} had been applied by then");
        return Err(Failure::new(Exit::of_signal(signal), what)
            .not_done("it was not verified, and nothing was marked good")
            .now(format!("its record is revision {}", executed.intent))
            .next(format!("unapply diff {target}..@"))
            .next("unapply mark good --verify"));
    }
    let intent = executed.intent;
    let verified = match verify(job, executed, checks) {
        Ok(verified) => verified,
        Err(error) => {
            let failure = Failure::from(error);
            // Whoever stopped it knows why it is not verified.
            let is_stopped = matches!(failure.exit, Exit::Interrupted | Exit::Terminated);
            let exit = if is_stopped { failure.exit } else { Exit::NotVerified };
            return Err(failure
                .with_exit(exit)
                .not_done("the revert was applied, and not verified")
                .now(format!("the apply succeeded; its record is revision {intent}"))
                .next("unapply diff · unapply revert"));
        }
    };
    report(session, job.stack, &verified).map_err(|unwritten| {
        unwritten
            .not_done("only this report is missing: the revert was applied and looked at")
            .now(format!("what was found is revision {}", verified.entry))
            .next(format!("unapply show {}", verified.entry))
    })?;
    Ok(if verified.is_verified() { Exit::Done } else { Exit::NotVerified })
}

fn report(session: &Session, stack: &Stack, verified: &VerifiedRevert) -> Result<(), Failure> {
    let executed = &verified.executed;
    if session.ends_in_words() {
        let text = screen::result(
            stack,
            verified,
            &session.times(),
            session.output.data_paint,
            &session.output.engine(),
        );
        return session.ending(&text);
    }
    let result = if verified.is_verified() { "reverted" } else { "not-verified" };
    let body = RevertOut {
        intent: Some(executed.intent.0),
        hold: executed.hold.as_ref().map(|hold| hold.revision.0),
        after: Some(verified.snapshot.0),
        invoked: executed.invoked.iter().map(Into::into).collect(),
        differences: verified.comparison.differences.clone(),
        notes: verified.comparison.notes.clone(),
        recreated: verified.comparison.recreated.iter().map(Into::into).collect(),
        not_undone: verified.comparison.not_undone.iter().map(Into::into).collect(),
        ..planned(executed.checked(), result)
    };
    session.json("unapply.revert", Some(stack), body)
}

/// An apply that did not end well.
fn failed(session: &Session, stack: &Stack, executed: ExecutedRevert) -> Result<Exit, Failure> {
    let mut lines = diagnostic_lines(&executed.diagnostics);
    let target = executed.checked().target();
    let intent = executed.intent;
    let (exit, what) = match executed.outcome {
        ApplyOutcome::Interrupted => {
            let exit = Exit::of_signal(executed.interrupted.unwrap_or(2));
            (exit, format!("the revert to {target} was interrupted"))
        }
        ApplyOutcome::Succeeded
        | ApplyOutcome::Failed
        | ApplyOutcome::Unknown
        | ApplyOutcome::NotStarted => (
            Exit::Failure,
            format!(
                "the revert to {target} was applied in part: {} failed",
                session.output.engine()
            ),
        ),
    };
    let now = match &executed.after {
        Ok(taken) => format!("the state is kept as revision {}", taken.entry.revision),
        Err(error) => format!("the state could not be read: {error}"),
    };
    let now = match executed.errored_state {
        Some(revision) => {
            let engine = session.output.engine();
            format!("{now}\n{engine} could not save its state; it is kept as revision {revision}")
        }
        None => now,
    };
    let now = match &executed.hold {
        Some(hold) => format!("{now}\n{}", screen::held(hold, &session.times())),
        None => now,
    };
    if session.format() != Format::Table {
        let after = executed.after.as_ref().ok().map(|taken| taken.entry.revision.0);
        let body = RevertOut {
            intent: Some(intent.0),
            hold: executed.hold.as_ref().map(|hold| hold.revision.0),
            after,
            invoked: executed.invoked.iter().map(Into::into).collect(),
            ..planned(executed.checked(), executed.outcome.name())
        };
        if session.json("unapply.revert", Some(stack), body).is_err() {
            lines.push("and standard output cannot be written".to_owned());
        }
    }
    // What Terraform left there may be needed, and nobody knows for what.
    let place = executed.keep_directory();
    Err(Failure::new(exit, what)
        .details(lines)
        .not_done("what the plan had not reached yet; see the difference")
        .now(format!("{now}\nthe private directory is kept: {}", place.display()))
        .next(format!("unapply diff {target}..@"))
        .next("unapply revert   (goes on from the state as it is)"))
}
