//! Which object of the good state is which of the current one.
//!
//! Two are one when their identities say so and nothing else has that identity. An identity that
//! occurs twice matches nothing, except that objects which all stand where they stood are left
//! alone. The roles of objects without a partner are not decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ambiguous, Doubt, RekeyFacts};
use crate::engine::identity::{Identity, Sameness};
use crate::knowledge::{Knowledge, StateOnly};
use crate::model::address::Mode;
use crate::model::placement::Slot;
use crate::model::state::Instance;

/// Number of pairs of objects with one name beyond which they are not compared: it would take as
/// long as there are pairs.
const CANDIDATES_MAX: usize = 4_096;

/// Objects of the good and of the current state that are the same one.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// By position in the good state, the position in the current one.
    pub(super) current_of: BTreeMap<usize, usize>,
    /// The other way round.
    pub(super) good_of: BTreeMap<usize, usize>,
    /// Objects of the good state whose partner is doubtful.
    pub(super) doubtful_good: BTreeSet<usize>,
    /// Objects of the current state whose partner is doubtful.
    pub(super) doubtful_current: BTreeSet<usize>,
    /// The doubts, to be told.
    pub(super) ambiguous: Vec<Ambiguous>,
}

impl Matched {
    fn pair(&mut self, good: usize, current: usize) {
        self.current_of.insert(good, current);
        self.good_of.insert(current, good);
    }

    fn is_open(&self, good: usize, current: usize) -> bool {
        !self.current_of.contains_key(&good)
            && !self.good_of.contains_key(&current)
            && !self.doubtful_good.contains(&good)
            && !self.doubtful_current.contains(&current)
    }
}

/// An object with its identity.
struct NamedObject<'s> {
    position: usize,
    instance: &'s Instance<'s>,
    identity: Identity,
}

/// Matches the objects of both states.
pub(super) fn matched(facts: &RekeyFacts<'_>) -> Matched {
    // A left-over of the good state is wanted nowhere.
    let good = objects(&facts.good.instances, facts.knowledge, |i| i.deposed.is_none());
    let current = objects(&facts.current.instances, facts.knowledge, |_| true);
    let edges = Edges::between(facts, &good, &current);
    let mut matched = Matched::default();
    for group in connected(&edges.same).iter().chain(&edges.crowds) {
        settle(facts, group, &mut matched);
    }
    by_address(facts, &good, &current, &mut matched);
    // All that an object may be is in doubt with it. Of one pair after the other only the first
    // would be, and the next one would be destroyed as nobody's.
    let is_open = |(good, current): &&(usize, usize)| matched.is_open(*good, *current);
    let open: BTreeSet<_> = edges.perhaps.iter().filter(is_open).copied().collect();
    for group in connected(&open) {
        doubt(facts, &group, Doubt::Place, &mut matched);
    }
    matched
}

fn objects<'s>(
    instances: &'s [Instance<'s>],
    knowledge: &Knowledge,
    is_wanted: impl Fn(&Instance<'_>) -> bool,
) -> Vec<NamedObject<'s>> {
    let mut namings = BTreeMap::new();
    let managed = instances.iter().enumerate();
    managed
        .filter(|(_, instance)| instance.address.mode == Mode::Managed && is_wanted(instance))
        .map(|(position, instance)| {
            let (source, kind) = (&instance.provider.source, instance.address.kind.as_str());
            let naming =
                namings.entry((source, kind)).or_insert_with(|| knowledge.naming(source, kind));
            NamedObject { position, instance, identity: Identity::named(instance, *naming) }
        })
        .collect()
}

/// Which objects may be which, as pairs of positions.
#[derive(Default)]
struct Edges {
    same: BTreeSet<(usize, usize)>,
    perhaps: BTreeSet<(usize, usize)>,
    crowds: Vec<Group>,
}

/// Objects that all have to do with each other.
#[derive(Default)]
struct Group {
    good: BTreeSet<usize>,
    current: BTreeSet<usize>,
}

