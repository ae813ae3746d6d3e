//! Finds what stands in the real directories of a configuration, and tells which of it stands in the
//! private copy too.
//!
//! Terraform's own files, ours and what Terraform would load as configuration are never among it, nor
//! is what functions of the configuration read: that is as it was captured, or it is not there. An
//! object's own file is always the real one. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::codec::hcl::{Base, Configuration, FileNaming, ReadTarget, Syntax, lock, rank};
use crate::model::configuration::{BundlePath, is_state_file};

/// Larger files are linked, unless a state names them.
const COPY_MAX: u64 = 64 * 1024 * 1024;

/// Files beyond so many bytes in all are linked too.
const COPIES_MAX: u64 = 256 * 1024 * 1024;

/// More files and directories are not looked at.
const ENTRIES_MAX: usize = 200_000;

/// Directories of Terraform, of git and of ours.
const NEVER: [&str; 5] =
    [".terraform", ".git", ".unapply", ".terragrunt-cache", "terraform.tfstate.d"];

/// The real directories that a private copy stands for. Paths are normalised and relative to the root
/// module's directory; `..` leads out of it.
#[derive(Debug, Clone, Default)]
pub struct RealPlaces {
    /// The root module's real directory, absolute and without links.
    pub root: PathBuf,
    /// Files that are objects of the present or of the good state by themselves.
    pub own: BTreeSet<PathBuf>,
    /// Files that the states name.
    pub named: BTreeSet<PathBuf>,
    /// Those of them that stand in an attribute which often says where something is put.
    pub put: BTreeSet<PathBuf>,
}

impl RealPlaces {
    /// The places of a stack in `root` whose states name no file.
    pub fn of(root: &Path) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        Self { root, ..Self::default() }
    }
}

/// A path without `.` parts, with `..` only in front; nothing for an absolute one.
pub fn normalised(text: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in text.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            Component::ParentDir | Component::Normal(_) => out.push(component),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

/// The place at `there` of what lies at `path` as seen from `here`.
pub(super) fn across(here: &Path, there: &Path, path: &Path) -> PathBuf {
    let shared = here.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().count() - shared;
    let mut place = there.to_owned();
    for _ in 0..up {
        place.pop();
    }
    place.extend(path.components().skip(shared));
    place
}

/// One thing that stands in the private copy because it stands in the real directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mirrored {
    /// Its place in the private copy.
    pub(super) path: PathBuf,
    /// Its real place.
    pub(super) real: PathBuf,
    pub(super) form: MirrorForm,
}

/// The form in which it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MirrorForm {
    /// A directory.
    Directory,
    /// A file with the same bytes.
    Copy,
    /// A link to the real file, which is large.
    Link,
    /// A link to another place of the private copy.
    Inner(PathBuf),
}

/// The facts of a private copy by which its real directories are looked at.
#[derive(Debug)]
pub(super) struct Mirror<'a> {
    pub(super) places: &'a RealPlaces,
    /// The root module's private directory.
    pub(super) root: &'a Path,
    /// The private directory that holds everything.
    pub(super) tree: &'a Path,
    /// Private directories from which Terraform loads files.
    pub(super) loaded: &'a BTreeSet<PathBuf>,
    /// Private places of captured files.
    pub(super) captured: &'a BTreeSet<PathBuf>,
    /// Private directories that have to be there for them.
    pub(super) above: BTreeSet<PathBuf>,
    /// Private places of files and directories that functions read.
    pub(super) read: BTreeSet<PathBuf>,
    own: BTreeSet<PathBuf>,
    named: BTreeSet<PathBuf>,
    /// Private places to which the configuration climbs out of its directories.
    climbs: BTreeSet<PathBuf>,
    found: Vec<Mirrored>,
    bytes: u64,
    seen: BTreeSet<PathBuf>,
    left_out: Vec<String>,
}

impl<'a> Mirror<'a> {
    pub(super) fn new(
        places: &'a RealPlaces,
        root: &'a Path,
        tree: &'a Path,
        loaded: &'a BTreeSet<PathBuf>,
        captured: &'a BTreeSet<PathBuf>,
    ) -> Self {
        let above = captured.iter().flat_map(|path| path.ancestors().skip(1));
        let private = |relative: &PathBuf| {
            normalised_in(root, relative).filter(|path| path.starts_with(tree))
        };
        Self {
            above: above.map(Path::to_owned).collect(),
            own: places.own.iter().filter_map(private).collect(),
            named: places.named.iter().filter_map(private).collect(),
            places,
            root,
            tree,
            loaded,
            captured,
            read: BTreeSet::new(),
            climbs: BTreeSet::new(),
            found: Vec::new(),
            bytes: 0,
            seen: BTreeSet::new(),
            left_out: Vec::new(),
        }
    }

