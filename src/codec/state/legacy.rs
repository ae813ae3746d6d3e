//! Contents of states that are kept and listed and never compared. These are states of format
//! versions 1 to 3, which Terraform wrote before 0.12, and OpenTofu's envelope around an encrypted
//! one.
//!
//! Addresses, ids and names are read, and no attribute: in those formats an attribute is a text in
//! a flat map whose real shape only a provider of that time knows, and nothing is marked sensitive.
//! An encrypted state stays closed; the envelope itself tells lineage and serial.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use super::fields::{Fields, field, is_envelope, optional, raw_fields, required};
use super::file::Text;
use crate::codec::json;
use crate::model::address::{Address, InstanceKey, Mode, ModuleStep, parse_module_path};
use crate::model::state::Status;

/// The format of a state that is only kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptFormat {
    /// Version 1, 2 or 3.
    Old(u64),
    /// OpenTofu's envelope.
    Encrypted,
}

impl KeptFormat {
    /// The format that a state was refused for, from what the refusal said: a record keeps no more.
    pub fn of_refusal(problem: &str) -> Option<Self> {
        let all = [Self::Old(1), Self::Old(2), Self::Old(3), Self::Encrypted];
        all.into_iter().find(|format| format.refusal().to_string() == problem)
    }

    /// The format that a refusal is about.
    pub fn of(refusal: &Error) -> Option<Self> {
        match refusal {
            Error::FormatVersion(version @ 1..=3) => Some(Self::Old(*version)),
            Error::Encrypted => Some(Self::Encrypted),
            Error::Lost
            | Error::NotJson(_)
            | Error::NotAState(_)
            | Error::FormatVersion(_)
            | Error::Field { .. }
            | Error::Resource { .. } => None,
        }
    }

    fn refusal(self) -> Error {
        match self {
            Self::Old(version) => Error::FormatVersion(version),
            Self::Encrypted => Error::Encrypted,
        }
    }
}

/// The contents of such a state, as far as they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its format.
    pub format: KeptFormat,
    /// The version of the tool that wrote it, if it is named.
    pub writer: Option<String>,
    /// Its lineage, where it has one.
    pub lineage: Option<String>,
    /// Its serial.
    pub serial: Option<u64>,
    /// Its objects; none can be seen in an envelope.
    pub objects: Vec<KeptObject>,
    /// The names of the root module's outputs.
    pub outputs: Vec<String>,
}

/// One object of such a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptObject {
    /// Its address as Terraform writes it today.
    pub address: String,
    /// Its resource type.
    pub kind: String,
    /// Its real id.
    pub id: Option<String>,
    /// The key that Terraform would give a left-over object.
    pub deposed: Option<String>,
    /// Ready or tainted.
    pub status: Status,
    /// Its provider as it is written there; empty for the one that the type implies.
    pub provider: String,
}

/// Lists a state that is only kept. A state that is neither old nor encrypted is refused.
pub fn contents(bytes: &[u8]) -> Result<Contents, Error> {
    let text = super::text(bytes)?;
    json::check(text).map_err(Error::NotJson)?;
    let fields = raw_fields(text).map_err(|error| Error::NotJson(error.into()))?;
    let Some(format) = format(&fields)? else {
        return Err(Error::NotAState("it is of a format that is not listed"));
    };
    let modules = match format {
        KeptFormat::Encrypted => None,
        KeptFormat::Old(_) => optional::<Vec<ModuleFile<'_>>>(&fields, "modules")?,
    };
    let modules = modules.unwrap_or_default();
    let mut objects = Vec::new();
    let mut outputs = Vec::new();
    for module in modules {
        let path = module_path(&module.path)?;
        if path.is_empty() {
            outputs.extend(module.outputs.into_iter().flatten().map(|(name, _)| own(name)));
        }
        for (name, resource) in module.resources.into_iter().flatten() {
            resource.list(&path, &name.0, &mut objects);
        }
    }
    objects.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    let text = |name| optional::<Text<'_>>(&fields, name);
    Ok(Contents {
        format,
        writer: text("terraform_version")?.map(own),
        lineage: text("lineage")?.map(own).filter(|lineage| !lineage.is_empty()),
        serial: optional(&fields, "serial")?,
        objects,
        outputs,
    })
}

