//! Errors as a person needs them: what happened, what was not done, what state things are in, what
//! to run next; and the exit code.
//!
//! This is the one boundary where kinds become codes and hints. Texts of Terraform that arrive here
//! have passed the redactor; everything is made inert on the way out.

pub(super) mod hazards;
pub(super) mod kept;
mod lock;
mod never;
pub(super) mod open;
mod revert;
mod run;
mod unrecorded;
pub(super) mod unsettled;

use std::error::Error as StdError;

use super::config;
use super::environment::SystemClock;
use super::exit::Exit;
use super::output::{Screens, inert, inert_lines};
use crate::engine::drift::NotAnItem;
use crate::flow::Error;
use crate::flow::error::drift::DriftError;
use crate::model::event::{Diagnostic, Severity};
use crate::port::clock::Clock as _;
use crate::port::object_store::ObjectError;
use crate::port::terraform;
use crate::store;
use crate::terraform::{directory, workdir};

/// The next step where only a person can mend the cause.
const AGAIN: &str = "the same command again, when what stopped it is gone";

/// The next step where private files have no room, or may not be written.
const ANOTHER_TEMPORARY: &str =
    "name a directory with room that can be written to: TMPDIR=DIR unapply …";

/// A command that did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The code.
    pub exit: Exit,
    told: Box<Answers>,
}

/// The four answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Answers {
    what: String,
    causes: Vec<String>,
    not_done: Option<String>,
    now: Option<String>,
    next: Vec<NextLine>,
}

/// A step to run next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NextLine {
    /// A line as it is.
    Line(String),
    /// A line with a command of Terraform or OpenTofu, whichever the stack is run with.
    OfEngine {
        /// The words before its name.
        before: &'static str,
        /// The words behind it.
        words: String,
    },
}

impl NextLine {
    /// A command of the stack's engine.
    pub(super) fn of_engine(words: impl Into<String>) -> Self {
        Self::OfEngine { before: "", words: words.into() }
    }

    /// The line for an engine that is started by this word.
    pub(super) fn line(&self, engine: &str) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::OfEngine { before, words } => format!("{before}{engine} {words}"),
        }
    }
}

impl Failure {
    /// Makes a failure that says what happened.
    pub(super) fn new(exit: Exit, what: String) -> Self {
        Self { exit, told: Box::new(Answers { what, ..Answers::default() }) }
    }

    /// Returns what happened, alone.
    pub(super) fn what(&self) -> &str {
        &self.told.what
    }

    /// The same with another word for what happened.
    fn renamed(mut self, what: String) -> Self {
        self.told.what = what;
        self
    }

    /// Returns the first step to run next, if one is known.
    pub(super) fn first_step(&self, output: &Screens) -> Option<String> {
        self.told.next.first().map(|step| step.line(&output.engine()))
    }

    /// The same with another code.
    pub(super) fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// Adds an error and what lies below it.
    pub(super) fn caused_by(mut self, error: &dyn StdError) -> Self {
        let mut source = Some(error);
        while let Some(error) = source {
            self.told.causes.push(error.to_string());
            source = error.source();
        }
        self
    }

    /// Sets what was not done.
    pub(super) fn not_done(mut self, text: impl Into<String>) -> Self {
        self.told.not_done = Some(text.into());
        self
    }

    /// Adds a step to run next, unless one is known already.
    pub(super) fn next_by_default(mut self, command: &str) -> Self {
        if self.told.next.is_empty() {
            self.told.next.push(NextLine::Line(command.to_owned()));
        }
        self
    }

    /// Sets what was not done, unless that is known already.
    pub(super) fn not_done_by_default(mut self, text: &str) -> Self {
        self.told.not_done.get_or_insert_with(|| text.to_owned());
        self
    }

    /// Sets what state things are in.
    pub(super) fn now(mut self, text: impl Into<String>) -> Self {
        self.told.now = Some(text.into());
        self
    }

    /// Adds a step to run next.
    pub(super) fn next(self, command: impl Into<String>) -> Self {
        self.next_line(NextLine::Line(command.into()))
    }

    /// Adds a command of the stack's engine to run next.
    pub(super) fn next_engine(self, words: impl Into<String>) -> Self {
        self.next_with_engine("", words)
    }

    /// Adds a command to run next that has one of the stack's engine in it.
    pub(super) fn next_with_engine(self, before: &'static str, words: impl Into<String>) -> Self {
        self.next_line(NextLine::OfEngine { before, words: words.into() })
    }

    /// Adds a line to run next.
    pub(super) fn next_line(mut self, line: NextLine) -> Self {
        self.told.next.push(line);
        self
    }

    /// Adds lines of detail below what happened.
    pub(super) fn details(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.told.causes.extend(lines);
        self
    }

