//! The place of each object in a re-keyed state, and the contents of a `moved` block.
//!
//! A [`Placement`] names an object by its place in a state that was read, and says what is to be
//! different about it; its attributes stay what they are. `engine::rekey` decides which placements
//! a state needs, and `codec::state::write` makes bytes of them.

use std::fmt;

use super::address::{Address, ModuleStep, ProviderAddress};

/// The place of an object: its address, and its key if it is a left-over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The address.
    pub address: Address,
    /// The key of a left-over: eight hexadecimal digits.
    pub deposed: Option<String>,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        match &self.deposed {
            Some(key) => write!(f, " (deposed {key})"),
            None => Ok(()),
        }
    }
}

/// The state that an object's bytes are taken from, and its position in `State::instances`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TakenFrom {
    /// From the current state.
    Current(usize),
    /// From the good state.
    Good(usize),
}

/// Whether an object's `skip_destroy` is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifted {
    /// It stays as its bytes say.
    #[default]
    No,
    /// It goes: a plan destroys the object.
    Yes,
}

/// One object of a re-keyed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The object whose attributes, private data, schema version, status and marks it has.
    pub taken: TakenFrom,
    /// Its place.
    pub slot: Slot,
    /// The provider configuration that it belongs to.
    pub provider: ProviderAddress,
    /// The objects that it was made from; `None` when that is as its bytes say.
    pub dependencies: Option<Vec<String>>,
    /// `create_before_destroy`; `None` when that is as its bytes say.
    pub create_before_destroy: Option<bool>,
    /// Whether it can be destroyed although its bytes say `skip_destroy`.
    pub lifted: Lifted,
}

/// A module or a resource that a `moved` block can name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movable {
    /// A module with all that is in it; without a key at its end, all its instances.
    Module(Vec<ModuleStep>),
    /// A resource; without a key, all its instances.
    Resource(Address),
}

impl fmt::Display for Movable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(steps) => {
                let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
                f.write_str(&steps.join("."))
            }
            Self::Resource(address) => address.fmt(f),
        }
    }
}

/// A `moved` block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MovedBlock {
    /// The address that the state has.
    pub from: Movable,
    /// The address that it belongs to.
    pub to: Movable,
}
