//! Acts that the stories on a stage share: an apply that goes wrong, and looking at everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::stage::{Ran, Stage};

/// A `demo_file` named `name` in `NAME.txt`.
pub(crate) fn file(name: &str, content: &str) -> String {
    format!(
        "resource \"demo_file\" \"{name}\" {{\n  path    = \"{name}.txt\"\n  content = \
         \"{content}\"\n}}\n"
    )
}

/// A `demo_volume` named `data`.
pub(crate) fn volume(size: u32) -> String {
    format!("resource \"demo_volume\" \"data\" {{\n  path = \"data\"\n  size = {size}\n}}\n")
}

/// Objects by path: mode and exact content.
pub(crate) type Objects = BTreeMap<String, (u32, Vec<u8>)>;

/// Everything that a refusal must leave as it was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Everything {
    objects: Objects,
    state: Vec<u8>,
    intents: usize,
}

impl Stage {
    /// Applies `configuration`, with a snapshot taken just before, and heals the faults afterwards.
    pub(crate) fn apply_badly(&self, configuration: &str, faults: &str) -> Ran {
        self.configure(configuration);
        self.unapply(&["snapshot"]).expect(0);
        self.fault(faults);
        let ran = self.apply();
        self.fault("");
        ran
    }

    /// The same without faults: it has to work.
    pub(crate) fn apply_next(&self, configuration: &str) {
        self.apply_badly(configuration, "").expect(0);
    }

    /// Applies what stands there, records it, and lets a plan prove that it is good.
    #[track_caller]
    pub(crate) fn set_up(&self) {
        self.apply().expect(0);
        self.unapply(&["init"]).expect(0);
        self.unapply(&["mark", "good", "--verify"]).expect(0);
    }

    /// Adds a table to the settings.
    pub(crate) fn settings(&self, table: &str) {
        let path = self.stack().join("unapply.toml");
        let settings = std::fs::read_to_string(path).unwrap();
        let (head, stacks) = settings.split_once("[[stack]]").unwrap();
        self.write("unapply.toml", &format!("{head}{table}\n[[stack]]{stacks}"));
    }

    /// Every slot of the log, in plain text.
    pub(crate) fn log_text(&self) -> String {
        let log = self.stack().join(".unapply/stacks/demo%2Fapp/log");
        let slots = std::fs::read_dir(log).unwrap();
        slots.map(|slot| std::fs::read_to_string(slot.unwrap().path()).unwrap()).collect()
    }

    /// Replaces the state's file.
    pub(crate) fn put_state(&self, bytes: &[u8]) {
        use std::io::Write as _;
        let path = self.stack().join("terraform.tfstate");
        std::fs::File::create(path).and_then(|mut file| file.write_all(bytes)).unwrap();
    }

