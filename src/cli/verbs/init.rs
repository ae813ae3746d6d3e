//! `unapply init`: settings, store, first snapshot.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Session, Unencrypted};
use crate::cli::args::{Format, Init as Arguments};
use crate::cli::config::FILE_NAME;
use crate::cli::engines::Engines;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::InitOut;
use crate::cli::output::inert;
use crate::cli::place::StorePlace;
use crate::cli::settings::{Selection, Settings};
use crate::engine::compat::old_enough;
use crate::flow::Error;
use crate::flow::ports::{Job, Stack};
use crate::flow::snapshot::{SnapshotRequest, take};
use crate::model::entry::Cause;
use crate::port::clock::Clock as _;
use crate::port::object_store::Created;

/// Sets a stack up. Done again, it changes nothing.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let selection = Selection::of(&session.global);
    let stacks = settings.select(&selection)?;
    refuse_too_old(session, &settings, &stacks)?;
    let unencrypted =
        if arguments.no_encryption { Unencrypted::Accepted } else { Unencrypted::NotAccepted };
    // The store first: settings that name a place which cannot be a store help nobody.
    let opened = session.open_or_create(&settings, unencrypted)?;
    if unencrypted == Unencrypted::Accepted {
        let by = &settings.author.actor.name;
        opened.repository.accept_unencrypted(by, session.clock.now())?;
    }
    let (file, file_is_new) = match &settings.project {
        Some(path) => (path.clone(), false),
        None => (write_settings(session, &settings, &stacks)?, true),
    };
    let mut newest = None;
    for stack in &stacks {
        let request = SnapshotRequest::of_stack(stack, Cause::Init);
        let taken =
            take(&Job::new(&session.ports(&opened, stack), stack, &settings.author), &request)?;
        super::snapshot::warn(session, &taken);
        newest = Some(taken.entry.revision);
    }
    let store_created = opened.created == Created::New;
    if session.format() == Format::Table {
        let word = |is_new| if is_new { "written" } else { "there already" };
        let text = format!(
            "settings  {} ({})\nstore     {} ({})\nsnapshot  {}\nnext: unapply mark good --verify · unapply status\n",
            inert(&session.short(&file)),
            word(file_is_new),
            inert(&session.shown(&settings.store)),
            if store_created { "created, create-only writes hold" } else { "there already" },
            newest.map_or("-".to_owned(), |revision| revision.to_string()),
        );
        session.data(&text)?;
    } else {
        let body = InitOut {
            store: settings.store.to_string(),
            store_created,
            settings: file.display().to_string(),
            settings_created: file_is_new,
            snapshot: newest.map(|revision| revision.0),
        };
        session.json("unapply.init", stacks.first(), body)?;
    }
    Ok(Exit::Done)
}

/// Refuses an engine that is too old, before anything is written. One that does not say what it is,
/// or is not there, may still not be needed.
fn refuse_too_old(session: &Session, settings: &Settings, stacks: &[Stack]) -> Result<(), Failure> {
    let opened = Session::open(settings).ok();
    let repository = opened.as_ref().map(|opened| &opened.repository);
    let engines = Engines::new(settings);
    for stack in stacks {
        let engine = engines.of(session, repository, stack).version(&stack.root);
        engine.as_ref().map_or(Ok(()), old_enough).map_err(Error::from)?;
    }
    Ok(())
}

fn write_settings(
    session: &Session,
    settings: &Settings,
    stacks: &[Stack],
) -> Result<PathBuf, Failure> {
    let path = settings.base.join(FILE_NAME);
    let text = settings_text(session, settings, stacks);
    write_new(&path, text.as_bytes())
        .map_err(|source| Failure::from(Error::Io { path: session.short(&path), source }))?;
    Ok(path)
}

fn settings_text(session: &Session, settings: &Settings, stacks: &[Stack]) -> String {
    let url = match (&session.global.store, &settings.store) {
        (_, StorePlace::Bucket(place)) => place.url(),
        (None, StorePlace::Directory(_)) => "./.unapply".to_owned(),
        (Some(_), StorePlace::Directory(path)) => match path.strip_prefix(&settings.base) {
            Ok(relative) => format!("./{}", relative.display()),
            Err(_) => path.display().to_string(),
        },
    };
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!("version = 1\n\n[store]\nurl = {}\n", quoted(&url));
    for stack in stacks {
        text.push_str(&format!(
            "\n[[stack]]\nname = {}\ndir = \".\"\n",
            quoted(stack.name.as_str())
        ));
        if stack.workspace != "default" {
            text.push_str(&format!("workspace = {}\n", quoted(&stack.workspace)));
        }
    }
    text
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
