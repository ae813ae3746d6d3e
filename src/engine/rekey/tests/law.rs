//! Laws for any two states.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const BLOCKS: [&str; 6] = [
    "demo_file.a",
    "demo_file.b",
    "module.m.demo_file.a",
    "module.n[0].demo_file.a",
    "demo_token.a",
    "demo_token.b",
];
const KEYS: [&str; 6] = ["", "[0]", "[1]", "[\"k\"]", "[0]^aaaaaaaa", "^bbbbbbbb"];

/// An object of a case.
#[derive(Debug, Clone)]
struct Object {
    id: u8,
    x: u8,
    /// Whether it is tainted, belongs to another provider configuration, and is marked.
    marks: [bool; 3],
    needs: Vec<usize>,
}

fn object() -> impl Strategy<Value = Object> {
    let needs = proptest::collection::vec(0..BLOCKS.len(), 0..3);
    let rest = (0..2_u8, proptest::bool::weighted(0.1), proptest::bool::weighted(0.1));
    (0..9_u8, rest, needs, proptest::bool::weighted(0.1)).prop_map(
        |(id, (x, tainted, west), needs, marked)| Object {
            id,
            x,
            marks: [tainted, west, marked],
            needs,
        },
    )
}

/// Objects by slot.
fn objects() -> impl Strategy<Value = Vec<String>> {
    let slot = (0..BLOCKS.len(), 0..KEYS.len());
    proptest::collection::btree_map(slot, object(), 0..9).prop_map(|objects| {
        // A resource has one provider configuration.
        let mut west = BTreeMap::new();
        let words = objects.into_iter().map(|((block, key), object)| {
            let [is_tainted, is_west, is_marked] = object.marks;
            let is_west = *west.entry(block).or_insert(is_west);
            let needs: BTreeSet<usize> = object.needs.iter().copied().collect();
            let needs: Vec<&str> = needs.iter().flat_map(|at| ["<", BLOCKS[*at]]).collect();
            let needs = needs.concat();
            format!(
                "{}{}{}={}{}{}{needs}{}",
                if is_tainted { "!" } else { "" },
                BLOCKS[block],
                KEYS[key],
                object.id,
                if object.x == 0 { "" } else { ",1" },
                if is_west { "@west" } else { "" },
                if is_marked { "+" } else { "" },
            )
        });
        words.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_object_is_somewhere_once_and_nothing_is_moved_without_proof(
        (good, now) in (objects(), objects()),
        imported in proptest::bool::weighted(0.2),
    ) {
        let imported_at: &[&str] = if imported { &["demo_file.b"] } else { &[] };
        let case = Case { good, now, alive: &["1", "2"], imported_at, ..Case::default() };
        // Written, read and re-keyed again in there.
        let Rekeying { placements, forgotten, .. } = case.outcome().rekeying;
        let [good, now] = [&case.good, &case.now].map(|words| bytes(words));
        let (good, now) = (parse(&good).unwrap(), parse(&now).unwrap());
        let slots: BTreeSet<_> = placements.iter().map(|placement| &placement.slot).collect();
        prop_assert_eq!(slots.len(), placements.len());
        let taken: BTreeSet<_> = placements.iter().map(|placement| placement.taken).collect();
        prop_assert_eq!(taken.len(), placements.len());
        for (position, instance) in now.instances.iter().enumerate() {
            let is_value = instance.address.kind == "demo_token";
            let is_forgotten = forgotten.contains(&matching::slot(instance));
            let is_there = taken.contains(&TakenFrom::Current(position));
            prop_assert!(is_there != is_forgotten || (is_value && !is_there), "{instance:?}");
        }
        for placement in &placements {
            let TakenFrom::Current(position) = placement.taken else { continue };
            let was = &now.instances[position];
            let home = good.instances.iter().find(|home| {
                home.deposed.is_none() && home.address == placement.slot.address
            });
            if was.address != placement.slot.address {
                let home = home.expect("an address of the good state");
                prop_assert!(home.id == was.id && home.address.kind == was.address.kind);
                prop_assert_eq!(&home.provider.alias, &was.provider.alias);
            }
        }
    }

    #[test]
    fn what_is_there_once_in_both_stands_where_it_stood(
        (good, now) in (objects(), objects()),
    ) {
        let case = Case { good, now, ..Case::default() };
        let placements = case.outcome().rekeying.placements;
        let [good, now] = [&case.good, &case.now].map(|words| bytes(words));
        let (good, now) = (parse(&good).unwrap(), parse(&now).unwrap());
        let name = |instance: &Instance<'_>| {
            (instance.address.kind.clone(), instance.id.clone(), instance.provider.alias.clone())
        };
        for home in good.instances.iter().filter(|home| home.deposed.is_none()) {
            let is_it = |one: &&Instance<'_>| one.deposed.is_none() && name(one) == name(home);
            let mut found = now.instances.iter().enumerate().filter(|(_, o)| name(o) == name(home));
            let once = (good.instances.iter().filter(is_it).count(), found.next(), found.next());
            let (1, Some((position, _)), None) = once else { continue };
            let placed = placements.iter().find(|placement| {
                placement.slot.address == home.address && placement.slot.deposed.is_none()
            });
            let taken = placed.map(|placement| placement.taken);
            let is_value = home.address.kind == "demo_token";
            let is_there = taken == Some(TakenFrom::Current(position));
            let is_put_back = matches!(taken, Some(TakenFrom::Good(_)));
            prop_assert!(is_there || (is_value && is_put_back));
        }
    }
}
