//! Lays out a private directory: the captured files, and beside them what stands in the real
//! directories.
//!
//! Real files are copied, since a plan can write (`archive_file` does), and only large ones are
//! linked. Laying out again touches what differs, and removes what nobody put there. Which real files
//! are mirrored is decided in `mirror`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::thread;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::carry::{LaidOut, Stamp};
use super::mirror::{Mirror, MirrorForm, Mirrored, RealPlaces};
use super::versions::version_files;
use super::{
    CopyLayout, Error, PrivateDirectory, TREE, make_directory, module_manifest, remove, replace,
    variables,
};
use crate::codec::hcl::{Configuration, Syntax, rank, without_state_blocks};
use crate::model::configuration::{Bundle, BundlePath, FileMode};
use crate::model::digest::Digest;

/// One thing that was laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CopyContent {
    /// These bytes, with these permissions.
    Bytes(Digest, u32),
    /// A mirrored thing, with how the real one stood.
    Mirrored(Mirrored, Option<Stamp>),
}

impl CopyContent {
    /// The real file behind a link, when it is no longer what it was.
    pub(super) fn changed_link(&self) -> Option<&Path> {
        match self {
            Self::Mirrored(Mirrored { real, form: MirrorForm::Link, .. }, before) => {
                (followed(real) != *before).then_some(real.as_path())
            }
            Self::Mirrored(..) | Self::Bytes(..) => None,
        }
    }
}

/// The stamp of the real thing, links followed.
fn followed(real: &Path) -> Option<Stamp> {
    fs::metadata(real).ok().map(|facts| Stamp::of(&facts))
}

impl PrivateDirectory {
    /// Writes the bundle, and mirrors the real directories. Called again, with either layout, it
    /// changes only what differs; Terraform's own files and overrides stay.
    pub fn lay_out(
        &mut self,
        configuration: &Configuration,
        layout: CopyLayout,
        places: &RealPlaces,
    ) -> Result<(), Error> {
        let bundle = configuration.bundle();
        self.settle(bundle, &places.root);
        if layout == CopyLayout::Pristine {
            for path in self.overrides.drain(..) {
                remove(&path)?;
            }
        }
        let variables = variables::written(configuration)?;
        let mut files: BTreeMap<PathBuf, Cow<'_, [u8]>> = BTreeMap::new();
        for (path, content) in &bundle.files {
            files.insert(self.place_of(path), laid_out(bundle, path, content, layout)?);
        }
        if !bundle.modules.is_empty() {
            let manifest = self.data_dir().join("modules/modules.json");
            files.insert(manifest, Cow::Owned(module_manifest(bundle)));
        }
        let mut var_files: Vec<PathBuf> =
            bundle.var_files.iter().map(|path| self.place_of(path)).collect();
        for (name, content) in variables.files {
            let path = self.directory.path().join(name);
            var_files.push(path.clone());
            files.insert(path, Cow::Owned(content.reveal_for_terraform().clone()));
        }
        for (path, content) in version_files(&places.root) {
            let mut place = self.directory.path().join(TREE);
            place.extend(path.components().filter(|part| matches!(part, Component::Normal(_))));
            files.entry(place).or_insert(Cow::Owned(content));
        }
        let mirrored = self.mirrored(configuration, places, &mut files);
        let modes = bundle.modes.iter().map(|(path, mode)| (self.place_of(path), *mode)).collect();
        self.write_all(&files, &modes, mirrored)?;
        self.var_files = var_files;
        self.environment = variables.environment;
        self.has_ephemeral = variables.has_ephemeral;
        Ok(())
    }

    /// Gives the bundle its place: as deep as the real directory lies.
    fn settle(&mut self, bundle: &Bundle, real_root: &Path) {
        self.root = bundle.root.clone();
        real_root.clone_into(&mut self.real_root);
        let depth = bundle.root.as_str().split('/').filter(|part| *part != ".").count();
        let real_top = real_root.ancestors().nth(depth).unwrap_or(Path::new("/"));
        let below = real_top.components().filter(|part| matches!(part, Component::Normal(_)));
        self.top = self.directory.path().join(TREE);
        self.top.extend(below);
    }

