//! Objects that a plan would only forget and that are to be destroyed: their `skip_destroy` goes.
//!
//! OpenTofu keeps `lifecycle { destroy = false }` in the state, and a plan without the block forgets
//! the object. Terraform keeps nothing there. Which objects are meant is not decided here.

use std::collections::BTreeSet;

use super::Rekeying;
use crate::model::address::Address;
use crate::model::placement::{Lifted, Slot, TakenFrom};
use crate::model::state::State;

impl Rekeying {
    /// The same, with those extras destroyed instead of forgotten that are meant.
    #[must_use]
    pub fn lifting(mut self, current: &State<'_>, is_meant: impl Fn(&Address) -> bool) -> Self {
        let extras: BTreeSet<&Slot> = self.extras.iter().collect();
        for placement in &mut self.placements {
            let TakenFrom::Current(position) = placement.taken else { continue };
            let Some(object) = current.instances.get(position) else { continue };
            let is_extra = extras.contains(&placement.slot);
            if is_extra && object.skip_destroy && is_meant(&placement.slot.address) {
                placement.lifted = Lifted::Yes;
                self.lifted.push(placement.slot.clone());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::state::parse;
    use crate::codec::state::write::{Original, is_as_placed, rekeyed};
    use crate::engine::rekey::{Existence, Places, RekeyFacts, RekeyJournal, rekey};
    use crate::engine::tests::world;
    use crate::knowledge::Knowledge;
    use crate::model::state::StateBytes;

    /// The state of a world in which these objects are only forgotten by a plan.
    fn forgotten(objects: &[&str], names: &[&str]) -> StateBytes {
        let mut state: serde_json::Value =
            serde_json::from_slice(world(objects).as_slice()).unwrap();
        for resource in state["resources"].as_array_mut().unwrap() {
            if names.iter().any(|name| resource["name"] == *name) {
                resource["instances"][0]["skip_destroy"] = true.into();
            }
        }
        StateBytes::new(state.to_string().into_bytes())
    }

    #[test]
    fn what_is_meant_is_destroyed_and_nothing_else_is_touched() {
        let good = forgotten(&["demo_file.a=1"], &["a"]);
        let now = forgotten(
            &["demo_file.a=1", "demo_file.b=2", "demo_file.c=3", "demo_file.d=4"],
            &["a", "b", "c"],
        );
        let [then, present] = [&good, &now].map(|bytes| parse(bytes).unwrap());
        let facts = RekeyFacts {
            good: &then,
            current: &present,
            knowledge: &Knowledge::builtin(),
            alive: &|_| Existence::Unknown,
            journal: &RekeyJournal::default(),
            places: &Places::default(),
        };
        let all = rekey(&facts);
        assert!(all.clone().lifting(&present, |_| false).is_identity());
        let lifted = all.lifting(&present, |address| address.name != "c");
        let names: Vec<String> = lifted.lifted.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["demo_file.b"]);
        let [now, good] =
            [(&now, &present), (&good, &then)].map(|(bytes, state)| Original { bytes, state });
        let written = rekeyed(now, good, &lifted.placements).unwrap();
        let read = parse(&written).unwrap();
        assert!(is_as_placed(&read, &present, &then, &lifted.placements));
        let skips = read.instances.iter().filter(|object| object.skip_destroy);
        let skips: Vec<&str> = skips.map(|object| object.address.name.as_str()).collect();
        assert_eq!(skips, ["a", "c"]);
    }
}
