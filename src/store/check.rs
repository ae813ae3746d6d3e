//! Verification of everything in a store, without stopping at the first finding.
//!
//! It reads logs first and blobs afterwards, as every reader does: what is written meanwhile is
//! never mistaken for damage. It writes and repairs nothing. Start with [`Repository::check`].

use std::collections::{BTreeMap, BTreeSet};

use super::error::{BlobProblem, EntryProblem, Error};
use super::log::follows;
use super::{Repository, blob, keys, random};
use crate::codec::record;
use crate::model::configuration::BlobId;
use crate::model::digest::Digest;
use crate::model::entry::{Body, Revision};
use crate::model::stack::StackName;
use crate::port::object_store::{Key, ObjectError};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every entry; of blobs only that they are there.
    Structure,
    /// Besides, the content of about this many in a hundred referenced blobs, others each time.
    Sample(u8),
    /// Besides, the content of every referenced blob.
    Everything,
}

/// The result of a check.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// The problems that were found, in reading order.
    pub findings: Vec<StoreFinding>,
    /// How many stacks have a log.
    pub stacks: u64,
    /// How many slots were read.
    pub entries: u64,
    /// How many different blobs entries refer to.
    pub blobs: u64,
    /// How many of them were read and unpacked.
    pub blobs_read: u64,
    /// How many blobs no entry refers to: what a writer that was stopped leaves. No finding.
    pub unreferenced: u64,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One thing that is wrong.
#[derive(Debug)]
pub struct StoreFinding {
    /// The key that is concerned.
    pub key: String,
    /// The stack whose log is concerned.
    pub stack: Option<StackName>,
    /// The entry that is wrong, or that needs the blob.
    pub revision: Option<Revision>,
    /// The problem.
    pub problem: StoreProblem,
}

/// A problem that a check can find.
#[derive(Debug, thiserror::Error)]
pub enum StoreProblem {
    /// A name that no writer of ours gives, where only ours belong.
    #[error("no part of a store")]
    Foreign,
    /// The store does not give it: nothing is known of it.
    #[error("cannot be read")]
    Unreachable(#[source] ObjectError),
    /// An entry cannot be believed.
    #[error(transparent)]
    Entry(EntryProblem),
    /// A blob that an entry needs cannot be believed.
    #[error(transparent)]
    Blob(BlobProblem),
}

/// An entry's need of a blob.
struct BlobReference {
    stack: StackName,
    revision: Revision,
    /// The digest that its content must have, where the entry names it.
    content: Option<Digest>,
}

/// The entry that the next one must refer to, by its digest.
#[derive(Clone, Copy)]
enum Link {
    /// To this; none for the first entry.
    To(Option<Digest>),
    /// The entry before it cannot be read.
    Unknown,
}

#[derive(Default)]
struct StoreCheck {
    report: CheckReport,
    references: BTreeMap<BlobId, Vec<BlobReference>>,
}

impl Repository {
    /// Verifies every log, and blobs as deep as asked. It fails only when the store cannot tell
    /// which stacks there are.
    pub fn check(&self, depth: Depth) -> Result<CheckReport, Error> {
        let mut check = StoreCheck::default();
        for part in self.objects.children(&keys::stacks()?)? {
            match keys::stack_name(&part) {
                Some(stack) => {
                    check.report.stacks += 1;
                    self.check_log(&stack, &part, &mut check)?;
                }
                None => check.foreign(&keys::stack(&part)?, None),
            }
        }
        self.check_blobs(depth, &mut check)?;
        Ok(check.report)
    }

    fn check_log(
        &self,
        stack: &StackName,
        part: &str,
        check: &mut StoreCheck,
    ) -> Result<(), Error> {
        let mut slots = BTreeSet::new();
        for key in self.listed(&keys::stack(part)?, Some(stack), check) {
            match keys::revision(key.last()) {
                Some(revision) if keys::slot(stack, revision)? == key => {
                    slots.insert(revision);
                }
                // The index holds copies; a reader that uses it verifies them like slots.
                _ if key.parts().nth(2) == Some("index") => {}
                _ => check.foreign(&key, Some(stack)),
            }
        }
        let mut expected = Revision(1);
        let mut previous = Link::To(None);
        while let Some(revision) = slots.pop_first() {
            if revision != expected {
                let gap = StoreProblem::Entry(EntryProblem::Gap);
                check.entry(stack, expected, gap)?;
                previous = Link::Unknown;
            }
            previous = self.check_slot(stack, revision, previous, check)?;
            let Some(next) = revision.0.checked_add(1).map(Revision) else {
                break;
            };
            expected = next;
            // The list may lag behind.
            if slots.is_empty() && matches!(self.slot(stack, next), Ok(Some(_))) {
                slots.insert(next);
            }
        }
        Ok(())
    }

