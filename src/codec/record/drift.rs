//! The bodies of `drift` and `fix` entries: where the real world differed, and what of it is meant.
//!
//! A path is an array of steps, names and positions, so that nobody has to parse one. The values of
//! an item are not here: they lie in a blob, which is `codec::drift`'s.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use super::snapshot::Version;
use super::text::AsText;
use crate::model::address::Address;
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::drift as model;
use crate::model::drift::{DriftKind, Fingerprint};
use crate::model::entry::Revision;
use crate::model::value::{Path, Step as ModelStep};

#[derive(Serialize, Deserialize)]
#[serde(remote = "DriftKind", rename_all = "kebab-case")]
enum DriftKindWord {
    Changed,
    Gone,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Look {
    against: u64,
    state: Version,
    items: Vec<Item>,
    values: Option<AsText<Digest>>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    fingerprint: AsText<Fingerprint>,
    address: AsText<Address>,
    deposed: Option<String>,
    #[serde(with = "DriftKindWord")]
    kind: DriftKind,
    paths: Vec<Vec<Step>>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Step {
    Name(String),
    Index(usize),
}

impl From<&model::DriftLook> for Look {
    fn from(look: &model::DriftLook) -> Self {
        let model::DriftLook { against, state, items, values } = look;
        Self {
            against: against.0,
            state: state.into(),
            items: items.iter().map(Item::from).collect(),
            values: values.map(|blob| AsText(blob.0)),
        }
    }
}

impl TryFrom<Look> for model::DriftLook {
    type Error = Error;

    fn try_from(look: Look) -> Result<Self, Error> {
        if look.items.is_empty() == look.values.is_some() {
            let what = "drift items and their values are not both there";
            return Err(Error::Inconsistent { what });
        }
        Ok(Self {
            against: Revision(look.against),
            state: look.state.into(),
            items: look.items.into_iter().map(Into::into).collect(),
            values: look.values.map(|blob| BlobId(blob.0)),
        })
    }
}

impl From<&model::DriftItem> for Item {
    fn from(item: &model::DriftItem) -> Self {
        let model::DriftItem { fingerprint, address, deposed, kind, paths } = item;
        Self {
            fingerprint: AsText(*fingerprint),
            address: AsText(address.clone()),
            deposed: deposed.clone(),
            kind: *kind,
            paths: paths.iter().map(|path| path.0.iter().map(Step::from).collect()).collect(),
        }
    }
}

impl From<Item> for model::DriftItem {
    fn from(item: Item) -> Self {
        let path = |steps: Vec<Step>| Path(steps.into_iter().map(Into::into).collect());
        Self {
            fingerprint: item.fingerprint.0,
            address: item.address.0,
            deposed: item.deposed,
            kind: item.kind,
            paths: item.paths.into_iter().map(path).collect(),
        }
    }
}

impl From<&ModelStep> for Step {
    fn from(step: &ModelStep) -> Self {
        match step {
            // An item's paths have positions: nothing makes one with a label.
            ModelStep::Name(name) | ModelStep::Element(name) => Self::Name(name.clone()),
            ModelStep::Index(index) => Self::Index(*index),
        }
    }
}

impl From<Step> for ModelStep {
    fn from(step: Step) -> Self {
        match step {
            Step::Name(name) => Self::Name(name),
            Step::Index(index) => Self::Index(index),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Fix {
    item: AsText<Fingerprint>,
    seen: u64,
    until: Option<AsText<Timestamp>>,
}

impl From<&model::Fix> for Fix {
    fn from(fix: &model::Fix) -> Self {
        let model::Fix { item, seen, until } = fix;
        Self { item: AsText(*item), seen: seen.0, until: until.map(AsText) }
    }
}

impl From<Fix> for model::Fix {
    fn from(fix: Fix) -> Self {
        Self { item: fix.item.0, seen: Revision(fix.seen), until: fix.until.map(|time| time.0) }
    }
}
