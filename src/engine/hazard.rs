//! The hazards of a revert's plan: reasons not to apply it.
//!
//! Everything here makes a revert stricter. An object that the failed apply made goes without
//! asking, unless it bears data and may be older than an hour. An action that cannot be explained
//! is asked about. One that would destroy an object that the good snapshot wants is refused.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::identity::{Identity, Index, Sameness};
use super::judgement::{JudgedAction, Origin, Reason, Why};
use super::origin::is_journalled;
use super::revert::{RevertFacts, RevertSlot, by_slot, listed, shown_address};
use super::variables::VariableStanding;
use crate::knowledge::{Bears, Knowledge};
use crate::model::address::Address;
use crate::model::entry::Revision;
use crate::model::hazard::{Hazard, HazardKind};
use crate::model::pattern::Pattern;
use crate::model::plan::{Action, PlannedChange};
use crate::model::state::Instance;

/// The stack's own limits, `[revert]` in its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Number of objects that a revert may destroy beyond what it undoes.
    pub max_destroy: u64,
    /// Addresses that no revert destroys, replaces or forgets without being told.
    pub protect: Vec<Pattern>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_destroy: 3, protect: Vec::new() }
    }
}

/// One `--allow HAZARD=ADDR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Kind of the hazard.
    pub kind: HazardKind,
    /// Pattern of the subjects for which it is accepted.
    pub subject: Pattern,
}

/// A text that allows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAllowance {
    /// No `=`, or nothing after it.
    #[error("`{0}` is not HAZARD=ADDRESS")]
    Shape(String),
    /// A name that no hazard has.
    #[error("no such hazard: `{0}`")]
    Hazard(String),
    /// A hazard that cannot be accepted.
    #[error("`{kind}` cannot be allowed: {why}")]
    Never {
        /// The hazard.
        kind: HazardKind,
        /// The reason.
        why: &'static str,
    },
}

impl std::str::FromStr for Allowance {
    type Err = NotAnAllowance;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || NotAnAllowance::Shape(text.to_owned());
        let (kind, subject) = text.split_once('=').ok_or_else(shape)?;
        if subject.is_empty() {
            return Err(shape());
        }
        let kind: HazardKind = kind.parse().map_err(|_| NotAnAllowance::Hazard(kind.to_owned()))?;
        match kind.why_never() {
            None => Ok(Self { kind, subject: Pattern::new(subject) }),
            Some(why) => Err(NotAnAllowance::Never { kind, why }),
        }
    }
}

impl Allowance {
    /// Whether this accepts `hazard`.
    pub fn covers(&self, hazard: &Hazard) -> bool {
        self.kind == hazard.kind
            && hazard.kind.can_be_accepted()
            && self.subject.matches(&hazard.subject)
    }
}

/// The present, if ages may be reckoned from it; `None` when it is before a time in the log. Such a
/// clock has gone back since, and something old would look young.
pub fn believable(now: Timestamp, latest_in_log: Option<Timestamp>) -> Option<Timestamp> {
    Some(now).filter(|now| latest_in_log.is_none_or(|latest| latest <= *now))
}

/// Every reason not to apply the plan, in the order of [`HazardKind`], then of addresses.
/// `now` is the present as far as it is [`believable`]; without it nothing is young.
pub fn hazards(
    facts: &RevertFacts<'_>,
    judged: &[JudgedAction],
    limits: &Limits,
    variables: &BTreeMap<String, VariableStanding>,
    now: Option<Timestamp>,
) -> Vec<Hazard> {
    let known = WantedObjects {
        good: facts.good.revision,
        // A left-over has no home: the good configuration itself would have ended it.
        homes: Index::of(
            facts.good.state.instances.iter().filter(|object| object.deposed.is_none()),
            facts.knowledge,
        ),
        current: by_slot(facts.current),
        knowledge: facts.knowledge,
    };
    let mut found = Vec::new();
    for (change, action) in facts.plan.effective().zip(judged) {
        found.extend(rekey(&known, change));
        found.extend(data(facts.knowledge, change, action, now));
        found.extend(protected(change, limits));
        found.extend(besides::forgets(facts, &known.current, change));
        found.extend(prevented(facts, change));
        found.extend(unknown_origin(facts, &known, change, action));
        found.extend(reasons(action));
        found.extend(missing_file::of_change(facts.missing_files, change));
        found.extend(not_replayable::of_change(facts.not_replayable, change));
    }
    found.extend(not_replayable::of_plan(facts.not_replayable, facts.plan));
    found.extend(besides::invocations(facts.plan));
    found.extend(besides::unknown(facts.plan));
    found.extend(nobody_knows(facts, judged));
    found.extend(too_many(judged, limits));
    found.extend(of_variables(variables));
    in_order(found)
}

