//! The commit that an older state was made from, as far as it can be told afterwards.
//!
//! A state does not say which configuration produced it. The newest commit that is not younger than
//! the state is the candidate; it fits when it declares everything that the state manages, with
//! providers that its lock file selects. A commit that fits is still a guess: it is called
//! *inferred*.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::address::{Mode, ProviderSource};
use crate::model::state::State;

/// A commit that touched the configuration's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// When it was committed.
    pub time: Timestamp,
}

/// The declarations of a configuration, as far as its files can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declares {
    /// Addresses of managed blocks without keys, of every module that could be read.
    pub blocks: BTreeSet<String>,
    /// The providers that its lock file selects.
    pub providers: BTreeSet<ProviderSource>,
    /// Files or modules that could not be read or found: what they declare is not known.
    pub unreadable: Vec<String>,
}

/// Why a commit does not fit a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Every commit is younger.
    #[error("no commit of the directory is as old as it")]
    NoCommit,
    /// Its declarations are not wholly known.
    #[error("commit {commit} cannot be read completely: {what}")]
    Unreadable {
        /// The commit, in short.
        commit: String,
        /// The first thing that cannot be read.
        what: String,
    },
    /// The state uses a provider that the lock file does not select.
    #[error("commit {commit} selects no version of {provider} in its lock file")]
    Provider {
        /// The commit, in short.
        commit: String,
        /// The provider.
        provider: ProviderSource,
    },
    /// The state manages something that the configuration does not declare: going back to it would
    /// destroy that.
    #[error("commit {commit} does not declare {block}")]
    Block {
        /// The commit, in short.
        commit: String,
        /// The block.
        block: String,
    },
}

/// The newest commit that is not younger than a state written at `written`.
///
/// `commits` may come in any order. One that is younger is never taken, however little: most people
/// commit before they apply, and a guess that is too old is only too old.
pub fn candidate(commits: &[Commit], written: Timestamp) -> Result<&Commit, Misfit> {
    let not_younger = commits.iter().filter(|commit| commit.time <= written);
    not_younger.max_by_key(|commit| commit.time).ok_or(Misfit::NoCommit)
}

/// Whether what a commit declares fits a state.
pub fn fits(commit: &Commit, declares: &Declares, state: &State<'_>) -> Result<(), Misfit> {
    let short = || commit.id.chars().take(7).collect::<String>();
    if let Some(what) = declares.unreadable.first() {
        return Err(Misfit::Unreadable { commit: short(), what: what.clone() });
    }
    let managed = state.instances.iter().filter(|object| object.address.mode == Mode::Managed);
    for object in managed {
        let provider = object.provider.source.canonical();
        let is_builtin = provider.to_string().starts_with("terraform.io/builtin/");
        if !is_builtin && !declares.providers.iter().any(|known| known.canonical() == provider) {
            return Err(Misfit::Provider { commit: short(), provider });
        }
        let block = object.address.block();
        if !declares.blocks.contains(&block) {
            return Err(Misfit::Block { commit: short(), block });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::state;
    use crate::engine::tests::world;

    fn commit(id: &str, second: i64) -> Commit {
        Commit { id: id.to_owned(), time: Timestamp::from_second(second).unwrap() }
    }

    fn declares(blocks: &[&str]) -> Declares {
        Declares {
            blocks: blocks.iter().map(|block| (*block).to_owned()).collect(),
            providers: BTreeSet::from(["registry.terraform.io/unapply/demo".parse().unwrap()]),
            unreadable: Vec::new(),
        }
    }

    #[test]
    fn the_newest_commit_that_is_not_younger_is_the_candidate() {
        let commits = [commit("c", 30), commit("a", 10), commit("b", 20)];
        let at = |second| {
            let found = candidate(&commits, Timestamp::from_second(second).unwrap());
            found.map(|commit| commit.id.as_str()).ok()
        };
        assert_eq!(
            [9, 10, 19, 20, 29, 30, 99].map(at),
            [None, Some("a"), Some("a"), Some("b"), Some("b"), Some("c"), Some("c")]
        );
    }

    #[test]
    fn a_commit_fits_when_it_declares_all_that_the_state_manages() {
        let bytes = world(&["demo_file.a=1", "demo_file.b[0]=2", "module.m.demo_file.c=3"]);
        let state = state::parse(&bytes).unwrap();
        let head = commit("0123456789", 1);
        let all = ["demo_file.a", "demo_file.b", "module.m.demo_file.c", "demo_file.more"];
        assert_eq!(fits(&head, &declares(&all), &state), Ok(()));
        for missing in 0..3 {
            let mut some = all.to_vec();
            let block = some.remove(missing).to_owned();
            let misfit = fits(&head, &declares(&some), &state);
            assert_eq!(misfit, Err(Misfit::Block { commit: "0123456".to_owned(), block }));
        }
    }

    #[test]
    fn a_provider_outside_of_the_lock_file_and_a_file_nobody_can_read_do_not_fit() {
        let bytes = world(&["demo_file.a=1"]);
        let state = state::parse(&bytes).unwrap();
        let head = commit("0123456789", 1);
        let unlocked = Declares { providers: BTreeSet::new(), ..declares(&["demo_file.a"]) };
        assert!(matches!(fits(&head, &unlocked, &state), Err(Misfit::Provider { .. })));
        let broken =
            Declares { unreadable: vec!["main.tf: x".to_owned()], ..declares(&["demo_file.a"]) };
        let misfit = fits(&head, &broken, &state).unwrap_err();
        assert_eq!(misfit.to_string(), "commit 0123456 cannot be read completely: main.tf: x");
    }
}
