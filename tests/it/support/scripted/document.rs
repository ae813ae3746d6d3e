//! A state file of version 4, as far as the scripted world has objects: no modules, no keys, no
//! left-overs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The source address of the world's only provider.
pub(crate) const PROVIDER: &str = "registry.terraform.io/unapply/demo";

/// Attributes by name.
pub(crate) type Attributes = Map<String, Value>;

/// A state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) lineage: String,
    pub(crate) serial: u64,
    /// By address.
    pub(crate) objects: BTreeMap<String, Known>,
}

/// An object that a state knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// The alias of its provider configuration.
    pub(crate) alias: Option<String>,
    pub(crate) attributes: Attributes,
    pub(crate) is_tainted: bool,
    /// Addresses.
    pub(crate) dependencies: Vec<String>,
    pub(crate) skip_destroy: bool,
}

impl Known {
    /// Its real id.
    pub(crate) fn id(&self) -> &str {
        self.attributes["id"].as_str().unwrap()
    }
}

impl Document {
    /// The state of a stack that has none.
    pub(crate) fn empty() -> Self {
        let lineage = "5c4190ab-0000-4000-8000-000000000001".to_owned();
        Self { lineage, serial: 0, objects: BTreeMap::new() }
    }

    /// Reads one.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let file: Value = serde_json::from_slice(bytes).unwrap();
        let resources = file["resources"].as_array().unwrap();
        Self {
            lineage: text(&file["lineage"]),
            serial: file["serial"].as_u64().unwrap(),
            objects: resources.iter().map(known).collect(),
        }
    }

    /// Its bytes, laid out as Terraform does.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let resources: Vec<Value> = self.objects.iter().map(resource).collect();
        let file = json!({
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": self.serial,
            "lineage": self.lineage,
            "outputs": {},
            "resources": resources,
            "check_results": null,
        });
        let mut bytes = serde_json::to_vec_pretty(&file).unwrap();
        bytes.push(b'\n');
        bytes
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn known(resource: &Value) -> (String, Known) {
    let instances = resource["instances"].as_array().unwrap();
    let [instance] = instances.as_slice() else { panic!("one object a block: {resource}") };
    assert!(instance["deposed"].is_null() && resource["module"].is_null(), "{resource}");
    let provider = text(&resource["provider"]);
    let (_, alias) = provider.split_once("\"]").unwrap();
    let listed = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
    let object = Known {
        alias: alias.strip_prefix('.').map(str::to_owned),
        attributes: instance["attributes"].as_object().unwrap().clone(),
        is_tainted: instance["status"] == "tainted",
        dependencies: listed(&instance["dependencies"]),
        skip_destroy: instance["skip_destroy"] == true,
    };
    (format!("{}.{}", text(&resource["type"]), text(&resource["name"])), object)
}

fn resource((address, object): (&String, &Known)) -> Value {
    let (kind, name) = address.split_once('.').unwrap();
    let alias = object.alias.as_ref().map_or(String::new(), |alias| format!(".{alias}"));
    let mut instance = json!({
        "schema_version": 0,
        "attributes": object.attributes,
        "sensitive_attributes": [],
    });
    if object.is_tainted {
        instance["status"] = json!("tainted");
    }
    if object.skip_destroy {
        instance["skip_destroy"] = json!(true);
    }
    if !object.dependencies.is_empty() {
        instance["dependencies"] = json!(object.dependencies);
    }
    json!({
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider": format!("provider[\"{PROVIDER}\"]{alias}"),
        "instances": [instance],
    })
}
