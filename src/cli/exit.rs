//! Exit codes: a promise to scripts.
//!
//! The numbers are the contract of the README's table. `run` passes on the code of the command it
//! runs, whatever that is.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, also when there are differences, unless asked.
    Done,
    /// Failed, or Terraform failed.
    Failure,
    /// There are differences, and a flag asked for this code.
    Differences,
    /// The store is missing, not initialised, or unfit.
    Store,
    /// Terraform's lock, or another revert.
    Locked,
    /// Credentials or permission.
    Permission,
    /// No such revision, no known good.
    NoRevision,
    /// Hash, chain, or a stored state that cannot be read.
    Integrity,
    /// Refused by a guard.
    Refused,
    /// Terraform is missing, too old, or not initialised.
    Terraform,
    /// Needs a confirmation, and there is no terminal.
    NeedsConfirmation,
    /// Several stacks, some failed.
    SomeFailed,
    /// Reverted, but verification found differences.
    NotVerified,
    /// The command failed, and the stack was taken back and looked at.
    Reverted,
    /// The command failed, and taking the stack back did not come to its end.
    NotReverted,
    /// Wrong usage.
    Usage,
    /// Interrupted by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
    /// As the command that was run has ended.
    OfCommand(u8),
}

impl Exit {
    /// Every exit with a number of its own, what that is and what it means, in the order of the
    /// README's table.
    pub const ALL: [(Self, u8, &'static str); 18] = [
        (Self::Done, 0, "done (also when there are differences, unless asked)"),
        (Self::Failure, 1, "failure; terraform failed"),
        (
            Self::Differences,
            2,
            "differences or drift, only with `--detailed-exitcode` or `--fail-on`",
        ),
        (Self::Store, 10, "store missing, not initialised, or unfit"),
        (Self::Locked, 11, "locked: Terraform's lock or another revert"),
        (Self::Permission, 12, "credentials or permission"),
        (Self::NoRevision, 13, "no such revision, no known good"),
        (Self::Integrity, 14, "integrity: hash, chain, a stored state that cannot be read"),
        (
            Self::Refused,
            15,
            "refused by a guard: hazard not accepted, state lost or foreign, stale plan, hold, something open",
        ),
        (Self::Terraform, 16, "terraform missing, or not initialised"),
        (Self::NeedsConfirmation, 17, "needs confirmation and there is no terminal"),
        (Self::SomeFailed, 18, "several stacks, some failed"),
        (Self::NotVerified, 19, "reverted, but verification found differences"),
        (Self::Reverted, 20, "`run`: the command failed, the stack was reverted and verified"),
        (Self::NotReverted, 21, "`run`: the command failed and the revert did not complete"),
        (Self::Usage, 64, "usage, or an ambiguous selector"),
        (Self::Interrupted, 130, "interrupted by SIGINT"),
        (Self::Terminated, 143, "ended by SIGTERM"),
    ];

    /// The number.
    pub fn code(self) -> u8 {
        if let Self::OfCommand(code) = self {
            return code;
        }
        Self::ALL.iter().find(|(exit, _, _)| *exit == self).map_or(1, |(_, code, _)| *code)
    }

    /// The exit for a signal that asked us to stop.
    pub fn of_signal(signal: i32) -> Self {
        if signal == 15 { Self::Terminated } else { Self::Interrupted }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