    /// Finds what the real directories add to the captured files. An object's own file is taken out of
    /// these: only the real one counts.
    fn mirrored(
        &mut self,
        configuration: &Configuration,
        places: &RealPlaces,
        files: &mut BTreeMap<PathBuf, Cow<'_, [u8]>>,
    ) -> Vec<Mirrored> {
        let bundle = configuration.bundle();
        let root = self.root();
        let tree = self.directory.path().join(TREE);
        let local = bundle.modules.iter().map(|module| self.place_of(&module.directory));
        let local = local.filter(|directory| !directory.starts_with(self.data_dir()));
        let directories: BTreeSet<PathBuf> = local.chain([root.clone()]).collect();
        let captured: BTreeSet<PathBuf> = files.keys().cloned().collect();
        let mirror = Mirror::new(places, &root, &tree, &directories, &captured)
            .of_configuration(configuration, |path| self.place_of(path));
        files.retain(|path, _| !mirror.is_own(path));
        let (mirrored, left_out) = mirror.found(&directories);
        self.left_out = left_out;
        mirrored
    }

    fn write_all(
        &mut self,
        files: &BTreeMap<PathBuf, Cow<'_, [u8]>>,
        modes: &BTreeMap<PathBuf, FileMode>,
        mirrored: Vec<Mirrored>,
    ) -> Result<(), Error> {
        let (tree, root) = (self.directory.path().join(TREE), self.root());
        make_directory(&root)?;
        let mut wanted: BTreeMap<PathBuf, CopyContent> = BTreeMap::new();
        for (path, content) in files {
            // What could not be read by its owner was read when it was captured.
            let captured = modes.get(path).map(|mode| mode.bits() | 0o400);
            let mode = captured.unwrap_or_else(|| self.mode(path));
            wanted.insert(path.clone(), CopyContent::Bytes(Digest::of(content), mode));
        }
        for one in mirrored {
            let before = followed(&one.real);
            wanted.insert(one.path.clone(), CopyContent::Mirrored(one, before));
        }
        self.clear(&wanted)?;
        let stood = &self.laid_out.stamps;
        let is_there = |path: &PathBuf, one: &CopyContent| {
            let now = Stamp::at(path);
            let is_whole = match stood.get(path) {
                Some(before) => now.is_some_and(|now| now.is_as(*before)),
                None => now.is_some(),
            };
            is_whole && self.written.get(path) == Some(one)
        };
        let missing: Vec<(&PathBuf, &CopyContent)> =
            wanted.iter().filter(|(path, one)| !is_there(path, one)).collect();
        let mut copies = Vec::new();
        for (path, one) in missing {
            match one {
                CopyContent::Bytes(_, mode) => {
                    let content = files.get(path).map(AsRef::as_ref).unwrap_or_default();
                    replace(path, content)?;
                    set_mode(path, *mode)?;
                }
                CopyContent::Mirrored(one, _) if one.form == MirrorForm::Copy => copies.push(one),
                CopyContent::Mirrored(one, _) => mirror(one)?,
            }
        }
        self.left_out.extend(copy_all(&copies)?);
        let is_loaded = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            Syntax::of(name).is_some() || rank(name).is_some()
        };
        let configuration = files.iter().filter(|(path, _)| is_loaded(path));
        let configuration = configuration
            .map(|(path, content)| (path.clone(), Digest::of(content).to_string()))
            .collect();
        let mut laid_out = LaidOut { tree, root, stamps: BTreeMap::new(), configuration };
        laid_out.stamps = laid_out.present();
        self.laid_out = laid_out;
        self.written = wanted;
        Ok(())
    }

    /// The permissions of a file of which no permissions were captured: those of the real one.
    fn mode(&self, path: &Path) -> u32 {
        if !path.starts_with(self.directory.path().join(TREE)) {
            return 0o600;
        }
        let real = super::mirror::across(&self.root(), &self.real_root, path);
        let facts = fs::metadata(real).ok().filter(fs::Metadata::is_file);
        facts.map_or(FileMode::default().bits(), |facts| facts.permissions().mode() & 0o7777)
    }

    /// Removes what is not wanted, from the inside out: what was laid out before, and what others put
    /// there.
    fn clear(&self, wanted: &BTreeMap<PathBuf, CopyContent>) -> Result<(), Error> {
        let is_above = |path: &PathBuf| {
            let mut after = wanted.range(path.clone()..).map(|(next, _)| next);
            after.find(|next| *next != path).is_some_and(|next| next.starts_with(path))
        };
        for path in self.written.keys().filter(|path| !wanted.contains_key(*path)) {
            if !path.is_dir() || path.is_symlink() {
                remove(path)?;
            }
        }
        for (path, now) in self.laid_out.present().into_iter().rev() {
            let is_directory = now.is_directory();
            let is_wanted = match wanted.get(&path) {
                Some(CopyContent::Mirrored(one, _)) => {
                    (one.form == MirrorForm::Directory) == is_directory
                }
                Some(CopyContent::Bytes(..)) => !is_directory,
                None => is_directory && is_above(&path),
            };
            if is_wanted || self.root().starts_with(&path) {
                continue;
            }
            let gone = if is_directory { fs::remove_dir(&path) } else { fs::remove_file(&path) };
            match gone {
                // It holds what stays: an override of ours.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                other => other.map_err(|source| Error::Write { path, source })?,
            }
        }
        Ok(())
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777))
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Makes a directory or a link.
fn mirror(one: &Mirrored) -> Result<(), Error> {
    let target = match &one.form {
        MirrorForm::Directory => return make_directory(&one.path),
        MirrorForm::Copy | MirrorForm::Link => &one.real,
        MirrorForm::Inner(target) => target,
    };
    remove(&one.path)?;
    symlink(target, &one.path).map_err(|source| Error::Write { path: one.path.clone(), source })
}

