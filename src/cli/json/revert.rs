//! Parts of `unapply.revert` besides actions: objects destroyed first, kept, left, or addressed
//! anew.
//!
//! Nothing is decided here; every text has passed the redactor.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::revert::keep::KeptInput;
use crate::engine::revert::moved_back::MovedBack;
use crate::engine::revert::not_found::{Sequel, UnfoundObject};
use crate::engine::revert::scope::Skipped;
use crate::model::entry::Revision;
use crate::model::word::Word as _;

/// Attributes that keep their good value though a data source says something else today.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeptInputOut {
    /// The object.
    pub address: String,
    /// Its attributes.
    pub attributes: Vec<String>,
    /// The reason, in one clause: what says something else.
    pub why: String,
}

impl From<&KeptInput> for KeptInputOut {
    fn from(kept: &KeptInput) -> Self {
        Self {
            address: kept.address.clone(),
            attributes: kept.attributes.iter().cloned().collect(),
            why: kept.why.clone(),
        }
    }
}

/// One object of the present state that the refresh did not find.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotFoundOut {
    /// The address.
    pub address: String,
    /// Its id, unless that is secret.
    pub id: Option<String>,
    /// The origin of it, in a clause.
    pub history: String,
    /// Whether another object is made at its address.
    pub is_made_anew: bool,
    /// Its provider configuration, if nothing of that was found: that looks like the wrong place.
    pub wrong_place: Option<String>,
}

impl NotFoundOut {
    /// Describes it for a revert to `good`.
    pub fn of(one: &UnfoundObject, good: Revision) -> Self {
        Self {
            address: one.address.clone(),
            id: one.id.clone(),
            history: one.history(good),
            is_made_anew: one.sequel == Sequel::MadeAnew,
            wrong_place: one.place.clone(),
        }
    }
}

/// One action that is left undone, since only a part is wanted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkippedOut {
    /// The address.
    pub address: String,
    /// The action that is not done.
    pub action: String,
}

impl From<&Skipped> for SkippedOut {
    fn from(left: &Skipped) -> Self {
        Self { address: left.address.clone(), action: left.action.to_owned() }
    }
}

/// One object that was made since and is kept: it is not in the state any more.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReleasedOut {
    /// The address at which the state had it.
    pub address: String,
    /// Its id, which an `import` block needs.
    pub id: Option<String>,
}

/// One object that is destroyed before the rest.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DestroyedFirstOut {
    /// Its address.
    pub address: String,
    /// Why it goes first, in a clause.
    pub why: String,
}

/// One object that the state will have otherwise.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MovedBackOut {
    /// `move`, `take-back`, `restore`, `leave-alone`, `keep-out`, `make-room` or `destroy-last`.
    pub what: String,
    /// Its address afterwards.
    pub address: String,
    /// Its address now, where that is another one.
    pub from: Option<String>,
}

impl From<&MovedBack> for MovedBackOut {
    fn from(one: &MovedBack) -> Self {
        Self {
            what: one.what.name().to_owned(),
            address: one.address.clone(),
            from: one.from.clone(),
        }
    }
}
