//! The world of a scripted Terraform: objects with real ids, states in backends, faults that wait
//! for an operation, and a record of what was really done.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use unapply::model::entry::EngineKind;
use unapply::port::terraform::LockHolder;

use super::configuration::Backend;
use super::document::{Attributes, Document};
use super::sealed;
use crate::support::script::put;

/// The directory, relative to where Terraform runs, in which each object has a file.
const BESIDE: &str = "beside";

/// A real object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object {
    /// The place to which its provider configuration leads.
    pub(crate) place: String,
    /// All but its id.
    pub(crate) attributes: Attributes,
}

/// An act of another person, just before a call.
type Hook = Box<dyn FnOnce(&World)>;

/// Objects, states and what happened to them.
#[derive(Default)]
pub(crate) struct World {
    inner: RefCell<Inner>,
    hooks: RefCell<Vec<(String, Hook)>>,
}

#[derive(Clone, Default)]
struct Inner {
    objects: BTreeMap<String, Object>,
    made: u32,
    /// The files that applies have written to a relative place, by id.
    beside: BTreeMap<String, String>,
    remote: BTreeMap<String, Vec<u8>>,
    failing: Vec<String>,
    done: Vec<String>,
    lock: Option<LockHolder>,
    is_backend_down: bool,
    is_partial: bool,
    /// The engine that runs; Terraform unless something else is said.
    engine: Option<EngineKind>,
    /// The engine that runs because nothing has named one.
    assumed: Option<EngineKind>,
    /// The word by which a state is encrypted before it is written.
    key: Option<String>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("done", &self.done()).finish_non_exhaustive()
    }
}

impl World {
    /// The same world once more, without the acts that wait for a call.
    pub(crate) fn copy(&self) -> Self {
        Self { inner: RefCell::new(self.inner.borrow().clone()), hooks: RefCell::default() }
    }

    /// Lets `act` happen just before the next call of this name, such as `apply revert.tfplan`.
    pub(crate) fn before(&self, call: &str, act: impl FnOnce(&Self) + 'static) {
        self.hooks.borrow_mut().push((call.to_owned(), Box::new(act)));
    }

    /// Does the act that waits for this call.
    pub(crate) fn comes(&self, call: &str) {
        let position = self.hooks.borrow().iter().position(|(wanted, _)| wanted == call);
        if let Some(position) = position {
            let (_, act) = self.hooks.borrow_mut().remove(position);
            act(self);
        }
    }

    /// Lets the next operation of this name fail, such as `create demo_file.a`; once each time that
    /// it is said.
    pub(crate) fn fails(&self, operation: &str) {
        self.inner.borrow_mut().failing.push(operation.to_owned());
    }

    /// Whether this operation is to fail now.
    pub(crate) fn is_failing(&self, operation: &str) -> bool {
        let failing = &mut self.inner.borrow_mut().failing;
        let position = failing.iter().position(|wanted| wanted == operation);
        position.map(|position| failing.remove(position)).is_some()
    }

    /// Gives Terraform's lock to this holder, or to none.
    pub(crate) fn set_lock(&self, holder: Option<LockHolder>) {
        self.inner.borrow_mut().lock = holder;
    }

    /// The holder of the lock.
    pub(crate) fn lock(&self) -> Option<LockHolder> {
        self.inner.borrow().lock.clone()
    }

    /// From now on every plan leaves something over.
    pub(crate) fn plans_in_part(&self) {
        self.inner.borrow_mut().is_partial = true;
    }

    /// Whether plans leave something over.
    pub(crate) fn is_planned_in_part(&self) -> bool {
        self.inner.borrow().is_partial
    }

    /// From now on the backend takes no state of an apply.
    pub(crate) fn backend_goes(&self) {
        self.inner.borrow_mut().is_backend_down = true;
    }

    /// It does again.
    pub(crate) fn backend_comes(&self) {
        self.inner.borrow_mut().is_backend_down = false;
    }

    /// Whether it takes none.
    pub(crate) fn is_backend_down(&self) -> bool {
        self.inner.borrow().is_backend_down
    }

    /// Every object by its id.
    pub(crate) fn objects(&self) -> BTreeMap<String, Object> {
        self.inner.borrow().objects.clone()
    }

    /// The object with this id, if it is in this place.
    pub(crate) fn look(&self, id: &str, place: &str) -> Option<Attributes> {
        let inner = self.inner.borrow();
        let object = inner.objects.get(id).filter(|object| object.place == place);
        object.map(|object| object.attributes.clone())
    }

    /// Every operation, in order: `create ID PATH`, `update ID PATH`, `delete ID PATH`,
    /// `run ACTION`.
    pub(crate) fn done(&self) -> Vec<String> {
        self.inner.borrow().done.clone()
    }

    /// Makes an object and gives its id; refused where its path is taken.
    pub(crate) fn create(&self, place: &str, attributes: Attributes) -> Result<String, String> {
        let mut inner = self.inner.borrow_mut();
        let path = path_of(&attributes);
        let is_there =
            |object: &Object| object.place == place && path_of(&object.attributes) == path;
        if inner.objects.values().any(is_there) {
            return Err(format!("{path} exists already"));
        }
        inner.made += 1;
        let id = format!("f-{:08x}", inner.made);
        inner.done.push(format!("create {id} {path}"));
        inner.objects.insert(id.clone(), Object { place: place.to_owned(), attributes });
        Ok(id)
    }

