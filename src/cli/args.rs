//! The command line that a person can type. Defaults that depend on the world are settings, and not
//! here.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::variables::given::GivenValues;

mod drift;
mod hold;
mod status;

pub(super) use drift::{Drift, DriftVerb, FixCommand, FixVerb};
pub(super) use hold::{Guard, HoldArguments, ReleaseArguments};
mod recover;

pub(super) use recover::{Doctor, Recover};
pub(super) use status::{FailOn, StatusArguments};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "unapply",
    version,
    about = "Undoes a Terraform apply",
    help_template = HELP,
    disable_help_subcommand = true,
    infer_subcommands = false,
    propagate_version = false,
    max_term_width = 100
)]
pub struct Arguments {
    /// Flags that every verb takes.
    #[command(flatten)]
    pub(super) global: Global,
    /// The verb.
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// The first screen: what people need at three in the morning, first.
const HELP: &str = "\
{about}

{usage-heading} {usage}

Everyday:
  status      one line a stack: good revision, live serial, drift, holds, what is open
  run         an apply with a net under it: what it did, what it did not, what nobody knows
  history     entries of a stack, newest first
  diff        what changed, by resource and attribute; default `good..@`
  revert      take the stack back to what was good, with real plan and apply
  drift       where the real world differs from the state; lists it, shows it
  fix         put on record what was changed by hand on purpose

Record:
  snapshot    keep the state and its configuration
  mark        call a snapshot good or bad
  show        one entry; for a snapshot its resources and outputs

Stop and go on:
  hold        nothing can be applied from now on; a revert holds what it takes back by itself
  release     lift holds, with a reason
  guard       a pipeline's step before apply: exits 15 when that is held

Operate:
  init        write unapply.toml, create the store, take the first snapshot
  doctor      could the stack be reverted now? tries everything but the apply
  recover     finish or abandon what a crash left open; push a state that was left behind
  check       integrity of the store: slots, chain, hashes
  demo        the whole story in a scratch directory with real terraform
  completion  completions for a shell

Revisions: 42  good  good~1  @ (live)  @- (newest)  tag:K=V  commit:8f3c2ab  serial:57  at:2h
           ./old.tfstate   ranges: 42..@

{options}
";

/// Flags that every verb takes.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Work in this directory
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,
    /// Only this stack; `*` matches any text, repeatable
    #[arg(short, long, global = true, value_name = "NAME")]
    pub stack: Vec<String>,
    /// All stacks of unapply.toml
    #[arg(long, global = true)]
    pub all: bool,
    /// The workspace; otherwise the stack's, otherwise the one selected
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        env = "UNAPPLY_WORKSPACE",
        hide_env_values = true
    )]
    pub workspace: Option<String>,
    /// The store: a directory, or `s3://BUCKET/PREFIX`
    #[arg(long, global = true, value_name = "URL", env = "UNAPPLY_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// Settings instead of the unapply.toml found upwards
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "UNAPPLY_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// The terraform or tofu to run, instead of the one that the stack says
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UNAPPLY_TF_BIN",
        hide_env_values = true
    )]
    pub tf_bin: Option<String>,
    /// A variable's value, as for terraform
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub var: Vec<String>,
    /// A file of values, as for terraform
    #[arg(long, global = true, value_name = "FILE")]
    pub var_file: Vec<PathBuf>,
    /// The command line as it was typed, without the program
    #[arg(skip)]
    pub typed: Vec<String>,
    /// Both, in the order in which they were typed
    #[arg(skip)]
    pub words: GivenValues,
    /// How data is printed
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
    /// Short for `--output json`
    #[arg(long, global = true)]
    pub json: bool,
    /// Colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "UNAPPLY_COLOR",
        hide_env_values = true
    )]
    pub color: When,
    /// Never ask
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Accept the plan that is shown; never a hazard
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Say only what is asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// How long to wait for Terraform's lock, such as 60s or 5m
    #[arg(
        long,
        global = true,
        value_name = "DUR",
        env = "UNAPPLY_LOCK_TIMEOUT",
        hide_env_values = true
    )]
    pub lock_timeout: Option<String>,
    /// The name of the person or pipeline that acts, for the record
    #[arg(long, global = true, value_name = "NAME", env = "UNAPPLY_ACTOR", hide_env_values = true)]
    pub actor: Option<String>,
    /// Why, for the record
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The ticket it belongs to, for the record
    #[arg(long, global = true, value_name = "ID")]
    pub ticket: Option<String>,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a person.
    Table,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Markdown for a comment on a pull request; `diff` only.
    Md,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// One line a stack: good revision, live serial, drift, holds, age of the last snapshot
    Status(StatusArguments),
    /// Run terraform apply (tofu, terragrunt, make…) with a net under it
    Run(Run),
    /// Entries of a stack, newest first
    History(History),
    /// Changes by resource and attribute; default `good..@`
    Diff(DiffArguments),
    /// Take the stack back to what was good, with real plan and apply
    Revert(RevertArguments),
    /// Differences between the real world and the state, and since when
    Drift(Drift),
    /// Manual fixes: who, why, ticket, until when, and what became of them
    Fix(FixCommand),
    /// Keep the state and the configuration that belongs to it
    Snapshot(SnapshotArguments),
    /// Call a snapshot good or bad
    Mark(MarkArguments),
    /// One entry; for a snapshot its metadata, resources and outputs
    Show(Show),
    /// Nothing can be applied from now on
    Hold(HoldArguments),
    /// Lift holds, with a reason
    Release(ReleaseArguments),
    /// A pipeline's step before apply: exits 15 when what it is about to apply is held
    Guard(Guard),
    /// Write unapply.toml, create and probe the store, take the first snapshot
    Init(Init),
    /// Could the stack be reverted now? Tries everything but the apply
    Doctor(Doctor),
    /// Finish or abandon what a crash left open, one safe step at a time
    Recover(Recover),
    /// Integrity of the store: slots, chain, hashes
    Check(CheckArguments),
    /// The whole story in a scratch directory with real terraform
    Demo(Demo),
    /// Completions for a shell
    Completion(Completion),
}

