//! Files that a configuration reaches besides those that Terraform loads: what functions read, what
//! arguments and commands name, and what git tracks.
//!
//! A path that the text tells is taken by itself, and a named directory is taken whole. If nothing is
//! known of a path, everything that git tracks below the root and its modules counts as read, and
//! without git the module's whole directory. A file outside by an absolute path is not copied: a
//! private copy reads the same one, so its digest is noted. Files that a template itself includes
//! are not followed; they are there if git tracks them.

use std::fs;
use std::path::Path;

use super::collect::{CaptureReason, Collected};
use super::modules::SourceModule;
use super::reading::{Reading, resolved};
use super::sweep::{Sweep, SweepReason};
use crate::codec::hcl::{Base, FileNaming, FileRead, NamedFile, Needed, ReadPlace, ReadTarget};
use crate::model::configuration::WhyLeftOut;
use crate::model::digest::Digest;
use crate::terraform::workdir::is_version_file;

/// Takes everything that is reached, single files before directories, and both before what git
/// tracks: what there is room for is what matters most.
pub(super) fn follow(reading: &Reading<'_>, collected: &mut Collected) {
    let mut follower = Follower { reading, collected, sweep: Sweep::default() };
    for (name, path) in reading.named.iter().filter(|(_, path)| !path.is_dir()) {
        follower.file(name, path);
    }
    for module in reading.modules {
        for read in &module.facts.reads {
            follower.read(module, read);
        }
    }
    for (name, path) in reading.named.iter().filter(|(_, path)| path.is_dir()) {
        follower.directory(name.naming, path);
    }
    for module in reading.modules.iter().filter(|module| !module.facts.unreadable.is_empty()) {
        follower.guess(module, "functions read");
    }
    for module in reading.local_modules() {
        follower.track(&module.directory, CaptureReason::Tracked);
    }
}

/// One way through everything that is reached.
struct Follower<'a> {
    reading: &'a Reading<'a>,
    collected: &'a mut Collected,
    sweep: Sweep,
}

impl Follower<'_> {
    fn read(&mut self, module: &SourceModule, read: &FileRead) {
        match &read.target {
            ReadTarget::File(place) => self.read_file(module, read, place),
            ReadTarget::Within(place) if place.base == Base::Absolute => {
                self.collected.note(outside(&read.function, &place.path));
            }
            ReadTarget::Within(place) => {
                let directory = resolved(self.reading.layout, module, place);
                // Of the module itself the whole is meant only by a set of files.
                let is_whole = module.directory.starts_with(&directory);
                if !is_whole || read.function == "fileset" {
                    self.sweep(&directory, SweepReason::Named);
                } else if self.reading.is_tracked(&directory) {
                    self.track(&directory, CaptureReason::Named);
                } else {
                    self.sweep(&directory, SweepReason::Guessed);
                }
            }
            ReadTarget::Unknown => self.guess(module, &format!("`{}` reads", read.function)),
        }
    }

    /// Takes what may be read where nothing tells which file it is.
    fn guess(&mut self, module: &SourceModule, reads: &str) {
        let reading = self.reading;
        // Git may track nothing of a stack that a wrapper generates.
        let taken = if reading.is_tracked(&module.directory) {
            for module in reading.local_modules() {
                self.track(&module.directory, CaptureReason::Named);
            }
            "all that git tracks is taken"
        } else {
            self.sweep(&module.directory, SweepReason::Guessed);
            "its whole directory is taken"
        };
        let module = named(module);
        self.collected.note(format!("which file {reads} in {module} is not known: {taken}"));
    }

    fn sweep(&mut self, directory: &Path, why: SweepReason) {
        self.sweep.take(directory, why, self.reading, self.collected);
    }

    /// Takes what git tracks below a directory.
    fn track(&mut self, directory: &Path, reason: CaptureReason) {
        let reading = self.reading;
        // The engine of today plans, whichever one planned then.
        let chooses_engine = |file: &Path| {
            file.file_name().and_then(|name| name.to_str()).is_some_and(is_version_file)
        };
        let is_meant = |file: &&std::path::PathBuf| {
            let is_kept = !reading.is_forbidden(file) && !reading.may_be_own(file);
            is_kept && !chooses_engine(file) && file.is_file()
        };
        for file in reading.below(directory).filter(is_meant) {
            if reading.is_link_out(file) {
                self.collected.leave_out(file, WhyLeftOut::NoFileHere);
            } else {
                self.collected.take(file, reason);
            }
        }
    }

    /// Takes a directory that is named.
    fn directory(&mut self, naming: FileNaming, path: &Path) {
        let reading = self.reading;
        let holds_stack = reading.layout.root.starts_with(path);
        let is_all = matches!(naming, FileNaming::Input | FileNaming::Read);
        if is_all && path == reading.layout.root {
            self.sweep(path, SweepReason::Named);
        } else if !is_all && holds_stack {
            // What git tracks of the stack itself is taken anyway.
        } else if reading.is_tracked(path)
            && (holds_stack || naming == FileNaming::WorkingDirectory)
        {
            self.track(path, CaptureReason::Named);
        } else {
            self.sweep(path, SweepReason::Named);
        }
    }

    /// Takes a file that is named, or says that it is not there.
    fn file(&mut self, name: &NamedFile, path: &Path) {
        let reading = self.reading;
        // Of what functions read a note says it, with more words.
        let is_said = name.naming == FileNaming::Read && name.needed == Needed::Planned;
        let why = if !path.is_file() {
            let is_missing = name.is_certain() && !reading.may_be_own(path);
            is_missing.then_some(WhyLeftOut::Missing)
        } else if reading.is_forbidden(path) && !reading.layout.is_remote(path) {
            Some(WhyLeftOut::Refused)
        } else if reading.is_link_out(path) {
            Some(WhyLeftOut::NoFileHere)
        } else {
            return self.collected.take(path, CaptureReason::Named);
        };
        if let Some(why) = why.filter(|_| !is_said) {
            self.collected.leave_out(path, why);
        }
    }

    /// Takes the file that a function reads.
    fn read_file(&mut self, module: &SourceModule, read: &FileRead, place: &ReadPlace) {
        let FileRead { function, .. } = read;
        let reading = self.reading;
        let path = resolved(reading.layout, module, place);
        let shown = path.display();
        if !path.exists() {
            // Asking whether a file is there is no loss when it is not.
            if function != "fileexists" {
                self.collected.note(format!("`{function}` reads `{shown}`, which is not there"));
            }
            return;
        }
        if !path.is_file() {
            let note = format!("`{function}` reads `{shown}`, which is not a regular file");
            return self.collected.note(note);
        }
        let why = if place.base == Base::Absolute {
            outside(function, &place.path)
        } else if reading.is_link_out(&path) {
            format!("`{shown}` links to a file outside, which is not copied")
        } else if reading.is_forbidden(&path) && !reading.layout.is_remote(&path) {
            format!("`{function}` reads `{shown}`, which a bundle must not hold")
        } else {
            // A module that `init` installed lies in such a directory; the bundle gives it another.
            return self.collected.take(&path, CaptureReason::Named);
        };
        let digest = fs::read(&path).map(|content| Digest::of(&content).short());
        let digest = digest.unwrap_or_else(|_| "unknown".to_owned());
        self.collected.note(format!("{why} (SHA-256 {digest})"));
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
