//! Whether a process holds Terraform's lock on a local state, as far as looking tells.
//!
//! Terraform holds a POSIX lock on the state's file and names itself in a file beside it. The lock
//! is looked for in the system's own list; it is never tried, for that would be taking it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::codec::lock_info::{self, LockInfo};

/// How a local lock stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalLock {
    /// No process has it.
    Free,
    /// A process has it.
    Held(LockInfo),
    /// A file names a holder, and no process that can be seen from here has it: left over from one
    /// that is gone, or held from where the list does not reach.
    Announced(LockInfo),
}

/// Looks at the lock of a state's file.
pub fn local_lock(state: &Path) -> LocalLock {
    let name = state.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let Ok(bytes) = fs::read(state.with_file_name(format!(".{name}.lock.info"))) else {
        return LocalLock::Free;
    };
    let info = lock_info::parse(&bytes);
    let inode = fs::metadata(state).map(|facts| facts.ino());
    let list = fs::read_to_string("/proc/locks");
    match (inode, list) {
        (Ok(inode), Ok(list)) if is_listed(&list, inode) => LocalLock::Held(info),
        _ => LocalLock::Announced(info),
    }
}

/// Whether the system's list has a POSIX lock on a file: `1: POSIX  ADVISORY  WRITE 42 fe:00:123 0 EOF`.
fn is_listed(list: &str, inode: u64) -> bool {
    let of_file = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_posix = words.get(1).is_some_and(|kind| matches!(*kind, "POSIX" | "OFDLCK"));
        let file = words
            .iter()
            .find_map(|word| word.rsplit_once(':').filter(|(device, _)| device.contains(':')));
        is_posix && file.is_some_and(|(_, number)| number.parse() == Ok(inode))
    };
    list.lines().any(of_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_found_in_the_list_by_its_file() {
        let list = "1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 0 EOF\n2: FLOCK  ADVISORY  WRITE 1 00:17:99 0 EOF\n";
        assert!(is_listed(list, 1234));
        assert!(!is_listed(list, 123));
        assert!(!is_listed(list, 99), "Terraform takes another kind");
        assert!(!is_listed("", 1234));
    }

    #[test]
    fn what_was_left_over_is_announced_and_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("terraform.tfstate");
        assert_eq!(local_lock(&state), LocalLock::Free);
        let info = directory.path().join(".terraform.tfstate.lock.info");
        fs::File::create(&info)
            .and_then(|mut file| std::io::Write::write_all(&mut file, br#"{"Who":"a@b"}"#))
            .unwrap();
        fs::File::create(&state).unwrap();
        let LocalLock::Announced(found) = local_lock(&state) else { panic!() };
        assert_eq!(found.who, "a@b");
    }
}
