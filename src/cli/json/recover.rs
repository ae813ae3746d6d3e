//! The object that `recover` prints as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::left_state::{LeftStanding, Moves};
use crate::flow::recover::look::{Case, Look, OpenObject, RecoveryStep};

/// `unapply.recover`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecoverOut {
    /// Matters that are open, oldest first.
    pub open: Vec<OpenOut>,
    /// Steps that this command has taken to resolve matters.
    pub resolved: Vec<ResolvedOut>,
    /// The one safe next step: `conclude`, `push`, `is-there` or `adopt`; null when there is none.
    pub next: Option<String>,
    /// Why the live state could not be read, if it could not.
    pub problem: Option<String>,
}

/// One matter that is open.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OpenOut {
    /// The entry that left it open; null for a file that no entry speaks of.
    pub revision: Option<u64>,
    /// `under-way`, `ended`, `left-state`, `lost` or `may-exist`.
    pub kind: String,
    /// Whether nothing may be built on the state before it is resolved.
    pub stands_in_the_way: bool,
    /// Facts that can be seen of it, in clauses.
    pub facts: Vec<String>,
    /// The objects it is about.
    pub objects: Vec<OpenObjectOut>,
    /// For a state that was left behind: what pushing it would add, remove and change, by address.
    pub added: Vec<String>,
    /// See `added`.
    pub removed: Vec<String>,
    /// See `added`.
    pub changed: Vec<String>,
}

/// One object that is open.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OpenObjectOut {
    /// Its address.
    pub address: String,
    /// Its real id.
    pub id: Option<String>,
    /// `in-state`, `nowhere`, `address-taken` or `unread`.
    pub whereabouts: String,
    /// The block that gives it to a configuration.
    pub import_block: Option<String>,
}

/// One step that was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResolvedOut {
    /// The entry that says so.
    pub entry: u64,
    /// The step that was taken, in a clause.
    pub what: String,
}

impl RecoverOut {
    /// Makes the object from what was found and done.
    pub(in crate::cli) fn new(found: &Look<'_>, resolved: Vec<ResolvedOut>) -> Self {
        let word = |step: RecoveryStep<'_, '_>| match step {
            RecoveryStep::Conclude(_) => "conclude",
            RecoveryStep::Push(_) => "push",
            RecoveryStep::IsThere(_) => "is-there",
            RecoveryStep::Adopt(..) => "adopt",
        };
        Self {
            open: found.cases.iter().map(Into::into).collect(),
            resolved,
            next: found.next().map(|step| word(step).to_owned()),
            problem: found.unread.clone(),
        }
    }
}

impl From<&Case<'_>> for OpenOut {
    fn from(case: &Case<'_>) -> Self {
        let (kind, facts, objects): (&str, Vec<String>, &[OpenObject]) = match case {
            Case::UnderWay { who, .. } => ("under-way", vec![who.clone()], &[]),
            Case::Ended { elsewhere, seen, .. } => {
                let place = elsewhere.as_ref().map(|host| format!("it ran on {host}"));
                ("ended", place.into_iter().chain(seen.iter().cloned()).collect(), &[])
            }
            Case::Left(left) => {
                let standing = left.standing.as_ref().map(LeftStanding::what);
                let facts = [Some(left.found.clone()), standing, left.problem.clone()];
                ("left-state", facts.into_iter().flatten().collect(), &[])
            }
            Case::Lost { objects, .. } => ("lost", Vec::new(), objects),
            Case::MayExist { objects, .. } => ("may-exist", Vec::new(), objects),
        };
        let moves = match case {
            Case::Left(left) => left.moves.clone(),
            Case::UnderWay { .. }
            | Case::Ended { .. }
            | Case::Lost { .. }
            | Case::MayExist { .. } => Moves::default(),
        };
        Self {
            revision: case.entry().map(|entry| entry.revision.0),
            kind: kind.to_owned(),
            stands_in_the_way: case.stands_in_the_way(),
            facts,
            objects: objects.iter().map(Into::into).collect(),
            added: moves.added,
            removed: moves.removed,
            changed: moves.changed,
        }
    }
}

impl From<&OpenObject> for OpenObjectOut {
    fn from(object: &OpenObject) -> Self {
        Self {
            address: object.address.clone(),
            id: object.id.clone(),
            whereabouts: object.whereabouts.name().to_owned(),
            import_block: object.import_block(),
        }
    }
}
