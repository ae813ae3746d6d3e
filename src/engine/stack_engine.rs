//! Which engine a stack is run with, where nobody says it: as far as its own files and the log tell.
//!
//! Terraform and OpenTofu read the same configuration and change each other's states, so that the
//! wrong one does harm without an error. Each leaves something behind by which it is known. Whether
//! the engine is on this machine, and what the user says, is for the caller.

use crate::model::address::ProviderSource;
use crate::model::entry::EngineKind;

/// The signs in a stack's directory.
#[derive(Debug, Clone, Default)]
pub struct EngineSigns {
    /// How encryption is said, if it is.
    pub encryption: Option<EncryptionSaid>,
    /// The providers of its lock file, without those whose host the configuration writes out.
    pub locked: Vec<ProviderSource>,
    /// The providers of its state, likewise.
    pub in_state: Vec<ProviderSource>,
    /// Whether it has files that only OpenTofu loads.
    pub has_own_files: bool,
    /// The engine whose version is pinned nearest to it.
    pub pinned: Option<EngineKind>,
    /// The engine that the wrapped command may run.
    pub guessed: Option<EngineKind>,
}

/// How it is said that a state is to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionSaid {
    /// The state is encrypted, or a file says so that Terraform loads, too, and refuses.
    ByStack,
    /// `TF_ENCRYPTION` is set, which may be meant for other stacks.
    ByEnvironment,
}

/// The one that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
pub enum EngineSign {
    /// Only OpenTofu encrypts.
    #[strum(serialize = "its encryption")]
    Encryption,
    /// The registry of the locked providers.
    #[strum(serialize = "its lock file")]
    LockFile,
    /// The registry of the providers in the state.
    #[strum(serialize = "its state")]
    State,
    /// `TF_ENCRYPTION`, which may be meant for other stacks.
    #[strum(serialize = "TF_ENCRYPTION")]
    KeysAtHand,
    /// The words of the wrapped command, which name an engine at a place that may mean something else.
    #[strum(serialize = "the command, as far as can be seen,")]
    Guessed,
    /// Files such as `main.tofu`.
    #[strum(serialize = "its .tofu files")]
    OwnFiles,
    /// A version manager's file.
    #[strum(serialize = "the file that pins its version")]
    Pinned,
    /// The engine that was there when the newest snapshot was taken.
    #[strum(serialize = "its newest snapshot")]
    Recorded,
}

impl EngineSign {
    /// Whether another engine could not go on with what is there.
    pub fn is_binding(self) -> bool {
        match self {
            Self::Encryption | Self::LockFile | Self::State => true,
            Self::KeysAtHand | Self::Guessed | Self::OwnFiles | Self::Pinned | Self::Recorded => {
                false
            }
        }
    }
}

/// Whether the state can still show that another engine is meant. OpenTofu's `init` takes over a state
/// of Terraform's; a lock file that is Terraform's alone was never made for a state of OpenTofu's.
pub fn is_settled(kind: EngineKind, sign: EngineSign) -> bool {
    sign.is_binding() && (kind, sign) != (EngineKind::Terraform, EngineSign::LockFile)
}

/// The engine that a stack is run with. `recorded` is asked only where the directory does not tell.
pub fn told(
    signs: &EngineSigns,
    recorded: impl FnOnce() -> Option<EngineKind>,
) -> Option<(EngineKind, EngineSign)> {
    let opentofu = |is_so: bool| is_so.then_some(EngineKind::OpenTofu);
    let found = [
        (EngineSign::Encryption, opentofu(signs.encryption == Some(EncryptionSaid::ByStack))),
        (EngineSign::LockFile, of_providers(&signs.locked)),
        (EngineSign::State, of_providers(&signs.in_state)),
        (EngineSign::Guessed, signs.guessed),
        (EngineSign::OwnFiles, opentofu(signs.has_own_files)),
        (EngineSign::Pinned, signs.pinned),
    ];
    let first = found.into_iter().find_map(|(sign, kind)| Some((kind?, sign)));
    let by_environment = signs.encryption == Some(EncryptionSaid::ByEnvironment);
    first
        .or_else(|| Some((recorded()?, EngineSign::Recorded)))
        .or_else(|| Some((opentofu(by_environment)?, EngineSign::KeysAtHand)))
}

