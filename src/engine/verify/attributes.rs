//! Rulings on attributes that do not have their good value.
//!
//! A value that the configuration says and that is not the good one is a *difference*, unless a
//! rule says why it may be. It may move on its own, come from an object that was made anew, be
//! agreed to, or be one that the configuration tells Terraform to leave alone. A value that the
//! configuration does not say is the provider's. It is told, and no difference, unless an apply
//! that was to be taken back wrote it there. The residual says what a plan still proposes, and it
//! is not said again.

use std::collections::{BTreeMap, BTreeSet};

use super::VerifyFacts;
use super::pair::VerifiedPair;
use super::recreated::{Carried, dependencies};
use crate::engine::compare::{Difference, differences, is_equal};
use crate::engine::judgement::{Unlikeness, Why};
use crate::engine::noise::{Noise, is_reordered};
use crate::engine::readable::{Insignificant, Reader, named};
use crate::engine::revert::listed;
use crate::model::good::Residual;
use crate::model::references::{Reference, ReferenceSubject};
use crate::model::state::Instance;
use crate::model::value::{Path, Step, Value};

/// Facts about the whole, for one object after the other.
pub(super) struct AttributeRules<'r, 'f> {
    pub(super) facts: &'r VerifyFacts<'f>,
    pub(super) carried: &'r Carried,
    /// Blocks with an object that was made from one that was made anew.
    pub(super) affected: BTreeSet<String>,
    /// Proposals of a plan by address: those that it always makes, and those that it makes besides.
    usual: BTreeMap<&'r str, &'r [String]>,
    proposed: BTreeMap<&'r str, &'r [String]>,
    agreed: BTreeMap<String, Vec<&'f Path>>,
}

/// Ruling on an attribute that has another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ruling {
    /// It is said elsewhere, and it is not the same.
    Told,
    /// It is told, for this reason.
    Note(&'static str),
    /// It is a difference; the clause says more.
    Difference(String),
}

/// Notes and differences of one object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) notes: Vec<String>,
    pub(super) differences: Vec<String>,
    /// Whether every attribute is the good one.
    pub(super) is_equal: bool,
}

const OWN: &str = ", which the configuration does not say";
const IGNORED: &str = ", which Terraform is told to leave alone";
const MADE_FROM: &str = ", made from what was made anew";
const AGREED: &str = ", as was agreed to";
const TODAY: &str = ", made from a variable of today";
const SCHEMA: &str = ", which one version of the provider does not know";
const LEFT: &str =
    ", as an apply that was to be taken back wrote it; the configuration does not say it";

