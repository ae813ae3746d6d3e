//! The re-keyed state with real Terraform: what was only moved needs nothing done, whether the state
//! is pushed or `moved` blocks say it; and what of Terraform's own behaviour this rests on.

use std::collections::BTreeSet;
use std::io::Write as _;

use unapply::codec::hcl;
use unapply::codec::state::parse;
use unapply::codec::state::write::{Original, is_as_placed, rekeyed};
use unapply::engine::rekey::moved::{DeclaredBlocks, moved_blocks};
use unapply::engine::rekey::{Existence, Places, RekeyFacts, RekeyJournal, Rekeying, rekey};
use unapply::knowledge::Knowledge;
use unapply::model::placement::MovedBlock;
use unapply::model::state::StateBytes;

use super::support::deeds::{Objects, file};
use super::support::engine::engine;
use super::support::stage::{Ran, Stage};

/// A stage on which `v1` is applied and then `v2`, with the states of both and the first world.
struct Told {
    stage: Stage,
    v1: String,
    good: StateBytes,
    now: StateBytes,
    objects: Objects,
}

impl Told {
    fn of(v1: &str, v2: &str) -> Self {
        Self::with_modules(v1, v2, &[])
    }

    fn with_modules(v1: &str, v2: &str, modules: &[(&str, &str)]) -> Self {
        let stage = Stage::with("");
        for (name, text) in modules {
            std::fs::create_dir_all(stage.stack().join(name)).unwrap();
            let header = "terraform {\n  required_providers {\n    demo = { source = \
                          \"unapply/demo\" }\n  }\n}\n";
            stage.write(&format!("{name}/main.tf"), &format!("{header}{text}"));
        }
        stage.configure(v1);
        stage.terraform(&["init", "-no-color"]).expect(0);
        stage.apply().expect(0);
        let (good, objects) = (StateBytes::new(stage.state()), stage.objects());
        stage.configure(v2);
        stage.terraform(&["init", "-no-color"]).expect(0);
        stage.apply().expect(0);
        let now = StateBytes::new(stage.state());
        stage.configure(v1);
        stage.terraform(&["init", "-no-color"]).expect(0);
        Self { stage, v1: v1.to_owned(), good, now, objects }
    }

    /// The re-keyed state, and the blocks that say the same. The world says who is alive.
    fn rekeyed(&self) -> (Rekeying, StateBytes, Option<Vec<MovedBlock>>) {
        let (good, now) = (parse(&self.good).unwrap(), parse(&self.now).unwrap());
        let objects = self.stage.objects();
        let facts = RekeyFacts {
            good: &good,
            current: &now,
            knowledge: &Knowledge::builtin(),
            alive: &|instance| {
                let attributes: serde_json::Value =
                    serde_json::from_str(instance.attributes.0).unwrap();
                let is_there = attributes["path"].as_str().is_some_and(|p| objects.contains_key(p));
                if is_there { Existence::Alive } else { Existence::Gone }
            },
            journal: &RekeyJournal::default(),
            places: &Places::default(),
        };
        let rekeying = rekey(&facts);
        let [now_bytes, good_bytes] = [&self.now, &self.good];
        let written = rekeyed(
            Original { bytes: now_bytes, state: &now },
            Original { bytes: good_bytes, state: &good },
            &rekeying.placements,
        );
        let written = written.unwrap();
        assert!(is_as_placed(&parse(&written).unwrap(), &now, &good, &rekeying.placements));
        let blocks = good.instances.iter().map(|instance| instance.address.block());
        let declared = DeclaredBlocks { blocks: blocks.collect(), moved: BTreeSet::new() };
        let blocks = moved_blocks(&rekeying, &facts, &declared);
        (rekeying, written, blocks)
    }

    fn push(&self, state: &StateBytes) -> Ran {
        push(&self.stage, state.as_slice())
    }

    /// Pushes the re-keyed state; its serial is one more than that.
    #[track_caller]
    fn pushed(&self) -> Rekeying {
        let (rekeying, written, _) = self.rekeyed();
        self.push(&written).expect(0);
        rekeying
    }

    fn plan(&self) -> Ran {
        let arguments = ["plan", "-detailed-exitcode", "-no-color", "-input=false"];
        self.stage.terraform(&arguments)
    }

