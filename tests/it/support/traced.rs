//! A command that is killed at a step that can be counted.
//!
//! The kernel tells each system call of the real binary, as a debugger would see it; SIGKILL
//! strikes when the n-th one that matters has been done, which is also before the one after it. Its
//! children are left alone: they live on, as they do when a person kills unapply.

use std::path::Path;

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::stage::{Stage, UNAPPLY};

/// Which system calls are steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Each call that changes a file or a directory, or makes it durable, or starts a program.
    All,
    /// An object comes into the store, or a program is started.
    Milestones,
}

/// The end of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was killed at its step.
    Killed,
    /// It has ended before it came so far, with this code.
    Ended(i32),
}

/// `PTRACE_SYSCALL_INFO_EXIT`.
const EXIT: u8 = 2;

impl Steps {
    fn count(self, pid: Pid) -> bool {
        let Ok(registers) = ptrace::getregs(pid) else { return false };
        let Ok(number) = i64::try_from(registers.orig_rax) else { return false };
        let is_milestone = match number {
            nix::libc::SYS_linkat | nix::libc::SYS_link | nix::libc::SYS_vfork => true,
            // A thread is no program. `clone3` has its flags in memory.
            nix::libc::SYS_clone => registers.rdi & THREAD == 0,
            nix::libc::SYS_clone3 => first_word(pid, registers.rdi) & THREAD == 0,
            _ => false,
        };
        let is_write = |descriptor: u64| descriptor > 2;
        is_milestone
            || self == Self::All
                && match number {
                    nix::libc::SYS_write | nix::libc::SYS_pwrite64 => is_write(registers.rdi),
                    nix::libc::SYS_openat => registers.rdx & CREATES != 0,
                    nix::libc::SYS_mkdir
                    | nix::libc::SYS_mkdirat
                    | nix::libc::SYS_unlink
                    | nix::libc::SYS_unlinkat
                    | nix::libc::SYS_rmdir
                    | nix::libc::SYS_rename
                    | nix::libc::SYS_renameat
                    | nix::libc::SYS_renameat2
                    | nix::libc::SYS_fsync
                    | nix::libc::SYS_fdatasync
                    | nix::libc::SYS_ftruncate => true,
                    _ => false,
                }
    }
}

/// `CLONE_THREAD`.
const THREAD: u64 = 0x1_0000;
/// `O_CREAT` or `O_TMPFILE`.
const CREATES: u64 = 0o100 | 0o20_000_000;

/// The word at an address of the traced process.
fn first_word(pid: Pid, address: u64) -> u64 {
    let read =
        ptrace::read(pid, std::ptr::with_exposed_provenance_mut(address.try_into().unwrap()));
    read.map_or(0, i64::cast_unsigned)
}

impl Stage {
    /// Runs unapply and kills it after its n-th step.
    #[expect(clippy::zombie_processes, reason = "whoever follows it waits for it")]
    pub(crate) fn killed_after(&self, nth: u64, steps: Steps, arguments: &[&str]) -> Fate {
        let words = [&["-c", "kill -STOP $$; exec \"$@\"", "sh", UNAPPLY], arguments].concat();
        let mut command = self.command("sh", &words);
        let output = std::fs::File::create(self.path().join("said")).unwrap();
        let child = command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
        let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
            | ptrace::Options::PTRACE_O_TRACECLONE
            | ptrace::Options::PTRACE_O_TRACEEXEC
            | ptrace::Options::PTRACE_O_EXITKILL;
        ptrace::seize(pid, options).unwrap();
        nix::sys::signal::kill(pid, Signal::SIGCONT).unwrap();
        follow(pid, steps, nth)
    }

    /// The output of the command that was killed.
    pub(crate) fn last_words(&self) -> String {
        std::fs::read_to_string(Path::join(self.path(), "said")).unwrap()
    }
}

/// Follows every thread until the process has ended.
fn follow(process: Pid, steps: Steps, nth: u64) -> Fate {
    let mut is_unapply = false;
    let mut met = 0;
    let mut fate = None;
    loop {
        // Only what this thread follows: other tests wait for children of their own.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let (stopped, signal) = match waitpid(None, Some(flags)).unwrap() {
            WaitStatus::Exited(pid, code) if pid == process => {
                return fate.unwrap_or(Fate::Ended(code));
            }
            WaitStatus::Signaled(pid, signal, _) if pid == process => {
                assert_eq!((fate, signal), (Some(Fate::Killed), Signal::SIGKILL));
                return Fate::Killed;
            }
            WaitStatus::PtraceSyscall(pid) => {
                let is_step = is_unapply && fate.is_none() && is_step_done(pid, steps);
                met += u64::from(is_step);
                if is_step && met == nth {
                    nix::sys::signal::kill(process, Signal::SIGKILL).unwrap();
                    fate = Some(Fate::Killed);
                }
                (pid, None)
            }
            WaitStatus::PtraceEvent(pid, _, event) => {
                is_unapply |= event == nix::libc::PTRACE_EVENT_EXEC;
                (pid, None)
            }
            WaitStatus::Stopped(pid, signal) => (pid, Some(signal)),
            // Other threads.
            WaitStatus::Exited(..)
            | WaitStatus::Signaled(..)
            | WaitStatus::Continued(_)
            | WaitStatus::StillAlive => continue,
        };
        let _is_gone = ptrace::syscall(stopped, signal).is_err();
    }
}

/// Whether a thread has just come out of a call that counts.
fn is_step_done(pid: Pid, steps: Steps) -> bool {
    ptrace::syscall_info(pid).is_ok_and(|info| info.op == EXIT) && steps.count(pid)
}
