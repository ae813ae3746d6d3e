//! Contents of a saved plan beside the plan: the configuration, modules, lock file and states.
//!
//! A saved plan is a zip file. Its configuration is exactly the one that was planned, but without
//! the files that functions read. The plan itself (a private format) is not looked into: that is
//! for `terraform show -json`. Start from [`read`].

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Cursor, Read as _};

use serde::Deserialize;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::codec::hcl::lock;
use crate::model::state::StateBytes;

/// The most members that are looked at.
const MEMBERS_MAX: usize = 40_000;

/// The most bytes that are unpacked, all members together.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Why a file gives no plan's content: a variant per thing that it is instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is a state.
    #[error("not a saved plan but a state")]
    State,
    /// It is a plan that was converted to JSON.
    #[error("not a saved plan but its JSON")]
    PlanJson,
    /// It only points to a plan in HCP Terraform.
    #[error("saved plan is kept by HCP Terraform, not in this file")]
    Remote,
    /// It is encrypted by OpenTofu.
    #[error("saved plan is encrypted by OpenTofu")]
    Encrypted,
    /// It is something else.
    #[error("not a saved plan")]
    NotAPlan,
    /// A member that every plan has is not there.
    #[error("saved plan has no `{member}`")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// Two members have one name.
    #[error("saved plan has two members of one name")]
    Duplicate,
    /// It unpacks to more than a plan can be.
    #[error("saved plan is larger than {BYTES_MAX} bytes or {MEMBERS_MAX} members")]
    TooLarge,
    /// The list of modules cannot be read.
    #[error("list of modules of the saved plan is malformed")]
    Modules,
    /// The zip file is damaged.
    #[error("saved plan is damaged")]
    Damaged(#[source] ZipError),
    /// The zip file is damaged inside a member.
    #[error("saved plan is damaged in `{member}`")]
    DamagedMember {
        /// The member's name.
        member: String,
        /// The error of unpacking.
        #[source]
        source: std::io::Error,
    },
}

/// A module as it was planned, the root included.
#[derive(Clone, PartialEq, Eq)]
pub struct PlannedModule {
    /// The dotted key; empty for the root.
    pub key: String,
    /// The source as configuration writes it; empty for the root.
    pub source: String,
    /// The version, for a module from a registry.
    pub version: Option<String>,
    /// Directory of the module, relative to the root module; `.` for the root.
    pub directory: String,
    /// Its files by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for PlannedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedModule")
            .field("key", &self.key)
            .field("files", &self.files.keys())
            .finish_non_exhaustive()
    }
}

/// The content of a saved plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanArchive {
    /// The modules in the plan's order.
    pub modules: Vec<PlannedModule>,
    /// The dependency lock file.
    pub lock_file: Option<Vec<u8>>,
    /// The state that was planned against, refreshed.
    pub state: StateBytes,
    /// The state before it was refreshed.
    pub previous_state: StateBytes,
}

/// Reads a saved plan.
pub fn read(bytes: &[u8]) -> Result<PlanArchive, Error> {
    if !bytes.starts_with(b"PK") {
        return Err(instead(bytes));
    }
    let mut members = unzip(bytes)?;
    if !members.contains_key("tfplan") {
        return Err(Error::NotAPlan);
    }
    let mut need = |member| members.remove(member).ok_or(Error::Missing { member });
    let state = StateBytes::new(need("tfstate")?);
    let previous_state = StateBytes::new(need("tfstate-prev")?);
    let listed = need("tfconfig/modules.json")?;
    Ok(PlanArchive {
        lock_file: members.remove(lock::FILE_NAME),
        modules: modules(&listed, members)?,
        state,
        previous_state,
    })
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Key", default)]
    key: String,
    #[serde(rename = "Source", default)]
    source: String,
    #[serde(rename = "Version")]
    version: Option<String>,
    #[serde(rename = "Dir", default)]
    directory: String,
}

fn modules(listed: &[u8], members: BTreeMap<String, Vec<u8>>) -> Result<Vec<PlannedModule>, Error> {
    let listed: Vec<Listed> = serde_json::from_slice(listed).map_err(|_| Error::Modules)?;
    let mut files: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for (member, content) in members {
        let inside = member.strip_prefix("tfconfig/m-");
        if let Some((key, name)) = inside.and_then(|rest| rest.split_once('/')) {
            files.entry(key.to_owned()).or_default().insert(name.to_owned(), content);
        }
    }
    let modules: Vec<PlannedModule> = listed
        .into_iter()
        .map(|module| PlannedModule {
            files: files.remove(&module.key).unwrap_or_default(),
            key: module.key,
            source: module.source,
            version: module.version.filter(|version| !version.is_empty()),
            directory: module.directory,
        })
        .collect();
    let has_root = modules.iter().any(|module| module.key.is_empty());
    // Files of a module that is not listed: something is lost, and nothing says what.
    (files.is_empty() && has_root).then_some(modules).ok_or(Error::Modules)
}

fn unzip(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(Error::Damaged)?;
    if archive.len() > MEMBERS_MAX {
        return Err(Error::TooLarge);
    }
    if archive.has_duplicate_names() {
        return Err(Error::Duplicate);
    }
    let mut left = BYTES_MAX;
    let mut members = BTreeMap::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(Error::Damaged)?;
        let name = member.name().map_err(Error::Damaged)?.into_owned();
        let mut content = Vec::new();
        // The sizes that the file claims are not believed.
        let read = member.take(left.saturating_add(1)).read_to_end(&mut content);
        if let Err(source) = read {
            return Err(Error::DamagedMember { member: name, source });
        }
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or(Error::TooLarge)?;
        members.insert(name, content);
    }
    Ok(members)
}

/// Marks by which other files are known.
#[derive(Deserialize)]
struct PlanMarks {
    encryption_version: Option<serde::de::IgnoredAny>,
    remote_plan_format: Option<serde::de::IgnoredAny>,
    lineage: Option<serde::de::IgnoredAny>,
    planned_values: Option<serde::de::IgnoredAny>,
    resource_changes: Option<serde::de::IgnoredAny>,
}

fn instead(bytes: &[u8]) -> Error {
    let Ok(marks) = serde_json::from_slice::<PlanMarks>(bytes) else {
        return Error::NotAPlan;
    };
    // An encrypted state has a lineage in the clear.
    if marks.encryption_version.is_some() && marks.lineage.is_none() {
        Error::Encrypted
    } else if marks.remote_plan_format.is_some() {
        Error::Remote
    } else if marks.planned_values.is_some() || marks.resource_changes.is_some() {
        Error::PlanJson
    } else if marks.lineage.is_some() {
        Error::State
    } else {
        Error::NotAPlan
    }
}

#[cfg(test)]
mod tests;
