//! Facts that unapply needs to know of Terraform's language, read from the content of files.
//!
//! Nothing is evaluated and no file is opened: facts come from the syntax tree of `.tf` and
//! `.tf.json` content, and an expression that cannot be folded to a path is said to be unknown
//! instead of guessed. A file that does not parse is reported beside the facts, because a broken
//! configuration is exactly what a failed apply may have left. Start from [`scan`]; writing an
//! override is [`backend_override`], the dependency lock file is [`lock`].

pub mod configuration;
mod credentials;
mod cut;
pub mod encryption;
mod fold;
mod ignored;
mod json;
mod lifecycle;
mod loaded;
pub mod lock;
mod named;
mod not_replayable;
pub mod planned;
mod resource;
mod scan;
#[cfg(test)]
mod tests;
mod values;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::parser::parse_body;
use hcl_edit::structure::Body;

use crate::model::address::ProviderSource;
use crate::model::configuration::Variable;
use crate::model::secret::Secret;

pub use configuration::Configuration;
pub use cut::without_state_blocks;
pub use encryption::{EncryptionOverride, EncryptionTargets};
pub use loaded::{is_of_opentofu, loaded};
pub use named::{FileNaming, NamedFile, Needed, says_where_put};
pub use resource::ResourceBlock;
pub use scan::scan;
pub use values::{NotGiven, given, literals};
pub use write::{
    NotAnArgument, assignment, backend_override, expression, ignoring, moved, required_providers,
    with_lifecycle,
};

/// Content that is not Terraform's language. Never says what stands there: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableFile {
    /// The syntax is broken.
    #[error("does not parse at line {line}: `{file}`")]
    Syntax {
        /// The file's name.
        file: String,
        /// The line where reading stopped, from 1.
        line: usize,
    },
    /// The bytes are not text.
    #[error("is not UTF-8: `{file}`")]
    NotUtf8 {
        /// The file's name.
        file: String,
    },
}

/// How a file of configuration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `.tf` and `.tofu`.
    Native,
    /// `.tf.json` and `.tofu.json`.
    Json,
}

impl Syntax {
    /// The syntax of a file that Terraform or OpenTofu loads as configuration; `None` for others,
    /// such as the hidden and backup files of editors.
    pub fn of(file_name: &str) -> Option<Self> {
        let ends = |suffix: &str| file_name.ends_with(suffix);
        if file_name.starts_with('.') || ends("~") || file_name.starts_with('#') {
            None
        } else if ends(".tf.json") || ends(".tofu.json") {
            Some(Self::Json)
        } else if ends(".tf") || ends(".tofu") {
            Some(Self::Native)
        } else {
            None
        }
    }
}

/// Whether Terraform merges the file over the others: `override.tf` and `*_override.tf`.
pub fn is_override(file_name: &str) -> bool {
    let stem = file_name.split('.').next().unwrap_or(file_name);
    stem == "override" || stem.ends_with("_override")
}

