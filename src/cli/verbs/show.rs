//! `unapply show`: one entry of any kind.

mod files;
mod kept;

use std::collections::BTreeMap;

use super::side::{entry as find_entry, short_commit};
use super::{Opened, Session};
use crate::cli::args::{Format, Show as Arguments};
use crate::cli::environment::StreamKind;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::failure::kept::way_out;
use crate::cli::json::{BodyOut, EntryOut, ResourceOut, ShowOut, ShownValue};
use crate::cli::output::inert;
use crate::cli::render::value::shown;
use crate::codec::json;
use crate::codec::state::{self, Contents as KeptContents};
use crate::engine::compare::differences;
use crate::engine::good::verdicts;
use crate::engine::readable::AttributeChange;
use crate::engine::redact::{Redactor, Shown, drawn_together};
use crate::flow::Error;
use crate::flow::ports::Stack;
use crate::flow::recorded::load_bytes;
use crate::model::configuration::ConfigurationSource;
use crate::model::entry::{Entry, Snapshot};
use crate::model::state::{Instance, State, StateBytes, Status};
use crate::model::value::{Path, Step, Value};
use crate::model::word::Word as _;

/// Shows an entry.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let log = opened.log(&stack)?;
    let entry = find_entry(session, &log, &arguments.revision)?;
    let snapshot = entry.recorded.body.snapshot();
    if arguments.raw_state {
        return raw_state(session, &opened, &entry);
    }
    if let Some(path) = &arguments.files {
        return files::run(session, &opened, &stack, &entry, path);
    }
    let verdicts = verdicts(&log);
    let out = EntryOut::new(&entry, verdicts.get(&entry.revision).copied());
    let bytes = match snapshot.and_then(|snapshot| snapshot.state.as_ref()) {
        Some(state) => Some(load_bytes(&opened.repository, &entry, state)?),
        None => None,
    };
    let kept = kept::contents(&opened.repository, &entry)?;
    let (resources, outputs) = match (&bytes, &kept) {
        (Some(bytes), _) => {
            let redactor = session.fingerprinted(Redactor::default(), Some((&opened, &stack)));
            contents(bytes, &entry, arguments.resource.as_deref(), redactor)?
        }
        (None, Some(kept)) => kept::listed(kept, arguments.resource.as_deref()),
        (None, None) => (Vec::new(), BTreeMap::new()),
    };
    if let Some(address) = arguments.resource.as_deref().filter(|_| resources.is_empty()) {
        let what = format!("revision {} has no resource `{address}`", entry.revision);
        return Err(
            Failure::new(Exit::NoRevision, what).next(format!("unapply show {}", entry.revision))
        );
    }
    if session.format() == Format::Table {
        let kept = kept.as_ref();
        session.data(&screen(session, &stack, &entry, &out, &resources, &outputs, kept))?;
    } else {
        let kept = kept.as_ref().map(Into::into);
        let shown = ShowOut { entry: out, resources, outputs, kept };
        session.json("unapply.show", Some(&stack), shown)?;
    }
    Ok(Exit::Done)
}

/// The exact bytes, also of evidence.
fn raw_state(session: &Session, opened: &Opened, entry: &Entry) -> Result<Exit, Failure> {
    if session.world.terminals.output == StreamKind::Terminal {
        return Err(Failure::new(Exit::Refused, "a state holds secrets in clear".to_owned())
            .not_done("nothing was printed on the terminal")
            .next(format!("unapply show {} --raw-state > FILE", entry.revision)));
    }
    let repository = &opened.repository;
    let bytes =
        match (&entry.recorded.body, entry.recorded.body.snapshot().map(|s| s.state.as_ref())) {
            (_, Some(Some(state))) => load_bytes(repository, entry, state)?.as_slice().to_vec(),
            (crate::model::entry::Body::Evidence(kept), _) => repository.get_blob(&kept.blob)?,
            _ => {
                let revision = entry.revision;
                return Err(Error::Unfit { revision, problem: "holds no state" }.into());
            }
        };
    session.bytes(&bytes)?;
    Ok(Exit::Done)
}

type ShownContents = (Vec<ResourceOut>, BTreeMap<String, ShownValue>);

