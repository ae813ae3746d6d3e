//! Files that functions read while planning.
//!
//! A path that the text tells is taken by itself; where only a directory is known, or nothing, the
//! directory is swept. A file outside by an absolute path is not copied: a private copy reads the
//! same one, so its digest is noted. Files that a template itself includes are not followed.

use std::fs;
use std::path::Path;

use super::collect::{Collected, normalised};
use super::modules::{ModuleLayout, SourceModule};
use super::sweep::{Sweep, is_never_taken};
use crate::codec::hcl::{Base, FileRead, ReadPlace, ReadTarget};
use crate::model::digest::Digest;

/// Takes what the modules' functions read. `tree` is the directory that holds all of them.
pub(super) fn follow(
    layout: &ModuleLayout,
    modules: &[SourceModule],
    tree: &Path,
    collected: &mut Collected,
) {
    let mut sweep = Sweep::new(tree);
    for module in modules {
        for read in &module.facts.reads {
            match &read.target {
                ReadTarget::File(place) => file(layout, module, read, place, tree, collected),
                ReadTarget::Within(place) if place.base == Base::Absolute => {
                    collected.note(outside(&read.function, &place.path));
                }
                ReadTarget::Within(place) => {
                    sweep.take(&resolved(layout, module, place), collected);
                }
                ReadTarget::Unknown => {
                    collected.note(format!(
                        "which file `{}` reads in {} is not known: its whole directory is taken",
                        read.function,
                        named(module)
                    ));
                    sweep.take(&module.directory, collected);
                }
            }
        }
        if !module.facts.unreadable.is_empty() {
            collected.note(format!(
                "which files functions read in {} is not known: its whole directory is taken",
                named(module)
            ));
            sweep.take(&module.directory, collected);
        }
    }
}

fn named(module: &SourceModule) -> String {
    if module.key.is_empty() {
        "the root module".to_owned()
    } else {
        format!("module `{}`", module.key)
    }
}

fn outside(function: &str, path: &str) -> String {
    format!("`{function}` reads the absolute path `{path}`, which is not copied")
}

fn resolved(layout: &ModuleLayout, module: &SourceModule, place: &ReadPlace) -> std::path::PathBuf {
    match place.base {
        Base::Module => normalised(&module.directory.join(&place.path)),
        Base::Root | Base::Absolute => normalised(&layout.root.join(&place.path)),
    }
}

fn file(
    layout: &ModuleLayout,
    module: &SourceModule,
    read: &FileRead,
    place: &ReadPlace,
    tree: &Path,
    collected: &mut Collected,
) {
    let FileRead { function, .. } = read;
    let path = resolved(layout, module, place);
    let shown = path.display();
    if !path.exists() {
        // Asking whether a file is there is no loss when it is not.
        if function != "fileexists" {
            collected.note(format!("`{function}` reads `{shown}`, which is not there"));
        }
        return;
    }
    if !path.is_file() {
        collected.note(format!("`{function}` reads `{shown}`, which is not a regular file"));
        return;
    }
    let Ok(content) = fs::read(&path) else {
        collected.note(format!("`{function}` reads `{shown}`, which cannot be read"));
        return;
    };
    let digest = Digest::of(&content).short();
    if place.base == Base::Absolute {
        let said = outside(function, &place.path);
        collected.note(format!("{said} (SHA-256 {digest})"));
    } else if is_link_out(&path, tree) {
        collected.note(format!(
            "`{shown}` links to a file outside, which is not copied (SHA-256 {digest})"
        ));
    } else if is_forbidden(&path, tree) {
        // A module that `init` installed lies in such a directory; the bundle gives it another.
        if layout.is_remote(&path) {
            collected.insert(path, content);
        } else {
            collected.note(format!(
                "`{function}` reads `{shown}`, which a bundle must not hold (SHA-256 {digest})"
            ));
        }
    } else {
        collected.insert(path, content);
    }
}

/// Whether a bundle must not hold the file. The place of the whole tree does not matter.
fn is_forbidden(path: &Path, tree: &Path) -> bool {
    let inside = path.strip_prefix(tree).unwrap_or(path);
    inside.iter().any(|part| part.to_str().is_none_or(is_never_taken))
}

/// Whether the file itself is a link that leads out of `tree`. A way that leads through linked
/// directories is the user's own layout.
fn is_link_out(path: &Path, tree: &Path) -> bool {
    path.is_symlink() && fs::canonicalize(path).map_or(true, |target| !target.starts_with(tree))
}
