//! The judgement of a revert's plan, as values: each action with its reasons and its origin.
//!
//! Plain types that [`super::revert`], [`super::hazard`], [`super::origin`] and [`super::verify`]
//! share. Each of those decides for itself; nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::readable::{AttributeChange, named};
use crate::codec::hcl::{Needed, WriteOnly};
use crate::model::entry::Revision;
use crate::model::invocation::InvocationTrigger;
use crate::model::plan::Action;
use crate::model::value::Path;

/// Why an action is part of a revert, strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Why {
    /// It ends a recorded fix, which a person made on purpose.
    OverwritesFix,
    /// It sets a value that the good snapshot never had, though the good configuration says it.
    NotGood,
    /// Nothing changed there since the good snapshot, or its reason cannot be told.
    Collateral,
    /// It takes back what was changed outside Terraform.
    OlderDrift,
    /// A data source says something else today.
    MovedInput,
    /// It takes back what changed since the good snapshot.
    Undo,
}

/// One reason of an action. It carries no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which reason.
    pub why: Why,
    /// The facts behind it in one clause; empty for an undo.
    pub cause: String,
    /// The attributes that it is the reason for; empty when it is the whole object.
    pub paths: Vec<Path>,
}

/// The origin of an object that would be destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The good snapshot knows its address.
    Good,
    /// It was made after this entry: a snapshot from just before the failed apply that does not have
    /// it yet, or the beginning of the run or revert whose journal says that it made it.
    MadeSince {
        /// The entry.
        revision: Revision,
        /// When that was said: the object is not older.
        time: Timestamp,
    },
    /// An apply since then has imported it: it was there before Terraform knew it.
    Imported,
    /// The origin is not known.
    Unknown,
}

/// One action of the plan, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedAction {
    /// The address; a left-over object carries its key.
    pub address: String,
    /// The action that the plan would take.
    pub action: Action,
    /// Why: strictest first, and never empty.
    pub reasons: Vec<Reason>,
    /// The origin of the object.
    pub origin: Origin,
    /// The attributes that would change inside it, safe to show.
    pub attributes: Vec<AttributeChange>,
}

impl JudgedAction {
    /// The strictest reason.
    pub fn why(&self) -> Why {
        self.reasons.first().map_or(Why::Collateral, |reason| reason.why)
    }

    /// Paths with elements of lists under the names that the attributes have, as a diff says them.
    pub fn named<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) -> BTreeSet<Path> {
        named(&self.attributes, paths)
    }
}

/// An action of a provider that the plan runs; safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedInvocation {
    /// The action's address.
    pub address: String,
    /// Its trigger.
    pub trigger: InvocationTrigger,
    /// The reason for which it is put off, if it is.
    pub deferred: Option<String>,
}

/// A file that the good configuration names, and that neither its snapshot nor the real directory has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFile {
    /// Its path in the configuration.
    pub path: String,
    /// The file and the line that name it.
    pub at: String,
    /// The resource that names it, by address without keys.
    pub block: String,
    /// When it is needed.
    pub needed: Needed,
}

/// Values of a good configuration that no later run gives again: where it was planned, and what
/// nothing keeps. By address of block without keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotReplayable {
    /// Blocks that use the path of the directory that they are planned in.
    pub directory_in: BTreeSet<String>,
    /// Whether anything but a resource uses it.
    pub directory_elsewhere: bool,
    /// Arguments that no state keeps.
    pub write_only: BTreeMap<String, BTreeSet<WriteOnly>>,
}

/// An object that would not be the good one. Paths are as they may be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotGood {
    /// Its address.
    pub address: String,
    /// The way in which it is not the good one.
    pub how: Unlikeness,
}

/// The way in which an object is not the good one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unlikeness {
    /// These attributes would have values that the good object never had.
    Values(Vec<Path>),
    /// The good state has it, and the plan does not make it.
    Missing,
    /// The good state does not have it, and the plan keeps it.
    TooMany,
}
