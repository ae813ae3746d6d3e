//! Each kind of change that an apply can make, as two states and the one that comes of them.
//!
//! A case lists objects as `engine::tests::world` reads them; `<BLOCK` behind one says what it was
//! made from, and `+` that it is marked. Every case is written out, read again and re-keyed again:
//! the second time nothing is to be done.

use super::*;
use crate::codec::state::parse;
use crate::codec::state::write::{Original, is_as_placed, rekeyed};
use crate::engine::tests::world;
use crate::model::placement::TakenFrom;
use crate::model::state::{StateBytes, Status};

mod blocks;
mod law;
mod order;
mod table;
mod two_steps;

/// Two states and what is known besides.
#[derive(Default)]
pub(super) struct Case {
    good: Vec<String>,
    now: Vec<String>,
    /// Ids that a refresh of the good state found.
    alive: &'static [&'static str],
    deleted: &'static [(&'static str, &'static str)],
    imported_at: &'static [&'static str],
    places: Places,
}

/// A case of two lists of objects.
pub(super) fn case(good: &str, now: &str) -> Case {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Case { good: words(good), now: words(now), ..Case::default() }
}

/// The bytes of a state, with what objects were made from and their marks.
fn bytes(words: &[String]) -> StateBytes {
    let plain: Vec<&str> =
        words.iter().map(|word| word.split(['<', '+']).next().unwrap()).collect();
    let mut state: serde_json::Value = serde_json::from_slice(world(&plain).as_slice()).unwrap();
    for (word, resource) in words.iter().zip(state["resources"].as_array_mut().unwrap()) {
        let instance = &mut resource["instances"][0];
        let needed: Vec<&str> = word.split('<').skip(1).map(|d| d.trim_end_matches('+')).collect();
        if !needed.is_empty() {
            instance["dependencies"] = needed.into();
        }
        if word.ends_with('+') {
            instance["create_before_destroy"] = true.into();
        }
        instance["private"] = format!("private of {word}").into();
        instance["flavour"] = "nobody knows this".into();
    }
    state["check_results"] = serde_json::json!([]);
    state["encryption_hint"] = "nor this".into();
    // Both ways of writing it.
    let text = match words.len() % 2 {
        0 => state.to_string(),
        _ => serde_json::to_string_pretty(&state).unwrap() + "\n",
    };
    StateBytes::new(text.into_bytes())
}

/// An object as a case lists it.
fn word(instance: &Instance<'_>) -> String {
    let tainted = if instance.status == Status::Tainted { "!" } else { "" };
    let deposed = instance.deposed.as_deref().map_or(String::new(), |key| format!("^{key}"));
    let attributes: serde_json::Value = serde_json::from_str(instance.attributes.0).unwrap();
    let text = |name: &str| attributes[name].as_str().unwrap().to_owned();
    let x = match text("x").as_str() {
        "0" => String::new(),
        x => format!(",{x}"),
    };
    let alias = instance.provider.alias.as_ref().map_or(String::new(), |name| format!("@{name}"));
    let needed: Vec<&str> =
        instance.dependencies.iter().flat_map(|block| ["<", block.as_ref()]).collect();
    let needed = needed.concat();
    let mark = if instance.create_before_destroy { "+" } else { "" };
    format!("{tainted}{}{deposed}={}{x}{alias}{needed}{mark}", instance.address, text("id"))
}

/// Result of a case.
pub(super) struct Outcome {
    pub(super) rekeying: Rekeying,
    /// The objects of the result; a new key of a left-over reads `*`.
    pub(super) state: String,
    pub(super) blocks: Option<String>,
}

impl Case {
    /// Re-keys it, writes it, reads it again, and makes sure that there is no more to do.
    #[track_caller]
    pub(super) fn outcome(&self) -> Outcome {
        let [good, now] = [&self.good, &self.now].map(|words| bytes(words));
        let [good_state, state] = [&good, &now].map(|bytes| parse(bytes).unwrap());
        let first = self.rekeyed(&good_state, &state);
        let written = rekeyed(
            Original { bytes: &now, state: &state },
            Original { bytes: &good, state: &good_state },
            &first.placements,
        );
        let written = written.unwrap();
        let result = parse(&written).unwrap();
        assert!(is_as_placed(&result, &state, &good_state, &first.placements), "{first:#?}");
        assert_eq!(result.version.serial.0, state.version.serial.0 + 1);
        assert_eq!(result.version.lineage, state.version.lineage);
        nothing_is_lost([&good, &now, &written], &first.placements);
        let again = self.rekeyed(&good_state, &result);
        let Rekeying { placements, .. } = &again;
        let again_alone = Rekeying { placements: Vec::new(), ..again.clone() };
        let result_words = result.instances.iter().map(word).collect::<Vec<_>>();
        let is_elsewhere = |step: &TwoSteps| matches!(step.why, RekeyObstacle::Provider { .. });
        let is_final = !first.two_steps.iter().any(is_elsewhere);
        assert!(
            !is_final || again.is_identity(),
            "{:?} and {:?} became {result_words:?}, and then {again_alone:?}",
            self.good,
            self.now
        );
        let untouched =
            |p: &Placement| p.dependencies.is_none() && p.create_before_destroy.is_none();
        assert!(!is_final || placements.iter().all(untouched));
        let known: Vec<&str> =
            state.instances.iter().filter_map(|i| i.deposed.as_deref()).collect();
        let words = result.instances.iter().map(|instance| match instance.deposed.as_deref() {
            Some(key) if !known.contains(&key) => word(instance).replace(key, "*"),
            _ => word(instance),
        });
        let words: Vec<String> = words.collect();
        let facts =
            |f: &RekeyFacts<'_>| moved::moved_blocks(&first, f, &moved::DeclaredBlocks::default());
        let blocks = self.ask(&good_state, &state, facts).map(|blocks| {
            let line = |block: &crate::model::placement::MovedBlock| {
                format!("{} -> {}", block.from, block.to)
            };
            blocks.iter().map(line).collect::<Vec<_>>().join("; ")
        });
        Outcome { rekeying: first, state: words.join(" "), blocks }
    }

