//! Arguments of `hold`, `release` and `guard`.

use std::path::PathBuf;

use clap::Args;

/// `hold`.
#[derive(Debug, Args)]
pub(in crate::cli) struct HoldArguments {
    /// Until when: a time, a day, or a span such as 8h; default until it is released
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// `release`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReleaseArguments {
    /// The hold; default all that stand
    #[arg(value_name = "REV")]
    pub hold: Option<u64>,
}

/// `guard`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Guard {
    /// The saved plan that is about to be applied; default the configuration of the directory
    #[arg(long, value_name = "FILE")]
    pub tfplan: Option<PathBuf>,
}
