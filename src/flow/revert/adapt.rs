//! How the present state is made to fit the good configuration.
//!
//! Most often it does already. If objects stand at other addresses than in the good state, `moved`
//! blocks in the private copy say so if they can. If they cannot, the state is re-keyed, planned on
//! a private scratch backend first and pushed after consent. Whether an object that the state has
//! forgotten still exists is looked at here, on the scratch backend too. `engine::rekey` decides
//! which object belongs where.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::RevertDraft;
use super::two_steps::{FirstStep, plan_first};
use crate::codec::hcl::Configuration;
use crate::codec::state::ReadState;
use crate::codec::state::write::{Original, is_as_placed, rekeyed};
use crate::engine::rekey::moved::{DeclaredBlocks, moved_blocks};
use crate::engine::rekey::two_steps::{DestroyedFirst, destroyed_first};
use crate::engine::rekey::{Certainty, Existence, RekeyFacts, Rekeying, rekey};
use crate::flow::Error;
use crate::flow::ports::{Ports, Stack};
use crate::flow::private_copy::{CopyBackend, CopySource, PrivateCopy, private_copy};
use crate::model::address::Address;
use crate::model::placement::{Lifted, MovedBlock, Placement, Slot, TakenFrom};
use crate::model::plan::Action;
use crate::model::state::Instance;

/// How the state is made to fit.
#[derive(Debug)]
pub enum Adaptation {
    /// It fits.
    AsItIs,
    /// These blocks stand in the private copy; nothing is pushed.
    Moved(Vec<MovedBlock>),
    /// This state is pushed, after consent.
    Pushed(ReadState),
    /// Some objects are destroyed with the failed configuration, and then it is looked again.
    TwoSteps {
        /// The objects that are destroyed first.
        objects: Vec<DestroyedFirst>,
        /// The present state, re-keyed with these objects in it: judged by, and never pushed.
        whole: ReadState,
    },
}

impl Adaptation {
    /// The word for JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AsItIs => "as-it-is",
            Self::Moved(_) => "moved",
            Self::Pushed(_) => "pushed",
            Self::TwoSteps { .. } => "two-steps",
        }
    }
}

/// A private directory in which the revert can be planned, with what was decided for it.
#[derive(Debug)]
pub struct Adapted {
    /// The directory; its backend is a scratch one if the state is to be pushed.
    pub prepared: PrivateCopy,
    /// How the state is made to fit.
    pub adaptation: Adaptation,
    /// The slot at which each object belongs.
    pub rekeying: Rekeying,
    /// The first of two steps, planned in a directory of its own.
    pub first: Option<FirstStep>,
}

/// Decides the way and lays out the private directory for it. Nothing real is changed.
pub fn adapt(ports: &Ports<'_>, stack: &Stack, draft: &RevertDraft) -> Result<Adapted, Error> {
    let (current, places) = (draft.current.state(), &draft.since.places);
    let decided = |alive: &dyn Fn(&Instance<'_>) -> Existence| rekey(&facts(stack, draft, alive));
    let unseen = decided(&|_| Existence::Unknown);
    let open: BTreeSet<&Address> = unseen
        .gone
        .iter()
        .filter(|gone| gone.certainty == Certainty::Unknown)
        .map(|gone| &gone.address)
        .collect();
    let (scratch, rekeying) = if open.is_empty() {
        (None, unseen)
    } else {
        let prepared = laid_out(ports, stack, draft, CopyBackend::Scratch)?;
        let seen = look(ports, draft, &prepared, &open)?;
        let alive = |instance: &Instance<'_>| {
            seen.get(&instance.address).copied().unwrap_or(Existence::Unknown)
        };
        (Some(prepared), decided(&alive))
    };
    let rekeying = rekeying
        .keeping(current, |address| draft.request.scope.excludes(address))
        .lifting(current, |address| draft.request.is_to_be_destroyed(address));
    let objects = destroyed_first(&rekeying, current, places, &draft.since.lacking);
    if !objects.is_empty() {
        return two_steps(ports, stack, draft, rekeying, scratch, objects);
    }
    let adaptation = adaptation(stack, draft, &rekeying)?;
    let prepared = match (&adaptation, scratch) {
        (Adaptation::Pushed(_) | Adaptation::TwoSteps { .. }, Some(prepared)) => prepared,
        (Adaptation::Pushed(_) | Adaptation::TwoSteps { .. }, None) => {
            laid_out(ports, stack, draft, CopyBackend::Scratch)?
        }
        (Adaptation::AsItIs | Adaptation::Moved(_), Some(mut prepared)) => {
            prepared.use_recorded_backend(
                ports,
                stack,
                &source(draft, CopyBackend::Recorded),
                &draft.redactor,
            )?;
            prepared
        }
        (Adaptation::AsItIs | Adaptation::Moved(_), None) => {
            laid_out(ports, stack, draft, CopyBackend::Recorded)?
        }
    };
    match &adaptation {
        // In two steps, what is left is on the scratch backend already.
        Adaptation::AsItIs | Adaptation::TwoSteps { .. } => {}
        Adaptation::Moved(blocks) => prepared.write_moved(blocks)?,
        Adaptation::Pushed(state) => prepared.push(ports, state.bytes(), &draft.redactor)?,
    }
    Ok(Adapted { prepared, adaptation, rekeying, first: None })
}

