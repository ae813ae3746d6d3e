//! A Terraform state, as far as unapply understands it.
//!
//! A [`State`] borrows from the exact bytes it was read from and never replaces them: an
//! instance's attributes stay a raw slice until something needs their inside. The bytes themselves
//! travel as [`StateBytes`]. Reading is `codec::state`; nothing here is ever written back.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::address::{Address, ProviderAddress};
use super::digest::Digest;
use super::value::{Path, RawJson};
use super::version::StateVersion;

/// The exact bytes of a state, with their digest; copies share them. They hold secrets: `Debug` shows
/// neither.
#[derive(Clone, PartialEq, Eq)]
pub struct StateBytes {
    bytes: Arc<Vec<u8>>,
    digest: Digest,
}

impl StateBytes {
    /// Takes the bytes as they were read.
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes: Arc::new(bytes), digest }
    }

    /// The exact bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Their SHA-256.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl fmt::Debug for StateBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateBytes({} bytes, {})", self.bytes.len(), self.digest.short())
    }
}

/// The contents of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State<'a> {
    /// Lineage, serial and digest.
    pub version: StateVersion,
    /// The version of the tool that wrote it last.
    pub writer: Cow<'a, str>,
    /// The root module's outputs, by name.
    pub outputs: Vec<Output<'a>>,
    /// Every object, managed and data, current and deposed, in the order of the file.
    pub instances: Vec<Instance<'a>>,
}

/// A value of the root module's `output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: RawJson<'a>,
    /// Whether configuration marks it sensitive.
    pub sensitive: bool,
}

/// Whether an object is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Created or updated to the end.
    Ready,
    /// Its creation failed half-way: the next plan replaces it.
    Tainted,
}

/// One object that Terraform knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance<'a> {
    /// The address at which it is declared.
    pub address: Address,
    /// Set when it is a left-over of an unfinished replacement: eight hexadecimal digits.
    pub deposed: Option<Cow<'a, str>>,
    /// The provider configuration it belongs to.
    pub provider: ProviderAddress,
    /// Ready or tainted.
    pub status: Status,
    /// The version of the provider's schema that the attributes follow.
    pub schema_version: u64,
    /// Its attributes, not looked into.
    pub attributes: RawJson<'a>,
    /// The attribute `id`, when it is a text that is not empty.
    pub id: Option<String>,
    /// The identity that the provider gives it, since Terraform 1.12: an object, not looked into.
    pub identity: Option<RawJson<'a>>,
    /// Which attributes Terraform marks sensitive.
    pub sensitive: Vec<Path>,
    /// Configuration addresses of what it was made from.
    pub dependencies: Vec<Cow<'a, str>>,
    /// Whether it is destroyed only after what depends on it has been changed.
    pub create_before_destroy: bool,
    /// Whether a plan without its block forgets it instead of destroying it (OpenTofu).
    pub skip_destroy: bool,
}