/// The hazards of variables that are not as they were.
pub fn of_variables(variables: &BTreeMap<String, VariableStanding>) -> Vec<Hazard> {
    variables.iter().filter_map(|(name, standing)| variable(name, *standing)).collect()
}

/// Hazards in the order of [`HazardKind`], then of addresses.
pub fn in_order(hazards: impl IntoIterator<Item = Hazard>) -> Vec<Hazard> {
    let mut hazards: Vec<Hazard> = hazards.into_iter().collect();
    hazards.sort_by_key(|hazard| (hazard.kind, hazard.subject.clone()));
    hazards
}

fn hazard(kind: HazardKind, change: &PlannedChange, why: String) -> Hazard {
    Hazard { kind, subject: shown_address(change), why }
}

/// Objects of the good snapshot and of the current state, to tell whether a real one is wanted.
struct WantedObjects<'a> {
    good: Revision,
    /// Objects of the good snapshot by what they really are: an id need not be unique.
    homes: Index<'a, 'a, 'a>,
    current: BTreeMap<RevertSlot<'a>, &'a Instance<'a>>,
    knowledge: &'a Knowledge,
}

impl WantedObjects<'_> {
    /// The object that a change is about, as the state has it.
    fn object(&self, change: &PlannedChange) -> Option<Identity> {
        // Terraform itself moves `a` to `a[0]` and back when `count` comes or goes.
        let address = change.previous_address.as_ref().unwrap_or(&change.address);
        let object = self.current.get(&(address, change.deposed.as_deref()))?;
        Some(Identity::of(object, self.knowledge))
    }

    /// Whether the state still has the very object that the good snapshot has at its address.
    fn is_at_home(&self, home: &Instance<'_>) -> bool {
        let object = self.current.get(&(&home.address, None));
        let identity = |object| Identity::of(object, self.knowledge);
        object.is_some_and(|object| identity(object).compare(&identity(home)) == Sameness::Same)
    }
}

/// The hazard of destroying an object that the good snapshot knows at another address.
fn rekey(known: &WantedObjects<'_>, change: &PlannedChange) -> Option<Hazard> {
    if !change.action.destroys() {
        return None;
    }
    let homes = known.homes.all(&known.object(change)?, Sameness::Same);
    let homes: BTreeSet<&Address> = homes.into_iter().map(|object| &object.address).collect();
    let is_home = homes.contains(&change.address) && change.deposed.is_none();
    let home = homes.first()?;
    (!is_home).then(|| {
        // Its id stays out of this: it can be secret.
        let why = format!("{} knows this very object as {home}", known.good);
        hazard(HazardKind::NeedsRekey, change, why)
    })
}

/// Address of a good object that may be the one that would be destroyed. It has the same name under
/// another provider configuration, and is no longer at its good address.
fn perhaps_home<'a>(known: &WantedObjects<'a>, change: &PlannedChange) -> Option<&'a Address> {
    let homes = known.homes.all(&known.object(change)?, Sameness::Perhaps);
    homes.into_iter().find(|home| !known.is_at_home(home)).map(|home| &home.address)
}