/// The way in two steps. The scratch backend has what is left after the first one.
fn two_steps(
    ports: &Ports<'_>,
    stack: &Stack,
    draft: &RevertDraft,
    rekeying: Rekeying,
    scratch: Option<PrivateCopy>,
    objects: Vec<DestroyedFirst>,
) -> Result<Adapted, Error> {
    let gone: BTreeSet<&Slot> = objects.iter().map(|first| &first.slot).collect();
    let placements = rekeying.placements.iter();
    let left: Vec<Placement> =
        placements.filter(|placement| !gone.contains(&placement.slot)).cloned().collect();
    let rest = written(draft, &left)?;
    let whole = written(draft, &rekeying.placements)?;
    let first = plan_first(ports, stack, draft, &objects)?;
    let prepared = match scratch {
        Some(prepared) => prepared,
        None => laid_out(ports, stack, draft, CopyBackend::Scratch)?,
    };
    prepared.push(ports, rest.bytes(), &draft.redactor)?;
    let adaptation = Adaptation::TwoSteps { objects, whole };
    Ok(Adapted { prepared, adaptation, rekeying, first: Some(first) })
}

fn source(draft: &RevertDraft, home: CopyBackend) -> CopySource<'_> {
    CopySource {
        configuration: &draft.configuration,
        snapshot: &draft.snapshot,
        live: &draft.backend,
        home,
        present: Some(draft.current.state()),
        good: Some(draft.good.state.state()),
    }
}

/// The private copy of the good configuration.
fn laid_out(
    ports: &Ports<'_>,
    stack: &Stack,
    draft: &RevertDraft,
    home: CopyBackend,
) -> Result<PrivateCopy, Error> {
    let mut copy = private_copy(ports, stack, &source(draft, home), &draft.redactor)?;
    copy.lift_destroy_false(&draft.configuration, &destroyed_blocks(draft))?;
    Ok(copy)
}

/// The blocks of objects that are to be destroyed whatever `destroy` says, by address without keys.
fn destroyed_blocks(draft: &RevertDraft) -> BTreeSet<String> {
    let objects = draft.current.state().instances.iter();
    let meant = objects.filter(|object| draft.request.is_to_be_destroyed(&object.address));
    meant.map(|object| object.address.block()).collect()
}

/// Which of these objects of the good state exist, by a refresh of a state that has only them.
fn look(
    ports: &Ports<'_>,
    draft: &RevertDraft,
    prepared: &PrivateCopy,
    wanted: &BTreeSet<&Address>,
) -> Result<BTreeMap<Address, Existence>, Error> {
    let of = |(position, instance): (usize, &Instance<'_>)| Placement {
        taken: TakenFrom::Good(position),
        slot: Slot { address: instance.address.clone(), deposed: None },
        provider: instance.provider.clone(),
        dependencies: None,
        create_before_destroy: None,
        lifted: Lifted::No,
    };
    let is_wanted = |(_, instance): &(usize, &Instance<'_>)| {
        instance.deposed.is_none() && wanted.contains(&instance.address)
    };
    let good = draft.good.state.state().instances.iter().enumerate();
    let placements: Vec<Placement> = good.filter(is_wanted).map(of).collect();
    let state = written(draft, &placements)?;
    prepared.push(ports, state.bytes(), &draft.redactor)?;
    let plan = prepared.refresh_only(ports, "alive.tfplan", &draft.redactor)?;
    prepared.forget_scratch()?;
    let is_gone = |address: &Address| {
        plan.drift
            .iter()
            .any(|change| change.address == *address && change.action == Action::Delete)
    };
    let liveness = |address: &Address| {
        if is_gone(address) { Existence::Gone } else { Existence::Alive }
    };
    Ok(wanted.iter().map(|address| ((*address).clone(), liveness(address))).collect())
}

/// A state with these objects, after looking that they are where they belong.
fn written(draft: &RevertDraft, placements: &[Placement]) -> Result<ReadState, Error> {
    let current = Original { bytes: draft.current.bytes(), state: draft.current.state() };
    let good = Original { bytes: draft.good.state.bytes(), state: draft.good.state.state() };
    let bytes = rekeyed(current, good, placements).map_err(Error::Rekey)?;
    let read = ReadState::read(bytes).map_err(|unreadable| Error::Rekey(unreadable.error))?;
    if is_as_placed(read.state(), current.state, good.state, placements) {
        Ok(read)
    } else {
        Err(Error::Misplaced)
    }
}

/// The facts by which re-keying decides.
fn facts<'f>(
    stack: &'f Stack,
    draft: &'f RevertDraft,
    alive: &'f dyn Fn(&Instance<'_>) -> Existence,
) -> RekeyFacts<'f> {
    RekeyFacts {
        good: draft.good.state.state(),
        current: draft.current.state(),
        knowledge: &stack.knowledge,
        alive,
        journal: &draft.told,
        places: &draft.since.places,
    }
}

fn adaptation(
    stack: &Stack,
    draft: &RevertDraft,
    rekeying: &Rekeying,
) -> Result<Adaptation, Error> {
    if rekeying.is_identity() {
        return Ok(Adaptation::AsItIs);
    }
    let facts = facts(stack, draft, &|_| Existence::Unknown);
    // Terraform refuses to move what is not targeted.
    if draft.request.scope.is_whole()
        && let Some(blocks) = moved_blocks(rekeying, &facts, &declared(&draft.configuration))
    {
        return Ok(Adaptation::Moved(blocks));
    }
    written(draft, &rekeying.placements).map(Adaptation::Pushed)
}

/// The resource blocks that the good configuration declares, in every module.
fn declared(configuration: &Configuration) -> DeclaredBlocks {
    // Its own `moved` blocks are left out of the private copy: they are against nothing.
    let blocks = configuration.names(|facts| facts.resources.iter().collect());
    DeclaredBlocks { blocks: blocks.into_iter().collect(), ..DeclaredBlocks::default() }
}
