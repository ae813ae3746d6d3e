//! References of a configuration's expressions, as far as Terraform tells.
//!
//! They answer one question: could this attribute have taken its value from that data source? They
//! are no configuration: what an expression makes of a value is not here. A reference that
//! Terraform does not tell is [`ReferenceSubject::Hidden`], and not absent.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, InstanceKey};
use super::value::{Path, Step};

/// A module with everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferencedModule {
    /// Its blocks by address in the module: `aws_subnet.a`, `data.aws_ami.b`.
    pub blocks: BTreeMap<String, ReferencedBlock>,
    /// The references of each of its outputs.
    pub outputs: BTreeMap<String, Vec<Reference>>,
    /// The modules it calls, by name.
    pub calls: BTreeMap<String, Call>,
}

/// A `resource` or `data` block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferencedBlock {
    /// The references of each attribute that is written down. Those in a `dynamic` block are not
    /// told.
    pub attributes: BTreeMap<String, Vec<Reference>>,
    /// The same attributes with those inside nested blocks, as names without positions:
    /// `root_block_device`, `size`. One that is written as `null` is none.
    pub written: BTreeSet<Vec<String>>,
    /// Those of `written` that are neither a constant nor refer to anything: a function of constants,
    /// or of a file.
    pub functions: BTreeSet<Vec<String>>,
    /// The references of `count` or `for_each`.
    pub instances: Vec<Reference>,
}

impl ReferencedBlock {
    /// Whether the value at `path`, or a part of it, is written down. Values that a `dynamic` block
    /// makes are not told.
    pub fn writes(&self, path: &Path) -> bool {
        Self::has(&self.written, path)
    }

    /// Whether the value at `path`, or a part of it, comes from a function that refers to nothing.
    pub fn calls(&self, path: &Path) -> bool {
        Self::has(&self.functions, path)
    }

    fn has(all: &BTreeSet<Vec<String>>, path: &Path) -> bool {
        let name = |step: &Step| match step {
            Step::Name(name) => Some(name.clone()),
            Step::Index(_) | Step::Element(_) => None,
        };
        let names: Vec<String> = path.0.iter().filter_map(name).collect();
        all.iter().any(|known| names.starts_with(known) || known.starts_with(&names))
    }

    /// The references of the attribute that has `path` in it.
    pub fn references(&self, path: &Path) -> &[Reference] {
        let Some(Step::Name(top)) = path.0.first() else { return &[] };
        self.attributes.get(top).map_or(&[], Vec::as_slice)
    }
}

/// A `module` block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// The references of each input that is given, in the calling module.
    pub inputs: BTreeMap<String, Vec<Reference>>,
    /// The references of `count` or `for_each`, in the calling module.
    pub instances: Vec<Reference>,
    /// The module that is called.
    pub module: ReferencedModule,
}

/// One reference of an expression, as precise as Terraform tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The subject that is referred to, in the module of the expression.
    pub subject: ReferenceSubject,
    /// Which instance of it, when the expression names it.
    pub key: Option<InstanceKey>,
    /// The path inside of it; empty for all of it.
    pub path: Path,
}

/// A subject that can be referred to and can have another value another day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceSubject {
    /// A data source, by its block.
    Data(String),
    /// An object that Terraform manages, by its block.
    Resource(String),
    /// An input of the module.
    Input(String),
    /// An output of a module that is called.
    Output {
        /// The call.
        call: String,
        /// The output.
        name: String,
    },
    /// Something whose own references are not told: a local, or a module as a whole.
    Hidden,
}

impl ReferencedModule {
    /// The module at a path of names.
    pub fn find<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<&Self> {
        names.into_iter().try_fold(self, |module, name| Some(&module.calls.get(name)?.module))
    }

    /// The block of an object.
    pub fn block(&self, address: &Address) -> Option<&ReferencedBlock> {
        let names = address.module.iter().map(|step| step.name.as_str());
        let local = Address { module: Vec::new(), key: None, ..address.clone() };
        self.find(names)?.blocks.get(&local.to_string())
    }
}
