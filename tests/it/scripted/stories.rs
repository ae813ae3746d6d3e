//! The stories before a revert: a good configuration, another one that was applied after it, and
//! all that has to be true in the end, however it is reached.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write as _;

use unapply::model::entry::{Body, Entry, Revision};
use unapply::port::terraform::PlanRequest;
use unapply::store::{Depth, Repository};

use super::drive::{Begun, Process, Reverted, journal};
use crate::support::scripted::{Past, Scene, Where};

/// A stack of which something has to be taken back.
pub(super) struct Story {
    pub(super) scene: Scene,
    pub(super) past: Past,
    pub(super) target: Revision,
    /// The number of operations in the world before anything was taken back.
    begun: Cell<usize>,
}

/// A `demo_file` named `name` in `NAME.txt`.
pub(super) fn file(name: &str, content: &str) -> String {
    of_kind("demo_file", name, &format!("{name}.txt"), content)
}

/// Any object.
pub(super) fn of_kind(kind: &str, name: &str, path: &str, content: &str) -> String {
    format!(
        "resource \"{kind}\" \"{name}\" {{\n  path    = \"{path}\"\n  content = \"{content}\"\n}}\n"
    )
}

/// A `demo_volume` named `name` at that path.
pub(super) fn volume(name: &str) -> String {
    of_kind("demo_volume", name, name, "data")
}

/// A block with `prevent_destroy`.
pub(super) fn prevented(block: &str) -> String {
    block.replacen("\n}", "\n  lifecycle {\n    prevent_destroy = true\n  }\n}", 1)
}

/// A `demo_file` of the provider configuration `west`, with that.
pub(super) fn in_west(name: &str) -> String {
    let block = file(name, "far").replacen("{\n", "{\n  provider = demo.west\n", 1);
    format!("provider \"demo\" {{\n  alias = \"west\"\n  root  = \"west\"\n}}\n{block}")
}

impl Story {
    /// `v1` is applied, recorded and called good.
    pub(super) fn good(home: Where, v1: &str) -> Self {
        Self::in_scene(Scene::new(home), v1)
    }

    /// The same in a stack that was prepared.
    pub(super) fn in_scene(scene: Scene, v1: &str) -> Self {
        assert!(scene.apply(v1).succeeded);
        let process = Process::healthy(&scene);
        let taken = process.snapshot().unwrap();
        process.mark_good(&taken).unwrap();
        drop(process);
        let past = Past::of(&scene);
        let begun = Cell::new(scene.world.done().len());
        Self { target: taken.revision, past, scene, begun }
    }

    /// `v2` is applied after a snapshot, and does what it can.
    pub(super) fn then(self, v2: &str) -> Self {
        self.scene.configure(v2);
        Process::healthy(&self.scene).snapshot().unwrap();
        self.scene.apply(v2);
        self.begun.set(self.done().len());
        self
    }

    /// An apply that failed half-way: something changed, something new, something gone, and
    /// something that could not be made.
    pub(super) fn half_applied(home: Where) -> Self {
        let v1 = file("a", "one") + &file("c", "same") + &file("gone", "back");
        let v2 = file("a", "ONE") + &file("b", "new") + &file("c", "same") + &file("d", "never");
        let story = Self::good(home, &v1);
        story.scene.world.fails("create demo_file.d");
        story.then(&v2)
    }

    /// The state has forgotten an object that is still there: one that is pushed takes it back.
    pub(super) fn forgotten(home: Where) -> Self {
        let story = Self::good(home, &(file("a", "one") + &file("c", "same")));
        let story = story.then(&(file("a", "ONE") + &file("c", "same")));
        story.scene.edit_state(|objects| drop(objects.remove("demo_file.c")));
        story
    }

    /// An object of a provider configuration that the good one does not have.
    pub(super) fn far_away() -> Self {
        let story = Self::good(Where::File, &(file("a", "one") + &file("gone", "back")));
        story.then(&(file("a", "ONE") + &in_west("w")))
    }

    /// Another object has the name of one that was good, and sorts behind it.
    pub(super) fn name_taken() -> Self {
        let story = Self::good(Where::File, &(file("a", "one") + &file("c", "same")));
        story.then(&(of_kind("demo_file", "z", "a.txt", "other") + &file("c", "SAME")))
    }

    /// An apply that made something with `prevent_destroy` and imported something else.
    pub(super) fn with_hazards() -> Self {
        let story = Self::good(Where::File, &file("a", "one"));
        let kept = prevented(&file("b", "new"));
        let import = "import {\n  to = demo_file.i\n  id = \"i\"\n}\n";
        story.then(&(file("a", "ONE") + &kept + &file("i", "old") + import))
    }

    /// A stack that is good, and a configuration in its directory that fails half-way.
    pub(super) fn about_to_run() -> Self {
        Self::about_to_run_on(Where::File)
    }