/// The facts of a module's files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModuleFacts {
    /// Its input variables.
    pub variables: BTreeMap<String, DeclaredInput>,
    /// Its module calls with their source, where that is written out.
    pub modules: BTreeMap<String, Option<String>>,
    /// The block that says where the state is kept, if there is one.
    pub backend: Option<BackendBlock>,
    /// Whether it has an `encryption` block, which OpenTofu alone takes.
    pub has_encryption: bool,
    /// Whether OpenTofu is told to encrypt the state, and plans.
    pub encrypts: EncryptionTargets,
    /// Whether keys of the encryption, or names of them, stand in the files.
    pub has_keys: bool,
    /// Texts that are keys of the encryption.
    pub key_texts: Vec<Secret<String>>,
    /// Variables that keys of the encryption are made of.
    pub key_variables: BTreeSet<String>,
    /// Variables whose values are needed before anything is planned: by the backend, by the
    /// encryption, by the sources of modules.
    pub early: BTreeSet<String>,
    /// Providers whose source is written out with its registry's host.
    pub hosted: BTreeSet<ProviderSource>,
    /// Every `required_version`.
    pub required_versions: Vec<String>,
    /// Every managed resource that is declared, as `type.name`.
    pub resources: BTreeSet<String>,
    /// Facts of their blocks besides values.
    pub inside: BTreeMap<String, ResourceBlock>,
    /// Resources, as `type.name`, that must not be destroyed.
    pub prevent_destroy: BTreeSet<String>,
    /// Resources, as `type.name`, that say `destroy = false`: OpenTofu forgets them instead.
    pub destroy_false: BTreeSet<String>,
    /// The `ignore_changes` of resources, as `type.name`.
    pub ignored: BTreeMap<String, Ignored>,
    /// Provider blocks by name, with the alias after a dot: their arguments in a form that is
    /// compared and never shown.
    pub providers: BTreeMap<String, String>,
    /// Defaults of variables, as `var.NAME`, local values, as `local.NAME`, and outputs, as
    /// `output.NAME`, in a form that is compared and never shown.
    pub expressions: BTreeMap<String, String>,
    /// Resources, as `type.name`, that run something when they are destroyed.
    pub provisioned_at_destroy: BTreeSet<String>,
    /// Calls of functions that read files.
    pub reads: BTreeSet<FileRead>,
    /// Files and directories that it names, in any way.
    pub names: Vec<NamedFile>,
    /// Variables that feed provider blocks, or the encryption, and nothing else.
    pub credentials: BTreeSet<String>,
    /// Variables that nothing refers to; what `TF_ENCRYPTION` alone refers to is among them.
    pub unused: BTreeSet<String>,
    /// Defaults of its variables that are plain texts and may be shown.
    pub defaults: BTreeMap<String, String>,
    /// Places that use the path of the directory that Terraform runs in.
    pub tells_directory: BTreeSet<Within>,
    /// Arguments that no state keeps, by resource, as `type.name`.
    pub write_only: BTreeMap<String, BTreeSet<WriteOnly>>,
    /// Addresses, without keys, that `import` blocks take over; `*` where that cannot be told.
    pub imports: BTreeSet<String>,
    /// Files that could not be understood; the other facts come from the rest.
    pub unreadable: Vec<UnreadableFile>,
}

impl ModuleFacts {
    /// Whether a variable's value is kept nowhere: an ephemeral one, and what is a key of the
    /// encryption and nothing else but credentials. Today's value is always the one that counts.
    pub fn is_kept_nowhere(&self, name: &str) -> bool {
        let marks = self.variables.get(name).map(|declared| declared.marks);
        marks.is_some_and(|marks| marks.ephemeral) || self.is_key(name)
    }

    /// Takes over which variables are keys, from the same files with what `TF_ENCRYPTION` says.
    pub fn take_keys(&mut self, with_variable: Self) {
        if with_variable.unreadable.is_empty() {
            self.credentials = with_variable.credentials;
            self.key_variables = with_variable.key_variables;
        }
    }

    /// Whether a variable is a key of the encryption and nothing else but credentials.
    pub fn is_key(&self, name: &str) -> bool {
        self.credentials.contains(name) && self.key_variables.contains(name)
    }
}

/// The `ignore_changes` of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// Everything.
    All,
    /// These attributes, as Terraform writes them.
    These(Vec<String>),
    /// Something that cannot be written again.
    Unknown,
}

/// The place of an expression in a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    /// In a managed resource, `type.name`.
    Resource(String),
    /// In anything else, on which anything may depend.
    Elsewhere,
}

/// An argument whose value no state keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WriteOnly {
    /// Its name.
    pub name: String,
    /// Whether the argument stands beside it by whose change it is sent again.
    pub has_version: bool,
}

/// A declared input variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredInput {
    /// Whether it may be left out.
    pub has_default: bool,
    /// How Terraform takes its value from the command line.
    pub value: ValueSyntax,
    /// The limits on showing and keeping its value.
    pub marks: VariableMarks,
}

