//! The journal of a command that may change the world: what it prints, on disk as it comes.
//!
//! A directory of mode 0700 with a file of mode 0600 for each stream. The command writes into them
//! itself, so that it needs no reader. Both are locked by the processes that have them open: the
//! command, what it started, and the unapply that watches it. So every process that can open the
//! files can tell whether anything of it still lives, also after all of us are gone. Nothing here
//! interprets what was printed.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::liveness::start_ticks;
use crate::codec::events::Stream;
use crate::model::digest::Digest;

/// Standard output.
const OUTPUT: &str = "stdout";
/// Standard error.
const COMPLAINTS: &str = "stderr";
/// Which process it is, and when that was started.
const CHILD: &str = "child";

/// A longer line is passed over: no event of Terraform's that tells of an object is so long.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Stands between the two streams where both are kept as one.
const BETWEEN: &[u8] = b"\n--- standard error ---\n";

/// A journal that is being written.
#[derive(Debug)]
pub struct RunJournal {
    directory: PathBuf,
    output: File,
    complaints: File,
}

/// A journal as it is found: whether a process has it open, and the command's number with the time
/// of its start, as far as they were noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Journaled {
    /// A process has it open.
    Held(Option<(u32, u64)>),
    /// No process has.
    Free(Option<(u32, u64)>),
    /// It is not here: it was on another machine, or was removed.
    Absent(Option<(u32, u64)>),
}