/// The engine whose registry all of these come from that come from one of the two.
pub fn of_providers<'p>(
    providers: impl IntoIterator<Item = &'p ProviderSource>,
) -> Option<EngineKind> {
    let mut kinds =
        providers.into_iter().filter_map(|source| EngineKind::of_registry(&source.host));
    let first = kinds.next()?;
    kinds.all(|kind| kind == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(names: &[&str]) -> Vec<ProviderSource> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    const TERRAFORM: &str = "registry.terraform.io/hashicorp/null";
    const OPENTOFU: &str = "registry.opentofu.org/hashicorp/null";
    const OTHER: &str = "registry.example.org/a/b";

    fn by(signs: &EngineSigns) -> Option<(EngineKind, EngineSign)> {
        told(signs, || None)
    }

    #[test]
    fn the_registry_of_a_lock_file_tells_and_then_that_of_the_state() {
        let locked = |names: &[&str]| EngineSigns {
            locked: providers(names),
            in_state: providers(&[OPENTOFU]),
            ..EngineSigns::default()
        };
        let lock_file = |kind| Some((kind, EngineSign::LockFile));
        assert_eq!(by(&locked(&[TERRAFORM, OTHER])), lock_file(EngineKind::Terraform));
        assert_eq!(by(&locked(&[OPENTOFU])), lock_file(EngineKind::OpenTofu));
        let state = Some((EngineKind::OpenTofu, EngineSign::State));
        assert_eq!(by(&locked(&[TERRAFORM, OPENTOFU])), state, "both are no sign");
        assert_eq!(by(&locked(&[OTHER])), state);
    }

    #[test]
    fn only_opentofu_encrypts_and_has_files_of_its_own() {
        let signs = EngineSigns {
            encryption: Some(EncryptionSaid::ByStack),
            locked: providers(&[TERRAFORM]),
            ..EngineSigns::default()
        };
        assert_eq!(by(&signs), Some((EngineKind::OpenTofu, EngineSign::Encryption)));
        let signs = EngineSigns { encryption: Some(EncryptionSaid::ByEnvironment), ..signs };
        assert_eq!(by(&signs), Some((EngineKind::Terraform, EngineSign::LockFile)));
        let keys = EngineSigns {
            encryption: Some(EncryptionSaid::ByEnvironment),
            ..EngineSigns::default()
        };
        let by_keys = (EngineKind::OpenTofu, EngineSign::KeysAtHand);
        assert_eq!(by(&keys), Some(by_keys));
        assert!(!EngineSign::KeysAtHand.is_binding());
        let recorded = told(&keys, || Some(EngineKind::Terraform));
        assert_eq!(recorded, Some((EngineKind::Terraform, EngineSign::Recorded)));
        let pinned = EngineSigns { pinned: Some(EngineKind::Terraform), ..keys };
        assert_eq!(by(&pinned), Some((EngineKind::Terraform, EngineSign::Pinned)));
        let signs = EngineSigns {
            has_own_files: true,
            pinned: Some(EngineKind::Terraform),
            ..EngineSigns::default()
        };
        assert_eq!(by(&signs), Some((EngineKind::OpenTofu, EngineSign::OwnFiles)));
    }

    #[test]
    fn a_guess_at_the_command_counts_less_than_what_binds() {
        let guessed = EngineSigns {
            guessed: Some(EngineKind::Terraform),
            pinned: Some(EngineKind::OpenTofu),
            ..EngineSigns::default()
        };
        assert_eq!(by(&guessed), Some((EngineKind::Terraform, EngineSign::Guessed)));
        let locked = EngineSigns { locked: providers(&[OPENTOFU]), ..guessed };
        assert_eq!(by(&locked), Some((EngineKind::OpenTofu, EngineSign::LockFile)));
    }

    #[test]
    fn only_terraforms_lock_file_leaves_the_last_word_to_the_state() {
        for (kind, sign, expected) in [
            (EngineKind::Terraform, EngineSign::LockFile, false),
            (EngineKind::OpenTofu, EngineSign::LockFile, true),
            (EngineKind::Terraform, EngineSign::State, true),
            (EngineKind::OpenTofu, EngineSign::OwnFiles, false),
        ] {
            assert_eq!(is_settled(kind, sign), expected, "{kind:?} {sign:?}");
        }
    }

    #[test]
    fn the_log_is_asked_last() {
        let recorded = || Some(EngineKind::OpenTofu);
        let last = Some((EngineKind::OpenTofu, EngineSign::Recorded));
        assert_eq!(told(&EngineSigns::default(), recorded), last);
        let pinned = EngineSigns { pinned: Some(EngineKind::Terraform), ..EngineSigns::default() };
        let asked = || panic!("the directory tells");
        assert_eq!(told(&pinned, asked), Some((EngineKind::Terraform, EngineSign::Pinned)));
        assert_eq!(by(&EngineSigns::default()), None);
    }
}
