//! Arguments of `drift` and `fix`.

use clap::{Args, Subcommand};

/// `drift`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Drift {
    /// Exit 2 when there is drift
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Otherwise look at the real world now, and record what is seen
    #[command(subcommand)]
    pub verb: Option<DriftVerb>,
}

/// A question about drift that is on record.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DriftVerb {
    /// Items that the last check saw; no new check is made
    List {
        /// Exit 2 when there is drift
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// One item
    Show {
        /// The item: d-…, the beginning of that, or an address
        #[arg(value_name = "ITEM")]
        item: String,
    },
}

/// `fix`.
#[derive(Debug, Args)]
pub(in crate::cli) struct FixCommand {
    /// The verb
    #[command(subcommand)]
    pub verb: FixVerb,
}

/// An action on manual fixes.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FixVerb {
    /// Say that a drift item was made on purpose, with `--reason`
    Record {
        /// The item: d-…, the beginning of that, or an address with exactly one open item
        #[arg(value_name = "ITEM")]
        item: String,
        /// Until when it is meant to stay: a time, a day, or a span such as 30d
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// Every fix and what became of it
    List,
    /// One fix
    Show {
        /// The revision that recorded it
        #[arg(value_name = "FIX")]
        fix: u64,
    },
}
