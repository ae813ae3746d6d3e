//! Facts that Terraform does not tell about providers: `providers/*.toml`, compiled in, and what
//! `unapply.toml` adds to them.
//!
//! They say which types bear data, what names and places a real object, which types exist in the
//! state alone, which attributes are paths of an object's own file, and which differences say
//! nothing. An unknown provider or type bears data, is named
//! by its `id`, and has no noise. Knowledge can quieten a report and say that a type bears no data;
//! it never removes any other hazard. It decides nothing: the caller has the object, and knowledge
//! only has the words.

pub mod file;
pub mod noise;
pub mod place;

use std::sync::{Arc, OnceLock};

use self::file::{DataTables, IdentityRule, ProviderFile, exactness};
use self::noise::{NoiseRule, RuleAuthor};
use crate::model::address::ProviderSource;

/// Whether objects of a type hold data of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bears<'k> {
    /// They do, for this reason.
    Data(&'k str),
    /// They do not, for this reason.
    Nothing(&'k str),
    /// No table names it: treated as data.
    Unknown,
}

/// The meaning of an undo for an object that has nothing behind it but its values in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateOnly {
    /// The value itself is the object: the good one is put back as it was, or a third one would be
    /// made.
    Restore,
    /// Making it is what counts, and has to happen again.
    RunAgain,
}

/// Attributes that name and place objects of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming<'k> {
    /// Attributes that name an object together, instead of `id`. An empty list: nothing names one,
    /// so that it is known by its address only.
    pub name: Option<&'k [String]>,
    /// Attributes of which one is enough to say where an object is.
    pub global: &'k [String],
    /// Attributes that say a part of where it is.
    pub scope: &'k [String],
}

impl Naming<'_> {
    /// The same, for a caller that does not ask where an object is.
    #[must_use]
    pub fn without_place(self) -> Self {
        Self { global: &[], scope: &[], ..self }
    }
}

/// A file that is compiled in: the provider's source, and its text.
type Builtin = (&'static str, &'static str);

const FILES: [Builtin; 13] = [
    ("registry.terraform.io/hashicorp/archive", include_str!("../../providers/archive.toml")),
    ("registry.terraform.io/hashicorp/aws", include_str!("../../providers/aws.toml")),
    ("registry.terraform.io/hashicorp/azurerm", include_str!("../../providers/azurerm.toml")),
    ("registry.terraform.io/hashicorp/google", include_str!("../../providers/google.toml")),
    ("registry.terraform.io/hashicorp/helm", include_str!("../../providers/helm.toml")),
    ("registry.terraform.io/hashicorp/kubernetes", include_str!("../../providers/kubernetes.toml")),
    ("registry.terraform.io/hashicorp/local", include_str!("../../providers/local.toml")),
    ("registry.terraform.io/hashicorp/null", include_str!("../../providers/null.toml")),
    ("registry.terraform.io/hashicorp/random", include_str!("../../providers/random.toml")),
    ("registry.terraform.io/hashicorp/time", include_str!("../../providers/time.toml")),
    ("registry.terraform.io/hashicorp/tls", include_str!("../../providers/tls.toml")),
    ("registry.terraform.io/unapply/demo", include_str!("../../providers/demo.toml")),
    ("terraform.io/builtin/terraform", include_str!("../../providers/terraform.toml")),
];

/// The beginning of the tables about data in a file: a diff needs the tables before it.
const DATA: &str = "[data_bearing]";

// Read when somebody asks, each half for itself: most stacks have few providers, and a small diff
// takes no longer than a file. A file that does not parse is nothing here and fails
// `every_file_is_read_sorted_and_complete`.
static RULES: [OnceLock<Option<ProviderFile>>; FILES.len()] =
    [const { OnceLock::new() }; FILES.len()];
static TABLES: [OnceLock<Option<DataTables>>; FILES.len()] =
    [const { OnceLock::new() }; FILES.len()];

/// The rules of a built-in file, without its tables about data.
fn builtin(source: &ProviderSource) -> Option<&'static ProviderFile> {
    let name = source.canonical().to_string();
    let (cell, (_, text)) = RULES.iter().zip(&FILES).find(|(_, (source, _))| *source == name)?;
    let rules = || text.split_once(DATA).map(|(rules, _)| rules);
    let read =
        || toml::from_str(rules()?).ok().map(|file: ProviderFile| file.by(RuleAuthor::Builtin));
    cell.get_or_init(read).as_ref()
}