    #[track_caller]
    fn is_back(&self) {
        self.stage.plans_nothing(&self.v1);
        assert_eq!(self.stage.objects(), self.objects);
    }
}

fn push(stage: &Stage, state: &[u8]) -> Ran {
    let path = stage.stack().join("pushed.json");
    std::fs::File::create(path).and_then(|mut file| file.write_all(state)).unwrap();
    stage.terraform(&["state", "push", "-no-color", "pushed.json"])
}

fn serial(stage: &Stage) -> u64 {
    parse(&StateBytes::new(stage.state())).unwrap().version.serial.0
}

/// A file under any name of its block.
fn named(name: &str, path: &str) -> String {
    file(name, path).replace(&format!("{name}.txt"), path)
}

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

const MODULE: (&str, &str) = (
    "inside",
    "resource \"demo_file\" \"f\" {\n  path    = \"inside.txt\"\n  content = \"x\"\n}\n",
);

fn call(name: &str) -> String {
    format!("module \"{name}\" {{\n  source = \"./inside\"\n}}\n")
}

const LIST: &str = "resource \"demo_file\" \"n\" {\n  count   = 2\n  path    = \
                    \"n${count.index}.txt\"\n  content = \"x\"\n}\n";
const MAP: &str = "resource \"demo_file\" \"n\" {\n  for_each = toset([\"0\", \"1\"])\n  path    = \
                   \"n${each.key}.txt\"\n  content = \"x\"\n}\n";

/// Two configurations, the good one first: objects are renamed, moved to another module or counted
/// otherwise.
fn moves_alone() -> (String, String) {
    let v1 = named("a", "a.txt") + &call("m") + LIST;
    let v2 = named("b", "a.txt")
        + &call("k")
        + MAP
        + &moved("demo_file.a", "demo_file.b")
        + &moved("module.m", "module.k")
        + &moved("demo_file.n[0]", "demo_file.n[\"0\"]")
        + &moved("demo_file.n[1]", "demo_file.n[\"1\"]");
    (v1, v2)
}

#[test]
fn moved_blocks_do_the_same_without_a_push() {
    let (v1, v2) = moves_alone();
    let told = Told::with_modules(&v1, &v2, &[MODULE]);
    let (_, _, blocks) = told.rekeyed();
    let text = hcl::moved(&blocks.expect("moves alone"));
    let expected = [
        moved("module.k", "module.m"),
        moved("demo_file.b", "demo_file.a"),
        moved("demo_file.n[\"0\"]", "demo_file.n[0]"),
        moved("demo_file.n[\"1\"]", "demo_file.n[1]"),
    ];
    assert_eq!(text, expected.concat());
    told.stage.write("unapply_moved.tf", &text);
    told.plan().expect(2).says("0 to add, 0 to change, 0 to destroy");
    told.stage.apply().expect(0).says("0 added, 0 changed, 0 destroyed");
    std::fs::remove_file(told.stage.stack().join("unapply_moved.tf")).unwrap();
    told.is_back();
}

#[test]
fn a_swap_and_a_shift_are_taken_back_where_blocks_are_refused() {
    let list = |paths: &str| {
        format!(
            "resource \"demo_file\" \"l\" {{\n  count   = length([{paths}])\n  path    = \
             [{paths}][count.index]\n  content = \"x\"\n}}\n"
        )
    };
    let v1 = named("a", "a.txt") + &named("b", "b.txt") + &list("\"x.txt\", \"y.txt\", \"z.txt\"");
    let told = Told::of(&v1, &v1);
    // What Terraform's own commands can do to a state, an apply with `moved` blocks can as well.
    let step = |from: &str, to: &str| {
        told.stage.terraform(&["state", "mv", from, to]).expect(0);
    };
    step("demo_file.a", "demo_file.other");
    step("demo_file.b", "demo_file.a");
    step("demo_file.other", "demo_file.b");
    told.stage.terraform(&["state", "rm", "demo_file.l[0]"]).expect(0);
    step("demo_file.l[1]", "demo_file.l[0]");
    step("demo_file.l[2]", "demo_file.l[1]");
    let told = Told { now: StateBytes::new(told.stage.state()), ..told };
    told.plan().expect(2).says("to destroy");
    let (rekeying, _, blocks) = told.rekeyed();
    assert_eq!((rekeying.moves.len(), rekeying.spliced.len()), (4, 1), "{rekeying:#?}");
    assert!(blocks.is_none());
    told.stage.write("swap.tf", &(moved("demo_file.a", "demo_file.b")));
    told.plan().expect(1).says("Moved object still exists");
    std::fs::remove_file(told.stage.stack().join("swap.tf")).unwrap();
    told.pushed();
    told.plan().expect(0);
    told.is_back();
}

