//! Pushes a re-keyed state, after consent, and takes it back if the plan on it is another one.
//!
//! A push is a compare-and-swap: Terraform refuses it when the state is no longer the one that it
//! was made from. It changes addresses and nothing real, and the intent that names it is in the log
//! before. Only what was shown is applied: the plan that is made on the pushed state has to have the
//! same actions as the preview.

use std::path::PathBuf;

use crate::codec::state::ReadState;
use crate::codec::state::write::{Original, rekeyed};
use crate::engine::revert::actions_digest;
use crate::flow::ports::{Ports, Stack};
use crate::flow::private_copy::{CopyBackend, CopySource};
use crate::flow::revert::adapt::Adaptation;
use crate::flow::revert::consent::Consent;
use crate::flow::revert::plan::{CheckedRevert, digest_of};
use crate::flow::{Error, live};
use crate::model::digest::Digest;
use crate::model::placement::{Lifted, Placement, Slot, TakenFrom};
use crate::model::state::StateBytes;
use crate::port::progress::{Ended, Phase};

/// The plan that is applied.
#[derive(Debug)]
pub(super) struct Final {
    /// Its file.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// Gives the private copy the stack's own backend, if it had a scratch one.
pub(super) fn use_recorded_backend(
    ports: &Ports<'_>,
    stack: &Stack,
    checked: &mut CheckedRevert,
) -> Result<(), Error> {
    let Adaptation::Pushed(_) = checked.adaptation else { return Ok(()) };
    let draft = &checked.draft;
    let source = CopySource {
        configuration: &draft.configuration,
        snapshot: &draft.snapshot,
        live: &draft.backend,
        home: CopyBackend::Recorded,
        present: Some(draft.current.state()),
        good: Some(draft.good.state.state()),
    };
    checked.prepared.use_recorded_backend(ports, stack, &source, &draft.redactor)
}

/// Pushes what is to be pushed, and makes the plan that is applied. On an error the state is as it
/// was before, but for its serial.
pub(super) fn push(
    ports: &Ports<'_>,
    stack: &Stack,
    checked: &CheckedRevert,
    consent: &Consent,
) -> Result<Final, Error> {
    let Adaptation::Pushed(state) = &checked.adaptation else {
        return Ok(Final { file: checked.plan_file.clone(), digest: consent.plan() });
    };
    let redactor = &checked.draft.redactor;
    ports.progress.begin(Phase::Push);
    let pushed = checked.prepared.push(ports, state.bytes(), redactor);
    ports.progress.end(if pushed.is_ok() { Ended::Well } else { Ended::Badly }, "");
    pushed?;
    ports.progress.begin(Phase::Plan);
    let planned = checked.prepared.plan_part(ports, "apply.tfplan", redactor, &checked.targets);
    let is_same = planned.as_ref().is_ok_and(|(_, plan)| actions_digest(plan) == consent.actions());
    ports.progress.end(if is_same { Ended::Well } else { Ended::Badly }, "");
    match planned {
        Ok((file, _)) if is_same => Ok(Final { digest: digest_of(&file)?, file }),
        Ok(_) => {
            take_back(ports, stack, checked)?;
            Err(Error::Moved { what: "what the plan would do" })
        }
        Err(error) => {
            take_back(ports, stack, checked)?;
            Err(error)
        }
    }
}

/// Pushes the state as it was, as the next serial after the one that is there now.
fn take_back(ports: &Ports<'_>, stack: &Stack, checked: &CheckedRevert) -> Result<(), Error> {
    let now = live::read(ports, stack)?.bytes.ok_or(Error::Moved { what: "the state" })?;
    let now = ReadState::read(now).map_err(|unreadable| Error::Rekey(unreadable.error))?;
    let bytes = as_it_was(&now, &checked.draft.current)?;
    ports.progress.begin(Phase::Push);
    let pushed = checked.prepared.push(ports, &bytes, &checked.draft.redactor);
    ports.progress.end(if pushed.is_ok() { Ended::Well } else { Ended::Badly }, "taken back");
    pushed
}

/// The objects of `before`, under the serial that follows the one of `now`.
fn as_it_was(now: &ReadState, before: &ReadState) -> Result<StateBytes, Error> {
    let past = before.state();
    let placements: Vec<Placement> = past
        .instances
        .iter()
        .enumerate()
        .map(|(position, instance)| Placement {
            taken: TakenFrom::Good(position),
            slot: Slot {
                address: instance.address.clone(),
                deposed: instance.deposed.as_deref().map(str::to_owned),
            },
            provider: instance.provider.clone(),
            dependencies: None,
            create_before_destroy: None,
            lifted: Lifted::No,
        })
        .collect();
    let present = Original { bytes: now.bytes(), state: now.state() };
    let past = Original { bytes: before.bytes(), state: past };
    rekeyed(present, past, &placements).map_err(Error::Rekey)
}