fn builtin_data(source: &ProviderSource) -> Option<&'static DataTables> {
    let name = source.canonical().to_string();
    let (cell, (_, text)) = TABLES.iter().zip(&FILES).find(|(_, (source, _))| *source == name)?;
    let tables = || text.find(DATA).and_then(|at| text.get(at..));
    cell.get_or_init(|| toml::from_str(tables()?).ok()).as_ref()
}

/// Everything that is known about providers.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    overrides: Arc<[ProviderFile]>,
}

impl Knowledge {
    /// The knowledge that is compiled in.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// The same, and before it what a person says; of two words about one thing the first counts.
    #[must_use]
    pub fn with_overrides(&self, first: impl IntoIterator<Item = ProviderFile>) -> Self {
        let later = self.overrides.iter().cloned();
        Self { overrides: first.into_iter().chain(later).collect() }
    }

    /// Whether objects of type `kind` of this provider bear data.
    pub fn bears_data(&self, provider: &ProviderSource, kind: &str) -> Bears<'_> {
        let said = self.overrides_of(provider).find_map(|file| file.data.about(kind));
        said.or_else(|| builtin_data(provider)?.about(kind)).unwrap_or(Bears::Unknown)
    }

    /// Attributes that name and place objects of type `kind` of this provider.
    pub fn naming(&self, provider: &ProviderSource, kind: &str) -> Naming<'_> {
        let mut rules: Vec<&IdentityRule> = Vec::new();
        for file in self.about(provider) {
            let mut fitting: Vec<&IdentityRule> =
                file.identity.iter().filter(|rule| rule.types.matches(kind)).collect();
            fitting.sort_by_key(|rule| std::cmp::Reverse(rule.exactness()));
            rules.append(&mut fitting);
        }
        let name = rules.iter().find_map(|rule| rule.name.as_deref());
        let global = rules.iter().find_map(|rule| rule.global.as_deref()).unwrap_or_default();
        let scope = rules.iter().find_map(|rule| rule.scope.as_deref()).unwrap_or_default();
        Naming { name, global, scope }
    }

    /// The rules about noise for type `kind` of this provider, a person's first.
    pub fn noise<'k>(
        &'k self,
        provider: &ProviderSource,
        kind: &'k str,
    ) -> impl Iterator<Item = &'k NoiseRule> + use<'k> {
        let files: Vec<&ProviderFile> = self.about(provider).collect();
        let is_off = {
            let files = files.clone();
            move |rule: &NoiseRule| {
                let mut off = files.iter().flat_map(|file| &file.without_noise);
                rule.author == RuleAuthor::Builtin && off.any(|path| *path == rule.path)
            }
        };
        files
            .into_iter()
            .flat_map(|file| &file.noise)
            .filter(move |rule| rule.types.matches(kind) && !is_off(rule))
    }

    /// The meaning of an undo for objects of type `kind` of this provider that exist in the state
    /// alone; `None` where there is something behind them.
    pub fn state_only(&self, provider: &ProviderSource, kind: &str) -> Option<StateOnly> {
        self.about(provider).find_map(|file| {
            let fitting = file.state_only.iter().filter(|rule| rule.types.matches(kind));
            fitting.max_by_key(|rule| exactness(&rule.types)).map(|rule| rule.undo)
        })
    }

    /// The attributes of objects of type `kind` of this provider that are paths of their own files;
    /// a data source's kind begins with `data.`.
    pub fn own_files(&self, provider: &ProviderSource, kind: &str) -> Vec<&str> {
        let rules = self.about(provider).flat_map(|file| &file.own_files);
        rules.filter(|rule| rule.types.matches(kind)).map(|rule| rule.attribute.as_str()).collect()
    }

    fn about(&self, provider: &ProviderSource) -> impl Iterator<Item = &ProviderFile> {
        self.overrides_of(provider).chain(builtin(provider))
    }

    fn overrides_of(&self, provider: &ProviderSource) -> impl Iterator<Item = &ProviderFile> {
        let source = provider.canonical();
        self.overrides.iter().filter(move |file| file.source.canonical() == source)
    }
}

/// Whether a built-in rule about noise of this provider has this path: only such a one can be
/// switched off.
fn has_builtin_noise(provider: &ProviderSource, path: &place::PathPattern) -> bool {
    builtin(provider).is_some_and(|file| file.noise.iter().any(|rule| rule.path == *path))
}

#[cfg(test)]
mod tests;
