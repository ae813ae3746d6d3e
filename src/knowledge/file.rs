//! The form of `providers/*.toml` and of `[[provider]]` in `unapply.toml`: one parser for both.
//!
//! It is strict: an unknown key, a rule without a why, a type that stands in two tables are errors.
//! It does not say which of several providers' words counts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::noise::{NoiseKind, NoiseRule, RuleAuthor};
use super::place::PathPattern;
use super::{Bears, StateOnly, has_builtin_noise};
use crate::model::address::ProviderSource;
use crate::model::pattern::Pattern;

/// The rules of a file, or of one `[[provider]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "ProviderTable")]
pub struct ProviderFile {
    pub(super) source: ProviderSource,
    pub(super) data: DataTables,
    pub(super) identity: Vec<IdentityRule>,
    pub(super) noise: Vec<NoiseRule>,
    pub(super) without_noise: Vec<PathPattern>,
    pub(super) state_only: Vec<StateOnlyRule>,
    pub(super) own_files: Vec<OwnFileRule>,
}

impl ProviderFile {
    /// The provider that it is about.
    pub fn source(&self) -> &ProviderSource {
        &self.source
    }

    /// The same, with its rules about noise made by this author.
    pub(super) fn by(mut self, author: RuleAuthor) -> Self {
        for rule in &mut self.noise {
            rule.author = author;
        }
        self
    }
}

/// The tables about data alone, which are most of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataTables {
    pub(super) data_bearing: BTreeMap<String, String>,
    pub(super) no_data: BTreeMap<String, String>,
}

impl DataTables {
    /// The entry of the tables about a type.
    pub(super) fn about(&self, kind: &str) -> Option<Bears<'_>> {
        let data = self.data_bearing.get(kind).map(|why| Bears::Data(why));
        data.or_else(|| self.no_data.get(kind).map(|why| Bears::Nothing(why)))
    }
}

/// Attributes that name and place objects of some types. A field that is not given is left to a
/// rule that is about more types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdentityRule {
    pub(super) types: Pattern,
    /// Attributes that name the object together, instead of `id`; none means that nothing does.
    pub(super) name: Option<Vec<String>>,
    /// Attributes of which one is enough to say where the object is.
    pub(super) global: Option<Vec<String>>,
    /// Attributes that say a part of where it is.
    pub(super) scope: Option<Vec<String>>,
}

impl IdentityRule {
    /// How much of a type's name the rule says: the more, the more it counts.
    pub(super) fn exactness(&self) -> (bool, usize) {
        exactness(&self.types)
    }
}

/// How much of a type's name a pattern says.
pub(super) fn exactness(types: &Pattern) -> (bool, usize) {
    let text = types.as_str();
    (!text.contains('*'), text.chars().filter(|c| *c != '*').count())
}

/// That there is nothing behind objects of some types but what the state says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StateOnlyRule {
    pub(super) types: Pattern,
    pub(super) undo: StateOnly,
}

/// That an attribute of some types is the path of the object's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnFileRule {
    pub(super) types: Pattern,
    pub(super) attribute: String,
}

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderTable {
    source: String,
    #[serde(default)]
    data_bearing: BTreeMap<String, String>,
    #[serde(default)]
    no_data: BTreeMap<String, String>,
    #[serde(default)]
    identity: Vec<IdentityEntry>,
    #[serde(default)]
    noise: Vec<NoiseEntry>,
    #[serde(default)]
    without_noise: Vec<PathPattern>,
    #[serde(default)]
    state_only: Vec<StateOnlyEntry>,
    #[serde(default)]
    own_files: Vec<OwnFileEntry>,
}

/// One of `state_only`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "StateOnlyTable")]
struct StateOnlyEntry(StateOnlyRule);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateOnlyTable {
    types: String,
    undo: StateOnly,
    why: String,
}

/// One of `own_files`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "OwnFileTable")]
struct OwnFileEntry(OwnFileRule);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFileTable {
    types: String,
    attribute: String,
    why: String,
}

/// One of `identity`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "IdentityTable")]
struct IdentityEntry(IdentityRule);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityTable {
    types: String,
    name: Option<Vec<String>>,
    global: Option<Vec<String>>,
    scope: Option<Vec<String>>,
    why: String,
}

/// One of `noise`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "NoiseTable")]
struct NoiseEntry(NoiseRule);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoiseTable {
    types: String,
    path: PathPattern,
    kind: NoiseKind,
    of: Option<String>,
    why: String,
}

