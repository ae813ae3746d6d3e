//! Reasons not to go on with a revert.
//!
//! A [`Hazard`] is one reason and the address it concerns. Accepting one is an explicit act that
//! names both; which hazards a plan has is decided in `engine::hazard`.

use super::address::Address;

/// The closed list of reasons as `--allow` names them, in the order of severity used on screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum HazardKind {
    /// `lineage`: the state that is there belongs to another stack.
    Lineage,
    /// `state-moved`: the state, or what the plan would do to it, is no longer what was consented
    /// to.
    StateMoved,
    /// `incomplete-plan`: the plan leaves something over, or planning ended with an error.
    IncompletePlan,
    /// `needs-rekey`: the good snapshot knows this very object at another address: a revert would
    /// destroy it.
    NeedsRekey,
    /// `engine-changed`: Terraform's states would be applied with OpenTofu, or the other way round.
    EngineChanged,
    /// `core-version`: a newer Terraform has written the present state.
    CoreVersion,
    /// `provider-newer`: only a newer provider than the good configuration's can read the present
    /// state.
    ProviderNewer,
    /// `destroys-data`: an object that bears data would be destroyed.
    DestroysData,
    /// `replaces-data`: an object that bears data would be replaced: the new one starts empty.
    ReplacesData,
    /// `runs-action`: an action of a provider would run. No state has what it does, and no plan takes
    /// it back.
    RunsAction,
    /// `unknown-part`: the plan says something that unapply does not know.
    UnknownPart,
    /// `forgets`: the plan only forgets an object (`destroy = false`): it would live on and be managed
    /// by nobody.
    Forgets,
    /// `protected`: the stack's settings protect this address.
    Protected,
    /// `prevent-destroy`: the good configuration, or the one that failed, says `prevent_destroy`.
    PreventDestroy,
    /// `unknown-origin`: it would be destroyed, and it is not known that the failed apply made it.
    UnknownOrigin,
    /// `not-found`: the refresh did not find it, and it is not a good object that is made anew: it is
    /// gone, or lives where the plan does not look.
    NotFound,
    /// `unwritable-place`: a file at a relative place could not be put there after the apply.
    UnwritablePlace,
    /// `managed-elsewhere`: an object that would be made or taken over is one that another stack of the
    /// store manages by now.
    ManagedElsewhere,
    /// `too-many-destroys`: more objects would be destroyed than the stack allows, beyond what is
    /// undone.
    TooManyDestroys,
    /// `newer-applied`: a newer snapshot is good too, and the last known good one is chosen before it:
    /// an apply that went well would be undone.
    NewerApplied,
    /// `overwrites-fix`: a person changed this on purpose and recorded it, and the plan would end
    /// it.
    OverwritesFix,
    /// `not-good`: an object would not be the good one: the good configuration says something else
    /// than the good state.
    NotGood,
    /// `collateral`: nothing changed here since the good snapshot, and yet the plan touches it; or
    /// the reason why it does is not known.
    Collateral,
    /// `older-drift`: this was changed outside Terraform, and the plan would take it back.
    OlderDrift,
    /// `missing-file`: the plan needs a file that neither the good snapshot nor the stack's directory
    /// has.
    MissingFile,
    /// `moved-input`: a data source says something else today, and the plan would act on it.
    MovedInput,
    /// `path-cwd`: the good configuration uses the path of the directory that it is planned in.
    PathCwd,
    /// `ephemeral`: a value would be sent that is recorded nowhere, so that it is not known to be
    /// the good one.
    Ephemeral,
    /// `variable-changed`: a variable has another value today than in the good snapshot, or none
    /// was captured.
    VariableChanged,
}

impl HazardKind {
    /// Whether a person may accept it at all.
    pub fn can_be_accepted(self) -> bool {
        self.why_never().is_none()
    }

    /// The reason why the hazard can never be accepted; `None` for one that can.
    pub fn why_never(self) -> Option<&'static str> {
        match self {
            Self::NeedsRekey => Some("the plan would destroy an object that is wanted"),
            Self::StateMoved => Some("what was consented to is not what would be done"),
            Self::Lineage => Some("another stack's objects would be taken for this one's"),
            Self::IncompletePlan => Some("what it leaves over would not be taken back"),
            Self::DestroysData
            | Self::ReplacesData
            | Self::RunsAction
            | Self::UnknownPart
            | Self::Forgets
            | Self::TooManyDestroys
            | Self::NewerApplied
            | Self::Protected
            | Self::PreventDestroy
            | Self::Collateral
            | Self::OverwritesFix
            | Self::OlderDrift
            | Self::MissingFile
            | Self::MovedInput
            | Self::UnknownOrigin
            | Self::NotFound
            | Self::ManagedElsewhere
            | Self::NotGood
            | Self::UnwritablePlace
            | Self::VariableChanged
            | Self::ProviderNewer
            | Self::CoreVersion
            | Self::EngineChanged
            | Self::PathCwd
            | Self::Ephemeral => None,
        }
    }
}

/// One reason not to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// Which reason.
    pub kind: HazardKind,
    /// The subject that it concerns: an address, `var.NAME` for a variable, `rN` for a snapshot.
    pub subject: String,
    /// The facts behind it, in one clause.
    pub why: String,
}

impl Hazard {
    /// Whether its subject is an object that can be left as it is instead.
    pub fn concerns_an_object(&self) -> bool {
        let is_of_all = matches!(
            self.kind,
            HazardKind::TooManyDestroys | HazardKind::RunsAction | HazardKind::UnknownPart
        );
        let is_value =
            ["output.", "path.", "var."].iter().any(|word| self.subject.starts_with(word));
        !is_of_all && !is_value && self.subject.parse::<Address>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::model::word::Word as _;

    #[test]
    fn only_an_object_can_be_left_as_it_is() {
        let of = |kind, subject: &str| Hazard { kind, subject: subject.into(), why: String::new() };
        assert!(of(HazardKind::Collateral, "module.a[0].demo_file.b").concerns_an_object());
        for subject in ["output.o", "var.v", "path.cwd", "terraform", "r9", ""] {
            assert!(!of(HazardKind::Collateral, subject).concerns_an_object(), "{subject}");
        }
        assert!(!of(HazardKind::TooManyDestroys, "demo_file.a").concerns_an_object());
        assert!(!of(HazardKind::UnknownPart, "resource_changes.change").concerns_an_object());
    }

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in HazardKind::VARIANTS {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        assert!("all".parse::<HazardKind>().is_err());
    }
}