    /// The same, with this home of the state.
    pub(super) fn about_to_run_on(home: Where) -> Self {
        let v1 = file("a", "one") + &file("c", "same") + &file("gone", "back");
        let v2 = file("a", "ONE") + &file("b", "new") + &file("c", "same") + &file("d", "never");
        let story = Self::good(home, &v1);
        story.scene.world.fails("create demo_file.d");
        story.scene.configure(&v2);
        story
    }

    /// Terraform applies what lies in the directory, under a command that has begun; its exit code.
    pub(super) fn applies(&self, begun: &Begun) -> i32 {
        let report = self.scene.terraform(&PlanRequest::default());
        let told = std::fs::read(&report.events).unwrap();
        let mut journal =
            std::fs::File::options().append(true).open(journal(begun).join("stdout")).unwrap();
        journal.write_all(&told).unwrap();
        self.begun.set(self.done().len());
        i32::from(!report.succeeded)
    }

    /// The same story once more, to be told to another end.
    pub(super) fn copy(&self) -> Self {
        let begun = self.begun.clone();
        Self { scene: self.scene.copy(), past: self.past.clone(), target: self.target, begun }
    }

    /// A revert by a process that nothing happens to: it has to work.
    #[track_caller]
    pub(super) fn goes_back(&self) {
        match Process::healthy(&self.scene).revert(self.target) {
            Ok(Reverted::Nothing) => {}
            Ok(Reverted::Verified(verified, _)) => {
                assert_eq!(verified.comparison.differences, [""; 0]);
            }
            other => panic!("{other:#?}"),
        }
        self.is_back();
    }

    /// Insists that all of it is as it was when it was good, and that the log is whole: each intent
    /// has exactly one outcome.
    #[track_caller]
    pub(super) fn is_back(&self) {
        assert_eq!(self.past.differences(&self.scene), [""; 0]);
        let log = log(&self.scene);
        for intent in intents(&log) {
            let ends = log.iter().filter(|entry| concludes(entry) == Some(intent)).count();
            assert_eq!(ends, 1, "{intent}");
        }
        let repository = Repository::open(self.scene.store.shared()).unwrap();
        let report = repository.check(Depth::Everything).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }

    /// Insists that nothing was made, changed or destroyed twice on the way back, and that nothing
    /// was destroyed that was good.
    #[track_caller]
    pub(super) fn is_done_once(&self) {
        let done = self.done();
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for what in done.iter().skip(self.begun.get()) {
            let words: Vec<&str> = what.split(' ').collect();
            let [operation, id, path] = words.as_slice() else { panic!("{what}") };
            // A new object has a new id: it is known by its path.
            let key = if *operation == "create" { path } else { id };
            *counts.entry((operation, key)).or_default() += 1;
            let is_end = *operation == "delete";
            assert!(!is_end || !self.past.has(id), "{what}: {done:#?}");
        }
        assert!(counts.values().all(|times| *times == 1), "{done:#?}");
    }

    /// The names of what lies in the temporary directory, but for the place of journals.
    pub(super) fn left_over(&self) -> Vec<String> {
        let paths = self.scene.left_over().into_iter();
        let names = paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        names.filter(|name| name != "runs").collect()
    }

    /// Every operation in the world, from its beginning.
    pub(super) fn done(&self) -> Vec<String> {
        self.scene.world.done()
    }

    /// The content of the file at a path; none when there is no such file.
    pub(super) fn content(&self, path: &str) -> Option<String> {
        let objects = self.scene.world.objects();
        let mut all = objects.into_values().map(|object| object.attributes);
        let found = all.find(|attributes| attributes["path"] == path)?;
        Some(found["content"].as_str().unwrap().to_owned())
    }

    /// The operations since something went wrong.
    pub(super) fn done_since(&self) -> Vec<String> {
        self.done().split_off(self.begun.get())
    }
}

/// Every entry of a scene, with a store that nothing happens to.
pub(super) fn log(scene: &Scene) -> Vec<Entry> {
    let repository = Repository::open(scene.store.shared()).unwrap();
    repository.log(&"demo/app".parse().unwrap()).unwrap()
}

/// The kinds of all entries, in order.
pub(super) fn kinds(scene: &Scene) -> Vec<&'static str> {
    log(scene).iter().map(|entry| entry.recorded.body.kind()).collect()
}

/// Every intent.
pub(super) fn intents(log: &[Entry]) -> Vec<u64> {
    let is_intent =
        |entry: &&Entry| matches!(entry.recorded.body, Body::RunIntent(_) | Body::RevertIntent(_));
    log.iter().filter(is_intent).map(|entry| entry.revision.0).collect()
}

/// The intent that an entry concludes.
fn concludes(entry: &Entry) -> Option<u64> {
    if let Body::RevertOutcome(end) = &entry.recorded.body {
        return Some(end.intent.0);
    }
    let Body::RunOutcome(end) = &entry.recorded.body else { return None };
    Some(end.intent.0)
}

/// The intents of which no entry says how they ended.
pub(super) fn unconcluded(log: &[Entry]) -> Vec<u64> {
    let is_open = |intent: &u64| !log.iter().any(|entry| concludes(entry) == Some(*intent));
    intents(log).into_iter().filter(is_open).collect()
}