fn contents(
    bytes: &StateBytes,
    entry: &Entry,
    only: Option<&str>,
    redactor: Redactor,
) -> Result<ShownContents, Failure> {
    let state = state::parse(bytes).map_err(|problem| {
        Failure::from(Error::StoredState { revision: entry.revision, problem: problem.to_string() })
    })?;
    let redactor = redactor.with_state(&state);
    let resources = state
        .instances
        .iter()
        .filter(|object| only.is_none_or(|only| object.address.to_string() == only))
        .map(|object| resource(object, only, &redactor))
        .collect();
    Ok((resources, outputs(&state, &redactor)))
}

fn outputs(state: &State<'_>, redactor: &Redactor) -> BTreeMap<String, ShownValue> {
    let show = |output: &crate::model::state::Output<'_>| {
        let path = Path(vec![Step::Name(output.name.to_string())]);
        let marks = if output.sensitive { vec![path.clone()] } else { Vec::new() };
        let value = json::raw_value(output.value).ok();
        let owner = format!("output.{}", output.name);
        let shown = redactor.show_of(&owner, &path, value.as_ref(), &marks);
        (redactor.text(&output.name), ShownValue::from(&shown))
    };
    state.outputs.iter().map(show).collect()
}

fn resource(object: &Instance<'_>, only: Option<&str>, redactor: &Redactor) -> ResourceOut {
    // The attributes of every object at once would be a wall of text.
    let attributes = only.map(|_| {
        let value = json::raw_value(object.attributes).unwrap_or(Value::Null);
        let (owner, marks) = (object.address.to_string(), object.sensitive.as_slice());
        let leaves = differences(&Value::Null, &value);
        let leaves = drawn_together(leaves, [&Value::Null, &value], marks);
        let show = |leaf| {
            let change = AttributeChange::of(redactor, &owner, leaf, marks);
            (change.path.to_string(), ShownValue::from(&change.after))
        };
        leaves.into_iter().map(show).collect()
    });
    ResourceOut {
        address: redactor.address(&object.address).to_string(),
        deposed: object.deposed.as_deref().map(str::to_owned),
        provider: object.provider.to_string(),
        id: redactor.id(object),
        tainted: object.status == Status::Tainted,
        attributes,
    }
}

fn line(text: &mut String, label: &str, value: &str) {
    if !value.is_empty() {
        text.push_str(&format!("  {label:<10} {}\n", inert(value)));
    }
}

fn screen(
    session: &Session,
    stack: &Stack,
    entry: &Entry,
    out: &EntryOut,
    resources: &[ResourceOut],
    outputs: &BTreeMap<String, ShownValue>,
    kept: Option<&KeptContents>,
) -> String {
    let paint = session.output.data_paint;
    let snapshot = entry.recorded.body.snapshot();
    let verdict = match (&out.verdict, &out.grade) {
        (Some(_), Some(grade)) => format!(" · ★ good ({grade})"),
        (Some(verdict), None) => format!(" · {verdict}"),
        (None, _) => String::new(),
    };
    let heading = format!("{} r{}   {}{verdict}", stack.name, out.revision, out.entry);
    let mut text = format!("{}\n", paint.bold(&heading));
    let by = format!(
        "{} by {} on {}, {}",
        session.times().show(entry.recorded.time),
        out.actor,
        out.host,
        out.tool
    );
    line(&mut text, "when", &by);
    line(&mut text, "reason", out.reason.as_deref().unwrap_or_default());
    line(&mut text, "ticket", out.ticket.as_deref().unwrap_or_default());
    match snapshot {
        Some(snapshot) => snapshot_lines(&mut text, snapshot),
        None => body_lines(&mut text, &out.body),
    }
    if let Some(kept) = kept {
        kept::lines(&mut text, kept);
    }
    line(&mut text, "entry", &format!("sha256 {}", out.digest));
    if !resources.is_empty() {
        text.push_str("\nResources:\n");
    }
    for resource in resources {
        text.push_str(&resource_lines(resource));
    }
    if !outputs.is_empty() {
        text.push_str("\nOutputs:\n");
    }
    for (name, value) in outputs {
        text.push_str(&format!("  {} = {}\n", inert(name), value_of(value)));
    }
    if snapshot.is_some() {
        let count = resources.len();
        let word = if count == 1 { "resource" } else { "resources" };
        let next = format!("unapply show r{0} --files · unapply diff r{0}..@", out.revision);
        text.push_str(&format!("\n{count} {word}\nnext: {next}\n"));
    } else if let Some(kept) = kept {
        let next = way_out(kept.format).line(&session.output.engine());
        text.push_str(&format!("\nnext: {next}\n"));
    } else {
        text.push_str("\nnext: unapply history\n");
    }
    text
}