fn format(fields: &Fields<'_>) -> Result<Option<KeptFormat>, Error> {
    if is_envelope(fields) {
        return Ok(Some(KeptFormat::Encrypted));
    }
    let version: u64 = required(fields, "version")?;
    Ok((1..=3).contains(&version).then_some(KeptFormat::Old(version)))
}

fn own(Text(text): Text<'_>) -> String {
    text.into_owned()
}

#[derive(Deserialize)]
struct ModuleFile<'a> {
    #[serde(borrow)]
    path: Vec<Text<'a>>,
    #[serde(borrow)]
    outputs: Option<BTreeMap<Text<'a>, &'a RawValue>>,
    #[serde(borrow)]
    resources: Option<BTreeMap<Text<'a>, LegacyResource<'a>>>,
}

#[derive(Deserialize)]
struct LegacyResource<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    primary: Option<LegacyObject<'a>>,
    #[serde(borrow)]
    deposed: Option<Vec<LegacyObject<'a>>>,
    /// Version 1 keeps what is tainted in a list of its own.
    #[serde(borrow)]
    tainted: Option<Vec<LegacyObject<'a>>>,
    #[serde(borrow)]
    provider: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct LegacyObject<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    tainted: Option<bool>,
}

impl LegacyResource<'_> {
    fn list(self, module: &[ModuleStep], name: &str, objects: &mut Vec<KeptObject>) {
        let provider = self.provider.map(own).unwrap_or_default();
        let written = self.kind.map(own);
        let (address, kind) = match address(module, name) {
            Some(address) => (address.to_string(), written.unwrap_or(address.kind)),
            // No address of today: what is written is better than nothing.
            None => (name.to_owned(), written.unwrap_or_default()),
        };
        let mut add = |file: LegacyObject<'_>, deposed: Option<usize>, listed_as: Status| {
            let is_tainted = listed_as == Status::Tainted || file.tainted == Some(true);
            objects.push(KeptObject {
                address: address.clone(),
                kind: kind.clone(),
                id: file.id.map(own).filter(|id| !id.is_empty()),
                deposed: deposed.map(|place| format!("{:08x}", place + 1)),
                status: if is_tainted { Status::Tainted } else { Status::Ready },
                provider: provider.clone(),
            });
        };
        if let Some(primary) = self.primary {
            add(primary, None, Status::Ready);
        }
        for tainted in self.tainted.into_iter().flatten() {
            add(tainted, None, Status::Tainted);
        }
        for (place, deposed) in self.deposed.into_iter().flatten().enumerate() {
            add(deposed, Some(place), Status::Ready);
        }
    }
}

/// The path of a module, which begins with `root`.
fn module_path(path: &[Text<'_>]) -> Result<Vec<ModuleStep>, Error> {
    let refused = || field("modules", "has a path that cannot be read");
    let Some((Text(root), steps)) = path.split_first() else { return Err(refused()) };
    if root != "root" {
        return Err(refused());
    }
    let steps: Vec<String> = steps.iter().map(|Text(step)| format!("module.{step}")).collect();
    parse_module_path(&steps.join(".")).map_err(|_| refused())
}

/// The address of `TYPE.NAME`, `TYPE.NAME.0`, or either of them after `data.`.
fn address(module: &[ModuleStep], name: &str) -> Option<Address> {
    let (mode, name) = match name.strip_prefix("data.") {
        Some(name) if name.contains('.') => (Mode::Data, name),
        Some(_) | None => (Mode::Managed, name),
    };
    let parts: Vec<&str> = name.split('.').collect();
    let (kind, name, key) = match parts.as_slice() {
        [kind, name] => (kind, name, None),
        [kind, name, index] => (kind, name, Some(InstanceKey::Index(index.parse().ok()?))),
        _ => return None,
    };
    let (kind, name) = ((*kind).to_owned(), (*name).to_owned());
    Some(Address { module: module.to_vec(), mode, kind, name, key })
}
