//! Facts about a configuration's files before any of them is taken: those that are named, those that
//! git tracks, and those that may be an object's own. Nothing is read from them here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::GitTracking;
use super::collect::normalised;
use super::modules::{ModuleLayout, SourceModule};
use crate::codec::hcl::{Base, FileNaming, NamedFile, ReadPlace};
use crate::model::configuration::is_state_file;
use crate::terraform::git::{self, TrackedFiles};

/// Directories that are never taken, wherever they lie: Terraform, unapply and git read them.
const NEVER: [&str; 4] = [".terraform", ".unapply", ".git", ".terragrunt-cache"];

/// Whether a file or directory of this name never enters a bundle by being read or swept.
pub(super) fn is_never_taken(name: &str) -> bool {
    NEVER.contains(&name) || is_state_file(name)
}

/// Facts about the files of a configuration.
pub(super) struct Reading<'a> {
    /// The places of the root and of installed modules.
    pub(super) layout: &'a ModuleLayout,
    /// The modules, with what their files say.
    pub(super) modules: &'a [SourceModule],
    /// The directory that holds every module.
    tree: PathBuf,
    /// The files that git tracks, where there is git.
    tracked: Option<TrackedFiles>,
    /// Files and directories that are named, with their names.
    pub(super) named: Vec<(&'a NamedFile, PathBuf)>,
    /// Places that may be objects' own files.
    own: BTreeSet<PathBuf>,
}

impl<'a> Reading<'a> {
    /// Works out what is named, and asks git. `values` are those of the root's variables.
    pub(super) fn new(
        layout: &'a ModuleLayout,
        modules: &'a [SourceModule],
        tree: PathBuf,
        values: &BTreeMap<String, String>,
        tracking: GitTracking<'_>,
    ) -> Self {
        let nothing = BTreeMap::new();
        let mut named = Vec::new();
        let mut own = BTreeSet::new();
        for module in modules {
            let values = if module.key.is_empty() { values } else { &nothing };
            for name in &module.facts.names {
                let place = name.place(values).filter(|place| place.base != Base::Absolute);
                let Some(place) = place else { continue };
                let path = resolved(layout, module, &place);
                if name.naming == FileNaming::Own {
                    own.insert(path);
                } else {
                    named.push((name, path));
                }
            }
        }
        let local = modules.iter().map(|module| module.directory.as_path());
        let local = local.filter(|directory| !layout.is_remote(directory));
        let directories: Vec<&Path> = std::iter::once(layout.root.as_path())
            .chain(local)
            .chain(named.iter().map(|(_, path)| path.as_path()).filter(|path| path.is_dir()))
            .collect();
        let tracked = match tracking {
            GitTracking::Asked(environment) => git::tracked(environment, &directories),
            GitTracking::Everything(top) => Some(git::laid_out(top)),
            GitTracking::Unknown => None,
        };
        Self { layout, modules, tree, tracked, named, own }
    }

    /// The root and the modules that are no installed ones.
    pub(super) fn local_modules(&self) -> impl Iterator<Item = &'a SourceModule> {
        self.modules.iter().filter(|module| !self.layout.is_remote(&module.directory))
    }

    /// Whether git tracks the file, or anything in the directory.
    pub(super) fn is_tracked(&self, path: &Path) -> bool {
        self.below(path).next().is_some()
    }

    /// The files that git tracks at or below a path.
    pub(super) fn below<'p>(&'p self, path: &'p Path) -> impl Iterator<Item = &'p PathBuf> {
        let files = self.tracked.as_ref().map(|tracked| &tracked.files);
        let from = files.into_iter().flat_map(|files| files.range(path.to_path_buf()..));
        from.take_while(move |file| file.starts_with(path))
    }

    /// Whether an object may have its own file here: a copy would stand before it.
    pub(super) fn may_be_own(&self, path: &Path) -> bool {
        self.own.contains(path)
    }

    /// Whether the file itself is a link that leads out of the work tree. A way that leads through
    /// linked directories is the user's own layout.
    pub(super) fn is_link_out(&self, path: &Path) -> bool {
        let top = self.tracked.as_ref().map_or(&self.tree, |tracked| &tracked.top);
        let is_inside = |target: PathBuf| target.starts_with(top) || target.starts_with(&self.tree);
        path.is_symlink() && !fs::canonicalize(path).is_ok_and(is_inside)
    }

    /// Whether a bundle must not hold the file. The place of the whole tree does not matter.
    pub(super) fn is_forbidden(&self, path: &Path) -> bool {
        let inside = path.strip_prefix(&self.tree).unwrap_or(path);
        inside.iter().any(|part| part.to_str().is_none_or(is_never_taken))
    }
}

/// The path of a place that a module names.
pub(super) fn resolved(layout: &ModuleLayout, module: &SourceModule, place: &ReadPlace) -> PathBuf {
    match place.base {
        Base::Module => normalised(&module.directory.join(&place.path)),
        Base::Root | Base::Absolute => normalised(&layout.root.join(&place.path)),
    }
}
