//! `unapply snapshot`: keeps a state and its configuration.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::several::{each, meant};
use super::{Opened, Session, Unencrypted};
use crate::cli::args::{Format, SnapshotArguments as Arguments, Span};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{EntryOut, SnapshotOut};
use crate::cli::output::inert;
use crate::cli::settings::{Selection, Settings};
use crate::engine::pin::StateStanding;
use crate::flow::Error;
use crate::flow::ports::{Job, Stack};
use crate::flow::snapshot::{
    Captured, ConfigurationFrom, SnapshotRequest, StateSubject, WhenUnchanged, take,
};
use crate::model::configuration::ConfigurationRef;
use crate::model::entry::Cause;

/// Takes one of each stack that is meant.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let tags = tags(&arguments.tag)?;
    let root = arguments.config_dir.as_deref().filter(|_| arguments.state.is_some());
    let settings = Settings::resolve(&session.global, &session.world, root)?;
    let stacks = if arguments.state.is_some() || arguments.tfplan.is_some() {
        vec![settings.select_one(&Selection::of(&session.global))?]
    } else {
        meant(session, &settings)?
    };
    let opened = session.open_or_create(&settings, Unencrypted::NotAccepted)?;
    each(session, &stacks, |stack| {
        let request = request(session, stack, arguments, &tags)?;
        one(session, &opened, &settings, stack, &request, arguments.import_history)
    })
}

fn one(
    session: &Session,
    opened: &Opened,
    settings: &Settings,
    stack: &Stack,
    request: &SnapshotRequest,
    span: Option<Span>,
) -> Result<(), Failure> {
    if let Some(span) = span {
        return super::import::run(session, opened, settings, stack, span);
    }
    let ports = session.ports(opened, stack);
    let taken = take(&Job::new(&ports, stack, &settings.author), request)?;
    if session.format() == Format::Table {
        session.data(&screen(stack, &taken)?)?;
    } else {
        let body = SnapshotOut {
            entry: EntryOut::new(&taken.entry, None),
            recorded: taken.is_new,
            configuration_problem: taken.problem.as_ref().map(ToString::to_string),
        };
        session.json("unapply.snapshot", Some(stack), body)?;
    }
    warn(session, &taken);
    match taken.problem {
        None => Ok(()),
        Some(problem) => Err(Failure::from(problem)
            .not_done("its configuration was not kept: nothing can be reverted to this snapshot")
            .now(format!("the state is kept as revision {}", taken.entry.revision))),
    }
}

/// Warns of what is unusual about a state that was recorded.
pub(super) fn warn(session: &Session, taken: &Captured) {
    let sign = session.output.talk_paint.yellow("!");
    match &taken.standing {
        StateStanding::Rewound { newest, serial } => session
            .output
            .talk(&format!("{sign} the state went back: revision {newest} has serial {serial}\n")),
        StateStanding::Forked { newest } => session.output.talk(&format!(
            "{sign} the state forked: revision {newest} has the same serial and other content\n"
        )),
        StateStanding::First | StateStanding::Recorded(_) | StateStanding::Grown => {}
    }
    let notes = taken.snapshot().ok().and_then(|snapshot| snapshot.configuration.as_ref());
    for note in notes.map_or_else(Vec::new, ConfigurationRef::shortcomings) {
        session.output.talk(&format!("{sign} {}\n", inert(&note)));
    }
}

fn screen(stack: &Stack, taken: &Captured) -> Result<String, Failure> {
    let snapshot = taken.snapshot().map_err(Failure::from)?;
    let state = snapshot.state.as_ref().map_or("no state yet".to_owned(), |state| {
        format!("serial {} · {} resources", state.version.serial, state.resources)
    });
    let configuration = snapshot
        .configuration
        .as_ref()
        .map_or("no configuration".to_owned(), |c| format!("{} files", c.files));
    let revision = taken.entry.revision;
    Ok(if taken.is_new {
        format!("{}: snapshot {revision} · {state} · {configuration}\n", stack.name)
    } else {
        format!("{}: unchanged since {revision} · {state} · no new entry\n", stack.name)
    })
}

fn request(
    session: &Session,
    stack: &Stack,
    arguments: &Arguments,
    tags: &BTreeMap<String, String>,
) -> Result<SnapshotRequest, Failure> {
    let here = |path: &Path| session.world.directory.join(path);
    let configuration = match (&arguments.tfplan, &arguments.config_dir, &arguments.state) {
        (Some(plan), _, _) => ConfigurationFrom::Plan(here(plan)),
        (None, Some(directory), _) => ConfigurationFrom::Directory(here(directory)),
        (None, None, Some(_)) => ConfigurationFrom::Unknown,
        (None, None, None) => ConfigurationFrom::Directory(stack.root.clone()),
    };
    let subject = match &arguments.state {
        None => StateSubject::Live,
        Some(path) => given(session, path)?,
    };
    let when_unchanged =
        if arguments.force { WhenUnchanged::Record } else { WhenUnchanged::Witness };
    Ok(SnapshotRequest {
        subject,
        configuration,
        cause: Cause::Manual,
        tags: tags.clone(),
        when_unchanged,
    })
}

fn given(session: &Session, path: &Path) -> Result<StateSubject, Failure> {
    let failed = |source| Failure::from(Error::Io { path: path.display().to_string(), source });
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        return Ok(StateSubject::Given { bytes, from: "standard input".to_owned() });
    }
    let path = session.world.directory.join(path);
    let bytes = std::fs::read(&path).map_err(failed)?;
    Ok(StateSubject::Given { bytes, from: session.short(&path) })
}

fn tags(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    given
        .iter()
        .map(|tag| match tag.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(Failure::new(Exit::Usage, format!("`--tag {tag}` is not K=V"))),
        })
        .collect()
}