impl RunJournal {
    /// Makes one in the first of these directories that can be written to.
    pub fn create(bases: &[PathBuf]) -> io::Result<Self> {
        let mut problem = io::Error::from(io::ErrorKind::NotFound);
        for base in bases {
            match Self::create_in(base) {
                Ok(journal) => return Ok(journal),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    fn create_in(base: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(base)?;
        let private = fs::Permissions::from_mode(0o700);
        let directory =
            tempfile::Builder::new().prefix("run-").permissions(private).tempdir_in(base)?;
        let made = |name: &str| {
            let path = directory.path().join(name);
            let file =
                File::options().read(true).append(true).create_new(true).mode(0o600).open(path)?;
            file.try_lock().map_err(io::Error::from)?;
            Ok::<_, io::Error>(file)
        };
        let (output, complaints) = (made(OUTPUT)?, made(COMPLAINTS)?);
        File::open(base)?.sync_all()?;
        Ok(Self { directory: directory.keep(), output, complaints })
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file of a stream.
    pub fn file(&self, stream: Stream) -> &File {
        match stream {
            Stream::Output => &self.output,
            Stream::Complaints => &self.complaints,
        }
    }

    /// Notes which process it is.
    pub fn note_child(&self, process: u32) -> io::Result<()> {
        let started = start_ticks(process).unwrap_or_default();
        let path = self.directory.join(CHILD);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{process} {started}\n").as_bytes())?;
        file.sync_all()
    }

    /// Removes it.
    pub fn remove(self) -> io::Result<()> {
        remove(&self.directory)
    }
}

/// Removes the journal in a directory, and nothing else that may lie there.
pub fn remove(directory: &Path) -> io::Result<()> {
    for name in [CHILD, PLAN, OUTPUT, COMPLAINTS] {
        match fs::remove_file(directory.join(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    fs::remove_dir(directory)
}

/// A saved plan that is laid out there for a moment.
const PLAN: &str = "plan.tfplan";

/// Lays a saved plan out in the directory, for the engine to show it.
pub fn lay_out_plan(directory: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let path = directory.join(PLAN);
    let mut file =
        File::options().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(bytes)?;
    Ok(path)
}

/// Reads the saved plan that was laid out in the directory; another one is none.
pub fn plan(directory: &Path, digest: Digest) -> io::Result<Vec<u8>> {
    let bytes = fs::read(directory.join(PLAN))?;
    if Digest::of(&bytes) == digest { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Looks at the journal in a directory. One that may not be looked into is as if it were not there.
pub(super) fn look(directory: &Path) -> Journaled {
    let streams = [OUTPUT, COMPLAINTS].map(|name| File::open(directory.join(name)));
    let noted = noted_child(directory);
    let is_locked = |file: &io::Result<File>| match file {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    };
    if streams.iter().any(is_locked) {
        Journaled::Held(noted)
    } else if streams.iter().any(Result::is_ok) {
        Journaled::Free(noted)
    } else {
        Journaled::Absent(noted)
    }
}

fn noted_child(directory: &Path) -> Option<(u32, u64)> {
    let text = fs::read_to_string(directory.join(CHILD)).ok()?;
    let (process, started) = text.trim().split_once(' ')?;
    Some((process.parse().ok()?, started.parse().ok()?))
}

/// Tells every line of the journal in `directory`, standard output first.
pub fn lines(directory: &Path, tell: &mut dyn FnMut(Stream, &str)) -> io::Result<()> {
    for (name, stream) in [(OUTPUT, Stream::Output), (COMPLAINTS, Stream::Complaints)] {
        let file = File::open(directory.join(name))?;
        lines_of(file, &mut |line| tell(stream, line))?;
    }
    Ok(())
}

/// Lines of any length in bounded memory.
fn lines_of(mut file: impl io::Read, tell: &mut dyn FnMut(&str)) -> io::Result<()> {
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut partial: Vec<u8> = Vec::new();
    let mut is_too_long = false;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for piece in buffer.get(..count).unwrap_or_default().split_inclusive(|byte| *byte == b'\n')
        {
            is_too_long |= partial.len() + piece.len() > LINE_BYTES_MAX;
            if is_too_long {
                partial.clear();
            } else {
                partial.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                tell_line(&partial, tell);
                partial.clear();
                is_too_long = false;
            }
        }
    }
    tell_line(&partial, tell);
    Ok(())
}

fn tell_line(bytes: &[u8], tell: &mut dyn FnMut(&str)) {
    if !bytes.is_empty() {
        tell(String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']));
    }
}

/// The whole of it as one text and its size: standard output, and what was said on standard error
/// after it.
pub fn whole(directory: &Path) -> io::Result<(impl io::Read, u64)> {
    let open = |name: &str| File::open(directory.join(name));
    let (output, complaints) = (open(OUTPUT)?, open(COMPLAINTS)?);
    let size = |file: &File| file.metadata().map(|facts| facts.len());
    let (first, second) = (size(&output)?, size(&complaints)?);
    let between = if second > 0 { BETWEEN } else { b"" };
    let total = first + second + u64::try_from(between.len()).unwrap_or_default();
    Ok((output.take(first).chain(between).chain(complaints.take(second)), total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_private_and_known_to_be_alive_while_anybody_has_it_open() {
        let base = tempfile::tempdir().unwrap();
        let refused = base.path().join("file");
        File::create(&refused).unwrap();
        let journal = RunJournal::create(&[refused, base.path().join("a/b")]).unwrap();
        let directory = journal.directory().to_owned();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join(OUTPUT))), (0o700, 0o600));
        assert_eq!(look(&directory), Journaled::Held(None));
        journal.file(Stream::Output).write_all(b"one\ntwo").unwrap();
        journal.file(Stream::Complaints).write_all(b"err\n").unwrap();
        let of_a_child = journal.file(Stream::Output).try_clone().unwrap();
        drop(journal);
        assert_eq!(look(&directory), Journaled::Held(None));
        drop(of_a_child);
        assert_eq!(look(&directory), Journaled::Free(None));
        let (mut reader, size) = whole(&directory).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n--- standard error ---\nerr\n");
        assert_eq!(u64::try_from(text.len()).unwrap(), size);
        let mut told = Vec::new();
        lines(&directory, &mut |stream, line| told.push((stream, line.to_owned()))).unwrap();
        let expected =
            [(Stream::Output, "one"), (Stream::Output, "two"), (Stream::Complaints, "err")];
        assert_eq!(told, expected.map(|(stream, line)| (stream, line.to_owned())));
        remove(&directory).unwrap();
        assert_eq!(look(&directory), Journaled::Absent(None));
    }

    #[test]
    fn a_line_without_end_is_passed_over_in_bounded_memory() {
        let long = io::repeat(b'x').take(20 << 20);
        let text = long.chain(&b"\nafter\n\xff\n"[..]);
        let mut told = Vec::new();
        lines_of(text, &mut |line| told.push(line.to_owned())).unwrap();
        assert_eq!(told, ["after", "\u{fffd}"]);
    }
}
