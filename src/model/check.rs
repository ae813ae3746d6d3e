//! Results of Terraform's `check` blocks, preconditions and postconditions: the subject of each,
//! and how it ended. The messages are not here: they can hold any value.

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum CheckStatus {
    /// The condition holds.
    Pass,
    /// It does not.
    Fail,
    /// It could not be evaluated.
    Error,
    /// The result is not known yet.
    Unknown,
}

impl CheckStatus {
    /// The status of this name; what is not known is unknown.
    pub fn from_name(name: &str) -> Self {
        name.parse().unwrap_or(Self::Unknown)
    }
}

/// How the conditions of one thing ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// The subject of the checks: `check.health`, an object, an output or a variable.
    pub address: String,
    /// How they ended, all of them together.
    pub status: CheckStatus,
}