impl<'r, 'f> AttributeRules<'r, 'f> {
    pub(super) fn new(
        facts: &'r VerifyFacts<'f>,
        carried: &'r Carried,
        proposed: &'r [Residual],
        now: impl Iterator<Item = &'r Instance<'f>>,
    ) -> Self
    where
        'f: 'r,
    {
        let is_from = |object: &&Instance<'_>| {
            object.dependencies.iter().any(|from| carried.blocks.contains(from.as_ref()))
        };
        let affected = now.filter(|object| !carried.is_empty() && is_from(object));
        let of = |fits: &dyn Fn(&Residual) -> bool| {
            let fitting = proposed.iter().filter(|action| fits(action));
            fitting.map(|action| (action.address.as_str(), action.paths.as_slice())).collect()
        };
        Self {
            facts,
            carried,
            affected: affected.map(|object| object.address.block()).collect(),
            usual: of(&|action| facts.residual.contains(action)),
            proposed: of(&|action| !facts.residual.contains(action)),
            agreed: agreed(facts),
        }
    }

    /// Notes and differences of an object that is at its address.
    pub(super) fn said(&self, pair: &VerifiedPair<'f>) -> Said {
        let found = self.rulings(pair);
        let mut said = Said { is_equal: found.is_empty(), ..Said::default() };
        for (ruling, paths) in found {
            let named = self.named(pair, &paths);
            let clause =
                |more: &str| format!("{} differs in {}{more}", pair.address, listed(&named));
            match ruling {
                Ruling::Told => {}
                Ruling::Note(why) => said.notes.push(clause(why)),
                Ruling::Difference(why) => said.differences.push(clause(&why)),
            }
        }
        said
    }

    /// Paths with elements of lists under the names that a diff gives them.
    fn named(&self, pair: &VerifiedPair<'f>, paths: &BTreeSet<Path>) -> BTreeSet<Path> {
        if paths.iter().all(|path| path.outermost_list().is_none()) {
            return paths.clone();
        }
        let then = self.carried.over(&pair.then, &dependencies(pair.good, pair.now));
        let reader = Reader {
            redactor: self.facts.redactor,
            owner: "",
            marks: &marks(pair),
            rules: &|_, _| None,
            insignificant: Insignificant::Shown,
        };
        let changes = reader.between(&Path::default(), Some(&then), Some(&pair.is)).changes;
        named(&changes, paths)
    }

    /// Paths of an object that are differences. Of values that the configuration says, only those
    /// that `counts`.
    pub(super) fn unlike(
        &self,
        pair: &VerifiedPair<'f>,
        counts: impl Fn(&Path) -> bool,
    ) -> Vec<Path> {
        let is_unlike = |(ruling, path): &(&Ruling, &Path)| match ruling {
            Ruling::Told | Ruling::Note(_) => false,
            Ruling::Difference(why) => why.as_str() == LEFT || counts(path),
        };
        let found = self.rulings(pair);
        let all = found.iter().flat_map(|(ruling, paths)| paths.iter().map(move |p| (ruling, p)));
        let unlike: BTreeSet<Path> = all.filter(is_unlike).map(|(_, path)| path.clone()).collect();
        unlike.into_iter().collect()
    }

    /// Everything that is not as it was, by its ruling; paths as they may be shown.
    fn rulings(&self, pair: &VerifiedPair<'f>) -> BTreeMap<Ruling, BTreeSet<Path>> {
        let from = dependencies(pair.good, pair.now);
        let then = self.carried.over(&pair.then, &from);
        let knowledge = self.facts.knowledge;
        let noise = knowledge.noise(&pair.now.provider.source, &pair.address.kind);
        let noise = Noise::new(noise, &then, &pair.is);
        let marks = marks(pair);
        let mut found: BTreeMap<Ruling, BTreeSet<Path>> = BTreeMap::new();
        for difference in differences(&then, &pair.is) {
            // What is as it was and names an object that is gone is `references`' to say.
            let is_as_it_was = is_equal(pair.then.at(&difference.path), difference.after.as_ref())
                || is_proposed(&self.usual, pair, &difference.path);
            if is_as_it_was
                || pair.is_open(&difference)
                || is_silent(&noise, &then, &pair.is, &pair.then, &difference)
            {
                continue;
            }
            let shown = self.facts.redactor.path(&difference.path, &marks);
            let ruling = self.ruling(pair, &from, &difference, &shown);
            found.entry(ruling).or_default().insert(shown);
        }
        found
    }

    fn ruling(
        &self,
        pair: &VerifiedPair<'f>,
        from: &BTreeSet<&str>,
        difference: &Difference,
        shown: &Path,
    ) -> Ruling {
        let path = &difference.path;
        let is_one_sided = difference.before.is_none() || difference.after.is_none();
        if is_proposed(&self.proposed, pair, path) {
            Ruling::Told
        } else if self.is_agreed(pair, shown) {
            Ruling::Note(AGREED)
        } else if pair.good.schema_version != pair.now.schema_version && is_one_sided {
            Ruling::Note(SCHEMA)
        } else if pair.writes(path) {
            self.of_written(pair, from, path)
        } else if pair.is_anew {
            // That it was made anew is told already, and these are the new one's.
            Ruling::Told
        } else if self.is_left(pair, difference) {
            Ruling::Difference(LEFT.to_owned())
        } else {
            Ruling::Note(OWN)
        }
    }

    /// Rules on a value that the configuration says.
    fn of_written(&self, pair: &VerifiedPair<'f>, from: &BTreeSet<&str>, path: &Path) -> Ruling {
        let references = pair.block.map_or(&[][..], |block| block.references(path));
        let block = pair.address.block();
        let words = self.facts.configuration.good.get(&block);
        if words.is_some_and(|words| top(path).is_some_and(|top| words.ignores(top))) {
            Ruling::Note(IGNORED)
        } else if references.iter().any(|one| self.is_from_anew(pair, from, one)) {
            Ruling::Note(MADE_FROM)
        } else if references.iter().any(|one| self.may_be_todays(pair, one)) {
            Ruling::Note(TODAY)
        } else {
            let data = references.iter().filter_map(|reference| match &reference.subject {
                ReferenceSubject::Data(block) => Some(block.as_str()),
                ReferenceSubject::Resource(_)
                | ReferenceSubject::Input(_)
                | ReferenceSubject::Output { .. }
                | ReferenceSubject::Hidden => None,
            });
            let data: BTreeSet<&str> = data.collect();
            let data: Vec<&str> = data.into_iter().collect();
            let more = match data.as_slice() {
                [] => String::new(),
                data => format!(", made from {}", data.join(", ")),
            };
            Ruling::Difference(more)
        }
    }

    /// Whether a reference may lead to an object that was made anew.
    fn is_from_anew(
        &self,
        pair: &VerifiedPair<'f>,
        from: &BTreeSet<&str>,
        reference: &Reference,
    ) -> bool {
        match &reference.subject {
            ReferenceSubject::Resource(block) => {
                let own = pair.address.block();
                let local = format!("{}.{}", pair.address.kind, pair.address.name);
                let prefix = own.strip_suffix(&local).unwrap_or_default();
                let named = format!("{prefix}{block}");
                self.carried.blocks.contains(&named) || self.affected.contains(&named)
            }
            ReferenceSubject::Data(_)
            | ReferenceSubject::Input(_)
            | ReferenceSubject::Output { .. }
            | ReferenceSubject::Hidden => {
                from.iter().any(|block| self.carried.blocks.contains(*block))
            }
        }
    }

    fn is_agreed(&self, pair: &VerifiedPair<'f>, shown: &Path) -> bool {
        let address = self.facts.redactor.text(&pair.address.to_string());
        let known = self.agreed.get(&address).into_iter().flatten();
        known.into_iter().any(|path| path.covers(shown) || shown.covers(path))
    }

    /// Whether a reference may lead to a variable that has today's value. The root module names the
    /// one that it means; from elsewhere any may be meant.
    fn may_be_todays(&self, pair: &VerifiedPair<'f>, reference: &Reference) -> bool {
        let variables = self.facts.done.variables.iter();
        let mut todays = variables.filter(|(_, standing)| standing.is_todays());
        match &reference.subject {
            ReferenceSubject::Input(input) if pair.address.module.is_empty() => {
                todays.any(|(name, _)| name == input)
            }
            ReferenceSubject::Input(_)
            | ReferenceSubject::Output { .. }
            | ReferenceSubject::Hidden => todays.next().is_some(),
            ReferenceSubject::Data(_) | ReferenceSubject::Resource(_) => false,
        }
    }

    /// Whether an apply that was to be taken back wrote it, and the revert left it as it found it.
    fn is_left(&self, pair: &VerifiedPair<'f>, difference: &Difference) -> bool {
        let (block, top) = (pair.address.block(), top(&difference.path));
        let says = |resource: Option<&crate::codec::hcl::ResourceBlock>| {
            resource.is_some_and(|resource| top.is_some_and(|top| resource.arguments.contains(top)))
        };
        let configuration = self.facts.configuration;
        let is_written = configuration.since.iter().any(|since| says(since.get(&block)));
        let found = pair.done.and_then(|change| change.before.at(&difference.path));
        is_written
            && !says(configuration.good.get(&block))
            && pair.done.is_some()
            && is_equal(found, difference.after.as_ref())
    }
}