/// `run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Reaction to a failed command; default: ask where a person can answer, otherwise snapshot
    #[arg(long, value_name = "WHAT")]
    pub on_failure: Option<OnFailure>,
    /// The saved plan that the command applies, where its words do not name it
    #[arg(long, value_name = "FILE")]
    pub tfplan: Option<PathBuf>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// The reaction to a command that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnFailure {
    /// Show what there is to choose from.
    Ask,
    /// Record what is there, and leave it so.
    Snapshot,
    /// Take the stack back to what was good, if nothing stands against it.
    Revert,
}

/// `history`.
#[derive(Debug, Args)]
pub(super) struct History {
    /// At most this many entries
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub max: usize,
    /// Only entries of this kind: snapshot, evidence, mark, revert-intent, revert-outcome, verification, drift, fix, run-intent, run-outcome, hold, release, resolution, diagnosis
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only entries since then: a time, or a span such as 2h
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only snapshots in which this resource is not as in the one before
    #[arg(long, value_name = "ADDR")]
    pub resource: Option<String>,
}

/// `diff`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// A revision or a range; default `good..@`
    #[arg(value_name = "A[..B]")]
    pub range: Option<String>,
    /// Numbers only
    #[arg(long)]
    pub stat: bool,
    /// Only this part
    #[arg(long, value_name = "PART")]
    pub only: Option<DiffPart>,
    /// Only resources whose address fits; `*` matches any text
    #[arg(long, value_name = "GLOB")]
    pub resource: Option<String>,
    /// Also what says nothing, with the rule that hides it, and data sources
    #[arg(long)]
    pub show_hidden: bool,
    /// Exit 2 when there are differences
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// A part of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffPart {
    /// Resources.
    State,
    /// Files and variables.
    Config,
    /// Outputs.
    Outputs,
    /// Versions of providers and of Terraform.
    Providers,
}

/// The command that the values of `--var` and `--var-file` are meant for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ValuesFor {
    /// This revert.
    #[default]
    Revert,
    /// The run before it.
    Run,
}