    fn rekeyed(&self, good: &State<'_>, current: &State<'_>) -> Rekeying {
        self.ask(good, current, rekey)
    }

    fn ask<T>(
        &self,
        good: &State<'_>,
        current: &State<'_>,
        ask: impl FnOnce(&RekeyFacts<'_>) -> T,
    ) -> T {
        let named =
            |(kind, id): &(&str, &str)| NamedId { kind: (*kind).to_owned(), id: (*id).to_owned() };
        let journal = RekeyJournal {
            deleted: self.deleted.iter().map(named).collect(),
            imported_at: self.imported_at.iter().map(|at| (*at).to_owned()).collect(),
            ..RekeyJournal::default()
        };
        let alive = |instance: &Instance<'_>| match instance.id.as_deref() {
            Some(id) if self.alive.contains(&id) => Existence::Alive,
            Some(_) => Existence::Gone,
            None => Existence::Unknown,
        };
        ask(&RekeyFacts {
            good,
            current,
            knowledge: &Knowledge::builtin(),
            alive: &alive,
            journal: &journal,
            places: &self.places,
        })
    }

    /// Insists on the result.
    #[track_caller]
    pub(super) fn becomes(&self, state: &str) -> Outcome {
        let outcome = self.outcome();
        assert_eq!(outcome.state.split(' ').collect::<Vec<_>>(), sorted(state), "as words");
        outcome
    }

    /// Insists that the current state fits as it is.
    #[track_caller]
    pub(super) fn fits(&self) -> Rekeying {
        let outcome = self.outcome();
        assert!(outcome.rekeying.is_identity(), "{:#?}", outcome.rekeying);
        outcome.rekeying
    }
}

/// Words in the order of a state: they are written in that order in the tests, too.
fn sorted(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Addresses and slots as text.
pub(super) fn shown<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

/// Moves as text.
pub(super) fn steps(moves: &[Move]) -> String {
    shown(moves.iter().map(|step| format!("{}->{}", step.from, step.to)))
}

/// Insists that everything but where an object stands is in the written state as it was read.
#[track_caller]
fn nothing_is_lost([good, now, written]: [&StateBytes; 3], placements: &[Placement]) {
    use serde_json::Value;
    const EDITED: [&str; 5] =
        ["index_key", "deposed", "dependencies", "create_before_destroy", "provider"];
    let read = |bytes: &StateBytes| -> Value { serde_json::from_slice(bytes.as_slice()).unwrap() };
    let instances = |state: &Value| -> Vec<Value> {
        let resources = state["resources"].as_array().unwrap().iter();
        let all = resources.flat_map(|resource| resource["instances"].as_array().unwrap().clone());
        let rest = all.map(|mut instance| {
            instance.as_object_mut().unwrap().retain(|name, _| !EDITED.contains(&name.as_str()));
            instance
        });
        rest.collect()
    };
    let [good, mut now, mut written] = [good, now, written].map(read);
    let (good_ones, ones, found) = (instances(&good), instances(&now), instances(&written));
    let expected = placements.iter().map(|placement| match placement.taken {
        TakenFrom::Current(position) => &ones[position],
        TakenFrom::Good(position) => &good_ones[position],
    });
    let expected: Vec<&Value> = expected.collect();
    let in_order = found.len() == expected.len();
    assert!(in_order && found.iter().all(|one| expected.contains(&one)), "{found:#?}");
    assert_eq!(written["check_results"], Value::Null);
    for state in [&mut now, &mut written] {
        let members = state.as_object_mut().unwrap();
        members.retain(|name, _| !["serial", "resources", "check_results"].contains(&&**name));
    }
    assert_eq!(now, written);
}