    /// Plays the cloud's console.
    pub(crate) fn edit(&self, object: &str, content: &str) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.world().join(object)).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    /// The addresses of the objects in the state, sorted.
    pub(crate) fn resources(&self) -> Vec<String> {
        let files = ["terraform.tfstate", "terraform.tfstate.d/blue/terraform.tfstate"];
        let local = files.iter().find_map(|name| std::fs::read(self.stack().join(name)).ok());
        let bytes = local
            .unwrap_or_else(|| self.terraform(&["state", "pull"]).expect(0).stdout.into_bytes());
        let state: Value = serde_json::from_slice(&bytes).unwrap();
        let resources = state["resources"].as_array().unwrap().iter();
        let mut addresses: Vec<String> = resources.flat_map(addresses).collect();
        addresses.sort();
        addresses
    }

    /// The id of the only object of a resource in the root module.
    #[track_caller]
    pub(crate) fn id_of(&self, kind: &str, name: &str) -> String {
        let state: Value = serde_json::from_slice(&self.state()).unwrap();
        let mut resources = state["resources"].as_array().unwrap().iter();
        let found =
            resources.find(|r| r["type"] == kind && r["name"] == name && r["module"].is_null());
        let instances = found.unwrap()["instances"].as_array().unwrap();
        assert_eq!(instances.len(), 1);
        instances[0]["attributes"]["id"].as_str().unwrap().to_owned()
    }

    /// Insists that Terraform itself has nothing to propose for `configuration`.
    #[track_caller]
    pub(crate) fn plans_nothing(&self, configuration: &str) {
        self.configure(configuration);
        let arguments = ["plan", "-detailed-exitcode", "-no-color", "-input=false"];
        self.terraform(&arguments).expect(0);
    }

    /// `revert --yes` that must work and bring back `v1`, with a store that is sound.
    #[track_caller]
    pub(crate) fn goes_back(&self, v1: &Past, arguments: &[&str]) -> Ran {
        let ran = self.unapply(&[&["revert", "--yes"], arguments].concat()).expect(0);
        v1.is_back(self);
        ran
    }

    /// The entries of one kind, newest first.
    pub(crate) fn entries(&self, kind: &str) -> Vec<Value> {
        let arguments = ["history", "--json", "--max", "1000", "--kind", kind];
        let json = self.unapply(&arguments).expect(0).json();
        json["entries"].as_array().unwrap_or_else(|| panic!("{json:#}")).clone()
    }

    /// The last known good revision.
    pub(crate) fn good_revision(&self) -> Option<u64> {
        let json = self.unapply(&["status", "--json"]).expect(0).json();
        json["stacks"][0]["good"].as_u64()
    }

    /// Insists that the store is sound, every byte of it.
    #[track_caller]
    pub(crate) fn is_sound(&self) {
        self.unapply(&["check", "--read-data"]).expect(0);
    }

    /// Looks at everything that a refusal must not touch.
    pub(crate) fn everything(&self) -> Everything {
        Everything {
            objects: self.objects(),
            state: self.state(),
            intents: self.entries("revert-intent").len(),
        }
    }

    /// The names of what lies in the temporary directory.
    pub(crate) fn left_over(&self) -> String {
        let mut names = String::new();
        for entry in std::fs::read_dir(self.path().join("tmp")).unwrap() {
            writeln!(names, "{}", entry.unwrap().path().display()).unwrap();
        }
        names
    }
}

/// The addresses of a resource's objects, those left over too.
fn addresses(resource: &Value) -> Vec<String> {
    let word = |name: &str| resource[name].as_str().unwrap_or_default();
    let name = format!("{} {}.{}", word("module"), word("type"), word("name"));
    let instances = resource["instances"].as_array().unwrap().iter();
    let key = |instance: &Value| format!("{} {}", instance["index_key"], instance["deposed"]);
    instances.map(|instance| format!("{name} {}", key(instance))).collect()
}

/// How things were when they were good.
#[derive(Debug)]
pub(crate) struct Past {
    configuration: String,
    objects: Objects,
    resources: Vec<String>,
}

impl Past {
    /// The objects that the world had.
    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Remembers them.
    pub(crate) fn of(stage: &Stage, configuration: &str) -> Self {
        Self {
            configuration: configuration.to_owned(),
            objects: stage.objects(),
            resources: stage.resources(),
        }
    }

    /// Insists that all of it is back, in the world, in the state and for Terraform.
    #[track_caller]
    pub(crate) fn is_back(&self, stage: &Stage) {
        assert_eq!(stage.objects(), self.objects);
        assert_eq!(stage.resources(), self.resources);
        stage.plans_nothing(&self.configuration);
        stage.is_sound();
        assert_eq!(stage.left_over(), "");
    }
}

/// A stage whose `v1` is good because a person said so, which is quicker than a plan, and how it
/// looks.
pub(crate) fn good(v1: &str) -> (Stage, Past) {
    let stage = Stage::with(v1);
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    let past = Past::of(&stage, v1);
    (stage, past)
}