/// `revert`.
#[derive(Debug, Default, Args)]
pub(super) struct RevertArguments {
    /// The snapshot to go back to; default `good`
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// The use of the values on the command line
    #[arg(skip)]
    pub values: ValuesFor,
    /// Stop before the confirmation
    #[arg(long)]
    pub plan_only: bool,
    /// Accept a hazard at an address; `*` matches any text, repeatable
    #[arg(long, value_name = "HAZARD=ADDR")]
    pub allow: Vec<String>,
    /// Revert nothing but this and what it is made from: an object, a block, a module; `*` matches
    /// any text, repeatable
    #[arg(long, value_name = "ADDR")]
    pub target: Vec<String>,
    /// Leave this as it is; what was made since is kept and forgotten by the state, repeatable
    #[arg(long, value_name = "ADDR")]
    pub exclude: Vec<String>,
    /// Destroy this although something says `destroy = false`, where the plan would only forget it;
    /// `*` matches any text, repeatable
    #[arg(long, value_name = "ADDR")]
    pub destroy_forgotten: Vec<String>,
    /// Hold everything until it is released, and not only what is taken back
    #[arg(long)]
    pub hold: bool,
}

/// `snapshot`.
#[derive(Debug, Args)]
pub(super) struct SnapshotArguments {
    /// This state instead of the live one; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// The configuration that belongs to it
    #[arg(long, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
    /// The configuration of this saved plan
    #[arg(long, value_name = "FILE", conflicts_with = "config_dir")]
    pub tfplan: Option<PathBuf>,
    /// A label, repeatable
    #[arg(long, value_name = "K=V")]
    pub tag: Vec<String>,
    /// Record it even if nothing changed
    #[arg(long)]
    pub force: bool,
    /// First the older versions of the state that its bucket kept: all, or the newest N, each with
    /// the git commit that fits it
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        conflicts_with_all = ["state", "config_dir", "tfplan", "tag", "force"]
    )]
    pub import_history: Option<Span>,
}

/// How much of the past is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// All of it.
    All,
    /// The newest so many.
    Newest(usize),
}

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(number)) if number > 0 => Ok(Self::Newest(number)),
            _ => Err(format!("`{text}` is no number of versions")),
        }
    }
}

/// `mark`.
#[derive(Debug, Args)]
pub(super) struct MarkArguments {
    /// The verdict
    #[command(subcommand)]
    pub verdict: MarkVerdict,
}

/// A verdict on a snapshot.
#[derive(Debug, Subcommand)]
pub(super) enum MarkVerdict {
    /// It is good: you vouch for it, or let a plan and the stack's checks prove it
    Good {
        /// The snapshot; default the newest
        #[arg(value_name = "REV", default_value = "@-")]
        revision: String,
        /// Prove it: a plan of its configuration must be empty, and the checks of `[good]` pass
        #[arg(long)]
        verify: bool,
        /// The plan is never empty: keep what it proposes as the residual
        #[arg(long, requires = "verify")]
        residual: bool,
    },
    /// It is bad: never go back to it
    Bad {
        /// The snapshot
        #[arg(value_name = "REV")]
        revision: String,
    },
}

/// `show`.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The revision
    #[arg(value_name = "REV")]
    pub revision: String,
    /// Only this resource, with its attributes
    #[arg(long, value_name = "ADDR")]
    pub resource: Option<String>,
    /// The files of the configuration, or the content of one
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub files: Option<String>,
    /// The exact bytes of the state, to standard output; refused on a terminal
    #[arg(long, conflicts_with_all = ["resource", "files"])]
    pub raw_state: bool,
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Create a store in a bucket although this version does not encrypt what it keeps there
    #[arg(long)]
    pub no_encryption: bool,
}

/// `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Read the content of blobs too: all, or a sample such as 5%
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, require_equals = true, default_missing_value = "100%")]
    pub read_data: Option<String>,
}

/// `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Play it here and leave everything in place; default a directory that is removed
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// `completion`.
#[derive(Debug, Args)]
pub(super) struct Completion {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