    /// Takes what a configuration says of files. Places that its functions read, and directories that
    /// arguments take as a whole, are closed: only captured files are there. An object's own file that
    /// was captured only because git tracks it is the real one.
    pub(super) fn of_configuration(
        mut self,
        configuration: &Configuration,
        place_of: impl Fn(&BundlePath) -> PathBuf,
    ) -> Self {
        let bundle = configuration.bundle();
        let accompanying: BTreeSet<PathBuf> = bundle.accompanying.iter().map(&place_of).collect();
        let put = self.places.put.iter().filter_map(|path| normalised_in(self.root, path));
        self.own.extend(put.filter(|path| accompanying.contains(path)));
        for (path, content) in &bundle.files {
            if Syntax::of(path.file_name()).is_some() {
                self.climbs.extend(climbs(content, &place_of(&path.parent()), self.root));
            }
        }
        for module in configuration.modules() {
            let directory = place_of(&module.directory);
            for read in &module.facts.reads {
                let place = match &read.target {
                    // One more file would make a set another one. A single file that git does not
                    // track, and that nothing names, was not captured: the real one is all there is.
                    ReadTarget::Unknown => (read.function == "fileset").then(|| directory.clone()),
                    ReadTarget::Within(place)
                        if place.path == "." && read.function != "fileset" =>
                    {
                        None
                    }
                    ReadTarget::File(place) | ReadTarget::Within(place) => {
                        let base = match place.base {
                            Base::Module => Some(directory.as_path()),
                            Base::Root => Some(self.root),
                            Base::Absolute => None,
                        };
                        base.and_then(|base| normalised_in(base, Path::new(&place.path)))
                    }
                };
                self.read.extend(place);
            }
            let taken = module.facts.names.iter().filter(|name| name.naming == FileNaming::Input);
            for place in taken.filter_map(|name| name.place(&BTreeMap::new())) {
                let base = if place.base == Base::Module { &directory } else { self.root };
                let place = normalised_in(base, Path::new(&place.path));
                self.read.extend(place.filter(|place| self.above.contains(place)));
            }
            if !module.facts.unreadable.is_empty() {
                self.read.insert(directory);
            }
        }
        self
    }