    /// Shows it.
    pub(super) fn show(&self, output: &Screens) {
        let paint = output.talk_paint;
        let code = paint.dim(&format!("(exit {})", self.exit.code()));
        let mut text = format!("{} {}   {code}\n", paint.red("Error:"), inert(&self.told.what));
        let mut line = |label: &str, content: &str| {
            for (index, part) in inert_lines(content).lines().enumerate() {
                let label = if index == 0 { label } else { "" };
                text.push_str(&format!("  {label:<10} {part}\n"));
            }
        };
        for cause in &self.told.causes {
            line("because", cause);
        }
        if let Some(not_done) = &self.told.not_done {
            line("not done", not_done);
        }
        if let Some(now) = &self.told.now {
            line("now", now);
        }
        for (index, next) in self.told.next.iter().enumerate() {
            line(if index == 0 { "next" } else { "" }, &next.line(&output.engine()));
        }
        output.insist(&text);
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        let failure = Self::new(Exit::Usage, error.to_string());
        match error.source() {
            Some(source) => failure.caused_by(source),
            None => failure,
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        store_failure(&error)
    }
}

impl From<terraform::Error> for Failure {
    fn from(error: terraform::Error) -> Self {
        terraform_failure(&error)
    }
}

/// A failure with the error's own text and causes.
fn plain(exit: Exit, error: &dyn StdError) -> Failure {
    let failure = Failure::new(exit, error.to_string());
    match error.source() {
        Some(source) => failure.caused_by(source),
        None => failure,
    }
}

fn store_failure(error: &store::Error) -> Failure {
    use store::Error as E;
    match error {
        E::Object(object) => object_failure(object),
        E::NotInitialised { .. } => plain(Exit::Store, error).next("unapply init"),
        E::Unfit { .. } | E::Lies { .. } => {
            plain(Exit::Store, error).next("unapply --store DIR init")
        }
        E::Moved { .. } | E::Contended { .. } => plain(Exit::Locked, error)
            .now("somebody else has written to this stack; what they said is kept")
            .next("unapply history"),
        E::Rewound { .. } | E::Entry { .. } | E::Blob { .. } => plain(Exit::Integrity, error)
            .now("nothing that cannot be verified was used")
            .next("unapply check --read-data"),
        E::NoSuchRevision { .. } => plain(Exit::NoRevision, error).next("unapply history"),
        E::TooLarge { .. }
        | E::Compress { .. }
        | E::Unwritable { .. }
        | E::Random { .. }
        | E::NotAKey { .. } => plain(Exit::Failure, error),
    }
}

fn object_failure(error: &ObjectError) -> Failure {
    match error {
        ObjectError::Missing { .. } => plain(Exit::Store, error).next("unapply init"),
        ObjectError::Denied { .. } => plain(Exit::Permission, error)
            .now("what the store has acknowledged is as it was")
            .next("give this user the right to read and write there, or: unapply --store DIR init"),
        ObjectError::Unauthenticated { .. } => plain(Exit::Permission, error)
            .now("what the store has acknowledged is as it was")
            .next("sign in again, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret")
            .next("on a machine with a role: [store] instance_metadata = true"),
        ObjectError::Skewed { .. } => plain(Exit::Permission, error)
            .now("what the store has acknowledged is as it was")
            .next("set this machine's clock, then run the same command again"),
        ObjectError::Misdirected { .. } => plain(Exit::Store, error)
            .now("nothing was sent anywhere else")
            .next("set url, region and endpoint of [store], or create the bucket"),
        ObjectError::Full { .. } => plain(Exit::Failure, error)
            .now("what was acknowledged before is kept; `unapply check` proves it")
            .next("free some space, then run the same command again"),
        ObjectError::Unsupported { .. } => plain(Exit::Store, error),
        ObjectError::Failed { source, .. }
            if source.kind() == std::io::ErrorKind::NotADirectory =>
        {
            plain(Exit::Store, error)
                .now("something else stands where the store's files should be; it was left alone")
                .next("unapply check")
        }
        ObjectError::Ambiguous { .. }
        | ObjectError::NotDurable { .. }
        | ObjectError::Failed { .. } => plain(Exit::Failure, error).next("unapply check"),
    }
}

/// Terraform's diagnostics as lines: errors with their detail, at most five.
pub(super) fn diagnostic_lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    let mut lines: Vec<String> = errors
        .iter()
        .take(5)
        .map(|error| {
            let place = error.address.as_ref().map_or_else(String::new, |a| format!("{a}: "));
            let detail = error.detail.trim();
            let glue = if detail.is_empty() { "" } else { "\n" };
            format!("{place}{}{glue}{}", shortened(&error.summary), shortened(detail))
        })
        .collect();
    if errors.len() > 5 {
        lines.push(format!("and {} more", errors.len() - 5));
    }
    lines
}

