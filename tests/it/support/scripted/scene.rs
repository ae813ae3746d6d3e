//! A stack with its directory, its world and its store, for the scripted Terraform.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use tempfile::TempDir;
use unapply::port::interrupt::Never;
use unapply::port::terraform::{AppliedPlan, PlanRequest, Terraform as _, Workplace};
use unapply::store::Repository;

use super::Scripted;
use super::around::ScriptedClock;
use super::configuration::{Backend, Configuration};
use super::document::{Document, Known};
use super::world::{Object, World};
use crate::support::memory::MemoryStore;
use crate::support::places::temporary;
use crate::support::script::{Fault, Script, copy, put};

/// The home of a stack's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// In a file beside the configuration.
    File,
    /// In a backend that only Terraform can read.
    Remote,
}

/// A stack to play with.
pub(crate) struct Scene {
    directory: TempDir,
    pub(crate) world: World,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: ScriptedClock,
    home: Where,
    processes: Cell<u32>,
    /// Values of variables when Terraform is run without unapply.
    pub(crate) values: RefCell<BTreeMap<String, String>>,
}

/// A process number that no system gives.
const DEAD: u32 = 4_194_305;

impl Scene {
    /// A stack without configuration and an empty store.
    pub(crate) fn new(home: Where) -> Self {
        let directory = temporary("scene-");
        let store = Arc::new(MemoryStore::default());
        let (_repository, _) = Repository::initialise(store.shared()).unwrap();
        let scene = Self {
            directory,
            world: World::default(),
            store,
            clock: ScriptedClock::new(),
            home,
            processes: Cell::new(DEAD),
            values: RefCell::default(),
        };
        for made in [scene.root().join(".terraform"), scene.temporary()] {
            std::fs::create_dir_all(made).unwrap();
        }
        if home == Where::Remote {
            let record = r#"{"version":3,"backend":{"type":"http","config":{"address":"https://state.example/app"},"hash":1}}"#;
            put(&scene.root().join(".terraform/terraform.tfstate"), record.as_bytes());
        }
        scene
    }

    /// The same once more, to be played to another end.
    pub(crate) fn copy(&self) -> Self {
        let directory = temporary("scene-");
        for part in ["stack", "tmp"] {
            copy(&self.directory.path().join(part), &directory.path().join(part));
        }
        Self {
            directory,
            world: self.world.copy(),
            store: Arc::new(self.store.copy()),
            clock: self.clock.clone(),
            home: self.home,
            processes: self.processes.clone(),
            values: self.values.clone(),
        }
    }

    /// The root module's directory.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("stack")
    }

    /// The directory of private copies and journals.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    /// Everything that lies there.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.temporary()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// A number for a process of which nothing lives, another one each time.
    pub(crate) fn next_process(&self) -> u32 {
        self.processes.replace(self.processes.get() + 1)
    }

    /// Replaces the configuration.
    pub(crate) fn configure(&self, text: &str) {
        let backend = match self.home {
            Where::File => String::new(),
            Where::Remote => {
                "terraform {\n  backend \"http\" {\n    address = \"https://state.example/app\"\n  \
                 }\n}\n"
                    .to_owned()
            }
        };
        put(&self.root().join("main.tf"), format!("{backend}{text}").as_bytes());
    }

    /// Applies this configuration, without unapply.
    pub(crate) fn apply(&self, text: &str) -> AppliedPlan {
        self.configure(text);
        self.terraform(&PlanRequest::default())
    }

    /// Plans and applies the configuration that lies in the directory, without unapply.
    pub(crate) fn terraform(&self, request: &PlanRequest) -> AppliedPlan {
        let script = Arc::new(Script::new(Fault::Never));
        let terraform = Scripted::new(&self.world, script, Rc::new(Never));
        let terraform = terraform.with_values(self.values.borrow().clone());
        let out = self.root().join(".terraform/by-hand.tfplan");
        let request = PlanRequest { out: out.clone(), ..request.clone() };
        terraform.plan(&self.place(), &request, &mut |_| {}).unwrap();
        terraform.apply(&self.place(), &out, &mut |_| {}).unwrap()
    }

    fn place(&self) -> Workplace {
        Workplace {
            root: self.root(),
            data_directory: None,
            workspace: "default".to_owned(),
            lock_timeout_seconds: 0,
            environment: Vec::new(),
            values_at_apply: Vec::new(),
            values_of_modules: Vec::new(),
        }
    }

    fn backend(&self) -> Backend {
        Configuration::of(&self.root()).backend(&self.root())
    }

    /// The state as the backend has it.
    pub(crate) fn state(&self) -> Document {
        Document::read(&self.world.state(&self.backend()).unwrap())
    }

    /// Changes the state and nothing else, as `terraform state rm` does.
    pub(crate) fn edit_state(&self, edit: impl FnOnce(&mut BTreeMap<String, Known>)) {
        let mut state = self.state();
        edit(&mut state.objects);
        state.serial += 1;
        self.world.write(&self.backend(), &state);
    }

    /// Pushes a state without unapply.
    pub(crate) fn push_by_hand(&self, bytes: &[u8]) {
        self.world.write(&self.backend(), &Document::read(bytes));
    }

    /// The id of the object at an address.
    pub(crate) fn id_of(&self, address: &str) -> String {
        self.state().objects[address].id().to_owned()
    }

    /// Changes an object by hand.
    pub(crate) fn edit(&self, address: &str, content: &str) {
        let id = self.id_of(address);
        let mut object = self.world.objects().remove(&id).unwrap();
        object.attributes.insert("content".to_owned(), content.into());
        self.world.update(&id, object.attributes).unwrap();
    }
}

