//! Changes that re-keying makes, as a person is told of them.
//!
//! None of them changes a real object. An address can hold a secret in its key, so each has passed
//! the redactor.

use crate::engine::redact::Redactor;
use crate::engine::rekey::Rekeying;

/// Change to one object in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Return {
    /// It goes back to the address at which the good state has it.
    Move,
    /// It was forgotten and still exists: the state knows it again.
    TakeBack,
    /// Its value exists in the state alone: it is what it was.
    Restore,
    /// It was imported, and the good state does not have it: forgotten, and not destroyed.
    LeaveAlone,
    /// It was made since and is wanted: forgotten, and not destroyed.
    KeepOut,
    /// A plan would only forget it: its `skip_destroy` is taken away, and it is destroyed.
    Lift,
    /// It makes room for the object that belongs there.
    MakeRoom,
    /// It is destroyed after what refers to it has been changed.
    DestroyLast,
}

impl Return {
    /// Its meaning, in a clause.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Move => "the same object goes back to its address",
            Self::TakeBack => "was forgotten and still exists: the state knows it again",
            Self::Restore => "a value that exists in the state alone is what it was",
            Self::LeaveAlone => "was imported, so it is older: forgotten, and not destroyed",
            Self::KeepOut => "is excluded: forgotten, and not destroyed",
            Self::Lift => "its `destroy = false` is taken away, so that it can be destroyed",
            Self::MakeRoom => "makes room for the object that belongs there",
            Self::DestroyLast => "something still refers to it: destroyed after that has changed",
        }
    }
}

/// One object that the state will have otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MovedBack {
    /// The change.
    pub what: Return,
    /// Its address afterwards, safe to show.
    pub address: String,
    /// Its address now, where that is another one.
    pub from: Option<String>,
}

/// Changes that re-keying makes, in the order of [`Return`], then of addresses.
pub fn moved_back(rekeying: &Rekeying, redactor: &Redactor) -> Vec<MovedBack> {
    let text = |shown: &dyn std::fmt::Display| redactor.text(&shown.to_string());
    let of = |what: Return, shown: &dyn std::fmt::Display| MovedBack {
        what,
        address: text(shown),
        from: None,
    };
    let moves = rekeying.moves.iter().chain(&rekeying.swapped);
    let mut found: Vec<MovedBack> = moves
        .map(|step| MovedBack {
            what: Return::Move,
            address: text(&step.to),
            from: Some(text(&step.from)),
        })
        .collect();
    found.extend(rekeying.spliced.iter().map(|address| of(Return::TakeBack, address)));
    found.extend(rekeying.restored.iter().map(|address| of(Return::Restore, address)));
    found.extend(rekeying.forgotten.iter().map(|slot| of(Return::LeaveAlone, slot)));
    found.extend(rekeying.kept.iter().map(|one| of(Return::KeepOut, &one.from)));
    found.extend(rekeying.lifted.iter().map(|slot| of(Return::Lift, slot)));
    found.extend(rekeying.displaced.iter().map(|one| of(Return::MakeRoom, &one.address)));
    found.extend(rekeying.marked.iter().map(|one| of(Return::DestroyLast, &one.address)));
    found.sort();
    found
}