/// The beginning of a text of Terraform's that has no measure.
fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 4_000;
    match text.char_indices().nth(CHARACTERS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let (shown, rest) = text.split_at(end);
            format!("{shown}… and {} bytes more", rest.len())
        }
    }
}

fn terraform_failure(error: &terraform::Error) -> Failure {
    use terraform::Error as E;
    match error {
        E::NotFound { instead: None, .. } => plain(Exit::Terraform, error)
            .next("install terraform or tofu, or name one: unapply --tf-bin PATH …"),
        E::NotFound { name, instead: Some(other), .. } => plain(Exit::Terraform, error)
            .next(format!("install {name}, or name it: unapply --tf-bin PATH …"))
            .next(kept::taken_over_by(other)),
        E::CannotStart { source, .. } if is_shortage(source) => {
            plain(Exit::Failure, error).next(AGAIN)
        }
        E::CannotStart { .. } => plain(Exit::Terraform, error)
            .next("name one that runs on this machine: unapply --tf-bin PATH …"),
        E::NoOutput { .. } => plain(Exit::Failure, error).next(ANOTHER_TEMPORARY),
        E::NotInitialised { diagnostics, .. } => plain(Exit::Terraform, error)
            .details(diagnostic_lines(diagnostics).into_iter().skip(1))
            .next_engine("init"),
        E::NoProvider { diagnostics } => plain(Exit::Terraform, error)
            .details(diagnostic_lines(diagnostics))
            .next("let this machine reach the registry or a mirror that has it, then again")
            .next("unapply doctor"),
        E::Locked(holder) => lock::card(holder, SystemClock.now()),
        E::StalePlan => plain(Exit::Refused, error)
            .now("somebody changed the state after the plan was made")
            .next("unapply revert"),
        E::Interrupted { signal, .. } => {
            Failure::new(Exit::of_signal(*signal), error.to_string()).next(AGAIN)
        }
        E::Failed { engine, diagnostics, kept_back, .. } => {
            let failure = plain(Exit::Failure, error)
                .details(diagnostic_lines(diagnostics))
                .details(terraform::not_handed_on(engine, kept_back));
            match permission(diagnostics) {
                Some(next) => failure.with_exit(Exit::Permission).next(next),
                None => failure.next(AGAIN),
            }
        }
        E::NotPushed { .. } => plain(Exit::Refused, error)
            .now("the backend's state is as it was; another one may be there by now")
            .next("unapply status"),
        E::Unreadable { .. } => plain(Exit::Failure, error)
            .next_engine("version   (says what it is)")
            .next("name another: unapply --tf-bin PATH …"),
    }
}

/// Returns the next step where Terraform's own words are about credentials or rights.
fn permission(diagnostics: &[Diagnostic]) -> Option<&'static str> {
    let credentials = [
        "AccessDenied",
        "No valid credential sources",
        "ExpiredToken",
        "403 Forbidden",
        // The S3 backend: a HEAD has no error code.
        "StatusCode: 403",
        "StatusCode: 401",
        "HTTP remote state endpoint requires auth",
        "HTTP remote state endpoint invalid auth",
    ];
    let rights = ["permission denied", "read-only file system"];
    let errors = || diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let says = |words: &[&str]| {
        let is_in = |text: &str| words.iter().any(|word| text.contains(word));
        errors().any(|error| is_in(&error.summary) || is_in(&error.detail))
    };
    if says(&credentials) {
        Some("renew the credentials, then run the same command again")
    } else if says(&rights) {
        Some(AGAIN)
    } else {
        None
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        never::named(&error, flow_failure(&error))
    }
}

fn directory_failure(error: &directory::Error) -> Failure {
    match error {
        directory::Error::NotInitialised { .. } => {
            plain(Exit::Terraform, error).next_engine("init")
        }
        directory::Error::Read { source, .. } => plain(of_io(source), error),
        directory::Error::Record { .. } => plain(Exit::Failure, error),
    }
}

/// Whether the machine has no more of what a process needs: nothing is wrong with the program.
fn is_shortage(source: &std::io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM];
    Errno::from_io_error(source).is_some_and(|errno| shortages.contains(&errno))
}

/// The code for a file that cannot be used.
fn of_io(source: &std::io::Error) -> Exit {
    if source.kind() == std::io::ErrorKind::PermissionDenied {
        Exit::Permission
    } else {
        Exit::Failure
    }
}

