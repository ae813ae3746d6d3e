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
enum ShapedVerdict {
    Good,
    Bad,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ShapedMark {
    revision: Revision,
    verdict: ShapedVerdict,
    evidence: Option<Evidence>,
}

impl From<&entry::Mark> for ShapedMark {
    fn from(mark: &entry::Mark) -> Self {
        let (verdict, evidence) = match &mark.verdict {
            good::Verdict::Good(evidence) => (ShapedVerdict::Good, Some(evidence.clone())),
            good::Verdict::Bad => (ShapedVerdict::Bad, None),
        };
        Self { revision: mark.revision, verdict, evidence }
    }
}

impl TryFrom<ShapedMark> for entry::Mark {
    type Error = Error;

    fn try_from(mark: ShapedMark) -> Result<Self, Error> {
        let verdict = match (mark.verdict, mark.evidence) {
            (ShapedVerdict::Good, Some(evidence)) => good::Verdict::Good(evidence),
            (ShapedVerdict::Bad, None) => good::Verdict::Bad,
            (ShapedVerdict::Good, None) => {
                return Err(Error::Inconsistent { what: "good without evidence" });
            }
            (ShapedVerdict::Bad, Some(_)) => {
                return Err(Error::Inconsistent { what: "bad with evidence of being good" });
            }
        };
        Ok(Self { revision: mark.revision, verdict })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShapedScope {
    Everything,
    Configuration,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ShapedHold {
    scope: ShapedScope,
    digests: Vec<Digest>,
    commits: Vec<String>,
    target: Option<Revision>,
    #[serde(with = "crate::model::text::optional")]
    until: Option<Timestamp>,
}

impl From<&hold::Hold> for ShapedHold {
    fn from(hold: &hold::Hold) -> Self {
        let (scope, digests, commits, target) = match hold.scope.clone() {
            HoldScope::Everything => (ShapedScope::Everything, Vec::new(), Vec::new(), None),
            HoldScope::Configuration { digests, commits, target } => {
                (ShapedScope::Configuration, digests, commits, target)
            }
        };
        Self { scope, digests, commits, target, until: hold.until }
    }
}

impl From<ShapedHold> for hold::Hold {
    fn from(ShapedHold { scope, digests, commits, target, until }: ShapedHold) -> Self {
        let scope = match scope {
            ShapedScope::Everything => HoldScope::Everything,
            ShapedScope::Configuration => HoldScope::Configuration { digests, commits, target },
        };
        Self { scope, until }
    }
}
