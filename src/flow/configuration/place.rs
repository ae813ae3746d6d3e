//! Giving each collected file its place in the bundle.
//!
//! The bundle's top is the common ancestor of everything that is reached by relative paths, so that
//! these stay true wherever the bundle is unpacked. Installed modules and files of values from
//! elsewhere get places of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::collect::{CaptureReason, Collected};
use super::modules::{ModuleLayout, SourceModule};
use crate::codec::bundle::{OWN_DIRECTORY, Spellings, check_path};
use crate::flow::error::configuration::Unplaced;
use crate::model::configuration::{
    Bundle, BundlePath, LeftOut, Module, OUTSIDE_VAR_FILES, REMOTE_MODULES, WhyLeftOut,
};

/// The most files that are named as left out; the rest is counted.
const LEFT_OUT_MAX: usize = 200;

/// The directory that holds `first` and all of `others`.
pub(super) fn common_ancestor<'a>(
    first: &Path,
    others: impl IntoIterator<Item = &'a Path>,
) -> PathBuf {
    others.into_iter().fold(first.to_owned(), |top, other| {
        let shared = top.components().zip(other.components());
        shared.take_while(|(a, b)| a == b).map(|(component, _)| component).collect()
    })
}

/// A bundle with what could not go into it.
pub(super) struct PlacedBundle {
    /// The bundle, without values of variables.
    pub(super) bundle: Bundle,
    /// Sentences that name what could not be captured exactly.
    pub(super) notes: Vec<String>,
    /// Files that were not captured, by path.
    pub(super) left_out: Vec<LeftOut>,
}

/// The bundle; or what has no place although it must.
pub(super) fn bundle(
    layout: &ModuleLayout,
    modules: &[SourceModule],
    var_files: &[PathBuf],
    mut collected: Collected,
) -> Result<PlacedBundle, (PathBuf, Unplaced)> {
    let places = BundlePlaces::of(layout, modules, var_files, &collected);
    let root = places.of_directory(&layout.root);
    let mut bundle = Bundle {
        root: root.map_err(needed(&layout.root))?,
        files: BTreeMap::new(),
        modes: BTreeMap::new(),
        accompanying: BTreeSet::new(),
        modules: Vec::new(),
        var_files: Vec::new(),
        variables: BTreeMap::new(),
    };
    let mut files: Vec<_> = collected.take_files().into_iter().collect();
    // What Terraform loads has the first claim on a name.
    files.sort_by_key(|(_, file)| file.reason);
    let mut spellings = Spellings::default();
    for (path, file) in files {
        let place = match places.of_file(&path) {
            Ok(place) => place,
            Err(reason) if file.reason == CaptureReason::Loaded => return Err((path, reason)),
            Err(_) => {
                collected.leave_out(&path, WhyLeftOut::Refused);
                continue;
            }
        };
        // Of two that Terraform loads the check of the whole bundle says more.
        if spellings.add(&place).is_err() && file.reason != CaptureReason::Loaded {
            collected.leave_out(&path, WhyLeftOut::Refused);
            continue;
        }
        if file.reason == CaptureReason::Tracked {
            bundle.accompanying.insert(place.clone());
        }
        bundle.modes.insert(place.clone(), file.mode);
        bundle.files.insert(place, file.content);
    }
    for module in modules.iter().filter(|module| !module.key.is_empty()) {
        let directory = places.of_directory(&module.directory);
        bundle.modules.push(Module {
            key: module.key.clone(),
            source: module.source.clone(),
            version: module.version.clone(),
            directory: directory.map_err(needed(&module.directory))?,
        });
    }
    for path in var_files {
        let place = places.of_file(path).map_err(needed(path))?;
        bundle.var_files.push(place);
    }
    let (mut notes, omissions) = collected.into_rest();
    let left_out = omissions.iter().take(LEFT_OUT_MAX).map(|(path, omission)| LeftOut {
        path: places.shown(path),
        why: omission.why,
        bytes: omission.bytes,
    });
    let left_out = left_out.collect();
    if let more @ 1.. = omissions.len().saturating_sub(LEFT_OUT_MAX) {
        notes.push(format!("{more} more files are left out"));
    }
    Ok(PlacedBundle { bundle, notes, left_out })
}

/// Names the path that must have a place and has none.
fn needed(path: &Path) -> impl FnOnce(Unplaced) -> (PathBuf, Unplaced) {
    let path = path.to_owned();
    move |source| (path, source)
}

struct BundlePlaces<'a> {
    layout: &'a ModuleLayout,
    top: PathBuf,
    outside: BTreeMap<&'a Path, usize>,
}

impl<'a> BundlePlaces<'a> {
    fn of(
        layout: &'a ModuleLayout,
        modules: &'a [SourceModule],
        var_files: &'a [PathBuf],
        collected: &Collected,
    ) -> Self {
        let directories = modules.iter().map(|module| module.directory.as_path());
        let is_var_file = |path: &Path| var_files.iter().any(|var_file| var_file == path);
        let local: Vec<&Path> = directories
            .chain(collected.paths().filter(|path| !is_var_file(path)))
            .filter(|path| !layout.is_remote(path))
            .collect();
        let mut top = common_ancestor(&layout.root, local.iter().copied());
        let reserved = [OWN_DIRECTORY, REMOTE_MODULES, OUTSIDE_VAR_FILES];
        let is_reserved = |top: &Path, path: &Path| {
            let first = path.strip_prefix(top).ok().and_then(|path| path.iter().next());
            let first = first.and_then(|name| name.to_str());
            first.is_some_and(|name| reserved.iter().any(|own| name.eq_ignore_ascii_case(own)))
        };
        let var_files = var_files.iter().map(PathBuf::as_path);
        // One level up, everything lies below the old top's own name.
        while local.iter().copied().chain(var_files.clone()).any(|path| is_reserved(&top, path))
            && top.pop()
        {}
        let outside = var_files.filter(|path| !path.starts_with(&top));
        Self {
            layout,
            outside: outside.enumerate().map(|(position, path)| (path, position)).collect(),
            top,
        }
    }

    fn of_directory(&self, path: &Path) -> Result<BundlePath, Unplaced> {
        if path == self.top {
            return Ok(BundlePath::top());
        }
        self.of_file(path)
    }

    /// A path as it is named beside those that have a place.
    fn shown(&self, path: &Path) -> String {
        let inside = |place: BundlePath| place.as_str().to_owned();
        let below = || path.strip_prefix(&self.top).unwrap_or(path).display().to_string();
        self.of_file(path).map_or_else(|_| below(), inside)
    }

    fn of_file(&self, path: &Path) -> Result<BundlePath, Unplaced> {
        let inside = |base: &Path| {
            let inside = path.strip_prefix(base).ok();
            inside.and_then(Path::to_str).map(str::to_owned)
        };
        let text = if let Some(position) = self.outside.get(path) {
            let name = path.file_name().and_then(|name| name.to_str());
            name.map(|name| format!("{OUTSIDE_VAR_FILES}/{position}/{name}"))
        } else if self.layout.is_remote(path) {
            inside(&self.layout.installed).map(|inside| format!("{REMOTE_MODULES}/{inside}"))
        } else {
            inside(&self.top)
        };
        let place: BundlePath = text.ok_or(Unplaced::Nowhere)?.parse()?;
        check_path(&place)?;
        Ok(place)
    }
}