impl Edges {
    fn between(
        facts: &RekeyFacts<'_>,
        good: &[NamedObject<'_>],
        current: &[NamedObject<'_>],
    ) -> Self {
        let mut by_name: BTreeMap<_, (Vec<&NamedObject<'_>>, Vec<&NamedObject<'_>>)> =
            BTreeMap::new();
        for object in good {
            for key in object.identity.keys() {
                by_name.entry(key).or_default().0.push(object);
            }
        }
        for object in current {
            for key in object.identity.keys() {
                // What the good state does not have by this name can be nobody there.
                if let Some((_, current)) = by_name.get_mut(&key) {
                    current.push(object);
                }
            }
        }
        let mut edges = Self::default();
        for (good, current) in by_name.into_values() {
            if good.len().saturating_mul(current.len()) > CANDIDATES_MAX {
                let positions = |objects: &[&NamedObject<'_>]| {
                    objects.iter().map(|object| object.position).collect()
                };
                edges.crowds.push(Group { good: positions(&good), current: positions(&current) });
                continue;
            }
            for good in good {
                for current in &current {
                    edges.compare(facts, good, current);
                }
            }
        }
        edges
    }

    fn compare(
        &mut self,
        facts: &RekeyFacts<'_>,
        good: &NamedObject<'_>,
        current: &NamedObject<'_>,
    ) {
        let leads = facts.places.leads(&good.instance.provider, &current.instance.provider);
        let pair = (good.position, current.position);
        match good.identity.compare_where(&current.identity, leads) {
            Sameness::Same => self.same.insert(pair),
            Sameness::Perhaps => self.perhaps.insert(pair),
            Sameness::Other | Sameness::Unnamed => false,
        };
    }
}

/// The groups that pairs connect.
fn connected(pairs: &BTreeSet<(usize, usize)>) -> Vec<Group> {
    let mut of_good: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut of_current: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (good, current) in pairs {
        of_good.entry(*good).or_default().push(*current);
        of_current.entry(*current).or_default().push(*good);
    }
    let mut groups = Vec::new();
    let mut seen = BTreeSet::new();
    for start in of_good.keys() {
        let mut group = Group::default();
        let mut open = vec![*start];
        while let Some(good) = open.pop() {
            if !seen.insert(good) {
                continue;
            }
            group.good.insert(good);
            for current in of_good.get(&good).into_iter().flatten() {
                if group.current.insert(*current) {
                    open.extend(of_current.get(current).into_iter().flatten());
                }
            }
        }
        if !group.good.is_empty() {
            groups.push(group);
        }
    }
    groups
}

/// Pairs a group of one and one, and a group that stands where it stood. Any other is doubtful.
fn settle(facts: &RekeyFacts<'_>, group: &Group, matched: &mut Matched) {
    if let (1, 1, Some(good), Some(current)) =
        (group.good.len(), group.current.len(), group.good.first(), group.current.first())
    {
        matched.pair(*good, *current);
        return;
    }
    let good: BTreeMap<_, usize> = group
        .good
        .iter()
        .filter_map(|at| Some(((&facts.good.instances.get(*at)?.address, None), *at)))
        .collect();
    let current: BTreeMap<_, usize> = group
        .current
        .iter()
        .filter_map(|at| {
            let instance = facts.current.instances.get(*at)?;
            Some(((&instance.address, instance.deposed.as_deref()), *at))
        })
        .collect();
    if good.keys().eq(current.keys()) {
        for (good, current) in good.values().zip(current.values()) {
            matched.pair(*good, *current);
        }
    } else {
        doubt(facts, group, Doubt::Twice, matched);
    }
}

/// Records a doubt about a group, unless the good state has the last word anyway.
fn doubt(facts: &RekeyFacts<'_>, group: &Group, why: Doubt, matched: &mut Matched) {
    let first = group.good.first().and_then(|at| facts.good.instances.get(*at));
    let is_value = first.is_some_and(|instance| {
        let (source, kind) = (&instance.provider.source, &instance.address.kind);
        facts.knowledge.state_only(source, kind) == Some(StateOnly::Restore)
    });
    if is_value {
        return;
    }
    let good = group.good.iter().filter_map(|at| facts.good.instances.get(*at));
    let current = group.current.iter().filter_map(|at| facts.current.instances.get(*at));
    matched.ambiguous.push(Ambiguous {
        why,
        good: good.map(|instance| instance.address.clone()).collect(),
        current: current.map(slot).collect(),
    });
    matched.doubtful_good.extend(&group.good);
    matched.doubtful_current.extend(&group.current);
}

/// Pairs nameless objects by address, as long as nothing says that they are different ones.
fn by_address(
    facts: &RekeyFacts<'_>,
    good: &[NamedObject<'_>],
    current: &[NamedObject<'_>],
    matched: &mut Matched,
) {
    let is_nameless = |object: &&NamedObject<'_>| object.identity.keys().next().is_none();
    let current: BTreeMap<_, _> = current
        .iter()
        .filter(|object| object.instance.deposed.is_none())
        .filter(is_nameless)
        .map(|object| (&object.instance.address, object))
        .collect();
    for good in good.iter().filter(is_nameless) {
        let Some(object) = current.get(&good.instance.address) else {
            continue;
        };
        let leads = facts.places.leads(&good.instance.provider, &object.instance.provider);
        let sameness = good.identity.compare_where(&object.identity, leads);
        if sameness == Sameness::Unnamed && matched.is_open(good.position, object.position) {
            matched.pair(good.position, object.position);
        }
    }
}

/// The slot of an instance.
pub(super) fn slot(instance: &Instance<'_>) -> Slot {
    Slot {
        address: instance.address.clone(),
        deposed: instance.deposed.as_deref().map(str::to_owned),
    }
}
