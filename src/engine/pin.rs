//! Whether a state belongs to this stack, and how it stands to what was seen before.
//!
//! A stack is pinned at first sight to its backend, workspace and lineage. A mismatch is refused:
//! another environment's state pushed over this one makes Terraform plan to destroy that other
//! environment (measured with 1.11.4).

use super::good::snapshots;
use crate::model::entry::{Entry, Revision};
use crate::model::stack::BackendIdentity;
use crate::model::version::{Lineage, Relation, Serial, StateVersion};

/// A state that is not this stack's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another lineage.
    #[error("the state's lineage is {found}, the stack's is {pinned} (since revision {since})")]
    Lineage {
        /// The lineage in the state.
        found: Lineage,
        /// The lineage that the stack is pinned to.
        pinned: Lineage,
        /// The snapshot that pinned it.
        since: Revision,
    },
    /// Another workspace.
    #[error("the workspace is `{found}`, the stack's is `{pinned}` (since revision {since})")]
    Workspace {
        /// The workspace now.
        found: String,
        /// The workspace that the stack is pinned to.
        pinned: String,
        /// The snapshot that pinned it.
        since: Revision,
    },
    /// Another backend.
    #[error("the backend is {found}, the stack's is {pinned} (since revision {since})")]
    Backend {
        /// The backend now.
        found: BackendIdentity,
        /// The backend that the stack is pinned to.
        pinned: BackendIdentity,
        /// The snapshot that pinned it.
        since: Revision,
    },
}

/// Checks workspace, backend and lineage against the first snapshots of the log.
///
/// `backend` is `None` when the state was given as a file and its backend is not known.
pub fn check(
    log: &[Entry],
    workspace: &str,
    backend: Option<&BackendIdentity>,
    lineage: Option<&Lineage>,
) -> Result<(), Mismatch> {
    if let Some((entry, first)) = snapshots(log).find(|(_, s)| s.backend.kind != GIVEN) {
        let since = entry.revision;
        if first.workspace != workspace {
            return Err(Mismatch::Workspace {
                found: workspace.to_owned(),
                pinned: first.workspace.clone(),
                since,
            });
        }
        if let Some(backend) = backend.filter(|backend| !first.backend.is_same_place(backend)) {
            return Err(Mismatch::Backend {
                found: backend.clone(),
                pinned: first.backend.clone(),
                since,
            });
        }
    }
    let pinned = snapshots(log).find_map(|(entry, s)| s.state.as_ref().map(|state| (entry, state)));
    match (pinned, lineage) {
        (Some((entry, state)), Some(found)) if state.version.lineage != *found => {
            Err(Mismatch::Lineage {
                found: found.clone(),
                pinned: state.version.lineage.clone(),
                since: entry.revision,
            })
        }
        _ => Ok(()),
    }
}

/// The backend kind of a state that was given as a file, without word of where it lives.
pub const GIVEN: &str = "given";

/// How the present state stands to the newest one on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateStanding {
    /// Nothing is on record yet.
    First,
    /// The newest snapshot has exactly these bytes.
    Recorded(Revision),
    /// It grew, as it should.
    Grown,
    /// Its serial went back: an older version was restored.
    Rewound {
        /// The newest snapshot.
        newest: Revision,
        /// Its serial.
        serial: Serial,
    },
    /// Same serial, other content: two writers.
    Forked {
        /// The newest snapshot.
        newest: Revision,
    },
}

/// Compares the present state with the newest snapshot that has one.
pub fn standing(log: &[Entry], present: &StateVersion) -> StateStanding {
    let newest = snapshots(log)
        .rev()
        .find_map(|(entry, snapshot)| snapshot.state.as_ref().map(|state| (entry, state)));
    let Some((entry, state)) = newest else {
        return StateStanding::First;
    };
    match present.relation(&state.version) {
        Relation::Same => StateStanding::Recorded(entry.revision),
        Relation::Newer | Relation::Unrelated => StateStanding::Grown,
        Relation::Older => {
            StateStanding::Rewound { newest: entry.revision, serial: state.version.serial }
        }
        Relation::Forked => StateStanding::Forked { newest: entry.revision },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::engine::good::tests::{log, taken, version};

    #[test]
    fn a_foreign_lineage_workspace_or_backend_is_named() {
        let log = log(vec![taken(1, "a")]);
        let here = BackendIdentity { kind: "local".into(), settings: BTreeMap::new() };
        let there = BackendIdentity { kind: "s3".into(), settings: BTreeMap::new() };
        let ours = Lineage::new("l").unwrap();
        let theirs = Lineage::new("m").unwrap();
        assert_eq!(check(&log, "default", Some(&here), Some(&ours)), Ok(()));
        assert_eq!(check(&[], "x", Some(&there), Some(&theirs)), Ok(()));
        let lineage = check(&log, "default", Some(&here), Some(&theirs));
        assert!(matches!(lineage, Err(Mismatch::Lineage { .. })));
        let workspace = check(&log, "prod", Some(&here), Some(&ours));
        assert!(matches!(workspace, Err(Mismatch::Workspace { .. })));
        let backend = check(&log, "default", Some(&there), Some(&ours));
        assert!(matches!(backend, Err(Mismatch::Backend { .. })));
    }

    #[test]
    fn serials_that_go_back_or_fork_are_told_apart() {
        let log = log(vec![taken(5, "a")]);
        assert_eq!(standing(&[], &version(5, "a")), StateStanding::First);
        assert_eq!(standing(&log, &version(5, "a")), StateStanding::Recorded(Revision(1)));
        assert_eq!(standing(&log, &version(6, "b")), StateStanding::Grown);
        assert!(matches!(standing(&log, &version(4, "b")), StateStanding::Rewound { .. }));
        assert!(matches!(standing(&log, &version(5, "b")), StateStanding::Forked { .. }));
    }
}
