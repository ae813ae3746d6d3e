//! The files of a stored configuration in the light of its text: why each is there, and which named
//! ones are nowhere any more.
//!
//! Both are told by the text alone, so that they hold for snapshots of every version. Nothing is
//! read but whether a real file is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::LOCK_FILE;
use super::variables::shown_texts;
use crate::codec::hcl::configuration::ReadModule;
use crate::codec::hcl::{Base, Configuration, FileNaming, NamedFile, Needed, Syntax};
use crate::engine::judgement::MissingFile;
use crate::model::configuration::{BundlePath, REMOTE_MODULES};

/// A name in the text with the path that it leads to: from the bundle's top, `..` only in front.
struct NamedPlace<'c> {
    module: &'c ReadModule,
    name: &'c NamedFile,
    path: String,
}

impl NamedPlace<'_> {
    /// The file and the line of the name.
    fn at(&self) -> String {
        let file = self.module.directory.join(&self.name.file);
        let file = file.map_or_else(|_| self.name.file.clone(), |file| file.to_string());
        self.name.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"))
    }
}

fn named_places(configuration: &Configuration) -> Vec<NamedPlace<'_>> {
    let variables = &configuration.bundle().variables;
    let values = shown_texts(configuration.root(), variables, configuration.value_files());
    let nothing = BTreeMap::new();
    let of = |module: &'_ ReadModule, name: &NamedFile| {
        let values = if module.prefix.is_empty() { &values } else { &nothing };
        let place = name.place(values)?;
        let directory = match place.base {
            Base::Module => &module.directory,
            Base::Root => &configuration.bundle().root,
            Base::Absolute => return None,
        };
        Some(joined(directory, &place.path))
    };
    let mut places = Vec::new();
    for module in configuration.modules() {
        for name in &module.facts.names {
            places.extend(of(module, name).map(|path| NamedPlace { module, name, path }));
        }
    }
    places
}

/// A path below a directory, without `.` parts, with `..` only in front; `.` for the top.
fn joined(directory: &BundlePath, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.as_str().split('/').chain(path.split('/')) {
        match (part, parts.last()) {
            ("." | "", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// Why each file of a configuration was captured, in words.
pub fn reasons(configuration: &Configuration) -> BTreeMap<BundlePath, String> {
    let bundle = configuration.bundle();
    let places = named_places(configuration);
    let places: Vec<&NamedPlace<'_>> =
        places.iter().filter(|place| place.name.naming != FileNaming::Own).collect();
    let of = |path: &BundlePath| {
        let module = configuration.modules().iter().find(|one| one.directory == path.parent());
        if let Some(module) = module.filter(|_| Syntax::of(path.file_name()).is_some()) {
            return match module.prefix.trim_end_matches('.') {
                "" => "root module".to_owned(),
                name => name.to_owned(),
            };
        }
        if path.file_name() == LOCK_FILE && path.parent() == bundle.root {
            return "lock file".to_owned();
        }
        if bundle.var_files.contains(path)
            || configuration
                .value_files()
                .any(|(name, _)| path.parent() == bundle.root && path.file_name() == name)
        {
            return "values of variables".to_owned();
        }
        if let Some(place) = places.iter().find(|place| place.path == path.as_str()) {
            return format!("named by {}", place.at());
        }
        if bundle.accompanying.contains(path) {
            return "tracked by git".to_owned();
        }
        let holds = |place: &&&NamedPlace<'_>| {
            place.path == "." || Path::new(path.as_str()).starts_with(&place.path)
        };
        match places.iter().find(holds) {
            Some(place) => format!("in `{}`, named by {}", place.path, place.at()),
            None => "may be read by a function".to_owned(),
        }
    };
    bundle.files.keys().map(|path| (path.clone(), of(path))).collect()
}

/// The files that objects of a configuration need when they are written, created or destroyed, and
/// that neither the bundle nor the stack's real directory has.
pub(in crate::flow) fn missing_files(
    configuration: &Configuration,
    root: &Path,
) -> Vec<MissingFile> {
    let bundle = configuration.bundle();
    let places = named_places(configuration);
    let made: BTreeSet<&str> = places
        .iter()
        .filter(|place| place.name.naming == FileNaming::Own)
        .map(|place| place.path.as_str())
        .collect();
    let is_kept = |path: &str| {
        let holds = |file: &BundlePath| path == "." || Path::new(file.as_str()).starts_with(path);
        bundle.files.keys().any(holds)
    };
    let depth = bundle.root.as_str().split('/').filter(|part| *part != ".").count();
    let top = root.ancestors().nth(depth).unwrap_or(root);
    let is_real = |path: &str| match path.strip_prefix(REMOTE_MODULES) {
        Some(rest) => root.join(format!(".terraform/modules{rest}")).exists(),
        None => top.join(path).exists(),
    };
    let missing = places.iter().filter(|place| {
        let NamedPlace { name, path, .. } = place;
        name.is_certain()
            && name.needed != Needed::Planned
            && !made.contains(path.as_str())
            && !is_kept(path)
            && !is_real(path)
    });
    let missing = missing.filter_map(|place| {
        let block = place.name.block.as_ref()?;
        Some(MissingFile {
            path: place.path.clone(),
            at: place.at(),
            block: format!("{}{block}", place.module.prefix),
            needed: place.name.needed,
        })
    });
    missing.collect()
}
