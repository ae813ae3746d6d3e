//! `unapply run`: the user's own command with a net under it.
//!
//! The output of the command goes where it would have gone without us. Our own text goes to
//! standard error, so that a pipeline that reads the command's output reads nothing else. With
//! `--json` standard output has our one object, and the command's output goes to standard error.

pub(in crate::cli::verbs) mod screen;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::revert::silence;
use super::{Opened, Session};
use crate::cli::args::{Format, OnFailure, RevertArguments, Run as Arguments, ValuesFor};
use crate::cli::engines::WrappedCommand;
use crate::cli::environment::StreamKind;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::RunOut;
use crate::cli::output::inert;
use crate::cli::prompt::{Answer, ask, typed};
use crate::cli::settings::Settings;
use crate::flow::Error;
use crate::flow::error::run::RunError;
use crate::flow::ports::{Job, Ports, Stack};
use crate::flow::run::{
    Begun, Concluded, Followed, Wanted, begin, conclude, follow, hold_what_ran,
};
use crate::model::entry::{ApplyOutcome, Entry, Revision};
use crate::model::word::Word as _;
use crate::port::clock::Clock as _;
use crate::port::interrupt::Interrupt as _;
use crate::terraform::child::{ChildEnd, ChildScreen, Input, Notice, Showing};

/// The usual reasons.
const ELSEWHERE: &str =
    "it worked on another state: another directory, workspace, TF_DATA_DIR or -state";

/// The step after a run that has ended.
enum AfterRun {
    /// Leave with this code.
    Leave(Exit),
    /// Run the same command again.
    Again,
}

/// Runs the command, and again as often as the person asks for it.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let words = arguments.command.iter().map(|word| word.to_string_lossy().into_owned());
    let (words, directory) = (words.collect(), settings.base.clone());
    session.wrap(WrappedCommand { words, directory });
    let stack = session.commanded(stack);
    loop {
        if let AfterRun::Leave(exit) = once(session, &opened, &stack, &settings, arguments)? {
            return Ok(exit);
        }
    }
}

/// A run and what it came to.
struct Ran {
    before: Revision,
    end: Option<ChildEnd>,
    concluded: Concluded,
}

impl Ran {
    /// The code of the command, as a shell would have told it.
    fn exit(&self) -> Exit {
        let Some(end) = self.end else { return Exit::Terraform };
        let code = end.code.unwrap_or_else(|| 128 + end.signal.unwrap_or_default());
        if code == 0 { Exit::Done } else { Exit::OfCommand(u8::try_from(code).unwrap_or(1)) }
    }
}

