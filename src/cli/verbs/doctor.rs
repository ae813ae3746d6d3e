//! `unapply doctor`: could the stack be reverted now?
//!
//! One line for each thing that a revert relies on. The exit code is that of the first thing that a
//! revert would fail at.

use std::os::unix::fs::PermissionsExt as _;

use super::Session;
use crate::cli::args::{Doctor as Arguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::failure::kept::PLANNABLE;
use crate::cli::failure::unsettled::RECOVER;
use crate::cli::json::{DoctorOut, ExaminedOut};
use crate::cli::output::{Paint, Screens, inert};
use crate::cli::place::StorePlace;
use crate::cli::settings::Settings;
use crate::flow::doctor::{Examination, Examined, Obstruction, StoreProbe, examine, record};
use crate::flow::ports::{Job, Stack};
use crate::model::entry::Revision;
use crate::model::run::{Finding, Health};
use crate::model::word::Word as _;

/// The bits of a mode that let others in.
const FOR_OTHERS: u32 = 0o077;

/// Examines.
pub(in crate::cli) fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, stack) = session.one()?;
    let opened = Session::open(&settings)?;
    let ports = session.ports(&opened, &stack);
    let probe = if arguments.probe { StoreProbe::Race } else { StoreProbe::Leave };
    let mut found = examine(&ports, &stack, of_the_place(&settings), probe)?;
    let mut told: Vec<FindingAdvice> = found
        .examinations
        .drain(..)
        .map(|examination| FindingAdvice::of(examination, &session.output))
        .collect();
    let mut examined = Examined {
        target: found.target,
        examinations: told
            .iter()
            .map(|told| Examination { finding: told.finding.clone(), trouble: None })
            .collect(),
    };
    let entry = if arguments.no_record {
        told.extend(unwritable(&settings, &session.output));
        None
    } else {
        match record(&Job::new(&ports, &stack, &settings.author), &examined) {
            Ok(entry) => Some(entry.revision),
            Err(error) => {
                // What was found is worth more than its record.
                told.push(FindingAdvice::unwritable(&Failure::from(error), &session.output));
                None
            }
        }
    };
    let all = told.iter().map(|told| Examination { finding: told.finding.clone(), trouble: None });
    examined.examinations = all.collect();
    let exit = told.iter().find_map(|told| told.exit).unwrap_or(Exit::Done);
    if session.format() == Format::Table {
        session.data(&screen(&stack, &examined, &told, session.output.data_paint))?;
    } else {
        session.json("unapply.doctor", Some(&stack), out(&examined, &told, entry))?;
    }
    Ok(exit)
}

/// A finding with what to do about it.
struct FindingAdvice {
    finding: Finding,
    exit: Option<Exit>,
    next: Option<String>,
}

impl FindingAdvice {
    /// A store that takes no entry: a revert begins with one.
    fn unwritable(failure: &Failure, output: &Screens) -> Self {
        let what = format!("cannot be written to: {}", failure.what());
        let finding = Finding { subject: "store".to_owned(), health: Health::Failing, what };
        let next = failure.first_step(output);
        Self { finding, exit: Some(failure.exit), next }
    }

    fn of(examination: Examination, output: &Screens) -> Self {
        let Examination { finding, trouble } = examination;
        let (exit, next) = match trouble {
            None => (None, None),
            Some(Obstruction::NoGood) => {
                (Some(Exit::NoRevision), Some("unapply mark good --verify".to_owned()))
            }
            Some(Obstruction::PassedOver) => (None, Some(PLANNABLE.to_owned())),
            Some(Obstruction::Open(_)) => (Some(Exit::Refused), Some(RECOVER.to_owned())),
            Some(Obstruction::Failed(error)) => {
                let failure = Failure::from(*error);
                (Some(failure.exit), failure.first_step(output))
            }
        };
        Self { finding, exit, next }
    }
}

/// Looks whether a store in a directory can be written to, without doing so.
fn unwritable(settings: &Settings, output: &Screens) -> Option<FindingAdvice> {
    let StorePlace::Directory(path) = &settings.store else { return None };
    let refused = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).err()?;
    let what = format!("{}: {}", path.display(), std::io::Error::from(refused));
    Some(FindingAdvice::unwritable(&Failure::new(Exit::Permission, what), output))
}

/// Examines the store's place without opening it.
fn of_the_place(settings: &Settings) -> Vec<Finding> {
    let finding = |subject: &str, health, what: &str| Finding {
        subject: subject.to_owned(),
        health,
        what: what.to_owned(),
    };
    let encryption = "plain: this version does not encrypt what it keeps";
    match &settings.store {
        StorePlace::Bucket(_) => vec![finding("encryption", Health::Warning, encryption)],
        StorePlace::Directory(path) => {
            let mode = path.metadata().map(|facts| facts.permissions().mode() & 0o777);
            let permissions = match mode {
                Ok(mode) if mode & FOR_OTHERS == 0 => {
                    finding("permissions", Health::Ok, "the store is its owner's alone")
                }
                Ok(mode) => {
                    let what = format!("others may enter the store ({mode:04o}): chmod 700");
                    finding("permissions", Health::Warning, &what)
                }
                Err(error) => finding("permissions", Health::Warning, &error.to_string()),
            };
            vec![finding("encryption", Health::Ok, encryption), permissions]
        }
    }
}

fn out(found: &Examined, told: &[FindingAdvice], entry: Option<Revision>) -> DoctorOut {
    DoctorOut {
        target: found.target.map(|revision| revision.0),
        health: found.health().name().to_owned(),
        findings: told
            .iter()
            .map(|told| ExaminedOut {
                subject: told.finding.subject.clone(),
                health: told.finding.health.name().to_owned(),
                what: told.finding.what.clone(),
                next: told.next.clone(),
            })
            .collect(),
        entry: entry.map(|revision| revision.0),
    }
}

fn screen(stack: &Stack, found: &Examined, told: &[FindingAdvice], paint: Paint) -> String {
    let width = told.iter().map(|told| told.finding.subject.len()).max().unwrap_or(0);
    let mut text = format!("{}: could it be reverted now?\n\n", stack.name);
    for FindingAdvice { finding, next, .. } in told {
        let sign = match finding.health {
            Health::Ok => "✓",
            Health::Warning => "!",
            Health::Failing => "✗",
        };
        let line = format!("{:<width$}  {}", finding.subject, inert(&finding.what));
        text.push_str(&format!("  {} {line}\n", paint.sign(sign, sign)));
        if let Some(next) = next {
            text.push_str(&format!("    {:<width$}  next: {}\n", "", inert(next)));
        }
    }
    let target = found.target.map_or_else(String::new, |revision| format!(" to {revision}"));
    let (verdict, next) = match found.health() {
        Health::Ok => ("yes: a revert", "unapply revert --plan-only"),
        Health::Warning => {
            ("yes, and look at what is marked: a revert", "unapply revert --plan-only")
        }
        Health::Failing => ("no: a revert", ""),
    };
    let would = if found.health() == Health::Failing { "would not work" } else { "would work" };
    let is_failing = |told: &&FindingAdvice| told.exit.is_some();
    let first = told.iter().filter(is_failing).find_map(|told| told.next.as_deref());
    let next = if next.is_empty() { first.unwrap_or("unapply status") } else { next };
    text.push_str(&format!("\n{verdict}{target} {would}\nnext: {}\n", inert(next)));
    text
}