/// How things were when they were good.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    objects: BTreeMap<String, Object>,
    state: Document,
    /// How much had been done by then.
    done: usize,
}

impl Past {
    /// Remembers them.
    pub(crate) fn of(scene: &Scene) -> Self {
        Self {
            objects: scene.world.objects(),
            state: scene.state(),
            done: scene.world.done().len(),
        }
    }

    /// The differences to the present: in the world, and in the state's knowledge of it. An object
    /// in whose place another one stands is no difference if the good one was destroyed since.
    pub(crate) fn differences(&self, scene: &Scene) -> Vec<String> {
        let bare = |objects: BTreeMap<String, Object>| {
            let mut all: Vec<String> =
                objects.into_values().map(|object| format!("{object:?}")).collect();
            all.sort();
            all
        };
        let mut found = Vec::new();
        let (then, now) = (bare(self.objects.clone()), bare(scene.world.objects()));
        if then != now {
            found.push(format!("the world was {then:#?} and is {now:#?}"));
        }
        let (state, objects) = (scene.state(), scene.world.objects());
        if !state.objects.keys().eq(self.state.objects.keys()) {
            found.push(format!("the state knows {:?}", state.objects.keys()));
        }
        for (address, known) in &state.objects {
            let real = objects.get(known.id()).map(|object| object.attributes.clone());
            let mut believed = known.attributes.clone();
            believed.remove("id");
            if real.as_ref() != Some(&believed) || known.is_tainted {
                found.push(format!("{address} is {real:?} and not as the state says: {known:?}"));
            }
        }
        let destroyed = self.destroyed(scene);
        for (address, known) in &self.state.objects {
            let now = state.objects.get(address).map(Known::id);
            if !destroyed.contains(&known.id().to_owned()) && now != Some(known.id()) {
                found.push(format!("{address} is another object now"));
            }
        }
        found.extend(scene.world.difference_beside(&scene.root()));
        if state.lineage != self.state.lineage {
            found.push("the state has another lineage".to_owned());
        }
        found
    }

    /// The ids of the objects that were destroyed since.
    fn destroyed(&self, scene: &Scene) -> Vec<String> {
        let done = scene.world.done();
        let ends = done.iter().skip(self.done).filter_map(|done| done.strip_prefix("delete "));
        ends.map(|done| done.split(' ').next().unwrap().to_owned()).collect()
    }

    /// The id of a good object.
    pub(crate) fn id_of(&self, address: &str) -> String {
        self.state.objects[address].id().to_owned()
    }

    /// Whether the object with this id was good.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.objects.contains_key(id)
    }
}