#[test]
fn the_push_is_a_compare_and_swap() {
    let told = Told::of(&file("a", "one"), &file("b", "two"));
    let (_, written, _) = told.rekeyed();
    let text = String::from_utf8(told.now.as_slice().to_vec()).unwrap();
    let before = serial(&told.stage);
    let with = |serial: u64, kept: &str| {
        let (head, rest) = text.split_once("\"serial\": ").unwrap();
        let (_, rest) = rest.split_once(',').unwrap();
        let rest = rest.replace("\"two\"", kept);
        format!("{head}\"serial\": {serial},{rest}").into_bytes()
    };
    push(&told.stage, &with(before - 1, "\"two\"")).expect(1).says("over newer state with serial");
    push(&told.stage, &with(before, "\"other\""))
        .expect(1)
        .says("cannot overwrite existing state with serial");
    assert_eq!(told.stage.state(), told.now.as_slice(), "a refused push stores nothing");
    push(&told.stage, &with(before + 1, "\"other\"")).expect(0);
    assert_eq!(serial(&told.stage), before + 1 + engine().push_adds());
    // An apply in between: what was written from the state before it is refused.
    told.push(&written).expect(1).says("over newer state with serial");
}

#[test]
fn a_marked_extra_is_destroyed_after_what_referred_to_it_was_changed() {
    let link = |to: &str| {
        format!(
            "resource \"demo_link\" \"l\" {{\n  path   = \"l\"\n  target = demo_file.{to}.id\n}}\n"
        )
    };
    let v1 = file("a", "x") + &link("a");
    let v2 = file("a", "x") + &file("b", "x") + &link("b");
    let refused = Told::of(&v1, &v2);
    // Unmarked, Terraform destroys what nobody declares first, and that is refused while in use.
    refused.stage.apply().expect(1).says("DependencyViolation");
    let told = Told::of(&v1, &v2);
    let rekeying = told.pushed();
    assert_eq!(rekeying.marked.len(), 1);
    told.plan().expect(2).says("0 to add, 1 to change, 1 to destroy");
    told.stage.apply().expect(0);
    told.is_back();
}

#[test]
fn where_a_mark_would_make_a_cycle_two_steps_are_asked_for_instead() {
    let text = |base: &str, rest: &str| {
        let base = named("base", base);
        format!("{base}{rest}")
    };
    let of = |name: &str, to: &str| {
        format!(
            "resource \"demo_file\" \"{name}\" {{\n  path    = \"{name}\"\n  content = \
             demo_file.{to}.id\n}}\n"
        )
    };
    let v1 = text("base.txt", &of("l", "base"));
    let told = Told::of(&v1, &text("other.txt", &(of("x", "base") + &of("l", "x"))));
    let (rekeying, _, _) = told.rekeyed();
    let steps = rekeying.two_steps.iter().map(|step| step.slot.to_string());
    assert_eq!(steps.collect::<Vec<_>>(), ["demo_file.x"], "{rekeying:#?}");
    assert!(rekeying.marked.is_empty());
    // What would be so if it were marked.
    let state = parse(&told.now).unwrap();
    let mut placements = rekeying.placements;
    let placed = placements.iter_mut().find(|one| one.slot.address.name == "x").unwrap();
    placed.create_before_destroy = Some(true);
    let original = Original { bytes: &told.now, state: &state };
    told.push(&rekeyed(original, original, &placements).unwrap()).expect(0);
    // An engine that finds an order all the same ends it well.
    let planned = told.plan();
    match planned.code {
        2 => drop(told.stage.apply().expect(0)),
        _ => drop(planned.expect(1).says("Cycle")),
    }
}