    /// Whether the private copy has the real file even where it was captured.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        self.own.contains(path) && !self.is_loaded(path)
    }

    /// Goes through these private directories' real ones, and through what the states name elsewhere;
    /// says too what could not be mirrored.
    pub(super) fn found(mut self, directories: &BTreeSet<PathBuf>) -> (Vec<Mirrored>, Vec<String>) {
        for directory in directories {
            let is_within = directories.iter().any(|other| {
                other != directory
                    && directory.starts_with(other)
                    && !self.is_linked(other, directory)
            });
            if !is_within {
                let real = self.real(directory);
                self.walk(directory.clone(), real);
            }
        }
        let named = self.own.iter().chain(&self.named).chain(&self.climbs);
        let is_elsewhere = |path: &&PathBuf| {
            let is_inside = directories.iter().any(|directory| path.starts_with(directory));
            let is_above = directories.iter().any(|directory| directory.starts_with(path));
            !is_inside && !is_above && path.starts_with(self.tree)
        };
        let elsewhere: BTreeSet<PathBuf> = named.filter(is_elsewhere).cloned().collect();
        for path in elsewhere {
            self.lone(path);
        }
        (self.found, self.left_out)
    }

    fn real(&self, path: &Path) -> PathBuf {
        across(self.root, &self.places.root, path)
    }

    /// Whether a link lies on the way from one directory to another: a walk would not follow it.
    fn is_linked(&self, from: &Path, to: &Path) -> bool {
        let on_the_way = to.ancestors().take_while(|path| *path != from);
        on_the_way.map(|path| self.real(path)).any(|real| real.is_symlink())
    }

    /// A file or directory outside of those that are walked, with the directories above it.
    fn lone(&mut self, path: PathBuf) {
        let above: Vec<PathBuf> = path
            .ancestors()
            .skip(1)
            .take_while(|directory| *directory != self.tree && directory.starts_with(self.tree))
            .map(Path::to_owned)
            .collect();
        for directory in above.into_iter().rev() {
            let real = self.real(&directory);
            if let Ok(facts) = fs::metadata(&real)
                && facts.is_dir()
            {
                self.found.push(Mirrored { path: directory, real, form: MirrorForm::Directory });
            }
        }
        let real = self.real(&path);
        if real.is_dir() {
            self.walk(path, real);
        } else if real.is_file() {
            self.wanted_file(path, real);
        }
    }

    fn walk(&mut self, directory: PathBuf, real: PathBuf) {
        let mut waiting = vec![(directory, real)];
        while let Some((directory, real)) = waiting.pop() {
            let names = match self.entered(&directory, &real) {
                Ok(names) => names,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.left_out.push(format!("{}: {error}", real.display()));
                    continue;
                }
            };
            for name in names {
                if self.found.len() >= ENTRIES_MAX {
                    self.left_out.push(format!("{}: there are too many files", real.display()));
                    return;
                }
                let next = (directory.join(&name), real.join(&name));
                waiting.extend(self.entry(&name, next.0, next.1));
            }
        }
    }

    /// The names in a directory that are looked at.
    fn entered(&mut self, directory: &Path, real: &Path) -> io::Result<Vec<String>> {
        let facts = fs::metadata(real)?;
        if !facts.is_dir() || !self.seen.insert(fs::canonicalize(real)?) {
            return Ok(Vec::new());
        }
        let (path, form) = (directory.to_owned(), MirrorForm::Directory);
        self.found.push(Mirrored { path, real: real.to_owned(), form });
        let mut names = Vec::new();
        for entry in fs::read_dir(real)? {
            match entry?.file_name().into_string() {
                Ok(name) if NEVER.contains(&name.as_str()) || is_state_file(&name) => {}
                Ok(name) => names.push(name),
                Err(name) => self
                    .left_out
                    .push(format!("{}: the name is not UTF-8", real.join(name).display())),
            }
        }
        names.sort();
        Ok(names)
    }

    /// Takes one entry; a directory comes back, to be walked.
    fn entry(&mut self, name: &str, path: PathBuf, real: PathBuf) -> Option<(PathBuf, PathBuf)> {
        let Ok(facts) = fs::symlink_metadata(&real) else { return None };
        if facts.is_symlink() {
            return self.link(name, path, real);
        }
        if facts.is_dir() {
            return (!self.captured.contains(&path)).then_some((path, real));
        }
        if facts.is_file() {
            self.wanted_file(path, real);
        } else {
            let kind = facts.file_type();
            let kind = match () {
                () if kind.is_socket() => "a socket",
                () if kind.is_fifo() => "a named pipe",
                () => "a device",
            };
            self.left_out.push(format!("{}: it is {kind}", real.display()));
        }
        None
    }

    /// Takes a link: to a place that the copy has as such, to any other as what it leads to.
    fn link(&mut self, name: &str, path: PathBuf, real: PathBuf) -> Option<(PathBuf, PathBuf)> {
        let (Ok(target), Ok(facts)) = (fs::canonicalize(&real), fs::metadata(&real)) else {
            // A relative one leads nowhere in the copy too; through another a plan could write.
            if let Some(target) = fs::read_link(&real).ok().filter(|target| target.is_relative()) {
                self.inner(path, real, target);
                return None;
            }
            self.left_out.push(format!("{}: the link leads nowhere", real.display()));
            return None;
        };
        let is_inner = target.starts_with(&self.places.root);
        if facts.is_dir() {
            if self.above.contains(&path) || !is_inner {
                return Some((path, real));
            }
        } else if !is_inner || NEVER.contains(&name) {
            if facts.is_file() {
                self.wanted_file(path, real);
            } else {
                self.left_out.push(format!("{}: it leads to no file", real.display()));
            }
            return None;
        }
        let inner = across(&self.places.root, self.root, &target);
        self.inner(path, real, inner);
        None
    }

    fn inner(&mut self, path: PathBuf, real: PathBuf, target: PathBuf) {
        if self.is_wanted(&path) {
            self.found.push(Mirrored { path, real, form: MirrorForm::Inner(target) });
        }
    }

    fn wanted_file(&mut self, path: PathBuf, real: PathBuf) {
        if self.is_wanted(&path) {
            self.file(path, real);
        }
    }

    fn file(&mut self, path: PathBuf, real: PathBuf) {
        let size = fs::metadata(&real).map_or(0, |facts| facts.len());
        let is_named = self.own.contains(&path) || self.named.contains(&path);
        let has_room = size <= COPY_MAX && self.bytes.saturating_add(size) <= COPIES_MAX;
        let form = if is_named || has_room {
            self.bytes = self.bytes.saturating_add(size);
            MirrorForm::Copy
        } else {
            MirrorForm::Link
        };
        self.found.push(Mirrored { path, real, form });
    }

    /// Whether the private copy has the real file of this place.
    fn is_wanted(&self, path: &Path) -> bool {
        if self.is_loaded(path) || self.above.contains(path) {
            return false;
        }
        if self.own.contains(path) {
            return true;
        }
        let is_read = || path.ancestors().any(|place| self.read.contains(place));
        !self.captured.contains(path) && (self.named.contains(path) || !is_read())
    }

    /// Whether Terraform loads the file by itself.
    fn is_loaded(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_beside = path.parent().is_some_and(|parent| self.loaded.contains(parent));
        is_beside && (Syntax::of(name).is_some() || rank(name).is_some() || name == lock::FILE_NAME)
    }
}

