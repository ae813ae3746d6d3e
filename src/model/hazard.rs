//! Reasons not to go on with a revert.
//!
//! A [`Hazard`] is one reason and the address it concerns. Accepting one is an explicit act that
//! names both; which hazards a plan has is decided in `engine::hazard`.

use std::fmt;

use super::address::Address;

/// The closed list of reasons, as `--allow` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HazardKind {
    /// An object that bears data would be destroyed.
    DestroysData,
    /// An object that bears data would be replaced: the new one starts empty.
    ReplacesData,
    /// More objects would be destroyed than the stack allows, beyond what is undone.
    TooManyDestroys,
    /// The stack's settings protect this address.
    Protected,
    /// The good configuration, or the one that failed, says `prevent_destroy`.
    PreventDestroy,
    /// Nothing changed here since the good snapshot, and yet the plan touches it; or nobody can say
    /// why it does.
    Collateral,
    /// Somebody changed this on purpose and recorded it, and the plan would end it.
    OverwritesFix,
    /// Somebody changed this outside Terraform, and the plan would take it back.
    OlderDrift,
    /// A data source says something else today, and the plan would act on it.
    MovedInput,
    /// It would be destroyed, and nobody knows that the failed apply made it.
    UnknownOrigin,
    /// A variable has another value today than in the good snapshot, or none was captured.
    VariableChanged,
    /// The good snapshot knows this very object at another address: a revert would destroy it.
    NeedsRekey,
    /// Only a newer provider than the good configuration's can read the present state.
    ProviderNewer,
    /// A newer Terraform has written the present state.
    CoreVersion,
    /// Terraform's states would be applied with OpenTofu, or the other way round.
    EngineChanged,
    /// The good configuration uses the path of the directory that it is planned in.
    PathCwd,
    /// A value would be sent that is recorded nowhere, so that nobody knows whether it is the good
    /// one.
    Ephemeral,
    /// The state, or what the plan would do to it, is no longer what was consented to.
    StateMoved,
    /// The state that is there belongs to another stack.
    Lineage,
    /// The plan leaves something over, or planning ended with an error.
    IncompletePlan,
}

impl HazardKind {
    /// Every kind, in the order of severity used on screens.
    pub const ALL: [Self; 20] = [
        Self::Lineage,
        Self::StateMoved,
        Self::IncompletePlan,
        Self::NeedsRekey,
        Self::EngineChanged,
        Self::CoreVersion,
        Self::ProviderNewer,
        Self::DestroysData,
        Self::ReplacesData,
        Self::Protected,
        Self::PreventDestroy,
        Self::UnknownOrigin,
        Self::TooManyDestroys,
        Self::OverwritesFix,
        Self::Collateral,
        Self::OlderDrift,
        Self::MovedInput,
        Self::PathCwd,
        Self::Ephemeral,
        Self::VariableChanged,
    ];

    /// The name that `--allow` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::DestroysData => "destroys-data",
            Self::ReplacesData => "replaces-data",
            Self::TooManyDestroys => "too-many-destroys",
            Self::Protected => "protected",
            Self::PreventDestroy => "prevent-destroy",
            Self::Collateral => "collateral",
            Self::OverwritesFix => "overwrites-fix",
            Self::OlderDrift => "older-drift",
            Self::MovedInput => "moved-input",
            Self::UnknownOrigin => "unknown-origin",
            Self::VariableChanged => "variable-changed",
            Self::NeedsRekey => "needs-rekey",
            Self::ProviderNewer => "provider-newer",
            Self::CoreVersion => "core-version",
            Self::EngineChanged => "engine-changed",
            Self::PathCwd => "path-cwd",
            Self::Ephemeral => "ephemeral",
            Self::StateMoved => "state-moved",
            Self::Lineage => "lineage",
            Self::IncompletePlan => "incomplete-plan",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a person may accept it at all.
    pub fn can_be_accepted(self) -> bool {
        self.why_never().is_none()
    }

    /// Why nobody can accept it, for one that nobody can.
    pub fn why_never(self) -> Option<&'static str> {
        match self {
            Self::NeedsRekey => Some("the plan would destroy an object that is wanted"),
            Self::StateMoved => Some("what was consented to is not what would be done"),
            Self::Lineage => Some("another stack's objects would be taken for this one's"),
            Self::IncompletePlan => Some("what it leaves over would not be taken back"),
            Self::DestroysData
            | Self::ReplacesData
            | Self::TooManyDestroys
            | Self::Protected
            | Self::PreventDestroy
            | Self::Collateral
            | Self::OverwritesFix
            | Self::OlderDrift
            | Self::MovedInput
            | Self::UnknownOrigin
            | Self::VariableChanged
            | Self::ProviderNewer
            | Self::CoreVersion
            | Self::EngineChanged
            | Self::PathCwd
            | Self::Ephemeral => None,
        }
    }
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One reason not to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// Which reason.
    pub kind: HazardKind,
    /// What it concerns: an address, or `var.NAME` for a variable.
    pub subject: String,
    /// The facts behind it, in one clause.
    pub why: String,
}

impl Hazard {
    /// Whether its subject is an object that can be left as it is instead.
    pub fn concerns_an_object(&self) -> bool {
        let is_of_all = self.kind == HazardKind::TooManyDestroys;
        let is_value =
            ["output.", "path.", "var."].iter().any(|word| self.subject.starts_with(word));
        !is_of_all && !is_value && self.subject.parse::<Address>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_can_be_left_as_it_is() {
        let of = |kind, subject: &str| Hazard { kind, subject: subject.into(), why: String::new() };
        assert!(of(HazardKind::Collateral, "module.a[0].demo_file.b").concerns_an_object());
        for subject in ["output.o", "var.v", "path.cwd", "terraform", ""] {
            assert!(!of(HazardKind::Collateral, subject).concerns_an_object(), "{subject}");
        }
        assert!(!of(HazardKind::TooManyDestroys, "demo_file.a").concerns_an_object());
    }

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in HazardKind::ALL {
            assert_eq!(HazardKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(HazardKind::from_name("all"), None);
    }
}