fn snapshot_lines(text: &mut String, snapshot: &Snapshot) {
    line(text, "cause", snapshot.cause.name());
    if let Some(past) = &snapshot.past {
        line(text, "written", &format!("{:.0} · version {}", past.written, past.version));
    }
    match &snapshot.state {
        None => line(text, "state", "none yet"),
        Some(state) => {
            let facts = format!(
                "serial {} · lineage {} · {} resources · {} bytes · written by {}",
                state.version.serial,
                state.version.lineage,
                state.resources,
                state.bytes,
                state.writer
            );
            line(text, "state", &facts);
            line(text, "", &format!("sha256 {}", state.version.digest));
        }
    }
    match &snapshot.configuration {
        None => line(text, "config", "none: nothing can be reverted to this snapshot"),
        Some(found) => {
            let names: Vec<&str> = found.variables.iter().map(|seen| seen.name.as_str()).collect();
            let variables = if names.is_empty() {
                String::new()
            } else {
                format!(" · values of {}", names.join(", "))
            };
            let inferred = match found.source {
                ConfigurationSource::Inferred => " · inferred: a commit that fits, by time",
                ConfigurationSource::Directory | ConfigurationSource::Plan => "",
            };
            let facts =
                format!("{} files, {} modules{variables}{inferred}", found.files, found.modules);
            line(text, "config", &facts);
            line(text, "", &format!("sha256 {}", found.digest));
            for note in found.shortcomings() {
                line(text, "", &format!("! {note}"));
            }
            for provider in &found.providers {
                line(text, "provider", &format!("{} {}", provider.source, provider.version));
            }
        }
    }
    let engine = snapshot.engine.as_ref();
    let engine = engine.map(ToString::to_string);
    line(text, "engine", engine.as_deref().unwrap_or("unknown: there was none to ask"));
    line(text, "backend", &format!("{} · workspace {}", snapshot.backend, snapshot.workspace));
    if let Some(git) = &snapshot.git {
        let dirty = if git.dirty { " (with changes)" } else { "" };
        line(text, "commit", &format!("{}{dirty}", short_commit(&git.commit)));
    }
    for (key, value) in &snapshot.tags {
        line(text, "tag", &format!("{key}={value}"));
    }
}

/// Any other entry: its facts as they are in JSON, one a line.
fn body_lines(text: &mut String, body: &BodyOut) {
    if let BodyOut::Drift { against, items } = body {
        line(text, "against", &against.to_string());
        for item in items {
            let paths: Vec<&str> = item.paths.iter().map(|path| path.text.as_str()).collect();
            let paths = paths.join(", ");
            line(text, &item.change, &format!("{}  {paths}  {}", item.address, item.item));
        }
        return;
    }
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(body) else { return };
    for (name, value) in members.iter().filter(|(name, _)| *name != "type") {
        let name = name.replace('_', " ");
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(value) => line(text, &name, value),
            serde_json::Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let label = if index == 0 { name.as_str() } else { "" };
                    let item = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                    line(text, label, &item);
                }
            }
            serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Object(_) => line(text, &name, &value.to_string()),
        }
    }
}

fn resource_lines(resource: &ResourceOut) -> String {
    let id = resource.id.as_deref().map_or(String::new(), |id| format!("   id {}", inert(id)));
    let deposed = resource
        .deposed
        .as_deref()
        .map_or(String::new(), |key| format!(" (deposed {})", inert(key)));
    let tainted = if resource.tainted { "   tainted" } else { "" };
    let mut text = format!("  {}{deposed}{id}{tainted}\n", inert(&resource.address));
    for (path, value) in resource.attributes.iter().flatten() {
        text.push_str(&format!("      {} = {}\n", inert(path), value_of(value)));
    }
    text
}

fn value_of(value: &ShownValue) -> String {
    match (value.sensitive, &value.fingerprint) {
        (true, Some(print)) => return format!("(sensitive {print})"),
        (true, None) => return shown(&Shown::Sensitive(None)),
        (false, _) => {}
    }
    match json::value(&value.value.to_string()) {
        Ok(Value::Null) | Err(_) => shown(&Shown::Absent),
        Ok(value) => shown(&Shown::Plain(value)),
    }
}