/// Turns an error of a use case into a code and hints.
fn flow_failure(error: &Error) -> Failure {
    match error {
        Error::Store(inner) => store_failure(inner),
        Error::Terraform(inner) => terraform_failure(inner),
        Error::Directory(inner) => directory_failure(inner),
        Error::Hazards(hazards) => hazards::refused(hazards, &hazards::RevertWords::default()),
        Error::Workdir(workdir::Error::Create { .. } | workdir::Error::Write { .. }) => {
            plain(Exit::Failure, error).next(ANOTHER_TEMPORARY)
        }
        Error::Configuration(_)
        | Error::Unpackable(_)
        | Error::Workdir(_)
        | Error::Plan(_)
        | Error::Rekey(_)
        | Error::Misplaced => plain(Exit::Failure, error),
        Error::Check(_) => plain(Exit::Failure, error)
            .now("the plan was empty; the check alone stands in the way")
            .next("unapply mark good REV   (on your word)"),
        Error::Io { source, .. } => plain(of_io(source), error),
        Error::Interrupted { signal, .. } => plain(Exit::of_signal(*signal), error).next(AGAIN),
        Error::Unreadable { problem, evidence, last, .. } => {
            kept::unreadable(plain(Exit::Refused, error), problem, *evidence, *last)
        }
        Error::Kept { revision, problem } => {
            kept::no_snapshot(plain(Exit::NoRevision, error), *revision, problem)
        }
        Error::Foreign { mismatch, evidence } => {
            kept::foreign(plain(Exit::Refused, error), mismatch, *evidence)
        }
        Error::StateGone { last, .. } => plain(Exit::Refused, error)
            .now(format!("revision {last} holds the last state that was seen"))
            .next(format!("unapply show {last} --raw-state > recovered.tfstate")),
        Error::OtherEngine { .. } | Error::Unencrypted { .. } => kept::of_the_engine(error),
        Error::StoredState { .. } | Error::Bundle { .. } => {
            plain(Exit::Integrity, error).next("unapply check --read-data")
        }
        Error::Rewound { newest, .. } => plain(Exit::Refused, error)
            .now("somebody restored an older state, or two writers were at work; both are kept")
            .next(format!("unapply diff {newest}..@"))
            .next("unapply snapshot   (to go on from the state as it is)"),
        Error::Unfit { .. } => plain(Exit::NoRevision, error).next("unapply history"),
        Error::RemoteExecution { .. } => plain(Exit::Refused, error)
            .now("a plan made here cannot be applied there; the snapshots are kept")
            .next("apply the good commit by hand: unapply show good"),
        Error::UnderWay { .. } | Error::Unsettled(_) => open::failure(error),
        Error::MissingVariables(names) => kept::missing(error, names),
        Error::HalfDone { .. }
        | Error::NotProven(_)
        | Error::NotRecorded { .. }
        | Error::Needed(_)
        | Error::TwoSteps { .. }
        | Error::IncompletePlan(_)
        | Error::Moved { .. } => revert::failure(error),
        Error::WrittenByAPlan { .. } => plain(Exit::Refused, error)
            .now("nothing was applied; the file is too large to be copied before each plan"),
        Error::NotCarried(sentences) => plain(Exit::Failure, error)
            .details(sentences.clone())
            .now("nothing was removed; what it made lies in its private directory")
            .next("the same command again, once these places can be written")
            .next("unapply recover --abandon --reason TEXT   (when it is of no use)"),
        Error::NotPresent { revision } => plain(Exit::Refused, error)
            .now("a plan would say nothing about it")
            .next(format!("unapply mark good {revision}   (on your word)")),
        Error::NotEmpty { revision, proposes } => kept::not_empty(error, *revision, proposes),
        Error::PlanFile { .. } | Error::HoldUntold { .. } => run::saved_plan(error),
        Error::Unsuitable(_) | Error::Recover(_) => unsettled::failure(error),
        Error::Drift(problem) => drift_failure(problem),
        Error::Run(problem) => run::failure(problem),
    }
}

/// Turns an error of a drift check, or of recording or showing a fix, into a code and hints.
fn drift_failure(error: &DriftError) -> Failure {
    match error {
        DriftError::Values { .. } => {
            plain(Exit::Integrity, error).next("unapply check --read-data")
        }
        DriftError::Item(NotAnItem::None(_)) => plain(Exit::NoRevision, error)
            .now("an item is d-…, the beginning of that, or an address with exactly one open item")
            .next("unapply drift list"),
        DriftError::Item(_) => plain(Exit::Usage, error).next("unapply drift list"),
        DriftError::NotOpen { resolved, .. } => {
            let since = resolved.map_or_else(String::new, |r| format!(" since revision {r}"));
            plain(Exit::Refused, error)
                .now(format!("the real world and the state agree there{since}"))
                .next("unapply drift   (looks again)")
        }
        DriftError::FixedAlready { fix, .. } => plain(Exit::Refused, error)
            .now("what was recorded first stands")
            .next(format!("unapply fix show {fix}")),
        DriftError::CheckFailed { .. } => plain(Exit::Failure, error)
            .now("every drift item is as the last check saw it")
            .next("unapply drift"),
    }
}
