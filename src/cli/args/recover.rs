//! Arguments of `recover` and `doctor`.

use std::path::PathBuf;

use clap::Args;

/// `doctor`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Doctor {
    /// Record nothing: for credentials that only read the store
    #[arg(long)]
    pub no_record: bool,
    /// Race writers for a key, as `init` does: a store that lies about create-only writes is found
    /// out; the probe's objects stay
    #[arg(long, conflicts_with = "no_record")]
    pub probe: bool,
}

/// `recover`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Recover {
    /// Only what this entry left open
    #[arg(value_name = "REV")]
    pub revision: Option<u64>,
    /// Give it up, or only the object at an address (repeatable); needs `--reason`
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["gone", "push_state", "write"]
    )]
    pub abandon: Vec<String>,
    /// You have looked, and there is no object of this address that no state knows; repeatable
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["push_state", "write"])]
    pub gone: Vec<String>,
    /// Push this state that Terraform left behind, if it is newer than the backend's; never by force
    #[arg(long, value_name = "FILE", conflicts_with = "revision")]
    pub push_state: Option<PathBuf>,
    /// Write `import` blocks for objects that were made and are in no state to a new file
    #[arg(long, value_name = "FILE.tf")]
    pub write: Option<PathBuf>,
}