fn data(
    knowledge: &Knowledge,
    change: &PlannedChange,
    action: &JudgedAction,
    now: Option<Timestamp>,
) -> Option<Hazard> {
    if !change.action.destroys() && !change.action.replaces() {
        return None;
    }
    let why = match knowledge.bears_data(&change.provider, &change.address.kind) {
        Bears::Nothing(_) => return None,
        Bears::Data(why) => format!("bears data: {why}"),
        Bears::Unknown => "may bear data: nothing is known of this type".to_owned(),
    };
    if change.action.replaces() {
        return Some(hazard(HazardKind::ReplacesData, change, why));
    }
    // What the failed apply made an hour ago at most has hardly anybody's data in it yet.
    // An age below zero is a clock's mistake and no age.
    let young = SignedDuration::ZERO..SignedDuration::from_hours(1);
    let is_young = match (action.origin, now) {
        (Origin::MadeSince { time, .. }, Some(now)) => young.contains(&now.duration_since(time)),
        (Origin::MadeSince { .. } | Origin::Good | Origin::Imported | Origin::Unknown, _) => false,
    };
    let why = match (action.origin, now) {
        (Origin::MadeSince { revision, .. }, None) => {
            format!("{why}; made since {revision}, but the clock has gone back and cannot say when")
        }
        _ => why,
    };
    (!is_young).then(|| hazard(HazardKind::DestroysData, change, why))
}

fn protected(change: &PlannedChange, limits: &Limits) -> Option<Hazard> {
    let address = change.address.to_string();
    let pattern = limits.protect.iter().find(|pattern| pattern.matches(&address))?;
    let action = change.action;
    let ends = action.destroys() || action.replaces() || action == Action::Forget;
    ends.then(|| {
        let why = format!("would {action}; protected by `{pattern}`");
        hazard(HazardKind::Protected, change, why)
    })
}

/// The hazard of ending an object whose block says `prevent_destroy` or `destroy = false`. The engine
/// keeps to that only while the block is in the configuration that it plans, and Terraform never for a
/// left-over. The private copy is planned without `prevent_destroy`, so that this is the one place.
fn prevented(facts: &RevertFacts<'_>, change: &PlannedChange) -> Option<Hazard> {
    let ends = change.action.destroys() || change.action.replaces();
    let address = change.address.to_string();
    let is_meant = || facts.destroy_forgotten.iter().any(|pattern| pattern.matches(&address));
    let block = change.address.block();
    let word = match (facts.prevented.contains(&block), facts.destroy_false.contains(&block)) {
        (true, _) if ends => "prevent_destroy",
        // What is forgotten is a hazard of its own.
        (_, true) if change.action.destroys() && !is_meant() => "destroy = false",
        _ => return None,
    };
    let why = format!("would {}; the configuration says `{word}`", change.action);
    Some(hazard(HazardKind::PreventDestroy, change, why))
}

fn unknown_origin(
    facts: &RevertFacts<'_>,
    known: &WantedObjects<'_>,
    change: &PlannedChange,
    action: &JudgedAction,
) -> Option<Hazard> {
    if !change.action.destroys() || action.origin == Origin::Good {
        return None;
    }
    let good = facts.good.revision;
    let why = match (action.origin, facts.before) {
        (Origin::MadeSince { .. } | Origin::Good, _) => {
            let home = perhaps_home(known, change)?;
            format!(
                "may be {home} of {good}, which has its id under another provider configuration"
            )
        }
        (Origin::Imported, _) => {
            format!(
                "not in {good}; it was imported since, so it is older than any apply, and this would \
                 end it: to keep it, have it forgotten first, by the subcommand `state rm`"
            )
        }
        // They are one group.
        (Origin::Unknown, _) if !is_journalled(facts.journals) => return None,
        (Origin::Unknown, Some(before)) => {
            format!("not in {good}, in no journal since, and there already in {}", before.revision)
        }
        (Origin::Unknown, None) => {
            format!("not in {good}, and no journal since has it: it was made besides them")
        }
    };
    Some(hazard(HazardKind::UnknownOrigin, change, why))
}

/// How many addresses a hazard of several objects names.
const NAMED_MAX: usize = 8;

