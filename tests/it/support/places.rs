//! The place of the temporary directories in which tests play.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::{StatVfsMountFlags, statvfs};
use tempfile::TempDir;

/// Less is not enough for all tests at once.
const ROOM: u64 = 4 << 30;

/// A temporary directory: in memory where that has room and lets programs run, so that nothing waits for
/// a disk. These tests are not about the state in which a power cut leaves a disk.
pub(crate) fn temporary(prefix: &str) -> TempDir {
    static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let is_fit = statvfs(memory).is_ok_and(|facts| {
            let bans = StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY;
            !facts.f_flag.intersects(bans) && facts.f_bavail * facts.f_frsize >= ROOM
        });
        if is_fit { memory.to_owned() } else { std::env::temp_dir() }
    });
    tempfile::Builder::new().prefix(prefix).tempdir_in(&*PLACE).unwrap()
}
