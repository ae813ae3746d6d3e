//! The little of Terraform's language that the scripted one reads from the directory it works in:
//! resources with literal values and references to ids, provider configurations, `moved` blocks and
//! the backend. Everything else is passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};
use serde_json::Value;

use super::document::Attributes;

/// A root module.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// By address.
    pub(crate) wanted: BTreeMap<String, Wanted>,
    /// The place of each provider configuration, by its alias; the plain one has none.
    places: BTreeMap<Option<String>, String>,
    /// From where to where.
    pub(crate) moved: Vec<(String, String)>,
    backend: Option<Backend>,
    /// The words by which states are encrypted, as they are written; the last one for writing.
    keys: Vec<String>,
}

/// A resource block.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) alias: Option<String>,
    /// Literal values.
    pub(crate) attributes: Attributes,
    /// Attributes that are the id of another object, with its address.
    pub(crate) references: BTreeMap<String, String>,
    /// The addresses that it names, in `depends_on` too.
    pub(crate) dependencies: Vec<String>,
    /// Its `destroy` is false.
    pub(crate) skip_destroy: bool,
    /// Actions, each with the event that triggers it, in the words of a plan.
    pub(crate) triggers: Vec<(&'static str, String)>,
}

/// The home of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Backend {
    /// In a file.
    Local(PathBuf),
    /// In the world's memory, under this address.
    Remote(String),
}

impl Configuration {
    /// Reads the files of a directory; override files come last.
    pub(crate) fn of(root: &Path) -> Self {
        let entries = std::fs::read_dir(root).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "tf"));
        files.sort_by_key(|path| (is_override(path), path.clone()));
        let mut found = Self::default();
        for path in &files {
            let text = std::fs::read_to_string(path).unwrap();
            let body: Body = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
            for block in body.blocks() {
                found.take(path, block);
            }
        }
        found
    }

    fn take(&mut self, file: &Path, block: &Block) {
        let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
        let text = |name: &str| {
            let attribute = block.body.get_attribute(name);
            attribute.map(|attribute| attribute.value.to_string().trim().to_owned())
        };
        match (block.ident.as_str(), labels.as_slice()) {
            ("resource", [kind, name]) if !is_override(file) => {
                self.wanted.insert(format!("{kind}.{name}"), wanted(&block.body));
            }
            ("resource", [kind, name]) => {
                let over = wanted(&block.body);
                let lifecycles = || block.body.get_blocks("lifecycle");
                let known = self.wanted.get_mut(&format!("{kind}.{name}"));
                if let Some(known) = known
                    && lifecycles().any(|found| found.body.has_attribute("destroy"))
                {
                    known.skip_destroy = over.skip_destroy;
                }
            }
            ("provider", ["demo"]) => {
                let unquoted = |text: String| text.trim_matches('"').to_owned();
                let place = text("root").map(unquoted).unwrap_or_default();
                self.places.insert(text("alias").map(unquoted), place);
            }
            ("moved", []) => self.moved.push((text("from").unwrap(), text("to").unwrap())),
            ("terraform", []) => {
                let backends = block.body.get_blocks("backend");
                let root = file.parent().unwrap();
                let last = backends.last().map(|block| backend(root, block));
                self.backend = last.or(self.backend.take());
                let encryption = block.body.get_blocks("encryption");
                let providers = encryption.flat_map(|block| block.body.get_blocks("key_provider"));
                let passphrase = |block: &Block| {
                    let written = &block.body.get_attribute("passphrase")?.value;
                    Some(written.to_string().trim().trim_matches('"').to_owned())
                };
                self.keys.extend(providers.filter_map(passphrase));
            }
            _ => {}
        }
    }

    /// The words by which states are encrypted; a variable has to be among these values.
    pub(crate) fn keys(&self, values: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
        let key = |written: &String| match written.strip_prefix("var.") {
            Some(name) => values.get(name).cloned().ok_or(format!("no value of {name}")),
            None => Ok(written.clone()),
        };
        self.keys.iter().map(key).collect()
    }

    /// The place to which a provider configuration leads; none when there is no such one.
    pub(crate) fn place(&self, alias: Option<&String>) -> Option<&str> {
        let place = self.places.get(&alias.cloned()).map(String::as_str);
        // Terraform itself makes a plain one.
        place.or(alias.is_none().then_some(""))
    }

    /// Whether a block says where the state is.
    pub(crate) fn names_a_backend(&self) -> bool {
        self.backend.is_some()
    }

    /// The home of the state; a file in `root` unless something else is said.
    pub(crate) fn backend(&self, root: &Path) -> Backend {
        self.backend.clone().unwrap_or_else(|| Backend::Local(root.join("terraform.tfstate")))
    }
}

fn is_override(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().ends_with("_override.tf")
}

fn backend(root: &Path, block: &Block) -> Backend {
    let setting = |name: &str| {
        let attribute = block.body.get_attribute(name).unwrap();
        attribute.value.as_str().unwrap().to_owned()
    };
    match block.labels.first().map(BlockLabel::as_str) {
        Some("local") => Backend::Local(root.join(setting("path"))),
        Some("http") => Backend::Remote(setting("address")),
        other => panic!("no such backend: {other:?}"),
    }
}

fn wanted(body: &Body) -> Wanted {
    let mut wanted = Wanted::default();
    for attribute in body.attributes() {
        let written = attribute.value.to_string().trim().to_owned();
        let literal = |value: Value| (attribute.key.to_string().trim().to_owned(), value);
        match (attribute.key.as_str(), &attribute.value) {
            ("provider", _) => wanted.alias = written.split_once('.').map(|(_, a)| a.to_owned()),
            ("depends_on", Expression::Array(items)) => {
                let items = items.iter().map(|item| item.to_string().trim().to_owned());
                wanted.dependencies.extend(items);
            }
            (_, Expression::String(text)) => {
                wanted.attributes.extend([literal(Value::String(text.value().clone()))]);
            }
            (_, Expression::Number(_)) => {
                wanted.attributes.extend([literal(serde_json::from_str(&written).unwrap())]);
            }
            (name, Expression::Traversal(_)) => {
                let of = written.strip_suffix(".id").unwrap().to_owned();
                wanted.dependencies.push(of.clone());
                wanted.references.insert(name.to_owned(), of);
            }
            (name, other) => panic!("`{name} = {other}` is not in the script"),
        }
    }
    for lifecycle in body.get_blocks("lifecycle") {
        let destroy = lifecycle.body.get_attribute("destroy");
        wanted.skip_destroy = destroy.is_some_and(|found| found.value.as_bool() == Some(false));
        for trigger in lifecycle.body.get_blocks("action_trigger") {
            let words = |name: &str| {
                let attribute = trigger.body.get_attribute(name).unwrap();
                let items = attribute.value.as_array().unwrap().iter();
                items.map(|item| item.to_string().trim().to_owned()).collect::<Vec<_>>()
            };
            for event in words("events") {
                let event = match event.as_str() {
                    "before_update" => "BeforeUpdate",
                    "after_update" => "AfterUpdate",
                    other => panic!("no such event: {other}"),
                };
                wanted.triggers.extend(words("actions").into_iter().map(|action| (event, action)));
            }
        }
    }
    wanted.dependencies.sort();
    wanted.dependencies.dedup();
    wanted
}