/// The problem with a table.
#[derive(Debug, thiserror::Error)]
enum KnowledgeProblem {
    #[error("`{0}` is no provider such as `hashicorp/aws`")]
    Source(String),
    #[error("`{0}` stands in `data_bearing` and in `no_data`")]
    TwoTables(String),
    #[error("`{0}` has no `why`")]
    Why(String),
    #[error("a rule of `identity` needs `name`, `global` or `scope`")]
    NothingSaid,
    #[error("kind `derived` needs `of`, the attribute that `{0}` repeats")]
    DerivedOfNothing(PathPattern),
    #[error("`of` is for kind `derived` only")]
    Of,
    #[error("no built-in rule about noise has the path `{0}`")]
    NothingToSwitchOff(PathPattern),
}

impl TryFrom<ProviderTable> for ProviderFile {
    type Error = KnowledgeProblem;

    fn try_from(table: ProviderTable) -> Result<Self, Self::Error> {
        if let Some(kind) = table.data_bearing.keys().find(|kind| table.no_data.contains_key(*kind))
        {
            return Err(KnowledgeProblem::TwoTables(kind.clone()));
        }
        let mut reasons = table.data_bearing.iter().chain(&table.no_data);
        if let Some((kind, _)) = reasons.find(|(_, why)| why.trim().is_empty()) {
            return Err(KnowledgeProblem::Why(kind.clone()));
        }
        let source = source(&table.source)?;
        let mut switched = table.without_noise.iter();
        if let Some(path) = switched.find(|path| !has_builtin_noise(&source, path)) {
            return Err(KnowledgeProblem::NothingToSwitchOff(path.clone()));
        }
        Ok(Self {
            source,
            data: DataTables { data_bearing: table.data_bearing, no_data: table.no_data },
            identity: table.identity.into_iter().map(|IdentityEntry(rule)| rule).collect(),
            noise: table.noise.into_iter().map(|NoiseEntry(rule)| rule).collect(),
            without_noise: table.without_noise,
            state_only: table.state_only.into_iter().map(|StateOnlyEntry(rule)| rule).collect(),
            own_files: table.own_files.into_iter().map(|OwnFileEntry(rule)| rule).collect(),
        })
    }
}

impl TryFrom<StateOnlyTable> for StateOnlyEntry {
    type Error = KnowledgeProblem;

    fn try_from(table: StateOnlyTable) -> Result<Self, Self::Error> {
        if table.why.trim().is_empty() {
            return Err(KnowledgeProblem::Why(table.types));
        }
        Ok(Self(StateOnlyRule { types: Pattern::new(table.types), undo: table.undo }))
    }
}

impl TryFrom<OwnFileTable> for OwnFileEntry {
    type Error = KnowledgeProblem;

    fn try_from(table: OwnFileTable) -> Result<Self, Self::Error> {
        if table.why.trim().is_empty() {
            return Err(KnowledgeProblem::Why(table.types));
        }
        Ok(Self(OwnFileRule { types: Pattern::new(table.types), attribute: table.attribute }))
    }
}

/// A provider as configurations name it: `hashicorp/aws` is in the public registry.
fn source(text: &str) -> Result<ProviderSource, KnowledgeProblem> {
    let full = match text.matches('/').count() {
        1 => format!("registry.terraform.io/{text}"),
        _ => text.to_owned(),
    };
    full.parse().map_err(|_| KnowledgeProblem::Source(text.chars().take(100).collect()))
}

impl TryFrom<IdentityTable> for IdentityEntry {
    type Error = KnowledgeProblem;

    fn try_from(table: IdentityTable) -> Result<Self, Self::Error> {
        if table.why.trim().is_empty() {
            return Err(KnowledgeProblem::Why(table.types));
        }
        if table.name.is_none() && table.global.is_none() && table.scope.is_none() {
            return Err(KnowledgeProblem::NothingSaid);
        }
        Ok(Self(IdentityRule {
            types: Pattern::new(table.types),
            name: table.name,
            global: table.global,
            scope: table.scope,
        }))
    }
}

impl TryFrom<NoiseTable> for NoiseEntry {
    type Error = KnowledgeProblem;

    fn try_from(table: NoiseTable) -> Result<Self, Self::Error> {
        if table.why.trim().is_empty() {
            return Err(KnowledgeProblem::Why(table.path.to_string()));
        }
        match (table.kind, &table.of) {
            (NoiseKind::Derived, None) => {
                return Err(KnowledgeProblem::DerivedOfNothing(table.path));
            }
            (NoiseKind::Derived, Some(_)) | (_, None) => {}
            (_, Some(_)) => return Err(KnowledgeProblem::Of),
        }
        Ok(Self(NoiseRule {
            types: Pattern::new(table.types),
            path: table.path,
            kind: table.kind,
            of: table.of,
            why: table.why,
            author: RuleAuthor::Settings,
        }))
    }
}
