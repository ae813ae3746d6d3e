//! Evidence that makes a snapshot good, and the grade it has.
//!
//! Which snapshot is the last known good one is decided in `engine::good`.

use serde::{Deserialize, Serialize};

/// How much is known of a good snapshot. Later grades include the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Its apply ended with exit code 0, or a named person vouches for it.
    Applied,
    /// A follow-up plan was empty, or left only the residual that is kept with it.
    PlanEmpty,
    /// The stack's own checks passed as well.
    Checked,
}

/// One change that a plan of an unchanged configuration proposes for ever.
///
/// It holds no values: an action at an address on the same attribute paths is the same residual.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Residual {
    /// The address, or `output.NAME`.
    pub address: String,
    /// The action that the plan proposes.
    pub action: String,
    /// Which attributes it would change, sorted.
    pub paths: Vec<String>,
}

/// Why a snapshot is believed to be good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// How much is known.
    pub grade: Grade,
    /// The actions that the follow-up plan always proposes; empty when the plan was empty.
    pub residual: Vec<Residual>,
    /// The checks that passed, as configured.
    pub checks: Vec<String>,
    /// Why its configuration cannot be planned, if it cannot: it is *applied* at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// The verdict on a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Good, and why.
    Good(Evidence),
    /// Not good (any more).
    Bad,
}