    /// Changes an object: by Terraform, or by hand.
    pub(crate) fn update(&self, id: &str, attributes: Attributes) -> Result<(), String> {
        let mut inner = self.inner.borrow_mut();
        let object = inner.objects.get_mut(id).ok_or(format!("there is no {id}"))?;
        object.attributes = attributes;
        let path = path_of(&object.attributes);
        inner.done.push(format!("update {id} {path}"));
        Ok(())
    }

    /// Ends an object; that it is gone already is no failure.
    pub(crate) fn delete(&self, id: &str) {
        let mut inner = self.inner.borrow_mut();
        if let Some(object) = inner.objects.remove(id) {
            let path = path_of(&object.attributes);
            inner.done.push(format!("delete {id} {path}"));
        }
    }

    /// Runs an action.
    pub(crate) fn run(&self, action: &str) {
        self.inner.borrow_mut().done.push(format!("run {action}"));
    }

    /// Writes an object's file at a place relative to where Terraform runs.
    pub(crate) fn puts(&self, root: &Path, id: &str, text: &str) {
        let file = root.join(BESIDE).join(id);
        let known = self.inner.borrow_mut().beside.insert(id.to_owned(), text.to_owned());
        assert_eq!(std::fs::read_to_string(&file).ok(), known, "{}", file.display());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        put(&file, text.as_bytes());
    }

    /// Removes it.
    pub(crate) fn takes_away(&self, root: &Path, id: &str) {
        let file = root.join(BESIDE).join(id);
        let known = self.inner.borrow_mut().beside.remove(id);
        assert_eq!(std::fs::read_to_string(&file).ok(), known, "{}", file.display());
        let _was_there = std::fs::remove_file(&file).is_ok();
    }

    /// The difference between what applies have written beside the configuration and what is there.
    pub(crate) fn difference_beside(&self, root: &Path) -> Option<String> {
        let entries = std::fs::read_dir(root.join(BESIDE)).into_iter().flatten();
        let file = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        };
        let there: BTreeMap<String, String> = entries.map(file).collect();
        let written = &self.inner.borrow().beside;
        (there != *written).then(|| format!("applies wrote {written:#?}, and there is {there:#?}"))
    }

    /// From now on OpenTofu runs here, or Terraform.
    pub(crate) fn runs(&self, engine: EngineKind) {
        self.inner.borrow_mut().engine = Some(engine);
    }

    /// From now on it runs because nothing has named another one.
    pub(crate) fn assumes(&self, engine: EngineKind) {
        self.inner.borrow_mut().assumed = Some(engine);
    }

    /// Whether nothing has named the engine that runs.
    pub(crate) fn is_assumed(&self) -> bool {
        self.inner.borrow().assumed.is_some()
    }

    /// The engine that runs.
    pub(crate) fn engine(&self) -> EngineKind {
        let inner = self.inner.borrow();
        inner.assumed.or(inner.engine).unwrap_or(EngineKind::Terraform)
    }

    /// The same, with the provider as the engine that runs calls it.
    pub(crate) fn named(&self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8(bytes).unwrap();
        let ours = self.engine().registry();
        text.replace(EngineKind::Terraform.registry(), ours).into_bytes()
    }

    /// Encrypts what is written from now on.
    pub(crate) fn seals_with(&self, key: Option<String>) {
        self.inner.borrow_mut().key = key;
    }

    /// Whether the state in a backend is in the clear, or encrypted with one of these.
    pub(crate) fn can_open(&self, backend: &Backend, keys: &[String]) -> bool {
        let key = self.bytes(backend).and_then(|bytes| Some(sealed::open(&bytes)?.1));
        key.is_none_or(|key| keys.contains(&key))
    }

    /// The state in a backend, in the clear.
    pub(crate) fn state(&self, backend: &Backend) -> Option<Vec<u8>> {
        let bytes = self.bytes(backend)?;
        Some(sealed::open(&bytes).map_or(bytes, |(inside, _)| inside))
    }

    fn bytes(&self, backend: &Backend) -> Option<Vec<u8>> {
        match backend {
            Backend::Local(path) => std::fs::read(path).ok(),
            Backend::Remote(address) => self.inner.borrow().remote.get(address).cloned(),
        }
    }

    /// A state as it is written.
    pub(crate) fn sealed(&self, document: &Document) -> Vec<u8> {
        let named = self.named(document.bytes());
        match &self.inner.borrow().key {
            Some(key) => sealed::seal(&named, key),
            None => named,
        }
    }

    /// Writes a state. Its serial grows, as every backend insists.
    pub(crate) fn write(&self, backend: &Backend, document: &Document) {
        if let Some(there) = self.state(backend) {
            let there = Document::read(&there);
            assert!(document.serial > there.serial, "serial {} again", document.serial);
            assert_eq!(document.lineage, there.lineage);
        }
        let bytes = self.sealed(document);
        match backend {
            Backend::Local(path) => put(path, &bytes),
            Backend::Remote(address) => {
                self.inner.borrow_mut().remote.insert(address.clone(), bytes);
            }
        }
    }
}

/// The path, which names an object in its place.
pub(crate) fn path_of(attributes: &Attributes) -> String {
    attributes.get("path").and_then(Value::as_str).unwrap().to_owned()
}