/// The places to which texts of a file of configuration climb: they begin with `../`, which is from
/// the root module's directory, or with `${path.module}/../`.
fn climbs(content: &[u8], module: &Path, root: &Path) -> Vec<PathBuf> {
    static CLIMBING: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let text = r#""(\$\{path\.module\}/)?(?:\$\{path\.(?:root|cwd)\}/)?((?:\./)*\.\./[^"$%*?\[\]{}\\\n]*)""#;
        Regex::new(text).ok()
    });
    let (Some(climbing), Ok(text)) = (CLIMBING.as_ref(), std::str::from_utf8(content)) else {
        return Vec::new();
    };
    let place = |found: Captures<'_>| {
        let base = if found.get(1).is_some() { module } else { root };
        normalised_in(base, Path::new(found.get(2)?.as_str()))
    };
    climbing.captures_iter(text).filter_map(place).collect()
}

/// A relative path from a directory, when it does not lead above the file system.
fn normalised_in(directory: &Path, relative: &Path) -> Option<PathBuf> {
    let mut place = directory.to_owned();
    for component in normalised(relative)?.components() {
        match component {
            Component::ParentDir => {
                place.pop();
            }
            Component::Normal(part) => place.push(part),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_seen_from_one_directory_as_from_the_other() {
        let (here, there) = (Path::new("/t/tree/r/envs/prod"), Path::new("/srv/x/infra"));
        let real = |path: &str| across(here, there, Path::new(path)).display().to_string();
        assert_eq!(real("/t/tree/r/envs/prod/out/a"), "/srv/x/infra/out/a");
        assert_eq!(real("/t/tree/r/envs/prod"), "/srv/x/infra");
        assert_eq!(real("/t/tree/r/envs/dev/a"), "/srv/x/dev/a");
        assert_eq!(real("/t/tree/r/modules/m"), "/srv/modules/m");
    }

    #[test]
    fn texts_that_climb_are_found_with_what_they_start_from() {
        let text = br#"
            root = "${path.module}/../world"
            a    = "../a/b.txt"
            b    = ["${path.root}/../../c", "x/../y", "see ../docs", "../${var.x}", "/abs/../d"]
        "#;
        let found = climbs(text, Path::new("/t/r/modules/m"), Path::new("/t/r"));
        let expected = ["/t/r/modules/world", "/t/a/b.txt", "/c"];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn a_relative_path_loses_its_dots_and_an_absolute_one_is_none() {
        let of = |text: &str| normalised(Path::new(text)).map(|path| path.display().to_string());
        assert_eq!(of("./a//./b/../c").as_deref(), Some("a/c"));
        assert_eq!(of("../../x").as_deref(), Some("../../x"));
        assert_eq!(of("a/../../x").as_deref(), Some("../x"));
        assert_eq!(of("/etc/x"), None);
    }
}
