//! `unapply show REV --files`: the files of a configuration with the reason of each, and those that
//! were left out; or the content of one.

use std::collections::BTreeMap;

use crate::cli::args::Format;
use crate::cli::environment::StreamKind;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{FilesOut, KeptFileOut, LeftOutOut};
use crate::cli::output::inert;
use crate::cli::verbs::{Opened, Session};
use crate::codec::hcl::Configuration;
use crate::flow::Error;
use crate::flow::configuration::reasons;
use crate::flow::ports::Stack;
use crate::flow::recorded::load_configuration;
use crate::model::configuration::{BundlePath, LeftOut};
use crate::model::entry::Entry;

/// Shows the files, or the one at `path`.
pub(super) fn run(
    session: &Session,
    opened: &Opened,
    stack: &Stack,
    entry: &Entry,
    path: &str,
) -> Result<Exit, Failure> {
    let revision = entry.revision;
    let snapshot = entry.recorded.body.snapshot().ok_or_else(|| Error::no_snapshot(entry))?;
    let configuration = load_configuration(&session.ports(opened, stack), revision, snapshot)?;
    if !path.is_empty() {
        return content(session, &configuration, entry, path);
    }
    let left_out =
        snapshot.configuration.as_ref().map_or(&[][..], |known| known.left_out.as_slice());
    let reasons = reasons(&configuration);
    if session.format() == Format::Table {
        session.data(&screen(&configuration, &reasons, left_out))?;
        let word = if left_out.is_empty() {
            String::new()
        } else {
            format!(", {} left out", left_out.len())
        };
        let files = reasons.len();
        let next = format!("{files} files{word}\nnext: unapply show {revision} --files=PATH\n");
        session.output.talk(&next);
    } else {
        session.json(
            "unapply.files",
            Some(stack),
            json(entry, &configuration, &reasons, left_out),
        )?;
    }
    Ok(Exit::Done)
}

/// One row a file: permissions, size, path, reason.
fn screen(
    configuration: &Configuration,
    reasons: &BTreeMap<BundlePath, String>,
    left_out: &[LeftOut],
) -> String {
    let bundle = configuration.bundle();
    let mut rows: Vec<[String; 4]> = Vec::new();
    for (path, content) in &bundle.files {
        let mode = bundle.modes.get(path).map_or("-".to_owned(), ToString::to_string);
        let why = reasons.get(path).map_or("", String::as_str);
        rows.push([mode, content.len().to_string(), inert(path.as_str()), inert(why)]);
    }
    let kept = rows.len();
    for file in left_out {
        let size = file.bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        rows.push(["left out".to_owned(), size, inert(&file.path), file.why.clause().to_owned()]);
    }
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        widths.max().unwrap_or_default()
    };
    let (modes, sizes, paths) = (width(0), width(1), width(2));
    let mut text = String::new();
    for (index, [mode, size, path, why]) in rows.iter().enumerate() {
        if index == kept {
            text.push('\n');
        }
        text.push_str(&format!("{mode:<modes$}  {size:>sizes$}  {path:<paths$}  {why}\n"));
    }
    text
}

fn json(
    entry: &Entry,
    configuration: &Configuration,
    reasons: &BTreeMap<BundlePath, String>,
    left_out: &[LeftOut],
) -> FilesOut {
    let bundle = configuration.bundle();
    let file = |(path, content): (&BundlePath, &Vec<u8>)| KeptFileOut {
        path: path.to_string(),
        bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
        mode: bundle.modes.get(path).map(|mode| format!("{:04o}", mode.bits())),
        why: reasons.get(path).cloned().unwrap_or_default(),
    };
    FilesOut {
        revision: entry.revision.0,
        files: bundle.files.iter().map(file).collect(),
        left_out: left_out.iter().map(LeftOutOut::from).collect(),
    }
}

/// The bytes of one file.
fn content(
    session: &Session,
    configuration: &Configuration,
    entry: &Entry,
    path: &str,
) -> Result<Exit, Failure> {
    let bundle = configuration.bundle();
    let file = bundle.files.iter().find(|(file, _)| file.as_str() == path);
    let Some((file, content)) = file else {
        let what = format!("the configuration of {} has no file `{path}`", entry.revision);
        return Err(Failure::new(Exit::NoRevision, what)
            .next(format!("unapply show {} --files", entry.revision)));
    };
    let holds_values = file.file_name().contains(".tfvars") || bundle.var_files.contains(file);
    if holds_values && session.world.terminals.output == StreamKind::Terminal {
        return Err(Failure::new(Exit::Refused, "a file of values may hold secrets".to_owned())
            .not_done("nothing was printed on the terminal")
            .next(format!("unapply show {} --files={path} > FILE", entry.revision)));
    }
    session.bytes(content)?;
    Ok(Exit::Done)
}