/// Paths that either state marks.
fn marks(pair: &VerifiedPair<'_>) -> Vec<Path> {
    pair.good.sensitive.iter().chain(&pair.now.sensitive).cloned().collect()
}

/// Whether a plan proposes to change it; the residual says that.
fn is_proposed(proposed: &BTreeMap<&str, &[String]>, pair: &VerifiedPair<'_>, path: &Path) -> bool {
    let address = pair.address.to_string();
    let Some(paths) = proposed.get(address.as_str()) else { return false };
    let text = path.to_string();
    let is_below = |text: &str, above: &str| {
        text.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    paths.is_empty() || paths.iter().any(|p| is_below(&text, p) || is_below(p, &text))
}

/// Values that are not the good ones and were agreed to, by address as a screen has it.
fn agreed<'f>(facts: &VerifyFacts<'f>) -> BTreeMap<String, Vec<&'f Path>> {
    let mut agreed: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    let asked = |why| matches!(why, Why::MovedInput | Why::Collateral | Why::NotGood);
    for action in facts.done.rounds.iter().flat_map(|round| round.actions) {
        let reasons = action.reasons.iter().filter(|reason| asked(reason.why));
        let paths = reasons.flat_map(|reason| &reason.paths);
        agreed.entry(action.address.clone()).or_default().extend(paths);
    }
    for one in facts.done.agreed {
        if let Unlikeness::Values(paths) = &one.how {
            let address = facts.redactor.text(&one.address);
            agreed.entry(address).or_default().extend(paths);
        }
    }
    agreed
}

/// Whether a difference says nothing: by a rule, as another word for nothing, or because a set is
/// in another order since ids in it are other ones.
fn is_silent(
    noise: &Noise<'_>,
    then: &Value,
    is: &Value,
    unmapped: &Value,
    difference: &Difference,
) -> bool {
    let above = |length| Path(difference.path.0.iter().take(length).cloned().collect());
    // An empty block that comes or goes says something: `allow {}` is not `block {}`. What is in it
    // does not come or go by itself.
    let is_one_sided = |at: &Path| then.at(at).is_some() != is.at(at).is_some();
    let steps = difference.path.0.iter().enumerate();
    let elements = steps.filter(|(_, step)| matches!(step, Step::Index(_)));
    let element = elements.map(|(at, _)| at + 1).find(|length| is_one_sided(&above(*length)));
    let is_blank = |side: &Option<Value>| match side {
        None | Some(Value::Bool(false)) => true,
        Some(Value::Number(number)) => number.as_str() == "0",
        Some(value) => value.is_empty(),
    };
    if element.is_none() && is_blank(&difference.before) && is_blank(&difference.after) {
        return true;
    }
    (1..=element.unwrap_or(difference.path.0.len())).map(above).any(|above| {
        let (before, after) = (then.at(&above), is.at(&above));
        noise.hidden_by(&above, before, after).is_some()
            || matches!((before, after), (Some(Value::List(a)), Some(Value::List(b)))
                if is_reordered(a, b) && unmapped.at(&above) != before)
    })
}

fn top(path: &Path) -> Option<&str> {
    match path.0.first() {
        Some(Step::Name(name)) => Some(name),
        Some(Step::Index(_) | Step::Element(_)) | None => None,
    }
}