    /// The keys below the prefix; a list that cannot be had is a finding.
    fn listed(&self, prefix: &Key, stack: Option<&StackName>, check: &mut StoreCheck) -> Vec<Key> {
        match self.objects.list(prefix) {
            Ok(keys) => keys,
            Err(error) => {
                check.report.findings.push(StoreFinding {
                    key: prefix.to_string(),
                    stack: stack.cloned(),
                    revision: None,
                    problem: StoreProblem::Unreachable(error),
                });
                Vec::new()
            }
        }
    }

    /// Checks one slot and tells what the next one must refer to, when that is known.
    fn check_slot(
        &self,
        stack: &StackName,
        revision: Revision,
        previous: Link,
        check: &mut StoreCheck,
    ) -> Result<Link, Error> {
        let bytes = match self.objects.get(&keys::slot(stack, revision)?) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                check.entry(stack, revision, StoreProblem::Entry(EntryProblem::Gap))?;
                return Ok(Link::Unknown);
            }
            Err(error) => {
                check.entry(stack, revision, StoreProblem::Unreachable(error))?;
                return Ok(Link::Unknown);
            }
        };
        check.report.entries += 1;
        match self.verify(stack, revision, &bytes) {
            Ok(verified) => {
                check.refer(stack, revision, &verified.entry.recorded.body);
                if let Link::To(previous) = previous
                    && let Err(problem) = follows(&verified.entry, previous)
                {
                    check.entry(stack, revision, StoreProblem::Entry(problem))?;
                }
            }
            Err(problem) => check.entry(stack, revision, StoreProblem::Entry(problem))?,
        }
        Ok(match record::digest(&bytes) {
            Ok(digest) => Link::To(Some(digest)),
            Err(_) => Link::Unknown,
        })
    }

    fn check_blobs(&self, depth: Depth, check: &mut StoreCheck) -> Result<(), Error> {
        let mut stored = BTreeSet::new();
        for key in self.listed(&keys::blobs()?, None, check) {
            match keys::blob_id(&key) {
                Some(id) => {
                    stored.insert(id);
                }
                None => check.foreign(&key, None),
            }
        }
        let references = std::mem::take(&mut check.references);
        let referenced = |id: &&BlobId| references.contains_key(id);
        check.report.unreferenced = count(stored.iter().filter(|id| !referenced(id)));
        check.report.blobs = count(references.keys());
        let chosen = chosen(depth, &references)?;
        for (id, needs) in &references {
            if chosen.contains(id) {
                self.check_content(*id, needs, check)?;
            } else if !stored.contains(id) {
                match self.objects.get(&keys::blob(*id)?) {
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        check.blob(*id, needs, || StoreProblem::Blob(BlobProblem::Missing))?;
                    }
                    Err(error) => check.first(*id, needs, StoreProblem::Unreachable(error))?,
                }
            }
        }
        Ok(())
    }

    fn check_content(
        &self,
        id: BlobId,
        needs: &[BlobReference],
        check: &mut StoreCheck,
    ) -> Result<(), Error> {
        let stored = match self.read_blob(id) {
            Ok(Ok(stored)) => stored,
            Ok(Err(BlobProblem::Missing)) => {
                return check.blob(id, needs, || StoreProblem::Blob(BlobProblem::Missing));
            }
            Ok(Err(problem)) => return check.first(id, needs, StoreProblem::Blob(problem)),
            Err(Error::Object(error)) => {
                return check.first(id, needs, StoreProblem::Unreachable(error));
            }
            Err(other) => return Err(other),
        };
        check.report.blobs_read += 1;
        let content = match blob::unpack(&stored) {
            Ok(content) => content,
            Err(problem) => return check.first(id, needs, StoreProblem::Blob(problem)),
        };
        let found = Digest::of(&content);
        for need in needs {
            if need.content.is_some_and(|content| content != found) {
                let problem = StoreProblem::Blob(BlobProblem::WrongContent { found });
                check.first(id, std::slice::from_ref(need), problem)?;
            }
        }
        Ok(())
    }
}

