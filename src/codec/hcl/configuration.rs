//! A configuration with the facts of its files, read once and handed on.
//!
//! [`Configuration::read`] goes through every module; later questions read nothing again. Nothing
//! is evaluated, and values of variables are no part of the facts.

use std::collections::BTreeSet;

use super::{ModuleFacts, loaded, rank, scan};
use crate::model::configuration::{Bundle, BundlePath, Variable};
use crate::model::entry::EngineKind;

/// A configuration, and the facts of its modules.
#[derive(Debug, Clone)]
pub struct Configuration {
    bundle: Bundle,
    modules: Vec<ReadModule>,
}

/// One module of a configuration.
#[derive(Debug, Clone)]
pub struct ReadModule {
    /// The beginning of addresses in it, such as `module.a.`; empty for the root.
    pub prefix: String,
    /// Its directory in the bundle.
    pub directory: BundlePath,
    /// The facts of its files.
    pub facts: ModuleFacts,
}

impl Configuration {
    /// Reads every module of a bundle, as far as the engine loads its files.
    pub fn read(bundle: Bundle, engine: Option<EngineKind>) -> Self {
        let prefix = |key: &str| format!("module.{}.", key.replace('.', ".module."));
        let root = (String::new(), &bundle.root);
        let others = bundle.modules.iter().map(|module| (prefix(&module.key), &module.directory));
        let modules = std::iter::once(root).chain(others);
        let module = |(prefix, directory): (String, &BundlePath)| ReadModule {
            prefix,
            directory: directory.clone(),
            facts: facts(&bundle, directory, engine),
        };
        let modules = modules.map(module).collect();
        Self { bundle, modules }
    }

    /// The bundle it was read from.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Every module, the root first.
    pub fn modules(&self) -> &[ReadModule] {
        &self.modules
    }

    /// The facts of the root module.
    pub fn root(&self) -> &ModuleFacts {
        static NOTHING: std::sync::LazyLock<ModuleFacts> =
            std::sync::LazyLock::new(ModuleFacts::default);
        self.modules.first().map_or(&NOTHING, |root| &root.facts)
    }

    /// Files that give values to variables, in Terraform's order: those that it loads by itself, then
    /// `-var-file`s. The last one counts.
    pub fn value_files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let bundle = &self.bundle;
        let beside = bundle.files.keys().filter(|path| path.parent() == bundle.root);
        let mut loaded: Vec<&BundlePath> =
            beside.filter(|path| rank(path.file_name()).is_some()).collect();
        loaded.sort_by_key(|path| rank(path.file_name()));
        let files = loaded.into_iter().chain(&bundle.var_files);
        files.filter_map(|path| Some((path.file_name(), bundle.files.get(path)?.as_slice())))
    }

    /// Whether every file of it can be understood. Terraform applies no other.
    pub fn is_readable(&self) -> bool {
        self.modules.iter().all(|module| module.facts.unreadable.is_empty())
    }

    /// Names in all modules, each with the module's prefix before it.
    pub fn names<'c>(
        &'c self,
        of: impl Fn(&'c ModuleFacts) -> Vec<&'c String>,
    ) -> BTreeSet<String> {
        let in_module = |module: &'c ReadModule| {
            let names = of(&module.facts).into_iter();
            names.map(|name| format!("{}{name}", module.prefix)).collect::<Vec<_>>()
        };
        self.modules.iter().flat_map(in_module).collect()
    }

    /// Gives a variable a value, or takes it away.
    pub fn set_variable(&mut self, name: &str, variable: Option<Variable>) {
        match variable {
            Some(variable) => drop(self.bundle.variables.insert(name.to_owned(), variable)),
            None => drop(self.bundle.variables.remove(name)),
        }
    }

    /// Exchanges the lock file, which says nothing of the modules.
    pub fn set_lock_file(&mut self, path: BundlePath, content: Vec<u8>) {
        self.bundle.files.insert(path, content);
    }
}

fn facts(bundle: &Bundle, directory: &BundlePath, engine: Option<EngineKind>) -> ModuleFacts {
    let files = bundle
        .files
        .iter()
        .filter(|(path, _)| path.parent() == *directory)
        .map(|(path, content)| (path.file_name().to_owned(), content.clone()))
        .collect();
    scan(&loaded(engine, files))
}
