//! The bodies that are not written as the model has them: marks and holds.
//!
//! A record has every column in every row, `null` or empty where it says nothing; the model has a
//! variant that cannot say what makes no sense. Every other body is written under the model's own
//! names.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::model::digest::Digest;
use crate::model::entry::{self, Revision};
use crate::model::good::{self, Evidence};
use crate::model::hold::{self, HoldScope};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Good,
    Bad,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Mark {
    revision: Revision,
    verdict: Verdict,
    evidence: Option<Evidence>,
}

impl From<&entry::Mark> for Mark {
    fn from(mark: &entry::Mark) -> Self {
        let (verdict, evidence) = match &mark.verdict {
            good::Verdict::Good(evidence) => (Verdict::Good, Some(evidence.clone())),
            good::Verdict::Bad => (Verdict::Bad, None),
        };
        Self { revision: mark.revision, verdict, evidence }
    }
}

impl TryFrom<Mark> for entry::Mark {
    type Error = Error;

    fn try_from(mark: Mark) -> Result<Self, Error> {
        let verdict = match (mark.verdict, mark.evidence) {
            (Verdict::Good, Some(evidence)) => good::Verdict::Good(evidence),
            (Verdict::Bad, None) => good::Verdict::Bad,
            (Verdict::Good, None) => {
                return Err(Error::Inconsistent { what: "good without evidence" });
            }
            (Verdict::Bad, Some(_)) => {
                return Err(Error::Inconsistent { what: "bad with evidence of being good" });
            }
        };
        Ok(Self { revision: mark.revision, verdict })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    Everything,
    Configuration,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Hold {
    scope: Scope,
    digests: Vec<Digest>,
    commits: Vec<String>,
    target: Option<Revision>,
    #[serde(with = "crate::model::text::optional")]
    until: Option<Timestamp>,
}

impl From<&hold::Hold> for Hold {
    fn from(hold: &hold::Hold) -> Self {
        let (scope, digests, commits, target) = match hold.scope.clone() {
            HoldScope::Everything => (Scope::Everything, Vec::new(), Vec::new(), None),
            HoldScope::Configuration { digests, commits, target } => {
                (Scope::Configuration, digests, commits, target)
            }
        };
        Self { scope, digests, commits, target, until: hold.until }
    }
}

impl From<Hold> for hold::Hold {
    fn from(Hold { scope, digests, commits, target, until }: Hold) -> Self {
        let scope = match scope {
            Scope::Everything => HoldScope::Everything,
            Scope::Configuration => HoldScope::Configuration { digests, commits, target },
        };
        Self { scope, until }
    }
}