impl StoreCheck {
    fn foreign(&mut self, key: &Key, stack: Option<&StackName>) {
        self.report.findings.push(StoreFinding {
            key: key.to_string(),
            stack: stack.cloned(),
            revision: None,
            problem: StoreProblem::Foreign,
        });
    }

    fn entry(
        &mut self,
        stack: &StackName,
        revision: Revision,
        problem: StoreProblem,
    ) -> Result<(), Error> {
        self.report.findings.push(StoreFinding {
            key: keys::slot(stack, revision)?.to_string(),
            stack: Some(stack.clone()),
            revision: Some(revision),
            problem,
        });
        Ok(())
    }

    /// One finding for each entry that needs the blob.
    fn blob(
        &mut self,
        id: BlobId,
        needs: &[BlobReference],
        problem: impl Fn() -> StoreProblem,
    ) -> Result<(), Error> {
        needs.iter().try_for_each(|need| self.first(id, std::slice::from_ref(need), problem()))
    }

    /// One finding, told of the first entry that needs the blob.
    fn first(
        &mut self,
        id: BlobId,
        needs: &[BlobReference],
        problem: StoreProblem,
    ) -> Result<(), Error> {
        let need = needs.first();
        self.report.findings.push(StoreFinding {
            key: keys::blob(id)?.to_string(),
            stack: need.map(|need| need.stack.clone()),
            revision: need.map(|need| need.revision),
            problem,
        });
        Ok(())
    }

    fn refer(&mut self, stack: &StackName, revision: Revision, body: &Body) {
        for (id, content) in needed(body) {
            self.references.entry(id).or_default().push(BlobReference {
                stack: stack.clone(),
                revision,
                content,
            });
        }
    }
}

/// The blobs that an entry refers to, with the digest of their content where it is said.
fn needed(body: &Body) -> Vec<(BlobId, Option<Digest>)> {
    match body {
        Body::Snapshot(snapshot) => {
            let state = snapshot.state.iter();
            let state = state.map(|state| (state.blob, Some(state.version.digest)));
            // A configuration's digest covers its archive, and its blob may hold more than that.
            let configuration = snapshot.configuration.iter();
            let configuration = configuration.map(|configuration| (configuration.blob, None));
            state.chain(configuration).collect()
        }
        Body::Evidence(evidence) => vec![(evidence.blob, Some(evidence.digest))],
        Body::RevertIntent(intent) => {
            intent.plan.iter().map(|blob| (*blob, intent.plan_digest)).collect()
        }
        Body::RevertOutcome(ended) => ended.events.iter().map(|blob| (*blob, None)).collect(),
        Body::Drift(look) => look.values.iter().map(|blob| (*blob, None)).collect(),
        Body::RunIntent(intent) => {
            intent.plan.iter().map(|blob| (*blob, intent.plan_digest)).collect()
        }
        Body::RunOutcome(ended) => ended.events.iter().map(|blob| (*blob, None)).collect(),
        Body::Mark(_)
        | Body::Verification(_)
        | Body::Fix(_)
        | Body::Hold(_)
        | Body::Release(_)
        | Body::Resolution(_)
        | Body::Diagnosis(_) => Vec::new(),
    }
}

/// Which blobs are read. A sample starts at a random place, so that in time all are read.
fn chosen(
    depth: Depth,
    references: &BTreeMap<BlobId, Vec<BlobReference>>,
) -> Result<BTreeSet<BlobId>, Error> {
    let share = match depth {
        Depth::Structure => 0,
        Depth::Sample(percent) => u64::from(percent.min(100)),
        Depth::Everything => 100,
    };
    let start = random::percent()?;
    // Every step of `share` over a hundred marks one blob.
    let marked =
        |position: u64| (start + (position + 1) * share) / 100 > (start + position * share) / 100;
    let ids = (0..).zip(references.keys());
    Ok(ids.filter(|(position, _)| marked(*position)).map(|(_, id)| *id).collect())
}

fn count(items: impl Iterator) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}
