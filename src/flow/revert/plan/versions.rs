//! Makes a draft fit the versions at hand, before anything is planned.
//!
//! A private copy whose provider has to be newer gets today's lock entry for it, and so does the
//! configuration that is recorded as applied: the next revert to it must find a provider that reads
//! its state. Nothing of the user's directory is changed.

use crate::flow::Error;
use crate::flow::compat::{
    VersionFacts, lock_of, lock_path, locked, newer_lock, suitable, with_newer_entries,
    writer_of_present,
};
use crate::flow::configuration::CapturedConfiguration;
use crate::flow::ports::{Ports, Stack};
use crate::flow::recorded::load_bundle;
use crate::flow::revert::draft::RevertDraft;
use crate::flow::snapshot::keep_configuration;
use crate::model::configuration::ConfigurationRef;
use crate::model::hazard::Hazard;

/// A draft that can be planned, and what has to be accepted for it.
#[derive(Debug)]
pub(super) struct FittedDraft {
    /// The draft, its private copy's lock file edited where need be.
    pub draft: RevertDraft,
    /// Hazards of the versions, to be accepted first.
    pub hazards: Vec<Hazard>,
}

/// Judges a draft and makes it fit.
pub(super) fn fit(
    ports: &Ports<'_>,
    stack: &Stack,
    mut draft: RevertDraft,
) -> Result<FittedDraft, Error> {
    let log = ports.repository.log(&stack.name)?;
    let good = locked(lock_of(draft.configuration.bundle()).unwrap_or_default());
    let newer = newer_lock(ports, &log, draft.request.target.revision, &good);
    // One that does not say what it is still plans, or says by itself what is wrong with it.
    let running = ports.terraform.version(&stack.root).ok();
    let suitable = suitable(&VersionFacts {
        running: running.as_ref(),
        good_engine: draft.snapshot.engine.as_ref(),
        present_engine: writer_of_present(&log),
        configuration: &draft.configuration,
        newer: &newer,
        good: draft.good.state.state(),
        present: draft.current.state(),
    })?;
    if !suitable.newer_entries.is_empty() {
        draft.configuration =
            with_newer_entries(draft.configuration, &newer, &suitable.newer_entries);
        draft.snapshot.configuration = Some(recorded(ports, &draft)?);
    }
    Ok(FittedDraft { draft, hazards: suitable.hazards })
}

/// Stores the edited configuration: it is the one that would be applied.
fn recorded(ports: &Ports<'_>, draft: &RevertDraft) -> Result<ConfigurationRef, Error> {
    let known = draft.snapshot.configuration.as_ref();
    let known = known.ok_or(Error::Unfit {
        revision: draft.request.target.revision,
        problem: "has no configuration",
    })?;
    let mut notes = known.notes.clone();
    notes.push(format!(
        "the lock file of revision {} with newer entries",
        draft.request.target.revision
    ));
    // As it was captured but for the lock file: values that only today gives are no part of it.
    let mut bundle = load_bundle(ports, draft.request.target.revision, &draft.snapshot)?;
    let edited = lock_path(&bundle).ok().zip(lock_of(draft.configuration.bundle()));
    if let Some((path, edited)) = edited {
        bundle.files.insert(path, edited.to_vec());
    }
    let providers = locked(lock_of(&bundle).unwrap_or_default());
    let left_out = known.left_out.clone();
    let edited = CapturedConfiguration { engine: None, bundle, notes, left_out, providers };
    keep_configuration(ports, &edited, known.source)
}
