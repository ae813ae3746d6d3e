//! The objects of a state: what each element of `resources` and its instances mean.
//!
//! An object that Terraform would drop without a word, such as one whose provider cannot be read,
//! is refused here with its address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::Error;
use super::file::{InstanceFile, ResourceFile, Text};
use super::members::texts;
use super::paths::sensitive_paths;
use crate::codec::json;
use crate::model::address::{
    Address, InstanceKey, Mode, ModuleStep, ProviderAddress, parse_module_path,
};
use crate::model::state::{Instance, Status};
use crate::model::value::RawJson;

/// Every object, in the order of the file.
pub(super) fn instances(resources: Vec<ResourceFile<'_>>) -> Result<Vec<Instance<'_>>, Error> {
    let mut instances = Vec::with_capacity(resources.len());
    let mut seen = BTreeSet::new();
    for resource in resources {
        let block = Block::read(&resource)?;
        let files = resource
            .instances
            .ok_or_else(|| resource_error(&block.shown(), "has no list of instances"))?;
        for file in files {
            let instance = block.instance(file)?;
            let key = (instance.address.clone(), instance.deposed.clone());
            if !seen.insert(key) {
                return Err(resource_error(&instance.address.to_string(), "occurs twice"));
            }
            instances.push(instance);
        }
    }
    Ok(instances)
}

fn resource_error(address: &str, problem: &'static str) -> Error {
    Error::Resource { address: address.chars().take(200).collect(), problem }
}

/// The properties that all instances of one `resources` element share.
pub(super) struct Block {
    module: Vec<ModuleStep>,
    mode: Mode,
    kind: String,
    name: String,
    /// None where OpenTofu gives each instance its own.
    provider: Option<ProviderAddress>,
}

impl Block {
    pub(super) fn read(resource: &ResourceFile<'_>) -> Result<Self, Error> {
        let text = |member: &Option<Text<'_>>| {
            member.as_ref().map_or(String::new(), |Text(text)| text.clone().into_owned())
        };
        let (kind, name) = (text(&resource.kind), text(&resource.name));
        let shown = format!("{kind}.{name}");
        let refuse = |problem| resource_error(&shown, problem);
        if let Some(problem) = resource.problem {
            return Err(refuse(problem.text()));
        }
        if resource.kind.is_none() || resource.name.is_none() {
            return Err(refuse("has no type or no name"));
        }
        let module = parse_module_path(&text(&resource.module))
            .map_err(|_| refuse("has a module path that cannot be read"))?;
        let mode = match resource.mode.as_ref().map(|Text(mode)| mode.as_ref()) {
            Some("managed") => Mode::Managed,
            Some("data") => Mode::Data,
            _ => return Err(refuse("is neither managed nor data")),
        };
        let provider = provider(resource.provider.as_ref())
            .map_err(|()| refuse("has a provider that cannot be read"))?;
        Ok(Self { module, mode, kind, name, provider })
    }

    fn address(&self, key: Option<InstanceKey>) -> Address {
        Address {
            module: self.module.clone(),
            mode: self.mode,
            kind: self.kind.clone(),
            name: self.name.clone(),
            key,
        }
    }

    fn shown(&self) -> String {
        self.address(None).to_string()
    }

    pub(super) fn instance<'a>(&self, file: InstanceFile<'a>) -> Result<Instance<'a>, Error> {
        let refuse = |problem| resource_error(&self.shown(), problem);
        if let Some(problem) = file.problem {
            return Err(refuse(problem.text()));
        }
        let key = instance_key(file.index_key)
            .map_err(|()| refuse("has an instance key that is neither text nor a whole number"))?;
        let address = self.address(key);
        let refuse = |problem| resource_error(&address.to_string(), problem);
        let status = match file.status.as_ref().map(|Text(status)| status.as_ref()) {
            None | Some("") => Status::Ready,
            Some("tainted") => Status::Tainted,
            Some(_) => return Err(refuse("has an unknown status")),
        };
        let deposed = file.deposed.map(|Text(key)| key).filter(|key| !key.is_empty());
        if deposed.as_ref().is_some_and(|key| !is_deposed_key(key)) {
            return Err(refuse("has a deposed key that is not eight hexadecimal digits"));
        }
        let own = provider(file.provider.as_ref())
            .map_err(|()| refuse("has a provider that cannot be read"))?;
        let provider = own
            .or_else(|| self.provider.clone())
            .ok_or_else(|| refuse("has a provider that cannot be read"))?;
        let attributes = attributes(file.attributes, file.attributes_flat).map_err(refuse)?;
        let sensitive = sensitive_paths(file.sensitive_attributes.map_or("null", RawValue::get))
            .ok_or_else(|| refuse("has sensitive paths that cannot be read"))?;
        // 0.12 wrote what the configuration says, `depends_on`, and filled in the rest at an apply.
        let dependencies = file.dependencies.or(file.depends_on).unwrap_or_default();
        Ok(Instance {
            id: texts(attributes, &["id"]).remove("id"),
            identity: file.identity.filter(|raw| raw.get() != "null").map(json::raw),
            address,
            deposed,
            provider,
            status,
            schema_version: file.schema_version.unwrap_or(0),
            attributes,
            sensitive,
            dependencies: dependencies.into_iter().map(|Text(text)| text).collect(),
            create_before_destroy: file.create_before_destroy.unwrap_or(false),
            skip_destroy: file.skip_destroy.unwrap_or(false),
        })
    }
}

/// A provider; none where nothing is written.
fn provider(written: Option<&Text<'_>>) -> Result<Option<ProviderAddress>, ()> {
    match written {
        Some(Text(text)) if !text.is_empty() => text.parse().map(Some).map_err(|_| ()),
        Some(_) | None => Ok(None),
    }
}

fn is_deposed_key(key: &str) -> bool {
    key.len() == 8 && key.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The attributes; those of before 0.12 are a flat map of texts.
fn attributes<'a>(
    written: Option<&'a RawValue>,
    flat: Option<&'a RawValue>,
) -> Result<RawJson<'a>, &'static str> {
    match (written.filter(|raw| raw.get() != "null"), flat.filter(|raw| raw.get() != "null")) {
        (Some(raw), _) if raw.get().starts_with('{') => Ok(json::raw(raw)),
        (Some(_), _) => Err("has attributes that are no object"),
        (None, None) => Ok(RawJson("null")),
        (None, Some(raw)) => match json::deserialize::<BTreeMap<Text<'_>, Text<'_>>>(raw.get()) {
            Ok(_) => Ok(json::raw(raw)),
            Err(_) => Err("has flat attributes that are not texts by name"),
        },
    }
}

fn instance_key(raw: Option<&RawValue>) -> Result<Option<InstanceKey>, ()> {
    let Some(raw) = raw.map(RawValue::get).filter(|text| *text != "null") else {
        return Ok(None);
    };
    if raw.starts_with('"') {
        return json::deserialize::<String>(raw)
            .map(|name| Some(InstanceKey::Name(name)))
            .map_err(|_| ());
    }
    raw.parse().map(|index| Some(InstanceKey::Index(index))).map_err(|_| ())
}