/// Without a journal nothing tells one object that appeared since good from another: they are
/// acknowledged together.
fn nobody_knows(facts: &RevertFacts<'_>, judged: &[JudgedAction]) -> Option<Hazard> {
    if is_journalled(facts.journals) {
        return None;
    }
    let is_meant =
        |action: &&JudgedAction| action.action.destroys() && action.origin == Origin::Unknown;
    let objects: Vec<&str> =
        judged.iter().filter(is_meant).map(|action| action.address.as_str()).collect();
    let good = facts.good.revision;
    let named: Vec<&str> = objects.iter().copied().take(NAMED_MAX).collect();
    let more = match objects.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let why = match facts.before {
        Some(before) => format!("and there already in {}", before.revision),
        None => "and nothing says which apply made what".to_owned(),
    };
    (!objects.is_empty()).then(|| Hazard {
        kind: HazardKind::UnknownOrigin,
        subject: format!("since-{}", good.0),
        why: format!("not in {good}, {why}: {}{more}", named.join(", ")),
    })
}

/// Hazards for the reasons that are no undo, one for each kind.
fn reasons(action: &JudgedAction) -> Vec<Hazard> {
    let mut found: Vec<Hazard> = Vec::new();
    for reason in &action.reasons {
        let kind = match reason.why {
            Why::OverwritesFix => HazardKind::OverwritesFix,
            Why::NotGood => HazardKind::NotGood,
            Why::Collateral => HazardKind::Collateral,
            Why::OlderDrift => HazardKind::OlderDrift,
            Why::MovedInput => HazardKind::MovedInput,
            Why::Undo => continue,
        };
        let why = clause(action, reason);
        match found.iter_mut().find(|hazard| hazard.kind == kind) {
            Some(hazard) => hazard.why = format!("{}; {why}", hazard.why),
            None => found.push(Hazard { kind, subject: action.address.clone(), why }),
        }
    }
    found
}

fn clause(action: &JudgedAction, reason: &Reason) -> String {
    let inside = match reason.paths.as_slice() {
        [] => String::new(),
        paths => format!(" ({})", listed(&action.named(paths))),
    };
    match reason.why {
        // These name their attributes themselves.
        Why::OverwritesFix => reason.cause.clone(),
        Why::NotGood | Why::Collateral | Why::OlderDrift | Why::MovedInput | Why::Undo => {
            format!("{}, and the plan would {} it{inside}", reason.cause, action.action)
        }
    }
}

fn too_many(judged: &[JudgedAction], limits: &Limits) -> Option<Hazard> {
    let ends: BTreeSet<&str> = judged
        .iter()
        .filter(|action| action.action.destroys() && action.why() != Why::Undo)
        .map(|action| action.address.as_str())
        .collect();
    let count = u64::try_from(ends.len()).unwrap_or(u64::MAX);
    (count > limits.max_destroy).then(|| Hazard {
        kind: HazardKind::TooManyDestroys,
        subject: "stack".to_owned(),
        why: format!(
            "{count} objects beyond what is undone; max_destroy is {}",
            limits.max_destroy
        ),
    })
}

/// The subject of a variable's hazard.
fn variable_subject(name: &str) -> String {
    format!("var.{name}")
}

/// Whether a variable's hazard is accepted.
pub fn allows_variable(allowed: &[Allowance], name: &str) -> bool {
    let (kind, subject) = (HazardKind::VariableChanged, variable_subject(name));
    let hazard = Hazard { kind, subject, why: String::new() };
    allowed.iter().any(|allowance| allowance.covers(&hazard))
}

fn variable(name: &str, standing: VariableStanding) -> Option<Hazard> {
    let why = match standing {
        VariableStanding::Given | VariableStanding::Credential => return None,
        VariableStanding::Allowed => "has another value today, which is used".to_owned(),
        VariableStanding::Differs => format!(
            "has another value today, and the plan has the captured one: once allowed, today's is \
             used; without TF_VAR_{name} or its -var, the captured one is"
        ),
        VariableStanding::OnlyToday => format!(
            "is set today and was not when the good snapshot was taken: once allowed, today's value \
             is used; without TF_VAR_{name} or its -var, none is"
        ),
        VariableStanding::TakenFromToday => {
            "was not captured; today's value would be used".to_owned()
        }
        VariableStanding::Missing => "was not captured and has no value today".to_owned(),
    };
    Some(Hazard { kind: HazardKind::VariableChanged, subject: variable_subject(name), why })
}

mod besides;
pub mod missing_file;
pub mod newer_applied;
pub mod not_replayable;
pub mod places;

#[cfg(test)]
mod tests;