fn once(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<AfterRun, Failure> {
    let wanted = wanted(session, settings, stack, arguments);
    let ports = session.ports(opened, stack);
    let begun = begin(&Job::new(&ports, stack, &settings.author), &wanted)?;
    say_begun(session, &begun);
    let before = begun.before;
    let (end, showing) = match go(session, &ports, &begun) {
        Ok((end, showing)) => (Ok(end), Some(showing)),
        Err(problem) => (Err(problem), None),
    };
    // A script may have moved the stack to the other engine.
    opened.engines.look_again();
    let ports = session.ports(opened, stack);
    let job = &Job::new(&ports, stack, &settings.author);
    let seen = end.as_ref().map(|end| *end).map_err(|_| ());
    let concluded = conclude(job, begun, seen);
    if let Some(showing) = showing {
        showing.finish();
    }
    let concluded = concluded.map_err(|error| unrecorded(error, end.as_ref().ok()))?;
    if let Err(problem) = end {
        let intent = concluded.outcome.revision;
        return Err(Failure::new(Exit::Terraform, "the command could not be started".to_owned())
            .caused_by(&problem)
            .now(format!("that is on record as revision {intent}")));
    }
    let ran = Ran { before, end: end.ok(), concluded };
    session.output.insist(&screen::report(
        job.stack,
        &ran.concluded,
        session.output.talk_paint,
        &session.output.engine(),
    ));
    if ran.concluded.worked_elsewhere() {
        return elsewhere(session, job.stack, arguments, &ran);
    }
    match ran.concluded.result {
        ApplyOutcome::Succeeded => succeeded(session, job, settings, &ran),
        ApplyOutcome::Failed
        | ApplyOutcome::Interrupted
        | ApplyOutcome::Unknown
        | ApplyOutcome::NotStarted => failed(session, job, arguments, &ran),
    }
}

fn wanted(session: &Session, settings: &Settings, stack: &Stack, arguments: &Arguments) -> Wanted {
    let state = session.world.text("XDG_STATE_HOME").map(PathBuf::from);
    let home = || session.world.text("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = state.filter(|path| path.is_absolute()).or_else(home);
    let places = [state, Some(stack.temporary.clone())];
    Wanted {
        words: arguments.command.clone(),
        directory: settings.base.clone(),
        plan: arguments.tfplan.as_ref().map(|plan| session.world.directory.join(plan)),
        journals: places.into_iter().flatten().map(|place| place.join("unapply/runs")).collect(),
    }
}

fn say_begun(session: &Session, begun: &Begun) {
    let sign = session.output.talk_paint.yellow("!");
    for revision in &begun.concluded {
        session.output.talk(&format!(
            "{sign} an earlier run had ended and nobody had said how; what is known is revision \
             {revision}\n"
        ));
    }
    for shortcoming in &begun.shortcomings {
        session.output.talk(&format!("{sign} {}\n", inert(shortcoming)));
    }
    if let Some(problem) = &begun.problem {
        session.output.talk(&format!(
            "{sign} the configuration could not be captured, so nothing can be reverted to what \
             comes of this: {}\n",
            inert(&problem.to_string())
        ));
    }
}

/// Runs the command with our own streams, or typed lines where it could not read them itself.
fn go(session: &Session, ports: &Ports<'_>, begun: &Begun) -> std::io::Result<(ChildEnd, Showing)> {
    let output: ChildScreen = if session.format() == Format::Table {
        Box::new(std::io::stdout())
    } else {
        Box::new(std::io::stderr())
    };
    let mut next = || typed(Duration::ZERO);
    let input = match session.world.terminals.input {
        StreamKind::Terminal => Input::Forwarded(&mut next),
        StreamKind::Other => Input::Inherited,
    };
    let mut tell = |notice| {
        let word = match notice {
            Notice::Asked => {
                "! the command has been asked to stop, once; waiting for it\n".to_owned()
            }
            Notice::AskedBefore => format!(
                "! the command has been asked to stop, once; waiting (a second time would make {} \
                 lose its state)\n",
                session.output.engine()
            ),
        };
        session.output.insist(&word);
    };
    begun.go(ports, [output, Box::new(std::io::stderr())], input, &mut tell)
}

/// The command's own code counts, if it has failed too.
fn unrecorded(error: Error, end: Option<&ChildEnd>) -> Failure {
    let is_ours = matches!(&error, Error::Run(RunError::NotRecorded { .. }));
    let failure = Failure::from(error);
    match end.map(|end| end.code.unwrap_or_else(|| 128 + end.signal.unwrap_or_default())) {
        Some(code) if is_ours && code != 0 => {
            failure.with_exit(Exit::OfCommand(u8::try_from(code).unwrap_or(1)))
        }
        _ => failure,
    }
}

/// A command that changed another state than the one that is watched: no verb can do anything for it
/// from here.
fn elsewhere(
    session: &Session,
    stack: &Stack,
    arguments: &Arguments,
    ran: &Ran,
) -> Result<AfterRun, Failure> {
    print(session, stack, told(ran))?;
    let exit = if arguments.on_failure == Some(OnFailure::Revert) {
        Exit::NotReverted
    } else if ran.exit() == Exit::Done {
        Exit::Failure
    } else {
        ran.exit()
    };
    let name = &stack.name;
    let what = format!("the command tells of changes, and the state of {name} stood still");
    let root = stack.root.display();
    Err(Failure::new(exit, what)
        .details([ELSEWHERE.to_owned()])
        .not_done("nothing was marked good and nothing was taken back")
        .now(format!(
            "{name} is as it was: {root}, workspace {}; what the command changed is not in its \
             record",
            stack.workspace
        ))
        .next("unapply -C DIRECTORY [-w WORKSPACE] run -- …   (where the command works)"))
}

/// Calls the state good after a success, as far as that can be proved.
fn succeeded(
    session: &Session,
    job: &Job<'_>,
    settings: &Settings,
    ran: &Ran,
) -> Result<AfterRun, Failure> {
    let begun = session.clock.now();
    let followed = match &ran.concluded.after {
        Ok(taken) => Some(follow(job, &ran.concluded, &taken.entry, &settings.checks)),
        Err(_) => None,
    };
    let took = session.clock.now().duration_since(begun).as_millis();
    let text = screen::followed(followed.as_ref(), took, session.output.talk_paint);
    session.output.talk(&text);
    let mut out = told(ran);
    if let Some(followed) = &followed {
        out.grade = followed.grade.map(|grade| grade.name().to_owned());
        out.grade_problem = followed.because.as_ref().map(ToString::to_string);
        out.follow_up_milliseconds = u64::try_from(took).ok();
    }
    print(session, job.stack, out)?;
    if ran.concluded.after.is_err() || followed.as_ref().is_some_and(Followed::has_failed) {
        return Ok(AfterRun::Leave(Exit::Failure));
    }
    Ok(AfterRun::Leave(ran.exit()))
}

/// Leaves a failed run as it is, takes it back, or asks.
fn failed(
    session: &Session,
    job: &Job<'_>,
    arguments: &Arguments,
    ran: &Ran,
) -> Result<AfterRun, Failure> {
    // Somebody who ends us from outside has not come to be asked.
    let is_ended = ran.end.and_then(|end| end.asked) == Some(15);
    let can_ask = silence(session).is_none() && session.format() == Format::Table && !is_ended;
    match arguments.on_failure {
        Some(OnFailure::Revert) if !is_ended => {
            let exit = take_back(&session.unattended(Rc::new(session.output.without_data())));
            let mut out = told(ran);
            out.revert_exit = Some(exit.1.code());
            print(session, job.stack, out)?;
            Ok(AfterRun::Leave(exit.0))
        }
        Some(OnFailure::Ask) | None if can_ask => choose(session, job, ran),
        Some(_) | None => {
            session.output.talk(&screen::left(ran.before, job.stack));
            print(session, job.stack, told(ran))?;
            Ok(AfterRun::Leave(ran.exit()))
        }
    }
}

/// Reverts as the verb does: our code, and the verb's own.
fn take_back(session: &Session) -> (Exit, Exit) {
    let arguments = RevertArguments { values: ValuesFor::Run, ..RevertArguments::default() };
    let exit = super::revert::run(session, &arguments).unwrap_or_else(|failure| {
        let exit = failure.exit;
        let failure = failure.not_done_by_default("nothing was applied");
        failure.next_by_default("unapply revert").show(&session.output);
        exit
    });
    (if exit == Exit::Done { Exit::Reverted } else { Exit::NotReverted }, exit)
}

/// Asks until something is chosen that ends it.
fn choose(session: &Session, job: &Job<'_>, ran: &Ran) -> Result<AfterRun, Failure> {
    loop {
        let answer = ask(&session.output, &session.signals, screen::CHOICES);
        let Answer::Line(line) = answer else {
            session.signals.acknowledge();
            session.output.talk(&screen::left(ran.before, job.stack));
            return Ok(AfterRun::Leave(ran.exit()));
        };
        match line.as_str() {
            "retry" => return Ok(AfterRun::Again),
            "revert" => return Ok(AfterRun::Leave(take_back(session).0)),
            "diff" => {
                let range = Some(format!("{}..@", ran.before));
                if let Err(failure) = super::diff::run(session, &screen::whole_diff(range)) {
                    failure.show(&session.output);
                }
            }
            "keep" | "k" => {
                session.output.talk(&screen::left(ran.before, job.stack));
                return Ok(AfterRun::Leave(ran.exit()));
            }
            "hold" => {
                let held: Entry = hold_what_ran(job, &ran.concluded)?;
                session.output.talk(&screen::held(&held));
                return Ok(AfterRun::Leave(ran.exit()));
            }
            _ => {}
        }
    }
}

/// Makes the JSON that a script reads.
fn told(ran: &Ran) -> RunOut {
    let concluded = &ran.concluded;
    RunOut {
        intent: concluded.intent().map_or(0, |intent| intent.0),
        outcome: concluded.outcome.revision.0,
        result: concluded.result.name().to_owned(),
        code: ran.end.and_then(|end| end.code),
        before: ran.before.0,
        after: concluded.after.as_ref().ok().map(|taken| taken.entry.revision.0),
        after_problem: concluded.after.as_ref().err().map(ToString::to_string),
        errored: concluded.errored.map(|revision| revision.0),
        apply_report: (&concluded.apply_report).into(),
        errors: concluded.errors.iter().map(Into::into).collect(),
        elsewhere: concluded.worked_elsewhere(),
        ..RunOut::default()
    }
}

fn print(session: &Session, stack: &Stack, out: RunOut) -> Result<(), Failure> {
    if session.format() == Format::Table {
        return Ok(());
    }
    session.json("unapply.run", Some(stack), out)
}