/// Copies files, as many at once as there are processors; says which of them cannot be read.
fn copy_all(copies: &[&Mirrored]) -> Result<Vec<String>, Error> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = copies.len().div_ceil(workers).max(64);
    thread::scope(|scope| {
        let all = |share: &[&Mirrored]| share.iter().map(|one| copied(one)).collect::<Vec<_>>();
        let shares: Vec<_> =
            copies.chunks(share).map(|share| scope.spawn(move || all(share))).collect();
        let ended = shares.into_iter().flat_map(|share| share.join().unwrap_or_default());
        ended.filter_map(Result::transpose).collect()
    })
}

/// Copies one file with its permissions and its time. One that is gone by now is not there.
fn copied(one: &Mirrored) -> Result<Option<String>, Error> {
    remove(&one.path)?;
    let facts = match fs::File::open(&one.real).and_then(|real| real.metadata()) {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Ok(Some(format!("{}: {error}", one.real.display()))),
    };
    let copy = || {
        fs::copy(&one.real, &one.path)?;
        let time = Timespec { tv_sec: facts.mtime(), tv_nsec: facts.mtime_nsec() };
        let times = Timestamps { last_access: time, last_modification: time };
        Ok(utimensat(CWD, &one.path, &times, AtFlags::empty())?)
    };
    let failed = |source| Error::Write { path: one.path.clone(), source };
    copy().map(|()| None).map_err(failed)
}

fn laid_out<'a>(
    bundle: &Bundle,
    path: &BundlePath,
    content: &'a [u8],
    layout: CopyLayout,
) -> Result<Cow<'a, [u8]>, Error> {
    let directory = path.parent();
    let is_loaded = directory == bundle.root
        || bundle.modules.iter().any(|module| module.directory == directory);
    match (layout, Syntax::of(path.file_name())) {
        (CopyLayout::WithoutStateBlocks, Some(_)) if is_loaded => {
            let cut = without_state_blocks(path.file_name(), content);
            let cut = cut.map_err(|source| Error::StateBlocks { path: path.clone(), source })?;
            Ok(cut.map_or(Cow::Borrowed(content), Cow::Owned))
        }
        (CopyLayout::WithoutStateBlocks | CopyLayout::Pristine, _) => Ok(Cow::Borrowed(content)),
    }
}