/// The limits on showing and keeping a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VariableMarks {
    /// It is not to be shown.
    pub sensitive: bool,
    /// It is not to be kept in a plan or a state.
    pub ephemeral: bool,
}

/// How Terraform takes the text of `-var` and `TF_VAR_…`, which depends on the declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSyntax {
    /// The text is the value: a string, number, bool, or no type at all.
    Literal,
    /// The text is an expression.
    Expression,
}

/// The block that says where the state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendBlock {
    /// `backend "kind"`.
    Kind(String),
    /// A `cloud` block.
    Cloud,
}

/// A call of a function that reads files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileRead {
    /// The function's name.
    pub function: String,
    /// The target that it reads.
    pub target: ReadTarget,
}

/// The target of a function that reads files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadTarget {
    /// This file.
    File(ReadPlace),
    /// Some files of this directory.
    Within(ReadPlace),
    /// Not to be told from the text.
    Unknown,
}

/// A path in configuration, normalised, with what it is relative to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadPlace {
    /// The start of the path.
    pub base: Base,
    /// The path, without `.` parts; `..` only in front; `.` for the base itself.
    pub path: String,
}

/// The start of a path in configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// The directory of the module that has the expression.
    Module,
    /// The root module's directory, where Terraform runs.
    Root,
    /// The file system.
    Absolute,
}

/// UTF-8 text without the byte order mark, which Terraform skips too.
fn text_of<'a>(file: &str, content: &'a [u8]) -> Result<&'a str, UnreadableFile> {
    let text = std::str::from_utf8(content)
        .map_err(|_| UnreadableFile::NotUtf8 { file: file.to_owned() })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Variables of a root module that need a value and have none: neither among the `known` ones nor in
/// one of these files of values. Those that are kept nowhere never have, and of those that nothing
/// uses any value does.
pub fn without_value<'f>(
    root: &ModuleFacts,
    known: &BTreeMap<String, Variable>,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
) -> Vec<String> {
    let in_files: Vec<String> = files.flat_map(|(name, content)| assigned(name, content)).collect();
    let is_lacking = |name: &&String| !known.contains_key(*name) && !in_files.contains(name);
    let declared = root.variables.iter();
    let is_needed = |name: &str| !root.is_kept_nowhere(name) && !root.unused.contains(name);
    let required = declared.filter(|(name, declared)| !declared.has_default && is_needed(name));
    required.map(|(name, _)| name).filter(is_lacking).cloned().collect()
}

/// The variables that a file of values gives a value; none when it cannot be read.
pub fn assigned(file: &str, content: &[u8]) -> Vec<String> {
    let Ok(text) = text_of(file, content) else {
        return Vec::new();
    };
    let is_json = std::path::Path::new(file).extension().is_some_and(|end| end == "json");
    if is_json {
        let members: Result<BTreeMap<String, serde_json::Value>, _> = serde_json::from_str(text);
        return members.map(|members| members.into_keys().collect()).unwrap_or_default();
    }
    parse_body(text).map_or_else(
        |_| Vec::new(),
        |body| body.attributes().map(|attribute| attribute.key.to_string()).collect(),
    )
}

/// The rank of a file of values that Terraform loads by itself, if it is one: the last one counts, and
/// files of `-var-file` come after all of them.
pub fn rank(file_name: &str) -> Option<(bool, &str)> {
    let name = file_name.strip_suffix(".json").unwrap_or(file_name);
    let is_auto = name.ends_with(".auto.tfvars");
    (is_auto || name == "terraform.tfvars").then_some((is_auto, file_name))
}

/// The syntax tree of a file; JSON is brought into the shape of native syntax first.
fn body_of(file: &str, content: &[u8]) -> Result<Body, UnreadableFile> {
    let text = text_of(file, content)?;
    let broken = |line| UnreadableFile::Syntax { file: file.to_owned(), line };
    match Syntax::of(file) {
        Some(Syntax::Json) => json::body(text).map_err(|error| broken(error.line())),
        Some(Syntax::Native) | None => {
            parse_body(text).map_err(|error| broken(error.location().line()))
        }
    }
}
