//! `unapply snapshot --import-history`: snapshots of the past from a versioned bucket.

use super::side::short_commit;
use super::{Opened, Session};
use crate::cli::args::{Format, Span};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{EntryOut, ImportOut, ImportedOut, SkippedVersionOut};
use crate::cli::output::inert;
use crate::cli::place::keys;
use crate::cli::render::table::{Align, columns};
use crate::cli::settings::Settings;
use crate::flow::import::{Report, import};
use crate::flow::live::backend;
use crate::flow::ports::{Job, Stack};
use crate::store::S3History;

/// Imports what the bucket of one stack has kept.
pub(super) fn run(
    session: &Session,
    opened: &Opened,
    settings: &Settings,
    stack: &Stack,
    span: Span,
) -> Result<(), Failure> {
    let ports = session.ports(opened, stack);
    let backend = backend(&ports, stack)?;
    let history =
        S3History::of(&backend, &stack.workspace, keys(&session.world)).map_err(|refused| {
            Failure::new(Exit::Usage, refused.to_string())
                .not_done("nothing was imported")
                .next("unapply snapshot   (the present, from now on)")
        })?;
    let history = history.map_err(crate::store::Error::from)?;
    let limit = match span {
        Span::All => None,
        Span::Newest(number) => Some(number),
    };
    let report = import(&Job::new(&ports, stack, &settings.author), &history, limit)?;
    if session.format() == Format::Table {
        return session.data(&screen(session, stack, &report));
    }
    session.json("unapply.import", Some(stack), out(&report))
}

fn screen(session: &Session, stack: &Stack, report: &Report) -> String {
    let times = session.times();
    let count = report.imported.len();
    let word = if count == 1 { "version" } else { "versions" };
    let mut text = format!("{}: {count} {word} imported from {}\n", stack.name, report.place);
    if count > 0 {
        let header = [
            ("  REV", Align::Left),
            ("SERIAL", Align::Right),
            ("WHEN", Align::Left),
            ("RES", Align::Right),
            ("COMMIT", Align::Left),
            ("CONFIGURATION", Align::Left),
        ];
        let rows = report.imported.iter().map(|version| {
            vec![
                format!("  {}", version.revision),
                version.serial.to_string(),
                times.show(version.written),
                version.resources.to_string(),
                version.commit.as_deref().map_or("-".to_owned(), short_commit),
                version.misfit.as_ref().map_or("inferred".to_owned(), |why| inert(why)),
            ]
        });
        text.push_str(&format!("\n{}", columns(&header, rows.collect())));
    }
    for skipped in &report.skipped {
        let (version, when) = (inert(&skipped.version), times.show(skipped.written));
        text.push_str(&format!("  left out: {version} ({when}): {}\n", inert(&skipped.why)));
    }
    if report.known > 0 {
        text.push_str(&format!("  on record already: {}\n", report.known));
    }
    if count == 0 && report.known == 0 && report.skipped.is_empty() {
        text.push_str("  the bucket keeps no older version: is versioning switched on there?\n");
    }
    let present = report.present.entry.revision;
    text.push_str(&format!("\nthe present is {present}\n"));
    let fitting = report.imported.iter().rev().find(|version| version.misfit.is_none());
    text.push_str(&match fitting {
        Some(version) => {
            let revision = version.revision;
            format!("next: unapply diff {revision}..@ · unapply mark good {revision}\n")
        }
        None => "next: unapply history\n".to_owned(),
    });
    text
}

fn out(report: &Report) -> ImportOut {
    ImportOut {
        place: report.place.clone(),
        imported: report
            .imported
            .iter()
            .map(|version| ImportedOut {
                revision: version.revision.0,
                serial: version.serial.0,
                written_at: format!("{:.0}", version.written),
                resources: version.resources,
                commit: version.commit.clone(),
                misfit: version.misfit.clone(),
            })
            .collect(),
        known: u64::try_from(report.known).unwrap_or(u64::MAX),
        skipped: report
            .skipped
            .iter()
            .map(|skipped| SkippedVersionOut {
                version_id: skipped.version.clone(),
                written_at: format!("{:.0}", skipped.written),
                why: skipped.why.clone(),
            })
            .collect(),
        present: EntryOut::new(&report.present.entry, None),
    }
}
