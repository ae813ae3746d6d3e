//! The modules of a configuration: which there are, where they lie, and their own files.
//!
//! Calls are followed from the root. Terraform's manifest says where an installed module lies; a
//! local source is followed without one. When a file does not parse, its calls are not known, and
//! every module of the manifest is taken. Nothing is ever fetched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::AskedEngine;
use super::collect::{Collected, LoadedFile, file_names, loaded, normalised};
use crate::codec::hcl::encryption::with_encryption_variable;
use crate::codec::hcl::{self, ModuleFacts, Syntax, scan};
use crate::codec::planfile::PlanArchive;
use crate::flow::error::configuration::ConfigurationError;
use crate::model::configuration::FileMode;

/// The most modules that are followed; local calls in a circle end here.
const MODULES_MAX: usize = 2_000;

/// The directories from which everything else is found.
#[derive(Debug)]
pub(super) struct ModuleLayout {
    /// The root module.
    pub(super) root: PathBuf,
    /// Terraform's installed modules.
    pub(super) installed: PathBuf,
}

impl ModuleLayout {
    pub(super) fn of(root: &Path, data_directory: Option<&Path>) -> Self {
        let data = data_directory.unwrap_or(Path::new(".terraform"));
        Self { root: root.to_owned(), installed: normalised(&root.join(data)).join("modules") }
    }

    /// Whether `directory` was put there by `terraform init`.
    pub(super) fn is_remote(&self, directory: &Path) -> bool {
        directory.starts_with(&self.installed)
    }
}

/// A module with what its files say.
#[derive(Debug)]
pub(super) struct SourceModule {
    pub(super) key: String,
    pub(super) source: String,
    pub(super) version: Option<String>,
    pub(super) directory: PathBuf,
    pub(super) facts: ModuleFacts,
}

#[derive(Deserialize)]
struct ModuleManifest {
    #[serde(rename = "Modules")]
    modules: Vec<InstalledModule>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "PascalCase")]
struct InstalledModule {
    key: String,
    source: String,
    version: Option<String>,
    dir: String,
}

/// The modules of a saved plan.
pub(super) fn planned(
    layout: &ModuleLayout,
    archive: &PlanArchive,
    encryption: &str,
    collected: &mut Collected,
) -> Vec<SourceModule> {
    let mut modules = Vec::new();
    for module in &archive.modules {
        let directory = normalised(&layout.root.join(&module.directory));
        for (name, content) in &module.files {
            // A plan keeps no permissions.
            let file = LoadedFile { content: content.clone(), mode: FileMode::default() };
            collected.insert_loaded(directory.join(name), file);
        }
        let encryption = if module.key.is_empty() { encryption } else { "" };
        let facts = facts(&directory, &module.files, encryption, collected);
        modules.push(SourceModule {
            key: module.key.clone(),
            source: module.source.clone(),
            version: module.version.clone(),
            directory,
            facts,
        });
    }
    modules
}

/// The modules of a working directory.
pub(super) fn installed(
    layout: &ModuleLayout,
    engine: AskedEngine<'_>,
    encryption: &str,
    collected: &mut Collected,
) -> Result<Vec<SourceModule>, ConfigurationError> {
    let manifest = manifest(layout, collected)?;
    let root = InstalledModule {
        key: String::new(),
        source: String::new(),
        version: None,
        dir: ".".to_owned(),
    };
    let mut modules: Vec<SourceModule> = Vec::new();
    let mut waiting = vec![root];
    while let Some(next) = waiting.pop() {
        if modules.iter().any(|known| known.key == next.key) {
            continue;
        }
        if modules.len() >= MODULES_MAX {
            collected.note(format!("modules beyond {MODULES_MAX} are left out"));
            break;
        }
        let encryption = if next.key.is_empty() { encryption } else { "" };
        let Some(module) = module(layout, next, engine, encryption, collected)? else {
            continue;
        };
        for (name, source) in &module.facts.modules {
            let called = called(&module, name, source.as_deref(), &manifest);
            match called {
                Some(called) => waiting.push(called),
                None => collected.note(format!(
                    "module `{}` is not installed and is left out",
                    key_below(&module.key, name)
                )),
            }
        }
        if !module.facts.unreadable.is_empty() {
            waiting.extend(manifest.values().cloned());
        }
        modules.push(module);
    }
    modules.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(modules)
}

fn key_below(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// Finds the directory of a called module. A local source is believed before the manifest, which
/// may be of before the last `init`.
fn called(
    parent: &SourceModule,
    name: &str,
    source: Option<&str>,
    manifest: &BTreeMap<String, InstalledModule>,
) -> Option<InstalledModule> {
    let key = key_below(&parent.key, name);
    let listed = manifest.get(&key);
    let local = source.filter(|source| source.starts_with("./") || source.starts_with("../"));
    match local {
        Some(source) if listed.is_none_or(|listed| listed.source != source) => {
            Some(InstalledModule {
                key,
                source: source.to_owned(),
                version: None,
                dir: parent.directory.join(source).to_str()?.to_owned(),
            })
        }
        Some(_) | None => listed.cloned(),
    }
}

fn manifest(
    layout: &ModuleLayout,
    collected: &mut Collected,
) -> Result<BTreeMap<String, InstalledModule>, ConfigurationError> {
    let path = layout.installed.join("modules.json");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let Ok(manifest) = serde_json::from_slice::<ModuleManifest>(&loaded(&path)?.content) else {
        collected.note("Terraform's list of installed modules is malformed".to_owned());
        return Ok(BTreeMap::new());
    };
    let named = manifest.modules.into_iter().filter(|module| !module.key.is_empty());
    Ok(named.map(|module| (module.key.clone(), module)).collect())
}

/// Takes the files of a module; `None` with a note when it is not there.
fn module(
    layout: &ModuleLayout,
    installed: InstalledModule,
    engine: AskedEngine<'_>,
    encryption: &str,
    collected: &mut Collected,
) -> Result<Option<SourceModule>, ConfigurationError> {
    let directory = normalised(&layout.root.join(&installed.dir));
    if !directory.is_dir() && !installed.key.is_empty() {
        collected.note(format!(
            "module `{}` is left out: `{}` is not there",
            installed.key, installed.dir
        ));
        return Ok(None);
    }
    let mut files = BTreeMap::new();
    for name in file_names(&directory, collected)? {
        if Syntax::of(&name).is_some() {
            let path = directory.join(&name);
            let file = loaded(&path)?;
            files.insert(name, file.content.clone());
            collected.insert_loaded(path, file);
        }
    }
    let engine = engine.of(files.keys().map(String::as_str));
    let facts = facts(&directory, &hcl::loaded(engine, files), encryption, collected);
    Ok(Some(SourceModule {
        key: installed.key,
        source: installed.source,
        version: installed.version.filter(|version| !version.is_empty()),
        directory,
        facts,
    }))
}

fn facts(
    directory: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    encryption: &str,
    collected: &mut Collected,
) -> ModuleFacts {
    let mut facts = scan(files);
    if !encryption.trim().is_empty() {
        facts.take_keys(scan(&with_encryption_variable(files.clone(), encryption)));
    }
    for unreadable in &facts.unreadable {
        collected
            .note(format!("a file of `{}` {unreadable}; it is kept as it is", directory.display()));
    }
    facts
}
