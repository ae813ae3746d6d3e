//! What `drift` and `fix` take.

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

/// What is asked about drift that is on record.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DriftVerb {
    /// What the last look saw; nothing is looked at anew
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
    /// What to do
    #[command(subcommand)]
    pub verb: FixVerb,
}

/// What can be done with manual fixes.
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
