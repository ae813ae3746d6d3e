//! One match over the verbs, and one way out.

use std::ffi::OsString;
use std::rc::Rc;

use clap::Parser as _;

use super::args::{Arguments, Format, Verb};
use super::environment::World;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Signals;
use super::output::{Paint, Screens, Talk};
use super::settings;
use super::verbs::{self, Session};
use crate::engine::variables::given::GivenValues;

/// Parses, runs, shows what went wrong.
pub(super) fn main(arguments: Vec<OsString>) -> Exit {
    let ours = arguments.iter().take_while(|word| *word != "--");
    let ours: Vec<String> = ours.map(|word| word.to_string_lossy().into_owned()).collect();
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(mut arguments) => {
            arguments.global.typed = ours.iter().skip(1).cloned().collect();
            arguments.global.words = GivenValues::of_words(ours.into_iter());
            arguments
        }
        Err(error) => return usage(&error),
    };
    let not_done = not_done(&arguments.verb);
    let (world, signals) = match (World::look(), Signals::listen()) {
        (Ok(world), Ok(signals)) => (world, signals),
        (Err(error), _) => {
            let failure = Failure::new(Exit::Failure, "there is no working directory".to_owned())
                .caused_by(&error)
                .next("cd to a directory that is there, then the same command again");
            return without_a_world(&failure.not_done(not_done));
        }
        (_, Err(error)) => {
            let failure = Failure::new(Exit::Failure, "cannot listen for signals".to_owned())
                .caused_by(&error)
                .next("the same command again, with fewer processes or a higher limit");
            return without_a_world(&failure.not_done(not_done));
        }
    };
    let output = Rc::new(settings::output(&arguments.global, &world));
    let session = Session::new(arguments.global, world, signals, Rc::clone(&output));
    match run(&session, arguments.verb) {
        Ok(exit) => exit,
        Err(failure) => {
            let failure = failure.not_done_by_default(not_done).next_by_default(LOOK);
            failure.show(&output);
            failure.exit
        }
    }
}

/// The next step where none better is known.
const LOOK: &str = "unapply status   (how things are)";

/// Says a failure when not even colours could be resolved.
fn without_a_world(failure: &Failure) -> Exit {
    failure.show(&Screens::new(Paint::Plain, Paint::Plain, Talk::Usual));
    failure.exit
}

/// Clap's own texts; its exit code 2 would mean drift here.
fn usage(error: &clap::Error) -> Exit {
    let _nobody_reads = error.print().is_err();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    if session.format() == Format::Md && !matches!(verb, Verb::Diff(_)) {
        return Err(Failure::new(Exit::Usage, "only `diff` is printed as Markdown".to_owned())
            .next("the same command with `-o table` or `-o json`"));
    }
    match verb {
        Verb::Status(arguments) => verbs::status::run(session, &arguments),
        Verb::Run(arguments) => verbs::run::run(session, &arguments),
        Verb::History(arguments) => verbs::history::run(session, &arguments),
        Verb::Diff(arguments) => verbs::diff::run(session, &arguments),
        Verb::Revert(arguments) => verbs::revert::run(session, &arguments),
        Verb::Drift(arguments) => verbs::drift::run(session, &arguments),
        Verb::Fix(arguments) => verbs::fix::run(session, &arguments),
        Verb::Snapshot(arguments) => verbs::snapshot::run(session, &arguments),
        Verb::Mark(arguments) => verbs::mark::run(session, &arguments),
        Verb::Show(arguments) => verbs::show::run(session, &arguments),
        Verb::Hold(arguments) => verbs::hold::hold(session, &arguments),
        Verb::Release(arguments) => verbs::hold::release(session, &arguments),
        Verb::Guard(arguments) => verbs::guard::run(session, &arguments),
        Verb::Init(arguments) => verbs::init::run(session, &arguments),
        Verb::Recover(arguments) => verbs::recover::run(session, &arguments),
        Verb::Doctor(arguments) => verbs::doctor::run(session, &arguments),
        Verb::Check(arguments) => verbs::check::run(session, &arguments),
        Verb::Demo(arguments) => verbs::demo::run(session, &arguments),
        Verb::Completion(arguments) => verbs::completion::run(session, &arguments),
    }
}

/// Names what a verb has not done when it fails before doing anything.
fn not_done(verb: &Verb) -> &'static str {
    match verb {
        Verb::Revert(_) => "nothing was applied",
        Verb::Run(_) => "the command was not started",
        Verb::Recover(_) => "nothing was resolved",
        Verb::Doctor(_) => "nothing was recorded",
        Verb::Snapshot(_) => "no snapshot was recorded",
        Verb::Mark(_) => "no mark was recorded",
        Verb::Drift(_) => "nothing was recorded about drift",
        Verb::Fix(_) => "no fix was recorded",
        Verb::Hold(_) => "nothing is held by this",
        Verb::Release(_) => "no hold was lifted",
        Verb::Init(_) => "the stack is not set up",
        Verb::Status(_)
        | Verb::History(_)
        | Verb::Diff(_)
        | Verb::Show(_)
        | Verb::Check(_)
        | Verb::Guard(_)
        | Verb::Demo(_)
        | Verb::Completion(_) => "nothing was changed",
    }
}
